"""Bones of constant length: exact, as near to the points as can be, and honest about what was not seen."""

import os
from pathlib import Path

import numpy as np
import pytest
from bone_cases import ARM, SKELETONS, rigid, wild
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from liftz import Skeleton
from liftz.bones import fit_bones
from liftz.datasets import load_isl_kinect, make_signing
from liftz.skeletons import COCO_WHOLEBODY_133, OPENPOSE_137

REAL = Path(os.environ.get("LIFTZ_ISL_KINECT", Path(__file__).parents[2] / "shared/data/isl-kinect"))
NAN = np.nan


def bone_lengths(fit):
    parents = np.array(fit.tree.parents[1:])
    return np.linalg.norm(fit.positions[:, 1:] - fit.positions[:, parents], axis=2)


@given(st.sampled_from(SKELETONS), st.integers(1, 6), st.integers(0, 99), st.sampled_from([0, 0.1, 0.5]))
@settings(max_examples=40, deadline=None)
def test_lengths_are_constant_and_nothing_is_unknown(skeleton, n_frames, seed, missing):
    points = wild(skeleton, n_frames, seed, missing)
    points[0] = wild(skeleton, 1, seed)[0]
    fit = fit_bones(points, skeleton)
    assert np.isfinite(fit.positions).all()
    np.testing.assert_allclose(bone_lengths(fit), np.broadcast_to(fit.lengths[1:], bone_lengths(fit).shape), atol=1e-6)
    np.testing.assert_array_equal(np.isnan(fit.distance), np.isnan(points).any(axis=2) | [
        name not in [k for joint, members in zip(fit.tree.joints, fit.tree.members, strict=True) for k in members]
        for name in skeleton.keypoints])


# Halfway between hips that swing, no bone keeps its length.
@pytest.mark.parametrize("skeleton", [s for s in SKELETONS if isinstance(s.root, str)], ids=lambda s: s.name)
def test_a_rigid_body_is_its_own_fit(skeleton):
    points, lengths = rigid(skeleton)
    fit = fit_bones(points, skeleton)
    assert dict(zip(fit.tree.joints[1:], fit.lengths[1:], strict=True)) == pytest.approx(lengths, abs=1e-3)
    assert np.nanmax(fit.distance) < 1e-3
    assert fit.bridged == 0


def test_a_length_is_the_median_of_the_frames_that_show_both_ends():
    points = np.zeros((6, 3, 3))
    points[:, 1, 0] = [100, 104, 108, 500, 900, 900]
    points[:, 2] = points[:, 1] + [0, 50, 0]
    points[4:, 0] = NAN  # held, not seen: the bone of 900 mm never was
    fit = fit_bones(points, ARM)
    np.testing.assert_allclose(fit.lengths, [0, 106, 50])
    assert fit.bridged == pytest.approx(2 / 18)


@pytest.mark.parametrize("seed", range(4))
def test_no_other_skeleton_of_these_lengths_is_much_nearer(seed):
    rng = np.random.default_rng(seed)
    fork = Skeleton("fork", list("abcdef"), root="a", edges=[tuple(bone) for bone in ("ab", "bc", "cd", "be", "ef")])
    pose = rng.normal(0, 300, (6, 3))
    points = pose + rng.normal(0, 15, (5, 6, 3))
    fit = fit_bones(points, fork)
    parents = np.array(fit.tree.parents[1:])
    order = fork.indices(fit.tree.joints)

    def gaps(flat):
        joints = flat.reshape(6, 3)
        return np.linalg.norm(joints[1:] - joints[parents], axis=1) - fit.lengths[1:]

    for frame in range(5):
        given_points = points[frame, order]
        best = minimize(lambda flat, p=given_points: ((flat.reshape(6, 3) - p) ** 2).sum(), given_points.ravel(),
                        constraints={"type": "eq", "fun": gaps}, method="SLSQP", options={"maxiter": 500, "ftol": 1e-9})
        found = (fit.distance[frame] ** 2).sum()
        assert found <= 1.05 * best.fun + 1e-3


def test_is_nearer_than_setting_bone_after_bone():
    data = make_signing(1, 1, 40, random_state=3)
    points = np.concatenate([data.X[0], data.y[0][..., None]], axis=2)
    fit = fit_bones(points, data.skeleton)
    chained = np.empty_like(fit.positions)
    for joint, (parent, members) in enumerate(zip(fit.tree.parents, fit.tree.members, strict=True)):
        seen = points[:, data.skeleton.indices(members)].mean(axis=1)
        if parent < 0:
            chained[:, joint] = seen
            continue
        bone = seen - points[:, data.skeleton.indices(fit.tree.members[parent])].mean(axis=1)
        chained[:, joint] = chained[:, parent] + bone / np.linalg.norm(bone, axis=1, keepdims=True) * fit.lengths[joint]
    tips = [i for i, joint in enumerate(fit.tree.joints) if joint.endswith("_tip")]
    columns = data.skeleton.indices([fit.tree.joints[i] for i in tips])
    far = np.linalg.norm(chained[:, tips] - points[:, columns], axis=2)
    assert np.nanmean(fit.distance[:, columns]) < 0.8 * np.nanmean(far)


@given(st.integers(0, 50), st.floats(0.01, 100), st.floats(-1000, 1000))
@settings(max_examples=20, deadline=None)
def test_moves_and_grows_with_the_points(seed, scale, shift):
    points = wild(ARM, 5, seed).astype(np.float64)
    a, b = fit_bones(points, ARM), fit_bones(points * scale + shift, ARM)
    np.testing.assert_allclose(b.positions, a.positions * scale + shift, atol=1e-3 * scale + 1e-3 + 1e-6 * abs(shift))
    np.testing.assert_allclose(b.distance, a.distance * scale, atol=1e-3 * scale + 1e-3)


def test_gaps_are_bridged_and_told():
    points = np.zeros((5, 3, 3))
    points[:, 1, 0], points[:, 2, 0] = 100, 150
    points[:, :, 2] = np.arange(5)[:, None] * 10
    points[[0, 2], 2] = NAN
    points[3, 2, 1] = NAN  # a point known in part is not known
    fit = fit_bones(points, ARM)
    assert fit.bridged == pytest.approx(3 / 15)
    assert np.isnan(fit.distance[[0, 2, 3], 2]).all()
    assert np.isfinite(fit.distance[[1, 4], 2]).all()
    np.testing.assert_allclose(fit.positions[2], [[0, 0, 20], [100, 0, 20], [150, 0, 20]], atol=1e-6)


def test_a_lost_hand_goes_along_with_the_arm():
    path = np.float32([400, 100, 0]) * np.sin(np.linspace(0, 3, 9, dtype=np.float32))[:, None, None]
    points, hand = wild(OPENPOSE_137, 1) + path, OPENPOSE_137.region_indices("left_hand")
    whole = fit_bones(points, OPENPOSE_137)
    points[2:7, hand] = NAN
    lost = fit_bones(points, OPENPOSE_137)
    np.testing.assert_allclose(lost.positions, whole.positions, atol=0.1)
    assert lost.bridged == pytest.approx(5 * 20 / (9 * len(lost.tree.joints)))  # the wrist is seen by the body


def test_what_was_seen_moves_less_than_what_was_bridged():
    points = np.zeros((5, 3, 3))
    points[:, 1, 0], points[:, 2, 0] = 100, 200
    points[:, 2, 1] = [0, 0, 0, 0, 100]
    points[4, 2, 0] = 100
    points[2:4, 2] = NAN  # a straight line cuts the arc: the bone is too short there
    fit = fit_bones(points, ARM)
    assert 0 < fit.distance[2:4, :2].max() < 0.2 * np.linalg.norm(fit.positions[3, 2] - [400 / 3, 200 / 3, 0])


def test_what_is_never_seen_is_left_out_with_all_that_hangs_on_it():
    points = wild(OPENPOSE_137)
    legs = [name for name in OPENPOSE_137.keypoints if any(part in name for part in ("Ankle", "Toe", "Heel"))]
    points[:, OPENPOSE_137.indices(["LKnee", "RKnee"])] = NAN
    points[:, OPENPOSE_137.region_indices("right_hand")] = NAN
    fit = fit_bones(points, OPENPOSE_137)
    expected = {"LKnee", "RKnee", *legs, *OPENPOSE_137.regions["face"], *OPENPOSE_137.regions["right_hand"]}
    assert set(fit.left_out) == expected - {"right_hand_wrist"}  # which has a joint: the body's wrist
    assert {"RWrist", "LWrist", "left_hand_index_tip"} <= set(fit.tree.joints)


def test_one_of_two_estimates_is_enough_for_a_wrist_but_not_for_a_middle():
    points = wild(COCO_WHOLEBODY_133)
    wrist = COCO_WHOLEBODY_133.indices(["left_wrist", "left_hand_wrist"])
    both = fit_bones(points, COCO_WHOLEBODY_133)
    joint = both.tree.joints.index("left_wrist")
    points[:, wrist[0]] = NAN
    alone = fit_bones(points, COCO_WHOLEBODY_133)
    assert alone.tree == both.tree
    assert not np.allclose(alone.positions[:, joint], both.positions[:, joint])
    points[0, wrist] = [[0, 0, 0], [NAN, NAN, NAN]]  # never there together: each is the wrist where it is
    points[1:, wrist[0]] = NAN
    assert fit_bones(points, COCO_WHOLEBODY_133).tree == both.tree
    points[:, COCO_WHOLEBODY_133.index("left_hip")] = NAN
    with pytest.raises(ValueError, match="the root is not known in any frame: left_hip and right_hip; .*with_root"):
        fit_bones(points, COCO_WHOLEBODY_133)


def test_refuses_what_has_no_bones():
    points = wild(ARM)
    points[:, 0] = NAN
    with pytest.raises(ValueError, match="'arm': the root is not known in any frame: left_shoulder; Skel"):
        fit_bones(points, ARM)
    points = wild(ARM)
    points[:, 1] = NAN
    with pytest.raises(ValueError, match="no bone leads from the root left_shoulder to a keypoint that the clip knows"):
        fit_bones(points, ARM)
    with pytest.raises(ValueError, match="no bone leads"):
        fit_bones(wild(ARM), Skeleton("dots", ARM.keypoints, root="left_elbow"))
    full = np.full((2, 3, 3), NAN)
    for bad in (wild(ARM)[..., :2], wild(ARM)[0], wild(ARM)[:, :2], full, np.full((2, 3, 3), np.inf)):
        with pytest.raises(ValueError, match="points: clip 0"):
            fit_bones(bad, ARM)


@pytest.mark.parametrize("points", [
    np.zeros((4, 3, 3)),
    np.ones((1, 3, 3)) * 1e6,
    [[[0, 0, 0], [0, 0, 0], [250, 0, 0]]] * 3,
    [[[0, 0, 0], [10, 0, 0], [20, 0, 0]], [[0, 0, 0], [0, 0, 0], [0, 0, 0]]],
    [[[0, 0, 0], [100, 0, 0], [200, 0, 0]], [[0, 0, 0], [100, 0, 0], [0, 0, 0]]],
], ids=["one place", "far", "no upper arm", "collapsed", "folded back"])
def test_degenerate_bones_are_no_trouble(points):
    fit = fit_bones(points, ARM)
    assert np.isfinite(fit.positions).all()
    np.testing.assert_allclose(bone_lengths(fit), np.broadcast_to(fit.lengths[1:], bone_lengths(fit).shape), atol=1e-6)


def test_the_points_stay_as_they_are():
    points = wild(ARM, missing=0.3)
    before = points.copy()
    fit_bones(points, ARM)
    np.testing.assert_array_equal(points, before)


@pytest.mark.skipif(not REAL.is_dir(), reason="the ISL-Kinect recordings are not here")
def test_recorded_bodies_breathe_by_millimetres():
    data = load_isl_kinect(REAL, signs=["bye"])
    points = [np.concatenate([x, y[..., None]], axis=2) for x, y in zip(data.X, data.y, strict=True)]
    distance = np.concatenate([fit_bones(clip, data.skeleton).distance for clip in points])
    assert 1 < distance.mean() < 15
