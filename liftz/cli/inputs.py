"""Keypoints in: which files a command was given, what they say of themselves, and what to call their clips."""

from __future__ import annotations

import json
import re
import warnings
from contextlib import contextmanager
from enum import StrEnum

from .common import say

__all__ = ["ENDINGS", "PROBLEMS", "Units", "clip_names", "counted", "files_in", "in_space", "is_lifter", "notes_told",
           "read_source", "skeleton_named"]

PROBLEMS = (ValueError, OSError, ImportError)  # of data, files, and packages that are not installed
ENDINGS = (".pose", ".npz", ".csv", ".h5", ".hdf5")
ONE_UNIT = (".pose", ".npz", ".csv")  # z is in the unit of x and y
LIFTER = b'{"__metadata__"'  # after the eight bytes that safetensors begins with


class Units(StrEnum):
    """What x and y, or depths, may be in."""

    px = "px"
    mm = "mm"
    cm = "cm"
    m = "m"


def files_in(paths):
    """What is to be read one after the other: files, folders of frames, and all the files of a folder of files."""
    found = []
    for path in paths:
        files = []
        if path.is_dir() and next(path.glob("*_keypoints.json"), None) is None:
            files = sorted(file for file in path.iterdir() if file.suffix.lower() in ENDINGS and file.name[0] != ".")
        found += files or [path]
    return found


def is_lifter(path):
    """Whether a file is a lifter, as `liftz.persistence.save` writes them, and not keypoints."""
    try:
        with open(path, "rb") as file:
            return path.suffix.lower() == ".liftz" or file.read(8 + len(LIFTER))[8:] == LIFTER
    except OSError:  # a folder, or not there: the reader will tell
        return False


def read_source(path, reading=(), *, fps=None, units=None, image_size=None, people=None):
    """The clips of a file or folder, as `read_clips` gives them, with what the command's options say of them.

    Parameters
    ----------
    path : Path
    reading : sequence of str
        Options of the format's reader, each ``name=value``.
    fps, units, image_size : optional
        Go before what the file says.
    people : int, optional
        Keep only so many persons of each recording, those with the most keypoints seen.

    Returns
    -------
    Bunch
        Of `read_clips`, with `depth_units` where it has depths: None if the file does not say.
    """
    from ..io import FileFormatError, read_clips

    if is_lifter(path):
        raise FileFormatError(path, "is a lifter, and no keypoints: liftz info tells what it takes, and liftz lift "
                                    "lifts with it")
    if path.is_dir() and not any(path.iterdir()):
        raise FileFormatError(path, "is an empty folder")
    if (files := files_in([path])) != [path]:
        raise FileFormatError(path, f"is a folder of {counted(len(files), 'file')}: give one, such as {files[0]}")
    try:
        data = read_clips(path, **dict(map(_option, reading)))
    except TypeError as error:
        raise ValueError(str(error)) from None
    except FileFormatError as error:
        if "load_panoptic" not in error.problem:
            raise
        raise FileFormatError(path, f"is a recording of Panoptic Studio, or has some; liftz fit, evaluate, tune and "
                                    f"stats read a folder of them as panoptic:{path}") from None
    if "y" in data:
        data["depth_units"] = data.units if path.suffix.lower() in ONE_UNIT else None
    for name, given in (("fps", fps), ("units", units), ("image_size", image_size)):
        if given is not None:
            data[name] = str(given) if isinstance(given, StrEnum) else given
    return data if people is None else _most_seen(data, people)


def clip_names(data):
    """A name for each clip that can be part of a file's name: its recording, and its person where there are several."""
    recordings = [str(name) for name in data.recordings]
    names = [f"{name}_{person}" if recordings.count(name) > 1 else name
             for name, person in zip(recordings, data.get("persons", range(len(recordings))), strict=True)]
    return [re.sub(r"[^\w.-]+", "_", name) for name in names]


def counted(n, what):
    """``1 clip``, ``2 clips``."""
    return f"{n} {what}{'s' * (n != 1)}"


def skeleton_named(name):
    """A ready-made skeleton by its name."""
    from .. import skeletons

    if name.upper() not in skeletons.__all__:
        raise ValueError(f"there is no skeleton {name!r}; there are {', '.join(skeletons.__all__)}")
    return getattr(skeletons, name.upper())


def in_space(data, i, *, attach=True):
    """Points of a clip with depths; MediaPipe's have a root for each region, and `attach` puts those onto the body.

    Raises
    ------
    ValueError
        If there is no body to put them onto.
    """
    import numpy as np

    from ..assembly import assemble
    from ..skeletons import MEDIAPIPE_HOLISTIC

    if attach and data.skeleton == MEDIAPIPE_HOLISTIC:
        return assemble(data.X[i], data.y[i], data.skeleton, units=data.units, y_up=data.y_up).points
    return np.concatenate([data.X[i][..., :2], data.y[i][..., None]], axis=2)


@contextmanager
def notes_told(console, name=None):
    """Warnings become lines, each told once."""
    with warnings.catch_warnings(record=True) as caught:
        yield
    for message in dict.fromkeys(str(warning.message) for warning in caught):
        say(console, f"note: {message}" if name is None or str(name) in message else f"note: {name}: {message}")


def _option(text):
    """A pair of ``name=value``; the value is JSON, or else text."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise ValueError(f"--read takes NAME=VALUE, such as min_frames=10, got {text!r}")
    if name == "skeleton":
        return name, skeleton_named(value)
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _most_seen(data, people):
    import numpy as np
    from sklearn.utils import Bunch

    from ..sequences import seen

    counts = np.array([seen(clip).sum() for clip in data.X])
    kept = np.sort(np.concatenate([own[np.argsort(-counts[own], kind="stable")[:people]] for own in
                                   (np.flatnonzero(data.recordings == name) for name in np.unique(data.recordings))]))
    return Bunch(**{key: value[kept] if isinstance(value, np.ndarray) and len(value) == len(counts) else value
                    for key, value in data.items()})
