"""BVH, Biovision's hierarchy: bones of constant length and the turns of their joints, for animation programs."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from liftz._files import atomic_write
from liftz._units import IN_MM
from liftz.bones import directions, fit_bones
from liftz.rest_pose import rest_directions
from liftz.rotations import best_turn, smooth_angles, swing

from ._points import check_points, plain_names, to_y_up

__all__ = ["write_bvh"]


@dataclass
class Node:
    """A joint of the file: it stands at a joint of the tree, and turns the bones that lead from there."""

    name: str
    offset: np.ndarray  # from the parent node, where nothing is turned
    bones: list[int]  # the joints at their ends
    children: list[Node] = field(default_factory=list)
    end: np.ndarray | None = None  # where the bone ends that leads to no joint with bones of its own
    order: str = "ZXY"
    angles: np.ndarray | None = None  # (n_frames, 3), in degrees


def write_bvh(path, points, skeleton, *, fps, units="mm", y_up=True):
    """Write a clip as a BVH file: a skeleton of constant bones, with body and fingers, and its turns.

    Parameters
    ----------
    path : str or path-like
        The file to write. One that is there is replaced once the new one is whole.
    points : array of shape (n_frames, n_keypoints, 3)
        Positions in `units`: x, y, and z away from the camera. NaN is not known.
    skeleton : Skeleton
        Names the keypoints. `liftz.hierarchy` tells how they become joints; faces are left out.
    fps : float
        Frames per second.
    units : str, default="mm"
        Of the points. The file is in cm if they are in mm, cm or m; in anything else, such as px, it is in the points'
        own.
    y_up : bool, default=True
        Whether the points' +y is up, and +x to the picture's left; else +y is down, and +x to the right. In the file,
        y is up and z points towards the camera.

    Returns
    -------
    BoneFit
        The skeleton in the file's joints but in the points' `units` and axes: how far it is from the points, which of
        them are left out, and how many were bridged, for BVH knows no gaps.

    Raises
    ------
    ValueError
        If the root, or every bone from it, is known in no frame; or if the points, `fps` or `units` cannot be written.

    Notes
    -----
    With no joint turned, the person stands upright with the arms out, the palms down, and faces +z, whatever the
    clip: only lengths differ between files. A joint from which several bones lead turns as nearly as it can with all of
    them; what each bone deviates from that is turned by a joint in the same place, ``to_`` where it leads. Keypoints
    from which no bone leads (fingertips, ears) are End Sites. Angles run on over half a turn rather than jump, and the
    order of a joint's axes is Z, X, Y unless that would come within 15 degrees of a gimbal lock.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from liftz import Skeleton
    >>> from liftz.io.bvh import write_bvh
    >>> arm = Skeleton("arm", ["left shoulder", "left elbow", "left wrist"], root="left shoulder",
    ...                edges=[("left shoulder", "left elbow"), ("left elbow", "left wrist")])
    >>> points = [[[0, 0, 0], [-280, 0, 0], [-280, 260, 0]], [[0, 0, 0], [-280, 0, 0], [-280, 0, -260]]]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "arm.bvh")
    ...     fit = write_bvh(path, points, arm, fps=25)
    ...     print(path.read_text().strip())
    HIERARCHY
    ROOT left_shoulder
    {
      OFFSET 0.000000 0.000000 0.000000
      CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
      JOINT left_elbow
      {
        OFFSET 28.000000 0.000000 0.000000
        CHANNELS 3 Zrotation Xrotation Yrotation
        End Site
        {
          OFFSET 26.000000 0.000000 0.000000
        }
      }
    }
    MOTION
    Frames: 2
    Frame Time: 0.04
    0.000000 0.000000 0.000000 0.000000 0.000000 0.000000 90.000000 0.000000 0.000000
    0.000000 0.000000 0.000000 0.000000 0.000000 0.000000 0.000000 0.000000 -90.000000
    """
    fit = fit_bones(check_points(points, skeleton, fps, units), skeleton)
    positions = to_y_up(fit.positions, y_up) * (IN_MM.get(units, 10) / 10)
    rest, bones = rest_directions(fit.tree), directions(positions, np.array(fit.tree.parents))
    root = _nodes(fit.tree, rest * fit.lengths[:, None] * (IN_MM.get(units, 10) / 10))
    _turn(root, np.broadcast_to(np.eye(3), (len(bones), 3, 3)), rest, bones)
    columns = [positions[:, 0], *(node.angles for node in _walk(root))]
    rows = np.concatenate(columns, axis=1).round(6) + 0.0  # no -0
    line = " ".join(["%.6f"] * rows.shape[1]) + "\n"
    with atomic_write(path) as file:
        file.write("\n".join(["HIERARCHY", *_lines(root), "MOTION", f"Frames: {len(rows)}",
                              f"Frame Time: {1 / fps:.10g}", ""]).encode())
        file.writelines((line % tuple(row)).encode() for row in rows)
    return fit


def _nodes(tree, offsets):
    """The root's node, with those of all joints from which bones lead."""
    def node(joint, offset):
        ends = tree.children(joint)
        made = Node(tree.joints[joint], offset, ends)
        if len(ends) == 1:
            hang(made, ends[0])
        else:
            for end in ends:
                link = Node(f"to_{tree.joints[end]}", np.zeros(3), [end])
                made.children.append(link)
                hang(link, end)
        return made

    def hang(above, joint):
        if tree.children(joint):
            above.children.append(node(joint, offsets[joint]))
        else:
            above.end = offsets[joint]

    root = node(0, np.zeros(3))
    nodes = list(_walk(root))
    for made, name in zip(nodes, plain_names(made.name for made in nodes), strict=True):
        made.name = name
    return root


def _turn(node, above, rest, bones):
    """Set the angles of a node and all below it, where `above` (n_frames, 3, 3) are the turns of its parent."""
    local = np.einsum("tij,tki->tkj", above, bones[:, node.bones])
    turns = swing(rest[node.bones[0]], local[:, 0]) if len(node.bones) == 1 else best_turn(rest[node.bones], local)
    node.order, node.angles = smooth_angles(turns)
    for child in node.children:
        _turn(child, above @ turns, rest, bones)


def _walk(node):
    yield node
    for child in node.children:
        yield from _walk(child)


def _lines(node, depth=0):
    indent = "  " * depth
    place = "" if depth else "Xposition Yposition Zposition "
    turns = " ".join(f"{axis}rotation" for axis in node.order)
    yield f"{indent}{'JOINT' if depth else 'ROOT'} {node.name}"
    yield f"{indent}{{"
    yield f"{indent}  OFFSET {_numbers(node.offset)}"
    yield f"{indent}  CHANNELS {3 if depth else 6} {place}{turns}"
    for child in node.children:
        yield from _lines(child, depth + 1)
    if node.end is not None:
        yield from (f"{indent}  End Site", f"{indent}  {{", f"{indent}    OFFSET {_numbers(node.end)}", f"{indent}  }}")
    yield f"{indent}}}"


def _numbers(values):
    return " ".join(f"{value:.6f}" for value in values.round(6) + 0.0)
