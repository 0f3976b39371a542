"""Plain tables: npz and CSV, wide and long, written and read back without a bit lost."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

import numpy as np

from liftz._files import FileFormatError, atomic_write
from liftz.io._about import about_clip, checked_about, checked_first, checked_points, no_confidence, skeleton_for
from liftz.io._clips import as_bunch, skeleton_of
from liftz.io._csv_layouts import read_long, read_wide, write_long, write_wide
from liftz.io._json import as_float32, parse, read_bytes
from liftz.io._text import read_rows, read_text
from liftz.sequences import to_object_array

__all__ = ["read_csv", "read_npz", "write_csv", "write_npz"]

COMMENT = "# liftz "
LAYOUTS = {"wide": write_wide, "long": write_long}


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
    return _bunch(path, points, beside, skeleton, about, fps, units, y_up)


def write_csv(path, points, skeleton, *, fps=None, units="mm", y_up=True, confidence=None, std=None, first_frame=0,
              layout="wide"):
    """Write a clip as CSV, in numbers that give the same float32 back.

    The first line is a comment with what is no table: skeleton, fps, units, direction of y. The table is pandas's
    with ``pandas.read_csv(path, skiprows=1)``. Empty cells are what is not known.

    Parameters
    ----------
    path, points, skeleton, fps, units, y_up, confidence, std
        As in `write_npz`.
    first_frame : int, default=0
        Which frame of its recording the clip begins with: the column ``frame`` counts from there.
    layout : {"wide", "long"}, default="wide"
        A line for each frame, with the columns ``frame, <keypoint>_x, <keypoint>_y, <keypoint>_z``; or a line for each
        keypoint of each frame, with the columns ``frame, keypoint, x, y, z``. Then those of confidence and std.

    Raises
    ------
    ValueError
        As `write_npz` does, or if the layout is another.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from liftz import Skeleton
    >>> from liftz.io import read_csv, write_csv
    >>> arm = Skeleton("arm", ["elbow", "wrist"], root="elbow")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "arm.csv")
    ...     write_csv(path, [[[0, 0, 0], [250, 10, -30.5]]], arm)
    ...     print(path.read_text().split("\\n", 1)[1], end="")
    ...     data = read_csv(path)
    frame,elbow_x,elbow_y,elbow_z,wrist_x,wrist_y,wrist_z
    0,0,0,0,250,10,-30.5
    >>> data.y[0], data.units
    (array([[  0. , -30.5]], dtype=float32), 'mm')
    """
    if layout not in LAYOUTS:
        raise ValueError(f"layout must be 'wide' or 'long', got {layout!r}")
    points, confidence, std = checked_points(points, skeleton, confidence, std)
    text = io.StringIO(newline="")
    text.write(f"{COMMENT}{about_clip(skeleton, fps, units, y_up, points, confidence, std)}\n")
    columns = ["x", "y", "z"][:points.shape[2]]
    for name, values in (("confidence", confidence), ("std", std)):
        if values is not None:
            points, columns = np.concatenate([points, values[..., None]], axis=2), [*columns, name]
    LAYOUTS[layout](text, points, skeleton.keypoints, columns, checked_first(first_frame))
    with atomic_write(path) as file:
        file.write(text.getvalue().encode())


def read_csv(path, *, skeleton=None, root=None, fps=None, units=None, y_up=None):
    """Read CSV, wide or long, as `write_csv` writes it, or made by hand.

    Wide: a line for each frame, with columns ``<keypoint>_x`` and so on, x, y and perhaps z and its std and a
    confidence (also called score, likelihood or c; ``.`` may stand for ``_``), and perhaps ``frame``. Long: a line for
    each keypoint of each frame, with the columns ``frame``, ``keypoint``, ``x``, ``y`` and perhaps z, its std and a
    confidence. Empty and "nan" are not known. What `write_csv` wrote has its number of frames in the first line, and is
    refused if it is not whole; other CSV that was cut off between two lines cannot be told from a shorter recording. A
    digit that has become another digit cannot be told from data in either.

    Parameters
    ----------
    path : str or path-like
        The file.
    skeleton : Skeleton, optional
        With the file's keypoints, in any order. Default: what the file's first line says, else a ready-made one with
        the same names, else one made of the names.
    root : str or tuple of str, optional
        The root of a skeleton that is made. Default: the first keypoint.
    fps, units, y_up : optional
        What the file does not say, or is to be taken for.

    Returns
    -------
    Bunch
        As from `read_npz`.

    Raises
    ------
    FileFormatError
        Naming the file, the line and the column.

    Examples
    --------
    See `write_csv`.
    """
    text = read_text(path)
    about, first_line = None, 1
    if text.startswith(COMMENT):
        comment, _, text = text.partition("\n")
        about, first_line = parse(comment[len(COMMENT):].encode(), path), 2
    header, body = read_rows(path, text, first_line=first_line)
    if len(header) == 1 and ";" in header[0]:
        raise FileFormatError(path, "is separated by semicolons, expected commas, and points in its numbers")
    names, axes, first, values = (read_long(header, body, path, whole=about is not None) if "keypoint" in header
                                  else read_wide(header, body, path))
    about = None if about is None else checked_about(about, len(values), "confidence" in axes, "std" in axes, path)
    if skeleton is None and about is None:
        skeleton = skeleton_of(names, Path(path).stem, path, root=root)
    skeleton = skeleton_for(path, about, skeleton, None)
    if set(skeleton.keypoints) != set(names):
        odd = sorted(set(names) ^ set(skeleton.keypoints))[0]
        raise FileFormatError(path, f"its keypoints are not those of {skeleton.name}: {odd!r} is in only one of them")
    values = values[:, [names.index(name) for name in skeleton.keypoints]]
    beside = {name: values[..., axes.index(name)] for name in ("confidence", "std") if name in axes}
    data = _bunch(path, values[..., :len(axes) - len(beside)], beside, skeleton, about, fps, units, y_up)
    data["first_frames"] = np.array([first])
    return data


def _bunch(path, points, beside, skeleton, about, fps, units, y_up):
    confidence = beside.get("confidence")
    if confidence is not None and (spot := no_confidence(points, confidence, skeleton)):
        raise FileFormatError(path, spot)
    said = about or {"fps": None, "units": None, "y_up": False, "first_frame": 0}
    X = points[..., :2] if confidence is None else np.concatenate([points[..., :2], confidence[..., None]], axis=2)
    data = as_bunch([X.copy()], skeleton, recordings=[Path(path).stem], units=said["units"] if units is None else units,
                    y_up=said["y_up"] if y_up is None else y_up, fps=said["fps"] if fps is None else fps,
                    first_frames=np.array([said["first_frame"]]))
    if points.shape[2] == 3:
        data["y"] = to_object_array([points[..., 2].copy()])
    if "std" in beside:
        data["std"] = to_object_array([beside["std"].copy()])
    return data


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
