"""Levers that the lifter does without, behind its API: what each of them is worth, `signers.py --ablation` prints."""

from __future__ import annotations

from copy import copy
from functools import partial

import numpy as np
import torch
from rivals import OF_NETWORKS, Transformer
from scipy.ndimage import gaussian_filter1d
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from skorch.callbacks import Callback, LRScheduler
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from liftz import LSTMRegressor, make_lifter
from liftz.datasets.projection import burst_mask
from liftz.features import feature_columns, frame_features
from liftz.net import ClipDataset
from liftz.sequences import check_sequences, to_object_array
from liftz.tags import SequenceRegressorMixin
from liftz.tree import bone_tree

ARMS = [[f"{joint}{side}" for joint in ("Elbow", "Wrist", "Hand")] for side in ("Left", "Right")]


def levers(lifter):
    """Lifters by name; `lifter` makes one with one net, of `make_lifter`'s parameters."""
    plain = lifter()
    skeleton, regressor = plain["center"].skeleton, plain["lift"].regressor

    def around(changed):
        return make_lifter(skeleton, changed)

    both = Changed(regressor.augment, partial(mirrored, skeleton=skeleton))
    return {
        "mirrored clips": lifter(augment=both),
        "mirrored clips, and mirrored at prediction": around(MirroredToo(clone(regressor).set_params(augment=both),
                                                                         skeleton)),
        "each joint from its parent": around(FromParents(regressor, skeleton)),
        "smoothed after": around(Smoothed(regressor)),
        "averaged weights": lifter(callbacks=[AverageWeights()]),
        "pre-trained on masked keypoints": around(PreTrained(**regressor.get_params(deep=False) | {"by_part": False})),
        "arms by LSTMs of their own": around(ArmsApart(**regressor.get_params(deep=False))),
    }


class Around(MetaEstimatorMixin, SequenceRegressorMixin, BaseEstimator):
    """Base: a regressor between a change of what goes in and a change of what comes out."""

    def __init__(self, regressor, skeleton=None):
        self.regressor = regressor
        self.skeleton = skeleton

    def fit(self, X, y, groups=None):
        X, y = check_sequences(X, y)
        self.regressor_ = clone(self.regressor).fit(*self.prepare(X, y), groups=groups)
        return self

    def prepare(self, X, y):
        return X, y


def mirror(clip, skeleton):
    """Left for right, in a root-relative clip ``(n_frames, n_keypoints, 2 or 3)`` or in its depths."""
    out = clip[:, skeleton.exchanged()]
    if clip.ndim == 3:
        out[..., 0] *= -1
    return out


class Changed(BaseEstimator):
    """An augmenter, and then a change ``(clip, depth, rng)`` to a clip and its depths."""

    def __init__(self, augment, change):
        self.augment = augment
        self.change = change

    def fit(self, X, y, groups=None):
        self.augment_ = clone(self.augment).fit(X, y, groups)
        return self

    def __call__(self, clip, depth, rng, signer=None):
        return self.change(*self.augment_(clip, depth, rng, signer), rng)


def mirrored(clip, depth, rng, skeleton):
    return (mirror(clip, skeleton), mirror(depth, skeleton)) if rng.random() < 0.5 else (clip, depth)


class MirroredToo(Around):
    """The mean of the depths of a clip and of its mirror image."""

    def predict(self, X):
        mirrored = self.regressor_.predict(to_object_array([mirror(clip, self.skeleton) for clip in X]))
        return to_object_array([(depth + mirror(other, self.skeleton)) / 2
                                for depth, other in zip(self.regressor_.predict(X), mirrored, strict=True)])


class FromParents(Around):
    """Depths of joints relative to the joint before them on the way from the root, as the nets learn them."""

    def prepare(self, X, y):
        children, parents, _ = bone_tree(self.skeleton)
        out = [depth.copy() for depth in y]
        for relative, depth in zip(out, y, strict=True):
            relative[:, children] = depth[:, children] - depth[:, parents]
        return X, to_object_array(out)

    def predict(self, X):
        children, parents, _ = bone_tree(self.skeleton)
        depths = self.regressor_.predict(X)
        for depth in depths:
            for child, parent in zip(children, parents, strict=True):
                depth[:, child] += depth[:, parent]
        return depths


class Smoothed(Around):
    """Depths smoothed over time by a Gaussian of 2 frames."""

    def predict(self, X):
        return to_object_array([gaussian_filter1d(depth, 2.0, axis=0, mode="nearest")
                                for depth in self.regressor_.predict(X)])


class AverageWeights(Callback):
    """The net ends with an exponential average of its weights over some 500 batches."""

    def on_train_begin(self, net, **kwargs):
        self.average_ = AveragedModel(net.module_, multi_avg_fn=get_ema_multi_avg_fn(0.998))

    def on_batch_end(self, net, training=False, **kwargs):
        if training:
            self.average_.update_parameters(net.module_)

    def on_train_end(self, net, **kwargs):
        net.module_.load_state_dict(self.average_.module.state_dict())


def every_second(skeleton, **parameters):
    """The lifter as most levers were tried on it: as it was `before`, every second frame, depths of halves apart."""
    return apart(before(skeleton, **{"stride": 2, "n_batches": 1200} | parameters))


def before(skeleton, **parameters):
    """The lifter as it was: no bones in the loss, and bodies that are never turned in the picture."""
    lifter = make_lifter(skeleton, **{"along_bones": 0.0} | parameters)
    return lifter if "augment" in parameters else lifter.set_params(lift__regressor__augment__roll=0.0)


def apart(lifter):
    """The lifter, with depths of frames that its nets read in turns left as they are."""
    return make_lifter(lifter["center"].skeleton, Apart(**lifter["lift"].regressor.get_params(deep=False)))


class Apart(LSTMRegressor):
    """LSTMs that do not bring together the depths of frames that they read in turns."""

    def _average_phases(self, depths):
        return depths


def each_phase(lifter):
    """The lifter, with gaps bridged by those frames alone that its nets read in one turn, and nets told of them."""
    return make_lifter(lifter["center"].skeleton, EachPhase(**lifter["lift"].regressor.get_params(deep=False)))


class EachPhase(LSTMRegressor):
    """LSTMs that in prediction see the frames of each turn by themselves, gaps and all, as they do in training."""

    def _lift(self, nets, X):
        apart = copy(self)
        apart.features_ = partial(by_phase, **self.features_.keywords)
        return super(EachPhase, apart)._lift(nets, X)


def by_phase(clip, *, stride, gaps, **parameters):
    """Features of each phase of a stride by itself, which tell of its gaps."""
    phases = [frame_features(clip[phase::stride], **parameters) for phase in range(min(stride, len(clip)))]
    out = np.empty((len(clip), phases[0].shape[1]), np.float32)
    for phase, features in enumerate(phases):
        out[phase::stride] = features
    return out


class PreTrained(Apart):
    """LSTMs that first learn to tell x and y of keypoints that are hidden from them, from clips without depths."""

    def make_net(self, dataset):
        net = super().make_net(dataset)
        spread = np.sqrt(np.nanmean(np.concatenate([clip[..., :2].ravel() for clip in dataset.X]) ** 2))
        places = to_object_array([clip[..., :2].reshape(len(clip), -1) / spread for clip in dataset.X])
        masked = ClipDataset(dataset.X, places, features=dataset.features, window=self.window, stride=dataset.stride,
                             sizes=1 / dataset.factors[[0, 0]], augment=hide, rng=dataset.rng)
        first = clone(net).set_params(module__n_outputs=places[0].shape[1], max_epochs=-(-net.max_epochs // 2),
                                      criterion__along_bones=0.0)  # x and y of keypoints are not where depths are
        n_batches = first.max_epochs * -(-len(masked) // self.batch_size)
        first.set_params(callbacks__one_cycle=LRScheduler(OneCycleLR, step_every="batch", max_lr=self.lr,
                                                          total_steps=n_batches))
        with torch.random.fork_rng():
            torch.manual_seed(self.random_state)
            first.partial_fit((masked, None))
            net.initialize()
        learnt = {name: weights for name, weights in first.module_.state_dict().items() if not name.startswith("head")}
        net.module_.load_state_dict(learnt, strict=False)
        return net


class ArmsApart(Apart):
    """What `by_part` does for hands, for each arm from the elbow on: an LSTM that sees it and the rest of the body."""

    def _parts(self, bones):
        arms = [[i for i, name in enumerate(self.skeleton.keypoints) if name in arm] for arm in ARMS]
        rest = np.setdiff1d(np.arange(len(self.skeleton)), np.concatenate(arms)).tolist()
        return [(feature_columns([*rest, *own], self.n_keypoints_in_, self.n_channels_in_, bones), np.array(own))
                for own in (rest, *arms)]


def with_transformers(lifter):
    """The lifter, whose nets on clips as they were recorded, two of six, are transformers, which see all parts."""
    return make_lifter(lifter["center"].skeleton, Mixed(**lifter["lift"].regressor.get_params(deep=False)))


class Mixed(Apart):
    """LSTMs, and transformers where clips are not varied."""

    def make_net(self, dataset):
        if dataset.augment is not None:
            return super().make_net(dataset)
        trainer = copy(self)
        vars(trainer).update(OF_NETWORKS["transformer"])
        return super(Mixed, trainer).make_net(dataset).set_params(module=Transformer)


def hide(clip, places, rng, signer=None):
    """A clip with a third of its keypoints hidden, each throughout."""
    clip, hidden = clip.copy(), rng.random(clip.shape[1]) < 1 / 3
    clip[:, hidden, :2] = np.nan
    return clip, places


def perturbed(lifter):
    """Lifters by name that learn from clips of which what goes in is worse, or the pace another; x and y in mm."""
    augment = lifter()["lift"].regressor.augment
    return {name: lifter(augment=Changed(augment, change)) for name, change in {
        "noise of 5 mm": noisy, "keypoints astray by 10 mm": astray, "a tenth of the keypoints hidden": hidden,
        "15 % missing": with_gaps, "at another pace": at_another_pace}.items()}


def noisy(clip, depth, rng):
    return clip + rng.normal(0, 5, clip.shape).astype(np.float32), depth


def astray(clip, depth, rng):
    return clip + rng.normal(0, 10, (1, *clip.shape[1:])).astype(np.float32), depth


def hidden(clip, depth, rng):
    return np.where(rng.random((clip.shape[1], 1)) < 0.1, np.float32(np.nan), clip), depth


def with_gaps(clip, depth, rng):
    return np.where(burst_mask(clip.shape[:2], 0.15, (2, 8), rng)[..., None], np.float32(np.nan), clip), depth


def at_another_pace(clip, depth, rng):
    pace = np.exp(rng.normal(0, 0.2))
    times = np.linspace(0, len(clip) - 1, max(2, round(len(clip) / pace)))
    before = np.minimum(times.astype(int), len(clip) - 2)
    part = (times - before).astype(np.float32)
    return tuple(values[before] + (values[before + 1] - values[before]) * part.reshape(-1, *[1] * (values.ndim - 1))
                 for values in (clip, depth))
