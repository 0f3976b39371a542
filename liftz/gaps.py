"""Gaps in a keypoint's track, and the straight lines that bridge them."""

from __future__ import annotations

import numpy as np

from .sequences import seen

__all__ = ["bridge"]


def bridge(clip, max_gap=None, hold_ends=False, causal=False):
    """A copy of a clip with its gaps bridged in a straight line over time.

    Parameters
    ----------
    clip : array of shape (n_frames, n_keypoints) or (n_frames, n_keypoints, n_channels)
        Keypoints or depths; NaN is a gap.
    max_gap : int, optional
        The longest gap to bridge, in frames; longer ones stay. Default: any.
    hold_ends : bool, default=False
        Whether a keypoint stands still at its first and its last sighting before and
        after them, instead of staying NaN.
    causal : bool, default=False
        Whether to hold the last sighting instead of drawing a line to the next one, so
        that no frame depends on a later one. Of every gap, the first `max_gap` frames are
        bridged then; `hold_ends` is without effect.

    Returns
    -------
    array like `clip`
        Where something was bridged, a third channel (a confidence) is 0.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz.gaps import bridge
    >>> track = np.array([[0.0], [np.nan], [2.0], [np.nan], [np.nan], [5.0], [np.nan]])
    >>> bridge(track, max_gap=1).ravel()
    array([ 0.,  1.,  2., nan, nan,  5., nan])
    """
    visible = seen(clip)
    out = clip.copy()
    if visible.all():
        return out
    n_frames = len(clip)
    frames = np.arange(n_frames)[:, None]
    first = np.maximum.accumulate(np.where(visible, frames, -1))
    if causal:
        last, length = first, frames - first
    else:
        last = np.minimum.accumulate(np.where(visible, frames, n_frames)[::-1])[::-1]
        length = last - first - 1
        if hold_ends:
            first = np.where(first < 0, last, first)
            last = np.where(last == n_frames, first, last)
    gap = ~visible & (first >= 0) & (last < n_frames)
    if max_gap is not None:
        gap &= length <= max_gap
    frame, keypoint = np.nonzero(gap)
    first, last = first[gap], last[gap]
    weight = (frame - first) / np.where(first == last, np.inf, last - first)  # held, not drawn: it never moves
    if clip.ndim == 3:
        weight = weight[:, None]
    out[frame, keypoint] = clip[first, keypoint] * (1 - weight) + clip[last, keypoint] * weight
    if clip.ndim == 3 and clip.shape[2] == 3:
        out[frame, keypoint, 2] = 0
    return out
