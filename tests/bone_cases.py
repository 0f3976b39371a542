"""Points to hang bones on, for the tests of bones and of the files they are written to."""

import numpy as np

from liftz import Skeleton, skeletons
from liftz.hierarchy import hierarchy

SKELETONS = [getattr(skeletons, name) for name in skeletons.__all__]
ARM = Skeleton("arm", ["left_shoulder", "left_elbow", "left_wrist"], root="left_shoulder",
               edges=[("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist")])


def wild(skeleton, n_frames=8, seed=0, missing=0.0, size=300.0):
    """Points anywhere, drifting; bones of any length."""
    rng = np.random.default_rng(seed)
    shape = n_frames, len(skeleton), 3
    points = rng.normal(0, size, (1, *shape[1:])) + rng.normal(0, size / 20, shape).cumsum(axis=0)
    points[rng.random(shape[:2]) < missing] = np.nan
    return points.astype(np.float32)


def rigid(skeleton, n_frames=8, seed=0):
    """Points of a body whose bones keep their lengths, in mm, with the lengths by joint."""
    rng = np.random.default_rng(seed)
    tree = hierarchy(skeleton)
    lengths = rng.uniform(20, 400, len(tree.joints))
    bones = rng.normal(size=(1, len(tree.joints), 3)) + rng.normal(0, 0.1, (n_frames, len(tree.joints), 3)).cumsum(0)
    bones *= lengths[:, None] / np.linalg.norm(bones, axis=2, keepdims=True)
    places = rng.normal(0, 500, (n_frames, len(tree.joints), 3))
    for joint, parent in enumerate(tree.parents):
        if parent >= 0:
            places[:, joint] = places[:, parent] + bones[:, joint]
    points = rng.normal(0, 300, (n_frames, len(skeleton), 3))
    for joint, members in enumerate(tree.members):
        if tree.joints[joint] in skeleton.keypoints:
            points[:, skeleton.indices(members)] = places[:, [joint]]
    return points, dict(zip(tree.joints[1:], lengths[1:], strict=True))
