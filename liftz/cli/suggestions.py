"""Commands to go on with, as a shell takes them."""

from __future__ import annotations

import os
import shlex
import subprocess

__all__ = ["known_length", "lift_options", "shell", "stand_ins"]

SHOULDERS, PALM, FACE = 350, 95, 140  # mm, of grown-ups, until somebody says
STANDS_IN = ("--units", "--fps", "--depth-units", "--length")  # options that a user has to know the value of


def shell(*words):
    """A line that calls liftz, its words quoted where the shell asks for it."""
    words = ("liftz", *map(str, words))
    return f"  {subprocess.list2cmdline(words) if os.name == 'nt' else shlex.join(words)}"


def stand_ins(words):
    """What to say of the options whose values stand for the user's own; empty if there are none."""
    asked = [word for word in words if word in STANDS_IN]
    if not asked:
        return ""
    return f"\n  (put your own {'values' if len(asked) > 1 else 'value'} behind {', '.join(asked)})"


def lift_options(skeleton, lifted, units, depth_units, seen=None):
    """What liftz lift has to be told for a lifter that lifts these keypoints, beside its files; not all may be seen."""
    length = known_length(skeleton, lifted if seen is None else seen) if units == "px" != depth_units else []
    return [*length, *["--relative"] * (bool(lifted) and _hangs_on_nothing(skeleton, lifted))]


def known_length(skeleton, keypoints):
    """The option with two keypoints whose distance is about known of everybody, and that in mm."""
    there = set(keypoints)
    shoulders = [(*pair, SHOULDERS) for pair in skeleton.pairs if "shoulder" in pair[0].lower()]
    palms = [(f"{side}_hand_wrist", f"{side}_hand_middle_mcp", PALM) for side in ("left", "right")]
    others = [("face_jaw_0", "face_jaw_16", FACE), *((*edge, "MM") for edge in skeleton.edges)]
    return ["--length", *next((known for known in (*shoulders, *palms, *others) if there.issuperset(known[:2])),
                              ("KEYPOINT", "KEYPOINT", "MM"))]


def _hangs_on_nothing(skeleton, lifted):
    """Whether `assemble` finds no body to put a hand or a face onto."""
    import numpy as np

    from ..assembly import assemble

    part = skeleton.subset(sorted(lifted, key=skeleton.index))
    points = np.arange(3.0 * len(part)).reshape(1, len(part), 3)
    try:
        assemble(points[..., :2], points[..., 2], part, units="mm")
    except ValueError:
        return True
    return False
