"""What every reader gives back, and what it makes of keypoints that it has only the names of."""

from __future__ import annotations

import math

import numpy as np
from sklearn.utils import Bunch

from liftz import skeletons
from liftz._files import FileFormatError
from liftz.sequences import to_object_array
from liftz.skeleton import Skeleton

__all__ = ["as_bunch", "hide", "seen_span", "skeleton_of"]

SIDES = (("left", "right"), ("Left", "Right"), ("LEFT", "RIGHT"))


def as_bunch(X, skeleton, *, recordings, units, y_up=False, fps=None, image_size=None, y=None, **more):
    """The Bunch of a reader: clips, their skeleton, and all that the file says of them."""
    if fps is not None and not (math.isfinite(fps) and fps > 0):
        raise ValueError(f"fps must be a positive number, got {fps!r}")
    if image_size is not None and not (len(image_size) == 2 and all(side > 0 for side in image_size)):
        raise ValueError(f"image_size must be a width and a height in pixels, got {image_size!r}")
    data = Bunch(X=to_object_array(X), skeleton=skeleton, fps=fps, units=units, y_up=y_up, image_size=image_size,
                 recordings=np.array(recordings, dtype=str), **more)
    if y is not None:
        data["y"] = to_object_array(y)
    return data


def hide(points, min_confidence):
    """Make x and y NaN, in place, where the confidence, the last channel, is below `min_confidence` or zero."""
    with np.errstate(invalid="ignore"):
        points[(points[..., 2] < min_confidence) | (points[..., 2] <= 0), :2] = np.nan


def seen_span(points):
    """The slice from the first to the last frame in which anything was seen; empty if nothing ever was."""
    frames = np.flatnonzero((~np.isnan(points[..., 0])).any(axis=1))
    return slice(frames[0], frames[-1] + 1) if len(frames) else slice(0, 0)


def skeleton_of(names, name, path, *, root=None, edges=()):
    """The skeleton of these keypoints: a ready-made one if the names are all its, else a new one, of one region.

    Its root is the first keypoint unless `root` says otherwise; its pairs are what differs in "left" and "right".
    """
    names = tuple(names)
    for ready in (getattr(skeletons, known) for known in skeletons.__all__):
        if ready.keypoints == names:
            return ready if root is None else ready.with_root(root)
    pairs = tuple((left, left.replace(*side)) for side in SIDES for left in names
                  if side[0] in left and left.replace(*side) in names)
    region = "body"
    while region in names:
        region += "_"
    try:
        return Skeleton(name, names, root=names[0] if root is None else root, edges=edges, pairs=pairs,
                        regions={region: names})
    except (ValueError, IndexError) as error:
        raise FileFormatError(path, f"its keypoints make no skeleton: {error}") from None
