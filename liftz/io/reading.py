"""Any file of keypoints: what format it is, by what is in it and by its ending."""

from __future__ import annotations

import os
import re
from pathlib import Path

from liftz import io
from liftz._files import FileFormatError
from liftz.io._frames import find_frames
from liftz.io._hdf5 import MAGIC as HDF5
from liftz.io._hdf5 import opened

__all__ = ["read_clips"]

READERS = {"openpose": "read_openpose", "nia": "read_nia", "mmpose": "read_mmpose", "h3wb": "read_h3wb",
           "deeplabcut": "read_deeplabcut", "sleap": "read_sleap", "npz": "read_npz", "csv": "read_csv",
           "pose": "read_pose"}
ENDINGS = {".npz": "npz", ".csv": "csv", ".pose": "pose"}
# What is known, and is not for a reader of single clips.
ELSEWHERE = {".bvh": "liftz writes BVH, and does not read it", ".trc": "liftz writes TRC, and does not read it",
             ".c3d": "liftz writes C3D, and does not read it",
             ".slp": "a project of SLEAP: export it with sleap-convert --format analysis",
             ".npy": "an array without names: write_npz makes a file of it that has them"}
HEAD = 65536  # bytes that are looked at


def read_clips(path, format=None, **options):
    """Read clips of any format that liftz knows, recognised by what is in the file, or the folder, and by its ending.

    Parameters
    ----------
    path : str or path-like
        A file, or a folder with a file for each frame.
    format : {"openpose", "nia", "mmpose", "h3wb", "deeplabcut", "sleap", "npz", "csv", "pose"}, optional
        To say it instead.
    **options
        Of the format's own reader, such as ``people=1`` for `read_openpose`.

    Returns
    -------
    Bunch
        As from `read_openpose`, `read_nia`, `read_mmpose`, `read_h3wb`, `read_deeplabcut`, `read_sleap`, `read_npz`,
        `read_csv` or `read_pose`: always with `X`, `skeleton`, `fps`, `units`, `y_up`, `image_size` and `recordings`.

    Raises
    ------
    FileFormatError
        If the format is none of these, saying what was seen; or as the reader does.
    TypeError
        If the format's reader has no such option, naming the format.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from liftz.io import read_clips
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "arm.csv")
    ...     _ = file.write_text("elbow_x,elbow_y,wrist_x,wrist_y\\n1,2,3,4\\n")
    ...     data = read_clips(file, fps=25)
    >>> data.X[0].tolist(), data.fps
    ([[[1.0, 2.0], [3.0, 4.0]]], 25)
    """
    if format is not None and format not in READERS:
        raise ValueError(f"format must be one of {', '.join(READERS)}, got {format!r}")
    format = format or _recognised(Path(path))
    try:
        return getattr(io, READERS[format])(path, **options)
    except TypeError as error:
        if "unexpected keyword argument" in str(error):
            raise TypeError(f"{os.fspath(path)} is read as {format}: {error}") from None
        raise


def _recognised(path):
    if path.is_dir():
        return _folder(path)
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise FileFormatError(path, f"cannot be read: {error.strerror}") from error
    ending = path.suffix.lower()
    if ending in ELSEWHERE:
        raise FileFormatError(path, ELSEWHERE[ending])
    if head.startswith(HDF5):
        return _hdf5(path)
    if head.startswith(b"PK\x03\x04"):
        return "npz"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] in (b"{", b"["):
        return _json(path, text)
    if text.startswith(b"scorer,"):
        return "deeplabcut"
    if ending == ".csv" and b"frame_idx" in text.split(b"\n", 1)[0]:
        return "sleap"
    if ending in ENDINGS:
        return ENDINGS[ending]
    raise _unknown(path, f"begins with {head[:24]!r}" if head else "is empty")


def _folder(path):
    for name in ("hdPose3d_stage1_op25", "hdPose3d_stage1_coco19"):
        if (path / name).is_dir() or any((child / name).is_dir() for child in path.iterdir()):
            raise FileFormatError(path, "is a recording of Panoptic Studio, or has some: liftz.datasets.load_panoptic "
                                        "reads them")
    try:
        files = next(iter(find_frames(path).values()))
    except FileFormatError:
        names = ", ".join(sorted(child.name for child in path.iterdir())[:4])
        raise _unknown(path, f"is a folder with {names or 'nothing'} in it") from None
    first = Path(files[min(files)])
    with open(first, "rb") as file:
        return _json(first, file.read(HEAD).removeprefix(b"\xef\xbb\xbf").lstrip())


def _json(path, text):
    """Which JSON it is, from its beginning; the reader will tell what is wrong with it."""
    if match := re.search(rb'"people"\s*:\s*(.)', text):
        return "nia" if match[1] == b"{" else "openpose"
    if b'"keypoints_3d"' in text or b'"keypoints_2d"' in text or b'"keypont_2d"' in text:
        return "h3wb"
    if b'"instance_info"' in text or b'"keypoint_scores"' in text or b'"instances"' in text or b'"meta_info"' in text:
        return "mmpose"
    raise _unknown(path, f"is JSON that begins with {text[:40]!r}")


def _hdf5(path):
    with opened(path) as file:
        names = list(file)
        if "tracks" in names and "node_names" in names:
            return "sleap"
        if any(hasattr(group, "keys") and "pandas_type" in group.attrs for group in file.values()):
            return "deeplabcut"
    raise _unknown(path, f"is HDF5 with {', '.join(names[:6]) or 'nothing'} in it")


def _unknown(path, seen):
    return FileFormatError(path, f"{seen}, which is no format that liftz knows: folders or files of JSON by OpenPose, "
                                 f"NIA, MMPose or H3WB; tables of DeepLabCut or SLEAP (.csv, .h5); .npz, .csv or .pose")
