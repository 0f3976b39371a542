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
        that no frame depends on a later one.

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
    before = np.maximum.accumulate(np.where(visible, frames, -1))
    after = np.minimum.accumulate(np.where(visible, frames, n_frames)[::-1])[::-1]
    inside = (before >= 0) & ((after < n_frames) | causal)
    gap = ~visible & (inside | (hold_ends & ((before >= 0) | ((after < n_frames) & (not causal)))))
    if max_gap is not None:
        gap &= after - before - 1 <= max_gap
    frame, keypoint = np.nonzero(gap)
    first, last = before[gap], after[gap]
    if causal:
        last = first
    else:
        first, last = np.where(first < 0, last, first), np.where(last >= n_frames, first, last)
    weight = (frame - first) / np.maximum(last - first, 1)
    if clip.ndim == 3:
        weight = weight[:, None]
    out[frame, keypoint] = clip[first, keypoint] * (1 - weight) + clip[last, keypoint] * weight
    if clip.ndim == 3 and clip.shape[2] == 3:
        out[frame, keypoint, 2] = 0
    return out
