"""`liftz convert` and `liftz info`, as a shell runs them."""

import json

import numpy as np
import pytest
from door_cases import run, signing, told, write_openpose

from liftz.cli.convert import convert
from liftz.cli.info import info
from liftz.conversion import convert as to_skeleton
from liftz.io import read_csv, read_npz, read_pose, write_npz, write_pose
from liftz.skeletons import COCO_WHOLEBODY_133, MEDIAPIPE_HOLISTIC, OPENPOSE_137


@pytest.fixture(scope="module")
def clip():
    return signing(n_signers=1, n_clips=1, n_frames=12).X[0]


def points_of(clip):
    return np.concatenate([clip, np.float32(3) + clip[..., :1]], axis=2)


def test_a_folder_of_frames_becomes_a_file_and_another_skeleton(clip, tmp_path):
    talk = write_openpose(tmp_path / "talk", [clip])
    result = run(convert, talk, "-o", tmp_path / "a.csv", "-o", tmp_path / "b.npz", "--to", "coco_wholebody_133")
    assert result.exit_code == 0, result.output
    expected = to_skeleton(clip + np.float32([640, 360]), OPENPOSE_137, COCO_WHOLEBODY_133)
    for data in (read_csv(tmp_path / "a.csv"), read_npz(tmp_path / "b.npz")):
        assert (data.skeleton, data.units, data.y_up) == (COCO_WHOLEBODY_133, "px", False)
        np.testing.assert_allclose(data.X[0][..., :2], expected, atol=1e-3)
        np.testing.assert_allclose(data.X[0][..., 2], 0.8)


@pytest.mark.parametrize("layout", ["wide", "long"])
def test_a_table_has_a_line_per_frame_or_per_point(clip, tmp_path, layout):
    talk = write_openpose(tmp_path / "talk", [clip])
    result = run(convert, talk, "-o", tmp_path / "a.csv", "--csv-layout", layout)
    assert result.exit_code == 0, result.output
    header, *lines = (tmp_path / "a.csv").read_text().splitlines()[1:]
    assert len(lines) == (12 if layout == "wide" else 12 * 137)
    assert header.startswith("frame,keypoint,x,y") == (layout == "long")
    np.testing.assert_allclose(read_csv(tmp_path / "a.csv").X[0][..., 2], 0.8)


def test_depths_go_along_and_every_person_too(clip, tmp_path):
    pytest.importorskip("pose_format")
    source = tmp_path / "two.pose"
    X = np.stack([clip, clip + 300]) + 500
    write_pose(source, X, [points_of(clip)[..., 2]] * 2, skeleton=OPENPOSE_137, fps=25, image_size=(1280, 720))
    result = run(convert, source, "-o", tmp_path / "{name}.npz", "-o", tmp_path / "{name}.bvh")
    assert result.exit_code == 0, result.output
    assert result.output.count("constant bones, on average") == 2
    for person in range(2):
        data = read_npz(tmp_path / f"two_{person}.npz")
        np.testing.assert_allclose(data.X[0][..., :2], X[person], atol=1e-3)
        np.testing.assert_allclose(data.y[0], points_of(clip)[..., 2], atol=1e-3)
        assert (tmp_path / f"two_{person}.bvh").exists()


def test_mediapipes_hands_are_put_onto_the_body_in_space(clip, tmp_path):
    pytest.importorskip("pose_format")
    source, wrists = tmp_path / "holistic.pose", MEDIAPIPE_HOLISTIC.indices(["LEFT_WRIST", "left_hand_wrist"])
    flat = to_skeleton(clip + np.float32([640, 360]), OPENPOSE_137, MEDIAPIPE_HOLISTIC)
    rng = np.random.default_rng(0)
    flat = np.where(np.isnan(flat), rng.uniform(300, 600, flat.shape), flat)
    depth = rng.normal(0, 5, flat.shape[:2])
    depth[:, wrists] = [-120, 0]
    depth[:, MEDIAPIPE_HOLISTIC.indices(["right_hand_wrist", "LEFT_HIP", "RIGHT_HIP"])] = 0
    write_pose(source, [flat], [depth], skeleton=MEDIAPIPE_HOLISTIC, fps=25, image_size=(1280, 720))
    result = run(convert, source, "-o", tmp_path / "out.npz", "-o", tmp_path / "out.trc")
    assert result.exit_code == 0, result.output
    at, hand = read_npz(tmp_path / "out.npz").y[0][:, wrists].T
    np.testing.assert_allclose(at, hand, atol=1e-2)


def test_the_first_frame_and_std_go_along(clip, tmp_path):
    std = np.full(clip.shape[:2], 2.5)
    write_npz(tmp_path / "a.npz", points_of(clip), OPENPOSE_137, fps=25, y_up=False, std=std, first_frame=90)
    result = run(convert, tmp_path / "a.npz", "-o", tmp_path / "b.csv", "-o", tmp_path / "b.bvh")
    assert result.exit_code == 0, result.output
    assert "it begins with frame 90 of the recording, for which .bvh has no place" in told(result)
    result = run(convert, tmp_path / "b.csv", "-o", tmp_path / "c.npz")
    data = read_npz(tmp_path / "c.npz")
    assert data.first_frames.tolist() == [90]
    np.testing.assert_array_equal(data.std[0], std)
    assert "begins with frame 90 of its recording" in told(run(info, tmp_path / "c.npz"))
    result = run(convert, tmp_path / "c.npz", "-o", tmp_path / "d.npz", "--to", "coco_wholebody_133")
    assert "std is left out, since it belongs to the depths as they were" in told(result)
    assert "std" not in read_npz(tmp_path / "d.npz")


def test_each_persons_first_frame_is_their_own(clip, tmp_path):
    talk = write_openpose(tmp_path / "talk", [clip, clip])
    for file in sorted(talk.iterdir())[:5]:
        content = json.loads(file.read_text())
        file.write_text(json.dumps(content | {"people": content["people"][:1]}))
    result = run(convert, talk, "-o", tmp_path / "{name}.csv")
    assert result.exit_code == 0, result.output
    assert [read_csv(tmp_path / f"talk_{i}.csv").first_frames.tolist() for i in range(2)] == [[0], [5]]
    assert "talk_1: 7 frames from 5 on, 100.0 %" in told(run(info, talk))


def test_mm_and_panoptic_names_find_a_layout_of_pose_or_are_refused(clip, tmp_path):
    pytest.importorskip("pose_format")
    from liftz.skeletons import KINECT_20

    kinect = to_skeleton(clip, OPENPOSE_137, KINECT_20)
    for units, name in (("px", "px.npz"), ("mm", "mm.npz")):
        write_npz(tmp_path / name, kinect, KINECT_20, units=units, y_up=False, fps=25)
    result = run(convert, tmp_path / "px.npz", "-o", tmp_path / "out.pose", "--image-size", 640, 480)
    assert result.exit_code == 0, result.output
    assert "as OPENPOSE_137, 123 of whose 137 keypoints KINECT_20 does not have" in told(result)
    elbow = OPENPOSE_137.index("LElbow")
    np.testing.assert_allclose(read_pose(tmp_path / "out.pose").X[0][:, elbow, :2], clip[:, elbow], atol=1e-3)
    result = run(convert, tmp_path / "mm.npz", "-o", tmp_path / "no.pose", "--image-size", 640, 480)
    assert result.exit_code == 1
    assert ".pose is for pixels with y down, and these keypoints are in mm" in told(result)


def test_a_bad_file_is_told_and_the_rest_goes_on(clip, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    write_npz(tmp_path / "in" / "a.npz", clip, OPENPOSE_137, units="px", y_up=False)
    (tmp_path / "in" / "b.npz").write_bytes(b"PK\x03\x04")
    write_npz(tmp_path / "in" / "c.npz", clip, OPENPOSE_137, units="px", y_up=False)
    result = run(convert, tmp_path / "in", "-o", tmp_path / "out" / "{name}.csv")
    assert result.exit_code == 1
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["a.csv", "c.csv"]
    assert f"error: not converted: {tmp_path / 'in' / 'b.npz'}" in result.output
    before = (tmp_path / "in" / "a.npz").read_bytes()
    result = run(convert, tmp_path / "in", "-o", tmp_path / "in" / "{name}.npz")
    assert result.exit_code == 1
    assert "a.npz is read here" in told(result)
    assert (tmp_path / "in" / "a.npz").read_bytes() == before


@pytest.mark.parametrize(("arguments", "message"), [
    (["flat.npz", "-o", "x.bvh"], ".bvh needs frames per second"),
    (["flat.npz", "-o", "x.bvh", "--fps", 25], "these keypoints have none: liftz lift adds them"),
    (["flat.npz", "-o", "x.csv", "--to", "SMPL"], "there is no skeleton 'SMPL'"),
    (["odd.csv", "-o", "x.npz"], "the unit of x and y is not known: --units px"),
    (["odd.csv", "-o", "x.npz", "--units", "px", "--to", "KINECT_20"], "no keypoint in common"),
    (["flat.npz", "-o", "x.xml"], "expected a file that ends in"),
    (["none.npz", "-o", "x.csv"], "cannot be read"),
])
def test_what_cannot_be_done_is_told_in_a_line(clip, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    write_npz("flat.npz", clip, OPENPOSE_137, units="px", y_up=False)
    (tmp_path / "odd.csv").write_text("snout_x,snout_y,tail_x,tail_y\n1,2,3,4\n")
    result = run(convert, *arguments)
    assert result.exit_code in (1, 2)
    assert message in told(result)
    assert "Traceback" not in result.output
    assert sorted(file.name for file in tmp_path.iterdir()) == ["flat.npz", "odd.csv"]


def test_info_tells_what_a_file_has_and_what_is_missing_of_it(clip, tmp_path):
    lost = points_of(clip)
    lost[:, OPENPOSE_137.region_indices("left_hand")] = np.nan
    lost[:6, OPENPOSE_137.region_indices("face")] = np.nan
    write_npz(tmp_path / "a.npz", lost, OPENPOSE_137, units="px", y_up=False, fps=25)
    text = told(run(info, tmp_path / "a.npz"))
    for part in ("1 clip, 12 frames", "skeleton: OPENPOSE_137, 137 keypoints, from MidHip", "frames per second: 25",
                 "x and y: px, y down", "depths: in px", "body 0.0 %, face 50.0 %, left_hand 100.0 %, right_hand 0.0 %",
                 "never seen: left_hand_wrist,", "and 9 more", "has all keypoints of COCO_WHOLEBODY_133",
                 "liftz fit", "liftz lift MODEL.liftz", "liftz view"):
        assert part in text
    talk = write_openpose(tmp_path / "talk", [clip, clip])
    text = told(run(info, talk, "--clips", 1))
    for part in ("2 clips, 24 frames", "depths: none", "with a confidence", "talk_0: 12 frames, 100.0 %", "and 1 more"):
        assert part in text
    assert "liftz fit" not in text


@pytest.mark.parametrize("content", [None, b"", b"\0" * 40, b'12345678{"__metadata__":{"liftz":"{}"}}'])
def test_info_of_what_is_nothing_is_an_error(tmp_path, content):
    file = tmp_path / "x.bin"
    if content is not None:
        file.write_bytes(content)
    result = run(info, file)
    assert result.exit_code == 1
    assert result.output.startswith("error: ")
    assert "x.bin" in result.output
    assert result.output.count("\n") == 1


def test_mediapipes_points_in_space_stay_in_their_unit(clip, tmp_path):
    flat = to_skeleton(clip, OPENPOSE_137, MEDIAPIPE_HOLISTIC)
    flat[np.isnan(flat)] = 0
    points = np.concatenate([flat, np.zeros_like(flat[..., :1])], axis=2)
    write_npz(tmp_path / "a.npz", points, MEDIAPIPE_HOLISTIC, fps=25, units="cm", y_up=False)
    result = run(convert, tmp_path / "a.npz", "-o", tmp_path / "b.npz", "-o", tmp_path / "b.trc")
    assert result.exit_code == 0, result.output
    data = read_npz(tmp_path / "b.npz")
    assert data.units == "cm"
    np.testing.assert_allclose(data.X[0][..., :2], flat, rtol=1e-4, atol=1e-3)


def test_a_unit_that_the_file_lacks_is_that_of_its_depths_too(tmp_path):
    (tmp_path / "a.csv").write_text("elbow_x,elbow_y,elbow_z,wrist_x,wrist_y,wrist_z\n1,2,3,4,5,6\n")
    result = run(convert, tmp_path / "a.csv", "--units", "mm", "-o", tmp_path / "b.npz")
    assert result.exit_code == 0, result.output
    data = read_npz(tmp_path / "b.npz")
    assert (data.units, data.y[0].tolist()) == ("mm", [[3, 6]])


def test_no_other_file_is_taken_for_one_of_the_output(clip, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("r1", "r2"):
        write_npz(f"{name}.npz", clip, OPENPOSE_137, units="px", y_up=False)
    (tmp_path / "r1.csv").write_text("another's")
    result = run(convert, "r1.npz", "r2.npz", "-o", "r.csv")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "r1.csv").read_text() == "another's"
    assert {path.name for path in tmp_path.glob("*.csv")} == {"r1.csv", "r_r1.csv", "r_r2.csv"}


def test_folders_in_a_folder_are_read_and_what_is_not_is_told(clip, tmp_path):
    folder = tmp_path / "rec"
    (folder / "evening").mkdir(parents=True)
    write_openpose(folder / "evening" / "talk", [clip])
    write_npz(folder / "solo.npz", clip, OPENPOSE_137, units="px", y_up=False)
    (folder / "evening" / "more.json").write_text("{}")
    result = run(convert, folder, "-o", tmp_path / "{name}.csv")
    assert result.exit_code == 0, result.output
    assert {path.name for path in tmp_path.glob("*.csv")} == {"solo.csv", "talk.csv"}
    assert f"note: {folder}: read with the folders in it: {folder / 'evening'}" in told(result)
    assert f"{folder / 'evening' / 'more.json'}: JSON, which a folder of files is not read for" in told(result)


def test_shares_of_a_picture_become_pixels_by_its_size(clip, tmp_path):
    middle = np.float32([640, 360])  # which write_openpose adds
    talk = write_openpose(tmp_path / "talk", [(clip + middle) / np.float32([1279, 719]) - middle])
    for more in ((), ("--read", "image_size=[1280, 720]")):
        result = run(convert, talk, "--read", "keypoint_scale=3", *more, "--image-size", 1280, 720,
                     "-o", tmp_path / "a.npz")
        assert result.exit_code == 0, result.output
        np.testing.assert_allclose(read_npz(tmp_path / "a.npz").X[0][..., :2], clip + middle, atol=0.1)
