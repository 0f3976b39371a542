"""Any recording in Panoptic Studio's own layout, for tools that read that, and for `load_panoptic`."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np

from liftz._files import atomic_folder, atomic_write
from liftz.datasets._panoptic_recording import BODY_FOLDERS, FACE_FOLDER, HAND_FOLDER, PATTERNS, SKELETONS
from liftz.datasets._panoptic_scene import NO_REPROJECTION, OURS
from liftz.datasets.panoptic import COLUMNS, FPS, MANIFEST, read_manifest
from liftz.sequences import check_sequences

__all__ = ["write_panoptic"]

KEYS = ("X", "y", "groups", "recordings", "skeleton", "units", "y_up")
UNSEEN = np.array([0, 0, 0, -1], np.float32)  # a joint
# One that every system can have: Windows keeps some for devices, and the manifest has its own.
FOLDER_NAME = re.compile(r"(?!(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)|manifest\.csv$)"
                         r"[\w+-](?:[\w .+-]{0,198}[\w+-])?", re.IGNORECASE)
LONGEST_GAP = 10_000  # frames
LAST_FRAME = 99_999_999  # a file's name has eight digits of it


def write_panoptic(data, root):
    """Write clips in Panoptic Studio's layout, so that `load_panoptic` gives the same float32 back.

    Each recording becomes a folder, with a file for bodies, faces and hands per frame; who signs is
    written to ``manifest.csv``. A recording's folder appears when all of it is written.

    Parameters
    ----------
    data : Bunch
        With `X`, `y` in cm, y down, of the skeleton ``PANOPTIC_138`` or ``PANOPTIC_131``; and
        `recordings`, `groups`, `skeleton`, `units` and `y_up`, as `load_panoptic` gives them. Where
        `X` has a confidence it is written as such, and `load_panoptic` leaves out what has little.
        `persons`, the ids, are optional: by default 0, 1, ... in each recording. So are
        `first_frames`: by default 0.
    root : str or path-like
        The folder to write recordings into; made where there is none. Other recordings in it stay.

    Returns
    -------
    Path
        `root`.

    Raises
    ------
    ValueError
        If the data cannot be written in this layout. Nothing is written then.
    FileExistsError
        If a recording's folder is there already and not empty. Nothing is written then.

    Examples
    --------
    See `load_panoptic`.
    """
    root = Path(root)
    if missing := [key for key in KEYS if key not in data]:
        raise ValueError(f"the data has no {missing[0]!r}; expected {', '.join(KEYS)}")
    skeleton = data["skeleton"]
    body = next((b for b, s in SKELETONS.items() if s.keypoints == skeleton.keypoints), None)
    if body is None:
        raise ValueError(f"only keypoints of PANOPTIC_138 or PANOPTIC_131 can be written in Panoptic's layout, "
                         f"got {skeleton.name}")
    if data["units"] != "cm" or data["y_up"]:
        raise ValueError(f"Panoptic's layout has cm and y down, got units {data['units']!r} and y_up={data['y_up']}; "
                         f"convert X and y first")
    X, y = check_sequences(data["X"], data["y"], skeleton=skeleton)
    clips = [_with_confidence(*pair) for pair in zip(X, y, strict=True)]
    recordings, signers = _named(data, clips)
    for name in recordings:
        if (root / name).exists() and any((root / name).iterdir()):
            raise FileExistsError(f"{root / name} is there already, and not empty; nothing was written")
    root.mkdir(parents=True, exist_ok=True)
    # First, since recordings without a manifest would be loaded with other groups.
    _write_manifest(root / MANIFEST, signers)
    for name, persons in recordings.items():
        with atomic_folder(root / name) as folder:
            _write_recording(folder, persons, body)
    return root


def _with_confidence(flat, depth):
    """A clip ``(n_frames, n_keypoints, 4)``: x, y, z and a confidence that is 0 where nothing is known."""
    clip = np.ones((*depth.shape, 4), np.float32)
    clip[..., :2], clip[..., 2] = flat[..., :2], depth
    if flat.shape[2] == 3:
        clip[..., 3] = np.nan_to_num(flat[..., 2], nan=1)  # depth may be known where x and y are not
    clip[np.isnan(clip[..., :3]).all(axis=2)] = 0
    return clip


def _named(data, clips):
    """(first frame, clip) by recording and id; and signers by both, in the order of the clips."""
    n = len(clips)
    lists = {"recordings": data["recordings"], "groups": data["groups"],
             "persons": data.get("persons", [None] * n), "first_frames": data.get("first_frames", [0] * n)}
    for key, values in lists.items():
        if len(values) != n:
            raise ValueError(f"X has {n} clips, {key} has {len(values)}")
    recordings: dict = {}
    signers = {}
    for name, signer, i, first, clip in zip(*map(list, lists.values()), clips, strict=True):
        if not FOLDER_NAME.fullmatch(str(name)):
            raise ValueError(f"recording {str(name)!r} cannot be the name of a folder")
        persons = recordings.setdefault(str(name), {})
        i = len(persons) if i is None else int(i)
        if i in persons or i < 0 or first < 0 or not str(signer):
            raise ValueError(f"recording {name}: expected ids of its own for each clip and frames, both from 0 on, and "
                             f"a signer; got id {i}, first frame {first}, signer {str(signer)!r}")
        if first + len(clip) - 1 > LAST_FRAME:
            raise ValueError(f"recording {name}: the clip of id {i} ends in frame {first + len(clip) - 1}; files are "
                             f"named by frames up to {LAST_FRAME}")
        if "\r" in str(signer):
            raise ValueError(f"recording {name}, id {i}: a signer's name cannot hold a carriage return, got "
                             f"{str(signer)!r}")
        persons[i] = int(first), clip
        signers[str(name), i] = str(signer)
    for name, persons in recordings.items():
        end = None
        for first, clip in sorted(persons.values(), key=lambda person: person[0]):
            if end is not None and first - end > LONGEST_GAP:
                raise ValueError(f"recording {name}: nobody is there from frame {end} to {first}, and each frame is a "
                                 f"file; gaps of more than {LONGEST_GAP} frames are not written")
            end = max(end or 0, first + len(clip))
    if len({name.casefold() for name in recordings}) < len(recordings):
        raise ValueError("two recordings differ in upper and lower case alone, and are one folder on some systems")
    return recordings, signers


def _write_manifest(path, signers):
    names = {name for name, _ in signers}
    kept = {key: signer for key, signer in read_manifest(path).items() if key[0] not in names} if path.exists() else {}
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows((*key, signer) for key, signer in (kept | signers).items())
    with atomic_write(path) as file:
        file.write(text.getvalue().encode())


def _write_recording(folder, persons, body):
    skeleton = SKELETONS[body]
    clips = {i: (first, {region: clip[:, skeleton.region_indices(region)] for region in skeleton.regions})
             for i, (first, clip) in persons.items()}
    frames = range(min(first for first, _ in clips.values()),
                   max(first + len(regions["body"]) for first, regions in clips.values()))
    for kind, name in (("bodies", BODY_FOLDERS[body]), ("faces", FACE_FOLDER), ("hands", HAND_FOLDER)):
        (folder / name).mkdir()
        for frame in frames:
            people = [_person(i, kind, {region: points[frame - first] for region, points in regions.items()})
                      for i, (first, regions) in clips.items() if 0 <= frame - first < len(regions["body"])]
            text = (f'{{"version":0.7,"univTime":{1000 * frame / FPS:.3f},"fpsType":"hd_29_97",{OURS},'
                    f'"{"bodies" if kind == "bodies" else "people"}":[{",".join(filter(None, people))}]}}\n')
            (folder / name / PATTERNS[kind].format(frame)).write_bytes(text.encode())


def _person(i, kind, regions):
    """A person's record, or nothing where nothing of the face or of the hands was seen."""
    if kind == "bodies":
        points = np.where(regions["body"][:, 3:] > 0, regions["body"], UNSEEN)
        return f'{{"id":{i},"joints{len(points)}":{_list(points)}}}'
    keys = {"face": "face70"} if kind == "faces" else {hand: hand for hand in ("left_hand", "right_hand")}
    parts = [f'"{key}":{{{_landmarks(regions[region])}}}' for region, key in keys.items()
             if regions[region][:, 3].any()]
    return f'{{"id":{i},{",".join(parts)}}}' if parts else ""


def _landmarks(points):
    seen = points[:, 3] > 0
    return (f'"landmarks":{_list(points[:, :3])},"averageScore":{_list(points[:, 3])},'
            f'"averageReproError":{_list(np.where(seen, 0, NO_REPROJECTION))},"validity":{_list(seen)},'
            f'"visibility":[{",".join(["[]"] * len(points))}]')


def _list(values):
    # Nine digits bring every float32 back exactly; NaN is what json.loads knows it by.
    return f"[{','.join(map('%.9g'.__mod__, values.ravel().tolist()))}]".replace("nan", "NaN")
