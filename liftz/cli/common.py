"""What commands share: opening data, telling errors, writing files."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from enum import StrEnum

import typer

__all__ = ["Track", "errors_told", "known_keypoints", "open_data", "say", "writable", "write_json"]


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
    except (ValueError, OSError, ImportError) as error:
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
    raise ValueError(f"data must be synthetic, isl-kinect:FOLDER or panoptic:FOLDER, got {source!r}")


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
                         f"{', '.join(wanted[:4])} ...; --root measures from another")
    if left_out:
        say(console, f"left out, since nothing tells their depth from the root: {', '.join(left_out)}")
    return None if len(kept) == len(skeleton) else kept



def say(console, text):
    """Print a line as it is: a path may look like markup."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def write_json(path, report):
    from .._files import atomic_write

    with atomic_write(path) as file:
        file.write(json.dumps(report, indent=1).encode())
