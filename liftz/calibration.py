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
LEAST_GROWTH = 0.1


class ErrorModel:
    """The size of errors, keypoint by keypoint and frame by frame.

    A ridge on single frames says how large errors are expected there. They grow with how new a pose is, beside those
    of other signers (see `liftz.novelty.Novelty`): by how much, a line through all training clips tells, which goes on
    beyond them, to views that none of them has. The 90th percentile of errors in units of both, over signers alike, is
    how wide an interval must be that covers them: a locally weighted conformal prediction (J. Lei et al.,
    "Distribution-free predictive inference for regression", 2018), by signers.

    Parameters
    ----------
    X : sequence of n_clips arrays ``(n_frames, n_keypoints, 2 or 3)``
        Every fifth frame of clips.
    errors : sequence of n_clips arrays ``(n_frames, n_keypoints)``
        Sizes of errors on signers unknown to whatever made them; NaN is "not known".
    signers : array of shape (n_clips,)
    """

    novelty, line, usual = None, (1.0, 0.0), (0.0, 0.0)  # of models saved before they had one

    def __init__(self, X, errors, signers):
        flat = np.concatenate(errors)
        # Each half of the signers is judged by a ridge on the other half.
        sides = np.isin(signers, np.unique(signers)[::2])
        of_frames = np.repeat(sides, [len(clip) for clip in errors])
        self.known = np.all([~np.isnan(flat[of_frames == side]).all(axis=0) for side in (False, True)], axis=0)
        flat[:, ~self.known] = 0
        errors = np.split(flat, np.cumsum([len(clip) for clip in errors])[:-1])
        self.low, self.high = np.nanquantile(flat, [0.3, 0.95], axis=0)
        expected = list(X)  # to be filled
        for side in (False, True):
            ridge = FrameRidge(ALPHA).fit(X[sides != side], to_object_array(errors)[sides != side])
            for i in np.flatnonzero(sides == side):
                expected[i] = self._within(ridge.predict_clip(X[i]))
        of_frames = np.repeat(signers, [len(clip) for clip in X])
        _, signer, n_frames = np.unique(of_frames, return_inverse=True, return_counts=True)
        weights = 1 / n_frames[signer]
        ratio = flat / np.maximum(np.concatenate(expected), 1e-12)
        ratio /= self._learn_growth(X, signers, ratio[:, self.high > 0], weights)[:, None]
        self.factor = np.array([_quantile(column, weights, COVERAGE) for column in ratio.T]) / DEVIATIONS
        self.ridge = FrameRidge(ALPHA).fit(X, to_object_array(errors))

    def _learn_growth(self, X, signers, ratio, weights):
        """How much larger than expected errors are in each frame, by how new it is; by `ratio`, how much they are."""
        cut = [mean_poses(clip, STRETCH // 5) for clip in X]
        poses, n_frames = (np.concatenate(parts) for parts in zip(*cut, strict=True))
        of_poses = np.repeat(signers, [len(found) for found, _ in cut])
        new = np.empty(len(poses))
        for signer in np.unique(signers):
            new[of_poses == signer] = Novelty(poses[of_poses != signer])(poses[of_poses == signer])
        new, known = np.repeat(new, n_frames), ~np.isnan(ratio)
        told = ~np.isnan(new) & known.any(axis=1)
        if told.any():
            self.novelty = Novelty(poses)
            self.usual = np.quantile(new[told], [0.01, 0.99])
            mean = np.where(known, ratio, 0).sum(axis=1)[told] / known.sum(axis=1)[told]
            root = np.sqrt(weights[told])[:, None]
            self.line, _ = nnls(np.stack([np.ones(len(mean)), new[told]], axis=1) * root, mean * root[:, 0])
        return self._growth(new)

    def std(self, clip):
        """Deviations ``(n_frames, n_keypoints)``: 1.645 of them to either side cover 90 %; NaN where nothing is known.

        In the unit of the errors.
        """
        poses, n_frames = mean_poses(clip, STRETCH)
        new = np.repeat(np.nan if self.novelty is None else self.novelty(poses), n_frames)
        expected = self._within(self.ridge.predict_clip(clip)) * self._growth(new)[:, None]
        return np.where(self.known, self.factor * expected, np.nan).astype(np.float32)

    def _growth(self, new):
        """A line over novelty, from the least that is usual on; NaN counts as the most that is."""
        least, most = self.usual
        new = np.maximum(np.where(np.isnan(new), most, new), least)
        return np.maximum(self.line[0] + self.line[1] * new, LEAST_GROWTH)

    def _within(self, expected):
        return np.clip(expected, self.low, self.high)


def _quantile(values, weights, level):
    """The quantile of weighted values that are not NaN."""
    known = ~np.isnan(values)
    order = np.argsort(values[known])
    share = np.cumsum(weights[known][order])
    return values[known][order][np.searchsorted(share, level * share[-1])]

