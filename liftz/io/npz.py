"""Arrays in an npz file, with what they are: written and read back without a bit lost."""

from __future__ import annotations

import io
import zipfile
import zlib

import numpy as np

from liftz._files import FileFormatError, atomic_write
from liftz.io._about import about_clip, checked_about, checked_first, checked_points, described, skeleton_for
from liftz.io._json import as_float32, parse, read_bytes

__all__ = ["read_npz", "write_npz"]


def write_npz(path, points, skeleton, *, fps=None, units="mm", y_up=True, confidence=None, std=None, first_frame=0):
    """Write a clip as an npz file: ``points``, perhaps ``confidence`` and ``std``, and ``about``, all else as JSON.

    Parameters
    ----------
    path : str or path-like
        The file to write; it appears when it is whole.
    points : array of shape (n_frames, n_keypoints, 3), or 2 for x and y alone
        NaN for what is not known. Written as float32.
    skeleton : Skeleton
        Of the keypoints; it is written too.
    fps : float, optional
        Frames per second.
    units : str or None, default="mm"
        Of the points.
    y_up : bool, default=True
        Whether +y is up.
    confidence : array of shape (n_frames, n_keypoints), optional
        Written as float32.
    std : array of shape (n_frames, n_keypoints), optional
        How far off z may be, in `units`. Written as float32.
    first_frame : int, default=0
        Which frame of its recording the clip begins with.

    Raises
    ------
    ValueError
        If shapes do not fit, or a number is infinite or becomes so. Nothing is written then.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from liftz.io import read_npz, write_npz
    >>> from liftz.skeletons import KINECT_20
    >>> points = np.random.default_rng(0).normal(size=(4, 20, 3)).astype("float32")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_npz(pathlib.Path(folder, "clip.npz"), points, KINECT_20, fps=30, units="cm")
    ...     data = read_npz(pathlib.Path(folder, "clip.npz"))
    >>> bool((data.y[0] == points[..., 2]).all()), data.skeleton, data.fps, data.units
    (True, Skeleton('KINECT_20', 20 keypoints, root 'SpineBase'), 30.0, 'cm')
    """
    points, confidence, std = checked_points(points, skeleton, confidence, std)
    about = about_clip(skeleton, fps, units, y_up, points, confidence, std, first_frame=checked_first(first_frame))
    arrays = {"points": points, "about": np.array(about)}
    arrays |= {name: values for name, values in (("confidence", confidence), ("std", std)) if values is not None}
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    with atomic_write(path) as file:
        file.write(content.getvalue())


def read_npz(path, *, skeleton=None, fps=None, units=None, y_up=None):
    """Read an npz file with an array ``points``, as `write_npz` writes it, or made by hand.

    Parameters
    ----------
    path : str or path-like
        A file with ``points``, ``(n_frames, n_keypoints, 2 or 3)``, x, y and perhaps z, and perhaps ``confidence`` and,
        of z, ``std``, both ``(n_frames, n_keypoints)``. Nothing pickled is read.
    skeleton : Skeleton, optional
        Of the keypoints, where the file does not say; where it does, it must be the same.
    fps, units, y_up : optional
        What the file does not say, or is to be taken for.

    Returns
    -------
    Bunch
        With, for the one clip: `X`, x, y and perhaps a confidence, ``(n_frames, n_keypoints, 2 or 3)``; `y`, z, where
        there is one; `std` likewise; `recordings`; `first_frames`, which frame of its recording it begins with. And
        `skeleton`, `fps`, `units`, `y_up` (down, if nothing says otherwise) and `image_size`.

    Raises
    ------
    FileFormatError
        Naming the file.

    Examples
    --------
    See `write_npz`.
    """
    arrays = _arrays(path)
    if "points" not in arrays:
        raise FileFormatError(path, f"has no array 'points'; it has {', '.join(arrays) or 'none'}")
    points = arrays["points"]
    if points.ndim != 3 or points.shape[2] not in (2, 3) or 0 in points.shape or points.dtype.kind not in "fiu":
        raise FileFormatError(path, f"points has shape {points.shape} and is {points.dtype}; expected numbers, "
                                    f"(n_frames, n_keypoints, 2 or 3)")
    beside = {}
    for name in ("confidence", "std"):
        if name in arrays:
            if arrays[name].shape != points.shape[:2] or arrays[name].dtype.kind not in "fiu":
                raise FileFormatError(path, f"{name} has shape {arrays[name].shape}, points has {points.shape}")
            beside[name] = as_float32(arrays[name], name, path)
    points = as_float32(points, "points", path)
    about = None
    if "about" in arrays:
        if arrays["about"].ndim or arrays["about"].dtype.kind != "U":
            raise FileFormatError(path, "about is no text")
        about = checked_about(parse(str(arrays["about"]).encode(), path), len(points), "confidence" in beside,
                              "std" in beside, path)
    skeleton = skeleton_for(path, about, skeleton, points.shape[1])
    return described(path, points, beside, skeleton, about, fps, units, y_up)


def _arrays(path):
    """The arrays of an npz file, each read whole, with its checksum."""
    try:
        with zipfile.ZipFile(io.BytesIO(read_bytes(path))) as archive:
            return {name.removesuffix(".npy"): np.load(io.BytesIO(archive.read(name)), allow_pickle=False)
                    for name in archive.namelist()}
    except FileFormatError:
        raise
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, KeyError, RuntimeError, MemoryError,
            SyntaxError, TypeError, NotImplementedError, OverflowError, AttributeError) as error:
        raise FileFormatError(path, f"is no whole npz file: {str(error)[:200]}") from None
