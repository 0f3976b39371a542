import json
import os
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils import Bunch

from liftz.datasets import (
    FileFormatError,
    _panoptic_cache,
    load_panoptic,
    make_signing,
    panoptic_writer,
    write_panoptic,
)
from liftz.sequences import check_sequences
from liftz.skeletons import KINECT_20, PANOPTIC_131, PANOPTIC_138

BODY, FACE, HANDS = "hdPose3d_stage1_op25/body3DScene_", "hdFace3d/faceRecon3D_hd", "hdHand3d/handRecon3D_hd"
COCO = "hdPose3d_stage1_coco19/body3DScene_"
NECK, NOSE, HIP, LSHOULDER, LWRIST, RSHOULDER, RWRIST = 0, 1, 2, 3, 5, 9, 11
FRAMES = range(120, 126)

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(autouse=True)
def data_home(tmp_path_factory, monkeypatch):
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("LIFTZ_DATA", str(home))
    return home


# --- a tree as the studio writes it ----------------------------------------------------------------------------------

def person(at, frame=0, n_joints=26):
    """Body, face and hands in cm of somebody who stands at x = `at` and moves a little; faces are drawn at z + 5."""
    body = np.arange(n_joints * 3.0).reshape(-1, 3) / 10 + [at, -100, frame / 10]
    body[[NECK, NOSE, HIP, LSHOULDER, LWRIST, RSHOULDER, RWRIST], 1] = -140, -160, -90, -140, -110, -140, -110
    body[LWRIST, 0] += 30
    body[RWRIST, 0] -= 30
    face = body[NOSE] + np.linspace(-3, 3, 70)[:, None] + [0, 0, 5]
    return body, face, body[LWRIST] + np.linspace(0, 9, 21)[:, None], body[RWRIST] + np.linspace(0, 9, 21)[:, None]


def body_record(i, joints, confidence=0.8):
    values = np.column_stack([joints, np.full(len(joints), confidence)]).ravel().tolist()
    return {"id": i, f"joints{len(joints)}": values}


def landmarks(points, **changes):
    n = len(points)
    return {"landmarks": points.ravel().tolist(), "averageScore": [0.7] * n, "averageReproError": [1.5] * n,
            "visibility": [[1, 2]] * n, **changes}


def face_record(i, points, **changes):
    return {"id": i, "face70": landmarks(points, **changes)}


def hand_record(i, left=None, right=None, **changes):
    hands = {"left_hand": left, "right_hand": right}
    return {"id": i, **{key: landmarks(points, **{"validity": [1] * 21, **changes})
                        for key, points in hands.items() if points is not None}}


def put(folder, stem, frame, records):
    path = folder / f"{stem}{frame:08d}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(records, str):
        key = "bodies" if "body" in stem else "people"
        records = json.dumps({"version": 0.7, "univTime": 53541.542, "fpsType": "hd_29_97", key: records})
    path.write_text(records)
    return path


@pytest.fixture
def tree(tmp_path):
    """One recording of two persons, 0 at x = -60 and 1 at x = 60."""
    for frame in FRAMES:
        persons = {0: person(-60, frame), 1: person(60, frame)}
        put(tmp_path / "asl1", BODY, frame, [body_record(i, p[0]) for i, p in persons.items()])
        put(tmp_path / "asl1", FACE, frame, [face_record(i, p[1]) for i, p in persons.items()])
        put(tmp_path / "asl1", HANDS, frame, [hand_record(i, p[2], p[3]) for i, p in persons.items()])
    return tmp_path


def xyz(data, clip):
    return np.dstack([data.X[clip], data.y[clip]])


def expected(at, frames=FRAMES):
    """A clip of `person`, in the keypoint order of PANOPTIC_138."""
    people = [person(at, frame) for frame in frames]
    return np.float32([np.concatenate([face, left, right, body]) for body, face, left, right in people])


def load(tree, **options):
    return load_panoptic(tree, **{"cache": False, **options})


def test_a_clean_tree(tree):
    data = load(tree)
    np.testing.assert_array_equal(xyz(data, 0), expected(-60))
    np.testing.assert_array_equal(xyz(data, 1), expected(60))
    assert data.recordings.tolist() == data.groups.tolist() == ["asl1", "asl1"]
    assert data.persons.tolist() == [0, 1]
    assert data.first_frames.tolist() == [120, 120]
    assert (data.skeleton, data.units, data.y_up) == (PANOPTIC_138, "cm", False)
    assert data.fps == pytest.approx(29.97, abs=1e-3)
    check_sequences(data.X, data.y, skeleton=data.skeleton)


# --- what goes wrong in real trees, and is read right ----------------------------------------------------------------

def test_blank_frames_trim_at_the_ends_and_are_nan_inside(tree):
    folder = tree / "asl1"
    put(folder, BODY, 118, [])
    put(folder, BODY, 119, [])
    put(folder, BODY, 120, [body_record(1, person(60, 120)[0])])
    put(folder, BODY, 123, [])
    (folder / f"{BODY}00000124.json").unlink()
    put(folder, FACE, 120, [])
    (folder / f"{HANDS}00000125.json").unlink()
    data = load(tree)
    assert data.first_frames.tolist() == [121, 120]
    one = expected(60)
    one[0, :70] = one[3:5] = one[5, 70:112] = np.nan
    np.testing.assert_array_equal(xyz(data, 1), one)
    np.testing.assert_array_equal(xyz(data, 0), np.where(np.isnan(one[1:]), np.nan, expected(-60)[1:]))


def test_files_are_joined_on_the_frame_number(tree):
    folder = tree / "asl1"
    for frame in (120, 121):
        (folder / f"{FACE}{frame:08d}.json").unlink()
    for frame in (90, 91, 300):
        put(folder, HANDS, frame, [hand_record(0, person(-60)[2])])
    zero = expected(-60)
    zero[:2, :70] = np.nan
    np.testing.assert_array_equal(xyz(load(tree), 0), zero)


def test_ids_as_they_come(tree):
    folder = tree / "asl1"
    for frame in FRAMES:
        bodies = ((7, 60), (-1, 0), (2, -60), (-1, 1))
        put(folder, BODY, frame, [body_record(i, person(at, frame)[0]) for i, at in bodies])
    data = load(tree)  # whose faces and hands still say 0 and 1
    assert data.persons.tolist() == [2, 7]
    np.testing.assert_array_equal(xyz(data, 0), expected(-60))
    np.testing.assert_array_equal(xyz(data, 1), expected(60))


def test_faces_and_hands_with_swapped_ids_go_to_the_nearest_body(tree):
    folder = tree / "asl1"
    for frame in (121, 124):
        zero, one = person(-60, frame), person(60, frame)
        put(folder, FACE, frame, [face_record(1, zero[1]), face_record(0, one[1]), face_record(-1, zero[1] + 1)])
        put(folder, HANDS, frame, [hand_record(1, zero[2], zero[3]), hand_record(0, one[2], one[3])])
    data = load(tree)
    np.testing.assert_array_equal(xyz(data, 0), expected(-60))
    np.testing.assert_array_equal(xyz(data, 1), expected(60))


def test_a_face_without_its_nose_goes_by_its_middle(tree):
    zero, one = person(-60, 122), person(60, 122)
    records = [face_record(1, zero[1]), face_record(0, one[1])]
    for record in records:
        record["face70"]["averageScore"][30] = 0
    put(tree / "asl1", FACE, 122, records)
    clip = expected(-60)
    clip[2, 30] = np.nan
    np.testing.assert_array_equal(xyz(load(tree), 0), clip)


def test_a_face_near_nobody_is_left_out(tree):
    put(tree / "asl1", FACE, 122, [face_record(0, person(-60, 122)[1] + 40)])
    clip = expected(-60)
    clip[2, :70] = np.nan
    np.testing.assert_array_equal(xyz(load(tree), 0), clip)


def test_a_hand_near_nobody_goes_by_its_id_with_a_warning(tree):
    zero, one = person(-60, 122), person(60, 122)
    put(tree / "asl1", HANDS, 122, [hand_record(1, one[2], one[3]), hand_record(0, zero[2] - 40, zero[3]),
                                    hand_record(5, zero[2] - 50)])
    clip = expected(-60)
    clip[2, 70:91] -= 40
    with pytest.warns(UserWarning, match="left hands were taken by their ids .* 1 times, first in frame 122"):
        data = load(tree)
    np.testing.assert_allclose(xyz(data, 0), clip, atol=1e-4)
    np.testing.assert_array_equal(xyz(data, 1), expected(60))


def test_an_empty_face_is_no_face(tree):
    zero = person(-60, 122)
    empty = face_record(1, zero[1], averageScore=[0] * 70)
    put(tree / "asl1", FACE, 122, [{"id": 0}, empty, {"id": 1, "face_coco": {}}])
    clip = expected(-60)
    clip[2, :70] = np.nan
    np.testing.assert_array_equal(xyz(load(tree), 0), clip)


def test_ids_decide_where_there_is_no_wrist_to_measure_from(tree):
    zero, one = person(-60, 122), person(60, 122)
    joints = body_record(0, zero[0])
    joints["joints26"][4 * LWRIST + 3] = -1
    put(tree / "asl1", BODY, 122, [joints, body_record(1, one[0])])
    clip = expected(-60)
    clip[2, 112 + LWRIST] = np.nan
    np.testing.assert_array_equal(xyz(load(tree), 0), clip)


@pytest.mark.parametrize("frame", [121, 123])
def test_ids_that_exchange_places_are_mended_with_a_warning(tree, frame):
    for f in range(frame, 126):
        put(tree / "asl1", BODY, f, [body_record(1, person(-60, f)[0]), body_record(0, person(60, f)[0])])
    with pytest.warns(UserWarning, match=rf"asl1: ids exchange places 1 times, first 0 and 1 in frame {frame}"):
        data = load(tree)
    np.testing.assert_array_equal(xyz(data, 0), expected(-60))
    np.testing.assert_array_equal(xyz(data, 1), expected(60))


def test_what_goes_by_its_id_follows_an_exchange(tree):
    for f in range(123, 126):
        zero, one = person(-60, f), person(60, f)
        bodies = [body_record(1, zero[0]), body_record(0, one[0])]
        for body in bodies:
            body["joints26"][4 * LWRIST + 3] = 0
        put(tree / "asl1", BODY, f, bodies)
        put(tree / "asl1", HANDS, f, [hand_record(1, zero[2], zero[3]), hand_record(0, one[2], one[3])])
    with pytest.warns(UserWarning, match="exchange"):
        data = load(tree)
    clip = expected(-60)
    clip[3:, 112 + LWRIST] = np.nan
    np.testing.assert_array_equal(xyz(data, 0), clip)


def test_a_walk_past_each_other_is_no_exchange(tree):
    at = np.linspace(-60, 60, 6)
    for f, a in zip(FRAMES, at, strict=True):
        put(tree / "asl1", BODY, f, [body_record(0, person(a, f)[0]), body_record(1, person(-a, f)[0])])
        put(tree / "asl1", HANDS, f, [])
    hip = load(tree).X[0][:, 112 + HIP, 0]
    np.testing.assert_allclose(hip - hip[0], at + 60, atol=1e-4)


def test_missing_hands(tree):
    for frame in FRAMES:
        zero = person(-60, frame)
        put(tree / "asl1", HANDS, frame, [hand_record(0, right=zero[3]), {"id": 1}, {"id": 2, "left_hand": None}])
    data = load(tree)
    zero, one = expected(-60), expected(60)
    zero[:, 70:91] = one[:, 70:112] = np.nan
    np.testing.assert_array_equal(xyz(data, 0), zero)
    np.testing.assert_array_equal(xyz(data, 1), one)


def test_what_counts_as_not_seen(tree):
    zero = person(-60, 122)
    joints = body_record(0, zero[0])
    j = joints["joints26"]
    j[83], j[87], j[91] = 0.1, 0, -1
    j[92:95] = 0, 0, 0
    put(tree / "asl1", BODY, 122, [joints])
    face = landmarks(zero[1])
    face["averageScore"][0], face["averageReproError"][1], face["landmarks"][6:9] = 0, 1e5, [0, 0, 0]
    put(tree / "asl1", FACE, 122, [{"id": 0, "face70": face}])
    hand = hand_record(0, zero[2], zero[3])
    hand["left_hand"]["validity"][5] = 0
    hand["right_hand"]["averageScore"] = [0.0005] * 21
    put(tree / "asl1", HANDS, 122, [hand])
    clip = expected(-60)
    clip[2, [0, 1, 2, 75, *range(91, 112), 132, 133, 134, 135]] = np.nan
    np.testing.assert_array_equal(xyz(load(tree), 0), clip)
    more = load(tree, min_confidence=0.05)
    assert np.isnan(more.y[0][2, 112:]).nonzero()[0].tolist() == [21, 22, 23]


@pytest.mark.parametrize("token", ["nan", "-nan", "NaN", "inf", "-inf", "Infinity", "-nan(ind)", "1e999", "1e39"])
def test_bare_tokens_of_cpp(tree, token):
    path = tree / "asl1" / f"{FACE}00000122.json"
    scene = json.loads(path.read_text())
    scene["people"][0]["face70"]["landmarks"][30:33] = ["TOKEN"] * 3
    path.write_text(json.dumps(scene).replace('"TOKEN"', token))
    clip = expected(-60)
    clip[2, 10] = np.nan
    np.testing.assert_array_equal(xyz(load(tree), 0), clip)


def test_foreign_files_are_nobodys(tree):
    folder = tree / "asl1"
    for name in ("hdHand3d/lrSwitchedFrames.txt", "hdFace3d/._faceRecon3D_hd00000120.json", "hdHand3d/.DS_Store",
                 f"{BODY}00000120.json~", f"{BODY}120.json", f"{BODY}00000120 (1).json", "calibration_asl1.json"):
        (folder / name).write_text("{not json")
    (tree / "hdVideos").mkdir()
    (tree / "notes.txt").write_text("")
    np.testing.assert_array_equal(xyz(load(tree), 0), expected(-60))


def test_blank_files_are_read_as_nobody_with_a_warning(tree):
    put(tree / "asl1", FACE, 120, "")
    put(tree / "asl1", FACE, 121, " \n")
    with pytest.warns(UserWarning, match="2 blank files.*faceRecon3D_hd00000120.json"):
        data = load(tree)
    assert np.isnan(data.y[0][:2, :70]).all()
    assert np.isfinite(data.y[0][2:]).all()


def test_a_recording_without_faces_warns(tree):
    shutil.rmtree(tree / "asl1" / "hdFace3d")
    with pytest.warns(UserWarning, match="there is no hdFace3d"):
        data = load(tree)
    assert np.isnan(data.y[0][:, :70]).all()
    assert np.isfinite(data.y[0][:, 70:]).all()


def test_passers_by_can_be_left_out(tree):
    put(tree / "asl1", BODY, 122, [body_record(i, person(at, 122)[0]) for i, at in ((0, -60), (1, 60), (5, 400))])
    assert load(tree).persons.tolist() == [0, 1, 5]
    assert load(tree, min_frames=2).persons.tolist() == [0, 1]
    with pytest.raises(FileFormatError, match="seen in at least 7 frames"):
        load(tree, min_frames=7)


def test_a_ghost_of_whom_nothing_was_seen_is_nobody(tree):
    put(tree / "asl1", BODY, 122, [*(body_record(i, person(at, 122)[0]) for i, at in ((0, -60), (1, 60))),
                                   body_record(3, np.zeros((26, 3)), confidence=-1)])
    assert load(tree, min_frames=0).persons.tolist() == [0, 1]


def test_19_joints(tree):
    for frame in FRAMES:
        put(tree / "asl2", COCO, frame, [body_record(4, person(9, frame, 19)[0])])
        put(tree / "asl2", FACE, frame, [face_record(4, person(9, frame)[1])])
        put(tree / "asl2", HANDS, frame, [])
    both = load(tree)
    assert both.skeleton == PANOPTIC_131
    assert both.persons.tolist() == [0, 1, 4]
    np.testing.assert_array_equal(xyz(both, 0), expected(-60)[:, :131])
    assert load(tree, recordings="asl1").skeleton == PANOPTIC_138
    assert load(tree, recordings=["asl2"]).skeleton == PANOPTIC_131
    with pytest.raises(FileFormatError, match="asl2: has no files body3DScene_.* in hdPose3d_stage1_op25$"):
        load(tree, body="joints26")


# --- what is refused -------------------------------------------------------------------------------------------------

def spoilt(**changes):
    return [{**body_record(0, person(-60)[0]), **changes}]


@pytest.mark.parametrize(("stem", "records", "problem"), [
    (BODY, '{"version":0.7,"bodies":[{"id":0,"joints26":[1.0,2.', "is cut off or no JSON"),
    (BODY, "[" * 100_000, "is cut off or no JSON"),
    (BODY, '{"bodies":[{"id":' + "9" * 5000 + "}]}", "is cut off or no JSON"),
    (BODY, "[]", "expected a list of 'bodies'"),
    (BODY, '{"people":[]}', "expected a list of 'bodies'"),
    (BODY, '{"bodies":{}}', "expected a list of 'bodies'"),
    (BODY, [3], r"bodies\[0\]: expected a record"),
    (BODY, spoilt(id="0"), r"bodies\[0\]: expected a record with a whole number as its 'id'"),
    (BODY, spoilt(id=True), "whole number"),
    (BODY, [{"id": 0, "joints19": []}], "expected 'joints26', found 'id', 'joints19'"),
    (BODY, spoilt(joints26=[1.0] * 103), r"'joints26': expected 104 numbers, got float64 of shape \(103,\)"),
    (BODY, spoilt(joints26=["1"] * 104), "'joints26': expected 104 numbers"),
    (BODY, spoilt(joints26=[None] + [1.0] * 103), "'joints26': expected 104 numbers"),
    (BODY, spoilt(joints26=[[1.0]] + [1.0] * 103), "'joints26': expected 104 numbers"),
    (BODY, spoilt(joints26=[10 ** 400] + [1.0] * 103), "'joints26': expected 104 numbers"),
    (BODY, spoilt() + spoilt(), r"the body ids \[0, 0\] are not unique"),
    (FACE, [{"id": 0, "face70": {"landmarks": [1.0] * 209}}], r"people\[0\]: 'landmarks': expected 210 numbers"),
    (FACE, [{"id": 0, "face70": {}}], "expected 'landmarks', found nothing"),
    (FACE, [{"id": 0, "face70": []}], "'face70': expected a record with landmarks, got list"),
    (HANDS, [hand_record(0, np.ones((21, 3)), validity=[1] * 20)], "'validity': expected 21 numbers"),
])
def test_bad_files_are_refused_by_name_and_frame(tree, stem, records, problem):
    path = put(tree / "asl1", stem, 123, records)
    with pytest.raises(FileFormatError, match=problem) as caught:
        load(tree)
    assert caught.value.path == str(path)
    assert caught.value.frame == 123
    assert f"{path}, frame 123: " in str(caught.value)


def test_a_file_far_from_all_others_is_refused(tree):
    put(tree / "asl1", BODY, 99_999_999, [body_record(0, person(0)[0])])
    with pytest.raises(FileFormatError, match="body3DScene_99999999.json, frame 99999999: comes 99999874 frames after"):
        load(tree)


def test_no_recordings(tree):
    with pytest.raises(FileFormatError, match="no such folder"):
        load(tree / "nowhere")
    with pytest.raises(FileFormatError, match="holds no recordings"):
        load(tree / "asl1")
    with pytest.raises(ValueError, match="no recording 'asl9' in .*there are asl1"):
        load(tree, recordings=["asl9"])
    with pytest.raises(ValueError, match="recordings is empty"):
        load(tree, recordings=[])
    with pytest.raises(ValueError, match="body must be"):
        load(tree, body="joints15")
    for path in (tree / "asl1").rglob("body*"):
        path.unlink()
    with pytest.raises(FileFormatError, match="asl1: has no files body3DScene_"):
        load(tree)


@pytest.mark.parametrize("stem", [BODY, FACE, HANDS])
@given(data=st.data())
def test_truncation_anywhere_is_refused(tmp_path_factory, stem, data):
    root, path = small_tree(tmp_path_factory, stem)
    text = path.read_text()
    path.write_text(text[: data.draw(st.integers(1, len(text) - 1))])
    with pytest.raises(FileFormatError) as caught:
        load(root)
    assert caught.value.frame == 7


@pytest.mark.parametrize("stem", [BODY, FACE, HANDS])
@given(data=st.data())
def test_damage_is_refused_or_touches_one_value(tmp_path_factory, stem, data):
    root, path = small_tree(tmp_path_factory, stem)
    whole, content = xyz(load(root), 0), path.read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    path.write_bytes(content[:at] + bytes([data.draw(st.integers(0, 255))]) + content[at + 1:])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            clip = xyz(load(root), 0)
    except FileFormatError:
        return
    changed = (clip != whole) & ~np.isnan(clip)
    assert changed.sum() <= 1


def small_tree(factory, stem):
    root = factory.mktemp("tree")
    body, face, left, right = (points.round(2) for points in person(10, 7))
    paths = {BODY: put(root / "r", BODY, 7, [body_record(0, body)]),
             FACE: put(root / "r", FACE, 7, [face_record(0, face)]),
             HANDS: put(root / "r", HANDS, 7, [hand_record(0, left, right)])}
    return root, paths[stem]


# --- signers ---------------------------------------------------------------------------------------------------------

def test_a_manifest_says_who_signs_and_in_which_order(tree):
    (tree / "people.csv").write_text("recording,id,signer,note\nasl1,1,Ann,\nasl1,0,Bo,left-handed\nasl9,0,Cy,\n")
    data = load(tree, manifest=tree / "people.csv")
    assert data.groups.tolist() == ["Ann", "Bo"]
    assert data.persons.tolist() == [1, 0]
    (tree / "people.csv").rename(tree / "manifest.csv")
    assert load(tree).groups.tolist() == ["Ann", "Bo"]


def test_a_manifest_can_leave_people_out(tree):
    (tree / "manifest.csv").write_text("recording,id,signer\nasl1,0,\nasl1,1,Ann\n")
    assert load(tree).groups.tolist() == ["Ann"]


@pytest.mark.parametrize(("text", "problem"), [
    ("recording,person,signer\n", "the header has no 'id'"),
    ("", "the header has no 'recording'"),
    ("recording,id,signer\nasl1,0,Ann\n", "does not say who recording asl1, id 1 is; add asl1,1, to leave them out"),
    ("recording,id,signer\nasl1,0,Ann\nasl1,1,Bo\nasl1,2,Cy\n", "recording asl1 shows nobody with id 2"),
    ("recording,id,signer\nasl1,0,Ann\nasl1,0,Bo\n", "line 3: recording asl1, id 0 came before"),
    ("recording,id,signer\nasl1,zero,Ann\n", "line 2: expected .* got asl1,zero,Ann"),
    ("recording,id,signer\nasl1,0\n", "line 2: expected .* got asl1,0$"),
    ("recording,id,signer\nasl1\n", "line 2: expected .* got asl1$"),
    ('recording,id,signer\nasl1,0,"Ann\n', "is no CSV file"),
])
def test_bad_manifests(tree, text, problem):
    path = tree / "manifest.csv"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=problem) as caught:
        load(tree)
    assert caught.value.path == str(path)


def test_manifests_that_cannot_be_read(tree):
    (tree / "manifest.csv").write_bytes(b"recording,id,signer\nasl1,0,\xff\n")
    with pytest.raises(FileFormatError, match="is no CSV file in UTF-8"):
        load(tree)
    with pytest.raises(FileFormatError, match="cannot be read"):
        load(tree, manifest=tree / "none.csv")


# --- turning ---------------------------------------------------------------------------------------------------------

def test_turn(tree):
    straight, turned = xyz(load(tree), 0).astype(float), xyz(load(tree, turn=110), 0)
    c, s = np.cos(np.deg2rad(110)), np.sin(np.deg2rad(110))
    about_y = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    np.testing.assert_allclose(turned, straight @ about_y.T, rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(xyz(load(tree, turn=30), 0), xyz(load(tree, turn=390), 0), atol=1e-4)
    with pytest.raises(ValueError, match="turn must be"):
        load(tree, turn="back")
    with pytest.raises(ValueError, match="turn must be a number of degrees or 'front', got nan"):
        load(tree, turn=np.nan)


@pytest.mark.parametrize("degrees", [0, 65, 180, -110])
def test_turn_to_the_front(tmp_path, degrees):
    rng = np.random.default_rng(0)
    clip = rng.normal(size=(5, 138, 3))
    left, right, nose = (112 + i for i in (LSHOULDER, RSHOULDER, NOSE))
    clip[:, [left, right, nose]] = [[18, -140, 0], [-18, -140, 0], [0, -160, -10]]  # seen by a camera at -z
    a = np.deg2rad(degrees)
    clip = clip @ np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    write_panoptic(bunch([clip]), tmp_path)
    data = load(tmp_path, turn="front")
    np.testing.assert_allclose(xyz(data, 0)[:, [left, right, nose]],
                               np.broadcast_to([[18, -140, 0], [-18, -140, 0], [0, -160, -10]], (5, 3, 3)), atol=1e-4)


def test_turn_to_the_front_needs_shoulders(tree):
    for frame in FRAMES:
        joints = body_record(0, person(0, frame)[0])
        joints["joints26"][4 * LSHOULDER + 3] = 0
        put(tree / "asl1", BODY, frame, [joints])
        (tree / "asl1" / f"{HANDS}{frame:08d}.json").unlink()
        (tree / "asl1" / f"{FACE}{frame:08d}.json").unlink()
    with (pytest.warns(UserWarning, match="there is no hd"),
          pytest.raises(ValueError, match="recording asl1, person 0 cannot be turned to the front")):
        load(tree, turn="front")


# --- the cache -------------------------------------------------------------------------------------------------------

@pytest.fixture
def reads(monkeypatch):
    """How often a recording was read, with a cache that does not wait for files to settle."""
    monkeypatch.setattr(_panoptic_cache, "SETTLED", -1)
    count = []
    read = _panoptic_cache.read_recording
    monkeypatch.setattr(_panoptic_cache, "read_recording", lambda *args: count.append(args) or read(*args))
    return count


def test_cached_is_the_same(tree, reads):
    put(tree / "asl1", FACE, 120, "")
    loaded = []
    for _ in range(2):
        with pytest.warns(UserWarning, match="blank"):
            loaded.append(load_panoptic(tree, turn=20))
    assert len(reads) == 1
    for key in loaded[0]:
        for a, b in zip(*(np.atleast_1d(data[key]) for data in loaded), strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_cache_notices_every_change(tree, reads, data_home):
    load_panoptic(tree)
    for n, change in enumerate([lambda: put(tree / "asl1", FACE, 122, []),
                                lambda: put(tree / "asl1", FACE, 130, []),
                                lambda: (tree / "asl1" / f"{HANDS}00000125.json").unlink(),
                                lambda: os.utime(tree / "asl1" / f"{BODY}00000121.json", (1, 1)),
                                lambda: put(tree / "asl1", BODY, 121, [body_record(0, person(-60, 121)[0])])], start=2):
        change()
        fresh = load(tree)
        cached = load_panoptic(tree)
        assert len(reads) == n
        np.testing.assert_array_equal(xyz(cached, 0), xyz(fresh, 0))
    load_panoptic(tree, min_confidence=0.5)
    load_panoptic(tree, body="joints19")
    assert len(reads) == n + 2


def test_a_fresh_file_may_change_again_and_is_not_cached(tree, reads, data_home, monkeypatch):
    monkeypatch.setattr(_panoptic_cache, "SETTLED", 60)
    load_panoptic(tree)
    load_panoptic(tree)
    assert len(reads) == 2
    assert not list(data_home.rglob("*.liftz"))


def test_a_damaged_cache_is_read_again(tree, reads, data_home):
    whole = load_panoptic(tree)
    cached, = data_home.rglob("*.liftz")
    content = cached.read_bytes()
    rng = np.random.default_rng(0)
    for damaged in (b"", content[:40], content[:-1], *(content[:i] + bytes([content[i] ^ 1]) + content[i + 1:]
                                                      for i in rng.integers(0, len(content), 10))):
        cached.write_bytes(damaged)
        again = load_panoptic(tree)
        np.testing.assert_array_equal(xyz(again, 1), xyz(whole, 1))
        assert cached.read_bytes() == content
    assert len(reads) == 14


def test_an_interrupted_cache_leaves_nothing(tree, reads, data_home, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        load_panoptic(tree)
    assert list((data_home / "panoptic").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_said(tree, reads, data_home):
    (data_home / "file").write_text("in the way")
    with pytest.warns(UserWarning, match="asl1: could not be kept in the cache"):
        load_panoptic(tree, data_home=data_home / "file")


# --- writing ---------------------------------------------------------------------------------------------------------

def bunch(clips, **changes):
    n = len(clips)
    return Bunch(**{"X": [clip[..., :2] for clip in clips], "y": [clip[..., 2] for clip in clips],
                    "groups": [f"S{i}" for i in range(n)], "recordings": ["talk"] * n, "skeleton": PANOPTIC_138,
                    "units": "cm", "y_up": False, **changes})


def any_float32(rng, shape):
    """Numbers of every magnitude, with some NaN, zeros of both signs, and whole regions not seen."""
    values = rng.integers(0, 2**32, shape, dtype=np.uint32).view(np.float32).copy()
    values[~np.isfinite(values)] = 1
    kind = rng.integers(0, 12, shape)
    values[kind == 0], values[kind == 1], values[kind == 2] = np.nan, 0, -0.0
    for clip_frame in values[:-1]:
        clip_frame[slice(*rng.integers(0, shape[1], 2))] = rng.choice([np.nan, 0])
    return values


@given(seed=st.integers(0, 2**32 - 1), lengths=st.lists(st.integers(1, 3), min_size=1, max_size=4),
       n_joints=st.sampled_from([26, 19]))
def test_round_trip_is_exact(tmp_path_factory, seed, lengths, n_joints):
    rng, n = np.random.default_rng(seed), len(lengths)
    skeleton = PANOPTIC_138 if n_joints == 26 else PANOPTIC_131
    clips = [any_float32(rng, (length, len(skeleton), 3)) for length in lengths]
    there = bunch(clips, skeleton=skeleton, recordings=rng.permutation(["b", "a", "b", "c-1 x"])[:n],
                  first_frames=rng.integers(0, 9, n), persons=rng.permutation(4)[:n])
    root = tmp_path_factory.mktemp("round")
    back = load(write_panoptic(there, root))
    for key in ("X", "y"):
        for a, b in zip(there[key], back[key], strict=True):
            assert b.dtype == np.float32
            np.testing.assert_array_equal(a, b)
    for key in ("groups", "recordings", "persons", "first_frames"):
        assert list(back[key]) == list(there[key])
    assert back.skeleton == skeleton


def test_written_files_are_panoptics(tmp_path):
    clip = np.random.default_rng(0).normal(size=(2, 138, 3)).astype(np.float32)
    clip[1, [3, *range(70, 91), 129]] = np.nan
    clip[1, 130, 0] = np.nan
    write_panoptic(bunch([clip], first_frames=[120]), tmp_path)
    folder = tmp_path / "talk"
    assert sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.json")) == [
        f"{stem}0000012{i}.json" for stem in (FACE, HANDS, BODY) for i in (0, 1)]
    scenes = [json.loads((folder / f"{stem}00000121.json").read_text()) for stem in (BODY, FACE, HANDS)]
    body, = scenes[0]["bodies"]
    np.testing.assert_array_equal(np.float32(body["joints26"]).reshape(26, 4)[18:20, :3], clip[1, 130:132])
    assert body["joints26"][68:72] == [0, 0, 0, -1]
    assert scenes[0]["univTime"] == pytest.approx(121 * 1001 / 30)
    face = scenes[1]["people"][0]["face70"]
    lengths = {"landmarks": 210, "averageScore": 70, "averageReproError": 70, "validity": 70, "visibility": 70}
    assert {key: len(values) for key, values in face.items()} == lengths
    assert face["averageReproError"][2:5] == [0, 1e5, 0]
    hands, = scenes[2]["people"]
    assert set(hands) == {"id", "right_hand"}
    assert hands["right_hand"]["validity"] == [1] * 21
    assert (tmp_path / "manifest.csv").read_text() == "recording,id,signer\ntalk,0,S0\n"


def test_confidence_is_written_and_counts_when_read(tmp_path):
    clip = np.ones((1, 138, 4), np.float32)
    clip[0, :70, 3] = 0.0001
    clip[0, [112, 0], 3] = 0.05, 0
    clip[0, 75, [0, 1, 3]] = np.nan  # but its depth is known
    write_panoptic(bunch([clip], X=[clip[..., [0, 1, 3]]]), tmp_path)
    data = load(tmp_path)
    assert np.isnan(data.X[0][..., 0]).nonzero()[1].tolist() == [0, 75, 112]
    assert np.isnan(data.y[0]).nonzero()[1].tolist() == [0, 112]
    assert np.isnan(load(tmp_path, min_confidence=0.01).y[0]).nonzero()[1].tolist() == [0]


def test_a_second_data_set_joins_the_first(tmp_path):
    clip = np.ones((1, 138, 3))
    write_panoptic(bunch([clip]), tmp_path)
    write_panoptic(bunch([2 * clip], recordings=["later"], groups=["Ann, the 2nd"]), tmp_path)
    data = load(tmp_path)
    assert data.recordings.tolist() == ["talk", "later"]
    assert data.groups.tolist() == ["S0", "Ann, the 2nd"]


def test_nothing_is_overwritten(tmp_path):
    clip = np.ones((1, 138, 3))
    (tmp_path / "talk").mkdir()
    write_panoptic(bunch([clip]), tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    with pytest.raises(FileExistsError, match="talk is there already"):
        write_panoptic(bunch([clip, clip], recordings=["new", "talk"]), tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_an_interrupted_recording_is_not_there(tmp_path, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(panoptic_writer, "_landmarks", fail)
    with pytest.raises(KeyboardInterrupt):
        write_panoptic(bunch([np.ones((1, 138, 3))]), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.csv"]


@pytest.mark.parametrize(("changes", "problem"), [
    ({"units": "mm"}, "got units 'mm' and y_up=False"),
    ({"y_up": True}, "y_up=True"),
    ({"skeleton": KINECT_20}, "only keypoints of PANOPTIC_138 or PANOPTIC_131 .* got KINECT_20"),
    ({"skeleton": PANOPTIC_131}, "X: clip 0 has 138 keypoints, expected 131"),
    ({"y": [np.ones((2, 138))] * 2}, "clip 0: X has 1 frames, y has 2"),
    ({"groups": ["a"]}, "X has 2 clips, groups has 1"),
    ({"groups": ["a", ""]}, "a signer; got id 1"),
    ({"persons": [4, 4]}, "ids of its own"),
    ({"persons": [0, -1]}, "got id -1"),
    ({"first_frames": [0, -5]}, "first frame -5"),
    ({"recordings": ["a", "A"]}, "upper and lower case"),
    *(({"recordings": [name, "a"]}, "cannot be the name of a folder")
      for name in ("", "..", "a/b", "a\\b", "c:", "a.", " a", "nul", "COM1", "aux.txt", "Manifest.csv", "a" * 201)),
    ({"first_frames": [100_000_000] * 2}, "ends in frame 100000000"),
    ({"groups": ["a", "b\rc"]}, "a carriage return"),
    ({"X": [np.full((1, 138, 2), np.inf)] * 2}, "X: clip 0, frame 0, keypoint face_jaw_0: inf"),
])
def test_what_cannot_be_written(tmp_path, changes, problem):
    with pytest.raises(ValueError, match=problem):
        write_panoptic(bunch([np.ones((1, 138, 3))] * 2, **changes), tmp_path / "new")
    assert not Path(tmp_path / "new").exists()
    with pytest.raises(ValueError, match="the data has no 'X'"):
        write_panoptic(Bunch(), tmp_path / "new")


def test_a_recording_that_would_be_mostly_empty_files_is_not_written(tmp_path):
    data = make_signing(n_signers=2, n_clips=1, n_frames=3, recordings={"talk": (1, 2)})
    with pytest.raises(ValueError, match="nobody is there from frame 3 to 50000"):
        write_panoptic(Bunch(**(data | {"first_frames": [0, 50_000]})), tmp_path)
    assert not list(tmp_path.iterdir())
