"""
Your own keypoints
==================

A skeleton of your own, in pixels, with confidences and gaps: what a lifter takes.
"""

# %%
# A skeleton is names, a root that depth is measured from, and what else you know:
# bones, regions, and which keypoints are left and right counterparts. Bones and sides
# make a better lifter, and better pictures.

import numpy as np

from liftz import Skeleton, make_lifter, mpjpe
from liftz.datasets import make_signing, project
from liftz.plots import plot_pose
from liftz.sequences import to_object_array

upper = Skeleton(
    "upper body",
    ["neck", "nose", "left_shoulder", "left_elbow", "left_wrist",
     "right_shoulder", "right_elbow", "right_wrist"],
    root="neck",
    edges=[("neck", "nose"), ("neck", "left_shoulder"), ("left_shoulder", "left_elbow"),
           ("left_elbow", "left_wrist"), ("neck", "right_shoulder"),
           ("right_shoulder", "right_elbow"), ("right_elbow", "right_wrist")],
    pairs=[("left_shoulder", "right_shoulder"), ("left_elbow", "right_elbow"),
           ("left_wrist", "right_wrist")])
print(upper)

# %%
# These stand for your files: pixels with noise and gaps, and depths in cm of the same
# keypoints, picked by name.

recorded = make_signing(n_signers=4, n_clips=6, n_frames=(60, 90), random_state=0)
picked = recorded.skeleton.indices(upper.keypoints)
pixels = project(recorded, "T2", missing=0.1, random_state=0)
X = to_object_array([clip[:, picked] for clip in pixels])
y = to_object_array([depth[:, picked] for depth in recorded.y])

# %%
# Detectors give a confidence as well. It goes in as a third channel. What was not
# seen must be NaN, never 0: a 0 is a place in the picture.

X = to_object_array([np.dstack([clip, 0.9 * ~np.isnan(clip[..., 0])]) for clip in X])
print(X[0].shape, f"{np.isnan(X[0][..., 0]).mean():.0%} of the keypoints not seen")

# %%
# Fit on three signers, lift the fourth. Gaps go in, and depths of all keypoints come
# out.

new = recorded.groups == "S4"
lifter = make_lifter(upper, n_nets=1, max_epochs=40, batch_size=8, random_state=0)
lifter.fit(X[~new], y[~new])
depths = lifter.predict(X[new])
print(f"depths not known: {sum(np.isnan(depth).sum() for depth in depths)}")
error = mpjpe(y[new], depths, skeleton=upper)
print(f"error: {error:.1f} {recorded.units} from the {upper.root}")

# %%
# x and y are pixels and depths are cm. To draw them together, x and y need the unit
# of the depths: here by the length of an upper arm that is known to be 30 cm, seen at
# its longest.

clip = X[new][0][..., :2]
arm = np.diff(clip[:, upper.indices(["left_shoulder", "left_elbow"])], axis=1)
scale = 30 / np.nanmax(np.linalg.norm(arm, axis=2))
whole = int(np.isfinite(clip).all(axis=(1, 2)).argmax())  # the first frame without a gap
_ = plot_pose(np.column_stack([clip[whole] * scale, depths[0][whole]]), upper, units="cm")
