"""`liftz fit`: a lifter from recordings with depths."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from .common import Track, errors_told, known_keypoints, say, writable
from .inputs import Units, counted, notes_told, skeleton_named


def fit(
    data: Annotated[list[str], typer.Argument(help="synthetic, isl-kinect:FOLDER, panoptic:FOLDER; or files and "
                                              "folders of keypoints with depths.", metavar="DATA",
                                              show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="The lifter to write, by custom .liftz.")],
    track: Annotated[Track, typer.Option(help="T1: x and y as recorded. T2: pixels, with noise and gaps.")] = Track.T1,
    keypoints_of: Annotated[str | None, typer.Option(metavar="SKELETON", help="Convert to this skeleton, to lift "
                                                     "keypoints of its kind, such as OPENPOSE_137.")] = None,
    root: Annotated[str | None, typer.Option(help="Measure depths from this keypoint, such as Neck for pictures that "
                                             "end above the hips.")] = None,
    select: Annotated[list[str] | None, typer.Option(help="Lift only this region or keypoint. May be given several "
                                                     "times.")] = None,
    signers: Annotated[Path | None, typer.Option(help="CSV with the columns recording and signer, for files that do "
                                                 "not tell who signs.")] = None,
    depth_units: Annotated[Units | None, typer.Option(help="Of the depths, where a file does not say.")] = None,
    nets: Annotated[int | None, typer.Option(min=1, help="Nets that the lifter averages.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes of each net over its clips.")] = None,
    look_ahead: Annotated[int | None, typer.Option(min=0, help="Frames that each frame sees ahead; 0 for live "
                                                   "use. Default: all.")] = None,
    seed: Annotated[int, typer.Option(help="Of the network, and of track T2's noise and gaps.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Nets at once, a process each.")] = min(2, os.cpu_count() or 1),
    device: Annotated[str, typer.Option(help="Where torch computes, such as cuda.")] = "cpu",
    fps: Annotated[float | None, typer.Option(min=0.1, help="Frames per second, where a file does not say.")] = None,
    units: Annotated[Units | None, typer.Option(help="Of x and y, where a file does not say.")] = None,
    read: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="An option of the format's reader, such "
                                                   "as min_frames=10.")] = None,
):
    """Fit the recommended lifter, and save it with what it needs to know of its keypoints.

    It sees x and y, not the confidence, so that it lifts the keypoints of any detector. How good such a lifter is on
    people it has not seen, liftz evaluate tells on the data sets that it knows; on recordings of your own,
    scikit-learn's cross_validate with the signers as groups.
    """
    from rich.console import Console

    console, errors = Console(), Console(stderr=True)
    writable(output, "--output")
    paths = [Path(source).expanduser() for source in data]
    made_from = [file for path in paths if path.exists() for file in (path.rglob("*") if path.is_dir() else [path])]
    if any(output.resolve() == file.resolve() for file in [*made_from, *([signers] if signers else [])]):
        raise typer.BadParameter(f"{output} would overwrite what it is made from", param_hint="--output")
    parameters = {"n_nets": nets, "max_epochs": epochs, "look_ahead": look_ahead, "random_state": seed, "n_jobs": jobs,
                  "device": device}
    with errors_told(), notes_told(errors):
        _fit(console, errors, data, output, track.value, keypoints_of, root, select, signers, depth_units, seed,
             {"fps": fps, "units": units}, read or (), parameters)


def _fit(console, errors, sources, output, track, keypoints_of, root, select, signers, depth_units, seed, about, read,
         asked):
    import time

    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from .. import persistence
    from ..lifter import make_lifter
    from .training import converted, open_training

    data, recipe = open_training(errors, sources, track, signers, depth_units, seed, about, read)
    if keypoints_of is not None:
        data = converted(console, data, skeleton_named(keypoints_of))
    if root is not None:
        data.skeleton = data.skeleton.with_root(root)
    people = None if data.groups is None else sorted(set(data.groups))
    known = known_keypoints(console, data, select)
    facts = model_facts(data)
    parameters = recipe | {name: value for name, value in asked.items() if value is not None}
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
        "track": track, "n_signers": None if people is None else len(people),
        "seconds": round(time.perf_counter() - start, 1)})
    say(console, f"fitted in {time.perf_counter() - start:.0f} s, written to {output}")
    if lifter[-1].regressor_.errors_ is None:
        say(errors, "note: it does not know its own errors (liftz lift --std): that takes four nets, and four signers "
                    "told apart")
    at = "" if data.fps is None else f", {data.fps:.4g} frames per second"
    length = " --length KEYPOINT KEYPOINT MM" if data.keypoint_units == "px" != data.units else ""
    say(console, f"It takes {data.keypoint_units}, y {'up' if data.y_up else 'down'}{at}, and gives depths in "
                 f"{data.units}. To lift with it:\n  liftz lift {output} INPUT{length} -o OUTPUT.npz")


def model_facts(data):
    """The facts to save a lifter with, from the data that it is fitted on."""
    from ..compatibility import training_facts

    facts = training_facts(data.X, data.skeleton, fps=data.fps, units=data.keypoint_units, y_up=data.y_up,
                           image_size=data.get("image_size"))
    return {**facts, "depth_units": data.units}
