"""Frames that nets read in turns, every so many of them, and their depths brought together again."""

from __future__ import annotations

import numpy as np

__all__ = ["average_phases", "neighbours"]


def neighbours(n_frames, stride, causal=False):
    """Which frames' depths each frame's are the mean of, and their weights.

    Each phase of a stride is put on a line between its frames, and held beyond its first and last; of that it is the
    mean over phases. So within a clip a frame takes itself and all that are nearer than the stride, the farther the
    less. A causal one takes the last frame of each phase, or the clip's first.

    Parameters
    ----------
    n_frames, stride : int
    causal : bool, default=False
        Whether no frame takes a later one.

    Returns
    -------
    frames : int array of shape (n_frames, 2 * stride - 1), or (n_frames, stride)
    weights : array of float32, as long as a row
        Their sum is 1.

    Examples
    --------
    >>> from liftz.phases import neighbours
    >>> frames, weights = neighbours(4, 2)
    >>> frames.tolist(), weights.tolist()
    ([[1, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 2]], [0.25, 0.5, 0.25])
    """
    away = np.arange(1 - stride, 1 if causal else stride)
    frames = np.arange(n_frames)[:, None] + away
    if causal:
        return np.maximum(frames, 0), np.full(stride, 1 / stride, np.float32)
    n_phases = min(stride, n_frames)  # of a short clip, as many as it has frames
    frames = np.where(frames < 0, frames + n_phases, np.where(frames < n_frames, frames, frames - n_phases))
    weights = np.maximum(n_phases - abs(away), 0) / n_phases**2
    return np.clip(frames, 0, n_frames - 1), weights.astype(np.float32)


def average_phases(depths, stride, causal=False):
    """Depths of a clip, each the mean over the phases of a stride; see `neighbours`.

    What differs between phases would shake them from frame to frame.

    Parameters
    ----------
    depths : array of shape (n_frames, n_keypoints)
    stride, causal : int, bool

    Returns
    -------
    array of shape (n_frames, n_keypoints)
    """
    frames, weights = neighbours(len(depths), stride, causal)
    return sum(depths[of] * weight for of, weight in zip(frames.T, weights, strict=True))
