"""A body's proportions as clips show them: what tells keypoints in another order from the right ones."""

from __future__ import annotations

import itertools

import numpy as np

from .conversion import meanings

__all__ = ["Proportions", "median"]

# A frame says little more than the one before it, and a clip what many say.
N_FRAMES, N_CLIPS = 32, 300
# The wrist of a hand and that of its arm, the tip of the nose and the nose: where regions must meet.
MEETING = (("left_wrist", "left_hand_wrist"), ("right_wrist", "right_hand_wrist"), ("nose", "face_nose_tip"))


class Proportions:
    """Measures of a skeleton that a wrong joint order changes: bones' lengths and directions, how much longer two bones
    are together than each of them, where left is of right, and where regions meet.

    Each is a median over a clip's frames, divided by the size of the body, face or hand that it belongs to: the median
    of its bones' lengths over those of training, so that it counts in the training clips' unit.
    """

    def __init__(self, skeleton):
        def links(pairs):
            return np.array([skeleton.indices(pair) for pair in pairs], dtype=int).reshape(-1, 2)

        at = dict(zip(meanings(skeleton), skeleton.keypoints, strict=True))
        meeting = [(at[a], at[b]) for a, b in MEETING if a in at and b in at]
        forks = [(b, c) for (a, b), (a_, c) in itertools.combinations(skeleton.edges, 2) if a == a_]
        chains = [(a, b, c) for a, b in skeleton.edges for b_, c in skeleton.edges if b == b_ and c != a]
        pairs = [*skeleton.edges, *skeleton.pairs, *forks, *meeting]
        self.edges, self.vectors = links(skeleton.edges), links(pairs)
        self.chains = np.array([skeleton.indices(chain) for chain in chains], dtype=int).reshape(-1, 3)
        self.names = [f"{what} from {a} to {b}" for what in ("length", "x", "y") for a, b in pairs]
        self.names += [f"length from {a} to {c} less that from {near} to {b}" for end in (0, 2)
                       for a, b, c in chains for near in [(a, b, c)[end]]]
        # Bodies, faces and hands have sizes of their own: a part for each root.
        roots = list(dict.fromkeys(skeleton.roots.values()))
        part = {name: roots.index(skeleton.roots[r]) for r, members in skeleton.regions.items() for name in members}
        parts = np.array([part[name] for name in skeleton.keypoints])
        self.edge_parts = parts[self.edges[:, 0]]
        of_vectors = parts[self.vectors[:, 0]]
        self.parts = np.concatenate([of_vectors, of_vectors, of_vectors, *[parts[self.chains[:, 0]]] * 2])

    def measure(self, X):
        """Lengths of bones ``(n_clips, n_edges)`` and all measures ``(n_clips, n_measures)``, in the clips' unit; NaN
        for what a clip does not show.
        """
        lengths, measures = [], []
        for i in np.unique(np.linspace(0, len(X) - 1, N_CLIPS).astype(int)):
            frames = np.unique(np.linspace(0, len(X[i]) - 1, N_FRAMES).astype(int))
            points = X[i][frames, :, :2].astype(float)
            vector = points[:, self.vectors[:, 1]] - points[:, self.vectors[:, 0]]
            a, b, c = np.moveaxis(points[:, self.chains], 2, 0)
            reach = np.hypot(*np.moveaxis(c - a, -1, 0))
            one, two = np.hypot(*np.moveaxis(b - a, -1, 0)), np.hypot(*np.moveaxis(c - b, -1, 0))
            length = np.hypot(*np.moveaxis(vector, -1, 0))
            found = median(np.hstack([length, *np.moveaxis(vector, -1, 0), reach - one, reach - two]))
            lengths.append(found[:len(self.edges)])
            measures.append(found)
        return np.array(lengths), np.array(measures)

    def sizes(self, lengths, reference):
        """The size of each part in each clip, ``(n_clips, n_parts)``, where 1 is that of `reference`."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(reference > 0, lengths / reference, np.nan).T
        return np.stack([median(ratio[self.edge_parts == part]) for part in range(self.parts.max() + 1)], axis=1)


def median(values):
    """Over the first axis, of what is not NaN; NaN where all is. Many times faster than `np.nanmedian`."""
    if not len(values):
        return np.full(values.shape[1:], np.nan)
    ordered, n = np.sort(values, axis=0), (~np.isnan(values)).sum(axis=0, keepdims=True)
    middle = [np.take_along_axis(ordered, position, axis=0) for position in ((n - 1).clip(0) // 2, n // 2)]
    return (middle[0] + middle[1])[0] / 2
