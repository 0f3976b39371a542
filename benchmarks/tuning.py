"""What `OptunaSearch` costs, gains and survives.

    python benchmarks/tuning.py kills      # kill -9 at 20 random instants of two processes, SQLite and journal
    python benchmarks/tuning.py overhead   # CPU time of a trial beside its fits
    python benchmarks/tuning.py workers    # two processes against one; wants two cores that have nothing else to do
    python benchmarks/tuning.py pruning    # trials and errors for the same CPU time, with pruning and without
    python benchmarks/tuning.py rivals     # and with optuna-integration's search; needs that, and pandas
    python benchmarks/tuning.py            # all of them

The first three search over an estimator that sleeps or computes, the last two over small lifters of synthetic
signers, so that all run anywhere; `tuned.py` beside this has the real ones. The last two take 3 minutes of CPU a seed
and keep what is measured in `--results`: they go on where they stopped, and print the table of all that is there. To
measure anew, give another file.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from optuna.distributions import FloatDistribution
from optuna.pruners import WilcoxonPruner
from optuna.trial import TrialState
from searches import ALONE, PRUNED, compare
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import LeaveOneGroupOut

from liftz.tuning import OptunaSearch

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
        return -abs(self.x - 0.3) * (1 + 0.1 * float(np.mean(X)))


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
    """Nearly as many parameters as `lifter_space` has."""
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


def measure_workers(seconds=0.3, n_trials=16, n_times=3):
    """Wall-clock time of a study by one process and by two, in turns: of trials that sleep, and of ones that compute.

    Sleeping shows what the search itself keeps the other process waiting for, also on cores that are busy.
    """
    with tempfile.TemporaryDirectory() as folder:
        burn(storages(folder)["SQLite"], 1)  # so that the processes, forked, have nothing left to import
    if hasattr(os, "getloadavg"):
        print(f"workers: {os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}")
    for what in ("sleep", "compute"):
        took = np.array([[_race(n, n_trials, seconds, what == "compute") for n in (1, 2)] for _ in range(n_times)])
        ratios = took[:, 0] / took[:, 1]
        one, two = np.median(took, axis=0)
        print(f"workers: {n_trials} trials that {what} {3 * seconds:g} s in three folds, on SQLite: {one:.1f} s by one "
              f"process, {two:.1f} s by two, {np.median(ratios):.2f} times as fast ({ratios.min():.2f} to "
              f"{ratios.max():.2f}, {n_times} times in turns)")


def _race(n_workers, n_trials, seconds, computes):
    """Seconds that a study takes several processes."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        workers = [process(worker, storages(folder)["SQLite"], n_trials, f"{folder}/told-{i}.txt", seconds, computes)
                   for i in range(n_workers)]
        for one in workers:
            one.join()
            assert one.exitcode == 0
        return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", nargs="+", type=int, default=[3, 4, 5],
                        help="of pruning and rivals; 0 to 2 chose the pruner's threshold")
    parser.add_argument("--results", type=Path, default=Path(__file__).with_name("searches.jsonl"),
                        help="of pruning and rivals")
    parts = {"kills": measure_kills, "overhead": measure_overhead, "workers": measure_workers,
             "pruning": lambda: compare((ALONE, *PRUNED), options.seeds, options.results),
             "rivals": lambda: compare(("OptunaSearchCV", ALONE, *PRUNED), options.seeds, options.results)}
    parser.add_argument("part", nargs="?", choices=parts, help="default: all")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # of experimental pruners, and of torn lines
    for name, run in parts.items():
        if options.part in (None, name):
            run()


if __name__ == "__main__":
    main()
