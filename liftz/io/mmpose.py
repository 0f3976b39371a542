"""JSON that MMPose's tools save, RTMW's among them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from liftz._files import FileFormatError
from liftz.io._clips import as_bunch, hide, skeleton_of
from liftz.io._frames import LARGEST_GAP, find_frames
from liftz.io._json import as_float32, numbers, parse, read_bytes, rows
from liftz.io._people import person_clips
from liftz.skeletons import COCO_WHOLEBODY_133

__all__ = ["read_mmpose"]

BODY_17 = COCO_WHOLEBODY_133.keypoints[:17]
COCO_17 = replace(COCO_WHOLEBODY_133.subset(BODY_17), name="COCO_17")
EMPTY = (np.nan, np.nan, 0)


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
