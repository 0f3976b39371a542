"""A face of 70 points in the iBUG layout: its average, how faces differ, and how they move.

Axes as in `_kinematics`, origin at the average tip of the nose, in cm.
"""

from __future__ import annotations

import numpy as np

_JAW = [(-7.2, -3.2, 11.0), (-7.1, -1.0, 10.6), (-6.9, 1.2, 10.0), (-6.5, 3.2, 9.0), (-5.8, 5.0, 7.4),
        (-4.6, 6.3, 5.6), (-3.2, 7.1, 4.0), (-1.6, 7.6, 3.0)]
_BROW = [(-6.0, -5.0, 5.0), (-5.0, -5.8, 3.6), (-3.8, -6.0, 2.8), (-2.6, -5.8, 2.3), (-1.5, -5.4, 2.1)]
_BRIDGE = [(0.0, -4.2, 2.2), (0.0, -2.8, 1.5), (0.0, -1.4, 0.7), (0.0, 0.0, 0.0)]
_NOSTRIL = [(-1.5, 1.0, 1.9), (-0.8, 1.25, 1.4)]
_UPPER_LID = [(-4.6, -3.9, 4.2), (-3.8, -4.4, 3.5), (-2.7, -4.4, 3.3), (-1.8, -3.8, 3.5)]
_LOWER_LID = [(-2.7, -3.4, 3.4), (-3.8, -3.4, 3.6)]
_UPPER_LIP = [(-2.5, 3.6, 2.9), (-1.6, 3.0, 2.0), (-0.6, 2.7, 1.5)]
_LOWER_LIP = [(-0.8, 4.8, 1.9), (-1.7, 4.4, 2.3)]
_UPPER_INNER = [(-2.1, 3.6, 2.7), (-0.7, 3.45, 1.8)]
_LOWER_INNER = [(-0.7, 3.8, 1.85)]
_PUPIL = [(-3.2, -3.95, 3.6)]


def _left(right):
    """The left half in the layout's order, which runs on where the right half ends."""
    return [(-x, y, z) for x, y, z in reversed(right)]


AVERAGE = np.array([
    *_JAW, (0.0, 7.8, 2.6), *_left(_JAW), *_BROW, *_left(_BROW),
    *_BRIDGE, *_NOSTRIL, (0.0, 1.45, 1.1), *_left(_NOSTRIL),
    *_UPPER_LID, *_LOWER_LID, *_left(_UPPER_LID), *_left(_LOWER_LID),
    *_UPPER_LIP, (0.0, 2.85, 1.4), *_left(_UPPER_LIP), *_left(_LOWER_LIP), (0.0, 4.9, 1.8), *_LOWER_LIP,
    *_UPPER_INNER, (0.0, 3.5, 1.7), *_left(_UPPER_INNER), *_left(_LOWER_INNER), (0.0, 3.8, 1.8), *_LOWER_INNER,
    *_PUPIL, *_left(_PUPIL)])

JAW, CHIN, BROWS, NOSE, LIPS = slice(0, 17), slice(5, 12), slice(17, 27), slice(28, 36), slice(48, 68)
LOWER_LIPS, CORNERS, TIP, RIGHT_PUPIL, LEFT_PUPIL = [*range(55, 60), 65, 66, 67], [48, 54, 60, 64], 30, 68, 69


def draw_face(rng):
    """A person's face at rest, (70, 3)."""
    face = AVERAGE * (1 + rng.normal(0, [0.05, 0.05, 0.07]))
    face[JAW, 0] *= 1 + rng.normal(0, 0.05)
    nose, chin, brows, lips = rng.normal(0, [0.35, 0.5, 0.2, 0.25])
    face[NOSE, 2] -= nose * np.array([0.4, 0.8, 1, 0.4, 0.6, 0.8, 0.6, 0.4])
    face[CHIN, 2] += chin
    face[BROWS, 2] += brows
    face[LIPS, 2] += lips + 0.4 * chin
    return face


def _expressions():
    """Displacements (4, 70, 3): mouth open, mouth wide, lips rounded, brows up."""
    moves = np.zeros((4, 70, 3))
    opened, wide, rounded, brows = moves
    opened[CHIN] = opened[LOWER_LIPS] = 0, 1.8, 0.7
    opened[CORNERS] = 0, 0.6, 0.2
    wide[CORNERS] = np.sign(AVERAGE[CORNERS, :1]) * (0.7, 0, 0) + (0, -0.2, 0.3)
    rounded[LIPS] = AVERAGE[LIPS] * (-0.3, 0, 0) + (0, 0, -0.7)
    brows[BROWS] = 0, -0.8, 0.1
    return moves


EXPRESSIONS = _expressions()
