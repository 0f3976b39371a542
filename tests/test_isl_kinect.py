import hashlib
import io
import os
import pickle
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liftz.datasets import FileFormatError, fetch_isl_kinect, isl_kinect, load_isl_kinect
from liftz.sequences import check_sequences
from liftz.skeletons import KINECT_20

REAL = Path(os.environ.get("LIFTZ_ISL_KINECT", Path(__file__).parents[2] / "shared/data/isl-kinect"))
SEED = np.random.default_rng(0)


def lines(n_frames=3):
    """Text of a clip, and its metres ``(n_frames, 20, 3)``."""
    metres = SEED.normal(size=(n_frames, 20, 3)).round(6)
    return "\n".join(" ".join(map(str, row)) for row in metres.reshape(n_frames, 60)) + "\n", metres


@pytest.fixture
def folder(tmp_path):
    """Three signers by name, two signs, one of them with an underscore."""
    for name in ("bye_zoe_1", "bye_Adam_2", "bye_adam_10", "thank_you_mia_1", "bye__mia_1"):
        (tmp_path / f"{name}.txt").write_text(lines()[0])
    (tmp_path / "README.md").write_text("not a clip")
    (tmp_path / "._bye_zoe_1.txt").write_bytes(b"\0\5\26\7")
    return tmp_path


def test_values_are_mm_of_the_raw_axes(tmp_path):
    text, metres = lines(5)
    (tmp_path / "hello_S01_1.txt").write_text(text)
    data = load_isl_kinect(tmp_path)
    np.testing.assert_array_equal(data.X[0], np.float32(1000 * metres[..., :2]))
    np.testing.assert_array_equal(data.y[0], np.float32(1000 * metres[..., 2]))
    assert (data.skeleton, data.fps, data.units, data.y_up) == (KINECT_20, 30.0, "mm", True)
    check_sequences(data.X, data.y, skeleton=data.skeleton)


def test_signers_are_numbered_by_name_and_clips_are_in_order(folder):
    data = load_isl_kinect(folder)
    assert data.recordings.tolist() == ["bye_S01_2", "bye_S01_10", "bye_S02_1", "bye_S03_1", "thank_you_S02_1"]
    assert data.groups.tolist() == ["S01", "S01", "S02", "S03", "S02"]
    assert data.signs.tolist() == ["bye"] * 4 + ["thank_you"]
    assert data.repetitions.tolist() == [2, 10, 1, 1, 1]
    shown = repr({**data, "X": None, "y": None}).casefold()
    assert not any(name in shown for name in ("adam", "mia", "zoe"))


def test_numbers_stay_numbers(tmp_path):
    for name in ("bye_S07_1", "bye_S02_1"):
        (tmp_path / f"{name}.txt").write_text(lines()[0])
    assert load_isl_kinect(tmp_path).groups.tolist() == ["S02", "S07"]


def test_a_selection_numbers_signers_as_the_whole_does(folder):
    data = load_isl_kinect(folder, signers=["S02"], signs="bye")
    assert data.recordings.tolist() == ["bye_S02_1"]
    assert load_isl_kinect(folder, repetitions=[2, 10]).repetitions.tolist() == [2, 10]
    for selection in ({"signers": ["S09"]}, {"signs": ["hi"]}, {"repetitions": [3]}, {"signs": "thank_you",
                                                                                     "signers": "S01"}):
        with pytest.raises(ValueError, match="there is no "):
            load_isl_kinect(folder, **selection)


@pytest.mark.parametrize("selection", ["signers", "signs", "repetitions"])
def test_an_empty_selection_is_refused(folder, selection):
    with pytest.raises(ValueError, match="the selection is empty"):
        load_isl_kinect(folder, **{selection: []})


def test_two_forms_of_a_name_are_one_signer(tmp_path):
    for name in ("bye_J\u00fcrgen_1", "bye_Ju\u0308rgen_2", "bye_Zoe_1"):
        (tmp_path / f"{name}.txt").write_text(lines()[0])
    assert load_isl_kinect(tmp_path).groups.tolist() == ["S01", "S01", "S02"]


def test_the_folder_above_will_do(folder):
    above = folder.parent / "above"
    above.mkdir()
    folder.rename(above / "RawDataset")
    assert len(load_isl_kinect(above).X) == 5


@pytest.mark.parametrize(("text", "problem"), [
    ("", "is empty"),
    (" \n\n", "is empty"),
    ("1 " * 60 + "\n" + "1 " * 59, "line 2 has 59 columns, expected 60"),
    ("1 " * 60 + "\n\n" + "1 " * 60, "line 2 has 0 columns"),
    ("1 " * 61, "line 1 has 61 columns"),
    ("1 " * 60 + "\n" + "1 " * 19 + "one " + "1 " * 40, "line 2, joint WristLeft, y: expected a number, got 'one'"),
    ("1," * 59 + "1", "line 1 has 1 columns"),
    ("0,1 " * 60, "joint Head, x: expected a number, got '0,1'"),
    ("nan " + "1 " * 59, "line 1, joint Head, x: .* got nan"),
    ("1 " * 59 + "-inf", "line 1, joint FootRight, z: .* got -inf"),
    ("1_0 " * 60, "expected a number, got '1_0'"),
    ("1 " * 59 + "2500", "joint FootRight, z: expected metres"),
    ("\u0661 " * 60, "expected a number"),
])
def test_a_bad_file_is_refused_by_name(tmp_path, text, problem):
    (tmp_path / "a_S01_1.txt").write_text(lines()[0])
    (tmp_path / "born__S01_2.txt").write_text(text, encoding="utf-8")
    with pytest.raises(FileFormatError, match=problem) as caught:
        load_isl_kinect(tmp_path)
    assert caught.value.path == str(tmp_path / "born__S01_2.txt")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_errors_never_show_a_name(folder):
    (folder / "bye_mia_3.txt").write_text("1 2 3")
    with pytest.raises(FileFormatError, match="bye_S02_3.txt") as caught:
        load_isl_kinect(folder)
    (folder / "bye_mia_3.txt").unlink()
    (folder / "bye_Mia_1.txt").write_text(lines()[0])  # bye__mia_1 is the same clip
    with pytest.raises(FileFormatError, match="two spellings") as again:
        load_isl_kinect(folder)
    (folder / "bye_Mia_1.txt").unlink()
    for error in (caught.value, again.value):
        assert "alphabetical order" in str(error)
        assert "mia" not in repr(error).casefold() + str(error).casefold()


def test_an_unreadable_file_shows_no_name_either(folder, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(FileFormatError, match="cannot be read: Permission denied") as caught:
        load_isl_kinect(folder)
    assert "adam" not in str(caught.value).casefold()
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("make", [lambda p: p / "nowhere", lambda p: p])
def test_no_clips_no_data(tmp_path, make):
    with pytest.raises(FileFormatError):
        load_isl_kinect(make(tmp_path))


TEXT, METRES = lines(2)


@given(cut=st.integers(0, len(TEXT)))
def test_a_cut_off_file_is_refused(tmp_path_factory, cut):
    folder = tmp_path_factory.mktemp("cut")
    (folder / "a_S01_1.txt").write_text(TEXT[:cut])
    try:
        data = load_isl_kinect(folder)
    except FileFormatError:
        return
    # What cannot be told from a whole file: a cut after a line, or within the last number of one.
    assert len(TEXT[:cut].splitlines()[-1].split()) == 60
    whole = np.float32(1000 * METRES[: len(data.X[0])])
    np.testing.assert_array_equal(data.X[0], whole[..., :2])
    np.testing.assert_array_equal(data.y[0][:, :-1], whole[:, :-1, 2])


@given(at=st.integers(0, len(TEXT) - 1), byte=st.integers(0, 255))
def test_a_damaged_byte_is_refused_or_a_number(tmp_path_factory, at, byte):
    folder = tmp_path_factory.mktemp("byte")
    (folder / "a_S01_1.txt").write_bytes(TEXT[:at].encode() + bytes([byte]) + TEXT[at + 1:].encode())
    try:
        data = load_isl_kinect(folder)
    except FileFormatError:
        return
    check_sequences(data.X, data.y, skeleton=KINECT_20)
    clip = np.dstack([data.X[0], data.y[0]])
    assert (clip != np.float32(1000 * METRES)).sum() <= 1


# --- fetching -------------------------------------------------------------------------------------------------------

def archive(files, comment=isl_kinect.COMMIT):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as members:
        for name, text in files.items():
            members.writestr(name, text)
        members.comment = comment.encode()
    return buffer.getvalue()


TOP = f"ADM_SignLangRecog-{isl_kinect.COMMIT}"
CLIPS = {f"{TOP}/RawDataset/bye__zoe_1.txt": lines()[0], f"{TOP}/RawDataset/bye_adam_1.txt": lines()[0],
         f"{TOP}/README.md": "text", f"{TOP}/24featuresDataset/bye_zoe_1.txt": "1 2 3"}


@pytest.fixture
def online(monkeypatch, tmp_path):
    """A network of one archive, counting the calls, and a data home in `tmp_path`."""
    monkeypatch.setenv("LIFTZ_DATA", str(tmp_path / "home"))
    monkeypatch.setattr(isl_kinect, "AT_LEAST", 2)
    calls = []

    def answer(content):
        def urlopen(url, timeout):
            calls.append(url)
            if isinstance(content, Exception):
                raise content
            return io.BytesIO(content)

        monkeypatch.setattr(isl_kinect.urllib.request, "urlopen", urlopen)
        return calls

    return answer


def left_behind(tmp_path):
    return list((tmp_path / "home").iterdir())


def test_fetch_downloads_once(online, tmp_path):
    calls = online(archive(CLIPS))
    first, second = fetch_isl_kinect(), fetch_isl_kinect(signers="S01")
    assert calls == [isl_kinect.URL]
    assert first.recordings.tolist() == ["bye_S01_1", "bye_S02_1"]
    assert second.recordings.tolist() == ["bye_S01_1"]
    assert [p.name for p in left_behind(tmp_path)] == ["isl_kinect_6e71fc73"]


def test_fetch_notices_a_changed_copy(online, tmp_path):
    online(archive(CLIPS))
    fetch_isl_kinect()
    next((tmp_path / "home").rglob("RawDataset")).joinpath(".DS_Store").touch()
    fetch_isl_kinect()
    next((tmp_path / "home").rglob("bye_adam_1.txt")).write_text(lines()[0])
    with pytest.raises(FileFormatError, match="was changed since it was downloaded; delete it"):
        fetch_isl_kinect()


def test_without_a_network_fetch_says_what_to_do(online, tmp_path):
    online(isl_kinect.urllib.request.URLError("no route to host"))
    with pytest.raises(ConnectionError, match="no route to host.*load_isl_kinect"):
        fetch_isl_kinect()
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize(("content", "problem"), [
    (b"<html>please log in</html>", "no whole zip archive"),
    (archive(CLIPS)[:-300], "no whole zip archive"),
    (archive(CLIPS, comment="another"), "no archive of commit"),
    (archive(dict(list(CLIPS.items())[1:])), "holds 1 recordings, expected at least 2"),
    (archive(CLIPS | {f"{TOP}/RawDataset/bye_zoe_2.txt": "1 2 3"}), "line 1 has 3 columns"),
    (archive({f"{TOP}/RawDataset/{up}/bye_zoe_1.txt": TEXT for up in ("../..", "a/../..")}), "holds 0 recordings"),
])
def test_what_is_not_the_archive_leaves_nothing(online, tmp_path, content, problem):
    online(content)
    with pytest.raises(FileFormatError, match=problem):
        fetch_isl_kinect()
    assert left_behind(tmp_path) == []
    assert not list(tmp_path.rglob("bye_*"))


def test_a_damaged_archive_is_never_kept(online, tmp_path):
    whole = archive(CLIPS)
    kept = set()
    for i in range(0, len(whole), 97):
        online(whole[:i] + bytes([whole[i] ^ 0x55]) + whole[i + 1:])
        try:
            fetch_isl_kinect()
        except FileFormatError:
            assert left_behind(tmp_path) == []
        else:  # a flip in a date or an attribute
            folder, = left_behind(tmp_path)
            kept.add(hashlib.sha256((folder / "RawDataset.sha256").read_bytes()).hexdigest())
            isl_kinect.shutil.rmtree(folder)
    assert len(kept) <= 1


@pytest.mark.skipif(not REAL.is_dir(), reason="needs the recordings; set LIFTZ_ISL_KINECT to their folder")
def test_the_real_recordings():
    began = time.process_time()
    data = load_isl_kinect(REAL)
    assert time.process_time() - began < 20
    X, y = check_sequences(data.X, data.y, skeleton=KINECT_20)
    assert len(X) >= 2070
    assert len(set(data.signs)) == 30
    depth = np.concatenate(y)
    assert 1000 < depth.min() < depth.max() < 4000
    height = np.concatenate(X)[..., 1]
    assert (height[:, KINECT_20.index("Head")] > height[:, KINECT_20.index("SpineBase")]).mean() > 0.99
