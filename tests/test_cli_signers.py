"""Tables of who signs: every clip has one signer without doubt, or the table is refused."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.utils import Bunch

from liftz.cli.inputs import clip_names
from liftz.cli.signers import clip_labels, read_signers
from liftz.io import FileFormatError


def opened(*clips, base=Path()):
    """Data of (file, recording, person) for each clip."""
    files, recordings, persons = zip(*clips, strict=True)
    parts = {file: Bunch(recordings=np.array([r for f, r in zip(files, recordings, strict=True) if f == file]),
                         persons=np.array([p for f, p in zip(files, persons, strict=True) if f == file]))
             for file in dict.fromkeys(files)}
    names = [name for part in parts.values() for name in clip_names(part)]
    return Bunch(X=np.empty(len(clips), object), recordings=np.array(recordings), persons=np.array(persons),
                 names=np.array(names), paths=[base / file for file in files])


FLAT = opened(("rec/a.npz", "a", "0"), ("rec/b.v2.npz", "b.v2", "0"))
TWINS = opened(("ann/take.npz", "take", "0"), ("ben/take.npz", "take", "0"))
CROWD = opened(("rec/talk", "talk", "0"), ("rec/talk", "talk", "1"), ("rec/solo.npz", "solo", "0"))


def read(tmp_path, data, *rows):
    table = tmp_path / "signers.csv"
    table.write_text("\n".join(["recording,signer", *rows]) + "\n", encoding="utf-8")
    return read_signers(table, data).tolist()


@pytest.mark.parametrize(("data", "rows", "signers"), [
    (FLAT, ["a,Ann", "b.v2,Ben"], ["Ann", "Ben"]),
    (FLAT, ["b.v2.npz,Ben", "a.npz,Ann"], ["Ann", "Ben"]),
    (FLAT, ["rec/a.npz, Ann ", "./rec/b.v2,Ben"], ["Ann", "Ben"]),
    (FLAT, ["rec\\a.npz,Ann", "b.v2,Ben", "a,Ann"], ["Ann", "Ben"]),
    (TWINS, ["ann/take,Ann", "ben/take.npz,Ben"], ["Ann", "Ben"]),
    (CROWD, ["talk_0,Ann", "talk_1,Ben", "solo,Ann"], ["Ann", "Ben", "Ann"]),
    (CROWD, ["rec/talk_0,Ann", "rec/talk_1,Ben", "rec/solo.npz,Ann"], ["Ann", "Ben", "Ann"]),
])
def test_recordings_are_known_with_and_without_endings_and_folders(data, rows, signers, tmp_path):
    assert read(tmp_path, data, *rows) == signers


def test_absolute_paths_are_known_too(tmp_path):
    data = opened(("a.npz", "a", "0"), base=tmp_path)
    assert read(tmp_path, data, f"{(tmp_path / 'a.npz').as_posix()},Ann") == ["Ann"]


@pytest.mark.parametrize(("data", "rows", "problem"), [
    (FLAT, ["a,Ann"], "does not say who signs in b.v2; it has the recordings a"),
    (FLAT, ["a,Ann", "b.v2,"], "does not say who signs in b.v2"),
    (FLAT, ["a,Ann", "b.v2,Ben", "a.npz,Cem"], "says twice, and differently, who signs in a.npz: Ann and Cem"),
    (TWINS, ["take,Ann"], "take may be ann/take or ben/take: say which"),
    (TWINS, ["ann/take,Ann"], "does not say who signs in ben/take"),
    (CROWD, ["talk,Ann", "solo,Ben"], "talk shows several persons: say who is who, as talk_0, talk_1"),
])
def test_a_doubt_is_refused(data, rows, problem, tmp_path):
    with pytest.raises(FileFormatError) as caught:
        read(tmp_path, data, *rows)
    assert problem in str(caught.value)
    assert "signers.csv" in str(caught.value)


@pytest.mark.parametrize("text", ["", "recording;signer\na;Ann\n", "clip,person\na,Ann\n"])
def test_what_is_no_such_table_is_refused(text, tmp_path):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(FileFormatError, match="columns recording and signer, separated by commas"):
        read_signers(tmp_path / "t.csv", FLAT)


def test_labels_tell_clips_apart():
    assert clip_labels(FLAT) == ["a", "b.v2"]
    assert clip_labels(TWINS) == ["ann/take", "ben/take"]
    assert clip_labels(CROWD) == ["talk_0", "talk_1", "solo"]
    assert clip_labels(Bunch(X=[0, 0], recordings=["x", "x"], persons=[0, 1], names=["x_0", "x_1"])) == ["x_0", "x_1"]


def test_rows_of_no_recording_are_told(tmp_path):
    with pytest.warns(UserWarning, match="signers.csv: there is no recording of the name c.npz"):
        assert read(tmp_path, FLAT, "a,Ann", "c.npz,Cem", "b.v2,Ben") == ["Ann", "Ben"]
