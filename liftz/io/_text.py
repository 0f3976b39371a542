"""CSV read strictly: every line whole and as long as the header, every cell a number or empty."""

from __future__ import annotations

import csv
import io
import re

import numpy as np

from liftz._files import FileFormatError
from liftz.io._json import as_float32, read_bytes

__all__ = ["frame_number", "read_rows", "read_text", "to_numbers"]

NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[nN][aA][nN]|", re.ASCII)
PLAIN = frozenset("0123456789.-")


def read_text(path):
    """All of a text file. One that does not end with its last line may have been cut off, and is refused."""
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileFormatError(path, f"is no UTF-8: {error.reason} at byte {error.start}") from None
    if not text.endswith(("\n", "\r")):
        raise FileFormatError(path, "does not end with a line break, so that it may be cut off; add one if it is whole")
    if "\0" in text:
        raise FileFormatError(path, "has a zero byte, and is no text")
    return text


def read_rows(path, text=None, n_headers=1, first_line=1):
    """The header (a list of them if there are several), and an iterator of (line, cells) of the others."""
    rows = csv.reader(io.StringIO(read_text(path) if text is None else text, newline=""), strict=True)
    try:
        headers = [next(rows) for _ in range(n_headers)]
    except StopIteration:
        raise FileFormatError(path, f"has fewer lines than the {n_headers} of the header") from None
    except csv.Error as error:
        raise FileFormatError(path, f"is no CSV: {error}") from None
    return headers[0] if n_headers == 1 else headers, _body(rows, len(headers[0]), path, first_line - 1)


def _body(rows, n_columns, path, offset):
    try:
        for row in rows:
            if len(row) != n_columns:
                raise FileFormatError(path, f"line {rows.line_num + offset}: has {len(row)} columns, the header has "
                                            f"{n_columns}")
            yield rows.line_num + offset, row
    except csv.Error as error:
        raise FileFormatError(path, f"line {rows.line_num + offset}: is no CSV: {error}") from None


def to_numbers(cells, path, line):
    """Cells as a float32 array; empty and "nan" are NaN. Python would take 1_0 for 10, and other alphabets' digits."""
    if not PLAIN.issuperset("".join(cells)):
        for cell in cells:
            if not NUMBER.fullmatch(cell.strip()):
                raise FileFormatError(path, f"line {line}: expected a number or nothing, got {cell[:30]!r}")
    try:
        values = [float(cell) if cell and not cell.isspace() else np.nan for cell in cells]
    except ValueError as error:
        raise FileFormatError(path, f"line {line}: {error}") from None
    return as_float32(values, f"line {line}", path)


def frame_number(cell, path, line):
    """A cell that counts frames."""
    if not re.fullmatch(r"\d{1,15}(?:\.0*)?", cell, re.ASCII):
        raise FileFormatError(path, f"line {line}: expected the number of a frame, got {cell[:30]!r}")
    return int(cell.partition(".")[0])
