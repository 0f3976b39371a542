"""What commands share: opening data sets, telling errors, writing files."""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import typer

from .._files import is_no_file
from .._words import parts_of, some

__all__ = ["Track", "errors_told", "known_keypoints", "open_data", "say", "what_it_says",
           "writable", "write_json"]


READ = re.compile(r"\.(pose|npz|csv|h5|hdf5)$|\d(_keypoints)?\.json$", re.IGNORECASE)  # names that a folder is read for


class Track(StrEnum):
    """What the lifter sees: x and y as recorded, or pixels with noise and gaps."""

    T1 = "T1"
    T2 = "T2"


@contextmanager
def errors_told():
    """Bad data and files end the command with one line on standard error, and code 1."""
    from rich.console import Console

    try:
        yield
    except (ValueError, OSError, ImportError) as error:
        say(Console(stderr=True), f"error: {what_it_says(error)}")
        raise typer.Exit(1) from error


def what_it_says(error):
    """An error for people: the operating system's with the file first, and no number."""
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def writable(path, option, made_from=()):
    """Refuse, before any work, a file that cannot be written in the end, or that the work is made from."""
    if path is None:
        return
    problem = ""
    if path.is_dir() or not path.parent.is_dir():
        problem = f"{path} cannot be a file: it is a folder, or its folder does not exist"
    elif is_no_file(path):
        problem = f"{path} cannot be written: it is a device or a pipe"
    elif not os.access(path.parent, os.W_OK):
        problem = f"{path} cannot be written: its folder is not open to you"
    elif any(_is_of(path.resolve(), Path(source).expanduser().resolve()) for source in made_from):
        problem = f"{path} would overwrite what it is made from"
    if problem:
        raise typer.BadParameter(problem, param_hint=option)


def _is_of(path, source):
    """Whether a file is a source, or one of a folder of them; others, of earlier work, may lie beside recordings."""
    return path == source or (path.exists() and path.is_relative_to(source) and READ.search(path.name) is not None)


def open_data(source):
    """The data set behind a ``kind:FOLDER``, how far from a camera to put it for track T2, and the lifter for it."""
    from ..datasets import load_isl_kinect, load_panoptic, make_signing

    kind, _, folder = source.partition(":")
    folder = os.path.expanduser(folder)  # no shell does, behind a colon
    if kind == "synthetic" and not folder:
        # Little data, and a lifter to match: a minute or two.
        return (make_signing(n_signers=4, n_clips=10, n_frames=(60, 100), random_state=0), None,
                {"n_nets": 1, "batch_size": 8, "max_epochs": 120})
    if kind == "isl-kinect" and folder:
        return load_isl_kinect(folder), None, {}
    if kind == "panoptic" and folder:
        return load_panoptic(folder, turn="front"), 300.0, {}  # cm; the dome's coordinates know no camera
    raise ValueError(f"data must be synthetic, isl-kinect:FOLDER, panoptic:FOLDER, or files and folders of your own, "
                     f"got {source!r}")


def known_keypoints(console, data, select=None):
    """What to lift: keypoints whose depth from the root is known, of two signers where there are several. None: all."""
    import numpy as np

    from ..preprocessing import RootCenterer

    skeleton = data.skeleton
    wanted = skeleton.keypoints if select is None else skeleton.resolve(select)
    depths = RootCenterer(skeleton).fit_transform(data.y)
    groups = np.zeros(len(depths)) if data.groups is None else data.groups
    signers = np.unique(groups)
    known = np.sum([np.any([~np.isnan(depth).all(axis=0) for depth in depths[groups == signer]], axis=0)
                    for signer in signers], axis=0) >= min(2, len(signers))
    kept = [name for name in wanted if known[skeleton.index(name)]]
    left_out = [name for name in wanted if name not in kept]
    if not kept:
        raise ValueError(f"none of the keypoints to lift has a depth from its root, {skeleton.root}: "
                         f"{some(wanted)}; --root measures from another")
    if left_out:
        say(console, f"left out, since nothing tells their depth from the root: {parts_of(skeleton, left_out)}")
    return None if len(kept) == len(skeleton) else kept


def say(console, text):
    """Print a line as it is: a path may look like markup."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def write_json(path, report):
    from .._files import atomic_write

    with atomic_write(path) as file:
        file.write(json.dumps(report, indent=1).encode())
