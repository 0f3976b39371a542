"""`liftz view`: clips in 3D in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import options
from .common import errors_told, say, writable
from .inputs import in_space, notes_told, read_source


def view(
    file: Annotated[Path, typer.Argument(help="Keypoints, or points with depths, in any format that liftz reads.",
                                         show_default=False)],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The page to write. Default: FILE's name and "
                                                ".html, in this folder.")] = None,
    fps: Annotated[float | None, typer.Option(min=0.1, help="Frames a second; the file's own where it tells, else 30.",
                                              show_default=False)] = None,
    frames: Annotated[int, typer.Option(min=1, help="Show at most so many frames of each clip.")] = 5000,
    browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = True,
    read: options.Read = None,
):
    """Play the clips of a file in 3D: writes a page that needs no network, and opens it.

    Bodies of keypoints without depths are flat. The page is one file, which can be sent to others.
    """
    import webbrowser

    from rich.console import Console

    console, errors = Console(), Console(stderr=True)
    page = Path(f"{file.name or file.resolve().name}.html") if output is None else output
    if page.suffix.lower() not in (".html", ".htm"):
        raise typer.BadParameter(f"expected a file that ends in .html, got {page}", param_hint="--output")
    writable(page, "--output", [file])
    with errors_told():
        from ..report import write_player

        with notes_told(errors, file):
            data = read_source(file, read or (), fps=fps)
        if "y" in data:
            if data.depth_units != data.units:
                data = in_the_depths_unit(errors, file, data)
            data["y"] = [_whole(data, i) for i in range(len(data.X))]
        write_player(page, data, title=file.name or file.resolve().name, max_frames=frames)
    count = "1 clip" if len(data.X) == 1 else f"{len(data.X)} clips"
    say(console, f"written to {page}: {count} of {data.skeleton.name}")
    if browser and not webbrowser.open(page.resolve().as_uri()):
        say(console, "no browser could be started here; open the page in one")


def in_the_depths_unit(console, file, data):
    """The data with x and y as large as the depths are, by how bones foreshorten, and a line that says so."""
    from sklearn.utils import Bunch

    from .training import to_draw

    units = data.depth_units or "an unknown unit"
    data, scale = to_draw(Bunch(**{**data, "keypoint_units": data.units, "units": units, "shown": None}))
    say(console, f"note: {file}: depths are in {units}; x and y are drawn so: {scale}")
    return data


def _whole(data, i):
    """Depths of a clip, its hands and face on the body where one is seen."""
    try:
        return in_space(data, i)[..., 2]
    except ValueError:
        return data.y[i]
