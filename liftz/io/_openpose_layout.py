"""The body models of OpenPose, and the skeletons of what a recording has of body, face and hands."""

from __future__ import annotations

from itertools import chain

import numpy as np

from liftz.skeleton import Skeleton
from liftz.skeletons import OPENPOSE_137

__all__ = ["BODIES", "Layout"]

REGIONS = ("body", "face", "left_hand", "right_hand")  # in the order of OPENPOSE_137
OTHERS = (70, 21, 21)  # keypoints of those after the body

BODY_25 = OPENPOSE_137.subset("body")
HIPS = ("RHip", "LHip")
NO_MID_HIP = tuple(name for name in BODY_25.keypoints[:19] if name != "MidHip")


def _body(name, keypoints, root, edges=()):
    """A model of fewer keypoints than BODY_25: the bones it shares with it, and some of its own."""
    known = set(keypoints)
    return Skeleton(name, keypoints, root=root,
                    edges=(*edges, *(edge for edge in BODY_25.edges if known.issuperset(edge))),
                    pairs=tuple(pair for pair in BODY_25.pairs if known.issuperset(pair)))


# By the number of keypoints, which is all that tells them apart in a file.
BODIES = {
    25: BODY_25,
    19: _body("BODY_19", BODY_25.keypoints[:19], "MidHip"),
    18: _body("COCO_18", NO_MID_HIP, HIPS, [("Neck", "RHip"), ("Neck", "LHip")]),
    15: _body("MPI_15", ("Head", *NO_MID_HIP[1:14], "Chest"), HIPS,
              [("Chest", "Neck"), ("Neck", "Head"), ("Chest", "RHip"), ("Chest", "LHip")]),
}


class Layout:
    """Which body model the files have, and which of the four parts are there at all; fixed by what is read first.

    Rows are read with all four parts, and what turns out to be in none of the files is left out after.
    """

    def __init__(self):
        self.present = [False] * len(REGIONS)
        self.fix(25)
        self.fixed = False
        self.begin()

    def fix(self, n_body):
        self.points = (n_body, *OTHERS)
        self.sizes = [3 * n for n in self.points]  # numbers
        self.deep_sizes = [4 * n for n in self.points]
        self.deep_size = sum(self.deep_sizes)
        self.zeros = [bytes(8 * size) for size in self.sizes]
        self.fixed = True

    def begin(self):
        """Forget what files look like, as those of another recording may look otherwise."""
        self.outlines = {}
        self.extra = None

    @property
    def kept(self):
        """Which of all keypoints the skeleton has."""
        return np.repeat(self.present, self.points)

    @property
    def names(self):
        return (*BODIES[self.points[0]].keypoints, *OPENPOSE_137.keypoints[25:])

    @property
    def skeleton(self):
        if all(self.present) and self.points[0] == 25:
            return OPENPOSE_137
        body = BODIES[self.points[0]]
        parts = {region: body if region == "body" else OPENPOSE_137.subset(region)
                 for region, present in zip(REGIONS, self.present, strict=True) if present}
        name = body.name if self.points[0] != 25 else "BODY_25"
        return Skeleton(
            f"{name}[{', '.join(parts)}]", tuple(chain.from_iterable(part.keypoints for part in parts.values())),
            root=next(iter(parts.values())).root,
            edges=tuple(chain.from_iterable(part.edges for part in parts.values())),
            regions={region: part.keypoints for region, part in parts.items()},
            roots={region: part.root for region, part in parts.items()},
            pairs=tuple(chain.from_iterable(part.pairs for part in parts.values())))
