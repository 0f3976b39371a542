"""NIA's Korean sign language data: OpenPose's lists of one person, with 3D keypoints and the camera beside them."""

from __future__ import annotations

import re

import numpy as np

from liftz._files import FileFormatError
from liftz.io._frames import find_frames
from liftz.io._openpose_frames import read_frames
from liftz.io._openpose_layout import Layout
from liftz.io.openpose import followed
from liftz.sequences import to_object_array

__all__ = ["read_nia"]

NAME = re.compile(r"(?:.*/)?NIA_SL_(?P<sign>[A-Za-z]+[0-9]+)_(?P<signer>[A-Za-z]+[0-9]+)_(?P<view>[A-Za-z]+)")
CAMERA = {"Intrinsics": (3, 3), "CameraMatrix": (3, 4)}


def read_nia(path, *, fps=None, image_size=None):
    """Read NIA-style JSON: a clip for each recording, pixels of one camera with the depth of that camera.

    Files are as OpenPose writes them (see `read_openpose`, whose rules hold here too), but ``people`` is one person and
    no list, beside 2D there are 3D lists, and ``camparam`` has the camera, with ``Intrinsics``, ``CameraMatrix`` and
    ``Distortion`` as text. The 3D lists are the same in all views of a performance: world coordinates. `y` is what a
    camera needs to be told: their depth in its own frame. Without ``camparam`` it is the z of the lists as they are.

    Views of one performance are recordings of their own. Split by `groups`, never by recordings.

    Parameters
    ----------
    path : str or path-like
        A folder of such files, of one recording or several; a folder of such folders; or one file.
    fps, image_size : optional
        As in `read_openpose`: the files do not say.

    Returns
    -------
    Bunch
        As from `read_openpose`; with `points`, the 3D lists, `y`, the depth, and `cameras`, for each clip a dict of
        ``K``, ``R``, ``t`` and ``dist``, or None. Depths are in the unit of the calibration, which the files do not
        say. Where recordings are named ``NIA_SL_WORD0001_REAL01_F``: `groups`, the signers (``REAL01``), `signs`
        (``WORD0001``) and `views` (``F``).

    Raises
    ------
    FileFormatError
        Naming the file and the frame.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> from liftz.io import read_nia
    >>> person = {"pose_keypoints_2d": [100, 200, 0.9] * 25, "pose_keypoints_3d": [1, 2, 3, 1] * 25}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "NIA_SL_WORD0001_REAL01_F_000000000000_keypoints.json")
    ...     _ = file.write_text(json.dumps({"version": "1.3", "people": person}))
    ...     data = read_nia(folder)
    >>> data.groups, data.y[0][0, 0]
    (array(['REAL01'], dtype='<U6'), np.float32(3.0))
    """
    layout = Layout()
    recordings = {name: read_frames(files, layout) for name, files in find_frames(path).items()}
    for name, recording in recordings.items():
        if len(np.unique(recording.frames)) < len(recording.frames):
            raise FileFormatError(path, f"recording {name}: people lists several persons in a frame, as in OpenPose's "
                                        f"files; read_openpose reads them")
    # One person by definition: nobody is to be followed, and no jump makes two of one.
    data = followed(path, recordings, layout, one_person=True, fps=fps, image_size=image_size)
    cameras = [_camera(recordings[name].camera, path, name) for name in data.recordings.tolist()]
    data["cameras"] = cameras
    if "points" in data:
        data["y"] = to_object_array([_depth(points, camera)
                                     for points, camera in zip(data.points, cameras, strict=True)])
    matches = [NAME.fullmatch(name) for name in data.recordings.tolist()]
    if all(matches):
        for key, group in (("groups", "signer"), ("signs", "sign"), ("views", "view")):
            data[key] = np.array([match[group] for match in matches if match])
    return data


def _camera(camera, path, recording):
    """K, R, t and the distortion, from the text of OpenPose's calibration."""
    if camera is None:
        return None
    try:
        found = {key: np.array(camera[key]["data"].split(), float).reshape(shape) for key, shape in CAMERA.items()}
        dist = np.array(camera.get("Distortion", {}).get("data", "").split(), float)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise FileFormatError(path, f"recording {recording}: its camparam is not as expected, with 9 numbers in "
                                    f"Intrinsics.data and 12 in CameraMatrix.data: {error!r}") from None
    matrix = found["CameraMatrix"]
    if not all(np.isfinite(values).all() for values in (*found.values(), dist)):
        raise FileFormatError(path, f"recording {recording}: its camparam has numbers that are not finite")
    if not np.allclose(matrix[:, :3] @ matrix[:, :3].T, np.eye(3), atol=1e-3) or np.linalg.det(matrix[:, :3]) < 0:
        raise FileFormatError(path, f"recording {recording}: its CameraMatrix does not begin with a rotation")
    return {"K": found["Intrinsics"], "R": matrix[:, :3], "t": matrix[:, 3], "dist": dist}


def _depth(points, camera):
    if camera is None:
        return points[..., 2].copy()
    return (points.astype(float) @ camera["R"][2] + camera["t"][2]).astype(np.float32)
