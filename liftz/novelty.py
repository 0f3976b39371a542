"""How new a clip is: how far its poses are from those of training clips."""

from __future__ import annotations

import numpy as np

from .sampling import windows
from .sequences import seen

__all__ = ["Novelty", "mean_poses"]

NEAREST = 5
ENOUGH = 0.25  # of the coordinates, which two poses must both show to be compared
AT_ONCE = 1000  # poses, which bounds the memory


def mean_poses(clip, stretch):
    """The mean pose of each stretch of a clip, and how many frames each has.

    Parameters
    ----------
    clip : array of shape (n_frames, n_keypoints, 2 or 3)
    stretch : int
        The most frames of a stretch; they are as equal as can be.

    Returns
    -------
    poses : array of shape (n_stretches, n_keypoints * 2)
        Of the frames that show a keypoint; NaN where none does.
    lengths : list of n_stretches ints
    """
    cuts = [slice(start, stop) for _, start, stop in windows([len(clip)], stretch)]
    shown = seen(clip)[..., None]
    xy = np.where(shown, clip[..., :2], 0)
    n_shown = np.array([shown[cut].sum(axis=0) for cut in cuts])
    sums = np.array([xy[cut].sum(axis=0, dtype=float) for cut in cuts])
    poses = sums / np.where(n_shown > 0, n_shown, np.nan)
    return poses.reshape(len(cuts), -1).astype(np.float32), [cut.stop - cut.start for cut in cuts]


class Novelty:
    """How far poses are from the nearest ones of training.

    Of x and y of all keypoints, each in units of its spread in training: the root of the mean squared difference, over
    what both poses show; and of that the mean over the five nearest.

    Parameters
    ----------
    poses : array of shape (n_poses, n_keypoints * 2)
        Of training clips, as of `mean_poses`.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz.novelty import Novelty
    >>> novelty = Novelty(np.array([[0.0, 0.0], [2.0, 2.0]]))
    >>> novelty(np.array([[1.0, 1.0], [9.0, 9.0], [np.nan, 9.0]]))
    array([1., 8., 8.])
    """

    def __init__(self, poses):
        shown = ~np.isnan(poses)
        n = np.maximum(shown.sum(axis=0), 1)
        self.mean = np.where(shown, poses, 0).sum(axis=0, dtype=float) / n
        spread = np.sqrt(np.square(np.where(shown, poses - self.mean, 0)).sum(axis=0) / n)
        self.spread = np.where(spread > 1e-6 * spread.max(initial=0), spread, np.nan)  # a root's is 0
        self.known = self._normal(poses).astype(np.float32)

    def __call__(self, poses, same=None):
        """The novelty of poses.

        Parameters
        ----------
        poses : array of shape (n_poses, n_keypoints * 2)
        same : array of shape (n_poses, n_poses of training), of bool, optional
            Which are of the same signer, and are not compared.

        Returns
        -------
        array of shape (n_poses,)
            NaN where a pose shares less than a quarter of the coordinates with any of training.
        """
        parts = [slice(i, i + AT_ONCE) for i in range(0, len(poses), AT_ONCE)]
        return np.concatenate([self._of(poses[part], None if same is None else same[part]) for part in parts])

    def _of(self, poses, same):
        (new, new_shown), (known, known_shown) = map(_filled, (self._normal(poses), self.known))
        n = new_shown @ known_shown.T  # (n_poses, n_known)
        squares = np.square(new) @ known_shown.T + new_shown @ np.square(known).T - 2 * new @ known.T
        comparable = n >= max(1, ENOUGH * np.sum(~np.isnan(self.spread)))
        if same is not None:
            comparable &= ~same
        apart = np.sqrt(np.maximum(squares, 0) / np.where(comparable, n, np.nan))
        nearest = np.sort(apart, axis=1)[:, :NEAREST]  # NaN comes last in the order
        n_found = np.sum(~np.isnan(nearest), axis=1)
        return np.nansum(nearest, axis=1) / np.where(n_found > 0, n_found, np.nan)

    def _normal(self, poses):
        return (poses - self.mean) / self.spread


def _filled(poses):
    """Poses with 0 where they show nothing; and what they show, as 1 and 0."""
    shown = ~np.isnan(poses)
    return np.where(shown, poses, 0).astype(float), shown.astype(float)
