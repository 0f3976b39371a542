"""Recordings to learn from: readers, makers and a writer, each giving a ``sklearn.utils.Bunch``."""

from liftz._files import FileFormatError
from liftz._lazy import lazy

_HOMES = {
    "Camera": "cameras",
    "fetch_isl_kinect": "isl_kinect",
    "film": "filming",
    "load_fingerspelling": "fingerspelling",
    "load_isl_kinect": "isl_kinect",
    "load_panoptic": "panoptic",
    "make_signing": "synthetic",
    "project": "projection",
    "read_calibration": "cameras",
    "write_panoptic": "panoptic_writer",
}

__all__ = ["FileFormatError", *_HOMES]
__getattr__, __dir__ = lazy(__name__, _HOMES, __all__)
