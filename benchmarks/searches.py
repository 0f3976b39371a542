"""Searches side by side: the same lifter, signers and CPU time, and what the winner is worth on others.

Synthetic signers: eight to tune on, by leaving one out, and sixteen that no search sees; both new for each seed. The
budget is the CPU time that random search takes for its candidates, refit included. `tuning.py` beside this is the
command; OptunaSearchCV takes ``pip install optuna-integration pandas``.
"""

from __future__ import annotations

import json
import time

import numpy as np
import optuna
import torch
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.pruners import MedianPruner, WilcoxonPruner
from sklearn.base import clone
from sklearn.model_selection import LeaveOneGroupOut, RandomizedSearchCV

from liftz.tuning import OptunaSearch, lifter_space

__all__ = ["compare"]

RANDOM, N_RANDOM = "RandomizedSearchCV", 20
ALONE = "OptunaSearch"
PRUNED = (f"{ALONE}, pruned by fold", f"{ALONE}, by fold and epoch")


def small(seed, n_tune=8, n_out=16):
    """Signers to tune on and signers to test on, a small lifter, and what to search."""
    from liftz import make_lifter
    from liftz.datasets import make_signing

    data = make_signing(n_signers=n_tune + n_out, n_clips=2, n_frames=(30, 40), random_state=seed)
    lifter = make_lifter(data.skeleton, select="body", n_nets=1, stride=2, one_size=False, along_bones=0.0,
                         hidden_size=32, batch_size=8, max_epochs=12, augment=None, random_state=0,
                         early_stopping=True, patience=100, validation_fraction=0.15)
    names = ("lr", "max_epochs", "hidden_size", "dropout", "window")
    space = {f"lift__regressor__{name}": lifter_space(lifter, max_epochs=(8, 16))[f"lift__regressor__{name}"]
             for name in names}
    space["lift__regressor__lr"] = FloatDistribution(1e-5, 1e-1, log=True)
    space["lift__regressor__hidden_size"] = IntDistribution(8, 64)
    test = np.isin(data.groups, sorted(set(data.groups))[-n_out:])
    return data, test, lifter, space


def until(seconds):
    """A callback that ends a search where one more trial like those before would exceed so much CPU time."""
    begin, done = time.process_time(), []

    def stop(study, trial):
        done.append(trial)
        elapsed = time.process_time() - begin
        if elapsed * (1 + 1 / len(done)) > seconds:
            study.stop()

    return stop


def search(way, lifter, space, seed, budget):
    """The search of that name, to be fitted at once: its time has begun."""
    options = {"cv": LeaveOneGroupOut(), "random_state": seed}
    if way == RANDOM:
        from scipy.stats import loguniform, randint, uniform

        drawn = (loguniform(1e-5, 1e-1), randint(8, 17), randint(8, 65), uniform(0, 0.5), [60, 120, 180, 240, 300])
        return RandomizedSearchCV(lifter, dict(zip(space, drawn, strict=True)), n_iter=N_RANDOM, **options)
    options |= {"n_trials": None, "timeout": 3600, "callbacks": [until(budget)]}
    if way == "OptunaSearchCV":
        from optuna_integration import OptunaSearchCV

        return OptunaSearchCV(lifter, space, verbose=0, **options)
    if way in PRUNED:
        options["pruner"] = WilcoxonPruner(p_threshold=0.3)
    if way == PRUNED[1]:
        from liftz.pruning import EpochPruning

        options["epoch_pruning"] = EpochPruning(pruner=MedianPruner(n_startup_trials=4, n_warmup_steps=4))
    return OptunaSearch(lifter, space, **options)


def measure(way, seed, budget):
    """The result line of a search; without a way, of the lifter as it was before."""
    data, test, lifter, space = small(seed)
    X, y, signers = data.X[~test], data.y[~test], data.groups[~test]
    line = {"way": way, "seed": seed}
    if not way:
        fitted = clone(lifter).fit(X, y, lift__groups=signers)
        return line | {"error": round(-fitted.score(data.X[test], data.y[test]), 4)}
    begin = time.process_time()
    found = search(way, lifter, space, seed, budget).fit(X, y, groups=signers, lift__groups=signers)
    took = time.process_time() - begin
    params, states = (list(found.cv_results_.get(name, ())) for name in ("params", "state"))
    return line | {"trials": len(params or found.trials_), "pruned": states.count("pruned"),
                   "seconds": round(took, 2), "own": round(-found.best_score_, 4),
                   "error": round(-found.best_estimator_.score(data.X[test], data.y[test]), 4)}


def compare(ways, seeds, results):
    """Measure what is not in the results yet, and print the table of all that is there of these ways."""
    from signers import read

    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    lines = read(results)
    for seed in seeds:
        for way in ("", RANDOM, *ways):
            done = {line["way"]: line for line in lines if line["seed"] == seed}
            if way not in done:
                lines.append(measure(way, seed, done.get(RANDOM, {}).get("seconds")))
                with open(results, "a", encoding="utf-8") as file:
                    file.write(json.dumps(lines[-1]) + "\n")
    print(table(lines, ("", RANDOM, *ways)))


def table(lines, ways):
    """A row for each way: means over seeds, how far the seeds lie apart, and each seed beside random search."""
    seeds = sorted({line["seed"] for line in lines})
    rows = [f"Means over {len(seeds)} seeds, ± their standard deviation; errors in cm.", "",
            "| search | trials | pruned | a minute of CPU | error on its own folds | error on signers never seen | "
            "less than by random search |", "|---|---|---|---|---|---|---|"]
    drawn = {line["seed"]: line["error"] for line in lines if line["way"] == RANDOM}
    for way in ways:
        own = [line for line in lines if line["way"] == way]
        column = {name: np.array([line[name] for line in own]) for name in own[0] if name != "way"}
        error = f"{column['error'].mean():.2f} ± {column['error'].std():.2f}"
        if not way:
            rows.append(f"| none: the lifter as it is | | | | | {error} | |")
            continue
        less = np.array([drawn[seed] for seed in column["seed"]]) - column["error"]
        beside = "" if way == RANDOM else f"{less.mean():.2f}, for {np.sum(less > 0)} of {len(less)} seeds "
        a_minute = 60 * column["trials"].sum() / column["seconds"].sum()
        rows.append(f"| {way} | {column['trials'].mean():.0f} | {column['pruned'].mean():.0f} | {a_minute:.0f} | "
                    f"{column['own'].mean():.2f} ± {column['own'].std():.2f} | {error} | {beside}|")
    return "\n".join(rows)
