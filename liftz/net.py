"""skorch, adapted to clips: how they are batched, and what a batch looks like."""

from __future__ import annotations

from itertools import islice

import numpy as np
import torch
from skorch import NeuralNet
from torch.utils.data import DataLoader, Dataset

from .features import frame_features
from .sampling import LengthBuckets, windows
from .sequences import pad, to_object_array
from .sizes import scaled

__all__ = ["ClipDataset", "ClipNet", "feature_statistics", "lift"]


FRAMES_AT_ONCE = 20_000  # in a batch of prediction, padding included: what bounds its memory
LEAST_OF_CONFIDENCE = 0.5  # for a deviation: in training they may all be alike


class ClipDataset(Dataset):
    """Windows of clips; features are made when a window is asked for, and never kept.

    Parameters
    ----------
    X, y : object arrays of clips and of depths
    features : callable
        Makes ``(n_frames, n_features)`` of a clip.
    window : int, optional
        The most frames of a window.
    stride : int, default=1
        Of a window, every so many frames; from which one on is drawn by `rng`, or is the first without it.
    sizes : array of shape (2, n_clips), optional
        What keypoints and depths of each clip are divided by.
    targets : transformer, optional
        Fitted, for depths.
    augment : callable, optional
        Makes a new clip and new depths of ``(clip, depth, rng, signer)``.
    groups : array of shape (n_clips,), optional
        The signer of each clip, for `augment`.
    rng : numpy.random.Generator, optional
        Draws the order of batches and the augmentation.
    """

    def __init__(self, X, y, *, features=frame_features, window=None, stride=1, sizes=None, targets=None,
                 augment=None, groups=None, rng=None):
        self.X, self.y, self.features, self.stride, self.rng = X, y, features, stride, rng
        self.targets, self.augment, self.groups = targets, augment, groups
        self.factors = np.ones((2, len(X))) if sizes is None else 1 / np.asarray(sizes)
        self.windows = windows([len(clip) for clip in X], window)
        self.lengths = [stop - start for _, start, stop in self.windows]

    def __len__(self):
        return len(self.windows)

    def __getitem__(self, i):
        index, start, stop = self.windows[i]
        if self.rng is not None:
            start += self.rng.integers(min(self.stride, stop - start))
        clip = self.bodies(index, start, stop)
        depth = scaled(self.y[index][start:stop:self.stride], self.factors[1][index])
        if self.augment is not None:
            clip, depth = self.augment(clip, depth, self.rng, None if self.groups is None else self.groups[index])
        if self.targets is not None:
            depth = self.targets.transform_clip(depth, f"clip {index}")
        return self.features(clip), depth

    def bodies(self, index, start, stop):
        """What there is to be seen of a clip, from one frame to another."""
        return scaled(self.X[index][start:stop:self.stride], self.factors[0][index])


class ClipNet(NeuralNet):
    """A skorch net that is given its data sets, training and validation, as a pair."""

    def partial_fit(self, X, y=None, classes=None, **fit_params):
        self.interrupted_ = False
        super().partial_fit(X, y, classes, **fit_params)
        if self.interrupted_:
            raise KeyboardInterrupt
        return self

    def learn(self, dataset, held_out, seed):
        """This net, trained from where it is; torch's own randomness stays as it was."""
        cuda = [torch.device(self.device)] if str(self.device).startswith("cuda") else []
        with torch.random.fork_rng(devices=cuda):
            torch.manual_seed(seed)
            self.partial_fit((dataset, held_out))
        loss = self.history[-1, "train_loss"]
        if not (np.isfinite(loss) and all(torch.isfinite(p).all() for p in self.module_.parameters())):
            raise ValueError(f"the loss became {loss} in epoch {len(self.history)}; a smaller lr may help")
        return self

    def go_back_to(self, net, share):
        """Take so large a share of the way to another net's weights, and to what else it has learnt."""
        own, other = (of_net.module_.state_dict() for of_net in (self, net))
        for name, values in own.items():
            before = other[name].to(values.device)
            if values.is_floating_point() and not torch.equal(values, before):  # some deviations are infinite
                values.lerp_(before, share)

    def run_single_epoch(self, *args, **kwargs):
        # Callbacks end a fit with KeyboardInterrupt, between epochs, and so skorch keeps it to itself.
        # Within an epoch it is the user's, and a half-trained net must not pass for a fitted one.
        try:
            super().run_single_epoch(*args, **kwargs)
        except KeyboardInterrupt:
            self.interrupted_ = True
            raise

    def get_split_datasets(self, X, y=None, **fit_params):
        return X

    def get_iterator(self, dataset, training=False):
        buckets = LengthBuckets(dataset.lengths, self.batch_size, dataset.rng if training else None)
        return DataLoader(dataset, batch_sampler=buckets, collate_fn=_collate)

    def infer(self, x, **metadata):
        return self.module_(x["x"].to(self.device), x["lengths"])


def lift(nets, X, *, features, stride, sizes, least):
    """The mean of the nets' depths of clips, in the nets' unit.

    Every so many frames of a clip, from each of the first ones on, are lifted by themselves. What all frames show
    bridges their gaps, and nets are not told of these: in training they are, but what they then make of clips with many
    more is worse than what they make of keypoints that are nearly in their place.

    Parameters
    ----------
    nets : list of ClipNet
    X : object array of clips
    features : callable
        Makes ``(n_frames, n_features)`` of ``(clip, stride=..., gaps=...)``, as `frame_features` does.
    stride, sizes
        As for `ClipDataset`.
    least : int
        How many steps the nets see at least: of a shorter clip the ends are held.

    Returns
    -------
    object array of shape (n_clips,), of ``(n_frames, n_keypoints)`` float32 arrays
    """
    order = np.argsort([-len(clip) for clip in X], kind="stable")
    most = max(1, min(nets[0].batch_size, FRAMES_AT_ONCE * stride // len(X[order[0]])))
    phases = _phases(X, order, features, stride, sizes)
    depths = to_object_array([np.empty(clip.shape[:2], np.float32) for clip in X])
    while batch := list(islice(phases, most)):
        held = [max(0, -(-(least - len(made)) // 2)) for _, _, made in batch]
        inputs = _padded([np.pad(made, ((n, n), (0, 0)), "edge") for n, (_, _, made) in zip(held, batch, strict=True)])
        mean = sum(net.evaluation_step((inputs, None)).cpu().numpy() for net in nets) / np.float32(len(nets))
        for (i, start, made), n, depth in zip(batch, held, mean, strict=True):
            depths[i][start::stride] = depth[n:n + len(made)]
    return depths


def _phases(X, order, features, stride, sizes):
    """Of clips in an order: which it is, where a phase of the stride begins, and its features, one by one."""
    for i in order:
        made = features(scaled(X[i], 1 / sizes[0][i]), stride=stride, gaps=False)
        for start in range(min(stride, len(made))):
            yield i, start, made[start::stride]


def feature_statistics(dataset):
    """Mean and standard deviation of the features over a data set's windows, before any augmentation.

    Of one that never varies, nothing can be learnt: its deviation is infinite, so that nets take no notice of it.
    """
    count, total, squares = 0, 0.0, 0.0
    for clip, start, stop in dataset.windows:
        features = dataset.features(dataset.bodies(clip, start, stop)).astype(np.float64)
        count += len(features)
        total = total + features.sum(axis=0)
        squares = squares + np.square(features).sum(axis=0)
    mean = total / count
    scale = np.sqrt(np.maximum(squares / count - mean**2, 0))
    n_keypoints, n_channels = dataset.X[0].shape[1:]
    least = 1e-6 * np.sqrt(squares / count)  # in whatever unit
    least[:2 * n_keypoints] = np.maximum(least[:2 * n_keypoints], 1e-9 * scale[:2 * n_keypoints].max())
    scale = np.where(scale > least, scale, np.inf)
    if n_channels == 3:  # another detector's confidences must not drown what it saw
        confidences = slice(3 * n_keypoints, 4 * n_keypoints)
        scale[confidences] = np.maximum(scale[confidences], LEAST_OF_CONFIDENCE)
    return mean, scale


def _collate(items):
    """Features and depths, padded; depths with NaN."""
    depths, _ = pad([depth for _, depth in items], np.nan)
    return _padded([features for features, _ in items]), torch.from_numpy(depths)


def _padded(features):
    """Features padded with 0, beside their lengths."""
    x, lengths = pad(features)
    return {"x": torch.from_numpy(x), "lengths": torch.from_numpy(lengths)}
