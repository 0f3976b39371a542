"""Transformers of clips: keypoints ``(n_frames, n_keypoints, 2 or 3)`` and depths ``(n_frames, n_keypoints)`` alike."""

from __future__ import annotations

import warnings

import numpy as np

from .gaps import bridge
from .roots import put_back, root_parts
from .sequences import seen
from .transformer import SequenceTransformer

__all__ = ["GapFiller", "RegionSelector", "RootCenterer", "ZNormalizer"]


class RootCenterer(SequenceTransformer):
    """Put the root of every region at zero, in every frame.

    Parameters
    ----------
    skeleton : Skeleton
        Names the keypoints and their roots.
    per_region : bool, default=True
        Whether each region has its own root, or all keypoints the skeleton's.
    causal : bool, default=False
        Whether a root that a frame does not show is held where it was last seen, so that no frame
        depends on a later one.

    Notes
    -----
    In keypoints, a root that a frame does not show is placed on the line between its
    neighbours in time, and held at the ends of the clip. A region whose root is never seen in a
    clip cannot be placed, and counts as not seen. In depths nothing is guessed: where the
    root is NaN, so is its region.

    What is taken away is lost on purpose: the inverse leaves keypoints as they are, and
    depths relative to their root, which it puts at exactly zero. Only a region that is measured from a keypoint of
    another goes back there, and its depths are relative to that one's root, too, unless the depth of the keypoint is
    NaN.

    Raises
    ------
    ValueError
        If a clip never shows any root; `Skeleton.with_root` names another.

    Warns
    -----
    UserWarning
        By `fit`: if keypoints of a region are seen, but its root never; if keypoints lie at exactly (0, 0), which is
        how some detectors write "not seen", or some depths of one that is no root are exactly 0; if clips know depths
        of a region, but never that of its root.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz import RootCenterer, Skeleton
    >>> arm = Skeleton("arm", ["shoulder", "elbow", "wrist"], root="shoulder")
    >>> RootCenterer(arm).fit_transform([np.array([[200.0, 210.0, 240.0]])])[0]
    array([[ 0., 10., 40.]], dtype=float32)
    """

    def __init__(self, skeleton, per_region=True, causal=False):
        self.skeleton = skeleton
        self.per_region = per_region
        self.causal = causal

    def transform_clip(self, clip, where):
        out = clip.copy()
        for members, root in self._parts():
            track = _space(clip)[:, root].mean(axis=1, keepdims=True)
            if clip.ndim == 3:
                track = bridge(track, hold_ends=True, causal=self.causal)
            _space(out)[:, members] -= track
        if not seen(out).any():
            roots = dict.fromkeys(self.skeleton.roots.values() if self.per_region else [self.skeleton.root])
            lacks = "never shows" if clip.ndim == 3 else "has depths (y), but none beside that of"
            raise ValueError(f"{where} {lacks} the root {' or '.join(map(repr, roots))} of skeleton "
                             f"{self.skeleton.name!r}; leave it out, or measure from another keypoint: "
                             f"Skeleton.with_root(...)")
        return out

    def learn(self, X):
        if X[0].ndim == 2:
            self._tell_of_lost_depths(X)
            self._tell_of_zeros(X)
            return
        for members, root in self._parts():
            placed = any(seen(clip)[:, root].all(axis=1).any() for clip in X)
            if not placed and any(seen(clip)[:, members].any() for clip in X):
                warnings.warn(f"{self._regions(members)}: not seen, since no clip shows the root {self._names(root)}; "
                              f"to measure from another keypoint, use Skeleton.with_root", stacklevel=3)
        self._tell_of_zeros(X)

    def _tell_of_zeros(self, X):
        roots = np.unique(np.concatenate([root for _, root in self._parts()]))
        if X[0].ndim == 3:
            zeros = np.sum([(clip[..., :2] == 0).all(axis=2).sum(axis=0) for clip in X], axis=0)
        else:
            zeros = np.sum([(depth == 0).sum(axis=0) for depth in X], axis=0)
            zeros[zeros == np.sum([seen(depth).sum(axis=0) for depth in X], axis=0)] = 0  # always there, as a root is
        n = np.delete(zeros, roots).sum()
        if n > 0.001 * sum(clip.shape[0] * clip.shape[1] for clip in X):
            what = ("depths are exactly 0; if that means 'not known'" if X[0].ndim == 2 else
                    "keypoints lie at exactly (0, 0); if that means 'not seen', as in OpenPose's files")
            warnings.warn(f"{n} {what}, make them NaN", stacklevel=4)

    def _tell_of_lost_depths(self, y):
        for members, root in self._parts():
            lost = [i for i, depth in enumerate(y) if np.isnan(depth[:, root].mean(axis=1)).all()
                    and not np.isnan(depth[:, members]).all()]
            if lost:
                known = members[np.any([~np.isnan(y[i][:, members]).all(axis=0) for i in lost], axis=0)]
                warnings.warn(f"{len(lost)} of {len(y)} clips, from clip {lost[0]} on, have depths of "
                              f"{self._regions(known)}, but never that of the root {self._names(root)}: they count as "
                              f"not known", stacklevel=4)

    def inverse_clip(self, clip):
        return clip if clip.ndim == 3 else put_back(clip, self.skeleton, self.per_region)

    def _parts(self):
        return root_parts(self.skeleton, self.per_region)

    def _regions(self, members):
        """The regions, by name, that some keypoints are in."""
        names = {self.skeleton.keypoints[i] for i in members}
        found = [repr(region) for region, own in self.skeleton.regions.items() if not names.isdisjoint(own)]
        return f"region{'s' * (len(found) > 1)} {' and '.join(found)}"

    def _names(self, root):
        return " with ".join(self.skeleton.keypoints[i] for i in root)


class ZNormalizer(SequenceTransformer):
    """Take away the mean of the training frames, and divide by their standard deviation.

    Statistics come from `fit` alone, never from the clips at hand. NaN stays NaN; a
    keypoint that `fit` never saw becomes NaN; what does not vary is not divided; a
    confidence channel is left alone. The inverse is exact up to float32.

    Parameters
    ----------
    per : {"keypoint", "all"}, default="keypoint"
        Whether every keypoint and channel is divided by a deviation of its own, or all by one,
        which keeps the body's proportions and the balance of its errors.
    with_mean : bool, default=True
        Whether to take away the mean, a mean pose. Without it, and with ``per="all"``,
        coordinates are only brought to unit size: lengths stay comparable.

    Attributes
    ----------
    mean_, scale_ : arrays of shape (n_keypoints,) or (n_keypoints, 2)
        In the unit of the clips.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz import ZNormalizer
    >>> normalizer = ZNormalizer().fit([np.array([[1.0, 10.0], [3.0, 50.0]])])
    >>> normalizer.mean_, normalizer.scale_
    (array([ 2., 30.]), array([ 1., 20.]))
    """

    def __init__(self, per="keypoint", with_mean=True):
        self.per = per
        self.with_mean = with_mean

    def learn(self, X):
        if self.per not in ("keypoint", "all"):
            raise ValueError(f"per must be 'keypoint' or 'all', got {self.per!r}")
        count, total = _sums(X, lambda clip: clip)
        center = total / np.maximum(count, 1)
        mean = center if self.with_mean else np.zeros_like(center)
        _, squares = _sums(X, lambda clip: np.square(clip - mean))
        if self.per == "all":
            scale, size = np.full_like(squares, np.sqrt(squares.sum() / count.sum())), np.abs(center).max()
        else:
            scale, size = np.sqrt(squares / np.maximum(count, 1)), np.abs(center)
        self.scale_ = np.where(scale > 1e-6 * size, scale, 1.0)  # below that, it is what float32 rounds
        self.mean_ = np.where(count > 0, mean, np.nan)

    def transform_clip(self, clip, where):
        out = clip.copy()
        part = _space(out)
        part -= self.mean_.astype(np.float32)
        part /= self.scale_.astype(np.float32)
        return out

    def inverse_clip(self, clip):
        out = clip.copy()
        part = _space(out)
        part *= self.scale_.astype(np.float32)
        part += self.mean_.astype(np.float32)
        return out


class RegionSelector(SequenceTransformer):
    """Keep some regions or single keypoints, by name.

    The inverse puts them back in their places, with NaN everywhere else.

    Parameters
    ----------
    skeleton : Skeleton
        Names the keypoints that come in.
    select : str or sequence of str
        Names of regions and keypoints, in the order to put them out.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz import RegionSelector, Skeleton
    >>> arm = Skeleton("arm", ["shoulder", "elbow", "wrist"], root="shoulder")
    >>> selector = RegionSelector(arm, ["wrist", "elbow"])
    >>> kept = selector.fit_transform([np.array([[0.0, 10.0, 40.0]])])
    >>> kept[0], selector.inverse_transform(kept)[0]
    (array([[40., 10.]], dtype=float32), array([[nan, 10., 40.]], dtype=float32))
    """

    def __init__(self, skeleton, select):
        self.skeleton = skeleton
        self.select = select

    def learn(self, X):
        self.indices_ = self.skeleton.indices(self.skeleton.resolve(self.select))

    def transform_clip(self, clip, where):
        return clip[:, self.indices_]

    def inverse_clip(self, clip):
        out = np.full((len(clip), self.n_keypoints_in_, *clip.shape[2:]), np.nan, dtype=np.float32)
        out[:, self.indices_] = clip
        return out

    def keypoints_out(self):
        return len(self.indices_), self.skeleton.subset(self.select)


class GapFiller(SequenceTransformer):
    """Bridge short gaps in a straight line over time; leave long ones, and the clips' ends.

    A bridged keypoint counts as seen from here on; its confidence, if there is one, is 0.
    The inverse is the identity.

    Parameters
    ----------
    max_gap : int, default=5
        The longest gap to bridge, in frames.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz import GapFiller
    >>> GapFiller(max_gap=1).fit_transform([np.array([[1.0], [np.nan], [2.0]])])[0].ravel()
    array([1. , 1.5, 2. ], dtype=float32)
    """

    def __init__(self, max_gap=5):
        self.max_gap = max_gap

    def learn(self, X):
        if not (isinstance(self.max_gap, (int, np.integer)) and self.max_gap >= 0):
            raise ValueError(f"max_gap must be a number of frames >= 0, got {self.max_gap!r}")

    def transform_clip(self, clip, where):
        return bridge(clip, max_gap=self.max_gap)


def _space(clip):
    """The part of a clip that is measured in space: all but the confidence."""
    return clip if clip.ndim == 2 else clip[..., :2]


def _sums(X, function):
    """Counts and sums over all frames of a function of every clip, where it is not NaN."""
    shape = _space(X[0]).shape[1:]
    count, total = np.zeros(shape), np.zeros(shape)
    for clip in X:
        values = function(_space(clip))
        count += np.isfinite(values).sum(axis=0)
        total += np.nansum(values, axis=0, dtype=np.float64)
    return count, total
