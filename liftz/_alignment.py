"""What the metrics share: clips read in, laid on their roots, compared in chunks and averaged."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .sequences import check_sequences

# Frames compared at a time: the float64 copies stay in the processor's cache, whatever the length of a clip.
CHUNK = 512


class Chunk(NamedTuple):
    """Some frames of one clip, aligned; zero wherever `seen` is False."""

    clip: int
    frames: slice
    seen: np.ndarray  # (n_frames, n_columns) of bool: comparable in the truth and in every prediction
    true: np.ndarray  # (n_frames, n_columns[, 3]) of float64
    predictions: list  # of arrays shaped like `true`
    rooted: bool  # measured from roots, not from the mean of the frame


class Alignment:
    """Which keypoints are compared, and what each is measured from.

    Attributes
    ----------
    columns : int array of shape (n_columns,)
        The compared keypoints, as positions on the keypoint axis.
    roots : list of int arrays, or None
        The keypoints whose mean is a root; None measures from the mean of the comparable keypoints.
    members : list of int arrays
        The keypoints that belong to each root.
    root_of : int array of shape (n_columns,)
        The root of each compared keypoint, as a position in `roots` and `members`.
    """

    def __init__(self, truth, skeleton=None, *, rooted=True, per_region=True, regions=None, include_root=False):
        if skeleton is None and regions is not None:
            raise ValueError(f"regions={regions!r} are names, and names need a skeleton: pass skeleton=")
        self.what = "the clips" if skeleton is None else f"skeleton {skeleton.name!r}"
        n_keypoints = truth[0].shape[1]
        self.columns = np.arange(n_keypoints)
        self.members = [self.columns]
        self.roots = None
        self.root_names = []
        group_of = np.zeros(n_keypoints, dtype=int)
        if regions is not None:
            self.columns = skeleton.indices(skeleton.resolve(regions))
            self.what = f"{regions!r} of {self.what}"
        if skeleton is not None and rooted:
            self.roots = [skeleton.root_indices()]
            self.root_names = [skeleton.root]
            if per_region:
                self.members = [skeleton.region_indices(region) for region in skeleton.regions]
                self.roots = [skeleton.root_indices(region) for region in skeleton.regions]
                self.root_names = [skeleton.roots[region] for region in skeleton.regions]
                for group, members in enumerate(self.members):
                    group_of[members] = group
            if not include_root:
                self.columns = np.array([c for c in self.columns if self.roots[group_of[c]].tolist() != [c]], dtype=int)
                if self.columns.size == 0:
                    raise ValueError(f"nothing to compare: {self.what} is the root itself, whose error is zero by "
                                     f"construction; include_root=True counts it")
        self.root_of = group_of[self.columns]

    def unpredicted(self, clips):
        """Which roots no frame of a depth prediction shows, as a bool array: its depths are relative already."""
        if self.roots is None or clips[0].ndim == 3:
            return np.zeros(len(self.roots or []), dtype=bool)
        return np.array([not any((~np.isnan(clip[:, root])).all(axis=1).any() for clip in clips)
                         for root in self.roots])

    def measure(self, clip, relative=()):
        """The compared keypoints of a clip, measured from their roots: ``(n_frames, n_columns[, 3])``."""
        clip = clip.astype(np.float64)
        if self.roots is None:
            return clip[:, self.columns]
        origins = np.stack([clip[:, root].mean(axis=1) for root in self.roots], axis=1)
        origins[:, relative] = 0
        return clip[:, self.columns] - origins[:, self.root_of]

    def never_seen(self, truth):
        """Roots of the compared keypoints that no frame of the truth shows, by name."""
        return [str(name) for group, (name, root) in enumerate(zip(self.root_names, self.roots or [], strict=True))
                if group in self.root_of and not any(_seen(clip)[:, root].all(axis=1).any() for clip in truth)]


def check_clips(skeleton=None, **named):
    """Depths or positions, the truth first, through the gate; all of one shape, clip by clip."""
    checked = [check_sequences(clips, ndim=(2, 3), skeleton=skeleton, names=(name, ""), allow_unseen=True,
                               positions=True) for name, clips in named.items()]
    first, *others = named
    for name, clips in zip(others, checked[1:], strict=True):
        if len(clips) != len(checked[0]):
            raise ValueError(f"{first} has {len(checked[0])} clips, {name} has {len(clips)}")
        for i, (a, b) in enumerate(zip(checked[0], clips, strict=True)):
            if a.shape != b.shape:
                raise ValueError(f"clip {i}: {first} has shape {a.shape}, {name} has shape {b.shape}")
    return checked


def chunks(truth, predictions, alignment, least=2, overlap=0):
    """Yield `Chunk` after `Chunk`, clip by clip; each repeats the last `overlap` frames of the one before.

    Where there is no root, a frame needs `least` comparable keypoints: on its own, a
    keypoint is its own mean, and its error zero by construction.
    """
    relative = [alignment.unpredicted(clips) for clips in predictions]
    for i, clip in enumerate(truth):
        for start in range(0, len(clip), CHUNK):
            frames = slice(max(start - overlap, 0), start + CHUNK)
            arrays = [alignment.measure(clip[frames])]
            arrays += [alignment.measure(p[i][frames], r) for p, r in zip(predictions, relative, strict=True)]
            seen = np.logical_and.reduce([_seen(array) for array in arrays])
            if alignment.roots is None:
                seen &= seen.sum(axis=1, keepdims=True) >= least
                arrays = [centred(array, seen) for array in arrays]
            true, *rest = (np.where(_like(seen, array), array, 0.0) for array in arrays)
            yield Chunk(i, frames, seen, true, rest, alignment.roots is not None)


def totals(truth, predictions, alignment, error, least=2, overlap=0):
    """Sum and count the errors of each clip and keypoint.

    `error` takes a chunk and one of its predictions, and returns errors and which of
    them count, both ``(n, n_columns)``.

    Returns
    -------
    sums : array of shape (n_predictions, n_clips, n_columns)
    counts : array of shape (n_clips, n_columns)
    """
    counts = np.zeros((len(truth), len(alignment.columns)))
    sums = np.zeros((len(predictions), *counts.shape))
    for chunk in chunks(truth, predictions, alignment, least, overlap):
        for p, prediction in enumerate(chunk.predictions):
            errors, counted = error(chunk, prediction)
            sums[p, chunk.clip] += np.where(counted, errors, 0.0).sum(axis=0)
        counts[chunk.clip] += counted.sum(axis=0)
    if not counts.any():
        missing = alignment.never_seen(truth)
        why = f"the root {' and '.join(missing)} is never seen in the truth" if missing else \
            f"no frame shows {'enough keypoints' if alignment.roots is None else 'a keypoint beside its root'} " \
            f"in truth and prediction"
        raise ValueError(f"nothing to compare in {alignment.what} ({len(truth)} clips): {why}")
    return sums, counts


def average(sums, counts, how="micro", sample_weight=None):
    """One number of the sums and counts ``(n_clips, n_columns)``; clips without a count are left out."""
    if how not in ("micro", "macro"):
        raise ValueError(f"average must be 'micro' or 'macro', got {how!r}")
    weight = np.ones(len(sums)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (len(sums),):
        raise ValueError(f"sample_weight has shape {weight.shape}, expected one weight for each of {len(sums)} clips")
    if not (np.isfinite(weight) & (weight >= 0)).all():
        raise ValueError(f"sample_weight must be finite and not negative, got {weight.min()} to {weight.max()}")
    error, count = sums.sum(axis=1), counts.sum(axis=1)
    used = (count > 0) & (weight > 0)
    if not used.any():
        raise ValueError(f"nothing to compare: the {np.sum(count > 0)} comparable clips all have a sample_weight of 0")
    error, count, weight = error[used], count[used], weight[used]
    if how == "macro":
        error, count = error / count, np.ones_like(count)
    return float((weight * error).sum() / (weight * count).sum())


def distance(difference):
    """Absolute depths, or Euclidean lengths of positions: ``(n_frames, n_columns)``."""
    return np.abs(difference) if difference.ndim == 2 else np.sqrt(np.einsum("tkc,tkc->tk", difference, difference))


def position_error(chunk, prediction):
    """The error that MPJPE is the mean of, for `totals`."""
    return distance(chunk.true - prediction), chunk.seen


def centred(array, seen):
    """The array measured, frame by frame, from the mean of its seen keypoints."""
    count = np.maximum(seen.sum(axis=1, keepdims=True), 1)
    mean = np.where(_like(seen, array), array, 0.0).sum(axis=1, keepdims=True) / _like(count, array)
    return array - mean


def _seen(array):
    # A sum is NaN where a part is; `any` over an axis of three is several times slower.
    return ~np.isnan(array if array.ndim == 2 else array[..., 0] + array[..., 1] + array[..., 2])


def _like(mask, array):
    return mask if array.ndim == 2 else mask[..., None]
