"""What goes before and after the nets, for one frame at a time: centering, selecting, features, and back.

A point is a complex number x + iy: NaN if either is. A frame's arrays are small, so that calls are what takes the time:
hence `take` instead of indexing, and results written where they are wanted.
"""

from __future__ import annotations

import numpy as np

__all__ = ["Center", "FrameFeatures", "input_step", "output_step", "parts_of", "rows_of"]

NAN = np.float32(np.nan)


def input_step(description):
    """What a fitted transformer makes of a frame's points ``(n_keypoints,)`` and its confidences, which may be None.

    None if it cannot go frame by frame.
    """
    name = description["class"]
    if name == "RootCenterer" and description["parameters"]["causal"]:
        return Center(description["parameters"])
    if name == "RegionSelector":
        indices = description["attributes"]["indices_"]

        def select(points, confidences):
            return points.take(indices), None if confidences is None else confidences.take(indices)

        return select
    if name == "ZNormalizer":
        mean, scale = (values.ravel() for values in _statistics(description))

        def normalise(points, confidences):
            xy = points.view(np.float32) - mean
            xy /= scale
            return _complex(xy), confidences

        return normalise
    return None


def output_step(description):
    """What a fitted transformer's inverse makes of depths ``(..., n_keypoints)``, each affine; None if it cannot."""
    name, attributes = description["class"], description["attributes"]
    if name == "RootCenterer":
        rows = rows_of([root for members, root in parts_of(description["parameters"]) if np.isin(root, members).all()])

        def center(depths):
            out, roots = depths.copy(), depths[..., rows]
            out[..., rows] = roots - roots.mean(axis=-1, keepdims=True)
            return out

        return center
    if name == "RegionSelector":

        def put_back(depths):
            out = np.full((*depths.shape[:-1], attributes["n_keypoints_in_"]), NAN, depths.dtype)
            out[..., attributes["indices_"]] = depths
            return out

        return put_back
    if name == "ZNormalizer":
        mean, scale = _statistics(description)
        return lambda depths: depths * scale + mean
    return None


class Center:
    """A causal `RootCenterer`; `last` has where every part's root was last seen."""

    def __init__(self, parameters):
        parts = parts_of(parameters)
        self._roots = rows_of([root for _, root in parts]).T
        self._part = np.empty(len(parameters["skeleton"]), int)
        for i, (members, _) in enumerate(parts):
            self._part[members] = i
        self.last = np.full((len(parts), 2), NAN)
        self._last = _complex(self.last.ravel())

    def __call__(self, points, confidences):
        roots = _mean(points.take(self._roots))
        np.copyto(self._last, roots, where=roots == roots)
        return points - self._last.take(self._part), confidences


class FrameFeatures:
    """`frame_features` with ``causal=True``, in another order.

    Parameters
    ----------
    parameters : dict
        What `frame_features` is given beside the clip.
    n_keypoints, n_channels : int
        Of a frame.
    n_clips : int
        How many clips are followed at a time.

    Attributes
    ----------
    values : array of shape (n_clips, n_features)
        Of each clip's last frame, those first that seldom change.
    shown : array of shape (n_clips, n_keypoints, 2)
        Where each keypoint was last seen, NaN if it never was; only bones ask for it.
    n_lasting : int
        How many of them do not change as long as the same keypoints are seen and no bone shows itself longer.
    order : int array of shape (n_features,)
        Where each is among those of `frame_features`.
    """

    def __init__(self, parameters, n_keypoints, n_channels, n_clips):
        a, b = parameters["bones"] or ([], [])
        n, n_confidences = len(a), n_keypoints * (n_channels == 3)
        self._ends = np.array([a, b], int)
        self._known = ~parameters["unseen"]
        sizes = [2 * n_keypoints, n_keypoints, n_confidences, n, n, n]
        xy, visible, confidence, length, longest, rise = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
        parts = [visible, longest, xy, confidence, length, rise]
        self.order = np.concatenate(parts)
        self.n_lasting = len(visible) + len(longest)
        self.values = np.zeros((n_clips, len(self.order)), np.float32)
        self.shown = np.full((n_clips, n_keypoints, 2), NAN)
        self._views = []
        for row, shown in zip(self.values, self.shown, strict=True):
            visible, longest, xy, *others = np.split(row, np.cumsum([len(part) for part in parts])[:-1])
            self._views.append((visible, longest, _complex(xy), *others, _complex(shown.ravel())))

    def __call__(self, points, confidences, i):
        """Bring the features of clip `i` up to a frame."""
        visible, longest, xy, confidence, length, rise, shown = self._views[i]
        seen = points == points
        seen &= self._known
        visible[:] = seen
        np.copyto(xy, points, where=seen)
        if confidences is not None:
            confidence[:] = np.where(self._known & ~np.isnan(confidences), confidences, 0)
        if len(length):
            np.copyto(shown, points, where=seen)
            a, b = shown.take(self._ends)
            bones = a - b
            np.hypot(bones.real, bones.imag, out=length)
            np.fmax(length, 0, out=length)
            a, b = seen.take(self._ends)
            np.maximum(longest, length, out=longest, where=a & b)
            np.multiply(longest, longest, out=rise)
            rise -= length * length
            np.fmax(rise, 0, out=rise)
            np.sqrt(rise, out=rise)


def parts_of(parameters):
    """Indices of keypoints, beside those of their root, as in a `RootCenterer`."""
    skeleton = parameters["skeleton"]
    if not parameters["per_region"]:
        return [(np.arange(len(skeleton)), skeleton.root_indices())]
    return [(skeleton.region_indices(r), skeleton.root_indices(r)) for r in skeleton.regions]


def rows_of(roots):
    """Roots of one or more keypoints in one array: those of fewer are repeated, which leaves their mean as it is."""
    longest = np.lcm.reduce([len(root) for root in roots])
    return np.array([np.resize(root, longest) for root in roots]).reshape(len(roots), -1)


def _complex(xy):
    """The same memory, ``(2 * n,)``, as points."""
    return xy.view(np.complex64)


def _mean(points):
    """Over the first axis, rounded as in real numbers."""
    n = len(points)
    return points[0] if n == 1 else _complex(np.add.reduce(points).view(np.float32) / np.float32(n))


def _statistics(description):
    return (description["attributes"][name].astype(np.float32) for name in ("mean_", "scale_"))
