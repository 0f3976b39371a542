"""What a lifter is fitted and measured on: a data set, or files with depths, as the lifter will see them."""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from .._units import IN_MM
from .._words import some
from ..adjustment import resample, stretch
from ..augmentation import BodyAugmenter
from ..compatibility import SAME_FPS
from ..conversion import convert, correspondence
from ..datasets import project
from ..plausibility import depth_direction, depth_unit, exchanged_hands
from ..sequences import to_object_array
from .common import open_data, say
from .filmed import film_panoptic
from .inputs import clip_names, counted, files_in, notes_told, read_source, skeleton_named
from .signers import clip_labels, read_signers

__all__ = ["check_signers", "open_training", "to_draw"]

KINDS = ("synthetic", "isl-kinect", "panoptic")


def open_training(console, errors, sources, *, track="T1", cameras=None, signers=None, keypoints_of=None, root=None,
                  depth_units=None, fps=None, units=None, read=None, seed=0, one_rate=True):
    """The data to fit on, as a lifter sees them, and the parameters of the recipe for them.

    Parameters
    ----------
    console, errors : Console
        For what was done, and for notes.
    sources : sequence of str
        A ``kind:FOLDER``, or files and folders of files.
    track, cameras, signers, keypoints_of, root, depth_units, fps, units, read, seed
        As in `liftz fit`.
    one_rate : bool, default=True
        Whether files of other frame rates than the first's are brought to that, or their frames left as they are.

    Returns
    -------
    data : Bunch
        `X`, x and y in `keypoint_units`; `y` in `units`; `groups`, or None; `recordings`; `names`, of the clips;
        `shown`, x and y in the unit of the depths, or None; `camera`, or None; `skeleton`, `fps`, `y_up`, `image_size`.
    recipe : dict
        For `make_lifter`.
    """
    recipe: dict = {}
    distance = None
    kind, _, folder = sources[0].partition(":")
    if kind in KINDS and not Path(sources[0]).exists():
        if fps or units or depth_units or read:
            raise ValueError(f"--fps, --units, --depth-units and --read are for files of your own, and {sources[0]} "
                             f"knows all that")
        if len(sources) > 1:
            raise ValueError(f"{sources[0]} is taken alone, got {some(sources, 3)}")
        if cameras:
            data = film_panoptic(errors, kind, folder, cameras)
        else:
            data, distance, recipe = open_data(sources[0])
    elif cameras:
        raise ValueError("--camera is for panoptic:FOLDER, whose cameras are calibrated; recordings of your own are "
                         "pixels of their camera already, or need none")
    else:
        data = _read(errors, [Path(source).expanduser() for source in sources],
                     {"fps": fps, "units": units}, read or (), depth_units, one_rate, signers)
    data = Bunch(**{"groups": None, "keypoint_units": data["units"], "image_size": None, "shown": None, "camera": None,
                    "names": np.array(clip_names(data)), **data})
    if signers is not None:
        data["groups"] = read_signers(signers, data)
    data["X"] = to_object_array([clip[..., :2] for clip in data.X])
    if track == "T2":
        _as_detected(data, distance, seed)
    if keypoints_of is not None:
        _convert(console, data, skeleton_named(keypoints_of))
    if root is not None:
        data.skeleton = data.skeleton.with_root(root)
    return data, recipe | _stride(data.fps)


def check_signers(data, sources, why):
    """The signers of the data, which have to be told apart."""
    what = some(sources, 3)
    if data.groups is None:
        raise ValueError(f"nobody says who signs in {what}, and {why}: give --signers FILE.csv, a table with the "
                         f"columns recording and signer; the recordings are {some(dict.fromkeys(clip_labels(data)))}")
    signers = sorted(set(data.groups))
    if len(signers) < 2:
        raise ValueError(f"{what} has one signer, {signers[0]}: {why}, which takes two at least"
                         + (". In Panoptic recordings a manifest.csv says who is who; without it each recording counts "
                            "as one" if sources[0].startswith("panoptic:") else ""))
    return signers


def _stride(fps):
    """Of 30 frames a second nets read every third one; of far fewer they leave out less."""
    return {} if fps is None or fps >= 23 else {"stride": 2 if fps >= 14 else 1}


def _as_detected(data, distance, seed):
    """Track T2, in place: pixels, with noise and gaps."""
    if data.camera:  # pixels already; one focal length away, a plane keeps its size
        flat = Bunch(**{**data, "y": to_object_array([np.ones_like(depth) for depth in data.y])})
        data["X"] = project(flat, "T2", focal=1.0, random_state=seed)
        return
    if data.keypoint_units == "px":
        raise ValueError("track T2 makes pixels of metric x and y, and these are pixels already: leave it out")
    if data.units == "px":
        raise ValueError(f"track T2 takes x, y and depths in units of length, and these depths are in {data.units}")
    data["X"] = to_draw(data)[0].X
    try:
        X = project(data, "T2", distance=distance, random_state=seed)
    except ValueError as error:
        raise ValueError(str(error).replace("(set distance= for coordinates without a camera)",
                                            "(track T2 takes depths from the camera)")) from None
    data["shown"] = data.X
    if data.y_up:  # where y grows up, x is to the picture's left; a picture's grows to the right
        X, data["shown"] = stretch(X, -1, 1), stretch(data.X, -1, -1)
    data["X"], data["keypoint_units"], data["y_up"] = X, "px", False


def to_draw(data):
    """The data with x and y in the unit of the depths, and what to say of how they got there, or an empty text."""
    if data.shown is not None:
        return Bunch(**{**data, "X": data.shown}), ""
    if data.keypoint_units == data.units:
        return data, ""
    if data.keypoint_units in IN_MM and data.units in IN_MM:
        scale = IN_MM[data.keypoint_units] / IN_MM[data.units]
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where no bone moves, 1 is as good as any
            scale = 1 / BodyAugmenter(data.skeleton).fit(data.X, data.y).xy_per_depth_
    return (Bunch(**{**data, "X": stretch(data.X, scale, scale)}),
            f"1 {data.keypoint_units} as {scale:.2g} {data.units}"
            + ", by how bones foreshorten" * (data.keypoint_units not in IN_MM or data.units not in IN_MM))


def _read(errors, paths, about, read, depth_units, one_rate, signers):
    """Files with depths, one after the other in one data set."""
    parts: list[Bunch] = []
    rates: Counter[float] = Counter()
    odd: dict[str, list] = {"unit": [], "direction": [], "hands": []}
    for path in files_in(paths, errors):
        if signers is not None and path.resolve() == signers.resolve():  # it may lie among the recordings
            continue
        with notes_told(errors, path):
            part = read_source(path, read, **about)
        if "y" not in part:
            raise ValueError(f"{path} has no depths, and a lifter is fitted on depths")
        if part.units is None:
            raise ValueError(f"{path}: the unit of x and y is not known: --units px, or mm, cm or m")
        part["depth_units"] = str(depth_units) if depth_units else part.depth_units
        if part.depth_units is None:
            raise ValueError(f"{path}: x and y are in {part.units}, and the unit of the depths is not known: "
                             f"--depth-units mm, or px, cm or m")
        part["names"] = np.array(clip_names(part))
        _check_depths(path, part.y, part.names)
        for what, told in _oddities(part).items():
            odd[what] += [f"{path}: {told}"] * bool(told)
        first = parts[0] if parts else part
        if one_rate and (part.fps is None) != (first.fps is None):
            raise ValueError(f"{path}: fps is {part.fps}, that of the files before is {first.fps}: say --fps")
        if one_rate and part.fps and abs(part.fps / first.fps - 1) > SAME_FPS:
            rates[part.fps] += 1
            part["X"], part["y"] = (resample(clips, part.fps, first.fps) for clips in (part.X, part.y))
        for key in ("skeleton", "units", "depth_units", "y_up", "image_size"):
            if part[key] != first[key]:
                raise ValueError(f"{path}: {key} is {part[key]}, that of the files before is {first[key]}: they are "
                                 f"not of one kind")
        part["paths"] = [path] * len(part.X)
        part["persons"] = np.array(part.get("persons", range(len(part.X)))).astype(str)
        parts.append(part)

    if not parts:
        raise ValueError(f"{some(paths)} holds no recordings beside {signers}")
    for rate, n in rates.items():
        say(errors, f"note: {counted(n, 'file')} brought from {rate:.4g} to {parts[0].fps:.4g} frames per second, "
                    f"those of {parts[0].paths[0]}")

    def joined(key):
        return np.concatenate([part[key] for part in parts]) if all(key in part for part in parts) else None

    first, X, y = parts[0], joined("X"), joined("y")
    if not odd["direction"]:  # short files tell together what none of them does
        odd["direction"] += filter(None, [depth_direction(X, y, first.skeleton, y_up=first.y_up)])
    for found in filter(None, odd.values()):
        more = f"; likewise in {counted(len(found) - 1, 'other file')}" * (len(found) > 1)
        say(errors, f"note: {found[0]}{more}")
    return Bunch(X=X, y=y, groups=joined("groups"), recordings=joined("recordings"),
                 persons=joined("persons"), names=joined("names"), paths=[p for part in parts for p in part.paths],
                 first_frames=joined("first_frames"), skeleton=first.skeleton, fps=first.fps, units=first.depth_units,
                 keypoint_units=first.units, y_up=first.y_up, image_size=first.image_size)


def _oddities(part):
    """A sentence each on what is odd about the clips of a file; empty where nothing is."""
    return {"unit": depth_unit(part.X, part.y, part.skeleton, units=part.units, depth_units=part.depth_units),
            "direction": depth_direction(part.X, part.y, part.skeleton, y_up=part.y_up),
            "hands": exchanged_hands(part.X, part.skeleton, first_frames=part.get("first_frames"),
                                     names=part.names if len(part.X) > 1 else None)}


def _check_depths(path, y, names):
    """Refuse clips none of whose depths is known, and z that is one number throughout, as beside points of a plane."""
    lacking = [name for name, depth in zip(names, y, strict=True) if np.isnan(depth).all()]
    if lacking:
        which = "it" if len(y) == 1 else some(lacking)
        raise ValueError(f"{path}: no depth is known of {which}, and a lifter is fitted on depths: leave it out")
    known = np.concatenate([depth[~np.isnan(depth)] for depth in y])
    if len(known) > 1 and (known == known[0]).all():
        raise ValueError(f"{path}: all depths are {known[0]:g}: it is flat, and a lifter is fitted on depths")


def _convert(console, data, skeleton):
    missing = [name for name, found in correspondence(data.skeleton, skeleton).items() if not found]
    for key in ("X", "y", "shown"):
        data[key] = None if data[key] is None else convert(data[key], data.skeleton, skeleton)
    say(console, f"converted from {data.skeleton.name} to {skeleton.name}"
                 + (f", {len(missing)} of whose {len(skeleton)} keypoints are not known" if missing else ""))
    data.skeleton = skeleton
