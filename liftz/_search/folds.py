"""The folds of a trial: fitted and scored by scikit-learn, kept as JSON, and laid out as a search's table."""

from __future__ import annotations

from typing import Any

import numpy as np
import optuna
from joblib import effective_n_jobs
from optuna.pruners import NopPruner
from optuna.trial import TrialState
from sklearn.base import clone
from sklearn.model_selection import cross_validate
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.parallel import Parallel, delayed

__all__ = ["Curve", "fit_folds", "mean_score", "score_rows"]


def fit_folds(trial, estimator, *, X, y, cv, splits, metric, earlier=(), epoch_pruning=None, n_jobs=None, **options):
    """Score an estimator fold by fold, as many at once as there are processes.

    Parameters
    ----------
    trial : optuna.Trial
        Is told each fold's score, and asked whether to prune.
    estimator : estimator
        With the trial's parameters.
    cv, splits
        The splitter, and all its splits.
    metric : str
        What the pruner sees.
    earlier : list of FrozenTrial
        Whose curves `epoch_pruning` compares with.
    **options
        For `cross_validate`.

    Yields
    ------
    dict
        A fold's times and scores, of floats alone.

    Raises
    ------
    optuna.TrialPruned
    """
    prunes = not isinstance(trial.study.pruner, NopPruner)
    at_once = effective_n_jobs(n_jobs) if prunes or epoch_pruning is not None else len(splits)
    with Parallel(n_jobs=n_jobs) as parallel:
        for start in range(0, len(splits), at_once):
            batch = range(start, min(start + at_once, len(splits)))
            folds = parallel(
                delayed(_fit_fold)(*_watched(estimator, epoch_pruning, earlier, k), X, y, k, _Split(cv, *splits[k]),
                                   **options) for k in batch)
            for k, fold in zip(batch, folds, strict=True):
                if fold is None:
                    raise optuna.TrialPruned
                yield fold
                if prunes:
                    trial.report(_score_of(fold, metric), k)
            if prunes and batch.stop < len(splits) and trial.should_prune():
                raise optuna.TrialPruned


def _watched(estimator, epoch_pruning, earlier, k):
    """The estimator whose net is watched by a callback of its own, and the parameter that holds it."""
    if epoch_pruning is None:
        return estimator, None
    callback = clone(epoch_pruning)
    # Of trials that were pruned later, too: the few that never were are too good to be compared with.
    known = [trial.user_attrs["folds"] for trial in earlier if trial.state != TrialState.FAIL]
    callback.set_params(curve=Curve(), curves=[np.array(folds[k]["curve"]) for folds in known if k < len(folds)])
    estimator = clone(estimator)
    present = estimator.get_params()[epoch_pruning.parameter]
    return estimator.set_params(**{epoch_pruning.parameter: [*(present or []), callback]}), epoch_pruning.parameter


def _fit_fold(estimator, callbacks, X, y, k, split, **options):
    try:
        out = cross_validate(estimator, X, y, cv=split, error_score="raise", **options)
    except optuna.TrialPruned:
        return None
    except Exception as error:
        error.add_note(f"in fold {k}")
        raise
    fold: dict[str, Any] = {name: float(column[0]) for name, column in out.items()}
    for name, value in fold.items():
        if np.isnan(value):
            raise ValueError(f"{name} is NaN in fold {k}")
    if callbacks is not None:
        fold["curve"] = list(estimator.get_params()[callbacks][-1].curve)
    return fold


class Curve(list):
    """A value an epoch. Its copies are itself, so that what a clone of a clone appends is found here."""

    def __deepcopy__(self, memo):
        return self


class _Split:
    """One split of a splitter, which asks for the metadata that the whole asks for."""

    def __init__(self, cv, train, test):
        self.cv, self.train, self.test = cv, train, test

    def split(self, X, y=None, groups=None, **params):
        yield self.train, self.test

    def get_n_splits(self, X=None, y=None, groups=None, **params):
        return 1

    def get_metadata_routing(self):
        return get_routing_for_object(self.cv)


def mean_score(folds, metric):
    """A trial's value: the mean over its folds."""
    return float(np.mean([_score_of(fold, metric) for fold in folds]))


def _score_of(fold, metric):
    try:
        return fold[f"test_{metric}"]
    except KeyError:
        names = [name.removeprefix("test_") for name in fold if name.startswith("test_")]
        raise ValueError(f"the metrics are {', '.join(names)}; refit must name the one to optimise") from None


def score_rows(trials, n_splits, error_score):
    """A row for each trial and fold, as scikit-learn's `_fit_and_score` returns them.

    Folds of failed trials have the `error_score`, folds that were pruned NaN.
    """
    known = next(trial.user_attrs["folds"][0] for trial in trials if trial.state == TrialState.COMPLETE)
    rows = []
    for trial in trials:
        failed = trial.state == TrialState.FAIL
        folds = [] if failed else trial.user_attrs["folds"]
        missing = dict.fromkeys(known, error_score if failed else np.nan) | {"fit_time": np.nan, "score_time": np.nan}
        rows += [_row(fold) for fold in [*folds, *[missing] * (n_splits - len(folds))]]
    return rows


def _row(fold):
    row = {name: fold[name] for name in ("fit_time", "score_time")}
    for part in ("test", "train"):
        scores = {name.removeprefix(f"{part}_"): fold[name] for name in fold if name.startswith(f"{part}_")}
        if scores:
            row[f"{part}_scores"] = scores["score"] if list(scores) == ["score"] else scores
    return row
