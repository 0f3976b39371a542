"""Panoptic Studio: recordings of two signers in conversation, in three dimensions."""

from __future__ import annotations

import csv
import re
import warnings
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from liftz._files import FileFormatError, get_data_home
from liftz.datasets._panoptic_cache import read_cached
from liftz.datasets._panoptic_recording import BODY_FOLDERS, PATTERNS, SKELETONS, find_files, read_recording
from liftz.sequences import to_object_array

__all__ = ["FPS", "MANIFEST", "load_panoptic", "read_manifest"]

FPS = 30000 / 1001
MANIFEST = "manifest.csv"
COLUMNS = ("recording", "id", "signer")


def load_panoptic(root, *, recordings=None, manifest=None, body="auto", turn=0.0, min_confidence=0.1, min_frames=1,
                  cache=True, data_home=None):
    """Load Panoptic Studio recordings: a clip per recording and person, face, hands and body, in cm.

    A recording is a folder in `root` with ``hdPose3d_stage1_op25`` or ``hdPose3d_stage1_coco19``,
    and with ``hdFace3d`` and ``hdHand3d``. The three are joined on the frame number. A clip goes
    from the first to the last frame with a body of that id; what was not seen is NaN.

    Ids are taken as they come, and negative ones left out. Faces and hands have ids of their own
    that cannot be relied on: in every frame they go to the nearest head within 50 cm, and to the
    nearest wrist within 30 cm. By its id goes what has no head or wrist to measure from, and, with a
    warning, a hand that is near no wrist; a face that is near no head is left out. Two bodies that
    jump, each to where the other just was, have exchanged their ids: the clips go on with the
    persons, and a warning says so. An exchange while one of them is out of sight goes unnoticed.

    Not seen are: joints of too low a confidence; landmarks with a score of 0, with the reprojection
    error of 1e5 px of one never triangulated, or marked invalid; records with a mean score below
    0.001; coordinates that are all zero, ``nan`` or ``inf``.

    Parameters
    ----------
    root : str or path-like
        The folder that holds the recordings.
    recordings : sequence of str, optional
        Load only these.
    manifest : str or path-like, optional
        A CSV file with the header ``recording,id,signer`` that says who is who, since ids are no
        signers: they begin anew in every recording. Clips come in its order. Where `signer` is
        empty, the person is left out. Default: ``manifest.csv`` in `root`, where there is one.
        Without it, `groups` are the recordings, and a signer may be in several of them.
    body : {"auto", "joints26", "joints19"}, default="auto"
        Which joints the body has. ``"auto"``: 26 if every recording has them, else 19.
    turn : float or "front", default=0.0
        Degrees to turn everybody about the y axis: x' = x cos + z sin, z' = z cos - x sin. Or
        "front" to turn each clip so that its median shoulder line is along x and the signer faces
        -z, towards the camera.
    min_confidence : float, default=0.1
        Body joints must have more than that to count as seen.
    min_frames : int, default=1
        Leave out persons who were seen in fewer frames: passers-by, and ghosts of the reconstruction.
    cache : bool, default=True
        Keep what was read in the data home, and use that as long as the recording's files have the
        same names, sizes and times.
    data_home : str or path-like, optional
        Default: the environment variable ``LIFTZ_DATA``, else ``~/liftz_data``.

    Returns
    -------
    Bunch
        With, per clip: `X`, x and y (down) in cm, ``(n_frames, n_keypoints, 2)``; `y`, z in cm,
        ``(n_frames, n_keypoints)``; `groups`; `recordings`; `persons`, the ids; `first_frames`, the
        number of the clip's first frame. And `skeleton`, `fps`, `units` and `y_up`.

    Raises
    ------
    FileFormatError
        Naming the file and the frame.
    ValueError
        If a recording is asked for that is not there, or a clip to be turned shows no shoulders.

    References
    ----------
    The formats: https://github.com/CMU-Perceptual-Computing-Lab/panoptic-toolbox

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from sklearn.utils import Bunch
    >>> from liftz.datasets import load_panoptic, write_panoptic
    >>> from liftz.skeletons import PANOPTIC_138
    >>> rng = np.random.default_rng(0)
    >>> data = Bunch(X=[rng.normal(size=(4, 138, 2))], y=[rng.normal(size=(4, 138))], groups=["Ann"],
    ...              recordings=["talk"], skeleton=PANOPTIC_138, units="cm", y_up=False)
    >>> with tempfile.TemporaryDirectory() as root:
    ...     _ = write_panoptic(data, root)
    ...     data = load_panoptic(root, cache=False)
    >>> data.X[0].shape, data.groups, data.units
    ((4, 138, 2), array(['Ann'], dtype='<U3'), 'cm')
    """
    root = Path(root)
    if body not in ("auto", *BODY_FOLDERS):
        raise ValueError(f"body must be 'auto', 'joints26' or 'joints19', got {body!r}")
    folders = _recordings(root, recordings)
    if body == "auto":
        body = "joints26" if all(find_files(folder, "joints26").bodies for folder in folders) else "joints19"
    if manifest is None and (root / MANIFEST).is_file():
        manifest = root / MANIFEST
    home = get_data_home(data_home) / "panoptic" if cache else None

    persons: dict = {}
    for folder in folders:
        files = find_files(folder, body)
        if not files.bodies:
            wanted = "hdPose3d_stage1_op25" + " or hdPose3d_stage1_coco19" * (body == "joints19")
            raise FileFormatError(folder, f"has no files {PATTERNS['bodies'].format(0)} onwards in {wanted}")
        recording = (read_cached(folder, files, body, min_confidence, home) if home is not None
                     else read_recording(folder, files, body, min_confidence))
        for note in recording.notes:
            warnings.warn(note, stacklevel=2)
        persons |= {(folder.name, i): person for i, person in recording.persons.items()}

    long_enough = {key for key, (_, clip) in persons.items()
                   if (~np.isnan(clip)).any(axis=(1, 2)).sum() >= max(1, min_frames)}
    signers = {key: key[0] for key in persons} if manifest is None else _signers(manifest, persons, long_enough)
    keys = [key for key, signer in signers.items() if signer and key in long_enough]
    if not keys:
        raise FileFormatError(root, f"holds nobody who is to be loaded and was seen in at least {min_frames} frames")
    skeleton = SKELETONS[body]
    clips = [_turned(persons[key][1], turn, skeleton, f"recording {key[0]}, person {key[1]}") for key in keys]
    return Bunch(
        X=to_object_array([clip[..., :2].copy() for clip in clips]),
        y=to_object_array([clip[..., 2].copy() for clip in clips]),
        groups=np.array([signers[key] for key in keys]),
        recordings=np.array([recording for recording, _ in keys]),
        persons=np.array([i for _, i in keys]),
        first_frames=np.array([persons[key][0] for key in keys]),
        skeleton=skeleton, fps=FPS, units="cm", y_up=False)


def read_manifest(path):
    """Signers by (recording, id), in the order of the file; empty for persons to leave out."""
    path = Path(path)
    signers = {}
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            if missing := [column for column in COLUMNS if column not in (rows.fieldnames or ())]:
                raise FileFormatError(path, f"the header has no {missing[0]!r}; expected {','.join(COLUMNS)}")
            for row in rows:
                recording, i, signer = (row[column] for column in COLUMNS)
                if signer is None or not re.fullmatch("[0-9]+", i):
                    raise FileFormatError(path, f"line {rows.line_num}: expected a recording, a whole number as the id "
                                                f"and a signer, got {','.join(filter(None, (recording, i, signer)))}")
                if (recording, int(i)) in signers:
                    raise FileFormatError(path, f"line {rows.line_num}: recording {recording}, id {i} came before")
                signers[recording, int(i)] = signer
    except OSError as error:
        raise FileFormatError(path, f"cannot be read: {error.strerror}") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise FileFormatError(path, f"is no CSV file in UTF-8: {error}") from None
    return signers


def _signers(manifest, persons, needed):
    loaded = {recording for recording, _ in persons}
    signers = {key: signer for key, signer in read_manifest(manifest).items() if key[0] in loaded}
    for recording, i in sorted(set(signers) - set(persons)):
        raise FileFormatError(manifest, f"recording {recording} shows nobody with id {i}")
    for recording, i in sorted(needed - set(signers)):
        raise FileFormatError(manifest, f"does not say who recording {recording}, id {i} is; "
                                        f"add {recording},{i}, to leave them out")
    return signers


def _recordings(root, names):
    if not root.is_dir():
        raise FileFormatError(root, "there is no such folder")
    found = {path.name: path for path in sorted(root.iterdir())
             if not path.name.startswith(".") and any((path / body).is_dir() for body in BODY_FOLDERS.values())}
    if not found:
        raise FileFormatError(root, f"holds no recordings, that is folders with {' or '.join(BODY_FOLDERS.values())}")
    if names is None:
        return list(found.values())
    names = {names} if isinstance(names, str) else set(names)
    if not names:
        raise ValueError("recordings is empty: no recording is asked for; leave it out to load all")
    for name in sorted(names - found.keys()):
        raise ValueError(f"there is no recording {name!r} in {root}; there are {', '.join(found)}")
    return [path for name, path in found.items() if name in names]


def _turned(clip, turn, skeleton, where):
    """The clip turned about the y axis, in float64 on the way."""
    if isinstance(turn, str):
        if turn != "front":
            raise ValueError(f"turn must be a number of degrees or 'front', got {turn!r}")
        left, right = np.moveaxis(clip[:, skeleton.indices(["left_shoulder", "right_shoulder"])], 1, 0)
        shoulders = (left - right)[:, ::2].astype(float)
        shoulders = shoulders[~np.isnan(shoulders).any(axis=1)]
        if not len(shoulders):
            raise ValueError(f"{where} cannot be turned to the front: both shoulders are never seen together")
        angle = np.arctan2(*np.median(shoulders, axis=0)[::-1])
    elif not np.isfinite(turn):
        raise ValueError(f"turn must be a number of degrees or 'front', got {turn!r}")
    else:
        angle = np.deg2rad(turn)
    if angle == 0:
        return clip
    x, y, z = np.moveaxis(clip.astype(float), -1, 0)
    return np.stack([x * np.cos(angle) + z * np.sin(angle), y, z * np.cos(angle) - x * np.sin(angle)],
                    axis=-1).astype(np.float32)
