import pickle

import numpy as np
import pytest
from io_cases import DLC_COLUMNS, dlc_csv, dlc_values, write_dlc_h5

from liftz.io import FileFormatError, read_deeplabcut
from liftz.sequences import check_sequences

LEVELS = ("scorer", "individuals", "bodyparts", "coords")
ANIMALS = [("net", who, part, coord) for who, parts in (("m1", ("nose", "tail")), ("m2", ("nose", "tail")),
                                                        ("single", ("box",)))
           for part in parts for coord in ("x", "y", "likelihood")]


def written(tmp_path, kind, values, columns=DLC_COLUMNS, levels=("scorer", "bodyparts", "coords"), **options):
    path = tmp_path / f"walk.{kind}"
    if kind == "h5":
        pytest.importorskip("h5py", reason="h5py is not installed")
        return write_dlc_h5(path, columns, values, **options)
    path.write_text(dlc_csv(values, columns, levels))
    return path


@pytest.mark.parametrize("kind", ["csv", "h5"])
def test_one_animal(kind, tmp_path):
    values = dlc_values()
    data = read_deeplabcut(written(tmp_path, kind, values), fps=50, root="tail")
    wanted = np.float32(values.reshape(5, 2, 3))
    wanted[1, 0, 2] = 0
    np.testing.assert_array_equal(data.X[0], wanted)
    assert (data.skeleton.keypoints, data.skeleton.root, data.fps) == (("nose", "tail"), "tail", 50)
    check_sequences(data.X, skeleton=data.skeleton)


@pytest.mark.parametrize("kind", ["csv", "h5"])
def test_several_animals_without_what_is_nobodys(kind, tmp_path):
    values = dlc_values(6, 15)
    path = written(tmp_path, kind, values, ANIMALS, LEVELS)
    data = read_deeplabcut(path)
    assert data.persons.tolist() == ["m1", "m2"]
    np.testing.assert_array_equal(data.X[1], np.float32(values[:, 6:12].reshape(6, 2, 3)))
    assert read_deeplabcut(path, individuals="single").skeleton.keypoints == ("box",)
    with pytest.raises(FileFormatError, match="'single' has other bodyparts or coords than 'm1'"):
        read_deeplabcut(path, individuals=["m1", "single"])
    with pytest.raises(ValueError, match="has no individuals \\['m3'\\]; it has m1, m2, single"):
        read_deeplabcut(path, individuals=["m3"])


def test_a_low_likelihood_is_missing_only_if_asked(tmp_path):
    values = dlc_values()
    values[3, 2] = 0.01
    path = written(tmp_path, "csv", values)
    assert read_deeplabcut(path).X[0][3, 0, 0] == np.float32(values[3, 0])
    hidden = read_deeplabcut(path, min_confidence=0.05).X[0][3, 0]
    assert np.isnan(hidden[:2]).all()
    assert hidden[2] == np.float32(0.01)


def test_triangulated_tables_have_depth(tmp_path):
    columns = [("net", part, coord) for part in ("nose", "tail") for coord in "xyz"]
    values = np.random.default_rng(0).normal(size=(4, 6))
    data = read_deeplabcut(written(tmp_path, "csv", values, columns))
    np.testing.assert_array_equal(data.X[0], np.float32(values.reshape(4, 2, 3)[..., :2]))
    np.testing.assert_array_equal(data.y[0], np.float32(values.reshape(4, 2, 3)[..., 2]))
    assert data.units is None


def test_frames_that_are_missing_and_ends_where_nothing_was_seen(tmp_path):
    values = dlc_values(6)
    values[[0, 5]] = np.nan
    data = read_deeplabcut(written(tmp_path, "h5", values, frames=[10, 11, 12, 14, 15, 16]))
    assert data.first_frames.tolist() == [11]
    assert len(data.X[0]) == 5
    assert np.isnan(data.X[0][2, :, :2]).all()


@pytest.mark.parametrize(("old", "new", "problem"), [
    ("scorer,net", "scorer,other", "columns of several scorers"),
    ("bodyparts,nose", "bodyparts,tail", "has two columns x of 'tail'"),
    ("coords,x", "coords,u", "has the coords u, y, likelihood"),
    ("coords", "coord", "is no table of DeepLabCut"),
    ("2,", "two,", "line 6: expected the number of a frame, got 'two'"),
    ("2,", "2,7,", "line 6: has 8 columns, the header has 7"),
    ("2,", "2,1_0", "line 6: expected a number or nothing, got '1_0"),
    ("2,", "2,\u0661", "line 6: expected a number or nothing"),
    ("\n2,", "\n1,", "frame 1 comes after frame 1; expected each once"),
    ("\n2,", "\n\"2,", "is no CSV"),
    ("\n2,", "\n\0002,", "zero byte")])
def test_wrong_tables(old, new, problem, tmp_path):
    text = dlc_csv(dlc_values())
    path = tmp_path / "walk.csv"
    path.write_text(text.replace(old, new, 1) if old != "2," else text.replace("\n2,", "\n" + new, 1), encoding="utf-8")
    with pytest.raises(FileFormatError, match=problem):
        read_deeplabcut(path)


def test_a_likelihood_is_from_0_to_1(tmp_path):
    for wrong in (1.5, -0.1, np.nan):
        values = dlc_values()
        values[2, 5] = wrong
        with pytest.raises(FileFormatError, match="row 2: a point with the likelihood"):
            read_deeplabcut(written(tmp_path, "csv", values))


def test_a_pickle_runs_nothing(tmp_path):
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    path = written(tmp_path, "h5", dlc_values())
    touched = tmp_path / "touched"
    for evil in (f"cpathlib\nPath.touch\n(cpathlib\nPath\n(S'{touched.as_posix()}'\ntRtR.".encode(), b"(lp0", b"N.",
                 *(pickle.dumps(names, 0) for names in ([("a", "b")], [("net", 1, "x")] * 6, DLC_COLUMNS[:-1]))):
        with h5py.File(path, "r+") as file:
            file["df_with_missing/table"].attrs["values_block_0_kind"] = np.bytes_(evil)
        with pytest.raises(FileFormatError):
            read_deeplabcut(path)
    assert not touched.exists()


def test_other_hdf5_is_told(tmp_path):
    h5py = pytest.importorskip("h5py", reason="h5py is not installed")
    path = tmp_path / "walk.h5"
    with h5py.File(path, "w") as file:
        file.create_group("df_with_missing").create_dataset("block0_values", data=[[1.0]])
    with pytest.raises(FileFormatError, match="read the CSV, if there is one"):
        read_deeplabcut(path)
