"""Keypoints in: which files a command was given, what they say of themselves, and what to call their clips."""

from __future__ import annotations

import json
import re
import warnings
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from .._units import IN_MM
from .._words import some
from .common import say

__all__ = ["ENDINGS", "PROBLEMS", "Units", "begins_as_lifter", "clip_names", "counted", "files_in", "in_space",
           "is_lifter", "notes_told", "read_source", "skeleton_named"]

PROBLEMS = (ValueError, OSError, ImportError)  # of data, files, and packages that are not installed
ENDINGS = (".pose", ".npz", ".csv", ".h5", ".hdf5")
ONE_UNIT = (".pose", ".npz", ".csv")  # z is in the unit of x and y
FARTHEST_SHARE = 2.0  # of a picture's width and height, and then beyond its edge
LIFTER = b'{"__metadata__"'  # after the eight bytes that safetensors begins with


class Units(StrEnum):
    """What x and y, or depths, may be in."""

    px = "px"
    mm = "mm"
    cm = "cm"
    m = "m"


def files_in(paths, console=None):
    """What is to be read one after the other: files, folders of frames, and all of them in a folder and in those in it.

    What lies there besides and may be a recording, too, is told of on the console, and so are folders in a folder.
    """
    found: list[Path] = []
    for path in paths:
        left_out: list[Path] = []
        files = _files_of(path, left_out) if path.is_dir() else []
        found += files or [path]
        inner = dict.fromkeys(file.parent for file in files if file not in (path, path / file.name))
        if inner and console is not None:
            say(console, f"note: {path}: read with the folders in it: {some(inner, 3)}")
        if files and left_out and console is not None:
            say(console, f"note: {path}: {some(left_out, 3)}: JSON, which a folder of files is not read for; it can be "
                         f"given by itself")
    return found


def _files_of(folder, left_out):
    if next(folder.glob("*_keypoints.json"), None) is not None:
        return [folder]
    inside = sorted(path for path in folder.iterdir() if path.name[0] != ".")
    left_out += [path for path in inside if path.suffix.lower() == ".json"]
    files = [path for path in inside if path.suffix.lower() in ENDINGS]
    return files + [file for path in inside if path.is_dir() and not path.is_symlink()
                    for file in _files_of(path, left_out)]


def is_lifter(path):
    """Whether a file is a lifter, as `liftz.persistence.save` writes them, and not keypoints."""
    try:
        return begins_as_lifter(path) or path.suffix.lower() == ".liftz"
    except OSError:  # a folder, or not there: the reader will tell
        return False


def begins_as_lifter(path):
    with open(path, "rb") as file:
        return file.read(8 + len(LIFTER))[8:] == LIFTER


def read_source(path, reading=(), *, fps=None, units=None, image_size=None, people=None):
    """The clips of a file or folder, as `read_clips` gives them, with what the command's options say of them.

    Parameters
    ----------
    path : Path
    reading : sequence of str
        Options of the format's reader, each ``name=value``.
    fps, units, image_size : optional
        For a file that does not say. One that says otherwise is refused; but another `fps` stands, and is told of.
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
    reading = dict(map(_option, reading))
    if image_size is not None and "keypoint_scale" in reading:  # what makes pixels of shares of a picture
        reading.setdefault("image_size", image_size)
    try:
        data = read_clips(path, **reading)
    except TypeError as error:
        raise ValueError(str(error)) from None
    except FileFormatError as error:
        if "load_panoptic" not in error.problem:
            raise
        raise FileFormatError(path, f"is a recording of Panoptic Studio, or has some; liftz fit, evaluate, tune and "
                                    f"stats read a folder of them as panoptic:{path}") from None
    for name, given in (("fps", fps), ("units", units), ("image_size", image_size)):
        if given is None:
            continue
        if data.get(name) is None:
            data[name] = str(given) if isinstance(given, StrEnum) else given
        elif (tuple(data[name]) if name == "image_size" else data[name]) != given:
            told = f"--{name.replace('_', '-')} is for files that do not say theirs, and this one says {data[name]}"
            if name != "fps":
                raise FileFormatError(path, told)
            warnings.warn(f"{told}: that stands", stacklevel=2)  # others of a folder may need it
    if data.units == "px":
        _check_pixels(path, data.X)
    if "y" in data:
        data.setdefault("depth_units", data.units if path.suffix.lower() in ONE_UNIT else None)
    return data if people is None else _most_seen(data, people)


def _check_pixels(path, X):
    """Refuse shares of the picture, such as MediaPipe's, that were called pixels: they are stretched."""
    import numpy as np

    from ..io import FileFormatError

    farthest = max((float(np.nanmax(abs(clip[..., :2]))) for clip in X if not np.isnan(clip[..., 0]).all()), default=0)
    if 0 < farthest <= FARTHEST_SHARE:
        raise FileFormatError(path, f"has no x or y beyond {farthest:.3g}, which can be no pixels: of shares of the "
                                    f"picture, from 0 to 1, x times its width and y times its height are")


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
    """Points of a clip with depths, in its units; MediaPipe's have roots of their own: `attach` puts them on the body.

    Raises
    ------
    ValueError
        If there is no body to put them onto.
    """
    import numpy as np

    from ..assembly import assemble
    from ..skeletons import MEDIAPIPE_HOLISTIC

    if attach and data.skeleton == MEDIAPIPE_HOLISTIC:
        world = assemble(data.X[i], data.y[i], data.skeleton, units=data.units, y_up=data.y_up)
        return world.points / np.float32(1 if world.units == data.units else IN_MM[data.units])
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
    names = np.array(clip_names(data))
    kept = np.sort(np.concatenate([own[np.argsort(-counts[own], kind="stable")[:people]] for own in
                                   (np.flatnonzero(data.recordings == name) for name in np.unique(data.recordings))]))
    if len(kept) < len(names):
        left_out = np.delete(names, kept)
        warnings.warn(f"--people {people} leaves out {counted(len(left_out), 'person')} of {len(names)}: "
                      f"{some(left_out)}", stacklevel=3)
    return Bunch(**{key: value[kept] if isinstance(value, np.ndarray) and len(value) == len(counts) else value
                    for key, value in data.items()})
