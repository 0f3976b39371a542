"""DeepLabCut: the tables of its analysed videos, CSV or HDF5."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from liftz._files import FileFormatError
from liftz.io._clips import as_bunch, hide, seen_span, skeleton_of
from liftz.io._frames import LARGEST_GAP
from liftz.io._hdf5 import attribute, dataset, is_hdf5, opened
from liftz.io._json import as_float32
from liftz.io._pickled_names import pickled_names
from liftz.io._text import frame_number, read_rows, read_text, to_numbers
from liftz.sequences import to_object_array

__all__ = ["read_deeplabcut"]

LEVELS = (["scorer", "bodyparts", "coords"], ["scorer", "individuals", "bodyparts", "coords"])
COORDS = (["x", "y"], ["x", "y", "likelihood"], ["x", "y", "z"], ["x", "y", "z", "likelihood"])
UNIQUE = "single"  # what DeepLabCut calls the bearer of bodyparts that are nobody's


def read_deeplabcut(path, *, individuals=None, min_confidence=0.0, root=None, fps=None, image_size=None):
    """Read a table of DeepLabCut: a clip for each individual.

    CSV with the header rows ``scorer``, (``individuals``,) ``bodyparts``, ``coords``, or the HDF5 beside it (``.h5``,
    needs ``pip install "liftz[h5]"``; the pickled names in it are read by no unpickler). Empty is
    not seen. A low likelihood is not: set `min_confidence` for that. The pseudo-individual ``single``, of bodyparts
    that are no individual's, is left out beside others. Triangulated tables, with x, y and z, give `y` too.

    CSV that was cut off between two lines cannot be told from a shorter recording, nor a digit that has become another
    digit from data; in HDF5, numbers are not guarded either.

    Parameters
    ----------
    path : str or path-like
        The file.
    individuals : sequence of str, optional
        Load only these. Default: all but ``single``.
    min_confidence : float, default=0.0
        Points with a lower likelihood come out as not seen.
    root : str or tuple of str, optional
        The skeleton's root. Default: the first bodypart.
    fps, image_size : optional
        Frames per second, and width and height in pixels, where you know them: the file does not say.

    Returns
    -------
    Bunch
        With, per individual: `X`, x and y (down) in pixels and, where there is one, the likelihood,
        ``(n_frames, n_bodyparts, 2 or 3)``, from the first to the last frame with anything seen; `recordings`;
        `persons`, the individuals' names; `first_frames`. And `skeleton`, made of the bodyparts, `fps`, `units`, `y_up`
        and `image_size`. Where there is z, `y` too, and `units` is None: they are the calibration's.

    Raises
    ------
    FileFormatError
        Naming the file, and the line where there is one.
    ImportError
        If h5py is needed and missing.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from liftz.io import read_deeplabcut
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "walk.csv")
    ...     _ = file.write_text("scorer,net,net,net\\nbodyparts,nose,nose,nose\\ncoords,x,y,likelihood\\n"
    ...                         "0,10,20,0.9\\n1,11,21,0.8\\n")
    ...     data = read_deeplabcut(file)
    >>> data.X[0][1].tolist(), data.skeleton.keypoints
    ([[11.0, 21.0, 0.800000011920929]], ('nose',))
    """
    path = Path(path)
    columns, frames, table = _read_h5(path) if is_hdf5(path) else _read_csv(path)
    names, axes, places = _parts(columns, individuals, path)
    if len(frames) == 0:
        raise FileFormatError(path, "has no frames")
    if min(frames) < 0 or max(frames) - min(frames) > LARGEST_GAP + len(frames):
        raise FileFormatError(path, f"has {len(frames)} frames, numbered from {min(frames)} to {max(frames)}")
    for before, after in pairwise(frames):
        if after <= before:
            raise FileFormatError(path, f"frame {after} comes after frame {before}; expected each once, in their order")
    skeleton = skeleton_of(names, path.stem, path, root=root)
    points = np.full((max(frames) - min(frames) + 1, table.shape[1]), np.nan, np.float32)
    points[np.array(frames) - min(frames)] = table
    clips = []
    for individual, place in places.items():
        clip = points[:, place].reshape(len(points), len(names), len(axes))
        if axes[-1] == "likelihood":
            clip = _with_likelihood(clip, min_confidence, f"individual {individual!r}" if individual else "", path)
        clip[np.isnan(clip[..., :2]).any(axis=2), :2] = np.nan
        span = seen_span(clip)
        if span.stop:
            clips.append((individual, min(frames) + span.start, clip[span]))
    if not clips:
        raise FileFormatError(path, "has nothing seen in any frame")
    persons, firsts, values = zip(*clips, strict=True)
    flat = [i for i, axis in enumerate(axes) if axis != "z"]
    data = as_bunch([clip[..., flat] for clip in values], skeleton, recordings=[path.stem] * len(clips),
                    units=None if "z" in axes else "px", fps=fps, image_size=image_size, persons=np.array(persons),
                    first_frames=np.array(firsts))
    if "z" in axes:
        data["y"] = to_object_array([clip[..., 2].copy() for clip in values])
    return data


def _parts(columns, individuals, path):
    """Names of the bodyparts, names of the axes, and by individual the columns, a bodypart's together."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for i, column in enumerate(columns):
        *individual, part, coord = column[1:]
        coords = found.setdefault(individual[0] if individual else "", {}).setdefault(part, {})
        if coord in coords:
            raise FileFormatError(path, f"has two columns {coord} of {part!r}; expected one scorer's table")
        coords[coord] = i
    if len({column[0] for column in columns}) > 1:
        raise FileFormatError(path, "has columns of several scorers; expected one")
    chosen = individuals
    if chosen is None:
        chosen = [name for name in found if name != UNIQUE] or list(found)
    chosen = [chosen] if isinstance(chosen, str) else list(chosen)
    if not chosen or not set(chosen) <= set(found):
        raise ValueError(f"{path} has no individuals {chosen}; it has {', '.join(found)}")
    names = list(found[chosen[0]])
    coords = found[chosen[0]][names[0]]
    axes = [axis for axis in COORDS[-1] if axis in coords]
    if axes not in COORDS or len(axes) < len(coords):
        raise FileFormatError(path, f"bodypart {names[0]!r} has the coords {', '.join(coords)}; expected x, y and "
                                    f"perhaps z and likelihood")
    places = {}
    for individual in chosen:
        parts = found[individual]
        if set(parts) != set(names) or not all(set(coords) == set(axes) for coords in parts.values()):
            raise FileFormatError(path, f"individual {individual!r} has other bodyparts or coords than {chosen[0]!r}; "
                                        f"read them one by one, with individuals=[...]")
        places[individual] = [parts[name][axis] for name in names for axis in axes]
    return names, axes, places


def _with_likelihood(clip, min_confidence, who, path):
    placed = ~np.isnan(clip[..., :-1]).any(axis=2)
    likelihood = clip[..., -1]
    with np.errstate(invalid="ignore"):
        wrong = placed & ~((likelihood >= 0) & (likelihood <= 1))
    if wrong.any():
        frame = int(np.argwhere(wrong)[0][0])
        raise FileFormatError(path, f"{who}{', ' * bool(who)}row {frame}: a point with the likelihood "
                                    f"{likelihood[wrong][0]:g}; expected 0 to 1")
    clip = np.where(placed[..., None], clip, np.nan)
    clip[~placed, -1] = 0
    hidden = np.concatenate([clip[..., :2], clip[..., -1:]], axis=2)
    hide(hidden, min_confidence)
    clip[np.isnan(hidden[..., 0]), :-1] = np.nan
    return clip


def _read_csv(path):
    text = read_text(path)
    heads = [line.split(",", 1)[0].strip('"') for line in text.splitlines()[:4]]
    levels = next((levels for levels in LEVELS if heads[:len(levels)] == levels), None)
    if levels is None:
        raise FileFormatError(path, f"is no table of DeepLabCut: its lines begin with {', '.join(heads)[:100]}; "
                                    f"expected scorer, (individuals,) bodyparts, coords")
    headers, body = read_rows(path, text, n_headers=len(levels))
    if len({len(header) for header in headers}) > 1 or len(headers[0]) < 2:
        raise FileFormatError(path, "the lines of the header are of different lengths")
    columns = list(zip(*(header[1:] for header in headers), strict=True))
    frames, rows = [], []
    for line, row in body:
        frames.append(frame_number(row[0], path, line))
        rows.append(to_numbers(row[1:], path, line))
    return columns, frames, np.array(rows, np.float32).reshape(len(rows), len(columns))


def _read_h5(path):
    """The table as pandas writes it: numbers in one block, and the names of its columns in a pickle of plain text."""
    with opened(path) as file:
        tables = [group for group in file.values() if hasattr(group, "keys") and "table" in group]
        if len(tables) != 1:
            raise FileFormatError(path, f"is no table of DeepLabCut: it has {', '.join(file) or 'nothing'}; expected "
                                        f"one group with a table in pandas's format; read the CSV, if there is one")
        table = dataset(tables[0], "table", path, 1)
        names = table.dtype.names or ()
        if set(names) != {"index", "values_block_0"} or table["index"].dtype.kind not in "iu":
            raise FileFormatError(path, f"its table has the fields {', '.join(names)}; expected index, of frames, and "
                                        f"values_block_0")
        columns = pickled_names(attribute(tables[0]["table"], "values_block_0_kind", path), path)
        values = table["values_block_0"]
        frames = table["index"].tolist()
    if values.ndim != 2 or values.dtype.kind != "f" or values.shape[1] != len(columns):
        raise FileFormatError(path, f"its table has numbers of shape {values.shape}, and {len(columns)} columns")
    if {len(column) for column in columns} not in ({3}, {4}):
        raise FileFormatError(path, "its columns have other names than scorer, (individual,) bodypart and coord each")
    return columns, frames, as_float32(values, "its table", path)
