"""A skeleton's bones as a tree."""

from __future__ import annotations

from collections import deque
from functools import lru_cache

__all__ = ["bone_tree", "midline_pairs"]


@lru_cache
def bone_tree(skeleton):
    """Bones as chains that start at roots.

    Of an edge between keypoints that are measured from different roots, neither tells where the other is.

    Returns
    -------
    children, parents, twins : lists of int
        Positions of each bone's two ends, nearer bones first, and of the end of its left counterpart if
        it is a right one: of itself otherwise.
    """
    neighbours: dict[str, list[str]] = {name: [] for name in skeleton.keypoints}
    root_of = {name: skeleton.roots[region] for region, members in skeleton.regions.items() for name in members}
    for a, b in skeleton.edges:
        if root_of[a] != root_of[b]:
            continue
        neighbours[a].append(b)
        neighbours[b].append(a)
    left_of = {right: left for left, right in skeleton.pairs}
    roots = ((skeleton.keypoints[i], root) for region, root in skeleton.roots.items()
             for i in skeleton.root_indices(region))
    ends = deque(name for name, root in roots if root_of[name] == root)
    reached, children, parents = set(ends), [], []
    while ends:
        parent = ends.popleft()
        for child in neighbours[parent]:
            if child not in reached:
                reached.add(child)
                ends.append(child)
                children.append(child)
                parents.append(parent)
    return ([skeleton.index(c) for c in children], [skeleton.index(p) for p in parents],
            [skeleton.index(left_of.get(c, c)) for c in children])


@lru_cache
def midline_pairs(skeleton):
    """Positions of the left and of the right ends of the pairs whose bones begin in one keypoint, or at the root.

    Shoulders and hips, that is: what turns as the body does.
    """
    children, parents, _ = bone_tree(skeleton)
    parent_of = dict(zip(children, parents, strict=True))
    pairs = [(skeleton.index(a), skeleton.index(b)) for a, b in skeleton.pairs]
    root = set(skeleton.root_indices())
    kept = [(a, b) for a, b in pairs if {a, b} <= root or (a in parent_of and parent_of[a] == parent_of.get(b))]
    return [a for a, _ in kept], [b for _, b in kept]
