"""`liftz info`: what a file is, and what to do with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .common import errors_told, say
from .inputs import clip_names, counted, notes_told, read_source

MODEL = b'{"__metadata__"'  # after the eight bytes that safetensors begins with


def info(
    file: Annotated[Path, typer.Argument(help="A lifter, or keypoints of any format that liftz reads.",
                                         show_default=False)],
    clips: Annotated[int, typer.Option(min=0, help="Show at most so many clips.")] = 20,
    read: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="An option of the format's reader, such "
                                                   "as people=1.")] = None,
):
    """Tell what a file holds: a lifter and its training, or clips, their skeleton, and how much of them was seen."""
    from rich.console import Console

    console, errors = Console(), Console(stderr=True)
    with errors_told():
        if _is_model(file):
            _about_model(console, file)
        else:
            with notes_told(errors):
                data = read_source(file, read or ())
            _about_clips(console, file, data, clips)


def _is_model(path):
    if path.is_dir():
        return False
    with open(path, "rb") as file:
        return path.suffix.lower() == ".liftz" or file.read(8 + len(MODEL))[8:] == MODEL


def _about_model(console, path):
    from ..persistence import read_facts

    facts = read_facts(path)
    say(console, f"{path}: a lifter of liftz")
    if "skeleton" not in facts:
        say(console, "  it does not say what keypoints it takes; liftz lift needs that")
        return
    skeleton = facts["skeleton"]
    size = facts.get("image_size")
    rows = {
        "takes": f"{len(skeleton['keypoints'])} keypoints of {skeleton['name']}, from {_root(skeleton['root'])}; "
                 f"{facts['units'] or 'no known unit'}, y {_up(facts['y_up'])}"
                 + (f", pictures of {size[0]} x {size[1]}" if size else ""),
        "frames per second": _number(facts["fps"]),
        "gives": f"depths in {facts.get('depth_units', facts['units'])}, from the root of each region",
        "fitted on": counted(facts["n_clips"], "clip")
                     + (f" of {counted(facts['n_signers'], 'signer')}" if facts.get("n_signers") else "")
                     + (f": {', '.join(facts['data'])}, track {facts['track']}" if "data" in facts else ""),
    }
    for name, text in rows.items():
        say(console, f"  {name}: {text}")
    say(console, f"To lift with it:\n  liftz lift {path} INPUT -o OUTPUT.npz")


def _about_clips(console, path, data, most):
    import numpy as np

    from ..sequences import seen

    skeleton, frames = data.skeleton, sum(map(len, data.X))
    size = data.image_size
    say(console, f"{path}: {counted(len(data.X), 'clip')}, {counted(frames, 'frame')}")
    say(console, f"  skeleton: {skeleton.name}, {len(skeleton)} keypoints, from {_root(skeleton.root)}")
    say(console, f"  frames per second: {_number(data.fps)}")
    say(console, f"  x and y: {data.units or 'no known unit'}, y {_up(data.y_up)}"
                 + (f", pictures of {size[0]} x {size[1]}" if size else "")
                 + ("; with a confidence" if data.X[0].shape[2] == 3 else ""))
    say(console, f"  depths: in {data.depth_units or 'an unknown unit'}" if "y" in data else "  depths: none")
    visible = np.concatenate([seen(clip) for clip in data.X])
    say(console, "  not seen: " + ", ".join(
        f"{region} {100 * (1 - visible[:, skeleton.region_indices(region)].mean()):.1f} %"
        for region in skeleton.regions))
    never = [name for name, ever in zip(skeleton.keypoints, np.any(visible, axis=0).tolist(), strict=True) if not ever]
    if never:
        say(console, f"  never seen: {', '.join(never[:12])}{f' and {len(never) - 12} more' * (len(never) > 12)}")
    if len(data.X) > 1:
        for name, clip in list(zip(clip_names(data), data.X, strict=True))[:most]:
            say(console, f"  {name}: {counted(len(clip), 'frame')}, {100 * seen(clip).mean():.1f} % of keypoints seen")
        if len(data.X) > most:
            say(console, f"  and {len(data.X) - most} more")
    others = _convertible(skeleton)
    if others:
        say(console, f"  has all keypoints of {', '.join(others)}: liftz convert {path} --to {others[0]} -o OUTPUT.npz")
    say(console, "To play it:\n  liftz view " + str(path))
    if "y" in data:
        say(console, f"To fit a lifter on it:\n  liftz fit {path} -o MODEL.liftz")
    say(console, f"To lift it:\n  liftz lift MODEL.liftz {path} -o OUTPUT.npz")


def _convertible(skeleton):
    """Ready-made skeletons that this one has every keypoint of."""
    from .. import skeletons
    from ..conversion import correspondence

    found = []
    for name in skeletons.__all__:
        try:
            parts = correspondence(skeleton, getattr(skeletons, name))
        except ValueError:  # nothing in common
            continue
        if all(parts.values()) and getattr(skeletons, name).keypoints != skeleton.keypoints:
            found.append(name)
    return found


def _root(root):
    return root if isinstance(root, str) else " and ".join(root)


def _up(y_up):
    return "in a direction not known" if y_up is None else "up" if y_up else "down"


def _number(fps):
    return "not known" if fps is None else f"{fps:.4g}"
