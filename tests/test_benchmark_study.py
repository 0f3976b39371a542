"""The study run again: its recordings, protocols and mistakes, and the file that the figures go to."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from liftz.datasets.panoptic import read_manifest
from liftz.skeletons import KINECT_20, PANOPTIC_138

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import experiments  # noqa: E402
import history  # noqa: E402
from results import machine, write_section  # noqa: E402
from study.configurations import EXPERIMENTS, FULL_MANIFEST, MANIFEST  # noqa: E402
from study.mistakes import MISTAKES, StudyLifter, StudyLSTM, cut, wrong_roots  # noqa: E402
from study.next_steps import STEPS, step  # noqa: E402
from study.protocols import folds  # noqa: E402
from study.recordings import of_experiment, read, write_synthetic  # noqa: E402


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    write_synthetic(folder, MANIFEST, 50, 0)
    return read(folder, MANIFEST, "front")


def test_a_section_is_replaced_where_it_stands_and_all_others_stay(tmp_path):
    path = tmp_path / "RESULTS.md"
    write_section("a", "First", "1", path)
    write_section("b", "Second", "2", path)
    before = path.read_text()
    write_section("a", "First", "3 cm", path)
    assert path.read_text() == before.replace("1\n<!-- end a", "3 cm\n<!-- end a")
    assert path.read_text().index("## First") < path.read_text().index("## Second")
    assert path.read_text().startswith("# Results")


@pytest.mark.parametrize(("text", "name", "message"), [
    ("<!-- begin a -->\n", "a", "section a has no end"),
    ("<!-- end a -->\n", "a", "no counterpart"),
    ("<!-- begin a -->\n<!-- end b -->\n", "b", "no counterpart"),
    ("<!-- begin a -->\n<!-- begin b -->\n<!-- end b -->\n<!-- end a -->\n", "b", "no counterpart"),
    ("", "A b", "small letters"),
])
def test_a_file_with_odd_markers_is_left_as_it_is(tmp_path, text, name, message):
    path = tmp_path / "RESULTS.md"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        write_section(name, "Title", "text", path)
    assert path.read_text() == text
    assert list(tmp_path.iterdir()) == [path]


def test_a_section_cannot_hold_a_marker(tmp_path):
    with pytest.raises(ValueError, match="holds a marker"):
        write_section("a", "Title", "x\n<!-- end a -->\ny", tmp_path / "RESULTS.md")


def test_the_command_is_told_without_folders_of_ones_own(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "history.py"), "--isl-kinect", str(tmp_path), "--seeds", "0", "1",
                                      f"--data=panoptic:{tmp_path}", f"panoptic:{tmp_path}", "--json",
                                      str(tmp_path / "lines.jsonl"), "panoptic:mine"])
    assert machine().startswith("`python benchmarks/history.py --isl-kinect FOLDER --seeds 0 1 --data=panoptic:FOLDER "
                                "panoptic:FOLDER --json FILE panoptic:mine`, ")
    assert str(tmp_path) not in machine()


def test_the_manifest_has_the_studys_folders_videos_and_signers():
    signers = read_manifest(MANIFEST)
    assert sorted({recording for recording, _ in signers}) == sorted(
        [*(f"190419_asl{i}" for i in (2, 4, 5)), *(f"190425_asl{i}" for i in (1, 2, 3, 5, 7, 9, 91))])
    videos = list(signers.values())
    assert [videos.count(signer) for signer in "ABCDE"] == [3, 3, 6, 5, 3]
    assert {i for (_, i), signer in signers.items() if signer == "C"} == {0}  # "person 0"
    full = read_manifest(FULL_MANIFEST)
    assert len(full) == 44
    assert full.items() >= signers.items()


def test_synthetic_recordings_are_read_back_as_the_manifest_has_them(data):
    signers = read_manifest(MANIFEST)
    assert list(zip(data.recordings, data.persons, data.groups, strict=True)) == [
        (recording, i, signer) for (recording, i), signer in signers.items()]
    assert data.skeleton == PANOPTIC_138
    assert [len(clip) for clip in data.X] == [50] * 20


def test_experiments_have_the_studys_keypoints_videos_and_signers(data):
    found = {name: of_experiment(data, experiment) for name, experiment in EXPERIMENTS.items()}
    assert {name: (part.X[0].shape[1], len(part.X), len(set(part.groups))) for name, part in found.items()} == {
        "OneSingle_kp": (2, 6, 1), "One": (138, 6, 1), "LotSingle_kp": (2, 20, 5), "Lot": (138, 20, 5),
        "Face": (70, 20, 5), "Hands": (42, 20, 5), "Body": (26, 20, 5)}
    single = found["LotSingle_kp"].skeleton
    assert (single.root, single.edges) == ("mid_hip", (("mid_hip", "left_shoulder"),))
    np.testing.assert_array_equal(found["LotSingle_kp"].y[7],
                                  data.y[7][:, data.skeleton.indices(["mid_hip", "left_shoulder"])])


@pytest.mark.parametrize("name", ["One", "Body"])
def test_what_is_left_out_is_in_the_test_alone_and_each_once(data, name):
    part = of_experiment(data, EXPERIMENTS[name])
    tested = []
    for fold in folds("left out", part, 350, 0):
        assert fold.left_out not in fold.labels
        assert len(fold.X) + len(fold.X_test) == len(part.X)
        assert len(fold.groups) == len(fold.labels) == len(fold.X) == len(fold.y)
        tested += [clip.tobytes() for clip in fold.X_test]
    assert sorted(tested) == sorted(clip.tobytes() for clip in part.X)


def test_random_chunks_part_all_videos_without_overlap_and_every_signer_is_on_both_sides(data):
    part = of_experiment(data, EXPERIMENTS["Body"])
    fold, = folds("random chunks", part, 350, 0)
    n = 20 * 2  # of 24 frames at least
    assert (len(fold.X), len(fold.X_test)) == (n * 8 // 10, n // 10)
    train, test = ({clip.tobytes() for clip in clips} for clips in (fold.X, fold.X_test))
    assert not train & test
    assert set(fold.groups) == set("ABCDE")
    other, = folds("random chunks", part, 350, 1)
    assert {clip.tobytes() for clip in other.X_test} != test


def sequences(lengths, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(len(lengths), max(lengths), 4, generator=rng), torch.tensor(lengths)


def network(*mistakes):
    torch.manual_seed(0)
    return StudyLSTM(4, 3, 8, set(mistakes))


def test_the_wrong_slice_gives_one_output_to_all_and_it_is_of_all_their_beginnings():
    x, lengths = sequences([20] * 5)
    out = network("slicing")(x, lengths)
    assert (out - out[0]).abs().max() == 0.0
    assert (network()(x, lengths) - network()(x, lengths)[0]).abs().max() > 0.01
    late = x.clone()
    late[:, 4:] += 1  # 20 rows of 5 sequences are time steps 0 to 3
    assert torch.equal(network("slicing")(late, lengths), out)
    assert not torch.equal(network()(late, lengths), network()(x, lengths))


def test_a_state_that_is_kept_makes_a_batch_depend_on_the_one_before():
    (first, lengths), (second, _) = sequences([9] * 3), sequences([9] * 3, seed=1)
    for mistakes, same in ((), True), (("state",), False):
        net = network(*mistakes)
        fresh = network(*mistakes)(second, lengths)
        net(first, lengths)
        assert torch.equal(net(second, lengths), fresh) is same


def clips(n=6, n_frames=70):
    """Depth is x of the same keypoint, of 20 joints; some hands are missing."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n_frames, 20, 2)).astype(np.float32) for _ in range(n)]
    y = [clip[..., 0].copy() for clip in X]
    y[0][10:20, KINECT_20.index("HandLeft")] = np.nan
    return X, y


def test_chunks_are_measured_from_the_wrong_root_if_that_mistake_is_made():
    X, y = clips()
    ankle, base = KINECT_20.index("AnkleLeft"), KINECT_20.index("SpineBase")
    for mistakes, root, other in ((["roots"], ankle, base), ([], base, ankle)):
        chunks = cut(X, y, KINECT_20, 32, mistakes)
        assert [len(chunk.x) for chunk in chunks[:3]] == [32, 32, 6]
        assert all((chunk.z[:, root] == 0).all() and chunk.z[:, other].any() for chunk in chunks)
        assert not any(np.isnan(chunk.x).any() for chunk in chunks)
    assert wrong_roots(PANOPTIC_138) == {"body": "left_ankle", "face": "face_nose_base_33"}
    assert PANOPTIC_138.regions["body"][8] == "left_ankle"
    assert PANOPTIC_138.regions["face"][33] == "face_nose_base_33"


def test_what_is_missing_is_repeated_if_that_mistake_is_made():
    X, y = clips()
    hand, root = KINECT_20.index("HandLeft"), KINECT_20.index("SpineBase")
    repeated, left = (cut(X, y, KINECT_20, 70, mistakes)[0].z for mistakes in (["repeats"], []))
    np.testing.assert_allclose(repeated[10:20, hand], y[0][9, hand] - y[0][10:20, root], atol=1e-6)
    assert np.isnan(left[10:20, hand]).all()


def test_padding_makes_the_printed_error_smaller_and_the_tests_truth_scales_itself():
    X, y = clips()
    def printed(*mistakes, y_test=y):
        chunks = cut(X, y, KINECT_20, 64, mistakes)  # of 64 and of 6 frames
        lifter = StudyLifter(KINECT_20, mistakes, 8, 1).fit(chunks, chunks, 0)
        return lifter.printed(cut(X, y_test, KINECT_20, 64, mistakes))
    assert printed("padding")[1] < 0.7 * printed()[1]
    far = [10 * depth for depth in y]
    assert printed("own scale", y_test=far)[1] == pytest.approx(printed("own scale")[1], rel=0.05)
    assert printed(y_test=far)[1] > 5 * printed()[1]


def test_the_printed_error_is_measured_from_the_roots_in_use():
    X, y = clips()
    for mistakes in ((), ("roots",)):
        chunks = cut(X, y, KINECT_20, 64, mistakes)
        lifter = StudyLifter(KINECT_20, mistakes, 8, 1).fit(chunks, chunks, 0)
        forward = lifter._forward

        def moved(batch, forward=forward):
            lengths, _, truth, mask = forward(batch)
            return lengths, truth + 3, truth, mask

        lifter._forward = moved
        assert lifter.printed(chunks)[0] == pytest.approx(0, abs=1e-5)


def test_statistics_are_the_training_parts_unless_that_mistake_is_made():
    X, y = clips()
    chunks, moved = cut(X, y, KINECT_20, 70, ()), cut([clip + 5 * clip for clip in X], y, KINECT_20, 70, ())
    own, others = (StudyLifter(KINECT_20, mistakes, 4, 1).fit(chunks, moved, 0).x_scale
                   for mistakes in ([], ["all statistics"]))
    expected = np.concatenate([chunk.x for chunk in chunks]).std(axis=0)
    np.testing.assert_allclose(own[4:20], expected[4:20], rtol=1e-5)
    assert (others[4:20] > 2 * own[4:20]).all()


def test_a_rung_without_mistakes_learns_what_there_is_to_learn():
    X, y = clips(n=24)
    chunks = cut(X[:20], y[:20], KINECT_20, 64, ())
    lifter = StudyLifter(KINECT_20, (), 32, 40, batch_size=8, lr=1e-2).fit(chunks, chunks, 0)
    new = cut(X[20:], y[20:], KINECT_20, 64, ())
    error, mean_pose = lifter.printed(new)
    assert error < 0.6 * mean_pose
    depths = lifter.predict(new, 4)
    assert [depth.shape for depth in depths] == [(70, 20)] * 4


def test_the_ladder_mends_one_mistake_a_rung(data):
    rungs = list(history.rungs(data).values())
    assert [len(mistakes) for mistakes in rungs] == [*range(len(MISTAKES), -1, -1), 0]
    assert all(set(after) < set(before) for before, after in zip(rungs, rungs[1:-1], strict=False))


def test_every_next_step_is_a_lifter_that_fits(data):
    part = of_experiment(data, EXPERIMENTS["Body"])
    fold = next(folds("left out", part, 350, 0))
    for name in STEPS:
        lifter, seen_by_it = step(name, fold, part.skeleton, 0)
        lifter.set_params(lift__regressor__max_epochs=1)  # no unknown parameter, and no bad value
        if name in ("visibility not told", "classification, 64 bins"):
            assert np.isfinite(lifter.fit(seen_by_it.X, seen_by_it.y).predict(seen_by_it.X_test)[0]).all()
        if name == "visibility not told":
            assert np.isnan(fold.X[0]).any()
            assert not any(np.isnan(clip).any() for clip in seen_by_it.X)


def run(monkeypatch, module, *arguments):
    monkeypatch.setattr(sys, "argv", [f"{module.__name__}.py", *map(str, arguments)])
    module.main()


def test_experiments_print_and_write_a_row_each_and_go_on_where_they_stopped(monkeypatch, tmp_path, capsys):
    lines = tmp_path / "lines.jsonl"
    arguments = ["--frames", 48, "--epochs", 1, "--jobs", 1, "--out", tmp_path, "--json", lines, "--no-pictures",
                 "--only", "LotSingle_kp", "OneSingle_kp"]
    run(monkeypatch, experiments, *arguments)
    first = capsys.readouterr().out
    found = [json.loads(line) for line in lines.read_text().splitlines()]
    assert len(found) == 1 + 6 + 1 + 5
    assert {line["left_out"] for line in found if line["experiment"] == "LotSingle_kp"} == {"", *"ABCDE"}
    for line in found:
        assert line["parts"]["left_shoulder"]["lifter"] == line["parts"]["all"]["lifter"] > 0
        assert {"flat", "mean pose", "ridge", "pck"} < line["parts"]["all"].keys()
    text = (tmp_path / "RESULTS.md").read_text()
    rows = [row for row in text.splitlines() if row.startswith(("| LotSingle_kp", "| OneSingle_kp"))]
    assert len(rows) == 2 * 4
    assert all(row in first for row in rows)
    assert "experiments.py --frames 48" in text
    assert "peak memory" in first
    lines.write_text("".join(lines.read_text().splitlines(keepends=True)[:-2]))
    run(monkeypatch, experiments, *arguments)
    assert "2 fits to do, 11 results at hand" in capsys.readouterr().out
    assert sorted(json.loads(line)["left_out"] for line in lines.read_text().splitlines()) == sorted(
        line["left_out"] for line in found)


def test_ones_own_recordings_are_read_with_a_manifest_and_turned_as_asked(monkeypatch, tmp_path, capsys):
    manifest = tmp_path / "mine.csv"
    manifest.write_text("recording,id,signer\ntalk,0,Ann\ntalk,1,Ben\nmore,0,Ann\nmore,1,Ben\nelsewhere,0,Cid\n")
    write_synthetic(tmp_path / "mine", manifest, 30, 0)
    for folder in (tmp_path / "mine" / "elsewhere").iterdir():
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
    (tmp_path / "mine" / "elsewhere").rmdir()
    run(monkeypatch, experiments, "--data", f"panoptic:{tmp_path / 'mine'}", "--manifest", manifest, "--turn", 110,
        "--only", "OneSingle_kp", "--epochs", 1, "--jobs", 1, "--no-pictures", "--json", tmp_path / "lines.jsonl")
    assert "2 recordings, 4 videos, 2 signers, 120 frames" in capsys.readouterr().out
    lines = [json.loads(line) for line in (tmp_path / "lines.jsonl").read_text().splitlines()]
    assert {(line["left_out"], line["turn"]) for line in lines} == {("", 110.0), ("talk", 110.0), ("more", 110.0)}
    with pytest.raises(ValueError, match="none of the recordings"):
        read(tmp_path, manifest, 0.0)


def test_next_steps_and_the_ladder_print_and_write_their_tables(monkeypatch, tmp_path, capsys):
    for parameters in STEPS.values():
        monkeypatch.setitem(parameters, "max_epochs", 1)
    run(monkeypatch, experiments, "--next-steps", "--steps", "the lifter", "the full data set", "--frames", 16,
        "--jobs", 1, "--out", tmp_path)
    run(monkeypatch, history, "--frames", 16, "--epochs", 1, "--hidden-size", 4, "--seeds", 0, "--jobs", 1,
        "--out", tmp_path)
    printed = capsys.readouterr().out
    text = (tmp_path / "RESULTS.md").read_text()
    rows = [row for row in text.splitlines() if row.startswith("| ") and "---" not in row]
    assert all(row in printed for row in rows)
    assert [row.split(" | ")[0] for row in rows if " ± 0 |" in row] == [
        "| all mistakes", *(f"| mended: {name}" for name in MISTAKES), "| liftz, one net"]
    assert "44 videos, 11 signers" in printed
    assert any(row.startswith("| the full data set") and " of 5 " in row for row in rows)
