import itertools
import json
import os
from pathlib import Path

import numpy as np
import pytest
from sklearn.utils import Bunch

from liftz import Skeleton
from liftz.compatibility import check_compatible, flip_y, resample, rescale, rotate_180, training_facts
from liftz.conversion import convert
from liftz.datasets import load_isl_kinect, make_signing, project
from liftz.skeletons import COCO_WHOLEBODY_133, KINECT_20, OPENPOSE_137, PANOPTIC_138

EVERY = int(os.environ.get("LIFTZ_EVERY", "40"))  # 40th of the clips, and some signers; 1 measures with all of them
REAL = Path(os.environ.get("LIFTZ_ISL_KINECT", Path(__file__).parents[2] / "shared/data/isl-kinect"))
DATA = make_signing(n_signers=4, n_clips=8, n_frames=(30, 50), random_state=0)
ABOUT = {"fps": DATA.fps, "units": "cm", "y_up": False, "image_size": (1920, 1080)}
FACTS = training_facts(DATA.X[:24], DATA.skeleton, **ABOUT)
NEW = Bunch(X=DATA.X[24:], skeleton=DATA.skeleton, **ABOUT)  # of a signer that is not in the facts


def changed(**changes):
    return Bunch(**{**NEW, **changes})


def test_a_new_signer_passes_and_facts_survive_json():
    facts = json.loads(json.dumps(FACTS, allow_nan=False))
    assert facts == FACTS
    assert len(json.dumps(facts)) < 60_000
    assert check_compatible(NEW, facts) == ()
    assert check_compatible(changed(fps=30), FACTS) == ()


@pytest.mark.parametrize(("changes", "problem"), [
    ({"skeleton": COCO_WHOLEBODY_133}, r"138 keypoints of PANOPTIC_138, these are 133 keypoints of "
     r"COCO_WHOLEBODY_133; .*convert\(X, COCO_WHOLEBODY_133, PANOPTIC_138\)"),
    ({"skeleton": KINECT_20}, r"convert\(X, KINECT_20, PANOPTIC_138\)"),
    ({"skeleton": Skeleton("mine", PANOPTIC_138.keypoints[::-1], root="mid_hip")}, "of PANOPTIC_138 in another order"),
    ({"fps": 25}, r"29.97 frames per second, these clips have 25; .*resample\(X, 25, 29.97\)"),
    ({"fps": 59.94}, "these clips have 59.94"),
    ({"units": "mm"}, "fitted on cm, these keypoints are in mm; multiply x and y by 0.1"),
    ({"keypoint_units": "px"}, "fitted on keypoints in cm, these are in px"),
    ({"y_up": True}, r"y grows down .* up in these; .*rotate_180\(X\) turns them, x with y"),
    ({"image_size": (1280, 720)}, r"1920 x 1080 px, these are 1280 x 720; .*rescale\(X, \(1280, 720\), \(1920"),
    ({"X": rescale(NEW.X, (1000, 1000), (1, 1))}, "0.00[0-9]* times the size"),
    ({"X": rescale(NEW.X, (1, 1), (10, 10))}, "times the size"),
    ({"X": flip_y(NEW.X)}, r"upside down; .*flip_y\(X\)"),
    ({"X": [clip[..., :2] * (-1, 1) for clip in NEW.X]}, "left and right are exchanged"),
    ({"X": [clip[..., :2] * (-1, -1) for clip in NEW.X]}, r"stands on its head; .*rotate_180\(X\) turns it"),
    ({"X": [clip[..., [1, 0]] * (-1, 1) for clip in NEW.X]}, "lies on its side: it is to be turned by 90 degrees"),
    ({"X": [clip[..., [1, 0]] * (1, -1) for clip in NEW.X]}, "lies on its side"),
    ({"X": [clip[..., [1, 0]] for clip in NEW.X]}, "x and y are exchanged"),
    ({"X": [*NEW.X[:3], NEW.X[3][..., :2] * (-1, 1), *NEW.X[4:]]}, "of PANOPTIC_138 in clip 3: left and right are ex"),
    ({"X": [np.roll(clip, 1, axis=1) for clip in NEW.X]}, "in another order"),
    ({"X": [clip[:, ::-1] for clip in NEW.X]}, "in another order"),
    ({"X": [clip[:, 7:] for clip in NEW.X]}, "131 keypoints, expected 138"),
])
def test_another_kind_is_refused_with_the_cure(changes, problem):
    with pytest.raises(ValueError, match=problem):
        check_compatible(changed(**changes), FACTS)


@pytest.mark.parametrize("i", range(len(NEW.X)))
def test_a_single_clip_is_enough_to_tell(i):
    """Of a model that has seen signers from the left, the front and the right."""
    clip = NEW.X[i][..., :2]
    assert check_compatible(changed(X=[clip]), FACTS) == ()
    for turned, problem in ((clip * (-1, 1), "left and right are exchanged"), (clip * (1, -1), "upside down"),
                            (clip[:, DATA.skeleton.exchanged()], "left and right are exchanged")):
        with pytest.raises(ValueError, match=problem):
            check_compatible(changed(X=[turned]), FACTS)


def test_blocks_in_another_order_are_refused():
    """Face, hands and body in OpenPose's order under Panoptic's names; the hands exchanged."""
    columns = DATA.skeleton.indices(DATA.skeleton.resolve(["body", "face", "left_hand", "right_hand"]))
    with pytest.raises(ValueError, match="in another order"):
        check_compatible(changed(X=[clip[:, columns] for clip in NEW.X]), FACTS)
    columns = DATA.skeleton.indices(DATA.skeleton.resolve(["face", "right_hand", "left_hand", "body"]))
    with pytest.raises(ValueError, match="the keypoints of left_hand and right_hand are exchanged"):
        check_compatible(changed(X=[clip[:, columns] for clip in NEW.X]), FACTS)


@pytest.mark.parametrize("pair", [("left_elbow", "right_wrist"), ("left_hand_index_tip", "face_jaw_8"),
                                  ("neck", "left_knee"), ("left_wrist", "right_hip")])
def test_two_exchanged_keypoints_are_named(pair):
    a, b = DATA.skeleton.indices(pair)
    for X in ([clip.copy() for clip in NEW.X], [NEW.X[0].copy()]):
        for clip in X:
            clip[:, [a, b]] = clip[:, [b, a]]
        with pytest.raises(ValueError, match="would do so better with") as caught:
            check_compatible(changed(X=X), FACTS)
        assert all(name in str(caught.value) for name in pair)


def test_a_body_that_somebody_drew_is_let_in_with_a_note():
    facts = training_facts(convert(DATA.X[:24], PANOPTIC_138, OPENPOSE_137), OPENPOSE_137)
    told = []
    for seed in range(4):
        clip = drawn(np.random.default_rng(seed))
        told += check_compatible(Bunch(X=[clip], skeleton=OPENPOSE_137), facts)
        for turned in (clip * (-1, 1), clip * (1, -1), clip[:, OPENPOSE_137.exchanged()], clip[:, ::-1]):
            with pytest.raises(ValueError, match="do not draw the body"):
                check_compatible(Bunch(X=[turned], skeleton=OPENPOSE_137), facts)
    assert told
    assert all("measures of the body are far from those of training; farthest, " in note for note in told)


def drawn(rng):
    """A signer as somebody draws one with a few lines of code, 20 frames of OPENPOSE_137."""
    body = {"MidHip": (0, 0), "Neck": (0, 50), "Nose": (0, 67)}
    for side, x in (("L", 1), ("R", -1)):
        body |= {f"{side}{joint}": (x * along, up) for joint, along, up in (
            ("Shoulder", 20, 50), ("Elbow", 27, 25), ("Wrist", rng.uniform(5, 25), rng.uniform(15, 45)), ("Hip", 11, 0),
            ("Knee", 12, -42), ("Ankle", 12, -84), ("BigToe", 15, -90), ("SmallToe", 18, -89), ("Heel", 12, -87),
            ("Eye", 3, 70), ("Ear", 8, 68))}
    places = {name: np.array(place) + rng.normal(0, 1, 2) for name, place in body.items()}
    around, across = np.linspace(0, 2 * np.pi, 12, endpoint=False), np.linspace(-0.8, -0.2, 5)
    ring = np.stack([-np.cos(around), np.sin(around)], axis=1)
    lip, eye = ring * (0.35, 0.15), ring[::2] * (0.18, 0.08)
    jaw = np.linspace(-1, 1, 17)
    face = [np.stack([0.9 * jaw, 1.3 * jaw ** 2 - 1.3], axis=1),
            *(np.stack([x, np.full(5, 0.4)], axis=1) for x in (across, -across[::-1])),
            np.stack([np.zeros(4), np.linspace(0.2, -0.25, 4)], axis=1),
            np.stack([np.linspace(-0.2, 0.2, 5), np.full(5, -0.35)], axis=1), eye + (-0.45, 0.2), eye + (0.45, 0.2),
            lip + (0, -0.7), 0.7 * np.delete(lip, [1, 5, 7, 11], axis=0) + (0, -0.7), [(-0.45, 0.2), (0.45, 0.2)]]
    points = np.zeros((137, 2))
    points[OPENPOSE_137.indices(places)] = list(places.values())
    points[OPENPOSE_137.region_indices("face")] = rng.uniform(8, 11) * np.concatenate(face) + (0, 66)
    for side, x in (("left", 1), ("right", -1)):
        fingers = x * (np.repeat(np.linspace(-0.7, 0.7, 5), 4) + rng.uniform(-0.5, 0.5))
        along = np.tile([0.4, 0.6, 0.8, 1], 5) * rng.uniform(8, 14)
        hand = np.stack([np.sin(fingers) * along, np.cos(fingers) * along], axis=1)
        points[OPENPOSE_137.region_indices(f"{side}_hand")] = places[f"{side[0].upper()}Wrist"] + np.r_[[(0, 0)], hand]
    points += rng.normal(0, 0.2, points.shape)
    return np.tile(points * (1, -1), (20, 1, 1)) + rng.normal(0, 0.3, (20, 1, 2))


@pytest.mark.parametrize("name", ["left_big_toe", "face_inner_lip_63", "left_hand_ring_tip"])
def test_a_keypoint_out_of_place_is_no_reason_to_refuse(name):
    X = [clip.copy() for clip in NEW.X[:2]]
    for clip in X:
        clip[:, DATA.skeleton.index(name)] += 12
    notes = check_compatible(changed(X=X), FACTS)
    assert any(name in note for note in notes)


def test_a_selfie_of_views_that_training_lacks_is_told():
    """Picture and names mirrored: another person, as far as anyone can tell, unless all of training is on one side."""
    one_side = make_signing(n_signers=3, n_clips=8, n_frames=30, views=(60.0,), random_state=0)
    facts = training_facts(one_side.X, one_side.skeleton)
    X = make_signing(n_signers=1, n_clips=4, n_frames=30, views=(60.0,), random_state=5).X
    assert check_compatible(Bunch(X=X, skeleton=PANOPTIC_138), facts) == ()
    selfie = [clip[:, PANOPTIC_138.exchanged()] * (-1, 1) for clip in X]
    assert any("a selfie's" in note for note in check_compatible(Bunch(X=selfie, skeleton=PANOPTIC_138), facts))


def test_hands_alone_turn_every_way():
    hands = PANOPTIC_138.subset(["left_hand", "right_hand"])
    X = [clip[:, PANOPTIC_138.indices(hands.keypoints)] for clip in DATA.X]
    facts = training_facts(X[:24], hands)
    for clip in X[24:]:
        assert check_compatible(Bunch(X=[clip * (-1, 1)], skeleton=hands), facts) == ()


def test_what_is_not_seen_fits_no_better():
    """A signer stands oddly, and one side is out of the picture, in training as well or not."""
    right = DATA.skeleton.indices([name for _, name in DATA.skeleton.pairs])
    X = [clip.copy() for clip in DATA.X]
    for clip in X:
        clip[:, right] = np.nan
    for clip in X[24:]:
        clip[:, DATA.skeleton.index("left_elbow")] += (25, -25)
    for facts in (FACTS, training_facts(X[:24], DATA.skeleton)):
        for clip in X[24:]:
            notes = check_compatible(Bunch(X=[clip], skeleton=DATA.skeleton), facts)
            assert not any("mirrored" in note for note in notes)


def test_hands_never_seen_together_are_not_exchanged():
    left, right = (DATA.skeleton.region_indices(f"{side}_hand") for side in ("left", "right"))
    X = [clip.copy() for clip in NEW.X]
    for clip in X:
        clip[len(clip) // 2:, left] = clip[:len(clip) // 2, right] = np.nan
        clip[:, DATA.skeleton.index("left_hand_index_pip")] += 12
        check_compatible(changed(X=[clip]), FACTS)


def test_what_is_not_known_is_told_not_guessed():
    notes = check_compatible(Bunch(X=NEW.X, skeleton=NEW.skeleton, fps=None, y_up=False), FACTS)
    assert [note.split(" of ")[0] for note in notes] == ["units", "fps", "image_size"]
    bare = training_facts(DATA.X[:24], DATA.skeleton)
    assert [note.split(" is ")[0] for note in check_compatible(NEW, bare)] == [
        "units of the model", "y_up of the model", "fps of the model", "image_size of the model"]
    boneless = Skeleton("points", ["a", "b"], root="a")
    facts = training_facts([np.ones((3, 2, 2))], boneless)
    assert "no bones" in check_compatible(Bunch(X=[np.ones((3, 2, 2))], skeleton=boneless), facts)[0]


def test_half_a_body_is_a_body():
    """Pictures that end above the hips, one hand, no face: what is there is compared, and is right."""
    lost = ["mid_hip", "left_hip", "left_knee", "left_ankle", "right_hip", "right_knee", "right_ankle", "left_hand"]
    columns = DATA.skeleton.indices(DATA.skeleton.resolve([*lost, "face"]))
    X = [clip.copy() for clip in NEW.X]
    for clip in X:
        clip[:, columns] = np.nan
    assert check_compatible(changed(X=X), FACTS) == ()
    with pytest.raises(ValueError, match="do not draw"):
        check_compatible(changed(X=[np.roll(clip, 3, axis=1) for clip in X]), FACTS)
    elbow, wrist = DATA.skeleton.indices(["left_elbow", "left_wrist"])
    for clip in X:
        clip[:] = np.where(np.isin(np.arange(138), [elbow])[None, :, None], clip, np.nan)
    assert "no two keypoints" in check_compatible(changed(X=X), FACTS)[0]


def test_a_converted_skeleton_passes_where_it_is_the_same_body():
    facts = training_facts(convert(DATA.X[:24], PANOPTIC_138, OPENPOSE_137), OPENPOSE_137)
    X = convert(convert(NEW.X, PANOPTIC_138, COCO_WHOLEBODY_133), COCO_WHOLEBODY_133, OPENPOSE_137)  # by way of COCO
    notes = check_compatible(Bunch(X=X, skeleton=OPENPOSE_137.with_root("Neck")), facts)
    assert notes == ()


# --- cures ----------------------------------------------------------------------------------------------------------

def test_resampling_is_exact_on_straight_lines_and_knows_gaps():
    times = np.arange(50) / 25
    clip = np.stack([3 * times, 5 - times, np.linspace(0.2, 0.9, 50)], axis=-1)[:, None].repeat(2, axis=1)
    clip[20:23, 1, :2] = np.nan
    for fps in (30, 29.97, 12.5, 100, 25):
        new, = resample([clip], 25, fps)
        at = np.arange(len(new)) / fps
        assert at[-1] <= times[-1] + 1e-6
        assert at[-1] + 1 / fps > times[-1]
        np.testing.assert_allclose(new[:, 0, :2], np.stack([3 * at, 5 - at], axis=-1), rtol=1e-5, atol=1e-5)
        gone = np.isnan(new[:, 1, 0])
        np.testing.assert_array_equal(gone, (at > 19 / 25 + 1e-6) & (at < 23 / 25 - 1e-6))
        assert (new[gone, 1, 2] == 0).all()
    np.testing.assert_array_equal(resample([clip], 25, 25)[0][:, 0], clip.astype(np.float32)[:, 0])
    assert len(resample([clip[:1]], 25, 30)[0]) == 1


@pytest.mark.parametrize("fps", [(0, 30), (25, np.nan), (25, -1), (np.inf, 25)])
def test_impossible_frame_rates_are_refused(fps):
    with pytest.raises(ValueError, match="frames per second"):
        resample([np.zeros((3, 2, 2))], *fps)


def test_the_cures_cure():
    X = [clip[..., :2] for clip in resample(NEW.X, 30, 60)]
    assert check_compatible(changed(X=resample(X, 60, 30)), FACTS) == ()
    assert check_compatible(changed(X=flip_y(flip_y(X))), FACTS) == ()
    clip = np.ones((2, 3, 3))
    np.testing.assert_array_equal(flip_y([clip], height=100)[0], np.broadcast_to([1, 99, 1], (2, 3, 3)))
    np.testing.assert_allclose(rescale([clip], (1280, 720), (1920, 1080))[0], np.broadcast_to([1.5, 1.5, 1], (2, 3, 3)))
    np.testing.assert_allclose(rescale([clip], (640, 480), (1920, 1080))[0][0, 0, :2], 2.25)
    with pytest.raises(ValueError, match="widths and heights"):
        rescale([clip], (0, 480), (1920, 1080))


# --- real people ----------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def recordings():
    if not REAL.is_dir():
        pytest.skip("needs the recordings; set LIFTZ_ISL_KINECT to their folder")
    return load_isl_kinect(REAL, repetitions=None if EVERY == 1 else [1, 4, 7])  # a repetition of each view


def refused(clips, facts):
    try:
        check_compatible(Bunch(X=clips, skeleton=KINECT_20), facts)
    except ValueError:
        return True
    return False


@pytest.mark.parametrize("track", ["T1", "T2"])
def test_no_unseen_signer_is_refused(recordings, track):
    X = project(recordings, track)
    for signer in sorted(set(recordings.groups))[::1 if EVERY == 1 else 4]:
        facts = training_facts(X[recordings.groups != signer], KINECT_20)
        mine = X[recordings.groups == signer]
        assert not refused(mine, facts)
        assert not [i for i in range(0, len(mine), EVERY) if refused(mine[[i]], facts)]
        for order in (np.roll(np.arange(20), 1), np.arange(20)[::-1]):
            assert refused([clip[:, order] for clip in mine], facts)
            assert refused([mine[0][:, order]], facts)
        assert refused(flip_y(mine), facts)


def test_exchanged_joints_are_refused(recordings):
    caught = {}
    for signer in sorted(set(recordings.groups))[::1 if EVERY == 1 else 8]:
        facts = training_facts(recordings.X[recordings.groups != signer], KINECT_20)
        mine = recordings.X[recordings.groups == signer][::16]
        for a, b in list(itertools.combinations(range(20), 2))[::1 if EVERY == 1 else 3]:
            order = np.arange(20)
            order[[a, b]] = b, a
            caught.setdefault((a, b), []).append(refused([clip[:, order] for clip in mine], facts))
    share = np.mean(list(caught.values()))
    missed = [f"{KINECT_20.keypoints[a]}-{KINECT_20.keypoints[b]}" for (a, b), each in caught.items() if not all(each)]
    print(f"{100 * share:.1f} % of {len(caught)} exchanges caught; not always: {', '.join(missed)}")
    assert share > 0.95


def test_what_a_sensor_sees_comes_to_a_picture_by_half_a_turn():
    turned = rotate_180(NEW.X)
    up = FACTS | training_facts(turned, NEW.skeleton, fps=NEW.fps, units=NEW.units, y_up=True)
    up["image_size"] = FACTS["image_size"]
    with pytest.raises(ValueError, match=r"rotate_180\(X\) turns them"):
        check_compatible(NEW, up)
    assert check_compatible(changed(X=turned, y_up=True), up) == ()
    with pytest.raises(ValueError, match="left and right"):
        check_compatible(changed(X=flip_y(NEW.X), y_up=True), up)
