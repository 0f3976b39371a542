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
    """A causal `Completion`; `last` has where every keypoint was last seen."""

    def __init__(self, attributes):
        self._completion = Completion.__new__(Completion)
        vars(self._completion).update(attributes)
        self.last = np.full((len(self._completion.known), 2), NAN)
        self._last = _complex(self.last.ravel())

    def __call__(self, points, confidences, n_before):
        np.copyto(self._last, points, where=points == points)
        known = self._completion.known
        told = (self._last == self._last) & known
        lacking = known & ~told
        if not lacking.any() or not told.any():
            return points, confidences
        poses = self._completion.fill(self.last[None], told)[0].astype(np.float32)
        points = np.where(lacking, _complex(poses.ravel()), points)
        if confidences is not None:
            confidences = np.where(lacking, np.float32(self._completion.confidence), confidences)
        return points, confidences


class FrameFeatures:
    """`frame_features` with ``causal=True`` and ``gaps=False``, in another order.

    Parameters
    ----------
    parameters : dict
        What `frame_features` is given beside the clip.
    n_keypoints, n_channels : int
        Of a frame.
    stride : int

    Attributes
    ----------
    values : array of shape (stride, n_features)
        Of each phase's last frame, those first that seldom change.
    shown : array of shape (n_keypoints, 2)
        Where each keypoint was last seen, NaN if it never was.
    longest : array of shape (n_bones,)
        How long each bone showed itself so far; 0 if it did not.
    late : array of shape (stride, 2, n_bones)
        The same for each phase in the half span before, and so far in this one; -1 if it did not.
    n_lasting : int
        How many of them do not change as long as no keypoint is seen first and no bone shows itself longer.
    order : int array of shape (n_features,)
        Where each is among those of `frame_features`.
    """

    def __init__(self, parameters, n_keypoints, n_channels, stride):
        a, b = parameters["bones"] or ([], [])
        n, n_confidences = len(a), n_keypoints * (n_channels == 3)
        self._ends = np.array([a, b], int)
        self._known = ~parameters["unseen"]
        sizes = [2 * n_keypoints, n_keypoints, n_confidences, n, n, n]
        xy, known, confidence, length, longest, rise = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
        parts = [known, longest, xy, confidence, length, rise]
        self.order = np.concatenate(parts)
        self.n_lasting = len(known) + len(longest)
        self.values = np.zeros((stride, len(self.order)), np.float32)
        self.shown = np.full((n_keypoints, 2), NAN)
        self._shown = _complex(self.shown.ravel())
        self.longest = np.zeros(n, np.float32)
        self.late = np.full((stride, 2, n), np.float32(-1))
        self._half = None if parameters.get("span") is None else max(1, parameters["span"] // 2)
        self._views = []
        for row in self.values:
            known, longest, xy, *others = np.split(row, np.cumsum([len(part) for part in parts])[:-1])
            self._views.append((known, longest, _complex(xy), *others))

    def __call__(self, points, confidences, phase, n_before):
        """Bring the features of a phase up to a frame, before which it had so many."""
        known, longest, xy, confidence, length, rise = self._views[phase]
        shown = self._shown
        seen = points == points
        seen &= self._known
        np.copyto(shown, points, where=seen)
        ever = shown == shown
        known[:] = ever
        np.copyto(xy, shown, where=ever)
        if confidences is not None:
            confidence[:] = np.where(self._known & ~np.isnan(confidences), confidences, 0)
        if len(length):
            a, b = shown.take(self._ends)
            bones = a - b
            np.hypot(bones.real, bones.imag, out=length)
            np.fmax(length, 0, out=length)
            a, b = seen.take(self._ends)
            both = a & b
            np.maximum(self.longest, length, out=self.longest, where=both)
            before, now = self.late[phase]
            if self._half is not None and n_before and n_before % self._half == 0:
                np.copyto(before, now, where=now >= 0)
                now[:] = -1
            np.maximum(now, length, out=now, where=both)
            np.maximum(before, now, out=longest)
            np.copyto(longest, self.longest, where=longest < 0)
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
