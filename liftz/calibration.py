"""How far off a lifter is: learnt from signers whom its nets had not seen."""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls

from .baselines import FrameRidge
from .novelty import Novelty, mean_poses
from .sequences import to_object_array

__all__ = ["ErrorModel"]

COVERAGE, DEVIATIONS = 0.9, 1.6449  # 90 % of a normal distribution lie within 1.6449 deviations
ALPHA = 1000.0  # few frames then tell little but how large errors are on average
STRETCH = 100  # frames whose mean pose tells how new they are
MOST_POSES = 2000  # of training, to compare with; of more, so many, evenly
LEAST_GROWTH = 0.1


class ErrorModel:
    """The size of errors, keypoint by keypoint and frame by frame.

    A ridge on single frames says how large errors are expected there. They grow with how new a pose is, beside those
    of other signers (see `liftz.novelty.Novelty`): by how much, a line through all of `X` tells, which goes on beyond,
    to views that no training clip has. The 90th percentile of errors in units of both, over signers alike, is how wide
    an interval must be that covers them: a locally weighted conformal prediction (J. Lei et al., "Distribution-free
    predictive inference for regression", 2018), by signers.

    Parameters
    ----------
    X : sequence of n_clips arrays ``(n_frames, n_keypoints, 2 or 3)``
        Every fifth frame of clips.
    errors : sequence of n_clips arrays ``(n_frames, n_keypoints)``
        Sizes of errors on signers unknown to whatever made them; NaN is "not known".
    signers : array of shape (n_clips,)
    training : pair of clips and of their signers, optional
        All that poses are new beside, likewise every fifth frame. Default: `X` and `signers`.
    """

    novelty, line, usual, middle = None, (1.0, 0.0), (0.0, 0.0), 0.0  # of models saved before they had one

    def __init__(self, X, errors, signers, training=None):
        clips, of_clips = training or (X, signers)
        of_clips, signers = _numbered(of_clips, signers)
        flat = np.concatenate(errors)
        # Each half of the signers is judged by a ridge on the other half.
        sides = np.isin(signers, np.unique(signers)[::2])
        of_frames = np.repeat(sides, [len(clip) for clip in errors])
        self.known = np.all([~np.isnan(flat[of_frames == side]).all(axis=0) for side in (False, True)], axis=0)
        flat[:, ~self.known] = 0
        errors = np.split(flat, np.cumsum([len(clip) for clip in errors])[:-1])
        self.low, self.high = np.nanquantile(flat, [0.3, 0.95], axis=0)
        parts = list(X)  # to be filled
        for side in (False, True):
            ridge = FrameRidge(ALPHA).fit(X[sides != side], to_object_array(errors)[sides != side])
            for i in np.flatnonzero(sides == side):
                parts[i] = self._within(ridge.predict_clip(X[i]))
        expected = np.concatenate(parts)
        of_frames = np.repeat(signers, [len(clip) for clip in X])
        _, signer, n_frames = np.unique(of_frames, return_inverse=True, return_counts=True)
        weights = 1 / n_frames[signer]
        new = self._learn_novelty(X, signers, clips, of_clips)
        if self.novelty is not None:
            self.line = _line(new, flat, expected, weights)
        ratio = flat / np.maximum(expected * self._growth(new)[:, None], 1e-12)
        self.factor = np.array([_quantile(column, weights, COVERAGE) for column in ratio.T]) / DEVIATIONS
        self.ridge = FrameRidge(ALPHA).fit(X, to_object_array(errors))

    def _learn_novelty(self, X, signers, clips, of_clips):
        """Learn which poses there are, and how new they usually are; returns the novelty of every frame of `X`."""
        known = [mean_poses(clip, STRETCH // 5)[0] for clip in clips]
        of_known = np.repeat(of_clips, [len(poses) for poses in known])
        kept = np.linspace(0, len(of_known) - 1, min(len(of_known), MOST_POSES)).astype(int)
        novelty = Novelty(np.concatenate(known)[kept])
        parts, lengths = zip(*(mean_poses(clip, STRETCH // 5) for clip in X), strict=True)
        n_parts = [len(poses) for poses in parts]
        new = novelty(np.concatenate(parts), same=np.repeat(signers, n_parts)[:, None] == of_known[kept])
        if not np.isnan(new).all():
            self.novelty, self.usual, self.middle = novelty, np.nanquantile(new, [0.01, 0.99]), float(np.nanmedian(new))
        each = np.split(new, np.cumsum(n_parts)[:-1])
        return np.concatenate([self._over_frames(*clip) for clip in zip(each, lengths, strict=True)])

    def std(self, clip, least=0.0):
        """Deviations ``(n_frames, n_keypoints)``: 1.645 of them to either side cover 90 %; NaN where nothing is known.

        In the unit of the errors. A clip counts as `least` as new, of the most that is usual.
        """
        new = np.maximum(self._over_frames(*self._of_stretches(clip)), least * self.usual[1])
        expected = self._within(self.ridge.predict_clip(clip)) * self._growth(new)[:, None]
        return np.where(self.known, self.factor * expected, np.nan).astype(np.float32)

    def novelty_of(self, clip, least=0.0):
        """How new poses are, of the most that is usual; and how many times as large as usual errors are expected.

        Both are medians over frames; NaN where nothing is known, see `LSTMRegressor.novelty`. `least` as for `std`.
        """
        new, lengths = self._of_stretches(clip)
        if np.isnan(new).all():
            return np.nan, np.nan
        new = max(np.median(self._over_frames(new, lengths)), least * self.usual[1])
        return float(new / max(self.usual[1], 1e-12)), float(self._growth(new) / self._growth(self.middle))

    def _of_stretches(self, clip):
        """The novelty of each stretch of a clip, NaN where it cannot be told, and how many frames each has."""
        poses, lengths = mean_poses(clip, STRETCH)
        return np.full(len(poses), np.nan) if self.novelty is None else self.novelty(poses), lengths

    def _over_frames(self, new, lengths):
        """Novelty of every frame, on lines between the middles of stretches; NaN counts as the most that is usual."""
        new = np.where(np.isnan(new), self.usual[1], new)
        middles = np.cumsum(lengths) - np.divide(lengths, 2)
        return np.interp(np.arange(np.sum(lengths)) + 0.5, middles, new)

    def _growth(self, new):
        """What errors grow by: a line over novelty, from the least that is usual on."""
        return np.maximum(self.line[0] + self.line[1] * np.maximum(new, self.usual[0]), LEAST_GROWTH)

    def _within(self, expected):
        return np.clip(expected, self.low, self.high)


def _numbered(*parts):
    """Labels of any kind as numbers, the same in all parts, in the order in which they appear."""
    labels = dict.fromkeys(label for part in parts for label in part.tolist())
    number = {label: i for i, label in enumerate(labels)}
    return [np.array([number[label] for label in part.tolist()]) for part in parts]


def _line(new, errors, expected, weights):
    """Start and slope, neither below 0, of the line over novelty of how many times as large as expected errors are."""
    typical = np.nanmean(errors, axis=0, dtype=float)
    some = typical > 0  # a root's are 0
    ratio = errors[:, some] / np.maximum(expected, typical / 10)[:, some]
    known = ~np.isnan(ratio)
    told = known.any(axis=1)
    mean = np.where(known, ratio, 0).sum(axis=1)[told] / known.sum(axis=1)[told]
    root = np.sqrt(weights[told])
    return nnls(np.stack([np.ones(len(mean)), new[told]], axis=1) * root[:, None], mean * root)[0]


def _quantile(values, weights, level):
    """The quantile of weighted values that are not NaN."""
    known = ~np.isnan(values)
    order = np.argsort(values[known])
    share = np.cumsum(weights[known][order])
    return values[known][order][np.searchsorted(share, level * share[-1])]
