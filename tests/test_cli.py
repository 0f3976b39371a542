"""The `liftz` command, as a shell runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from liftz.cli import app
from liftz.datasets import make_signing, write_panoptic
from liftz.sequences import to_object_array


def run(*arguments):
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)], env={"COLUMNS": "200", "NO_COLOR": "1"})


@pytest.fixture
def recordings(tmp_path, monkeypatch):
    """Two signers in Panoptic's layout; no right hand in sight."""
    monkeypatch.setenv("LIFTZ_DATA", str(tmp_path / "home"))
    data = make_signing(n_signers=2, n_clips=1, n_frames=(12, 14), random_state=0)
    hand = data.skeleton.region_indices("right_hand")
    for clips in (data.X, data.y):
        for clip in clips:
            clip[:, hand] = np.nan
    data.X, data.y = to_object_array(list(data.X)), to_object_array(list(data.y))
    return write_panoptic(data, tmp_path / "panoptic")


@pytest.mark.parametrize("track", ["T1", "T2"])
def test_evaluate_prints_every_signer_and_region_and_writes_the_same_as_json(recordings, tmp_path, track):
    file = tmp_path / "report.json"
    result = run("--data", f"panoptic:{recordings}", "--track", track, "--nets", 1, "--epochs", 1, "--jobs", 1,
                 "--json", file, "--keypoints")
    assert result.exit_code == 0, result.output
    report = json.loads(file.read_text())
    assert (report["track"], report["units"], report["signers"]) == (track, "cm", ["S1", "S2"])
    rows = {(row["part"], row["model"]): row for row in report["rows"]}
    for model in ("flat", "mean pose", "frame ridge", "lifter"):
        for part in ("all", "face", "left_hand", "body", "left_elbow"):
            row = rows[part, model]
            assert np.isfinite(row["mean"])
            assert set(row["signers"]) == {"S1", "S2"}
            assert f"{row['mean']:.4g}" in result.output
    assert ("right_hand", "lifter") not in rows  # nothing to compare there
    assert rows["all", "lifter"]["skill"] is not None


def test_lifters_for_live_use_are_measured_as_such(recordings, tmp_path):
    found = []
    for look_ahead in ([], ["--look-ahead", 0]):
        file = tmp_path / f"report{len(found)}.json"
        result = run("--data", f"panoptic:{recordings}", "--nets", 1, "--epochs", 1, "--jobs", 1, "--json", file,
                     *look_ahead)
        assert result.exit_code == 0, result.output
        found.append(json.loads(file.read_text()))
    errors = [{row["model"]: row["mean"] for row in report["rows"] if row["part"] == "all"} for report in found]
    assert found[1]["parameters"] == found[0]["parameters"] | {"look_ahead": 0}
    assert errors[0]["frame ridge"] == errors[1]["frame ridge"]
    assert errors[0]["lifter"] != errors[1]["lifter"]


@pytest.mark.parametrize(("arguments", "message"), [
    (["--data", "panoptic"], "isl-kinect:FOLDER, panoptic:FOLDER, or files and folders of your own, got 'panoptic'"),
    (["no/such/file"], "no/such/file: cannot be read: No such file"),
    (["--data", "isl-kinect:no/such/folder"], "no"),
    (["--track", "T3"], "T3"),
    (["--device", "abacus"], "device 'abacus' cannot be used here"),
    (["--json", "no/such/folder/x.json"], "does not exist"),
    (["--json", "."], "it is a folder"),
    (["--data", "isl-kinect:br[/x]"], "br[/x]"),
])
def test_what_does_not_fit_is_one_message_and_an_exit_code(arguments, message):
    result = run(*arguments)
    assert result.exit_code in (1, 2)
    assert message in result.output.replace("\n", " ")
    assert "Traceback" not in result.output


def test_a_keypoint_that_one_signer_alone_shows_is_left_out_by_name(recordings, tmp_path):
    data = make_signing(n_signers=3, n_clips=1, n_frames=12, missing=0, random_state=0)
    top = data.skeleton.index("head_top")
    for clips in (data.X, data.y):
        for clip in clips[1:]:
            clip[:, top] = np.nan
    root = write_panoptic(data, tmp_path / "three")
    result = run("--data", f"panoptic:{root}", "--nets", 1, "--epochs", 1, "--jobs", 1)
    assert result.exit_code == 0, result.output
    assert "left out, since nothing tells their depth from the root: head_top" in result.output


def test_one_signer_alone_is_told_what_is_missing(recordings):
    (recordings / "manifest.csv").write_text("recording,id,signer\nsynthetic_S1_01,0,Ann\nsynthetic_S2_01,0,Ann\n")
    result = run("--data", f"panoptic:{recordings}")
    assert result.exit_code == 1
    assert "has one signer, Ann: a lifter is measured on signers left out, which takes two at least" in result.output
    assert "a manifest.csv says who is who" in result.output


def test_a_home_folder_is_found_behind_the_colon(recordings, monkeypatch):
    monkeypatch.setenv("HOME", str(recordings.parent))
    monkeypatch.setenv("USERPROFILE", str(recordings.parent))
    result = run("--data", "panoptic:~/panoptic", "--nets", 1, "--epochs", 1, "--jobs", 1)
    assert result.exit_code == 0, result.output


def test_it_tells_its_version():
    import liftz

    assert CliRunner().invoke(app, ["--version"]).output.strip() == f"liftz {liftz.__version__}"


def test_metrics_readers_and_help_do_not_wait_for_torch():
    code = ("import sys, liftz, liftz.metrics, liftz.datasets; liftz.mpjpe; liftz.region_scorers; liftz.Skeleton\n"
            "liftz.datasets.load_panoptic, liftz.datasets.make_signing\n"
            "from liftz.cli import app\n"
            "try: app(['--help'])\n"
            "except SystemExit: pass\n"
            "sys.exit('torch' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[1],
                          env=os.environ | {"NO_COLOR": "1"})
    assert done.returncode == 0, done.stderr
    assert "evaluate" in done.stdout
