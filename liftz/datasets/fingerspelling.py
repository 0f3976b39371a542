"""Fingerspelling in 19 sign languages, from the Python package spoken-to-signed."""

from __future__ import annotations

import csv
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from liftz._files import FileFormatError
from liftz.adjustment import resample
from liftz.io.pose_file import read_pose
from liftz.preprocessing import RegionSelector, RootCenterer
from liftz.sequences import seen, to_object_array
from liftz.skeletons import MEDIAPIPE_HOLISTIC

__all__ = ["load_fingerspelling"]

FOLDER = "assets/fingerspelling_lexicon"
COLUMNS = ("path", "words")
PICTURE = 500  # px: the width of the pictures that the poses were brought to


def load_fingerspelling(folder=None, *, languages=None, select=("left_hand", "right_hand"), fps=25.0):
    """Load letters of 19 sign languages' alphabets: 600 clips of real hands, as MediaPipe Holistic estimated them.

    The package was made to string them to words. Its poses were anonymised: brought to one body and to pictures of
    500 px, so that nobody's own proportions are left, and who signed is not said; a language's letters come from
    few signers. Each clip shows the hand that spells; the other may be missing.

    **The depths are an estimator's, too.** To predict them from x and y is to agree with MediaPipe, which has never
    measured a depth; how far it is off nobody knows. Call what you measure here agreement, never error. Their unit is
    in doubt as well: MediaPipe's z counts in widths of its own picture, which is lost; here it is multiplied by 500.

    Parameters
    ----------
    folder : str or path-like, optional
        A folder with an ``index.csv`` and ``.pose`` files like the package's. Default: the package's own.
    languages : sequence of str, optional
        Load only these, such as ``["ase", "gsg"]``: codes of ISO 639-3.
    select : str or sequence of str, default=("left_hand", "right_hand")
        Regions and keypoints of `MEDIAPIPE_HOLISTIC` to load.
    fps : float, default=25.0
        What all clips are brought to. Most have 25, others 24, 29.97 and 30.

    Returns
    -------
    Bunch
        With, per clip: `X`, x and y (down) in px and a confidence, ``(n_frames, n_keypoints, 3)``; `y`, MediaPipe's
        z in px from each region's root, away from the camera, ``(n_frames, n_keypoints)``; `groups`, the languages:
        signers are not known; `recordings`; `letters`. And `skeleton`, `fps`, `units`, `y_up` and `image_size`.

    Raises
    ------
    ImportError
        Without the packages: ``pip install "liftz[fingerspelling]"``.
    FileFormatError
        Naming the file.
    ValueError
        If a language is asked for that is not there.

    References
    ----------
    Moryossef et al., An Open-Source Gloss-Based Baseline for Spoken to Signed Language Translation, 2023,
    https://arxiv.org/abs/2305.17714. Package and poses: https://github.com/ZurichNLP/spoken-to-signed-translation
    """
    folder = _installed() if folder is None else Path(folder)
    rows = _read_index(folder / "index.csv")
    there = sorted({row["language"] for row in rows})
    wanted = there if languages is None else [languages] if isinstance(languages, str) else list(languages)
    if unknown := [language for language in wanted if language not in there]:
        raise ValueError(f"there is no language {unknown[0]!r} in {folder}; there are {', '.join(there)}")
    if not wanted:
        raise ValueError("languages is empty: no language is asked for; leave it out to load all")
    selector = RegionSelector(MEDIAPIPE_HOLISTIC, select)
    skeleton = MEDIAPIPE_HOLISTIC.subset(select)
    X, y, kept = [], [], []
    for row in rows:
        if row["language"] not in wanted:
            continue
        file = folder / row["path"]
        data = read_pose(file, z_width=PICTURE)
        if len(data.X) != 1 or "y" not in data:
            raise FileFormatError(file, f"expected one person with z, got {len(data.X)}{' with z' * ('y' in data)}")
        clip, depth = (resample(selector.fit_transform(clips), data.fps, fps)[0] for clips in (data.X, data.y))
        if not seen(clip).any() or not seen(depth).any():
            continue  # none of the keypoints that are asked for
        X.append(clip)
        y.append(RootCenterer(skeleton).fit_transform([depth])[0])
        kept.append(row)
    if not kept:
        raise FileFormatError(folder, f"shows none of {', '.join(skeleton.keypoints[:3])} ... in any clip")
    return Bunch(X=to_object_array(X), y=to_object_array(y), skeleton=skeleton, fps=float(fps), units="px", y_up=False,
                 image_size=(PICTURE, PICTURE), groups=np.array([row["language"] for row in kept]),
                 recordings=np.array([row["path"] for row in kept]), letters=np.array([row["words"] for row in kept]))


def _installed():
    """The folder of the package, without running it."""
    package = find_spec("spoken_to_signed")
    if package is None or package.origin is None:
        raise ImportError("the recordings come with the package spoken-to-signed, of some 100 MB: "
                          "pip install \"liftz[fingerspelling]\"")
    return Path(package.origin).parent / FOLDER


def _read_index(path):
    try:
        with open(path, encoding="utf-8", newline="") as file:
            table = csv.DictReader(file, strict=True)
            if missing := [column for column in COLUMNS if column not in (table.fieldnames or ())]:
                raise FileFormatError(path, f"the header has no {missing[0]!r}; expected {', '.join(COLUMNS)}")
            rows = list(table)
    except OSError as error:
        raise FileFormatError(path, f"cannot be read: {error.strerror}") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise FileFormatError(path, f"is no CSV file in UTF-8: {error}") from None
    for i, row in enumerate(rows):
        if any(not row[column] for column in COLUMNS) or not re.fullmatch(r"[a-z]+/[^/.]+\.pose", row["path"]):
            raise FileFormatError(path, f"row {i + 1}: expected a file in a language's folder and a letter, got "
                                        f"{', '.join(str(row[column]) for column in COLUMNS)}")
    # A file may be in the index twice, as a letter of two languages; its folder says whose it is.
    return [{**row, "language": Path(row["path"]).parts[0]} for row in {row["path"]: row for row in rows}.values()]
