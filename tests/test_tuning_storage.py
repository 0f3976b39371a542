"""Searches that stop and go on, alone or several at once, and what kill -9 leaves of them."""

import sys
import threading
import time
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, ShuffleSplit, cross_validate
from test_tuning import SIGNERS, X, Y, search

from liftz import Skeleton
from liftz._search.study import _described, open_study
from liftz._search.trials import Watch, claim, counted, trials_of
from liftz.datasets import FileFormatError

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from tuning import survive  # noqa: E402


@pytest.fixture(params=["sqlite", "journal"])
def storage(request, tmp_path):
    return f"sqlite:///{tmp_path / 'tune.db'}" if request.param == "sqlite" else str(tmp_path / "tune.journal")


def kept(storage, n_trials=4, estimator=None, space=None, **parameters):
    return search(estimator, space, n_trials, storage=storage, **({"study_name": "tune"} | parameters))


def test_stopping_and_going_on_ends_with_the_same_trials(storage):
    whole = search(n_trials=13).fit(X, Y, groups=SIGNERS)
    kept(storage, 5).fit(X, Y, groups=SIGNERS)
    parts = kept(storage, 13).fit(X, Y, groups=SIGNERS)
    assert parts.cv_results_["params"] == whole.cv_results_["params"]
    np.testing.assert_array_equal(parts.cv_results_["mean_test_score"], whole.cv_results_["mean_test_score"])
    again = kept(storage, 13).fit(X, Y, groups=SIGNERS)
    assert len(again.study_.trials) == 13
    assert again.best_params_ == whole.best_params_
    np.testing.assert_array_equal(again.predict(X), whole.predict(X))
    fewer = kept(storage, 2).fit(X, Y, groups=SIGNERS)
    assert len(fewer.cv_results_["params"]) == 13


def test_a_sampler_of_ones_own_does_not_begin_again(storage):
    sampler = optuna.samplers.RandomSampler(seed=0)
    kept(storage, 3, sampler=sampler).fit(X, Y, groups=SIGNERS)
    found = kept(storage, 6, sampler=sampler).fit(X, Y, groups=SIGNERS)
    assert len({params["alpha"] for params in found.cv_results_["params"]}) == 6


def shuffled(n):
    return np.random.default_rng(0).permutation(n)


@pytest.mark.parametrize(("other", "changed"), [
    ({"X": X + 1e-12}, "X"),
    ({"y": Y[::-1]}, "y"),
    ({"groups": SIGNERS[shuffled(60)]}, "fit parameters, splits"),
    ({"cv": GroupKFold(3)}, "splits"),
    ({"estimator": Ridge(fit_intercept=False)}, "estimator"),
    ({"space": {"alpha": optuna.distributions.FloatDistribution(1, 2)}}, "space"),
    ({"scoring": "neg_mean_absolute_error"}, "scoring"),
])
def test_a_study_is_of_its_data_alone(tmp_path, other, changed):
    storage = str(tmp_path / "x.journal")
    kept(storage, 1).fit(X, Y, groups=SIGNERS)
    data = {"X": X, "y": Y, "groups": SIGNERS} | {name: other.pop(name) for name in set(other) & {"X", "y", "groups"}}
    with pytest.raises(ValueError, match=f"study 'tune' in .* was begun with other {changed}:"):
        kept(storage, 2, **other).fit(**data)
    assert len(optuna.load_study(study_name="tune", storage=optuna.storages.JournalStorage(
        optuna.storages.journal.JournalFileBackend(storage))).trials) == 1


def test_data_are_the_same_in_any_container(tmp_path):
    storage = str(tmp_path / "x.journal")
    kept(storage, 1).fit(list(X), list(Y), groups=list(SIGNERS))
    kept(storage, 2).fit(list(X.copy()), list(Y.copy()), groups=list(SIGNERS.copy()))


def test_a_database_copied_alone_lacks_few_trials(tmp_path):
    found = kept(f"sqlite:///{tmp_path / 'here.db'}", 6).fit(X, Y, groups=SIGNERS)
    assert (tmp_path / "here.db-wal").exists()  # as a kill would leave it
    (tmp_path / "there.db").write_bytes((tmp_path / "here.db").read_bytes())
    there = optuna.load_study(study_name="tune", storage=f"sqlite:///{tmp_path / 'there.db'}")
    values = {trial.number: trial.value for trial in found.study_.trials}
    completed = {trial.number: trial.value for trial in there.trials if trial.state == TrialState.COMPLETE}
    assert len(completed) >= 4
    assert completed.items() <= values.items()


def test_splits_at_random_are_refused_the_second_time(tmp_path):
    storage = str(tmp_path / "x.journal")
    kept(storage, 1, cv=ShuffleSplit(2)).fit(X, Y)
    with pytest.raises(ValueError, match="other splits"):
        kept(storage, 2, cv=ShuffleSplit(2)).fit(X, Y)


def test_a_study_of_someone_else_is_refused(tmp_path):
    storage = f"sqlite:///{tmp_path / 'x.db'}"
    optuna.create_study(storage=storage, study_name="tune").optimize(lambda trial: trial.suggest_float("x", 0, 1), 1)
    with pytest.raises(ValueError, match="not begun by an OptunaSearch"):
        kept(storage).fit(X, Y, groups=SIGNERS)


def test_outer_folds_never_share_a_study(tmp_path):
    storage = str(tmp_path / "x.journal")
    options = {"groups": SIGNERS, "cv": LeaveOneGroupOut(), "params": {"groups": SIGNERS}, "error_score": "raise"}
    with pytest.raises(ValueError, match="in nested cross-validation by clips of the test signers"):
        cross_validate(kept(storage, 1, cv=GroupKFold(2)), X, Y, **options)
    each = kept(storage, 1, cv=GroupKFold(2), study_name="tune-{data}")
    scores, again = (cross_validate(each, X, Y, **options)["test_score"] for _ in range(2))
    np.testing.assert_array_equal(scores, again)
    assert len(open_study(storage, "other", {}, None)._storage.get_all_studies()) == 1 + 6 + 1


def test_processes_together_do_exactly_n_trials(storage):
    """Threads of one process here, each with a connection of its own: the storage does not know the difference."""
    found = []
    threads = [threading.Thread(target=lambda: found.append(kept(storage, 9).fit(X, Y, groups=SIGNERS)))
               for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(one.cv_results_["params"]) for one in found] == [9, 9, 9]
    assert len({one.best_params_["alpha"] for one in found}) == 1
    trials = found[0].study_.trials
    assert sum(t.state == TrialState.COMPLETE for t in trials) == 9
    assert all(t.state.is_finished() for t in trials)


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="processes are begun by fork, to be quick")
def test_kill_9_loses_no_completed_trial_and_leaves_none_running(storage, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torn lines, and of forks
        study, kills = survive(storage, n_kills=4, n_trials=24, folder=tmp_path, seconds=0.02)
    assert kills == 4
    assert sum(t.state == TrialState.COMPLETE for t in study.trials) == 24


def begun(storage):
    return open_study(storage, "x", {}, None)


def test_a_trial_of_a_process_that_is_gone_is_failed_and_one_that_lives_is_not(storage):
    study = begun(storage)
    dead, slot = claim(study, 2, trials_of(study))
    alive, other_slot = claim(study, 2, trials_of(study))
    assert (slot, other_slot) == (0, 1)
    assert claim(study, 2, trials_of(study))[0] is None
    watch = Watch(study, grace=0.3)
    for _ in range(4):
        watch.reap(trials_of(study))
        alive.set_user_attr("claim", {"slot": 1, "beat": time.time()})
        time.sleep(0.15)
    assert [t.state for t in study.trials] == [TrialState.FAIL, TrialState.RUNNING]
    assert counted(trials_of(study)) == []
    assert claim(study, 2, trials_of(study))[1] == 0  # in the dead one's place


def test_of_those_who_ask_at_once_the_later_goes_back(storage):
    study = begun(storage)
    before = trials_of(study)  # both saw that nothing was begun
    assert [claim(study, 1, before)[1] for _ in range(2)] == [0, -1]
    assert [t.state for t in study.trials] == [TrialState.RUNNING, TrialState.FAIL]
    assert study.trials[1].user_attrs["given_back"] == "superfluous"


def test_one_of_yesterday_is_failed_at_once(storage):
    study = begun(storage)
    trial, _ = claim(study, 1, trials_of(study))
    trial.set_user_attr("claim", {"slot": 0, "beat": time.time() - 86_400})
    Watch(study, grace=60).reap(trials_of(study))
    assert study.trials[0].state == TrialState.FAIL


class Sleepy(Ridge):
    """Is taken for dead in its first fit, which another process notices."""

    taken: list = []

    def fit(self, X, y):
        if self.taken:
            self.taken.pop().tell(0, state=TrialState.FAIL)
        return super().fit(X, y)


def test_who_was_taken_for_dead_drops_the_trial_and_goes_on(tmp_path):
    storage = f"sqlite:///{tmp_path / 'x.db'}"
    found = kept(storage, 1, Sleepy(), callbacks=[]).set_params(n_trials=1)
    Sleepy.taken.append(_Later(storage))
    with pytest.warns(UserWarning, match="trial 0 was taken by another process"):
        found.fit(X, Y, groups=SIGNERS)
    assert [t.state for t in found.study_.trials] == [TrialState.FAIL, TrialState.COMPLETE]
    assert found.study_.trials[0].params == found.study_.trials[1].params


class _Later:
    def __init__(self, storage):
        self.storage = storage

    def tell(self, *args, **options):
        optuna.load_study(study_name="tune", storage=self.storage).tell(*args, **options)


def test_a_torn_last_line_is_cut_off(tmp_path):
    path = tmp_path / "x.journal"
    kept(str(path), 3).fit(X, Y, groups=SIGNERS)
    whole = path.read_bytes()
    path.write_bytes(whole + whole.splitlines()[-1][:20])
    with pytest.warns(UserWarning, match="x.journal: its last line was torn.*cut off its 20 bytes"):
        found = kept(str(path), 4).fit(X, Y, groups=SIGNERS)
    assert len(found.cv_results_["params"]) == 4
    assert path.read_bytes().startswith(whole)


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_wherever_it_is_torn_nothing_told_is_lost(tmp_path, cut):
    path = tmp_path / "x.journal"
    kept(str(path), 2).fit(X, Y, groups=SIGNERS)
    path.write_bytes(path.read_bytes()[:-cut])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = kept(str(path), 2, grace_period=0.2).fit(X, Y, groups=SIGNERS)
    assert len(found.cv_results_["params"]) == 2


def test_a_torn_line_that_was_written_on_is_refused_with_its_cure(tmp_path):
    path = tmp_path / "x.journal"
    kept(str(path), 2).fit(X, Y, groups=SIGNERS)
    lines = path.read_bytes().splitlines(keepends=True)
    bad = len(lines) - 1
    path.write_bytes(b"".join([*lines[:bad], lines[bad][:9], lines[0]]))
    with pytest.raises(FileFormatError, match=rf"x.journal: line {bad + 1} is cut off.* remove line {bad + 1}"):
        kept(str(path), 2).fit(X, Y, groups=SIGNERS)
    path.write_bytes(b"".join(lines[:bad]))
    kept(str(path), 2, grace_period=0.2).fit(X, Y, groups=SIGNERS)


@pytest.mark.parametrize("text", ["hello\n", "hello", '{"a": 1}', '{\n"a": 1}'])
def test_a_file_that_is_no_journal_is_refused_and_left_alone(tmp_path, text):
    path = tmp_path / "notes.json"
    path.write_text(text)
    with pytest.raises(FileFormatError, match="notes.json: line 1 is none of an Optuna journal's"):
        kept(str(path)).fit(X, Y, groups=SIGNERS)
    assert path.read_text() == text


def times(factor, most=9.0):
    def space(trial):
        return {"alpha": factor * trial.suggest_float("a", 1.0, most)}
    return space


@pytest.mark.parametrize("other", [times(1000), times(1, most=99.0)])
def test_a_space_is_known_by_what_it_does(tmp_path, other):
    storage = str(tmp_path / "x.journal")
    kept(storage, 1, space=times(1)).fit(X, Y, groups=SIGNERS)
    kept(storage, 2, space=times(1)).fit(X, Y, groups=SIGNERS)
    with pytest.raises(ValueError, match="begun with other space"):
        kept(storage, 3, space=other).fit(X, Y, groups=SIGNERS)


def test_a_skeleton_is_known_by_its_bones_and_regions():
    arm = Skeleton("arm", ["a", "b", "c"], root="a", edges=[("a", "b")])
    described = {_described(replace(arm, **changed)) for changed in (
        {}, {"edges": (("a", "b"), ("b", "c"))}, {"pairs": (("b", "c"),)}, {"name": "leg"})}
    assert len(described) == 4
    assert _described(arm) == _described(Skeleton("arm", ["a", "b", "c"], root="a", edges=[("a", "b")]))
