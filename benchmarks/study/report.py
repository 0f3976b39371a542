"""Tables of the experiments, from their result lines."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from .configurations import EXPERIMENTS
from .measuring import BASELINES
from .next_steps import STEPS
from .protocols import PROTOCOLS

__all__ = ["experiment_table", "keypoint_errors", "markdown", "region_table", "skill", "step_table"]


def markdown(rows):
    """Rows of text, the header first, as a table."""
    header, *others = rows
    rule = ["---" if i == 0 else "---:" for i in range(len(header))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, rule, *others))


def mean(lines, part, model):
    """An error's mean over who is left out, each one's over the seeds first: a signer weighs as much as any other."""
    by_fold = defaultdict(list)
    for line in lines:
        if model in line["parts"].get(part, {}):
            by_fold[line["left_out"]].append(line["parts"][part][model])
    return np.mean([np.mean(errors) for errors in by_fold.values()]) if by_fold else np.nan


def skill(lines, part="all", model="lifter"):
    """1 - error / error of the mean pose, of the means."""
    return 1 - mean(lines, part, model) / mean(lines, part, "mean pose")


def experiment_table(lines):
    """A row per experiment and protocol, over all of its keypoints."""
    rows = [["experiment", "protocol", "MPJPE cm", "spread", *BASELINES, "skill", "PCK %", "seeds", "fits",
             "s a fit", "parameters"]]
    for name in EXPERIMENTS:
        for protocol in PROTOCOLS:
            found = [line for line in lines if (line["experiment"], line["protocol"]) == (name, protocol)]
            if found:
                errors = [line["parts"]["all"]["lifter"] for line in found]
                rows.append([name, protocol, f"{mean(found, 'all', 'lifter'):.2f}", f"{np.std(errors):.2f}",
                             *(f"{mean(found, 'all', b):.2f}" for b in BASELINES), f"{skill(found):.2f}",
                             f"{100 * mean(found, 'all', 'pck'):.1f}",
                             " ".join(map(str, sorted({line['seed'] for line in found}))), str(len(found)),
                             f"{np.mean([line['fit_seconds'] for line in found]):.1f}",
                             str(found[0]["parameters"])])
    return rows


def region_table(lines):
    """A row per experiment and protocol; MPJPE in cm, and skill, for each region."""
    regions = EXPERIMENTS["Lot"].keypoints
    rows = [["experiment", "protocol", *(f"{region.replace('_', ' ')}: cm, skill, PCK %" for region in regions)]]
    for name in EXPERIMENTS:
        for protocol in PROTOCOLS:
            found = [line for line in lines if (line["experiment"], line["protocol"]) == (name, protocol)]
            if found:
                rows.append([name, protocol, *(
                    f"{mean(found, r, 'lifter'):.2f}, {skill(found, r):.2f}, {100 * mean(found, r, 'pck'):.0f}"
                    if r in found[0]["parts"] else "-" for r in regions)])
    return rows


def step_table(lines):
    """A row per next step: error and skill over the seeds, and how much of the movement is predicted."""
    rows = [["step", "MPJPE cm", "over seeds", "skill", "movement %", "better than the lifter", "seeds", "s a fit"]]
    errors = {}
    for name in STEPS:
        found = [line for line in lines if line["step"] == name and "parts" in line]
        diverged = sum(line["step"] == name for line in lines) - len(found)
        note = f" ({diverged} fits ended in NaN)" if diverged else ""
        if not found:
            if diverged:
                rows.append([name + note, *["-"] * 7])
            continue
        seeds = sorted({line["seed"] for line in found})
        errors[name] = {(line["seed"], line["left_out"]): line["parts"]["all"]["lifter"] for line in found}
        by_seed = [mean([line for line in found if line["seed"] == seed], "all", "lifter") for seed in seeds]
        pairs = [errors[name][fold] < error for fold, error in errors.get("the lifter", {}).items()
                 if fold in errors[name]]
        rows.append([name + note, f"{np.mean(by_seed):.3f}", f"± {np.std(by_seed):.3f}", f"{skill(found):.3f}",
                     f"{100 * np.mean([line['movement'] for line in found]):.0f}",
                     "-" if name == "the lifter" else f"{sum(pairs)} of {len(pairs)}", str(len(seeds)),
                     f"{np.mean([line['fit_seconds'] for line in found]):.1f}"])
    return rows


def keypoint_errors(lines, skeleton):
    """The lifter's error of each keypoint, in cm, by name."""
    errors = {name: mean(lines, name, "lifter") for name in skeleton.keypoints}
    return {name: error for name, error in errors.items() if not np.isnan(error)}
