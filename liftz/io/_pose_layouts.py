"""Which component and point of a `.pose` file is which keypoint."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from liftz._files import FileFormatError
from liftz.skeleton import Skeleton
from liftz.skeletons import COCO_WHOLEBODY_133, MEDIAPIPE_HOLISTIC, OPENPOSE_137, POSE_33

__all__ = ["LAYOUTS", "WORLD", "Layout", "components", "layout_of", "picked"]


@dataclass(frozen=True)
class Layout:
    """A skeleton, the component that holds each of its regions, and the components whose points go by their names:
    those of which people leave points out. The others go by position, since pose-format names OpenPose's hands one
    joint off.
    """

    skeleton: Skeleton
    regions: dict[str, str]  # a region by its component's name
    named: tuple[str, ...] = ()
    z_in_widths: bool = False  # whether z is in widths of the picture, while x and y are in px


LAYOUTS = (
    Layout(OPENPOSE_137, {"pose_keypoints_2d": "body", "face_keypoints_2d": "face",
                          "hand_left_keypoints_2d": "left_hand", "hand_right_keypoints_2d": "right_hand"},
           named=("pose_keypoints_2d",)),
    Layout(MEDIAPIPE_HOLISTIC, {"POSE_LANDMARKS": "body", "FACE_LANDMARKS": "face",
                                "LEFT_HAND_LANDMARKS": "left_hand", "RIGHT_HAND_LANDMARKS": "right_hand"},
           named=("POSE_LANDMARKS", "FACE_LANDMARKS"), z_in_widths=True),
    Layout(COCO_WHOLEBODY_133, {"BODY": "body", "FACE": "face", "LEFT_HAND": "left_hand", "RIGHT_HAND": "right_hand"},
           named=("BODY",)),
)
WORLD = Layout(Skeleton("MediaPipe's world landmarks", POSE_33, root=("LEFT_HIP", "RIGHT_HIP")),
               {"POSE_WORLD_LANDMARKS": "body"}, named=("POSE_WORLD_LANDMARKS",))
IRISES = {str(i) for i in range(468, 478)}  # of refine_face_landmarks: no keypoints of the skeleton

HAND = ["WRIST", *(f"{finger}_{joint}" for finger, joints in {
    "THUMB": ("CMC", "MCP", "IP", "TIP"),
    **dict.fromkeys(("INDEX_FINGER", "MIDDLE_FINGER", "RING_FINGER", "PINKY"), ("MCP", "PIP", "DIP", "TIP")),
}.items() for joint in joints)]  # as MediaPipe names them


def layout_of(path, header):
    """The layout with all of the file's components."""
    names = [component.name for component in header.components]
    for layout in LAYOUTS:
        if {*names} - {*WORLD.regions} <= {*layout.regions} and {*names} & {*layout.regions}:
            if len({*names}) < len(names):
                raise FileFormatError(path, f"has a component twice: {', '.join(names)}")
            return layout
    known = "; ".join(f"{', '.join(layout.regions)} ({layout.skeleton.name})" for layout in LAYOUTS)
    raise FileFormatError(path, f"has the components {', '.join(names)}, expected some of {known}")


def picked(path, header, layout):
    """Positions of points in the file, and of the keypoints that they are."""
    source, target, start = [], [], 0
    for component in header.components:
        if component.name in layout.regions:
            for position, keypoint in _keypoints(path, component, layout):
                source.append(start + position)
                target.append(layout.skeleton.index(keypoint))
        start += len(component.points)
    return np.array(source, dtype=int), np.array(target, dtype=int)


def _keypoints(path, component, layout):
    members = layout.skeleton.regions[layout.regions[component.name]]
    if component.name not in layout.named:
        if len(component.points) != len(members):
            raise FileFormatError(path, f"{component.name} has {len(component.points)} points, expected {len(members)}")
        return list(enumerate(members))
    prefix = "face_" if layout.regions[component.name] == "face" else ""
    points = [prefix + point for point in component.points]
    for point in component.points:
        if prefix + point not in members and not (prefix and point in IRISES):
            raise FileFormatError(path, f"{component.name} has a point {point!r}; {layout.skeleton.name} does not")
    if len(set(points)) < len(points):
        raise FileFormatError(path, f"{component.name} has a point twice: {', '.join(component.points)}")
    return [(i, point) for i, point in enumerate(points) if point in members]


def components(layout, point_format):
    """The layout as components of a file, named, ordered and drawn as pose-format's own."""
    from pose_format.pose_header import PoseHeaderComponent
    from pose_format.utils.cocowholebody133_header import cocowholebody_components
    from pose_format.utils.openpose import OpenPose_Components, hand_colors

    ready = {component.name: component for component in (*OpenPose_Components, *cocowholebody_components())}
    out = []
    for name, region in layout.regions.items():
        if name in ready:
            points, limbs, colors = ready[name].points, ready[name].limbs, ready[name].colors
        else:  # MediaPipe's need mediapipe itself to be made by pose-format
            members = layout.skeleton.regions[region]
            points = HAND if "HAND" in name else [member.removeprefix("face_") for member in members]
            limbs = [(members.index(a), members.index(b)) for a, b in layout.skeleton.edges if a in members]
            colors = hand_colors if "HAND" in name else [(255, 0, 0)]
        out.append(PoseHeaderComponent(name, list(points), list(limbs), list(colors), point_format))
    return out
