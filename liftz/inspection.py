"""What depths look like before anything is learnt of them: how far keypoints lie apart, and where they jump out."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from .sequences import check_sequences

__all__ = ["DepthSpread", "OutlierFrame", "SpreadRow", "depth_spread", "plot_depth_spread"]

CHUNK = 512  # frames at a time: their float64 copies stay in the processor's cache


@dataclass(frozen=True)
class SpreadRow:
    """Distances in depth between all pairs of a region's keypoints, over the frames of a clip."""

    clip: str
    region: str
    mean: float  # over pairs and frames; like the others in the unit of the clips
    smallest: float
    largest: float
    frame: int  # of the largest
    keypoints: tuple[str, str]  # the nearest and the farthest of that frame
    n_pairs: int  # over all frames


@dataclass(frozen=True)
class OutlierFrame:
    """A frame in which a region is far deeper than it mostly is."""

    clip: str
    region: str
    frame: int
    largest: float  # distance in depth, in the unit of the clips
    keypoints: tuple[str, str]  # the nearest and the farthest


@dataclass(frozen=True)
class DepthSpread:
    """What `depth_spread` found; `str` of it is the table as plain text."""

    rows: tuple[SpreadRow, ...]
    outliers: tuple[OutlierFrame, ...]
    limits: dict[str, float]  # by region: a frame is an outlier beyond that, in the unit of the clips

    def to_dict(self):
        """Everything as plain values, ready for JSON."""
        return asdict(self)

    def cells(self):
        """The table as lists of text, the header first, four significant digits."""
        lines = [["clip", "region", "mean", "smallest", "largest", "in frame", "between", "pairs"]]
        lines += [[row.clip, row.region, f"{row.mean:.4g}", f"{row.smallest:.4g}", f"{row.largest:.4g}",
                   str(row.frame), " and ".join(row.keypoints), str(row.n_pairs)] for row in self.rows]
        return lines

    def __str__(self):
        lines = self.cells()
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join("  ".join(cell.ljust(width) if i in (0, 1, 6) else cell.rjust(width)
                                   for i, (cell, width) in enumerate(zip(line, widths, strict=True))).rstrip()
                         for line in lines)


def depth_spread(y, skeleton, *, names=None, first_frames=None, outlier=3.0):
    """Mean, smallest and largest distance in depth between all pairs of keypoints, per clip and region.

    Exact, and without forming a pair: of n depths in order, the gap between the i-th and the next one is part of
    ``i (n - i)`` pairs; the smallest distance is a gap, and the largest the sum of all. NaN is "not seen": of every
    frame, the keypoints that are seen make the pairs. (The statistics of P. Perez Granero, 2020, who looped over
    pairs.)

    Parameters
    ----------
    y : sequence of n_clips arrays ``(n_frames, n_keypoints)``
        Depths, in any unit, from wherever they are measured.
    skeleton : Skeleton
        Names regions and keypoints.
    names : sequence of str, optional
        What to call the clips. Default: ``"clip 0"``, ``"clip 1"``, ...
    first_frames : sequence of int, optional
        The number of each clip's first frame, to name frames by. Default: 0.
    outlier : float, default=3.0
        A frame is an outlier where a region's largest distance is more than so many interquartile ranges above the
        upper quartile of that over the frames of all clips (J. W. Tukey's fences, 1977; 3 is "far out").

    Returns
    -------
    DepthSpread
        Rows clip by clip, and region by region in them, of the regions of which some frame shows two keypoints;
        outliers with the largest, in limits of their region, first.

    Raises
    ------
    ValueError
        If a clip does not fit the skeleton, or no frame shows two keypoints of a region.

    Examples
    --------
    >>> from liftz import Skeleton
    >>> from liftz.inspection import depth_spread
    >>> arm = Skeleton("arm", ["shoulder", "elbow", "wrist"], root="shoulder")
    >>> spread = depth_spread([[[0, 10, 25], [0, 10, 25], [0, 10, 25], [0, 10, 26], [0, 10, 80]]], arm)
    >>> print(spread)
    clip    region   mean  smallest  largest  in frame  between             pairs
    clip 0  body    24.13        10       80         4  shoulder and wrist     15
    >>> spread.outliers
    (OutlierFrame(clip='clip 0', region='body', frame=4, largest=80.0, keypoints=('shoulder', 'wrist')),)
    """
    y = check_sequences(y, ndim=2, skeleton=skeleton, names=("y", ""), allow_unseen=True)
    names = [f"clip {i}" for i in range(len(y))] if names is None else [str(name) for name in names]
    firsts = [0] * len(y) if first_frames is None else [int(first) for first in first_frames]
    for what, values in (("names", names), ("first_frames", firsts)):
        if len(values) != len(y):
            raise ValueError(f"y has {len(y)} clips, {what} has {len(values)}")
    if not 0 <= outlier < np.inf:
        raise ValueError(f"outlier must be finite and not negative, got {outlier!r}")
    regions = {region: skeleton.region_indices(region) for region in skeleton.regions}
    found = {(i, region): _pairs(clip, indices) for i, clip in enumerate(y) for region, indices in regions.items()}

    def between(i, region, frame):
        depth = y[i][frame, regions[region]]
        keypoints = skeleton.regions[region]
        return keypoints[np.nanargmin(depth)], keypoints[np.nanargmax(depth)]

    rows, limits, outliers = [], {}, []
    for (i, region), (total, n_pairs, smallest, largest) in found.items():
        if n_pairs:
            frame = int(np.nanargmax(largest))
            rows.append(SpreadRow(names[i], region, total / n_pairs, smallest, float(largest[frame]),
                                  firsts[i] + frame, between(i, region, frame), n_pairs))
    if not rows:
        raise ValueError(f"no frame of {len(y)} clips shows two keypoints of one region of {skeleton.name!r}")
    for region in dict.fromkeys(row.region for row in rows):
        ranges = np.concatenate([found[i, region][3] for i in range(len(y))])
        lower, upper = np.nanquantile(ranges, [0.25, 0.75])
        limits[region] = float(upper + outlier * (upper - lower))
        for i in range(len(y)):
            largest = found[i, region][3]
            outliers += [OutlierFrame(names[i], region, firsts[i] + int(frame), float(largest[frame]),
                                      between(i, region, frame)) for frame in np.flatnonzero(largest > limits[region])]
    outliers.sort(key=lambda frame: -frame.largest / max(limits[frame.region], 1e-300))
    return DepthSpread(tuple(rows), tuple(outliers), limits)


def _pairs(clip, indices):
    """Sum, number and smallest of all pairs' distances, and the largest of each frame, NaN without a pair."""
    largest = np.full(len(clip), np.nan)
    total, n_pairs, smallest = 0.0, 0, np.inf
    n = len(indices)
    place = np.arange(1, n)
    columns = slice(indices[0], indices[-1] + 1) if (np.diff(indices) == 1).all() else indices  # a third of the time
    for start in range(0, len(clip), CHUNK):
        ordered = np.sort(clip[start:start + CHUNK, columns], axis=1)  # NaN comes last
        n_seen = n - np.isnan(ordered).sum(axis=1)
        frames = np.flatnonzero(n_seen > 1)
        if not len(frames):
            continue
        ordered, n_seen = ordered[frames].astype(np.float64), n_seen[frames]
        largest[start + frames] = ordered[np.arange(len(frames)), n_seen - 1] - ordered[:, 0]
        gaps = np.diff(ordered, axis=1)
        if n_seen.min() == n:
            total, least = total + gaps.sum(axis=0) @ (place * (n - place)), gaps.min()
        else:
            total, least = total + np.nansum(gaps * (place * (n_seen[:, None] - place))), np.nanmin(gaps)
        smallest = min(smallest, float(least))
        n_pairs += int((n_seen * (n_seen - 1) // 2).sum())
    return float(total), n_pairs, smallest, largest


def plot_depth_spread(spread, *, units=""):
    """Draw the mean and the largest distance of each clip, a panel for each region.

    Parameters
    ----------
    spread : DepthSpread
    units : str, default=""
        For the axes.

    Returns
    -------
    array of matplotlib axes

    Raises
    ------
    ImportError
        Without matplotlib; it says what to install.

    Examples
    --------
    >>> from liftz.datasets import make_signing
    >>> from liftz.inspection import depth_spread, plot_depth_spread
    >>> data = make_signing(n_signers=2, n_clips=2, n_frames=30)
    >>> axes = plot_depth_spread(depth_spread(data.y, data.skeleton), units=data.units)
    >>> [ax.get_title() for ax in axes]
    ['face', 'left_hand', 'right_hand', 'body']
    """
    from .plots._drawing import require

    plt = require("matplotlib.pyplot")
    clips = list(dict.fromkeys(row.clip for row in spread.rows))
    place = {clip: i for i, clip in enumerate(clips)}
    figure, axes = plt.subplots(1, len(spread.limits), sharey=True, squeeze=False, layout="constrained",
                                figsize=(2 + 2.4 * len(spread.limits), 1.2 + 0.2 * len(clips)))
    for ax, (region, limit) in zip(axes[0], spread.limits.items(), strict=True):
        rows = [row for row in spread.rows if row.region == region]
        height = [place[row.clip] for row in rows]
        ax.hlines(height, [row.smallest for row in rows], [row.largest for row in rows], color="#B0B0B0")
        ax.plot([row.mean for row in rows], height, "o", color="#0072B2", markersize=4, label="mean")
        ax.plot([row.largest for row in rows], height, "|", color="#555555", label="largest")
        ax.axvline(limit, color="#D55E00", linewidth=0.8, linestyle="--", label="outliers beyond")
        ax.set(title=region, xlabel=f"|dz| of two keypoints{f' ({units})' if units else ''}")
        ax.set_xlim(left=0)
        ax.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_yticks(range(len(clips)), clips, fontsize="small")
    axes[0, 0].invert_yaxis()
    axes[0, 0].legend(fontsize="x-small")
    return axes[0]
