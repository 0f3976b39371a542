"""Folders with a file for each frame: which recording, and which frame of it, a file is."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

from liftz._files import FileFormatError

__all__ = ["LARGEST_GAP", "find_frames"]

ENDING = "_keypoints.json"
LARGEST_GAP = 10_000  # frames; more is a wrong name, and would be as many empty frames


def find_frames(path):
    """Paths by frame number, by recording: of a file, of a folder of them, or of the folders in it.

    A recording is named by what its files' names begin with, or by its folder.
    """
    path = Path(path)
    if path.is_file():
        found = _group([path.name], path.parent) or {path.stem: {0: str(path)}}
    elif not path.is_dir():
        raise FileFormatError(path, "there is no such file or folder")
    else:
        found = _group(os.listdir(path), path)
        if not found:
            for folder in sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith(".")):
                for name, files in _group(os.listdir(folder), folder).items():
                    found[folder.name if name == folder.name else f"{folder.name}/{name}"] = files
    if not found:
        raise FileFormatError(path, "holds no files named like video_000000000000_keypoints.json, and no folder in it "
                                    "does")
    for files in found.values():
        for before, after in pairwise(files):
            if after - before > LARGEST_GAP:
                raise FileFormatError(files[after], f"comes {after - before} frames after the file before it", after)
    return found


def _group(names, folder):
    names = sorted(name for name in names if name[-5:] == ".json" and name[0] != ".")
    length = len(ENDING)
    if keypoints := [name for name in names if name[-length:] == ENDING]:
        names = keypoints  # what lies beside such files is none
    else:
        length = len(".json")
    home = f"{folder}{os.sep}"
    recordings: dict[str, dict[int, str]] = {}
    for name in names:
        stem = name[:-length]
        recording = stem.rstrip("0123456789")
        number = stem[len(recording):]
        if len(number) > 18 or not (number or keypoints):  # a picture's name may have no number
            continue
        files = recordings.setdefault(recording.rstrip("_-") or folder.name or "recording", {})
        frame = int(number or 0)
        if frame in files:
            raise FileFormatError(home + name, f"has the same frame number as {os.path.basename(files[frame])}", frame)
        files[frame] = home + name
    # Numbers of one length, as OpenPose's are, are in their order already.
    return {name: files if list(files) == sorted(files) else dict(sorted(files.items()))
            for name, files in recordings.items()}
