"""From one skeleton to another, by what the keypoints mean."""

from __future__ import annotations

import numpy as np

from .sequences import check_sequences, to_object_array
from .skeleton import check_skeleton
from .skeletons import BODY_25, KINECT_JOINTS, POSE_33
from .transformer import SequenceTransformer

__all__ = ["SkeletonConverter", "convert", "correspondence"]

# What the body keypoints of OpenPose, MediaPipe and Kinect are called by Panoptic and COCO-WholeBody. MediaPipe's mesh
# shares with the mark-up of 68 points no point but the tip of the nose.
SPELLED = {"Nose": "nose", "Neck": "neck", "MidHip": "mid_hip", "SpineBase": "spine_base", "face_1": "face_nose_tip"}
JOINTS = {"Shoulder": "shoulder", "Elbow": "elbow", "Wrist": "wrist", "Hip": "hip", "Knee": "knee", "Ankle": "ankle",
          "Eye": "eye", "Ear": "ear", "BigToe": "big_toe", "SmallToe": "small_toe", "Heel": "heel"}
MEANINGS = (SPELLED | {f"L{joint}": f"left_{meaning}" for joint, meaning in JOINTS.items()}
            | {f"R{joint}": f"right_{meaning}" for joint, meaning in JOINTS.items()}
            | {f"{joint}Left": f"left_{meaning}" for joint, meaning in JOINTS.items()}
            | {f"{joint}Right": f"right_{meaning}" for joint, meaning in JOINTS.items()}
            | {name: name.lower().replace("foot_index", "big_toe") for name in POSE_33})
# Two layouts have a Neck: OpenPose's lies between the shoulders, Kinect's at the base of the skull. Kinect's head,
# hands and feet are nobody else's points either, and mean themselves.
KINECT_ONLY = frozenset(KINECT_JOINTS) - set(BODY_25)

DERIVED = {
    "neck": ("left_shoulder", "right_shoulder"),
    "mid_hip": ("left_hip", "right_hip"),
    "spine_base": ("left_hip", "right_hip"),
}


def correspondence(source, target):
    """Which keypoints of one skeleton stand for each keypoint of another.

    Keypoints correspond by meaning: OpenPose's ``LBigToe`` is MediaPipe's ``LEFT_FOOT_INDEX`` and Panoptic's
    ``left_big_toe``. A neck that the source does not have is the mean of its shoulders, a mid hip or spine base the
    mean of its hips. Keypoints of your own skeletons correspond where their names are equal, or are one of the
    layouts' names.

    Parameters
    ----------
    source, target : Skeleton

    Returns
    -------
    dict of str to tuple of str
        For each keypoint of `target`, in its order: the one keypoint of `source` that it is, the two whose mean it
        is, or none where the source has no such point.

    Examples
    --------
    >>> from liftz.conversion import correspondence
    >>> from liftz.skeletons import COCO_WHOLEBODY_133, KINECT_20, OPENPOSE_137
    >>> parts = correspondence(COCO_WHOLEBODY_133, OPENPOSE_137)
    >>> parts["LWrist"], parts["Neck"], parts["face_left_pupil"]
    (('left_wrist',), ('left_shoulder', 'right_shoulder'), ())
    >>> [name for name, parts in correspondence(OPENPOSE_137, KINECT_20).items() if not parts]
    ['Head', 'Neck', 'HandLeft', 'HandRight', 'SpineMid', 'FootLeft', 'FootRight']
    """
    source, target = map(check_skeleton, (source, target))
    if source.keypoints == target.keypoints:
        return {name: (name,) for name in target.keypoints}
    given = dict(zip(meanings(source), source.keypoints, strict=True))
    found = {}
    for name, meaning in zip(target.keypoints, meanings(target), strict=True):
        parts = (meaning,) if meaning in given else DERIVED.get(meaning, ())
        found[name] = tuple(given[part] for part in parts) if all(part in given for part in parts) else ()
    if not any(found.values()):
        raise ValueError(f"{source.name} cannot be converted to {target.name}: they have no keypoint in common; "
                         f"{source.name} has {', '.join(source.keypoints[:4])} ..., "
                         f"{target.name} has {', '.join(target.keypoints[:4])} ...")
    return found


def convert(X, source, target, *, positions=False):
    """Clips of one skeleton as clips of another, by what the keypoints mean.

    What the source does not have is NaN, as is a mean of which one part was not seen. A mean's confidence is the
    lower of its parts'. See `correspondence` for what stands for what.

    Parameters
    ----------
    X : array, or sequence of arrays
        One clip or several, of the source's keypoints: ``(n_frames, n_keypoints, 2)``, or 3 with a confidence or
        with z; or depths ``(n_frames, n_keypoints)``. In any unit.
    source, target : Skeleton
        Such as ``OPENPOSE_137`` and ``COCO_WHOLEBODY_133`` of ``liftz.skeletons``.
    positions : bool, default=False
        Whether a third channel is z, instead of a confidence.

    Returns
    -------
    float32 array for one clip, else an object array of them
        With the target's keypoints, in the same unit.

    Raises
    ------
    ValueError
        If the clips are not the source's, or the two have nothing in common. If depths are measured from several
        roots in the source and from one in the target.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz.conversion import convert
    >>> from liftz.skeletons import COCO_WHOLEBODY_133, OPENPOSE_137
    >>> clip = np.zeros((1, 133, 2))
    >>> clip[0, COCO_WHOLEBODY_133.indices(["left_shoulder", "right_shoulder"])] = [[600, 300], [400, 320]]
    >>> convert(clip, COCO_WHOLEBODY_133, OPENPOSE_137)[0, OPENPOSE_137.index("Neck")]
    array([500., 310.], dtype=float32)
    """
    single = _is_clip(X, len(source))
    try:
        clips = check_sequences([X] if single else X, ndim=(2, 3), skeleton=source, allow_unseen=True,
                                positions=positions, names=("X", "y"))
    except ValueError as error:
        raise ValueError(f"{error}; they are to be converted from {source.name} to {target.name}") from None
    if clips[0].ndim == 2:
        _check_roots(source, target)
    parts = _parts(source, target)
    out = [_gather(clip, parts, positions) for clip in clips]
    return out[0] if single else to_object_array(out)


class SkeletonConverter(SequenceTransformer):
    """Clips of one skeleton as clips of another, as a step of a Pipeline; see `convert`.

    The inverse converts back; what the target does not have is NaN.

    Parameters
    ----------
    source, target : Skeleton
        What comes in, and what is put out.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz.conversion import SkeletonConverter
    >>> from liftz.skeletons import COCO_WHOLEBODY_133, OPENPOSE_137
    >>> SkeletonConverter(COCO_WHOLEBODY_133, OPENPOSE_137).fit_transform([np.ones((5, 133, 2))])[0].shape
    (5, 137, 2)
    """

    def __init__(self, source, target):
        self.source = source
        self.target = target

    @property
    def skeleton(self):
        return self.source

    def learn(self, X):
        correspondence(self.source, self.target)
        if X[0].ndim == 2:
            _check_roots(self.source, self.target)

    def transform_clip(self, clip, where):
        return _gather(clip, _parts(self.source, self.target), positions=False)

    def inverse_clip(self, clip):
        return _gather(clip, _parts(self.target, self.source), positions=False)

    def keypoints_out(self):
        return len(self.target), self.target


def meanings(skeleton):
    """What each keypoint means; a name that no layout has means itself."""
    own = set() if KINECT_ONLY.isdisjoint(skeleton.keypoints) else {"Neck"}
    return [name if name in own else MEANINGS.get(name, name) for name in skeleton.keypoints]


def _parts(source, target):
    """Two positions in the source for each keypoint of the target: twice the same, or -1 for what is not there."""
    found = correspondence(source, target).values()
    return np.array([(source.index(names[0]), source.index(names[-1])) if names else (-1, -1) for names in found])


def _gather(clip, parts, positions):
    first, second = clip[:, parts[:, 0]], clip[:, parts[:, 1]]
    out = np.where((parts[:, 0] == parts[:, 1]).reshape(-1, *[1] * (clip.ndim - 2)), first, (first + second) / 2)
    if clip.ndim == 3 and clip.shape[2] == 3 and not positions:
        out[..., 2] = np.minimum(first[..., 2], second[..., 2])
    out[:, parts[:, 0] < 0] = np.nan
    return out


def _check_roots(source, target):
    """Depths of one region must not be measured from several roots: their differences would mean nothing."""
    home = {name: source.roots[region] for region, members in source.regions.items() for name in members}
    kept = correspondence(source, target)
    for region, members in target.regions.items():
        roots = {home[part]: name for name in members for part in kept[name]}
        if len(roots) > 1:
            (a, name_a), (b, name_b) = list(roots.items())[:2]
            raise ValueError(f"depths of {source.name} cannot be converted to {target.name}: in its region {region!r}, "
                             f"{name_a} would be measured from {a!r} and {name_b} from {b!r}")


def _is_clip(X, n_keypoints):
    """Whether X is one clip by its shape; ``(n_clips, n_frames, n_keypoints)`` are depths of several."""
    if not isinstance(X, np.ndarray) or X.dtype.kind == "O" or X.ndim not in (2, 3):
        return False
    return X.ndim == 2 or X.shape[1] == n_keypoints or X.shape[2] != n_keypoints
