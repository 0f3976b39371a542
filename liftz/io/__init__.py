"""Keypoints in and out: readers of the formats of the field, and writers for what was lifted."""

from liftz._files import FileFormatError
from liftz._lazy import lazy

_HOMES = {
    "read_clips": "reading",
    "read_csv": "tables",
    "read_deeplabcut": "deeplabcut",
    "read_h3wb": "h3wb",
    "read_mmpose": "mmpose",
    "read_nia": "nia",
    "read_npz": "npz",
    "read_openpose": "openpose",
    "read_pose": "pose_file",
    "read_sleap": "sleap",
    "write_bvh": "bvh",
    "write_c3d": "c3d",
    "write_csv": "tables",
    "write_npz": "npz",
    "write_pose": "pose_file",
    "write_trc": "trc",
}

__all__ = ["FileFormatError", *_HOMES]
__getattr__, __dir__ = lazy(__name__, _HOMES, __all__)
