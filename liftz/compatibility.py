"""Whether keypoints are what a model was fitted on; and what to do where they are not."""

from __future__ import annotations

import numpy as np

from ._proportions import N_CLIPS, Proportions, median, spread
from ._readings import Readings
from ._units import IN_MM
from .adjustment import flip_y, resample, rescale, rotate_180
from .sequences import check_sequences
from .skeleton import Skeleton

__all__ = ["check_compatible", "flip_y", "resample", "rescale", "rotate_180", "training_facts"]

SAME_FPS = 0.02  # 29.97 is 30
FARTHER = 4  # times larger or smaller than all of training: no distance from the camera, but another unit
FLOOR = 0.1  # of a typical bone, that a measure may leave the range of training by
# A turn is one guess of a few, an order one of thousands: what it makes better is to be more, for it to be believed.
# Mirrored with its names, a body is still one: there has to be more to it than another posture.
TURN, ORDER, SELFIE = 1, 2, 5
BETTER = 0.6  # of the misfit is left at most where another reading is believed; a body badly drawn keeps more
ALL_BUT, LARGE = 0.15, 6  # or this of it, where an order mends misfits that are not large: a hand on a knee is one
# Exchanges within a hand, face or foot with which a body is still one, and their share of its points: one odd point
# brings several.
FEW_POINTS, SHARE = 3, 1 / 6
HOPELESS = 1 / 3  # half ranges that measures are outside the range of training on average
FAR = 3  # half ranges from the middle of the range of training, that are worth a word


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
    if measures.n_edges:
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
    keypoints themselves: their extent, and the body that they draw. They are refused where they would draw the body of
    the training clips better if they were read otherwise: upside down or lying on the side, left for right, x for y, or
    with keypoints exchanged; and where they fit nothing. What no other reading fits better is a body unlike those of
    training, and let in with a note, as are two points of one hand, face or foot.

    Not seen are, in most clips, two exchanged keypoints that lie close together or move alike, such as a wrist and the
    hand's middle; hands alone that are turned or mirrored, since hands turn every way; and a picture that is mirrored
    and its keypoints' names with it, as detectors read a selfie: a left-handed signer, unless no training clip is seen
    from that side. A model whose training clips show bodies both ways round takes both ways round.

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
        What could not be compared, and what is unlike the training clips, as sentences.

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
                         f"liftz.compatibility.rotate_180(X) turns them, x with y (flip_y(X), if x is as the model's)")


def _check_fps(given, wanted):
    if abs(given / wanted - 1) > SAME_FPS:
        raise ValueError(f"the model was fitted on {wanted:g} frames per second, these clips have {given:g}; "
                         f"liftz.compatibility.resample(X, {given:g}, {wanted:g}) brings them there")


def _check_image_size(given, wanted):
    if tuple(given) != tuple(wanted):
        raise ValueError(f"the model was fitted on pictures of {wanted[0]} x {wanted[1]} px, these are {given[0]} x "
                         f"{given[1]}; liftz.compatibility.rescale(X, {tuple(given)}, {tuple(wanted)}) fits them in")


def _check_body(X, skeleton, facts):
    if "lengths" not in facts:
        return (f"{skeleton.name} has no bones: the body's proportions are not compared",)
    readings = Readings(X, skeleton, facts)
    n_seen = np.count_nonzero(~np.isnan(readings.off))
    if not n_seen:
        return ("no two keypoints with a bone between them are seen: the body's proportions are not compared",)
    _check_size(readings.sizes, np.array(facts["sizes"], dtype=float))
    notes = _check_turns(readings, "")
    if len(X) > 1:
        for i in spread(len(X), N_CLIPS):
            _check_turns(Readings([X[i]], skeleton, facts), f" in clip {i}")
    notes += _check_order(readings, n_seen)
    n_far = np.count_nonzero(readings.off > FAR)
    if n_far:
        notes.append(f"{n_far} of {n_seen} measures of the body are far from those of training; farthest, "
                     f"{readings.farthest()}")
    return tuple(notes)


def _check_size(size, trained):
    smallest, largest = trained
    shown = ~np.isnan(size)
    if (size > FARTHER * largest)[shown].all() or (size < smallest / FARTHER)[shown].all():
        raise ValueError(f"these keypoints are {size[shown][0]:.3g} times the size of those that the model was fitted "
                         f"on: in another unit, or between 0 and 1 where those are px? Bring them to the model's")


def _check_turns(readings, where):
    given, turned, cure, selfie = readings.turned()
    if _is_better(turned, given, readings.few * TURN):
        raise ValueError(f"these keypoints do not draw the body of {readings.skeleton.name}{where}: {cure}")
    if not _is_better(selfie, given, readings.few * SELFIE):
        return []
    return ["mirrored, with left and right exchanged, these keypoints would be more like those of training: is the "
            "picture a selfie's, or the signer left-handed, or seen from another side?"]


def _check_order(readings, n_seen):
    refused = f"these keypoints do not draw the body of {readings.skeleton.name}"
    if readings.misfit(readings.off) > HOPELESS * n_seen:
        raise ValueError(f"{refused} as the model's training clips do: {readings.farthest()}. They are in another "
                         f"order, or seen from where no training clip is, or the signer stands as none there does; "
                         f"liftz lift --anyway lifts them all the same")
    given, left, exchanged = readings.reordered(readings.few * ORDER)
    if not _is_better(left, given, readings.few * ORDER, BETTER if given > readings.few * LARGE else ALL_BUT):
        return []
    a, b = exchanged[0]
    detail = readings.measures.detail_of({name for pair in exchanged for name in pair})
    if detail and len(exchanged) <= max(FEW_POINTS, SHARE * detail):
        return [f"{a} and {b} would be more like those of training if they were exchanged"]
    more = f", and {len(exchanged) - 1} other exchanges" * (len(exchanged) > 1)
    raise ValueError(f"{refused}, and would do so better with {a} and {b} exchanged{more}: they are in another order "
                     f"than their names")


def _is_better(misfit, given, least, share=BETTER):
    return misfit < share * given and given - misfit > least


def _plain(values):
    """Four significant digits; None for NaN, which JSON does not have."""
    return [None if np.isnan(value) else float(f"{value:.4g}") for value in values]


def _jsonable(value):
    if isinstance(value, dict):
        return {key: _jsonable(each) for key, each in value.items()}
    return [_jsonable(each) for each in value] if isinstance(value, (list, tuple)) else value
