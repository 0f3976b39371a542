"""What a lifter sees of a frame."""

import numpy as np
import pytest
from clips import HIP, WRIST, is_shown, loop_bridge, one, ragged
from hypothesis import given
from hypothesis import strategies as st
from metric_cases import SIGNER

from liftz import Skeleton
from liftz.features import bone_ends, frame_features, longest_nearby, longest_of_late, longest_shown
from liftz.skeletons import PANOPTIC_138

BONES = bone_ends(SIGNER)
clips = st.builds(lambda clip: clip[0], st.sampled_from(["keypoints", "with confidence"]).flatmap(
    lambda kind: ragged(kind, max_clips=1, max_frames=10, show=())))


def bone_parts(clip, causal=False):
    """Lengths, longest and squared depths of the bones, each ``(n_frames, n_bones)``."""
    length, longest, depth = np.split(frame_features(clip, BONES, causal)[:, -3 * len(BONES[0]):], 3, axis=1)
    return length, longest, depth**2


def turned(clip, degrees):
    a = np.deg2rad(degrees)
    out = clip.copy()
    out[..., :2] = clip[..., :2].astype(np.float64) @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    return out


@given(clips, st.booleans(), st.booleans(), st.booleans())
def test_where_which_and_how_sure(clip, with_bones, causal, gaps):
    clip = clip.copy()
    clip[0, ~is_shown(clip)[0], 2:] = np.nan
    clip.flags.writeable = False
    features = frame_features(clip, BONES if with_bones else None, causal, gaps=gaps)
    n = 6 * clip.shape[2] + 6
    assert (features.dtype, features.shape) == (np.float32, (len(clip), n + with_bones * 3 * 4))
    assert np.isfinite(features).all()
    where = loop_bridge(clip[..., :2], hold_ends=True, causal=causal)
    known = is_shown(where)
    where = np.where(known[..., None], where, 0)  # half a point is not seen
    np.testing.assert_allclose(features[:, :12], where.reshape(len(clip), -1), rtol=1e-6, atol=1e-5)
    np.testing.assert_array_equal(features[:, 12:18], is_shown(clip) if gaps else known)
    if clip.shape[2] == 3:
        np.testing.assert_array_equal(features[:, 18:24], np.nan_to_num(clip[..., 2]))


@pytest.mark.parametrize("causal", [False, True])
def test_half_a_point_tells_no_more_than_none(causal):
    half, none = np.random.default_rng(0).normal(size=(2, 4, 6, 2)).astype(np.float32)
    none[:] = half
    half[:, WRIST, 1] = none[:, WRIST] = np.nan
    np.testing.assert_array_equal(frame_features(half, BONES, causal), frame_features(none, BONES, causal))


@given(clips, st.booleans())
def test_bones_are_as_long_as_frames_show_that_have_both_ends(clip, causal):
    shown, where = is_shown(clip), loop_bridge(clip[..., :2], hold_ends=True, causal=causal)
    for bone, (a, b) in enumerate(zip(*BONES, strict=True)):
        length, longest, depth = (part[:, bone] for part in bone_parts(clip, causal))
        for t in range(len(clip)):
            far = np.linalg.norm(where[t, a] - where[t, b])
            known = [np.linalg.norm(clip[s, a, :2] - clip[s, b, :2])
                     for s in range(t + 1 if causal else len(clip)) if shown[s, a] and shown[s, b]]
            long, shorter = (np.percentile(known, level, method="lower") if known else 0 for level in (95, 90))
            long = max(known, default=0) if causal else shorter if long > 1.3 * shorter else long
            assert length[t] == pytest.approx(np.nan_to_num(far), rel=1e-5, abs=1e-4)
            assert longest[t] == pytest.approx(long, rel=1e-5, abs=1e-4)
            assert depth[t] == pytest.approx(max(long**2 - far**2, 0) if known else 0, rel=1e-4, abs=0.2)


@given(clips, st.booleans(), st.tuples(st.integers(-500, 500), st.integers(-500, 500)))
def test_bones_do_not_tell_where_a_signer_stands(clip, causal, offset):
    moved = clip.copy()
    moved[..., :2] += np.float32(offset)
    for a, b, atol in zip(bone_parts(clip, causal), bone_parts(moved, causal), (1e-3, 1e-3, 0.5), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=atol)


@given(clips, st.booleans(), st.floats(0, 360))
def test_bones_do_not_tell_how_the_camera_is_turned(clip, causal, degrees):
    clip[~is_shown(clip), :2] = np.nan  # half a point has no turned half
    for a, b, atol in zip(bone_parts(clip, causal), bone_parts(turned(clip, degrees), causal), (1e-3, 1e-3, 0.5),
                          strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=atol)


@given(st.sampled_from([(2,), (3,)]).flatmap(lambda c: st.tuples(one(8, c, ()), one(8, c, ()))), st.integers(1, 7),
       st.sampled_from([None, 1, 4]))
def test_causal_features_know_nothing_of_later_frames(pair, t, span):
    clip, other = pair
    expected = frame_features(clip, BONES, causal=True, span=span)[:t]
    np.testing.assert_array_equal(frame_features(clip[:t], BONES, causal=True, span=span), expected)
    later = np.concatenate([clip[:t], other[t:]])
    np.testing.assert_array_equal(frame_features(later, BONES, causal=True, span=span)[:t], expected)


@given(clips, st.booleans(), st.integers(1, 4), st.sampled_from([None, 1, 4]))
def test_a_stride_changes_but_how_long_ago_and_nearby_is(clip, causal, stride, span):
    features = frame_features(clip, BONES, causal, span=span, stride=stride)
    once = frame_features(clip, BONES, causal, span=None if span is None else span * stride)
    if not causal:
        np.testing.assert_array_equal(features, once)
        return
    length, longest, depth = np.split(np.arange(features.shape[1])[-12:], 3)
    others = np.delete(np.arange(features.shape[1]), [*longest, *depth])
    np.testing.assert_array_equal(features[:, others], once[:, others])
    shown = np.where(is_shown(clip)[:, BONES[0]] & is_shown(clip)[:, BONES[1]], features[:, length], np.nan)
    for t in range(len(clip)):
        own = longest_of_late(shown[t % stride:t + 1:stride], span)[-1]
        of_all = np.fmax.accumulate(shown[:t + 1])[-1]
        expected = np.nan_to_num(np.where(np.isnan(own), of_all, own))
        np.testing.assert_array_equal(features[t, longest], expected)


bone_lengths = st.lists(st.floats(1, 100, width=32) | st.just(np.nan), min_size=1, max_size=40).map(
    lambda column: np.array(column, np.float32)[:, None])


@given(bone_lengths, st.integers(1, 50))
def test_how_long_a_bone_is_is_asked_nearby_and_of_the_clip_where_nothing_is_known_nearby(length, span):
    longest = longest_nearby(length, span)
    assert longest.shape == length.shape
    if len(length) <= 2 * span:
        np.testing.assert_array_equal(longest, np.broadcast_to(longest_shown(length), length.shape))
        return
    near = [longest_shown(length[i:i + span])[0] for i in range(len(length) - span + 1)]
    near = np.where(np.isnan(near), longest_shown(length)[0], near)
    assert np.isnan(longest).all() == np.isnan(length).all()
    if not np.isnan(length).all():
        assert (longest >= near.min() * (1 - 1e-6)).all()
        assert (longest <= near.max() * (1 + 1e-6)).all()
    for t in range(len(length)):
        far = length.copy()
        far[:max(t - span, 0)] = far[t + span + 1:] = 1000
        if len(length) > 2 * span and not np.isnan(length).any():
            np.testing.assert_array_equal(longest_nearby(far, span)[t], longest[t])


@pytest.mark.parametrize("astray", [0, 1, 3, 4])
def test_frames_astray_do_not_tell_how_long_a_bone_is(astray):
    length = np.linspace(2, 3, 40, dtype=np.float32)[:, None]
    usual = longest_shown(length)[0]
    length[5:5 + astray] *= 100
    assert longest_shown(length)[0] == pytest.approx(usual, rel=0.05)
    length[20] = np.nan
    assert longest_nearby(length, span=100)[7, 0] == pytest.approx(usual, rel=0.05)


@given(bone_lengths, st.integers(1, 50))
def test_of_late_is_in_this_half_of_a_span_and_in_that_before(length, span):
    longest, half, before = longest_of_late(length, span)[:, 0], max(1, span // 2), np.nan
    for t in range(len(length)):
        if t and t % half == 0 and not np.isnan(length[t - half:t]).all():
            before = np.nanmax(length[t - half:t])
        np.testing.assert_equal(longest[t], np.fmax.reduce([*length[t - t % half:t + 1, 0], before]))


def test_a_bone_foreshortened_has_the_depth_that_its_length_leaves():
    clip = np.full((20, 6, 2), np.nan, np.float32)
    clip[:, WRIST] = 7, 7
    clip[:, SIGNER.index("tip")] = 12, 7  # 5 long
    clip[3, SIGNER.index("tip")] = 10, 7
    length, longest, depth = bone_parts(clip)
    bone = list(zip(*BONES, strict=True)).index((WRIST, SIGNER.index("tip")))
    assert (length[3, bone], longest[3, bone], depth[3, bone]) == (3, 5, pytest.approx(16))
    others = np.delete(np.stack([length, longest, depth]), bone, axis=2)
    assert not others.any(), "nothing is known of bones that are never seen"


@pytest.mark.parametrize("causal", [False, True])
def test_a_hand_out_of_sight_does_not_lengthen_its_bone(causal):
    clip = np.zeros((10, 6, 2), np.float32)
    clip[:, SIGNER.index("tip")] = 5, 0
    clip[4:, WRIST] = -30, 0  # moves on, while the tip is held where it was last seen
    clip[4:, SIGNER.index("tip")] = np.nan
    length, longest, depth = (part[:, -1] for part in bone_parts(clip, causal))
    assert SIGNER.edges[-1] == ("wrist", "tip")
    assert length.tolist() == [5] * 4 + [35] * 6
    assert longest.tolist() == [5] * 10
    assert not depth.any()


@pytest.mark.parametrize("causal", [False, True])
def test_a_keypoint_that_comes_late_leaves_no_trace_before(causal):
    clip = np.full((4, 6, 2), 100, np.float32)
    clip[:2, HIP] = np.nan
    _, longest, _ = bone_parts(clip, causal)
    assert longest.max() == 0


def test_bones_are_edges_within_one_root():
    a, b = BONES
    assert [(SIGNER.keypoints[i], SIGNER.keypoints[j]) for i, j in zip(a, b, strict=True)] == list(SIGNER.edges)
    arms = Skeleton("arms", ["hip", "elbow", "wrist", "tip"], root="hip", roots={"hand": "wrist"},
                    regions={"body": ["hip", "elbow"], "hand": ["wrist", "tip"]},
                    edges=[("hip", "elbow"), ("elbow", "wrist"), ("wrist", "tip")])
    assert [ends.tolist() for ends in bone_ends(arms)] == [[0, 2], [1, 3]]
    assert len(bone_ends(arms.with_root("wrist"))[0]) == 3
    assert bone_ends(Skeleton("points", ["a", "b"], root="a")) is None
    regions = {k: r for r, members in PANOPTIC_138.regions.items() for k in members}
    for a, b in zip(*bone_ends(PANOPTIC_138), strict=True):
        ends = {regions[PANOPTIC_138.keypoints[a]], regions[PANOPTIC_138.keypoints[b]]}
        assert len({PANOPTIC_138.roots[region] for region in ends}) == 1
