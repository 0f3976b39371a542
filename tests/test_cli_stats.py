"""`liftz stats`, as a shell runs it."""

import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from liftz.cli.stats import stats
from liftz.datasets import load_panoptic, make_signing, write_panoptic
from liftz.inspection import depth_spread

app = typer.Typer()
app.command()(stats)


def run(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "200", "NO_COLOR": "1"})


@pytest.fixture
def recordings(tmp_path, monkeypatch):
    """Two recordings of two people; a left wrist is two metres off in a frame of one."""
    monkeypatch.setenv("LIFTZ_DATA", str(tmp_path / "home"))
    data = make_signing(recordings={"talk": (1, 2), "answer": (2, 1)}, n_frames=12)
    data.first_frames = np.array([140, 140, 160, 160])
    data.y[3][5, data.skeleton.index("left_wrist")] += 400
    return write_panoptic(data, tmp_path / "panoptic")


def test_it_prints_every_person_and_region_and_writes_the_same_as_json(recordings, tmp_path):
    file = tmp_path / "stats.json"
    result = run("--data", f"panoptic:{recordings}", "--json", file)
    assert result.exit_code == 0, result.output
    report = json.loads(file.read_text())
    data = load_panoptic(recordings, turn="front")
    expected = depth_spread(data.y, data.skeleton)
    assert len(report["rows"]) == len(expected.rows) == 16
    for row, own in zip(report["rows"], expected.rows, strict=True):
        assert (row["mean"], row["largest"], row["region"]) == (own.mean, own.largest, own.region)
        assert f"{row['mean']:.4g}" in result.output
    assert {row["clip"] for row in report["rows"]} == {"talk, person 0", "talk, person 1", "answer, person 0",
                                                       "answer, person 1"}
    outlier, = report["outliers"]
    assert (outlier["clip"], outlier["region"], outlier["frame"]) == ("answer, person 1", "body", 165)
    assert outlier["keypoints"][1] == "left_wrist"
    assert "answer, person 1, frame 165, body: " in result.output


def test_it_draws_and_shows_as_many_outliers_as_asked_for(recordings, tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "stats.png"
    result = run("--data", f"panoptic:{recordings}", "--picture", picture, "--outlier", 0, "--show", 1)
    assert result.exit_code == 0, result.output
    assert picture.read_bytes()[:4] == b"\x89PNG"
    assert result.output.count(", frame ") == 1
    assert " more\n" in result.output


@pytest.mark.parametrize(("arguments", "message"), [
    (["--data", "panoptic"], "files and folders of your own, got 'panoptic'"),
    (["--data", "panoptic:no/such/folder"], "no"),
    (["--outlier", "-0.5"], "not negative, got -0.5"),
    (["--picture", "x.gif"], ".png, .svg or .pdf"),
    (["--json", "no/such/folder/x.json"], "does not exist"),
])
def test_what_cannot_be_done_is_told_in_a_line(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code != 0
    assert message in " ".join(result.output.replace("│", " ").split())
    assert not list(tmp_path.iterdir())
