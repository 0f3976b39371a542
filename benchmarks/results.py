"""Sections of RESULTS.md, each owned by the benchmark that printed it.

A benchmark replaces its own section, between two comments, and leaves all others as they are. A new section comes
last. The first lines of each say by which command, on what machine and when its figures came about.
"""

from __future__ import annotations

import datetime
import os
import platform
import re
import sys
from pathlib import Path

import numpy as np
import torch

from liftz._files import atomic_write

__all__ = ["RESULTS", "machine", "write_section"]

RESULTS = Path(__file__).with_name("RESULTS.md")
HEAD = "# Results\n\nEvery figure here was printed by the command above it, and is written by that command.\n"
NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
MARKER = re.compile(r"^<!-- (begin|end) (\S+) -->$", re.MULTILINE)


def write_section(name, title, markdown, path=RESULTS):
    """Replace the section of a name in RESULTS.md, or add it at the end.

    Parameters
    ----------
    name : str
        Of the markers: small letters, digits and dashes. One writer each.
    title : str
        The section's heading.
    markdown : str
        What goes below it.
    path : path-like, optional
        Another file than RESULTS.md.

    Raises
    ------
    ValueError
        If the file's markers do not pair up, or `markdown` holds one. Nothing is written then.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"the name of a section has small letters, digits and dashes, got {name!r}")
    if MARKER.search(markdown):
        raise ValueError(f"section {name}: its text holds a marker, {MARKER.search(markdown)[0]!r}")
    path = Path(path)
    text = path.read_text(encoding="utf-8") if path.exists() else HEAD
    spans = _spans(text, path)
    section = f"<!-- begin {name} -->\n## {title}\n\n{markdown.strip()}\n<!-- end {name} -->"
    if name in spans:
        start, stop = spans[name]
        text = text[:start] + section + text[stop:]
    else:
        text = f"{text.rstrip()}\n\n{section}\n"
    with atomic_write(path) as file:
        file.write(text.encode())


def machine():
    """The command as it was given, the machine and the day, for the head of a section; no folders of one's own."""
    arguments = " ".join([f"benchmarks/{Path(sys.argv[0]).name}", *map(_shown, sys.argv[1:])])
    return (f"`python {arguments}`, {datetime.date.today()}, {platform.system()} {platform.machine()}, "
            f"{os.cpu_count()} cores, Python {platform.python_version()}, numpy {np.__version__}, "
            f"torch {torch.__version__}")


def _shown(argument):
    """An argument, with FOLDER or FILE for an absolute path, also behind ``kind:`` or ``--option=``."""
    prefix, path = re.fullmatch(r"((?:--[\w-]+=)?(?:[\w-]{2,}:)?)(.*)", argument, re.DOTALL).groups()
    if not Path(path).is_absolute():
        return argument
    return prefix + ("FILE" if Path(path).suffix else "FOLDER")


def _spans(text, path):
    """Start and end of each section by its name."""
    spans, opened = {}, None
    for marker in MARKER.finditer(text):
        kind, name = marker.groups()
        if (kind == "begin") != (opened is None) or (kind == "end" and name != opened[0]) or name in spans:
            raise ValueError(f"{path}: {marker[0]!r} has no counterpart; nothing was written")
        if kind == "begin":
            opened = name, marker.start()
        else:
            spans[name], opened = (opened[1], marker.end()), None
    if opened:
        raise ValueError(f"{path}: section {opened[0]} has no end; nothing was written")
    return spans
