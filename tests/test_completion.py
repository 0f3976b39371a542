"""Keypoints that a clip never shows are put where training had them, and what is shown stays as it is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifting_cases import assert_same, tiny_lstm

from liftz import make_lifter, mpjpe
from liftz.completion import Completion
from liftz.datasets import make_signing
from liftz.gaps import bridge
from liftz.sequences import seen, to_object_array

RNG = np.random.default_rng(0)
TURN = RNG.normal(size=(2, 12))  # six keypoints move in two ways alone
NAN = np.float32(np.nan)


def poses(n, seed, noise=0.0, confidence=False):
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(size=(n, 2)), axis=0) @ TURN * 10 + 100 + noise * rng.normal(size=(n, 12))
    clip = walk.reshape(n, 6, 2)
    return (np.dstack([clip, rng.uniform(0.5, 0.9, (n, 6))]) if confidence else clip).astype(np.float32)


CLIPS = [poses(200, seed, noise=0.1) for seed in range(5)]
COMPLETION = Completion(CLIPS)
hidden_ones = st.sets(st.integers(0, 5), min_size=1, max_size=4).map(sorted)


def without(clip, hidden):
    out = clip.copy()
    out[:, hidden] = np.nan
    return out


@given(hidden_ones, st.integers(0, 100), st.booleans())
def test_what_is_hidden_comes_to_where_it_goes_with_the_rest(hidden, seed, causal):
    clip = poses(20, seed)
    given_ = without(clip, hidden)
    found = COMPLETION(given_, causal)
    assert np.isnan(given_[:, hidden]).all(), "the clip itself stays as it is"
    rest = np.setdiff1d(np.arange(6), hidden)
    np.testing.assert_array_equal(found[:, rest], clip[:, rest])
    assert abs(found - clip).max() < 0.2 * abs(clip - COMPLETION.mean.reshape(6, 2)).max() + 2


@pytest.mark.parametrize("look_ahead", [None, 0])
def test_a_root_that_a_clip_begins_without_is_put_where_roots_are(look_ahead):
    """A signer's hand may be found before the body: rounding in a place that never moves would drown all else."""
    data = make_signing(n_signers=3, n_clips=6, n_frames=(20, 30), random_state=0)
    X = [clip.copy() for clip in data.X]
    body = data.skeleton.region_indices("body")
    for clip in X:
        clip[:3, body] = np.nan
    lifter = make_lifter(data.skeleton, n_nets=1, hidden_size=8, max_epochs=1, look_ahead=look_ahead, random_state=0)
    regressor = lifter.fit(X, data.y)["lift"].regressor_
    root = data.skeleton.root_indices()[0]
    assert not regressor.completion_.components[2 * root:2 * root + 2].any()
    for lstm in regressor.nets_[0].module_.lstms:
        assert lstm.scale.min() > 1e-6
    if look_ahead == 0:
        stream = lifter.stream()
        with np.errstate(all="raise"):
            found = np.array([stream.push(frame) for frame in X[0]])
        np.testing.assert_allclose(found, lifter.predict(X[:1])[0], atol=1e-3)


@given(st.integers(0, 100), st.booleans())
def test_a_clip_that_shows_everything_is_itself(seed, causal):
    clip = poses(9, seed)
    clip[1:][np.random.default_rng(seed).random((8, 6)) < 0.3] = np.nan
    assert COMPLETION(clip, causal) is clip


@given(hidden_ones, st.integers(1, 19))
def test_causal_ones_know_nothing_of_later_frames(hidden, t):
    clip = poses(20, 0)
    clip[:t, hidden] = np.nan
    clip[0] = np.nan  # nobody yet
    found = COMPLETION(clip, causal=True)
    np.testing.assert_array_equal(COMPLETION(clip[:t], causal=True), found[:t])
    np.testing.assert_array_equal(found[t:], clip[t:])
    assert np.isnan(found[0]).all()
    assert not np.isnan(found[1:t]).any()


@given(st.booleans(), st.integers(0, 19))
def test_what_is_seen_once_is_no_more_put_in(causal, frame):
    clip = poses(20, 3)
    clip[:, 2] = np.nan
    clip[frame, 2] = poses(20, 3)[frame, 2]
    found = COMPLETION(clip, causal)
    first = frame if causal else 0
    np.testing.assert_array_equal(found[first:], clip[first:])
    assert not np.isnan(found[:first]).any()


def test_what_training_never_shows_is_left_alone():
    completion = Completion([without(clip, [4]) for clip in CLIPS])
    found = completion(without(poses(9, 0), [2, 4]))
    np.testing.assert_array_equal(np.isnan(found).all(axis=(0, 2)), [False] * 4 + [True, False])


def test_what_is_hidden_in_some_of_training_is_known_from_the_rest():
    completion = Completion([without(clip, [5]) if i % 2 else clip for i, clip in enumerate(CLIPS)])
    clip = poses(30, 1)
    assert abs(completion(without(clip, [5])) - clip).max() < abs(clip[:, 5] - COMPLETION.mean[10:]).max()


@given(st.floats(1e-3, 1e3))
def test_it_has_no_unit(factor):
    clip = without(poses(9, 0), [1, 3])
    found = Completion([factor * clip for clip in CLIPS])(factor * clip)
    np.testing.assert_allclose(found / factor, COMPLETION(clip), rtol=1e-3, atol=1e-2)
    sized = Completion([factor * clip for clip in CLIPS], sizes=[factor] * len(CLIPS))
    np.testing.assert_allclose(sized(clip), COMPLETION(clip), rtol=1e-3, atol=1e-2)


@given(hidden_ones)
def test_ways_are_those_in_which_poses_are_distributed_beside_what_is_told(hidden):
    """Conditioning a normal distribution on some of its coordinates."""
    completion, n = Completion([poses(50, 1, noise=20.0)]), 12
    W, noise = completion.components, completion.noise
    of_hidden = np.repeat(np.isin(np.arange(6), hidden), 2)
    covariance = W @ W.T + noise * np.eye(n)
    across = covariance[of_hidden][:, ~of_hidden]
    expected = covariance[of_hidden][:, of_hidden] - across @ np.linalg.solve(
        covariance[~of_hidden][:, ~of_hidden], across.T) - noise * np.eye(of_hidden.sum())
    xy, shown = poses(1, 2), ~np.isin(np.arange(6), hidden)
    ways = [(completion.fill(xy, shown, way) - completion.fill(xy, shown))[0].ravel()[of_hidden] for way in range(24)]
    there, back = np.transpose(ways[::2]), np.transpose(ways[1::2])
    np.testing.assert_allclose(there @ there.T, expected, rtol=1e-6, atol=1e-6 * noise)
    np.testing.assert_allclose(back, -there, atol=1e-9 * abs(there).max())
    lengths = np.linalg.norm(there, axis=0)
    assert (np.diff(lengths) <= 1e-6 * lengths[0]).all()


def test_intervals_are_wider_where_keypoints_may_be_elsewhere():
    clips = [poses(60, seed, noise=3.0) for seed in range(8)]
    lstm = tiny_lstm(None, n_nets=4, hidden_size=16, max_epochs=20).fit(
        clips, [clip[..., 0] - clip[:, :1, 0] for clip in clips], groups=np.arange(8))
    clip = without(poses(30, 9), [1, 2, 4, 5])
    _, stds = lstm.predict([clip, clips[0]], return_std=True)
    np.testing.assert_array_equal(stds[1], lstm.errors_.std(clips[0]))
    least = lstm.errors_.std(lstm._completed([clip])[0])
    shown = seen(clip)[0]
    ways = [(lstm.completion_.fill(clip[:1], shown, way) - lstm.completion_.fill(clip[:1], shown))[0]
            for way in range(0, 24, 2)]
    drawn = np.tensordot(np.random.default_rng(1).standard_normal((200, len(ways))), ways, axes=1)
    drawn[:, shown] = 0
    whole = lstm._completed([clip])[0]
    spread = np.std(list(lstm.predict([(whole + apart).astype(np.float32) for apart in drawn])), axis=0)
    assert spread[:, 2].min() > 0
    assert (stds[0] > least).all()
    added = np.sqrt(stds[0].astype(float) ** 2 - least.astype(float) ** 2)
    assert added.mean() == pytest.approx(spread.mean(), rel=0.5)
    assert_same(lstm.predict([clip], return_std=True)[1], stds[:1])


def test_what_is_put_in_is_as_sure_as_keypoints_are_on_average():
    clips = [poses(100, seed, confidence=True) for seed in range(3)]
    clip = without(poses(9, 5, confidence=True), [2])
    found = Completion(clips)(clip)
    np.testing.assert_allclose(found[:, 2, 2], np.mean([part[..., 2] for part in clips]), rtol=1e-5)


def test_a_lifter_does_without_limbs_and_without_a_head():
    data = make_signing(n_signers=6, n_clips=6, n_frames=(40, 50), random_state=0)
    body = data.skeleton.subset("body")
    own = data.skeleton.indices(body.keypoints)
    X, y = (to_object_array([clip[:, own] for clip in clips]) for clips in (data.X, data.y))
    new = data.groups == "S6"
    lifter = make_lifter(body, n_nets=1, hidden_size=32, batch_size=8, max_epochs=40, random_state=0)
    regressor = lifter.fit(X[~new], y[~new])["lift"].regressor_
    completion = regressor.completion_
    for parts in (("knee", "ankle", "heel", "toe"), ("nose", "eye", "ear")):
        gone = [name for name in body.keypoints if any(part in name for part in parts)]
        cut = [without(clip, body.indices(gone)) for clip in X[new]]
        rest = [name for name in body.keypoints if name not in gone]
        errors = []
        for clips, used in ((X[new], completion), (cut, completion), (cut, None)):
            regressor.completion_ = used
            errors.append(mpjpe(y[new], lifter.predict(clips), skeleton=body, regions=rest))
        whole, completed, bare = errors
        assert bare > 1.3 * whole
        assert completed < 1.1 * whole


def test_nothing_is_put_into_novelty():
    clips = [poses(40, seed, noise=0.1) for seed in range(8)]
    lstm = tiny_lstm(None, n_nets=4).fit(clips, [clip[..., 0] for clip in clips], groups=np.arange(8))
    assert np.isnan(lstm.novelty([without(clips[0], [0, 1, 2, 3, 4])])).all()
    assert np.isfinite(lstm.novelty(clips[:1])).all()


@pytest.mark.parametrize("look_ahead", [None, 0])
def test_a_clips_depths_are_those_of_the_clip_completed(look_ahead):
    lstm = tiny_lstm(None, look_ahead=look_ahead).fit(CLIPS, [clip[..., 0] for clip in CLIPS])
    clip = without(poses(20, 9), [1, 4])
    whole = lstm.completion_(clip, look_ahead is not None)
    assert seen(bridge(whole, hold_ends=True)).all()
    assert_same(lstm.predict([clip]), lstm.predict([whole]))
