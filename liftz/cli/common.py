"""What commands share: opening data, telling errors, writing files."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from enum import StrEnum

import typer

__all__ = ["Track", "errors_told", "open_data", "say", "writable", "write_json"]


class Track(StrEnum):
    """What the lifter sees: metric x and y, or pixels with noise and gaps."""

    T1 = "T1"
    T2 = "T2"


@contextmanager
def errors_told():
    """Bad data and files end the command with one line on standard error, and code 1."""
    from rich.console import Console

    try:
        yield
    except (ValueError, OSError) as error:
        say(Console(stderr=True), f"error: {error}")
        raise typer.Exit(1) from error


def writable(path, option):
    """Refuse, before any work, a file that cannot be written in the end."""
    if path is not None and (path.is_dir() or not path.parent.is_dir()):
        raise typer.BadParameter(f"{path} cannot be a file: it is a folder, or its folder does not exist",
                                 param_hint=option)


def open_data(source):
    """The data set behind a ``kind:FOLDER``, how far from a camera to put it for track T2, and the lifter for it."""
    from ..datasets import load_isl_kinect, load_panoptic, make_signing

    kind, _, folder = source.partition(":")
    folder = os.path.expanduser(folder)  # no shell does, behind a colon
    if kind == "synthetic" and not folder:
        # Little data, and a lifter to match: about a minute on two cores.
        return (make_signing(n_signers=4, n_clips=10, n_frames=(60, 100), random_state=0), None,
                {"n_nets": 1, "batch_size": 8, "max_epochs": 80})
    if kind == "isl-kinect" and folder:
        return load_isl_kinect(folder), None, {}
    if kind == "panoptic" and folder:
        return load_panoptic(folder, turn="front"), 300.0, {}  # cm; the dome's coordinates know no camera
    raise ValueError(f"--data must be synthetic, isl-kinect:FOLDER or panoptic:FOLDER, got {source!r}")


def say(console, text):
    """Print a line as it is: a path may look like markup."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def write_json(path, report):
    from .._files import atomic_write

    with atomic_write(path) as file:
        file.write(json.dumps(report, indent=1).encode())
