"""Which clips are trained on, in what windows, and in what batches, so that little is padding."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from sklearn.model_selection import GroupShuffleSplit

from .sequences import seen, to_object_array

__all__ = ["LengthBuckets", "every_fifth", "hold_out_groups", "leave_out", "windows"]


def windows(lengths, window=None):
    """Cut clips into windows of at most `window` frames, as equal as can be.

    Parameters
    ----------
    lengths : sequence of int
        Frames of each clip, at least 1.
    window : int, optional
        The most frames of a window. Default: clips stay whole.

    Returns
    -------
    list of (clip, start, stop)

    Examples
    --------
    >>> from liftz.sampling import windows
    >>> windows([5, 2], window=3)
    [(0, 0, 2), (0, 2, 5), (1, 0, 2)]
    """
    out = []
    for clip, length in enumerate(lengths):
        n = 1 if window is None else -(-length // window)
        cuts = [length * i // n for i in range(n + 1)]
        out += [(clip, int(start), int(stop)) for start, stop in pairwise(cuts)]
    return out


class LengthBuckets:
    """Batches of indices: random, but sorted by length within pools of 16 batches.

    Parameters
    ----------
    lengths : sequence of int
        Frames of each item.
    batch_size : int
        Items in a batch.
    rng : numpy.random.Generator, optional
        Draws a new order each time. Default: no shuffling, longest first.
    """

    def __init__(self, lengths, batch_size, rng=None):
        self.lengths = np.asarray(lengths)
        self.batch_size = batch_size
        self.rng = rng

    def __len__(self):
        return -(-len(self.lengths) // self.batch_size)

    def __iter__(self):
        if self.rng is None:
            order = np.argsort(-self.lengths, kind="stable")
            yield from self._cut(order)
            return
        order = self.rng.permutation(len(self.lengths))
        pool = 16 * self.batch_size
        pools = [order[i:i + pool] for i in range(0, len(order), pool)]
        batches = [batch for p in pools for batch in self._cut(p[np.argsort(self.lengths[p], kind="stable")])]
        for i in self.rng.permutation(len(batches)):
            yield batches[i]

    def _cut(self, order):
        return [order[i:i + self.batch_size].tolist() for i in range(0, len(order), self.batch_size)]


def every_fifth(X, y):
    """Of every five frames the first that tells of keypoints and of depths, since neighbours tell the same.

    Parameters
    ----------
    X, y : object arrays of clips and of depths

    Returns
    -------
    X, y : object arrays
        Those frames of the clips that have some.
    kept : list of int
        Which clips these are.
    """
    rows = [np.flatnonzero(seen(clip).any(axis=1) & ~np.isnan(depth).all(axis=1))
            for clip, depth in zip(X, y, strict=True)]
    rows = [telling[np.diff(telling // 5, prepend=-1) > 0] for telling in rows]
    kept = [i for i, telling in enumerate(rows) if len(telling)]
    if not kept:
        raise ValueError("no frame of any clip has both a keypoint that is seen and a depth that is known")
    return *(to_object_array([clips[i][rows[i]] for i in kept]) for clips in (X, y)), kept


def hold_out_groups(groups, n_clips, share, seed):
    """Indices of training clips, and of the clips of a share of the groups (signers), which are held out."""
    if groups is None:
        raise ValueError("early_stopping holds out signers, so fit needs them as groups, one label for each clip")
    signers = list(dict.fromkeys(groups.tolist()))
    if len(signers) < 2:
        raise ValueError(f"early_stopping holds out signers: expected two at least, got {signers[0]} alone")
    splitter = GroupShuffleSplit(1, test_size=share, random_state=seed)
    return next(splitter.split(np.zeros(n_clips), groups=groups))


def leave_out(groups, tells, n_nets, rng):
    """Which clips each of several nets is trained on, so that every net has signers whom it never saw.

    About a seventh of the signers are left out by each net, at least one, in turn; nobody where without them there
    would be nothing to learn of some keypoint.

    Parameters
    ----------
    groups : array of shape (n_clips,), or None
        Signers.
    tells : array of shape (n_clips, n_keypoints), of bool
        Whether a clip tells of a keypoint.
    n_nets : int
    rng : numpy.random.Generator
        Draws the order of the signers.

    Returns
    -------
    array of shape (n_nets, n_clips), of bool
        All True for a single net, and where fewer than four signers are known: too few to do without one.
    """
    signers = [] if groups is None else list(dict.fromkeys(groups.tolist()))
    known = np.ones((n_nets, len(tells)), bool)
    if n_nets == 1 or len(signers) < 4:
        return known
    order = [signers[i] for i in rng.permutation(len(signers))]
    size = max(1, len(order) // 7)
    for net, own in enumerate(known):
        left = {order[(net * size + i) % len(order)] for i in range(size)}
        without = np.array([group not in left for group in groups.tolist()])
        own[:] = without | (tells.any(axis=0) > tells[without].any(axis=0)).any()
    return known
