"""Depth of signers never seen, by the lifter and its rivals, on ISL-Kinect.

    python benchmarks/signers.py FOLDER                      # everything, three seeds; hours on two cores
    python benchmarks/signers.py FOLDER --quick              # three signers, one seed, few epochs: does it run?
    python benchmarks/signers.py FOLDER --protocols P1 --models lifter "TCN, 27 frames" --seeds 0

Each fit adds its lines to the results file when it is done; a run goes on where the last one stopped, and the
tables are printed from the file. MPJPE in mm over all joints but the root, measured from SpineBase; `offset` is the
part of it that a constant per clip and joint takes away, `motion` what stays.

P1: metric x, y. P2: pixels with 2.5 px noise and 5 % missing. Both leave one signer out.
P3: as P1, trained on repetitions 1-6, tested on the view of 7-9. P4: as P1, with 1, 2 and 4 training signers.
P5: trained as P2, tested with 10, 20, 40 % missing, and with the right arm gone for 15 frames (error of the
others).
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from joblib import Parallel, delayed
from rivals import rivals

from liftz import FrameRidge, MeanPose, make_lifter
from liftz.datasets import load_isl_kinect, project
from liftz.datasets.projection import drop_keypoints
from liftz.metrics import error_parts

ARM = ["ElbowRight", "WristRight", "HandRight"]
PROTOCOLS = ("P1", "P2", "P3", "P4", "P5")


def models(skeleton, seed, quick):
    """All models by name, the baselines first."""
    few = {"max_epochs": 1} if quick else {}
    lifter = {"random_state": seed, **few}
    return {
        "mean pose": make_lifter(skeleton, MeanPose()),
        "frame ridge": make_lifter(skeleton, FrameRidge()),
        **rivals(skeleton, seed, **few),
        "lifter": make_lifter(skeleton, **lifter),
        "lifter, one net": make_lifter(skeleton, n_nets=1, **lifter),
        "lifter, no varied bodies": make_lifter(skeleton, augment=None, **lifter),
        "lifter, no velocity loss": make_lifter(skeleton, velocity=0.0, **lifter),
        "lifter, two layers": make_lifter(skeleton, num_layers=2, **lifter),
        "lifter, one-way": make_lifter(skeleton, look_ahead=0, **lifter),
    }


def folds(protocol, data, signers):
    """Training and test clips of a protocol: (variant, signer left out, training indices, test indices)."""
    late = data.repetitions >= 7
    for i, signer in enumerate(signers):
        others, own = data.groups != signer, data.groups == signer
        if protocol == "P3":
            if (own & late).any():
                yield "", signer, np.flatnonzero(others & ~late), np.flatnonzero(own & late)
        elif protocol == "P4":
            rest = [s for s in np.unique(data.groups) if s != signer]
            for n in (1, 2, 4):
                chosen = [rest[(i + j) % len(rest)] for j in range(n)]
                yield f"{n} signers", signer, np.flatnonzero(np.isin(data.groups, chosen)), np.flatnonzero(own)
        else:
            yield "", signer, np.flatnonzero(others), np.flatnonzero(own)


def check_no_leak(X, groups, train, test):
    """Refuse a fold in which a signer, or a clip under another label, is on both sides."""
    both = set(groups[train]) & set(groups[test])
    if both:
        raise AssertionError(f"signer {sorted(both)[0]} is in training and test")
    trained = {X[i].tobytes() for i in train}
    for i in test:
        if X[i].tobytes() in trained:
            raise AssertionError(f"clip {i} of the test is also in training")


def inputs(protocol, data, seed):
    """What is trained on, and the variants that are tested: (name, keypoints, joints to score)."""
    if protocol in ("P1", "P3", "P4"):
        return data.X, [("", data.X, None)]
    X = project(data, "T2", random_state=seed)
    if protocol == "P2":
        return X, [("", X, None)]
    rest = [k for k in data.skeleton.keypoints if k not in ARM]
    tests = [("5 %", X, None), ("5 %, not the arm", X, rest)]
    tests += [(f"{share:.0%}".replace("%", " %"), project(data, "T2", missing=share, random_state=seed), None)
              for share in (0.1, 0.2, 0.4)]
    return X, [*tests, ("arm gone, not the arm", drop_keypoints(X, data.skeleton, ARM, 15, seed), rest)]


def measure(protocol, variant, name, model, seed, signer, data, X, tests, train, test):
    """The result lines of one fit."""
    torch.set_num_threads(1)
    check_no_leak(X, data.groups, train, test)
    start = time.process_time()
    model.fit(X[train], data.y[train])
    seconds = time.process_time() - start
    lines = []
    for tested, clips, joints in tests:
        parts = error_parts(data.y[test], model.predict(clips[test]), skeleton=data.skeleton, regions=joints)
        lines.append({"protocol": protocol, "variant": variant or tested, "model": name, "seed": seed, "signer": signer,
                      **{part: round(float(value), 3) for part, value in parts.items()}, "fit_seconds": round(seconds)})
    return lines


def tables(lines):
    """One table a protocol and variant: mean over signers and seeds, spreads, worst signer."""
    cells = defaultdict(lambda: defaultdict(list))
    for line in lines:
        cells[line["protocol"], line["variant"]][line["model"]].append(line)
    for (protocol, variant), by_model in sorted(cells.items()):
        print(f"\n{protocol} {variant}")
        print(f"{'model':26s} {'mm':>6s} {'signers':>8s} {'seeds':>6s} {'worst':>11s} {'offset':>7s} {'motion':>7s} "
              f"{'fits':>5s} {'s a fit':>8s}")
        for model, found in by_model.items():
            signers, seeds = defaultdict(list), defaultdict(list)
            for line in found:
                signers[line["signer"]].append(line["error"])
                seeds[line["seed"]].append(line["error"])
            means = {signer: np.mean(errors) for signer, errors in signers.items()}
            worst = max(means, key=means.get)
            offset, motion, seconds = (np.mean([line[part] for line in found])
                                       for part in ("offset", "motion", "fit_seconds"))
            print(f"{model:26s} {np.mean(list(means.values())):6.2f} {np.std(list(means.values())):8.2f} "
                  f"{np.std([np.mean(e) for e in seeds.values()]):6.2f} {means[worst]:6.2f} {worst} {offset:7.2f} "
                  f"{motion:7.2f} {len(found):5d} {seconds:8.0f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--protocols", nargs="+", choices=PROTOCOLS, default=list(PROTOCOLS))
    parser.add_argument("--models", nargs="+", help="default: all")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--results", type=Path, default=Path(__file__).with_name("signers.jsonl"))
    options = parser.parse_args()
    data = load_isl_kinect(options.folder, **({"repetitions": [1, 5, 9]} if options.quick else {}))
    signers = list(np.unique(data.groups))[: 3 if options.quick else None]
    if options.quick:
        options.seeds, options.results = options.seeds[:1], options.results.with_suffix(".quick.jsonl")
    lines = [json.loads(line) for line in options.results.read_text().splitlines()] if options.results.exists() else []
    done = {(line["protocol"], line["model"], line["seed"], line["signer"], line["variant"])
            for line in lines}
    jobs = []
    for seed in options.seeds:
        for protocol in options.protocols:
            X, tests = inputs(protocol, data, seed)
            for variant, signer, train, test in folds(protocol, data, signers):
                for name, model in models(data.skeleton, seed, options.quick).items():
                    key = protocol, name, seed, signer, variant or tests[0][0]
                    if key not in done and (options.models is None or name in options.models):
                        jobs.append(delayed(measure)(protocol, variant, name, model, seed, signer, data, X, tests,
                                                     train, test))
    print(f"{len(jobs)} fits to do, {len(lines)} results at hand", flush=True)
    for found in Parallel(options.jobs, return_as="generator_unordered")(jobs):
        with open(options.results, "a", encoding="utf-8") as file:
            file.write("".join(json.dumps(line) + "\n" for line in found))
        lines += found
        print(*(found[0][key] for key in ("protocol", "variant", "model", "seed", "signer", "error")), flush=True)
    tables(lines)


if __name__ == "__main__":
    main()
