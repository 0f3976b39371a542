"""Charts as SVG: the error of each keypoint on the skeleton, and boxes of each signer's clips."""

from __future__ import annotations

from html import escape

import numpy as np

from ..plots._measures import clearest_poses
from ._packing import HEAT

__all__ = ["heat_map", "signer_boxes"]

# Of the models, in their order; Okabe and Ito's, after a grey.
MODEL_COLOURS = ["#8a8f96", "#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#d55e00"]
PANEL, WIDE, TALL = 240, 64, 300  # px: a map, a signer's place among the boxes, the boxes' height


def heat_map(errors, skeleton, X, units, y_up, limit):
    """The skeleton, its regions apart, each keypoint in the colour of its error and with its name to point at."""
    maps = [f"<figure><figcaption>{escape(region)}</figcaption>"
            f"{_map(errors, skeleton, indices, pose * ([-1, -1] if y_up else [1, 1]), region, units, limit)}</figure>"
            for region, (indices, pose) in clearest_poses(X, skeleton).items()]
    stops = "".join(f'<stop offset="{i / (len(HEAT) - 1)}" stop-color="rgb{rgb}"/>' for i, rgb in enumerate(HEAT))
    key = [f'<defs><linearGradient id="heat">{stops}</linearGradient></defs>'
           f'<rect width="180" height="10" fill="url(#heat)"/><text y="26">0</text>'
           f'<text x="180" y="26" text-anchor="end">{limit:.3g} {escape(units)} and more</text>']
    return f'<div class="maps">{"".join(maps)}</div>' + _svg(182, 30, f"Colours from 0 to {limit:.3g} {units}", key)


def _map(errors, skeleton, indices, pose, region, units, limit):
    low, high = np.nanmin(pose[indices], axis=0), np.nanmax(pose[indices], axis=0)
    scale = (PANEL - 20) / max(*(high - low), 1e-9)
    place = (pose - low) * scale + 10
    parts, inside = [], set(indices[~np.isnan(place[indices]).any(axis=1)].tolist())
    for a, b in (skeleton.indices(edge) for edge in skeleton.edges):
        if {a, b} <= inside:
            (x1, y1), (x2, y2) = place[[a, b]]
            parts.append(f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="currentColor" opacity=".25"/>')
    for k in sorted(inside):
        name = skeleton.keypoints[k]
        told = f"{name}: {errors[name]:.3g} {units}" if name in errors else f"{name}: not compared"
        paint = f'fill="{_colour(errors[name] / limit)}"' if name in errors else \
            'fill="none" stroke="currentColor" opacity=".5"'
        parts.append(f'<circle cx="{place[k, 0]:.1f}" cy="{place[k, 1]:.1f}" r="4.5" {paint}>'
                     f"<title>{escape(told)}</title></circle>")
    width, height = (high - low) * scale + 20
    return _svg(round(width), round(height), f"Errors on {region}; the table of all keypoints has the figures", parts)


def signer_boxes(errors, counts, groups, units):
    """A box for each signer and model: the middle half of the clips, their median, whiskers to the extremes."""
    signers = [signer for signer in np.unique(groups) if counts[groups == signer].any()]
    top = max(np.nanmax(error) for error in errors.values()) or 1.0
    marks = _marks(top)
    left, step = 52, max(WIDE, 16 * len(errors) + 20)
    parts, width = [], left + step * len(signers) + 10

    def height(value):
        return TALL - 40 - (TALL - 70) * value / marks[-1]

    for mark in marks:
        parts.append(f'<path d="M{left} {height(mark):.1f}H{width - 10}" stroke="currentColor" opacity=".15"/>'
                     f'<text x="{left - 6}" y="{height(mark) + 4:.1f}" text-anchor="end">{mark:g}</text>')
    parts.append(f'<text x="4" y="12">MPJPE, {escape(units)}</text>')
    for s, signer in enumerate(signers):
        own = (groups == signer) & (counts > 0)
        middle = left + step * (s + 0.5)
        name = str(signer) if len(str(signer)) <= 9 else f"{str(signer)[:8]}…"
        parts.append(f'<text x="{middle:.0f}" y="{TALL - 22}" text-anchor="middle">{escape(name)}</text>')
        for m, (model, error) in enumerate(errors.items()):
            x = middle + 16 * (m - (len(errors) - 1) / 2)
            low, first, median, third, high = (height(q) for q in np.quantile(error[own], [0, 0.25, 0.5, 0.75, 1]))
            told = f"{signer}, {model}: median clip {np.median(error[own]):.3g} {units}, {own.sum()} clips"
            parts.append(f'<g stroke="currentColor"><title>{escape(told)}</title>'
                         f'<path d="M{x} {low:.1f}V{first:.1f}M{x} {third:.1f}V{high:.1f}"/>'
                         f'<rect x="{x - 6}" y="{third:.1f}" width="12" height="{max(first - third, 1):.1f}" '
                         f'fill="{_paint(m)}" stroke-width=".7"/>'
                         f'<path d="M{x - 6} {median:.1f}h12" stroke="#111" stroke-width="1.6"/></g>')
    x = left
    for m, model in enumerate(errors):
        parts.append(f'<rect x="{x}" y="{TALL - 11}" width="10" height="10" fill="{_paint(m)}"/>'
                     f'<text x="{x + 15}" y="{TALL - 2}">{escape(model)}</text>')
        x += 30 + 7 * len(model)
    chart = _svg(max(width, x), TALL + 4, "Errors of each signer's clips as boxes; the table has the means", parts)
    return f'<div class="wide boxes" tabindex="0" role="region" aria-label="boxes of errors">{chart}</div>'


def _svg(width, height, title, parts):
    return (f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
            f'aria-label="{escape(title)}">{"".join(parts)}</svg>')


def _paint(number):
    return MODEL_COLOURS[number % len(MODEL_COLOURS)]


def _colour(share):
    """A colour of `HEAT`, or between two; 0 is the first, 1 and more the last."""
    place = min(share, 1.0) * (len(HEAT) - 1)
    return "rgb({:.0f},{:.0f},{:.0f})".format(*(np.interp(place, range(len(HEAT)), channel)
                                                for channel in zip(*HEAT, strict=True)))


def _marks(top):
    """Round numbers from 0 to above `top`, four to eight of them."""
    power = 10.0 ** np.floor(np.log10(top))
    step = next(m * power for m in (0.2, 0.5, 1, 2) if top / (m * power) <= 6)
    return np.arange(np.ceil(top / step) + 1) * step
