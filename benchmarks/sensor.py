"""What the depth sensor's noise leaves to be had: `python benchmarks/sensor.py FOLDER`, on ISL-Kinect.

A signer's bones do not change, but the sensor's do. First table: how much, in mm; a bone's standard deviation within
clips, between clips that show one view, and between views, each the median over signers, bones and clips. Then a
joint's mean depth over a clip: how far it is, on average, from that over two other clips of the same sign by the same
signer from the same view, which is as near as one who knows all of that signer's habits could come.

Second table: how far off the depths are, as MPJPE in mm, that true bone lengths would give: each joint is put before
or behind the one before it as the truth has it, as far as ``sqrt(L^2 - l^2)`` of the bone's length L and its length l
in the picture. So much does geometry miss that is told everything but the depths: of each signer the lengths (the
medians over all of the signer's clips, over those of one view, or over the clip alone), and which end is nearer.
Beside it the least that a body of such bones is off in three dimensions.

Third table: how far the depths of a clip's mean pose are, in mm, from those of other clips of the same sign by the same
signer, which were recorded in this view or another, once these are turned about the vertical as far as brings them
nearest in x and z, which takes the truth. So much does a new view miss that is told the signer's own posture and the
angle: the sensor sees another posture from the side than from ahead.
"""

from __future__ import annotations

import argparse

import numpy as np

from liftz.bones import fit_bones
from liftz.datasets import load_isl_kinect
from liftz.metrics import mpjpe
from liftz.preprocessing import RootCenterer
from liftz.sequences import to_object_array
from liftz.tree import bone_tree


def lengths_of(clip, depth, children, parents):
    """Bone lengths ``(n_frames, n_bones)``."""
    points = np.dstack([clip[..., :2], depth]).astype(float)
    return np.linalg.norm(points[:, children] - points[:, parents], axis=2)


def breathing(lengths, clips_of):
    """Deviations of bones within clips, between clips of a view, and between views."""
    means = np.array([np.nanmean(found, axis=0) for found in lengths])
    views = [np.array([np.nanmean(means[clips], axis=0) for clips in of_signer]) for of_signer in clips_of]
    return {"within a clip": np.median([np.nanstd(found, axis=0) for found in lengths]),
            "between clips of a view": np.median([np.nanstd(means[clips], axis=0)
                                                  for of_signer in clips_of for clips in of_signer]),
            "between views": np.median([np.nanstd(of_signer, axis=0) for of_signer in views])}


def repeated(depths, labels):
    """How far a clip's mean depths are from those of the other clips of its label, on average."""
    off = []
    for label in np.unique(labels, axis=0):
        clips = depths[(labels == label).all(axis=1)]
        if len(clips) > 1:
            off.append(abs(clips - clips.mean(axis=0)) * len(clips) / (len(clips) - 1))
    return np.nanmean(np.concatenate(off)[:, np.nanmax(abs(depths), axis=0) > 0])  # the root is 0


def posture_off(poses, signers, signs, views):
    """How far a clip's mean depths are from those of the signer's other clips of the sign, by view.

    Returns
    -------
    array of shape (n_views, n_views)
        Of clips seen in a view, from those recorded in a view; the mean over signers.
    """
    off = [[{} for _ in np.unique(views)] for _ in np.unique(views)]
    for i, pose in enumerate(poses):
        alike = (signers == signers[i]) & (signs == signs[i]) & (np.arange(len(poses)) != i)
        for view in np.unique(views[alike]):
            turned = turned_to(poses[alike & (views == view)].mean(axis=0), pose)
            off[views[i]][view].setdefault(signers[i], []).append(np.mean(abs(turned - pose)[:, 2]))
    return np.array([[np.mean([np.mean(of_one) for of_one in of_signer.values()]) for of_signer in row] for row in off])


def turned_to(pose, other):
    """A pose ``(n_keypoints, 3)``, turned about the vertical to be the nearest to another in x and z."""
    (x, _, z), (to_x, _, to_z) = pose.T, other.T
    angle = np.arctan2(x @ to_z - z @ to_x, x @ to_x + z @ to_z)
    return np.stack([np.cos(angle) * x - np.sin(angle) * z, pose[:, 1], np.sin(angle) * x + np.cos(angle) * z], axis=1)


def from_bones(clip, depth, lengths, children, parents):
    """Depths that bones of these lengths ``(n_bones,)`` give, told which end of each is nearer."""
    out = depth - depth  # the root's 0, and NaN where there is none
    seen = np.linalg.norm(clip[:, children, :2] - clip[:, parents, :2], axis=2)
    rise = np.sqrt(np.maximum(lengths**2 - seen**2, 0)) * np.sign(depth[:, children] - depth[:, parents])
    for bone, (child, parent) in enumerate(zip(children, parents, strict=True)):
        out[:, child] = out[:, parent] + rise[:, bone]
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    data = load_isl_kinect(parser.parse_args().folder)
    children, parents, _ = bone_tree(data.skeleton)
    X, y = (RootCenterer(data.skeleton).fit_transform(clips) for clips in (data.X, data.y))
    lengths = [lengths_of(clip, depth, children, parents) for clip, depth in zip(X, y, strict=True)]
    medians = np.array([np.nanmedian(found, axis=0) for found in lengths])
    views = (data.repetitions - 1) // 3
    clips_of = [[found for view in np.unique(views) if len(found := np.flatnonzero((data.groups == signer) &
                                                                                   (views == view)))]
                for signer in np.unique(data.groups)]
    print(f"bones of {len(np.unique(data.groups))} signers in {len(X)} clips")
    for name, deviation in breathing(lengths, clips_of).items():
        print(f"  {name:26s}{deviation:6.1f} mm")
    poses = np.array([np.nanmean(np.dstack([clip[..., :2], depth]), axis=0) for clip, depth in zip(X, y, strict=True)])
    signers, signs = (np.unique(names, return_inverse=True)[1] for names in (data.groups, data.signs))
    print(f"a joint's mean depth, from clip to clip of a sign in a view: "
          f"{repeated(poses[..., 2], np.stack([signers, signs, views], axis=1)):.1f} mm")
    print(f"\n{'lengths known of':20s}{'depth off':>10s}")
    for name, parts in {"the signer": [np.concatenate(of_signer) for of_signer in clips_of],
                        "signer and view": [clips for of_signer in clips_of for clips in of_signer],
                        "the clip": np.arange(len(X))[:, None]}.items():
        known = np.empty_like(medians)
        for clips in parts:
            known[clips] = np.nanmedian(medians[clips], axis=0)
        depths = [from_bones(clip, depth, of_clip, children, parents)
                  for clip, depth, of_clip in zip(X, y, known, strict=True)]
        print(f"{name:20s}{mpjpe(y, to_object_array(depths), skeleton=data.skeleton):10.1f}")
    off = [np.nanmean(fit_bones(np.dstack([X[i], y[i]])[::5], data.skeleton).distance) for i in range(0, len(X), 10)]
    print(f"a body of constant bones, nearest to the truth of a clip in 3D: {np.mean(off):.1f} mm off")
    joints = np.delete(poses, data.skeleton.root_indices(), axis=1)
    print(f"\n{'mean pose seen in':20s}" + "".join(f"{f'from view {view + 1}':>13s}" for view in np.unique(views)))
    for view, row in enumerate(posture_off(joints, signers, signs, views)):
        print(f"{f'view {view + 1}':20s}" + "".join(f"{off:13.1f}" for off in row))


if __name__ == "__main__":
    main()
