"""The LSTM as an estimator: what it learns from, what it promises, what it refuses."""

import pickle
from functools import partial
from typing import ClassVar

import numpy as np
import pytest
import torch
from lifting_cases import SIGNER, assert_clips_alone, assert_same, output, recordings, tiny_lstm
from sklearn.base import BaseEstimator
from skorch.callbacks import Callback
from test_modules import TimeReadAsBatch

from liftz import LSTMRegressor, MeanPose, Skeleton
from liftz.features import frame_features, least_steps
from liftz.gaps import bridge
from liftz.losses import MaskedLoss
from liftz.metrics import mpjpe
from liftz.net import ClipDataset, ClipNet, lift
from liftz.phases import average_phases
from liftz.sampling import LengthBuckets, leave_out
from liftz.sequences import to_object_array


def unit(clips):
    """Clips in units of their own size, as a lifter's transformers hand them on."""
    flat = np.concatenate([clip.ravel() for clip in clips])
    return to_object_array([((clip - np.nanmean(flat)) / np.nanstd(flat)).astype(np.float32) for clip in clips])


@pytest.fixture
def data():
    X, y, signers = recordings()
    return unit(X), unit(y), signers


def weights(lstm):
    return torch.cat([p.detach().ravel() for p in lstm.nets_[0].module_.parameters()])


class Spy(Callback):
    """Notes the batches of training and the lengths of their windows."""

    def on_train_begin(self, net, **kwargs):
        self.rates, self.train, self.valid = [], [], []

    def on_batch_begin(self, net, batch, training, **kwargs):
        (self.train if training else self.valid).append(batch)
        if training:
            self.rates.append(net.optimizer_.param_groups[0]["lr"])

    def lengths(self):
        return np.concatenate([batch[0]["lengths"].numpy() for batch in self.train])


# What it learns

def test_it_learns_depth_from_keypoints():
    X, y, _ = recordings(lengths=[30] * 24, gaps=False)
    X, y = unit(X), unit(y)
    lstm = LSTMRegressor(n_nets=1, stride=1, hidden_size=32, max_epochs=40, lr=1e-2, batch_size=8, dropout=0,
                         random_state=0)
    errors = [mpjpe(y[20:], model.fit(X[:20], y[:20]).predict(X[20:])) for model in (MeanPose(), lstm)]
    assert errors[1] < 0.7 * errors[0]


@pytest.mark.parametrize("loss", ["l1", "mse", "huber"])
def test_every_loss_goes_down(loss, data):
    X, y, _ = data
    lstm = tiny_lstm(loss=loss, max_epochs=10, lr=2e-2, dropout=0).fit(X, y)
    losses = lstm.nets_[0].history[:, "train_loss"]
    assert losses[-1] < 0.9 * losses[0]
    assert lstm.nets_[0].criterion_.kind == loss


def test_sizes_come_from_the_clips():
    for n_channels in (2, 3):
        X, y, _ = recordings(n_channels)
        lstm = tiny_lstm(None).fit(X, y)
        assert (lstm.n_keypoints_in_, lstm.n_channels_in_) == (6, n_channels)
        assert len(lstm.nets_[0].module_.mean) == 6 * (n_channels + 1)
        assert [depth.shape for depth in lstm.predict(X)] == [clip.shape[:2] for clip in X]


def test_a_skeleton_adds_features_of_its_bones(data):
    X, y, _ = data
    plain, knowing = tiny_lstm(None).fit(X, y), tiny_lstm(SIGNER).fit(X, y)
    assert len(knowing.nets_[0].module_.mean) > len(plain.nets_[0].module_.mean)


def test_a_confidence_is_seen():
    X, y, _ = recordings(3)
    lstm = tiny_lstm(None).fit(X, y)
    doubtful = to_object_array([np.concatenate([clip[..., :2], clip[..., 2:] / 2], axis=2) for clip in X])
    assert not np.allclose(lstm.predict(X)[0], lstm.predict(doubtful)[0])


def test_statistics_are_those_of_the_training_frames(data):
    X, y, _ = data
    module = tiny_lstm(None).fit(X, y).nets_[0].module_
    shown = np.concatenate([~np.isnan(clip[..., 0]) for clip in X])
    np.testing.assert_allclose(module.mean[12:], shown.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(module.scale[12:], shown.std(axis=0), rtol=1e-5)


def test_parameters_reach_the_network_and_the_optimizer(data):
    X, y, _ = data
    lstm = tiny_lstm(hidden_size=5, num_layers=3, dropout=0.3, look_ahead=0, residual=True, layer_norm=True,
                     amsgrad=True, weight_decay=0.07).fit(X, y)
    module, [group] = lstm.nets_[0].module_, lstm.nets_[0].optimizer_.param_groups
    assert (len(module.forwards), len(module.backwards), module.head.in_features) == (3, 0, 5)
    assert (module.dropout.p, module.residual, type(module.norms[0])) == (0.3, True, torch.nn.LayerNorm)
    assert (group["amsgrad"], group["weight_decay"]) == (True, 0.07)
    assert tiny_lstm().fit(X, y).nets_[0].optimizer_.param_groups[0]["amsgrad"] is False


def test_the_learning_rate_goes_through_one_cycle(data):
    X, y, _ = data
    spy = Spy()
    tiny_lstm(max_epochs=10, lr=0.01, callbacks=[spy]).fit(X, y)
    peak = int(np.argmax(spy.rates))
    assert len(spy.rates) == 20  # 6 clips by 3, ten times
    assert 0 < peak < 10
    assert max(spy.rates) == pytest.approx(0.01, rel=0.02)
    assert (np.diff(spy.rates[: peak + 1]) > 0).all()
    assert (np.diff(spy.rates[peak:]) < 0).all()
    assert spy.rates[-1] < 1e-3


def test_a_single_batch_is_learnt_from(data):
    X, y, _ = data
    spy = Spy()
    tiny_lstm(batch_size=6, lr=0.01, callbacks=[spy]).fit(X, y)
    [rate] = spy.rates
    assert rate > 0.001


def test_numbers_may_be_numpys_as_those_of_a_grid_are(data):
    X, y, _ = data
    lstm = tiny_lstm().fit(X, y)
    numpys = tiny_lstm(hidden_size=np.int64(4), num_layers=np.int64(1), max_epochs=np.int64(1),
                       batch_size=np.int64(3), look_ahead=None).fit(X, y)
    assert torch.equal(weights(numpys), weights(lstm))


def test_training_is_in_windows_and_each_epoch_sees_every_frame(data):
    X, y, _ = data
    for window in (4, 300):
        spy = Spy()
        tiny_lstm(window=window, max_epochs=2, callbacks=[spy]).fit(X, y)
        assert spy.lengths().max() == min(window, max(map(len, X)))
        assert spy.lengths().sum() == 2 * sum(map(len, X))


def test_every_epoch_has_an_order_of_its_own(data):
    X, y, _ = data
    spy = Spy()
    tiny_lstm(batch_size=1, max_epochs=4, callbacks=[spy]).fit(X, y)
    assert len({tuple(epoch) for epoch in spy.lengths().reshape(4, 6)}) > 1


def test_gradients_are_clipped(data):
    X, y, _ = data

    class Norms(Callback):
        norms: list[float] = []

        def on_grad_computed(self, net, named_parameters, **kwargs):
            self.norms.append(torch.cat([p.grad.ravel() for _, p in named_parameters]).norm().item())

    y = to_object_array([100 * depth for depth in y])
    tiny_lstm(loss="mse", callbacks=[("norms", Norms())]).fit(X, y)
    assert Norms.norms
    assert max(Norms.norms) < 1.001


def test_what_stands_under_a_gap_of_the_truth_does_not_exist(data):
    """One-way, a clip whose end has no truth costs what it costs without that end."""
    X, y, _ = data
    cut = [len(clip) - 3 for clip in X]
    hidden = to_object_array([np.where(np.arange(len(d))[:, None] < n, d, np.nan) for d, n in zip(y, cut, strict=True)])
    short_X = to_object_array([clip[:n] for clip, n in zip(X, cut, strict=True)])
    short_y = to_object_array([depth[:n] for depth, n in zip(y, cut, strict=True)])
    lstm = tiny_lstm(None, look_ahead=0).fit(X, y)
    long, short = (lstm._dataset(*pair) for pair in ((X, hidden), (short_X, short_y)))
    [net] = lstm.nets_
    losses = [net.validation_step(next(iter(net.get_iterator(d))))["loss"].item() for d in (long, short)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_windows_without_any_truth_do_not_spoil_the_loss(data):
    X, y, signers = data
    y = to_object_array([depth.copy() for depth in y])
    for depth in y:
        depth[4:] = np.nan
    lstm = tiny_lstm(window=4, batch_size=1, max_epochs=3, early_stopping=True).fit(X, y, groups=signers)
    assert np.isfinite(lstm.nets_[0].history[:, ("train_loss", "valid_loss")]).all()


# Augmentation

class Jitter(BaseEstimator):
    given: ClassVar[list] = []  # of the class: what fits is a clone
    draws: ClassVar[list] = []

    def fit(self, X, y, groups=None):
        self.given.clear()
        self.draws.clear()
        return self

    def __call__(self, clip, depth, rng, signer):
        self.given.append((clip, depth))
        self.draws.append(rng.normal())
        return clip + np.float32(self.draws[-1]), depth


def test_augmentation_is_drawn_anew_for_every_window_and_epoch_and_never_in_predict(data):
    X, y, signers = data
    X_before = pickle.loads(pickle.dumps(X))
    jitter = Jitter()
    lstm = tiny_lstm(None, augment=jitter, max_epochs=2, window=7).fit(X, y)
    assert len(set(jitter.draws)) == len(jitter.draws) == 2 * 10
    assert all(clip.shape[:2] == depth.shape for clip, depth in jitter.given)
    lstm.predict(X)
    assert len(jitter.draws) == 20
    assert_same(X, X_before)
    draws = list(jitter.draws)
    assert torch.equal(weights(tiny_lstm(None, augment=Jitter(), max_epochs=2, window=7).fit(X, y)), weights(lstm))
    assert jitter.draws == draws
    plain = tiny_lstm(None, max_epochs=2, window=7).fit(X, y)
    assert not torch.equal(weights(plain), weights(lstm))
    tiny_lstm(None, augment=jitter, early_stopping=True, max_epochs=2).fit(X, y, groups=signers)
    assert len(jitter.draws) == 2 * 4  # of three signers with two clips each, one is held out as they are


# A seed

def test_a_seed_gives_the_same_network_and_leaves_torch_alone(data):
    X, y, _ = data
    torch.manual_seed(1)
    state = torch.random.get_rng_state()
    first = tiny_lstm(max_epochs=2).fit(X, y)
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.manual_seed(2)
    np.random.default_rng(3)
    assert torch.equal(weights(tiny_lstm(max_epochs=2).fit(X, y)), weights(first))
    assert not torch.equal(weights(tiny_lstm(max_epochs=2, random_state=1).fit(X, y)), weights(first))


def test_a_generator_goes_on_and_none_is_another_each_time(data):
    X, y, _ = data
    lstm = tiny_lstm(random_state=np.random.RandomState(0))
    first = weights(lstm.fit(X, y))
    assert not torch.equal(weights(lstm.fit(X, y)), first)
    lstm.set_params(random_state=np.random.RandomState(0))
    assert torch.equal(weights(lstm.fit(X, y)), first)
    assert not torch.equal(weights(tiny_lstm(random_state=None).fit(X, y)),
                           weights(tiny_lstm(random_state=None).fit(X, y)))


# Prediction

class MistakenRegressor(LSTMRegressor):
    def make_net(self, dataset):
        return super().make_net(dataset).set_params(module=TimeReadAsBatch)


def test_the_mistake_of_reading_time_as_batch_is_caught(data):
    X, y, _ = data
    assert_clips_alone(tiny_lstm().fit(X, y).predict, X)
    mistaken = MistakenRegressor(hidden_size=4, num_layers=1, max_epochs=1, look_ahead=0).fit(X, y)
    with pytest.raises(AssertionError, match="alone or not"):
        assert_clips_alone(mistaken.predict, X)


@pytest.mark.parametrize("skeleton", [None, SIGNER])
def test_one_way_predictions_do_not_depend_on_later_frames(skeleton, data):
    X, y, _ = data
    lstm = tiny_lstm(skeleton, look_ahead=0, max_epochs=2).fit(X, y)
    for clip in X:
        for n in (1, 4, len(clip) - 1):
            changed = np.concatenate([clip[:n], 3 * clip[n:][::-1] - 1])
            whole, other, prefix = (lstm.predict([c])[0][:n] for c in (clip, changed, clip[:n]))
            np.testing.assert_allclose(other, whole, rtol=0, atol=1e-6)
            np.testing.assert_allclose(prefix, whole, rtol=0, atol=1e-6)


def test_two_way_predictions_do(data):
    X, y, _ = data
    lstm = tiny_lstm().fit(X, y)
    assert not np.allclose(lstm.predict([X[0]])[0][:4], lstm.predict([X[0][:4]])[0])


def test_predict_sees_clips_whole_and_in_batches_of_bounded_size(data, monkeypatch):
    X, y, _ = data
    lstm = tiny_lstm(window=4, batch_size=4).fit(X, y)
    expected = lstm.predict(X)
    batches = []
    step = ClipNet.evaluation_step
    monkeypatch.setattr(ClipNet, "evaluation_step", lambda self, batch: batches.append(batch) or step(self, batch))
    monkeypatch.setattr("liftz.net.FRAMES_AT_ONCE", 30)
    assert_same(lstm.predict(X), expected, 1e-6)
    assert max(batch[0]["x"].shape[1] for batch in batches) == 14
    assert all(batch[0]["x"].shape[0] <= 2 for batch in batches)  # 2 * 14 < 30


def test_a_keypoint_that_training_never_showed_counts_as_missing(data):
    X, y, _ = data
    blind = to_object_array([clip.copy() for clip in X])
    for clip in blind:
        clip[:, 4] = np.nan
    lstm = tiny_lstm().fit(blind, y)
    assert lstm.keypoints_seen_.tolist() == [True] * 4 + [False, True]
    assert_same(lstm.predict(X), lstm.predict(blind))
    assert not np.isnan(X[0][:, 4]).all()  # predict did not hide it from the caller


# Early stopping

@pytest.fixture
def many():
    X, y, _ = recordings(lengths=[8] * 20)
    return unit(X), unit(y), np.arange(20) % 5


def test_held_out_signers_are_not_trained_on(many, monkeypatch):
    X, y, signers = many
    parts = []
    make = ClipDataset.__init__
    monkeypatch.setattr(ClipDataset, "__init__", lambda self, X, y, **o: parts.append(X) or make(self, X, y, **o))
    for seed in range(3):
        parts.clear()
        tiny_lstm(early_stopping=True, validation_fraction=0.4, random_state=seed).fit(X, y, groups=signers.tolist())
        valid, train = ({signers[i] for clip in part for i in range(20) if clip is X[i]} for part in parts)
        assert train.isdisjoint(valid)
        assert (len(train), len(valid)) == (3, 2)
        assert len(parts[0]) + len(parts[1]) == 20


def test_statistics_and_checks_are_of_the_training_part_alone(many):
    X, y, signers = many
    lstm = tiny_lstm(early_stopping=True).fit(X, y, groups=signers)
    [held_out] = {s for s in range(5) if not any(
        np.array_equal(lstm.nets_[0].module_.mean,
                       tiny_lstm().fit(X[signers != t], y[signers != t]).nets_[0].module_.mean)
        for t in range(5) if t != s)}
    X, y = (to_object_array([clip.copy() for clip in clips]) for clips in (X, y))
    for i in np.flatnonzero(signers != held_out):
        X[i][:, 4] = np.nan
    assert not tiny_lstm(early_stopping=True).fit(X, y, groups=signers).keypoints_seen_[4]
    for i in np.flatnonzero(signers != held_out):
        y[i][:, 3] = np.nan
    with pytest.raises(ValueError, match="y: keypoint wrist has no depth in any clip"):
        tiny_lstm(early_stopping=True).fit(X, y, groups=signers)


def test_the_best_epoch_is_kept_and_patience_ends_the_fit(many):
    X, y, signers = many

    class Worsen(Callback):
        """Validation gets worse from the third epoch on; notes each epoch's weights."""

        def on_train_begin(self, net, **kwargs):
            self.weights = []

        def on_epoch_end(self, net, **kwargs):
            self.weights.append(torch.cat([p.detach().ravel().clone() for p in net.module_.parameters()]))
            epoch = len(self.weights)
            net.history.record("valid_loss", abs(epoch - 3.0) + 1)

    class First(LSTMRegressor):
        def make_net(self, dataset):
            net = super().make_net(dataset)
            net.callbacks.insert(0, ("worsen", worsen))
            return net

    worsen = Worsen()
    lstm = First(SIGNER, n_nets=1, stride=1, hidden_size=4, num_layers=1, max_epochs=30, patience=2,
                 early_stopping=True, random_state=0)
    lstm.fit(X, y, groups=signers)
    assert len(worsen.weights) == 5
    assert torch.equal(weights(lstm), worsen.weights[2])
    assert not torch.equal(weights(lstm), worsen.weights[4])


def test_groups_change_nothing_without_early_stopping(many):
    X, y, signers = many
    assert torch.equal(weights(tiny_lstm().fit(X, y, groups=signers)), weights(tiny_lstm().fit(X, y)))


@pytest.mark.parametrize(("groups", "message"), [
    (None, "fit needs them as groups"),
    ([0] * 20, "expected two at least, got 0 alone"),
    ([0, 1] * 9, r"groups has shape \(18,\), expected one label for each of 20"),
    ([[0, 1]] * 20, r"groups has shape \(20, 2\), expected one label"),
])
def test_early_stopping_without_signers_is_refused(groups, message, many):
    X, y, _ = many
    with pytest.raises(ValueError, match=message):
        tiny_lstm(early_stopping=True).fit(X, y, groups=groups)


# Refusals and interruptions

@pytest.mark.parametrize(("parameter", "value", "message"), [
    ("hidden_size", 0, "hidden_size must be an integer of at least 1, got 0"),
    ("num_layers", 1.5, "num_layers must be an integer of at least 1, got 1.5"),
    ("max_epochs", 0, "max_epochs"), ("batch_size", None, "batch_size"), ("window", 1, "window .* at least 2, got 1"),
    ("patience", 0, "patience"),
    ("lr", 0, "lr must be a finite number above 0, got 0"), ("lr", np.nan, "lr"), ("lr", np.inf, "lr"),
    ("weight_decay", -1, "weight_decay must be .* at least 0, got -1"),
    ("dropout", 1, "dropout must be .* below 1, got 1"), ("dropout", -0.1, "dropout"),
    ("loss", "l2", "loss must be one of l1, mse, huber, got 'l2'"),
])
def test_parameters_that_make_no_sense_are_refused_by_fit(parameter, value, message, data):
    X, y, _ = data
    lstm = tiny_lstm().set_params(**{parameter: value})
    with pytest.raises(ValueError, match=message):
        lstm.fit(X, y)
    assert not hasattr(lstm, "nets_")


def test_clips_of_another_skeleton_are_refused(data):
    X, y, _ = data
    with pytest.raises(ValueError, match=r"clip 0 has 5 keypoints, expected 6 \(signer\)"):
        tiny_lstm().fit([clip[:, :5] for clip in X], [depth[:, :5] for depth in y])


def test_a_loss_that_leaves_the_numbers_is_an_error_and_no_network(data):
    X, y, _ = data
    lstm = tiny_lstm(loss="mse", lr=1e30, max_epochs=3, batch_size=1)
    with pytest.raises(ValueError, match="the loss became (nan|inf) in epoch 3; a smaller lr may help"):
        lstm.fit(X, y)
    assert not hasattr(lstm, "nets_")
    lstm.set_params(lr=1e-3).fit(X, y)
    with pytest.raises(ValueError, match="the loss became"):
        lstm.set_params(lr=1e30).fit(X, y)
    assert not hasattr(lstm, "nets_")  # nor the nets of the fit before, beside statistics of this one


class Interrupt(Callback):
    def on_batch_end(self, net, training, **kwargs):
        if len(net.history) == 2:
            raise KeyboardInterrupt


class EndAfterOne(Callback):
    def on_epoch_end(self, net, **kwargs):
        raise KeyboardInterrupt


def test_an_interrupted_fit_is_not_a_fit(data):
    X, y, _ = data
    lstm = tiny_lstm(max_epochs=5, callbacks=[Interrupt()])
    with pytest.raises(KeyboardInterrupt):
        lstm.fit(X, y)
    assert not hasattr(lstm, "nets_")
    [net] = tiny_lstm(max_epochs=5, callbacks=[EndAfterOne()]).fit(X, y).nets_
    assert len(net.history) == 1  # skorch's way to stop


def test_verbose_prints_a_table_and_nothing_is_printed_without(data, capsys):
    X, y, signers = data
    tiny_lstm(early_stopping=True, max_epochs=2).fit(X, y, groups=signers).predict(X)
    assert capsys.readouterr() == ("", "")
    tiny_lstm(verbose=1).fit(X, y)
    assert "train_loss" in capsys.readouterr().out


def test_a_pickle_holds_a_network_and_no_clips():
    X, y, signers = recordings(lengths=[1000] * 12)
    lstm = tiny_lstm(early_stopping=True).fit(X, y, groups=signers)
    dump = pickle.dumps(lstm)
    assert len(dump) < sum(clip.nbytes for clip in X) / 5
    assert_same(output(pickle.loads(dump), X[:2]), lstm.predict(X[:2]))


# Stride and several nets

@pytest.mark.parametrize("look_ahead", [None, 0])
def test_with_a_stride_each_phase_is_lifted_by_itself_and_then_they_are_averaged(look_ahead):
    X, y, _ = recordings(lengths=(9, 30, 1, 2, 7, 30))
    lstm = tiny_lstm(stride=3, max_epochs=2, look_ahead=look_ahead).fit(X, y)
    depths = lstm.predict(X)
    assert [len(depth) for depth in depths] == [len(clip) for clip in X]
    assert_clips_alone(lstm.predict, X)
    for clip, depth in zip(lstm._completed(X), depths, strict=True):
        features = lstm.features_(clip, stride=3, gaps=False)
        parts = np.empty_like(depth)
        for phase in range(min(3, len(clip))):
            own = features[phase::3]
            parts[phase::3] = lift(lstm.nets_, to_object_array([clip[phase::3]]), sizes=np.ones((2, 1)), stride=1,
                                   features=lambda clip, own=own, **options: own,
                                   least=least_steps(lstm.features_.keywords))[0]
        expected = lstm.targets_.inverse_transform(to_object_array([average_phases(parts, 3, look_ahead == 0)]))
        assert_same([depth], expected, 1e-3)


def test_predict_takes_bridged_keypoints_for_seen_and_bridges_by_what_all_frames_show(data):
    X, y, _ = data
    lstm = tiny_lstm(None, stride=3).fit(X, y)
    whole = to_object_array([bridge(clip, hold_ends=True) for clip in X])
    assert any(np.isnan(clip).any() for clip in X)
    assert_same(lstm.predict(X), lstm.predict(whole), 1e-5)


def test_the_ends_of_short_clips_are_held_for_nets_that_see_whole_clips():
    X, y, _ = recordings(lengths=(30, 30, 10, 10), gaps=False)  # 20 on average
    for look_ahead in (None, 0):
        lstm = tiny_lstm(None, look_ahead=look_ahead).fit(X, y)
        nets = partial(lift, lstm.nets_, features=lstm.features_, stride=1, sizes=np.ones((2, 1)), least=0)
        for n, held in ((1, 5), (2, 4), (9, 1), (10, 0), (25, 0)):
            held = 0 if look_ahead == 0 else held
            clip = np.pad(X[0][:n], ((held, held), (0, 0), (0, 0)), "edge")
            depth = lstm.targets_.inverse_transform(nets(to_object_array([clip])))[0]
            assert_same(lstm.predict([X[0][:n]]), [depth[held:held + n]], 1e-3)


def test_a_long_recordings_bones_are_as_long_as_windows_of_training_show_them():
    X, y, _ = recordings(lengths=(40, 20, 30, 30))
    for window, stride, span in ((300, 1, 30), (300, 3, 10), (20, 1, 17), (20, 3, 6)):
        lstm = tiny_lstm(window=window, stride=stride).fit(X, y)
        assert lstm.features_.keywords["span"] == span
        windows = lstm._dataset(X, y)
        np.testing.assert_array_equal(windows[0][0], frame_features(
            X[0][:windows.lengths[0]:stride], **lstm.features_.keywords | {"span": None}))


def test_confidences_that_were_all_alike_in_training_do_not_drown_what_is_seen():
    X, y, _ = recordings(n_channels=3)
    for clip in X:
        clip[..., 2] = np.where(np.isnan(clip[..., 0]), np.nan, 0.97 + 0.01 * clip[..., 2])
    module = tiny_lstm().fit(X, y).nets_[0].module_
    assert (module.scale[18:24] == 0.5).all()


@pytest.mark.parametrize("look_ahead", [None, 0])
def test_what_never_varied_in_training_is_taken_no_notice_of(data, look_ahead):
    X, y, _ = data
    for clip in X:
        clip[:, 4] = np.where(np.isnan(clip[:, 4]), np.nan, 0.1)
    lstm = tiny_lstm(None, look_ahead=look_ahead).fit(X, y)
    for away in (1e-3, 1.0, 1e3):
        moved = to_object_array([clip.copy() for clip in X])
        for clip in moved:
            clip[:, 4] += np.float32(away)
        assert_same(lstm.predict(moved), lstm.predict(X), 1e-6)


def test_no_net_does_without_the_signer_who_alone_tells_of_a_keypoint():
    X, y, _ = recordings(lengths=(9,) * 10, gaps=False)
    signers = np.repeat(list("ABCDE"), 2)
    for i in np.flatnonzero(signers != "B"):
        y[i][:, 5] = np.nan
    known = [own for own in np.unique(signers) if own != "B"]
    lstm = tiny_lstm(n_nets=5).fit(X, y, groups=signers)
    left = leave_out(signers, np.array([~np.isnan(depth).all(axis=0) for depth in y]), 5, np.random.default_rng(0))
    assert [sorted(set(signers) - set(signers[own])) for own in left].count([]) == 1
    assert sorted(name for own in left for name in set(signers) - set(signers[own])) == known
    assert lstm.errors_ is not None
    for i in np.flatnonzero(signers != "B"):
        X[i][:, 5], y[i] = np.nan, y[0] + 1  # or shows it: what is put in tells nothing
    kept = []
    tiny = tiny_lstm(n_nets=5)
    tiny._fit_net = lambda clips, *others: kept.append(len(clips)) or LSTMRegressor._fit_net(tiny, clips, *others)
    tiny.fit(X, y, groups=signers)
    assert sorted(kept) == [8, 8, 8, 8, 10]


def test_it_trains_on_so_many_batches_or_so_many_epochs(data):
    X, y, _ = data
    a_pass = len(LengthBuckets([len(clip) for clip in X], 3))
    for asked, n_epochs in (({"n_batches": 4 * a_pass}, 4), ({"n_batches": 4 * a_pass + 1}, 5), ({"n_batches": 1}, 1),
                            ({"n_batches": 4 * a_pass, "max_epochs": 2}, 2)):
        lstm = tiny_lstm(**{"max_epochs": None, "batch_size": 3} | asked).fit(X, y)
        assert len(lstm.nets_[0].history) == n_epochs


def test_training_draws_the_phase_anew(data):
    X, y, _ = data
    dataset = ClipDataset(X, y, window=8, stride=3, rng=np.random.default_rng(0))
    first = {dataset[0][1].tobytes() for _ in range(30)}
    assert first == {y[0][start:4:3].tobytes() for start in range(3)}  # nine frames are two windows, of 4 and 5
    assert len({ClipDataset(X, y, stride=3)[0][1].tobytes() for _ in range(9)}) == 1  # without a generator: the first


def test_several_nets_are_averaged_and_differ_in_their_seed(data):
    X, y, _ = data
    lstm = tiny_lstm(n_nets=3, max_epochs=2).fit(X, y)
    assert len(lstm.nets_) == 3
    nets, members = list(lstm.nets_), []
    for net in nets:
        lstm.nets_ = [net]
        members.append(lstm.predict(X))
    assert not np.array_equal(members[0][0], members[1][0])
    lstm.nets_ = nets
    assert_same(lstm.predict(X), [np.mean(depths, axis=0) for depths in zip(*members, strict=True)], 1e-5)


def test_depths_need_no_normalising_before(data):
    """In mm or in m, and far from 0: the nets see the same numbers."""
    X, y, _ = data
    far = to_object_array([1000 * depth + 5000 for depth in y])
    near, far = (tiny_lstm(max_epochs=3).fit(X, depths).predict(X) for depths in (y, far))
    assert_same([(depth - 5000) / 1000 for depth in far], near, 1e-3)


def test_velocity_weighs_the_change_from_frame_to_frame(data):
    X, y, _ = data
    assert not torch.equal(weights(tiny_lstm(velocity=5).fit(X, y)), weights(tiny_lstm(velocity=0).fit(X, y)))
    loss = MaskedLoss("l1", velocity=2.0)
    y_true = torch.tensor([[[0.0], [1.0], [float("nan")], [4.0], [6.0]]])
    y_pred = torch.tensor([[[1.0], [2.0], [9.0], [4.0], [7.0]]])
    assert loss(y_pred, y_true).item() == pytest.approx((1 + 1 + 0 + 1) / 4 + 2 * (0 + 1) / 2)


def test_bones_weigh_the_depth_from_one_end_to_the_other():
    nan = float("nan")
    y_true = torch.tensor([[[0.0, 1.0, 3.0], [0.0, nan, 5.0]], [[0.0, 2.0, 2.0], [nan, nan, nan]]])
    y_pred = torch.tensor([[[0.0, 2.0, 2.0], [0.0, 7.0, 5.0]], [[1.0, 2.0, 4.0], [9.0, 9.0, 9.0]]])
    loss = MaskedLoss("l1", along_bones=2.0, bones=([0, 1], [1, 2]))
    assert loss(y_pred, y_true).item() == pytest.approx(5 / 8 + 2 * (1 + 2 + 1 + 2) / 4)
    assert MaskedLoss("l1", along_bones=2.0)(y_pred, y_true).item() == pytest.approx(5 / 8)
    log_p = torch.full((*y_true.shape, 4), 0.25).log()
    assert loss((y_pred, log_p), y_true).item() == pytest.approx(5 / 8 + 2 * (1 + 2 + 1 + 2) / 4 + 0.1 * np.log(4))


def test_bones_are_in_the_loss_of_nets_that_know_a_skeleton(data):
    X, y, _ = data
    names = SIGNER.keypoints
    between_roots = Skeleton("two roots", names, root=names[0], edges=[names[2:4]], roots={"rest": names[3]},
                             regions={"body": names[:3], "rest": names[3:]})
    for skeleton, matters in ((SIGNER, True), (None, False), (between_roots, False)):
        some, none = (weights(tiny_lstm(skeleton, along_bones=weight).fit(X, y)) for weight in (5.0, 0.0))
        assert torch.equal(some, none) != matters


@pytest.mark.parametrize("wrong", [
    {"lr": "a"}, {"lr": np.nan}, {"dropout": None}, {"velocity": "x"}, {"velocity": -1}, {"along_bones": -1},
    {"validation_fraction": 2}, {"loss": ["l1"]}, {"n_nets": 0}, {"n_batches": 0}, {"stride": 1.5},
    {"one_size": "yes"}, {"one_size": None}, {"by_part": 1}])
def test_parameters_that_make_no_sense_are_refused_by_name(data, wrong):
    X, y, _ = data
    [name] = wrong
    with pytest.raises(ValueError, match=f"{name} must be"):
        tiny_lstm(**wrong).fit(X, y)


@pytest.mark.parametrize("unit_of_x", [1e-6, 1.0, 1e4])
def test_the_unit_of_the_keypoints_does_not_matter(data, unit_of_x):
    X, y, _ = data
    expected = tiny_lstm(max_epochs=3).fit(X, y).predict(X)
    in_unit = to_object_array([clip * np.float32(unit_of_x) for clip in X])
    assert_same(tiny_lstm(max_epochs=3).fit(in_unit, y).predict(in_unit), expected, 1e-2)


def test_parameters_set_after_a_fit_do_not_change_what_it_predicts(data):
    X, y, _ = data
    lstm = tiny_lstm(stride=2).fit(X, y)
    expected = lstm.predict(X)
    for changed in ({"stride": 3}, {"look_ahead": 0}, {"window": 4}, {"hidden_size": 9}):
        assert_same(lstm.set_params(**changed).predict(X), expected)


@pytest.mark.parametrize("changed", [{"hidden_size": 5}, {"look_ahead": 2}, {"num_layers": 2}, {"bins": 8}])
def test_adapt_refuses_another_shape_than_was_fitted(data, changed):
    X, y, _ = data
    lstm = tiny_lstm().fit(X, y)
    lstm.set_params(**changed)
    with pytest.raises(ValueError, match="adapt takes nets as they were fitted, with"):
        lstm.adapt(X[:1], y[:1])


@pytest.mark.parametrize("label", [None, float("nan")])
def test_clips_without_a_signer_are_named_before_anything_is_learnt(data, label):
    X, y, _ = data
    with pytest.raises(ValueError, match=f"groups: clip 1 has {label}, expected the label of its signer"):
        tiny_lstm().fit(X, y, groups=np.array(["A", label] + ["B"] * (len(X) - 2), dtype=object))
