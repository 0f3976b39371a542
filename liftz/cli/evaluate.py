"""`liftz evaluate`: errors on signers left out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from .common import Track, errors_told, known_keypoints, open_data, say, writable, write_json


def evaluate(
    data: Annotated[str, typer.Option(help="synthetic, isl-kinect:FOLDER or panoptic:FOLDER.")] = "synthetic",
    track: Annotated[Track, typer.Option(help="T1: metric x and y in. T2: pixels, with noise and gaps.")] = Track.T1,
    keypoints: Annotated[bool, typer.Option(help="Print a row per keypoint as well.")] = False,
    nets: Annotated[int | None, typer.Option(min=1, help="Nets that the lifter averages.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes of each net over its clips.")] = None,
    seed: Annotated[int, typer.Option(help="Of the network, and of track T2's noise and gaps.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = min(2, os.cpu_count() or 1),
    report_file: Annotated[Path | None, typer.Option("--report", help="Write a page of tables, charts and clips in 3D "
                                                     "to this file, too (.html).")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file, too.")] = None,
):
    """Measure the recommended lifter on signers it has never seen, beside its baselines.

    Leaves one signer out at a time. Errors are MPJPE in the data's unit: the distance of each keypoint from
    the truth, both measured from the root of its region.
    """
    from rich.console import Console

    console = Console()
    writable(json_file, "--json")
    writable(report_file, "--report")
    with errors_told():
        report = _evaluate(console, data, track.value, keypoints, {"n_nets": nets, "max_epochs": epochs}, seed, jobs,
                           report_file)
        if json_file is not None:
            write_json(json_file, report)
            say(console, f"written to {json_file}")


def _evaluate(console, source, track, keypoints, asked, seed, jobs, report_file):
    import time

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from ..datasets import project
    from ..evaluation import predict_unseen, standard_models
    from ..tables import error_table

    data, distance, parameters = open_data(source)
    signers = sorted(set(data.groups))
    if len(signers) < 2:
        raise ValueError(f"{source} has one signer, {signers[0]}: leaving one out takes two at least. In Panoptic "
                         f"recordings a manifest.csv says who is who; without it each recording counts as one")
    X = project(data, track, distance=distance, random_state=seed)
    parameters |= {name: value for name, value in asked.items() if value is not None}
    models = standard_models(data.skeleton, select=known_keypoints(console, data), random_state=seed, **parameters)
    say(console, f"{source}: {len(signers)} signers, {len(X)} clips, {sum(map(len, X))} frames of "
                  f"{data.skeleton.name}, track {track}")
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

        lifter = ", ".join(f"{name}={value}" for name, value in parameters.items()) or "defaults"
        write_report(report_file, data, depths, reference="mean pose",
                     facts={"data": source, "track": track, "lifter": lifter, "seed": seed})
        say(console, f"written to {report_file}")
    return {"data": source, "track": track, "units": data.units, "seed": seed, "parameters": parameters,
            "signers": signers, "seconds": seconds, **table.to_dict()}


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
