import json
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from io_cases import CAMERA, PARTS, expected, in_space, person, points, write_frame, write_nia, write_openpose

from liftz.io import FileFormatError, _openpose_frames, read_nia, read_openpose
from liftz.io._people import follow
from liftz.sequences import check_sequences
from liftz.skeletons import OPENPOSE_137


@pytest.fixture(params=["fast", "slow"])
def parser(request, monkeypatch):
    """With the fast parser and without it: the same has to come of both."""
    if request.param == "slow":
        monkeypatch.setattr(_openpose_frames, "simdjson", None)
    else:
        pytest.importorskip("simdjson", reason="pysimdjson is not installed")


def test_one_person_comes_out_as_written(tmp_path, parser):
    clip = points(150, 137)
    data = read_openpose(write_openpose(tmp_path, [(0, clip)], first=40), fps=25, image_size=(1280, 720))
    np.testing.assert_array_equal(data.X[0], expected(clip))
    assert data.skeleton is OPENPOSE_137
    assert (data.fps, data.units, data.y_up, data.image_size) == (25, "px", False, (1280, 720))
    assert (data.recordings.tolist(), data.persons.tolist(), data.first_frames.tolist()) == (["talk"], [0], [40])
    assert "y" not in data
    check_sequences(data.X, skeleton=data.skeleton)


def test_what_the_files_do_not_say_is_none(tmp_path):
    data = read_openpose(write_openpose(tmp_path, [(0, points(2, 137))]))
    assert data.fps is None
    assert data.image_size is None


@pytest.mark.parametrize(("n_body", "parts", "root", "n_edges"), [
    (25, ("pose",), "MidHip", 24), (25, ("pose", "hand_left", "hand_right"), "MidHip", 64),
    (19, ("pose",), "MidHip", 18), (18, ("pose", "face"), ("RHip", "LHip"), 17 + 63),
    (15, ("pose",), ("RHip", "LHip"), 14), (25, ("hand_left",), "left_hand_wrist", 20)])
def test_body_models_and_parts(n_body, parts, root, n_edges, tmp_path, parser):
    sizes = {part: n_body if part == "pose" else PARTS[part] for part in parts}
    clip = points(5, sum(sizes.values()))
    data = read_openpose(write_openpose(tmp_path, [(0, clip)], parts=sizes))
    np.testing.assert_array_equal(data.X[0], expected(clip))
    assert data.skeleton.root == root
    assert len(data.skeleton.edges) == n_edges
    if n_body == 18:
        assert data.skeleton.keypoints[8] == "RHip"
        assert data.skeleton.keypoints[14:18] == ("REye", "LEye", "REar", "LEar")


def test_a_part_that_is_empty_in_some_frames(tmp_path, parser):
    clip = points(6, 137, gaps=0)
    clip[2:5, 25:95] = 0
    people = [person(frame) for frame in clip]
    for i, one in enumerate(people):
        if i == 2:
            one["face_keypoints_2d"] = []
        if i == 3:
            one["face_keypoints_2d"] = None  # as some tools write it
        if i == 4:
            del one["face_keypoints_2d"]
        write_frame(tmp_path, i, [one])
    np.testing.assert_array_equal(read_openpose(tmp_path).X[0], expected(clip))


def test_keys_of_before_version_1_2(tmp_path, parser):
    clip = points(3, 137)
    for i, frame in enumerate(clip):
        write_frame(tmp_path, i, [person(frame, suffix="")])
    np.testing.assert_array_equal(read_openpose(tmp_path).X[0], expected(clip))


def test_frames_that_are_missing_or_empty_are_frames_with_nobody(tmp_path, parser):
    clip = points(7, 137)
    write_openpose(tmp_path, [(0, clip)])
    write_frame(tmp_path, 2, [])
    write_frame(tmp_path, 3, [person(np.zeros((137, 3)))])
    (tmp_path / "talk_000000000005_keypoints.json").unlink()
    clip[[2, 3, 5]] = 0
    np.testing.assert_array_equal(read_openpose(tmp_path).X[0], expected(clip))


def test_zeros_with_a_confidence_and_places_without_one_are_not_seen(tmp_path, parser):
    clip = points(2, 137, gaps=0)
    clip[0, 3] = 0, 0, 0.8
    clip[1, 4] = 100, 200, 0
    clip[1, 5, 2] = 1.04
    data = read_openpose(write_openpose(tmp_path, [(0, clip)]))
    assert np.isnan(data.X[0][0, 3, :2]).all()
    assert np.isnan(data.X[0][1, 4, :2]).all()
    assert data.X[0][0, 3, 2] == data.X[0][1, 4, 2] == 0
    assert data.X[0][1, 5, 2] == 1


def test_nan_as_c_prints_it_is_not_seen(tmp_path, parser):
    clip = points(2, 137, gaps=0)
    write_openpose(tmp_path, [(0, clip)])
    file = tmp_path / "talk_000000000001_keypoints.json"
    file.write_text(file.read_text().replace(f"[{clip[1, 0, 0]},", "[-nan,", 1))
    clip[1, 0] = 0
    np.testing.assert_array_equal(read_openpose(tmp_path).X[0], expected(clip))


def shuffled(folder, clips, seed):
    """Files in which the people of the clips stand in another order in every frame."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(seed)
    for frame in range(max(start + len(clip) for start, clip in clips)):
        there = [clip[frame - start] for start, clip in clips if 0 <= frame - start < len(clip)]
        write_frame(folder, frame, [person(there[i]) for i in rng.permutation(len(there))])
    return folder


def test_people_are_followed_whatever_their_order(tmp_path, parser):
    a, b, c = points(40, 137, 1), points(40, 137, 2), points(25, 137, 3)
    b[..., 0] += 600 * (b[..., 2] > 0)
    c[..., 0] += 1200 * (c[..., 2] > 0)
    b[10:20] = 0  # out of sight, and back where they were
    data = read_openpose(shuffled(tmp_path, [(0, a), (0, b), (12, c)], 0))
    assert data.first_frames.tolist() == [0, 0, 12]
    found = sorted(data.X, key=lambda clip: np.nanmean(clip[..., 0]))
    for clip, wanted in zip(found, (a, b, c), strict=True):
        np.testing.assert_array_equal(clip, expected(wanted))


def test_people_who_walk_far_stay_themselves(tmp_path, parser):
    a, b = points(60, 137, 1, gaps=0), points(60, 137, 2, gaps=0)
    a[..., 0] += 40 * np.arange(60)[:, None]
    b[..., 0] += 40 * np.arange(60)[:, None] + 900
    data = read_openpose(shuffled(tmp_path, [(0, a), (0, b)], 0))
    left, right = sorted(data.X, key=lambda clip: np.nanmean(clip[..., 0]))
    np.testing.assert_array_equal(left, expected(a))
    np.testing.assert_array_equal(right, expected(b))


def test_somebody_elsewhere_is_somebody_else(tmp_path, parser):
    a, b = points(5, 137, 1), points(5, 137, 2)
    b[..., 0] += 900 * (b[..., 2] > 0)
    data = read_openpose(write_openpose(tmp_path, [(0, a), (8, b)]))
    assert data.first_frames.tolist() == [0, 8]
    np.testing.assert_array_equal(data.X[1], expected(b))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5))
def test_following_does_not_depend_on_the_order_in_a_frame(seed, n_people):
    rng = np.random.default_rng(seed)
    here = rng.random((n_people, 20)) < 0.7
    here[:, 0] = True
    places = np.arange(n_people)[:, None, None, None] * [300.0, 0] + rng.normal(0, 50, (1, 1, 6, 2)) + np.cumsum(
        rng.normal(0, 3, (n_people, 20, 1, 2)), axis=1)
    places[rng.random(places.shape[:3]) < 0.3] = np.nan
    places[:, :, 0] = np.arange(n_people)[:, None, None] * [300.0, 0]  # one keypoint is always seen
    detections = [(frame, who) for frame in range(20) for who in rng.permutation(n_people) if here[who, frame]]
    frames, who = map(np.array, zip(*detections, strict=True))
    persons = follow(frames, np.stack([places[w, f] for f, w in detections]))
    assert len({(p, w) for p, w in zip(persons.tolist(), who.tolist(), strict=True)}) == n_people


def test_ghosts_and_passers_by(tmp_path):
    signer, ghost, passer = points(30, 137, 1), points(1, 137, 2), points(6, 137, 3)
    ghost[..., 0] += 900 * (ghost[..., 2] > 0)
    passer[..., 1] += 1500 * (passer[..., 2] > 0)
    write_openpose(tmp_path, [(8, ghost), (0, signer), (20, passer)])
    assert [len(clip) for clip in read_openpose(tmp_path).X] == [30, 1, 6]
    assert [len(clip) for clip in read_openpose(tmp_path, min_frames=2).X] == [30, 6]
    data = read_openpose(tmp_path, people=1)
    np.testing.assert_array_equal(data.X[0], expected(signer))
    with pytest.raises(FileFormatError, match="shows nobody in 31 frames or more"):
        read_openpose(tmp_path, min_frames=31)


def test_several_recordings_in_a_folder_or_in_folders(tmp_path):
    a, b = points(3, 137, 1), points(4, 137, 2)
    write_openpose(tmp_path / "one", [(0, a)], "hello")
    write_openpose(tmp_path / "one", [(0, b)], "bye")
    write_openpose(tmp_path / "two", [(0, b)], "two")
    assert read_openpose(tmp_path / "one").recordings.tolist() == ["bye", "hello"]
    assert read_openpose(tmp_path).recordings.tolist() == ["one/bye", "one/hello", "two"]
    (tmp_path / "one" / "notes.json").write_text("no frame")
    (tmp_path / "one" / "._hello_000000000000_keypoints.json").write_bytes(b"\0\5\26\7")
    assert len(read_openpose(tmp_path / "one").X) == 2
    file = tmp_path / "one" / "hello_000000000001_keypoints.json"
    assert read_openpose(file).first_frames.tolist() == [1]
    assert read_openpose(file.rename(tmp_path / "one" / "still.json")).recordings.tolist() == ["still"]


def test_names_of_pictures(tmp_path):
    frame = points(1, 137)[0]
    for name in ("cat", "IMG_7"):
        (tmp_path / f"{name}_keypoints.json").write_text(json.dumps({"people": [person(frame)]}))
    data = read_openpose(tmp_path)
    assert list(zip(data.recordings.tolist(), data.first_frames.tolist(), strict=True)) == [("IMG", 7), ("cat", 0)]


def test_scaled_keypoints_need_to_be_told(tmp_path):
    clip = points(3, 137, gaps=0)
    size = np.array([1401, 1201])
    for scale, scaled in ((3, clip[..., :2] / (size - 1)), (4, clip[..., :2] / (size - 1) * 2 - 1)):
        folder = tmp_path / str(scale)
        write_openpose(folder, [(0, np.concatenate([scaled, clip[..., 2:]], axis=2))])
        with pytest.raises(FileFormatError, match="say keypoint_scale=3 or 4"):
            read_openpose(folder)
        data = read_openpose(folder, keypoint_scale=scale, image_size=size)
        np.testing.assert_allclose(data.X[0], clip, atol=1e-3)
    pixels = write_openpose(tmp_path / "0", [(0, clip)])
    with pytest.raises(FileFormatError, match="with keypoint_scale=3 there are none beyond 1"):
        read_openpose(pixels, keypoint_scale=3, image_size=(1401, 1201))
    with pytest.raises(ValueError, match="needs image_size"):
        read_openpose(pixels, keypoint_scale=4)


def test_3d_keypoints_give_depth(tmp_path, parser):
    flat = points(70, 137)
    deep = in_space(flat)
    deep[5, 3] = 0
    for i, (xy, xyz) in enumerate(zip(flat, deep, strict=True)):
        one = person(xy) | {key: [] if i in (0, 7) else value for key, value in person(xyz, suffix="_3d").items()}
        write_frame(tmp_path, i, [one])
    deep[[0, 7]] = 0
    data = read_openpose(tmp_path)
    wanted = np.float32(np.where(deep[..., 3:] > 0, deep[..., :3], np.nan))
    np.testing.assert_array_equal(data.points[0], wanted)
    np.testing.assert_array_equal(data.y[0], wanted[..., 2])
    np.testing.assert_array_equal(data.X[0], expected(flat))


@pytest.mark.parametrize(("change", "problem"), [
    (lambda p: p["pose_keypoints_2d"].pop(), "pose_keypoints_2d has 74 numbers, expected 75"),
    (lambda p: p["hand_left_keypoints_2d"].extend([1, 2, 1]), "hand_left_keypoints_2d has 66 numbers, expected 63"),
    (lambda p: p.update(pose_keypoints_2d=[1, 2, 1] * 18), "pose_keypoints_2d has 54 numbers, expected 75"),
    (lambda p: p["pose_keypoints_2d"].__setitem__(14, 3), r"RWrist is .*, 3; expected finite"),
    (lambda p: p["pose_keypoints_2d"].__setitem__(2, -0.5), r"Nose is .*, -0.5; expected finite"),
    (lambda p: p["face_keypoints_2d"].__setitem__(0, 1e39), "face_jaw_0 is inf"),
    (lambda p: p.update(face_keypoints_2d={}), "expected a list of numbers, got dict"),
    (lambda p: p.update(fbce_keypoints_2d=p.pop("face_keypoints_2d")), "other keys than .*: 'fbce_keypoints_2d'")])
def test_a_wrong_frame_is_named(change, problem, tmp_path, parser):
    clip = points(4, 137, gaps=0)
    write_openpose(tmp_path, [(0, clip)])
    wrong = person(clip[2])
    change(wrong)
    file = write_frame(tmp_path, 2, [wrong])
    with pytest.raises(FileFormatError, match=problem) as caught:
        read_openpose(tmp_path)
    assert (caught.value.path, caught.value.frame) == (str(file), 2)


def test_wrong_folders(tmp_path):
    with pytest.raises(FileFormatError, match="holds no files named like"):
        read_openpose(tmp_path)
    with pytest.raises(FileFormatError, match="there is no such file or folder"):
        read_openpose(tmp_path / "nothing")
    write_openpose(tmp_path, [(0, points(2, 137))])
    shutil.copy(tmp_path / "talk_000000000001_keypoints.json", tmp_path / "talk_01_keypoints.json")
    with pytest.raises(FileFormatError, match="the same frame number as talk_000000000001_keypoints.json"):
        read_openpose(tmp_path)
    (tmp_path / "talk_01_keypoints.json").rename(tmp_path / "talk_999999999999_keypoints.json")
    with pytest.raises(FileFormatError, match="comes 999999999998 frames after the file before it"):
        read_openpose(tmp_path)


def test_nobody_anywhere(tmp_path):
    write_frame(tmp_path, 0, [])
    with pytest.raises(FileFormatError, match="shows nobody"):
        read_openpose(tmp_path)


def test_nia_gives_the_depth_of_its_camera(tmp_path, parser):
    flat = points(5, 137)
    deep = in_space(flat)
    turn = np.deg2rad(30)
    rotation = [[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]]
    camera = CAMERA | {"CameraMatrix": {"data": " ".join(f"{v:.9f}" for v in np.c_[rotation, [1, 2, 300]].ravel())}}
    write_nia(tmp_path, flat, deep, camera=camera)
    data = read_nia(tmp_path)
    np.testing.assert_array_equal(data.X[0], expected(flat))
    np.testing.assert_allclose(data.y[0], deep[..., :3] @ rotation[2] + 300, rtol=1e-5)
    assert (data.groups.tolist(), data.signs.tolist(), data.views.tolist()) == (["REAL03"], ["WORD0007"], ["F"])
    np.testing.assert_allclose(data.cameras[0]["K"][0], [2266.8, 1.1, 955.3])
    check_sequences(data.X, data.y, skeleton=data.skeleton)


def test_nia_follows_nobody_and_wants_no_camera(tmp_path):
    flat = points(4, 137)
    flat[2, :, 0] += 5000 * (flat[2, :, 2] > 0)  # a jump, and yet one person by definition
    deep = in_space(flat)
    data = read_nia(write_nia(tmp_path, flat, deep, name="other", camera=None))
    assert len(data.X) == 1
    assert data.cameras == [None]
    assert "groups" not in data
    np.testing.assert_array_equal(data.y[0], np.float32(deep[..., 2]))


@pytest.mark.parametrize(("camera", "problem"), [
    ({}, "camparam is not as expected"), ([], "camparam is not as expected"),
    (CAMERA | {"CameraMatrix": {"data": "1 0 0"}}, "camparam is not as expected"),
    (CAMERA | {"CameraMatrix": {"data": "1 0 0 0 0 2 0 0 0 0 1 0"}}, "does not begin with a rotation"),
    (CAMERA | {"CameraMatrix": {"data": "1 0 0 0 0 1 0 0 0 0 -1 0"}}, "does not begin with a rotation"),
    (CAMERA | {"Intrinsics": {"data": "nan " * 9}}, "numbers that are not finite")])
def test_a_wrong_camera_is_refused(camera, problem, tmp_path):
    flat = points(2, 137)
    for i, xy in enumerate(flat):
        write_frame(tmp_path, i, person(xy), camparam=camera)
    with pytest.raises(FileFormatError, match=problem):
        read_nia(tmp_path)


def test_a_camera_that_changes_is_refused(tmp_path, parser):
    flat = points(2, 137)
    write_nia(tmp_path, flat, in_space(flat), name="talk")
    write_frame(tmp_path, 1, person(flat[1]) | person(in_space(flat)[1], suffix="_3d"),
                camparam=CAMERA | {"Distortion": {"data": "9"}})
    with pytest.raises(FileFormatError, match="camparam differs"):
        read_nia(tmp_path)


def test_openpose_and_nia_tell_of_each_other(tmp_path):
    flat = points(2, 137)
    with pytest.raises(FileFormatError, match="read_nia reads them"):
        read_openpose(write_nia(tmp_path / "nia", flat, in_space(flat)))
    other = flat.copy()
    other[..., 0] += 900
    with pytest.raises(FileFormatError, match="read_openpose reads them"):
        read_nia(write_openpose(tmp_path / "openpose", [(0, flat), (0, other)]))
