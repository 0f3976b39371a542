"""What pictures of errors draw: the error of each clip, and poses that show each region clearly."""

from __future__ import annotations

import numpy as np

from .._alignment import Alignment, check_clips, position_error, totals
from ..sequences import check_sequences

__all__ = ["clearest_poses", "clip_errors"]


def clip_errors(y_true, predictions, skeleton):
    """MPJPE of each clip by each model, on the keypoint-frames that `error_table` compares.

    Returns
    -------
    errors : dict of str to array of shape (n_clips,)
        In the unit of the clips; NaN where nothing is comparable.
    counts : array of shape (n_clips,)
        Keypoint-frames compared.
    """
    truth, *checked = check_clips(skeleton, y_true=y_true,
                                  **{f"prediction {model!r}": clips for model, clips in predictions.items()})
    sums, counts = totals(truth, checked, Alignment(truth, skeleton), position_error)
    counts = counts.sum(axis=1)
    means = np.divide(sums.sum(axis=2), counts, out=np.full(sums.shape[:2], np.nan), where=counts > 0)
    return dict(zip(predictions, means, strict=True)), counts


def clearest_poses(X, skeleton):
    """For each root, the keypoints measured from it and a pose of them: the widest of the frames that show most.

    Returns
    -------
    dict of str to (int array, array of shape (n_keypoints, 2))
        By the name of the region, or of the root where several regions share it; without what is never seen.
    """
    X = check_sequences(X, skeleton=skeleton)
    regions_of: dict[object, list[str]] = {}
    for region in skeleton.regions:
        regions_of.setdefault(skeleton.roots[region], []).append(region)
    poses = {}
    for regions in regions_of.values():
        indices = np.concatenate([skeleton.region_indices(region) for region in regions])
        best, found = (0, 0.0), None
        for clip in X:
            points = clip[:, indices, :2]
            count = (~np.isnan(points).any(axis=2)).sum(axis=1)
            spread = np.nan_to_num(np.nanstd(points[count == count.max()], axis=1)).prod(axis=1)
            frame = np.flatnonzero(count == count.max())[spread.argmax()]
            if (score := (count.max(), spread.max())) > best:
                best, found = score, clip[frame, :, :2]
        if found is not None:
            poses[regions[0] if len(regions) == 1 else " + ".join(regions)] = indices, found
    return poses
