"""Pictures of errors: each keypoint's on the skeleton, each signer's as boxes."""

from __future__ import annotations

import numpy as np

from ._drawing import bounds, labelled, require, set_flat_axes
from ._measures import clearest_poses, clip_errors

__all__ = ["plot_keypoint_errors", "plot_signer_errors"]

COLOUR_MAP = "cividis"  # even to the eye, in grey and to the colour-blind too


def plot_keypoint_errors(errors, skeleton, X, *, units="", y_up=False, limit=None):
    """Draw the error of each keypoint on the skeleton.

    What has a root of its own (a face, a hand) is drawn enlarged, on axes of its own, in the frame that shows it
    clearest. Keypoints without an error, such as roots, are hollow.

    Parameters
    ----------
    errors : mapping of str to float
        Errors by the keypoints' names, as in the rows of ``error_table(..., keypoints=True)``; other names, those
        of regions, are ignored.
    skeleton : Skeleton
        Names keypoints, bones and regions.
    X : sequence of n_clips arrays (n_frames, n_keypoints, 2 or 3)
        Keypoints to draw on.
    units : str, default=""
        The unit of the errors, for the colour bar.
    y_up : bool, default=False
        Whether y of the keypoints grows upwards.
    limit : float, optional
        The error at the end of the colour bar. Default: the largest.

    Returns
    -------
    array of matplotlib axes
        One for each root.

    Examples
    --------
    >>> from liftz.datasets import make_signing
    >>> from liftz.plots import plot_keypoint_errors
    >>> data = make_signing(n_signers=1, n_clips=1, n_frames=30, random_state=0)
    >>> axes = plot_keypoint_errors({"left_wrist": 5.0, "left_elbow": 3.0}, data.skeleton, data.X, units="cm")
    >>> [ax.get_title() for ax in axes]
    ['face', 'left_hand', 'right_hand', 'body']
    """
    values = np.array([errors.get(keypoint, np.nan) for keypoint in skeleton.keypoints], dtype=np.float64)
    if np.isnan(values).all():
        raise ValueError(f"errors has none of the keypoints of skeleton {skeleton.name!r}, expected names such as "
                         f"{skeleton.keypoints[0]!r}; it has {', '.join(map(str, list(errors)[:5]))}")
    poses = clearest_poses(X, skeleton)
    plt = require("matplotlib.pyplot")
    figure = plt.figure(figsize=(3.0 * len(poses) + 1, 4.2), layout="constrained")
    axes = figure.subplots(1, len(poses), squeeze=False)[0]
    scale = require("matplotlib.colors").Normalize(0, np.nanmax(values) if limit is None else limit)
    for ax, (title, (indices, pose)) in zip(axes, poses.items(), strict=True):
        set_flat_axes(ax, bounds(pose[indices]), "", y_up)
        ax.set_axis_off()  # the size of a region says nothing here: each has its own
        ax.set_title(title)
        inside = np.isin(np.arange(len(skeleton)), indices)
        for a, b in (skeleton.indices(edge) for edge in skeleton.edges):
            if inside[[a, b]].all():
                ax.plot(*pose[[a, b]].T, color="#CCCCCC", linewidth=1, zorder=1)
        known = ~np.isnan(values[indices])
        ax.scatter(*pose[indices[~known]].T, s=30, facecolors="white", edgecolors="#999999", linewidths=1, zorder=2)
        ax.scatter(*pose[indices[known]].T, s=36, c=values[indices[known]], cmap=COLOUR_MAP, norm=scale, zorder=3)
    figure.colorbar(plt.cm.ScalarMappable(scale, COLOUR_MAP), ax=list(axes), shrink=0.8,
                    label=labelled("error", units))
    return axes


def plot_signer_errors(y_true, predictions, groups, skeleton, *, units="", ax=None):
    """Draw the errors of each signer's clips as boxes, a box for each model.

    Boxes hold the middle half of a signer's clips with the median as a line, whiskers reach to the lowest and the
    highest clip, and a dot is the mean over keypoint-frames: the signer's figure in `error_table`.

    Parameters
    ----------
    y_true, predictions, groups, skeleton
        As in `error_table`.
    units : str, default=""
        The unit of the depths, for the axis.
    ax : matplotlib axes, optional
        Draw there. Default: a new figure.

    Returns
    -------
    matplotlib axes

    Examples
    --------
    >>> from liftz import Skeleton
    >>> from liftz.plots import plot_signer_errors
    >>> arm = Skeleton("arm", ["shoulder", "elbow"], root="shoulder")
    >>> y_true = [[[0, 10]], [[0, 10]], [[0, 12]]]
    >>> ax = plot_signer_errors(y_true, {"flat": [[[0, 0]]] * 3}, ["Ann", "Ann", "Ben"], arm, units="cm")
    >>> [label.get_text() for label in ax.get_xticklabels()], ax.get_ylabel()
    (['Ann', 'Ben'], 'MPJPE (cm)')
    """
    errors, counts = clip_errors(y_true, predictions, skeleton)
    groups = np.asarray(groups)
    if groups.shape != counts.shape:
        raise ValueError(f"groups has shape {groups.shape}, expected the signer of each of {len(counts)} clips")
    signers = [signer for signer in np.unique(groups) if counts[groups == signer].any()]
    if ax is None:
        width = 2 + 0.35 * len(signers) * (len(errors) + 1)
        ax = require("matplotlib.pyplot").figure(figsize=(max(width, 4.5), 4), layout="constrained").add_subplot()
    colours = require("matplotlib").colormaps["cividis"](np.linspace(0.85, 0.15, len(errors)))
    handles = []
    for m, (error, colour) in enumerate(zip(errors.values(), colours, strict=True)):
        places = np.arange(len(signers)) + (m - (len(errors) - 1) / 2) * 0.8 / len(errors)
        clips = [(groups == signer) & (counts > 0) for signer in signers]
        boxes = ax.boxplot([error[own] for own in clips], positions=places, widths=0.68 / len(errors), whis=(0, 100),
                           showfliers=False, patch_artist=True, manage_ticks=False,
                           boxprops={"facecolor": colour, "linewidth": 0.8},
                           medianprops={"color": "white" if m else "black"})
        ax.plot(places, [np.average(error[own], weights=counts[own]) for own in clips], "o", color="#D55E00",
                markersize=3.5, zorder=3)
        handles.append(boxes["boxes"][0])
    ax.set_xticks(range(len(signers)), [str(signer) for signer in signers])
    ax.set(xlabel="signer", ylabel=labelled("MPJPE", units))
    ax.set_ylim(bottom=0)
    ax.legend(handles, list(errors), fontsize="small", ncols=len(errors), loc="lower center", bbox_to_anchor=(0.5, 1.0),
              frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
    return ax
