import sys

import numpy as np
import pytest
from io_cases import SLEAP_CSV, write_sleap_h5

from liftz.io import FileFormatError, read_sleap
from liftz.sequences import check_sequences

RNG = np.random.default_rng(0)
NODES = ["head", "thorax", "tail"]


def tracks(n_frames=8):
    """Tracks (2, n_frames, 3, 2), of which the second begins later, and scores; NaN is missing."""
    values = RNG.uniform(0, 500, (2, n_frames, 3, 2))
    values[1, :3] = values[0, 2, 1] = np.nan
    scores = RNG.uniform(0.1, 1, values.shape[:3])
    scores[np.isnan(values[..., 0])] = np.nan
    return values, scores


@pytest.mark.parametrize("dims", [None, ["frame", "track", "node", "xy"], ["track", "xy", "node", "frame"]])
def test_analysis_h5_with_its_axes_in_any_order(dims, tmp_path):
    pytest.importorskip("h5py", reason="h5py is not installed")
    values, scores = tracks()
    data = read_sleap(write_sleap_h5(tmp_path / "walk.h5", values, scores, NODES, dims=dims))
    wanted = np.float32(np.concatenate([values, np.nan_to_num(scores)[..., None]], axis=3))
    np.testing.assert_array_equal(data.X[0], wanted[0])
    np.testing.assert_array_equal(data.X[1], wanted[1, 3:])
    assert (data.persons.tolist(), data.first_frames.tolist()) == (["a", "b"], [0, 3])
    assert (data.skeleton.keypoints, data.skeleton.edges) == (tuple(NODES), (("head", "thorax"),))
    check_sequences(data.X, skeleton=data.skeleton)


def test_labelled_points_have_no_score_and_are_sure(tmp_path):
    pytest.importorskip("h5py", reason="h5py is not installed")
    values, scores = tracks()
    scores[0, 4] = np.nan
    clip = read_sleap(write_sleap_h5(tmp_path / "walk.h5", values, scores, NODES)).X[0]
    assert (clip[4, :, 2] == 1).all()
    assert clip[2, 1, 2] == 0


def test_analysis_csv(tmp_path):
    path = tmp_path / "walk.csv"
    path.write_text(SLEAP_CSV)
    data = read_sleap(path, fps=60)
    nan = np.nan
    np.testing.assert_array_equal(data.X[0], np.float32([
        [[10.5, 20.25, 0.75], [30, 40, 0.5]], [[11.5, 21.25, 0.75], [nan, nan, 0]], [[nan, nan, 0], [nan, nan, 0]],
        [[12.5, 22.25, 0.75], [32, 42, 0.5]]]))
    np.testing.assert_array_equal(data.X[1], np.float32([[[110.5, 120.25, 1], [130, 140, 0.25]]]))
    assert (data.persons.tolist(), data.first_frames.tolist(), data.fps) == (["a", "b"], [2, 3], 60)
    assert np.isnan(read_sleap(path, min_confidence=0.3).X[1][0, 1, 0])


@pytest.mark.parametrize(("old", "new", "problem"), [
    ("head.y", "hfad.y", "column 'head.y' is missing, or one too many"),
    ("head.score", "hfad.score", "column 'head.score' is missing"),
    ("track,", "tracj,", "column 'tracj' is missing, or one too many"),
    ("frame_idx", "frame", "expected the columns frame_idx and <node>.x"),
    ("a,3,", "a,2,", "line 3: frame 2 of the track 'a' comes after frame 2"),
    ("a,3,", "a,-3,", "line 3: expected the number of a frame"),
    ("a,5,", "a,5000000,", "has 3 frames of a track, from 2 to 5000000"),
    ("0.75,30", "-0.75,30", "a score below 0"),
    ("10.5", "inf", "line 2: expected a number or nothing, got 'inf'"),
    ("10.5", "1e39", "beyond float32's range"),
    (",32,42,0.5\n", ",32,42,0.5", "does not end with a line break")])
def test_wrong_csv(old, new, problem, tmp_path):
    path = tmp_path / "walk.csv"
    path.write_text(SLEAP_CSV.replace(old, new, 1))
    with pytest.raises(FileFormatError, match=problem):
        read_sleap(path)


def test_wrong_h5(tmp_path):
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    values, scores = tracks()
    path = tmp_path / "walk.h5"
    for change, problem in (
            (lambda f: f.__delitem__("node_names"), "is no analysis file of SLEAP"),
            (lambda f: f["tracks"].attrs.__setitem__("dims", '["frame", "track"]'), "the axes of tracks are"),
            (lambda f: f["tracks"].attrs.__setitem__("dims", "["), "is no whole HDF5 file"),
            (lambda f: (f.__delitem__("tracks"), f.create_dataset("tracks", data=values)), "2 coordinates of 3 nodes"),
            (lambda f: (f.__delitem__("point_scores"), f.create_dataset("point_scores", data=scores)), "point_scores"),
            (lambda f: f.__delitem__("point_scores"), "has instance_scores, and no point_scores"),
            (lambda f: f["track_occupancy"].__setitem__(..., 0), "track_occupancy is not that of the tracks"),
            (lambda f: (f.__delitem__("tracks"), f.create_dataset("tracks", (2, 2, 3, 8), "f8", chunks=(1, 2, 3, 8))),
             "lacks some of its 2 chunks"),
            (lambda f: f["edge_inds"].__setitem__((0, 0), 7), "edge_inds has other numbers"),
            (lambda f: f["tracks"].__setitem__((0, 0, 0, 0), np.inf), "infinite"),
            (lambda f: f["node_names"].__setitem__(0, b"tail"), "expected names, each once")):
        write_sleap_h5(path, values, scores, NODES)
        with h5py.File(path, "r+") as file:
            change(file)
        with pytest.raises(FileFormatError, match=problem):
            read_sleap(path)


def test_without_h5py_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    path = tmp_path / "walk.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(ImportError, match=r'pip install "liftz\[h5\]"'):
        read_sleap(path)


def test_projects_are_to_be_exported(tmp_path):
    with pytest.raises(FileFormatError, match="sleap-convert --format analysis"):
        read_sleap(tmp_path / "labels.slp")
