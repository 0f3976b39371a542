"""What all readers and writers share: one error, one data home, and nothing half-written."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from contextlib import contextmanager
from pathlib import Path

__all__ = ["FileFormatError", "atomic_folder", "atomic_write", "get_data_home", "is_no_file"]


LONGEST = 500  # characters of an error's problem


class FileFormatError(ValueError):
    """A file, or a folder of them, is not what it should be.

    Parameters
    ----------
    path : str or path-like
        The file or folder.
    problem : str
        What was expected there and what came.
    frame : int, optional
        The frame, where the file holds one.

    Examples
    --------
    >>> from liftz.datasets import FileFormatError
    >>> print(FileFormatError("body3DScene_00000120.json", "is cut off", frame=120))
    body3DScene_00000120.json, frame 120: is cut off
    """

    def __init__(self, path, problem, frame=None):
        problem = _in_words(problem)
        super().__init__(path, problem, frame)
        self.path, self.problem, self.frame = os.fspath(path), problem, frame

    def __str__(self):
        where = self.path if self.frame is None else f"{self.path}, frame {self.frame}"
        return f"{where}: {self.problem}"


def _in_words(problem):
    """On one line, and not too long to read: a damaged file may have anything for a name."""
    plain = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in problem)
    return plain if len(plain) <= LONGEST else f"{plain[:LONGEST // 2]} ... {plain[-LONGEST // 2:]}"


def get_data_home(data_home=None):
    """The folder that downloads and caches live in, whether it is there yet or not.

    Parameters
    ----------
    data_home : str or path-like, optional
        Default: the environment variable ``LIFTZ_DATA``, else ``~/liftz_data``.

    Returns
    -------
    Path
    """
    return Path(data_home or os.environ.get("LIFTZ_DATA") or "~/liftz_data").expanduser()


@contextmanager
def atomic_write(path):
    """A binary file to write to, which becomes `path`, or what that links to, only if the block succeeds."""
    path = Path(path).resolve()
    if is_no_file(path):
        raise OSError(errno.EINVAL, "is a device or a pipe, and files are written whole", os.fspath(path))
    temporary = _sibling(path)
    try:
        with _naming(path, temporary), open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        with _naming(path, temporary):
            os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def is_no_file(path):
    """Whether there is something that writing would destroy, such as a device: neither file nor folder."""
    return path.exists() and not (path.is_file() or path.is_dir())


@contextmanager
def atomic_folder(path):
    """A folder to fill, which becomes `path` only if the block succeeds; `path` may be there if it is empty."""
    path, temporary = Path(path), _sibling(path)
    with _naming(path, temporary):
        temporary.mkdir()
    try:
        yield temporary
        if path.exists():
            path.rmdir()  # refuses if there is anything in it
        os.replace(temporary, path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


@contextmanager
def _naming(path, temporary):
    """Errors about the temporary file name the one that was asked for."""
    try:
        yield
    except OSError as error:
        if error.filename is None or os.fspath(error.filename) != os.fspath(temporary):
            raise
        raise type(error)(error.errno, error.strerror, os.fspath(path)) from None


def _sibling(path):
    # Not tempfile's, whose files and folders nobody but their owner could ever read.
    return Path(path).with_name(f".{Path(path).name}.{uuid.uuid4().hex}")
