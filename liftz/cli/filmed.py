"""Panoptic's recordings as their own cameras saw them: pixels, and depths along the camera's axis."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from .._words import some
from ..datasets import load_panoptic
from ..datasets.cameras import read_calibration
from ..datasets.filming import film
from ..sequences import to_object_array
from .inputs import notes_told

__all__ = ["film_panoptic"]


def film_panoptic(errors, kind, folder, cameras):
    """All recordings in a folder by all of the cameras, a clip for each person and camera.

    Returns
    -------
    Bunch
        Of `film`, with `shown`: x and y along the camera's axes, in the unit of the depths; `cameras`, of the clips.
    """
    if kind != "panoptic":
        raise ValueError(f"--camera is for panoptic:FOLDER, whose cameras are calibrated, got {kind}")
    root = Path(folder).expanduser()  # no shell does, behind a colon
    data = load_panoptic(root)  # in the world of its cameras: not turned
    parts = [_filmed(errors, data, root / recording, camera, cameras)
             for recording in np.unique(data.recordings) for camera in dict.fromkeys(cameras)]
    sizes = {part.image_size for part in parts}
    if len(sizes) > 1:
        raise ValueError(f"--camera {' '.join(cameras)}: their pictures are of {len(sizes)} sizes, "
                         f"{' and '.join(f'{width} x {height}' for width, height in sorted(sizes))} px; take some of "
                         f"one size")
    per_clip = {key: np.concatenate([part[key] for part in parts])
                for key, value in parts[0].items() if isinstance(value, np.ndarray)}
    return Bunch(**{**parts[0], **per_clip, "camera": ", ".join(dict.fromkeys(cameras))})


def _filmed(errors, data, folder, name, cameras):
    own = data.recordings == folder.name
    data = Bunch(**{key: value[own] if isinstance(value, np.ndarray) else value for key, value in data.items()})
    file = folder / f"calibration_{folder.name}.json"
    if not file.exists():
        raise ValueError(f"--camera {' '.join(cameras)} takes the calibration of each recording, and {file} is not "
                         f"there")
    found = read_calibration(file)
    if name not in found:
        hd = [other for other, camera in found.items() if camera.kind == "hd"] or list(found)
        raise ValueError(f"{file}: there is no camera {name!r}; there are {some(hd)}")
    camera = found[name]
    data["shown"] = to_object_array([camera.to_camera(np.dstack([clip, depth]))[..., :2].astype(np.float32)
                                     for clip, depth in zip(data.X, data.y, strict=True)])
    try:
        with notes_told(errors, folder.name):
            filmed = film(data, camera)
    except ValueError as error:
        raise ValueError(f"{folder}: {error}") from None
    filmed["cameras"] = np.full(len(filmed.X), name)
    return filmed
