"""Recordings of the world as a real camera saw them: pixels, with the depths along its axis."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.utils import Bunch

from liftz.preprocessing import RootCenterer
from liftz.sequences import check_sequences, seen, to_object_array

__all__ = ["film"]


def film(data, camera):
    """A recording as one of its cameras saw it: pixels in, depths along the camera's axis out.

    Parameters
    ----------
    data : Bunch
        A data set in the coordinates of the camera's world, such as ``load_panoptic(root)`` with its default of
        ``turn=0``: x and y in `X`, z in `y`, and the `skeleton`.
    camera : Camera

    Returns
    -------
    Bunch
        The same data set, its clips that the camera saw something of: `X`, px to the right and down from the
        picture's top left, ``(n_frames, n_keypoints, 2)``, NaN for what is behind the camera or outside the
        picture, or was never known; `y`, depth along the camera's axis in the data's `units`, relative to the
        skeleton's root, known for what is outside the picture, too. And `image_size`, `camera`, and
        ``keypoint_units="px"``.

    Raises
    ------
    ValueError
        If the camera saw nobody.

    Warns
    -----
    UserWarning
        Telling the share of what was outside the picture and behind the camera, and which clips were left out.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz.datasets import make_signing
    >>> from liftz.datasets.cameras import Camera
    >>> from liftz.datasets.filming import film
    >>> data = make_signing(n_signers=1, n_clips=2, n_frames=40)  # cm, three metres before the origin
    >>> camera = Camera("front", (1920, 1080), [[1400, 0, 960], [0, 1400, 540], [0, 0, 1]], np.zeros(5), np.eye(3),
    ...                 np.zeros(3))
    >>> seen = film(data, camera)
    >>> seen.X[0].shape, seen.y[0].shape, seen.keypoint_units, seen.units
    ((40, 138, 2), (40, 138), 'px', 'cm')
    """
    if data.y_up:
        raise ValueError("y is up in these data; a camera's world has y down, as Panoptic's")
    X, y = check_sequences(data.X, data.y, skeleton=data.skeleton)
    pixels, distances, kept = [], [], []
    known = behind = outside = 0
    for i, (clip, depth) in enumerate(zip(X, y, strict=True)):
        points = np.dstack([clip[..., :2], depth])
        there = seen(clip) & seen(depth)
        distances.append(distance := camera.to_camera(points)[..., 2])
        visible = camera.sees(points)
        known += there.sum()
        behind += (distance <= 0).sum()
        outside += (there & (distance > 0) & ~visible).sum()
        if visible.any():
            kept.append(i)
            pixels.append(np.where(visible[..., None], camera.project(points), np.nan).astype(np.float32))
    if not kept:
        raise ValueError(f"camera {camera.name!r} sees none of the {len(X)} clips: {outside} keypoint-frames are "
                         f"outside its picture, {behind} behind it; are the data in its world's coordinates?")
    if behind or outside or len(kept) < len(X):
        lost = [str(data.recordings[i]) for i in range(len(X)) if i not in set(kept)]
        warnings.warn(f"camera {camera.name!r}: {100 * outside / known:.1f} % of the keypoint-frames are outside the "
                      f"picture, {100 * behind / known:.1f} % behind the camera: NaN in X"
                      + f"; clips left out: {', '.join(lost)}" * bool(lost), stacklevel=2)
    depths = RootCenterer(data.skeleton, per_region=False).fit_transform(to_object_array(distances))
    per_clip = {key: value[kept] for key, value in data.items()
                if isinstance(value, np.ndarray) and value.shape == X.shape and key not in ("X", "y")}
    return Bunch(**{**data, **per_clip, "X": to_object_array(pixels), "y": depths[kept], "camera": camera.name,
                    "image_size": camera.image_size, "keypoint_units": "px"})
