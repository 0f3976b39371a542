import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from io_cases import ARM

from liftz import Skeleton
from liftz.io import FileFormatError, read_csv, read_npz, write_csv, write_npz
from liftz.sequences import check_sequences
from liftz.skeletons import OPENPOSE_137

FLOATS = st.floats(width=32, allow_infinity=False)
CLIPS = st.integers(1, 4).flatmap(lambda n: st.tuples(
    arrays(np.float32, st.tuples(st.just(n), st.just(3), st.sampled_from([2, 3])), elements=FLOATS),
    st.none() | arrays(np.float32, (n, 3), elements=st.floats(0, 1, width=32))))
KINDS = {"npz": (write_npz, read_npz, {}), "wide": (write_csv, read_csv, {"layout": "wide"}),
         "long": (write_csv, read_csv, {"layout": "long"})}


def bits(values):
    """To tell -0 from 0, and to hold any NaN for any other."""
    return np.where(np.isnan(values), 0, np.float32(values).view(np.int32)), np.isnan(values)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(CLIPS, st.none() | st.floats(1e-3, 1e5), st.sampled_from(["mm", "px", None]), st.booleans())
def test_what_was_written_is_read_to_the_last_bit(kind, tmp_path_factory, clip, fps, units, y_up):
    points, confidence = clip
    write, read, options = KINDS[kind]
    path = tmp_path_factory.mktemp("tables") / f"clip.{'npz' if kind == 'npz' else 'csv'}"
    write(path, points, ARM, fps=fps, units=units, y_up=y_up, confidence=confidence, **options)
    data = read(path)
    for found, wanted in ((data.X[0][..., :2], points[..., :2]), *(
            [(data.X[0][..., 2], confidence)] if confidence is not None else []), *(
            [(data.y[0], points[..., 2])] if points.shape[2] == 3 else [])):
        np.testing.assert_array_equal(bits(found), bits(wanted))
    assert (data.fps, data.units, data.y_up, data.recordings.tolist()) == (fps, units, y_up, ["clip"])
    assert data.X[0].shape[2] == 2 + (confidence is not None)
    assert ("y" in data) == (points.shape[2] == 3)
    for field in ("name", "keypoints", "root", "edges", "regions", "roots", "pairs"):
        assert getattr(data.skeleton, field) == getattr(ARM, field)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**9), st.booleans())
def test_the_first_frame_and_how_far_off_z_may_be_are_kept(kind, tmp_path_factory, first, sure):
    write, read, options = KINDS[kind]
    path = tmp_path_factory.mktemp("tables") / f"clip.{'npz' if kind == 'npz' else 'csv'}"
    rng = np.random.default_rng(first)
    points, std = rng.normal(size=(4, 3, 3)).astype(np.float32), rng.random((4, 3)).astype(np.float32)
    std[1, 2] = np.nan
    confidence = rng.random((4, 3)).astype(np.float32) if sure else None
    write(path, points, ARM, first_frame=first, std=std, confidence=confidence, **options)
    data = read(path)
    assert data.first_frames.tolist() == [first]
    np.testing.assert_array_equal(data.std[0], std)
    np.testing.assert_array_equal(data.y[0], points[..., 2])
    assert data.X[0].shape[2] == 2 + sure
    write(path, points, ARM, **options)
    assert read(path).first_frames.tolist() == [0]
    assert "std" not in read(path)


def test_columns_of_std_have_the_keypoints_names(tmp_path):
    clip = np.ones((1, 3, 3))
    write_csv(tmp_path / "wide.csv", clip, ARM, std=2 * clip[..., 0], first_frame=7)
    write_csv(tmp_path / "long.csv", clip, ARM, std=2 * clip[..., 0], first_frame=7, layout="long")
    wide, long = ((tmp_path / f"{name}.csv").read_text().splitlines() for name in ("wide", "long"))
    assert wide[1].startswith("frame,shoulder_x,shoulder_y,shoulder_z,shoulder_std,")
    assert wide[2].startswith("7,1,1,1,2,")
    assert long[1:3] == ["frame,keypoint,x,y,z,std", "7,shoulder,1,1,1,2"]


def test_files_of_before_there_was_a_first_frame_are_read(tmp_path):
    """They say nothing of a first frame, or of std."""
    import json

    write_npz(tmp_path / "a.npz", np.ones((2, 3, 3)), ARM)
    with np.load(tmp_path / "a.npz") as arrays:
        about = json.loads(str(arrays["about"]))
        del about["first_frame"], about["std"]
        np.savez(tmp_path / "b.npz", points=arrays["points"], about=np.array(json.dumps(about)))
        about["first_frame"] = -1
        np.savez(tmp_path / "c.npz", points=arrays["points"], about=np.array(json.dumps(about)))
    assert read_npz(tmp_path / "b.npz").first_frames.tolist() == [0]
    with pytest.raises(FileFormatError, match="says that its first frame is -1"):
        read_npz(tmp_path / "c.npz")


@pytest.mark.parametrize("kind", KINDS)
def test_names_with_commas_quotes_and_letters_of_all_kinds(kind, tmp_path):
    odd = Skeleton("odd", ['a,"b"', "ç_x", "d.y", "nan", "100%"], root="nan")
    write, read, options = KINDS[kind]
    points = np.arange(30, dtype=np.float32).reshape(2, 5, 3)
    write(tmp_path / "odd", points, odd, **options)
    data = read(tmp_path / "odd")
    assert data.skeleton.keypoints == odd.keypoints
    np.testing.assert_array_equal(data.y[0], points[..., 2])


def test_a_ready_made_skeleton_is_known_by_its_names(tmp_path):
    points = np.random.default_rng(0).normal(size=(2, 137, 3))
    write_csv(tmp_path / "a.csv", points, OPENPOSE_137)
    text = (tmp_path / "a.csv").read_text().partition("\n")[2]  # the table alone
    (tmp_path / "b.csv").write_text(text)
    data = read_csv(tmp_path / "b.csv")
    assert data.skeleton is OPENPOSE_137
    assert (data.fps, data.units, data.y_up) == (None, None, False)
    np.testing.assert_array_equal(data.y[0], np.float32(points[..., 2]))
    check_sequences(data.X, data.y, skeleton=OPENPOSE_137)


@pytest.mark.parametrize("text", [
    "a_x,a_y,b_x,b_y\n1,2,3,4\n5,6,,\n", "frame,b.x,b.y,a.x,a.y\n7,3,4,1,2\n8,,,5,6\n",
    "frame,keypoint,x,y\n7,a,1,2\n7,b,3,4\n8,a,5,6\n", "keypoint,y,frame,x\nb,4,7,3\na,6,8,5\na,2,7,1\n",
    "\ufeff\"a_x\",a_y,b_x,b_y\r\n1,2,3.0,4e0\r\n5,6, ,nan\r\n"])
def test_tables_made_by_hand(text, tmp_path):
    (tmp_path / "hand.csv").write_text(text, encoding="utf-8", newline="")
    ab = Skeleton("ab", ["a", "b"], root="b")
    data = read_csv(tmp_path / "hand.csv", skeleton=ab, fps=30, units="px", y_up=False)
    np.testing.assert_array_equal(data.X[0], [[[1, 2], [3, 4]], [[5, 6], [np.nan, np.nan]]])
    assert data.skeleton is ab
    assert data.first_frames.tolist() == [7 if "7" in text else 0]


def test_confidences_by_other_names_and_gaps(tmp_path):
    (tmp_path / "hand.csv").write_text("frame,a_x,a_y,a_likelihood\n3,1,2,0.5\n5,1,2,0.25\n")
    np.testing.assert_array_equal(read_csv(tmp_path / "hand.csv").X[0],
                                  np.float32([[[1, 2, 0.5]], [[np.nan] * 3], [[1, 2, 0.25]]]))


@pytest.mark.parametrize(("text", "problem"), [
    ("a_x,a_y\n1,2", "does not end with a line break"), ("", "does not end with a line break"),
    ("\n", "columns for nothing"), ("a_x,a_y\n", "a header, and no frames"), ("a_x\n1\n", "for x; expected x, y"),
    ("a_x,a_y,b_x\n1,2,3\n", "keypoint 'b' has columns for x; others have x, y"),
    ("a_x,a_y,a_x\n1,2,3\n", "two columns for x of 'a'"), ("a_x,a_y,time\n1,2,3\n", "has a column 'time'"),
    ("a_x,a_y\n1\n", "line 2: has 1 columns, the header has 2"), ("a_x,a_y\n\n", "line 2: has 0 columns"),
    ("a_x,a_y\n1,two\n", "line 2: expected a number or nothing, got 'two'"),
    (f"a_x,a_y\n1,{' ' * 100_000}x\n", "line 2: expected a number"),  # and soon
    ("a_x,a_y\n1,inf\n", "got 'inf'"), ("a_x,a_y\n1,1_0\n", "got '1_0'"), ("a_x,a_y\n1,\u0663\n", "expected a number"),
    ("a_x,a_y\n1,1e39\n", "beyond float32's range"), ("a_x,a_y\n1,1.2.3\n", "line 2"), ("a_x,a_y\n1,--3\n", "line 2"),
    ("frame,a_x,a_y\n0,1,2\n0,1,2\n", "line 3: frame 0 came before"),
    ("frame,a_x,a_y\n0,1,2\n99999999,1,2\n", "has 2 frames, numbered from 0 to 99999999"),
    ("frame,a_x,a_y\n1.5,1,2\n", "expected the number of a frame, got '1.5'"),
    ("a_x,a_y,a_c\n1,2,\n", "frame 0, keypoint a: x and y are given, but the confidence is missing"),
    ("keypoint,x,y\na,1,2\n", "expected frame, keypoint, x, y"), ("frame,keypoint,x,z\n0,a,1,2\n", "columns for x, z"),
    ("a_x,a_y,a_std\n1,2,3\n", "columns for std, x, y"),
    ("frame,keypoint,x,y\n0,a,1,2\n0,a,1,2\n", "line 3: keypoint 'a' is in frame 0 twice"),
    ("a_x,a_y\n1,\"2\n", "is no CSV"), ("_x,_y\n1,2\n", "has a column '_x'")])
def test_wrong_tables(text, problem, tmp_path):
    (tmp_path / "hand.csv").write_text(text, encoding="utf-8", newline="")
    with pytest.raises(FileFormatError, match=problem):
        read_csv(tmp_path / "hand.csv")


@pytest.mark.parametrize("layout", ["wide", "long"])
def test_lines_that_are_missing_are_noticed(layout, tmp_path):
    path = tmp_path / "arm.csv"
    write_csv(path, np.ones((3, 3, 3)), ARM, layout=layout)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1 if layout == "wide" else -3]))
    with pytest.raises(FileFormatError, match="has 2 frames, and says it has 3; it is not whole"):
        read_csv(path)
    if layout == "long":
        path.write_text("".join(lines[:-1]))
        with pytest.raises(FileFormatError, match="frame 2: has 2 of 3 keypoints; it is not whole"):
            read_csv(path)


def test_another_skeleton_is_refused(tmp_path):
    other = Skeleton("other", ["shoulder", "elbow", "hand"], root="shoulder")
    for name, write, read in (("a.csv", write_csv, read_csv), ("a.npz", write_npz, read_npz)):
        write(tmp_path / name, np.ones((2, 3, 3)), ARM)
        with pytest.raises(FileFormatError, match="is of arm, not of other"):
            read(tmp_path / name, skeleton=other)
    (tmp_path / "a.csv").write_text("elbow_x,elbow_y\n1,2\n")
    with pytest.raises(FileFormatError, match="its keypoints are not those of arm: 'shoulder' is in only one"):
        read_csv(tmp_path / "a.csv", skeleton=ARM)


def test_npz_made_by_hand_needs_a_skeleton(tmp_path):
    points = np.arange(12).reshape(2, 3, 2)
    np.savez(tmp_path / "hand.npz", points=points, notes="mine")
    with pytest.raises(FileFormatError, match="does not say what its 3 keypoints are; give skeleton="):
        read_npz(tmp_path / "hand.npz")
    data = read_npz(tmp_path / "hand.npz", skeleton=ARM, units="px")
    np.testing.assert_array_equal(data.X[0], points)
    assert data.X[0].dtype == np.float32
    with pytest.raises(FileFormatError, match="has 3 keypoints, OPENPOSE_137 has 137"):
        read_npz(tmp_path / "hand.npz", skeleton=OPENPOSE_137)


@pytest.mark.parametrize(("arrays_", "problem"), [
    ({"X": np.ones((2, 3, 2))}, "has no array 'points'; it has X"), ({"points": np.ones((2, 3))}, "points has shape"),
    ({"points": np.array([[["a", "b"]]])}, "expected numbers"), ({"points": np.ones((0, 3, 2))}, "points has shape"),
    ({"points": np.full((2, 3, 2), np.inf)}, "infinite"), ({"points": np.full((2, 3, 2), 1e39)}, "infinite"),
    ({"points": np.ones((2, 3, 2)), "confidence": np.ones((3, 2))}, "confidence has shape"),
    ({"points": np.ones((2, 3, 2)), "confidence": np.full((2, 3), np.nan)}, "the confidence is missing"),
    ({"points": np.ones((2, 3, 2)), "about": np.ones(3)}, "about is no text"),
    ({"points": np.ones((2, 3, 2)), "about": np.array("{}")}, "is not what liftz writes"),
    ({"points": np.array([[[None, 1]]], dtype=object)}, "is no whole npz file")])
def test_wrong_npz(arrays_, problem, tmp_path):
    np.savez(tmp_path / "a.npz", **arrays_)
    with pytest.raises(FileFormatError, match=problem):
        read_npz(tmp_path / "a.npz", skeleton=ARM)


def test_an_npz_that_says_it_is_huge(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (2**40, 137, 3)})
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("points.npy", header.getvalue())
    with pytest.raises(FileFormatError, match="is no whole npz file"):
        read_npz(tmp_path / "a.npz", skeleton=ARM)


@pytest.mark.parametrize(("points", "options", "problem"), [
    (np.ones((2, 4, 3)), {}, r"points must be \(n_frames, 3, 3\) for arm"), (np.ones((2, 3)), {}, "points must be"),
    (np.ones((0, 3, 3)), {}, "points must be"),
    (np.full((2, 3, 3), np.inf), {}, "frame 0, keypoint shoulder: a number is infinite"),
    (np.full((2, 3, 3), 1e39), {}, "beyond float32's range"),
    (np.ones((2, 3, 3)), {"confidence": np.ones((2, 2))}, "confidence must be"),
    (np.ones((2, 3, 3)), {"confidence": np.full((2, 3), np.nan)}, "the confidence is missing"),
    (np.ones((2, 3, 3)), {"std": np.ones((2, 2))}, "std must be"),
    (np.ones((2, 3, 2)), {"std": np.ones((2, 3))}, "how far off z may be, and the points have none"),
    (np.ones((2, 3, 3)), {"first_frame": -1}, "first_frame must be a whole number from 0 on, got -1"),
    (np.ones((2, 3, 3)), {"first_frame": 1.5}, "first_frame must be"),
    (np.ones((2, 3, 3)), {"fps": 0}, "fps must be a positive number"),
    (np.ones((2, 3, 3)), {"fps": np.nan}, "fps must be a positive number")])
@pytest.mark.parametrize("write", [write_npz, write_csv])
def test_what_cannot_be_written_leaves_nothing(write, points, options, problem, tmp_path):
    with pytest.raises(ValueError, match=problem):
        write(tmp_path / "a", points, ARM, **options)
    assert not list(tmp_path.iterdir())


def test_other_layouts_are_refused(tmp_path):
    with pytest.raises(ValueError, match="layout must be 'wide' or 'long'"):
        write_csv(tmp_path / "a.csv", np.ones((2, 3, 3)), ARM, layout="tall")
