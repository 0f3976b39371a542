"""Which clips are trained on, in what windows, and in what batches, so that little is padding."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from sklearn.model_selection import GroupShuffleSplit

__all__ = ["LengthBuckets", "hold_out_groups", "windows"]


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


def hold_out_groups(groups, n_clips, share, seed):
    """Indices of training clips, and of the clips of a share of the groups (signers), which are held out."""
    if groups is None:
        raise ValueError("early_stopping holds out signers, so fit needs them as groups, one label for each clip")
    groups = np.asarray(groups)
    if groups.ndim != 1:
        raise ValueError(f"groups has shape {groups.shape}, expected one label for each of {n_clips} clips")
    signers = list(dict.fromkeys(groups.tolist()))
    if len(groups) != n_clips or len(signers) < 2:
        raise ValueError(f"early_stopping holds out signers: expected groups of {n_clips} clips and two signers "
                         f"at least, got {len(groups)} labels, of {', '.join(map(str, signers)) or 'none'}")
    splitter = GroupShuffleSplit(1, test_size=share, random_state=seed)
    return next(splitter.split(np.zeros(n_clips), groups=groups))
