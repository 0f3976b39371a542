"""A body's proportions as clips show them: what tells keypoints in another order from the right ones."""

from __future__ import annotations

import itertools

import numpy as np

from .conversion import meanings
from .hierarchy import landmark

__all__ = ["Proportions", "median", "spread"]

# A frame says little more than the one before it, and a clip what many say.
N_FRAMES, N_CLIPS = 32, 300
# The wrist of a hand and that of its arm, the tip of the nose and the nose: where regions must meet.
MEETING = (("left_wrist", "left_hand_wrist"), ("right_wrist", "right_hand_wrist"), ("nose", "face_nose_tip"))

FEET = {"toe", "heel", "foot"}
HANDS = ("left_hand_wrist", "right_hand_wrist")  # the roots of what turns every way


class Proportions:
    """Measures of a skeleton that a wrong joint order changes: bones' lengths and directions, how much longer two bones
    are together than each of them, where left is of right, and where regions meet.

    Each is made of medians over a clip's frames, divided by the size of the body, face or hand that it belongs to: the
    median of its bones' lengths over those of training, so that it counts in the training clips' unit. `upright` are
    those that have a direction to be wrong in: not a hand's.
    """

    def __init__(self, skeleton):
        at = dict(zip(meanings(skeleton), skeleton.keypoints, strict=True))
        meeting = [(at[a], at[b]) for a, b in MEETING if a in at and b in at]
        forks = [(b, c) for (a, b), (a_, c) in itertools.combinations(skeleton.edges, 2) if a == a_]
        chains = [(a, b, c) for a, b in skeleton.edges for b_, c in skeleton.edges if b == b_ and c != a]
        vectors = [*skeleton.edges, *skeleton.pairs, *forks, *meeting]
        spans = [*vectors, *((a, c) for a, _, c in chains)]
        self.spans = np.array([skeleton.indices(span) for span in spans], dtype=int).reshape(-1, 2)
        self.n_edges, self.n_vectors = len(skeleton.edges), len(vectors)
        bone = {edge: i for i, edge in enumerate(skeleton.edges)}
        self.bones = np.array([(bone[a, b], bone[b, c]) for a, b, c in chains], dtype=int).reshape(-1, 2)
        self.names = [f"{what} from {a} to {b}" for what in ("length", "x", "y") for a, b in vectors]
        self.names += [f"length from {a} to {c} less that from {near} to {b}" for end in (0, 2)
                       for a, b, c in chains for near in [(a, b, c)[end]]]
        # Bodies, faces and hands have sizes of their own: a part for each root.
        roots = list(dict.fromkeys(skeleton.roots.values()))
        part = {name: roots.index(skeleton.roots[r]) for r, members in skeleton.regions.items() for name in members}
        self.details = {name: _detail(name, roots[part[name]], skeleton.root) for name in skeleton.keypoints}
        parts = np.array([part[name] for name in skeleton.keypoints])[self.spans[:, 0]]
        self.edge_parts = parts[:self.n_edges]
        self.parts = np.concatenate([*[parts[:self.n_vectors]] * 3, *[parts[self.n_vectors:]] * 2])
        turning = [roots.index(root) for root in roots if root in {at.get(hand) for hand in HANDS}]
        self.upright = ~np.isin(self.parts, turning)
        self.touched = self._touched([skeleton.indices(chain) for chain in chains], len(skeleton))

    def _touched(self, chains, n_keypoints):
        """Which keypoints each measure is made of, ``(n_measures, n_keypoints)`` of bool."""
        members = [*self.spans[:self.n_vectors]] * 3 + chains * 2
        touched = np.zeros((len(members), n_keypoints), dtype=bool)
        for measure, keypoints in enumerate(members):
            touched[measure, keypoints] = True
        return touched

    def detail_of(self, keypoints):
        """How many keypoints the one face, hand or foot has that all of these are points of; 0 if there is none."""
        details = {self.details[name] for name in keypoints}
        return 0 if len(details) > 1 or None in details else list(self.details.values()).count(details.pop())

    def measure(self, X):
        """Lengths of bones ``(n_clips, n_edges)`` and all measures ``(n_clips, n_measures)``, in the clips' unit; NaN
        for what a clip does not show.
        """
        found = np.array([_spans(X[i], self.spans) for i in spread(len(X), N_CLIPS)])
        return found[:, :self.n_edges, 0], self._measures(found)

    def sizes(self, lengths, reference):
        """The size of each part in each clip, ``(n_clips, n_parts)``, where 1 is that of `reference`."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(reference > 0, lengths / reference, np.nan).T
        return np.stack([median(ratio[self.edge_parts == part]) for part in range(self.parts.max() + 1)], axis=1)

    def reread(self, clip, orders, turns=None):
        """The measures ``(n_readings, n_measures)`` of a clip whose keypoints stand in other orders
        ``(n_readings, n_keypoints)``, and are turned about the origin by matrices ``(n_readings, 2, 2)`` that leave
        axes axes.
        """
        n_keypoints = orders.shape[1]
        asked = orders[:, self.spans] @ [n_keypoints, 1]  # a number for each pair
        different = np.flatnonzero(np.bincount(asked.ravel(), minlength=n_keypoints**2))
        place = np.empty(n_keypoints**2, dtype=int)
        place[different] = np.arange(len(different))
        found = _spans(clip, np.stack(np.divmod(different, n_keypoints), axis=1))[place[asked]]
        if turns is not None:
            found[..., 1:] = np.einsum("rij,rsj->rsi", turns, found[..., 1:])
        return self._measures(found)

    def _measures(self, found):
        """All measures, of lengths, x and y of the spans ``(..., n_spans, 3)``."""
        vectors, reach = found[..., :self.n_vectors, :], found[..., self.n_vectors:, 0]
        one, two = (found[..., bones, 0] for bones in self.bones.T)
        return np.concatenate([*np.moveaxis(vectors, -1, 0), reach - one, reach - two], axis=-1)


def _detail(keypoint, root, root_of_all):
    """What a keypoint is a point of: a foot, or the face or hand that has this root; None for the body."""
    side, words = landmark(keypoint)
    if FEET & set(words.split()):
        return f"{side} foot"
    return None if root == root_of_all else root


def spread(n, most):
    """Positions among n, evenly spread, of at most so many."""
    return np.unique(np.linspace(0, n - 1, most).astype(int))


def median(values):
    """Over the first axis, of what is not NaN; NaN where all is. Many times faster than `np.nanmedian`."""
    if not len(values):
        return np.full(values.shape[1:], np.nan)
    ordered, n = np.sort(values, axis=0), (~np.isnan(values)).sum(axis=0, keepdims=True)
    middle = [np.take_along_axis(ordered, position, axis=0) for position in ((n - 1).clip(0) // 2, n // 2)]
    return (middle[0] + middle[1])[0] / 2


def _spans(clip, pairs):
    """Medians over a clip's frames of length, x and y from one keypoint to the other, ``(n_pairs, 3)``."""
    points = clip[spread(len(clip), N_FRAMES), :, :2].astype(float)
    vectors = points[:, pairs[:, 1]] - points[:, pairs[:, 0]]
    return median(np.concatenate([np.hypot(vectors[..., :1], vectors[..., 1:]), vectors], axis=2))
