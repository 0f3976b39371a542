"""TRC files: read by the rules of the format, cell by cell, and by a reader of others."""

import numpy as np
import pytest
from bone_cases import ARM, SKELETONS, wild
from hypothesis import given, settings
from hypothesis import strategies as st

from liftz import Skeleton
from liftz.io.trc import write_trc
from liftz.skeletons import OPENPOSE_137

SIGNS = np.float32([-1, 1, -1])


def read_back(path):
    """Head by name, names of the markers, times and points."""
    lines = path.read_bytes().decode("ascii").split("\n")
    assert lines.pop() == ""
    head = dict(zip(lines[1].split("\t"), lines[2].split("\t"), strict=True))
    names = lines[3].split("\t")[2::3]
    assert lines[4].split("\t") == ["", "", *(f"{axis}{i + 1}" for i in range(len(names)) for axis in "XYZ")]
    assert lines[5] == ""
    cells = [line.split("\t") for line in lines[6:]]
    assert [row[0] for row in cells] == [str(i + 1) for i in range(len(cells))]
    values = np.array([[float(cell) for cell in row[1:]] for row in cells])
    return head, names, values[:, 0], values[:, 1:].astype(np.float32).reshape(len(cells), len(names), 3)


@given(st.sampled_from([*SKELETONS, ARM]), st.integers(1, 6), st.integers(0, 999), st.sampled_from([0, 0.3]))
@settings(max_examples=25, deadline=None)
def test_reads_back_to_the_bit(tmp_path_factory, skeleton, n_frames, seed, missing):
    path = tmp_path_factory.mktemp("trc") / "clip.trc"
    points = wild(skeleton, n_frames, seed, missing)
    points[0, 0] = [0.1, 1e-20, -3e10]
    write_trc(path, points, skeleton, fps=29.97)
    head, names, times, found = read_back(path)
    np.testing.assert_array_equal(found, points * SIGNS)
    assert names == list(skeleton.keypoints)
    np.testing.assert_allclose(times, np.arange(n_frames) / 29.97, atol=1e-6)
    assert (head["DataRate"], head["NumFrames"], head["NumMarkers"]) == ("29.97", str(n_frames), str(len(skeleton)))


def test_a_clip_that_begins_late_has_the_numbers_and_times_of_its_recording(tmp_path):
    points = wild(ARM, 3)
    write_trc(tmp_path / "a.trc", points, ARM, fps=25, first_frame=50)
    lines = (tmp_path / "a.trc").read_text().splitlines()
    assert [line.split("\t")[:2] for line in lines[6:]] == [["51", "2.000000"], ["52", "2.040000"], ["53", "2.080000"]]
    assert lines[2].split("\t")[-2:] == ["51", "3"]
    trc = pytest.importorskip("trc")
    data = trc.TRCData()
    data.load(str(tmp_path / "a.trc"))
    np.testing.assert_array_equal(np.float32(data[52][1]), points[1] * SIGNS)


@pytest.mark.parametrize(("y_up", "signs"), [(True, (-1, 1, -1)), (False, (1, -1, -1))])
def test_says_its_units_and_turns_its_axes(y_up, signs, tmp_path):
    points = wild(ARM)
    write_trc(tmp_path / "arm.trc", points, ARM, fps=25, units="m", y_up=y_up)
    head, _, _, found = read_back(tmp_path / "arm.trc")
    assert head["Units"] == "m"
    np.testing.assert_array_equal(found, points * np.float32(signs))
    assert (tmp_path / "arm.trc").read_text().startswith("PathFileType\t4\t(X/Y/Z)\tarm.trc\n")


def test_a_reader_of_others_agrees(tmp_path):
    trc = pytest.importorskip("trc")
    points = wild(OPENPOSE_137, 6, missing=0.2)
    write_trc(tmp_path / "a.trc", points, OPENPOSE_137, fps=50)
    data = trc.TRCData()
    data.load(str(tmp_path / "a.trc"))
    assert data["Markers"] == list(OPENPOSE_137.keypoints)
    assert (data["NumFrames"], data["DataRate"], data["Units"]) == (6, 50, "mm")
    for frame in range(6):
        np.testing.assert_array_equal(np.float32(data[frame + 1][1]), points[frame] * SIGNS)


def test_a_point_that_is_known_in_part_is_not_known(tmp_path):
    points = np.ones((2, 3, 3))
    points[1, 1] = np.nan
    points[1, 2, 0] = np.nan
    write_trc(tmp_path / "a.trc", points, ARM, fps=25)
    lines = (tmp_path / "a.trc").read_text().splitlines()
    assert lines[6] == "1\t0.000000" + 3 * "\t-1\t1\t-1"
    assert lines[7] == "2\t0.040000\t-1\t1\t-1" + 6 * "\tnan"


def test_names_cannot_break_the_table(tmp_path):
    odd = Skeleton("odd", ["a\tb", "a\nb", "é", "nan"], root="é")
    write_trc(tmp_path / "odd.trc", wild(odd, missing=0.1), odd, fps=25)
    assert read_back(tmp_path / "odd.trc")[1] == ["a_b", "a_b_2", "_", "nan"]


@pytest.mark.parametrize("wrong", [
    {"fps": -1}, {"fps": None}, {"units": "m\tm"}, {"units": None}, {"units": 3}, {"points": np.zeros((2, 3, 2))},
    {"first_frame": -1}, {"first_frame": 0.5}, {"first_frame": True},
])
def test_bad_input_leaves_the_file_as_it_was(wrong, tmp_path):
    (tmp_path / "a.trc").write_text("precious")
    with pytest.raises(ValueError, match=r"fps|points|units|first_frame"):
        write_trc(tmp_path / "a.trc", **{"points": wild(ARM), "skeleton": ARM, "fps": 30} | wrong)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["precious"]
