"""Who signs: a table of recordings and signers, for files that do not tell."""

from __future__ import annotations

import csv
import warnings
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from .._files import FileFormatError
from .._words import some
from .inputs import ENDINGS

__all__ = ["clip_labels", "read_signers"]

COLUMNS = {"recording", "signer"}


def clip_labels(data):
    """What tells each clip from all others: its recording, with the person where it shows several, and with the folder
    where another file has a recording of this name.
    """
    own = _own_labels(data)
    places = defaultdict(set)
    for place, name in own:
        places[name].add(place)
    return [name if len(places[name]) == 1 else f"{place.name}/{name}" for place, name in own]


def read_signers(path, data):
    """The signer of each clip, by a CSV file with the columns recording and signer.

    A recording may be written with its file's ending, and with the folders it lies in.

    Raises
    ------
    FileFormatError
        If the file is no such table, or does not say of each clip, without doubt, who signs.
    """
    own = _own_labels(data)
    meant: dict[str, set] = defaultdict(set)  # by all that a table may call it: what it may be
    for (place, name), recording in zip(own, map(str, data.recordings), strict=True):
        for called in {name, recording}:
            parts = f"{place.resolve().as_posix()}/{called}".split("/") if place.parts else [called]
            for i in range(len(parts)):
                meant["/".join(parts[i:])].add((place, name))
    signers: dict[tuple, str] = {}
    rows, unknown = _rows(path), []
    for row in rows:
        called = (row["recording"] or "").strip().replace("\\", "/").removeprefix("./")
        signer = (row["signer"] or "").strip()
        stem = called.rpartition(".")[0] if called.lower().endswith((*ENDINGS, ".json")) else called
        found = meant.get(called) or meant.get(stem.rstrip("/")) or set()
        if len(found) > 1:
            raise FileFormatError(path, _doubt(called, found))
        if not found:
            unknown.append(called)
        for label in found:
            if signers.setdefault(label, signer) != signer:
                raise FileFormatError(path, f"says twice, and differently, who signs in {called}: {signers[label]} and "
                                            f"{signer}")
    missing = [label for label, key in zip(clip_labels(data), own, strict=True) if not signers.get(key)]
    if missing:
        raise FileFormatError(path, f"does not say who signs in {some(dict.fromkeys(missing), 3)}; it has the "
                                    f"recordings {some([row['recording'] for row in rows], 3)}")
    if unknown:
        warnings.warn(f"{path}: there is no recording of the name {some(unknown, 3)}", stacklevel=2)
    return np.array([signers[key] for key in own])


def _own_labels(data):
    """The folder of each clip's file, and the clip's name in it."""
    paths = data.get("paths") or [Path()] * len(data.X)
    recordings = list(map(str, data.recordings))
    persons = data.get("persons", np.zeros(len(recordings)))
    shown = Counter((path, recording) for path, recording, _ in dict.fromkeys(zip(paths, recordings, persons,
                                                                                 strict=True)))
    return [(path.parent if path.parts else path, recording if shown[path, recording] == 1 else str(name))
            for path, recording, name in zip(paths, recordings, data.names, strict=True)]


def _rows(path):
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileFormatError(path, f"is no CSV: {error}") from None
    if not rows or not rows[0].keys() >= COLUMNS:
        raise FileFormatError(path, "expected a table with the columns recording and signer, separated by commas")
    return rows


def _doubt(called, found):
    places = {place for place, _ in found}
    if len(places) > 1:
        names = sorted(f"{place.name}/{name}" for place, name in found)
        return f"{called} may be {' or '.join(names[:3])}: say which"
    return f"{called} shows several persons: say who is who, as {some(sorted(name for _, name in found), 4)}"
