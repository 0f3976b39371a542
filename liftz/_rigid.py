"""Errors of a shape, wherever it stands: of positions after Procrustes alignment, and of bones."""

from __future__ import annotations

import numpy as np

from ._alignment import Alignment, check_clips, distance, totals
from ._alignment import average as _average


def p_mpjpe(y_true, y_pred, *, skeleton=None, regions=None, average="micro", sample_weight=None):
    """MPJPE after the best translation, rotation and scale of each frame, never a reflection.

    One similarity transform a frame, fitted to its comparable keypoints (of `regions`
    where given) and measured on them; no root plays a part. A frame needs three. Parameters
    and units are those of `mpjpe`.

    Parameters
    ----------
    y_true, y_pred : sequences of n_clips arrays
        Positions ``(n_frames, n_keypoints, 3)``.

    Notes
    -----
    "Protocol 2" (D. Pavllo et al., VideoPose3D, CVPR 2019), by the closed form of S. Umeyama
    (IEEE PAMI 13, 1991), whose rotation has the determinant +1. A prediction shrunk to one
    point has no scale, and counts as the mean of the truth.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz.metrics import p_mpjpe
    >>> pose = np.array([[[0, 0, 0], [3, 0, 0], [0, 4, 0], [0, 0, 5]]])
    >>> turned = 10 * pose[..., [1, 2, 0]] + 7
    >>> p_mpjpe([pose], [turned]) < 1e-9
    True
    """
    truth, prediction = check_clips(skeleton, y_true=y_true, y_pred=y_pred)
    if truth[0].ndim != 3:
        raise ValueError(f"p_mpjpe needs positions (n_frames, n_keypoints, 3), y_true has clips of shape "
                         f"{truth[0].shape}: depths alone cannot be rotated")
    alignment = Alignment(truth, skeleton, rooted=False, regions=regions)
    sums, counts = totals(truth, [prediction], alignment, _procrustes_error, least=3)
    return _average(sums[0], counts, average, sample_weight)


def _procrustes_error(chunk, prediction):
    u, stretch, vt = np.linalg.svd(np.swapaxes(prediction, 1, 2) @ chunk.true)  # (n_frames, 3, 3)
    mirrored = np.linalg.det(u @ vt) < 0
    u[mirrored, :, 2] *= -1
    stretch[mirrored, 2] *= -1
    size = np.einsum("tkc,tkc->t", prediction, prediction)
    scale = np.divide(stretch.sum(axis=1), size, out=np.zeros_like(size), where=size > 0)
    return distance(chunk.true - scale[:, None, None] * (prediction @ (u @ vt))), chunk.seen


def bone_length_error(y_true, y_pred, *, skeleton, regions=None, average="micro", sample_weight=None):
    """Mean absolute error of bone lengths: ``| |J_a - J_b| - |Ĵ_a - Ĵ_b| |`` over the edges.

    Parameters
    ----------
    y_true, y_pred : sequences of n_clips arrays
        Positions ``(n_frames, n_keypoints, 3)``. A bone counts in the frames where both its
        ends are seen on both sides.
    skeleton : Skeleton
        Its edges are the bones.
    regions : str or sequence of str, optional
        Restricts to bones with both ends in these regions and keypoints.
    average, sample_weight
        As in `mpjpe`.

    Returns
    -------
    float
        In the unit of the clips.

    Examples
    --------
    >>> from liftz import Skeleton
    >>> from liftz.metrics import bone_length_error
    >>> arm = Skeleton("arm", ["elbow", "wrist"], root="elbow", edges=[("elbow", "wrist")])
    >>> bone_length_error([[[[0, 0, 0], [30, 0, 40]]]], [[[[0, 0, 0], [30, 0, 0]]]], skeleton=arm)
    20.0
    """
    truth, prediction = check_clips(skeleton, y_true=y_true, y_pred=y_pred)
    if truth[0].ndim != 3:
        raise ValueError(f"bone lengths need positions (n_frames, n_keypoints, 3), y_true has clips of shape "
                         f"{truth[0].shape}")
    chosen = skeleton.resolve(skeleton.keypoints if regions is None else regions)
    bones = [edge for edge in skeleton.edges if set(edge) <= set(chosen)]
    if not bones:
        raise ValueError(f"skeleton {skeleton.name!r} has no edge within {regions or 'it'}: no bone to measure")
    tops, ends = skeleton.indices([a for a, _ in bones]), skeleton.indices([b for _, b in bones])
    sums, counts = np.zeros((2, len(truth), len(bones)))
    for i, (true, predicted) in enumerate(zip(truth, prediction, strict=True)):
        errors = np.abs(_lengths(true, tops, ends) - _lengths(predicted, tops, ends))
        sums[i] = np.nansum(errors, axis=0)
        counts[i] = np.sum(~np.isnan(errors), axis=0)
    if not counts.any():
        raise ValueError(f"nothing to compare: no frame shows both ends of a bone of skeleton {skeleton.name!r} in "
                         f"y_true and in y_pred")
    return _average(sums, counts, average, sample_weight)


def _lengths(clip, tops, ends):
    return distance(clip[:, tops].astype(np.float64) - clip[:, ends])
