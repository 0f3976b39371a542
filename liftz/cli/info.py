"""`liftz info`: what a file is, and what to do with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .._words import parts_of, some
from . import options
from .common import errors_told, say
from .inputs import clip_names, counted, is_lifter, notes_told, read_source
from .suggestions import lift_options, shell, stand_ins


def info(
    file: Annotated[Path, typer.Argument(help="A lifter, or keypoints of any format that liftz reads.",
                                         show_default=False)],
    clips: Annotated[int, typer.Option(min=0, help="Show at most so many clips.")] = 20,
    read: options.Read = None,
):
    """Tell what a file holds: a lifter and its training, or clips, their skeleton, and how much of them was seen."""
    from rich.console import Console

    console, errors = Console(), Console(stderr=True)
    with errors_told():
        if is_lifter(file):
            _about_model(console, file)
        else:
            with notes_told(errors):
                data = read_source(file, read or ())
            _about_clips(console, file, data, clips, [word for option in read or () for word in ("--read", option)])


def _about_model(console, path):
    from ..persistence import read_facts
    from ..skeleton import Skeleton

    facts = read_facts(path)
    say(console, f"{path}: a lifter of liftz")
    if "skeleton" not in facts:
        say(console, "  it does not say what keypoints it takes; liftz lift needs that")
        return
    skeleton = Skeleton(**facts["skeleton"])
    size, lifted = facts.get("image_size"), facts.get("lifts", skeleton.keypoints)
    of = f" of {parts_of(skeleton, lifted)}" if "lifts" in facts else ""
    rows = {
        "takes": f"{len(skeleton)} keypoints of {skeleton.name}, from {_root(skeleton.root)}; "
                 f"{facts['units'] or 'no known unit'}, y {_up(facts['y_up'])}"
                 + (f", pictures of {size[0]} x {size[1]}" if size else ""),
        "frames per second": _number(facts["fps"]),
        "gives": f"depths{of} in {facts.get('depth_units', facts['units'])}, from the root of each region",
        "fitted on": counted(facts["n_clips"], "clip")
                     + (f" of {counted(facts['n_signers'], 'signer')}" if facts.get("n_signers") else "")
                     + (f": {', '.join(facts['data'])}, track {facts['track']}" if "data" in facts else "")
                     + (f", camera {facts['camera']}" if facts.get("camera") else ""),
    }
    for name, text in rows.items():
        say(console, f"  {name}: {text}")
    more = lift_options(skeleton, lifted, facts["units"], facts.get("depth_units", facts["units"]))
    say(console, f"To lift with it:\n{shell('lift', path, 'INPUT', *more, '-o', 'OUTPUT.npz')}{stand_ins(more)}")


def _about_clips(console, path, data, most, reading):
    import numpy as np

    from ..sequences import seen

    skeleton, frames = data.skeleton, sum(map(len, data.X))
    if "y" in data and all(np.isnan(depth).all() for depth in data.y):
        del data["y"]
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
    ever = dict(zip(skeleton.keypoints, np.any(visible, axis=0).tolist(), strict=True))
    if not all(ever.values()):
        say(console, f"  never seen: {some([name for name in ever if not ever[name]], 12)}")
    firsts = data["first_frames"] if "first_frames" in data else np.zeros(len(data.X), int)
    if len(data.X) > 1:
        for name, clip, first in list(zip(clip_names(data), data.X, firsts, strict=True))[:most]:
            say(console, f"  {name}: {counted(len(clip), 'frame')}{f' from {first} on' if first else ''}, "
                         f"{100 * seen(clip).mean():.1f} % of keypoints seen")
        if len(data.X) > most:
            say(console, f"  and {len(data.X) - most} more")
    elif firsts[0]:
        say(console, f"  begins with frame {firsts[0]} of its recording")
    _go_on(console, path, data, reading, [name for name in ever if ever[name]])


def _go_on(console, path, data, reading, seen_ever):
    """The next commands, with what these keypoints do not say of themselves."""
    units = [] if data.units else ["--units", "px"]
    about = [*reading, *units, *([] if data.fps else ["--fps", "25"])]
    others = _convertible(data.skeleton)
    if others:
        say(console, f"It has all keypoints of {', '.join(others)}. To convert it:\n"
                     f"{shell('convert', path, *reading, *units, '--to', others[0], '-o', 'OUTPUT.npz')}")
    say(console, f"To play it:\n{shell('view', path, *reading)}")
    if "y" in data:
        depths = [] if data.depth_units else ["--depth-units", "mm"]
        say(console, f"To fit a lifter on it:\n{shell('fit', path, *about, *depths, '-o', 'MODEL.liftz')}"
                     f"{stand_ins([*about, *depths])}")
    # Whatever the lifter is: it brings pixels to mm.
    parts = [name for names in data.skeleton.regions.values() if set(names) & set(seen_ever) for name in names]
    more = lift_options(data.skeleton, parts, data.units or "px", "mm", seen_ever)
    say(console, f"To lift it:\n{shell('lift', 'MODEL.liftz', path, *about, *more, '-o', 'OUTPUT.npz')}"
                 f"{stand_ins([*about, *more])}")


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
