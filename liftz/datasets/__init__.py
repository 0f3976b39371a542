"""Recordings to learn from: readers, makers and a writer, each giving a ``sklearn.utils.Bunch``."""

from importlib import import_module

from liftz._files import FileFormatError

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


def __getattr__(name):
    # Lazy, like liftz itself: a reader does not wait for the maker.
    if name not in _HOMES:
        raise AttributeError(f"module 'liftz.datasets' has no attribute {name!r}")
    return getattr(import_module(f"liftz.datasets.{_HOMES[name]}"), name)


def __dir__():
    return __all__
