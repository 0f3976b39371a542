"""Is a tuned lifter or rival better than as it is, on signers who took no part? On ISL-Kinect, of every second frame.

    python benchmarks/tuned.py FOLDER --without S02 S04 --track T1    # two signers, half an hour of a core
    python benchmarks/tuned.py FOLDER --without S02 S04 --model transformer
    python benchmarks/tuned.py FOLDER --without S02 --quick           # does it run?
    python benchmarks/tuned.py FOLDER --tables                        # what is in the results so far

Tunes without some signers, over groups of the others, and then measures both lifters on each of those left out, in
turn: trained on everybody else, MPJPE in mm from SpineBase over all joints but the root, as P1 (T1) and P2 (T2) of
`signers.py`. To be affordable, a trial is one net, trained for a third of the batches on one repetition from each view,
and the lifters that are measured are of few nets; these train as ever, on everything. What is searched are six
parameters that do not change how long a fit takes, or not much; of a rival, which is one net and varies no bodies, the
four that it has of them, from the size that it has to half more or less. Trials are kept in a journal, and a finished
signer is a line of the results: the same command goes on where it stopped, and several at once share the trials.
"""

from __future__ import annotations

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
import torch
from levers import every_second
from optuna.distributions import IntDistribution
from optuna.pruners import WilcoxonPruner
from protocols import check_no_leak
from rivals import rivals
from signers import read
from sklearn.base import clone
from sklearn.model_selection import GroupKFold

from liftz.datasets import load_isl_kinect, project
from liftz.metrics import error_parts
from liftz.skeletons import KINECT_20
from liftz.tuning import OptunaSearch, lifter_space

SEARCHED = ("lr", "hidden_size", "dropout", "velocity", "augment__share", "augment__posture")
RIVALS = [name for name in rivals(KINECT_20, 0) if name != "Fourier ridge"]
PREFIX = "lift__regressor__"


def tune(lifter, X, y, groups, options):
    """A search over groups of signers, done but for the refit; the recipe's own parameters come first."""
    whole = lifter_space(lifter)
    space = {PREFIX + name: whole[PREFIX + name] for name in SEARCHED if PREFIX + name in whole}
    size = lifter.get_params()[f"{PREFIX}hidden_size"]
    space[f"{PREFIX}hidden_size"] = (IntDistribution(64, 192, log=True) if options.model == "lifter" else
                                     IntDistribution(size // 2, size * 3 // 2, step=size // 4))
    cheap = clone(lifter).set_params(**{f"{PREFIX}n_nets": 1, f"{PREFIX}max_epochs": options.epochs})
    search = OptunaSearch(cheap, space, start=[{name: lifter.get_params()[name] for name in space}],
                          n_trials=options.trials, pruner=WilcoxonPruner(p_threshold=0.3),  # worse in two folds of two
                          cv=GroupKFold(options.folds), refit=False, random_state=options.seed,
                          storage=str(options.results.with_suffix(".journal")), study_name="tuned-{data}",
                          progress_bar=True)
    return search.fit(X, y, groups=groups, lift__groups=groups)


def search_without(signers, options, data, X, lifter):
    """The search, on few clips of everybody else."""
    others = np.flatnonzero(~np.isin(data.groups, signers) & np.isin(data.repetitions, options.repetitions))
    check_no_leak(X, data.groups, others, np.flatnonzero(np.isin(data.groups, signers)))
    return tune(lifter, X[others], data.y[others], data.groups[others], options)


def measure(signer, params, options, data, X, lifter):
    """Errors of both models, by their parts, on a signer left out."""
    train, test = np.flatnonzero(data.groups != signer), np.flatnonzero(data.groups == signer)
    check_no_leak(X, data.groups, train, test)
    found = {}
    for name, changed in {"default": {}, "tuned": params}.items():
        tuned = clone(lifter).set_params(**changed)
        if changed and repr(tuned.get_params()) == repr(lifter.get_params()):  # nothing better was found
            found["tuned"] = found["default"]
            continue
        tuned.fit(X[train], data.y[train], groups=data.groups[train])
        found[name] = error_parts(data.y[test], tuned.predict(X[test]), skeleton=data.skeleton)
    return {f"{name}_{part}": round(float(value), 3) for name, parts in found.items() for part, value in parts.items()}


def results(options, data):
    """A line for each of the signers left out that is not done, nor was meanwhile by another process."""
    unknown = set(options.without) - set(data.groups)
    if unknown:
        raise SystemExit(f"--without must be of {', '.join(sorted(set(data.groups)))}, got {sorted(unknown)[0]}")
    if all(is_done(signer, options) for signer in options.without):
        return
    X = project(data, options.track, random_state=options.seed)
    lifter = (every_second(data.skeleton, n_nets=options.nets, random_state=options.seed, device=options.device)
              if options.model == "lifter" else
              rivals(data.skeleton, options.seed, device=options.device)[options.model])
    if options.quick:
        lifter.set_params(**{f"{PREFIX}max_epochs": 1})
    search = search_without(options.without, options, data, X, lifter)
    for signer in options.without:
        if is_done(signer, options):
            continue
        yield {**key(signer, options), "pruned": int(np.sum(search.cv_results_["state"] == "pruned")),
               "own_default": round(-search.cv_results_["mean_test_score"][0], 3),
               "own": round(-search.best_score_, 3), "params": search.best_params_,
               **measure(signer, search.best_params_, options, data, X, lifter)}


def key(signer, options):
    return {"track": options.track, "signer": signer, "without": sorted(options.without), **settings(options)}


def settings(options):
    return {"model": options.model, "seed": options.seed, "n_trials": options.trials, "n_nets": options.nets,
            "epochs": options.epochs,
            "folds": options.folds, "repetitions": options.repetitions}


def is_done(signer, options):
    return any(key(signer, options).items() <= line.items() for line in read(options.results))


def tables(lines):
    """Per track: both errors for each signer left out, and their means; of lines of one kind."""
    for track in sorted({line["track"] for line in lines}):
        found = sorted((line for line in lines if line["track"] == track), key=lambda line: line["signer"])
        print(f"\n{track}, {found[0]['model']}\nsigner  seed  trials  pruned  default   tuned  difference  chosen")
        for line in found:
            chosen = ", ".join(f"{name.removeprefix(PREFIX)} {value:.3g}" for name, value in line["params"].items())
            print(f"{line['signer']:6s} {line['seed']:5d} {line['n_trials']:7d} {line['pruned']:7d} "
                  f"{line['default_error']:8.2f} {line['tuned_error']:7.2f} "
                  f"{line['tuned_error'] - line['default_error']:+11.2f}  {chosen}")
        default, tuned = (np.array([line[f"{name}_error"] for line in found]) for name in ("default", "tuned"))
        print(f"mean   {'':21s} {default.mean():8.2f} {tuned.mean():7.2f} {(tuned - default).mean():+11.2f}  "
              f"better for {(tuned < default).sum()} of {len(found)}")
        searches = {tuple(line["without"]): line["own"] / line["own_default"] - 1 for line in found}
        shares = tuned / default - 1
        print(f"change {100 * shares.mean():+.1f} % on average, +- {100 * shares.std():.1f} over signers; on the "
              f"{len(searches)} searches' own folds {100 * np.mean(list(searches.values())):+.1f} %")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="of ISL-Kinect")
    parser.add_argument("--without", nargs="+", default=["S01"], help="signers to leave out of the search")
    parser.add_argument("--model", choices=["lifter", *RIVALS], default="lifter")
    parser.add_argument("--track", choices=["T1", "T2"], default="T1")
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--folds", type=int, default=3, help="groups of the other signers")
    parser.add_argument("--epochs", type=int, default=30, help="of a trial; about 13 batches each")
    parser.add_argument("--repetitions", type=int, nargs="+", default=[2, 5, 8], help="of each sign, to search on")
    parser.add_argument("--nets", type=int, default=2, help="of the lifters that are measured")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu", help="where torch computes")
    parser.add_argument("--quick", action="store_true", help="two signs, one net, an epoch: does it run?")
    parser.add_argument("--results", type=Path, default=Path(__file__).with_name("tuned.jsonl"))
    parser.add_argument("--tables", action="store_true", help="print what is there, and measure nothing")
    options = parser.parse_args()
    if options.quick:
        options.results = options.results.with_suffix(".quick.jsonl")
        options.epochs, options.nets, options.trials = 1, 1, 4
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # of pruners that Optuna calls experimental
    if not options.tables:
        data = load_isl_kinect(options.folder)
        if options.quick:
            some = np.isin(data.signs, sorted(set(data.signs))[:2])
            for name in ("X", "y", "groups", "repetitions"):
                data[name] = data[name][some]
        for line in results(options, data):
            with open(options.results, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
    tables([line for line in read(options.results) if settings(options).items() <= line.items()])


if __name__ == "__main__":
    main()
