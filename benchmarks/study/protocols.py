"""Two ways to part recordings into training and test: the study's, and one that leaves people out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from liftz.sequences import seen, to_object_array

from .configurations import FULL_LENGTH

__all__ = ["PROTOCOLS", "Fold", "folds"]

PROTOCOLS = ("random chunks", "left out")
SHORTEST = 24  # frames of a chunk


class Fold(NamedTuple):
    """Clips to train on and to test on."""

    left_out: str  # who, or what; "" for random chunks
    X: np.ndarray
    y: np.ndarray
    groups: np.ndarray  # signers of the training clips
    labels: np.ndarray  # and what would be left out next of them: signers or recordings
    X_test: np.ndarray
    y_test: np.ndarray


def folds(protocol, data, chunk, seed):
    """The folds of a protocol.

    "random chunks" is the study's: all videos are cut into chunks, and those parted at random, 80 % to train on and
    10 % to test on; the 10 % between were for validation. A video has as many chunks as it would have at full length.
    Every person, and every video, is on both sides.

    "left out" leaves each signer out in turn, or each recording where there is one signer.
    """
    if protocol == "left out":
        for label in np.unique(data.labels):
            own = data.labels == label
            yield Fold(str(label), data.X[~own], data.y[~own], data.groups[~own], data.labels[~own], data.X[own],
                       data.y[own])
        return
    pieces = []
    for i, clip in enumerate(data.X):
        n = max(2, min(round(FULL_LENGTH / chunk), len(clip) // SHORTEST))
        cuts = np.linspace(0, len(clip), n + 1).astype(int)
        pieces += [(i, slice(a, b)) for a, b in zip(cuts, cuts[1:], strict=False)
                   if _measurable(clip[a:b], data.skeleton) and _measurable(data.y[i][a:b], data.skeleton)]
    order = np.random.default_rng(seed).permutation(len(pieces))
    n_test = max(1, len(pieces) // 10)
    train, test = order[2 * n_test:], order[:n_test]

    def cut(clips, which):
        return to_object_array([clips[pieces[p][0]][pieces[p][1]] for p in which])

    clips = [pieces[p][0] for p in train]
    yield Fold("", cut(data.X, train), cut(data.y, train), data.groups[clips], data.labels[clips], cut(data.X, test),
               cut(data.y, test))


def _measurable(clip, skeleton):
    """Whether some frame shows a region's root, and so where its keypoints are from there."""
    return any(seen(clip)[:, skeleton.root_indices(region)].all(axis=1).any() for region in skeleton.regions)
