"""New bodies from recorded ones: another's posture, other bone lengths, another view."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.base import BaseEstimator

from ._ranges import check_number
from .gaps import bridge
from .postures import Postures
from .sequences import check_sequences, seen
from .sizes import foreshortening
from .tree import bone_tree

__all__ = ["BodyAugmenter"]

RANGES = dict.fromkeys(("bones", "posture", "turn", "roll", "borrow"), "of at least 0") | {
    "share": "of at least 0 and at most 1"}


class BodyAugmenter(BaseEstimator):
    """Make a person that nobody recorded: the same motion by another body.

    For each clip anew, and constant over it: the posture moves towards another signer's, every bone gets
    another length (left and right the same), every bone is tilted a little, and the whole body is turned about the
    vertical and in the picture. Keypoints and depths move together. What was not seen stays so.

    Parameters
    ----------
    skeleton : Skeleton
        Its edges are the bones. Bones that no chain of edges joins to their region's root stay as they are.
    bones : float, default=0.08
        Standard deviation of the bones' relative change of length.
    posture : float, default=4.0
        Standard deviation of each bone's tilt about each axis, in degrees.
    turn : float, default=10.0
        Scale of the body's turn, in degrees: most turns are smaller than twice that, and a few far larger (Student's
        t with 2 degrees of freedom, cut at 70).
    roll : float, default=4.0
        Standard deviation of the turn in the picture, in degrees, as if the camera were not level.
    borrow : float, default=1.0
        How far a clip goes, at most, from its signer's mean pose to that of another signer seen from the same angle.
        It takes signers, given to `fit` as groups.
    share : float, default=0.5
        Share of the clips that are changed at all.
    xy_per_depth : float, optional
        Units of x and y in a unit of depth: 1 where both are in mm; for pixels about the focal length over
        the distance. Default: estimated in `fit`, see there.

    Attributes
    ----------
    xy_per_depth_ : float
        What is used.

    Notes
    -----
    Turning pixels like this leaves out the change of perspective.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz import BodyAugmenter, Skeleton
    >>> arm = Skeleton("arm", ["elbow", "wrist"], root="elbow", edges=[("elbow", "wrist")])
    >>> longer = BodyAugmenter(arm, bones=0.5, posture=0, turn=0, roll=0, share=1, xy_per_depth=1)
    >>> clip, depth = np.array([[[0.0, 0.0], [3.0, 0.0]]]), np.array([[0.0, 4.0]])
    >>> clip, depth = longer.fit([clip], [depth])(clip, depth, np.random.default_rng(0))
    >>> bool(np.isclose(depth[0, 1] / clip[0, 1, 0], 4 / 3))
    True
    """

    def __init__(self, skeleton, *, bones=0.08, posture=4.0, turn=10.0, roll=4.0, borrow=1.0, share=0.5,
                 xy_per_depth=None):
        self.skeleton = skeleton
        self.bones = bones
        self.posture = posture
        self.turn = turn
        self.roll = roll
        self.borrow = borrow
        self.share = share
        self.xy_per_depth = xy_per_depth

    def fit(self, X, y, groups=None):
        """Learn how signers hold themselves, and how many units of x and y a unit of depth is, unless it was given.

        From how bones foreshorten, over all bones and clips: see `liftz.sizes.foreshortening`.

        Parameters
        ----------
        X : sequence of n_clips arrays ``(n_frames, n_keypoints, 2 or 3)``
        y : sequence of n_clips arrays ``(n_frames, n_keypoints)``
        groups : array of shape (n_clips,), optional
            The signer of each clip. Without them nobody's posture is borrowed.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a clip is not of the skeleton, or its depths are not its own; if a parameter is no such number.

        Warns
        -----
        UserWarning
            If no bone moves within a clip, which leaves nothing to estimate from: 1 is taken then.
        """
        for name, wanted in RANGES.items():
            check_number(name, getattr(self, name), wanted)
        if self.xy_per_depth is not None:
            check_number("xy_per_depth", self.xy_per_depth, "above 0")
        X, y = check_sequences(X, y, skeleton=self.skeleton)
        self.xy_per_depth_ = self._estimate(X, y) if self.xy_per_depth is None else self.xy_per_depth
        self.postures_ = None
        if groups is not None and self.borrow:
            poses = [self._mean_pose(clip, depth) for clip, depth in zip(X, y, strict=True)]
            self.postures_ = Postures(self.skeleton, np.stack(poses), groups)
        return self

    def _estimate(self, X, y):
        children, parents, _ = bone_tree(self.skeleton)
        seen_length = seen_depth = 0.0
        for clip, depth in zip(X, y, strict=True):
            in_picture, in_depth = foreshortening(clip, depth, children, parents)
            seen_length += in_picture
            seen_depth += in_depth
        if not (seen_length > 0 and seen_depth > 0):
            warnings.warn("no bone moves within a clip, so x and y are taken to have the unit of depth; "
                          "give BodyAugmenter its xy_per_depth otherwise", stacklevel=3)
            return 1.0
        return float((seen_length / seen_depth) ** 0.25)

    def _mean_pose(self, clip, depth):
        points = np.dstack([clip[..., :2], depth * self.xy_per_depth_])
        known = ~np.isnan(points)
        n = known.sum(axis=0)
        return np.where(n > 0, np.where(known, points, 0).sum(axis=0) / np.maximum(n, 1), np.nan)

    def __call__(self, clip, depth, rng, signer=None):
        """A new clip ``(n_frames, n_keypoints, 2 or 3)`` of a signer, and its depths ``(n_frames, n_keypoints)``.

        Both must be relative to their roots.
        """
        if rng.random() >= self.share:
            return clip, depth
        xy, z = (np.nan_to_num(bridge(part, hold_ends=True)) for part in (clip[..., :2], depth * self.xy_per_depth_))
        points = np.dstack([xy, z])
        if self.postures_ is not None:
            shift = self.postures_.shift(self._mean_pose(clip, depth), signer, rng)
            points += (self.borrow * shift).astype(np.float32)
        moved = self._move(points, rng)
        clip, visible = clip.copy(), seen(clip)
        np.copyto(clip[..., :2], moved[..., :2], where=visible[..., None])
        known = ~np.isnan(depth)
        return clip, np.where(known, moved[..., 2] / self.xy_per_depth_, depth).astype(np.float32)

    def _move(self, points, rng):
        """Root-relative points ``(n_frames, n_keypoints, 3)`` of the new person."""
        children, parents, twins = bone_tree(self.skeleton)
        lengths = 1 + self.bones * rng.standard_normal(len(self.skeleton))[twins]
        tilts = rotations(np.radians(self.posture) * rng.standard_normal((len(children), 3)))
        turn = np.clip(self.turn * rng.standard_t(2), -70, 70)
        roll = self.roll and self.roll * rng.standard_normal()
        view = rotations(np.radians([[turn, 0, roll]]))[0]
        changes = (view @ tilts * lengths[:, None, None]).astype(np.float32)
        bones = np.einsum("nij,tnj->tni", changes, points[:, children] - points[:, parents])  # (T, n_bones, 3)
        moved = points @ view.T.astype(np.float32)
        for i, (child, parent) in enumerate(zip(children, parents, strict=True)):
            moved[:, child] = moved[:, parent] + bones[:, i]
        return moved


def rotations(angles):
    """Matrices ``(n, 3, 3)`` that turn about y, then x, then z by angles ``(n, 3)`` in radians."""
    (cy, cx, cz), (sy, sx, sz) = np.cos(angles).T, np.sin(angles).T
    return np.moveaxis(np.array([
        [cz * cy - sz * sx * sy, -sz * cx, cz * sy + sz * sx * cy],
        [sz * cy + cz * sx * sy, cz * cx, sz * sy - cz * sx * cy],
        [-cx * sy, sx, cx * cy]]), 2, 0)
