"""`liftz view`, as a shell runs it; the page itself is looked at in test_player.py."""

import base64
import json
import re

import numpy as np
import pytest
from door_cases import run, told

from liftz.cli.view import view
from liftz.io import read_pose, write_pose
from liftz.skeletons import MEDIAPIPE_HOLISTIC


def depths_of(page):
    """Depths of the first clip, in the unit of the page."""
    clips = json.loads(re.search(r'<script[^>]*application/json[^>]*>(.*?)</script>', page.read_text(), re.DOTALL)[1])
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
