"""The benchmarks' own guard against leaks, and the rivals' networks."""

import json
import sys
from argparse import Namespace
from copy import copy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifting_cases import SIGNER, TINY, assert_clips_alone, recordings
from sklearn.base import BaseEstimator
from sklearn.utils import Bunch

from liftz import FrameRidge, MeanPose, make_lifter
from liftz.datasets import make_signing, project
from liftz.phases import average_phases
from liftz.sequences import to_object_array
from liftz.skeletons import KINECT_20
from liftz.tree import bone_tree

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import signer_tables  # noqa: E402
import unlike  # noqa: E402
from levers import (  # noqa: E402
    FromParents,
    MirroredToo,
    apart,
    at_another_pace,
    by_phase,
    each_phase,
    every_second,
    levers,
    mirror,
    perturbed,
    with_transformers,
)
from protocols import Fold, check_no_leak, folds, of_like_posture, rolled, views_of  # noqa: E402
from rivals import rivals  # noqa: E402
from sensor import from_bones, lengths_of, posture_off  # noqa: E402
from signer_tables import summary, tables, unchanged  # noqa: E402
from signers import ADAPTED, cases, jobs, main, measure, read  # noqa: E402

SMALL = {name: value for name, value in TINY.items() if name in ("max_epochs", "batch_size")}


def test_a_planted_leak_is_found():
    X, _, signers = recordings()
    check_no_leak(X, signers, np.flatnonzero(signers != "Ann"), np.flatnonzero(signers == "Ann"))
    with pytest.raises(AssertionError, match="signer Ann is in training and test"):
        check_no_leak(X, signers, np.arange(6), np.flatnonzero(signers == "Ann"))
    X[1] = X[0].copy()  # Ben's clip is Ann's, under his name
    with pytest.raises(AssertionError, match="clip 0 of the test, or a part of it, is also in training"):
        check_no_leak(X, signers, np.flatnonzero(signers != "Ann"), np.flatnonzero(signers == "Ann"))
    X[1] = X[0][2:-1].copy()  # a part of it
    with pytest.raises(AssertionError, match="or a part of it, is also in training"):
        check_no_leak(X, signers, np.flatnonzero(signers != "Ann"), np.flatnonzero(signers == "Ann"))


def test_a_planted_leak_is_found_behind_the_noise_of_pixels():
    data = make_signing(n_signers=2, n_clips=2, n_frames=20, random_state=0)
    data.X[2], data.y[2] = data.X[0].copy(), data.y[0].copy()  # the one's clip, under the other's name
    fold = Fold("pixels", "", data.groups[2], project(data, "T2", distance=200), np.arange(2), np.arange(2, 4), [])
    with pytest.raises(AssertionError, match="clip 2 of the test, or a part of it, is also in training"):
        measure("mean pose", make_lifter(data.skeleton, MeanPose()), 0, fold, data)


@pytest.mark.parametrize("name", list(rivals(SIGNER, 0)))
def test_rivals_lift_each_clip_by_itself(name):
    X, y, _ = recordings()
    y = [np.nan_to_num(depth, nan=1000.0) for depth in y]
    lifter = rivals(SIGNER, 0, **SMALL)[name].fit(X, y)
    assert_clips_alone(lifter.predict, X, atol=1e-4)


@pytest.mark.parametrize(("name", "pace"), [("residual MLP", 0.1), ("TCN, 27 frames", 0.1), ("TCN, 81 frames", 0.1),
                                            ("transformer", 1), ("plain LSTM", 1)])
def test_rivals_with_batch_norms_are_adapted_by_smaller_steps(name, pace):
    X, y, _ = recordings()
    y = [np.nan_to_num(depth, nan=1000.0) for depth in y]
    lifter = rivals(SIGNER, 0, **SMALL)[name].fit(X, y)
    for options, lr in (({}, 1e-3), ({"lr": 5e-4}, 5e-4)):
        [net] = lifter.adapt(X[:1], y[:1], **options)[-1].regressor_.nets_
        assert net.lr == pytest.approx(pace * lr)


@pytest.mark.parametrize("name", ["residual MLP", "TCN, 27 frames", "TCN, 81 frames"])
def test_a_rival_that_is_adapted_keeps_the_statistics_of_its_batch_norms(name):
    def layers(lifter):
        [net] = lifter[-1].regressor_.nets_
        state = {part: values.cpu().numpy() for part, values in net.module_.state_dict().items()}
        return {part: state[part] for part in state if "running" in part}, state["head.weight"]

    X, y, _ = recordings()
    y = [np.nan_to_num(depth, nan=1000.0) for depth in y]
    lifter = rivals(SIGNER, 0, **SMALL)[name].fit(X, y)
    adapted = lifter.adapt(X[:2], y[:2])
    (before, head), (after, adapted_head) = layers(lifter), layers(adapted)
    assert before
    assert all(np.array_equal(before[part], after[part]) for part in before)
    assert not np.array_equal(head, adapted_head)


def test_no_fold_of_any_setting_has_a_signer_on_both_sides():
    rng = np.random.default_rng(0)
    n = 4 * 9
    X = to_object_array([rng.normal(size=(20, 20, 2)).astype(np.float32) for _ in range(n)])
    data = Bunch(X=X, groups=np.repeat(list("ABCD"), 9), repetitions=np.tile(np.arange(1, 10), 4), skeleton=KINECT_20,
                 y_up=True)
    y = to_object_array([rng.normal(2000, 1, size=(20, 20)).astype(np.float32) for _ in range(n)])
    data["y"] = y
    y[8] = y[7].copy()  # the same, called by two numbers
    [fold] = [fold for fold in folds("floor", data, ["A"], 0)]
    check_no_leak(y, data.groups, fold.train, fold.test, same_signer=True)
    for setting, n_tests in {"metric": 2, "pixels": 6, "view": 1, "few": 1}.items():
        found = list(folds(setting, data, list("ABCD"), 0))
        assert {len(fold.tests) for fold in found} == {n_tests}
        assert {fold.signer for fold in found} == set("ABCD")
        for fold in found:
            check_no_leak(y, data.groups, fold.train, fold.test)
            assert set(data.groups[fold.test]) == {fold.signer}
            if setting == "view":
                assert data.repetitions[fold.train].max() < 7 <= data.repetitions[fold.test].min()
            if setting == "few":
                assert len(set(data.groups[fold.train])) == min(int(fold.variant), 3)
    for fold in folds("floor", data, list("ABCD"), 0):  # the same signer, never the same clip
        check_no_leak(y, data.groups, fold.train, fold.test, same_signer=True)
        with pytest.raises(AssertionError, match="is in training and test"):
            check_no_leak(y, data.groups, fold.train, fold.test)


def some_signers(names="AB"):
    rng = np.random.default_rng(0)
    n = 12 * len(names)
    X, y = (to_object_array([rng.normal(size=(8, *shape)).astype(np.float32) for _ in range(n)])
            for shape in ((20, 2), (20,)))
    return Bunch(X=X, y=y, groups=np.repeat(list(names), 12), repetitions=np.resize(np.arange(1, 10), n),
                 skeleton=KINECT_20)


@pytest.mark.parametrize(("name", "adapts"), [("lifter", True), ("plain LSTM", True), ("frame ridge", False),
                                              ("lifter, no bones in the loss", False),
                                              ("one net, mse", False)])
def test_the_lifter_and_rivals_that_can_are_adapted_to_the_new_signer(name, adapts):
    data = some_signers()
    tiny = {"n_nets": 1, "hidden_size": 4, "max_epochs": 1, "random_state": 0}
    model = make_lifter(KINECT_20, FrameRidge()) if name == "frame ridge" else make_lifter(KINECT_20, **tiny)
    [fold] = folds("metric", data, ["A"], 0)
    lines = measure(name, model, 0, fold, data)
    assert [line["variant"] for line in lines if line["protocol"] == "P1"] == ["", "rolled by 6 degrees"]
    of_adapted = [line for line in lines if line["protocol"] == "P6"]
    assert [line["variant"] for line in of_adapted] == adapts * [
        "1 clip with depth", "3 clips with depth", "10 clips with depth", "all clips without depth"]
    assert all(np.isfinite([line["error"], line["before"]]).all() for line in of_adapted)
    assert [(line["protocol"], line["variant"]) for line in lines] == cases(name, model, fold)


def test_a_fit_is_done_again_if_and_only_if_some_of_its_lines_are_missing(monkeypatch):
    monkeypatch.setattr("signers.load", lambda *_: some_signers())
    options = Namespace(seeds=[0], settings=["metric"], signers=None, models=["lifter"], folder=None, device="cpu",
                        quick=False, ablation=False)
    variants = [("P1", ""), ("P1", "rolled by 6 degrees"), *(("P6", variant) for variant in ADAPTED)]
    done = {(*case, "lifter", 0, signer) for case in variants for signer in "AB"}
    assert list(jobs(options, done)) == []
    for case in variants:
        [(_, (name, *_, fold, _), _)] = jobs(options, done - {(*case, "lifter", 0, "B")})
        assert (name, fold.signer) == ("lifter", "B")


def test_a_fit_done_again_adds_the_missing_lines_alone_and_tells_of_others_that_changed(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("signers.load", lambda *_: some_signers())
    results = tmp_path / "r.jsonl"
    monkeypatch.setattr("sys.argv", ["signers.py", "-", "--settings", "metric", "--models", "mean pose", "--seeds", "0",
                                     "--jobs", "1", "--results", str(results)])
    main()
    whole = read(results)
    assert len(whole) == 4
    assert "which stays" not in capsys.readouterr().out
    lines = [line | {"error": 1.5} if line["signer"] == "B" and not line["variant"] else line for line in whole]
    kept = [line for line in lines if (line["signer"], line["variant"]) != ("B", "rolled by 6 degrees")]
    results.write_text("".join(json.dumps(line) + "\n" for line in kept))
    main()
    *before, added = read(results)
    assert before == kept
    assert (added["signer"], added["variant"], added["error"]) == ("B", "rolled by 6 degrees", whole[-1]["error"])
    [said] = [line for line in capsys.readouterr().out.splitlines() if "which stays" in line]
    assert said.startswith("P1  mean pose 0 B was 1.5, which stays, and is ")


def test_mean_poses_move_to_those_of_training_and_the_tested_signer_moves_nobody_else():
    data = some_signers("ABC")
    [fold] = folds("metric", data, ["A"], 0)

    def means(X):
        root = KINECT_20.root_indices()
        poses = np.stack([np.mean(clip - clip[:, root], axis=0) for clip in X])
        of = [(data.groups == signer, views_of(data) == view) for signer in "ABC" for view in range(3)]
        return np.stack([poses[own & seen].mean(axis=0) for own, seen in of]).reshape(3, 3, 20, 2)

    usual = means(data.X)[1:].mean(axis=0)
    np.testing.assert_allclose(means(of_like_posture(fold, data, 1.0).X), [usual] * 3, atol=1e-5)
    halfway = means(of_like_posture(fold, data, 0.5).tests[0].X)
    np.testing.assert_allclose(halfway, (means(data.X) + usual) / 2, atol=1e-5)
    other = fold._replace(X=to_object_array([clip + (i in fold.test) * np.arange(20, dtype=np.float32)[:, None]
                                             for i, clip in enumerate(fold.X)]))
    for i in fold.train:
        np.testing.assert_array_equal(of_like_posture(other, data, 1.0).X[i], of_like_posture(fold, data, 1.0).X[i])


def test_where_no_rival_was_run_there_is_nothing_to_sum_up_and_the_ablation_stays_apart():
    line = {"protocol": "P1", "seed": 0, "signer": "A", "error": 1.0, "offset": 1.0, "motion": 0.0, "fit_seconds": 1,
            "machine": "cpu"}
    names = ("lifter", "lifter, no bones in the loss", "lifter, every second frame", "one net")
    lines = [line | {"model": name, "variant": variant} for name in names for variant in ("", "rolled by 6 degrees")]
    assert summary(lines) == []
    titles = [text for text in tables(lines) if text.startswith("P1")]
    assert len(titles) == len(set(titles)) == 4


def test_a_torn_last_line_is_taken_off_and_the_rest_read(tmp_path, capsys):
    path = tmp_path / "r.jsonl"
    path.write_text('{"error": 1}\n{"err')
    assert read(path) == [{"error": 1}]
    assert "torn" in capsys.readouterr().out
    assert path.read_text() == '{"error": 1}\n'


def test_models_are_compared_on_the_signers_and_seeds_that_both_have():
    def line(model, signer, error, seed=0):
        return {"protocol": "P1", "variant": "", "model": model, "seed": seed, "signer": signer, "error": error}

    lines = [line("lifter", "A", 10.0), line("TCN", "A", 20.0), line("TCN", "B", 1.0), line("frame ridge", "A", 9.0),
             line("frame ridge", "A", 900.0, seed=1)]
    [text] = summary(lines)
    assert "lifter 10.00 on 1 signers = 1.111 of frame ridge" in text
    assert "behind it for A (seed 0), worst" in text
    [text] = summary([*lines, line("lifter", "C", 30.0), line("TCN", "C", 90.0, seed=1)])
    assert "lifter 20.00 on 2 signers = 1.111 of frame ridge on 1 of them, 1.111 of the frame ridge" in text


def test_a_model_that_few_signers_know_has_its_ratio_to_the_lifter_on_those():
    def line(model, signer, error, seed=0):
        return {"protocol": "P3", "variant": "", "model": model, "seed": seed, "signer": signer, "error": error,
                "offset": 1.0, "motion": 1.0, "posture off": 1.0, "fit_seconds": 1, "machine": "cpu"}

    lines = [line("lifter", "A", 10.0), line("lifter", "B", 20.0), line("lifter", "C", 99.0), line("TCN", "A", 5.0),
             line("TCN", "B", 25.0), line("TCN", "C", 1.0, seed=1)]
    [row] = [text for text in tables(lines) if text.startswith("TCN")]
    assert row.split()[-4:] == ["1.000", "0.50-1.25", "3", "1"]


def test_intervals_say_of_how_many_signers_they_are_told():
    lines = [{"protocol": "P1", "variant": "", "model": model, "seed": 0, "signer": signer, "error": 1.0, "offset": 1.0,
              "motion": 1.0, "posture off": 1.0, "fit_seconds": 1, "machine": "cpu"} | inside
             for model, known in (("lifter", {"inside": 0.8, "width": 7.0, "new": 0.5}), ("TCN", {}), ("ridge", {}))
             for signer, inside in (("A", known), ("B", {}))]
    text = tables(lines)
    [row] = [line for line in text if line.startswith("lifter")]
    assert "0.80 of 1   7.00 0.50 of 1" in row
    assert text[-1].endswith("90 % intervals hold 0.80 to 0.80 of the truth of each of 1")
    assert "of 1 " not in "".join(line for line in text if line.startswith("TCN"))


def test_synthetic_people_of_another_seed_are_others():
    lines = [{"protocol": "P7", "variant": "", "model": model, "seed": seed, "signer": "S1", "error": error}
             for model, seed, error in (("lifter", 0, 1.0), ("lifter", 1, 3.0), ("frame ridge", 0, 4.0),
                                        ("frame ridge", 1, 4.0), ("TCN", 0, 5.0))]
    [text] = summary(lines)
    assert "lifter 2.00 on 2 signers = 0.500 of frame ridge, 0.500" in text
    assert "worst signer 1.50 of the mean" in text


def test_an_adapted_model_stands_beside_the_lifter_given_the_same_clips():
    def line(model, error, seed):
        return {"protocol": "P6", "variant": "3 clips", "model": model, "seed": seed, "signer": "A", "error": error,
                "before": 10.0, "fit_seconds": 1, "machine": "cpu"}

    lines = [line("lifter", 9.0, 0), line("lifter", 7.0, 1), line("TCN", 8.0, 1), line("MLP", 8.0, 2)]
    cells = {row.split()[0]: row.split()[3:5] for row in tables(lines) if row.startswith(("lifter ", "TCN", "MLP"))}
    assert cells == {"lifter": ["0.800", "0.800"], "TCN": ["0.800", "0.700"], "MLP": ["0.800", "0.000"]}  # a deviation


def test_the_floor_stands_beside_the_same_model_that_does_not_know_the_signers():
    lines = [{"protocol": protocol, "variant": "", "model": model, "seed": 0, "signer": signer, "error": error}
             for protocol, model, signer, error in (("floor", "LSTM", "A", 2.0), ("floor", "LSTM", "B", 4.0),
                                                    ("P1", "LSTM", "A", 6.0), ("P1", "LSTM", "B", 8.0),
                                                    ("P1", "LSTM", "C", 99.0), ("floor", "ridge", "A", 1.0))]
    lines += [line | {"seed": 1} for line in lines]
    assert summary(lines) == ["floor: LSTM 3.00 on 2 signers whom it knows, 7.00 on all of their clips where it does "
                              "not (P1)"]


def test_the_picture_has_the_models_that_were_run_on_everybody(tmp_path, monkeypatch):
    Axes = pytest.importorskip("matplotlib.axes").Axes
    drawn = []
    monkeypatch.setattr(signer_tables, "PICTURES", tmp_path)
    monkeypatch.setattr(Axes, "barh", lambda self, place, width, **_: drawn.append((place, width)))
    lines = [{"protocol": "P1", "variant": "", "model": model, "seed": 0, "signer": signer, "error": error}
             for model, signer, error in (("lifter", "A", 1.0), ("lifter", "B", 3.0), ("TCN", "B", 1.0),
                                          ("ridge", "A", 5.0), ("ridge", "B", 5.0))]
    assert signer_tables.draw_models(lines)[1] == "signers.png"
    assert drawn == [(0, 2.0), (1, 5.0)]


class Recall(BaseEstimator):
    """Predicts the depths that it was fitted on, for the same clips, whatever their order."""

    def fit(self, X, y, groups=None):
        self.known_ = {clip.tobytes(): depth for clip, depth in zip(X, y, strict=True)}
        return self

    def predict(self, X):
        return to_object_array([self.known_[clip.tobytes()].copy() for clip in X])


def bodies(seed, n=3):
    """Clips of a Kinect body, relative to its root, and their depths."""
    rng = np.random.default_rng(seed)
    points = [rng.normal(size=(7, 20, 3)).astype(np.float32) for _ in range(n)]
    points = [clip - clip[:, KINECT_20.root_indices()] for clip in points]
    return to_object_array([clip[..., :2] for clip in points]), to_object_array([clip[..., 2] for clip in points])


@given(seed=st.integers(0, 100))
def test_a_lever_gives_back_what_its_regressor_was_taught(seed):
    X, y = bodies(seed)
    depths = FromParents(Recall(), KINECT_20).fit(X, y).predict(X)
    for depth, truth in zip(depths, y, strict=True):
        np.testing.assert_allclose(depth, truth, rtol=0, atol=1e-4)


def test_a_mirror_image_shows_the_other_hand_and_is_undone_by_another():
    X, y = bodies(0, n=1)
    left, right = KINECT_20.indices(["WristLeft", "WristRight"])
    seen, depth = mirror(X[0], KINECT_20), mirror(y[0], KINECT_20)
    np.testing.assert_array_equal(seen[:, left], X[0][:, right] * [-1, 1])
    np.testing.assert_array_equal(depth[:, left], y[0][:, right])
    np.testing.assert_array_equal(mirror(seen, KINECT_20), X[0])


def test_mirrored_at_prediction_mirror_images_have_mirrored_depths():
    X, y = bodies(0)
    both = to_object_array([*X, *(mirror(clip, KINECT_20) for clip in X)])
    fitted = MirroredToo(Recall(), KINECT_20).fit(both, to_object_array([*y, *y]))  # depths that do not fit
    for clip, depth in zip(X, fitted.predict(X), strict=True):
        [other] = fitted.predict([mirror(clip, KINECT_20)])
        np.testing.assert_allclose(mirror(other, KINECT_20), depth, atol=1e-6)


@pytest.mark.parametrize("name", ["averaged weights", "pre-trained on masked keypoints", "mirrored clips",
                                  "arms by LSTMs of their own", "noise of 5 mm", "keypoints astray by 10 mm",
                                  "a tenth of the keypoints hidden", "15 % missing", "at another pace"])
def test_levers_on_nets_are_lifters_that_can_be_fitted_again_alike(name):
    X, y = bodies(0)

    def tiny(**changed):
        return make_lifter(KINECT_20, **{"n_nets": 1, "random_state": 0, "hidden_size": 4, "max_epochs": 2} | changed)

    one, two = ((levers(tiny) | perturbed(tiny))[name].fit(X, y, groups=["A", "B", "C"]).predict(X) for _ in range(2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)
    plain = tiny().fit(X, y, groups=["A", "B", "C"]).predict(X)
    assert not np.array_equal(plain[0], one[0])


def test_what_is_left_apart_is_the_lifters_own_when_it_is_averaged():
    X, y = bodies(0)
    lifter = make_lifter(KINECT_20, n_nets=1, random_state=0, hidden_size=4, max_epochs=1)
    whole, halves = (model.fit(X, y).predict(X) for model in (lifter, apart(lifter)))
    for depth, parts in zip(whole, halves, strict=True):
        assert not np.array_equal(depth, parts)
        np.testing.assert_allclose(depth, average_phases(parts, 3), atol=1e-2)
    lstm = every_second(KINECT_20, max_epochs=5)["lift"].regressor
    assert (type(lstm).__name__, lstm.stride, lstm.n_batches, lstm.one_size, lstm.max_epochs, lstm.along_bones,
            lstm.augment.roll) == ("Apart", 2, 1200, True, 5, 0, 0)


def test_a_camera_that_is_not_level_leaves_distances_alone_and_goes_either_way():
    X, _, _ = recordings(gaps=False)
    for i, (clip, turned) in enumerate(zip(X, rolled(X, 6), strict=True)):
        before, after = (part[..., 0] + 1j * part[..., 1] for part in (clip, turned))
        turn = np.exp(1j * np.radians(6 if i % 2 else -6))
        np.testing.assert_allclose(after, before * turn, rtol=1e-4, atol=1e-3)


def test_clips_are_short_joined_cut_and_astray_as_they_are_called():
    rng = np.random.default_rng(0)
    X, y = (to_object_array(list(rng.normal(size=shape).astype(np.float32))) for shape in ((4, 60, 20, 2), (4, 60, 20)))
    kinds = {name: (clips, depths, scored) for name, clips, depths, scored in unlike.cases(
        X, y, np.array(["A", "A", "B", "B"]), KINECT_20)}
    assert [len(clip) for clip in kinds["8 frames"][0]] == [8] * 4
    np.testing.assert_array_equal(kinds["8 frames"][1][2], y[2][10:18])
    joined = kinds["joined"]
    assert [len(clip) for clip in joined[0]] == [120, 120]
    first = 0 if (joined[0][0][0] == X[0][0]).all() else 1
    np.testing.assert_array_equal(joined[1][0][:60], y[first])
    clips, depths, scored = kinds["without a shoulder"]
    gone = np.isnan(clips[1]).all(axis=(0, 2))
    assert [KINECT_20.keypoints[i] for i in np.flatnonzero(gone)] == ["ShoulderLeft"]
    assert set(KINECT_20.keypoints) - set(scored) == {"ShoulderLeft"}
    far = np.abs(kinds["5 % astray by 1 m"][0][0] - X[0]).max(axis=2) > 0
    assert far.mean() == pytest.approx(0.05, abs=0.03)
    gone = np.isnan(kinds["40 % missing"][0][0])
    assert gone.mean() == pytest.approx(0.4, abs=0.05)
    np.testing.assert_array_equal(kinds["40 % missing"][0][0][~gone], X[0][~gone])


def test_plainly_the_nets_are_the_same(monkeypatch):
    monkeypatch.setattr("liftz.features.TAIL", 1.3)
    X, y = bodies(0)
    lifter = make_lifter(KINECT_20, n_nets=1, random_state=0, hidden_size=4, max_epochs=1, stride=1).fit(X, y)
    cut = to_object_array([unlike.hidden(clip, [3]) for clip in X])
    whole, without = lifter.predict(X), lifter.predict(cut)
    plain = unlike.plainly(lifter)
    np.testing.assert_allclose(plain.predict(X)[0], whole[0], atol=1e-3)
    assert not np.allclose(plain.predict(cut)[0], without[0], atol=1e-3)


def test_plainly_each_phase_bridges_its_own_gaps_and_tells_of_them():
    clip = np.arange(14, dtype=np.float32)[:, None, None] * np.ones((20, 2), np.float32)
    clip[5:8, 3] = np.nan
    clip[6, 3] = 60  # of the other phase
    features = by_phase(clip, stride=2, gaps=False)
    assert features[[5, 7], 6].tolist() == [5, 7]
    assert features[[5, 7, 6, 8], 43].tolist() == [0, 0, 1, 1]


def test_each_phase_by_itself_is_lifted_as_if_there_were_no_other():
    X, y = bodies(0)
    lifter = make_lifter(KINECT_20, n_nets=1, random_state=0, hidden_size=4, max_epochs=1, stride=2, one_size=False)
    lifter = each_phase(lifter).fit(X, y)
    regressor = lifter["lift"].regressor_
    clip = lifter["center"].transform(X[:1])[0]
    clip[2, 3] = np.nan
    parts = np.empty(clip.shape[:2], np.float32)
    alone = copy(regressor)
    alone.stride_ = 1
    for phase in range(2):
        parts[phase::2] = alone.predict([clip[phase::2]])[0]
    np.testing.assert_allclose(regressor.predict([clip])[0], average_phases(parts, 2), atol=1e-4)


def test_variants_are_compared_with_what_they_vary():
    assert [unchanged(model) for model in (
        "lifter, every second frame, own sizes", "lifter, every second frame", "TCN", "TCN, 27 frames, 1024 channels",
        "lifter, no bones in the loss, no roll", "one net, mse", "one net, own sizes",
        "one net, own sizes, causal")] == [
        "lifter, every second frame", "lifter, no bones in the loss", "lifter", "TCN, 27 frames",
        "lifter, no bones in the loss", "one net", "one net", "one net, own sizes"]
    assert {name for name in rivals(SIGNER, 0) if unchanged(name) != "lifter"} == {"TCN, 27 frames, 1024 channels"}


def test_where_clips_are_not_varied_nets_are_transformers():
    X, y = bodies(0)
    lifter = with_transformers(make_lifter(KINECT_20, random_state=0, hidden_size=4, max_epochs=1)).fit(X, y)
    nets = lifter["lift"].regressor_.nets_
    assert [type(net.module_).__name__ for net in nets] == 2 * ["SequenceLSTM", "SequenceLSTM", "Transformer"]
    assert [net.lr for net in nets] == 2 * [2e-3, 2e-3, 7e-4]


def test_at_another_pace_clips_and_their_depths_still_go_together():
    times = np.arange(30, dtype=np.float32)
    clip, depth = np.stack([times, 2 * times], axis=1)[:, None], -times[:, None]
    lengths = set()
    for seed in range(10):
        seen, deep = at_another_pace(clip, depth, np.random.default_rng(seed))
        assert len(seen) == len(deep)
        lengths.add(len(seen))
        assert seen[[0, -1], 0, 0].tolist() == [0, 29]
        np.testing.assert_allclose(seen[:, 0], deep * [-1, -2], atol=1e-4)
    assert min(lengths) < 30 < max(lengths)


def test_a_posture_seen_from_elsewhere_is_off_by_what_no_turn_explains():
    pose = np.array([[100.0, 300.0, 0.0], [0.0, 100.0, 100.0], [-100.0, 0.0, 0.0]])
    turned, lengthened = pose[:, [2, 1, 0]] * [-1, 1, 1], pose * [1, 1, 1.3]
    poses = np.stack([pose, pose, turned, turned, lengthened, lengthened])
    off = posture_off(poses, np.repeat("A", 6), np.zeros(6), np.repeat([0, 1, 2], 2))
    np.testing.assert_allclose(np.diag(off), 0, atol=1e-9)
    np.testing.assert_allclose(off[:2, :2], 0, atol=1e-9)
    assert 5 < off[0, 2] < 15


def test_bones_that_keep_their_lengths_give_the_depths():
    X, y = bodies(0, n=1)
    children, parents, _ = bone_tree(KINECT_20)
    lengths = lengths_of(X[0][:1], y[0][:1], children, parents)[0]
    found = from_bones(X[0][:1], y[0][:1], lengths, children, parents)
    np.testing.assert_allclose(found, y[0][:1], atol=1e-3)
