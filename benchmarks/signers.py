"""Depth of signers never seen, by the lifter and its rivals, on ISL-Kinect.

    python benchmarks/signers.py FOLDER                      # everything, three seeds; days on two cores
    python benchmarks/signers.py FOLDER --quick              # three signers, one seed, few epochs: does it run?
    python benchmarks/signers.py FOLDER --settings metric --models lifter "TCN, 27 frames" --seeds 0
    python benchmarks/signers.py FOLDER --ablation           # the lifter's parts, one net each, four signers
    python benchmarks/signers.py FOLDER --print              # the tables of what is there, and no fit

Each fit adds its lines to the results file when it is done; a run goes on where the last one stopped, fits of which
lines are missing are fitted again for these, and tables and pictures are made from the file. The protocols P1 to P7 are
told in protocols.py. MPJPE in mm over all joints but the root, measured from SpineBase; P7's in cm, from each region's
root. `offset` is the part of it that a constant per clip and joint takes away, `motion` what stays; `posture off` is
what stays when each joint's mean error over all of the signer's clips from one view is taken away; `mpjve` is the error
of the change from frame to frame. `inside` is the share of depths within the 90 % interval, `width` half of what that
is wide, on average; `new` the share of clips that the lifter tells are unlike those of training.
"""

from __future__ import annotations

import argparse
import json
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from joblib import Parallel, delayed
from levers import apart, before, each_phase, every_second, levers, perturbed, with_transformers
from protocols import SETTINGS, check_no_leak, folds, load, of_like_posture, views_of
from rivals import OF_NETWORKS, TemporalConvolutionRegressor, TransformerRegressor, rivals
from signer_tables import tables, write_results

from liftz import FrameRidge, MeanPose, make_lifter
from liftz.metrics import error_parts, mpjve
from liftz.sequences import seen

FEW = {"batch_size": 8, "max_epochs": 80}  # P7 has little data
N_WITH_DEPTH = (1, 3, 10)  # P6's clips
ADAPTED = [*(f"{n} clip{'s' * (n > 1)} with depth" for n in N_WITH_DEPTH), "all clips without depth"]
LIKE_POSTURE = "one net, mean poses moved halfway"  # the ablation's only model whose clips are not those of the others


def models(skeleton, seed, **options):
    """The models by name, the baselines first."""
    second = partial(every_second, skeleton, random_state=seed, **options)
    # Of every third frame nets see as much in half as many epochs more.
    longer = options | {name: n * 3 // 2 for name, n in options.items() if name == "max_epochs"}
    return {
        "mean pose": make_lifter(skeleton, MeanPose()),
        "frame ridge": make_lifter(skeleton, FrameRidge()),
        **rivals(skeleton, seed, **options),
        "lifter, every second frame": second(),
        "lifter, every second frame, own sizes": second(one_size=False),
        **({"lifter, every second frame, parts together": second(by_part=False),
            "lifter, every second frame, large parts": second(hidden_size=128, bottleneck=None),
            } if len(set(skeleton.roots.values())) > 1 else {}),
        "lifter, every second frame, two transformers": with_transformers(second()),
        "lifter, no bones in the loss, no roll": before(skeleton, random_state=seed, **longer),
        "lifter, no bones in the loss": make_lifter(skeleton, along_bones=0.0, random_state=seed, **longer),
        "lifter, each phase by itself": each_phase(make_lifter(skeleton, random_state=seed, **longer)),
        "lifter": make_lifter(skeleton, random_state=seed, **longer),
    }


def ablation(skeleton, seed, **options):
    """One net of every second frame, and with one thing changed; some of nets that see people in their own sizes."""
    def lifter(**changed):
        return every_second(skeleton, **{"n_nets": 1, "random_state": seed} | options | changed)

    now = before(skeleton, n_nets=1, random_state=seed, **options)
    causal = before(skeleton, n_nets=1, look_ahead=0, random_state=seed, **options)
    out = {"one net": lifter(), "one net, every third frame, more batches, apart": apart(now),
           "one net, every third frame, more batches, together": now,
           "one net, own sizes, every third frame, more batches, causal, apart": apart(causal),
           "one net, own sizes, every third frame, more batches, causal, together": causal,
           "one net, no varied bodies": lifter(augment=None)}
    for name, value in (("bones", 0), ("posture", 0), ("turn", 0), ("borrow", 0), ("share", 1)):
        changed = lifter().set_params(**{f"lift__regressor__augment__{name}": value})
        out[f"one net, bodies with {name} {value}"] = changed
    out[LIKE_POSTURE] = lifter()
    out["one net, own sizes, no bone features"] = make_lifter(skeleton, lifter(one_size=False, by_part=False)[
        "lift"].regressor.set_params(skeleton=None))
    for name, change in {
        "own sizes": {"one_size": False}, "no velocity loss": {"velocity": 0.0}, "mse": {"loss": "mse"},
        "huber": {"loss": "huber"}, "64 bins": {"bins": 64}, "two layers": {"num_layers": 2},
        "two layers, residual, normalised": {"num_layers": 2, "residual": True, "layer_norm": True},
        "64 units": {"hidden_size": 64}, "256 units": {"hidden_size": 256}, "dropout 0.5": {"dropout": 0.5},
        "every frame": {"stride": 1}, "every third frame": {"stride": 3}, "half the batches": {"max_epochs": 10},
        "AMSGrad": {"amsgrad": True},
    }.items():
        out[f"one net, {name}"] = lifter(**change)
    for name, look_ahead in {"causal": 0, "5 frames ahead": 5, "15 frames ahead": 15, "30 frames ahead": 30}.items():
        out[f"one net, own sizes, {name}"] = lifter(look_ahead=look_ahead)
    out["one net, own sizes, bones in the loss"] = lifter(one_size=False, along_bones=0.5)
    out |= {f"one net, {name}": changed for name, changed in perturbed(lifter).items()}
    plain = lifter()["lift"].regressor.get_params(deep=False)
    for name, other in (("temporal convolution", TemporalConvolutionRegressor), ("transformer", TransformerRegressor)):
        out[f"one net, {name} instead"] = make_lifter(skeleton, other(**plain | OF_NETWORKS[name]))
    return out | {f"one net, own sizes, {name}": changed
                  for name, changed in levers(partial(lifter, one_size=False)).items()}


def measure(name, model, seed, fold, data):
    """The result lines of one fit."""
    torch.set_num_threads(1)
    X, y, train, test = fold.X, data.y, fold.train, fold.test
    check_no_leak(y, data.groups, train, test, same_signer=fold.setting == "floor")
    start = time.process_time()
    model.fit(X[train], y[train], groups=data.groups[train])
    device = getattr(model[-1].regressor, "device", "cpu")
    key = {"model": name, "seed": seed, "signer": fold.signer, "fit_seconds": round(time.process_time() - start),
           "machine": f"{device}, torch {torch.__version__}"}
    knows_errors = getattr(model[-1].regressor_, "errors_", None) is not None
    views = None if fold.setting == "synthetic" else views_of(data)[test]
    lines = []
    for case in fold.tests:
        # Where so much is missing that a clip never shows its root, nothing can be measured from it.
        placed = np.array([seen(clip)[:, data.skeleton.root_indices()].any() for clip in case.X[test]])
        clips, truth = case.X[test][placed], y[test][placed]
        scope = {"skeleton": data.skeleton, "regions": case.keypoints}
        depths = model.predict(clips)
        figures = {"unplaced": np.sum(~placed), "mpjve": mpjve(truth, depths, **scope)}
        figures |= error_parts(truth, depths, **scope)
        if views is not None:
            figures["posture off"] = error_parts(truth, depths, groups=views[placed], **scope)["motion"]
        if knows_errors and case.keypoints is None:
            figures |= coverage(model, clips, truth, data.skeleton)
        lines.append({"protocol": case.protocol, "variant": case.variant, **key, **_rounded(figures)})
    if ("P6", ADAPTED[0]) in cases(name, model, fold):
        lines += [{"protocol": "P6", **key, **line} for line in adapted(model, X, y, test, data.skeleton, seed)]
    return lines


def cases(name, model, fold):
    """Protocol and variant of each line of a fit."""
    varied = name.startswith(("lifter, ", "one net"))
    adapts = fold.setting == "metric" and hasattr(model[-1].regressor, "adapt") and not varied
    return [(case.protocol, case.variant) for case in fold.tests] + [("P6", variant) for variant in adapts * ADAPTED]


def coverage(model, X, y, skeleton):
    """The share of depths in the 90 % interval, half of its mean width in mm, and the share of unfamiliar clips."""
    root = skeleton.root_indices()
    others = np.setdiff1d(np.arange(len(skeleton)), root)
    inside, width = [], []
    for truth, depth, std in zip(y, *model.predict(X, return_std=True), strict=True):
        truth = truth - truth[:, root].mean(axis=1, keepdims=True)
        known = ~np.isnan(truth[:, others])
        inside.append((abs(truth - depth) <= 1.645 * std)[:, others][known])
        width.append(1.645 * std[:, others][known])
    new, _ = model.novelty(X)
    return {"inside": np.mean(np.concatenate(inside)), "width": np.mean(np.concatenate(width)), "new": np.mean(new > 1)}


def adapted(model, X, y, test, skeleton, seed):
    """P6: the error on clips of a signer before and after the model went on learning from others of theirs."""
    rng = np.random.default_rng(seed)
    for n, variant in zip(N_WITH_DEPTH, ADAPTED, strict=False):
        chosen = rng.choice(len(test), n, replace=False)
        rest = np.delete(test, chosen)
        tuned = model.adapt(X[test[chosen]], y[test[chosen]])
        yield {"variant": variant, **_changed(model, tuned, X[rest], y[rest], skeleton)}
    tuned = model.adapt(X[test], model.predict(X[test]), lr=5e-4, max_epochs=5, batch_size=32)
    yield {"variant": ADAPTED[-1], **_changed(model, tuned, X[test], y[test], skeleton)}


def _changed(model, tuned, X, y, skeleton):
    """The parts of the error after adaptation, and of that before it."""
    before, after = (error_parts(y, m.predict(X), skeleton=skeleton) for m in (model, tuned))
    return _rounded(after | {"before": before["error"], "offset before": before["offset"]})


def _rounded(figures):
    return {name: round(float(value), 3) for name, value in figures.items()}


def jobs(options, done):
    """The fits of which there are not yet all lines."""
    for seed in options.seeds:
        for setting in options.settings:
            data = load(options.folder, setting, seed, options.quick)
            signers = list(np.unique(data.groups))
            signers = signers[:3] if options.quick else signers[::2] if options.ablation else signers
            signers = options.signers or signers
            if not set(signers) <= set(data.groups):
                raise SystemExit(f"--signers: {setting} has {', '.join(sorted(set(data.groups)))}")
            few = {"max_epochs": 1} if options.quick else FEW if setting == "synthetic" else {}
            for fold in folds(setting, data, signers, seed):
                found = (ablation if options.ablation else models)(data.skeleton, seed, device=options.device, **few)
                for name, model in found.items():
                    if options.models is not None and name not in options.models:
                        continue
                    if not all((*case, name, seed, fold.signer) in done for case in cases(name, model, fold)):
                        seen_so = of_like_posture(fold, data, 0.5) if name == LIKE_POSTURE else fold
                        yield delayed(measure)(name, model, seed, seen_so, data)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS),
                        help="; ".join(f"{name}: {', '.join(protocols)}" for name, protocols in SETTINGS.items()))
    parser.add_argument("--models", nargs="+", help="default: all")
    parser.add_argument("--signers", nargs="+", help="to leave out, one after the other; default: all")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--ablation", action="store_true")
    parser.add_argument("--print", action="store_true", help="no fit; with the tables, pictures and RESULTS.md")
    parser.add_argument("--results", type=Path, default=Path(__file__).with_name("signers.jsonl"))
    options = parser.parse_args()
    if options.quick:
        options.seeds, options.results = options.seeds[:1], options.results.with_suffix(".quick.jsonl")
    if options.ablation:
        options.settings = ["metric"]
    lines = read(options.results)
    done = {case_of(line): line["error"] for line in lines}
    todo = [] if options.print else list(jobs(options, done))
    print(f"{len(todo)} fits to do, {len(lines)} results at hand", flush=True)
    for found in Parallel(options.jobs, return_as="generator_unordered")(todo):
        for line in found:
            if done.get(case_of(line), line["error"]) != line["error"]:
                print(*case_of(line), f"was {done[case_of(line)]}, which stays, and is {line['error']} now", flush=True)
        found = [line for line in found if case_of(line) not in done]
        with open(options.results, "a", encoding="utf-8") as file:
            file.write("".join(json.dumps(line) + "\n" for line in found))
        lines += found
        print(*case_of(found[0]), found[0]["error"], flush=True)
    print("\n".join(tables(lines)))
    if options.print and not options.quick:
        write_results(lines)


def case_of(line):
    """What a line is of: no two lines of the results are of the same."""
    return tuple(line[key] for key in ("protocol", "variant", "model", "seed", "signer"))


def read(path):
    """The result lines of a file; one that a killed run left torn at its end is taken off, and said so."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        print(f"{path}: the last line is torn, and taken off", flush=True)
        path.write_text(whole, encoding="utf-8")
    return [json.loads(line) for line in whole.splitlines()]


if __name__ == "__main__":
    main()
