"""The two layouts of CSV: a line for each frame, or a line for each keypoint of each frame."""

from __future__ import annotations

import csv
import re

import numpy as np

from liftz._files import FileFormatError
from liftz.io._frames import LARGEST_GAP
from liftz.io._text import frame_number, to_numbers

__all__ = ["read_long", "read_wide", "write_long", "write_wide"]

AXES = ("x", "y", "z", "confidence", "std")
CONFIDENCES = ("confidence", "score", "likelihood", "c")
COLUMN = re.compile(rf"(?P<keypoint>.+)[_.](?P<axis>x|y|z|std|{'|'.join(CONFIDENCES)})")


def write_wide(file, points, names, columns, first):
    """Write points ``(n_frames, n_keypoints, n_columns)``, the frames numbered from `first` on."""
    csv.writer(file, lineterminator="\n").writerow(["frame", *(f"{name}_{axis}" for name in names for axis in columns)])
    line = ",".join(["%d"] + ["%.9g"] * points[0].size) + "\n"
    file.writelines((line % (i, *frame.ravel().tolist())).replace("nan", "") for i, frame in enumerate(points, first))


def write_long(file, points, names, columns, first):
    """Write points ``(n_frames, n_keypoints, n_columns)``, the frames numbered from `first` on."""
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(["frame", "keypoint", *columns])
    line = ",".join(["%.9g"] * len(columns))
    for i, frame in enumerate(points.tolist(), first):
        for name, values in zip(names, frame, strict=True):
            rows.writerow([i, name, *(line % tuple(values)).replace("nan", "").split(",")])


def read_wide(header, body, path):
    """Names, axes, the first frame and values ``(n_frames, n_keypoints, n_axes)``."""
    places: dict[str, dict[str, int]] = {}
    for i, column in enumerate(header):
        if match := COLUMN.fullmatch(column):
            axis = "confidence" if match["axis"] in CONFIDENCES else match["axis"]
            if axis in places.setdefault(match["keypoint"], {}):
                raise FileFormatError(path, f"has two columns for {axis} of {match['keypoint']!r}")
            places[match["keypoint"]][axis] = i
        elif column != "frame" or header.count("frame") > 1:
            raise FileFormatError(path, f"has a column {column[:40]!r}; expected frame, <keypoint>_x, <keypoint>_y and "
                                        f"perhaps <keypoint>_z and <keypoint>_confidence, or frame, keypoint, x, y")
    axes = _axes(set().union(*places.values()), path)
    for name, place in places.items():
        if set(place) != set(axes):
            raise FileFormatError(path, f"keypoint {name!r} has columns for {', '.join(place)}; others have "
                                        f"{', '.join(axes)}")
    order = [place[axis] for place in places.values() for axis in axes]
    frames: dict[int, np.ndarray] = {}
    for line, row in body:
        frame = frame_number(row[header.index("frame")], path, line) if "frame" in header else len(frames)
        if frame in frames:
            raise FileFormatError(path, f"line {line}: frame {frame} came before")
        frames[frame] = to_numbers([row[i] for i in order], path, line)
    first, values = _stacked(frames, len(order), path)
    return list(places), axes, first, values.reshape(len(values), len(places), len(axes))


def read_long(header, body, path, whole):
    """Names, axes, the first frame and values ``(n_frames, n_keypoints, n_axes)``; `whole` if each frame has a line for
    every keypoint, as `write_long` writes it.
    """
    columns = ["confidence" if column in CONFIDENCES else column for column in header]
    axes = _axes(set(columns) - {"frame", "keypoint"}, path)
    if len(set(columns)) < len(columns) or "frame" not in columns:
        raise FileFormatError(path, f"has the columns {', '.join(header)[:100]}; expected frame, keypoint, x, y and "
                                    f"perhaps z and confidence, each once")
    order = [columns.index(axis) for axis in axes]
    at, of = columns.index("frame"), columns.index("keypoint")
    names: dict[str, int] = {}
    frames: dict[int, dict[int, np.ndarray]] = {}
    for line, row in body:
        keypoints = frames.setdefault(frame_number(row[at], path, line), {})
        keypoint = names.setdefault(row[of], len(names))
        if keypoint in keypoints:
            raise FileFormatError(path, f"line {line}: keypoint {row[of]!r} is in frame {row[at]} twice")
        keypoints[keypoint] = to_numbers([row[i] for i in order], path, line)
    full = {}
    for frame, keypoints in frames.items():
        if whole and len(keypoints) < len(names):
            raise FileFormatError(path, f"has {len(keypoints)} of {len(names)} keypoints; it is not whole", frame)
        full[frame] = np.full((len(names), len(axes)), np.nan, np.float32)
        full[frame][list(keypoints)] = list(keypoints.values())
    first, values = _stacked(full, (len(names), len(axes)), path)
    return list(names), axes, first, values


def _axes(found, path):
    axes = [axis for axis in AXES if axis in found]
    if axes[:2] != ["x", "y"] or len(axes) < len(found) or ("std" in axes and "z" not in axes):
        raise FileFormatError(path, f"has columns for {', '.join(sorted(found))[:100] or 'nothing'}; expected x, y and "
                                    f"perhaps z, std (of z) and confidence")
    return axes


def _stacked(frames, shape, path):
    """The first frame and the values of all from it on, NaN for those that are missing."""
    if not frames:
        raise FileFormatError(path, "has a header, and no frames")
    first, last = min(frames), max(frames)
    if last - first > LARGEST_GAP + len(frames):
        raise FileFormatError(path, f"has {len(frames)} frames, numbered from {first} to {last}")
    size = np.atleast_1d(shape)
    values = np.full((last - first + 1, *size), np.nan, np.float32)
    for frame, row in frames.items():
        values[frame - first] = row
    return first, values
