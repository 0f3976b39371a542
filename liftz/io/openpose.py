"""OpenPose: a folder of JSON, a file for each frame."""

from __future__ import annotations

import numpy as np

from liftz._files import FileFormatError
from liftz.io._clips import as_bunch
from liftz.io._frames import find_frames
from liftz.io._openpose_frames import MOST, read_frames
from liftz.io._openpose_layout import Layout
from liftz.io._people import person_clips
from liftz.sequences import to_object_array

__all__ = ["read_openpose"]

SCALES = (0, 3, 4)  # of --keypoint_scale: pixels of the input, [0, 1], [-1, 1]


def read_openpose(path, *, people=None, min_frames=1, keypoint_scale=0, fps=None, image_size=None):
    """Read what OpenPose wrote with ``--write_json``: a clip for each person, followed over the frames.

    Files are named ``<recording>_000000000012_keypoints.json``; the last number is the frame. The body may be
    BODY_25, BODY_19, COCO_18 or MPI_15, with or without a face and hands; ``pose_keypoints`` and its like, as
    written before version 1.2, are read as well. Whoever a file lists first says nothing: persons are followed by
    where they are. Not seen (x and y NaN, confidence 0) is what has the confidence 0, or lies at exactly 0, 0. A frame
    without a file is one in which nobody was seen. A confidence of up to 1.05 is taken for 1.

    A file is whole or refused: cut off, with a key twice, with numbers beyond float32's range or lists of other
    lengths than the frames before. A digit that has become another digit cannot be told from data.

    Parameters
    ----------
    path : str or path-like
        A folder of such files, of one recording or several; a folder of such folders; or one file.
    people : int, optional
        Keep only so many persons of each recording, those with the most keypoints seen: ``people=1`` for the one
        signer of a video with passers-by and ghosts. Default: everybody.
    min_frames : int, default=1
        Leave out persons who were seen in fewer frames.
    keypoint_scale : {0, 3, 4}, default=0
        What OpenPose was run with: 3 for coordinates from 0 to 1, 4 for -1 to 1. Both need `image_size` and come out
        in pixels.
    fps : float, optional
        Frames per second, where you know them: the files do not say.
    image_size : (int, int), optional
        Width and height in pixels: the files do not say.

    Returns
    -------
    Bunch
        With, per clip: `X`, x and y (down) in pixels and a confidence, ``(n_frames, n_keypoints, 3)``, from the first
        to the last frame that the person was seen in; `recordings`; `persons`, numbered as they appear;
        `first_frames`, the number of the clip's first frame. And `skeleton`, `fps`, `units`, `y_up`, `image_size`.
        Where files have 3D keypoints too, `points`, their x, y and z, ``(n_frames, n_keypoints, 3)``, and `y`, the z,
        in the coordinates and the unit of the calibration, which the files do not say.

    Raises
    ------
    FileFormatError
        Naming the file and the frame.

    References
    ----------
    The format: https://github.com/CMU-Perceptual-Computing-Lab/openpose/blob/master/doc/02_output.md

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> from liftz.io import read_openpose
    >>> person = {"pose_keypoints_2d": [100, 200, 0.9] * 24 + [0, 0, 0]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for frame in range(3):
    ...         file = pathlib.Path(folder, f"hello_{frame:012d}_keypoints.json")
    ...         _ = file.write_text(json.dumps({"version": 1.3, "people": [person]}))
    ...     data = read_openpose(folder)
    >>> data.X[0].shape, data.recordings.tolist(), data.skeleton.name
    ((3, 25, 3), ['hello'], 'BODY_25[body]')
    >>> data.X[0][0, -1]
    array([nan, nan,  0.], dtype=float32)
    """
    if keypoint_scale not in SCALES:
        raise ValueError(f"keypoint_scale must be 0, 3 or 4, got {keypoint_scale!r}")
    if keypoint_scale and image_size is None:
        raise ValueError(f"keypoint_scale={keypoint_scale} needs image_size=(width, height), to give pixels")
    layout = Layout()
    recordings = {name: read_frames(files, layout) for name, files in find_frames(path).items()}
    for name, recording in recordings.items():
        if recording.single:
            raise FileFormatError(path, f"recording {name}: people is one person and no list, as in NIA's files; "
                                        f"read_nia reads them")
    data = followed(path, recordings, layout, people=people, min_frames=min_frames, keypoint_scale=keypoint_scale,
                    fps=fps, image_size=image_size)
    if "points" in data:
        data["y"] = to_object_array([points[..., 2].copy() for points in data.points])
    return data


def followed(path, recordings, layout, *, people=None, min_frames=1, keypoint_scale=0, fps=None, image_size=None,
             one_person=False):
    """The Bunch of the persons in recordings, followed over the frames; with `points` where there are any."""
    kept = slice(None) if all(layout.present) else layout.kept
    spatial = any(recording.deep is not None for recording in recordings.values())
    clips = []
    for name, recording in recordings.items():
        if not len(recording.frames):
            continue
        values = recording.points[:, kept]
        _to_pixels(values, recording.largest, keypoint_scale, image_size, path, f"recording {name}")
        if spatial:
            points = np.full((*values.shape[:2], 3), np.nan, np.float32)
            if recording.deep is not None:
                points[...] = recording.deep[:, kept, :3]
            values = np.concatenate([values, points], axis=2)
        clips += [(name, *clip) for clip in person_clips(
            recording.frames, values, (np.nan, np.nan, 0, *(np.nan,) * 3)[:values.shape[2]],
            people=people, min_frames=min_frames, one_person=one_person)]
    if not clips:
        raise FileFormatError(path, f"shows nobody in {min_frames} frames or more")
    names, persons, firsts, values = zip(*clips, strict=True)
    more = {"points": to_object_array([clip[..., 3:].copy() for clip in values])} if spatial else {}
    X = [clip[..., :3].copy() for clip in values] if spatial else values
    return as_bunch(X, layout.skeleton, recordings=names, units="px", fps=fps, image_size=image_size,
                    persons=np.array(persons), first_frames=np.array(firsts), **more)


def _to_pixels(values, largest, keypoint_scale, image_size, path, name):
    """Undo, in place, what --keypoint_scale did; refuse coordinates of another scale than was said."""
    if keypoint_scale:
        if largest > 1.5:
            raise FileFormatError(path, f"{name} has coordinates up to {largest:g}; with keypoint_scale="
                                        f"{keypoint_scale} there are none beyond 1")
        if keypoint_scale == 4:
            values[..., :2] = (values[..., :2] + 1) / 2
        values[..., :2] *= np.subtract(image_size, 1)
    elif largest <= MOST:
        raise FileFormatError(path, f"{name} has no coordinate beyond 1, as OpenPose writes it with "
                                    f"--keypoint_scale 3 or 4; say keypoint_scale=3 or 4, and image_size=(width, "
                                    f"height)")
