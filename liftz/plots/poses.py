"""Pictures of one frame: keypoints in the plane beside points in space, the true beside the predicted."""

from __future__ import annotations

import numpy as np

from ._drawing import GREY, Body, bounds, check_points, check_pose, figure_of, set_flat_axes, set_solid_axes
from ._roots import at_true_roots

__all__ = ["plot_comparison", "plot_pose"]


def plot_pose(points, skeleton, ax=None, *, units="", y_up=False):
    """Draw the points of one frame: in the plane, and beside it in space.

    The signer's left is blue, the right orange. All axes have one scale. Coordinates are taken as right-handed, with
    depth away from the camera: x goes to the right where y goes down, as in pictures, and to the left where it goes
    up, as Kinect's do.

    Parameters
    ----------
    points : array of shape (n_keypoints, 2) or (n_keypoints, 3)
        x, y and, where it is known, depth; NaN is not drawn.
    skeleton : Skeleton
        Names keypoints, bones and sides.
    ax : matplotlib axes, optional
        Draw there, and nowhere else: in space if its projection is ``"3d"``. Default: a new figure.
    units : str, default=""
        The unit of the points, for the axes: ``"cm"``, ``"mm"``, ``"px"``.
    y_up : bool, default=False
        Whether y grows upwards.

    Returns
    -------
    array of matplotlib axes
        Those that were drawn on.

    Raises
    ------
    ImportError
        Without matplotlib; it says what to install.
    ValueError
        If the points do not fit the skeleton, or none is seen.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz.datasets import make_signing
    >>> from liftz.plots import plot_pose
    >>> data = make_signing(n_signers=1, n_clips=1, n_frames=30, random_state=0)
    >>> points = np.dstack([data.X[0], data.y[0]])
    >>> flat, solid = plot_pose(points[0], data.skeleton, units=data.units, y_up=data.y_up)
    >>> solid.get_ylabel()
    'depth (cm)'
    """
    points = check_pose(points, skeleton)
    boxes = [("x y", bounds(points[:, :2]))]
    if points.shape[1] == 3:
        boxes.append(("x y depth", bounds(points)))
    if ax is None:
        axes = figure_of(boxes, units, y_up)
    elif ax.name != "3d":
        axes = [ax]
        set_flat_axes(ax, boxes[0][1], units, y_up)
    elif points.shape[1] == 3:
        axes = [ax]
        set_solid_axes(ax, boxes[1][1], units, y_up)
    else:
        raise ValueError("points has x and y alone, and the axes given are 3D: expected (n_keypoints, 3)")
    for ax in axes:
        Body(ax, skeleton).move(points if ax.name == "3d" else points[:, :2])
    return np.array(axes)


def plot_comparison(truth, predicted, skeleton, frame=0, *, units="", y_up=False):
    """Draw one frame of a clip: the true points, the predicted ones, and both from the side.

    Each region's predicted depths are drawn from the true depth of its root, so that what is seen apart is the error
    that `mpjpe` measures; see `at_true_roots`.

    Parameters
    ----------
    truth, predicted : arrays of shape (n_frames, n_keypoints, 3)
        x, y and depth, in one unit.
    skeleton : Skeleton
        Names keypoints, bones, sides and roots.
    frame : int, default=0
        Which frame of the clip.
    units, y_up
        As in `plot_pose`.

    Returns
    -------
    array of three matplotlib axes

    Examples
    --------
    >>> import numpy as np
    >>> from liftz.datasets import make_signing
    >>> from liftz.plots import plot_comparison
    >>> data = make_signing(n_signers=1, n_clips=1, n_frames=30, random_state=0)
    >>> truth = np.dstack([data.X[0], data.y[0]])
    >>> true, lifted, side = plot_comparison(truth, truth * [1, 1, 0], data.skeleton, 7, units="cm")
    >>> side.get_xlabel()
    'depth (cm)'
    """
    truth, predicted = check_both(truth, predicted, skeleton)
    if not 0 <= frame < len(truth):
        raise ValueError(f"there is no frame {frame}: the clip has frames 0 to {len(truth) - 1}")
    true, lifted = truth[frame], predicted[frame]
    side = [2, 1]
    solid = "x y depth", bounds(true, lifted)
    axes = figure_of([solid, solid, ("depth y", bounds(true[:, side], lifted[:, side]))], units, y_up)
    for ax, pose, title in zip(axes, (true, lifted), ("true", "predicted"), strict=False):
        Body(ax, skeleton).move(pose)
        ax.set_title(title)
    Body(axes[2], skeleton, GREY).move(true[:, side])
    Body(axes[2], skeleton).move(lifted[:, side])
    axes[2].set_title("from the side,\npredicted over true (grey)")
    return np.array(axes)


def check_both(truth, predicted, skeleton):
    """Points of one clip, both ``(n_frames, n_keypoints, 3)``; the predicted depths at the true roots."""
    truth, predicted = check_points(truth, skeleton, "truth"), check_points(predicted, skeleton, "predicted").copy()
    for name, points in (("truth", truth), ("predicted", predicted)):
        if points.shape[-1] != 3 or points.shape != truth.shape:
            raise ValueError(f"{name} has shape {points.shape}, expected x, y and depth, equally long on both sides: "
                             f"({len(truth)}, {len(skeleton)}, 3)")
    predicted[..., 2] = at_true_roots(truth[..., 2], predicted[..., 2], skeleton)
    return truth, predicted

