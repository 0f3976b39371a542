"""How large the person of a clip is, from bones alone: so that all clips can be brought to one size."""

from __future__ import annotations

import numpy as np

from .features import longest_shown
from .sequences import seen

__all__ = ["BodySize", "scaled"]


class BodySize:
    """The size of each clip's person, as a multiple of the median training clip's.

    That is the sum over bones of how long each shows itself, at its longest. A bone that is not shown counts as in
    training: the less is seen of someone, the less they are taken to be large or small.

    Parameters
    ----------
    X : sequence of n_clips arrays ``(n_frames, n_keypoints, 2 or 3)``
        Training clips.
    bones : pair of int arrays of shape (n_bones,), optional
        Positions of the bones' two ends. Without them everybody's size is 1.

    Attributes
    ----------
    bones : pair of int arrays of shape (n_bones,)
    lengths : array of shape (n_bones,)
        How long each is in the median training clip; 0 if it is in none.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz.sizes import BodySize
    >>> arm = np.array([[[0, 0], [3, 0], [3, 2]]])  # a frame of shoulder, elbow and wrist
    >>> size = BodySize([arm], bones=([0, 1], [1, 2]))
    >>> size([arm, 2 * arm, np.where([[[0], [0], [1]]], np.nan, 2 * arm)])
    array([1. , 2. , 1.6], dtype=float32)
    """

    def __init__(self, X, bones=None):
        self.bones = tuple(np.asarray(ends, int) for ends in bones or ([], []))
        longest = np.ma.masked_invalid(self._longest(X))
        self.lengths = np.ma.median(longest, axis=0).filled(0).astype(np.float32)

    def __call__(self, X):
        """Sizes ``(n_clips,)``, of float32."""
        longest = self._longest(X)
        total = np.where(np.isnan(longest) | (self.lengths == 0), self.lengths, longest).sum(axis=1)
        return np.divide(total, self.lengths.sum(), out=np.ones_like(total), where=total * self.lengths.sum() > 0)

    def _longest(self, X):
        a, b = self.bones
        longest = np.empty((len(X), len(a)), np.float32)
        for clip, row in zip(X, longest, strict=True):
            xy = np.where(seen(clip)[..., None], clip[..., :2], np.nan)
            row[:] = longest_shown(np.hypot(*np.moveaxis(xy[:, a] - xy[:, b], 2, 0)))
        return longest


def scaled(clip, factor):
    """A clip of keypoints, or of depths, times a factor; its confidences stay as they are. Times 1, it is itself."""
    if factor == 1:
        return clip
    factors = [factor, factor, 1] if clip.ndim == 3 and clip.shape[2] == 3 else factor
    return clip * np.asarray(factors, np.float32)
