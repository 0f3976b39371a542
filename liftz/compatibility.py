"""Whether keypoints are what a model was fitted on; and what to do where they are not."""

from __future__ import annotations

import numpy as np

from ._proportions import Proportions, median
from ._units import IN_MM
from .adjustment import flip_y, resample, rescale, stretch
from .sequences import check_sequences
from .skeleton import Skeleton

__all__ = ["check_compatible", "flip_y", "resample", "rescale", "training_facts"]

SAME_FPS = 0.02  # 29.97 is 30
FARTHER = 4  # times larger or smaller than all of training: no distance from the camera, but another unit
FLOOR = 0.1  # of a typical bone, that a measure may leave the range of training by
# How many times half the range of training a measure may lie from its middle: with many clips on both sides the
# medians of a new signer stay within 1, but a single clip is a single pose, and few clips show little of the range.
TOLERANCE, ONE_CLIP, FEW_CLIPS = 1.5, 1.5, 30


def training_facts(X, skeleton, *, fps=None, units=None, y_up=None, image_size=None):
    """What a model needs to know of its training clips, to tell others of their kind from those of another.

    Parameters
    ----------
    X : sequence of n_clips arrays ``(n_frames, n_keypoints, 2 or 3)``
    skeleton : Skeleton
    fps : float, optional
    units : str, optional
        Of x and y, such as ``"px"`` or ``"mm"``.
    y_up : bool, optional
        Whether y grows upwards.
    image_size : (int, int), optional
        Width and height in px.

    Returns
    -------
    dict
        Of plain values, ready for JSON.

    Examples
    --------
    >>> from liftz.compatibility import check_compatible, flip_y, training_facts
    >>> from liftz.datasets import make_signing
    >>> data = make_signing(n_signers=3, n_clips=4, n_frames=40, random_state=0)
    >>> facts = training_facts(data.X, data.skeleton, fps=data.fps, units=data.units, y_up=data.y_up)
    >>> check_compatible(data, facts)
    ()
    >>> data.X = flip_y(data.X)
    >>> check_compatible(data, facts)
    Traceback (most recent call last):
    ValueError: ... they are upside down; liftz.compatibility.flip_y(X) turns them
    """
    X = check_sequences(X, skeleton=skeleton)
    facts = {
        "skeleton": {"name": skeleton.name, "keypoints": skeleton.keypoints, "root": skeleton.root,
                     "edges": skeleton.edges, "regions": dict(skeleton.regions), "roots": dict(skeleton.roots),
                     "pairs": skeleton.pairs},
        "fps": None if fps is None else float(fps), "units": units, "y_up": None if y_up is None else bool(y_up),
        "image_size": None if image_size is None else tuple(map(int, image_size)), "n_clips": len(X),
    }
    measures = Proportions(skeleton)
    if len(measures.edges):
        lengths, found = measures.measure(X)
        reference = median(lengths)
        sizes = measures.sizes(lengths, reference)
        relative = found / sizes[:, measures.parts]
        typical = np.array([median(reference[measures.edge_parts == part])
                            for part in range(sizes.shape[1])])[measures.parts]
        spare = FLOOR * typical
        facts |= {"lengths": _plain(reference), "low": _plain(np.fmin.reduce(relative) - spare),
                  "high": _plain(np.fmax.reduce(relative) + spare),
                  "sizes": [_plain(np.fmin.reduce(sizes)), _plain(np.fmax.reduce(sizes))]}
    return _jsonable(facts)


def check_compatible(source, facts):
    """Refuse keypoints of another kind than a model was fitted on, and say what to do.

    Compared are the skeleton, units, direction of y, frame rate and picture's size, as far as both sides say; and the
    keypoints themselves: their extent, and the proportions of the body they draw, which show an order that is not the
    skeleton's, y upside down, and left for right. Two keypoints that lie close together or move alike, such as a
    wrist and the hand's middle, can be exchanged unnoticed. A view that no training clip has looks like a wrong order.

    Parameters
    ----------
    source : Bunch or mapping
        What readers and loaders give: `X`, `skeleton`, and where known `units` (or `keypoint_units`, where those of
        the depths differ), `y_up`, `fps` and `image_size`.
    facts : dict
        Of `training_facts`.

    Returns
    -------
    tuple of str
        What could not be compared, as sentences.

    Raises
    ------
    ValueError
        Naming what differs, and the cure.
    """
    skeleton = Skeleton(**facts["skeleton"])
    _check_skeleton(source["skeleton"], skeleton)
    units = source.get("keypoint_units", source.get("units"))
    told = {"units": units, **{key: source.get(key) for key in ("y_up", "fps", "image_size")}}
    notes = [f"{key} of {'the model' if facts[key] is None else 'these keypoints'} is not known: not compared"
             for key in told if (facts[key] is None) != (told[key] is None)]
    for key, check in (("units", _check_units), ("y_up", _check_y_up), ("fps", _check_fps),
                       ("image_size", _check_image_size)):
        if facts[key] is not None and told[key] is not None:
            check(told[key], facts[key])
    X = check_sequences(source["X"], skeleton=skeleton)
    return (*notes, *_check_body(X, skeleton, facts))


def _check_skeleton(given, wanted):
    if given.keypoints == wanted.keypoints:
        return
    if set(given.keypoints) == set(wanted.keypoints):
        what = f"the keypoints of {wanted.name} in another order"
    else:
        extra = [name for name in given.keypoints if name not in wanted.keypoints]
        what = f"{len(given)} keypoints of {given.name}" + (f", {extra[0]!r} among them" if extra else "")
    raise ValueError(f"the model lifts the {len(wanted)} keypoints of {wanted.name}, these are {what}; "
                     f"liftz.conversion.convert(X, {given.name}, {wanted.name}) brings them there")


def _check_units(given, wanted):
    if given == wanted:
        return
    if given in IN_MM and wanted in IN_MM:
        raise ValueError(f"the model was fitted on {wanted}, these keypoints are in {given}; "
                         f"multiply x and y by {IN_MM[given] / IN_MM[wanted]:g}")
    raise ValueError(f"the model was fitted on keypoints in {wanted}, these are in {given}; "
                     f"it takes a model that was fitted on {given}")


def _check_y_up(given, wanted):
    if bool(given) != wanted:
        up = {True: "up", False: "down"}
        raise ValueError(f"y grows {up[wanted]} in the model's keypoints and {up[bool(given)]} in these; "
                         f"liftz.compatibility.flip_y(X) turns them")


def _check_fps(given, wanted):
    if abs(given / wanted - 1) > SAME_FPS:
        raise ValueError(f"the model was fitted on {wanted:g} frames per second, these clips have {given:g}; "
                         f"liftz.compatibility.resample(X, {given:g}, {wanted:g}) brings them there")


def _check_image_size(given, wanted):
    if tuple(given) != tuple(wanted):
        raise ValueError(f"the model was fitted on pictures of {wanted[0]} x {wanted[1]} px, these are {given[0]} x "
                         f"{given[1]}; liftz.compatibility.rescale(X, {tuple(given)}, {tuple(wanted)}) fits them in")


def _check_body(X, skeleton, facts):
    measures = Proportions(skeleton)
    if "lengths" not in facts:
        return (f"{skeleton.name} has no bones: the body's proportions are not compared",)
    low, high, reference = (np.array(facts[key], dtype=float) for key in ("low", "high", "lengths"))
    smallest, largest = np.array(facts["sizes"], dtype=float)

    def compare(clips):
        """The clips' sizes and measures, and how many times half the range those are from its middle."""
        lengths, found = measures.measure(clips)
        sizes = measures.sizes(lengths, reference)
        relative = median(found / sizes[:, measures.parts])
        with np.errstate(divide="ignore", invalid="ignore"):  # a bone that had no length in training
            return median(sizes), relative, abs(relative - (low + high) / 2) / ((high - low) / 2)

    size, relative, off = compare(X)
    if np.isnan(off).all():
        return ("no two keypoints with a bone between them are seen: the body's proportions are not compared",)
    shown = ~np.isnan(size)
    if (size > FARTHER * largest)[shown].all() or (size < smallest / FARTHER)[shown].all():
        raise ValueError(f"these keypoints are {size[shown][0]:.3g} times the size of those that the model was fitted "
                         f"on: in another unit, or between 0 and 1 where those are px? Bring them to the model's")
    limit = TOLERANCE + ONE_CLIP / len(X) + FEW_CLIPS / facts["n_clips"]
    if np.nanmax(off) <= limit:
        return ()
    for cure, turned in (("they are upside down; liftz.compatibility.flip_y(X) turns them", stretch(X, 1, -1)),
                         ("left and right are exchanged: is the picture mirrored, as a selfie's, or are the names "
                          "exchanged?", stretch(X, -1, 1))):
        if np.nanmax(compare(turned)[2]) <= limit:
            raise ValueError(f"these keypoints do not draw the body of {skeleton.name}: {cure}")
    worst = np.nanargmax(off)
    raise ValueError(f"these keypoints do not draw the body of {skeleton.name} as the model's training clips do: "
                     f"{measures.names[worst]} is {relative[worst]:.3g}, there from {low[worst]:.3g} to "
                     f"{high[worst]:.3g}. They are in another order, or seen from where no training clip is, "
                     f"or the signer stands as none there does; liftz lift --anyway lifts them all the same")


def _plain(values):
    """Four significant digits; None for NaN, which JSON does not have."""
    return [None if np.isnan(value) else float(f"{value:.4g}") for value in values]


def _jsonable(value):
    if isinstance(value, dict):
        return {key: _jsonable(each) for key, each in value.items()}
    return [_jsonable(each) for each in value] if isinstance(value, (list, tuple)) else value
