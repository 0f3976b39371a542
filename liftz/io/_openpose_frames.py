"""The JSON that OpenPose writes for each frame, read into arrays: the part that has to be fast."""

from __future__ import annotations

from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from liftz._files import FileFormatError
from liftz.io._json import numbers, parse, read_bytes
from liftz.io._openpose_layout import BODIES

try:
    import simdjson
except ImportError:  # the same comes out without it, more slowly
    simdjson = None  # type: ignore[assignment]

__all__ = ["MOST", "Recording", "read_frames"]

MOST = 1.05  # a confidence is a little above 1 at times; much more is another format, or other columns
BLOCK = 64  # frames at a time, which stay in the processor's cache

PARTS = ("pose", "face", "hand_left", "hand_right")
FLAT = tuple(f"{part}_keypoints_2d" for part in PARTS)
DEEP = tuple(f"{part}_keypoints_3d" for part in PARTS)
OLD = tuple(f"{part}_keypoints" for part in PARTS)  # FLAT before version 1.2
KNOWN = {*FLAT, *DEEP, *OLD, "person_id"}
DIGITS = b"0123456789.,+-eE"


class Recording(NamedTuple):
    """Everybody in a recording's frames of whom something was seen, in no order; all four parts of each."""

    frames: np.ndarray  # (n,)
    points: np.ndarray  # (n, n_keypoints, 3): x, y, confidence
    deep: np.ndarray | None  # (n, n_keypoints, 4): x, y, z, confidence
    largest: float  # of all numbers in `points`
    camera: Any
    single: bool  # whether `people` is one person and no list


def read_frames(files, layout):
    """Read the files of a recording, given by frame number."""
    parser = simdjson.Parser() if simdjson is not None else None
    layout.begin()
    camera, single, largest, first = None, False, 0.0, True
    blocks = []
    paths = iter(files.items())
    while block := list(islice(paths, BLOCK)):
        frames: list[int] = []
        rows, deep = bytearray(), bytearray()
        for number, path in block:
            content = read_bytes(path, number)
            frame = _read_fast(content, parser, layout) if parser is not None else None
            people, its_camera, one = frame or _read_slowly(content, layout, path, number)
            if not first and its_camera != camera:
                raise FileFormatError(path, "its camparam differs from that of the frames before", number)
            camera, single, first = its_camera, single or one, False
            for flat, in_space in people:
                for part in flat:
                    rows += part
                if in_space is not None:
                    deep += bytes(len(rows) // 3 * 4 - len(deep) - 8 * layout.deep_size)  # of those before without
                    for part in in_space:
                        deep += part
                frames.append(number)
        if not frames:
            continue
        points, seen, most = _checked(rows, 3, frames, files, layout)
        spatial = None
        if deep:
            deep += bytes(len(rows) // 3 * 4 - len(deep))
            spatial = _checked(deep, 4, frames, files, layout)[0][seen]
        blocks.append((np.array(frames)[seen], points[seen], spatial))
        largest = max(largest, most)
    frames_of_all, points_of_all, deep_of_all = _joined(blocks)
    return Recording(frames_of_all, points_of_all, deep_of_all, largest, camera, single)


def _read_fast(content, parser, layout):
    """What `_read_slowly` gives, or None where it is not known to be the same.

    Of two equal keys this parser takes the first without a word, and a list within a list it takes for one. But frames
    differ in their digits: if one whose rest was the same has been read slowly, there is nothing like that in here.
    Keys that differ in a digit look the same then, so all of them are looked up.
    """
    keys_of = layout.outlines.get(content.translate(None, DIGITS))
    if keys_of is None:
        return None
    try:
        tree = parser.parse(content)
        people = tree["people"]
        one = type(people) is simdjson.Object
        found = []
        for person, keys in zip((people,) if one else people, keys_of[1:], strict=True):
            lists = {key: values for key in keys if len(values := person[key])}
            flat = []
            for key, size, zeros, present in layout.parts:
                values = lists.pop(key, None)
                if values is None:
                    flat.append(zeros)
                elif len(values) == size and present:
                    flat.append(values.as_buffer(of_type="d"))
                else:
                    return None
            in_space = None
            if lists:
                if [len(lists.get(key, ())) for key in DEEP] != layout.deep_sizes:
                    return None
                if all(part is zeros for part, zeros in zip(flat, layout.zeros, strict=True)):
                    return None
                in_space = [lists[key].as_buffer(of_type="d") for key in DEEP]
            found.append((flat, in_space))
        return found, tree["camparam"].as_dict() if keys_of[0] else None, one
    except (ValueError, RuntimeError, TypeError, AttributeError, KeyError):
        return None


def _read_slowly(content, layout, path, number):
    """The four 2D lists, and 3D lists or None, of each person, as bytes of float64 with zeros for those that are empty;
    the camera; and whether `people` was one person."""
    tree = parse(content, path, number)
    people = tree.get("people") if type(tree) is dict else None
    one = type(people) is dict
    if one:
        people = [people]
    if type(people) is not list or not all(type(person) is dict for person in people):
        raise FileFormatError(path, 'is not what OpenPose writes: expected an object with a list "people" of objects',
                              number)
    found = []
    for person in people:
        extra = person.keys() - KNOWN  # of another tool, or a key that is misspelt, or was damaged
        if layout.extra not in (None, extra):
            odd = sorted(layout.extra ^ extra)[0]
            raise FileFormatError(path, f"has other keys than the people before: {odd[:40]!r} is in only one of them",
                                  number)
        layout.extra = extra
        flat = [_bytes(person.get(new, person.get(old)), new, path, number) for new, old in zip(FLAT, OLD, strict=True)]
        deep = [_bytes(person.get(key), key, path, number) for key in DEEP]
        if any(flat):
            if not layout.fixed:
                _fix(layout, len(flat[0]) // 8, path, number)
            layout.present = [bool(part) or before for part, before in zip(flat, layout.present, strict=True)]
            found.append((_filled(flat, layout.sizes, FLAT, path, number),
                          _filled(deep, layout.deep_sizes, DEEP, path, number) if any(deep) else None))
        elif any(deep):
            raise FileFormatError(path, "has 3D keypoints of somebody without 2D ones", number)
    layout.parts = list(zip(FLAT, layout.sizes, layout.zeros, layout.present, strict=True))
    if not any(key in person for person in people for key in OLD):
        layout.outlines[content.translate(None, DIGITS)] = ["camparam" in tree, *(
            [key for key in (*FLAT, *DEEP) if key in person] for person in people)]
    return found, tree.get("camparam"), one


def _bytes(values, key, path, number):
    try:
        return b"" if values is None else np.array(numbers(values, key, path, number), float).tobytes()
    except OverflowError:
        raise FileFormatError(path, f"{key} has a number beyond float32's range", number) from None


def _fix(layout, n_numbers, path, number):
    if n_numbers and (n_numbers % 3 or n_numbers // 3 not in BODIES):
        raise FileFormatError(path, f"pose_keypoints_2d has {n_numbers} numbers; expected 3 for each of "
                                    f"{', '.join(f'{n} ({body.name})' for n, body in BODIES.items())}", number)
    layout.fix(n_numbers // 3 or 25)


def _filled(parts, sizes, keys, path, number):
    for part, size, key in zip(parts, sizes, keys, strict=True):
        if part and len(part) != 8 * size:
            raise FileFormatError(path, f"{key} has {len(part) // 8} numbers, expected {size} or none", number)
    return [part or bytes(8 * size) for part, size in zip(parts, sizes, strict=True)]


def _checked(rows, n_channels, frames, files, layout):
    """Points of float32, with what was not seen hidden, a selection of those of whom anything was, and
    the largest number."""
    with np.errstate(over="ignore"):
        points = np.frombuffer(rows).astype(np.float32).reshape(len(frames), -1, n_channels)
    confidence = points[..., -1]
    if not (np.isfinite(points.sum()) and confidence.min() >= 0 and confidence.max() <= MOST):
        with np.errstate(invalid="ignore"):
            wrong = np.isinf(points).any(axis=2) | (confidence < 0) | (confidence > MOST)
        if wrong.any():
            row, keypoint = np.argwhere(wrong)[0]
            values = ", ".join(f"{value:g}" for value in points[row, keypoint])
            raise FileFormatError(files[frames[row]], f"{layout.names[keypoint]} is {values}; expected finite "
                                                      f"coordinates and a confidence from 0 to 1", frames[row])
        points[np.isnan(points).any(axis=2)] = 0
    largest = float(points.max())  # of all, where any coordinate is above 1
    np.minimum(confidence, 1, out=confidence)
    # Not seen is 0, 0, 0. Some tools write a confidence to it, and others leave a place to what has none.
    nowhere = (points[..., 0] == 0) & (points[..., 1] == 0)
    if n_channels == 4:
        nowhere &= points[..., 2] == 0
    unseen = (confidence == 0) | nowhere
    for channel in range(n_channels - 1):
        np.copyto(points[..., channel], np.nan, where=unseen)
    confidence[unseen] = 0
    nobody = unseen.all(axis=1)
    return points, ~nobody if nobody.any() else slice(None), largest


def _joined(blocks):
    """The arrays of all blocks; of the 3D points, where any block has them."""
    if not blocks:
        return np.empty(0, int), np.empty((0, 0, 3), np.float32), None
    frames, points, deep = zip(*blocks, strict=True)
    spatial = None
    if any(part is not None for part in deep):
        spatial = np.concatenate([np.full((*flat.shape[:2], 4), np.nan, np.float32) if part is None else part
                                  for flat, part in zip(points, deep, strict=True)])
    return np.concatenate(frames), np.concatenate(points), spatial
