"""The study's seven experiments and its next steps, run again: `python benchmarks/experiments.py`.

    python benchmarks/experiments.py                               # seven rows on synthetic recordings, minutes
    python benchmarks/experiments.py --data panoptic:FOLDER --turn 110     # on recordings, turned as the study did
    python benchmarks/experiments.py --next-steps --seeds 0 1 2 --frames 200  # its open questions
    python benchmarks/experiments.py --frames 8752 --epochs 1      # the study's size

Two protocols side by side: the study's, chunks of all videos parted at random, and one that leaves each signer out
(where there is one signer: each recording). MPJPE in cm from the root of each region, over who is left out, each
weighing the same; `spread` is over fits. PCK as the study has it: |dz| within a tenth of the z-range of the region.
skill = 1 - error / error of the mean pose.

Without --data, recordings are synthetic: the study's ten folders, twenty videos and five signers, as the manifest has
them, written in Panoptic Studio's layout and read back. What is run whole replaces its section of RESULTS.md.
With --json, each fit adds a line to a file, and a run goes on where the last one stopped.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from joblib import Parallel, delayed
from results import RESULTS, machine, write_section
from study.configurations import EXPERIMENTS, FULL_LENGTH, FULL_MANIFEST, MANIFEST
from study.measuring import make, measure, peak_memory
from study.next_steps import STEPS, step
from study.protocols import PROTOCOLS, folds
from study.recordings import of_experiment, read, write_synthetic
from study.report import experiment_table, markdown, region_table, skill, step_table


def degrees(text):
    return text if text == "front" else float(text)


def open_recordings(options, manifest):
    """The user's recordings, or synthetic ones, written and read back."""
    start = time.perf_counter()
    kind, _, folder = options.data.partition(":")
    if kind == "panoptic" and folder:
        data = read(Path(folder).expanduser(), manifest, options.turn)
    elif options.data == "synthetic":
        with tempfile.TemporaryDirectory() as temporary:
            folder = options.keep or temporary
            write_synthetic(folder, manifest, options.frames, options.people)
            data = read(folder, manifest, options.turn)
    else:
        raise SystemExit(f"--data must be synthetic or panoptic:FOLDER, got {options.data!r}")
    print(f"{options.data}: {len(set(data.recordings))} recordings, {len(data.X)} videos, {len(set(data.groups))} "
          f"signers, {sum(map(len, data.X))} frames; {time.perf_counter() - start:.0f} s", flush=True)
    return data


def seven(options, data):
    """The fits of the seven experiments: (key, fold, call)."""
    asked = {} if options.epochs is None else {"max_epochs": options.epochs}
    for seed in options.seeds:
        for name in options.only:
            part = of_experiment(data, EXPERIMENTS[name])
            for protocol in PROTOCOLS:
                for fold in folds(protocol, part, EXPERIMENTS[name].chunk, seed):
                    key = {"data": options.data, "frames": options.frames, "turn": options.turn,
                           "people": options.people, "epochs": options.epochs, "experiment": name,
                           "protocol": protocol, "seed": seed}
                    lifter = make(part.skeleton, seed, **EXPERIMENTS[name].lifter | asked)
                    yield key, fold, delayed(measure)(key, fold, part.skeleton, lifter)


def steps(options, data):
    """The fits of the next steps, each on the experiment Body, leaving signers out: (key, fold, call)."""
    body = EXPERIMENTS["Body"]
    part, full = of_experiment(data, body), None
    for seed in options.seeds:
        for name in options.steps:
            for fold in folds("left out", part, body.chunk, seed):
                if name == "the full data set":
                    full = full or of_experiment(open_recordings(options, options.full_manifest), body)
                    others = full.labels != fold.left_out
                    fold = fold._replace(X=full.X[others], y=full.y[others], groups=full.groups[others])
                key = {"data": options.data, "frames": options.frames, "turn": options.turn,
                       "people": options.people, "step": name, "seed": seed}
                lifter, seen_by_it = step(name, fold, part.skeleton, seed)
                yield key, fold, delayed(measure)(key, seen_by_it, part.skeleton, lifter, ["mean pose"])


def run(jobs, options):
    """All result lines; those at hand are not measured again."""
    lines = []
    if options.json and options.json.exists():
        lines = [json.loads(line) for line in options.json.read_text(encoding="utf-8").splitlines()]
    keys = [{**key, "left_out": fold.left_out} for key, fold, _ in jobs]
    done = [line for line in lines if any(_has(line, key) for key in keys)]
    todo = [call for key, (_, _, call) in zip(keys, jobs, strict=True) if not any(_has(line, key) for line in done)]
    print(f"{len(todo)} fits to do, {len(done)} results at hand", flush=True)
    for i, line in enumerate(Parallel(options.jobs, return_as="generator_unordered")(todo), 1):
        if options.json:
            with open(options.json, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        done.append(line)
        what = f"{line.get('experiment', line.get('step'))}, {line.get('protocol', 'left out')} {line['left_out']}"
        told = line.get("diverged") or (f"{line['parts']['all']['lifter']:.2f} cm, skill {skill([line]):.2f}, "
                                        f"{line['fit_seconds']:.0f} s")
        print(f"{i}/{len(todo)} {what}, seed {line['seed']}: {told}", flush=True)
    return done


def _has(line, key):
    return all(line.get(name) == value for name, value in key.items())


def draw(options, data, lines):
    """The pictures, and the text that shows them."""
    from study.pictures import draw_animation, draw_keypoint_errors, draw_learning_curves, fit_watched

    folder = options.out / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    parts = {name: of_experiment(data, EXPERIMENTS[name]) for name in options.only}
    first = {name: next(folds("left out", part, EXPERIMENTS[name].chunk, 0)) for name, part in parts.items()}
    asked = {} if options.epochs is None else {"max_epochs": options.epochs}
    watched = dict(zip(parts, Parallel(options.jobs)(
        delayed(fit_watched)(part.skeleton, first[name], options.seeds[0], **EXPERIMENTS[name].lifter | asked)
        for name, part in parts.items()), strict=True))
    draw_learning_curves(folder / "experiments_learning.png", watched)
    text = "![Learning curves](pictures/experiments_learning.png)\n"
    largest = max(parts, key=lambda name: (len(parts[name].skeleton), len(parts[name].X)))
    own = [line for line in lines if (line["experiment"], line["protocol"]) == (largest, "left out")]
    draw_keypoint_errors(folder / "experiments_keypoints.png", own, parts[largest])
    text += f"\nError of each keypoint, {largest}, left out:\n\n![By keypoint](pictures/experiments_keypoints.png)\n"
    draw_animation(folder / "experiments_turning.gif", watched[largest], first[largest], parts[largest])
    return text + (f"\n{largest}, {first[largest].left_out} left out: keypoints, truth, prediction:\n\n"
                   f"![Turning](pictures/experiments_turning.gif)\n")


def memory(lines, jobs):
    """The most memory held: by this process, and by as many processes as the largest of the others, together."""
    own, largest = peak_memory(), max((line.get("peak_mib") or 0 for line in lines), default=0)
    return "peak memory: unknown on this system" if own is None else (
        f"peak memory: {own} MiB here, {largest} MiB in the largest of {jobs} workers, "
        f"{(own + jobs * largest * (jobs > 1)) / 1024:.2f} GiB at most in all")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="synthetic", help="synthetic, or panoptic:FOLDER")
    parser.add_argument("--manifest", type=Path, default=MANIFEST, help="who is who: recording,id,signer")
    parser.add_argument("--full-manifest", type=Path, default=FULL_MANIFEST, help="likewise, for the full data set")
    parser.add_argument("--turn", type=degrees, default="front", help="everybody about y: degrees, or front")
    parser.add_argument("--frames", type=int, default=400, help="of each synthetic video")
    parser.add_argument("--people", type=int, default=0, help="seed of the synthetic recordings")
    parser.add_argument("--keep", type=Path, help="write the synthetic recordings into this folder and leave them")
    parser.add_argument("--only", nargs="+", choices=EXPERIMENTS, default=list(EXPERIMENTS), metavar="EXPERIMENT")
    parser.add_argument("--next-steps", action="store_true", help="the study's next steps instead of its experiments")
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS), metavar="STEP")
    parser.add_argument("--seed", "--seeds", dest="seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path, help="a line for each fit; a run goes on where this file stops")
    parser.add_argument("--out", type=Path, help="folder for RESULTS.md and pictures/; default: here, if all is run")
    parser.add_argument("--no-pictures", action="store_true")
    options = parser.parse_args()
    if options.next_steps and options.epochs:
        parser.error("--epochs is for the experiments; the next steps have theirs")
    if options.out is None and (len(options.steps) == len(STEPS) if options.next_steps else
                                len(options.only) == len(EXPERIMENTS)):
        options.out = RESULTS.parent
    start = time.perf_counter()
    data = open_recordings(options, options.manifest)
    n_frames = sum(map(len, data.X))
    lines = run(list((steps if options.next_steps else seven)(options, data)), options)
    size = (f"{len(data.X)} videos, {len(set(data.groups))} signers, {n_frames} frames, turn {options.turn}, seeds "
            f"{' '.join(map(str, options.seeds))}" + f", people {options.people}" * (options.data == "synthetic"))
    if options.next_steps:
        tables, name = [step_table(lines)], "next-steps"
        title = "The study's next steps, answered: Body, each signer left out"
    else:
        tables, name = [experiment_table(lines), region_table(lines)], "experiments"
        title = "The study's seven experiments, run again"
    if options.data != "synthetic":
        name, title = f"{name}-recordings", f"{title}, on recordings"
    elif options.frames >= FULL_LENGTH:
        name, title = f"{name}-full", f"{title}, at full size"
    text = "\n\n".join(map(markdown, tables))
    print(f"\n{text}\n")
    if options.out and not (options.no_pictures or options.next_steps):
        text += "\n\n" + draw(options, data, lines)
    fits = sum(line.get("fit_seconds", 0) for line in lines)
    end = (f"{len(lines)} fits, {fits:.0f} CPU-seconds of fits, {time.perf_counter() - start:.0f} s in all; "
           f"{memory(lines, options.jobs)}")
    print(end)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        write_section(name, title, f"{machine()}.\n{size}.\n\n{text}\n\n{end}.", options.out / "RESULTS.md")


if __name__ == "__main__":
    main()
