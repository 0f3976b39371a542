"""SLEAP: the analysis files, HDF5 or CSV, that it exports its tracks to."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from liftz._files import FileFormatError
from liftz.io._clips import as_bunch, hide, seen_span, skeleton_of
from liftz.io._hdf5 import dataset, is_hdf5, opened
from liftz.io._text import frame_number, read_rows, to_numbers

__all__ = ["read_sleap"]

# The axes of the dataset "tracks", unless its attribute "dims" says otherwise.
MATLAB = ["track", "xy", "node", "frame"]
OTHERS = ("track", "frame_idx", "instance.score", "instance.tracking_score", "video", "video_path")
SUFFIXES = (".x", ".y", ".score")


def read_sleap(path, *, min_confidence=0.0, root=None, fps=None, image_size=None):
    """Read an analysis file of SLEAP: a clip for each track.

    HDF5 (``.h5``, needs ``pip install "liftz[h5]"``) with the axes as SLEAP writes them or as the attribute ``dims``
    says, or CSV with columns ``track, frame_idx, instance.score, <node>.x, <node>.y, <node>.score``. NaN and empty
    mean not seen. A point that a person has labelled has no score, and the confidence 1. SLEAP's own project files
    (``.slp``) are to be exported first, with ``sleap-convert --format analysis``.

    CSV that was cut off between two lines cannot be told from a shorter recording, nor a digit that has become another
    digit from data; in HDF5, uncompressed numbers are not guarded either.

    Parameters
    ----------
    path : str or path-like
        The file.
    min_confidence : float, default=0.0
        Points with a lower score come out as not seen.
    root : str or tuple of str, optional
        The skeleton's root. Default: the first node.
    fps, image_size : optional
        Frames per second, and width and height in pixels, where you know them: the file does not say.

    Returns
    -------
    Bunch
        With, per track: `X`, x and y (down) in pixels and a confidence, ``(n_frames, n_nodes, 3)``, from the first to
        the last frame it was seen in; `recordings`; `persons`, the tracks' names; `first_frames`. And `skeleton`, made
        of the nodes and edges, `fps`, `units`, `y_up` and `image_size`.

    Raises
    ------
    FileFormatError
        Naming the file, and the line and the column where there are any.
    ImportError
        If h5py is needed and missing.

    References
    ----------
    https://github.com/talmolab/sleap, sleap/info/write_tracking_h5.py

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from liftz.io import read_sleap
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "walk.csv")
    ...     _ = file.write_text("track,frame_idx,instance.score,head.x,head.y,head.score\\n"
    ...                         "a,7,0.9,10,20,0.8\\na,8,0.9,,,\\na,9,0.9,12,22,0.7\\n")
    ...     data = read_sleap(file)
    >>> data.X[0][:, 0].tolist(), data.first_frames.tolist()
    ([[10.0, 20.0, 0.800000011920929], [nan, nan, 0.0], [12.0, 22.0, 0.699999988079071]], [7])
    """
    path = Path(path)
    if path.suffix.lower() == ".slp":
        raise FileFormatError(path, "is a project of SLEAP; export its tracks with sleap-convert --format analysis")
    if is_hdf5(path):
        names, edges, tracks = _read_h5(path)
    else:
        names, edges, tracks = _read_csv(path)
    skeleton = skeleton_of(names, path.stem, path, root=root, edges=edges)
    clips = []
    for name, (first, points) in tracks.items():
        placed = ~np.isnan(points[..., :2]).any(axis=2)
        points[..., 2] = np.where(placed, np.where(np.isnan(points[..., 2]), 1, points[..., 2]), 0)
        points[~placed, :2] = np.nan
        if (points[..., 2] < 0).any():
            raise FileFormatError(path, f"track {name}: has a score below 0")
        hide(points, min_confidence)
        span = seen_span(points)
        if span.stop:
            clips.append((name, first + span.start, points[span]))
    if not clips:
        raise FileFormatError(path, "has no track with anything seen")
    persons, firsts, X = zip(*clips, strict=True)
    return as_bunch(X, skeleton, recordings=[path.stem] * len(X), units="px", fps=fps, image_size=image_size,
                    persons=np.array(persons), first_frames=np.array(firsts))


def _read_h5(path):
    with opened(path) as file:
        if "tracks" not in file or "node_names" not in file:
            raise FileFormatError(path, f"is no analysis file of SLEAP: it has {', '.join(file) or 'nothing'}; "
                                        f"expected tracks and node_names among them")
        names = _texts(dataset(file, "node_names", path, 1), path)
        tracks = dataset(file, "tracks", path, 4)
        dims = file["tracks"].attrs.get("dims")
        axes = MATLAB if dims is None else json.loads(dims)
        if sorted(axes) != sorted(MATLAB):
            raise FileFormatError(path, f"the axes of tracks are {axes}, expected {', '.join(MATLAB)}")
        points = np.transpose(tracks, [axes.index(axis) for axis in ("track", "frame", "node", "xy")])
        if points.shape[2:] != (len(names), 2):
            raise FileFormatError(path, f"tracks has shape {tracks.shape} ({', '.join(axes)}); expected 2 coordinates "
                                        f"of {len(names)} nodes")
        scores = np.full(points.shape[:3], np.nan)
        if "point_scores" in file:
            found = dataset(file, "point_scores", path, 3)
            scores = np.transpose(found, [[axis for axis in axes if axis != "xy"].index(axis)
                                          for axis in ("track", "frame", "node")])
            if scores.shape != points.shape[:3]:
                raise FileFormatError(path, f"point_scores has shape {found.shape}, tracks has {tracks.shape}")
        elif "instance_scores" in file:
            raise FileFormatError(path, "has instance_scores, and no point_scores")
        if "track_occupancy" in file:
            there = dataset(file, "track_occupancy", path, 2)
            there = there if there.shape == points.shape[:2] else there.T
            if there.shape != points.shape[:2] or (~np.isnan(points).all(axis=(2, 3)) & (there == 0)).any():
                raise FileFormatError(path, "track_occupancy is not that of the tracks")
        labels = _texts(dataset(file, "track_names", path), path) if "track_names" in file else []
        if len(labels) not in (0, len(points)):
            raise FileFormatError(path, f"has {len(points)} tracks and {len(labels)} names of them")
        edges = []
        if "edge_inds" in file and file["edge_inds"].size:
            pairs = dataset(file, "edge_inds", path, 2)
            pairs = pairs if pairs.shape[1] == 2 else pairs.T
            if pairs.shape[1] != 2 or pairs.dtype.kind not in "iu" or pairs.min() < 0 or pairs.max() >= len(names):
                raise FileFormatError(path, "edge_inds has other numbers than of pairs of nodes")
            edges = [(names[a], names[b]) for a, b in pairs.tolist()]
    clips = np.concatenate([_float32(points, path), _float32(scores, path)[..., None]], axis=3)
    return names, edges, {labels[i] if labels else f"track_{i}": (0, clip) for i, clip in enumerate(clips)}


def _float32(values, path):
    if values.dtype.kind not in "fiu":
        raise FileFormatError(path, f"expected numbers, got {values.dtype}")
    with np.errstate(over="ignore"):
        values = values.astype(np.float32)
    if np.isinf(values).any():
        raise FileFormatError(path, "has a number that is infinite, or beyond float32's range")
    return values


def _texts(values, path):
    texts = [value.decode() if isinstance(value, bytes) else value for value in values.ravel().tolist()]
    if not all(isinstance(text, str) for text in texts) or len(set(texts)) < len(texts):
        raise FileFormatError(path, f"expected names, each once, got {str(texts)[:100]}")
    return texts


def _read_csv(path):
    header, body = read_rows(path)
    if "frame_idx" not in header or not any(column.endswith(".x") for column in header):
        raise FileFormatError(path, f"is no analysis file of SLEAP: expected the columns frame_idx and <node>.x among "
                                    f"{', '.join(header[:8])}")
    names = [column[:-2] for column in header if column.endswith(".x")]
    scores = any(f"{name}.score" in header for name in names)
    wanted = {name + suffix for name in names for suffix in SUFFIXES[:2 + scores]}
    if odd := sorted((wanted ^ set(header)) - (set(OTHERS) - wanted)) or [c for c in header if header.count(c) > 1]:
        raise FileFormatError(path, f"column {odd[0][:40]!r} is missing, or one too many: expected x, y and perhaps a "
                                    f"score of every node, and otherwise only {', '.join(OTHERS)}")
    places = [[header.index(name + suffix) if name + suffix in header else None for suffix in SUFFIXES]
              for name in names]
    tracks: dict[str, dict[int, np.ndarray]] = {}
    for line, row in body:
        name = row[header.index("track")] if "track" in header else ""
        frame = frame_number(row[header.index("frame_idx")], path, line)
        cells = [row[place] if place is not None else "" for node in places for place in node]
        frames = tracks.setdefault(name or "track_0", {})
        if frames and frame <= (before := next(reversed(frames))):
            raise FileFormatError(path, f"line {line}: frame {frame} of the track {name!r} comes after frame {before}; "
                                        f"expected each once, in their order")
        frames[frame] = to_numbers(cells, path, line).reshape(len(names), 3)
    return names, [], {name: _stacked(frames, path) for name, frames in tracks.items()}


def _stacked(frames, path):
    first, last = min(frames), max(frames)
    if last - first > 10_000 + 100 * len(frames):
        raise FileFormatError(path, f"has {len(frames)} frames of a track, from {first} to {last}")
    points = np.full((last - first + 1, *frames[first].shape), np.nan, np.float32)
    for frame, values in frames.items():
        points[frame - first] = values
    return first, points
