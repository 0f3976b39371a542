"""C3D files: two independent readers find every number as it was."""

import warnings

import numpy as np
import pytest
from bone_cases import ARM, SKELETONS, wild
from hypothesis import given, settings
from hypothesis import strategies as st

from liftz import Skeleton
from liftz.io.c3d import write_c3d
from liftz.skeletons import MEDIAPIPE_HOLISTIC, PANOPTIC_138

SIGNS = np.float32([-1, 1, -1])


def read_back(path):
    """Points, labels and parameters, as ezc3d reads them."""
    file = pytest.importorskip("ezc3d").c3d(str(path))
    parameters = {name: value["value"] for name, value in file["parameters"]["POINT"].items() if name != "__METADATA__"}
    labels = sum((parameters[name] for name in sorted(parameters) if name.startswith("LABELS")), [])
    return file["data"]["points"][:3].transpose(2, 1, 0), labels, parameters, file


@given(st.sampled_from([*SKELETONS, ARM]), st.integers(1, 9), st.integers(0, 999), st.sampled_from([0, 0.3]))
@settings(max_examples=25, deadline=None)
def test_reads_back_to_the_bit(tmp_path_factory, skeleton, n_frames, seed, missing):
    path = tmp_path_factory.mktemp("c3d") / "clip.c3d"
    points = wild(skeleton, n_frames, seed, missing)
    points[0, 0] = [0.1, 1e-20, -3e10]
    write_c3d(path, points, skeleton, fps=29.97)
    found, labels, parameters, file = read_back(path)
    np.testing.assert_array_equal(found, points * SIGNS)
    assert labels == list(skeleton.keypoints)
    assert parameters["RATE"] == np.float32(29.97)
    residuals = file["data"]["meta_points"]["residuals"][0].T
    np.testing.assert_array_equal(residuals, np.where(np.isnan(points[..., 0]), -1, 0))


def test_says_what_it_holds(tmp_path):
    write_c3d(tmp_path / "a.c3d", wild(ARM, 7), ARM, fps=25, units="cm")
    _, _, parameters, file = read_back(tmp_path / "a.c3d")
    assert (parameters["UNITS"], parameters["X_SCREEN"], parameters["Y_SCREEN"]) == (["cm"], ["+X"], ["+Y"])
    assert file["header"]["points"] == {"size": 3, "frame_rate": 25.0, "first_frame": 0, "last_frame": 6}
    content = (tmp_path / "a.c3d").read_bytes()
    assert len(content) % 512 == 0
    start, = parameters["DATA_START"]
    assert content[16:18] == int(start).to_bytes(2, "little")  # the header says so too
    assert content[512 * (start - 1):][:4] == (-wild(ARM, 7)[0, 0, 0]).tobytes()


def test_an_older_reader_agrees(tmp_path):
    c3d = pytest.importorskip("c3d")
    points = wild(MEDIAPIPE_HOLISTIC, 5, missing=0.2)
    write_c3d(tmp_path / "a.c3d", points, MEDIAPIPE_HOLISTIC, fps=30, y_up=False)
    with open(tmp_path / "a.c3d", "rb") as file:
        with pytest.warns(UserWarning, match="No analog"):
            reader = c3d.Reader(file)
        frames = np.stack([points for _, points, _ in reader.read_frames()])
    unknown = np.isnan(points[..., 0])
    np.testing.assert_array_equal(frames[..., 3] == -1, unknown)
    np.testing.assert_array_equal(frames[~unknown, :3], (points * np.float32([1, -1, -1]))[~unknown])
    np.testing.assert_array_equal(frames[unknown, :3], 0)
    assert (reader.first_frame, reader.last_frame, reader.point_rate) == (1, 5, 30)


@pytest.mark.parametrize("n_frames", [65534, 65535, 65536, 70001])
def test_clips_longer_than_the_header_can_say(n_frames, tmp_path):
    dot = Skeleton("dot", ["dot"], root="dot")
    points = np.arange(3 * n_frames, dtype=np.float32).reshape(n_frames, 1, 3)
    write_c3d(tmp_path / "long.c3d", points, dot, fps=30)
    np.testing.assert_array_equal(read_back(tmp_path / "long.c3d")[0], points * SIGNS)


@pytest.mark.parametrize(("n_frames", "first"), [(7, 12), (7, 65_530), (10, 65_530), (9, 108_000), (70_001, 5)])
def test_a_clip_that_begins_late_says_where_and_is_read_whole(n_frames, first, tmp_path):
    dot = Skeleton("dot", ["dot"], root="dot")
    points = 1 + np.arange(3 * n_frames, dtype=np.float32).reshape(n_frames, 1, 3)
    write_c3d(tmp_path / "late.c3d", points, dot, fps=30, first_frame=first)
    found, _, _, file = read_back(tmp_path / "late.c3d")
    np.testing.assert_array_equal(found, points * SIGNS)
    start, end = (file["parameters"]["TRIAL"][f"ACTUAL_{edge}_FIELD"]["value"] for edge in ("START", "END"))
    assert [int(low) % 65536 + 65536 * int(high) for low, high in (start, end)] == [first + 1, first + n_frames]
    if first + n_frames < 65536:  # all that the header can name, from 0 on as this reader has it
        assert file["header"]["points"]["first_frame"] == first
    if n_frames > 1000:  # which take the other reader long
        return
    c3d = pytest.importorskip("c3d")
    with open(tmp_path / "late.c3d", "rb") as handle, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frames = np.stack([frame[:, :3] for _, frame, _ in c3d.Reader(handle).read_frames()])
    np.testing.assert_array_equal(frames, points * SIGNS)


def test_names_are_plain_and_each_is_there_once(tmp_path):
    odd = Skeleton("odd", ["left hand", "left\thand", "手", "x" * 400, "x" * 401, ""], root="手")
    write_c3d(tmp_path / "odd.c3d", wild(odd), odd, fps=30)
    assert read_back(tmp_path / "odd.c3d")[1] == ["left_hand", "left_hand_2", "_", "x" * 60, "x" * 58 + "_2", "__2"]


def test_more_names_than_a_file_holds_are_refused(tmp_path):
    crowd = Skeleton("crowd", [f"{'x' * 50}{i}" for i in range(2500)], root=f"{'x' * 50}0")
    with pytest.raises(ValueError, match="'crowd': the names of 2500 keypoints are more than a C3D file holds"):
        write_c3d(tmp_path / "a.c3d", np.zeros((1, 2500, 3)), crowd, fps=30)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wrong", [
    {"fps": 0}, {"fps": np.nan}, {"fps": 1e30}, {"units": None}, {"units": "µm"}, {"units": "m\n"},
    {"points": np.zeros((2, 3, 2))}, {"points": np.full((2, 3, 3), np.nan)}, {"first_frame": -1},
])
def test_bad_input_leaves_the_file_as_it_was(wrong, tmp_path):
    (tmp_path / "a.c3d").write_text("precious")
    with pytest.raises(ValueError, match=r"fps|points|units|first_frame"):
        write_c3d(tmp_path / "a.c3d", **{"points": wild(ARM), "skeleton": ARM, "fps": 30} | wrong)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["precious"]


def test_half_a_point_is_missing_whole(tmp_path):
    points = wild(PANOPTIC_138, 2)
    points[1, 5, 2] = np.nan
    write_c3d(tmp_path / "a.c3d", points, PANOPTIC_138, fps=30)
    assert np.isnan(read_back(tmp_path / "a.c3d")[0][1, 5]).all()
