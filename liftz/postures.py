"""How signers hold themselves on average, where the camera sees them from one angle."""

from __future__ import annotations

import numpy as np

from .tree import midline_pairs

__all__ = ["Postures", "facing"]

NEAR = 6.0  # degrees: the kernel's deviation
ENOUGH = 5, 10.0  # clips within so many degrees for a mean to be had


class Postures:
    """Mean poses of signers, each as a function of the angle that the body is turned by.

    A kernel regression over the clips' mean poses (E. A. Nadaraya, 1964; G. S. Watson, 1964).

    Parameters
    ----------
    skeleton : Skeleton
        Its shoulders and hips tell the angle.
    poses : array of shape (n_clips, n_keypoints, 3)
        The mean pose of each clip, relative to the roots and of one unit; NaN is "not known".
    signers : array of shape (n_clips,)
    """

    def __init__(self, skeleton, poses, signers):
        angles = facing(poses, skeleton)
        turned, signers = ~np.isnan(angles), np.asarray(signers)
        known = (~np.isnan(poses)).astype(float)
        self.skeleton, self.of = skeleton, {}
        for signer in dict.fromkeys(signers[turned].tolist()):
            clips = turned & (signers == signer)
            self.of[signer] = angles[clips], np.concatenate([np.nan_to_num(poses[clips]), known[clips]], axis=1)

    def shift(self, pose, signer, rng):
        """What to add to a clip of a signer with this mean pose, to make it another's, a random part of the way.

        Returns
        -------
        array of shape (n_keypoints, 3)
            0 where either pose is not known, and all 0 where nobody else is seen from about that angle.
        """
        nothing = np.zeros_like(pose)
        angle = facing(pose, self.skeleton)
        if np.isnan(angle) or signer not in self.of:
            return nothing
        signers = [other for other in self.of if other != signer]
        for i in rng.permutation(len(signers)):
            angles, _ = self.of[signers[i]]
            least, within = ENOUGH
            if np.sum(_apart(angles, angle) < within) >= least:
                change = _mean(*self.of[signers[i]], angle) - _mean(*self.of[signer], angle)
                return rng.random() * np.nan_to_num(change)
        return nothing


def _mean(angles, poses, angle):
    """The mean of poses, beside what is known of them, at an angle; NaN where nothing is known."""
    # The tail keeps the weights of a signer who is never seen from near the angle above 0.
    weights = np.exp(-0.5 * (_apart(angles, angle) / NEAR) ** 2) + 1e-9
    sums = weights @ poses.reshape(len(poses), -1)
    mean, total = np.split(sums.reshape(-1, 3), 2)
    return np.divide(mean, total, out=np.full_like(mean, np.nan), where=total > 0)


def facing(poses, skeleton):
    """The angle about the vertical, in degrees, of the direction from right to left shoulder and hip.

    Parameters
    ----------
    poses : array of shape (..., n_keypoints, 3)
    skeleton : Skeleton

    Returns
    -------
    array of shape (...,)
        NaN where there is no such pair, or it is not known.
    """
    left, right = midline_pairs(skeleton)
    across = np.nansum(poses[..., left, :] - poses[..., right, :], axis=-2)
    angle = np.degrees(np.arctan2(across[..., 2], across[..., 0]))
    return np.where((across[..., [0, 2]] == 0).all(axis=-1), np.nan, angle)


def _apart(angles, angle):
    """Degrees between angles, at most 180."""
    return abs((angles - angle + 180) % 360 - 180)
