"""JSON read strictly: a key given twice, or a value of the wrong kind, is an error and never a guess."""

from __future__ import annotations

import json
import os
import re
from itertools import chain

import numpy as np

from liftz._files import FileFormatError

__all__ = ["as_float32", "numbers", "parse", "read_bytes", "rows"]

READ = os.O_RDONLY | getattr(os, "O_BINARY", 0)  # Windows would change line ends
# What C++ and old C libraries print for a number that is none; Python's json knows NaN only.
BARE_NAN = re.compile(r"(?<=[\[,:\s])-?nan(?:\(ind\))?(?=[\s,\]}])")


def read_bytes(path, frame=None):
    """All of a file, with fewer calls to the system than `open` makes; small files are mostly that."""
    try:
        file = os.open(path, READ)
        try:
            size = os.fstat(file).st_size
            content = os.read(file, size)
            while len(content) < size and (more := os.read(file, size - len(content))):
                content += more
        finally:
            os.close(file)
    except OSError as error:
        raise FileFormatError(path, f"cannot be read: {error.strerror}", frame) from error
    return content


def parse(content, path, frame=None, as_read=None):
    """JSON as Python's objects, no key twice; a bare ``nan`` is taken for NaN.

    What `as_read` makes of an object, given as a dict, takes its place before the next one is read: of a large file,
    all the objects at once would take many times its size in memory.
    """
    def checked(pairs):
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} is given twice")
        return as_read(found) if as_read else found

    try:
        text = content.decode("utf-8-sig")
        del content  # as large as the text
        try:
            return json.loads(text, object_pairs_hook=checked)
        except json.JSONDecodeError:
            return json.loads(BARE_NAN.sub("NaN", text), object_pairs_hook=checked)
    except RecursionError:
        problem = "is JSON nested too deeply"
    except UnicodeDecodeError as error:
        problem = f"is no UTF-8: {error.reason} at byte {error.start}"
    except ValueError as error:
        problem = f"is no whole JSON: {error}"
    raise FileFormatError(path, problem, frame)


def numbers(values, what, path, frame=None):
    """The list that `values` is, if it is one of numbers; ``true`` is none."""
    if type(values) is not list or not {int, float}.issuperset(map(type, values)):
        got = type(values).__name__
        if type(values) is list:
            got = repr(next(value for value in values if type(value) not in (int, float)))[:40]
        raise FileFormatError(path, f"{what}: expected a list of numbers, got {got}", frame)
    return values


def rows(values, n_rows, widths, what, path, frame=None):
    """`n_rows` equally long lists of numbers, of a length in `widths`, as a float32 array."""
    if type(values) is not list or len(values) != n_rows or not all(type(row) is list for row in values):
        got = f"{len(values)} of them" if type(values) is list else type(values).__name__
        raise FileFormatError(path, f"{what}: expected {n_rows} lists of numbers, got {got}", frame)
    lengths = set(map(len, values))
    if len(lengths) != 1 or not lengths.issubset(widths):
        raise FileFormatError(path, f"{what}: expected lists of {' or '.join(map(str, widths))} numbers each, got "
                                    f"lengths {sorted(lengths)}", frame)
    return as_float32(numbers(list(chain.from_iterable(values)), what, path, frame), what, path, frame).reshape(
        n_rows, -1)


def as_float32(values, what, path, frame=None):
    """Numbers as a float32 array; NaN may be among them, what is infinite or becomes so may not."""
    try:
        with np.errstate(over="ignore"):
            found = np.array(values, np.float64).astype(np.float32)
    except OverflowError:
        found = np.array([np.inf])
    if np.isinf(found).any():
        raise FileFormatError(path, f"{what}: has a number that is infinite, or beyond float32's range", frame)
    return found
