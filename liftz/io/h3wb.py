"""JSON of the H3WB data set: whole bodies in pixels, with depths."""

from __future__ import annotations

import re

import numpy as np

from liftz._files import FileFormatError
from liftz.io._clips import as_bunch
from liftz.io._json import as_float32, numbers, parse, read_bytes
from liftz.sequences import to_object_array
from liftz.skeletons import COCO_WHOLEBODY_133

__all__ = ["read_h3wb"]

SUBJECT = re.compile(r"(?:.*/)?(S[0-9]+)/")
KEYPOINTS = [str(i) for i in range(133)]
IDS = set(KEYPOINTS)


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
