import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from liftz import RootCenterer, Skeleton
from liftz.conversion import SkeletonConverter, convert, correspondence
from liftz.datasets import make_signing
from liftz.skeletons import (
    COCO_WHOLEBODY_133,
    KINECT_20,
    MEDIAPIPE_HOLISTIC,
    OPENPOSE_137,
    PANOPTIC_131,
    PANOPTIC_138,
    PANOPTIC_COCO19,
)

ALL = [COCO_WHOLEBODY_133, KINECT_20, MEDIAPIPE_HOLISTIC, OPENPOSE_137, PANOPTIC_131, PANOPTIC_138, PANOPTIC_COCO19]
PAIRS = list(itertools.permutations(ALL, 2))


def names(skeletons):
    return "-".join(skeleton.name for skeleton in skeletons)


def clip_of(skeleton, n_channels=2, n_frames=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(0.5, 1, size=(n_frames, len(skeleton), n_channels)).astype(np.float32)


# One joint in the words of each layout: the maker's own documentation, not our tables.
SAME = [
    {"COCO": "left_wrist", "OPENPOSE": "LWrist", "MEDIAPIPE": "LEFT_WRIST", "KINECT": "WristLeft",
     "PANOPTIC": "left_wrist"},
    {"COCO": "right_knee", "OPENPOSE": "RKnee", "MEDIAPIPE": "RIGHT_KNEE", "KINECT": "KneeRight",
     "PANOPTIC": "right_knee"},
    {"COCO": "nose", "OPENPOSE": "Nose", "MEDIAPIPE": "NOSE", "PANOPTIC": "nose"},
    {"COCO": "left_ear", "OPENPOSE": "LEar", "MEDIAPIPE": "LEFT_EAR", "PANOPTIC": "left_ear"},
    {"COCO": "right_shoulder", "OPENPOSE": "RShoulder", "MEDIAPIPE": "RIGHT_SHOULDER", "KINECT": "ShoulderRight",
     "PANOPTIC": "right_shoulder"},
]


@pytest.mark.parametrize("pair", PAIRS, ids=names)
def test_the_same_joint_arrives_where_its_name_is(pair):
    source, target = pair
    clip = clip_of(source)
    out = convert(clip, source, target)
    for joint in SAME:
        a, b = (next((name for maker, name in joint.items() if skeleton.name.startswith(maker)), None)
                for skeleton in pair)
        if a and b:
            np.testing.assert_array_equal(out[:, target.index(b)], clip[:, source.index(a)])


def test_positions_of_openpose_and_coco_by_their_makers_numbers():
    """Body keypoints by number, from OpenPose's BODY_25 and COCO's 17."""
    coco_of = {0: 0, 2: 6, 3: 8, 4: 10, 5: 5, 6: 7, 7: 9, 9: 12, 10: 14, 11: 16, 12: 11, 13: 13, 14: 15, 15: 2, 16: 1,
               17: 4, 18: 3, 19: 17, 20: 18, 21: 19, 22: 20, 23: 21, 24: 22}
    clip = clip_of(COCO_WHOLEBODY_133)
    out = convert(clip, COCO_WHOLEBODY_133, OPENPOSE_137)
    for openpose, coco in coco_of.items():
        np.testing.assert_array_equal(out[:, openpose], clip[:, coco])
    np.testing.assert_array_equal(out[:, 25:93], clip[:, 23:91])  # 68 points of the face; the pupils are missing
    np.testing.assert_array_equal(out[:, 95:], clip[:, 91:])  # hands
    np.testing.assert_allclose(out[:, 1], (clip[:, 5] + clip[:, 6]) / 2, rtol=1e-6)  # neck
    np.testing.assert_allclose(out[:, 8], (clip[:, 11] + clip[:, 12]) / 2, rtol=1e-6)  # mid hip
    assert np.isnan(out[:, 93:95]).all()


def test_panoptic_to_openpose_is_the_known_table():
    """The gather of op26 into BODY_25 that users of Panoptic publish."""
    gather = [1, 0, 9, 10, 11, 3, 4, 5, 2, 12, 13, 14, 6, 7, 8, 17, 15, 18, 16, 20, 19, 21, 22, 23, 24]
    clip = clip_of(PANOPTIC_138)
    body = clip[:, PANOPTIC_138.region_indices("body")]
    np.testing.assert_array_equal(convert(clip, PANOPTIC_138, OPENPOSE_137)[:, :25], body[:, gather])


def test_mediapipe_to_openpose_by_number():
    body = {0: 0, 2: 12, 3: 14, 4: 16, 5: 11, 6: 13, 7: 15, 9: 24, 10: 26, 11: 28, 12: 23, 13: 25, 14: 27, 15: 5, 16: 2,
            17: 8, 18: 7, 19: 31, 21: 29, 22: 32, 24: 30}
    clip = clip_of(MEDIAPIPE_HOLISTIC)
    out = convert(clip, MEDIAPIPE_HOLISTIC, OPENPOSE_137)
    for openpose, mediapipe in body.items():
        np.testing.assert_array_equal(out[:, openpose], clip[:, mediapipe])
    assert np.isnan(out[:, [20, 23]]).all()  # small toes
    np.testing.assert_array_equal(out[:, OPENPOSE_137.index("face_nose_tip")], clip[:, 33 + 1])
    assert np.isnan(np.delete(out[:, 25:95], 30, axis=1)).all()  # the mesh is no mark-up of 68 points


def test_kinects_neck_is_nobody_elses():
    """It lies 12 cm from the middle of the shoulders in ISL-Kinect: equal names, other points."""
    assert correspondence(OPENPOSE_137, KINECT_20)["Neck"] == ()
    assert correspondence(KINECT_20, OPENPOSE_137)["Neck"] == ("ShoulderLeft", "ShoulderRight")
    assert correspondence(KINECT_20, KINECT_20.subset(["Neck", "Head"]))["Neck"] == ("Neck",)
    assert correspondence(OPENPOSE_137, KINECT_20)["SpineBase"] == ("LHip", "RHip")


@given(pair=st.sampled_from(PAIRS), seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_there_and_back_nothing_is_changed(pair, seed):
    source, target = pair
    clip = clip_of(source, 3, seed=seed)
    clip[np.random.default_rng(seed).random(clip.shape[:2]) < 0.1, :2] = np.nan
    back = convert(convert(clip, source, target), target, source)
    known = [i for i, name in enumerate(source.keypoints)
             if any(parts == (name,) for parts in correspondence(source, target).values())]
    np.testing.assert_array_equal(back[:, known], clip[:, known])
    missing = [i for i, parts in enumerate(correspondence(source, target).values()) if not parts]
    assert np.isnan(convert(clip, source, target)[:, missing]).all()


def test_a_mean_with_one_part_unseen_is_not_seen_and_trusts_its_weaker_part():
    clip = np.ones((2, 133, 3))
    left, right = COCO_WHOLEBODY_133.indices(["left_shoulder", "right_shoulder"])
    clip[:, left], clip[:, right] = (10, 20, 0.9), (20, 40, 0.2)
    clip[1, left, :2] = np.nan
    neck = convert(clip, COCO_WHOLEBODY_133, OPENPOSE_137)[:, OPENPOSE_137.index("Neck")]
    np.testing.assert_allclose(neck[0], (15, 30, 0.2), rtol=1e-6)
    assert np.isnan(neck[1, :2]).all()
    z = convert(clip, COCO_WHOLEBODY_133, OPENPOSE_137, positions=True)[0, OPENPOSE_137.index("Neck"), 2]
    assert z == pytest.approx(0.55)


def test_depths_of_a_whole_data_set_stay_depths():
    data = make_signing(n_signers=1, n_clips=2, n_frames=(5, 8), random_state=0)
    y = convert(data.y, data.skeleton, OPENPOSE_137)
    assert y.dtype == object
    assert [depth.shape for depth in y] == [(len(depth), 137) for depth in data.y]
    for ours, theirs in (("left_hand_index_tip",) * 2, ("nose", "Nose"), ("left_wrist", "LWrist")):
        a = RootCenterer(data.skeleton).fit_transform(data.y)[1][:, data.skeleton.index(ours)]
        b = RootCenterer(OPENPOSE_137).fit_transform(y)[1][:, OPENPOSE_137.index(theirs)]
        np.testing.assert_array_equal(a, b)


def test_depths_from_several_roots_do_not_become_depths_from_one():
    flat = Skeleton("flat", OPENPOSE_137.keypoints, root="MidHip")
    renamed = Skeleton("renamed", flat.keypoints[::-1], root="MidHip")
    depth = np.zeros((2, 137))
    with pytest.raises(ValueError, match="OPENPOSE_137 cannot be converted to renamed: .*'right_hand_wrist' and"):
        convert(depth, OPENPOSE_137, renamed)
    assert convert(depth, flat, OPENPOSE_137).shape == (2, 137)
    assert convert(np.zeros((2, 137, 2)), OPENPOSE_137, renamed).shape == (2, 137, 2)  # x and y know one origin


def test_own_skeletons_correspond_by_equal_names():
    hips = Skeleton("hips", ["RHip", "tail", "LHip"], root="tail")
    out = convert(np.array([[[1, 2], [3, 4], [5, 6]]]), hips, OPENPOSE_137)
    np.testing.assert_array_equal(out[0, OPENPOSE_137.indices(["RHip", "LHip", "MidHip"])], [[1, 2], [5, 6], [3, 4]])
    assert np.isnan(np.delete(out, OPENPOSE_137.indices(["RHip", "LHip", "MidHip"]), axis=1)).all()


@pytest.mark.parametrize(("X", "source", "target", "problem"), [
    (np.zeros((4, 25, 2)), OPENPOSE_137, KINECT_20, "25 keypoints, expected 137 .*OPENPOSE_137 to KINECT_20"),
    ([np.zeros((4, 133, 2))], OPENPOSE_137, COCO_WHOLEBODY_133, "133 keypoints.*OPENPOSE_137 to COCO_WHOLEBODY_133"),
    (np.zeros((4, 2, 2)), Skeleton("tail", ["tip", "end"], root="tip"), KINECT_20,
     "tail cannot be converted to KINECT_20.*no keypoint in common"),
    ([], OPENPOSE_137, KINECT_20, "empty"),
    ("clip", OPENPOSE_137, KINECT_20, "sequence of clips"),
    (np.full((4, 137, 2), np.inf), OPENPOSE_137, KINECT_20, "finite"),
])
def test_what_does_not_fit_is_refused_with_both_names(X, source, target, problem):
    with pytest.raises(ValueError, match=problem):
        convert(X, source, target)


def test_what_is_no_skeleton_is_refused():
    with pytest.raises(TypeError, match="expected a Skeleton.*'OPENPOSE_137'"):
        correspondence("OPENPOSE_137", KINECT_20)


def test_one_clip_one_array_several_an_object_array():
    clip = clip_of(KINECT_20)
    one, several = convert(clip, KINECT_20, OPENPOSE_137), convert([clip, clip], KINECT_20, OPENPOSE_137)
    stack = convert(np.stack([clip, clip]), KINECT_20, OPENPOSE_137)
    depths = convert(np.stack([clip, clip])[..., 0], KINECT_20, OPENPOSE_137)
    assert (one.shape, one.dtype) == ((3, 137, 2), np.float32)
    assert several.dtype == stack.dtype == depths.dtype == object
    assert depths[1].shape == (3, 137)
    np.testing.assert_array_equal(several[1], one)
    np.testing.assert_array_equal(stack[1], one)


def test_the_transformer_is_the_function_and_its_inverse():
    clips = [clip_of(COCO_WHOLEBODY_133, 3), clip_of(COCO_WHOLEBODY_133, 3, seed=1)]
    converter = clone(SkeletonConverter(COCO_WHOLEBODY_133, OPENPOSE_137)).fit(clips)
    out = converter.transform(clips)
    np.testing.assert_array_equal(out[1], convert(clips[1], COCO_WHOLEBODY_133, OPENPOSE_137))
    np.testing.assert_array_equal(converter.inverse_transform(out)[1], clips[1])
    with pytest.raises(ValueError, match="137 keypoints, expected 133"):
        converter.transform(out)
    with pytest.raises(ValueError, match="133 keypoints, expected 137"):
        converter.inverse_transform(clips)
