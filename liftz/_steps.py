"""What goes before and after the nets, for one frame at a time: centering, selecting, features, and back.

A frame's arrays are small, so that calls are what takes the time: hence `take` instead of indexing, and results written
where they are wanted.
"""

from __future__ import annotations

import numpy as np

__all__ = ["Center", "FrameFeatures", "input_step", "output_step", "parts_of", "rows_of"]

NAN = np.float32(np.nan)


def input_step(description):
    """What a fitted transformer does to a frame ``(n_keypoints, 2 or 3)``, which it may change; None if it cannot."""
    name = description["class"]
    if name == "RootCenterer" and description["parameters"]["causal"]:
        return Center(description["parameters"])
    if name == "RegionSelector":
        indices = description["attributes"]["indices_"]
        return lambda frame: frame.take(indices, axis=0)
    if name == "ZNormalizer":
        mean, scale = _statistics(description)

        def normalise(frame):
            frame[:, :2] = (frame[:, :2] - mean) / scale
            return frame

        return normalise
    return None


def output_step(description):
    """What a fitted transformer's inverse does to depths ``(n_keypoints,)``, which it may change; None if it cannot."""
    name, attributes = description["class"], description["attributes"]
    if name == "RootCenterer":
        rows = rows_of([root for members, root in parts_of(description["parameters"]) if np.isin(root, members).all()])

        def center(depths):
            roots = depths.take(rows)
            depths.put(rows, roots - _mean(roots)[:, None])
            return depths

        return center
    if name == "RegionSelector":

        def put_back(depths):
            out = np.full(attributes["n_keypoints_in_"], NAN)
            out.put(attributes["indices_"], depths)
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
        self._roots = rows_of([root for _, root in parts])
        self._part = np.empty(len(parameters["skeleton"]), int)
        for i, (members, _) in enumerate(parts):
            self._part[members] = i
        self.last = np.full((len(parts), 2), NAN)

    def __call__(self, frame):
        xy = frame[:, :2]
        roots = _mean(xy.take(self._roots, axis=0))
        np.copyto(self.last, roots, where=_seen(roots)[:, None])
        xy -= self.last.take(self._part, axis=0)
        return frame


class FrameFeatures:
    """`frame_features` with ``causal=True``, but NaN where those are 0 because nothing is known.

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
    n_lasting : int
        How many of them do not change as long as the same keypoints are seen and no bone shows itself longer.
    order : int array of shape (n_features,)
        Where each is among those of `frame_features`.
    """

    def __init__(self, parameters, n_keypoints, n_channels, n_clips):
        a, b = parameters["bones"] or ([], [])
        n, n_confidences = len(a), n_keypoints * (n_channels == 3)
        self._ends = np.concatenate([a, b]).astype(int)
        self._unseen = parameters["unseen"][:, None] if parameters["unseen"].any() else None
        sizes = [2 * n_keypoints, n_keypoints, n_confidences, n, n, n]
        xy, visible, confidence, length, longest, rise = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
        parts = [visible, longest, xy, confidence, length, rise]
        self.order = np.concatenate(parts)
        self.n_lasting = len(visible) + len(longest)
        self.values = np.full((n_clips, len(self.order)), NAN)
        self._views = [np.split(row, np.cumsum([len(part) for part in parts])[:-1]) for row in self.values]

    def __call__(self, frame, i):
        """Bring the features of clip `i` up to a frame, which may be changed."""
        visible, longest, xy, confidence, length, rise = self._views[i]
        if self._unseen is not None:
            np.copyto(frame, NAN, where=self._unseen)
        now = frame[:, :2]
        seen = _seen(now)
        visible[:] = seen
        shown = xy.reshape(now.shape)
        np.copyto(shown, now, where=seen[:, None])
        if len(confidence):
            confidence[:] = frame[:, 2]
        if n := len(length):
            ends = shown.take(self._ends, axis=0)
            bones = ends[:n] - ends[n:]
            bones *= bones
            np.add(bones[:, 0], bones[:, 1], out=length)
            np.sqrt(length, out=length)
            ends = seen.take(self._ends)
            np.fmax(longest, length, out=longest, where=ends[:n] & ends[n:])
            np.multiply(longest, longest, out=rise)
            rise -= length * length
            np.maximum(rise, 0, out=rise)
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


def _mean(values):
    """Over the second axis, where ``values.mean(axis=1)`` takes five times as long."""
    n = values.shape[1]
    return values[:, 0] if n == 1 else np.add.reduce(values, axis=1) / np.float32(n)


def _seen(points):
    """As `liftz.sequences.seen`, in half the time."""
    either = points[:, 0] + points[:, 1]
    return either == either


def _statistics(description):
    return (description["attributes"][name].astype(np.float32) for name in ("mean_", "scale_"))
