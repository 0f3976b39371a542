"""What keypoints and depths show where they are not what they are called: another unit, direction or hand."""

from __future__ import annotations

import numpy as np

from ._units import IN_MM
from .hierarchy import landmark
from .sequences import check_sequences
from .tree import bone_tree

__all__ = ["depth_direction", "depth_unit", "exchanged_hands"]

ANOTHER_UNIT = 3  # times what foreshortening tells: noise and perspective come to less, other units to ten and more
FRAMES, RAISED = 8, 30  # of a bone in a clip, and raised wrists in all clips, that tell anything
FRONTAL = 0.45  # of the shoulders' distance in the picture, that it is in depth at most, of a body seen from ahead
OFTEN = 0.3  # of the frames, that have to be seen from ahead: of those seen from aside a sensor takes some for such
BEHIND = 0.8  # of the raised wrists; of real signers seen from ahead few are
NEARER = 0.3  # of its distance to its own wrist, at which a hand from the other wrist is the other's


def depth_unit(X, y, skeleton, *, units, depth_units):
    """What tells that depths are not in the unit that they are said to be in.

    Bones that turn in depth look shorter: a bone of length L that looks l long has ``L^2 = l^2 + (r dz)^2``, where r is
    how many units of x and y a unit of depth is. So the middle halves of l^2 and of dz^2 tell r, whatever is astray.

    Parameters
    ----------
    X : sequence of n_clips arrays ``(n_frames, n_keypoints, 2 or 3)``
    y : sequence of n_clips arrays ``(n_frames, n_keypoints)``
        Depths.
    skeleton : Skeleton
    units, depth_units : {"px", "mm", "cm", "m"}
        Of x and y, and of the depths. Pixels tell nothing of it.

    Returns
    -------
    str
        A sentence; empty where nothing is odd, or nothing can be told.

    Examples
    --------
    >>> from liftz.datasets import make_signing
    >>> from liftz.plausibility import depth_unit
    >>> data = make_signing(n_signers=1, n_clips=2, n_frames=40, random_state=0)
    >>> depth_unit(data.X, data.y, data.skeleton, units="cm", depth_units="cm")
    ''
    >>> depth_unit(data.X, data.y, data.skeleton, units="cm", depth_units="mm")
    'depths are said to be in mm, x and y in cm, but by how bones foreshorten a mm of depth is about 1 cm of x and y'
    """
    X, y = check_sequences(X, y, skeleton=skeleton, allow_unseen=True)
    children, parents, _ = bone_tree(skeleton)
    if units not in IN_MM or depth_units not in IN_MM or not len(children):
        return ""
    in_picture = in_depth = 0.0
    for clip, depth in zip(X, y, strict=True):
        squares = np.stack([np.square(clip[:, children, :2] - clip[:, parents, :2]).sum(axis=2),
                            np.square(depth[:, children] - depth[:, parents])]).astype(float)
        known = ~np.isnan(squares.sum(axis=0))
        for bone in np.flatnonzero(known.sum(axis=0) >= FRAMES):
            low, high = np.quantile(squares[:, known[:, bone], bone], [0.25, 0.75], axis=1)
            in_picture, in_depth = in_picture + (high - low)[0], in_depth + (high - low)[1]
    if not (in_picture > 0 and in_depth > 0):
        return ""
    found = float(np.sqrt(in_picture / in_depth))
    if 1 / ANOTHER_UNIT < found / (IN_MM[depth_units] / IN_MM[units]) < ANOTHER_UNIT:
        return ""
    return (f"depths are said to be in {depth_units}, x and y in {units}, but by how bones foreshorten a {depth_units} "
            f"of depth is about {found:.1g} {units} of x and y")


def depth_direction(X, y, skeleton, *, y_up):
    """What tells that depths grow towards the camera: who signs has the hands before the body.

    Parameters
    ----------
    X : sequence of n_clips arrays ``(n_frames, n_keypoints, 2 or 3)``
    y : sequence of n_clips arrays ``(n_frames, n_keypoints)``
        Depths, said to grow away from the camera.
    skeleton : Skeleton
        With shoulders, elbows and wrists; without them nothing is told.
    y_up : bool or None
        Whether y grows upwards; nothing is told where that is not known.

    Returns
    -------
    str
        A sentence; empty where nothing is odd, or nothing can be told.
    """
    X, y = check_sequences(X, y, skeleton=skeleton, allow_unseen=True)
    places = {landmark(name): skeleton.index(name) for region in skeleton.regions
              if skeleton.roots[region] == skeleton.root for name in skeleton.regions[region]}
    wanted = [(side, part) for part in ("shoulder", "elbow", "wrist") for side in ("left", "right")]
    if y_up is None or not places.keys() >= set(wanted):
        return ""
    shoulders, elbows, wrists = np.reshape([places[joint] for joint in wanted], (3, 2))
    n_behind = n_ahead = n_raised = 0
    for clip, depth in zip(X, y, strict=True):
        across, along = np.ptp(clip[:, shoulders, 0], axis=1), np.ptp(depth[:, shoulders], axis=1)
        higher = (clip[:, wrists, 1] - clip[:, elbows, 1]) * (1 if y_up else -1) > 0
        farther = depth[:, wrists] - depth[:, shoulders].mean(axis=1, keepdims=True)
        raised = higher & ~np.isnan(farther)
        ahead = raised & (along < FRONTAL * across)[:, None]
        n_raised += int(np.count_nonzero(raised))
        n_ahead += int(np.count_nonzero(ahead))
        n_behind += int(np.count_nonzero(farther[ahead] > 0))
    if n_ahead < RAISED or n_ahead <= OFTEN * n_raised or n_behind <= BEHIND * n_ahead:
        return ""
    return (f"{100 * n_behind / n_ahead:.0f} % of the raised wrists are behind the shoulders, and signers hold "
            f"them before the body: depths are to grow away from the camera, do these grow towards it?")


def exchanged_hands(X, skeleton, *, names=None, first_frames=None):
    """What tells that hands are taken for each other in some frames: one lies at the other's wrist.

    Parameters
    ----------
    X : sequence of n_clips arrays ``(n_frames, n_keypoints, 2 or 3)``
    skeleton : Skeleton
        With wrists of the body and of both hands; without them nothing is told.
    names : sequence of n_clips str, optional
        What to call the clips. Default: their numbers, where there are several.
    first_frames : sequence of n_clips int, optional
        The number of each clip's first frame. Default: 0.

    Returns
    -------
    str
        A sentence; empty where nothing is odd, or nothing can be told.
    """
    X = check_sequences(X, skeleton=skeleton, allow_unseen=True)
    named = {landmark(name): skeleton.index(name) for name in skeleton.keypoints}
    wanted = [(side, part) for part in ("hand wrist", "wrist") for side in ("left", "right")]
    if not named.keys() >= set(wanted):
        return ""
    hands, wrists = np.reshape([named[joint] for joint in wanted], (2, 2))
    members = [[i for (of, part), i in named.items() if of == side and part.startswith("hand")]
               for side in ("left", "right")]
    if names is None:
        names = [f"clip {i}" for i in range(len(X))] if len(X) > 1 else [""]
    found = []
    for i, clip in enumerate(X):
        points = clip[..., :2]
        own, other = (np.hypot(*np.moveaxis(points[:, hands] - points[:, at], 2, 0)) for at in (wrists, wrists[::-1]))
        sizes = np.stack([_extent(points[:, hand]) for hand in members], axis=1)
        exchanged = np.flatnonzero(((other < NEARER * own) & (own > sizes)).any(axis=1))
        first = 0 if first_frames is None else int(first_frames[i])
        found += [f"frame {first + frame}" + f" of {names[i]}" * bool(names[i]) for frame in exchanged]
    return (f"in {found[0]}" + f" and {len(found) - 1} more" * (len(found) > 1) + " a hand lies at the other hand's "
            "wrist: is one taken for the other there?") if found else ""


def _extent(points):
    """The diagonal of what is seen of points ``(n_frames, n_keypoints, 2)``; 0 where nothing is."""
    low, high = np.fmin.reduce(points, axis=1), np.fmax.reduce(points, axis=1)
    return np.nan_to_num(np.hypot(*np.moveaxis(high - low, 1, 0)))
