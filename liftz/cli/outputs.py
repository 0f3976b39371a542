"""Clips out: which files a command was asked for, and the writer for each, by its ending."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec

import typer

from .._files import is_no_file
from .common import READ, writable
from .inputs import begins_as_lifter

__all__ = ["SPATIAL", "TABLES", "check_lifter_output", "check_needs", "check_outputs", "output_for", "write_clip"]

ENDINGS = (".npz", ".csv", ".pose", ".bvh", ".c3d", ".trc")
TIMED = ENDINGS[2:]  # cannot do without frames per second
SPATIAL = ENDINGS[3:]  # nor without depths
TABLES = ENDINGS[:2]  # all that there is to say has a place in them


def check_outputs(outputs, inputs):
    """Refuse, before any work, what no writer writes, where nothing can be written, and what would be overwritten."""
    for output in outputs:
        problem = ""
        if output.suffix.lower() not in ENDINGS or output.is_dir():
            problem = f"expected a file that ends in {', '.join(ENDINGS)}, got {output}"
        elif re.search(r"\{(?!name\})", output.name):
            problem = f"{output}: {{name}} stands for a clip's name, and other braces for nothing"
        elif not output.parent.is_dir():
            problem = f"{output} cannot be written: its folder does not exist"
        elif is_no_file(output):
            problem = f"{output} cannot be written: it is a device or a pipe"
        elif not os.access(output.parent, os.W_OK):
            problem = f"{output} cannot be written: its folder is not open to you"
        elif output.suffix.lower() == ".pose" and find_spec("pose_format") is None:
            problem = '.pose files need the package pose-format: pip install "liftz[pose]"'
        elif any(output.resolve() == path.resolve() for path in inputs):
            problem = f"{output} would overwrite what it is made from"
        if problem:
            raise typer.BadParameter(problem, param_hint="--output")


def check_lifter_output(path, made_from):
    """Refuse, before any work, to write a lifter over anything else, or where a recording would be looked for."""
    writable(path, "--output", made_from)
    problem = ""
    if READ.search(path.name):
        problem = f"{path} has a recording's ending; a lifter's is .liftz"
    elif path.exists() and path.stat().st_size and not begins_as_lifter(path):
        problem = f"{path} is there already, and is no lifter"
    if problem:
        raise typer.BadParameter(problem, param_hint="--output")


def check_needs(outputs, data, *, depths):
    """Refuse, before any work, what a clip cannot be written as, for want of something that the format needs."""
    for output in outputs:
        ending = output.suffix.lower()
        if ending in TIMED and data.fps is None:
            raise ValueError(f"{ending} needs frames per second, and these keypoints do not say theirs: --fps 25")
        if ending == ".pose" and (data.units != "px" or data.y_up):
            raise ValueError(f".pose is for pixels with y down, and these keypoints are in {data.units}, with y "
                             f"{'up' if data.y_up else 'down'}")
        if ending == ".pose" and data.image_size is None:
            raise ValueError(".pose needs the size of the picture, and these keypoints do not say theirs: "
                             "--image-size 1280 720")
        if ending in SPATIAL and not depths:
            raise ValueError(f"{ending} needs depths, and these keypoints have none: liftz lift adds them")


def output_for(output, name, many, taken):
    """The file for one clip: `output` itself if it is the only one, else one that has the clip's name in its own.

    `taken` are files that are read or were written; this one becomes one of them.
    """
    if "{name}" in output.name:
        output = output.with_name(output.name.replace("{name}", name))
    elif many:
        stem = name if f"{name}_".startswith(f"{output.stem}_") else f"{output.stem}_{name}"
        output = output.with_name(f"{stem}{output.suffix}")
    if output.resolve() in taken:
        raise ValueError(f"{output} is read here, or was written just now from another clip of this name")
    taken.add(output.resolve())
    return output


def write_clip(path, points, skeleton, *, fps, units, y_up, confidence=None, image_size=None, std=None, first_frame=0,
               csv_layout="wide"):
    """Write one clip, of x and y or of x, y and z, in the format of the file's ending.

    Parameters
    ----------
    path : Path
    points : array of shape (n_frames, n_keypoints, 2 or 3)
        In `units`.
    skeleton : Skeleton
    fps : float or None
    units : str
    y_up : bool
    confidence : array of shape (n_frames, n_keypoints), optional
        For the formats that have one.
    image_size : (int, int), optional
        For ``.pose``.
    std : array of shape (n_frames, n_keypoints), optional
        Of z, in `units`; for ``.npz`` and ``.csv``.
    first_frame : int, default=0
        Which frame of its recording the clip begins with.
    csv_layout : {"wide", "long"}, default="wide"

    Returns
    -------
    str
        What there is to say of the file, for people; empty if nothing.
    """
    from .. import io

    ending = path.suffix.lower()
    about = {"fps": fps, "units": units, "y_up": y_up}
    begins = f"it begins with frame {first_frame} of the recording, for which {ending} has no place" * bool(first_frame)
    if ending == ".pose":
        return "; ".join(filter(None, (_write_pose(path, points, skeleton, confidence, image_size, fps), begins)))
    if ending == ".bvh":
        return "; ".join(filter(None, (io.write_bvh(path, points, skeleton, **about).describe(units), begins)))
    if ending in SPATIAL:
        {".c3d": io.write_c3d, ".trc": io.write_trc}[ending](path, points, skeleton, first_frame=first_frame, **about)
    elif ending == ".csv":
        io.write_csv(path, points, skeleton, confidence=confidence, std=std, first_frame=first_frame,
                     layout=csv_layout, **about)
    else:
        io.write_npz(path, points, skeleton, confidence=confidence, std=std, first_frame=first_frame, **about)
    return ""


def _write_pose(path, points, skeleton, confidence, image_size, fps):
    import numpy as np

    from ..conversion import convert
    from ..io import write_pose
    from ..sequences import seen

    layout, missing = _layout(skeleton)
    if confidence is None:
        confidence = np.where(seen(points), 1, 0)
    X = convert(np.concatenate([points[..., :2], confidence[..., None]], axis=2), skeleton, layout)
    y = [convert(points, skeleton, layout, positions=True)[..., 2]] if points.shape[2] == 3 else None
    write_pose(path, [X], y, skeleton=layout, fps=fps, image_size=image_size)
    if layout.keypoints == skeleton.keypoints:
        return ""
    return f"as {layout.name}, {missing} of whose {len(layout)} keypoints {skeleton.name} does not have"


def _layout(skeleton):
    """The layout of .pose that keeps most of the keypoints, and how many of its own it leaves empty."""
    from ..conversion import correspondence
    from ..skeletons import COCO_WHOLEBODY_133, MEDIAPIPE_HOLISTIC, OPENPOSE_137

    best = None
    for layout in (OPENPOSE_137, COCO_WHOLEBODY_133, MEDIAPIPE_HOLISTIC):
        if layout.keypoints == skeleton.keypoints:
            return layout, 0
        try:
            found = correspondence(skeleton, layout)
        except ValueError:  # nothing in common
            continue
        kept = sum(map(bool, found.values()))
        if best is None or kept > best[0]:
            best = kept, layout
    if best is None:
        raise ValueError(f"{skeleton.name} has no keypoint that a .pose file has")
    return best[1], len(best[1]) - best[0]
