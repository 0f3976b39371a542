"""Clips unlike those of training: `python benchmarks/unlike.py FOLDER`, on ISL-Kinect.

One net is trained on six signers, whole and in clips of some two seconds, and lifts the two that are left out: their
clips as they are; the first frames of each alone; all clips of a signer joined to one recording, in any order and so
that views follow each other; clips that never show a limb, or a keypoint; clips of which some keypoints are astray, or
missing, each frame's by chance.
MPJPE in mm from SpineBase, of metric x and y, over what is shown.

Beside it the very same net, but without what liftz does about such clips (*plainly*: a bone's longest is that of the
whole clip, and tells of size whatever it is; of short ones no end is held; nothing is put in for what is not shown; of
every third frame, gaps are bridged by these alone);
the frame ridge and the mean pose, fitted on the same signers; and the lifter on the clips as they are (*whole*), over
the same keypoints.
"""

from __future__ import annotations

import argparse
from functools import partial

import numpy as np
import torch
from levers import by_phase
from results import machine, write_section

import liftz.features
from liftz import FrameRidge, MeanPose, make_lifter, mpjpe
from liftz.datasets import load_isl_kinect
from liftz.sequences import to_object_array

LEGS = [f"{joint}{side}" for joint in ("Knee", "Ankle", "Foot") for side in ("Left", "Right")]
HIDDEN = {"legs": LEGS, "legs and hips": [*LEGS, "HipLeft", "HipRight"],
          "an arm": ["ElbowRight", "WristRight", "HandRight"], "a shoulder": ["ShoulderLeft"], "SpineMid": ["SpineMid"],
          "the head": ["Head"]}


def cases(X, y, groups, skeleton, seed=0):
    """Name, clips, depths and the keypoints that are scored, of each kind of clips."""
    everything = list(skeleton.keypoints)
    yield "as they are", X, y, everything
    for n in (1, 3, 8, 15, 30):
        first = partial(lambda clip, n: clip[10:10 + n], n=n)
        yield f"{n} frame{'s' * (n > 1)}", each(X, first), each(y, first), everything
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(np.flatnonzero(groups == signer)) for signer in np.unique(groups)]
    yield "joined", *(to_object_array([np.concatenate(list(clips[order])) for order in orders])
                      for clips in (X, y)), everything
    for name, gone in HIDDEN.items():
        yield f"without {name}", each(X, partial(hidden, keypoints=skeleton.indices(gone))), y, [
            keypoint for keypoint in everything if keypoint not in gone]
    for share in (0.01, 0.02, 0.03, 0.05):
        yield f"{100 * share:.0f} % astray by 1 m", each(X, partial(astray, share=share, rng=rng)), y, everything
    for share in (0.2, 0.4, 0.6):
        yield f"{100 * share:.0f} % missing", each(X, partial(missing, share=share, rng=rng)), y, everything


def each(clips, change):
    return to_object_array([change(clip) for clip in clips])


def hidden(clip, keypoints):
    out = clip.copy()
    out[:, keypoints] = np.nan
    return out


def astray(clip, share, rng):
    moved = rng.random((*clip.shape[:2], 1)) < share
    return clip + (moved * rng.normal(0, 1000, clip.shape)).astype(np.float32)


def missing(clip, share, rng):
    return np.where(rng.random((*clip.shape[:2], 1)) < share, np.float32(np.nan), clip)


def plainly(lifter):
    """The very same nets, without what is done about clips unlike those of training, from here on."""
    liftz.features.TAIL = np.inf
    regressor = lifter["lift"].regressor_
    regressor.completion_ = None
    regressor.features_ = partial(by_phase, **regressor.features_.keywords | {"span": None})
    return lifter


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--without", nargs="+", default=["S02", "S04"], help="the signers that are left out")
    parser.add_argument("--clips", type=int, default=90, help="how many of each are lifted")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-epochs", type=int, help="fewer, to see whether it runs")
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = load_isl_kinect(options.folder)
    train = ~np.isin(data.groups, options.without)
    rng = np.random.default_rng(options.seed)
    test = np.concatenate([rng.permutation(np.flatnonzero(data.groups == signer))[:options.clips]
                           for signer in options.without])
    lifter = make_lifter(data.skeleton, n_nets=1, max_epochs=options.max_epochs, random_state=options.seed)
    models = {"lifter": lifter, "frame ridge": make_lifter(data.skeleton, FrameRidge()),
              "mean pose": make_lifter(data.skeleton, MeanPose())}
    for model in models.values():
        model.fit(data.X[train], data.y[train])
    kinds = list(cases(data.X[test], data.y[test], data.groups[test], data.skeleton, options.seed))
    columns = {name: errors(model, kinds, data.skeleton) for name, model in models.items()}
    whole = [(name, *kinds[0][1:3], scored) for name, _, _, scored in kinds]
    columns["lifter, whole"] = errors(lifter, whole, data.skeleton)
    columns["plainly"] = errors(plainly(lifter), kinds, data.skeleton)
    order = ["lifter", "plainly", "frame ridge", "mean pose", "lifter, whole"]
    lines = [f"{'clips':24s}" + "".join(f"{name:>15s}" for name in order)]
    lines += [f"{kind[0]:24s}" + "".join(f"{columns[name][i]:15.1f}" for name in order) for i, kind in enumerate(kinds)]
    text = "\n".join(lines)
    print(text)
    if options.max_epochs is None:
        write_section("unlike", "Clips unlike those of training", f"{machine()}. One net, without "
                      f"{' and '.join(options.without)}, on {options.clips} clips of each.\n\n```text\n{text}\n```")


def errors(model, kinds, skeleton):
    return [mpjpe(y, model.predict(X), skeleton=skeleton, regions=scored) for _, X, y, scored in kinds]


if __name__ == "__main__":
    main()
