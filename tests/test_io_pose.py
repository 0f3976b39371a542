import builtins
import io
import struct
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liftz.conversion import convert
from liftz.io import FileFormatError, read_pose, write_pose
from liftz.sequences import check_sequences
from liftz.skeletons import COCO_WHOLEBODY_133, KINECT_20, MEDIAPIPE_HOLISTIC, OPENPOSE_137

pose_format = pytest.importorskip("pose_format", reason="needs pose-format: pip install \"liftz[pose]\"")

from pose_format.numpy import NumPyPoseBody  # noqa: E402
from pose_format.pose_header import PoseHeader, PoseHeaderComponent, PoseHeaderDimensions  # noqa: E402
from pose_format.utils.cocowholebody133_header import cocowholebody_components  # noqa: E402
from pose_format.utils.generic import detect_known_pose_format  # noqa: E402
from pose_format.utils.openpose import OpenPose_Components  # noqa: E402

SIZE = (640, 480)
LAYOUTS = [OPENPOSE_137, MEDIAPIPE_HOLISTIC, COCO_WHOLEBODY_133]


def clips_of(skeleton, n_people=1, n_frames=5, seed=0):
    """Pixels with a confidence, and depths, both with gaps."""
    rng = np.random.default_rng(seed)
    X = [np.dstack([rng.uniform(0, 480, (n_frames, len(skeleton), 2)), rng.uniform(0.1, 1, (n_frames, len(skeleton)))])
         .astype(np.float32) for _ in range(n_people)]
    y = [rng.normal(size=(n_frames, len(skeleton))).astype(np.float32) for _ in range(n_people)]
    for clip, depth in zip(X, y, strict=True):
        lost = rng.random(depth.shape) < 0.1
        clip[lost], depth[lost] = (np.nan, np.nan, 0), np.nan
    return X, y


def mediapipe_components(n_face=478, body=None):
    """As the package's own holistic loader names them; that loader needs mediapipe itself."""
    body = body or list(MEDIAPIPE_HOLISTIC.regions["body"])
    hand = [f"point {i}" for i in range(21)]
    return [PoseHeaderComponent(name, points, [], [], "XYZC") for name, points in (
        ("POSE_LANDMARKS", body), ("FACE_LANDMARKS", [str(i) for i in range(n_face)]), ("LEFT_HAND_LANDMARKS", hand),
        ("RIGHT_HAND_LANDMARKS", hand), ("POSE_WORLD_LANDMARKS", list(MEDIAPIPE_HOLISTIC.regions["body"])))]


def holistic(path, n_frames=4, moved=0.0, seed=0, **layout):
    """A file as the package's holistic loader makes them of MediaPipe's results, which are returned, too."""
    rng = np.random.default_rng(seed)
    components = mediapipe_components(**layout)
    n_points = sum(len(component.points) for component in components)
    n_image = n_points - 33
    image = rng.uniform(0, 1, (n_frames, n_image, 3))
    image[..., 2] -= 0.5
    image[:, 23:25, 2] = [0.001, -0.001]  # hips
    image[:, [n_image - 42, n_image - 21], 2] = 1e-7  # wrists
    world = rng.normal(size=(n_frames, 33, 3))
    stored = np.concatenate([image, world], axis=1) * (*SIZE, 1) + moved  # [p.x * width, p.y * height, p.z], all alike
    confidence = np.ones((n_frames, n_points))
    confidence[0, n_image - 42:n_image - 21] = 0  # no left hand in the first frame
    stored[0, n_image - 42:n_image - 21] = 7.0  # and what is behind a mask is stale
    write(path, components, stored[:, None], confidence[:, None], 29.97)
    return image, world


def write(path, components, data, confidence, fps, size=SIZE):
    header = PoseHeader(0.2, PoseHeaderDimensions(*size), components)
    body = NumPyPoseBody(fps, data.astype(np.float32), confidence.astype(np.float32))
    with open(path, "wb") as file:
        pose_format.Pose(header, body).write(file)


def in_version(content, version, fps, n_frames, n_people, body):
    """The same header, of another version, with another body."""
    reader = pose_format.utils.reader.BufferReader(content)
    PoseHeader.read(reader)
    start = struct.pack("<HHH", fps, n_frames, n_people) if version == 0.1 else struct.pack("<HH", fps, n_frames)
    return struct.pack("<f", version) + content[4:reader.read_offset] + start + body


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A small file: its bytes, and what is in it."""
    path = tmp_path_factory.mktemp("good") / "hello.pose"
    X, y = clips_of(OPENPOSE_137, n_frames=2)
    write_pose(path, X, y, skeleton=OPENPOSE_137, fps=25, image_size=SIZE)
    return path.read_bytes(), X, y


# --- both ways ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("skeleton", LAYOUTS, ids=lambda skeleton: skeleton.name)
@pytest.mark.parametrize("n_people", [1, 3])
def test_what_is_written_is_read_back(tmp_path, skeleton, n_people):
    X, y = clips_of(skeleton, n_people)
    path = tmp_path / "hello.pose"
    write_pose(path, X, y, skeleton=skeleton, fps=29.97, image_size=SIZE)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*was moved since MediaPipe")  # these depths are no MediaPipe's
        data = read_pose(path)
    assert (data.skeleton, data.units, data.y_up, data.image_size) == (skeleton, "px", False, SIZE)
    assert data.fps == pytest.approx(29.97)
    assert data.recordings.tolist() == ["hello"] * n_people
    assert data.persons.tolist() == list(range(n_people))
    for clip, depth, clip_read, depth_read in zip(X, y, data.X, data.y, strict=True):
        np.testing.assert_array_equal(clip_read, clip)
        np.testing.assert_allclose(depth_read, depth, rtol=1e-6)
    check_sequences(data.X, data.y, skeleton=skeleton)


@pytest.mark.parametrize("skeleton", LAYOUTS, ids=lambda skeleton: skeleton.name)
def test_without_depths(tmp_path, skeleton):
    X, _ = clips_of(skeleton)
    write_pose(tmp_path / "hello.pose", [clip[..., :2] for clip in X], skeleton=skeleton, fps=25, image_size=SIZE)
    data = read_pose(tmp_path / "hello.pose")
    np.testing.assert_array_equal(data.X[0][..., :2], X[0][..., :2])
    assert set(np.unique(data.X[0][..., 2])) == {0, 1}
    assert "y" not in data


def test_others_read_what_is_written(tmp_path):
    """By pose-format alone, which is what the world reads it with."""
    X, y = clips_of(OPENPOSE_137)
    write_pose(tmp_path / "a.pose", X, y, skeleton=OPENPOSE_137, fps=30, image_size=SIZE)
    pose = pose_format.Pose.read((tmp_path / "a.pose").read_bytes())
    assert detect_known_pose_format(pose) == "openpose"
    assert [component.points for component in pose.header.components] == [
        component.points for component in OpenPose_Components]
    assert pose.body.data.shape == (5, 1, 137, 3)
    gap = np.isnan(y[0])
    np.testing.assert_array_equal(np.ma.getmaskarray(pose.body.data)[:, 0, :, 2], gap)
    np.testing.assert_array_equal(pose.body.data.filled(np.nan)[:, 0, :, 2], y[0])
    np.testing.assert_array_equal(pose.body.data.filled(np.nan)[:, 0, :, :2], X[0][..., :2])


def test_mediapipes_z_is_written_as_mediapipe_gives_it(tmp_path):
    X, y = clips_of(MEDIAPIPE_HOLISTIC)
    write_pose(tmp_path / "a.pose", X, y, skeleton=MEDIAPIPE_HOLISTIC, fps=30, image_size=SIZE)
    pose = pose_format.Pose.read((tmp_path / "a.pose").read_bytes())
    assert detect_known_pose_format(pose) == "holistic"
    np.testing.assert_allclose(pose.body.data.filled(np.nan)[:, 0, :, 2] * SIZE[0], y[0], rtol=1e-6)


def test_others_write_what_is_read(tmp_path):
    """The package's own OpenPose and COCO-WholeBody components, in their order."""
    rng = np.random.default_rng(0)
    for components, skeleton in ((OpenPose_Components, OPENPOSE_137), (cocowholebody_components(), COCO_WHOLEBODY_133)):
        data, confidence = rng.uniform(1, 400, (3, 1, len(skeleton), 2)), rng.uniform(0.1, 1, (3, 1, len(skeleton)))
        write(tmp_path / "a.pose", components, data, confidence, 24)
        read = read_pose(tmp_path / "a.pose")
        assert read.skeleton == skeleton
        np.testing.assert_array_equal(read.X[0][..., :2], data[:, 0].astype(np.float32))
        np.testing.assert_array_equal(read.X[0][..., 2], confidence[:, 0].astype(np.float32))


def test_through_a_conversion(tmp_path):
    X, _ = clips_of(COCO_WHOLEBODY_133)
    X = convert(X, COCO_WHOLEBODY_133, OPENPOSE_137)
    write_pose(tmp_path / "a.pose", X, skeleton=OPENPOSE_137, fps=25, image_size=SIZE)
    np.testing.assert_array_equal(read_pose(tmp_path / "a.pose").X[0][..., :2], X[0][..., :2])


# --- MediaPipe's quirks ---------------------------------------------------------------------------------------------

def test_mediapipes_z_is_pixels_again_and_its_world_metres(tmp_path):
    image, world = holistic(tmp_path / "a.pose")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = read_pose(tmp_path / "a.pose")
    kept = np.r_[0:33 + 468, 33 + 478:image.shape[1]]  # without the irises
    expected = image[:, kept] * (640, 480, 640)
    expected[0, 501:522] = np.nan
    np.testing.assert_allclose(data.X[0][..., :2], expected[..., :2], rtol=1e-5)
    np.testing.assert_allclose(data.y[0], expected[..., 2], rtol=1e-5)
    np.testing.assert_allclose(data.world[0], world, rtol=1e-4, atol=1e-6)
    assert data.skeleton == MEDIAPIPE_HOLISTIC
    assert data.fps == pytest.approx(29.97)


def test_a_moved_pose_is_told(tmp_path):
    holistic(tmp_path / "a.pose", moved=250)
    with pytest.warns(UserWarning, match="a.pose: the pose was moved .* the header's 640 px"):
        data = read_pose(tmp_path / "a.pose")
    assert "world" not in data
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        other = read_pose(tmp_path / "a.pose", z_width=320)
    np.testing.assert_allclose(other.y[0], data.y[0] / 2)


def test_points_and_components_left_out_are_not_seen(tmp_path):
    """What spoken-to-signed and others make of MediaPipe's: the upper body, the outline of the face, no world."""
    body, face, left, *_ = mediapipe_components(n_face=468)
    body.points = ["LEFT_SHOULDER", "RIGHT_SHOULDER", "LEFT_HIP"]
    face.points = ["7", "0", "1"]
    data = np.random.default_rng(0).uniform(1, 400, (2, 1, 27, 3))
    write(tmp_path / "a.pose", [left, face, body], data, np.ones((2, 1, 27)), 25)  # in another order, too
    with pytest.warns(UserWarning, match="moved"):
        read = read_pose(tmp_path / "a.pose")
    X = read.X[0]
    at = MEDIAPIPE_HOLISTIC.indices(["LEFT_SHOULDER", "face_0", "face_7", "left_hand_wrist", "left_hand_pinky_tip"])
    np.testing.assert_array_equal(X[:, at, :2], data[:, 0, [24, 22, 21, 0, 20], :2].astype(np.float32))
    assert (~np.isnan(X[..., 0])).sum() == 2 * 27


# --- refusals -------------------------------------------------------------------------------------------------------

def refused(path, problem):
    with pytest.raises(FileFormatError, match=problem) as caught:
        read_pose(path)
    assert caught.value.path == str(path)


def test_files_of_all_versions_are_whole_or_refused(tmp_path, good):
    content, X, y = good
    path = tmp_path / "a.pose"
    clip = np.nan_to_num(np.dstack([X[0][..., :2], y[0]]))
    confidence = X[0][..., 2]
    v1 = in_version(content, 0.1, 25, 2, 1, clip.tobytes() + confidence.tobytes())
    person = b"\0\0" + np.dstack([clip, confidence])[0].astype(np.float32).tobytes()
    v0 = in_version(content, 0.0, 25, 3, 1, b"\1\0" + person + b"\0\0" + b"\1\0" + person)
    path.write_bytes(v1)
    np.testing.assert_array_equal(read_pose(path).X[0], X[0])
    path.write_bytes(v0)  # nobody in the second frame
    read = read_pose(path).X[0]
    np.testing.assert_array_equal(read[[0, 2]], X[0][[0, 0]])
    assert np.isnan(read[1, :, :2]).all()
    for whole in (content, v1, v0):
        for size in (len(whole) - 1, len(whole) - 137 * 4 * 4, len(whole) // 2):
            path.write_bytes(whole[:size])
            refused(path, "bytes, expected|damaged")
        for junk in (b"\0", b"\0" * 4 * 137 * 4):
            path.write_bytes(whole + junk)
            refused(path, "bytes, expected")
    path.write_bytes(in_version(content, 0.0, 25, 1, 1, b"\2\0" + 2 * person))
    refused(path, "frame 0: 2 people; of version 0.0")
    path.write_bytes(in_version(content, 0.0, 25, 0, 0, b""))
    refused(path, "0 frames")


def test_more_frames_than_16_bits_count(tmp_path):
    component = PoseHeaderComponent("pose_keypoints_2d", ["Nose"], [], [], "XYC")
    header = io.BytesIO()
    PoseHeader(0.2, PoseHeaderDimensions(*SIZE), [component]).write(header)
    n_frames = 65536 + 3
    body = np.ones((n_frames, 3), dtype=np.float32).tobytes()
    path = tmp_path / "long.pose"
    path.write_bytes(struct.pack("<f", 0.1) + header.getvalue()[4:] + struct.pack("<HHH", 25, 3, 1) + body)
    assert len(read_pose(path).X[0]) == n_frames
    path.write_bytes(path.read_bytes()[:-12])
    refused(path, "bytes, expected")


@pytest.mark.parametrize("fps", [np.nan, np.inf, 0, -5, 1e9])
def test_frames_per_second_are_a_number(tmp_path, fps):
    write(tmp_path / "a.pose", OpenPose_Components, np.ones((1, 1, 137, 2)), np.ones((1, 1, 137)), fps)
    refused(tmp_path / "a.pose", "frames per second")


@pytest.mark.parametrize(("value", "confidence", "problem"), [
    (np.inf, 1, "frame 1: point 3 of person 0"), (1e30, 1, "expected pixels"), (1, np.nan, "point 3"),
    (1, -1e9, "point 3"), (1, np.inf, "point 3"),
])
def test_numbers_that_are_none(tmp_path, value, confidence, problem):
    data, trust = np.ones((2, 1, 137, 2)), np.ones((2, 1, 137))
    data[1, 0, 3, 0], trust[1, 0, 3] = value, confidence
    write(tmp_path / "a.pose", OpenPose_Components, data, trust, 25)
    refused(tmp_path / "a.pose", problem)


def test_nan_is_not_seen_whatever_its_confidence(tmp_path):
    data = np.ones((2, 1, 137, 2))
    data[1, 0, 3, 0] = np.nan
    write(tmp_path / "a.pose", OpenPose_Components, data, np.ones((2, 1, 137)), 25)
    X = read_pose(tmp_path / "a.pose").X[0]
    assert np.isnan(X[1, 3, :2]).all()
    assert X[1, 3, 2] == 0
    assert np.isnan(X).sum() == 2


def test_confidences_that_interpolation_made(tmp_path):
    """Those of the package spoken-to-signed go from -16 to 9."""
    confidence = np.ones((2, 1, 137))
    confidence[1, 0, 3], confidence[1, 0, 4] = -16.2, 8.8
    write(tmp_path / "a.pose", OpenPose_Components, np.ones((2, 1, 137, 2)), confidence, 25)
    np.testing.assert_array_equal(read_pose(tmp_path / "a.pose").X[0][1, 3:5], [[np.nan, np.nan, 0], [1, 1, 1]])


def test_nobody_seen(tmp_path):
    write(tmp_path / "a.pose", OpenPose_Components, np.ones((2, 2, 137, 2)), np.zeros((2, 2, 137)), 25)
    refused(tmp_path / "a.pose", "nobody")


def test_ghosts_are_left_out(tmp_path):
    confidence = np.ones((5, 2, 137))
    confidence[1:, 0] = 0
    write(tmp_path / "a.pose", OpenPose_Components, np.ones((5, 2, 137, 2)), confidence, 25)
    assert read_pose(tmp_path / "a.pose").persons.tolist() == [0, 1]
    assert read_pose(tmp_path / "a.pose", min_frames=2).persons.tolist() == [1]


@pytest.mark.parametrize(("names", "problem"), [
    ([("BODY_135", ["a"])], "BODY_135, expected some of pose_keypoints_2d"),
    ([("pose_keypoints_2d", ["Nose"]), ("FACE_LANDMARKS", ["1"])], "components pose_keypoints_2d, FACE_LANDMARKS"),
    ([("POSE_WORLD_LANDMARKS", ["NOSE"])], "POSE_WORLD_LANDMARKS, expected"),
    ([("pose_keypoints_2d", ["Nose", "Tail"])], "has a point 'Tail'; OPENPOSE_137 does not"),
    ([("pose_keypoints_2d", ["Nose", "Nose"])], "a point twice"),
    ([("pose_keypoints_2d", ["Nose"])] * 2, "a component twice"),
    ([("hand_left_keypoints_2d", ["a"] * 20)], "has 20 points, expected 21"),
    ([("FACE_LANDMARKS", ["478"])], "has a point '478'"),
])
def test_other_layouts_are_refused_by_name(tmp_path, names, problem):
    components = [PoseHeaderComponent(name, points, [], [], "XYC") for name, points in names]
    n_points = sum(len(points) for _, points in names)
    write(tmp_path / "a.pose", components, np.ones((2, 1, n_points, 2)), np.ones((2, 1, n_points)), 25)
    refused(tmp_path / "a.pose", problem)


@pytest.mark.parametrize(("content", "problem"), [(b"", "damaged"), (b"\x9a\x99\x49\x3e" + b"\0" * 8, "no keypoints"),
                                                  (b'{"version": 1.3}' * 20, "damaged|version")])
def test_what_is_no_pose_file(tmp_path, content, problem):
    (tmp_path / "a.pose").write_bytes(content)
    refused(tmp_path / "a.pose", problem)
    refused(tmp_path / "nowhere.pose", "cannot be read")


def test_cut_at_every_64th(tmp_path, good):
    content = good[0]
    path = tmp_path / "a.pose"
    for part in range(64):
        path.write_bytes(content[:len(content) * part // 64])
        refused(path, "damaged|bytes, expected")


@given(at=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
@settings(max_examples=300, deadline=None)
def test_a_damaged_byte_gives_the_error_or_clips(tmp_path_factory, good, at, byte):
    content = bytearray(good[0])
    content[int(at * len(content))] = byte
    path = tmp_path_factory.mktemp("byte") / "a.pose"
    path.write_bytes(content)
    try:
        data = read_pose(path)
    except FileFormatError:
        return
    check_sequences(data.X, data.y, skeleton=data.skeleton)
    assert data.X[0].shape == good[1][0].shape
    read, whole = (np.dstack([X, y]).view(np.uint32) for X, y in ((data.X[0], data.y[0]), (good[1][0], good[2][0])))
    assert (read != whole).any(axis=2).sum() <= 1  # a number has become another; all else is as it was


# --- writing --------------------------------------------------------------------------------------------------------

def test_depths_that_are_missing_are_told(tmp_path):
    X, y = clips_of(OPENPOSE_137)
    y[0][2, 7] = np.nan
    X[0][2, 7] = (5, 5, 1)
    X[0][3, 8], y[0][3, 8] = (5, 5, 0), 1
    with pytest.warns(UserWarning, match="2 of .* keypoints have x and y, but no depth or a confidence of 0"):
        write_pose(tmp_path / "a.pose", X, y, skeleton=OPENPOSE_137, fps=25, image_size=SIZE)
    assert np.isnan(read_pose(tmp_path / "a.pose").X[0][[2, 3], [7, 8], :2]).all()


@pytest.mark.parametrize(("changes", "problem"), [
    ({"skeleton": KINECT_20}, "KINECT_20 has no layout of .pose.*liftz.conversion"),
    ({"fps": 0}, "fps"), ({"fps": np.nan}, "fps"), ({"image_size": (640, 70000)}, "image_size"),
    ({"image_size": (640.5, 480)}, "image_size"),
    ({"X": [np.ones((2, 25, 2))]}, "25 keypoints, expected 137"),
    ({"X": [np.ones((2, 137, 2)), np.ones((3, 137, 2))]}, "equally many frames"),
    ({"y": [np.ones((3, 137))]}, "2 frames, y has 3"),
])
def test_what_cannot_be_written_leaves_no_file(tmp_path, changes, problem):
    arguments = {"X": [np.ones((2, 137, 2))], "skeleton": OPENPOSE_137, "fps": 25, "image_size": SIZE} | changes
    with pytest.raises(ValueError, match=problem):
        write_pose(tmp_path / "a.pose", **arguments)
    assert not list(tmp_path.iterdir())


def test_without_the_package_the_cure_is_told(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("pose_format"):
            raise ImportError("No module named 'pose_format'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r'pip install "liftz\[pose\]"'):
        read_pose(tmp_path / "a.pose")
