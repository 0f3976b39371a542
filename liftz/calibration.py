"""How far off a lifter is: learnt from signers whom its nets had not seen."""

from __future__ import annotations

import numpy as np

from .baselines import FrameRidge
from .sequences import to_object_array

__all__ = ["ErrorModel"]

COVERAGE, DEVIATIONS = 0.9, 1.6449  # 90 % of a normal distribution lie within 1.6449 deviations
ALPHA = 1000.0  # few frames then tell little but how large errors are on average


class ErrorModel:
    """The size of errors, keypoint by keypoint and frame by frame.

    A ridge on single frames says how large errors are expected there, and the 90th percentile of errors in
    units of that, over signers alike, how wide an interval must be that covers them: a locally weighted conformal
    prediction (J. Lei et al., "Distribution-free predictive inference for regression", 2018), by signers.

    Parameters
    ----------
    X : sequence of n_clips arrays ``(n_frames, n_keypoints, 2 or 3)``
    errors : sequence of n_clips arrays ``(n_frames, n_keypoints)``
        Sizes of errors on signers unknown to whatever made them; NaN is "not known".
    signers : array of shape (n_clips,)
    """

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
        self.factor = np.array([_quantile(column, weights, COVERAGE) for column in ratio.T]) / DEVIATIONS
        self.ridge = FrameRidge(ALPHA).fit(X, to_object_array(errors))

    def std(self, clip):
        """Deviations ``(n_frames, n_keypoints)``: 1.645 of them to either side cover 90 %; NaN where nothing is known.

        In the unit of the errors.
        """
        expected = self._within(self.ridge.predict_clip(clip))
        return np.where(self.known, self.factor * expected, np.nan).astype(np.float32)

    def _within(self, expected):
        return np.clip(expected, self.low, self.high)


def _quantile(values, weights, level):
    """The quantile of weighted values that are not NaN."""
    known = ~np.isnan(values)
    order = np.argsort(values[known])
    share = np.cumsum(weights[known][order])
    return values[known][order][np.searchsorted(share, level * share[-1])]
