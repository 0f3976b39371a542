"""`liftz convert`: keypoints to another format, or another skeleton."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .common import errors_told, say
from .inputs import PROBLEMS, Units, clip_names, counted, files_in, notes_told, read_source, skeleton_named
from .outputs import SPATIAL, check_needs, check_outputs, output_for, write_clip


def convert(
    inputs: Annotated[list[Path], typer.Argument(help="Files, folders of frames, or folders of files.",
                                                 metavar="INPUT", show_default=False)],
    output: Annotated[list[Path], typer.Option("--output", "-o", help="File to write: .npz, .csv or .pose; with depths "
                                               "also .bvh, .c3d or .trc. May be given several times. Of several clips "
                                               "each gets its name in: at {name}, or at the end.")],
    to: Annotated[str | None, typer.Option(metavar="SKELETON", help="Convert to this skeleton, such as "
                                           "OPENPOSE_137.")] = None,
    fps: Annotated[float | None, typer.Option(min=0.1, help="Frames per second, where a file does not say.")] = None,
    units: Annotated[Units | None, typer.Option(help="Of x and y, where a file does not say.")] = None,
    image_size: Annotated[tuple[int, int] | None, typer.Option(min=1, help="Of the picture, in px, where a file does "
                                                               "not say.")] = None,
    people: Annotated[int | None, typer.Option(min=1, help="Keep so many persons of each recording, those most "
                                               "seen.")] = None,
    read: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="An option of the format's reader, such "
                                                   "as min_frames=10.")] = None,
):
    """Convert keypoints, with their depths where they have some, to another format or another skeleton."""
    from rich.console import Console

    console, errors = Console(), Console(stderr=True)
    paths = files_in(inputs)
    check_outputs(output, paths)
    with errors_told():
        target = None if to is None else skeleton_named(to)
    taken, failed = {path.resolve() for path in paths}, []
    for path in paths:
        try:
            with notes_told(errors, path):
                data = read_source(path, read or (), fps=fps, units=units, image_size=image_size, people=people)
                _convert(console, path, data, target, output, len(paths) > 1, taken)
        except PROBLEMS as error:
            failed.append(str(path))
            say(errors, f"error: {error}" if str(path) in str(error) else f"error: {path}: {error}")
    if failed:
        if len(paths) > 1:
            say(errors, f"error: not converted: {', '.join(failed)}")
        raise typer.Exit(1)


def _convert(console, path, data, target, outputs, many, taken):
    from ..conversion import convert as to_skeleton

    names = clip_names(data)
    source, skeleton = data.skeleton, target or data.skeleton
    if data.units is None:
        raise ValueError("the unit of x and y is not known: --units px, or mm, cm or m")
    depths = data.get("y")
    if depths is not None and data.depth_units != data.units:
        say(console, f"{path}: depths are left out, since they are not in the {data.units} of x and y")
        depths = None
    check_needs(outputs, data, depths=depths is not None)
    for i, name in enumerate(names):
        clip, points = data.X[i], data.X[i][..., :2]
        if depths is not None:
            points = _in_space(data, i, attach=any(output.suffix.lower() in SPATIAL for output in outputs))
        points = to_skeleton(points, source, skeleton, positions=points.shape[2] == 3)
        confidence = to_skeleton(clip, source, skeleton)[..., 2] if clip.shape[2] == 3 else None
        for output in outputs:
            place = output_for(output, name, many or len(names) > 1, taken)
            told = write_clip(place, points, skeleton, fps=data.fps, units=data.units, y_up=data.y_up,
                              confidence=confidence, image_size=data.image_size)
            say(console, f"{place}: {counted(len(clip), 'frame')} of {skeleton.name}{told and f'; {told}'}")


def _in_space(data, i, *, attach):
    """Points of a clip; MediaPipe's depths have a root for each region, and `attach` puts those onto the body."""
    import numpy as np

    from ..assembly import assemble
    from ..skeletons import MEDIAPIPE_HOLISTIC

    if attach and data.skeleton == MEDIAPIPE_HOLISTIC:
        return assemble(data.X[i], data.y[i], data.skeleton, units=data.units, y_up=data.y_up).points
    return np.concatenate([data.X[i][..., :2], data.y[i][..., None]], axis=2)
