"""ISL-Kinect: Indian Sign Language with the depth that a Kinect measured."""

from __future__ import annotations

import hashlib
import http.client
import re
import shutil
import unicodedata
import urllib.request
import zipfile
import zlib
from itertools import chain
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from liftz._files import FileFormatError, atomic_folder, get_data_home
from liftz.sequences import to_object_array
from liftz.skeletons import KINECT_20

__all__ = ["fetch_isl_kinect", "load_isl_kinect"]

COMMIT = "6e71fc7304c39f128e16952db02cf4d932afe4c5"
URL = f"https://codeload.github.com/Boyinglby/ADM_SignLangRecog/zip/{COMMIT}"
AT_LEAST = 2070  # files of the source that liftz was measured on; an archive with fewer is not whole

# Read from the right: a sign may hold underscores, and some files of the source have two of them before the signer.
FILE = re.compile(r"(?P<sign>[^.].*?)_+(?P<signer>[^_]+)_+(?P<repetition>[0-9]+)\.txt")
NUMBERED = re.compile(r"S[0-9]+")
N_COLUMNS = 3 * len(KINECT_20)
FARTHEST = 100  # metres; a Kinect reaches about 8, so that more means other units


def load_isl_kinect(folder, *, signers=None, signs=None, repetitions=None):
    """Load the ISL-Kinect recordings: clips of single signs, 20 joints of the body, in mm.

    Signers are numbered in the alphabetical order of their names, over all files of the folder and
    whatever is selected; labels that are numbers already (``S01``) stay. Names are never shown.

    Parameters
    ----------
    folder : str or path-like
        The folder ``RawDataset`` of the source, or the one that holds it. Files are named
        ``<sign>_<signer>_<repetition>.txt`` and have a line of 60 numbers, in metres, per frame;
        files with other names are ignored.
    signers, signs : sequence of str, optional
        Load only these, such as ``["S01", "S02"]`` and ``["hello"]``.
    repetitions : sequence of int, optional
        Load only these. By measurement, repetitions 1-3 are seen from the front, 4-6 from about
        46 degrees and 7-9 from about 63 degrees.

    Returns
    -------
    Bunch
        With, per clip in the order of sign, signer and repetition: `X`, x to the sensor's left and
        y up in mm, ``(n_frames, 20, 2)``; `y`, depth away from the sensor in mm, ``(n_frames, 20)``;
        `groups`, the signers; `recordings`; `signs`; `repetitions`. And `skeleton`, `fps` (assumed:
        the source has no times), `units` and `y_up`.

    Raises
    ------
    FileFormatError
        Naming the file, with the signer's number for the name, the line and the joint.
    ValueError
        If a signer, sign or repetition is asked for that is not there.

    References
    ----------
    "Position and Rotation Invariant Sign Language Recognition from 3D Kinect Data with Recurrent
    Neural Networks", arXiv 2010.12669.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from liftz.datasets import load_isl_kinect
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pathlib.Path(folder, "hello_S01_1.txt").write_text("0.1 0.2 2.5 " * 20)
    ...     data = load_isl_kinect(folder)
    >>> data.X[0][0, 0], data.y[0][0, 0], data.units
    (array([100., 200.], dtype=float32), np.float32(2500.0), 'mm')
    """
    folder = Path(folder)
    if (folder / "RawDataset").is_dir():
        folder = folder / "RawDataset"
    files = _clip_files(folder)
    for what, asked, place in (("sign", signs, 0), ("signer", signers, 1), ("repetition", repetitions, 2)):
        if asked is not None:
            files = _select(files, what, {asked} if isinstance(asked, (str, int)) else set(asked), place)
    clips = [_read(path, name) for path, name in files.values()]
    return Bunch(
        X=to_object_array([clip[..., :2] for clip in clips]),
        y=to_object_array([clip[..., 2] for clip in clips]),
        groups=np.array([signer for _, signer, _ in files]),
        recordings=np.array(["_".join(map(str, key)) for key in files]),
        signs=np.array([sign for sign, _, _ in files]),
        repetitions=np.array([repetition for _, _, repetition in files]),
        skeleton=KINECT_20, fps=30.0, units="mm", y_up=True)


def fetch_isl_kinect(data_home=None, *, signers=None, signs=None, repetitions=None):
    """Load the ISL-Kinect recordings, downloading them (once) from their public repository.

    What is verified: GitHub's archive says that it is of the pinned commit, every checksum of the
    archive holds, and every file can be read. A digest of all files is then kept beside them and
    compared at every later call, which needs no network.

    Parameters
    ----------
    data_home : str or path-like, optional
        Where to keep the files. Default: the environment variable ``LIFTZ_DATA``, else ``~/liftz_data``.
    signers, signs, repetitions : optional
        As in `load_isl_kinect`.

    Returns
    -------
    Bunch
        As from `load_isl_kinect`.

    Raises
    ------
    ConnectionError
        If the download fails; it says how to go on without a network.
    FileFormatError
        If what came, or what was kept, is not what it should be. Of what came then, nothing is kept.
    """
    folder = get_data_home(data_home) / f"isl_kinect_{COMMIT[:8]}"
    digest = folder / "RawDataset.sha256"
    if not folder.is_dir():
        _download(folder)
    elif not digest.is_file() or digest.read_text("ascii").strip() != _digest(folder):
        raise FileFormatError(folder, "was changed since it was downloaded; delete it to download it again")
    return load_isl_kinect(folder, signers=signers, signs=signs, repetitions=repetitions)


def _clip_files(folder):
    """Paths and showable names of the clips, by (sign, signer, repetition), in that order."""
    if not folder.is_dir():
        raise FileFormatError(folder, "there is no such folder")
    found = [(path, match) for path in folder.iterdir() if (match := FILE.fullmatch(path.name)) and path.is_file()]
    if not found:
        raise FileFormatError(folder, "holds no file named <sign>_<signer>_<repetition>.txt")
    names = {match["signer"] for _, match in found}
    if all(map(NUMBERED.fullmatch, names)):
        labels = {name: name for name in names}
        hint = ""
    else:
        # Two spellings of a name are one signer: taken for two, one of them would leak into the test of the other.
        # So are two Unicode forms of it, of which macOS may make one out of the other.
        one_form = {name: unicodedata.normalize("NFC", name).casefold() for name in names}
        people = sorted(set(one_form.values()))
        labels = {name: f"S{people.index(one_form[name]) + 1:02d}" for name in names}
        hint = " (signers are numbered in the alphabetical order of their names)"
    files = {}
    for path, match in found:
        key = (match["sign"], labels[match["signer"]], int(match["repetition"]))
        name = f"{match.string[:match.start('signer')]}{key[1]}{match.string[match.end('signer'):]}"
        if key in files:
            raise FileFormatError(folder / name, f"is there in two spellings of its name{hint}")
        files[key] = path, f"{folder / name}{hint}"
    return dict(sorted(files.items()))


def _select(files, what, asked, place):
    if not asked:
        raise ValueError(f"no {what} is asked for: the selection is empty; leave it out to load all")
    there = sorted({key[place] for key in files})
    for one in asked - set(there):
        raise ValueError(f"there is no {what} {one!r} among those selected; there are {', '.join(map(str, there))}")
    return {key: file for key, file in files.items() if key[place] in asked}


def _read(path, name):
    """A clip, ``(n_frames, 20, 3)`` float32 in mm. Errors call the file by its showable name."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise FileFormatError(name, f"cannot be read: {error.strerror}") from None  # the cause shows the signer's name
    rows = [line.split() for line in text.rstrip().splitlines()]
    if not rows:
        raise FileFormatError(name, f"is empty; expected a line of {N_COLUMNS} numbers per frame")
    for number, row in enumerate(rows, start=1):
        if len(row) != N_COLUMNS:
            raise FileFormatError(name, f"line {number} has {len(row)} columns, expected {N_COLUMNS}: "
                                        f"x, y and z of {len(KINECT_20)} joints, separated by spaces")
    try:
        metres = np.fromiter(map(float, chain.from_iterable(rows)), float).reshape(-1, len(KINECT_20), 3)
    except ValueError:
        metres = None
    if metres is None or b"_" in text or not (np.abs(metres) <= FARTHEST).all():  # float() takes b"1_0" for 10
        number, column, problem = next(_bad_values(rows))
        raise FileFormatError(name, f"line {number}, joint {KINECT_20.keypoints[column // 3]}, "
                                    f"{'xyz'[column % 3]}: {problem}")
    return (1000 * metres).astype(np.float32)


def _bad_values(rows):
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            shown = value[:20].decode("ascii", "backslashreplace")
            try:
                metres = float("" if b"_" in value else value)
            except ValueError:
                yield number, column, f"expected a number, got {shown!r}"
            else:
                if not abs(metres) <= FARTHEST:
                    yield number, column, f"expected metres within {FARTHEST} of the sensor, got {shown}"


def _download(folder):
    folder.parent.mkdir(parents=True, exist_ok=True)
    with atomic_folder(folder) as temporary:
        archive = temporary / "archive.zip"
        try:
            with urllib.request.urlopen(URL, timeout=60) as response, open(archive, "wb") as file:
                shutil.copyfileobj(response, file)
        except (OSError, http.client.HTTPException) as error:
            raise ConnectionError(
                f"the ISL-Kinect recordings could not be downloaded from {URL} ({error}). Where there is no network, "
                f"download that archive elsewhere, unpack it here, and call load_isl_kinect(folder)") from error
        (temporary / "RawDataset").mkdir()
        _extract(archive, temporary / "RawDataset")
        archive.unlink()
        load_isl_kinect(temporary)  # every file can be read
        (temporary / "RawDataset.sha256").write_text(_digest(temporary), "ascii")


def _extract(archive, folder):
    """The recordings of the archive, by their last name alone: no member can leave the folder."""
    try:
        with zipfile.ZipFile(archive) as members:
            if members.comment.decode("ascii", "replace") != COMMIT:
                raise FileFormatError(URL, f"what came is no archive of commit {COMMIT}")
            for member in members.namelist():
                _, _, name = member.partition("/RawDataset/")
                if FILE.fullmatch(name) and not set(name) & set("/\\:"):
                    (folder / name).write_bytes(members.read(member))  # checks its CRC
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise FileFormatError(URL, f"what came is no whole zip archive ({error})") from None
    count = len(list(folder.iterdir()))
    if count < AT_LEAST:
        raise FileFormatError(URL, f"the archive holds {count} recordings, expected at least {AT_LEAST}")


def _digest(folder):
    total = hashlib.sha256()
    for path in sorted(path for path in (folder / "RawDataset").iterdir() if FILE.fullmatch(path.name)):
        total.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
