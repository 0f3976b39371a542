"""Bodies that nobody recorded: what changes, what stays, and in what unit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from liftz import RootCenterer, Skeleton
from liftz.augmentation import BodyAugmenter, bone_tree, rotations
from liftz.datasets import make_signing
from liftz.skeletons import COCO_WHOLEBODY_133, KINECT_20, MEDIAPIPE_HOLISTIC, OPENPOSE_137, PANOPTIC_138

BODY = Skeleton("body", ["hip", "left_knee", "right_knee", "left_foot", "right_foot", "loose"], root="hip",
                edges=[("hip", "left_knee"), ("hip", "right_knee"), ("left_knee", "left_foot"),
                       ("right_foot", "right_knee")],
                pairs=[("left_knee", "right_knee"), ("left_foot", "right_foot")])


def bodies(n_frames=9, seed=0):
    points = np.random.default_rng(seed).normal(size=(n_frames, 6, 3)).astype(np.float32) * 100
    points[:, 0] = 0
    return points[..., :2].copy(), points[..., 2].copy()


def bone_lengths(clip, depth, ratio=1.0):
    points = np.dstack([clip[..., :2], depth * ratio])
    children, parents, _ = bone_tree(BODY)
    return np.linalg.norm(points[:, children] - points[:, parents], axis=2)


def test_no_bone_leads_from_one_root_to_what_is_measured_from_another():
    """Their ends are nowhere in one place: a body of other bones would tear a hand apart."""
    hands = Skeleton("one wrist", ["hip", "wrist", "knuckle", "tip"], root="hip", roots={"hand": "wrist"},
                     edges=[("hip", "wrist"), ("wrist", "knuckle"), ("knuckle", "tip")],
                     regions={"body": ["hip", "wrist"], "hand": ["knuckle", "tip"]})
    assert bone_tree(hands)[:2] == ([1], [0])
    clip, depth = (part[:, :4] for part in bodies())
    augmenter = BodyAugmenter(hands, share=1, turn=0, roll=0, xy_per_depth=1).fit([clip], [depth])
    moved, _ = augmenter(clip, depth, np.random.default_rng(0))
    np.testing.assert_allclose(moved[:, 2:], clip[:, 2:], rtol=1e-5)
    assert not np.allclose(moved[:, 1], clip[:, 1], rtol=1e-3)


@pytest.mark.parametrize("skeleton", [KINECT_20, PANOPTIC_138, OPENPOSE_137, COCO_WHOLEBODY_133, MEDIAPIPE_HOLISTIC])
def test_bones_start_at_the_roots_and_reach_each_keypoint_once(skeleton):
    children, parents, twins = bone_tree(skeleton)
    at = {int(i) for region in skeleton.regions for i in skeleton.root_indices(region)}
    for child, parent in zip(children, parents, strict=True):
        assert parent in at
        assert child not in at
        at.add(child)
    mirror = {skeleton.index(b): skeleton.index(a) for a, b in skeleton.pairs}
    assert twins == [mirror.get(child, child) for child in children]


@given(st.integers(0, 99))
def test_rotations_turn_and_do_not_mirror(seed):
    matrices = rotations(np.random.default_rng(seed).normal(size=(4, 3)))
    np.testing.assert_allclose(matrices @ matrices.transpose(0, 2, 1), [np.eye(3)] * 4, atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(matrices), 1)


@given(st.integers(0, 99), st.floats(0.1, 5))
def test_posture_and_turn_keep_bone_lengths(seed, ratio):
    clip, depth = bodies(seed=seed)
    augment = BodyAugmenter(BODY, bones=0, posture=20, turn=40, share=1, xy_per_depth=ratio).fit([clip], [depth])
    new = augment(clip, depth, np.random.default_rng(seed))
    np.testing.assert_allclose(bone_lengths(*new, ratio), bone_lengths(clip, depth, ratio), rtol=1e-3)
    assert not np.allclose(new[0], clip)


@given(st.integers(0, 99))
def test_bones_change_by_one_factor_each_alike_left_and_right_all_through_the_clip(seed):
    clip, depth = bodies(seed=seed)
    augment = BodyAugmenter(BODY, bones=0.1, posture=0, turn=0, roll=0, share=1, xy_per_depth=1).fit([clip], [depth])
    factors = bone_lengths(*augment(clip, depth, np.random.default_rng(seed))) / bone_lengths(clip, depth)
    np.testing.assert_allclose(factors, np.broadcast_to(factors[:1], factors.shape), rtol=1e-3)
    np.testing.assert_allclose(factors[0, [0, 2]], factors[0, [1, 3]], rtol=1e-3)
    assert abs(factors[0, 0] / factors[0, 2] - 1) > 1e-6


@given(st.integers(0, 99), st.floats(0.1, 5))
def test_a_roll_turns_the_picture_and_leaves_depths_alone(seed, ratio):
    clip, depth = bodies(seed=seed)
    augment = BodyAugmenter(BODY, bones=0, posture=0, turn=0, share=1, xy_per_depth=ratio).fit([clip], [depth])
    new, new_depth = augment(clip, depth, np.random.default_rng(seed))
    np.testing.assert_allclose(new_depth, depth, atol=1e-3)
    before, after = (np.arctan2(part[..., 1], part[..., 0])[:, 1:] for part in (clip, new))
    angles = np.degrees((after - before + np.pi) % (2 * np.pi) - np.pi)
    np.testing.assert_allclose(angles, angles[0, 0], atol=0.1)
    assert 1e-3 < abs(angles[0, 0]) < 20


@pytest.mark.parametrize("name", ["bones", "posture", "turn", "roll", "borrow", "share"])
@pytest.mark.parametrize("value", [-1, np.nan, np.inf, "4", None])
def test_what_is_no_amount_is_refused_by_name(name, value):
    clip, depth = bodies()
    with pytest.raises(ValueError, match=f"^{name} must be a finite number of at least 0"):
        BodyAugmenter(BODY, **{name: value}).fit([clip], [depth])


@pytest.mark.parametrize("value", [0, -1, np.nan, "1"])
def test_a_unit_of_depth_that_is_none_is_refused(value):
    clip, depth = bodies()
    with pytest.raises(ValueError, match="^xy_per_depth must be a finite number above 0"):
        BodyAugmenter(BODY, xy_per_depth=value).fit([clip], [depth])


def test_without_a_roll_chance_goes_as_it_did_before_there_was_one():
    clip, depth = bodies()
    augment = BodyAugmenter(BODY, roll=0, share=1, xy_per_depth=1).fit([clip], [depth])
    rng, drawn = np.random.default_rng(0), np.random.default_rng(0)
    augment(clip, depth, rng)
    drawn.random(), drawn.standard_normal(len(BODY)), drawn.standard_normal((4, 3)), drawn.standard_t(2)
    assert rng.random() == drawn.random()


def test_nothing_happens_without_change_or_outside_of_the_share():
    clip, depth = bodies()
    for options in ({"bones": 0, "posture": 0, "turn": 0, "roll": 0, "share": 1}, {"share": 0}):
        augment = BodyAugmenter(BODY, xy_per_depth=1, **options).fit([clip], [depth])
        new = augment(clip, depth, np.random.default_rng(0))
        np.testing.assert_allclose(new[0], clip, atol=1e-4)
        np.testing.assert_allclose(new[1], depth, atol=1e-4)


def test_what_was_not_seen_stays_so_and_inputs_stay_as_they_are():
    clip, depth = bodies()
    clip = np.dstack([clip, np.full(clip.shape[:2], 0.5, np.float32)])
    clip[2, 3, :2] = np.nan
    clip[:, 4, :2] = np.nan
    depth[3, 1] = np.nan
    before = clip.copy(), depth.copy()
    augment = BodyAugmenter(BODY, share=1, xy_per_depth=1).fit([clip], [depth])
    new_clip, new_depth = augment(clip, depth, np.random.default_rng(0))
    np.testing.assert_array_equal(clip, before[0])
    np.testing.assert_array_equal(depth, before[1])
    np.testing.assert_array_equal(np.isnan(new_clip), np.isnan(clip))
    np.testing.assert_array_equal(np.isnan(new_depth), np.isnan(depth))
    np.testing.assert_array_equal(new_clip[..., 2], clip[..., 2])
    assert new_clip.dtype == new_depth.dtype == np.float32
    np.testing.assert_array_equal(new_clip[:, 0, :2], 0)  # the root stays the root


@pytest.mark.parametrize("ratio", [1.0, 0.3, 7.0])
def test_the_unit_of_depth_is_found_where_bones_keep_their_lengths(ratio):
    data = make_signing(n_signers=2, n_clips=3, n_frames=60, noise=0, missing=0, random_state=0)
    X, y = (RootCenterer(data.skeleton).fit_transform(clips) for clips in (data.X, data.y))
    augment = BodyAugmenter(data.skeleton).fit([clip * ratio for clip in X], y)
    assert augment.xy_per_depth_ == pytest.approx(ratio, rel=0.05)
    assert not hasattr(clone(augment), "xy_per_depth_")


def test_clips_come_in_through_the_gate():
    clip, depth = bodies()
    as_lists = BodyAugmenter(BODY).fit([clip.tolist()], [depth.tolist()])
    assert as_lists.xy_per_depth_ == BodyAugmenter(BODY).fit([clip], [depth]).xy_per_depth_
    with pytest.raises(ValueError, match=f"clip 0 has {len(BODY) - 1} keypoints, expected {len(BODY)}"):
        BodyAugmenter(BODY).fit([clip[:, 1:]], [depth[:, 1:]])
    with pytest.raises(ValueError, match="clip 0: X has .* frames, y has"):
        BodyAugmenter(BODY, xy_per_depth=1).fit([clip], [depth[1:]])


def test_a_body_that_does_not_move_tells_no_unit():
    clip, depth = bodies(n_frames=1)
    with pytest.warns(UserWarning, match="no bone moves within a clip"):
        augment = BodyAugmenter(BODY).fit([clip], [depth])
    assert augment.xy_per_depth_ == 1
