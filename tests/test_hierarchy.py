"""Trees of joints: everything is held, at the right place, by its own side."""

import pytest
from bone_cases import ARM, SKELETONS

from liftz import Skeleton
from liftz.hierarchy import hierarchy, landmark
from liftz.skeletons import (
    COCO_WHOLEBODY_133,
    KINECT_20,
    MEDIAPIPE_HOLISTIC,
    OPENPOSE_137,
    PANOPTIC_138,
    PANOPTIC_COCO19,
)


def parent(skeleton, joint):
    tree = hierarchy(skeleton)
    above = tree.parents[tree.joints.index(joint)]
    return None if above < 0 else tree.joints[above]


@pytest.mark.parametrize("skeleton", SKELETONS, ids=lambda s: s.name)
def test_holds_all_but_the_face_each_joint_after_its_parent(skeleton):
    tree = hierarchy(skeleton)
    held = [name for members in tree.members for name in members]
    doubles = {f"{side}_{finger}" for side in ("LEFT", "RIGHT") for finger in ("PINKY", "INDEX", "THUMB")}
    left_out = set(skeleton.regions.get("face", ())) | doubles.intersection(skeleton.keypoints)
    assert set(skeleton.keypoints) - set(held) == left_out
    assert tree.parents[0] == -1
    assert all(0 <= above < joint for joint, above in enumerate(tree.parents) if joint)
    assert len(set(tree.joints)) == len(tree.joints)


@pytest.mark.parametrize("skeleton", SKELETONS, ids=lambda s: s.name)
def test_no_bone_crosses_the_body_and_no_joint_is_in_both_halves(skeleton):
    tree = hierarchy(skeleton)
    for joint, above in enumerate(tree.parents[1:], start=1):
        sides = {landmark(tree.joints[joint])[0], landmark(tree.joints[above])[0]} - {""}
        assert len(sides) <= 1, (tree.joints[joint], tree.joints[above])


def test_mirrored_joints_hang_on_mirrored_joints():
    for skeleton in SKELETONS:
        tree = hierarchy(skeleton)
        mirror = dict(skeleton.pairs) | {b: a for a, b in skeleton.pairs}
        above = {joint: tree.joints[p] for joint, p in zip(tree.joints, tree.parents, strict=True) if p >= 0}
        for joint, name in above.items():
            assert above[mirror.get(joint, joint)] == mirror.get(name, name), (skeleton.name, joint)


@pytest.mark.parametrize(("skeleton", "joint", "expected"), [
    (OPENPOSE_137, "left_hand_thumb_cmc", "LWrist"), (OPENPOSE_137, "right_hand_pinky_tip", "right_hand_pinky_dip"),
    (OPENPOSE_137, "Neck", "MidHip"), (PANOPTIC_138, "head_top", "neck"), (PANOPTIC_COCO19, "left_ear", "left_eye"),
    (KINECT_20, "HandRight", "WristRight"), (MEDIAPIPE_HOLISTIC, "MOUTH_LEFT", "NOSE"),
    (MEDIAPIPE_HOLISTIC, "NOSE", "mid_shoulder"), (MEDIAPIPE_HOLISTIC, "LEFT_SHOULDER", "mid_shoulder"),
    (COCO_WHOLEBODY_133, "right_hip", "mid_hip"), (COCO_WHOLEBODY_133, "mid_hip", None),
    (COCO_WHOLEBODY_133, "left_ear", "left_eye"), (COCO_WHOLEBODY_133, "left_hand_index_mcp", "left_wrist"),
])
def test_where_joints_hang(skeleton, joint, expected):
    assert parent(skeleton, joint) == expected


def test_a_wrist_is_two_estimates_of_one_joint():
    tree = hierarchy(OPENPOSE_137)
    assert tree.members[tree.joints.index("LWrist")] == ("LWrist", "left_hand_wrist")
    assert "left_hand_wrist" not in tree.joints


@pytest.mark.parametrize(("skeleton", "root", "joint", "expected"), [
    (OPENPOSE_137, "Neck", "MidHip", "Neck"), (OPENPOSE_137, "Neck", "LElbow", "LShoulder"),
    (COCO_WHOLEBODY_133, "nose", "mid_shoulder", "nose"), (COCO_WHOLEBODY_133, "nose", "left_hip", "mid_hip"),
    (COCO_WHOLEBODY_133, ("left_shoulder", "right_shoulder"), "mid_hip", "mid_shoulder"),
    (OPENPOSE_137, ("LHip", "RHip"), "LKnee", "LHip"), (OPENPOSE_137, "left_hand_wrist", "LElbow", "LWrist"),
])
def test_another_root_turns_the_tree_around_it(skeleton, root, joint, expected):
    assert parent(skeleton.with_root(root), joint) == expected


def test_parts_and_skeletons_of_ones_own():
    hand = hierarchy(PANOPTIC_138.subset("left_hand"))
    assert (hand.joints[0], len(hand.joints)) == ("left_hand_wrist", 21)
    assert hierarchy(ARM).joints == ARM.keypoints
    assert hierarchy(Skeleton("points", ["a", "b"], root="a")).joints == ("a",)
    taken = Skeleton("taken", ["mid_hip", "left_hip", "right_hip"], root=("left_hip", "right_hip"),
                     edges=[("left_hip", "right_hip")])
    assert hierarchy(taken).joints == ("mid_hip_", "left_hip", "right_hip")


def test_keep_drops_what_hangs_on_nothing():
    tree = hierarchy(ARM)
    assert tree.keep({0, 2}).joints == ("left_shoulder",)
    assert tree.keep({0, 1}).parents == (-1, 0)
    assert tree.keep({1, 2}).joints == ()
