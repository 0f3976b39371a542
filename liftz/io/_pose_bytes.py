"""The bytes of a `.pose` file: all of them, or an error."""

from __future__ import annotations

import struct

import numpy as np

from liftz._files import FileFormatError

__all__ = ["MOST_FPS", "pose_format", "read_whole"]

MOST_FPS = 1000  # more are no film's, but a damaged number


def read_whole(path):
    """The header, frames per second, coordinates ``(n_frames, n_people, n_points, 2 or 3)`` and confidences."""
    package = pose_format()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileFormatError(path, f"cannot be read: {error.strerror}") from error
    reader = package.utils.reader.BufferReader(content)
    try:
        header = package.pose_header.PoseHeader.read(reader)
        _check_size(path, content, reader.read_offset, header)
        body = package.numpy.NumPyPoseBody.read(header, reader)
    except (struct.error, TypeError, UnicodeDecodeError, NotImplementedError, IndexError, OverflowError,
            MemoryError, ZeroDivisionError) as error:
        raise FileFormatError(path, f"is no .pose file, or damaged: {error}") from None
    fps = float(body.fps)
    if not 0 < fps <= MOST_FPS:
        raise FileFormatError(path, f"has {fps:g} frames per second, expected more than 0 and at most {MOST_FPS}")
    return header, fps, np.ma.getdata(body.data), np.asarray(body.confidence)


def pose_format():
    """The package, with the parts of it that are used."""
    try:
        import pose_format
        import pose_format.numpy
        import pose_format.pose_header
        import pose_format.utils.reader
    except ImportError as error:
        raise ImportError(f".pose files need the package pose-format: pip install \"liftz[pose]\" ({error})") from error
    return pose_format


def _check_size(path, content, offset, header):
    """Refuse a file with more or fewer bytes than its header says; pose-format reads as much as it finds."""
    version, n_points = round(header.version, 3), header.total_points()
    if not n_points:
        raise FileFormatError(path, "has no keypoints")
    formats = {component.format for component in header.components}
    if formats not in ({"XYC"}, {"XYZC"}):
        raise FileFormatError(path, f"has coordinates {', '.join(sorted(formats))}, expected XYC or XYZC throughout")
    size = 4 * n_points * len(formats.pop())  # of a person in a frame
    if version == 0:
        n_frames, = struct.unpack_from("<H", content, offset + 2)
        offset += 4
        for frame in range(n_frames):
            n_people, = struct.unpack_from("<H", content, offset)
            offset += 2 + n_people * (2 + size)
            if n_people > 1:  # pose-format would read the first alone
                raise FileFormatError(path, f"{n_people} people; of version 0.0, only files of one are read", frame)
        wanted, n_people = offset, 1
    elif version in (0.1, 0.2):
        _, n_frames, n_people = struct.unpack_from("<HHH" if version == 0.1 else "<fIH", content, offset)
        offset += 6 if version == 0.1 else 10
        wanted = offset + n_frames * n_people * size
        if version == 0.1 and n_people and len(content) > wanted:
            # Its 16 bits count frames modulo 65536.
            wanted += (len(content) - wanted) // (65536 * n_people * size) * 65536 * n_people * size
    else:
        raise FileFormatError(path, f"is of version {header.version:g}, or no .pose file; expected 0.0, 0.1 or 0.2")
    if n_people == 0 or wanted == offset and n_frames == 0:
        raise FileFormatError(path, f"has {n_frames} frames of {n_people} people, expected at least one of each")
    if len(content) != wanted:
        raise FileFormatError(path, f"has {len(content)} bytes, expected {wanted}: cut off, or no .pose file")
