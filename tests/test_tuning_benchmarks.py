"""The benchmarks of tuning: nobody whom they measure on takes part in a search, and they go on where they stopped."""

import json
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator
from sklearn.utils import Bunch

from liftz.sequences import to_object_array
from liftz.skeletons import KINECT_20

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import searches  # noqa: E402
import tuned  # noqa: E402


class Search:
    """Finds nothing, and writes down whose clips it was given."""

    best_score_, best_params_ = -1.0, {"lift__regressor__dropout": 0.0}

    def __init__(self):
        self.cv_results_ = {"params": [{}], "state": np.array(["complete"]), "mean_test_score": np.array([-1.0])}
        self.best_estimator_ = Bunch(score=lambda X, y: -2.0)

    def fit(self, X, y, groups, **params):
        self.groups = set(groups)
        assert len(X) == len(y) == len(groups)
        return self


def test_a_search_sees_none_of_those_it_is_measured_on(monkeypatch):
    search = Search()
    monkeypatch.setattr(searches, "search", lambda *args: search)
    line = searches.measure("way", 0, None)
    data, test, _, _ = searches.small(0)
    assert search.groups.isdisjoint(data.groups[test])
    assert (len(search.groups), len(set(data.groups[test]))) == (8, 16)
    assert line | {"seconds": 0} == {"way": "way", "seed": 0, "trials": 1, "pruned": 0, "seconds": 0, "own": 1.0,
                                     "error": 2.0}


def test_searches_go_on_where_they_stopped(monkeypatch, tmp_path, capsys):
    asked = []

    def measure(way, seed, budget):
        asked.append((way, seed, budget))
        figures = {"trials": 10, "pruned": 2, "seconds": 20.0 + seed, "own": 3.0} if way else {}
        return {"way": way, "seed": seed, "error": 4.0 + seed} | figures

    monkeypatch.setattr(searches, "measure", measure)
    searches.compare(["a"], [0], tmp_path / "r.jsonl")
    assert asked == [("", 0, None), (searches.RANDOM, 0, None), ("a", 0, 20.0)]
    searches.compare(["a", "b"], [0, 2], tmp_path / "r.jsonl")
    assert asked[3:] == [("b", 0, 20.0), ("", 2, None), (searches.RANDOM, 2, None), ("a", 2, 22.0), ("b", 2, 22.0)]
    assert len((tmp_path / "r.jsonl").read_text().splitlines()) == 8
    assert "| b | 10 | 2 | 29 | 3.00 ± 0.00 | 5.00 ± 1.00 | 0.00, for 0 of 2 seeds |" in capsys.readouterr().out


def test_time_that_is_up_ends_a_search(monkeypatch):
    clock = iter([0.0, 3.0, 6.0, 9.0])
    monkeypatch.setattr(searches.time, "process_time", lambda: next(clock))
    stopped, stop = [], searches.until(10.0)
    for i in range(3):
        stop(Namespace(stop=lambda i=i: stopped.append(i)), None)
    assert stopped == [2]  # a fourth of 3 s would end after 12


@pytest.fixture
def recorded():
    rng = np.random.default_rng(0)
    n = 4 * 3
    clips = to_object_array([rng.normal(size=(20, 20, 2)).astype(np.float32) for _ in range(n)])
    depths = to_object_array([clip.sum(axis=2) for clip in clips])
    return Bunch(X=clips, y=depths, groups=np.repeat(["S01", "S02", "S03", "S04"], 3), skeleton=KINECT_20,
                 repetitions=np.tile([2, 5, 6], 4))


class Recorder(BaseEstimator):
    """Knows all depths, and keeps the signers that it was fitted on."""

    fitted = []

    def fit(self, X, y, groups):
        self.fitted.append(sorted(set(groups)))
        return self

    def predict(self, X):
        return to_object_array([clip.sum(axis=2) for clip in X])


def test_the_tuned_lifter_never_met_its_signer(monkeypatch, recorded, tmp_path):
    searched, search = [], Search()
    search.best_params_ = {}

    def tune(lifter, X, y, groups, options):
        searched.append(groups.tolist())
        return search

    monkeypatch.setattr(Recorder, "fitted", [])
    monkeypatch.setattr(tuned, "tune", tune)
    monkeypatch.setattr(tuned, "every_second", lambda *args, **parameters: Recorder())
    monkeypatch.setattr(tuned, "project", lambda data, track, random_state: data.X)
    options = Namespace(model="lifter", without=["S02", "S04"], track="T1", seed=0, trials=1, nets=1, epochs=1, folds=2,
                        repetitions=[2, 5], quick=False, device="cpu", results=tmp_path / "tuned.jsonl")
    first, second = tuned.results(options, recorded)
    assert searched == [["S01", "S01", "S03", "S03"]]  # once, and two of three repetitions
    assert Recorder.fitted == [["S01", "S03", "S04"]] * 2 + [["S01", "S02", "S03"]] * 2
    assert [line["signer"] for line in (first, second)] == ["S02", "S04"]
    assert first["default_error"] == first["tuned_error"] == 0.0
    options.results.write_text(json.dumps(first) + "\n")
    [again] = tuned.results(options, recorded)
    assert again == second
    options.results.write_text(json.dumps(second) + "\n" + json.dumps(first) + "\n")
    assert not list(tuned.results(options, recorded))
    options.without = ["S09"]
    with pytest.raises(SystemExit, match="S09"):
        list(tuned.results(options, recorded))


@pytest.mark.parametrize("name", tuned.RIVALS)
def test_rivals_are_searched_about_their_papers_size(monkeypatch, recorded, tmp_path, name):
    monkeypatch.setattr(tuned, "OptunaSearch", lambda lifter, space, **options: Bunch(
        fit=lambda *args, **groups: Bunch(cheap=lifter, space=space, start=options["start"])))
    lifter = tuned.rivals(KINECT_20, 0)[name]
    found = tuned.tune(lifter, None, None, None, Namespace(
        model=name, epochs=1, trials=1, folds=2, seed=0, results=tmp_path / "tuned.jsonl"))
    size = lifter["lift"].regressor.hidden_size
    assert set(found.space) == {tuned.PREFIX + part for part in ("lr", "hidden_size", "dropout", "velocity")}
    assert found.space[f"{tuned.PREFIX}hidden_size"].low == size // 2
    assert all(distribution._contains(found.start[0][part]) for part, distribution in found.space.items())
    X, y = recorded.X, recorded.y
    for fraction in (0.5, 0.75, 1.5):  # of its size, as the search may choose
        changed = {f"{tuned.PREFIX}hidden_size": int(size * fraction), f"{tuned.PREFIX}dropout": 0.4}
        net = found.cheap.set_params(**changed).fit(X, y)["lift"].regressor_.nets_[0].module_
        assert {m.p for m in net.modules() if isinstance(m, torch.nn.Dropout)} == {0.4}
        assert size * fraction in {m.out_features for m in net.modules() if isinstance(m, torch.nn.Linear)} | {
            m.out_channels for m in net.modules() if isinstance(m, torch.nn.Conv1d)} | {
            m.hidden_size for m in net.modules() if isinstance(m, torch.nn.LSTM)}
