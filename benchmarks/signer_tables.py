"""Tables and pictures of the signer benchmark's result lines."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from results import machine, write_section

PICTURES = Path(__file__).with_name("pictures")
WIDE = ", 1024 channels"
PARTS = "the lifter with one net, and with one thing changed"
COLUMNS = {"mm": 7, "signers": 8, "seeds": 10, "worst": 12, "offset": 7, "motion": 7, "posture off": 12, "mpjve": 11,
           "inside": 10, "width": 7, "new": 10, "ratio": 7, "from to": 13, "fits": 5, "s a fit": 8}
P6 = {"mm": 7, "before": 7, "ratio": 6, "lifter's": 9, "signers": 8, "seeds": 10, "worst": 12, "worse": 9,
      "offset": 7, "before it": 10}


def by_table(lines):
    """Lines of each protocol and variant, by model; the ablation's are a table of their own."""
    out = defaultdict(lambda: defaultdict(list))
    for line in lines:
        variant = ", ".join(filter(None, [PARTS * line["model"].startswith("one net"), line["variant"]]))
        out[line["protocol"], variant][line["model"]].append(line)
    return dict(sorted(out.items()))


def person(line):
    """Who was left out. Synthetic people are others with another seed."""
    return line["signer"] + f" of seed {line['seed']}" * (line["protocol"] == "P7")


def mean_of(lines, key):
    """The mean over seeds, by signer; nobody whom no line tells it of."""
    people = defaultdict(list)
    for line in lines:
        if key in line:
            people[person(line)].append(line[key])
    return {who: float(np.mean(found)) for who, found in people.items()}


def row(lines):
    """The figures of one model: means over signers and seeds, deviations, the worst signer."""
    errors = mean_of(lines, "error")
    worst = max(errors, key=errors.get)
    mean = {key: list(mean_of(lines, key).values())
            for key in ("offset", "motion", "posture off", "mpjve", "inside", "width", "new")}
    out = {"mm": f"{np.mean(list(errors.values())):.2f}", "signers": f"{np.std(list(errors.values())):.2f}",
           "seeds": over_seeds(lines), "worst": f"{errors[worst]:.2f} {worst.split()[0]}", "fits": f"{len(lines)}"}
    seconds = [line["fit_seconds"] for line in lines if line["machine"].startswith("cpu")]
    out["s a fit"] = f"{np.mean(seconds):.0f}" if seconds else ""
    out |= {key: f"{np.mean(found):.2f}" for key, found in mean.items() if found}
    for key in ("mpjve", "inside", "new"):
        if 0 < len(mean[key]) < len(errors):
            out[key] += f" of {len(mean[key])}"
    return out


def row_of_adapted(lines, lifter):
    """The figures of P6: errors after adaptation, before it, what the ones are of the others, and the lifter's are."""
    lines, lifter = ([line | {"ratio": line["error"] / line["before"]} for line in found] for found in (lines, lifter))
    same = [of_lifter for _, of_lifter in paired(lines, lifter, "ratio").values()]
    ratios, worst = list(mean_of(lines, "ratio").values()), max(lines, key=lambda line: line["ratio"])
    out = {"mm": f"{np.mean(list(mean_of(lines, 'error').values())):.2f}",
           "before": f"{np.mean(list(mean_of(lines, 'before').values())):.2f}",
           "ratio": f"{np.mean(ratios):.3f}", "lifter's": f"{np.mean(same):.3f}" if same else "",
           "signers": f"{np.std(ratios):.3f}",
           "seeds": over_seeds(lines, "ratio", 3), "worst": f"{worst['ratio']:.3f} {worst['signer']}",
           "worse": f"{sum(line['ratio'] > 1 for line in lines)} of {len(lines)}"}
    for column, key in {"offset": "offset", "before it": "offset before"}.items():
        parts = list(mean_of([line for line in lines if "offset before" in line], key).values())
        out[column] = f"{np.mean(parts):.2f}" if parts else ""
    return out


def over_seeds(lines, key="error", digits=2):
    """The deviation over seeds of the mean over those signers who have every seed; with their number, if not all."""
    seeds = defaultdict(dict)
    for line in lines:
        seeds[line["seed"]][person(line)] = line[key]
    everyone, common = set.union(*map(set, seeds.values())), set.intersection(*map(set, seeds.values()))
    if len(seeds) < 2 or not common:
        return ""
    spread = np.std([np.mean([found[signer] for signer in common]) for found in seeds.values()])
    return f"{spread:.{digits}f}" + (f" of {len(common)}" if common < everyone else "")


def paired(mine, theirs, key="error"):
    """A figure of two models, by signer and seed, where both were run: synthetic people go by seeds."""
    mine, theirs = ({(line["signer"], line["seed"]): line[key] for line in lines} for lines in (mine, theirs))
    return {fit: (mine[fit], theirs[fit]) for fit in sorted(mine.keys() & theirs.keys())}


def share(mine, theirs):
    """What the error of one model is of another's, where both were run; None where they never were."""
    pairs = paired(mine, theirs).values()
    return sum(a for a, _ in pairs) / sum(b for _, b in pairs) if pairs else None


def unchanged(model):
    """What a model is compared with: the lifter, or what one of its kind was before the change."""
    if model.endswith(WIDE):
        return model.removesuffix(WIDE)
    if model.startswith("one net"):
        return "one net, own sizes" if model.startswith("one net, own sizes, ") else "one net"
    if model.startswith("lifter, every second frame, "):
        return "lifter, every second frame"
    earlier = ("lifter, every second frame", "lifter, no bones in the loss, no roll")
    return "lifter, no bones in the loss" if model in earlier else "lifter"


def tables(lines):
    """Lines of text: one table a protocol and variant, and what P1 and P2 come to."""
    out = []
    for (protocol, variant), models in by_table(lines).items():
        columns = P6 if protocol == "P6" else COLUMNS
        most = max(len(mean_of(found, "error")) for found in models.values())
        out += ["", f"{protocol}{', ' * bool(variant)}{variant}{' (synthetic signers)' * (protocol == 'P7')}",
                f"{'model':68s}" + "".join(f"{'cm' if (protocol, name) == ('P7', 'mm') else name:>{width}s}"
                                         for name, width in columns.items())]
        for model, found in sorted(models.items(), key=lambda item: -np.mean(list(mean_of(item[1], "error").values()))):
            cells = row_of_adapted(found, models.get("lifter", [])) if protocol == "P6" else row(found)
            plain = models.get(unchanged(model), [])
            if protocol != "P6" and (of := share(found, plain)) is not None:
                ratios = [changed / error for changed, error in paired(found, plain).values()]
                cells |= {"ratio": f"{of:.3f}", "from to": f"{min(ratios):.2f}-{max(ratios):.2f}"}
            mark = " *" if len(mean_of(found, "error")) < most else ""
            texts = (f"{cells.get(name, ''):>{width}s}" for name, width in columns.items())
            out.append(f"{model + mark:68s}" + "".join(texts))
        if any(len(mean_of(found, "error")) < most for found in models.values()):
            out.append("* on some of the signers only, so its mean compares with no other")
        if protocol == "P6":
            out.append("lifter's: its ratio with the same signers and clips; worst: of all fits; "
                       "offset, and before it: of the fits that told them")
        else:
            one = variant.startswith(PARTS)
            plain = "one net, or one of own sizes" if one else "the lifter, or what a model is a variant of"
            out.append(f"ratio: to {plain}, on the signers and seeds that both have; from to: over those")
        unplaced = max(int(line.get("unplaced", 0)) for found in models.values() for line in found)
        if unplaced:
            out.append(f"clips that never show their root, of one signer and seed at most, and left out: {unplaced}")
    return out + [""] + summary(lines)


def summary(lines):
    """What the lifter's error is of its best rival's and of the ridge's, each on the signers that both were run on."""
    out, found = [], by_table(lines)
    for model, knows in found.get(("floor", ""), {}).items():
        if pairs := paired(knows, found.get(("P1", ""), {}).get(model, [])):
            own, new = np.mean(list(pairs.values()), axis=0)
            out.append(f"floor: {model} {own:.2f} on {len({signer for signer, _ in pairs})} signers whom it knows, "
                       f"{new:.2f} on all of their clips where it does not (P1)")
    for (protocol, variant), models in found.items():
        if "lifter" not in models or len(models) < 3 or protocol == "P6":  # P6's errors are told of those before
            continue
        mine = mean_of(models["lifter"], "error")
        shares = {model: share(models["lifter"], found) for model, found in models.items()
                  if not model.startswith("lifter")}
        shares = {model: found for model, found in shares.items() if found is not None}
        if not shares:
            continue
        best, mean = max(shares, key=shares.get), np.mean(list(mine.values()))
        text = f"{protocol} {variant}: lifter {mean:.2f} on {len(mine)} signers = {shares[best]:.3f} of {best}"
        both = paired(models["lifter"], models[best])
        shared = {person(line) for line in models["lifter"] if (line["signer"], line["seed"]) in both}
        if len(shared) < len(mine):
            text += f" on {len(shared)} of them"
        if "frame ridge" in shares:
            pairs = paired(models["lifter"], models["frame ridge"])
            behind = [f"{signer} (seed {seed})" for (signer, seed), (error, ridge) in pairs.items() if error > ridge]
            text += (f", {shares['frame ridge']:.3f} of the frame ridge, behind it for "
                     f"{', '.join(behind) or 'nobody'}, worst signer {max(mine.values()) / mean:.2f} of the mean")
        inside = mean_of(models["lifter"], "inside").values()
        if inside:
            text += (f", 90 % intervals hold {min(inside):.2f} to {max(inside):.2f} of the truth of each of "
                     f"{len(inside)}")
        out.append(text)
    return out


def write_results(lines):
    """The section of RESULTS.md, with its pictures."""
    PICTURES.mkdir(exist_ok=True)
    figures = [draw_models(lines), draw_adaptation(lines)]
    text = "\n".join(tables(lines))
    machines = Counter(line["machine"] for line in lines if "machine" in line)
    where = "; ".join(f"{count} of the {len(lines)} figures: {name}" for name, count in machines.most_common())
    links = "\n\n".join(f"![{title}](pictures/{name})" for title, name in filter(None, figures))
    write_section("signers", "Signers never seen",
                  f"{machine()}. Fitted on: {where}.\n\n{links}\n\n```text\n{text.strip()}\n```")


def draw_models(lines):
    """The error on P1 and P2 of every model that was run on all signers, a dot for each of these."""
    from matplotlib.figure import Figure

    found = {protocol: models for (protocol, variant), models in by_table(lines).items()
             if protocol in ("P1", "P2") and not variant}
    if not found:
        return None
    figure = Figure(figsize=(8, 3 * len(found)), layout="constrained")
    for axes, (protocol, models) in zip(np.atleast_1d(figure.subplots(len(found))), found.items(), strict=True):
        errors_of = {name: mean_of(models[name], "error") for name in models}
        common = max(errors_of.values(), key=len).keys()  # models that were run on some of them are left out
        errors_of = {name: errors for name, errors in errors_of.items() if errors.keys() == common}
        means = {name: np.mean([errors[s] for s in common]) for name, errors in errors_of.items()}
        names = sorted(means, key=means.get)
        for place, name in enumerate(names):
            errors = [errors_of[name][signer] for signer in common]
            axes.barh(place, np.mean(errors), color="tab:blue" if name == "lifter" else "lightgrey")
            axes.plot(errors, [place] * len(errors), ".", color="black", markersize=4)
        axes.set_yticks(range(len(names)), names)
        axes.set_xlabel(f"MPJPE, mm; a dot is a signer left out: {', '.join(sorted(common))}")
        axes.set_title({"P1": "P1: metric x and y", "P2": "P2: pixels, noisy, with gaps"}[protocol], loc="left")
    figure.savefig(PICTURES / "signers.png", dpi=110)
    return "Error of each model on signers never seen", "signers.png"


def draw_adaptation(lines):
    """P6: what is left of the lifter's error after some clips of a signer."""
    from matplotlib.figure import Figure

    shares = defaultdict(lambda: defaultdict(list))
    for line in lines:
        if (line["protocol"], line["model"]) == ("P6", "lifter") and line["variant"].endswith("with depth"):
            shares[line["signer"]][int(line["variant"].split()[0])].append(line["error"] / line["before"])
    if not shares:
        return None
    axes = (figure := Figure(figsize=(6, 3.5), layout="constrained")).subplots()
    for signer, by_count in sorted(shares.items()):
        counts = sorted(by_count)
        axes.plot([0, *counts], [1, *(np.mean(by_count[n]) for n in counts)], marker=".", label=signer)
    axes.set_xlabel("clips of the new signer with depth")
    axes.set_ylabel("error, of that before")
    axes.legend(ncols=2)
    figure.savefig(PICTURES / "adaptation.png", dpi=110)
    return "Error after adaptation", "adaptation.png"
