"""Keypoints in and out: readers of the formats of the field, and writers for what was lifted."""

from importlib import import_module

from liftz._files import FileFormatError

_HOMES = {
    "read_clips": "reading",
    "read_csv": "tables",
    "read_deeplabcut": "deeplabcut",
    "read_h3wb": "wholebody",
    "read_mmpose": "wholebody",
    "read_nia": "nia",
    "read_npz": "tables",
    "read_openpose": "openpose",
    "read_pose": "pose_file",
    "read_sleap": "sleap",
    "write_bvh": "bvh",
    "write_c3d": "c3d",
    "write_csv": "tables",
    "write_npz": "tables",
    "write_pose": "pose_file",
    "write_trc": "trc",
}

__all__ = ["FileFormatError", *_HOMES]


def __getattr__(name):
    # Lazy, like liftz itself: a reader does not wait for the others.
    if name not in _HOMES:
        raise AttributeError(f"module 'liftz.io' has no attribute {name!r}")
    return getattr(import_module(f"liftz.io.{_HOMES[name]}"), name)


def __dir__():
    return __all__
