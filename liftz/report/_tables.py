"""Tables of errors as HTML."""

from __future__ import annotations

from html import escape

__all__ = ["keypoint_table", "model_table", "region_table", "signer_table", "table"]


def table(caption, header, lines, chosen=None):
    """Text as a table that can be scrolled aside; the first cell of a line names it, `chosen` is the line in bold."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = []
    for name, *cells in lines:
        bold = ' class="chosen"' if name == chosen else ""
        body.append(f'<tr{bold}><th scope="row">{escape(name)}</th>'
                    + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    return (f'<div class="wide" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
            f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
            f'<tbody>{"".join(body)}</tbody></table></div>')


def model_table(rows, models, chosen, units):
    """A line for each model, over all keypoints; `rows` are those of `ErrorTable`, by part and model."""
    lines = [(model, f"{row.mean:.4g}", f"{row.spread:.4g}", f"{row.worst:.4g}", row.worst_signer, _skill(row))
             for model in models for row in [rows["all", model]]]
    return table(f"MPJPE in {units}, all keypoints: mean over signers", ["model", "mean", "spread", "worst", "signer",
                                                                         "skill"], lines, chosen)


def region_table(rows, regions, models, chosen, units):
    """A line for each region, a column for each model."""
    lines = [(region, *(f"{rows[region, model].mean:.4g}" for model in models), _skill(rows[region, chosen]),
              rows[region, chosen].worst_signer) for region in regions]
    return table(f"MPJPE in {units} by region, each from its own root: mean over signers",
                 ["region", *models, f"skill of {chosen}", "worst signer"], lines)


def signer_table(rows, models, units):
    """A line for each signer, a column for each model."""
    signers = rows["all", models[0]].signers
    lines = [(signer, *(f"{rows['all', model].signers[signer]:.4g}" for model in models)) for signer in signers]
    return table(f"MPJPE in {units} of each signer, by models that never saw them", ["signer", *models], lines)


def keypoint_table(rows, keypoints, models, chosen, units):
    """A line for each keypoint, the worst first."""
    worst_first = sorted(keypoints, key=lambda keypoint: -rows[keypoint, chosen].mean)
    lines = [(keypoint, *(f"{rows[keypoint, model].mean:.4g}" for model in models), _skill(rows[keypoint, chosen]),
              rows[keypoint, chosen].worst_signer) for keypoint in worst_first]
    return table(f"MPJPE in {units} of each keypoint, the worst first: mean over signers",
                 ["keypoint", *models, f"skill of {chosen}", "worst signer"], lines)


def _skill(row):
    return "-" if row.skill is None else f"{row.skill:.3f}"
