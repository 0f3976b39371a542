"""What a table of points cannot say of itself: its skeleton, frame rate, units, and how long it should be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from liftz._files import FileFormatError
from liftz.io._clips import as_bunch
from liftz.sequences import to_object_array
from liftz.skeleton import Skeleton

__all__ = ["about_clip", "checked_about", "checked_first", "checked_points", "described", "no_confidence",
           "skeleton_for"]

FIELDS = ("name", "keypoints", "root", "edges", "regions", "roots", "pairs")
LAST = 10**9  # the highest number of a frame, a year at 30 frames a second


def checked_points(points, skeleton, confidence, std):
    """Points, and confidences and deviations or None, as float32, if they can be written."""
    points = np.asarray(points, float)
    if points.ndim != 3 or points.shape[1] != len(skeleton) or points.shape[2] not in (2, 3) or not len(points):
        raise ValueError(f"points must be (n_frames, {len(skeleton)}, 3) for {skeleton.name}, or 2 for x and y alone, "
                         f"got {points.shape}")
    beside = [None if values is None else np.asarray(values, float) for values in (confidence, std)]
    for name, values in zip(("confidence", "std"), beside, strict=True):
        if values is not None and values.shape != points.shape[:2]:
            raise ValueError(f"{name} must be {points.shape[:2]}, like points, got {values.shape}")
    if std is not None and points.shape[2] == 2:
        raise ValueError("std is how far off z may be, and the points have none")
    with np.errstate(over="ignore"):
        found = [None if values is None else values.astype(np.float32) for values in (points, *beside)]
    for values in found:
        if values is not None and np.isinf(values).any():
            frame, keypoint = np.argwhere(np.isinf(values))[0][:2]
            raise ValueError(f"frame {frame}, keypoint {skeleton.keypoints[keypoint]}: a number is infinite, or beyond "
                             f"float32's range")
    if confidence is not None and (spot := no_confidence(points, beside[0], skeleton)):
        raise ValueError(spot)
    return found


def checked_first(first_frame):
    """The number of a first frame, if it is one."""
    if isinstance(first_frame, (bool, np.bool_)) or not (
            isinstance(first_frame, (int, np.integer)) and 0 <= first_frame <= LAST):
        raise ValueError(f"first_frame must be a whole number from 0 on, got {first_frame!r}")
    return int(first_frame)


def no_confidence(points, confidence, skeleton):
    """What to say of the first point that is known and has no confidence; empty if there is none."""
    unsure = ~np.isnan(points[..., :2]).any(axis=2) & np.isnan(confidence)
    if not unsure.any():
        return ""
    frame, keypoint = np.argwhere(unsure)[0]
    return f"frame {frame}, keypoint {skeleton.keypoints[keypoint]}: x and y are given, but the confidence is missing"


def about_clip(skeleton, fps, units, y_up, points, confidence, std, **more):
    """What is no table, as a line of JSON."""
    if fps is not None and not (np.isfinite(fps) and fps > 0):
        raise ValueError(f"fps must be a positive number, got {fps!r}")
    fields = {field: getattr(skeleton, field) for field in FIELDS}
    fields["regions"], fields["roots"] = dict(skeleton.regions), dict(skeleton.roots)
    return json.dumps({"n_frames": len(points), "confidence": confidence is not None, "std": std is not None,
                       "units": units, "y_up": bool(y_up), "fps": None if fps is None else float(fps), **more,
                       "skeleton": fields})


def checked_about(about, n_frames, has_confidence, has_std, path):
    """What `about_clip` wrote, its skeleton made again."""
    if type(about) is not dict or type(about.get("skeleton")) is not dict:
        raise FileFormatError(path, "what it says about itself is not what liftz writes")
    missing = {"n_frames", "units", "y_up", "fps"} - about.keys()
    if missing:
        raise FileFormatError(path, f"does not say its {sorted(missing)[0]}, as liftz does")
    fps, units, y_up = about["fps"], about["units"], about["y_up"]
    if not (fps is None or type(fps) in (int, float) and 0 < fps < np.inf) or type(y_up) is not bool or not (
            units is None or type(units) is str):
        raise FileFormatError(path, f"says fps={fps!r}, units={units!r}, y_up={y_up!r} about itself"[:200])
    if about.get("n_frames") != n_frames:
        raise FileFormatError(path, f"has {n_frames} frames, and says it has {about.get('n_frames')}; it is not whole")
    for name, has in (("confidence", has_confidence), ("std", has_std)):
        if about.get(name, False) is not has:
            raise FileFormatError(path, f"has {'a' if has else 'no'} {name}, and says otherwise")
    first = about.get("first_frame", 0)
    if type(first) is not int or not 0 <= first <= LAST:
        raise FileFormatError(path, f"says that its first frame is {first!r}"[:200])
    try:
        skeleton = Skeleton(**{key: _tuples(value) for key, value in about["skeleton"].items()})
    except (TypeError, ValueError, AttributeError) as error:
        raise FileFormatError(path, f"its skeleton is none: {error}"[:300]) from None
    return {"fps": fps, "units": units, "y_up": y_up, "first_frame": first, "skeleton": skeleton}


def _tuples(value):
    """JSON's lists as the tuples that a skeleton is made of."""
    if type(value) is dict:
        return {key: _tuples(part) for key, part in value.items()}
    return tuple(map(_tuples, value)) if type(value) is list else value


def skeleton_for(path, about, skeleton, n_keypoints):
    """The skeleton that the file says it has, or else the one that was given; if both, they have to agree."""
    said = None if about is None else about["skeleton"]
    if said is None and skeleton is None:
        raise FileFormatError(path, f"does not say what its {n_keypoints} keypoints are; give skeleton=...")
    if skeleton is not None and said is not None and skeleton.keypoints != said.keypoints:
        raise FileFormatError(path, f"is of {said.name}, not of {skeleton.name}: their keypoints differ")
    skeleton = said if skeleton is None else skeleton
    if n_keypoints not in (None, len(skeleton)):
        raise FileFormatError(path, f"has {n_keypoints} keypoints, {skeleton.name} has {len(skeleton)}")
    return skeleton


def described(path, points, beside, skeleton, about, fps, units, y_up):
    """The Bunch of a table: what it says of itself, but for what the caller says."""
    confidence = beside.get("confidence")
    if confidence is not None and (spot := no_confidence(points, confidence, skeleton)):
        raise FileFormatError(path, spot)
    said = about or {"fps": None, "units": None, "y_up": False, "first_frame": 0}
    X = points[..., :2] if confidence is None else np.concatenate([points[..., :2], confidence[..., None]], axis=2)
    data = as_bunch([X.copy()], skeleton, recordings=[Path(path).stem], units=said["units"] if units is None else units,
                    y_up=said["y_up"] if y_up is None else y_up, fps=said["fps"] if fps is None else fps,
                    first_frames=np.array([said["first_frame"]]))
    if points.shape[2] == 3:
        data["y"] = to_object_array([points[..., 2].copy()])
    if "std" in beside:
        data["std"] = to_object_array([beside["std"].copy()])
    return data
