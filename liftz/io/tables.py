"""CSV, wide and long: written and read back without a bit lost."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from liftz._files import FileFormatError, atomic_write
from liftz.io._about import about_clip, checked_about, checked_first, checked_points, described, skeleton_for
from liftz.io._clips import skeleton_of
from liftz.io._csv_layouts import read_long, read_wide, write_long, write_wide
from liftz.io._json import parse
from liftz.io._text import read_rows, read_text

__all__ = ["read_csv", "write_csv"]

COMMENT = "# liftz "
LAYOUTS = {"wide": write_wide, "long": write_long}


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
    data = described(path, values[..., :len(axes) - len(beside)], beside, skeleton, about, fps, units, y_up)
    data["first_frames"] = np.array([first])
    return data
