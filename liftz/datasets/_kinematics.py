"""Kinematics of a signer, for all frames of a clip at once.

The signer's axes, in cm: x to the signer's left, y down, z to the back. They are the camera's axes
(right, down, away) when the signer faces the camera. Angles are in degrees. The left side is +1, the right -1.
"""

from __future__ import annotations

import numpy as np

# An average hand: x towards the thumb, y along the fingers, z out of the palm; rows thumb, index, middle, ring, little.
_FINGER_BASES = np.array([[1.9, 2.2, 0.8], [2.4, 8.8, 0.0], [0.4, 9.0, -0.2], [-1.5, 8.4, 0.0], [-3.1, 7.6, 0.4]])
_PHALANGES = np.array([[4.4, 3.3, 2.6], [4.2, 2.5, 2.0], [4.7, 2.9, 2.1], [4.3, 2.7, 2.1], [3.4, 2.0, 1.9]])
_SPLAY = np.array([9.0, 1.0, -7.0, -15.0])  # of index to little finger in a spread hand


def minimum_jerk(times, values, n_frames, bulge=None):
    """Values at frames 0 to n_frames - 1, moving from key to key along minimum-jerk profiles.

    `times` (n_keys,) grow strictly and enclose the frames, `values` are (n_keys, ...); `bulge`,
    (n_keys - 1, ...), bends the way from each key to the next.
    Source: T. Flash and N. Hogan, J. Neuroscience 5 (1985) 1688-1703.
    """
    frames = np.arange(n_frames)
    i = np.clip(np.searchsorted(times, frames, side="right") - 1, 0, len(times) - 2)
    s = (frames - times[i]) / (times[i + 1] - times[i])
    s = (s**3 * (10 - 15 * s + 6 * s**2)).reshape(-1, *[1] * (values.ndim - 1))
    moved = values[i] + s * (values[i + 1] - values[i])
    return moved if bulge is None else moved + 4 * s * (1 - s) * bulge[i]


def drift(rng, n_frames, size, period):
    """A smooth random walk about 0 of unit size, (n_frames, *size); `period` frames lie between its turns."""
    n_keys = int(n_frames / period) + 3
    times = (np.arange(n_keys) - rng.random()) * period
    return minimum_jerk(times, rng.standard_normal((n_keys, *size)), n_frames)


def rotation(yaw, pitch, roll):
    """Rotations (..., 3, 3): turn to the own left, bow forward, tilt to the own left."""
    yaw, pitch, roll = np.broadcast_arrays(*np.radians([yaw, pitch, roll]))
    zero, one = np.zeros_like(yaw), np.ones_like(yaw)

    def matrix(*rows):
        return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)

    turn = matrix((np.cos(yaw), zero, -np.sin(yaw)), (zero, one, zero), (np.sin(yaw), zero, np.cos(yaw)))
    bow = matrix((one, zero, zero), (zero, np.cos(pitch), -np.sin(pitch)), (zero, np.sin(pitch), np.cos(pitch)))
    tilt = matrix((np.cos(roll), -np.sin(roll), zero), (np.sin(roll), np.cos(roll), zero), (zero, zero, one))
    return turn @ bow @ tilt


def rotate(rotations, points):
    """Rotate points (..., 3) by rotations (..., 3, 3)."""
    return np.einsum("...ij,...j->...i", rotations, points)


def two_bones(start, target, lengths, ahead, aside, flexion):
    """The middle and the end joint of an arm or leg that reaches for a target.

    A reach along the unit vector `ahead` has its middle joint towards `aside`; other reaches carry that side
    along the shortest turn, so that it is undefined only straight behind, where no limb gets. Where the target
    is so near or so far that it asks for more or less than the pair `flexion` (most, least), the end stays on
    the line to it.
    """
    upper, lower = lengths
    reach = target - start
    distance = np.linalg.norm(reach, axis=-1, keepdims=True)
    along = reach / distance
    near, far = np.sqrt(upper**2 + lower**2 + 2 * upper * lower * np.cos(np.radians(flexion)))
    distance = np.clip(distance, near, far)
    step = (distance**2 + upper**2 - lower**2) / (2 * distance)
    out = np.sqrt(upper**2 - step**2)
    aside = _perpendicular(aside, ahead)
    aside = aside - _dot(aside, along) / (1 + _dot(ahead, along)) * (ahead + along)
    return start + step * along + out * aside, start + distance * along


def hand_axes(shoulder, elbow, wrist, side, angles):
    """Unit vectors towards the thumb, along the hand and out of the palm, (n_frames, 3, 3).

    `angles`, (n_frames, 3): pronation (0: palm to the biceps, 90: thumb to it, 180: back of the
    hand to it), flexion of the wrist, and its deviation towards the thumb.
    """
    pronation, flexion, deviation = np.radians(angles).T[..., None]
    along = _unit(wrist - elbow)
    biceps = _perpendicular(shoulder - elbow, along)
    outward = -side * np.cross(along, biceps)
    palm = np.cos(pronation) * biceps - np.sin(pronation) * outward
    thumb = np.sin(pronation) * biceps + np.cos(pronation) * outward
    along, palm = np.cos(flexion) * along + np.sin(flexion) * palm, np.cos(flexion) * palm - np.sin(flexion) * along
    along, thumb = (np.cos(deviation) * along + np.sin(deviation) * thumb,
                    np.cos(deviation) * thumb - np.sin(deviation) * along)
    return np.stack([thumb, along, palm], axis=1)


def hand_points(wrist, axes, shape, size):
    """The 21 points of a hand, (n_frames, 21, 3).

    `shape`, (n_frames, 12): the thumb's angle from the fingers, out of the palm and its bend; the bend
    of the four knuckles, then of the four middle joints; the spread of the fingers, 0 to 1.
    """
    thumb, knuckles, bends, spread = shape[:, :3], shape[:, 3:7], shape[:, 7:11], shape[:, 11:]
    azimuth = np.empty((len(shape), 5, 3))  # in the plane of the palm, towards the thumb
    azimuth[:, 0] = thumb[:, :1] - thumb[:, 2:] * [0.1, 0.6, 1.2]
    azimuth[:, 1:] = (spread * _SPLAY)[..., None]
    lift = np.empty_like(azimuth)  # out of that plane
    lift[:, 0] = thumb[:, 1:2]
    lift[:, 1:] = knuckles[..., None] + bends[..., None] * [0.0, 1.0, 1.65]
    azimuth, lift = np.radians(azimuth), np.radians(lift)
    directions = np.stack([np.cos(lift) * np.sin(azimuth), np.cos(lift) * np.cos(azimuth), np.sin(lift)], axis=-1)
    bones = np.concatenate([np.broadcast_to(_FINGER_BASES[:, None], (len(shape), 5, 1, 3)),
                            _PHALANGES[..., None] * directions], axis=2)
    joints = size * bones.cumsum(axis=2).reshape(len(shape), 20, 3)
    return np.concatenate([wrist[:, None], wrist[:, None] + joints @ axes], axis=1)


def _dot(a, b):
    return np.sum(a * b, axis=-1, keepdims=True)


def _unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def _perpendicular(vectors, axis):
    """Unit vectors: what of the vectors is perpendicular to a unit axis."""
    return _unit(vectors - _dot(vectors, axis) * axis)
