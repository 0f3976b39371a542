"""Keypoints read otherwise than they are named: turned, left for right, in another order; and how well that fits."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ._proportions import Proportions, median, spread

__all__ = ["Readings"]

FEW = 10  # clips of training whose ranges are half of what clips of their kind reach
MOST = 3  # half ranges outside the range of training that a measure counts for: what is farther off says no more
COMPARABLE = 0.9  # of what can be measured as given, that a turn or exchange has to leave: none fits by being unknown
N_CLIPS = 4  # to look for another order in
N_PAIRS, ALONE = 400, 0.1  # to try to exchange, and the least misfit of each, without what it has from the other
STEPS = 30  # exchanges, one after the other
WORTH = 0.02  # of all misfit, that an exchange has to take away

UPRIGHT, MIRRORED = ((1, 0), (0, 1)), ((-1, 0), (0, 1))
SIDES = "left and right are exchanged: is the picture mirrored, as a selfie's, or are the names exchanged?"
TURNS = {
    ((1, 0), (0, -1)): "they are upside down; liftz.compatibility.flip_y(X) turns them",
    MIRRORED: SIDES,
    ((-1, 0), (0, -1)): "the picture stands on its head; liftz.compatibility.rotate_180(X) turns it",
    ((0, 1), (-1, 0)): "the picture lies on its side: it is to be turned by 90 degrees",
    ((0, -1), (1, 0)): "the picture lies on its side: it is to be turned by 90 degrees",
    ((0, 1), (1, 0)): "x and y are exchanged",
}


class Readings:
    """Ways to read some clips, beside what the clips that a model was fitted on look like.

    Parameters
    ----------
    X : sequence of clips
    skeleton : Skeleton
    facts : dict
        Of `training_facts`, with what the training's bodies look like.

    Attributes
    ----------
    sizes : array of shape (n_parts,)
        Of body, face and hands, where 1 is that of the training.
    given : array of shape (n_measures,)
        The measures of the clips as they are given.
    off : array of shape (n_measures,)
        How many times half the range of training each is from its middle; a range of few clips counts as wider.
    few : float
        How much wider.
    """

    def __init__(self, X, skeleton, facts):
        self.X, self.skeleton = X, skeleton
        self.measures = _proportions(skeleton)
        self.low, self.high, self.reference = (np.array(facts[key], dtype=float) for key in ("low", "high", "lengths"))
        self.few = 1 + FEW / facts["n_clips"]
        lengths, found = self.measures.measure(X)
        sizes = self.measures.sizes(lengths, self.reference)
        self.sizes, self.given = median(sizes), median(found / sizes[:, self.measures.parts])
        self.off = self._off(self.given)

    def turned(self):
        """The misfit as given; that of the turn, or the exchange of sides, that fits best, and its cure; and the misfit
        of a picture mirrored with its names, as a detector sees a selfie. All without the hands' own, which turn.
        """
        same, sides = np.arange(len(self.skeleton)), self.skeleton.exchanged()
        others = dict(self._sides_of_regions())
        orders = [same, *[same] * len(TURNS), *others.values(), sides, sides]
        turns = [UPRIGHT, *TURNS, *[UPRIGHT] * (len(others) + 1), MIRRORED]
        off = self._reread(np.array(orders), np.array(turns))[:, self.measures.upright]
        known = np.count_nonzero(~np.isnan(off), axis=1)
        given, *misfits, selfie = np.where(known < COMPARABLE * known[0], np.inf, self.misfit(off))
        return given, *min(zip(misfits, [*TURNS.values(), *others, SIDES], strict=True)), selfie

    def _sides_of_regions(self):
        """Orders with a region and its counterpart exchanged, such as the hands, by what to say of it."""
        home = {name: region for region, members in self.skeleton.regions.items() for name in members}
        between = {(home[a], home[b]) for a, b in self.skeleton.pairs if home[a] != home[b]}
        for left, right in sorted(between):
            pairs = [(a, b) for a, b in self.skeleton.pairs if (home[a], home[b]) == (left, right)]
            yield f"the keypoints of {left} and {right} are exchanged", self.skeleton.exchanged(pairs)

    def reordered(self, least):
        """Misfit as given, and in the best order that is found; and the pairs of names exchanged to get there. None is
        looked for where the misfit is at most `least`.
        """
        order, exchanged = np.arange(len(self.skeleton)), []
        off = self._reread(order[None])[0]
        given = left = self.misfit(off)
        for _ in range(STEPS if given > least else 0):
            pairs = self._candidates(off)
            if not len(pairs):
                break
            orders = np.tile(order, (len(pairs), 1))
            rows = np.arange(len(pairs))[:, None]
            orders[rows, pairs] = orders[rows, pairs[:, ::-1]]
            found = self._reread(orders)
            found = np.where(np.isnan(found), off, found)  # nothing fits the better for not being seen
            misfits = self.misfit(found)
            best = int(np.argmin(misfits))
            if misfits[best] > left - WORTH * given:
                break
            left, order, off = misfits[best], orders[best], found[best]
            exchanged.append(tuple(self.skeleton.keypoints[i] for i in pairs[best]))
        return given, left, exchanged

    def _candidates(self, off):
        """Pairs of keypoints that may stand for each other, ``(n_pairs, 2)``: both fit badly, and not only between
        them, as a single keypoint that is out of its place makes all around it fit badly.
        """
        beyond, touched = np.nan_to_num(self._beyond(off)), self.measures.touched.astype(float)
        shared = (touched.T * beyond) @ touched
        alone = np.diag(shared)[:, None] - shared
        worse = np.triu(np.minimum(alone, alone.T), 1)
        pairs = np.argsort(-worse, axis=None)[:N_PAIRS]
        return np.stack(np.unravel_index(pairs[worse.ravel()[pairs] > ALONE], worse.shape), axis=1)

    def farthest(self):
        """The measure that is farthest from the training's, in words."""
        worst = np.nanargmax(self.off)
        return (f"{self.measures.names[worst]} is {self.given[worst]:.3g}, there from {self.low[worst]:.3g} to "
                f"{self.high[worst]:.3g}")

    def misfit(self, off):
        """How far measures are outside the ranges of training, all in all."""
        return np.nansum(self._beyond(off), axis=-1)

    def _beyond(self, off):
        return np.clip(off - 1, 0, MOST)

    def _off(self, relative):
        with np.errstate(divide="ignore", invalid="ignore"):  # a bone that had no length in training
            return abs(relative - (self.low + self.high) / 2) / ((self.high - self.low) / 2 * self.few)

    def _reread(self, orders, turns=None):
        """How far off each measure is in other readings, ``(n_readings, n_measures)``."""
        found = [self.measures.reread(self.X[i], orders, turns) for i in spread(len(self.X), N_CLIPS)]
        relative = median(np.array(found)) if len(found) > 1 else found[0]
        return self._off(relative / self.sizes[self.measures.parts])


@lru_cache(maxsize=4)
def _proportions(skeleton):
    return Proportions(skeleton)
