"""The page of an evaluation: errors by model, region, signer and keypoint, and clips in 3D."""

from __future__ import annotations

from html import escape

import numpy as np

from ..plots._measures import clip_errors
from ..plots._roots import at_true_roots
from ..sequences import check_sequences
from ..tables import error_table
from ._charts import heat_map, signer_boxes
from ._packing import clip_name, pack_clip, player_data
from ._page import PLAYER, facts_list, write_page
from ._tables import keypoint_table, model_table, region_table, signer_table

__all__ = ["write_report"]

MAX_FRAMES = 240  # of a clip: 8 s tell how it moves, and keep the file small


def write_report(path, data, predictions, *, model="lifter", reference=None, title="Signing lifted into depth",
                 facts=None):
    """Write what `liftz evaluate` found as one HTML file that needs nothing beside it, and no network.

    It has the tables of `error_table`, a box for each signer, a map of the keypoints' errors, and the player: the
    best, the median and the worst clip, and the median clip of the worst signer, the true body beside the predicted.

    Parameters
    ----------
    path : str or path-like
        The file to write, ``.html``. It is there whole, or not at all.
    data : Bunch
        What was predicted from: `X`, whose x and y are drawn, in the unit of the depths; `y`, the true depths;
        `groups`, `skeleton`, `fps`, `units`, `y_up`; and `recordings` and `cameras`, where they are known.
    predictions : mapping of str to sequences of n_clips arrays ``(n_frames, n_keypoints)``
        Depths by each model, as `predict_unseen` returns them.
    model : str, default="lifter"
        The one that is looked at closely, and played.
    reference : str, optional
        The model that skill is measured against, such as ``"mean pose"``.
    title : str
        The page's.
    facts : mapping of str to str, optional
        More to tell of how it was done: the track, the parameters, the seed.

    Raises
    ------
    ValueError
        If `model` is none of the predictions, shapes do not fit, or nothing is comparable.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from liftz.datasets import make_signing
    >>> from liftz.report import write_report
    >>> data = make_signing(n_signers=2, n_clips=1, n_frames=30, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = pathlib.Path(folder, "report.html")
    ...     write_report(page, data, {"flat": [0 * depth for depth in data.y]}, model="flat")
    ...     page.stat().st_size < 300_000
    True
    """
    if model not in predictions:
        raise ValueError(f"model must be one of the predictions, {', '.join(predictions)}, got {model!r}")
    skeleton, units, groups = data["skeleton"], data["units"], np.asarray(data["groups"])
    X, y = check_sequences(data["X"], data["y"], skeleton=skeleton, allow_unseen=True)
    table = error_table(y, predictions, groups, skeleton, reference=reference, keypoints=True)
    rows = {(row.part, row.model): row for row in table.rows}
    errors, counts = clip_errors(y, predictions, skeleton)
    models = list(predictions)
    regions = [region for region in skeleton.regions if (region, model) in rows]
    of_keypoints = {k: rows[k, model].mean for k in skeleton.keypoints if (k, model) in rows}
    limit = float(np.quantile(list(of_keypoints.values()), 0.98)) or 1.0
    best = rows["all", model]
    known = {"signers": ", ".join(best.signers), "clips": f"{len(X)}, {sum(map(len, X))} frames",
             "skeleton": f"{skeleton.name}, {len(skeleton)} keypoints"}
    sections = [
        f"<h1>{escape(title)}</h1>", f'<p class="lead">{escape(_headline(best, reference, units))}</p>',
        facts_list(known | dict(facts or {})),
        model_table(rows, models, model, units),
        "<p class='soft'>MPJPE: the mean distance of keypoints from the truth, both measured from the root of their "
        "region. Spread: the standard deviation over signers."
        + (f" Skill: 1 &minus; error / error of {escape(reference)}.</p>" if reference else "</p>"),
        "<h2>Clips</h2>", PLAYER,
        f"<p class='soft'>x and y are those given; depths are the true ones and those by {escape(model)}, drawn from "
        "the true root of each region, as the errors are measured.</p>",
        "<h2>Regions</h2>" + region_table(rows, regions, models, model, units) if len(regions) > 1 else "",
        "<h2>Signers</h2>", signer_table(rows, models, units), signer_boxes(errors, counts, groups, units),
        f"<h2>Keypoints</h2><p>Errors of {escape(model)}; point at a keypoint for its name. Hollow: roots, zero by "
        "construction, and what cannot be compared.</p>",
        heat_map(of_keypoints, skeleton, X, units, data["y_up"], limit),
        "<details><summary>All keypoints</summary>"
        + keypoint_table(rows, list(of_keypoints), models, model, units) + "</details>",
    ]
    clips = []
    for i, why in _chosen(errors[model], counts, groups, best.worst_signer).items():
        lifted = at_true_roots(y[i], predictions[model][i], skeleton)
        cut = f" The first {MAX_FRAMES} of {len(X[i])} frames." if len(X[i]) > MAX_FRAMES else ""
        clips.append(pack_clip(f"{why}: {clip_name(data, i)}", X[i][:MAX_FRAMES],
                               {"true": y[i][:MAX_FRAMES], f"by {model}": lifted[:MAX_FRAMES]},
                               f"{errors[model][i]:.3g} {units} over the whole clip.{cut}"))
    write_page(path, title, "\n".join(filter(None, sections)),
               player_data(clips, skeleton, fps=data["fps"], units=units, y_up=data["y_up"], limit=limit))


def _headline(row, reference, units):
    skill = ""
    if row.skill is not None:
        skill = f" That is {abs(row.skill):.0%} {'less' if row.skill >= 0 else 'more'} than the {reference}'s."
    return (f"On signers never seen, {row.model} is {row.mean:.3g} {units} off on average "
            f"(± {row.spread:.2g} over signers; worst {row.worst_signer}, {row.worst:.3g}).{skill}")


def _chosen(errors, counts, groups, worst_signer):
    """Which clips to show, and why; each once."""
    order = [i for i in np.argsort(errors) if counts[i]]
    theirs = [i for i in order if str(groups[i]) == worst_signer]
    chosen: dict[int, str] = {}
    for why, i in (("median clip", order[len(order) // 2]), ("worst clip", order[-1]), ("best clip", order[0]),
                   ("median clip of the worst signer", theirs[len(theirs) // 2])):
        chosen.setdefault(int(i), why)
    return chosen
