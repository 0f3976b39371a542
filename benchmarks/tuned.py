"""Is the tuned lifter better than the default, on the signer who took no part? On ISL-Kinect.

    python benchmarks/tuned.py FOLDER --fold S02 --trials 40 --track T1
    python benchmarks/tuned.py FOLDER --tables       # what is in the results so far

Tunes on all signers but one, over groups of these signers, and measures both lifters on the one left out: MPJPE in mm
from SpineBase, over all joints but the root, as P1 (T1) and P2 (T2) of `signers.py`. Trials are kept in a journal,
and a finished fold is a line of the results; the same command goes on where it stopped, and several of it with the
same arguments share the trials. A trial has one net; the lifters that are measured have three.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from optuna.pruners import WilcoxonPruner
from signers import check_no_leak
from sklearn.base import clone
from sklearn.model_selection import GroupKFold

from liftz import make_lifter
from liftz.datasets import load_isl_kinect, project
from liftz.metrics import error_parts
from liftz.tuning import OptunaSearch, lifter_space


def tune(lifter, X, y, groups, *, trials, folds, epochs, journal, name, seed, jobs):
    """A search over groups of signers, done but for the refit; the recipe's own parameters come first."""
    space = lifter_space(lifter, max_epochs=epochs)
    params = lifter.get_params()
    own = {key: params[key] for key in space if params[key] is not None}
    search = OptunaSearch(clone(lifter).set_params(lift__regressor__n_nets=1), space, start=[own], n_trials=trials,
                          pruner=WilcoxonPruner(p_threshold=0.2), cv=GroupKFold(folds), refit=False, random_state=seed,
                          n_jobs=jobs, storage=journal, study_name=name, progress_bar=True)
    return search.fit(X, y, groups=groups)


def measure(options, data, X):
    """The result of one fold: both lifters on the signer left out, and what was chosen."""
    train, test = np.flatnonzero(data.groups != options.fold), np.flatnonzero(data.groups == options.fold)
    if not len(test):
        raise SystemExit(f"--fold must be one of {', '.join(sorted(set(data.groups)))}, got {options.fold}")
    check_no_leak(X, data.groups, train, test)
    few = {"max_epochs": 1, "n_nets": 1} if options.quick else {}
    lifter = make_lifter(data.skeleton, random_state=options.seed, device=options.device, **few)
    start = time.perf_counter()
    search = tune(lifter, X[train], data.y[train], data.groups[train], trials=options.trials, folds=options.folds,
                  epochs=options.epochs, journal=str(options.results.with_suffix(".journal")), seed=options.seed,
                  name=f"{options.track} {options.fold} {options.seed}", jobs=options.jobs)
    line = {**key(options), "trials": len(search.cv_results_["params"]), "inner": round(-search.best_score_, 3),
            "search_seconds": round(time.perf_counter() - start), "params": search.best_params_}
    for name, params in {"default": {}, "tuned": search.best_params_}.items():
        lifter.set_params(**params).fit(X[train], data.y[train])
        parts = error_parts(data.y[test], lifter.predict(X[test]), skeleton=data.skeleton)
        line |= {f"{name}_{part}": round(float(value), 3) for part, value in parts.items()}
    return line


def key(options):
    return {"track": options.track, "signer": options.fold, "seed": options.seed, "n_trials": options.trials}


def tables(lines):
    """Per track: both errors for each signer left out, and their means."""
    for track in sorted({line["track"] for line in lines}):
        found = sorted((line for line in lines if line["track"] == track), key=lambda line: line["signer"])
        print(f"\n{track}\nsigner  seed  trials  default  tuned  difference  chosen")
        for line in found:
            chosen = ", ".join(f"{name.rpartition('regressor__')[2]} {value:.3g}" if isinstance(value, float) else
                               f"{name.rpartition('regressor__')[2]} {value}" for name, value in line["params"].items())
            print(f"{line['signer']:6s} {line['seed']:5d} {line['trials']:7d} {line['default_error']:8.2f} "
                  f"{line['tuned_error']:6.2f} {line['tuned_error'] - line['default_error']:+11.2f}  {chosen}")
        default, tuned = (np.array([line[f"{name}_error"] for line in found]) for name in ("default", "tuned"))
        print(f"mean   {'':13s} {default.mean():8.2f} {tuned.mean():6.2f} {(tuned - default).mean():+11.2f}  "
              f"better for {(tuned < default).sum()} of {len(found)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="of ISL-Kinect")
    parser.add_argument("--fold", default="S01", help="the signer left out")
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--track", choices=["T1", "T2"], default="T1")
    parser.add_argument("--folds", type=int, default=4, help="groups of the other signers")
    parser.add_argument("--epochs", type=int, nargs=2, default=(10, 60), help="fewest and most passes to try")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="folds at once")
    parser.add_argument("--device", default="cpu", help="where torch computes")
    parser.add_argument("--quick", action="store_true", help="one sign, one net, few epochs: does it run?")
    parser.add_argument("--results", type=Path, default=Path("tuned.jsonl"))
    parser.add_argument("--tables", action="store_true", help="print what is there, and measure nothing")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # of pruners that Optuna calls experimental
    lines = [json.loads(line) for line in options.results.read_text().splitlines()] if options.results.exists() else []
    if not options.tables and not any(key(options).items() <= line.items() for line in lines):
        data = load_isl_kinect(options.folder)
        if options.quick:
            options.epochs, some = (1, 2), data.signs == data.signs[0]
            data.X, data.y, data.groups = data.X[some], data.y[some], data.groups[some]
        X = project(data, options.track, random_state=options.seed)
        lines.append(measure(options, data, X))
        with open(options.results, "a") as file:
            file.write(json.dumps(lines[-1]) + "\n")
    tables(lines)


if __name__ == "__main__":
    main()
