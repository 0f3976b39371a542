"""What `OptunaSearch` costs, gains and survives.

    python benchmarks/tuning.py kills      # kill -9 at 20 random instants of two processes, SQLite and journal
    python benchmarks/tuning.py overhead   # CPU time of a trial beside its fits
    python benchmarks/tuning.py workers    # two processes against one
    python benchmarks/tuning.py pruning    # trials in the same CPU time, with pruning and without
    python benchmarks/tuning.py rivals     # against scikit-learn's and optuna-integration's searches (needs pandas)
    python benchmarks/tuning.py            # all of them

Each takes minutes of one or two cores. Ratios are of one run on one machine. Lifters are small and signers
synthetic here, so that it runs anywhere; `tuned.py` beside this has the real ones.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.pruners import MedianPruner, WilcoxonPruner
from optuna.trial import TrialState
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import LeaveOneGroupOut, RandomizedSearchCV

from liftz.tuning import OptunaSearch, lifter_space

GRACE = 2.0  # seconds


class Burner(RegressorMixin, BaseEstimator):
    """Sleeps or computes for some seconds, and is the better the nearer `x` is to 0.3."""

    def __init__(self, x=0.0, seconds=0.0, burn=False):
        self.x, self.seconds, self.burn = x, seconds, burn

    def fit(self, X, y):
        if self.burn:
            end = time.process_time() + self.seconds
            while time.process_time() < end:
                pass
        else:
            time.sleep(self.seconds)
        self.level_ = float(np.mean(y))
        return self

    def score(self, X, y):
        """Of each signer a little other, as signers are."""
        return -abs(self.x - 0.3 - 0.01 * float(np.mean(X)))


def burn(storage=None, n_trials=10, n_signers=3, seconds=0.0, burn=False, space=None, **options):
    """A search over a `Burner`, fitted."""
    X, groups = np.arange(n_signers)[:, None].repeat(2, axis=0), np.arange(n_signers).repeat(2)
    search = OptunaSearch(Burner(seconds=seconds, burn=burn), space or {"x": FloatDistribution(0, 1)},
                          cv=LeaveOneGroupOut(), n_trials=n_trials, storage=storage,
                          study_name=None if storage is None else "burner", random_state=0, **options)
    return search.fit(X, np.zeros(len(X)), groups=groups)


def storages(folder):
    return {"memory": None, "SQLite": f"sqlite:///{folder}/tune.db", "journal": f"{folder}/tune.journal"}


def process(target, *args):
    """Another process, begun."""
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    worker = multiprocessing.get_context(method).Process(target=target, args=args)
    worker.start()
    return worker


def worker(storage, n_trials, told, seconds, computes=False):
    """Search, and write down each trial that was told to be completed, and the best in the end."""
    def write(line):
        with open(told, "a") as file:
            file.write(line + "\n")

    def completed(study, trial):
        write(f"trial {trial.number} {trial.value!r}")

    warnings.simplefilter("ignore")
    write("begun")
    search = burn(storage, n_trials, seconds=seconds, burn=computes, grace_period=GRACE, callbacks=[completed])
    write(f"best {float(search.best_score_)!r}")


def survive(storage, n_kills, n_trials, folder, seed=0, seconds=0.05):
    """Kill two processes that share a study, one or the other, at random instants, and go on until all is done.

    Returns
    -------
    study : optuna.Study
    kills : int
        How often a process was killed at work.

    Raises
    ------
    AssertionError
        If a trial was lost, left running or superfluous, or the result is not what the storage says.
    """
    rng, told = random.Random(seed), [Path(folder) / f"told-{i}.txt" for i in range(2)]
    burn(f"sqlite:///{folder}/other.db", 1)  # so that the processes, forked, have nothing left to import
    workers = [process(worker, storage, n_trials, path, seconds) for path in told]
    kills = 0

    def n_told():
        return sum(len(path.read_text().splitlines()) for path in told if path.exists())

    while kills < n_kills and any(w.is_alive() for w in workers):
        # By progress, not by the clock: a quick machine would be done before the kills are.
        goal = n_told() + rng.randint(0, n_trials // (2 * n_kills))
        while n_told() < goal and any(w.is_alive() for w in workers):
            time.sleep(0.002)
        time.sleep(rng.uniform(0.0, 2 * seconds))
        i = rng.randrange(2)
        if workers[i].is_alive():
            workers[i].kill()
            workers[i].join()
            kills += 1
            workers[i] = process(worker, storage, n_trials, told[i], seconds)
    for w in workers:
        w.join(600)
        assert w.exitcode == 0, f"a process ended with {w.exitcode}"
    search = burn(storage, n_trials, seconds=seconds)
    trials = search.study_.trials
    lines = [line.split() for path in told for line in path.read_text().splitlines()]
    completed = {int(line[1]): float(line[2]) for line in lines if line[0] == "trial"}
    assert all(trials[n].state == TrialState.COMPLETE and trials[n].value == value for n, value in completed.items()), \
        "a completed trial was lost"
    assert sum(t.state == TrialState.COMPLETE for t in trials) == n_trials, "the total is wrong"
    assert len(search.cv_results_["params"]) == n_trials
    assert not any(t.state in (TrialState.RUNNING, TrialState.WAITING) for t in trials), "a trial is left running"
    best = max(t.value for t in trials if t.state == TrialState.COMPLETE)
    assert search.best_score_ == best
    assert {float(line[1]) for line in lines if line[0] == "best"} == {best}, "a process ended with another best"
    return search.study_, kills


def measure_kills(n_kills=20, n_trials=150):
    """`survive`, on both kinds of storage."""
    for kind in ("SQLite", "journal"):
        with tempfile.TemporaryDirectory() as folder:
            storage = storages(folder)[kind]
            start = time.perf_counter()
            study, kills = survive(storage, n_kills, n_trials, folder)
            given_back = len(study.trials) - n_trials
            print(f"{kind}: killed {kills} times; {n_trials} of {n_trials} trials completed, {given_back} tried again, "
                  f"none left running, both ended with the storage's best; {time.perf_counter() - start:.0f} s")


def thirteen(trial):
    """As many parameters as `lifter_space` has."""
    return {"x": np.mean([trial.suggest_float(f"x{i}", 0, 1) for i in range(13)])}


def measure_overhead(n_trials=4, n_many=100):
    """CPU time that a trial takes while its fits sleep: scikit-learn's, Optuna's and ours together."""
    for kind in ("memory", "SQLite", "journal"):
        ends: list = []
        told = {"callbacks": [lambda study, trial, ends=ends: ends.append(time.process_time())],
                "pruner": WilcoxonPruner(), "n_signers": 5}
        with tempfile.TemporaryDirectory() as folder:
            burn(storages(folder)[kind], n_trials + 1, seconds=1.0, **told)  # the first also opens the storage
        slept = (ends[-1] - ends[0]) / n_trials
        with tempfile.TemporaryDirectory() as folder:
            burn(storages(folder)[kind], n_many, space=thirteen, **told)
        last = (ends[-1] - ends[-11]) / 10
        print(f"overhead, {kind}: {1000 * slept:.0f} ms of CPU a trial of five folds and 5 s, {slept / 5:.1%}; the "
              f"last of {n_many} trials with 13 parameters {1000 * last:.0f} ms, {last / 5:.1%}")


def measure_workers(seconds=0.3, n_trials=16):
    """Wall-clock time of a study by one process and by two, as each computes."""
    took = {1: [], 2: []}
    for _ in range(2):
        for n in took:
            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter()
                storage = storages(folder)["SQLite"]
                workers = [process(worker, storage, n_trials, f"{folder}/told-{i}.txt", seconds, True)
                           for i in range(n)]
                for w in workers:
                    w.join()
                    assert w.exitcode == 0
                took[n].append(time.perf_counter() - start)
    one, two = min(took[1]), min(took[2])
    print(f"workers: {n_trials} trials of three folds, {3 * seconds:g} s of CPU each, on SQLite: {one:.1f} s by one "
          f"process, {two:.1f} s by two, {one / two:.2f} times as fast")


def small(seed=0, n_signers=12, n_out=4):
    """Synthetic signers to tune on, others to test on, a small lifter, and what to search."""
    from liftz import make_lifter
    from liftz.datasets import make_signing

    data = make_signing(n_signers=n_signers, n_clips=2, n_frames=(30, 40), random_state=seed)
    lifter = make_lifter(data.skeleton, select="body", n_nets=1, hidden_size=32, batch_size=8, augment=None,
                         random_state=0, early_stopping=True, patience=100, validation_fraction=0.15)
    names = ("lr", "max_epochs", "hidden_size", "dropout", "window")
    space = {f"lift__regressor__{name}": lifter_space(lifter, max_epochs=(8, 16))[f"lift__regressor__{name}"]
             for name in names}
    space["lift__regressor__lr"] = FloatDistribution(1e-5, 1e-1, log=True)
    space["lift__regressor__hidden_size"] = IntDistribution(8, 64)
    test = np.isin(data.groups, sorted(set(data.groups))[-n_out:])
    return data, test, lifter, space


def until(seconds):
    """A callback that ends a search after so much CPU time from now on."""
    end = time.process_time() + seconds

    def stop(study, trial):
        if time.process_time() > end:
            study.stop()

    return stop


def tuned(data, test, lifter, space, seconds, seed=0, **options):
    """A search on all but the test signers, within a budget of CPU time."""
    X, y, groups = data.X[~test], data.y[~test], data.groups[~test]
    search = OptunaSearch(lifter, space, n_trials=None, timeout=3600, cv=LeaveOneGroupOut(), random_state=seed,
                          callbacks=[until(seconds)], refit=options.pop("refit", True), **options)
    return search.fit(X, y, groups=groups, lift__groups=groups)


def measure_pruning(seconds=40.0):
    """How many trials a budget of CPU time is enough for."""
    from liftz.pruning import EpochPruning

    data, test, lifter, space = small()
    by_epoch = EpochPruning(pruner=MedianPruner(n_startup_trials=4, n_warmup_steps=1))
    ways = {"no pruning": {}, "by fold": {"pruner": WilcoxonPruner(p_threshold=0.2)},
            "by fold and epoch": {"pruner": WilcoxonPruner(p_threshold=0.2), "epoch_pruning": by_epoch}}
    counts = {}
    for way, options in ways.items():
        search = tuned(data, test, lifter, space, seconds, refit=False, **options)
        states = search.cv_results_["state"].tolist()
        counts[way] = len(states)
        print(f"pruning: {way}: {len(states)} trials in {seconds:.0f} s of CPU, {states.count('pruned')} pruned, "
              f"{counts[way] / counts['no pruning']:.1f} times as many; best {-search.best_score_:.3f} {data.units}")


def measure_rivals(n_iter=8, seed=0):
    """The honest error after the CPU time that `n_iter` candidates take RandomizedSearchCV."""
    from optuna_integration import OptunaSearchCV
    from scipy.stats import loguniform, randint, uniform

    data, test, lifter, space = small(seed)
    X, y, groups = data.X[~test], data.y[~test], data.groups[~test]
    names = list(space)
    drawn = dict(zip(names, (loguniform(1e-5, 1e-1), randint(8, 17), randint(8, 65), uniform(0, 0.5),
                             [60, 120, 180, 240, 300]), strict=True))

    def report(name, search, start, n_trials):
        took = time.process_time() - start
        error = -search.best_estimator_.score(data.X[test], data.y[test])
        print(f"rivals, seed {seed}: {name}: {n_trials} trials, {60 * n_trials / took:.1f} a minute of CPU; inner "
              f"error {-search.best_score_:.3f}, on signers never seen {error:.3f} {data.units}")
        return took

    start = time.process_time()
    search = RandomizedSearchCV(lifter, drawn, n_iter=n_iter, cv=LeaveOneGroupOut(), random_state=seed)
    search.fit(X, y, groups=groups, lift__groups=groups)
    budget = report("RandomizedSearchCV", search, start, n_iter)
    start = time.process_time()
    search = OptunaSearchCV(lifter, space, cv=LeaveOneGroupOut(), n_trials=None, timeout=3600, random_state=seed,
                            callbacks=[until(budget)], verbose=0)
    search.fit(X, y, groups=groups, lift__groups=groups)
    report("OptunaSearchCV", search, start, len(search.trials_))
    for name, options in {"OptunaSearch": {}, "OptunaSearch, pruned by fold": {
            "pruner": WilcoxonPruner(p_threshold=0.2)}}.items():
        start = time.process_time()
        search = tuned(data, test, lifter, space, budget, seed, **options)
        report(name, search, start, len(search.cv_results_["params"]))


def main():
    parts = {"kills": measure_kills, "overhead": measure_overhead, "workers": measure_workers,
             "pruning": measure_pruning, "rivals": measure_rivals}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", choices=parts, help="default: all")
    part = parser.parse_args().part
    warnings.simplefilter("ignore")  # of experimental pruners, and of torn lines
    for name, measure in parts.items():
        if part in (None, name):
            measure()


if __name__ == "__main__":
    main()
