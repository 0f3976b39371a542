"""`liftz evaluate`: errors on signers left out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from .._words import some
from . import options
from .common import Track, errors_told, known_keypoints, say, writable, write_json
from .inputs import notes_told


def evaluate(
    data: options.Data = None,
    more: options.MoreData = None,
    track: Annotated[Track, typer.Option(help="T1: x and y as recorded. T2: pixels, with noise and gaps.")] = Track.T1,
    cameras: options.Cameras = None,
    keypoints_of: options.KeypointsOf = None,
    root: options.Root = None,
    select: options.Select = None,
    signers: options.Signers = None,
    depth_units: options.DepthUnits = None,
    keypoints: Annotated[bool, typer.Option(help="Print a row per keypoint as well.")] = False,
    nets: options.Nets = None,
    epochs: options.Epochs = None,
    look_ahead: options.LookAhead = None,
    seed: Annotated[int, typer.Option(help="Of the network, and of track T2's noise and gaps.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = min(2, os.cpu_count() or 1),
    device: options.Device = "cpu",
    report_file: Annotated[Path | None, typer.Option("--report", help="Write a page of tables, charts and clips in 3D "
                                                     "to this file, too (.html).")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file, too.")] = None,
    fps: options.Fps = None,
    units: options.XYUnits = None,
    read: options.Read = None,
):
    """Measure the recommended lifter on signers it has never seen, beside its baselines.

    Leaves one signer out at a time: of a data set (without DATA: of synthetic signing), or of recordings of your own,
    read as liftz fit reads them. Errors are MPJPE in the depths' unit: the distance of each keypoint from the truth,
    both measured from the root of its region.
    """
    from rich.console import Console

    console, errors = Console(), Console(stderr=True)
    given = options.sources(data, more, "synthetic")
    for path, option in ((json_file, "--json"), (report_file, "--report")):
        writable(path, option, [*given, *([signers] if signers else [])])
    with errors_told():
        from .training import open_training

        with notes_told(errors):
            opened, recipe = open_training(
                console, errors, given, track=track.value, cameras=cameras, signers=signers, keypoints_of=keypoints_of,
                root=root, depth_units=depth_units, fps=fps, units=units, read=read, seed=seed)
        parameters = {"n_nets": nets, "max_epochs": epochs, "look_ahead": look_ahead,
                      "device": None if device == "cpu" else device}
        asked = {name: value for name, value in parameters.items() if value is not None}
        report = _evaluate(console, opened, given, recipe | asked, select, track.value, keypoints, seed, jobs,
                           report_file)
        if json_file is not None:
            write_json(json_file, report)
            say(console, f"written to {json_file}")


def _evaluate(console, data, given, parameters, select, track, keypoints, seed, jobs, report_file):
    import time

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from ..evaluation import predict_unseen, standard_models
    from ..tables import error_table
    from .training import check_signers, to_draw

    source, X = some(given, 3), data.X
    signers = check_signers(data, given, "a lifter is measured on signers left out")
    known = known_keypoints(console, data, select)
    models = standard_models(data.skeleton, select=known, random_state=seed, **parameters)
    say(console, f"{source}: {len(signers)} signers, {len(X)} clips, {sum(map(len, X))} frames of "
                  f"{data.skeleton.name} in {data.keypoint_units}, track {track}")
    start = time.perf_counter()
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("leaving one signer out", total=len(models) * len(signers))
        depths = predict_unseen(models, X, data.y, data.groups, n_jobs=jobs,
                                done=lambda model, signer: progress.advance(task))
    seconds = time.perf_counter() - start
    table = error_table(data.y, depths, data.groups, data.skeleton, reference="mean pose", keypoints=keypoints)
    _print(console, table, data.units)
    say(console, f"MPJPE in {data.units} on signers left out; skill = 1 - error / error of the mean pose; "
                  f"{seconds:.0f} s")
    if report_file is not None:
        from ..report import write_report

        drawn, scale = to_draw(data)
        lifter = ", ".join(f"{name}={value}" for name, value in parameters.items()) or "defaults"
        by = f" by camera {data.camera}" if data.camera else ""
        facts = {"data": source, "keypoints": f"{data.keypoint_units}{by}, track {track}", "lifter": lifter,
                 "seed": seed}
        facts |= {"drawn": scale} if scale else {}
        facts |= {} if data.fps else {"frames a second": "30, assumed"}
        write_report(report_file, drawn | {"fps": data.fps or 30.0}, depths, reference="mean pose", facts=facts)
        say(console, f"written to {report_file}")
    return {"data": source, "track": track, "camera": data.camera, "units": data.units, "seed": seed,
            "parameters": parameters, "signers": signers, "seconds": seconds, **table.to_dict()}


def _print(console, table, units):
    from rich.table import Table

    header, *lines = table.cells()
    grid = Table(title=f"MPJPE, {units}", title_justify="left")
    for i, name in enumerate(header):
        grid.add_column(name, justify="left" if i < 2 else "right", no_wrap=True)
    for i, line in enumerate(lines):
        last = i + 1 == len(lines) or lines[i + 1][0] != line[0]
        grid.add_row(*line, style="bold" if line[1] == "lifter" else None, end_section=last)
    if grid.__rich_measure__(console, console.options).minimum > console.width:
        console.print(str(table), highlight=False, soft_wrap=True)  # too wide to draw: plain lines
    else:
        console.print(grid)
