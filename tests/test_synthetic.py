import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, LeaveOneGroupOut

from liftz.datasets import make_signing
from liftz.datasets._face import AVERAGE
from liftz.datasets._kinematics import two_bones
from liftz.datasets._signer import AHEAD, ELBOW_FLEXION
from liftz.skeletons import PANOPTIC_138


def points(data, clip):
    return np.dstack([data.X[clip], data.y[clip]])


def at(clip, keypoint):
    return clip[:, PANOPTIC_138.index(keypoint)]


def lengths(clip, pairs):
    a, b = PANOPTIC_138.indices(p[0] for p in pairs), PANOPTIC_138.indices(p[1] for p in pairs)
    return np.linalg.norm(clip[:, a].astype(float) - clip[:, b], axis=2)


def bend(clip, start, middle, end):
    """How far the joint is from straight, in degrees."""
    u, v = at(clip, middle) - at(clip, start), at(clip, end) - at(clip, middle)
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(u, v), axis=1), np.sum(u * v, axis=1)))


RIGID = [edge for edge in PANOPTIC_138.edges  # heads turn on necks, and faces speak
         if not edge[0].startswith("face_") and edge not in {("neck", "nose"), ("neck", "head_top")}]
SKULL = [("face_nose_tip", "left_ear"), ("left_ear", "right_ear"), ("face_right_eye_36", "face_left_eye_45"),
         ("head_top", "face_jaw_0")]


@pytest.fixture(scope="module")
def clean():
    return make_signing(n_signers=4, n_clips=5, missing=0, noise=0)


@pytest.fixture(scope="module")
def frontal():
    return make_signing(n_signers=4, n_clips=2, views=(0,), missing=0, noise=0)


def test_is_a_data_set():
    data = make_signing(n_signers=2, n_clips=3, n_frames=(50, 90))
    assert data.groups.tolist() == ["S1"] * 3 + ["S2"] * 3
    assert data.recordings.tolist()[:4] == [
        "synthetic_S1_01", "synthetic_S1_02", "synthetic_S1_03", "synthetic_S2_01"]
    assert (data.skeleton, data.fps, data.units, data.y_up) == (PANOPTIC_138, 29.97, "cm", False)
    assert set(data.views) <= {-60, -30, 0, 30, 60}
    assert not data.persons.any()
    for clip, depth in zip(data.X, data.y, strict=True):
        assert clip.dtype == depth.dtype == np.float32
        assert 50 <= len(clip) <= 90
        assert clip.shape == (len(depth), 138, 2)
        assert depth.shape == (len(clip), 138)


def test_one_seed_one_data_set():
    for a, b in zip(make_signing(2, 2).X, make_signing(2, 2).X, strict=True):
        np.testing.assert_array_equal(a, b)
    other = make_signing(2, 2, n_frames=40, random_state=1)
    assert not np.allclose(other.X[0], make_signing(2, 2, n_frames=40).X[0], atol=1, equal_nan=True)


def test_a_clip_of_one_frame_and_a_generator_for_a_seed():
    assert make_signing(1, 1, n_frames=1, random_state=np.random.RandomState(3)).X[0].shape == (1, 138, 2)


def test_a_clip_depends_on_seed_signer_and_its_number_alone():
    few, many = make_signing(2, 2), make_signing(3, 4)
    for i, name in enumerate(few.recordings):
        j = many.recordings.tolist().index(name)
        np.testing.assert_array_equal(few.X[i], many.X[j])
        np.testing.assert_array_equal(few.y[i], many.y[j])


def test_is_the_same_on_every_platform():
    clip = points(make_signing(1, 1, n_frames=30, missing=0), 0)
    np.testing.assert_allclose(clip[[0, 29], PANOPTIC_138.index("right_wrist")],
                               [[0.2528, 19.2838, 322.0649], [12.7656, -5.3720, 329.7373]], atol=1e-3)


def test_noise_and_gaps_are_laid_over_the_same_signing():
    clean, noisy = make_signing(1, 2, missing=0, noise=0), make_signing(1, 2, missing=0.1, noise=0.5)
    for i in range(2):
        off = points(noisy, i) - points(clean, i)
        assert np.nanstd(off) == pytest.approx(0.5, rel=0.05)
        assert np.nanmax(np.abs(off)) < 4


def test_bones_keep_their_length(clean):
    for signer in np.unique(clean.groups):
        clips = np.concatenate([points(clean, i) for i in np.flatnonzero(clean.groups == signer)])
        spread = np.ptp(lengths(clips, RIGID + SKULL), axis=0)
        assert spread.max() < 1e-3, (RIGID + SKULL)[spread.argmax()]


def test_people_differ(clean):
    bones = [("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"), ("left_shoulder", "right_shoulder"),
             ("neck", "mid_hip")]
    people = [lengths(points(clean, clean.groups.tolist().index(s))[:1], bones)[0] for s in np.unique(clean.groups)]
    assert np.std(people, axis=0).min() > 0.3
    assert np.all(np.abs(np.mean(people, axis=0) - [28.6, 26.3, 35, 52]) < 4)


def test_joints_keep_to_their_range(clean):
    for i in range(len(clean.X)):
        clip = points(clean, i)
        for side in ("left", "right"):
            elbow = bend(clip, f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist")
            assert elbow.min() > 11.9
            assert elbow.max() < 145.1
            assert bend(clip, f"{side}_hip", f"{side}_knee", f"{side}_ankle").max() < 60
            assert bend(clip, f"{side}_elbow", f"{side}_wrist", f"{side}_hand_middle_mcp").max() < 85
            assert bend(clip, f"{side}_hand_index_mcp", f"{side}_hand_index_pip", f"{side}_hand_index_dip").max() < 111


def test_parts_are_attached(clean):
    for i in range(len(clean.X)):
        clip = points(clean, i)
        for side, jaw in (("left", "face_jaw_16"), ("right", "face_jaw_0")):
            np.testing.assert_array_equal(at(clip, f"{side}_wrist"), at(clip, f"{side}_hand_wrist"))
            assert lengths(clip, [(f"{side}_eye", f"face_{side}_pupil")]).max() < 1
            assert lengths(clip, [(f"{side}_ear", jaw)]).max() < 2
        assert lengths(clip, [("nose", "face_nose_tip")]).max() < 1


def test_left_is_to_the_right_of_the_picture_and_the_nose_in_front(frontal):
    pairs = [(a, b) for a, b in PANOPTIC_138.pairs if "hand" not in a and "wrist" not in a and "elbow" not in a]
    left, right = PANOPTIC_138.indices(a for a, _ in pairs), PANOPTIC_138.indices(b for _, b in pairs)
    for i in range(len(frontal.X)):
        clip = points(frontal, i).mean(axis=0)
        assert np.all(clip[left, 0] > clip[right, 0])
        x, y, z = np.moveaxis(clip, -1, 0)
        k = PANOPTIC_138.index
        assert y[k("head_top")] < y[k("nose")] < y[k("face_jaw_8")] < y[k("neck")] < y[k("mid_hip")] < y[k("left_knee")]
        assert z[k("face_nose_tip")] < z[k("face_outer_lip_48")] < z[k("left_ear")]
        assert z[k("left_big_toe")] < z[k("left_heel")]
        assert 200 < z[k("mid_hip")] < 400


@pytest.mark.parametrize("side", ["left", "right"])
def test_hands_are_the_right_way_round(frontal, side):
    """Seen onto the palm of a left hand, the thumb is on the left; curled fingers lie on the palm's side."""
    for i in range(len(frontal.X)):
        clip = points(frontal, i).astype(float)
        wrist, index, little = (at(clip, f"{side}_hand_{k}") for k in ("wrist", "index_mcp", "pinky_mcp"))
        palm = np.cross(index - wrist, little - wrist) * (-1 if side == "left" else 1)
        curl = at(clip, f"{side}_hand_middle_tip") - at(clip, f"{side}_hand_middle_mcp")
        bent = bend(clip, f"{side}_hand_middle_mcp", f"{side}_hand_middle_pip", f"{side}_hand_middle_dip") > 15
        assert np.all(np.sum(palm * curl, axis=1)[bent] > 0)


@pytest.mark.parametrize("view", [-45, 45])
def test_a_positive_view_turns_to_the_own_left(view):
    data = make_signing(4, 1, views=(view,), missing=0)
    for i in range(4):
        clip = points(data, i).mean(axis=0)
        left, right, neck, nose = clip[PANOPTIC_138.indices(["left_shoulder", "right_shoulder", "neck", "nose"])]
        assert np.sign(left[2] - right[2]) == np.sign(view)
        assert np.sign(nose[0] - neck[0]) == np.sign(view)


def test_signers_sign(clean):
    wrists = PANOPTIC_138.indices(["left_wrist", "right_wrist"])
    steps = np.concatenate([np.linalg.norm(np.diff(points(clean, i)[:, wrists], axis=0), axis=2) for i in range(20)])
    assert steps.max() * clean.fps < 500, "cm/s"
    assert max(np.linalg.norm(np.diff(points(clean, i), axis=0), axis=2).max() for i in range(20)) * clean.fps < 800
    assert 15 < steps.mean() * clean.fps < 80, "cm/s"
    higher = np.concatenate([at(clip, "neck")[:, 1:] - clip[:, wrists, 1] for clip in clean.X])
    assert 0.05 < np.mean(higher > 0) < 0.5, "hands come up to the face, and do not stay there"
    assert np.mean(higher < -40) > 0.05, "hands rest"


def test_an_average_face_has_two_equal_halves_in_the_layout_of_the_skeleton():
    face = PANOPTIC_138.regions["face"]
    for left, right in PANOPTIC_138.pairs:
        if left in face:
            np.testing.assert_array_equal(AVERAGE[face.index(left)], AVERAGE[face.index(right)] * [-1, 1, 1])
    steps = [AVERAGE[face.index(a)] - AVERAGE[face.index(b)] for a, b in PANOPTIC_138.edges if a in face]
    assert np.linalg.norm(steps, axis=1).max() < 3.2, "lines of the face join neighbours"


def test_elbows_do_not_jump_wherever_in_front_an_arm_reaches():
    across, height = np.radians(np.arange(-90, 91, 10))[:, None], np.radians(np.arange(-90, 91, 1))
    target = 40 * np.stack(np.broadcast_arrays(np.sin(across) * np.cos(height), np.sin(height),
                                               -np.cos(across) * np.cos(height)), axis=-1)
    elbow, wrist = two_bones(np.zeros(3), target, (29, 26), AHEAD, np.array([0.6, 1, 0]), ELBOW_FLEXION)
    np.testing.assert_allclose(wrist, target)
    steps = [np.linalg.norm(np.diff(joint, axis=1), axis=2) for joint in (elbow, wrist)]
    assert np.max(steps[0] / steps[1]) < 2


def test_faces_speak(clean):
    gap = np.concatenate([lengths(points(clean, i), [("face_inner_lip_62", "face_inner_lip_66")]) for i in range(20)])
    assert gap.max() > 1
    assert gap.min() > 0


def test_hands_are_lost_whole_in_both_and_single_keypoints_in_x_alone():
    data = make_signing(4, 8, missing=0.1)
    hands = [PANOPTIC_138.region_indices(r) for r in ("left_hand", "right_hand")]
    rest = np.setdiff1d(np.arange(138), np.concatenate(hands))
    for clip, depth in zip(data.X, data.y, strict=True):
        assert np.isfinite(depth[:, rest]).all()
        for hand in hands:
            lost = np.isnan(depth[:, hand])
            assert np.array_equal(lost.any(axis=1), lost.all(axis=1))
            assert np.isnan(clip[:, hand][lost]).all()
    lost_hands = np.mean(np.concatenate([np.isnan(d[:, [h[0] for h in hands]]) for d in data.y]))
    lost_points = np.mean(np.concatenate([np.isnan(c[:, rest, 0]) for c in data.X]))
    assert 0.07 < lost_hands < 0.13
    assert 0.09 < lost_points < 0.11


def test_recordings_of_two_people():
    data = make_signing(recordings={"talk": (1, 2), "story": (2,)}, missing=0)
    assert data.recordings.tolist() == ["talk", "talk", "story"]
    assert data.groups.tolist() == ["S1", "S2", "S2"]
    assert data.persons.tolist() == [0, 1, 0]
    assert len(data.X[0]) == len(data.X[1])
    assert np.min(at(data.X[1], "mid_hip")[:, 0] - at(data.X[0], "mid_hip")[:, 0]) > 60, "side by side"
    alone = make_signing(1, 1, missing=0)
    np.testing.assert_allclose(data.X[0] + [60, 0], alone.X[0], atol=1e-4)
    np.testing.assert_array_equal(data.y[0], alone.y[0])


@pytest.mark.parametrize(("arguments", "message"), [
    ({"n_signers": 0}, "at least one clip"), ({"n_clips": 0}, "at least one clip"),
    ({"recordings": {}}, "at least one clip"), ({"recordings": {"a": (0,)}}, "numbered from 1"),
    ({"n_frames": 0}, "n_frames"), ({"n_frames": (9, 5)}, "n_frames"), ({"missing": 1.0}, "below 1"),
    ({"noise": np.nan}, "noise must be"), ({"noise": -1}, "noise must be")])
def test_refuses_what_cannot_be_made(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_signing(**arguments)


def ridge_and_mean_pose(X, y, split):
    errors = []
    for train, test in split:
        model = Ridge(1e4).fit(np.vstack(X[train]), np.vstack(y[train]))
        truth = np.vstack(y[test])
        guesses = model.predict(np.vstack(X[test])), np.vstack(y[train]).mean(axis=0)
        errors.append([np.abs(guess - truth).mean() for guess in guesses])
    return np.mean(errors, axis=0)


@pytest.mark.parametrize("random_state", [0, 1])
def test_depth_can_be_learned_and_new_people_are_harder(random_state):
    data = make_signing(missing=0, random_state=random_state)
    root, body = PANOPTIC_138.root_indices()[0], PANOPTIC_138.region_indices("body")
    X, y, y_body = (np.empty(len(data.X), dtype=object) for _ in range(3))
    for i in range(len(X)):
        X[i] = (data.X[i] - data.X[i][:, [root]]).reshape(len(data.X[i]), -1)[::3]
        y[i] = (data.y[i] - data.y[i][:, [root]])[::3]
        y_body[i] = y[i][:, body]
    by_signer = list(LeaveOneGroupOut().split(X, groups=data.groups))
    at_random = list(KFold(5, shuffle=True, random_state=0).split(X))
    ridge, mean_pose = ridge_and_mean_pose(X, y, by_signer)
    assert 0.4 * mean_pose < ridge < 0.82 * mean_pose
    assert ridge > 1.08 * ridge_and_mean_pose(X, y, at_random)[0]
    ridge, mean_pose = ridge_and_mean_pose(X, y_body, by_signer)
    assert ridge < 0.5 * mean_pose
