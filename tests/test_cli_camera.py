"""``--camera``: Panoptic's recordings as their own cameras saw them, as a shell runs it."""

import json
import re

import numpy as np
import pytest
from door_cases import run, told

from liftz.cli.evaluate import evaluate
from liftz.cli.fit import fit
from liftz.cli.info import info
from liftz.cli.training import open_training, to_draw
from liftz.datasets import load_panoptic, make_signing, write_panoptic
from liftz.datasets.cameras import read_calibration
from liftz.persistence import read_facts

QUICK = ("--nets", 1, "--epochs", 1, "--jobs", 1)
STAGE = np.array([0, 0, 300.0])  # where make_signing's people stand, in cm


def calibrated(name, turn, size=(1920, 1080), kind="hd"):
    """An entry of Panoptic's calibration: a camera three metres from the stage, with a lens that bends."""
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    R = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    width, height = size
    K = [[0.7 * width, 0, width / 2], [0, 0.7 * width, height / 2], [0, 0, 1]]
    return {"name": name, "type": kind, "resolution": size, "K": K,
            "distCoef": [-0.25, 0.1, 0.001, -0.001, 0.02], "R": R.tolist(), "t": (STAGE - R @ STAGE)[:, None].tolist()}


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("LIFTZ_DATA", str(tmp_path / "home"))
    data = make_signing(recordings={"talk": (1, 2), "answer": (2, 1)}, n_frames=16, missing=0, random_state=0)
    root = write_panoptic(data, tmp_path / "panoptic")
    (root / "manifest.csv").write_text("recording,id,signer\ntalk,0,Ann\ntalk,1,Ben\nanswer,0,Ben\nanswer,1,Ann\n")
    for turn, name in ((0, "talk"), (10, "answer")):  # a calibration is its recording's own
        cameras = [calibrated("00_00", turn), calibrated("00_12", turn + 40), calibrated("01_01", 0, (640, 480), "vga")]
        (root / name / f"calibration_{name}.json").write_text(json.dumps({"cameras": cameras}))
    return root


@pytest.mark.filterwarnings("ignore:camera")
def test_pixels_are_those_of_each_recordings_own_camera(root):
    world = load_panoptic(root)
    seen, _ = open_training(None, None, [f"panoptic:{root}"], cameras=["00_00", "00_12"])
    assert (seen.keypoint_units, seen.units, seen.y_up, seen.image_size) == ("px", "cm", False, (1920, 1080))
    shown = sorted(zip(seen.recordings.tolist(), seen.persons.tolist(), strict=True))
    assert shown == sorted(2 * list(zip(world.recordings.tolist(), world.persons.tolist(), strict=True)))
    assert seen.camera == "00_00, 00_12"
    drawn, note = to_draw(seen)
    assert note == ""
    matched = 0
    for i, (recording, person) in enumerate(zip(seen.recordings, seen.persons, strict=True)):
        j = next(j for j in range(4) if (world.recordings[j], world.persons[j]) == (recording, person))
        assert seen.groups[i] == world.groups[j]
        points = np.dstack([world.X[j], world.y[j]])
        for camera in map(read_calibration(root / recording).get, ("00_00", "00_12")):
            pixels, there = camera.project(points), ~np.isnan(seen.X[i]).any(axis=2)
            if np.allclose(seen.X[i][there], pixels[there], atol=1e-3):
                matched += 1
                own = camera.to_camera(points)
                np.testing.assert_allclose(drawn.X[i], own[..., :2], atol=1e-3)
                mid = seen.skeleton.index("mid_hip")
                np.testing.assert_allclose(seen.y[i], own[..., 2] - own[:, [mid], 2], atol=1e-3)
    assert matched == 8


@pytest.mark.filterwarnings("ignore:camera")
def test_track_t2_adds_the_noise_and_gaps_of_a_detector(root):
    clean, _ = open_training(None, None, [f"panoptic:{root}"], cameras=["00_00"])
    noisy, _ = open_training(None, None, [f"panoptic:{root}"], cameras=["00_00"], track="T2", seed=3)
    off = np.concatenate([(a - b).ravel() for a, b in zip(noisy.X, clean.X, strict=True)])
    assert np.nanstd(off) == pytest.approx(2.5, rel=0.05)
    lost = np.mean([np.isnan(clip).mean() for clip in noisy.X]) - np.mean([np.isnan(clip).mean() for clip in clean.X])
    assert 0.02 < lost < 0.09
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(noisy.y, clean.y, strict=True))


def test_a_lifter_is_fitted_and_measured_on_them(root, tmp_path):
    model = tmp_path / "m.liftz"
    result = run(fit, f"panoptic:{root}", "--camera", "00_00", "--track", "T2", "-o", model, *QUICK)
    assert result.exit_code == 0, result.output
    assert "fitting 1 net on 4 clips, 64 frames of PANOPTIC_138 in px, of 2 signers" in told(result)
    assert "liftz lift" in result.output
    assert "--length left_shoulder right_shoulder 350" in result.output
    facts = read_facts(model)
    assert (facts["units"], facts["depth_units"], facts["image_size"], facts["camera"]) == (
        "px", "cm", [1920, 1080], "00_00")
    assert "track T2, camera 00_00" in told(run(info, model))
    result = run(evaluate, f"panoptic:{root}", "--camera", "00_00", "--camera", "00_12", *QUICK, "--report",
                 tmp_path / "r.html", "--json", tmp_path / "r.json")
    assert result.exit_code == 0, result.output
    assert "2 signers, 8 clips, 128 frames" in told(result)
    report = json.loads((tmp_path / "r.json").read_text())
    assert (report["camera"], report["units"]) == ("00_00, 00_12", "cm")
    page = (tmp_path / "r.html").read_text()
    assert "px by camera 00_00, 00_12, track T1" in page
    assert re.search("(talk|answer), person [01], camera 00_(00|12), (Ann|Ben)", page)


@pytest.mark.parametrize(("arguments", "message"), [
    (["panoptic:panoptic", "--camera", "00_99"], "there is no camera '00_99'; there are 00_00, 00_12"),
    (["panoptic:panoptic", "--camera", "00_00", "--camera", "01_01"],
     "their pictures are of 2 sizes, 640 x 480 and 1920 x 1080 px"),
    (["synthetic", "--camera", "00_00"], "for panoptic:FOLDER, whose cameras are calibrated, got synthetic"),
    (["clip.npz", "--camera", "00_00"], "--camera is for panoptic:FOLDER, whose cameras are calibrated; recordings"),
    (["panoptic:no", "--camera", "00_00"], "no: there is no such folder"),
])
def test_what_no_camera_saw_is_refused(root, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    result = run(fit, *arguments, "-o", "m.liftz", *QUICK)
    assert result.exit_code == 1
    assert message in told(result)
    assert not (tmp_path / "m.liftz").exists()


def test_a_recording_without_calibration_is_named(root, tmp_path):
    (root / "answer" / "calibration_answer.json").unlink()
    result = run(fit, f"panoptic:{root}", "--camera", "00_00", "-o", tmp_path / "m.liftz", *QUICK)
    assert result.exit_code == 1
    assert "--camera 00_00 takes the calibration of each recording" in told(result)
    assert "calibration_answer.json is not there" in told(result)
