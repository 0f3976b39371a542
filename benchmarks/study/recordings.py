"""Recordings in Panoptic Studio's layout: the user's own, or synthetic ones under the same names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from liftz.datasets import load_panoptic, make_signing, write_panoptic
from liftz.datasets.panoptic import read_manifest
from liftz.sequences import to_object_array

__all__ = ["of_experiment", "read", "write_synthetic"]


def write_synthetic(folder, manifest, n_frames, seed):
    """Write synthetic recordings of the manifest's names, ids and signers into a folder."""
    signers = read_manifest(manifest)
    numbers = {signer: i for i, signer in enumerate(dict.fromkeys(signers.values()), 1)}
    cast: dict = {}
    for (recording, _), signer in signers.items():
        cast.setdefault(recording, []).append(numbers[signer])
    data = make_signing(recordings=cast, n_frames=n_frames, random_state=seed)
    data.groups = np.array([list(numbers)[int(group[1:]) - 1] for group in data.groups])
    data.persons = np.array([i for recording in cast for name, i in signers if name == recording])
    write_panoptic(data, folder)


def read(folder, manifest, turn):
    """The manifest's recordings, from those of a folder."""
    folder = Path(folder)
    names = dict.fromkeys(recording for recording, _ in read_manifest(manifest) if (folder / recording).is_dir())
    if not names:
        raise ValueError(f"{folder} has none of the recordings that {manifest} names")
    return load_panoptic(folder, recordings=names, manifest=manifest, turn=turn, cache=False)


def of_experiment(data, experiment):
    """The clips and keypoints of an experiment, with `labels`: who, or what, is left out in turn.

    Of one signer, the one with the most clips, recordings are left out; of several, signers.
    """
    clips = np.arange(len(data.X))
    if experiment.one_signer:
        signers, n_clips = np.unique(data.groups, return_counts=True)
        clips = np.flatnonzero(data.groups == signers[n_clips.argmax()])
    names = data.skeleton.resolve(experiment.keypoints)
    skeleton = data.skeleton.subset(experiment.keypoints)
    if not skeleton.edges:  # a lone keypoint's bone is the line from its root
        skeleton = replace(skeleton, edges=[(skeleton.root, name) for name in names if name != skeleton.root])
    indices = data.skeleton.indices(names)
    labels, what = (data.recordings, "recordings") if experiment.one_signer else (data.groups, "signers")
    if len(set(labels[clips])) < 2:
        raise ValueError(f"{experiment.name}: leaving one out takes two {what} at least, got {labels[clips[0]]} alone")
    return Bunch(X=to_object_array([data.X[i][:, indices] for i in clips]),
                 y=to_object_array([data.y[i][:, indices] for i in clips]),
                 labels=labels[clips], groups=data.groups[clips], skeleton=skeleton, units=data.units, fps=data.fps)
