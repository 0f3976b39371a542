"""
From keypoints to depth
=======================

A clip of 2D keypoints goes in, the depth of every keypoint comes out: fit a lifter on
some signers, lift another one, and look at the result beside the truth.
"""

# %%
# A data set has clips of keypoints ``X``, their depths ``y``, and who signs in each:
# ``groups``. These are synthetic signers with 138 keypoints of body, face and hands,
# in cm.

import numpy as np

from liftz import MeanPose, make_lifter, mpjpe
from liftz.datasets import make_signing
from liftz.plots import animate, plot_comparison, plot_learning_curves, plot_pose

data = make_signing(n_signers=5, n_clips=4, n_frames=(60, 80), views=(-30, 0, 30),
                    random_state=0)
truth = [np.dstack(pair) for pair in zip(data.X, data.y, strict=True)]  # x, y and depth
_ = plot_pose(truth[-1][30], data.skeleton, units=data.units)

# %%
# The signer's left is blue, the right orange. Four signers are to learn from, the
# fifth is to be lifted. Groups make a better lifter, and one that knows how far off
# it is. Leave the small ``n_nets`` and ``max_epochs`` out for real work.

new = data.groups == "S5"
lifter = make_lifter(data.skeleton, n_nets=2, max_epochs=25, batch_size=8, random_state=0)
lifter.fit(data.X[~new], data.y[~new], groups=data.groups[~new])
_ = plot_learning_curves(lifter)

# %%
# Depths are relative to the root of each region: the mid hip for the body, the wrist
# for a hand, the nose tip for the face. The error, MPJPE, is measured from there,
# beside that of a baseline that gives everybody the mean pose.

depths = lifter.predict(data.X[new])
baseline = make_lifter(data.skeleton, MeanPose()).fit(data.X[~new], data.y[~new])
for name, predicted in (("lifter", depths), ("mean pose", baseline.predict(data.X[new]))):
    error = mpjpe(data.y[new], predicted, skeleton=data.skeleton)
    print(f"{name}: {error:.1f} {data.units}")

# %%
# The same frame, true and lifted, and from the side, where the camera saw nothing.

true, lifted = truth[np.flatnonzero(new)[0]], np.dstack([data.X[new][0], depths[0]])
_ = plot_comparison(true, lifted, data.skeleton, frame=30, units=data.units)

# %%
# And as it moves; the file is a small GIF, or an MP4 where ffmpeg is at hand.

file = animate("lifted.gif", lifted, data.skeleton, truth=true, fps=data.fps,
               units=data.units)
print(file, f"{file.stat().st_size / 1000:.0f} kB")
