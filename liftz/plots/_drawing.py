"""What the pictures share: matplotlib on demand, sides by colour, axes of one scale."""

from __future__ import annotations

from importlib import import_module

import numpy as np

from ..sequences import check_sequences

# Okabe and Ito's colours, which the colour-blind can tell apart.
COLOURS = {"left": "#0072B2", "right": "#D55E00", "middle": "#555555"}
GREY = "#B0B0B0"
OBLIQUE = 12.0, -60.0  # elevation and azimuth in degrees; an azimuth of -90 is the camera's own


def require(module):
    """Import a part of matplotlib or Pillow, or say how to get it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(f'pictures need {module.partition(".")[0]}: pip install "liftz[plot]"') from error


def check_points(points, skeleton, name="points", confidence=False):
    """Points of one clip, ``(n_frames, n_keypoints, 2 or 3)`` float32; a third channel is z, or a confidence."""
    positions = not confidence and np.shape(points)[-1:] == (3,)
    return check_sequences([points], skeleton=skeleton, names=(name, ""), positions=positions)[0]


def check_pose(points, skeleton, name="points"):
    """Points of one frame, ``(n_keypoints, 2 or 3)`` float32."""
    if np.ndim(points) != 2:
        raise ValueError(f"{name} has shape {np.shape(points)}, expected one frame, (n_keypoints, 2 or 3)")
    return check_points(np.asarray(points)[None], skeleton, name)[0]


def by_side(skeleton):
    """For each side that the skeleton's pairs know, its keypoints and its edges, as positions.

    An edge between the middle and a side belongs to the side.
    """
    side = {left: "left" for left, _ in skeleton.pairs} | {right: "right" for _, right in skeleton.pairs}
    keypoints: dict[str, list] = {name: [] for name in COLOURS}
    edges: dict[str, list] = {name: [] for name in COLOURS}
    for keypoint in skeleton.keypoints:
        keypoints[side.get(keypoint, "middle")].append(keypoint)
    for a, b in skeleton.edges:
        edges[side.get(a, side.get(b, "middle"))].append((a, b))
    return {name: (skeleton.indices(keypoints[name]),
                   np.array([skeleton.indices(edge) for edge in edges[name]], dtype=int).reshape(-1, 2))
            for name in COLOURS}


def bounds(*clips):
    """The middle and the half width of a box around all points, each ``(2,)`` or ``(3,)``."""
    points = np.concatenate([clip.reshape(-1, clip.shape[-1]) for clip in clips])
    points = points[~np.isnan(points).any(axis=1)].astype(np.float64)
    if not len(points):
        raise ValueError("there is nothing to draw: no keypoint is seen in all of its coordinates")
    low, high = points.min(axis=0), points.max(axis=0)
    widest = (high - low).max() or 1.0
    return (low + high) / 2, 0.54 * np.maximum(high - low, 0.4 * widest)  # a flat body, too, gets a box


class Body:
    """A skeleton's dots and bones on axes, flat or 3D, to be moved from frame to frame.

    Matplotlib's third axis points up: the picture's y goes there, and the depth to its second.
    """

    def __init__(self, ax, skeleton, colour=None, **style):
        self.axes = [0, 2, 1] if ax.name == "3d" else [0, 1]
        collection = require("mpl_toolkits.mplot3d.art3d").Line3DCollection if ax.name == "3d" else \
            require("matplotlib.collections").LineCollection
        dot, width = (5.0, 1.8) if len(skeleton) < 60 else (2.2, 1.2)
        self.parts = []
        for side, (keypoints, edges) in by_side(skeleton).items():
            paint = {"color": colour or COLOURS[side], **style}
            dots, = ax.plot(*[[]] * len(self.axes), ".", markersize=dot, markeredgewidth=0, **paint)
            bones = collection([np.zeros((2, len(self.axes)))], linewidths=width, **paint)
            ax.add_collection(bones, autolim=False)
            self.parts.append((keypoints, edges, dots, bones))

    def move(self, points):
        """To the points of another frame, ``(n_keypoints, 2 or 3)``; what is not seen is not drawn."""
        points = points[:, self.axes]
        for keypoints, edges, dots, bones in self.parts:
            place = dots.set_data_3d if len(self.axes) == 3 else dots.set_data
            place(*points[keypoints].T)
            lines = points[edges]
            bones.set_segments(lines[~np.isnan(lines).any(axis=(1, 2))])
        return self


def figure_of(boxes, units, y_up, height=4.2, figure=None):
    """A figure with an axes for each box, flat or 3D as it is, and as wide as it needs.

    A box is the names of its axes and its `bounds`.
    """
    widths = [height * half[0] / half[1] + 0.8 if len(half) == 2 else
              height * 0.8 * np.hypot(half[0], half[2]) / half[1] + 1.2 for _, (_, half) in boxes]
    figure = require("matplotlib.pyplot").figure() if figure is None else figure
    figure.set_size_inches(sum(widths), height + 0.4)
    figure.set_layout_engine("constrained")
    grid = figure.add_gridspec(1, len(boxes), width_ratios=widths)
    axes = [figure.add_subplot(cell, projection="3d" if len(half) == 3 else None)
            for cell, (_, (_, half)) in zip(grid, boxes, strict=True)]
    for ax, (names, box) in zip(axes, boxes, strict=True):
        (set_solid_axes if ax.name == "3d" else set_flat_axes)(ax, box, units, y_up, names)
    return axes


def set_flat_axes(ax, box, units, y_up, names="x y"):
    """Two axes of one scale; coordinates are right-handed, so x goes to the left where y goes up."""
    (x, y), (half_x, half_y) = box
    across, down = names.split()
    ax.set_xlim((x + half_x, x - half_x) if y_up and across == "x" else (x - half_x, x + half_x))
    ax.set_ylim((y - half_y, y + half_y) if y_up else (y + half_y, y - half_y))
    ax.set(aspect="equal", xlabel=labelled(across, units), ylabel=labelled(down, units))
    _ticks(ax.xaxis, half_x / half_y)
    ax.tick_params(labelsize="small")
    ax.spines[["top", "right"]].set_visible(False)


def set_solid_axes(ax, box, units, y_up, names="x y depth"):
    """Three axes of one scale: x, the depth away from the camera, and y upright."""
    (x, y, z), (half_x, half_y, half_z) = box
    ax.set_xlim((x + half_x, x - half_x) if y_up else (x - half_x, x + half_x))
    ax.set_ylim(z - half_z, z + half_z)
    ax.set_zlim((y - half_y, y + half_y) if y_up else (y + half_y, y - half_y))
    ax.set_box_aspect((half_x, half_z, half_y), zoom=1.1)
    ax.set_proj_type("ortho")  # one scale all through: what looks longer is longer
    across, up, away = names.split()
    ax.set_xlabel(labelled(across, units), labelpad=-3)
    ax.set_ylabel(labelled(away, units), labelpad=-2)
    ax.set_zlabel(labelled(up, units), labelpad=-3)
    for axis, half in ((ax.xaxis, half_x), (ax.yaxis, half_z), (ax.zaxis, half_y)):
        _ticks(axis, half / half_y)
        axis.set_pane_color((0.97, 0.97, 0.97, 1.0))
    ax.tick_params(labelsize="x-small", pad=-1)
    ax.view_init(*OBLIQUE)


def _ticks(axis, length):
    """Fewer marks on a shorter axis, or their numbers run into each other."""
    axis.set_major_locator(require("matplotlib.ticker").MaxNLocator(int(np.clip(round(5 * length), 2, 6))))


def labelled(name, units):
    return f"{name} ({units})" if units else name
