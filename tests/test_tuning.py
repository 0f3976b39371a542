"""`OptunaSearch` as a scikit-learn search."""

import os
import signal
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, LeaveOneGroupOut, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from liftz.tuning import OptunaSearch

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 5))
Y = X @ RNG.normal(size=5) + RNG.normal(size=60)
SIGNERS = np.repeat(["Ann", "Ben", "Cem", "Dee", "Eva", "Fay"], 10)
ALPHA = {"alpha": FloatDistribution(1e-3, 1e3, log=True)}


def search(estimator=None, space=None, n_trials=4, **parameters):
    options = {"cv": LeaveOneGroupOut(), "random_state": 0, "n_trials": n_trials}
    return OptunaSearch(estimator or Ridge(), ALPHA if space is None else space, **(options | parameters))


class Sour(Ridge):
    """Fails where `sour` is great, with Ann among the training signers or not."""

    def __init__(self, sour=0.0, alpha=1.0):
        super().__init__(alpha)
        self.sour = sour

    def fit(self, X, y):
        if self.sour > 0.5:
            raise ArithmeticError("too sour")
        return super().fit(X, y)


@parametrize_with_checks([search(Ridge(), n_trials=1, cv=2)], expected_failed_checks=lambda estimator: {
    "check_dtype_object": "if every trial fails, one ValueError tells how, whatever they failed by",
    "check_supervised_y_2d": "the estimator's own, as for GridSearchCV; no warning where Ridge has none",
})
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def test_its_table_is_that_of_a_grid_search():
    alphas = [0.1, 1.0, 10.0]
    start = [{"alpha": alpha} for alpha in alphas]
    scoring = {"r2": "r2", "mae": "neg_mean_absolute_error"}
    found = search(start=start, n_trials=3, scoring=scoring, refit="mae", return_train_score=True)
    found.fit(X, Y, groups=SIGNERS)
    grid = GridSearchCV(Ridge(), {"alpha": alphas}, cv=LeaveOneGroupOut(), scoring=scoring, refit="mae",
                        return_train_score=True).fit(X, Y, groups=SIGNERS)
    assert set(found.cv_results_) - {"trial", "state"} == set(grid.cv_results_)
    for name, column in grid.cv_results_.items():
        if "time" not in name and name != "params":
            np.testing.assert_allclose(np.asarray(found.cv_results_[name], float), np.asarray(column, float))
    assert found.best_params_ == grid.best_params_
    assert found.best_score_ == pytest.approx(grid.best_score_)
    assert found.score(X, Y) == pytest.approx(grid.score(X, Y))
    assert (found.multimetric_, found.n_splits_) == (True, 6)
    np.testing.assert_allclose(found.predict(X), grid.predict(X))
    assert found.study_.best_value == pytest.approx(found.best_score_)


def test_the_same_seed_finds_the_same_and_others_do_not():
    first, again, other = (search(random_state=seed, n_trials=14).fit(X, Y, groups=SIGNERS) for seed in (0, 0, 1))
    assert first.cv_results_["params"] == again.cv_results_["params"]
    assert first.cv_results_["params"] != other.cv_results_["params"]
    assert len({params["alpha"] for params in first.cv_results_["params"]}) == 14


def test_a_function_makes_the_parameters():
    def space(trial):
        params = {"ridge__alpha": trial.suggest_float("alpha", 0.1, 10)}
        if trial.suggest_categorical("centred", [False, True]):
            return params | {"standardscaler": StandardScaler(with_std=False)}
        return params | {"standardscaler": "passthrough"}

    found = search(make_pipeline(StandardScaler(), Ridge()), space, n_trials=6).fit(X, Y, groups=SIGNERS)
    assert set(found.study_.best_params) == {"alpha", "centred"}
    assert {type(params["standardscaler"]) for params in found.cv_results_["params"]} == {str, StandardScaler}
    assert found.best_estimator_["ridge"].alpha == found.study_.best_params["alpha"]


@pytest.mark.parametrize("space", [
    {"alpha": CategoricalDistribution([0.1, 1.0, 7.5])},
    {"alpha": FloatDistribution(0.5, 2.5, step=0.5)},
    {"alpha": IntDistribution(1, 64, log=True)},
    {"alpha": IntDistribution(2, 10, step=4)},
])
def test_every_distribution_is_suggested_as_it_is(space):
    found = search(space=space, n_trials=6).fit(X, Y, groups=SIGNERS)
    for trial in found.study_.trials:
        assert trial.distributions == space
        assert trial.params["alpha"] == found.cv_results_["params"][trial.number]["alpha"]


def test_first_parameters_come_first_and_the_rest_is_sampled():
    space = {"sour": FloatDistribution(0, 0.5), "alpha": FloatDistribution(0, 5)}
    found = search(Sour(), space, start=[{"alpha": 3.0}, {"alpha": 4.0, "sour": 0.25}]).fit(X, Y, groups=SIGNERS)
    params = found.cv_results_["params"]
    assert (params[0]["alpha"], params[1]) == (3.0, {"alpha": 4.0, "sour": 0.25})
    assert params[2]["alpha"] not in (3.0, 4.0)


def test_a_trial_that_fails_is_named_and_the_search_goes_on():
    space = {"sour": FloatDistribution(0, 1)}
    with pytest.warns(FitFailedWarning, match=r"trial \d failed: ArithmeticError: too sour \(in fold 0\); .*'sour'"):
        found = search(Sour(), space, n_trials=8).fit(X, Y, groups=SIGNERS)
    failed = np.array([params["sour"] > 0.5 for params in found.cv_results_["params"]])
    assert 0 < failed.sum() < 8
    assert [state == "failed" or state == "fail" for state in found.cv_results_["state"]] == failed.tolist()
    assert np.isnan(found.cv_results_["mean_test_score"][failed]).all()
    assert np.isfinite(found.cv_results_["mean_test_score"][~failed]).all()
    assert found.best_params_["sour"] <= 0.5
    assert all("too sour" in found.study_.trials[i].user_attrs["error"] for i in np.flatnonzero(failed))


def test_errors_that_are_not_a_trials_end_the_search():
    sour = {"sour": FloatDistribution(0.6, 1)}
    none = pytest.raises(ValueError, match="completed: 3 failed, 0 were pruned; trial 0: ArithmeticError: too sour")
    with none, pytest.warns(FitFailedWarning):
        search(Sour(), sour, n_trials=3).fit(X, Y, groups=SIGNERS)
    with pytest.raises(ArithmeticError, match="too sour"):
        search(Sour(), sour, error_score="raise").fit(X, Y, groups=SIGNERS)
    with pytest.raises(ValueError, match="Invalid parameter 'beta'"):
        search(space=lambda trial: {"beta": trial.suggest_float("beta", 0, 1)}).fit(X, Y, groups=SIGNERS)
    with pytest.raises(ZeroDivisionError):
        search(space=lambda trial: 1 / 0).fit(X, Y, groups=SIGNERS)
    with pytest.raises(ValueError, match="score is NaN in fold 0"):
        search(scoring=lambda estimator, X, y: float("nan"), error_score="raise").fit(X, Y, groups=SIGNERS)


@pytest.mark.parametrize(("parameters", "message"), [
    ({"space": {"beta": FloatDistribution(0, 1)}}, "Ridge has no parameter 'beta'"),
    ({"space": {"alpha": [1, 2]}}, r"must be an Optuna distribution .*got \[1, 2\]"),
    ({"space": {}}, "must be a dict of Optuna distributions"),
    ({"space": lambda trial: None}, "must return a dict"),
    ({"start": [{"alpha": -1.0}]}, r"start\[0\]: "),
    ({"start": [{"beta": 1.0}]}, r"start\[0\]: param_distributions has no beta"),
    ({"n_trials": 0}, "n_trials must be an integer of at least 1"),
    ({"n_trials": None}, "would never end"),
    ({"grace_period": 0}, "grace_period must be above 0"),
    ({"scoring": ["r2", "neg_mean_absolute_error"], "refit": False}, "refit must name the one to optimise"),
    ({"scoring": lambda e, X, y: {"a": 1.0}, "error_score": "raise"}, "the metrics are a; refit must name"),
    ({"storage": "sqlite:///x.db"}, "needs a study_name"),
    ({"storage": optuna.storages.InMemoryStorage(), "study_name": "x"}, "a storage is a string"),
    ({"storage": "x.db", "study_name": "x"}, "for SQLite write 'sqlite:///x.db'"),
    ({"storage": "nowhere/x.journal", "study_name": "x"}, "its folder does not exist"),
])
def test_what_makes_no_sense_is_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        search(**parameters).fit(X, Y, groups=SIGNERS)


@pytest.mark.parametrize(("cv", "groups", "message"), [
    (None, ["Ann"] * 60, "groups has one group alone, 'Ann': leaving some out takes two"),
    (7, SIGNERS, "n_splits=7 greater than the number of groups: 6"),
    (3, SIGNERS[:59], "inconsistent numbers of samples"),
])
def test_groups_that_make_no_folds_are_refused(cv, groups, message):
    with pytest.raises(ValueError, match=message):
        search(cv=cv).fit(X, Y, groups=groups)


def test_groups_go_to_the_splitter_with_routing_and_without():
    plain = search().fit(X, Y, groups=SIGNERS)
    with pytest.raises(ValueError, match="groups"):
        search().fit(X, Y)
    with config_context(enable_metadata_routing=True):
        routed = search().fit(X, Y, groups=SIGNERS)
        outer = cross_validate(search(cv=GroupKFold(2)), X, Y, params={"groups": SIGNERS}, cv=LeaveOneGroupOut())
        weights = np.linspace(0, 1, 60)
        ridge = Ridge().set_fit_request(sample_weight=True).set_score_request(sample_weight=False)
        weighed = search(ridge).fit(X, Y, groups=SIGNERS, sample_weight=weights)
    np.testing.assert_array_equal(plain.cv_results_["mean_test_score"], routed.cv_results_["mean_test_score"])
    nested = cross_validate(search(cv=GroupKFold(2)), X, Y, groups=SIGNERS, cv=LeaveOneGroupOut(),
                            params={"groups": SIGNERS})
    np.testing.assert_array_equal(nested["test_score"], outer["test_score"])
    expected = Ridge(**weighed.best_params_).fit(X, Y, sample_weight=weights)
    np.testing.assert_allclose(weighed.predict(X), expected.predict(X))


@pytest.mark.parametrize("routing", [False, True])
def test_a_number_of_folds_is_one_of_groups(routing):
    three = np.isin(SIGNERS, ["Ann", "Ben", "Cem"])
    with config_context(enable_metadata_routing=routing), warnings.catch_warnings():
        warnings.simplefilter("error")  # scikit-learn's, of groups that its KFold ignores
        for cv, expected, among in ((3, GroupKFold(3), SIGNERS != ""), (None, GroupKFold(5), SIGNERS != ""),
                                    (None, GroupKFold(3), three)):
            found, same = (search(cv=each, n_trials=1).fit(X[among], Y[among], groups=list(SIGNERS[among]))
                           for each in (cv, expected))
            assert found.n_splits_ == expected.n_splits
            np.testing.assert_array_equal(found.cv_results_["mean_test_score"], same.cv_results_["mean_test_score"])
        plain = search(cv=None, n_trials=1).fit(X, Y)
        groups = {} if routing else {"groups": SIGNERS}
        nested, same = (cross_validate(search(cv=cv, n_trials=1), X, Y, cv=LeaveOneGroupOut(),
                                       params={"groups": SIGNERS}, **groups) for cv in (5, GroupKFold(5)))
    np.testing.assert_array_equal(nested["test_score"], same["test_score"])
    first = plain.cv_results_["params"][0]["alpha"]
    np.testing.assert_allclose([plain.cv_results_[f"split{k}_test_score"][0] for k in range(5)],
                               cross_validate(Ridge(first), X, Y)["test_score"])


@pytest.mark.filterwarnings("ignore:The groups parameter is ignored")
@pytest.mark.parametrize("cv", [KFold(4), [(np.arange(15), np.arange(15, 60))]])
def test_a_signer_on_both_sides_of_a_fold_is_warned_of(cv):
    with pytest.warns(UserWarning, match="fold 0 trains on group 'Ben' and scores on it"):
        search(cv=cv).fit(X, Y, groups=SIGNERS)


def test_folds_in_processes_give_the_same_scores():
    alone, together = (search(n_jobs=n).fit(X, Y, groups=SIGNERS) for n in (None, 2))
    np.testing.assert_allclose(alone.cv_results_["mean_test_score"], together.cv_results_["mean_test_score"])


def test_parameters_are_never_touched():
    sampler = optuna.samplers.TPESampler(seed=3)
    given = search(sampler=sampler, callbacks=[print], estimator=Ridge(alpha=7.0))
    before = {name: repr(value) for name, value in given.get_params().items()}
    first = clone(given).set_params(callbacks=[]).fit(X, Y, groups=SIGNERS)
    second = clone(given).set_params(callbacks=[]).fit(X, Y, groups=SIGNERS)
    assert {name: repr(value) for name, value in given.get_params().items()} == before
    assert first.cv_results_["params"] == second.cv_results_["params"]


def test_callbacks_see_each_trial_and_may_stop():
    seen = []

    def callback(study, trial):
        seen.append((trial.number, trial.state))
        if trial.number == 2:
            study.stop()

    found = search(callbacks=[callback], n_trials=9).fit(X, Y, groups=SIGNERS)
    assert seen == [(i, TrialState.COMPLETE) for i in range(3)]
    assert len(found.cv_results_["params"]) == 3
    grid = search(sampler=optuna.samplers.GridSampler({"alpha": [1.0, 2.0]}), n_trials=9).fit(X, Y, groups=SIGNERS)
    assert len(grid.cv_results_["params"]) == 2


def test_time_is_a_limit():
    found = search(n_trials=None, timeout=0.3).fit(X, Y, groups=SIGNERS)
    assert len(found.cv_results_["params"]) >= 1
    with pytest.raises(ValueError, match="no trial was completed: 0 failed, 0 were pruned"):
        search(timeout=0).fit(X, Y, groups=SIGNERS)


def test_it_says_nothing_unless_asked(capfd):
    search(n_trials=1).fit(X, Y, groups=SIGNERS)
    assert capfd.readouterr() == ("", "")
    search(n_trials=1, verbose=1, progress_bar=True).fit(X, Y, groups=SIGNERS)
    assert "trial 0: complete" in capfd.readouterr().out


class Interrupted(Ridge):
    """Ctrl-C in the fit with `alpha` 3."""

    def fit(self, X, y):
        if self.alpha == 3.0:
            raise KeyboardInterrupt
        return super().fit(X, y)


def test_ctrl_c_refits_the_best_of_what_is_done(tmp_path):
    options = {"storage": str(tmp_path / "x.journal"), "study_name": "x", "n_trials": 3,
               "start": [{"alpha": 1.0}, {"alpha": 2.0}, {"alpha": 3.0}]}
    with pytest.warns(UserWarning, match="interrupted after 2 trials"):
        found = search(Interrupted(), **options).fit(X, Y, groups=SIGNERS)
    assert len(found.cv_results_["params"]) == 2
    np.testing.assert_allclose(found.predict(X), Ridge(**found.best_params_).fit(X, Y).predict(X))
    assert [t.state for t in found.study_.trials][2] == TrialState.FAIL
    assert found.study_.trials[2].user_attrs["given_back"] == "interrupted"
    with pytest.raises(KeyboardInterrupt):
        search(Interrupted(), start=[{"alpha": 3.0}]).fit(X, Y, groups=SIGNERS)


PROGRAM = """
import sys, time
sys.path[:0] = {path!r}
from test_tuning import Ridge, SIGNERS, X, Y, search

class Slow(Ridge):
    def fit(self, X, y):
        print("fit", flush=True)
        time.sleep(60 if self.alpha == 2.0 else 0)
        return super().fit(X, y)

start = [{{"alpha": 1.0}}, {{"alpha": 2.0}}]
search(Slow(), storage={storage!r}, study_name="x", n_trials=3, start=start).fit(X, Y, groups=SIGNERS)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to unwind from")
def test_sigterm_gives_the_trial_back_and_ends(tmp_path):
    storage = f"sqlite:///{tmp_path / 'x.db'}"
    program = tmp_path / "program.py"
    here = os.path.dirname(__file__)
    program.write_text(PROGRAM.format(path=[here], storage=storage))
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True) as process:
        for _ in range(7):  # the second trial's first fold
            process.stdout.readline()
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 128 + signal.SIGTERM
    trials = optuna.load_study(study_name="x", storage=storage).trials
    assert [t.state for t in trials] == [TrialState.COMPLETE, TrialState.FAIL]


def test_it_runs_in_a_thread_too():
    found = []
    thread = threading.Thread(target=lambda: found.append(search(n_trials=1).fit(X, Y, groups=SIGNERS)))
    thread.start()
    thread.join()
    assert found[0].best_params_


class NoTarget(BaseEstimator):
    """Needs no y."""

    def __init__(self, x=0.0):
        self.x = x

    def fit(self, X, y=None):
        return self

    def score(self, X, y=None):
        return -self.x


def test_without_y_and_without_refit():
    found = OptunaSearch(NoTarget(), {"x": FloatDistribution(0, 1)}, n_trials=3, cv=KFold(2), refit=False).fit(X)
    assert found.best_score_ == -min(params["x"] for params in found.cv_results_["params"])
    assert not hasattr(found, "best_estimator_")
    last = OptunaSearch(NoTarget(), {"x": FloatDistribution(0, 1)}, n_trials=3, cv=2, refit=lambda results: 2).fit(X)
    assert last.best_params_ == last.cv_results_["params"][2]


def test_what_scikit_learn_ignores_is_not_our_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        search(n_trials=2, start=[{"alpha": 1.0}]).fit(X, Y, groups=SIGNERS)
