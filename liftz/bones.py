"""Bones that keep their lengths: the skeleton of one signer, fitted to points that breathe."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._words import parts_of
from .gaps import bridge
from .hierarchy import Hierarchy, hierarchy
from .sequences import check_sequences
from .skeleton import Skeleton

__all__ = ["BoneFit", "directions", "fit_bones", "forward_kinematics"]

CHUNK = 64  # frames solved at a time, each with an (n_bones, n_bones) matrix: they fit into the cache
STEPS = 3  # of Newton's method, each of which squares what is left
GIVE = 10.0  # how much more readily a joint moves whose place was bridged, not seen


@dataclass(frozen=True)
class BoneFit:
    """A skeleton of constant bones, and how far it is from the points it was fitted to.

    Attributes
    ----------
    skeleton : Skeleton
        Names the keypoints.
    tree : Hierarchy
        The joints.
    lengths : array of shape (n_joints,)
        Length of the bone from each joint's parent; 0 for the root.
    positions : array of shape (n_frames, n_joints, 3)
        Where the joints are; no NaN.
    distance : array of shape (n_frames, n_keypoints)
        From each keypoint to its joint; NaN where the keypoint was not seen or has no joint.
    bridged : float
        Share of the joints' places that were not seen but bridged over time.
    left_out : tuple of str
        Keypoints without a joint: never seen, held by no bone, or hanging on one of these.

    Notes
    -----
    All lengths are in the unit of the points.
    """

    skeleton: Skeleton
    tree: Hierarchy
    lengths: np.ndarray
    positions: np.ndarray
    distance: np.ndarray
    bridged: float
    left_out: tuple[str, ...]

    def describe(self, units="mm"):
        """One line on how good the fit is, for people.

        Examples
        --------
        >>> from liftz import Skeleton
        >>> from liftz.bones import fit_bones
        >>> arm = Skeleton("arm", ["elbow", "wrist"], root="elbow", edges=[("elbow", "wrist")])
        >>> fit_bones([[[0, 0, 0], [240, 0, 0]], [[0, 0, 0], [0, 260, 0]]], arm).describe()
        '1 constant bone, on average 5 mm from the points (95 % within 5 mm); 0.0 % of the places bridged'
        """
        seen = self.distance[~np.isnan(self.distance)]
        n_bones = len(self.tree.joints) - 1
        left_out = ""
        if self.left_out:
            left_out = f"; left out, as no bone leads there: {parts_of(self.skeleton, self.left_out)}"
        return (f"{n_bones} constant bone{'s' * (n_bones > 1)}, on average {seen.mean():.3g} {units} from the points "
                f"(95 % within {np.percentile(seen, 95):.3g} {units}); {100 * self.bridged:.1f} % of the places bridged"
                f"{left_out}")


def fit_bones(points, skeleton):
    """Fit bones of constant length to a clip.

    A bone is as long as it is in the median of the frames that show both its ends. In every frame, the joints are
    then moved as little as that asks for. A joint that is not seen goes along with its parent, in a straight line from
    where it was to where it will be, and moves before the others do.

    Parameters
    ----------
    points : array of shape (n_frames, n_keypoints, 3)
        Positions in any unit of length; NaN is not known.
    skeleton : Skeleton
        Its `hierarchy` has the joints.

    Returns
    -------
    BoneFit

    Raises
    ------
    ValueError
        If the root, or every bone from it, is known in no frame.

    Notes
    -----
    All lengths are solved together, in the steps of Newton's method, each of which has the least sum of squares:
    SHAKE in matrix form (J.-P. Ryckaert, G. Ciccotti, H. J. C. Berendsen, J. Comput. Phys. 23, 1977) with the bones'
    present directions. To go out from the root and set one bone after the other to its length would add up all
    deviations at the fingertips.

    Examples
    --------
    >>> from liftz import Skeleton
    >>> from liftz.bones import fit_bones
    >>> arm = Skeleton("arm", ["elbow", "wrist"], root="elbow", edges=[("elbow", "wrist")])
    >>> fit = fit_bones([[[0, 0, 0], [240, 0, 0]], [[0, 0, 0], [0, 260, 0]]], arm)
    >>> fit.lengths, fit.positions[0]
    (array([ 0., 250.]), array([[ -5., 0., 0.], [245., 0., 0.]]))
    """
    clip, = check_sequences([points], skeleton=skeleton, positions=True, names=("points", ""))
    clip = clip.astype(np.float64)
    clip[np.isnan(clip).any(axis=2)] = np.nan
    tree, places, seen = _places(clip, skeleton)
    parents = np.array(tree.parents)
    lengths = np.zeros(len(parents))
    for joint, parent in enumerate(tree.parents[1:], start=1):
        length = np.linalg.norm(places[:, joint] - places[:, parent], axis=1)
        both = seen[:, joint] & seen[:, parent]
        lengths[joint] = np.median(length[both] if both.any() else length)

    give = np.where(seen, 1.0, GIVE)
    moved = np.concatenate([_shake(places[i:i + CHUNK], parents, lengths, give[i:i + CHUNK])
                            for i in range(0, len(places), CHUNK)])
    positions = forward_kinematics(moved[:, 0], directions(moved, parents) * lengths[:, None], parents)

    distance = np.full(clip.shape[:2], np.nan)
    for joint, members in enumerate(tree.members):
        if tree.joints[joint] in skeleton.keypoints:
            own = skeleton.indices(members)
            distance[:, own] = np.linalg.norm(clip[:, own] - positions[:, [joint]], axis=2)
    held = {name for members in tree.members for name in members}
    left_out = tuple(name for name in skeleton.keypoints if name not in held)
    return BoneFit(skeleton, tree, lengths, positions, distance, float(np.mean(~seen)), left_out)


def forward_kinematics(root, bones, parents):
    """Joints from the root's places `(n_frames, 3)` and the vectors of the bones `(n_frames, n_joints, 3)`."""
    positions = np.empty_like(bones)
    positions[:, 0] = root
    for joint, parent in enumerate(parents[1:], start=1):
        positions[:, joint] = positions[:, parent] + bones[:, joint]
    return positions


def directions(positions, parents):
    """Unit vectors from each joint's parent to it, `(n_frames, n_joints, 3)`; zero for the root.

    Where both are in one place, the direction is that of the frames around; upwards in y if there are none.
    """
    bones = np.zeros_like(positions)
    bones[:, 1:] = positions[:, 1:] - positions[:, parents[1:]]
    length = np.linalg.norm(bones, axis=2, keepdims=True)
    clear = length > 1e-9 * np.abs(positions).max(initial=1e-300)
    unit = np.where(clear, bones / np.where(clear, length, 1), np.nan)
    if not clear[:, 1:].all():
        unit = bridge(unit.reshape(len(unit), -1), hold_ends=True).reshape(unit.shape)
        length = np.linalg.norm(unit, axis=2, keepdims=True)
        unit = np.where(length > 1e-6, unit / np.where(length > 1e-6, length, 1), [0.0, 1.0, 0.0])
    unit[:, 0] = 0
    return unit


def _places(clip, skeleton):
    """The joints that the clip knows, where they are, and whether they were seen there."""
    tree = hierarchy(skeleton)
    places: dict[int, np.ndarray] = {}
    seen: dict[int, np.ndarray] = {}
    for joint, (parent, members) in enumerate(zip(tree.parents, tree.members, strict=True)):
        track = _track(clip[:, skeleton.indices(members)], needs_all=tree.joints[joint] not in skeleton.keypoints)
        if np.isnan(track).all() or (joint and parent not in places):
            continue
        origin = places[parent] if joint else np.zeros_like(track)
        places[joint] = origin + bridge(track - origin, hold_ends=True)
        seen[joint] = ~np.isnan(track[:, 0])
    kept = tree.keep(places)
    if len(kept.joints) < 2:
        root = " and ".join(tree.members[0])
        what = f"no bone leads from the root {root} to a keypoint that the clip knows" if places else \
            f"the root is not known in any frame: {root}"
        raise ValueError(f"skeleton {skeleton.name!r}: {what}; Skeleton.with_root(...) begins the bones at another "
                         f"keypoint")
    return kept, np.stack(list(places.values()), axis=1), np.stack(list(seen.values()), axis=1)


def _track(members, needs_all):
    """The mean of keypoints `(n_frames, n_members, 3)`; one that a frame does not show stays where it was from it."""
    mean = members.mean(axis=1)
    apart = bridge((members - mean[:, None]).reshape(len(members), -1), hold_ends=True).reshape(members.shape)
    if np.isnan(mean).all() and not needs_all:  # estimates of one joint that are never there together
        apart = np.zeros_like(members)
    estimates = members - apart
    there = ~np.isnan(estimates)
    count = there.sum(axis=1)
    return np.where(count, np.where(there, estimates, 0).sum(axis=1) / np.maximum(count, 1), np.nan)


def _shake(positions, parents, lengths, give):
    """Positions with bones of these lengths, nearest to the given ones by squares weighted with 1 / give."""
    n_joints = len(parents)
    incidence = np.zeros((n_joints - 1, n_joints))
    incidence[np.arange(n_joints - 1), np.arange(1, n_joints)] = 1
    incidence[np.arange(n_joints - 1), parents[1:]] = -1
    coupling = (incidence * give[:, None]) @ incidence.T  # (n_frames, n_bones, n_bones)
    coupling += 1e-9 * np.eye(n_joints - 1)  # bones without a direction would make it singular
    for _ in range(STEPS):
        bones = incidence @ positions
        length = np.linalg.norm(bones, axis=2, keepdims=True)
        bones /= np.where(length > 0, length, 1)
        cosines = bones @ bones.transpose(0, 2, 1)
        cosines[:, np.arange(n_joints - 1), np.arange(n_joints - 1)] = 1
        excess = np.where(length > 0, length - lengths[1:, None], 0)
        tension = np.linalg.solve(coupling * cosines, excess)
        positions = positions - give[..., None] * (incidence.T @ (tension * bones))
    return positions
