"""What a camera makes of a recording: perspective, pixel noise and gaps."""

from __future__ import annotations

import numpy as np
from sklearn.utils import check_random_state

from liftz.sequences import check_sequences, seen, to_object_array

__all__ = ["burst_mask", "drop_bursts", "drop_keypoints", "project"]


def project(data, track="T1", *, focal=1050.0, noise=2.5, missing=0.05, burst=(3, 15), distance=None, random_state=0):
    """The 2D keypoints that a lifter sees of a recording.

    Parameters
    ----------
    data : Bunch
        A data set: metric x and y in ``X``, depths away from the camera in ``y``, the ``skeleton``, and ``y_up``.
    track : {"T1", "T2"}, default="T1"
        ``"T1"``: x and y as they are, in the data's units; every other parameter is without effect. ``"T2"``:
        pixels of a pinhole camera, ``u = focal * x / z`` to the right and ``v = focal * y / z`` downwards,
        counted from the centre of the picture.
    focal : float, default=1050.0
        Focal length in px.
    noise : float, default=2.5
        Standard deviation of the Gaussian noise on u and v, in px.
    missing : float in [0, 1), default=0.05
        Share of the keypoint-frames to lose, on average; see `drop_bursts`.
    burst : (int, int), default=(3, 15)
        Shortest and longest loss of a keypoint, in frames.
    distance : float, optional
        How far from the camera each clip stands, as the median depth of its root, in the data's units. For
        recordings in world coordinates, which know no camera. Default: depths as they are.
    random_state : int, RandomState instance or None, default=0
        Seed of noise and gaps; those of a clip depend on the seed and on its number alone.

    Returns
    -------
    X : object array of shape (n_clips,), of float32 arrays (n_frames, n_keypoints, 2)
        NaN where x, y or the depth is NaN, and in the gaps.

    Raises
    ------
    ValueError
        If a keypoint is not in front of the camera, naming clip, frame and keypoint; or if a parameter makes no
        camera.

    Notes
    -----
    There is no picture here, only a focal length: nothing ends at an edge, and no ``image_size`` can be told of. What
    says how large pixels are is the body that they draw, and by that `liftz.compatibility.check_compatible` compares.
    Pictures of a known size, and their edges, are what `liftz.datasets.filming.film` makes.

    Examples
    --------
    >>> from liftz.datasets.projection import project
    >>> from liftz.datasets.synthetic import make_signing
    >>> data = make_signing(n_signers=1, n_clips=2, n_frames=40)
    >>> project(data, "T1") is data.X
    True
    >>> project(data, "T2")[0].shape
    (40, 138, 2)
    """
    if track == "T1":
        return data.X
    if track != "T2":
        raise ValueError(f"track must be 'T1' or 'T2', got {track!r}")
    if not (0 < focal < np.inf and 0 <= noise < np.inf and (distance is None or 0 < distance < np.inf)):
        raise ValueError(f"expected a finite focal length above 0, noise of at least 0 and a distance above 0, got "
                         f"focal={focal}, noise={noise}, distance={distance}")
    X, y = check_sequences(data.X, data.y, skeleton=data.skeleton)
    seed = _seed(random_state)
    pixels = []
    for i, (clip, depth) in enumerate(zip(X, y, strict=True)):
        if distance is not None:
            depth = depth + np.float32(distance - _root_depth(depth, data.skeleton, i))
        _check_in_front(depth, data.skeleton, i)
        clip = clip.copy()
        clip[..., :2] *= focal / depth[..., None]
        if data.y_up:
            clip[..., 1] *= -1
        clip[..., :2] += noise * np.random.default_rng([seed, i, 1]).standard_normal(clip[..., :2].shape, np.float32)
        clip[~seen(clip)] = np.nan
        pixels.append(clip)
    return drop_bursts(pixels, missing, burst, seed)


def drop_bursts(X, share, burst=(3, 15), random_state=0):
    """Lose keypoints for some frames in a row, each on its own.

    Parameters
    ----------
    X : sequence of arrays (n_frames, n_keypoints, 2 or 3) or (n_frames, n_keypoints)
        Clips of keypoints, or of depths.
    share : float in [0, 1)
        Share of the keypoint-frames to lose, on average, in clips of any length.
    burst : (int, int), default=(3, 15)
        Shortest and longest burst, in frames. A gap is longer where bursts overlap, and shorter where the clip
        begins or ends in it.
    random_state : int, RandomState instance or None, default=0
        Seed; the gaps of a clip depend on the seed and on its number alone.

    Returns
    -------
    X : object array of shape (n_clips,), of float32 arrays
        Copies with NaN in the gaps. A clip of which nothing would be left keeps the first frame that shows something.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz.datasets.projection import drop_bursts
    >>> clip, = drop_bursts([np.zeros((1000, 50, 2), np.float32)], share=0.2)
    >>> bool(0.18 < np.isnan(clip).mean() < 0.22)
    True
    """
    seed = _seed(random_state)
    dropped = []
    for i, clip in enumerate(check_sequences(X, ndim=(2, 3), allow_unseen=True)):
        lost = burst_mask(clip.shape[:2], share, burst, np.random.default_rng([seed, i, 2]))
        dropped.append(_lose(clip, lost))
    return to_object_array(dropped)


def drop_keypoints(X, skeleton, keypoints, n_frames=15, random_state=0):
    """Lose some keypoints together, once in each clip: an arm behind the back, a face behind a hand.

    Parameters
    ----------
    X : sequence of arrays (n_frames, n_keypoints, 2 or 3) or (n_frames, n_keypoints)
        Clips of keypoints, or of depths.
    skeleton : Skeleton
        Names the keypoints.
    keypoints : str or sequence of str
        Keypoints or regions to lose.
    n_frames : int, default=15
        For how many frames; a shorter clip loses them throughout.
    random_state : int, RandomState instance or None, default=0
        Seed; when a clip's gap begins depends on the seed and on its number alone.

    Returns
    -------
    X : object array of shape (n_clips,), of float32 arrays
        Copies with NaN in the gaps. A clip of which nothing would be left keeps the first frame that shows something.
    """
    seed, columns = _seed(random_state), skeleton.indices(skeleton.resolve(keypoints))
    dropped = []
    for i, clip in enumerate(check_sequences(X, ndim=(2, 3), skeleton=skeleton, allow_unseen=True)):
        start = np.random.default_rng([seed, i, 3]).integers(max(len(clip) - n_frames, 0) + 1)
        lost = np.zeros(clip.shape[:2], dtype=bool)
        lost[start:start + n_frames, columns] = True
        dropped.append(_lose(clip, lost))
    return to_object_array(dropped)


def burst_mask(shape, share, burst, rng):
    """Where bursts lie, `shape` (n_frames, n_tracks) of bool; they cover `share` of each track on average.

    Bursts start as a Poisson process, before the first frame too, so that a frame is free of them with
    probability exp(-rate * mean length), wherever it is.
    """
    (n_frames, n_tracks), (shortest, longest) = shape, burst
    if not 0 <= share < 1:
        raise ValueError(f"the share to lose must be at least 0 and below 1, got {share}")
    if not 1 <= shortest <= longest:
        raise ValueError(f"burst must be (shortest, longest) in frames, at least 1 and in order, got {burst}")
    rate = -np.log1p(-share) / ((shortest + longest) / 2)
    starts_in = n_frames + longest - 1
    n_bursts = rng.poisson(rate * starts_in * n_tracks)
    start = rng.integers(1 - longest, n_frames, n_bursts)
    end = (start + rng.integers(shortest, longest, n_bursts, endpoint=True)).clip(0, n_frames)
    track = rng.integers(n_tracks, size=n_bursts)
    change = np.zeros((n_frames + 1, n_tracks), dtype=np.int32)
    np.add.at(change, (start.clip(0), track), 1)
    np.add.at(change, (end, track), -1)
    return change[:-1].cumsum(axis=0) > 0


def _lose(clip, lost):
    visible = seen(clip)
    if visible.any() and not (visible & ~lost).any():
        lost[visible.any(axis=1).argmax()] = False
    clip = clip.copy()
    clip[lost] = np.nan
    return clip


def _seed(random_state):
    return check_random_state(random_state).randint(2**31 - 1, dtype=np.int64)  # the same on every platform


def _root_depth(depth, skeleton, clip):
    root = depth[:, skeleton.root_indices()].mean(axis=1)
    if np.isnan(root).all():
        raise ValueError(f"y: clip {clip} never shows its root {skeleton.root!r}, whose distance is to be set")
    return np.nanmedian(root)


def _check_in_front(depth, skeleton, number):
    behind = depth <= 0
    if behind.any():
        frame, keypoint = np.argwhere(behind)[0]
        raise ValueError(f"y: clip {number}, frame {frame}, keypoint {skeleton.keypoints[keypoint]}: depth "
                         f"{depth[frame, keypoint]:g} is not in front of the camera; expected depths above 0 "
                         f"(set distance= for coordinates without a camera)")
