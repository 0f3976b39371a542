"""What goes before and after the nets, for one frame at a time: centering, selecting, features, and back.

A point is a complex number x + iy: NaN if either is. A frame's arrays are small, so that calls are what takes the time:
hence `take` instead of indexing, and results written where they are wanted.
"""

from __future__ import annotations

import numpy as np

from .completion import Completion
from .roots import put_back, root_parts

__all__ = ["Center", "Complete", "FrameFeatures", "input_step", "output_step", "rows_of"]

NAN = np.float32(np.nan)


def input_step(description):
    """What a fitted transformer makes of a frame's points ``(n_keypoints,)`` and its confidences, which may be None.

    It is told how many frames were before, too. None if it cannot go frame by frame.
    """
    name = description["class"]
    if name == "RootCenterer" and description["parameters"]["causal"]:
        return Center(description["parameters"])
    if name == "RegionSelector":
        indices = description["attributes"]["indices_"]

        def select(points, confidences, n_before):
            return points.take(indices), None if confidences is None else confidences.take(indices)

        return select
    if name == "ZNormalizer":
        mean, scale = (values.ravel() for values in _statistics(description))

        def normalise(points, confidences, n_before):
            xy = points.view(np.float32) - mean
            xy /= scale
            return _complex(xy), confidences

        return normalise
    return None


def output_step(description):
    """What a fitted transformer's inverse makes of depths ``(..., n_keypoints)``, each affine; None if it cannot."""
    name, attributes = description["class"], description["attributes"]
    if name == "RootCenterer":
        parameters = description["parameters"]
        return lambda depths: put_back(depths, parameters["skeleton"], parameters["per_region"])
    if name == "RegionSelector":

        def among_all(depths):
            out = np.full((*depths.shape[:-1], attributes["n_keypoints_in_"]), NAN, depths.dtype)
            out[..., attributes["indices_"]] = depths
            return out

        return among_all
    if name == "ZNormalizer":
        mean, scale = _statistics(description)
        return lambda depths: depths * scale + mean
    return None


class Center:
    """A causal `RootCenterer`; `last` has where every part's root was last seen."""

    def __init__(self, parameters):
        parts = root_parts(parameters["skeleton"], parameters["per_region"])
        self._roots = rows_of([root for _, root in parts]).T
        self._part = np.empty(len(parameters["skeleton"]), int)
        for i, (members, _) in enumerate(parts):
            self._part[members] = i
        self.last = np.full((len(parts), 2), NAN)
        self._last = _complex(self.last.ravel())

    def __call__(self, points, confidences, n_before):
        roots = _mean(points.take(self._roots))
        np.copyto(self._last, roots, where=roots == roots)
        return points - self._last.take(self._part), confidences


class Complete:
    """A causal `Completion`.

    Attributes
    ----------
    last : array of shape (n_keypoints, 2)
        Where every keypoint was last seen.
    own : array of shape (stride, n_keypoints), of float32
        1 where that phase has seen it.
    """

    def __init__(self, attributes, stride):
        n_keypoints = len(attributes["known"])
        self.own = np.zeros((stride, n_keypoints), np.float32)
        self._completion = Completion.__new__(Completion)
        vars(self._completion).update(attributes)
        self.last = np.full((n_keypoints, 2), NAN)
        self._last = _complex(self.last.ravel())

    def __call__(self, points, confidences, n_before):
        seen = points == points
        np.copyto(self._last, points, where=seen)
        own = self.own[n_before % len(self.own)]
        own[seen] = 1
        put_in = (own == 0) & self._completion.known
        if not put_in.any():
            return points, confidences
        shown = (self._last == self._last) & self._completion.known
        if not shown.any():
            return points, confidences
        fill = self._last
        if not shown[self._completion.known].all():
            poses = self._completion.fill(self.last[None], shown)[0].astype(np.float32)
            fill = np.where(shown, self._last, _complex(poses.ravel()))
        points = np.where(put_in, fill, points)
        if confidences is not None:
            confidences = np.where(put_in, np.float32(self._completion.confidence), confidences)
        return points, confidences


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
    late : array of shape (n_clips, 2, n_bones)
        With a span, the longest of each bone in the half span before, and so far in this one; -1 if it was not shown.
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
        self.late = np.full((n_clips, 2, n), np.float32(-1))
        self._half = None if parameters.get("span") is None else max(1, parameters["span"] // 2)
        self._views = []
        for row, shown in zip(self.values, self.shown, strict=True):
            visible, longest, xy, *others = np.split(row, np.cumsum([len(part) for part in parts])[:-1])
            self._views.append((visible, longest, _complex(xy), *others, _complex(shown.ravel())))

    def __call__(self, points, confidences, i, n_before):
        """Bring the features of clip `i` up to a frame, before which there were so many."""
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
            if self._half is None:
                np.maximum(longest, length, out=longest, where=a & b)
            else:
                before, now = self.late[i]
                if n_before and n_before % self._half == 0:
                    np.copyto(before, now, where=now >= 0)
                    now[:] = -1
                np.maximum(now, length, out=now, where=a & b)
                np.maximum(before, now, out=longest)
                np.maximum(longest, 0, out=longest)
            np.multiply(longest, longest, out=rise)
            rise -= length * length
            np.fmax(rise, 0, out=rise)
            np.sqrt(rise, out=rise)


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
