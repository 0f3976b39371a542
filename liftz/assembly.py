"""One world from what was seen and what was lifted: parts in their places, in one unit."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from sklearn.utils import Bunch

from ._units import IN_MM
from .hierarchy import landmark
from .sequences import check_sequences

__all__ = ["assemble"]

FARTHEST = 1e6  # mm; no camera resolves a signer from a kilometre


def assemble(clip, depth, skeleton, *, units, depth_units=None, length=None, focal=None, center=(0.0, 0.0), y_up=False):
    """Put a lifted clip together: positions in one world, in mm.

    Depths that a lifter predicts are measured from each region's own root. Here the face comes back to the body at the
    nose, and the hands at the wrists: in depth, for x and y stay where they were seen.

    Parameters
    ----------
    clip : array of shape (n_frames, n_keypoints, 2 or 3)
        x and y as they were seen, perhaps with a confidence, which is not used. NaN is not seen.
    depth : array of shape (n_frames, n_keypoints)
        As predicted from the clip, growing away from the camera: relative to the root of each region. NaN is not known.
    skeleton : Skeleton
        Names the keypoints and their roots.
    units : {"px", "mm", "cm", "m"}
        Of x and y; pixels are square ones.
    depth_units : {"px", "mm", "cm", "m"}, optional
        Of the depths, which are those of the clips that the lifter was trained on. Default: `units`.
    length : (str, str, float), optional
        Two keypoints and how far they are apart on the signer, in mm, such as
        ``("LShoulder", "RShoulder", 350)``. The world is scaled such that they are in the median of the frames that
        show both: x, y and depth together where they have one unit, else x and y alone. Required if one of them is px
        and the other is not.
    focal : float, optional
        Focal length in px, for perspective. x and y must be px then, and the depths a unit of length; `length` tells
        how far away the signer stands. Default: all points are scaled alike, as if seen from far away.
    center : (float, float), default=(0, 0)
        The principal point in px, x and y, that perspective begins at. Usually the middle of the picture.
    y_up : bool, default=False
        Whether the clip's +y is up. It is passed on: no axis is turned.

    Returns
    -------
    Bunch
        Of ``points``, a float32 array of shape (n_frames, n_keypoints, 3): x and y in their directions, z away from the
        camera; NaN where x, y or the depth is not known; z is 0 at the skeleton's root, and at the camera if `focal`
        is given. ``units``, ``"mm"``, or ``"px"`` if everything is px and no `length` was given. ``y_up``. ``scale``,
        the size in ``units`` of one of the clip's x and y at the root. ``distance``, how far the root is from the
        camera in mm, if `focal` is given, else None. ``guessed``, of regions that were put onto a keypoint that the
        clip never shows, the name of that: where they are in depth is a guess.

    Raises
    ------
    ValueError
        If units do not fit together; if a region cannot be attached, because no frame knows the depth of the keypoint
        that it hangs on; or if no scale, or no one distance, makes the two keypoints
        `length` apart.

    Notes
    -----
    Where z is away from the camera and y down, +x must be to the picture's right, and to its left where y is up: else
    the world is the mirror image of itself, and left is right in what is written from it.

    Distance is one number for the clip: steps towards the camera are not in relative depths.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz import Skeleton
    >>> from liftz.assembly import assemble
    >>> arm = Skeleton("arm", ["neck", "left_wrist", "left_hand_wrist", "left_hand_index_tip"], root="neck",
    ...                regions={"body": ["neck", "left_wrist"], "hand": ["left_hand_wrist", "left_hand_index_tip"]},
    ...                roots={"hand": "left_hand_wrist"})
    >>> seen, lifted = [[[0, 0], [80, 0], [81, 0], [100, 5]]], [[0, -300, 0, -90]]
    >>> world = assemble(seen, lifted, arm, units="px", depth_units="mm", length=("neck", "left_wrist", 500))
    >>> world.points[0, 3], world.units, round(world.scale, 6)
    (array([ 500.,   25., -390.], dtype=float32), 'mm', 5.0)
    """
    X, y = check_sequences([clip], [depth], skeleton=skeleton, names=("clip", "depth"))
    seen, lifted = X[0][..., :2].astype(np.float64), y[0].astype(np.float64)
    depth_units = units if depth_units is None else depth_units
    for name, given in (("units", units), ("depth_units", depth_units)):
        if given not in (*IN_MM, "px"):
            raise ValueError(f"{name} must be one of {', '.join(IN_MM)} and px, got {given!r}")
    seen *= IN_MM.get(units, 1.0)
    lifted, anchors = _attach(lifted, skeleton)
    lifted *= IN_MM.get(depth_units, 1.0)
    unseen = np.isnan(seen[..., 0]).all(axis=0)

    place = _placement(units, depth_units, length, focal, center)
    if focal is not None:
        seen -= center
    nearest = 0.0 if focal is None else -np.nanmin(lifted, initial=0.0)  # all is in front of the camera beyond it
    number = 1.0 if length is None else _solve(place, seen, lifted, skeleton, length, nearest)
    seen, lifted = place(number, seen, lifted)
    points = np.concatenate([seen, lifted[..., None]], axis=2).astype(np.float32)
    points[np.isnan(points).any(axis=2)] = np.nan
    return Bunch(points=points, units="px" if units == depth_units == "px" and length is None else "mm",
                 y_up=bool(y_up), scale=number * IN_MM.get(units, 1.0) / (1.0 if focal is None else focal),
                 distance=None if focal is None else number,
                 guessed={region: anchor for region, anchor in anchors.items() if unseen[skeleton.index(anchor)]
                          and not unseen[skeleton.region_indices(region)].all()})


def _placement(units, depth_units, length, focal, center):
    """How x and y and the depths become places in one unit, by one number: a distance in mm, or else a scale."""
    mixed = (units == "px") != (depth_units == "px")
    if focal is not None:
        numbers = np.asarray([focal, *np.ravel(center)])
        if numbers.dtype.kind not in "fiu" or len(numbers) != 3 or not np.isfinite(numbers).all() or focal <= 0:
            raise ValueError(f"expected a focal length above 0 and the x and y of a center, in px, got "
                             f"focal={focal!r}, center={center!r}")
        if not mixed or units != "px" or length is None:
            raise ValueError(f"perspective needs x and y in px, depths in a unit of length, and a length; got "
                             f"units={units!r}, depth_units={depth_units!r}, length={length!r}")
        return lambda distance, seen, lifted: (seen * ((distance + lifted) / focal)[..., None], distance + lifted)
    if not mixed:
        return lambda scale, seen, lifted: (seen * scale, lifted * scale)
    if units == "px" and length is not None:
        return lambda scale, seen, lifted: (seen * scale, lifted)
    raise ValueError(f"x and y are in {units}, depths in {depth_units}: "
                     + ("give length=(keypoint, keypoint, mm), such as the width of the shoulders, to bring them "
                        "together" if units == "px" else "expected both in px, or both in a unit of length"))


def _attach(depth, skeleton):
    """Depths of all regions from the skeleton's root, and which keypoints of the body the others were put onto."""
    named: dict[tuple[str, str], str] = {}
    for keypoint in skeleton.keypoints:
        named.setdefault(landmark(keypoint), keypoint)
    own = [region for region in skeleton.regions if skeleton.roots[region] == skeleton.root]
    body = depth.copy()
    for region in own:
        members = skeleton.region_indices(region)
        body[:, members] -= np.nan_to_num(depth[:, skeleton.root_indices()].mean(axis=1, keepdims=True))
    anchors = {}
    places = {root: i for i, root in enumerate(skeleton.hung, start=1)}
    for region in sorted(skeleton.regions, key=lambda region: places.get(skeleton.roots[region], 0)):  # hosts first
        members = skeleton.region_indices(region)
        if region in own or np.isnan(depth[:, members]).all():
            continue
        anchor = anchors[region] = _anchor(skeleton, region, named)
        at = body[:, skeleton.index(anchor)]
        if np.isnan(at).all():
            raise ValueError(f"region {region!r} of skeleton {skeleton.name!r} hangs on {anchor}, whose depth is known "
                             f"in no frame: lift the body too, or assemble skeleton.subset({region!r}) alone")
        root = np.nan_to_num(depth[:, skeleton.root_indices(region)].mean(axis=1))
        body[:, members] = depth[:, members] + (at - root)[:, None]
    return body, anchors


def _anchor(skeleton, region, named):
    """The keypoint of the body that a region's root is another estimate of."""
    root = skeleton.roots[region]
    side, part = landmark(root) if isinstance(root, str) else ("", "")
    nose = part.startswith("face") or region == "face"
    anchor = named.get(("", "nose")) if nose else named.get((side, part.removeprefix("hand ")))
    if anchor is None or anchor in skeleton.regions[region]:
        raise ValueError(f"skeleton {skeleton.name!r} has no keypoint that region {region!r} could be attached at: "
                         f"expected {'a nose' if nose else f'a counterpart of {root!r}'} outside it")
    return anchor


def _solve(place, seen, lifted, skeleton, length, least):
    """The number by which two keypoints are placed `length` apart, in the median of the frames that show both."""
    try:
        first, second, size = length
        size = float(size)
    except (TypeError, ValueError):
        raise ValueError(f"length must be two keypoints and their distance in mm, got {length!r}") from None
    if first == second or not 0 < size < np.inf:
        raise ValueError(f"length must be two different keypoints and a distance in mm above 0, got {length!r}")
    pair = skeleton.indices([first, second])
    both = ~np.isnan(seen[:, pair].sum(axis=(1, 2)) + lifted[:, pair].sum(axis=1))
    if not both.any():
        raise ValueError(f"length: no frame shows {first} and {second} both, with their depths")
    across, along = seen[both][:, pair], lifted[both][:, pair]

    def apart(number):
        (a, b), (c, d) = (np.moveaxis(part, 1, 0) for part in place(number, across, along))
        return float(np.median(np.sqrt(((a - b) ** 2).sum(axis=1) + (c - d) ** 2)))

    if least > 0 and apart(least) >= size:  # with perspective they may then come nearer first: two distances, or none
        raise ValueError(f"length: {first} and {second} being {size:g} mm apart tells no one distance from the camera: "
                         f"as near as it can be they are {apart(least):.4g} mm apart in the median frame already; is "
                         f"the length in mm? Two other keypoints may tell it")
    if apart(least) >= size:
        raise ValueError(f"length: {first} and {second} cannot be {size:g} mm apart: their depths alone put them "
                         f"{apart(least):.4g} mm apart in the median frame; is the length in mm?")
    if apart(FARTHEST) <= size:
        raise ValueError(f"length: {first} and {second} are in one place, they cannot be {size:g} mm apart")
    return float(brentq(lambda number: apart(number) - size, least, FARTHEST, xtol=1e-12, rtol=1e-12))
