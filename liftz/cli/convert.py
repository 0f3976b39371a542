"""`liftz convert`: keypoints to another format, or another skeleton."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options
from .common import errors_told, say, what_it_says
from .inputs import PROBLEMS, clip_names, counted, files_in, in_space, notes_told, read_source, skeleton_named
from .outputs import SPATIAL, check_needs, check_outputs, output_for, write_clip


def convert(
    inputs: Annotated[list[Path], typer.Argument(help="Files, folders of frames, or folders of files.",
                                                 metavar="INPUT", show_default=False)],
    output: Annotated[list[Path], typer.Option("--output", "-o", help="File to write: .npz, .csv or .pose; with depths "
                                               "also .bvh, .c3d or .trc. May be given several times. Of several clips "
                                               "each gets its name in: at {name}, or at the end.")],
    to: Annotated[str | None, typer.Option(metavar="SKELETON", help="Convert to this skeleton, such as "
                                           "OPENPOSE_137.")] = None,
    fps: options.Fps = None,
    units: options.XYUnits = None,
    image_size: options.ImageSize = None,
    people: options.People = None,
    csv_layout: options.CsvLayout = options.Layout.WIDE,
    read: options.Read = None,
):
    """Convert keypoints, with their depths where they have some, to another format or another skeleton."""
    from rich.console import Console

    console, errors = Console(), Console(stderr=True)
    with errors_told():
        paths = files_in(inputs, errors)
        target = None if to is None else skeleton_named(to)
    check_outputs(output, paths)
    taken, failed = {path.resolve() for path in paths}, []
    for path in paths:
        try:
            with notes_told(errors, path):
                data = read_source(path, read or (), fps=fps, units=units, image_size=image_size, people=people)
                _convert(console, path, data, target, output, len(paths) > 1, taken, csv_layout.value)
        except PROBLEMS as error:
            failed.append(str(path))
            text = what_it_says(error)
            say(errors, f"error: {text}" if str(path) in text else f"error: {path}: {text}")
    if failed:
        if len(paths) > 1:
            say(errors, f"error: not converted: {', '.join(failed)}")
        raise typer.Exit(1)


def _convert(console, path, data, target, outputs, many, taken, csv_layout):
    from ..conversion import convert as to_skeleton
    from ..sequences import seen

    names = clip_names(data)
    source, skeleton = data.skeleton, target or data.skeleton
    if data.units is None:
        raise ValueError("the unit of x and y is not known: --units px, or mm, cm or m")
    depths = data.get("y")
    if depths is not None and data.depth_units != data.units:
        say(console, f"{path}: depths are left out, since they are not in the {data.units} of x and y")
        depths = None
    std = data.get("std") if depths is not None and target is None else None
    if "std" in data and std is None:
        say(console, f"{path}: std is left out, since it belongs to the depths as they were")
    check_needs(outputs, data, depths=depths is not None)
    for i, name in enumerate(names):
        clip, points = data.X[i], data.X[i][..., :2]
        if depths is not None:
            points = in_space(data, i, attach=any(output.suffix.lower() in SPATIAL for output in outputs))
        points = to_skeleton(points, source, skeleton, positions=points.shape[2] == 3)
        confidence = to_skeleton(clip, source, skeleton)[..., 2] if clip.shape[2] == 3 else None
        unknown = sum(seen(points[..., :2]).sum(axis=0) == 0) if target else 0
        more = f", {unknown} of whose {len(skeleton)} keypoints are not known" if unknown else ""
        for output in outputs:
            place = output_for(output, name, many or len(names) > 1, taken)
            told = write_clip(place, points, skeleton, fps=data.fps, units=data.units, y_up=data.y_up,
                              confidence=confidence, image_size=data.image_size, std=None if std is None else std[i],
                              first_frame=int(data.first_frames[i]) if "first_frames" in data else 0,
                              csv_layout=csv_layout)
            say(console, f"{place}: {counted(len(clip), 'frame')} of {skeleton.name}{more}{told and f'; {told}'}")
