"""C3D, the coordinate 3D format of biomechanics: positions as float32, with a word on each that is missing."""

from __future__ import annotations

import struct

import numpy as np

from liftz._files import atomic_write

from ._about import checked_first
from ._points import check_points, plain_names, to_y_up

__all__ = ["write_c3d"]

BLOCK = 512  # bytes
KEY = 0x50
INTEL = 84  # little-endian, IEEE floats
MOST = 255  # items along a dimension of a parameter
LAST = 0xFFFF  # the highest frame that the header can name


def write_c3d(path, points, skeleton, *, fps, units="mm", y_up=True, first_frame=0):
    """Write a clip as a C3D file.

    Parameters
    ----------
    path : str or path-like
        The file to write. One that is there is replaced once the new one is whole.
    points : array of shape (n_frames, n_keypoints, 3)
        Positions in `units`: x, y, and z away from the camera. NaN is not known: in the file, a point at the origin
        with the residual -1.
    skeleton : Skeleton
        Labels the points; whatever is not an ASCII letter or digit becomes an underscore.
    fps : float
        Frames per second; the file has it as float32.
    units : str, default="mm"
        What the file says of its numbers, which are those of `points`.
    y_up : bool, default=True
        Whether the points' +y is up, and +x to the picture's left; else +y is down, and +x to the right. In the file,
        y is up and z points towards the camera, and it says so (``POINT:X_SCREEN``, ``POINT:Y_SCREEN``).
    first_frame : int, default=0
        Which frame of its recording the clip begins with. In the file, a recording's frame 0 has the number 1.

    Raises
    ------
    ValueError
        If the points, `fps`, `units` or `first_frame` cannot be written, or the names do not fit into the file.

    Notes
    -----
    Little-endian float32, after the user guide of c3d.org. Labels from the 256th on are in ``POINT:LABELS2``, and so
    on; frames beyond number 65,535 are in ``TRIAL:ACTUAL_START_FIELD`` and ``TRIAL:ACTUAL_END_FIELD``.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from liftz import Skeleton
    >>> from liftz.io.c3d import write_c3d
    >>> arm = Skeleton("arm", ["elbow", "wrist"], root="elbow")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "arm.c3d")
    ...     write_c3d(path, [[[0, 0, 0], [250, 0, 0]]], arm, fps=25)
    ...     path.stat().st_size % 512
    0
    """
    clip = to_y_up(check_points(points, skeleton, fps, units), y_up)
    n_frames, n_points, _ = clip.shape
    first = checked_first(first_frame) + 1
    last = first + n_frames - 1
    missing = np.isnan(clip[..., :1])
    data = np.concatenate([np.where(missing, 0, clip), np.where(missing, -1, 0)], axis=2).astype("<f4").tobytes()

    blocks = 0
    for _ in range(2):  # the parameters hold where the data begins, which is behind them
        parameters = _parameters(skeleton, first, last, fps, units, data_start=2 + blocks)
        blocks = -(-(4 + len(parameters) + 2) // BLOCK)
    if blocks > MOST:
        raise ValueError(f"skeleton {skeleton.name!r}: the names of {n_points} keypoints are more than a C3D file "
                         f"holds")
    header = struct.pack("<BBHHHHHfHHf", 2, KEY, n_points, 0, min(first, LAST), min(last, LAST), 0, -1.0, 2 + blocks,
                         0, fps)
    with atomic_write(path) as file:
        file.write(header.ljust(BLOCK, b"\0"))
        file.write((struct.pack("BBBB", 1, KEY, blocks, INTEL) + parameters).ljust(blocks * BLOCK, b"\0"))
        file.write(data)
        if last < LAST:  # readers of more go on to the end of the file, and would take the padding for frames
            file.write(b"\0" * (-len(data) % BLOCK))


def _parameters(skeleton, first, last, fps, units, data_start):
    """The parameter section without its own head: groups, each followed by its parameters."""
    labels = plain_names(skeleton.keypoints)
    shares = {f"LABELS{i // MOST + 1 if i else ''}": labels[i:i + MOST] for i in range(0, len(labels), MOST)}
    point = {
        "USED": _words(len(labels)), "SCALE": _floats(-1.0), "RATE": _floats(fps), "DATA_START": _words(data_start),
        "FRAMES": _words(min(last - first + 1, LAST)), "UNITS": _text([units], flat=True),
        "X_SCREEN": _text(["+X"], flat=True), "Y_SCREEN": _text(["+Y"], flat=True),
        **{name: _text(share) for name, share in shares.items()},
        **{name.replace("LABELS", "DESCRIPTIONS"): _text([""] * len(share)) for name, share in shares.items()}}
    groups = {
        "POINT": point,
        "ANALOG": {"USED": _words(0), "GEN_SCALE": _floats(1.0), "RATE": _floats(0.0)},
        "FORCE_PLATFORM": {"USED": _words(0)},
        "TRIAL": {"ACTUAL_START_FIELD": _words(first & LAST, first >> 16),
                  "ACTUAL_END_FIELD": _words(last & LAST, last >> 16)}}
    section = b""
    for number, (group, parameters) in enumerate(groups.items(), start=1):
        section += _entry(group, -number, b"")
        section += b"".join(_entry(name, number, value) for name, value in parameters.items())
    return section


def _entry(name, number, value):
    """A group or parameter without a description: name, how far it is to the next entry, and the value."""
    return struct.pack("<bb", len(name), number) + name.encode() + struct.pack("<H", len(value) + 3) + value + b"\0"


def _words(*values):
    return _array(2, values, f"<{len(values)}H")


def _floats(*values):
    return _array(4, values, f"<{len(values)}f")


def _array(kind, values, form):
    dimensions = (len(values),) if len(values) > 1 else ()
    return struct.pack("bB", kind, len(dimensions)) + bytes(dimensions) + struct.pack(form, *values)


def _text(lines, flat=False):
    width = max(map(len, lines), default=0)
    dimensions = bytes([width]) if flat else bytes([width, len(lines)])
    return struct.pack("bB", -1, len(dimensions)) + dimensions + "".join(line.ljust(width) for line in lines).encode()
