"""How large the person of a clip is, from bones alone: so that all clips can be brought to one size."""

from __future__ import annotations

import numpy as np

from .features import longest_shown
from .sequences import seen, to_object_array

__all__ = ["BodySize", "each_scaled", "foreshortening", "scaled"]

ASTRAY = np.float32(2)  # times as long as the median bone
EXTREME = 0.2  # of the frames, on either side
LEAST_SPREAD = 1.25
DOUBT = 0.1  # of log sizes: where they differ less, and ratios with them, it is by chance


class BodySize:
    """The size of each clip's person, as a multiple of the median training clip's.

    That is how long the bones show themselves, each at its longest (see `liftz.features.longest_shown`), in sum: of
    those that the clip shows at all. One that seems more than twice as large as the median bone, since a keypoint is
    often astray, counts as twice. The shorter a clip, the shorter is the longest that it shows: of less than a second
    people seem some percent smaller.

    Depths grow with a size that is the person's own, but not with one that comes of a camera nearer by or of a finer
    picture, as where x and y are pixels. Which of the two it is in training, foreshortening tells: r, how many units of
    x and y a unit of depth is, does not change from person to person, but with the picture. If log r rises by more than
    half of what log sizes do, sizes are the picture's.

    Parameters
    ----------
    X : sequence of n_clips arrays ``(n_frames, n_keypoints, 2 or 3)``
        Training clips, relative to their roots.
    y : sequence of n_clips arrays ``(n_frames, n_keypoints)``
        Their depths.
    bones : pair of int arrays of shape (n_bones,), optional
        Positions of the bones' two ends. Without them everybody's size is 1.

    Attributes
    ----------
    bones : pair of int arrays of shape (n_bones,)
    lengths : array of shape (n_bones,)
        How long each is in the median training clip; 0 if it is in none.
    spread : float
        The largest logarithm, up or down, of the size of a training clip.
    of_picture : bool
        Whether sizes are the picture's, and depths do not grow with them.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz.sizes import BodySize
    >>> arm = np.array([[[0, 0], [3, 0], [3, 2]]])  # a frame of shoulder, elbow and wrist
    >>> size = BodySize([arm], [arm[..., 0]], bones=([0, 1], [1, 2]))
    >>> size([arm, 2 * arm, np.where([[[0], [0], [1]]], np.nan, 2 * arm)])
    array([[1., 2., 2.],
           [1., 2., 2.]], dtype=float32)
    """

    def __init__(self, X, y, bones=None):
        a, b = bones or ([], [])
        self.bones = np.asarray(a, int), np.asarray(b, int)
        self.lengths = np.ma.median(np.ma.masked_invalid(self._longest(X)), axis=0).filled(0).astype(np.float32)
        self.of_picture = False
        sizes, _ = self(X)
        self.of_picture = _slope(sizes, X, y, self.bones) > 0.5
        self.spread = float(max(np.max(abs(np.log(sizes)), initial=0), np.log(LEAST_SPREAD)))

    def __call__(self, X):
        """Sizes ``(2, n_clips)`` of clips, of float32: of their keypoints, and of their depths."""
        longest = self._longest(X)
        shown = ~np.isnan(longest) & (self.lengths > 0)
        ratios = np.divide(longest, self.lengths, out=np.full_like(longest, np.inf), where=shown)
        middle = np.maximum(shown.sum(axis=1, keepdims=True) - 1, 0) // 2
        most = ASTRAY * np.take_along_axis(np.sort(ratios, axis=1), middle, axis=1) if ratios.size else ratios
        longest = np.minimum(longest, most * self.lengths, out=longest, where=shown)
        total, typical = (np.where(shown, lengths, 0).sum(axis=1) for lengths in (longest, self.lengths))
        sizes = np.divide(total, typical, out=np.ones_like(total), where=(total > 0) & (typical > 0))
        return np.stack([sizes, np.ones_like(sizes) if self.of_picture else sizes])

    def unusual(self, sizes):
        """How far sizes are from the usual one, of the farthest in training, as ratios; 0 for those that are nearer.

        Parameters
        ----------
        sizes : array of shape (n_clips,)
            Of their keypoints.
        """
        apart = abs(np.log(sizes)) / (np.inf if self.spread is None else self.spread)
        return np.where(apart > 1, apart, 0)

    def _longest(self, X):
        a, b = self.bones
        longest = np.empty((len(X), len(a)), np.float32)
        for clip, row in zip(X, longest, strict=True):
            xy = np.where(seen(clip)[..., None], clip[..., :2], np.nan)
            lengths = np.hypot(*np.moveaxis(xy[:, a] - xy[:, b], 2, 0))
            row[:] = longest_shown(lengths)
        return longest


def _slope(sizes, X, y, bones):
    """How much log r changes with log sizes, in a ridge regression; 0 where nothing is known of either."""
    changes = [foreshortening(clip, depth, *bones) for clip, depth in zip(X, y, strict=True)]
    seen_changes, deep_changes = np.reshape(changes, (-1, 2)).T
    known = (seen_changes > 0) & (deep_changes > 0)
    if not known.any():
        return 0.0
    ratios = np.log(seen_changes[known] / deep_changes[known]) / 4
    logs = np.log(sizes[known].astype(float))
    logs -= logs.mean()
    return float(np.mean(logs * ratios) / (np.mean(logs**2) + DOUBT**2))


def foreshortening(clip, depth, a, b):
    """How much bones' squared lengths change in the picture, and in depth, over a clip.

    A bone of length L that looks l long has ``L^2 = l^2 + r^2 dz^2``: l^2 and (r dz)^2 change by the same amount in
    opposite directions. So r is the fourth root of the ratio of the two.

    Parameters
    ----------
    clip : array of shape (n_frames, n_keypoints, 2 or 3)
    depth : array of shape (n_frames, n_keypoints)
    a, b : int arrays of shape (n_bones,)
        Positions of the bones' two ends.

    Returns
    -------
    pair of float
        Sums of squares about each bone's mean, of l^2 and of dz^2, over frames that tell of both. The fifth of them
        that is lowest, and that which is highest, count as the next: frames that are astray would be all that counts.
    """
    seen_squares = np.square(clip[:, a, :2] - clip[:, b, :2]).sum(axis=2)
    deep_squares = np.square(depth[:, a] - depth[:, b])
    known = ~(np.isnan(seen_squares) | np.isnan(deep_squares))
    return _variation(seen_squares, known), _variation(deep_squares, known)


def _variation(values, known):
    """The sum of squares about each column's mean, over what is known, without its extremes."""
    ordered = np.sort(np.where(known, values, np.inf).astype(np.float64), axis=0)
    n = known.sum(axis=0)
    cut = (EXTREME * n).astype(int)
    low, high = (np.take_along_axis(ordered, np.maximum(rank, 0)[None], axis=0) for rank in (cut, n - 1 - cut))
    values = np.where(known, np.clip(values, low, high), 0).astype(np.float64)
    deviation = np.where(known, values - values.sum(axis=0) / np.maximum(n, 1), 0)
    return float(np.square(deviation).sum())


def each_scaled(clips, factors):
    """Each clip times its factor, as in `scaled`."""
    return to_object_array([scaled(clip, factor) for clip, factor in zip(clips, factors, strict=True)])


def scaled(clip, factor):
    """A clip of keypoints, or of depths, times a factor; its confidences stay as they are. Times 1, it is itself."""
    if factor == 1:
        return clip
    factors = [factor, factor, 1] if clip.ndim == 3 and clip.shape[2] == 3 else factor
    return clip * np.asarray(factors, np.float32)
