"""The other metrics: each against its formula, and against what must not change it."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from metric_cases import SIGNER, TWO_ROOTED, clip, loop_errors, pairs
from scipy.spatial.transform import Rotation

from liftz.metrics import bone_length_error, error_parts, mpjpe, mpjve, n_mpjpe, p_mpjpe, pck, skill_score

skeletons = st.sampled_from([None, SIGNER, TWO_ROOTED])
seeds = st.integers(0, 2**32 - 1)


def almost(value):
    return pytest.approx(value, rel=1e-6, abs=1e-6)


def aligned(pose, skeleton, both):
    """A float64 frame, measured as the metrics do; keypoints without a seen root are NaN."""
    if skeleton is None:
        return pose - pose[both].mean(axis=0)
    out = np.empty_like(pose)
    for region, members in skeleton.regions.items():
        members = skeleton.indices(members)
        out[members] = pose[members] - pose[skeleton.root_indices(region)].mean(axis=0)
    return out


@given(pairs(), skeletons)
def test_n_mpjpe_scales_each_frame_by_least_squares(ys, skeleton):
    counted = {}
    for i, t, k, _ in loop_errors(*ys, skeleton):
        counted.setdefault((i, t), []).append(k)
    errors = []
    for (i, t), keypoints in counted.items():
        true, pred = ys[0][i][t].astype(np.float64), ys[1][i][t].astype(np.float64)
        both = [k for k in range(6) if not (np.isnan(true[k]).any() or np.isnan(pred[k]).any())]
        a, b = (aligned(pose, skeleton, both)[keypoints] for pose in (true, pred))
        scale = np.linalg.lstsq(b.reshape(-1, 1), a.ravel(), rcond=None)[0] if b.any() else 0
        errors.extend(np.linalg.norm((a - scale * b).reshape(len(a), -1), axis=1))
    assert n_mpjpe(*ys, skeleton=skeleton) == almost(np.mean(errors))


@given(pairs(), skeletons, st.sampled_from([0.125, 0.5, 8.0]))
def test_n_mpjpe_ignores_the_size_of_a_prediction(ys, skeleton, size):
    y_true, y_pred = ys
    scaled = [size * c for c in y_pred]
    assert n_mpjpe(y_true, scaled, skeleton=skeleton) == almost(n_mpjpe(y_true, y_pred, skeleton=skeleton))
    assert n_mpjpe(y_true, [size * c for c in y_true], skeleton=skeleton) == almost(0)


@given(seeds)
def test_p_mpjpe_equals_an_independent_alignment(seed):
    rng = np.random.default_rng(seed)
    y_true, y_pred = rng.normal(size=(2, 4, 6, 3)).astype(np.float32)
    y_pred[1:][rng.random((3, 6)) < 0.4] = np.nan
    errors = []
    for true, pred in zip(y_true.astype(np.float64), y_pred.astype(np.float64), strict=True):
        both = ~np.isnan(pred).any(axis=1)
        if both.sum() >= 3:
            true, pred = true[both] - true[both].mean(axis=0), pred[both] - pred[both].mean(axis=0)
            turned = Rotation.align_vectors(true, pred)[0].apply(pred)
            turned *= (turned * true).sum() / (turned * turned).sum()
            errors.extend(np.linalg.norm(true - turned, axis=1))
    assert p_mpjpe([y_true], [y_pred]) == almost(np.mean(errors))


@given(seeds, st.floats(0.01, 100))
def test_p_mpjpe_ignores_similarity_transforms_but_not_reflections(seed, size):
    rng = np.random.default_rng(seed)
    y_true, y_pred = rng.normal(size=(2, 2, 3, 6, 3))
    turn = Rotation.random(random_state=seed).as_matrix()
    moved = size * y_pred @ turn.T + rng.normal(size=(2, 3, 1, 3))
    assert p_mpjpe(y_true, moved) == pytest.approx(p_mpjpe(y_true, y_pred), rel=1e-3)
    assert p_mpjpe(moved, y_pred) < 1e-4 * size
    assert p_mpjpe(y_true, y_true * [1, 1, -1]) > 0.05


@given(pairs(positions=True))
def test_p_mpjpe_treats_nan_as_removal(ys):
    few = [[np.delete(c, 4, axis=1) for c in y] for y in ys]
    hidden = [c.copy() for c in ys[1]]
    for c in hidden:
        c[:, 4, 1] = np.nan
    assert p_mpjpe(ys[0], hidden) == almost(p_mpjpe(*few))


def test_p_mpjpe_needs_three_keypoints_in_a_frame():
    y = np.random.default_rng(0).normal(size=(1, 2, 6, 3))
    y_pred = y + 1
    y_pred[0, 0, 2:] = np.nan  # two left in the first frame
    y_pred[0, 1, 0] += 5
    assert p_mpjpe(y, y_pred) == p_mpjpe(y[:, 1:], y_pred[:, 1:]) > 0
    with pytest.raises(ValueError, match="nothing to compare in the clips .1 clips.: no frame shows enough keypoints"):
        p_mpjpe(y[:, :1], y_pred[:, :1])
    with pytest.raises(ValueError, match="depths alone cannot be rotated"):
        p_mpjpe(y[..., 0], y_pred[..., 0])


@given(pairs(), skeletons)
def test_mpjve_is_the_mean_over_pairs_of_frames(ys, skeleton):
    errors = []
    if skeleton is None:  # both frames measured from the keypoints seen in both
        steps = [[[c[t : t + 2] for t in range(len(c) - 1)] for c in y] for y in ys]
        for a, b in zip(*([step for c in y for step in c] for y in steps), strict=True):
            difference = a.astype(np.float64) - b
            seen = ~np.isnan(difference.reshape(2, 6, -1)).any(axis=(0, 2))
            if seen.sum() >= 2:
                velocity = np.diff(difference[:, seen], axis=0)[0]
                velocity -= velocity.mean(axis=0)
                errors.extend(np.linalg.norm(velocity.reshape(len(velocity), -1), axis=1))
    else:
        seen = {(i, t, k) for i, t, k, _ in loop_errors(*ys, skeleton)}
        for i, t, k in seen:
            if (i, t + 1, k) in seen:
                a, b = ([aligned(y[i][s].astype(np.float64), skeleton, None)[k] for s in (t, t + 1)] for y in ys)
                errors.append(np.linalg.norm((a[1] - a[0]) - (b[1] - b[0])))
    assume(errors)
    assert mpjve(*ys, skeleton=skeleton) == almost(np.mean(errors))


def test_mpjve_needs_two_frames_and_has_no_seam():
    rng = np.random.default_rng(0)
    y_true, y_pred = rng.integers(-99, 99, size=(2, 1, 1100, 6))
    difference = (y_true - y_pred)[0]
    difference = difference - difference.mean(axis=1, keepdims=True)
    assert mpjve(y_true, y_pred) == almost(np.abs(np.diff(difference, axis=0)).mean())
    with pytest.raises(ValueError, match="nothing to compare"):
        mpjve(y_true[:, :1], y_pred[:, :1])


@given(pairs(), st.sampled_from([SIGNER, TWO_ROOTED]), st.booleans(), st.sampled_from([0.0, 0.1, 0.5, 2.0]))
def test_pck_counts_keypoints_within_a_share_of_the_depth_range(ys, skeleton, per_region, alpha):
    depths = [[c if c.ndim == 2 else c[..., 2] for c in y] for y in ys]
    hits = []
    for i, t, k, error in loop_errors(*depths, skeleton, per_region=per_region):
        region = next(m for m in skeleton.regions.values() if skeleton.keypoints[k] in m)
        around = depths[0][i][t][skeleton.indices(region if per_region else skeleton.keypoints)]
        hits.append(error <= alpha * (np.nanmax(around) - np.nanmin(around)) + 1e-12)
    assert pck(*ys, skeleton=skeleton, per_region=per_region, alpha=alpha) == pytest.approx(np.mean(hits))


@given(pairs(positions=True, gaps=False), seeds)
def test_bone_lengths_ignore_rigid_motion(ys, seed):
    turn = Rotation.random(random_state=seed).as_matrix()
    moved = [c @ turn.T + 7 for c in ys[1]]
    lengths = [np.concatenate([np.linalg.norm(c[:, a] - c[:, b], axis=1) for c in y for a, b in
                               [SIGNER.indices(edge) for edge in SIGNER.edges]]) for y in ys]
    expected = np.abs(lengths[0] - lengths[1]).mean()
    assert bone_length_error(ys[0], moved, skeleton=SIGNER) == pytest.approx(expected, abs=1e-3)


def test_bone_lengths_leave_out_bones_with_an_unseen_end():
    y_true = np.zeros((1, 1, 6, 3))
    y_pred = np.zeros((1, 1, 6, 3))
    y_pred[0, 0, 0] = [0, 3, 4]  # hip: its one bone is 5 too long
    assert bone_length_error(y_true, y_pred, skeleton=SIGNER) == 5 / 4
    y_pred[0, 0, 4] = np.nan
    assert bone_length_error(y_true, y_pred, skeleton=SIGNER) == 5 / 3
    assert bone_length_error(y_true, y_pred, skeleton=SIGNER, regions=["hip", "neck", "tip"]) == 5
    with pytest.raises(ValueError, match="no edge within"):
        bone_length_error(y_true, y_pred, skeleton=SIGNER, regions=["hip", "head"])
    with pytest.raises(ValueError, match="no edge within"):
        bone_length_error(y_true, y_pred, skeleton=TWO_ROOTED)
    with pytest.raises(ValueError, match="no frame shows both ends"):
        bone_length_error(y_true, y_pred, skeleton=SIGNER, regions=["wrist", "tip"])


@given(pairs(n=3), skeletons)
def test_skill_compares_on_the_same_keypoint_frames(ys, skeleton):
    y_true, y_pred, y_reference = ys
    assume(mpjpe(y_true, y_reference, skeleton=skeleton) > 0)
    holes = [np.where(np.isnan(a + b), np.nan, c) for a, b, c in zip(y_pred, y_reference, y_true, strict=True)]
    reference = mpjpe(holes, y_reference, skeleton=skeleton)
    assume(reference > 0)
    expected = 1 - mpjpe(holes, y_pred, skeleton=skeleton) / reference
    assert skill_score(*ys, skeleton=skeleton) == almost(expected)
    assert skill_score(y_true, y_reference, y_reference, skeleton=skeleton) == 0
    assert skill_score(y_true, y_true, y_reference, skeleton=skeleton) == 1
    with pytest.raises(ValueError, match="error of 0"):
        skill_score(y_true, y_pred, y_true, skeleton=skeleton)


@given(pairs(), skeletons, st.data())
def test_error_parts_take_a_constant_offset_away(ys, skeleton, data):
    y_true, y_pred = ys
    parts = error_parts(y_true, y_pred, skeleton=skeleton)
    assert parts["error"] == almost(mpjpe(y_true, y_pred, skeleton=skeleton))
    assert max(parts["offset"], parts["motion"] / 2) <= parts["error"] + 1e-6
    assert parts["error"] <= parts["offset"] + parts["motion"] + 1e-6
    if skeleton is not None:  # without one, a frame's mean moves with the keypoints seen in it
        posture = [c + data.draw(clip(1, c.shape[2:])) for c in y_pred]
        assert error_parts(y_true, posture, skeleton=skeleton)["motion"] == almost(parts["motion"])


def test_error_parts_share_an_offset_within_a_group():
    y_true = np.zeros((3, 4, 6))
    y_pred = np.zeros((3, 4, 6))
    y_pred[:, :, 5] = np.array([1.0, 3.0, 8.0])[:, None]  # the head, too far away by another step in each clip
    own = error_parts(y_true, y_pred, skeleton=SIGNER, regions="head")
    assert own == {"error": 4, "offset": 4, "motion": 0}
    shared = error_parts(y_true, y_pred, skeleton=SIGNER, regions="head", groups=["Ann", "Ann", "Ben"])
    assert shared == {"error": 4, "offset": 4, "motion": pytest.approx(2 / 3)}
    with pytest.raises(ValueError, match="one label for each of 3 clips"):
        error_parts(y_true, y_pred, groups=["Ann"])
