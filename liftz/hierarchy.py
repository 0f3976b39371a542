"""The joints of a skeleton as one tree: what an animation hangs its bones on."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Hierarchy", "hierarchy", "landmark"]

WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
SIDES = {"l": "left", "left": "left", "r": "right", "right": "right"}
DOUBLES = ("pinky", "index", "thumb")  # MediaPipe's body repeats these knuckles of the hand


@dataclass(frozen=True)
class Hierarchy:
    """Joints, each after its parent, the root first.

    Parameters
    ----------
    joints : tuple of str
        A keypoint's name, or that of a point between keypoints, such as ``mid_hip``.
    parents : tuple of int
        Position of each joint's parent among the joints; -1 for the root.
    members : tuple of tuple of str
        The keypoints whose mean a joint is.
    """

    joints: tuple[str, ...]
    parents: tuple[int, ...]
    members: tuple[tuple[str, ...], ...]

    def children(self, joint):
        """Positions of a joint's children."""
        return [i for i, parent in enumerate(self.parents) if parent == joint]

    def keep(self, joints):
        """The part of the tree that hangs together when only these joints, by position, are there."""
        place = {-1: -1}
        for i, parent in enumerate(self.parents):
            if i in joints and parent in place:
                place[i] = len(place) - 1
        kept = list(place)[1:]
        return Hierarchy(tuple(self.joints[i] for i in kept), tuple(place[self.parents[i]] for i in kept),
                         tuple(self.members[i] for i in kept))


def landmark(keypoint):
    """Side and part of the body that a keypoint's name speaks of, whoever named it.

    Returns
    -------
    side : {"left", "right", ""}
    part : str
        The other words of the name, in lower case.

    Examples
    --------
    >>> from liftz.hierarchy import landmark
    >>> landmark("LBigToe"), landmark("LEFT_EYE_INNER"), landmark("ShoulderRight"), landmark("mid_hip")
    (('left', 'big toe'), ('left', 'eye inner'), ('right', 'shoulder'), ('', 'mid hip'))
    """
    words = [word.lower() for word in WORDS.findall(keypoint)]
    sides = [SIDES[word] for word in words if word in SIDES]
    return (sides[0] if sides else ""), " ".join(word for word in words if word not in SIDES)


def hierarchy(skeleton):
    """The tree of a skeleton's joints, grown from its root along its edges.

    Hands hang on the body: the body's wrist and the hand's are one joint, halfway between the two. Where the edges
    run from hip to hip or from shoulder to shoulder, as in COCO and MediaPipe, the joints ``mid_hip`` and
    ``mid_shoulder`` take their place, and the nose and with it the head hang on the latter. MediaPipe's three knuckles
    of the body's wrist are left out where there are hands. So are faces: skin is not held by bones.

    Parameters
    ----------
    skeleton : Skeleton

    Returns
    -------
    Hierarchy
        What no edge connects to the root is not in it.

    Examples
    --------
    >>> from liftz.hierarchy import hierarchy
    >>> from liftz.skeletons import COCO_WHOLEBODY_133, OPENPOSE_137
    >>> tree = hierarchy(COCO_WHOLEBODY_133)
    >>> tree.joints[:5]
    ('mid_hip', 'mid_shoulder', 'left_hip', 'right_hip', 'left_shoulder')
    >>> tree = hierarchy(OPENPOSE_137)
    >>> tree.joints[tree.parents[tree.joints.index("left_hand_index_mcp")]]
    'LWrist'
    """
    named: dict[tuple[str, str], str] = {}
    for keypoint in skeleton.keypoints:
        named.setdefault(landmark(keypoint), keypoint)
    links, root = list(skeleton.edges), skeleton.root
    members: dict[str, tuple[str, ...]] = {keypoint: (keypoint,) for keypoint in skeleton.keypoints}

    for side in ("left", "right"):
        wrist, hand = named.get((side, "wrist")), named.get((side, "hand wrist"))
        if wrist and hand:
            doubles = {named.get((side, part)) for part in DOUBLES}
            links = [(wrist if a == hand else a, b) for a, b in links if not {a, b} & doubles]
            members[wrist] = (wrist, hand)
            root = wrist if root == hand else root

    middles = {}
    for part in ("hip", "shoulder"):
        pair = named.get(("left", part), ""), named.get(("right", part), "")
        if pair in links or pair[::-1] in links:
            middles[part] = name = _unused(f"mid_{part}", members)
            members[name] = pair
            links = [(name, end) for end in pair] + [(a, b) for a, b in links if b not in pair]
            root = name if isinstance(root, tuple) and set(root) == set(pair) else root
    if len(middles) == 2:
        links.insert(0, (middles["hip"], middles["shoulder"]))
    head = [named.get(("", "nose")), named.get(("left", "mouth")), named.get(("right", "mouth"))]
    if "shoulder" in middles and head[0]:
        links += [(middles["shoulder"], head[0])] + [(head[0], mouth) for mouth in head[1:] if mouth]
    if isinstance(root, tuple):
        ends, root = root, _unused("root", members)
        members[root] = ends
        links = [(root, end) for end in ends] + links
    return _grow(root, links, members)


def _grow(root, links, members):
    """Along the links away from the root; against one only where nothing else is left."""
    parent = {root: None}
    order = [root]
    while True:
        for joint in order:  # grows as it goes: breadth first
            for a, b in links:
                if a == joint and b not in parent:
                    parent[b] = a
                    order.append(b)
        upward = next(((a, b) for a, b in links if b in parent and a not in parent), None)
        if upward is None:
            place = {None: -1} | {joint: i for i, joint in enumerate(order)}
            return Hierarchy(tuple(order), tuple(place[parent[joint]] for joint in order),
                             tuple(members[joint] for joint in order))
        parent[upward[0]] = upward[1]
        order.append(upward[0])


def _unused(name, taken):
    while name in taken:
        name += "_"
    return name
