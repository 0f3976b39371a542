"""A page that plays clips in 3D."""

from __future__ import annotations

from html import escape

import numpy as np

from ..sequences import check_sequences
from ._packing import clip_name, pack_clip, player_data
from ._page import PLAYER, facts_list, write_page

__all__ = ["write_player"]


def write_player(path, data, *, title="Clips", max_frames=5000):
    """Write a page that plays clips of points in 3D: one HTML file that needs nothing beside it.

    Parameters
    ----------
    path : str or path-like
        The file to write, ``.html``. It is there whole, or not at all.
    data : Bunch or dict
        A data set: `X`, clips of keypoints; `skeleton`, `units` and `y_up`; and where they are known `y`, their depths
        (without them the bodies are flat), `fps` (without it 30), `recordings`, `cameras` and `groups`, which
        name the clips.
    title : str, default="Clips"
        The page's.
    max_frames : int, default=5000
        A longer clip is cut there, and the page says so. A frame of 138 keypoints takes about 1.1 kB.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from liftz.datasets import make_signing
    >>> from liftz.report import write_player
    >>> data = make_signing(n_signers=1, n_clips=2, n_frames=30, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = pathlib.Path(folder, "clips.html")
    ...     write_player(page, data)
    ...     page.stat().st_size < 150_000
    True
    """
    if not max_frames >= 1:
        raise ValueError(f"max_frames must be at least 1, got {max_frames!r}")
    skeleton = data["skeleton"]
    depths = data.get("y")
    if depths is None:
        X = check_sequences(data["X"], skeleton=skeleton, allow_unseen=True)
        depths = [None] * len(X)
    else:
        X, depths = check_sequences(data["X"], depths, skeleton=skeleton, allow_unseen=True)
    fps = data.get("fps")
    clips = []
    for i, (clip, z) in enumerate(zip(X, depths, strict=True)):
        notes = [f"The first {max_frames} of {len(clip)} frames."] if len(clip) > max_frames else []
        if z is None:
            notes.append("No depths are known: the body is flat.")
        else:
            z, told = _flat_where_unknown(clip[:max_frames], z[:max_frames])
            notes += told
        series = {"keypoints": None} if z is None else {"points": z}
        clips.append(pack_clip(clip_name(data, i), clip[:max_frames], series, " ".join(notes)))
    facts = {"clips": f"{len(X)}, {sum(map(len, X))} frames", "skeleton": f"{skeleton.name}, {len(skeleton)} keypoints",
             "units": data["units"], "frames a second": "30, assumed" if fps is None else f"{fps:g}",
             "never seen": ", ".join(_never_seen(X, skeleton)) or "none"}
    write_page(path, title, f"<h1>{escape(title)}</h1>{PLAYER}{facts_list(facts)}",
               player_data(clips, skeleton, fps=fps or 30.0, units=data["units"], y_up=data["y_up"]))


def _flat_where_unknown(clip, depth):
    """Depths, 0 in frames that know none; and what to say of that, and of keypoints that lack theirs in others."""
    seen, known = ~np.isnan(clip[..., :2]).any(axis=2), ~np.isnan(depth)
    flat = seen.any(axis=1) & ~known.any(axis=1)
    lacking = np.sum(seen[~flat] & ~known[~flat])
    notes = [f"No depths are known in {np.sum(flat)} frames: the body is flat there."] * bool(flat.any())
    notes += [f"{lacking} points have no depth, beside others that have, and are not drawn."] * bool(lacking)
    return np.where(flat[:, None], np.float32(0), depth), notes


def _never_seen(X, skeleton):
    seen = np.any([~np.isnan(clip[..., :2]).any(axis=2).all(axis=0) for clip in X], axis=0)
    return [keypoint for keypoint, ever in zip(skeleton.keypoints, seen, strict=True) if not ever]
