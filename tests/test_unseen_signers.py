"""Nets that each do without some signers, what that tells of errors, and going on with a new person."""

from functools import partial

import numpy as np
import pytest
import torch
from lifting_cases import SIGNER, TINY, assert_same, recordings, tiny_lifter, tiny_lstm
from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GroupKFold, cross_validate

from liftz import BodyAugmenter, FrameRidge, make_lifter
from liftz.lifter import Lifter
from liftz.metrics import mpjpe
from liftz.net import ClipDataset, ClipNet
from liftz.sampling import leave_out
from liftz.sequences import to_object_array

SIGNERS = np.array(list("ABCDE") * 4)
ROOTS = np.unique(np.concatenate([SIGNER.root_indices(region) for region in SIGNER.regions]))


@pytest.fixture
def data():
    X, y, _ = recordings(lengths=[12] * 20)
    return X, y, SIGNERS


# Which clips a net sees

@pytest.mark.parametrize(("n_signers", "n_nets"), [(4, 2), (7, 6), (8, 3), (40, 6), (5, 9)])
def test_every_net_leaves_out_about_a_seventh_of_the_signers(n_signers, n_nets):
    groups = np.repeat(np.arange(n_signers), 3)
    known = leave_out(groups, np.ones((len(groups), 3), bool), n_nets, np.random.default_rng(0))
    left = [set(groups[~own]) for own in known]
    assert all(len(signers) == max(1, n_signers // 7) for signers in left)
    assert all(set(groups[own]).isdisjoint(signers) for own, signers in zip(known, left, strict=True))
    assert len(set.union(*left)) == min(n_signers, sum(map(len, left)))  # in turn


def test_too_few_signers_are_not_done_without():
    for groups, n_nets in ((None, 3), (np.array([0, 1, 2] * 4), 3), (np.arange(12), 1)):
        assert leave_out(groups, np.ones((12, 3), bool), n_nets, np.random.default_rng(0)).all()


def test_nets_never_see_the_signers_they_leave_out(data, monkeypatch):
    X, y, signers = data
    parts = []
    make = ClipDataset.__init__
    monkeypatch.setattr(ClipDataset, "__init__",
                        lambda self, X, y, **o: parts.append(X) or make(self, X, y, **o))
    tiny_lstm(n_nets=3).fit(X, y, groups=signers)
    trained = [{s for clip in part for s, own in zip(signers, X, strict=True) if clip is own}
               for part in parts]
    assert [len(seen) for seen in trained] == [4, 4, 4]
    assert len({frozenset(seen) for seen in trained}) == 3


def test_every_third_net_sees_what_was_recorded(data):
    X, y, signers = data

    class Count(BaseEstimator):
        def fit(self, X, y, groups=None):
            assert groups.tolist() == signers.tolist()
            calls.clear()
            return self

        def __call__(self, clip, depth, rng, signer):
            calls.append(signer)
            return clip, depth

    calls = []
    tiny_lstm(n_nets=3, augment=Count(), window=None).fit(X, y, groups=signers)
    assert len(calls) == 2 * 16
    assert set(calls) == set(signers)


def test_processes_do_not_change_the_nets(data):
    X, y, signers = data
    expected = tiny_lstm(n_nets=2).fit(X, y, groups=signers)
    found = tiny_lstm(n_nets=2, n_jobs=2).fit(X, y, groups=signers)
    assert_same(found.predict(X), expected.predict(X))


# How far off

def test_intervals_cover_signers_not_seen():
    X, y, _ = recordings(lengths=[60] * 40, gaps=False)
    signers = np.arange(40) % 8
    rng = np.random.default_rng(0)
    posture = 40 * rng.normal(size=(8, 1, 6))
    y = to_object_array([(depth + posture[s]).astype(np.float32) for depth, s in zip(y, signers, strict=True)])
    test = signers >= 6
    lifter = tiny_lifter(n_nets=6, max_epochs=10, lr=0.02, hidden_size=16)
    lifter.fit(X[~test], y[~test], groups=signers[~test])
    depths, stds = lifter.predict(X[test], return_std=True)
    assert_same(depths, lifter.predict(X[test]))
    others = np.setdiff1d(np.arange(6), ROOTS)
    for i, part in enumerate((X[test], stds)):
        assert [clip.shape[:2] for clip in part] == [depth.shape for depth in y[test]], i
    truth = [depth - depth[:, SIGNER.root_indices()] for depth in y[test]]
    body = [k for k in others if SIGNER.keypoints[k] in SIGNER.regions["body"]]
    inside = [(abs(t - d) <= 1.645 * s)[:, body] for t, d, s in zip(truth, depths, stds, strict=True)]
    assert 0.7 < np.mean(inside) <= 1
    for std in stds:
        np.testing.assert_allclose(std[:, ROOTS], 0, atol=1e-4)
        assert (std[:, others] > 0).all()


def test_deviations_are_in_the_unit_of_y_and_missing_outside_a_selected_region(data):
    X, y, signers = data
    in_cm = to_object_array([depth / np.float32(10) for depth in y])
    mm, cm = (tiny_lifter(n_nets=4).fit(X, z, groups=signers).predict(X, return_std=True)[1] for z in (y, in_cm))
    assert_same([10 * std for std in cm], mm, atol=0.1)
    hand = tiny_lifter(n_nets=4, select="hand").fit(X, y, groups=signers).predict(X, return_std=True)[1][0]
    chosen = np.isin(np.arange(6), SIGNER.indices(SIGNER.regions["hand"]))
    assert np.isfinite(hand[:, chosen]).all()
    assert np.isnan(hand[:, ~chosen]).all()


def test_without_signers_left_out_nothing_is_known_of_errors(data):
    X, y, signers = data
    for lifter in (tiny_lifter(n_nets=4).fit(X, y), tiny_lifter(n_nets=3).fit(X, y, groups=signers)):
        for ask in (partial(lifter.predict, return_std=True), lifter.novelty):
            with pytest.raises(ValueError, match="fit needs four nets at least, and groups of as many signers"):
                ask(X)


def test_unfamiliar_is_who_stands_as_nobody_did(data):
    X, y, signers = data
    lifter = tiny_lifter(n_nets=4, one_size=False).fit(X, y, groups=signers)
    lifter["lift"].regressor_.errors_.line = np.array([0.5, 0.5])
    new, growth = lifter.novelty([*X, X[0] * np.float32([10, -10])])
    assert new.shape == growth.shape == (len(X) + 1,)
    assert (new[:-1] <= 1.1).all()
    assert new[-1] > 2
    assert growth[-1] > 1.5
    bare = Lifter([("lift", lifter["lift"].regressor_)])
    np.testing.assert_array_equal(bare.novelty(lifter[:-1].transform(X))[0], lifter.novelty(X)[0])
    with pytest.raises(ValueError, match="keypoints"):
        lifter.novelty([clip[:, :3] for clip in X])


def test_only_a_fitted_lstm_tells_what_is_unfamiliar(data):
    X, y, _ = data
    with pytest.raises(NotFittedError):
        tiny_lifter().novelty(X)
    with pytest.raises(ValueError, match="takes an LSTMRegressor, got a FrameRidge"):
        make_lifter(SIGNER, FrameRidge()).fit(X, y).novelty(X)


def test_groups_reach_the_nets_through_the_pipeline_routed_or_not(data):
    X, y, signers = data
    lifter = tiny_lifter(n_nets=4)
    expected = lifter.fit(X, y, groups=signers).predict(X)
    assert not np.array_equal(tiny_lifter(n_nets=4).fit(X, y).predict(X)[0], expected[0])
    assert_same(tiny_lifter(n_nets=4).fit(X, y, lift__groups=signers).predict(X), expected)
    with config_context(enable_metadata_routing=True):
        assert_same(tiny_lifter(n_nets=4).fit(X, y, groups=signers).predict(X), expected)
    make_lifter(SIGNER, FrameRidge()).fit(X, y, groups=signers)  # has no use for them
    scores = cross_validate(lifter, X, y, groups=signers, cv=GroupKFold(5), params={"groups": signers},
                            error_score="raise", return_estimator=True)
    assert all(found["lift"].regressor_.errors_ is not None for found in scores["estimator"])


@pytest.mark.parametrize("groups", [["A"] * 3, [["A", "B"]] * 20])
def test_groups_of_another_length_are_refused(data, groups):
    X, y, _ = data
    with pytest.raises(ValueError, match=r"groups has shape .*, expected one label for each of 20 clips"):
        tiny_lifter(n_nets=2).fit(X, y, groups=groups)


# A new person

def test_adapting_helps_that_person_and_leaves_the_lifter_as_it_was():
    X, y, _ = recordings(lengths=[30] * 16, gaps=False)
    lifter = tiny_lifter(max_epochs=20, lr=0.02, hidden_size=16, n_nets=2).fit(X[:10], y[:10])
    posture = np.float32([0, 60, -80, 0, 50, 0])
    person = to_object_array([depth + posture for depth in y[10:]])
    before = lifter.predict(X)
    adapted = lifter.adapt(X[10:13], person[:3], max_epochs=60, lr=0.02)
    assert type(adapted) is type(lifter)
    assert_same(lifter.predict(X), before)
    errors = [mpjpe(person[3:], model.predict(X[13:]), skeleton=SIGNER) for model in (lifter, adapted)]
    assert errors[1] < 0.8 * errors[0]
    assert_same(lifter.adapt(X[10:13], person[:3]).predict(X), lifter.adapt(X[10:13], person[:3]).predict(X))


@pytest.mark.parametrize(("n_clips", "window", "chosen", "share"), [
    (1, 300, {}, 1 / 2), (3, 300, {}, 3 / 4), (2, 10, {}, 6 / 7), (1, 300, {"share": 1}, 1),
    (1, 300, {"share": 0.0}, 0)])
def test_of_what_few_clips_teach_a_part_is_taken(monkeypatch, n_clips, window, chosen, share):
    X, y, _ = recordings(lengths=[30] * 6, gaps=False)
    lifter = tiny_lifter(window=window, n_nets=2).fit(X, y)

    def weights(lifter):
        return [own.data.numpy() for net in lifter["lift"].regressor_.nets_ for own in net.module_.parameters()]

    def learn_one(net, *args):
        for own in net.module_.parameters():
            own.data.fill_(1)

    before = [own.copy() for own in weights(lifter)]
    monkeypatch.setattr(ClipNet, "learn", learn_one)
    after = weights(lifter.adapt(X[:n_clips], y[:n_clips], **chosen))
    for old, new in zip(before, after, strict=True):
        np.testing.assert_allclose(new, old + share * (1 - old), rtol=1e-5, atol=1e-6)
    assert_same(weights(lifter), before)


def test_what_cannot_be_learnt_from_is_refused_by_adapt_too(data):
    X, y, _ = data
    lifter = tiny_lifter().fit(X, y)
    with pytest.raises(ValueError, match="lr must be"):
        lifter.adapt(X[:1], y[:1], lr=-1)
    with pytest.raises(ValueError, match="share must be"):
        lifter.adapt(X[:1], y[:1], share=1.5)
    with pytest.raises(ValueError, match="clip 0 has 5 keypoints"):
        lifter.adapt([X[0][:, :5]], y[:1])
    with pytest.raises(ValueError, match="the loss became"):
        tiny_lifter(loss="mse").fit(X, y).adapt(X[:1], y[:1], lr=1e30)


# A fixed look-ahead

@pytest.mark.parametrize(("look_ahead", "stride"), [(0, 1), (3, 1), (4, 2), (5, 2), (5, 3)])
def test_a_frame_sees_so_many_frames_ahead_and_no_further(look_ahead, stride):
    X, y, _ = recordings(lengths=[30] * 6)
    lifter = tiny_lifter(look_ahead=look_ahead, stride=stride, max_epochs=2).fit(X, y)
    [whole] = lifter.predict(X[:1])
    for now in (0, 7, 29 - look_ahead):
        sees = now + look_ahead - look_ahead % stride
        for change, same in ((sees + 1, True), (sees, False)):
            if change >= 30:
                continue
            later = X[0].copy()
            later[change:change + stride] += 100 * np.arange(6)[:, None]
            [other] = lifter.predict([later])
            assert np.array_equal(other[now], whole[now]) is same, (now, change)


def test_a_look_ahead_beyond_the_clip_holds_its_last_frame(data):
    X, y, _ = data
    lifter = tiny_lifter(look_ahead=50).fit(X, y)
    depths = lifter.predict([X[0][:1], X[0]])
    assert all(np.isfinite(depth).all() for depth in depths)


def test_bins_learn_too():
    X, y, _ = recordings(lengths=[30] * 24, gaps=False)
    plain = mpjpe(y[20:], tiny_lifter(augment=None).fit(X[:20], y[:20]).predict(X[20:]), skeleton=SIGNER)
    binned = tiny_lifter(bins=32, max_epochs=60, lr=1e-2, hidden_size=32, dropout=0, augment=None).fit(X[:20], y[:20])
    assert mpjpe(y[20:], binned.predict(X[20:]), skeleton=SIGNER) < 0.7 * plain
    assert [lstm.head.linear.out_features
            for lstm in binned["lift"].regressor_.nets_[0].module_.lstms] == [3 * 32, 3 * 32]


def test_bodies_borrow_postures_only_where_signers_are_known():
    X, y, _ = recordings(lengths=[12] * 20)
    augment = BodyAugmenter(SIGNER, xy_per_depth=1)
    assert augment.fit(X, y).postures_ is None
    assert augment.fit(X, y, SIGNERS).postures_ is not None
    assert BodyAugmenter(SIGNER, borrow=0, xy_per_depth=1).fit(X, y, SIGNERS).postures_ is None
    assert torch.is_tensor(next(tiny_lifter(n_nets=2, augment=augment).fit(X, y, groups=SIGNERS)
                                ["lift"].regressor_.nets_[0].module_.parameters()))
    assert TINY["n_nets"] == 1


def test_faults_of_y_are_told_of_y_and_a_confidence_too_many_with_its_cure(data):
    X, y, _ = data
    lifter = tiny_lifter().fit(X, y)
    with pytest.raises(ValueError, match="^y: clip 0 has no keypoint seen"):
        lifter.adapt(X[:1], [np.full_like(y[0], np.nan)])
    confident = [np.dstack([clip, np.ones(clip.shape[:2])]) for clip in X]
    with pytest.raises(ValueError, match=r"3 channels, expected 2 \(x and y, without a confidence: clip\[..., :2\]\)"):
        lifter.predict(confident)
    with pytest.raises(ValueError, match="device 'nonsense' cannot be used here"):
        tiny_lifter(device="nonsense").fit(X, y)


def test_few_frames_with_depths_are_enough_wherever_they_are():
    X, y, _ = recordings(lengths=[20] * 8)
    signers = np.repeat(["Ann", "Ben", "Cem", "Dot"], 2)
    sparse = to_object_array([np.where((np.arange(20) % 10 == 3)[:, None], depth, np.nan) for depth in y])
    X[0][:5] = np.nan
    lifter = tiny_lifter(n_nets=4, augment=BodyAugmenter(SIGNER)).fit(X, sparse, groups=signers)
    whole = tiny_lifter(n_nets=4, augment=BodyAugmenter(SIGNER)).fit(X, y, groups=signers)
    own, known = (np.concatenate(fitted.predict(X, return_std=True)[1]) for fitted in (lifter, whole))
    np.testing.assert_array_equal(np.isfinite(own), np.isfinite(known))
    assert np.isfinite(own).any()
    seldom = to_object_array([np.where(np.isnan(clip).all(axis=(1, 2))[:, None], depth, np.nan) if i == 0 else depth
                              for i, (clip, depth) in enumerate(zip(X, y, strict=True))])
    assert np.isfinite(np.concatenate(tiny_lifter(augment=BodyAugmenter(SIGNER)).fit(X, seldom).predict(X))).all()
