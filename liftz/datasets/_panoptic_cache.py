"""Read recordings, kept: a recording has three small files per frame, and reading them takes a while."""

from __future__ import annotations

import hashlib
import io
import time
import warnings
from itertools import chain

import numpy as np

from liftz._files import atomic_write
from liftz.datasets._panoptic_recording import Recording, read_recording

__all__ = ["read_cached"]

VERSION = 1  # to be raised when the same files come to be read differently
SETTLED = 2.0  # seconds; a file changed less than that ago may change again without its time changing


def read_cached(folder, files, body, min_confidence, home):
    """What `read_recording` gives, from a file in the folder `home` if none of the recording's files changed.

    They count as unchanged if their names, sizes and times are. What is cut off or damaged in the
    cache is read again from the recording.
    """
    what = f"{folder.resolve()}|{body}|{min_confidence}"
    path = home / f"{hashlib.sha256(what.encode()).hexdigest()[:24]}.liftz"
    state = [(p, p.stat()) for p in chain(files.bodies.values(), files.faces.values(), files.hands.values())]
    signature = hashlib.sha256(repr([VERSION, what, files.n_joints, *(
        (str(p), s.st_size, s.st_mtime_ns, s.st_ctime_ns) for p, s in state)]).encode()).digest()
    recording = _load(path, signature)
    if recording is None:
        settled = time.time() - SETTLED > max((max(s.st_mtime, s.st_ctime) for _, s in state), default=0)
        recording = read_recording(folder, files, body, min_confidence)
        if settled:
            try:
                _save(path, signature, recording)
            except OSError as error:
                warnings.warn(f"{folder}: could not be kept in the cache, and is read again the next time: {error}",
                              stacklevel=3)
    return recording


def _load(path, signature):
    try:
        content = path.read_bytes()
    except OSError:
        return None  # the recording itself is still there to be read
    if content[:32] != signature or content[32:64] != hashlib.sha256(content[64:]).digest():
        return None
    with np.load(io.BytesIO(content[64:])) as arrays:
        clips = np.split(arrays["points"], np.cumsum(arrays["lengths"])[:-1])
        persons = {int(i): (int(first), clip)
                   for i, first, clip in zip(arrays["ids"], arrays["first_frames"], clips, strict=False)}
        return Recording(persons, arrays["notes"].tolist())


def _save(path, signature, recording):
    buffer = io.BytesIO()
    firsts, clips = zip(*recording.persons.values(), strict=True) if recording.persons else ((), ())
    np.savez(buffer, ids=np.array(list(recording.persons), int), first_frames=np.array(firsts, int),
             lengths=np.array([len(clip) for clip in clips], int), notes=np.array(recording.notes, str),
             points=np.concatenate(clips) if clips else np.empty((0, 0, 3), np.float32))
    payload = buffer.getvalue()
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as file:
        file.write(signature + hashlib.sha256(payload).digest() + payload)
