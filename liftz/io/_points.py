"""What writers of positions share: the check of what they are given, the axes of the files, and their names."""

from __future__ import annotations

import re

import numpy as np

from liftz.sequences import check_sequences

__all__ = ["check_points", "plain_names", "to_y_up"]

FASTEST = 1_000_000
LONGEST = 60  # characters of a name; Blender cuts at 63, and two names must not become one


def check_points(points, skeleton, fps, units):
    """One clip of positions as float32 `(n_frames, n_keypoints, 3)`; a keypoint known in part is NaN."""
    clip, = check_sequences([points], skeleton=skeleton, positions=True, names=("points", ""))
    if not isinstance(fps, (int, float, np.number)) or not 0 < fps < FASTEST:
        raise ValueError(f"fps must be a number of frames per second above 0 and below {FASTEST:,}, got {fps!r}")
    if not (isinstance(units, str) and units.isascii() and units.isprintable() and len(units) <= LONGEST):
        raise ValueError(f"units must be an ASCII word such as 'mm', got {units!r}")
    return np.where(np.isnan(clip).any(axis=2, keepdims=True), np.float32(np.nan), clip)


def to_y_up(points, y_up):
    """Positions turned to the axes of animation: y up, z towards the camera.

    Only signs change, and by a turn, not by a mirror. Liftz's z is away from the camera; with y down, x is to the
    picture's right and stays there; with y up, x is to the picture's left (as Kinects have it), and comes out turned.
    """
    return points * np.array([-1, 1, -1] if y_up else [1, -1, -1], dtype=points.dtype) + np.float32(0)  # no -0


def plain_names(names):
    """Names of ASCII letters, digits and underscores, which no reader stumbles over; each is there once."""
    out: dict[str, None] = {}
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9_]+", "_", name)[:LONGEST] or "_"
        number, unique = 1, plain
        while unique in out:
            number += 1
            unique = f"{plain[:LONGEST - len(str(number)) - 1]}_{number}"
        out[unique] = None
    return list(out)
