"""
How far off it may be
=====================

A lifter that knew its signers says for every depth how far off it may be, such that the
truth lies within nine times in ten, on average over new signers.
"""

# %%
# It learns that from signers whom its nets did not see: ``fit`` needs ``groups``, of
# four signers at least, and leaves some out of each net in turn. Seven nets leave out
# each of seven signers once; fewer know less of how they err. Here the body alone is
# lifted, to be quick.

import matplotlib.pyplot as plt
import numpy as np

from liftz import make_lifter
from liftz.datasets import make_signing
from liftz.plots import at_true_roots

data = make_signing(n_signers=10, n_clips=4, n_frames=(60, 80), views=(-30, 30),
                    random_state=0)
new = np.isin(data.groups, ["S8", "S9", "S10"])
lifter = make_lifter(data.skeleton, select="body", n_nets=7, hidden_size=48, batch_size=7,
                     max_epochs=40, random_state=0)
lifter.fit(data.X[~new], data.y[~new], groups=data.groups[~new])
depths, stds = lifter.predict(data.X[new], return_std=True)

# %%
# 1.645 standard deviations to either side make the interval. In one frame, all keypoints,
# measured from the mid hip: hips are known well, arms are not.

skeleton, clip, frame = data.skeleton, 0, 30
truth = data.y[new][clip]
hip = skeleton.index("mid_hip")
lifted = (at_true_roots(truth, depths[clip], skeleton) - truth[:, [hip]])[frame]
names = skeleton.regions["body"]
body = skeleton.indices(names)
figure, ax = plt.subplots(figsize=(6, 6.5), layout="constrained")
ax.errorbar(lifted[body], names, xerr=1.645 * stds[clip][frame, body], fmt="o",
            markersize=4, linewidth=4, alpha=0.4, label="lifted, 90 % interval")
true = truth[frame] - truth[frame, hip]
ax.plot(true[body], names, "k|", markersize=10, label="true")
ax.invert_yaxis()
ax.set_xlabel(f"depth from the mid hip ({data.units}), away from the camera")
_ = ax.legend()

# %%
# How many depths of these three new signers lie within? 90 % holds on average over
# signers, not for each of them, and three are few.

for signer in ("S8", "S9", "S10"):
    own = data.groups[new] == signer
    pairs = zip(data.y[new][own], depths[own], strict=True)
    error = np.concatenate([abs(at_true_roots(y, depth, skeleton) - y) for y, depth in pairs])
    known = np.isfinite(error)
    known[:, hip] = False  # the root, zero by construction
    inside = error <= 1.645 * np.concatenate(stds[own])
    print(f"{signer}: {inside[known].mean():.0%} within")
