"""Optuna studies that outlive their processes: where they are kept, and on which data they were begun."""

from __future__ import annotations

import hashlib
import json
import re
import time
import warnings
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from inspect import getclosurevars, getsource, isfunction
from pathlib import Path

import joblib
import numpy as np
import optuna
from optuna.distributions import distribution_to_json
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from .._files import FileFormatError

__all__ = ["fingerprint", "open_study", "quiet"]

ELSEWHERE = {"device", "n_jobs", "verbose"}  # parameters that say where or how loudly, not what
BUSY = 60  # seconds to wait for another process's write to an SQLite file
LOCK_GRACE = 10  # seconds after which a journal's lock is taken for that of a killed process


def open_study(storage, study_name, prints, pruner):
    """The study of a name, begun if need be; refused if it was begun on something else.

    Parameters
    ----------
    storage : str or None
        A database's URL, or the path of a journal file; None for memory.
    study_name : str or None
    prints : dict of str to str
        Of `fingerprint`: what the study is about.
    pruner : optuna.pruners.BasePruner

    Returns
    -------
    optuna.Study
        Of which greater values are better.
    """
    if storage is None:
        with quiet():
            return optuna.create_study(direction="maximize", pruner=pruner)
    if not isinstance(storage, str) or not isinstance(study_name, str):
        raise ValueError(f"a storage is a string and needs a study_name, by which the same call finds its study again; "
                         f"got storage={storage!r}, study_name={study_name!r}")
    whole = hashlib.sha256(repr(sorted(prints.items())).encode()).hexdigest()[:12]
    name = study_name.replace("{data}", whole)
    with quiet():
        study = optuna.create_study(study_name=name, storage=_open_storage(storage), direction="maximize",
                                    pruner=pruner, load_if_exists=True)
    trials = study.get_trials(deepcopy=False)  # read first: whoever tries has left fingerprints before
    begun = study.user_attrs.get("fingerprints")
    if begun is None and trials:
        raise ValueError(f"study {name!r} in {storage} was not begun by an OptunaSearch; take another study_name")
    if begun is None:
        study.set_user_attr("fingerprints", prints)
    elif begun != prints:
        other = ", ".join(key for key in sorted(begun | prints) if begun.get(key) != prints.get(key))
        raise ValueError(f"study {name!r} in {storage} was begun with other {other}: going on would choose by scores "
                         f"that do not compare, and in nested cross-validation by clips of the test signers. Take "
                         f"another study_name; with '{{data}}' in it, as in 'tune-{{data}}', each has its own study")
    return study


def fingerprint(X, y, params, splits, estimator, space, scoring):
    """A digest of each thing that scores depend on, to be compared when a study goes on."""
    if not callable(space):
        space = {name: distribution_to_json(space[name]) for name in sorted(space)}
    return {
        "X": _digest(X), "y": _digest(y), "fit parameters": _digest(sorted(params.items())), "splits": _digest(splits),
        "estimator": _described({name: value for name, value in estimator.get_params(deep=True).items()
                                 if name.rpartition("__")[2] not in ELSEWHERE} | {"": type(estimator)}),
        "space": _described(space), "scoring": _described(scoring),
    }


def _digest(value):
    """Of numbers by their bytes, so that a list of clips and an object array of them are the same."""
    digest = hashlib.sha256()

    def add(part):
        if isinstance(part, (list, tuple)) or (isinstance(part, np.ndarray) and part.dtype.hasobject):
            digest.update(f"[{len(part)}".encode())
            for item in part:
                add(item)
        elif isinstance(part, (np.ndarray, np.generic)):
            digest.update(f"{part.dtype.str}{part.shape}".encode() + np.ascontiguousarray(part).tobytes())
        else:
            digest.update(joblib.hash(part).encode())

    add(value)
    return digest.hexdigest()


def _described(value):
    """Of the text of parameters, and of functions, without the addresses that differ from process to process."""
    if is_dataclass(value) and not isinstance(value, type):  # a skeleton, whose text is but its name
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    elif isfunction(value):
        value = {"text": _text(value), "defaults": value.__defaults__, "more": value.__kwdefaults__,
                 "around": {name: one for name, one in getclosurevars(value).nonlocals.items() if one is not value}}
    if isinstance(value, dict):
        value = [(name, _described(value[name])) for name in sorted(value)]
    text = getattr(value, "__qualname__", None) or re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))
    return hashlib.sha256(text.encode()).hexdigest()


def _text(function):
    try:
        return getsource(function)
    except OSError:  # it was typed in
        return function.__code__.co_code + repr(function.__code__.co_consts).encode()


@contextmanager
def quiet():
    """Optuna without its lines for the user, who asked for a scikit-learn search."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(max(level, optuna.logging.WARNING))
    try:
        yield
    finally:
        optuna.logging.set_verbosity(level)


def _open_storage(storage):
    if "://" in storage:
        return _open_database(storage)
    if Path(storage).suffix in {".db", ".sqlite", ".sqlite3"}:
        raise ValueError(f"storage {storage!r} is a path, which means a journal file; for SQLite write "
                         f"'sqlite:///{storage}'")
    if not Path(storage).absolute().parent.is_dir():
        raise ValueError(f"storage {storage!r}: its folder does not exist")
    _check_journal(storage)
    return JournalStorage(JournalFileBackend(storage, lock_obj=_MendingLock(storage, LOCK_GRACE)))


def _open_database(url):
    # Processes that start together all try to make the tables; those that come second find them there.
    from sqlalchemy.engine import make_url  # which optuna's databases take

    options = {}
    if url.startswith("sqlite"):
        file = make_url(url).database or ""
        if not file.startswith("file:") and not Path(file).absolute().parent.is_dir():
            raise ValueError(f"storage {url!r}: its folder does not exist")
        options = {"connect_args": {"timeout": BUSY}, "pool_events": [(_write_ahead, "connect")]}
    for attempt in range(10):
        try:
            return RDBStorage(url, engine_kwargs=dict(options))
        except Exception as error:
            if attempt == 9 or not re.search("already exists|UNIQUE constraint|duplicate key|is locked", str(error)):
                raise
            time.sleep(0.1 * (attempt + 1))
    raise AssertionError


def _write_ahead(connection, record):
    """Have SQLite append what is written to a log, synced as ever: a fifth of a commit's time.

    It goes into the database itself every few commits, so that a file that was copied alone after a kill lacks
    a trial or two.
    """
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA wal_autocheckpoint = 16")  # pages


class _MendingLock(JournalFileOpenLock):
    """The lock of a journal; whoever gets it first cuts off what a killed process left half-written."""

    def __init__(self, path, grace_period):
        super().__init__(path, grace_period)
        self.path = path

    def acquire(self):
        super().acquire()
        with open(self.path, "r+b") as file:
            size = file.seek(0, 2)
            if size and not _ends_a_line(file):
                file.seek(0)
                whole = file.read().rfind(b"\n") + 1
                file.truncate(whole)
                warnings.warn(f"{self.path}: its last line was torn, as by a killed process; cut off its "
                              f"{size - whole} bytes", stacklevel=2)
        return True


def _ends_a_line(file):
    file.seek(-1, 2)
    return file.read(1) == b"\n"


def _check_journal(path):
    """Refuse a file that is no journal, or not all of it, before anything is written to it."""
    begin = b'{"op_code":'
    if not Path(path).exists():
        return
    with open(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            if number == 1 and not line.startswith(begin[:len(line)]):
                raise FileFormatError(path, "line 1 is none of an Optuna journal's, so it is no storage")
            try:
                if line.endswith(b"\n"):
                    json.loads(line)
            except ValueError:
                raise FileFormatError(path, f"line {number} is cut off: a process was killed while it wrote, and "
                                            f"another wrote on. Keep a copy, remove line {number}, and call again: "
                                            f"what it told is lost, all else is kept") from None
