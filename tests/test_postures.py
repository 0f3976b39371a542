"""How signers hold themselves, by the angle they are seen at."""

import numpy as np
import pytest

from liftz import Skeleton
from liftz.postures import Postures, facing
from liftz.skeletons import COCO_WHOLEBODY_133, KINECT_20, PANOPTIC_138
from liftz.tree import midline_pairs

BODY = Skeleton("body", ["hip", "neck", "left", "right", "hand"], root="hip", pairs=[("left", "right")],
                edges=[("hip", "neck"), ("neck", "left"), ("neck", "right"), ("left", "hand")])


def poses(degrees, hand, n):
    """Mean poses of a body turned by some degrees, with its hand somewhere."""
    angle = np.radians(degrees)
    across = np.array([np.cos(angle), 0, np.sin(angle)])
    pose = np.array([np.zeros(3), [0, -500, 0], 150 * across - [0, 500, 0], -150 * across - [0, 500, 0], hand])
    return np.repeat(pose[None], n, axis=0)


def names(skeleton):
    return {(skeleton.keypoints[a], skeleton.keypoints[b]) for a, b in zip(*midline_pairs(skeleton), strict=True)}


def test_shoulders_and_hips_tell_the_angle():
    assert {("ShoulderLeft", "ShoulderRight"), ("HipLeft", "HipRight")} == names(KINECT_20)
    assert {("left_shoulder", "right_shoulder"), ("left_hip", "right_hip")} <= names(PANOPTIC_138)
    assert names(COCO_WHOLEBODY_133) == {("left_hip", "right_hip")}  # the two that are its root
    for degrees in (-170, -40, 0, 63):
        assert facing(poses(degrees, [9, 9, 9], 1), BODY)[0] == pytest.approx(degrees)
    assert np.isnan(facing(np.full((5, 3), np.nan), BODY))
    assert np.isnan(facing(np.ones((1, 3)), Skeleton("point", ["point"], root="point")))


def test_a_clip_goes_some_of_the_way_to_another_signer_seen_from_the_same_angle():
    seen = np.concatenate([poses(0, [0, 0, 100], 6), poses(60, [0, 0, 0], 6),
                           poses(0, [0, 0, 180], 6), poses(60, [40, 0, 0], 6)])
    postures = Postures(BODY, seen, ["Ann"] * 12 + ["Ben"] * 12)
    rng = np.random.default_rng(0)
    shifts = np.array([postures.shift(seen[0], "Ann", rng) for _ in range(200)])
    np.testing.assert_allclose(shifts[:, :4], 0, atol=1e-6)
    np.testing.assert_allclose(shifts[:, 4, :2], 0, atol=1e-6)
    assert 0 <= shifts[:, 4, 2].min() < 5 < 75 < shifts[:, 4, 2].max() <= 80 + 1e-6
    assert postures.shift(seen[6], "Ann", rng)[4, 0] > 0  # at 60 degrees, Ben's hand is elsewhere
    back = postures.shift(seen[12], "Ben", rng)[4, 2]
    assert -80 <= back < 0


def test_where_nobody_else_is_seen_from_there_nothing_is_borrowed():
    seen = np.concatenate([poses(0, [0, 0, 100], 6), poses(60, [0, 0, 0], 6), poses(0, [0, 0, 50], 4)])
    postures = Postures(BODY, seen, np.array(["Ann"] * 6 + ["Ben"] * 6 + ["Cem"] * 4))
    for pose, signer in ((seen[0], "Ann"), (seen[0], "Dan"), (seen[0], None), (np.full((5, 3), np.nan), "Ann")):
        assert not postures.shift(pose, signer, np.random.default_rng(0)).any()


def test_keypoints_that_one_of_them_never_shows_stay():
    seen = np.concatenate([poses(0, [0, 0, 100], 6), poses(0, [np.nan] * 3, 6)])
    postures = Postures(BODY, seen, ["Ann"] * 6 + ["Ben"] * 6)
    shift = postures.shift(seen[0], "Ann", np.random.default_rng(0))
    assert np.isfinite(shift).all()
    assert not shift[4].any()
