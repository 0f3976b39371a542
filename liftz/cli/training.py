"""What a lifter is fitted on: a data set, or files of keypoints with depths, as the lifter will see them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from .._files import FileFormatError
from ..adjustment import stretch
from ..conversion import convert, correspondence
from ..datasets import project
from ..sequences import to_object_array
from .common import open_data, say
from .inputs import files_in, notes_told, read_source

__all__ = ["converted", "open_training"]

KINDS = ("synthetic", "isl-kinect", "panoptic")


def open_training(errors, sources, track, signers, depth_units, seed, about, read):
    """The data to fit on: as a lifter sees them, with `keypoint_units` and `units`, those of the depths."""
    recipe: dict = {}
    distance = None
    if sources[0].partition(":")[0] in KINDS and not Path(sources[0]).exists():
        if len(sources) > 1:
            raise ValueError(f"{sources[0]} is fitted on alone, got {' '.join(sources)}")
        data, distance, recipe = open_data(sources[0])
    else:
        data = _read(errors, [Path(source).expanduser() for source in sources], about, read, depth_units)
    if signers is not None:
        data["groups"] = _signers(signers, data.recordings)
    data = Bunch(**{"groups": None, "keypoint_units": data["units"], **data})
    if data.groups is None:
        say(errors, "note: nobody says who signs: --signers FILE.csv would make a better lifter, and one that knows "
                    "its errors")
    X = [clip[..., :2] for clip in data.X]
    if track == "T2":
        if data.keypoint_units == "px":
            raise ValueError("track T2 makes pixels of metric x and y, and these are pixels already: leave it out")
        X = project(Bunch(**{**data, "X": X}), "T2", distance=distance, random_state=seed)
        if data.y_up:  # where y grows up, x is to the picture's left; a picture's grows to the right
            X = stretch(X, -1, 1)
        data.keypoint_units, data.y_up = "px", False
    data["X"] = X
    return data, recipe


def _read(errors, paths, about, read, depth_units):
    """Files with depths, one after the other in one data set."""
    parts = []
    for path in files_in(paths):
        with notes_told(errors, path):
            part = read_source(path, read, **about)
        if "y" not in part:
            raise ValueError(f"{path} has no depths, and a lifter is fitted on depths")
        if part.units is None:
            raise ValueError(f"{path}: the unit of x and y is not known: --units px, or mm, cm or m")
        part["depth_units"] = str(depth_units) if depth_units else part.depth_units
        if part.depth_units is None:
            raise ValueError(f"{path}: x and y are in {part.units}, and the unit of the depths is not known: "
                             f"--depth-units mm, or px, cm or m")
        parts.append(part)
        for key in ("skeleton", "units", "depth_units", "fps", "y_up", "image_size"):
            if part[key] != parts[0][key]:
                raise ValueError(f"{path}: {key} is {part[key]}, that of the files before is {parts[0][key]}; fit on "
                                 f"one kind, or convert first")
    first = parts[0]
    groups = np.concatenate([part.groups for part in parts]) if all("groups" in part for part in parts) else None
    return Bunch(X=to_object_array([clip for part in parts for clip in part.X]),
                 y=to_object_array([depth for part in parts for depth in part.y]), groups=groups,
                 recordings=np.concatenate([part.recordings for part in parts]), skeleton=first.skeleton, fps=first.fps,
                 units=first.depth_units, keypoint_units=first.units, y_up=first.y_up, image_size=first.image_size)


def _signers(path, recordings):
    """The signer of each recording, by a CSV file."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileFormatError(path, f"is no CSV: {error}") from None
    if not rows or not {"recording", "signer"} <= rows[0].keys():
        raise FileFormatError(path, "expected a table with the columns recording and signer, separated by commas")
    known = {row["recording"]: row["signer"] for row in rows}
    missing = [name for name in recordings if not known.get(name)]
    if missing:
        raise FileFormatError(path, f"does not say who signs in {missing[0]}"
                                    + (f" and {len(missing) - 1} others" if len(missing) > 1 else ""))
    return np.array([known[name] for name in recordings])


def converted(console, data, skeleton):
    missing = [name for name, found in correspondence(data.skeleton, skeleton).items() if not found]
    data.X, data.y = (convert(clips, data.skeleton, skeleton) for clips in (data.X, data.y))
    say(console, f"converted from {data.skeleton.name} to {skeleton.name}"
                 + (f", {len(missing)} of whose {len(skeleton)} keypoints are not known" if missing else ""))
    data.skeleton = skeleton
    return data
