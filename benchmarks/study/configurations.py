"""The study's seven experiments as one table, and the recordings that they are made on."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

__all__ = ["EXPERIMENTS", "FULL_LENGTH", "FULL_MANIFEST", "MANIFEST", "Experiment"]

# Which recording shows whom. The study writes down the ten folders, five signers and 3, 3, 6, 5 and 3 videos, but not
# who is in which folder of 190425; here is one way to have it, to be corrected by those who have the recordings.
MANIFEST = Path(__file__).with_name("manifest.csv")
# The full data set: 44 videos. Of those of 190611 nothing is known; six more signers are assumed.
FULL_MANIFEST = Path(__file__).with_name("manifest_full.csv")

ALL = ("face", "left_hand", "right_hand", "body")
# A depth is measured from a root, so the root is there, too: "the left shoulder only" is these two, and the line
# between them.
SINGLE = ("mid_hip", "left_shoulder")


class Experiment(NamedTuple):
    """One row of the study."""

    name: str
    keypoints: tuple[str, ...]  # regions and keypoints, by name
    one_signer: bool  # the videos of one person, instead of all
    chunk: int  # frames of a chunk, where a video has FULL_LENGTH of them
    lifter: dict = {}  # what its lifter has of its own; see `study.measuring.make`


# One keypoint tells little of a depth, and much of who it is: a net soon knows its signers by heart, and errs on others
# by more than their mean. So it is trained for less long, on bodies that are varied more. This was chosen on synthetic
# signers other than those that are reported: --people 1, 2 and 3.
LONE = {"max_epochs": 15, "vary": {"share": 1.0, "posture": 8.0, "bones": 0.15}}

FULL_LENGTH = 8752  # frames, the study's longest video
EXPERIMENTS = {experiment.name: experiment for experiment in (
    Experiment("OneSingle_kp", SINGLE, True, 250),
    Experiment("One", ALL, True, 250),
    Experiment("LotSingle_kp", SINGLE, False, 350, LONE),
    Experiment("Lot", ALL, False, 350),
    Experiment("Face", ("face",), False, 350),
    Experiment("Hands", ("left_hand", "right_hand"), False, 350),
    Experiment("Body", ("body",), False, 350),
)}
