"""Clips as the player reads them: JSON with 16-bit numbers in base64."""

from __future__ import annotations

import base64
import json

import numpy as np

__all__ = ["HEAT", "clip_name", "pack_clip", "player_data", "to_script"]

UNSEEN = -32768
# From small errors to large ones: visible on white and on black, and apart for the colour-blind.
HEAT = [(43, 108, 176), (58, 166, 185), (201, 176, 55), (232, 116, 59), (200, 29, 37)]


def pack_numbers(values):
    """Numbers in 65,535 steps between the least and the largest: a body of 2 m to 0.03 mm. NaN stays apart."""
    seen = ~np.isnan(values)
    low, high = (float(values[seen].min()), float(values[seen].max())) if seen.any() else (0.0, 0.0)
    step = (high - low) / 65534 or 1.0
    levels = np.full(values.shape, UNSEEN, dtype="<i2")
    levels[seen] = np.round((values[seen].astype(np.float64) - low) / step) - 32767
    return {"low": low, "step": step, "data": base64.b64encode(levels.tobytes()).decode()}


def clip_name(data, i):
    """What to call a clip: its recording or its number, the person if it shows several, camera and signer if known."""
    recordings = data.get("recordings")
    parts = [f"clip {i}" if recordings is None else str(recordings[i])]
    if recordings is not None and data.get("persons") is not None and list(recordings).count(recordings[i]) > 1:
        parts.append(f"person {data['persons'][i]}")
    if data.get("cameras") is not None:
        parts.append(f"camera {data['cameras'][i]}")
    return ", ".join(parts if data.get("groups") is None else [*parts, str(data["groups"][i])])


def pack_clip(name, keypoints, depths, note=""):
    """A clip of keypoints ``(n_frames, n_keypoints, 2 or more)`` and, by name, depths ``(n_frames, n_keypoints)``.

    Depths that are None, of a clip that knows none, are drawn flat.
    """
    return {"name": name, "note": note, "frames": len(keypoints), "flat": all(z is None for z in depths.values()),
            "x": pack_numbers(keypoints[..., 0]), "y": pack_numbers(keypoints[..., 1]),
            "series": [{"name": title, "z": None if z is None else pack_numbers(z)} for title, z in depths.items()]}


def player_data(clips, skeleton, *, fps, units, y_up, limit=1.0):
    """All that the player knows; `limit` is the error, in `units`, at the end of its colours."""
    side = {left: "left" for left, _ in skeleton.pairs} | {right: "right" for _, right in skeleton.pairs}
    sides = [side.get(keypoint, "middle") for keypoint in skeleton.keypoints]
    edges = [(a, b, side.get(skeleton.keypoints[a], sides[b]))
             for a, b in (skeleton.indices(edge).tolist() for edge in skeleton.edges)]
    root_of = {keypoint: skeleton.roots[region] for region, names in skeleton.regions.items() for keypoint in names}
    compared = [root_of[keypoint] != keypoint for keypoint in skeleton.keypoints]
    regions = {region: skeleton.region_indices(region).tolist() for region in skeleton.regions}
    return {"keypoints": skeleton.keypoints, "sides": sides, "edges": edges, "compared": compared,
            "regions": regions if len(regions) > 1 else {}, "fps": float(fps), "units": units, "y_up": bool(y_up),
            "limit": float(limit), "heat": HEAT, "clips": clips}


def to_script(data):
    """JSON that may stand in a script element, whatever names it holds."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c").replace("&", "\\u0026")
