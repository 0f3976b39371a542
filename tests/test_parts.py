"""What has a root of its own has an LSTM of its own, which sees itself and the body."""

from copy import copy

import numpy as np
import pytest
import torch
from clips import is_shown
from hypothesis import given
from hypothesis import strategies as st
from lifting_cases import TINY, assert_same, recordings, tiny_lstm

from liftz import LSTMRegressor, Skeleton, make_lifter
from liftz.datasets import make_signing
from liftz.features import bone_ends, feature_columns, frame_features
from liftz.modules import PartLSTMs, SequenceLSTM

TWO_HANDED = Skeleton(
    "two-handed", ["tip L", "hip", "wrist L", "neck", "wrist R", "tip R"], root="hip",
    edges=[("hip", "neck"), ("wrist L", "tip L"), ("wrist R", "tip R")],
    regions={"left": ["wrist L", "tip L"], "trunk": ["hip"], "right": ["wrist R", "tip R"], "head": ["neck"]},
    roots={"left": "wrist L", "right": "wrist R"})
PARTS = {"left": ["wrist L", "tip L"], "body": ["hip", "neck"], "right": ["wrist R", "tip R"]}
X, Y, _ = recordings()


@pytest.fixture(scope="module")
def lstm():
    return tiny_lstm(TWO_HANDED, by_part=True, max_epochs=2, n_nets=2).fit(X, Y)


@pytest.mark.parametrize("moved", PARTS)
def test_a_part_sees_itself_and_the_body_alone(lstm, moved):
    places = TWO_HANDED.indices(PARTS[moved])
    clip = X[1].copy()
    clip[:, places] *= 1.5
    before, after = lstm.predict([X[1], clip])
    for part, keypoints in PARTS.items():
        same = np.array_equal(*(depth[:, TWO_HANDED.indices(keypoints)] for depth in (before, after)))
        assert same == (moved not in (part, "body"))


def test_hands_alone_see_themselves_alone():
    hands = Skeleton("hands", ["wrist L", "tip L", "wrist R", "tip R"], root="wrist L", edges=TWO_HANDED.edges[1:],
                     regions={"left": ["wrist L", "tip L"], "right": ["wrist R", "tip R"]}, roots={"right": "wrist R"},
                     pairs=[("wrist L", "wrist R"), ("tip L", "tip R")])
    clips = [clip[:, :4] for clip in X]
    lstm = tiny_lstm(hands, by_part=True).fit(clips, [depth[:, :4] for depth in Y])
    assert [len(seen) for seen, _ in lstm.parts_] == [9, 9]
    left_moved = clips[1] * np.array([2, 2, 1, 1], np.float32)[:, None]
    before, after = lstm.predict([clips[1], left_moved])
    assert [np.array_equal(before[:, i], after[:, i]) for i in range(4)] == [False, False, True, True]


def test_there_is_an_lstm_for_each_root_and_not_for_each_region(lstm):
    module = lstm.nets_[0].module_
    assert isinstance(module, PartLSTMs)
    assert [one.head.out_features for one in module.lstms] == [2, 2, 2]
    alone = tiny_lstm(TWO_HANDED).fit(X, Y)
    assert isinstance(alone.nets_[0].module_, SequenceLSTM)
    assert make_lifter(TWO_HANDED, **TINY)["lift"].regressor.by_part


def test_a_body_of_one_part_is_lifted_as_ever():
    one = Skeleton("one", TWO_HANDED.keypoints, root="hip", edges=TWO_HANDED.edges)
    expected, found = (tiny_lstm(one, by_part=by_part, max_epochs=2).fit(X, Y).predict(X) for by_part in (False, True))
    for depths, others in zip(expected, found, strict=True):
        np.testing.assert_array_equal(depths, others)


def test_each_depth_is_made_by_one_part():
    with pytest.raises(ValueError, match=r"the parts make the depths \[0, 2, 2\], expected each of 3 once"):
        PartLSTMs(np.zeros(2), np.ones(2), 3, [(np.array([0]), np.array([0, 2])), (np.array([1]), np.array([2]))],
                  hidden_size=2)


def test_a_part_is_an_lstm_by_itself():
    """Its depths stand where they belong, with bins in training as well."""
    torch.manual_seed(0)
    parts = [(np.array([3, 0]), np.array([2, 0])), (np.array([1, 3]), np.array([1]))]
    x, lengths = torch.randn(2, 5, 4), torch.tensor([5, 3])
    mean, scale = np.arange(4.0), np.arange(1.0, 5.0)
    for n_bins in (None, 4):
        module = PartLSTMs(mean, scale, 3, parts, hidden_size=3, num_layers=1, dropout=0.0, n_bins=n_bins)
        out, wanted = module(x, lengths), [lstm(x[:, :, seen], lengths) for lstm, (seen, _) in
                                           zip(module.lstms, parts, strict=True)]
        out, wanted = ((out,), [(one,) for one in wanted]) if n_bins is None else (out, wanted)
        for whole, first, second in zip(out, *wanted, strict=True):
            torch.testing.assert_close(whole[:, :, 2], first[:, :, 0])
            torch.testing.assert_close(whole[:, :, 0], first[:, :, 1])
            torch.testing.assert_close(whole[:, :, 1], second[:, :, 0])
        assert torch.equal(module.lstms[0].mean, torch.tensor([3.0, 0.0]))


def test_it_takes_a_skeleton():
    with pytest.raises(ValueError, match="by_part=True takes a skeleton, whose roots tell of its parts"):
        LSTMRegressor(by_part=True).fit(X, Y)


def test_a_part_goes_on_learning_and_keeps_its_parts(lstm):
    changed = copy(lstm).set_params(by_part=False)
    assert_same(changed.predict(X), lstm.predict(X))
    for fitted in (lstm, changed):
        adapted = fitted.adapt(X[:2], Y[:2], max_epochs=1)
        assert isinstance(adapted.nets_[0].module_, PartLSTMs)
        assert not np.allclose(adapted.predict(X)[0], lstm.predict(X)[0])


@pytest.mark.parametrize("select", [["body", "left_hand", "right_hand_index_tip"], ["body", "left_hand"]])
def test_a_hand_sees_the_body_whatever_else_is_selected(select):
    data = make_signing(n_signers=1, n_clips=2, n_frames=30, random_state=0)
    lifter = make_lifter(data.skeleton, select=select, **TINY | {"one_size": False}).fit(data.X, data.y)
    clip = data.X[0].copy()
    clip[:, data.skeleton.index("left_elbow")] += 30
    hand = data.skeleton.region_indices("left_hand")
    before, after = lifter.predict([data.X[0], clip])
    assert abs(before - after)[:, hand].max() > 1e-3


@given(st.sampled_from([2, 3]), st.booleans(), st.sets(st.integers(0, 5), min_size=1, max_size=5), st.data())
def test_the_columns_of_keypoints_are_those_that_tell_of_them(n_channels, with_bones, keypoints, data):
    bones = bone_ends(TWO_HANDED) if with_bones else None
    clip = recordings(n_channels)[0][data.draw(st.integers(0, 3))]
    others = np.setdiff1d(np.arange(6), list(keypoints))
    columns = feature_columns(list(keypoints), 6, n_channels, bones)
    changed = clip.copy()
    changed[:, others, :2] += 100 * np.random.default_rng(0).random((len(clip), len(others), 2)).astype(np.float32)
    changed[is_shown(changed).all(axis=1), others[0], :2] = np.nan
    before, after = (frame_features(one, bones)[:, columns] for one in (clip, changed))
    np.testing.assert_array_equal(before, after)
    n_bones = 0 if bones is None else np.isin(bones, list(keypoints)).all(axis=0).sum()
    assert len(columns) == (n_channels + 1) * len(keypoints) + 3 * n_bones
