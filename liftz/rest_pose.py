"""The pose in which no joint is turned: upright, arms to the sides, palms down, facing +z; y is up, +x to the left."""

from __future__ import annotations

from itertools import chain

import numpy as np

from .hierarchy import landmark

__all__ = ["rest_directions"]

# Where the parts of an average person are then, in cm; those of the left side. Only the directions between them count.
BODY = {
    "mid hip": (0, 95, 0), "spine base": (0, 95, 0), "spine mid": (0, 118, 0), "neck": (0, 145, 0),
    "mid shoulder": (0, 145, 0), "head": (0, 168, 0), "head top": (0, 176, 0), "nose": (0, 160, 10),
    "eye inner": (2, 164, 8.5), "eye": (3, 164, 8), "eye outer": (4.5, 164, 7), "ear": (7.5, 162, -1),
    "mouth": (2.5, 155, 9), "shoulder": (18, 145, 0), "elbow": (46, 145, 0), "wrist": (72, 145, 0),
    "hand": (80, 145, 0), "hand wrist": (72, 145, 0), "hip": (9, 93, 0), "knee": (9, 50, 0), "ankle": (9, 8, 0),
    "heel": (9, 2, -5), "big toe": (7, 2, 16), "small toe": (13, 2, 13), "foot": (9, 2, 15), "foot index": (9, 2, 16),
}
# From the wrist: along the fingers, up, towards the thumb. The last two of each finger continue it.
THUMB = {"cmc": (2.5, -0.5, 2.5), "mcp": (6, -1, 5), "ip": (8.7, -1.2, 6.6), "tip": (10.9, -1.4, 7.9)}
KNUCKLES = {"index": (9, 0, 2.4), "middle": (9, 0, 0.4), "ring": (8.4, 0, -1.5), "pinky": (7.6, 0, -3.1)}
HAND = dict(chain(((f"hand thumb {joint}", place) for joint, place in THUMB.items()),
                  ((f"hand {finger} {joint}", (x + along, y, z)) for finger, (x, y, z) in KNUCKLES.items()
                   for joint, along in zip(("mcp", "pip", "dip", "tip"), (0, 4, 6.5, 8.5), strict=True))))
PLACES = BODY | {part: tuple(np.add(BODY["wrist"], place)) for part, place in HAND.items()}


def rest_directions(tree):
    """Unit vectors from each joint's parent to it in the rest pose.

    Parameters
    ----------
    tree : Hierarchy
        The joints; what they are is told from their names.

    Returns
    -------
    array of shape (n_joints, 3)
        x to the person's left, y up, z to the front; zero for the root. A joint of an unknown name continues the bone
        before it, and goes upwards from the root.

    Examples
    --------
    >>> from liftz.hierarchy import hierarchy
    >>> from liftz.rest_pose import rest_directions
    >>> from liftz.skeletons import KINECT_20
    >>> tree = hierarchy(KINECT_20)
    >>> rest_directions(tree)[tree.joints.index("WristLeft")]
    array([1., 0., 0.])
    """
    places = [_place(joint) for joint in tree.joints]
    out = np.zeros((len(places), 3))
    for joint, parent in enumerate(tree.parents[1:], start=1):
        bone = np.zeros(3)
        if places[joint] is not None and places[parent] is not None:
            bone = np.subtract(places[joint], places[parent])
        if not bone.any():
            bone = out[parent] if out[parent].any() else np.array([0.0, 1.0, 0.0])
        out[joint] = bone / np.linalg.norm(bone)
    return out


def _place(joint):
    side, part = landmark(joint)
    if part not in PLACES:
        return None
    x, y, z = PLACES[part]
    return {"left": x, "right": -x, "": 0.0}[side], y, z
