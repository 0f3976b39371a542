"""`liftz lift`: keypoints to 3D."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options
from .common import errors_told, say, what_it_says
from .inputs import PROBLEMS, clip_names, counted, files_in, is_lifter, notes_told, read_source
from .outputs import TABLES, check_needs, check_outputs
from .suggestions import shell


def lift(
    model: Annotated[Path, typer.Argument(help="Of liftz fit, or of liftz.persistence.save.", show_default=False)],
    inputs: Annotated[list[Path], typer.Argument(help="Files, folders of frames, or folders of files.",
                                                 metavar="INPUT", show_default=False)],
    output: Annotated[list[Path], typer.Option("--output", "-o", help="File to write: .npz, .csv, .pose, .bvh, .c3d or "
                                               ".trc. May be given several times. Of several clips each gets its name "
                                               "in: at {name}, or at the end.")],
    fps: options.Fps = None,
    units: options.XYUnits = None,
    image_size: options.ImageSize = None,
    people: options.People = None,
    length: Annotated[tuple[str, str, float] | None, typer.Option(
        help="Two keypoints and how far they are apart, in mm: LShoulder RShoulder 350. Brings pixels to mm.")] = None,
    focal: Annotated[float | None, typer.Option(min=1, help="Focal length in px, for perspective. Takes "
                                                       "--length and --image-size.")] = None,
    convert: Annotated[bool, typer.Option("--convert", help="Lift even where the keypoints lack some of the "
                                          "model's.")] = False,
    mirror: Annotated[bool, typer.Option("--mirror", help="The picture is mirrored, as a selfie's: turn it.")] = False,
    anyway: Annotated[bool, typer.Option("--anyway", help="Lift even what does not draw a body like those of "
                                         "training.")] = False,
    relative: Annotated[bool, typer.Option("--relative", help="Leave each region's depths as they are, from its own "
                                           "root: hands and face are not put onto the body.")] = False,
    std: Annotated[bool, typer.Option("--std", help="Add to .npz and .csv how far off each depth may be.")] = False,
    read: options.Read = None,
    csv_layout: options.CsvLayout = options.Layout.WIDE,
    device: options.Device = "cpu",
):
    """Lift keypoints of any format that liftz reads into 3D.

    Keypoints are brought to the model's frame rate, size and direction of y, with a line that says so; what does not
    fit otherwise is refused. Written are the frames and coordinates that were read, with z away from the camera: in mm,
    if x and y are metric or --length makes them so; a .pose file is in pixels.
    """
    import time

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console, errors = Console(), Console(stderr=True)
    _check_model(model, inputs)
    with errors_told():
        paths = files_in(inputs, errors)
    check_outputs(output, [model, *paths])
    if std and not any(path.suffix.lower() in TABLES for path in output):
        raise typer.BadParameter("only .npz and .csv have a place for it: add -o FILE.npz", param_hint="--std")
    if focal is not None and length is None:
        raise typer.BadParameter("perspective takes --length too", param_hint="--focal")
    with errors_told():
        from .lifting import Lifting

        lifting = Lifting(model, {path.resolve() for path in (model, *paths)}, device=device, length=length,
                          focal=focal, relative=relative, convert=convert, mirror=mirror, anyway=anyway, std=std,
                          csv_layout=csv_layout.value)
    start, failed = time.perf_counter(), []
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=len(paths))
        for path in paths:
            progress.update(task, description=f"lifting {path.name or path}")
            try:
                with lifting.timed("reading"), notes_told(errors, path):
                    data = read_source(path, read or (), fps=fps, units=units, image_size=image_size, people=people)
            except PROBLEMS as error:
                failed.append(str(path))
                say(errors, f"error: {what_it_says(error)}")
            else:
                failed += _lift_all(console, errors, lifting, data, path, output, many=len(paths) > 1)
            progress.advance(task)
    if lifting.n_clips:
        say(console, lifting.summary(time.perf_counter() - start))
    if note := lifting.about_poses():
        say(errors, f"note: {note}")
    if failed:
        if len(failed) + lifting.n_clips > 1:  # one alone was told just now
            say(errors, f"error: not lifted: {', '.join(failed)}")
        raise typer.Exit(1)


def _lift_all(console, errors, lifting, data, path, outputs, many):
    """Lift and write the clips of a file; returns what to call those that could not be."""
    failed, told = [], set()
    names = clip_names(data)
    many = many or len(names) > 1
    for i, name in enumerate(names):
        where = f"{path}, {name}" if len(names) > 1 else str(path)
        try:
            with notes_told(errors, where):
                check_needs(outputs, data, depths=True)
                with lifting.timed("lifting"):
                    world, lines, notes = lifting.lift(data, i)
                first = world.first_frame
                since = f", the first is frame {first} of the recording" if first else ""
                say(console, f"{where}: {counted(len(data.X[i]), 'frame')} of {data.skeleton.name}{since}")
                for line in lines:
                    say(console, f"  {line}")
                for note in notes:
                    if note not in told:
                        say(errors, f"note: {path}: {note}")
                        told.add(note)
                for output in outputs:
                    with lifting.timed("writing"):
                        place, line = lifting.write(world, output, name, many)
                    say(console, f"  written to {place}{line and f': {line}'}")
            lifting.count(world, where)
        except PROBLEMS as error:
            failed.append(where)
            say(errors, f"error: {where}: {what_it_says(error)}")
    return failed


def _check_model(model, inputs):
    """Refuse what is no lifter, with the right line where the two were exchanged."""
    if is_lifter(model):
        return
    problem = f"{model} is no lifter of liftz" if model.exists() else f"there is no file {model}"
    lifters = [path for path in inputs if is_lifter(path)]
    if lifters and model.exists():
        others = [model, *(path for path in inputs if path != lifters[0])]
        problem += f"; {lifters[0]} is one, and comes first:\n{shell('lift', lifters[0], *others)} ..."
    raise typer.BadParameter(problem, param_hint="MODEL")
