"""`OptunaSearch`: a scikit-learn search that is tuned by Optuna, pruned by signer, and goes on where it stopped."""

from __future__ import annotations

import time
import warnings
from functools import partial
from threading import Event

import numpy as np
from optuna.pruners import NopPruner
from optuna.trial import TrialState
from sklearn import get_config
from sklearn.base import clone, is_classifier
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GroupKFold
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import check_random_state, indexable
from sklearn.utils.metadata_routing import MethodMapping

from ._search.folds import fit_folds, mean_score, score_rows
from ._search.progress import progress
from ._search.samplers import TrialSamplers
from ._search.splits import check_apart, is_number, splitter_of
from ._search.study import fingerprint, open_study
from ._search.trials import Watch, check_completed, claim, counted, run_trial, sigterm_exits, trials_of
from .spaces import check_space, lifter_space, parameters_of

__all__ = ["OptunaSearch", "lifter_space"]

POLL = 0.2  # seconds between looks at the trials of others, when there is none left to begin


class OptunaSearch(BaseSearchCV):
    """Search parameters by Optuna, with everything that a scikit-learn search has.

    A trial is a set of parameters, scored on every fold or pruned after some. With a storage, the same call goes on
    where one stopped or was killed, and several processes with the same call share the trials: `n_trials` in all.

    Parameters
    ----------
    estimator : estimator
    param_distributions : dict of str to optuna distribution, or callable
        Distributions by the names of parameters, see `lifter_space`. Or a function of an Optuna trial that suggests,
        and returns the parameters as a dict; it must do nothing else, as it is called again to read stored trials.
    n_trials : int or None, default=20
        In all, with those in the storage: completed, pruned, or failed by their own error. None: until the `timeout`.
    timeout : float, optional
        Seconds after which this call begins no further trial.
    sampler : optuna.samplers.BaseSampler, optional
        A copy is used, reseeded where a study goes on. Default: a `TPESampler`, seeded for each trial, so that a
        search that was stopped ends with the trials of one that was not.
    pruner : optuna.pruners.BasePruner, optional
        Asked after each fold, of whose score it is told at the fold's number. `WilcoxonPruner` is the one for this:
        it compares fold by fold, as signers differ. Default: no pruning.
    epoch_pruning : EpochPruning, optional
        Prunes within a fold, too.
    start : list of dict, default=()
        Parameters to try first, such as the defaults; what a dict does not name is sampled.
    storage : str, optional
        A database such as ``"sqlite:///tune.db"``, or else the path of a journal file. Default: memory.
    study_name : str, optional
        In the storage. ``{data}`` in it becomes a digest of the data, for nested cross-validation.
    grace_period : float, default=60
        Seconds without a sign of life, after which another process's trial is taken for killed, and tried again.
    cv : int, splitter, iterable or None
        As in `RandomizedSearchCV`, except that where `fit` is given ``groups``, a number is one of `GroupKFold`, and
        None that of 5 folds, or of as many as there are groups. The splits must be the same at each call, so
        shuffling takes a ``random_state``.
    scoring, n_jobs, refit, error_score, return_train_score
        As in `RandomizedSearchCV`; `n_jobs` is for the folds of a trial. Several metrics take the name of the one to
        optimise as `refit`. With ``error_score="raise"`` the first error of a trial ends the search.
    random_state : int, RandomState or None
        Of the default sampler.
    callbacks : list of callable, default=()
        Called with the study and each finished trial; ``study.stop()`` ends the search.
    progress_bar : bool, default=False
        On standard error.
    verbose : int, default=0
        1 prints a line a trial.

    Attributes
    ----------
    cv_results_ : dict
        As of any search: a row for each trial of the whole study, and the columns ``trial`` and ``state``. Scores of
        failed trials are `error_score`, scores of folds that were pruned NaN.
    best_params_, best_score_, best_index_, best_estimator_, refit_time_, scorer_, n_splits_, multimetric_
        As of any search; the best over the study.
    study_ : optuna.Study
        For Optuna's own tools.

    Raises
    ------
    ValueError
        By `fit`, if the study was begun on other data, or no trial was completed.

    Notes
    -----
    A trial that fails is recorded by its error, and a `FitFailedWarning` names it. On Ctrl-C the running trial is given
    back, and `fit` refits the best and returns, with a warning; a second Ctrl-C stops that, too. On SIGTERM it is given
    back, and the process ends. A killed process's trial is tried again by another. A process that finds all trials
    begun waits for the others, so that all end with the same best.

    scikit-learn's `cross_validate` fits and scores the folds. `fit` is not inherited: a call that finds all trials
    done has no fit to give scikit-learn's loop, and its table must hold other processes' trials.

    Examples
    --------
    >>> from optuna.distributions import FloatDistribution
    >>> from sklearn.model_selection import LeaveOneGroupOut
    >>> from liftz import FrameRidge, make_lifter
    >>> from liftz.datasets import make_signing
    >>> from liftz.tuning import OptunaSearch
    >>> data = make_signing(n_signers=3, n_clips=1, n_frames=30, random_state=0)
    >>> search = OptunaSearch(make_lifter(data.skeleton, FrameRidge()), cv=LeaveOneGroupOut(), n_trials=3,
    ...     param_distributions={"lift__regressor__alpha": FloatDistribution(0.01, 100, log=True)}, random_state=0)
    >>> search = search.fit(data.X, data.y, groups=data.groups)
    >>> len(search.cv_results_["params"]), search.predict(data.X)[0].shape
    (3, (30, 138))
    """

    def __init__(self, estimator, param_distributions, *, n_trials=20, timeout=None, sampler=None, pruner=None,
                 epoch_pruning=None, start=(), storage=None, study_name=None, grace_period=60.0, scoring=None,
                 n_jobs=None, refit=True, cv=None, error_score=np.nan, return_train_score=False, random_state=None,
                 callbacks=(), progress_bar=False, verbose=0):
        super().__init__(estimator, scoring=scoring, n_jobs=n_jobs, refit=refit, cv=cv, verbose=verbose,
                         error_score=error_score, return_train_score=return_train_score)
        self.param_distributions = param_distributions
        self.n_trials = n_trials
        self.timeout = timeout
        self.sampler = sampler
        self.pruner = pruner
        self.epoch_pruning = epoch_pruning
        self.start = start
        self.storage = storage
        self.study_name = study_name
        self.grace_period = grace_period
        self.random_state = random_state
        self.callbacks = callbacks
        self.progress_bar = progress_bar

    def fit(self, X, y=None, **params):
        """Search, and refit the best on all of X.

        Parameters
        ----------
        X, y : sequences of n_clips arrays, or whatever the estimator takes
        **params
            ``groups`` (signers) for `cv`, all else for the estimator's ``fit``; or by metadata routing. A fold with
            a group on both sides is warned of.

        Returns
        -------
        self
        """
        scorers, metric = self._get_scorers()
        metric = self.refit if isinstance(self.refit, str) else metric
        self._check(metric)
        X, y = indexable(X, y)
        routed = self._get_routed_params_for_fit(params)
        groups = routed.splitter.split.get("groups")
        cv = splitter_of(self.cv, y, groups, is_classifier(self.estimator))
        splits = list(cv.split(X, y, **routed.splitter.split))
        if groups is not None:
            check_apart(splits, groups)
        self.n_splits_ = len(splits)
        prints = fingerprint(X, y, params, splits, self.estimator, self.param_distributions, self.scoring)
        self.study_ = open_study(self.storage, self.study_name, prints, self.pruner or NopPruner())
        if not get_config()["enable_metadata_routing"]:
            params = {name: value for name, value in params.items() if name != "groups"}  # those are for cv alone
        self._search(metric, partial(
            fit_folds, X=X, y=y, cv=cv, splits=splits, metric=metric, epoch_pruning=self.epoch_pruning,
            n_jobs=self.n_jobs, params=params, scoring=self.scoring, return_train_score=self.return_train_score))
        self._tabulate(metric)
        self.scorer_ = getattr(scorers, "_scorers", scorers)
        if self.refit:
            self._refit(X, y, routed.estimator.fit)
        return self

    def get_metadata_routing(self):
        """What goes where: scikit-learn's, with groups for a `cv` that is a number."""
        router = super().get_metadata_routing()
        if is_number(self.cv):
            router.add(splitter=GroupKFold(), method_mapping=MethodMapping().add(caller="fit", callee="split"))
        return router

    def _check(self, metric):
        check_space(self.param_distributions, self.start, self.estimator)
        if self.n_trials is None and self.timeout is None:
            raise ValueError("n_trials and timeout are both None: the search would never end")
        if self.n_trials is not None and not (isinstance(self.n_trials, (int, np.integer)) and self.n_trials >= 1):
            raise ValueError(f"n_trials must be an integer of at least 1, or None, got {self.n_trials!r}")
        if not self.grace_period > 0:
            raise ValueError(f"grace_period must be above 0 seconds, got {self.grace_period!r}")
        if not isinstance(metric, str):
            raise ValueError(f"with several metrics, refit must name the one to optimise, got refit={self.refit!r}")

    def _search(self, metric, fold_scores):
        """Run trials until all are done; Ctrl-C ends it early."""
        study, stopped = self.study_, Event()
        study.stop = stopped.set  # Optuna's own is for Study.optimize; callbacks and samplers call it
        samplers = TrialSamplers(self.sampler, check_random_state(self.random_state).randint(2**31 - 1), self.start)
        study.sampler = samplers.given or study.sampler
        watch = Watch(study, self.grace_period)
        deadline = time.monotonic() + (np.inf if self.timeout is None else self.timeout)

        def evaluate(trial, slot):
            study.sampler = samplers(trial, slot)
            params = parameters_of(trial, self.param_distributions)
            estimator = clone(self.estimator).set_params(**clone(params, safe=False))
            return fold_scores(trial, estimator, earlier=counted(trials_of(study)) if self.epoch_pruning else ())

        try:
            with sigterm_exits(), progress(self.progress_bar, self.n_trials) as show:
                while not stopped.is_set() and time.monotonic() < deadline:
                    trials = trials_of(study)
                    show(trials)
                    watch.reap(trials)
                    trial, slot = claim(study, self.n_trials, trials)
                    if trial is not None:
                        done, error = run_trial(study, trial, slot, evaluate, partial(mean_score, metric=metric),
                                                grace=None if self.storage is None else self.grace_period)
                        self._tell(done, error)
                    elif len(counted(trials_of(study))) >= self.n_trials:
                        break
                    else:
                        time.sleep(POLL)  # others are at the last ones, and may yet be killed
        except KeyboardInterrupt:
            trials = counted(trials_of(study))
            if not any(trial.state == TrialState.COMPLETE for trial in trials):
                raise
            warnings.warn(f"interrupted after {len(trials)} trials; their best is refitted now. The same call goes on, "
                          f"if there is a storage", stacklevel=3)
        finally:
            del study.stop

    def _tell(self, trial, error):
        """Pass on what became of a trial."""
        if error is not None and self.error_score == "raise":
            raise error
        if error is not None:
            warnings.warn(f"trial {trial.number} failed: {trial.user_attrs.get('error', error)}; its parameters: "
                          f"{trial.params}", FitFailedWarning, stacklevel=4)
        if self.verbose:
            print(f"trial {trial.number}: {trial.state.name.lower()}, value {trial.value}, {trial.params}")
        for callback in self.callbacks or ():
            callback(self.study_, trial)

    def _tabulate(self, metric):
        trials = counted(trials_of(self.study_))
        check_completed(trials)
        rows = score_rows(trials, self.n_splits_, self.error_score)
        self.multimetric_ = isinstance(rows[0]["test_scores"], dict)
        params = [parameters_of(trial, self.param_distributions) for trial in trials]
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "One or more of the .* scores are non-finite")  # of what was pruned
            self.cv_results_ = self._format_results(params, self.n_splits_, rows, {
                "trial": [trial.number for trial in trials], "state": [trial.state.name.lower() for trial in trials]})
        if self.refit or not self.multimetric_:
            self.best_index_ = self._select_best_index(self.refit, metric, self.cv_results_)
            self.best_params_ = params[self.best_index_]
            if not callable(self.refit):
                self.best_score_ = self.cv_results_[f"mean_test_{metric}"][self.best_index_]

    def _refit(self, X, y, fit_params):
        begin = time.time()
        self.best_estimator_ = clone(self.estimator).set_params(**clone(self.best_params_, safe=False))
        self.best_estimator_.fit(X, *(() if y is None else (y,)), **fit_params)
        self.refit_time_ = time.time() - begin
        if hasattr(self.best_estimator_, "feature_names_in_"):
            self.feature_names_in_ = self.best_estimator_.feature_names_in_
