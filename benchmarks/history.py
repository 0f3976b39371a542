"""What each of the study's mistakes is worth: `python benchmarks/history.py --isl-kinect FOLDER`.

    python benchmarks/history.py                         # synthetic signing, 138 keypoints
    python benchmarks/history.py --isl-kinect FOLDER     # that, and ISL-Kinect

A ladder: the study's recipe with all of its mistakes, then with one after the other mended, then liftz. Each rung is
trained on six signers, for as many epochs, on chunks of one length. `printed` is the number that its own protocol
gives, of depths as it scales them, beside what the mean pose would have had there; `unseen` is the MPJPE of the same
network on two signers that nothing knew of, measured right, with skill = 1 - error / error of the mean pose. Each seed
leaves out two other signers.

With --json, each fit adds a line to a file, and a run goes on where the last one stopped.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from joblib import Parallel, delayed
from results import RESULTS, machine, write_section
from study.mistakes import MISTAKES, StudyLifter, cut
from study.report import markdown

from liftz import MeanPose, make_lifter, mpjpe
from liftz.datasets import load_isl_kinect, make_signing

LIFTZ = "liftz, one net"


def rungs(data):
    """Names of the rungs and the mistakes that each makes; a mistake that the data cannot show has none."""
    gaps = any(np.isnan(clip).any() for clip in data.y)
    left = [mistake for mistake in MISTAKES if gaps or mistake != "repeats"]
    found = {"all mistakes": tuple(left)}
    for mistake in list(left):
        left.remove(mistake)
        found[f"mended: {mistake}"] = tuple(left)
    return {**found, LIFTZ: ()}


def measure(key, data, name, mistakes, seed, options):
    """The result line of one rung and seed."""
    torch.set_num_threads(1)
    signers = np.unique(data.groups)
    unseen = np.isin(data.groups, signers[[2 * seed % len(signers), (2 * seed + 1) % len(signers)]])
    X, y, X_test, y_test = data.X[~unseen], data.y[~unseen], data.X[unseen], data.y[unseen]
    start = time.process_time()
    printed = reference = None
    if name == LIFTZ:
        lifter = make_lifter(data.skeleton, n_nets=1, hidden_size=options.hidden_size, window=options.chunk,
                             max_epochs=options.epochs, random_state=seed).fit(X, y, data.groups[~unseen])
        predicted = lifter.predict(X_test)
    else:
        chunks = cut(X, y, data.skeleton, options.chunk, mistakes)
        new = cut(X_test, y_test, data.skeleton, options.chunk, mistakes)
        train, test = chunks, new
        if "random" in mistakes:
            order = np.random.default_rng(seed).permutation(len(chunks))
            n_test = len(chunks) // 10
            train, test = [chunks[i] for i in order[2 * n_test:]], [chunks[i] for i in order[:n_test]]
        lifter = StudyLifter(data.skeleton, mistakes, options.hidden_size, options.epochs).fit(train, test, seed)
        printed, reference = lifter.printed(test)
        predicted = lifter.predict(new, len(X_test))
    seconds = time.process_time() - start
    mean_pose = make_lifter(data.skeleton, MeanPose()).fit(X, y).predict(X_test)
    errors = [mpjpe(y_test, depths, skeleton=data.skeleton) for depths in (predicted, mean_pose)]
    return {**key, "printed": printed, "printed_mean_pose": reference, "unseen": errors[0], "mean_pose": errors[1],
            "left_out": sorted(set(data.groups[unseen].tolist())), "fit_seconds": round(seconds, 1)}


def table(lines, names):
    """A row per rung, over the seeds."""
    def over_seeds(found, key):
        values = [line[key] for line in found if line[key] is not None]
        return f"{np.mean(values):.3g} ± {np.std(values):.2g}" if values else "-"

    rows = [["rung", "printed", "mean pose, printed", "unseen", "mean pose, unseen", "skill", "seeds", "s a fit"]]
    for name in names:
        found = [line for line in lines if line["rung"] == name]
        skills = [1 - line["unseen"] / line["mean_pose"] for line in found]
        if found:
            rows.append([name, *(over_seeds(found, key) for key in ("printed", "printed_mean_pose", "unseen",
                                                                    "mean_pose")),
                         f"{np.mean(skills):.2f} ± {np.std(skills):.2f}", str(len(found)),
                         f"{np.mean([line['fit_seconds'] for line in found]):.0f}"])
    return rows


def climb(source, data, options):
    """All result lines of a ladder; those at hand are not measured again."""
    lines = []
    if options.json and options.json.exists():
        lines = [json.loads(line) for line in options.json.read_text(encoding="utf-8").splitlines()]
    jobs, done = [], []
    for seed in options.seeds:
        for name, mistakes in rungs(data).items():
            key = {"data": source, "rung": name, "seed": seed, "epochs": options.epochs,
                   "hidden_size": options.hidden_size, "chunk": options.chunk, "clips": len(data.X)}
            at_hand = [line for line in lines if all(line.get(k) == value for k, value in key.items())]
            done += at_hand[:1]
            if not at_hand:
                jobs.append(delayed(measure)(key, data, name, mistakes, seed, options))
    print(f"{source}: {len(jobs)} fits to do, {len(done)} results at hand", flush=True)
    for line in Parallel(options.jobs, return_as="generator_unordered")(jobs):
        if options.json:
            with open(options.json, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        done.append(line)
        print(f"{line['rung']}, seed {line['seed']}: unseen {line['unseen']:.3g}, mean pose {line['mean_pose']:.3g}, "
              f"{line['fit_seconds']:.0f} s", flush=True)
    return done


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--isl-kinect", help="the folder of the recordings")
    parser.add_argument("--repetitions", nargs="+", type=int, default=[1, 5, 9], help="of ISL-Kinect's signs")
    parser.add_argument("--frames", type=int, default=320, help="of 48 synthetic clips, on average; 0: no such")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--hidden-size", type=int, default=64, help="the study had 512, on a GPU")
    parser.add_argument("--chunk", type=int, default=64, help="frames; the study's videos were longer")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path, help="a line for each fit; a run goes on where this file stops")
    parser.add_argument("--out", type=Path, default=RESULTS.parent, help="folder of RESULTS.md")
    options = parser.parse_args()
    sources = {}
    if options.isl_kinect:
        sources["ISL-Kinect"] = load_isl_kinect(options.isl_kinect, repetitions=options.repetitions)
    if options.frames:
        sources["synthetic signing"] = make_signing(
            n_signers=8, n_clips=6, n_frames=(options.frames * 3 // 4, options.frames * 5 // 4))
    if not sources:
        parser.error("there is nothing to do: neither --isl-kinect nor --frames")
    for source, data in sources.items():
        lines = climb(source, data, options)
        text = markdown(table(lines, rungs(data)))
        size = (f"{source}: {len(data.X)} clips, {sum(map(len, data.X))} frames, {len(data.skeleton)} keypoints, "
                f"{len(set(data.groups))} signers, seeds {' '.join(map(str, options.seeds))}; `unseen` in {data.units}")
        legend = "\n".join(f"- {name}: {what}" for name, what in MISTAKES.items() if f"mended: {name}" in rungs(data))
        print(f"\n{size}\n{text}\n", flush=True)
        options.out.mkdir(parents=True, exist_ok=True)
        write_section(f"history-{source.lower().replace(' ', '-')}", f"What each mistake is worth: {source}",
                      f"{machine()}.\n{size}.\n\n{text}\n\n{legend}", options.out / "RESULTS.md")


if __name__ == "__main__":
    main()
