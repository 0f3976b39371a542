import numpy as np
import pytest
from io_cases import ARM, SMALL_CASES, points, small_case, write_openpose

from liftz import io
from liftz.io import FileFormatError, read_clips, write_csv


@pytest.mark.parametrize("name", SMALL_CASES)
def test_every_format_is_recognised(name, tmp_path):
    if name.endswith("h5"):
        pytest.importorskip("h5py", reason="h5py is not installed")
    reader, path, file = small_case(name, tmp_path)
    for source in {path, file}:
        data, wanted = read_clips(source), reader(source)
        for clip, other in zip(data.X, wanted.X, strict=True):
            np.testing.assert_array_equal(clip, other)
        assert data.keys() >= {"X", "skeleton", "fps", "units", "y_up", "image_size", "recordings"}


def test_options_go_to_the_reader_and_wrong_ones_are_told(tmp_path):
    write_openpose(tmp_path, [(0, points(3, 137))])
    assert read_clips(tmp_path, people=1, fps=25).fps == 25
    with pytest.raises(TypeError, match="is read as openpose: .*'signers'"):
        read_clips(tmp_path, signers=1)
    with pytest.raises(ValueError, match="format must be one of openpose, nia, .*, got 'kinect'"):
        read_clips(tmp_path, format="kinect")


def test_a_format_that_is_said_is_not_looked_for(tmp_path):
    write_csv(tmp_path / "clip.txt", np.ones((2, 3, 3)), ARM)
    with pytest.raises(FileFormatError, match="begins with b'# liftz .*no format that liftz knows: .*OpenPose"):
        read_clips(tmp_path / "clip.txt")
    assert read_clips(tmp_path / "clip.txt", format="csv").skeleton.name == "arm"


@pytest.mark.parametrize(("name", "content", "problem"), [
    ("a.bin", b"\1\2\3", r"begins with b'\\x01\\x02\\x03', which is no format"), ("a.json", b"", "is empty"),
    ("a.json", b'{"a": 1}', "is JSON that begins with"), ("a.bvh", b"HIERARCHY", "liftz writes BVH, and does not read"),
    ("a.slp", b"\x89HDF\r\n\x1a\n", "export it with sleap-convert"), ("a.npy", b"\x93NUMPY", "write_npz makes a file")])
def test_what_is_unknown_is_told_with_what_was_seen(name, content, problem, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileFormatError, match=problem):
        read_clips(tmp_path / name)


def test_folders_that_are_something_else(tmp_path):
    with pytest.raises(FileFormatError, match="is a folder with nothing in it"):
        read_clips(tmp_path)
    with pytest.raises(FileFormatError, match="cannot be read"):
        read_clips(tmp_path / "nothing")
    (tmp_path / "talk.mp4").write_bytes(b"")
    with pytest.raises(FileFormatError, match="is a folder with talk.mp4 in it"):
        read_clips(tmp_path)
    (tmp_path / "asl1" / "hdPose3d_stage1_op25").mkdir(parents=True)
    with pytest.raises(FileFormatError, match="load_panoptic reads them"):
        read_clips(tmp_path)


def test_public_names_are_where_they_are_said_to_be():
    for name in io.__all__:
        assert getattr(io, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'read_nothing'"):
        io.read_nothing  # noqa: B018
