"""What a lifter sees of a frame: where the keypoints are, which were seen, how long the bones look."""

from __future__ import annotations

import numpy as np

from .gaps import bridge
from .sequences import seen

__all__ = ["bone_ends", "frame_features"]


def frame_features(clip, bones=None, causal=False):
    """Features of every frame of a clip.

    Keypoints, with gaps bridged over time and 0 for what is never seen; which of them were
    seen; their confidence, if there is one. With bones, three features each of the bone's
    projection: its length l now, the longest that it showed in the clip (95th percentile, near
    its true length L), and the depth ``sqrt(L^2 - l^2)`` that the two leave between its ends, as in
    C. J. Taylor, "Reconstruction of articulated objects from point correspondences in a
    single uncalibrated image" (2000).

    Parameters
    ----------
    clip : array of shape (n_frames, n_keypoints, 2 or 3)
        Keypoints whose x and y have one unit; NaN is "not seen".
    bones : pair of int arrays of shape (n_bones,), optional
        Positions of the bones' two ends.
    causal : bool, default=False
        Whether a frame's features leave out all later frames.

    Returns
    -------
    array of shape (n_frames, n_features), of float32
    """
    n_frames = len(clip)
    visible = seen(clip)
    xy = np.nan_to_num(bridge(clip[..., :2], hold_ends=True, causal=causal))
    parts = [xy.reshape(n_frames, -1), visible]
    if clip.shape[2] == 3:
        parts.append(np.nan_to_num(clip[..., 2]))
    if bones is not None:
        length = np.linalg.norm(xy[:, bones[0]] - xy[:, bones[1]], axis=2)
        longest = np.maximum.accumulate(length) if causal else _longest(length)
        parts += [length, longest, np.sqrt(np.maximum(longest**2 - length**2, 0))]
    return np.concatenate(parts, axis=1, dtype=np.float32)


def _longest(length):
    """The 95th percentile of every bone's length over a clip, which outliers do not move."""
    rank = int(0.95 * (len(length) - 1))
    return np.broadcast_to(np.partition(length, rank, axis=0)[rank], length.shape)


def bone_ends(skeleton):
    """Positions of the two ends of every edge whose ends are measured from one root.

    Across regions with different roots a difference of root-centred keypoints means nothing.
    """
    root_of = {k: skeleton.roots[region] for region, members in skeleton.regions.items() for k in members}
    edges = [edge for edge in skeleton.edges if root_of[edge[0]] == root_of[edge[1]]]
    return (skeleton.indices(a for a, _ in edges), skeleton.indices(b for _, b in edges)) if edges else None
