"""`liftz evaluate`, `stats` and `tune` on recordings of one's own, as a shell runs them."""

import json
import re

import numpy as np
import pytest
from door_cases import run, signing, told, write_recordings, write_signers
from sklearn.model_selection import LeaveOneGroupOut

from liftz import MeanPose, make_lifter
from liftz.cli.evaluate import evaluate
from liftz.cli.fit import fit
from liftz.cli.stats import stats
from liftz.cli.training import open_training, to_draw
from liftz.cli.tune import tune
from liftz.datasets import make_signing
from liftz.inspection import depth_spread
from liftz.io import read_npz, write_csv, write_npz
from liftz.persistence import load, read_facts
from liftz.skeletons import OPENPOSE_137
from liftz.tables import error_table

QUICK = ("--nets", 1, "--epochs", 1, "--jobs", 1)


@pytest.fixture(scope="module")
def data():
    return signing(n_signers=3, n_clips=2, n_frames=24)


@pytest.fixture
def folder(tmp_path, data):
    return write_recordings(tmp_path / "recordings", data)


@pytest.fixture
def table(tmp_path, data):
    return write_signers(tmp_path / "signers.csv", data.groups)


def read_all(folder):
    clips = [read_npz(file) for file in sorted(folder.iterdir())]
    return [clip.X[0] for clip in clips], [clip.y[0] for clip in clips]


def test_figures_are_those_of_signers_left_out(folder, table, data, tmp_path):
    json_file, page = tmp_path / "r.json", tmp_path / "r.html"
    result = run(evaluate, "--data", folder, "--signers", table, *QUICK, "--json", json_file, "--report", page)
    assert result.exit_code == 0, result.output
    assert "3 signers, 6 clips, 144 frames of OPENPOSE_137 in px, track T1" in told(result)
    report = json.loads(json_file.read_text())
    rows = {(row["part"], row["model"]): row for row in report["rows"]}
    assert {model for _, model in rows} == {"flat", "mean pose", "frame ridge", "lifter"}
    X, y = read_all(folder)
    depths = [None] * len(y)
    for train, test in LeaveOneGroupOut().split(X, groups=data.groups):
        mean = make_lifter(OPENPOSE_137, MeanPose()).fit([X[i] for i in train], [y[i] for i in train])
        for i, depth in zip(test, mean.predict([X[i] for i in test]), strict=True):
            depths[i] = depth
    own = error_table(y, {"mean pose": depths}, data.groups, OPENPOSE_137).rows[0]
    assert rows["all", "mean pose"]["mean"] == pytest.approx(own.mean, rel=1e-5)
    assert rows["all", "mean pose"]["signers"] == pytest.approx(own.signers, rel=1e-5)
    assert "median clip: clip" in page.read_text()


@pytest.mark.parametrize("command", [fit, evaluate, stats, tune])
def test_every_way_to_say_it_is_the_same(folder, tmp_path, monkeypatch, command):
    """As arguments, behind --data, and as a shell leaves --data *.npz."""
    asked = []

    def open_training(console, errors, sources, **options):
        asked.append(sources)
        raise ValueError("enough")

    monkeypatch.setattr("liftz.cli.training.open_training", open_training)
    output = ("-o", tmp_path / "m.liftz") if command is fit else ()
    first, *others = map(str, sorted(folder.iterdir()))
    for arguments in ([folder], ["--data", folder], [first, *others], ["--data", first, *others]):
        assert "enough" in run(command, *arguments, *output).output
    assert asked == [[str(folder)]] * 2 + [[first, *others]] * 2


def test_roots_selections_and_skeletons_are_as_for_fit(folder, table, tmp_path):
    options = ("--keypoints-of", "coco_wholebody_133", "--select", "left_hand", "--signers", table, *QUICK)
    result = run(evaluate, folder, *options, "--json", tmp_path / "r.json")
    assert result.exit_code == 0, result.output
    assert "converted from OPENPOSE_137 to COCO_WHOLEBODY_133" in told(result)
    assert {row["part"] for row in json.loads((tmp_path / "r.json").read_text())["rows"]} == {"all", "left_hand"}
    result = run(fit, folder, *options, "-o", tmp_path / "m.liftz")
    assert result.exit_code == 0, result.output
    facts = read_facts(tmp_path / "m.liftz")
    assert facts["lifts"] == list(OPENPOSE_137.regions["left_hand"])
    assert facts["skeleton"]["name"] == "COCO_WHOLEBODY_133"


def test_tune_writes_the_best_of_own_recordings(folder, table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(tune, folder, "--signers", table, "--trials", 1, "--epochs", 1, 1, "--nets", 1, "--root", "Neck",
                 "--folds", 3)
    assert result.exit_code == 0, result.output
    assert "3 signers in 3 groups" in told(result)
    facts = read_facts(tmp_path / "tuned.liftz")
    assert (facts["units"], facts["skeleton"]["root"]) == ("px", "Neck")


def test_stats_name_files_and_their_own_frames(tmp_path):
    data = make_signing(n_signers=2, n_clips=1, n_frames=20, missing=0, random_state=0)
    for i, (name, fps) in enumerate((("ann", 30), ("ben", 50))):
        points = np.dstack([data.X[i], data.y[i]])
        if name == "ben":
            points[5, data.skeleton.index("left_wrist"), 2] += 400
        (tmp_path / name).mkdir()
        write_csv(tmp_path / name / "talk.csv", points, data.skeleton, units="cm", fps=fps, y_up=False, first_frame=100)
    result = run(stats, tmp_path / "ann", "--data", tmp_path / "ben", "--json", tmp_path / "s.json")
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "s.json").read_text())
    expected = depth_spread(data.y[:1], data.skeleton)
    found = {(row["clip"], row["region"]): row["largest"] for row in report["rows"]}
    assert {clip for clip, _ in found} == {"ann/talk", "ben/talk"}
    assert found["ann/talk", "face"] == next(row.largest for row in expected.rows if row.region == "face")
    assert ("ben/talk", 105) in {(frame["clip"], frame["frame"]) for frame in report["outliers"]}


def test_frame_rates_are_brought_to_the_firsts(folder, table):
    for file in sorted(folder.iterdir())[1:3]:
        clip = read_npz(file)
        write_npz(file, np.dstack([clip.X[0], clip.y[0]]), OPENPOSE_137, units="px", y_up=False, fps=60)
    result = run(evaluate, folder, "--signers", table, *QUICK)
    assert result.exit_code == 0, result.output
    assert f"note: 2 files brought from 60 to 29.97 frames per second, those of {folder / 'clip0.npz'}" in told(result)
    assert "6 clips, 120 frames" in told(result)  # 24 frames are 12 then
    file = folder / "clip1.npz"
    write_npz(file, np.dstack([clip.X[0], clip.y[0]]), OPENPOSE_137, units="px", y_up=False)
    result = run(evaluate, folder, "--signers", table, *QUICK)
    assert result.exit_code == 1
    assert "clip1.npz: fps is None, that of the files before is 29.97: say --fps" in told(result)


@pytest.mark.parametrize(("arguments", "message"), [
    (["recordings"], "nobody says who signs in recordings, and a lifter is measured on signers left out: give "
                     "--signers FILE.csv, a table with the columns recording and signer; the recordings are clip0, "
                     "clip1, clip2, clip3, clip4, clip5"),
    (["recordings", "--signers", "one.csv"], "recordings has one signer, Ann: a lifter is measured on signers left "
                                             "out, which takes two at least"),
    (["recordings/clip0.npz", "--signers", "none.csv"], "none.csv: No such file"),
    (["recordings", "--signers", "signers.csv", "--track", "T2"], "these are pixels already"),
    (["recordings", "--signers", "signers.csv", "--root", "Nek"], "did you mean Neck?"),
    (["recordings", "--json", "recordings/clip0.npz"], "would overwrite what it is made from"),
    (["flat.npz", "--signers", "signers.csv"], "has no depths"),
    (["recordings", "synthetic"], "synthetic: cannot be read"),
    (["synthetic", "--fps", 25], "--fps, --units, --depth-units and --read are for files of your own"),
    (["dome"], "liftz fit, evaluate, tune and stats read a folder of them as panoptic:dome"),
    (["empty"], "empty: is an empty folder"),
    (["m.liftz"], "m.liftz: is a lifter, and no keypoints"),
])
def test_what_cannot_be_measured_is_told_in_a_line(folder, table, data, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    write_signers(tmp_path / "one.csv", ["Ann"] * 6)
    write_npz("flat.npz", data.X[0], OPENPOSE_137, units="px", y_up=False)
    (tmp_path / "empty").mkdir()
    (tmp_path / "dome" / "talk" / "hdPose3d_stage1_op25").mkdir(parents=True)
    (tmp_path / "m.liftz").write_bytes(b"a lifter by its name")
    result = run(evaluate, *arguments, *QUICK)
    assert result.exit_code in (1, 2)
    assert message in told(result)
    assert "Traceback" not in result.output


def test_tables_and_reports_may_lie_among_the_recordings(folder, data, monkeypatch):
    monkeypatch.chdir(folder)
    write_signers(folder / "signers.csv", data.groups)
    for _ in range(2):
        result = run(evaluate, ".", "--signers", "signers.csv", "--select", "left_hand", *QUICK, "--json",
                     "figures.json", "--report", "report.html")
        assert result.exit_code == 0, result.output
    result = run(evaluate, ".", "--signers", "signers.csv", *QUICK, "--json", "clip0.npz")
    assert result.exit_code == 2
    assert "clip0.npz would overwrite what it is made from" in told(result)
    result = run(evaluate, ".", "--signers", "signers.csv", *QUICK, "--json", "signers.csv")
    assert result.exit_code == 2


def test_tuning_asks_for_signers_too(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(tune, folder)
    assert result.exit_code == 1
    assert "tuning splits by signer: give --signers FILE.csv" in told(result)
    assert not (tmp_path / "tuned.journal").exists()


def test_x_and_y_in_another_unit_of_length_are_brought_to_the_depths(tmp_path):
    data = make_signing(n_signers=2, n_clips=1, n_frames=20, noise=0, missing=0, random_state=0)  # in cm
    for name, mm in (("cm", 1), ("mm", 10)):
        (tmp_path / name).mkdir()
        for i, (X, y) in enumerate(zip(data.X, data.y, strict=True)):
            points = np.dstack([mm * X, y])
            write_npz(tmp_path / name / f"{i}.npz", points, data.skeleton, fps=30, units=name, y_up=False)
    found = {}
    for name in ("cm", "mm"):
        for track in ("T1", "T2"):
            opened, _ = open_training(None, None, [str(tmp_path / name)], depth_units="cm", track=track)
            found[name, track] = opened.X[0], to_draw(opened)[0].X[0]
    np.testing.assert_allclose(found["mm", "T1"][0], 10 * found["cm", "T1"][0], rtol=1e-5)
    np.testing.assert_allclose(found["mm", "T2"][0], found["cm", "T2"][0], atol=1e-2)
    np.testing.assert_allclose(found["mm", "T1"][1], found["cm", "T1"][1], rtol=1e-5)
    np.testing.assert_allclose(found["mm", "T2"][1], found["cm", "T2"][1], rtol=1e-5)


def test_pixels_are_drawn_beside_depths_of_another_unit(tmp_path):
    """About as many of them to a cm as there are, which only the bones tell."""
    data = signing(n_signers=2, n_clips=2, n_frames=60)
    write_recordings(tmp_path / "r", data, per_cm=1)
    opened, _ = open_training(None, None, [str(tmp_path / "r")], depth_units="cm")
    drawn, note = to_draw(opened)
    found = np.nanmedian(np.abs(drawn.X[0]) / np.abs(opened.X[0]))
    true = np.median([depth[:, OPENPOSE_137.index("Neck")].mean() for depth in data.y]) / 1050  # of project's camera
    assert found == pytest.approx(true, rel=0.3)
    assert re.fullmatch(r"1 px as 0\.\d+ cm, by how bones foreshorten", note)
    opened, _ = open_training(None, None, [str(tmp_path / "r")])
    assert to_draw(opened) == (opened, "")


def test_options_say_what_a_file_does_not_and_never_otherwise(folder, table):
    clip = read_npz(folder / "clip1.npz")
    write_npz(folder / "clip1.npz", np.dstack([clip.X[0], clip.y[0]]), OPENPOSE_137, units="px", y_up=False)
    result = run(evaluate, folder, "--signers", table, *QUICK, "--fps", 25)
    assert result.exit_code == 0, result.output
    note = "--fps is for files that do not say theirs, and this one says 29.97: that stands"
    assert told(result).count(note) == 5
    assert "note: 1 file brought from 25 to 29.97 frames per second" in told(result)
    result = run(evaluate, folder, "--signers", table, *QUICK, "--units", "cm")
    assert result.exit_code == 1
    assert "clip0.npz: --units is for files that do not say theirs, and this one says px" in told(result)


def test_a_live_lifter_is_tuned_and_stats_take_the_table(folder, data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = write_signers(folder / "signers.csv", data.groups)  # it may lie among the recordings
    result = run(tune, folder, "--signers", table, "--trials", 1, "--epochs", 1, 1, "--nets", 1, "--root", "Neck",
                 "--folds", 3, "--look-ahead", 0)
    assert result.exit_code == 0, result.output
    assert load("tuned.liftz")["lift"].regressor.look_ahead == 0
    assert run(stats, folder, "--signers", table).exit_code == 0
