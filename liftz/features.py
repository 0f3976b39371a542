"""What a lifter sees of a frame: where the keypoints are, which were seen, how long the bones look."""

from __future__ import annotations

import numpy as np

from .gaps import bridge
from .sequences import seen

__all__ = ["bone_ends", "feature_columns", "frame_features", "longest_nearby", "longest_of_late", "longest_shown"]

TAIL = 1.3  # times as long as the 90th percentile: where the 95th is longer, frames are astray


def frame_features(clip, bones=None, causal=False, unseen=None, span=None, stride=1, gaps=True):
    """Features of every frame of a clip.

    Keypoints, with gaps bridged over time; which of them were seen, or at least are known; their confidence, if
    there is one. With bones, three features each of the bone's projection: its length l
    now, the longest that it showed in the clip, or nearby (`longest_shown`, near its true length L),
    and the depth ``sqrt(L^2 - l^2)`` that the two leave between its ends, as in C. J. Taylor,
    "Reconstruction of articulated objects from point correspondences in a single
    uncalibrated image" (2000). Only frames that show both ends tell of L: between bridged
    ones a bone may look longer than it is. What nothing is known of is 0.

    Parameters
    ----------
    clip : array of shape (n_frames, n_keypoints, 2 or 3)
        Keypoints whose x and y have one unit; NaN is "not seen".
    bones : pair of int arrays of shape (n_bones,), optional
        Positions of the bones' two ends.
    causal : bool, default=False
        Whether a frame's features leave out all later frames; the longest is then the
        very longest so far, or of late.
    unseen : array of shape (n_keypoints,), of bool, optional
        Keypoints to take for missing, whether the clip shows them or not.
    span : int, optional
        Of how many steps clips usually are. The longer the time, the longer bones show themselves: so in much longer
        ones their longest is that nearby, see `longest_nearby` and `longest_of_late`. Default: it is that of the clip.
    stride : int, default=1
        How many frames there are to a step. A causal bone's longest is that of its own phase of the stride, since the
        very longest of more frames would be longer; only until that shows the bone it is that of all phases.
    gaps : bool, default=True
        Whether to tell which keypoints a frame shows, or else which are known: shown, or bridged.

    Returns
    -------
    array of shape (n_frames, n_features), of float32
        Without NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz.features import frame_features
    >>> clip = np.array([[[0, 0], [5, 0]], [[0, 0], [4, 0]]], np.float32)  # two frames of a bone's two ends
    >>> frame_features(clip, bones=([0], [1]), causal=True)
    array([[0., 0., 5., 0., 1., 1., 5., 5., 0.],
           [0., 0., 4., 0., 1., 1., 4., 5., 3.]], dtype=float32)
    """
    n_frames = len(clip)
    if unseen is not None and unseen.any():
        clip = np.where(unseen[:, None], np.float32(np.nan), clip)
    visible = seen(clip)
    xy = bridge(clip[..., :2], hold_ends=True, causal=causal)
    xy[~seen(xy)] = np.nan  # half a point is not seen
    parts = [xy.reshape(n_frames, -1), visible if gaps else seen(xy)]
    if clip.shape[2] == 3:
        parts.append(clip[..., 2])
    if bones is not None:
        a, b = bones
        length = np.hypot(*np.moveaxis(xy[:, a] - xy[:, b], 2, 0))
        shown = np.where(visible[:, a] & visible[:, b], length, np.float32(np.nan))
        if causal:
            longest = np.fmax.accumulate(shown)
            for phase in range(stride):
                own = longest_of_late(shown[phase::stride], span)
                np.copyto(longest[phase::stride], own, where=~np.isnan(own))
        else:
            longest = longest_nearby(shown, None if span is None else span * stride)
        parts += [length, longest, np.sqrt(np.maximum(longest**2 - length**2, 0))]
    out = np.concatenate(parts, axis=1, dtype=np.float32)
    out[np.isnan(out)] = 0
    return out


def feature_columns(keypoints, n_keypoints, n_channels, bones=None):
    """Which of the features that `frame_features` makes tell of some keypoints, and of the bones between them.

    Parameters
    ----------
    keypoints : int array
        Positions of those keypoints.
    n_keypoints, n_channels : int
        Of the clips.
    bones : pair of int arrays of shape (n_bones,), optional
        As for `frame_features`.

    Returns
    -------
    int array, in order

    Examples
    --------
    >>> from liftz.features import feature_columns
    >>> feature_columns([1], n_keypoints=2, n_channels=2).tolist()  # x and y, and whether it was seen
    [2, 3, 5]
    """
    own = np.isin(np.arange(n_keypoints), keypoints)
    parts = [np.repeat(own, 2), own] + [own] * (n_channels == 3)
    if bones is not None:
        parts += [own[bones[0]] & own[bones[1]]] * 3
    return np.flatnonzero(np.concatenate(parts))


def longest_shown(length):
    """The longest that every bone shows itself in a clip: the 95th percentile of its frames, near the true length.

    Or the 90th, where that is far less: then some frames are astray. NaN is left out.
    """
    n_shown = np.sum(~np.isnan(length), axis=0, keepdims=True)
    ordered = np.sort(length, axis=0)  # NaN comes last
    longest, shorter = (np.take_along_axis(ordered, (level * (n_shown - 1)).astype(int), axis=0)[0]
                        for level in (0.95, 0.9))  # the first, NaN, where none is shown
    return np.where(longest > TAIL * shorter, shorter, longest)


def longest_nearby(length, span=None):
    """The longest that every bone shows itself around each frame, in clips of more than two spans.

    That is of stretches of a span, half over each other; between the middles of two it is on a line from the one's to
    the other's. A bone that a stretch does not show has that of the clip.

    Parameters
    ----------
    length : array of shape (n_frames, n_bones)
        NaN where a bone is not shown.
    span : int, optional
        Default: as long as the clip.

    Returns
    -------
    array of shape (n_frames, n_bones)

    Examples
    --------
    >>> import numpy as np
    >>> from liftz.features import longest_nearby
    >>> longest_nearby(np.array([[3.0], [2.0], [1.0], [1.0], [9.0], [4.0]]), span=2).ravel()
    array([2. , 1.5, 1. , 1. , 2.5, 4. ])
    >>> longest_nearby(np.array([[3.0], [2.0], [1.0], [1.0]]), span=2).ravel()  # no more than two spans
    array([2., 2., 2., 2.])
    """
    whole = longest_shown(length)
    if span is None or len(length) <= 2 * span:
        return np.broadcast_to(whole, length.shape)
    starts, before, weight = stretches(len(length), span)
    longest = np.stack([longest_shown(length[start:start + span]) for start in starts])
    longest = np.where(np.isnan(longest), whole, longest)
    first, second = longest[before], longest[before + 1]
    return first + (second - first) * weight[:, None]  # exactly what both are, where they are the same


def least_steps(parameters):
    """How many steps of a clip nets are shown at least that see whole clips: half of what clips usually have.

    Of clips of a frame or two they have seen nothing in training, and know the least at an end.

    Parameters
    ----------
    parameters : dict
        What `frame_features` is given beside the clip.
    """
    return 0 if parameters["causal"] or parameters["span"] is None else parameters["span"] // 2


def stretches(n_frames, span):
    """Where stretches of a longer clip start; of each frame, the first of the two that tell, and the other's weight."""
    rest = n_frames - span
    n_steps = -(-2 * rest // span)
    starts = np.arange(n_steps + 1) * rest // n_steps
    place = np.clip((np.arange(n_frames) - (span - 1) / 2) * (n_steps / rest), 0, n_steps)
    before = np.minimum(place.astype(int), n_steps - 1)
    return starts, before, (place - before).astype(np.float32)


def longest_of_late(length, span=None):
    """The longest that every bone showed itself of late: in the half span that a frame is in, and in that before.

    A bone that the half before did not show has there what it had before that.

    Parameters
    ----------
    length : array of shape (n_frames, n_bones)
        NaN where a bone is not shown.
    span : int, optional
        Default: since the clip began.

    Returns
    -------
    array of shape (n_frames, n_bones)
        NaN where a bone has not been shown yet.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz.features import longest_of_late
    >>> longest_of_late(np.array([[3.0], [9.0], [1.0], [2.0], [np.nan], [1.0]]), span=4).ravel()
    array([3., 9., 9., 9., 2., 2.])
    """
    if span is None:
        return np.fmax.accumulate(length)
    half = max(1, span // 2)
    out, before = np.empty_like(length), np.full(length.shape[1], np.nan, length.dtype)
    for start in range(0, len(length), half):
        own = np.fmax.accumulate(length[start:start + half])
        out[start:start + half] = np.fmax(own, before)
        before = np.where(np.isnan(own[-1]), before, own[-1])
    return out


def bone_ends(skeleton):
    """Positions of the two ends of every edge whose ends are measured from one root.

    Across regions with different roots a difference of root-centred keypoints means nothing.

    Returns
    -------
    pair of int arrays of shape (n_bones,), or None
        None where there is no such edge.
    """
    root_of = {k: skeleton.roots[region] for region, members in skeleton.regions.items() for k in members}
    edges = [edge for edge in skeleton.edges if root_of[edge[0]] == root_of[edge[1]]]
    return (skeleton.indices(a for a, _ in edges), skeleton.indices(b for _, b in edges)) if edges else None
