"""`liftz stats`: how far keypoints lie apart in depth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .._words import some
from . import options
from .common import errors_told, say, writable, write_json
from .inputs import counted, notes_told


def stats(
    data: options.Data = None,
    more: options.MoreData = None,
    outlier: Annotated[float, typer.Option(help="Outliers lie so many interquartile ranges above the upper "
                                                 "quartile.")] = 3.0,
    show: Annotated[int, typer.Option(min=0, help="Outliers to print, the farthest first.")] = 20,
    picture: Annotated[Path | None, typer.Option(help="Draw it to this file: .png, .svg or .pdf.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write everything to this file, too.")] = None,
    signers: options.Signers = None,
    depth_units: options.DepthUnits = None,
    fps: options.Fps = None,
    units: options.XYUnits = None,
    read: options.Read = None,
):
    """Look at recorded depths before anything is learnt of them.

    DATA are as for liftz fit; without them, synthetic signing. For each clip and region: the mean, the smallest and
    the largest distance in depth between all pairs of keypoints, and the frames that fall out, by recording, frame and
    keypoints.
    """
    from rich.console import Console

    console, errors = Console(), Console(stderr=True)
    given = options.sources(data, more, "synthetic")
    writable(json_file, "--json", given)
    writable(picture, "--picture", given)
    if picture is not None and picture.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise typer.BadParameter(f"expected a file that ends in .png, .svg or .pdf, got {picture}",
                                 param_hint="--picture")
    with errors_told():
        from .training import open_training

        with notes_told(errors):
            opened, _ = open_training(console, errors, given, signers=signers, depth_units=depth_units, fps=fps,
                                      units=units, read=read, one_rate=False)
        _stats(console, opened, some(given, 3), outlier, show, picture, json_file)


def _stats(console, data, source, outlier, show, picture, json_file):
    from .._files import atomic_write
    from ..inspection import depth_spread, plot_depth_spread

    spread = depth_spread(data.y, data.skeleton, names=_names(data), first_frames=data.get("first_frames"),
                          outlier=outlier)
    say(console, f"{source}: {counted(len(data.y), 'clip')}, {sum(map(len, data.y))} frames of {data.skeleton.name}; "
                 f"|dz| between pairs of keypoints, {data.units}\n\n{spread}\n")
    limits = ", ".join(f"{region} {limit:.4g} {data.units}" for region, limit in spread.limits.items())
    say(console, f"{len(spread.outliers)} outlier frames, {outlier:g} interquartile ranges above the upper quartile: "
                 f"{limits}")
    for frame in spread.outliers[:show]:
        say(console, f"  {frame.clip}, frame {frame.frame}, {frame.region}: {frame.largest:.4g} {data.units} between "
                     f"{frame.keypoints[0]} and {frame.keypoints[1]}")
    if len(spread.outliers) > show:
        say(console, f"  and {len(spread.outliers) - show} more")
    if json_file is not None:
        write_json(json_file, {"data": source, "units": data.units, **spread.to_dict()})
        say(console, f"written to {json_file}")
    if picture is not None:
        import matplotlib.pyplot as plt

        figure = plot_depth_spread(spread, units=data.units)[0].figure
        with atomic_write(picture) as file:
            figure.savefig(file, format=picture.suffix[1:].lower())
        plt.close(figure)
        say(console, f"drawn to {picture}")


def _names(data):
    """Recordings, with the person where a recording shows several."""
    from .signers import clip_labels

    if "paths" in data:
        return clip_labels(data)
    names = [str(name) for name in data.recordings]
    if len(set(names)) == len(names):
        return names
    return [f"{name}, person {person}" for name, person in zip(names, data.persons, strict=True)]
