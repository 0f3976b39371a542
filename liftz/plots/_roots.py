"""Predicted depths laid on the true ones, root on root: as the errors are measured."""

from __future__ import annotations

import numpy as np

from .._alignment import check_clips

__all__ = ["at_true_roots"]


def at_true_roots(truth, predicted, skeleton):
    """Predicted depths of one clip, each region moved to where the truth has its root.

    Depths are predicted relative to the root of their region, and `mpjpe` measures both sides from it. In a picture
    of the result the distance of two points is then the error that was measured.

    Parameters
    ----------
    truth : array of shape (n_frames, n_keypoints)
        Depths, in any unit.
    predicted : array of shape (n_frames, n_keypoints)
        In the unit of `truth`.
    skeleton : Skeleton
        Names the regions and their roots.

    Returns
    -------
    array of shape (n_frames, n_keypoints), of float32
        NaN where the prediction is, and for a region in frames in which the truth does not show its root. Depths of
        which the prediction never shows the root are taken as relative to it already, as in `mpjpe`.

    Examples
    --------
    >>> from liftz import Skeleton
    >>> from liftz.plots import at_true_roots
    >>> arm = Skeleton("arm", ["shoulder", "elbow"], root="shoulder")
    >>> at_true_roots([[250, 260]], [[0, 12]], arm).tolist()
    [[250.0, 262.0]]
    """
    (truth,), (predicted,) = check_clips(skeleton, truth=[truth], predicted=[predicted])
    moved = predicted.astype(np.float64)
    for region in skeleton.regions:
        root = skeleton.root_indices(region)
        own = predicted[:, root].mean(axis=1, dtype=np.float64)
        if np.isnan(own).all():
            own = 0.0
        moved[:, skeleton.region_indices(region)] += (truth[:, root].mean(axis=1, dtype=np.float64) - own)[:, None]
    return moved.astype(np.float32)
