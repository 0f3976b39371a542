"""`liftz tune`, as a shell runs it."""

import json
import sys

import numpy as np
import pytest
import typer
from optuna.pruners import NopPruner
from typer.testing import CliRunner

from liftz.cli.tune import tune
from liftz.datasets import make_signing
from liftz.persistence import load

APP = typer.Typer()
APP.command()(tune)


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Three signers, and a folder to work in."""
    monkeypatch.chdir(tmp_path)
    found = make_signing(n_signers=3, n_clips=2, n_frames=(12, 16), random_state=0)
    monkeypatch.setattr("liftz.cli.training.open_data", lambda source: (found, None, {"n_nets": 2, "batch_size": 8}))
    return found


def run(*arguments):
    wanted = ["--epochs", "1", "2", "--folds", "3", *map(str, arguments)]
    return CliRunner().invoke(APP, wanted, env={"COLUMNS": "160", "NO_COLOR": "1"})


def rows(output):
    """The table's trials: number, state, error."""
    lines = [line.split("│") for line in output.splitlines() if line.count("│") > 5]
    return [tuple(cell.strip() for cell in line[1:4]) for line in lines if line[1].strip()]


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_it_goes_on_prints_the_trials_and_writes_the_best(data, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    # Pictures take two trials that are not pruned.
    monkeypatch.setattr(sys.modules["liftz.cli.tune"], "_pruner", NopPruner)
    first = run("--trials", 2)
    assert first.exit_code == 0, first.output
    assert [row[0] for row in sorted(rows(first.stdout))] == ["0", "1"]
    assert (tmp_path / "tuned.journal").exists()
    again = run("--trials", 3, "--pictures", tmp_path / "pictures", "--device", "cpu")
    assert again.exit_code == 0, again.output
    found = rows(again.stdout)
    assert set(rows(first.stdout)) < set(found)
    errors = [float(error) for _, state, error in found if state == "complete"]
    assert errors == sorted(errors)
    assert f"best: trial {found[0][0]}, {errors[0]:.2f} cm; lr " in again.stdout
    for name in ("history", "importances", "slices"):
        assert (tmp_path / "pictures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    lifter = load(tmp_path / "tuned.liftz")
    assert len(lifter["lift"].regressor_.nets_) == 2
    assert lifter.predict(data.X)[0].shape == data.y[0].shape
    assert all(np.isfinite(depth).all() for depth in lifter.predict(data.X))


def test_the_lifter_never_replaces_its_trials(tmp_path):
    result = run("--trials", 1, "--output", tmp_path / "best.journal")
    assert result.exit_code == 2
    assert "is where the trials are kept" in " ".join(result.output.replace("│", " ").split())
    assert not (tmp_path / "best.journal").exists()


def test_the_recipes_own_parameters_come_first(data, tmp_path):
    assert run("--trials", 1, "--output", tmp_path / "x.liftz").exit_code == 0
    journal = [json.loads(line) for line in (tmp_path / "x.journal").read_text().splitlines()]
    told = {line["param_name"]: line["param_value_internal"] for line in journal if "param_name" in line}
    assert told["lift__regressor__lr"] == pytest.approx(2e-3)
    assert told["lift__regressor__dropout"] == pytest.approx(0.2)


def test_other_data_are_refused(data, monkeypatch):
    assert run("--trials", 1).exit_code == 0
    other = make_signing(n_signers=3, n_clips=2, n_frames=(12, 16), random_state=1)
    monkeypatch.setattr("liftz.cli.training.open_data", lambda source: (other, None, {"n_nets": 2, "batch_size": 8}))
    result = run("--trials", 1)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: study 'tune' in tuned.journal was begun with other X")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(("arguments", "message"), [
    (["--output", "nowhere/x.liftz"], "cannot be a file"),
    (["--pictures", "here.txt"], "is a file, expected a folder"),
    (["--epochs", "5", "2"], "expected the fewest first"),
    (["--trials", "0"], "Invalid value"),
    (["--storage", "x.db"], "for SQLite write 'sqlite:///x.db'"),
])
def test_what_makes_no_sense_is_refused_before_any_work(data, tmp_path, arguments, message):
    (tmp_path / "here.txt").write_text("")
    result = run(*arguments)
    assert result.exit_code in (1, 2)
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert not (tmp_path / "tuned.liftz").exists()


def test_one_signer_is_too_few(data, monkeypatch):
    one = make_signing(n_signers=1, n_clips=2, n_frames=12, random_state=0)
    monkeypatch.setattr("liftz.cli.training.open_data", lambda source: (one, None, {}))
    result = run()
    assert result.exit_code == 1
    assert "has one signer" in result.stderr
