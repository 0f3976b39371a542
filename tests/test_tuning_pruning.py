"""Trials given up early: fold by fold, and epoch by epoch within a fold."""

import pickle

import numpy as np
import pytest
from joblib import parallel_config
from lifting_cases import recordings, tiny_lifter
from optuna.distributions import FloatDistribution
from optuna.pruners import MedianPruner, ThresholdPruner, WilcoxonPruner
from optuna.trial import TrialState
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, cross_validate
from skorch.callbacks import Callback

from liftz.pruning import EpochPruning
from liftz.tuning import OptunaSearch

N_SIGNERS = 8
pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
EIGHT = np.arange(N_SIGNERS, dtype=float)[:, None]


class Bent(BaseEstimator):
    """The better the nearer `x` is to 0, and worse on every second signer."""

    fits = 0

    def __init__(self, x=0.0):
        self.x = x

    def fit(self, X, y=None):
        Bent.fits += 1
        return self

    def score(self, X, y=None):
        return float(-abs(self.x) * (1 + 0.1 * X.mean()) - X.mean() % 2)


def bent(**parameters):
    Bent.fits = 0
    xs = [0.1, 0.9, 0.05, 0.8, 0.7, 0.2]
    options = {"start": [{"x": x} for x in xs], "n_trials": len(xs), "cv": LeaveOneGroupOut(), "refit": False}
    search = OptunaSearch(Bent(), {"x": FloatDistribution(0, 1)}, **(options | parameters))
    return search.fit(EIGHT, groups=np.arange(N_SIGNERS))


@pytest.mark.parametrize(("p_threshold", "n_worse"), [(0.1, 4), (0.3, 2)])
def test_folds_that_cannot_help_any_more_are_not_fitted(p_threshold, n_worse):
    whole, pruned = bent(), bent(pruner=WilcoxonPruner(p_threshold=p_threshold))
    assert pruned.cv_results_["state"].tolist() == ["complete", "pruned", "complete", "pruned", "pruned", "pruned"]
    assert Bent.fits == 2 * 8 + 4 * n_worse  # of n signers, all are worse by chance with a probability of 1/2**n
    assert pruned.best_params_ == whole.best_params_ == {"x": 0.05}
    scores = np.array([pruned.cv_results_[f"split{k}_test_score"] for k in range(8)]).T
    np.testing.assert_array_equal(np.isnan(scores[1]), [False] * n_worse + [True] * (8 - n_worse))
    assert np.isnan(pruned.cv_results_["mean_test_score"]).tolist() == [False, True, False, True, True, True]
    assert pruned.cv_results_["rank_test_score"].tolist() == [2, 3, 1, 3, 3, 3]


def test_folds_fitted_at_once_are_judged_together():
    with parallel_config("threading"):
        found = bent(pruner=WilcoxonPruner(p_threshold=0.1), n_jobs=3)
    assert found.cv_results_["state"].tolist() == ["complete", "pruned", "complete", "pruned", "pruned", "pruned"]
    assert [len(t.user_attrs["folds"]) for t in found.study_.trials] == [8, 6, 8, 6, 6, 6]


def test_a_trial_is_never_pruned_after_its_last_fold():
    found = bent(pruner=ThresholdPruner(lower=0, n_warmup_steps=7), n_trials=1)
    assert found.cv_results_["state"].tolist() == ["complete"]
    with pytest.raises(ValueError, match="no trial was completed: 0 failed, 6 were pruned"):
        bent(pruner=ThresholdPruner(lower=0))


class Curve(BaseEstimator):
    """A regressor in skorch's ways: a loss an epoch, told to its callbacks."""

    def __init__(self, level=0.0, callbacks=None, n_nets=1):
        self.level, self.callbacks, self.n_nets = level, callbacks, n_nets

    def fit(self, X, y=None):
        for _ in range(self.n_nets):
            self.history = []
            for callback in self.callbacks or ():
                callback.on_train_begin(self)
            for epoch in range(6):
                self.history.append({"epoch": epoch, "valid_loss": self.level - 0.1 * epoch + X.mean()})
                for callback in self.callbacks or ():
                    callback.on_epoch_end(self)
        return self

    def score(self, X, y=None):
        return -self.level


def curves(**parameters):
    levels = [1.0, 2.0, 3.0, 1.5, 0.5]
    pruning = EpochPruning("callbacks", pruner=MedianPruner(n_startup_trials=2, n_warmup_steps=2))
    options = {"start": [{"level": level} for level in levels], "n_trials": 5, "cv": GroupKFold(4),
               "epoch_pruning": pruning}
    search = OptunaSearch(Curve(), {"level": FloatDistribution(0, 5)}, **(options | parameters))
    return search.fit(EIGHT, groups=np.arange(N_SIGNERS))


def test_epochs_are_compared_within_their_fold():
    found = curves()
    assert found.cv_results_["state"].tolist() == ["complete", "complete", "pruned", "complete", "complete"]
    folds = found.study_.trials[1].user_attrs["folds"]
    means = [EIGHT[np.arange(N_SIGNERS) % 4 != k].mean() for k in range(4)]
    assert [len(fold["curve"]) for fold in folds] == [6] * 4
    assert sorted(fold["curve"][0] - 2.0 for fold in folds) == pytest.approx(sorted(means))
    assert found.study_.trials[2].user_attrs["folds"] == []  # in its first fold already
    with parallel_config("threading"):
        at_once = curves(n_jobs=2)
    assert at_once.cv_results_["state"].tolist() == found.cv_results_["state"].tolist()


def test_a_trial_that_was_pruned_later_is_compared_with_where_it_was_not():
    levels = [1.0, 1.2, 5.0, 5.0, 4.0, 2.0]
    pruning = EpochPruning("callbacks", pruner=MedianPruner(n_startup_trials=4, n_warmup_steps=2))
    found = curves(start=[{"level": level} for level in levels], n_trials=6, epoch_pruning=pruning,
                   pruner=ThresholdPruner(lower=-4.5))
    assert [len(t.user_attrs["folds"]) for t in found.study_.trials] == [4, 4, 1, 1, 0, 4]  # the median is 3.1


def test_nothing_of_it_stays_and_clones_are_free_of_each_other():
    class Mine(Callback):
        pass

    found = curves(n_trials=3)
    assert found.best_estimator_.callbacks is None
    assert found.estimator.callbacks is None
    assert found.epoch_pruning.get_params() == {"parameter": "callbacks", "monitor": "valid_loss", "curves": (),
                                                "curve": None, "pruner": found.epoch_pruning.pruner}
    assert pickle.loads(pickle.dumps(found)).best_params_ == found.best_params_
    assert clone(found).fit(EIGHT, groups=np.arange(N_SIGNERS)).best_params_ == found.best_params_
    mine = Mine()
    search = clone(found).set_params(estimator=Curve(callbacks=[mine]))
    search.fit(EIGHT, groups=np.arange(N_SIGNERS))
    assert [type(callback) for callback in search.best_estimator_.callbacks] == [Mine]
    nested = cross_validate(clone(found), EIGHT, groups=np.arange(N_SIGNERS), cv=GroupKFold(2),
                            params={"groups": np.arange(N_SIGNERS)}, error_score="raise")
    assert np.isfinite(nested["test_score"]).all()


def test_of_several_nets_the_first_is_judged():
    found = curves(n_trials=1, n_jobs=None).set_params(estimator=Curve(n_nets=3))
    found.fit(EIGHT, groups=np.arange(N_SIGNERS))
    assert {len(fold["curve"]) for fold in found.study_.trials[0].user_attrs["folds"]} == {6}


def test_what_is_not_measured_is_named():
    with pytest.raises(ValueError, match="no 'test_loss', it has valid_loss; a lifter has valid_loss with early"):
        curves(epoch_pruning=EpochPruning("callbacks", monitor="test_loss"), error_score="raise")


def test_a_lifter_is_pruned_by_the_signers_it_holds_out():
    X, y, signers = recordings()
    lifter = tiny_lifter(early_stopping=True, max_epochs=4)
    lr = {"lift__regressor__lr": FloatDistribution(1e-6, 1e-1, log=True)}
    start = [{"lift__regressor__lr": value} for value in (3e-2, 2e-2, 1e-6)]
    found = OptunaSearch(lifter, lr, start=start, n_trials=3, cv=LeaveOneGroupOut(), random_state=0,
                         epoch_pruning=EpochPruning(pruner=MedianPruner(n_startup_trials=2, n_warmup_steps=1)))
    found.fit(X, y, groups=signers, lift__groups=signers)
    assert found.cv_results_["state"].tolist() == ["complete", "complete", "pruned"]
    assert found.best_estimator_["lift"].regressor_.callbacks is None
    assert found.best_estimator_.predict(X)[0].shape == y[0].shape
    assert [t.state for t in found.study_.trials][2] == TrialState.PRUNED
