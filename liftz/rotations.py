"""Turns of joints: from the directions of bones to angles that run on smoothly over time."""

from __future__ import annotations

import warnings

import numpy as np
from scipy.spatial.transform import Rotation

__all__ = ["best_turn", "smooth_angles", "swing"]

REST = 0.01  # how strongly bones that leave a turn open pull it to none
LOCK = np.sin(np.radians(75))  # beyond it, the other two axes of Euler angles nearly fall into one
ORDERS = ("ZXY", "XYZ", "YZX")  # one for each axis in the middle; the first is the usual one of BVH files


def swing(rest, bones):
    """The smallest turns that take one direction to others.

    Parameters
    ----------
    rest : array of shape (3,)
        A unit vector.
    bones : array of shape (n_frames, 3)
        Unit vectors.

    Returns
    -------
    array of shape (n_frames, 3, 3)
        Rotation matrices. Right opposite `rest`, where every axis across it would do, the axis is a fixed one.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz.rotations import swing
    >>> swing(np.array([1.0, 0, 0]), np.array([[0, 1.0, 0]]))[0] @ [1, 0, 0]
    array([0., 1., 0.])
    """
    half = rest + bones  # the axis of the half turn that, after one about `rest`, is the swing
    across = np.cross(rest, np.eye(3)[np.abs(rest).argmin()])
    half = np.where(np.linalg.norm(half, axis=1, keepdims=True) > 1e-7, half, across / np.linalg.norm(across))
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    quaternion = np.concatenate([np.cross(rest, half), half @ rest[:, None]], axis=1)
    return Rotation.from_quat(quaternion).as_matrix()


def best_turn(rest, bones):
    """The turns that take several directions at once as nearly as possible to others.

    Parameters
    ----------
    rest : array of shape (n_bones, 3)
        Unit vectors.
    bones : array of shape (n_frames, n_bones, 3)
        Unit vectors.

    Returns
    -------
    array of shape (n_frames, 3, 3)
        Rotation matrices. What the bones leave open, such as the turn about all of them if they lie in one line,
        stays at none.

    Notes
    -----
    W. Kabsch, Acta Cryst. A32, 1976.
    """
    u, _, vt = np.linalg.svd(np.einsum("tbi,bj->tij", bones, rest) + REST * np.eye(3))
    u[np.linalg.det(u @ vt) < 0, :, 2] *= -1
    return u @ vt


def smooth_angles(turns):
    """Euler angles of one joint's turns, without jumps over time.

    Parameters
    ----------
    turns : array of shape (n_frames, 3, 3)
        Rotation matrices.

    Returns
    -------
    order : str
        The axes in the order of the angles, such as ``"ZXY"``: the matrix is ``Z @ X @ Y``. Another one than that is
        taken only if it would come near to its gimbal lock, and another stays further away.
    angles : array of shape (n_frames, 3)
        In degrees, not limited to half a turn.

    Examples
    --------
    >>> from scipy.spatial.transform import Rotation
    >>> from liftz.rotations import smooth_angles
    >>> smooth_angles(Rotation.from_euler("Z", [[170], [190]], degrees=True).as_matrix())
    ('ZXY', array([[170., 0., 0.], [190., 0., 0.]]))
    """
    # The sine of the angle about the axis in the middle is one element of the matrix.
    sines = [turns[:, "XYZ".index(order[0]), "XYZ".index(order[2])] for order in ORDERS]
    highest = [np.abs(sine).max() for sine in sines]
    best = 0 if highest[0] < LOCK else int(np.argmin(highest))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # on gimbal lock, which is dealt with below
        angles = Rotation.from_matrix(turns).as_euler(ORDERS[best], degrees=True)
    for frame in np.flatnonzero(np.abs(sines[best][1:]) > 1 - 1e-12) + 1:  # only a sum or difference is known
        angles[frame, 0] += np.sign(sines[best][frame]) * (angles[frame, 2] - angles[frame - 1, 2])
        angles[frame, 2] = angles[frame - 1, 2]

    other = angles * [1, -1, 1] + 180  # the same turns by other angles
    change = np.abs(_wrap(np.diff(angles, axis=0))).sum(axis=1)
    flips = np.abs(_wrap(other[1:] - angles[:-1])).sum(axis=1) < change
    flipped = np.concatenate([[False], np.cumsum(flips) % 2 == 1])
    return ORDERS[best], np.unwrap(np.where(flipped[:, None], other, angles), axis=0, period=360)


def _wrap(angles):
    return (angles + 180) % 360 - 180
