"""The rest pose: a person with the arms out, whoever named the joints."""

import numpy as np
import pytest
from bone_cases import ARM, SKELETONS

from liftz import Skeleton
from liftz.bones import forward_kinematics
from liftz.hierarchy import hierarchy, landmark
from liftz.rest_pose import PLACES, rest_directions


@pytest.mark.parametrize("skeleton", SKELETONS, ids=lambda s: s.name)
def test_every_joint_is_known_and_the_halves_mirror(skeleton):
    tree = hierarchy(skeleton)
    rest = dict(zip(tree.joints, rest_directions(tree), strict=True))
    assert {landmark(joint)[1] for joint in tree.joints} <= set(PLACES)
    for joint, direction in rest.items():
        assert np.linalg.norm(direction) == pytest.approx(float(joint != tree.joints[0]))
    for left, right in skeleton.pairs:
        if left in rest:
            np.testing.assert_allclose(rest[left] * [-1, 1, 1], rest[right], atol=1e-12)


@pytest.mark.parametrize("skeleton", SKELETONS, ids=lambda s: s.name)
def test_stands_upright_with_the_arms_out_and_faces_forward(skeleton):
    tree = hierarchy(skeleton)
    stands = forward_kinematics(np.zeros((1, 3)), rest_directions(tree)[None], tree.parents)[0]
    at = dict(zip(map(landmark, tree.joints), stands, strict=True))
    assert at["left", "wrist"][0] > at["left", "shoulder"][0] > 0 > at["right", "wrist"][0]
    assert at["left", "knee"][1] > at["left", "ankle"][1]
    assert at.get(("", "nose"), at.get(("", "head")))[1] > at["left", "shoulder"][1]
    if ("left", "big toe") in at:
        assert at["left", "big toe"][2] > at["left", "heel"][2]
    if ("left", "hand thumb tip") in at:
        assert at["left", "hand thumb tip"][2] > at["left", "hand pinky tip"][2]


def test_unknown_names_go_straight_on():
    chain = Skeleton("chain", ["a", "b", "c"], root="a", edges=[("a", "b"), ("b", "c")])
    np.testing.assert_array_equal(rest_directions(hierarchy(chain)), [[0, 0, 0], [0, 1, 0], [0, 1, 0]])
    longer = Skeleton("arm", [*ARM.keypoints, "hook"], root=ARM.root, edges=[*ARM.edges, ("left_wrist", "hook")])
    np.testing.assert_array_equal(rest_directions(hierarchy(longer))[3], [1, 0, 0])
