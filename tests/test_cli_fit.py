"""`liftz fit`, as a shell runs it."""

import json

import numpy as np
import pytest
from door_cases import PARTS, run, signing, told

from liftz.cli.fit import fit, model_facts
from liftz.cli.info import info
from liftz.compatibility import check_compatible
from liftz.datasets import make_signing, write_panoptic
from liftz.io import read_npz, write_npz
from liftz.persistence import load, read_facts
from liftz.skeletons import OPENPOSE_137

QUICK = ("--nets", 1, "--epochs", 1, "--jobs", 1)


@pytest.fixture
def folder(tmp_path):
    """A folder of recordings of two signers, x and y in pixels with depths in px too."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    data = signing(n_signers=2, n_clips=2, n_frames=24)
    for signer, X, y, i in zip(data.groups, data.X, data.y, range(4), strict=True):
        points = np.concatenate([X, y[..., None] - y[:, OPENPOSE_137.index("Neck"), None, None]], axis=2)
        write_npz(folder / f"{signer}_{i}.npz", points, OPENPOSE_137, fps=29.97, units="px", y_up=False)
    return folder


@pytest.fixture
def panoptic(tmp_path, monkeypatch):
    monkeypatch.setenv("LIFTZ_DATA", str(tmp_path / "home"))
    return write_panoptic(make_signing(n_signers=2, n_clips=1, n_frames=20, missing=0, random_state=0),
                          tmp_path / "panoptic")


@pytest.mark.parametrize(("fps", "stride"), [(50, 3), (23, 3), (22.9, 2), (14, 2), (13.9, 1)])
def test_of_fewer_frames_a_second_nets_leave_out_fewer(fps, stride, tmp_path):
    data = signing(n_signers=1, n_clips=1, n_frames=24)
    write_npz(tmp_path / "clip.npz", np.dstack([data.X[0], data.y[0]]), OPENPOSE_137, fps=fps, units="px", y_up=False)
    result = run(fit, tmp_path / "clip.npz", "-o", tmp_path / "m.liftz", *QUICK)
    assert result.exit_code == 0, result.output
    assert load(tmp_path / "m.liftz")[-1].regressor_.stride_ == stride


def test_a_folder_of_files_becomes_a_lifter_that_knows_what_it_takes(folder, tmp_path):
    model = tmp_path / "m.liftz"
    result = run(fit, folder, "-o", model, *QUICK, "--seed", 3, "--look-ahead", 0)
    assert result.exit_code == 0, result.output
    assert "fitting 1 net on 4 clips, 96 frames of OPENPOSE_137 in px, of signers that are not told" in told(result)
    assert f"liftz lift {model} INPUT -o OUTPUT.npz" in result.output
    facts = read_facts(model)
    assert {name: facts[name] for name in ("fps", "units", "depth_units", "y_up", "n_clips", "data", "n_signers")} == {
        "fps": pytest.approx(29.97), "units": "px", "depth_units": "px", "y_up": False, "n_clips": 4,
        "data": ["recordings"], "n_signers": None}
    assert str(tmp_path) not in json.dumps(facts)
    clip = read_npz(folder / "S1_0.npz")
    assert check_compatible(clip, facts) == ()
    lifter = load(model)
    depth = lifter.predict(clip.X)[0]
    assert depth.shape == (24, 137)
    np.testing.assert_allclose(lifter.predict([clip.X[0][:10]])[0], depth[:10], atol=1e-5)  # sees nothing ahead
    text = told(run(info, model))
    assert "takes: 137 keypoints of OPENPOSE_137, from MidHip; px, y down" in text
    assert "fitted on: 4 clips: recordings, track T1" in text


def test_a_table_says_who_signs(folder, tmp_path, monkeypatch):
    seen = {}

    class Spy:
        def __init__(self, lifter):
            self.lifter = lifter

        def __getattr__(self, name):
            return getattr(self.lifter, name)

        def __getitem__(self, item):
            return self.lifter[item]

        def fit(self, X, y, groups=None):
            seen["groups"] = groups.tolist()
            self.lifter.fit(X, y, groups=groups)

    import liftz.lifter

    make = liftz.lifter.make_lifter
    monkeypatch.setattr(liftz.lifter, "make_lifter", lambda *args, **named: Spy(make(*args, **named)))
    monkeypatch.setattr("liftz.persistence.save", lambda lifter, path, facts: seen.update(facts))
    table = tmp_path / "who.csv"
    table.write_text("recording,signer\nS1_0,Ann\nS1_1,Ann\nS2_2,Bo\nS2_3,Bo\n")
    result = run(fit, folder, "-o", tmp_path / "m.liftz", "--signers", table, *QUICK)
    assert result.exit_code == 0, result.output
    assert seen["groups"] == ["Ann", "Ann", "Bo", "Bo"]
    assert seen["n_signers"] == 2
    table.write_text("recording,signer\nS1_0,Ann\n")
    result = run(fit, folder, "-o", tmp_path / "m.liftz", "--signers", table, *QUICK)
    assert result.exit_code == 1
    assert "does not say who signs in S1_1, S2_2, S2_3; it has the recordings S1_0" in told(result)


def test_a_data_set_is_converted_filmed_and_measured_from_where_it_is_asked_for(panoptic, tmp_path):
    model = tmp_path / "m.liftz"
    result = run(fit, f"panoptic:{panoptic}", "-o", model, "--track", "T2", "--keypoints-of", "openpose_137", "--root",
                 "Neck", "--select", "left_hand", "--select", "LWrist", *QUICK)
    assert result.exit_code == 0, result.output
    facts = read_facts(model)
    assert (facts["skeleton"]["name"], facts["skeleton"]["root"]) == ("OPENPOSE_137", "Neck")
    assert (facts["units"], facts["depth_units"], facts["y_up"]) == ("px", "cm", False)
    assert (facts["data"], facts["track"], facts["n_signers"]) == (["panoptic"], "T2", 2)
    depth = load(model).predict([np.random.default_rng(0).normal(size=(5, 137, 2))])[0]
    known = {OPENPOSE_137.keypoints[i] for i in np.flatnonzero(~np.isnan(depth).any(axis=0))}
    assert known == {*OPENPOSE_137.regions["left_hand"], "LWrist"}


def test_pixels_of_a_kinect_are_not_mirrored(monkeypatch):
    """Its x grows to the picture's left; pixels grow to the right."""
    from liftz.cli import training
    from liftz.datasets import project

    data = make_signing(n_signers=1, n_clips=1, n_frames=10, noise=0, missing=0, views=(0,), random_state=0)
    straight = project(data, "T2", noise=0, missing=0)[0]
    data.X[0], data.y_up = -data.X[0], True
    monkeypatch.setattr(training, "open_data", lambda source: (data, None, {}))
    monkeypatch.setattr(training, "project", lambda data, track, **_: project(data, track, noise=0, missing=0))
    metric = data.X[0].copy()
    seen, _ = training.open_training(None, None, ["synthetic"], track="T2")
    np.testing.assert_allclose(seen.X[0], straight, atol=1e-3)
    assert (seen.keypoint_units, seen.units, seen.y_up) == ("px", "cm", False)
    drawn, told = training.to_draw(seen)
    np.testing.assert_allclose(drawn.X[0], -metric, atol=1e-3)  # beside depths in cm, and with y down too
    assert told == ""


def test_a_keypoint_that_has_no_depth_is_left_out_by_name(folder, tmp_path):
    for file in folder.iterdir():
        clip = read_npz(file)
        points = np.concatenate([clip.X[0][..., :2], clip.y[0][..., None]], axis=2)
        points[:, OPENPOSE_137.index("RHeel")] = np.nan
        write_npz(file, points, OPENPOSE_137, fps=29.97, units="px", y_up=False)
    result = run(fit, folder, "-o", tmp_path / "m.liftz", *QUICK)
    assert result.exit_code == 0, result.output
    assert "left out, since nothing tells their depth from the root: RHeel" in result.output


def test_depths_of_another_unit_than_pixels_are_asked_for(tmp_path):
    folder = tmp_path / "frames"
    folder.mkdir()
    data = signing(n_signers=1, n_clips=1, n_frames=6)
    for i, (seen, depth) in enumerate(zip(data.X[0] + 500, data.y[0], strict=True)):
        person, start = {}, 0
        for part, n in PARTS.items():
            own = slice(start, start := start + n)
            person[f"{part}_keypoints_2d"] = np.c_[seen[own], np.ones(n)].ravel().tolist()
            person[f"{part}_keypoints_3d"] = np.c_[seen[own], depth[own], np.ones(n)].ravel().tolist()
        (folder / f"talk_{i:012d}_keypoints.json").write_text(json.dumps({"version": 1.3, "people": [person]}))
    result = run(fit, folder, "-o", tmp_path / "m.liftz", *QUICK)
    assert result.exit_code == 1
    assert "x and y are in px, and the unit of the depths is not known: --depth-units mm" in told(result)
    result = run(fit, folder, "-o", tmp_path / "m.liftz", "--depth-units", "cm", *QUICK)
    assert result.exit_code == 0, result.output
    assert read_facts(tmp_path / "m.liftz")["depth_units"] == "cm"


@pytest.mark.parametrize(("arguments", "message"), [
    (["panoptic:no/such/folder"], "no"),
    (["no_such_file"], "cannot be read"),
    (["synthetic", "isl-kinect:x"], "synthetic is taken alone"),
    (["recordings", "--keypoints-of", "SMPL"], "there is no skeleton 'SMPL'"),
    (["recordings", "--root", "Nek"], "did you mean Neck?"),
    (["recordings", "--select", "left_hnd"], "did you mean left_hand"),
    (["recordings", "--track", "T2"], "these are pixels already"),
    (["recordings", "--signers", "recordings/S1_0.npz"], "S1_0.npz: is no CSV"),
    (["flat.npz"], "has no depths"),
    (["recordings", "other.npz"], "units is mm, that of the files before is px"),
    (["recordings", "-o", "no/m.liftz"], "its folder does not exist"),
    (["flat.npz", "-o", "flat.npz"], "would overwrite what it is made from"),
])
def test_what_cannot_be_done_is_told_in_a_line(folder, tmp_path, monkeypatch, arguments, message):
    clip = read_npz(folder / "S1_0.npz")
    write_npz(tmp_path / "flat.npz", clip.X[0][..., :2], OPENPOSE_137, units="px", y_up=False)
    write_npz(tmp_path / "other.npz", np.concatenate([clip.X[0][..., :2], clip.y[0][..., None]], axis=2), OPENPOSE_137,
              units="mm", fps=29.97, y_up=False)
    before = sorted(tmp_path.iterdir())
    monkeypatch.chdir(tmp_path)
    result = run(fit, *([] if "-o" in arguments else ["-o", "m.liftz"]), *arguments, *QUICK)
    assert result.exit_code in (1, 2)
    assert message in told(result)
    assert "Traceback" not in result.output
    assert sorted(tmp_path.iterdir()) == before


def test_the_facts_say_what_tune_would_need_too():
    data = signing(n_signers=1, n_clips=1, n_frames=5)
    facts = model_facts(data)
    assert (facts["units"], facts["depth_units"], facts["fps"]) == ("px", "cm", pytest.approx(29.97))


def test_a_lifter_never_replaces_what_it_is_made_from(folder, tmp_path):
    recording = sorted(folder.iterdir())[0]
    before = recording.read_bytes()
    signers = tmp_path / "signers.csv"
    signers.write_text("recording,signer\n")
    for output, options in ((recording, ()), (signers, ("--signers", signers))):
        result = run(fit, folder, "-o", output, *options, *QUICK)
        assert result.exit_code == 2
        assert "would overwrite what it is made from" in told(result)
    assert recording.read_bytes() == before


def test_a_device_that_is_not_there_is_an_error_in_one_line(folder, tmp_path):
    result = run(fit, folder, "-o", tmp_path / "m.liftz", *QUICK, "--device", "nonsense")
    assert result.exit_code == 1
    assert "device 'nonsense' cannot be used here" in told(result)
    assert not (tmp_path / "m.liftz").exists()
