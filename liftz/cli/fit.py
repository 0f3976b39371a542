"""`liftz fit`: a lifter from recordings with depths."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from . import options
from .common import Track, errors_told, known_keypoints, say
from .inputs import counted, notes_told
from .outputs import check_lifter_output
from .suggestions import lift_options, shell, stand_ins


def fit(
    output: Annotated[Path, typer.Option("--output", "-o", help="The lifter to write, by custom .liftz.")],
    data: options.Data = None,
    more: options.MoreData = None,
    track: Annotated[Track, typer.Option(help="T1: x and y as recorded. T2: pixels, with noise and gaps.")] = Track.T1,
    cameras: options.Cameras = None,
    keypoints_of: options.KeypointsOf = None,
    root: options.Root = None,
    select: options.Select = None,
    signers: options.Signers = None,
    depth_units: options.DepthUnits = None,
    nets: options.Nets = None,
    epochs: options.Epochs = None,
    look_ahead: options.LookAhead = None,
    seed: Annotated[int, typer.Option(help="Of the network, and of track T2's noise and gaps.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Nets at once, a process each.")] = min(2, os.cpu_count() or 1),
    device: options.Device = "cpu",
    fps: options.Fps = None,
    units: options.XYUnits = None,
    read: options.Read = None,
):
    """Fit the recommended lifter, and save it with what it needs to know of its keypoints.

    It sees x and y, not the confidence, so that it lifts the keypoints of any detector. How good such a lifter is on
    people it has not seen, liftz evaluate tells, given the same DATA and options.
    """
    from rich.console import Console

    console, errors = Console(), Console(stderr=True)
    given = options.sources(data, more)
    check_lifter_output(output, [*given, *([signers] if signers else [])])
    parameters = {"n_nets": nets, "max_epochs": epochs, "look_ahead": look_ahead, "random_state": seed, "n_jobs": jobs,
                  "device": device}
    with errors_told(), notes_told(errors):
        from .training import open_training

        opened, recipe = open_training(
            console, errors, given, track=track.value, cameras=cameras, signers=signers, keypoints_of=keypoints_of,
            root=root, depth_units=depth_units, fps=fps, units=units, read=read, seed=seed)
        if opened.groups is None:
            say(errors, "note: nobody says who signs: --signers FILE.csv would make a better lifter, and one that "
                        "knows its errors")
        asked = {name: value for name, value in parameters.items() if value is not None}
        _fit(console, errors, opened, given, output, track.value, select, recipe | asked)


def _fit(console, errors, data, sources, output, track, select, parameters):
    import time

    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from .. import persistence
    from ..lifter import make_lifter

    people = None if data.groups is None else sorted(set(data.groups))
    known = known_keypoints(console, data, select)
    facts = model_facts(data, known)
    lifter = make_lifter(data.skeleton, select=known, **parameters)
    who = "signers that are not told apart" if people is None else counted(len(people), "signer")
    n_nets, n_frames = lifter[-1].regressor.n_nets, sum(map(len, data.X))
    say(console, f"fitting {counted(n_nets, 'net')} on {counted(len(data.X), 'clip')}, {counted(n_frames, 'frame')} of "
                 f"{data.skeleton.name} in {data.keypoint_units}, of {who}")
    start = time.perf_counter()
    columns = TextColumn("fitting"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        progress.add_task("", total=None)
        lifter.fit(data.X, data.y, groups=data.groups)
    persistence.save(lifter, output, facts=facts | {
        "data": [Path(source).name if Path(source).exists() else source.partition(":")[0] for source in sources],
        "track": track, "camera": data.camera, "n_signers": None if people is None else len(people),
        "seconds": round(time.perf_counter() - start, 1)})
    say(console, f"fitted in {time.perf_counter() - start:.0f} s, written to {output}")
    if lifter[-1].regressor_.errors_ is None:
        say(errors, "note: it does not know its own errors (liftz lift --std): that takes four nets, and four signers "
                    "told apart")
    at = "" if data.fps is None else f", {data.fps:.4g} frames per second"
    more = lift_options(data.skeleton, known or data.skeleton.keypoints, data.keypoint_units, data.units)
    say(console, f"It takes {data.keypoint_units}, y {'up' if data.y_up else 'down'}{at}, and gives depths in "
                 f"{data.units}. To lift with it:\n{shell('lift', output, 'INPUT', *more, '-o', 'OUTPUT.npz')}"
                 f"{stand_ins(more)}")


def model_facts(data, known=None):
    """The facts to save a lifter with, from the data that it is fitted on and the keypoints to lift, if not all."""
    from ..compatibility import training_facts

    facts = training_facts(data.X, data.skeleton, fps=data.fps, units=data.keypoint_units, y_up=data.y_up,
                           image_size=data.get("image_size"))
    return {**facts, "depth_units": data.units} | ({"lifts": list(known)} if known else {})
