"""Whole-body JSON: what MMPose's tools save, RTMW's among them, and the H3WB data set."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from liftz._files import FileFormatError
from liftz.io._clips import as_bunch, hide, skeleton_of
from liftz.io._frames import LARGEST_GAP, find_frames
from liftz.io._json import as_float32, numbers, parse, read_bytes, rows
from liftz.io._people import person_clips
from liftz.sequences import to_object_array
from liftz.skeletons import COCO_WHOLEBODY_133

__all__ = ["read_h3wb", "read_mmpose"]

BODY_17 = COCO_WHOLEBODY_133.keypoints[:17]
COCO_17 = replace(COCO_WHOLEBODY_133.subset(BODY_17), name="COCO_17")
SUBJECT = re.compile(r"(?:.*/)?(S[0-9]+)/")
EMPTY = (np.nan, np.nan, 0)
KEYPOINTS = [str(i) for i in range(133)]
IDS = set(KEYPOINTS)


def read_mmpose(path, *, people=None, min_frames=1, min_confidence=0.3, fps=None, image_size=None):
    """Read what MMPose's tools save: a clip for each person, followed over the frames.

    That is the JSON of the demos' ``--save-predictions`` (whose frames count from 1, and come out from 0) and of the
    inferencer's ``pred_out_dir`` (from 0), of videos, or a folder with a file for each picture. Keypoints may be
    COCO-WholeBody's 133 (RTMW, DWPose), COCO's 17, or, where ``meta_info`` has their names, any. Every keypoint always
    has a place: those with a score below `min_confidence`, or of 0 and less, are guesses and come out as not seen.
    Scores may be above 1. Persons are followed by where they are.

    Parameters
    ----------
    path : str or path-like
        A file of a video or a picture, or a folder with a file for each picture, named by numbers.
    people, min_frames : optional
        As in `read_openpose`.
    min_confidence : float, default=0.3
        Keypoints with a lower score are not seen; 0.3 is what the demos draw from.
    fps, image_size : optional
        Frames per second, and width and height in pixels, where you know them: the files do not say.

    Returns
    -------
    Bunch
        With, per clip: `X`, x and y (down) in pixels and the score, ``(n_frames, n_keypoints, 3)``; `recordings`,
        `persons` and `first_frames`. And `skeleton`, `fps`, `units`, `y_up` and `image_size`.

    Raises
    ------
    FileFormatError
        Naming the file and the frame; also for the 3D demos' files, whose axes are swapped, and shifted, for drawing.

    References
    ----------
    https://github.com/open-mmlab/mmpose, demo/topdown_demo_with_mmdet.py and mmpose/apis/inferencers

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> from liftz.io import read_mmpose
    >>> person = {"keypoints": [[320.0, 240.0]] * 133, "keypoint_scores": [0.9] * 133}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "hello.json")
    ...     _ = file.write_text(json.dumps([{"frame_id": i, "instances": [person]} for i in range(5)]))
    ...     data = read_mmpose(file)
    >>> data.X[0].shape, data.skeleton.name
    ((5, 133, 3), 'COCO_WHOLEBODY_133')
    """
    path = Path(path)
    if path.is_dir():
        recordings = {name: [_picture(file, number) for number, file in files.items()]
                      for name, files in find_frames(path).items()}
    else:
        recordings = {path.stem: [(number or 0, path, *rest) for number, *rest in _frames(path)]}
    skeleton = None
    clips = []
    for recording, frames in recordings.items():
        at, points = [], []
        for number, file, instances, names in frames:
            if type(instances) is not list or not all(type(one) is dict for one in instances):
                raise FileFormatError(file, "expected a list of instances, each an object", number)
            for one in instances:
                skeleton = skeleton or _skeleton(one, names, file)
                at.append(number)
                points.append(_instance(one, skeleton, file, number))
        if points:
            values = np.stack(points)
            hide(values, min_confidence)
            seen = ~np.isnan(values[..., 0]).all(axis=1)
            clips += [(recording, *clip) for clip in person_clips(
                np.array(at)[seen], values[seen], EMPTY, people=people, min_frames=min_frames)]
    if not clips:
        raise FileFormatError(path, f"shows nobody in {min_frames} frames or more")
    titles, persons, firsts, X = zip(*clips, strict=True)
    return as_bunch(X, skeleton, recordings=titles, units="px", fps=fps, image_size=image_size,
                    persons=np.array(persons), first_frames=np.array(firsts))


def _picture(path, number):
    frames = _frames(path, number)
    if frames[0][0] is not None:
        raise FileFormatError(path, "is of a video, among others in a folder; read it by itself")
    return number, path, *frames[0][1:]


def _frames(path, number=None):
    """(frame, instances, names of keypoints) of a file; the frame is None if it is of a picture, names may be."""
    tree, names = parse(read_bytes(path, number), path, number), None
    of_demo = type(tree) is dict
    if of_demo:
        if "instance_info" not in tree:
            raise FileFormatError(path, 'is not what MMPose saves: expected a list, or an object with "instance_info"')
        meta = tree.get("meta_info")
        names = meta.get("keypoint_id2name") if type(meta) is dict else None
        names = list(names.values()) if type(names) is dict else names
        if names is not None and (type(names) is not list or not all(type(name) is str for name in names)):
            raise FileFormatError(path, "meta_info.keypoint_id2name: expected names of keypoints")
        tree = tree["instance_info"]
    if type(tree) is not list or not all(type(entry) is dict for entry in tree):
        raise FileFormatError(path, "expected a list of frames or of instances")
    if not any("frame_id" in entry or "instances" in entry for entry in tree):
        return [(None, tree, names)]
    frames: dict[int, list] = {}
    for entry in tree:
        frame = entry.get("frame_id")
        if type(frame) is not int or not 0 <= frame < 2**53 or "instances" not in entry or frame in frames:
            raise FileFormatError(path, f"expected frames with instances and a frame_id of their own, from 0 on; got "
                                        f"the frame_id {str(frame)[:20]}")
        frames[frame] = entry["instances"]
    for before, after in pairwise(sorted(frames)):
        if after - before > LARGEST_GAP:
            raise FileFormatError(path, f"the frame comes {after - before} frames after the one before it", after)
    first = 1 if of_demo and 0 not in frames else 0  # the demos count frames from 1
    return [(frame - first, frames[frame], names) for frame in sorted(frames)]


def _skeleton(one, names, path):
    n = len(one["keypoints"]) if type(one.get("keypoints")) is list else 0
    if names is not None and len(names) != n:
        raise FileFormatError(path, f"has {n} keypoints, and {len(names)} names of them in meta_info")
    if n in (17, 133):
        if names is not None and tuple(names[:17]) != BODY_17:
            wrong = next(i for i, name in enumerate(BODY_17) if names[i] != name)
            raise FileFormatError(path, f"keypoint {wrong} is {names[wrong]!r}; COCO has {BODY_17[wrong]!r} there")
        return COCO_WHOLEBODY_133 if n == 133 else COCO_17
    if names is None:
        raise FileFormatError(path, f"has {n} keypoints, and no names of them; expected 133 or 17")
    return skeleton_of(names, Path(path).stem, path)


def _instance(one, skeleton, path, frame):
    """x, y and score of a person, ``(n_keypoints, 3)``."""
    points = rows(one.get("keypoints"), len(skeleton), (2, 3), "keypoints", path, frame)
    if points.shape[1] == 3:
        raise FileFormatError(path, "has three coordinates a keypoint: MMPose's 3D demos swap and shift the axes for "
                                    "drawing, and do not say by how much; save the 2D keypoints", frame)
    scores = numbers(one.get("keypoint_scores"), "keypoint_scores", path, frame)
    if len(scores) != len(skeleton):
        raise FileFormatError(path, f"keypoint_scores has {len(scores)} numbers, expected {len(skeleton)}", frame)
    points = np.column_stack([points, as_float32(scores, "keypoint_scores", path, frame)])
    points[np.isnan(points).any(axis=1)] = EMPTY
    return points


def read_h3wb(path):
    """Read H3WB, whole bodies of Human3.6M in three dimensions: single pictures, each a clip of one frame.

    Parameters
    ----------
    path : str or path-like
        A JSON file with an object of samples, ``{"0": {"keypoints_2d": {"0": {"x": ..., "y": ...}, ...},
        "keypoints_3d": {"0": {"x": ..., "y": ..., "z": ...}, ...}}, ...}``. Ids need not be contiguous. All samples
        have 2D keypoints, or none, and so it is with 3D ones.

    Returns
    -------
    Bunch
        With, per sample: `X`, x and y (down) in pixels, ``(1, 133, 2)``, NaN where there are no 2D keypoints; `y`,
        z in mm of the camera, ``(1, 133)``, and `points`, x, y and z in mm, ``(1, 133, 3)``, where there are any;
        `recordings`, the ids. And `skeleton`, `fps`, None as these are no videos, `units`, `y_up` and `image_size`;
        `depth_units` beside `y`; `groups`, the subjects, where ``image_path`` names them, as in ``S1/Images/...``.

    Raises
    ------
    FileFormatError
        Naming the file and the sample.

    References
    ----------
    Zhu, Samet, Picard: "H3WB: Human3.6M 3D WholeBody Dataset and Benchmark", ICCV 2023.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> from liftz.io import read_h3wb
    >>> sample = {"keypoints_2d": {str(i): {"x": i, "y": 2} for i in range(133)},
    ...           "keypoints_3d": {str(i): {"x": i, "y": 2, "z": 3000} for i in range(133)}}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "h3wb.json")
    ...     _ = file.write_text(json.dumps({"0": sample, "8": sample}))
    ...     data = read_h3wb(file)
    >>> data.X[1].shape, data.y[1][0, 5], data.recordings.tolist()
    ((1, 133, 2), np.float32(3000.0), ['0', '8'])
    """
    samples = parse(read_bytes(path), path, as_read=_packed)
    if type(samples) is not dict or not samples or not all(type(sample) is dict for sample in samples.values()):
        raise FileFormatError(path, "is not H3WB: expected an object of samples, each an object")
    X: list[np.ndarray] = []
    points: list[np.ndarray] = []
    lacks = None
    for name, sample in samples.items():
        # Its README once wrote keypont_2d.
        flat = _by_id(sample.get("keypoints_2d", sample.get("keypont_2d")), "xy", f"sample {name}, keypoints_2d", path)
        deep = _by_id(sample.get("keypoints_3d"), "xyz", f"sample {name}, keypoints_3d", path)
        if flat is None and deep is None:
            raise FileFormatError(path, f"sample {name} has neither keypoints_2d nor keypoints_3d")
        if X and (flat is None, deep is None) != lacks:
            raise FileFormatError(path, f"sample {name} lacks keypoints that the samples before have, or the reverse")
        lacks = flat is None, deep is None
        X.append(np.full((1, 133, 2), np.nan, np.float32) if flat is None else flat)
        points.append(np.full((1, 133, 3), np.nan, np.float32) if deep is None else deep)
    more = {}
    if not all(np.isnan(deep).all() for deep in points):
        more = {"y": [deep[..., 2].copy() for deep in points], "points": to_object_array(points), "depth_units": "mm"}
    subjects = {name: SUBJECT.match(str(sample.get("image_path"))) for name, sample in samples.items()}
    nameless = [name for name, subject in subjects.items() if not subject]
    if nameless and len(nameless) < len(samples):
        raise FileFormatError(path, f"sample {nameless[0]}, image_path: names no subject, such as S1/, as others do")
    if not nameless:
        more["groups"] = np.array([subject[1] for subject in subjects.values() if subject])
    return as_bunch(X, COCO_WHOLEBODY_133, recordings=list(samples), units="px", **more)


def _packed(found):
    """An object of 133 keypoints as the array that `_by_id` makes of it; anything else, and what is wrong, as it is."""
    if found.keys() != IDS or type(found["0"]) is not dict:
        return found
    try:
        return _by_id(found, "xyz" if "z" in found["0"] else "xy", "", "")
    except FileFormatError:
        return found  # to be told where the name of the sample is known


def _by_id(keypoints, axes, what, path):
    """Coordinates ``(1, 133, len(axes))`` of objects by the keypoints' numbers, in whatever order they stand."""
    if keypoints is None:
        return None
    if isinstance(keypoints, np.ndarray):
        if keypoints.shape[2] < len(axes):
            raise FileFormatError(path, f"{what}: keypoint 0 has no {' and '.join(axes)}")
        return keypoints[..., :len(axes)]
    if type(keypoints) is not dict or keypoints.keys() != IDS:
        raise FileFormatError(path, f"{what}: expected keypoints by their numbers, 0 to 132")
    values = []
    for i in KEYPOINTS:
        point = keypoints[i]
        if type(point) is not dict or not all(axis in point for axis in axes):
            raise FileFormatError(path, f"{what}: keypoint {i} has no {' and '.join(axes)}")
        values += [point[axis] for axis in axes]
    return as_float32(numbers(values, what, path), what, path).reshape(1, 133, len(axes))
