"""One JSON file of Panoptic Studio, that is one frame's bodies, faces or hands, checked to the last number."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

import numpy as np

from liftz._files import FileFormatError

__all__ = ["NO_REPROJECTION", "OURS", "Scene", "read_bodies", "read_faces", "read_hands"]

OURS = '"written_by":"liftz"'  # in such a file a face has its body's id, and zeros are coordinates like any other
NO_REPROJECTION = 1e5  # the average reprojection error, in px, of a landmark that was never triangulated
EMPTY_SCORE = 0.001  # a record whose average score is below holds nothing; the toolbox tests the same
C_TOKENS = re.compile(r'(?<![\w.+"-])[-+]?(?:nan(?:\(\w*\))?|inf(?:inity)?)(?![\w"])', re.IGNORECASE)


class Scene(NamedTuple):
    """What a frame's file says: (id, {region: points ``(n, 3)`` in cm}) per person, ids as they come."""

    people: list[tuple[int, dict[str, np.ndarray]]]
    ours: bool = False
    blank: bool = False


def read_bodies(path, frame, n_joints, min_confidence):
    """The bodies of a ``body3DScene`` file; joints of no greater confidence are NaN."""
    def body(record, ours):
        values = _numbers(record, f"joints{n_joints}", 4 * n_joints).reshape(n_joints, 4)
        return {"body": _points(values[:, :3], values[:, 3] > min_confidence, ours)}

    scene = _read(path, frame, "bodies", body)
    ids = [i for i, _ in scene.people]
    if len(ids) != len(set(ids)):
        raise FileFormatError(path, f"the body ids {ids} are not unique", frame)
    return scene


def read_faces(path, frame):
    """The faces of a ``faceRecon3D`` file."""
    return _read(path, frame, "people", _landmarks({"face": ("face70", 70)}))


def read_hands(path, frame):
    """The hands of a ``handRecon3D`` file; a person may have none, one or both."""
    return _read(path, frame, "people", _landmarks({"left_hand": ("left_hand", 21), "right_hand": ("right_hand", 21)}))


def _read(path, frame, key, regions_of):
    content = _load(path, frame)
    if content is None:
        return Scene([], blank=True)
    if not isinstance(content, dict) or not isinstance(content.get(key), list):
        raise FileFormatError(path, f"expected a list of {key!r}, found none", frame)
    people, ours = [], content.get("written_by") == "liftz"
    for number, record in enumerate(content[key]):
        try:
            if not isinstance(record, dict) or type(record.get("id")) is not int:
                raise ValueError("expected a record with a whole number as its 'id'")
            if record["id"] >= 0:  # below: a detection that belongs to nobody
                people.append((record["id"], regions_of(record, ours)))
        except ValueError as error:
            raise FileFormatError(path, f"{key}[{number}]: {error}", frame) from None
    return Scene(people, ours)


def _load(path, frame):
    try:
        text = path.read_bytes().decode("utf-8")
        if not text.strip("\0 \t\r\n"):
            return None
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return json.loads(C_TOKENS.sub("NaN", text))  # C++ prints nan and inf as JSON does not know them
    except OSError as error:
        raise FileFormatError(path, f"cannot be read: {error.strerror}", frame) from error
    except (ValueError, RecursionError) as error:
        raise FileFormatError(path, f"is cut off or no JSON: {error}", frame) from None


def _landmarks(keys):
    """A reader of the parts of a record, by region: (key, number of landmarks)."""
    def regions_of(record, ours):
        regions = {}
        for region, (key, n) in keys.items():
            part = record.get(key)
            if part is None:
                continue
            if not isinstance(part, dict):
                raise ValueError(f"{key!r}: expected a record with landmarks, got {type(part).__name__}")
            points = _numbers(part, "landmarks", 3 * n).reshape(n, 3)
            score = _numbers(part, "averageScore", n, default=1)
            error = _numbers(part, "averageReproError", n, default=0)
            valid = _numbers(part, "validity", n, default=1)
            if ours or np.nan_to_num(score).mean() >= EMPTY_SCORE:
                regions[region] = _points(points, (score > 0) & (error < NO_REPROJECTION) & (valid != 0), ours)
        return regions

    return regions_of


def _numbers(record, key, n, default=None):
    if default is not None and key not in record:
        return np.full(n, float(default))
    if key not in record:
        raise ValueError(f"expected {key!r}, found {', '.join(map(repr, record)) or 'nothing'}")
    try:
        values = np.array(record[key])
    except (ValueError, OverflowError):
        values = np.array("lists of different lengths")
    if values.shape != (n,) or values.dtype.kind not in "if":
        raise ValueError(f"{key!r}: expected {n} numbers, got {values.dtype} of shape {values.shape}")
    return values.astype(float)


def _points(xyz, seen, ours):
    """Float32, with NaN where a point was not seen; a row of zeros is a point never filled in."""
    with np.errstate(over="ignore"):
        points = xyz.astype(np.float32)
    points[~np.isfinite(points)] = np.nan
    points[~(seen & (ours | xyz.any(axis=1)))] = np.nan
    return points
