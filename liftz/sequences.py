"""The gate: every clip of keypoints or depths comes in through `check_sequences`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .skeleton import check_skeleton

__all__ = ["check_pair", "check_sequences", "check_targets", "pad", "seen", "to_object_array"]

SHAPES = {2: "(n_frames, n_keypoints)", 3: "(n_frames, n_keypoints, 2 or 3)"}
SINGLE = "; a single clip goes in as [clip]"


def check_sequences(X, y=None, *, ndim=3, n_keypoints=None, n_channels=None, skeleton=None, names=("X", "y"),
                    allow_unseen=False, positions=False):
    """Validate clips and bring them into the one form that liftz computes on.

    Parameters
    ----------
    X : sequence of n_clips arrays, object array of them, or one array with a clip axis first
        Each clip is ``(n_frames, n_keypoints, 2)``, or ``(..., 3)`` with a confidence last,
        where ``ndim`` is 3; ``(n_frames, n_keypoints)`` depths where it is 2. NaN, or an
        element masked in a masked array, means "not seen".
    y : like X, optional
        Depths ``(n_frames, n_keypoints)``, one clip for each of X, equally long.
    ndim : int or tuple of int, default=3
        Dimensions a clip of X may have.
    n_keypoints, n_channels : int, optional
        What was seen in ``fit``; other sizes are refused.
    skeleton : Skeleton, optional
        Sets `n_keypoints`, and names keypoints in messages.
    names : pair of str
        What to call X and y in messages.
    allow_unseen : bool, default=False
        Whether a clip may hold nothing but NaN.
    positions : bool, default=False
        Whether a third channel of X is z, as the metrics read it, instead of a confidence.

    Returns
    -------
    X : object array of shape (n_clips,), of float32 arrays
        Arrays that are float32 already are passed on, not copied.
    y : object array of shape (n_clips,), of float32 arrays
        Only if `y` was given.

    Raises
    ------
    ValueError
        Naming the clip, the frame and the keypoint, what was expected and what came.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz import check_sequences
    >>> clips = check_sequences([np.zeros((5, 20, 2)), np.zeros((7, 20, 2))])
    >>> clips.shape, clips[1].shape, clips[1].dtype
    ((2,), (7, 20, 2), dtype('float32'))
    """
    ndims = (ndim,) if isinstance(ndim, int) else tuple(ndim)
    if skeleton is not None:
        n_keypoints = len(check_skeleton(skeleton))
    X_ = _check(X, names[0], ndims, n_keypoints, n_channels, skeleton, allow_unseen, positions)
    if y is None:
        return X_
    y_ = _check(y, names[1], (2,), X_[0].shape[1], None, skeleton, allow_unseen, False)
    if len(y_) != len(X_):
        raise ValueError(f"{names[0]} has {len(X_)} clips, {names[1]} has {len(y_)}")
    for i, (clip, depth) in enumerate(zip(X_, y_, strict=True)):
        if len(clip) != len(depth):
            raise ValueError(f"clip {i}: {names[0]} has {len(clip)} frames, {names[1]} has {len(depth)}")
    return X_, y_


def _check(clips, name, ndims, n_keypoints, n_channels, skeleton, allow_unseen, positions):
    if isinstance(clips, (str, bytes, Mapping)) or not hasattr(clips, "__len__") or getattr(clips, "ndim", 1) == 0:
        raise ValueError(f"{name} must be a sequence of clips, got {type(clips).__name__}")
    if len(clips) == 0:
        raise ValueError(f"{name} is empty: expected at least one clip")
    channels = (n_channels,) if n_channels else (3,) if positions else (2, 3)
    meaning = ("x, y, z" if positions else "x and y, without a confidence: clip[..., :2]" if channels == (2,) else
               "x, y and a confidence" if channels == (3,) else "x, y and perhaps a confidence")
    out = []
    for i, given in enumerate(clips):
        where = f"{name}: clip {i}"
        clip = _as_float32(given, where)
        if clip.ndim not in ndims:
            shapes = " or ".join(SHAPES[d] for d in ndims).replace("2 or 3", " or ".join(map(str, channels)))
            raise ValueError(f"{where} has shape {clip.shape}, expected {shapes}{SINGLE * (clip.ndim + 1 in ndims)}")
        if len(clip) == 0:
            raise ValueError(f"{where} has no frames")
        if clip.shape[1] == 0 or n_keypoints not in (None, clip.shape[1]):
            whose = f" ({skeleton.name})" if skeleton is not None else ""
            single = SINGLE * (clip.ndim == 2 and 3 in ndims and len(clip) == n_keypoints)
            raise ValueError(f"{where} has {clip.shape[1]} keypoints, expected {n_keypoints or 'some'}{whose}{single}")
        if clip.ndim == 3 and clip.shape[2] not in channels:
            raise ValueError(f"{where} has {clip.shape[2]} channels, expected {' or '.join(map(str, channels))} "
                             f"({meaning})")
        _check_values(clip, given, where, skeleton, allow_unseen, positions)
        out.append(clip)
        ndims, n_keypoints, channels = (clip.ndim,), clip.shape[1], clip.shape[2:]  # the others are like the first
    return to_object_array(out)


def _as_float32(given, where):
    try:
        if isinstance(given, (list, tuple)) and any(map(np.ma.isMaskedArray, given)):
            given = np.ma.stack(given)  # np.asarray would uncover what the frames' masks hide
        clip = np.asarray(given)
        if clip.dtype.kind not in "fiub":
            raise TypeError(f"{type(given).__name__} of dtype {clip.dtype}")
        with np.errstate(over="ignore"):
            clip = clip.astype(np.float32, copy=False)
    except (TypeError, ValueError, RuntimeError) as error:  # torch raises RuntimeError
        raise ValueError(f"{where} cannot be read as an array of numbers: {error}") from error
    return np.where(given.mask, np.float32(np.nan), clip) if np.ma.is_masked(given) else clip


def _check_values(clip, given, where, skeleton, allow_unseen, positions):
    def spot(bad):
        frame, keypoint = np.argwhere(bad)[0][:2]
        return f"frame {frame}, keypoint {skeleton.keypoints[keypoint] if skeleton is not None else keypoint}"

    infinite = np.isinf(clip)
    if infinite.any():
        raise ValueError(f"{where}, {spot(infinite)}: {np.asarray(given)[infinite][0]}; expected a finite number of "
                         f"float32's range, or NaN for 'not seen'")
    visible = seen(clip)
    if not allow_unseen and not visible.any():
        whose = "" if skeleton is None else f" of {skeleton.name}"
        raise ValueError(f"{where} has no keypoint seen in any of its {len(clip)} frames (all NaN{whose}); leave it "
                         f"out")
    if clip.ndim == 3 and clip.shape[2] == 3 and not positions:
        unsure = visible & np.isnan(clip[..., 2])
        if unsure.any():
            raise ValueError(f"{where}, {spot(unsure)}: x and y are given, but the confidence is NaN; "
                             f"expected a number, or NaN in x and y too")


def check_pair(X, y, skeleton=None):
    """The gate for clips with their depths, neither of which may be left out."""
    if y is None:
        raise ValueError("y is None: fit needs the clips' depths, arrays of shape (n_frames, n_keypoints)")
    return check_sequences(X, y, skeleton=skeleton)


def check_groups(groups, n_clips):
    """The gate for signers: an array of one label for each clip, or None."""
    if groups is None:
        return None
    groups = np.asarray(groups)
    if groups.shape != (n_clips,):
        raise ValueError(f"groups has shape {groups.shape}, expected one label for each of {n_clips} clips")
    for i, label in enumerate(groups.tolist()):
        if label is None or label != label:  # NaN is not itself
            raise ValueError(f"groups: clip {i} has {label}, expected the label of its signer")
    return groups


def check_targets(y, skeleton=None):
    """Refuse depths in which a keypoint is known nowhere, in no clip: there is nothing to learn of it."""
    known = np.any([seen(depth).any(axis=0) for depth in y], axis=0)
    if not known.all():
        keypoint = int(np.argmin(known))
        name = keypoint if skeleton is None else skeleton.keypoints[keypoint]
        others = f" (nor have {np.sum(~known) - 1} others)" if np.sum(~known) > 1 else ""
        raise ValueError(f"y: keypoint {name} has no depth in any clip{others}, or none beside its root's, so it "
                         f"cannot be learnt; leave it out with a RegionSelector, or make_lifter(..., select=...)")


def seen(clip):
    """Which keypoints were seen, ``(n_frames, n_keypoints)`` of bool; half a point is not seen."""
    return ~np.isnan(clip) if clip.ndim == 2 else ~(np.isnan(clip[..., 0]) | np.isnan(clip[..., 1]))


def to_object_array(clips):
    """A 1-D object array of the clips; `np.array` would merge equally long ones."""
    out = np.empty(len(clips), dtype=object)
    for i, clip in enumerate(clips):
        out[i] = clip
    return out


def pad(clips, value=0.0):
    """Clips stacked to one array ``(n_clips, longest, ...)``, beside their lengths."""
    lengths = np.array([len(clip) for clip in clips])
    out = np.full((len(clips), lengths.max(), *clips[0].shape[1:]), value, dtype=clips[0].dtype)
    for row, clip in zip(out, clips, strict=True):
        row[: len(clip)] = clip
    return out, lengths
