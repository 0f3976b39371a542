"""`liftz view`, as a shell runs it; the page itself is looked at in test_player.py."""

import base64
import json
import re

import numpy as np
import pytest
from door_cases import run, told
from rich.console import Console
from sklearn.utils import Bunch

from liftz.cli.view import in_the_depths_unit, view
from liftz.datasets import make_signing
from liftz.io import read_pose, write_npz, write_pose
from liftz.report import write_player
from liftz.sequences import to_object_array
from liftz.skeletons import KINECT_20, MEDIAPIPE_HOLISTIC


def clips_of(page):
    return json.loads(re.search(r'<script[^>]*application/json[^>]*>(.*?)</script>', page.read_text(), re.DOTALL)[1])


def depths_of(page):
    """Depths of the first clip, in the unit of the page."""
    clips = clips_of(page)
    packed = clips["clips"][0]["series"][0]["z"]
    levels = np.frombuffer(base64.b64decode(packed["data"]), "<i2").astype(float)
    return packed["low"] + packed["step"] * (levels + 32767).reshape(-1, len(clips["keypoints"]))


@pytest.fixture
def holistic(tmp_path):
    """A person as MediaPipe gives them: depths of a hand from its wrist, of the face from the middle of the head."""
    pytest.importorskip("pose_format")
    rng = np.random.default_rng(0)
    X = rng.uniform(100, 500, (3, 543, 2)).astype(np.float32)
    y = rng.normal(0, 5, (3, 543)).astype(np.float32)
    y[:, MEDIAPIPE_HOLISTIC.indices(["LEFT_HIP", "RIGHT_HIP", "left_hand_wrist", "right_hand_wrist"])] = 0
    y[:, MEDIAPIPE_HOLISTIC.indices(["LEFT_WRIST", "RIGHT_WRIST", "NOSE"])] = [-150, -90, -60]
    write_pose(tmp_path / "a.pose", [X], [y], skeleton=MEDIAPIPE_HOLISTIC, fps=25, image_size=(640, 480))
    return tmp_path / "a.pose"


def test_mediapipes_hands_and_face_are_on_the_body(holistic, tmp_path):
    result = run(view, holistic, "-o", tmp_path / "page.html", "--no-open")
    assert result.exit_code == 0, result.output
    depth = depths_of(tmp_path / "page.html")
    for hand, wrist, at in (("left_hand_wrist", "LEFT_WRIST", -150), ("right_hand_wrist", "RIGHT_WRIST", -90)):
        np.testing.assert_allclose(depth[:, MEDIAPIPE_HOLISTIC.index(hand)], at, atol=0.1)
        np.testing.assert_allclose(depth[:, MEDIAPIPE_HOLISTIC.index(wrist)], at, atol=0.1)
    nose = MEDIAPIPE_HOLISTIC.root_indices("face")
    np.testing.assert_allclose(depth[:, nose].mean(axis=1), -60, atol=0.1)


def test_hands_without_a_body_are_shown_as_they_are(holistic, tmp_path):
    data = read_pose(holistic)
    body = MEDIAPIPE_HOLISTIC.region_indices("body")
    data.X[0][:, body] = [np.nan, np.nan, 0]
    write_pose(holistic, data.X, data.y, skeleton=MEDIAPIPE_HOLISTIC, fps=25, image_size=(640, 480))
    result = run(view, holistic, "-o", tmp_path / "page.html", "--no-open")
    assert result.exit_code == 0, result.output
    assert abs(depths_of(tmp_path / "page.html")[:, MEDIAPIPE_HOLISTIC.index("left_hand_wrist")]).max() < 0.1


def test_options_of_the_reader_are_taken(tmp_path):
    np.savez(tmp_path / "bare.npz", points=np.ones((2, 20, 2)))
    result = run(view, tmp_path / "bare.npz", "--read", "skeleton=KINECT_20", "-o", tmp_path / "p.html", "--no-open")
    assert result.exit_code == 0, result.output
    assert "1 clip of KINECT_20" in told(result)


@pytest.mark.parametrize(("name", "message"), [
    ("m.liftz", "m.liftz: is a lifter, and no keypoints: liftz info tells what it takes, and liftz lift lifts with it"),
    ("empty", "empty: is an empty folder"), ("none.npz", "none.npz: cannot be read: No such file"),
    ("many", "many: is a folder of 2 files: give one, such as many"),
])
def test_what_cannot_be_played_is_told_in_a_line(tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.liftz").write_bytes(b"12345678" + b'{"__metadata__"')
    (tmp_path / "empty").mkdir()
    (tmp_path / "many").mkdir()
    for file in ("a.csv", "b.csv"):
        (tmp_path / "many" / file).write_text("a_x,a_y\n1,2\n")
    result = run(view, name, "--no-open")
    assert result.exit_code == 1
    assert message in told(result)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["empty", "m.liftz", "many"]


@pytest.mark.parametrize(("output", "message"), [("a.npz", "expected a file that ends in .html, got a.npz"),
                                                 ("a.html", "a.html would overwrite what it is made from")])
def test_a_recording_never_becomes_its_page(tmp_path, monkeypatch, output, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / output).write_bytes(b"a recording")
    result = run(view, output, "-o", output, "--no-open")
    assert result.exit_code == 2
    assert message in told(result)
    assert (tmp_path / output).read_bytes() == b"a recording"


def test_frames_without_depths_are_flat_and_said_to_be(tmp_path):
    points = np.random.default_rng(0).normal(size=(6, 20, 3)).astype(np.float32)
    points[2:, :, 2] = np.nan
    points[1, 5, 2] = np.nan
    write_npz(tmp_path / "a.npz", points, KINECT_20, units="cm", y_up=True)
    assert run(view, tmp_path / "a.npz", "-o", tmp_path / "p.html", "--no-open").exit_code == 0
    told_of = clips_of(tmp_path / "p.html")["clips"][0]["note"]
    assert "No depths are known in 4 frames" in told_of
    assert "1 points have no depth" in told_of
    depths = depths_of(tmp_path / "p.html")
    np.testing.assert_allclose(depths[2:], 0, atol=1e-3)
    np.testing.assert_allclose(depths[0], points[0, :, 2], atol=1e-3)


def test_mediapipes_frames_without_depths_are_flat_too(holistic, tmp_path):
    data = read_pose(holistic)
    data.y[0][1] = np.nan
    points = np.dstack([data.X[0][..., :2], data.y[0]])
    write_npz(tmp_path / "a.npz", points, MEDIAPIPE_HOLISTIC, units="px", y_up=False)
    assert run(view, tmp_path / "a.npz", "-o", tmp_path / "p.html", "--no-open").exit_code == 0
    assert "No depths are known in 1 frames" in clips_of(tmp_path / "p.html")["clips"][0]["note"]
    np.testing.assert_allclose(depths_of(tmp_path / "p.html")[1], 0, atol=0.1)


def test_depths_of_an_unknown_unit_are_not_drawn_in_that_of_x_and_y(tmp_path):
    data = make_signing(n_signers=1, n_clips=1, n_frames=40, noise=0, missing=0, random_state=0)
    body = data.skeleton.region_indices("body")
    skeleton = data.skeleton.subset("body")
    known = {"skeleton": skeleton, "units": "px", "depth_units": None, "y_up": False, "fps": 30.0, "image_size": None,
              "recordings": np.array(["talk"]), "X": to_object_array([7 * data.X[0][:, body]]),
              "y": to_object_array([data.y[0][:, body]])}
    drawn = in_the_depths_unit(Console(), "talk", Bunch(**known))
    assert drawn.units == "an unknown unit"
    np.testing.assert_allclose(drawn.X[0], data.X[0][:, body], rtol=0.1)


def test_people_of_one_recording_are_told_apart(tmp_path):
    points = np.random.default_rng(0).normal(size=(2, 6, 20, 2)).astype(np.float32)
    data = Bunch(X=to_object_array(list(points)), skeleton=KINECT_20, units="px", y_up=False,
                 recordings=np.array(["talk", "talk"]), persons=np.array([0, 1]))
    write_player(tmp_path / "p.html", data)
    assert [clip["name"] for clip in clips_of(tmp_path / "p.html")["clips"]] == ["talk, person 0", "talk, person 1"]
