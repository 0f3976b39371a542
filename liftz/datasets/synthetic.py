"""Synthetic signing: unseen signers, exact depth, no download."""

from __future__ import annotations

import numpy as np
from sklearn.utils import Bunch, check_random_state

from liftz.sequences import to_object_array
from liftz.skeletons import PANOPTIC_138

from ._kinematics import drift, rotate, rotation
from ._signer import draw_signer, move
from ._signing import perform
from .projection import burst_mask

__all__ = ["make_signing"]

FPS = 29.97
GAP = 3, 15  # frames
APART = 120.0  # cm, between people of one recording


def make_signing(n_signers=5, n_clips=6, n_frames=(60, 150), *, recordings=None, views=(-60.0, -30.0, 0.0, 30.0, 60.0),
                 missing=0.02, noise=0.2, random_state=0):
    """Make clips of synthetic signers.

    People of different proportions, postures and habits sign words of one shared, invented vocabulary. All 138
    keypoints follow from forward kinematics: arms reach for places in signing space and at the face, fingers
    bend into hand shapes, head, trunk and face move along. Bones keep their lengths (but the neck bends), joints keep
    to their range.

    Parameters
    ----------
    n_signers : int, default=5
        Number of people.
    n_clips : int, default=6
        Clips of each.
    n_frames : int or (int, int), default=(60, 150)
        Length of a clip, or the shortest and the longest.
    recordings : mapping of str to sequence of int, optional
        Names of recordings and who is in each, by number from 1, for layouts such as
        ``{"conversation": (1, 2), "story": (1,)}``; takes the place of `n_signers` and `n_clips`. People of one
        recording stand side by side and their clips are equally long.
    views : sequence of float, default=(-60, -30, 0, 30, 60)
        Turns of the signer in degrees, positive to the own left; one is drawn per clip.
    missing : float in [0, 1), default=0.02
        Share of the hand-frames lost whole, in X and in y, and share of the single keypoint-frames lost in X alone.
    noise : float, default=0.2
        Standard deviation of the Gaussian noise on x, y and depth, in cm.
    random_state : int, RandomState instance or None, default=0
        Seed. A person depends on the seed and their number alone, what they sign on the number of the clip too.

    Returns
    -------
    data : Bunch
        X : object array of shape (n_clips_in_all,), of float32 arrays (n_frames, 138, 2)
            x to the right and y down, in cm; NaN where a keypoint is not seen.
        y : object array of the same shape, of float32 arrays (n_frames, 138)
            Depth away from the camera, in cm; the signers stand 250 to 350 cm away.
        groups : ndarray of str
            Signers, ``"S1"``, ``"S2"``, ...
        recordings : ndarray of str
            Names of recordings, such as ``"synthetic_S1_01"``.
        persons : ndarray of int
            Which person of the recording a clip shows.
        views : ndarray of float
            The turn that was drawn for each clip, in degrees; people are a few degrees off it.
        skeleton : Skeleton
            PANOPTIC_138.
        fps, units, y_up
            29.97, ``"cm"``, False.

    Examples
    --------
    >>> from liftz.datasets import make_signing
    >>> data = make_signing(n_signers=2, n_clips=3, n_frames=60)
    >>> data.X.shape, data.X[0].shape, data.y[0].shape
    ((6,), (60, 138, 2), (60, 138))
    >>> data.groups
    array(['S1', 'S1', 'S1', 'S2', 'S2', 'S2'], dtype='<U2')
    """
    if recordings is None:
        recordings = {f"synthetic_S{s}_{c:02d}": (s,) for s in range(1, n_signers + 1) for c in range(1, n_clips + 1)}
    seed = check_random_state(random_state).randint(2**31 - 1, dtype=np.int64)  # the same on every platform
    shortest, longest = (n_frames, n_frames) if np.ndim(n_frames) == 0 else n_frames
    cast = sorted({number for numbers in recordings.values() for number in numbers})
    if not cast or cast[0] < 1:
        raise ValueError(f"expected at least one clip, of people numbered from 1, got n_signers={n_signers}, "
                         f"n_clips={n_clips}, recordings={recordings}")
    if not 1 <= shortest <= longest:
        raise ValueError(f"n_frames must be a number or (shortest, longest), at least 1 and in order, got {n_frames}")
    if not 0 <= noise < np.inf:
        raise ValueError(f"noise must be a finite number of at least 0, in cm, got {noise!r}")
    signers = {number: draw_signer(np.random.default_rng([seed, number])) for number in cast}
    clips, so_far = [], dict.fromkeys(cast, 0)
    for name, numbers in recordings.items():
        length = None
        for person, number in enumerate(numbers):
            so_far[number] += 1
            rng = np.random.default_rng([seed, number, so_far[number]])
            drawn = int(rng.integers(shortest, longest, endpoint=True))
            length = length or drawn
            view = rng.choice(views)
            aside = APART * (person - (len(numbers) - 1) / 2)
            points = _record(signers[number], length, view, aside, noise, rng)
            clips.append((*_lose(points, missing, rng), f"S{number}", name, person, view))
    X, y, groups, names, persons, turns = zip(*clips, strict=True)
    return Bunch(X=to_object_array(X), y=to_object_array(y), groups=np.array(groups),
                 recordings=np.array(names), persons=np.array(persons), views=np.array(turns),
                 skeleton=PANOPTIC_138, fps=FPS, units="cm", y_up=False)


def _record(signer, n_frames, view, aside, noise, rng):
    """A clip before the camera, (n_frames, 138, 3), in cm."""
    sway = [0.7, 0.2, 0.7] * drift(rng, n_frames, (3,), 60)
    hands, body = perform(signer, n_frames, rng)
    points = move(signer, hands, body, sway)
    turn = rotation(view + rng.normal(0, 3), 0, 0)
    stand = rng.uniform([-20, 10, 250], [20, 40, 350]) + [aside, 0, 0]
    return rotate(turn, points) + stand + noise * rng.standard_normal(points.shape)


def _lose(points, missing, rng):
    """X and y with their gaps: hands leave both, as in Panoptic's reconstructions, single keypoints leave X."""
    clip = points.astype(np.float32)
    lost = burst_mask((len(clip), 2), missing, GAP, rng)
    for hand, frames in zip(("left_hand", "right_hand"), lost.T, strict=True):
        clip[np.ix_(frames, PANOPTIC_138.region_indices(hand))] = np.nan
    X, y = clip[..., :2].copy(), clip[..., 2].copy()
    X[burst_mask(y.shape, missing, GAP, rng)] = np.nan
    return X, y
