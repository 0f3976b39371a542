"""MPJPE and its family: errors of depths or positions, in the unit of the clips."""

from __future__ import annotations

import numpy as np

from ._alignment import Alignment, centred, check_clips, distance, position_error, totals
from ._alignment import average as _average
from ._rigid import bone_length_error, p_mpjpe

__all__ = ["bone_length_error", "error_parts", "mpjpe", "mpjve", "n_mpjpe", "p_mpjpe", "pck", "skill_score"]


def mpjpe(y_true, y_pred, *, skeleton=None, per_region=True, regions=None, include_root=False, average="micro",
          sample_weight=None):
    """Mean per-joint position error, root-aligned: the mean of ``|(J - J_root) - (Ĵ - Ĵ_root)|``.

    With a skeleton, every keypoint is measured from the root of its region, in the truth
    and in the prediction. The root itself, zero by construction, is left out of the mean
    (a root that is the mean of several keypoints leaves nothing out). NaN is "not
    comparable" and left out, on either side; so is a region in frames that miss its root.

    Predicted depth is relative to the root by definition. So where `y_pred` shows a root
    nowhere, in no frame of any clip (a `RegionSelector` chose keypoints without it), its
    depths are taken as relative to that root already.

    Without a skeleton, every frame is measured from the mean of its comparable keypoints:
    the one alignment that needs no names. Nothing is left out then, but a frame needs two
    comparable keypoints. This is NOT the root-aligned number that papers print.

    Parameters
    ----------
    y_true, y_pred : sequences of n_clips arrays
        Depths ``(n_frames, n_keypoints)`` or positions ``(n_frames, n_keypoints, 3)``, both
        alike, in any unit of length.
    skeleton : Skeleton, optional
        Names the roots.
    per_region : bool, default=True
        Whether each region is measured from a root of its own, instead of all keypoints
        from the skeleton's.
    regions : str or sequence of str, optional
        Names of regions and keypoints to restrict the error to.
    include_root : bool, default=False
        Whether the roots' zeros count in the mean.
    average : {"micro", "macro"}, default="micro"
        The mean over all comparable keypoint-frames, or over the clips' own means.
    sample_weight : array of shape (n_clips,), optional
        What a keypoint-frame ("micro") or the mean ("macro") of each clip weighs.

    Returns
    -------
    float
        In the unit of the clips. Where a lifter copies x and y from its input, the error
        of positions equals the error of depths.

    Raises
    ------
    ValueError
        If nothing is comparable, or a clip is not what its counterpart is.

    Notes
    -----
    "Protocol 1" of the Human3.6M benchmark (C. Ionescu et al., 2014); a root per region as
    in whole-body lifting (H3WB, Y. Zhu et al., 2023) and in P. Perez Granero (2020).

    Examples
    --------
    >>> from liftz import Skeleton, mpjpe
    >>> arm = Skeleton("arm", ["shoulder", "elbow", "wrist"], root="shoulder")
    >>> y_true = [[[100, 110, 120], [100, 110, 130]]]  # one clip, two frames, depths in cm
    >>> y_pred = [[[0, 10, 24], [0, 12, 30]]]
    >>> mpjpe(y_true, y_pred, skeleton=arm)
    1.5
    >>> mpjpe(y_true, y_pred, skeleton=arm, regions="wrist")
    2.0
    """
    options = {"per_region": per_region, "regions": regions, "include_root": include_root}
    return _mean(position_error, y_true, y_pred, skeleton, options, average, sample_weight)


def n_mpjpe(y_true, y_pred, *, skeleton=None, per_region=True, regions=None, include_root=False, average="micro",
            sample_weight=None):
    """MPJPE after the best scale of each frame: what is wrong beside the size.

    The scale is ``<J, Ĵ> / <Ĵ, Ĵ>`` over a frame's comparable keypoints, once they are
    aligned as in `mpjpe`: least squares, as the field defines it (H. Rhodin et al., CVPR
    2018; D. Pavllo et al., VideoPose3D, CVPR 2019). Nothing holds it positive: depths
    mirrored front to back are forgiven. Parameters and units are those of `mpjpe`.

    Examples
    --------
    >>> from liftz.metrics import n_mpjpe
    >>> n_mpjpe([[[0, 10, 20]]], [[[0, 5, 10]]])
    0.0
    """
    options = {"per_region": per_region, "regions": regions, "include_root": include_root}
    return _mean(_scaled_error, y_true, y_pred, skeleton, options, average, sample_weight)


def mpjve(y_true, y_pred, *, skeleton=None, per_region=True, regions=None, include_root=False, average="micro",
          sample_weight=None):
    """Mean per-joint velocity error: MPJPE of the first differences from frame to frame.

    Aligned as in `mpjpe`; a difference counts where both of its frames are comparable
    (D. Pavllo et al., VideoPose3D, CVPR 2019). Parameters are those of `mpjpe`. In the unit
    of the clips per frame: times the frame rate it is per second.

    Examples
    --------
    >>> from liftz.metrics import mpjve
    >>> mpjve([[[0, 10], [0, 14]]], [[[0, 10], [0, 10]]])  # half of 4: each measured from their mean
    2.0
    """
    options = {"per_region": per_region, "regions": regions, "include_root": include_root}
    return _mean(_velocity_error, y_true, y_pred, skeleton, options, average, sample_weight, overlap=1)


def pck(y_true, y_pred, *, alpha=0.1, skeleton=None, per_region=True, regions=None, include_root=False,
        average="micro", sample_weight=None):
    """Share of correct keypoints, 0 to 1: those with ``|dz| <= alpha`` times the z-range of the frame.

    The range is that of the true keypoints seen in the frame: of the keypoint's region, or
    of the whole skeleton where `per_region` is False. (After P. Perez Granero, 2020; of
    positions only z is looked at.) The other parameters are those of `mpjpe`.

    Examples
    --------
    >>> from liftz import Skeleton
    >>> from liftz.metrics import pck
    >>> arm = Skeleton("arm", ["shoulder", "elbow", "wrist"], root="shoulder")
    >>> pck([[[0, 10, 20]]], [[[0, 11, 25]]], skeleton=arm)  # within 2 cm: the elbow, not the wrist
    0.5
    """
    if not (np.isfinite(alpha) and alpha >= 0):
        raise ValueError(f"alpha must be finite and not negative, got {alpha!r}")
    truth, prediction = ([clip[..., 2] if clip.ndim == 3 else clip for clip in clips]
                         for clips in check_clips(skeleton, y_true=y_true, y_pred=y_pred))
    alignment = Alignment(truth, skeleton, per_region=per_region, regions=regions, include_root=include_root)

    def hits(chunk, prediction):
        frames = truth[chunk.clip][chunk.frames].astype(np.float64)
        ranges = np.stack([np.fmax.reduce(frames[:, group], axis=1) - np.fmin.reduce(frames[:, group], axis=1)
                           for group in alignment.members], axis=1)
        return distance(chunk.true - prediction) <= alpha * ranges[:, alignment.root_of], chunk.seen

    sums, counts = totals(truth, [prediction], alignment, hits)
    return _average(sums[0], counts, average, sample_weight)


def skill_score(y_true, y_pred, y_reference, *, skeleton=None, per_region=True, regions=None, include_root=False,
                average="micro", sample_weight=None):
    """Skill ``1 - E / E_reference``: 1 is perfect, 0 no better than the reference, below it worse.

    Both errors are MPJPE, over the keypoint-frames that are comparable in all three. (A. H.
    Murphy, Monthly Weather Review, 1988.) The other parameters are those of `mpjpe`.

    Parameters
    ----------
    y_reference : sequence of n_clips arrays
        Predictions of a baseline, such as the mean pose.

    Examples
    --------
    >>> from liftz.metrics import skill_score
    >>> skill_score([[[0, 10]]], [[[0, 9]]], y_reference=[[[0, 0]]])
    0.9
    """
    truth, *predictions = check_clips(skeleton, y_true=y_true, y_pred=y_pred, y_reference=y_reference)
    alignment = Alignment(truth, skeleton, per_region=per_region, regions=regions, include_root=include_root)
    sums, counts = totals(truth, predictions, alignment, position_error)
    error, reference = (_average(s, counts, average, sample_weight) for s in sums)
    if reference == 0:
        raise ValueError("y_reference equals y_true: no skill can be measured against an error of 0")
    return 1 - error / reference


def error_parts(y_true, y_pred, *, groups=None, skeleton=None, per_region=True, regions=None, include_root=False):
    """Split MPJPE into a constant offset of each keypoint and the motion around it.

    Where the offset is large and the motion small, the lifter follows the movement and
    mistakes the posture. Both parts together are never less than the whole. The parameters
    not named here are those of `mpjpe`.

    Parameters
    ----------
    groups : array of shape (n_clips,), optional
        Clips with one label share an offset, say of a signer. Default: each clip its own.

    Returns
    -------
    dict of str to float
        In the unit of the clips: ``"error"``, the MPJPE; ``"offset"``, the size of the mean
        error of a keypoint over a clip; ``"motion"``, the MPJPE once that mean is taken away.

    Examples
    --------
    >>> from liftz.metrics import error_parts
    >>> error_parts([[[0, 10], [0, 14]]], [[[0, 4], [0, 6]]])
    {'error': 3.5, 'offset': 3.5, 'motion': 0.5}
    """
    truth, prediction = check_clips(skeleton, y_true=y_true, y_pred=y_pred)
    groups = np.arange(len(truth)) if groups is None else np.asarray(groups)
    if groups.shape != (len(truth),):
        raise ValueError(f"groups has shape {groups.shape}, expected one label for each of {len(truth)} clips")
    group_of = np.unique(groups, return_inverse=True)[1]
    alignment = Alignment(truth, skeleton, per_region=per_region, regions=regions, include_root=include_root)
    offset = np.zeros((group_of.max() + 1, len(alignment.columns), *truth[0].shape[2:]))

    def error(chunk, prediction):
        offset[group_of[chunk.clip]] += (prediction - chunk.true).sum(axis=0)  # holes are zero on both sides
        return position_error(chunk, prediction)

    def motion(chunk, prediction):
        return distance(prediction - chunk.true - offset[group_of[chunk.clip]]), chunk.seen

    sums, counts = totals(truth, [prediction], alignment, error)
    by_group = np.stack([counts[group_of == g].sum(axis=0) for g in range(len(offset))])
    offset /= np.maximum(by_group, 1).reshape(by_group.shape + (1,) * (offset.ndim - 2))
    moved, _ = totals(truth, [prediction], alignment, motion)
    n = counts.sum()
    return {"error": float(sums.sum() / n), "offset": float((distance(offset) * by_group).sum() / n),
            "motion": float(moved.sum() / n)}


def _mean(error, y_true, y_pred, skeleton, options, how, sample_weight, overlap=0):
    truth, prediction = check_clips(skeleton, y_true=y_true, y_pred=y_pred)
    alignment = Alignment(truth, skeleton, **options)
    sums, counts = totals(truth, [prediction], alignment, error, overlap=overlap)
    return _average(sums[0], counts, how, sample_weight)



def _scaled_error(chunk, prediction):
    axes = tuple(range(1, prediction.ndim))
    both = (chunk.true * prediction).sum(axis=axes, keepdims=True)
    own = (prediction * prediction).sum(axis=axes, keepdims=True)
    scale = np.divide(both, own, out=np.ones_like(own), where=own > 0)
    return distance(chunk.true - scale * prediction), chunk.seen


def _velocity_error(chunk, prediction):
    seen = chunk.seen[1:] & chunk.seen[:-1]
    velocity = np.diff(chunk.true - prediction, axis=0)
    if not chunk.rooted:  # a frame's mean jumps where a keypoint comes or goes: take it over those seen in both
        seen &= seen.sum(axis=1, keepdims=True) >= 2
        velocity = centred(velocity, seen)
    return distance(velocity), seen
