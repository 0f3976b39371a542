"""Keypoints brought to another frame rate, picture or direction of y: the cures that `check_compatible` names."""

from __future__ import annotations

import numpy as np

from .sequences import check_sequences, seen, to_object_array

__all__ = ["flip_y", "resample", "rescale", "rotate_180", "stretch"]


def resample(X, fps, new_fps):
    """Clips at another frame rate, on straight lines between frames.

    Parameters
    ----------
    X : sequence of clips, keypoints or depths
    fps, new_fps : float
        Frames per second that the clips have, and are to have.

    Returns
    -------
    object array of float32 arrays
        A keypoint is seen where both frames beside the new one show it. Of a confidence, the lower.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz.adjustment import resample
    >>> resample([np.array([[0.0], [2.0], [4.0], [np.nan]])], fps=20, new_fps=40)[0].ravel()
    array([ 0.,  1.,  2.,  3.,  4., nan, nan], dtype=float32)
    """
    if not (0 < fps < np.inf and 0 < new_fps < np.inf):
        raise ValueError(f"expected frames per second above 0, got {fps} and {new_fps}")
    out = []
    for clip in check_sequences(X, ndim=(2, 3), allow_unseen=True):
        at = np.arange(int((len(clip) - 1) * new_fps / fps + 1e-6) + 1, dtype=float) * (fps / new_fps)
        at = np.where(abs(at - at.round()) < 1e-6, at.round(), at)
        before = np.floor(at).astype(int)
        after = np.ceil(at).astype(int)
        weight = (at - before).reshape(-1, *[1] * (clip.ndim - 1))
        new = clip[before] + weight * (clip[after] - clip[before])
        if clip.ndim == 3 and clip.shape[2] == 3:
            new[..., 2] = np.minimum(clip[before, :, 2], clip[after, :, 2])
            new[~seen(new), 2] = 0
        out.append(new.astype(np.float32))
    return to_object_array(out)


def rescale(X, image_size, new_image_size):
    """Keypoints in px of one picture as those of another, all in proportion, so that the old picture just fits.

    Parameters
    ----------
    X : sequence of clips ``(n_frames, n_keypoints, 2 or 3)``
    image_size, new_image_size : (int, int)
        Width and height in px.

    Returns
    -------
    object array of float32 arrays
    """
    sides = np.array([image_size, new_image_size], dtype=float)
    if sides.shape != (2, 2) or not (np.isfinite(sides) & (sides > 0)).all():
        raise ValueError(f"expected widths and heights in px, got {image_size!r} and {new_image_size!r}")
    return stretch(X, (sides[1] / sides[0]).min(), (sides[1] / sides[0]).min())


def flip_y(X, height=None):
    """Keypoints with y the other way: up for down, or down for up.

    Parameters
    ----------
    X : sequence of clips ``(n_frames, n_keypoints, 2 or 3)``
    height : float, optional
        Count y from the other edge of a picture of this height, in px, instead of from 0.

    Returns
    -------
    object array of float32 arrays
    """
    out = stretch(X, 1, -1)
    for clip in out:
        clip[..., 1] += height or 0
    return out


def rotate_180(X):
    """Keypoints of the picture turned by half: x and y both the other way.

    In pictures y grows down and x to the right. Where a sensor's y grows up, and z away from it, x grows to the
    picture's left: this brings one to the other. `flip_y` alone would make a mirror image.

    Parameters
    ----------
    X : sequence of clips ``(n_frames, n_keypoints, 2 or 3)``

    Returns
    -------
    object array of float32 arrays
    """
    return stretch(X, -1, -1)


def stretch(X, x, y):
    """Clips with x and y times a number each; a confidence is left alone."""
    out = [clip.copy() for clip in check_sequences(X, allow_unseen=True)]
    for clip in out:
        clip[..., :2] *= np.array([x, y], dtype=np.float32)
    return to_object_array(out)
