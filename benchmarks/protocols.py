"""What the signer benchmark trains on and tests on, and its guard against leaks.

P1: metric x, y. P2: pixels with 2.5 px noise and 5 % missing. Both leave one signer out.
P1, rolled: tested on pictures of a camera that is not level, by 6 degrees, one way or the other from clip to clip.
P3: as P1, trained on repetitions 1-6, tested on the view of 7-9. P4: as P1, with 1, 2 and 4 training signers.
P5: trained as P2, tested with 10, 20, 40 % missing, and with the right arm gone for 15 frames (error of the others).
P6: as P1, then adapted to the new signer: by 1, 3 and 10 of the signer's clips with depth, or by all without.
P7: synthetic signers with hands and face (138 keypoints), by region.
floor: as P1, but tested on every third repetition of a signer whose others are in the training.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from liftz.datasets import load_isl_kinect, make_signing, project
from liftz.datasets.projection import drop_keypoints
from liftz.sequences import to_object_array

ARM = ["ElbowRight", "WristRight", "HandRight"]
SETTINGS = {"metric": ("P1", "P6"), "pixels": ("P2", "P5"), "view": ("P3",), "few": ("P4",), "synthetic": ("P7",),
            "floor": ("floor",)}


class Case(NamedTuple):
    """Clips to test on, and what of them to score."""

    protocol: str
    variant: str
    X: np.ndarray
    keypoints: list[str] | None = None


class Fold(NamedTuple):
    """One training: its clips, the signer it is tested on, and that signer's clips."""

    setting: str
    variant: str
    signer: str
    X: np.ndarray
    train: np.ndarray
    test: np.ndarray
    tests: list[Case]


def load(folder, setting, seed, quick):
    """The data set of a setting."""
    if setting == "synthetic":
        return make_signing(n_signers=5, n_clips=3 if quick else 10, n_frames=(60, 100), random_state=seed)
    return load_isl_kinect(folder, **({"repetitions": [1, 5, 9]} if quick else {}))


def folds(setting, data, signers, seed):
    """All trainings of a setting."""
    groups = data.groups
    late = None if setting == "synthetic" else data.repetitions >= 7
    X, tests = inputs(setting, data, seed)
    for signer in signers:
        own, others = np.flatnonzero(groups == signer), np.flatnonzero(groups != signer)
        if setting == "view":
            if late[own].any():
                yield Fold(setting, "", signer, X, others[~late[others]], own[late[own]], tests)
        elif setting == "few":
            everyone = list(np.unique(groups))
            place = everyone.index(signer)
            for n in (1, 2, 4):
                chosen = (everyone[place + 1:] + everyone[:place])[:n]
                variant = [tests[0]._replace(variant=f"{n} signer{'s' * (n > 1)}")]
                yield Fold(setting, str(n), signer, X, np.flatnonzero(np.isin(groups, chosen)), own, variant)
        elif setting == "floor":
            third = data.repetitions[own] % 3 == 0
            tested = {data.y[i].tobytes() for i in own[third]}  # of S05 one recording is there twice
            rest = [i for i in own[~third] if data.y[i].tobytes() not in tested]
            yield Fold(setting, "", signer, X, np.concatenate([others, rest]), own[third], tests)
        else:
            yield Fold(setting, "", signer, X, others, own, tests)


def inputs(setting, data, seed):
    """What is trained on, and what is tested on."""
    if setting == "synthetic":
        return data.X, [Case("P7", region, data.X, list(names)) for region, names in data.skeleton.regions.items()]
    if setting != "pixels":
        protocol = {"metric": "P1", "view": "P3", "few": "P4", "floor": "floor"}[setting]
        tests = [Case(protocol, "", data.X)]
        if setting == "metric":
            tests.append(Case("P1", "rolled by 6 degrees", rolled(data.X, 6)))
        return data.X, tests
    X = project(data, "T2", random_state=seed)
    rest = [k for k in data.skeleton.keypoints if k not in ARM]
    missing = [Case("P5", f"{100 * share:.0f} % missing", project(data, "T2", missing=share, random_state=seed))
               for share in (0.1, 0.2, 0.4)]
    gone = drop_keypoints(X, data.skeleton, ARM, 15, seed)
    return X, [Case("P2", "", X), *missing, Case("P5", "nothing gone, without the arm", X, rest),
               Case("P5", "arm gone, without the arm", gone, rest)]


def rolled(X, degrees):
    """Clips turned in the picture, one to the left, the next to the right."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[cos, sin], [-sin, cos]], dtype=np.float32)
    return to_object_array([clip @ (turn if i % 2 else turn.T) for i, clip in enumerate(X)])


def of_like_posture(fold, data, share):
    """The fold, with each signer's mean pose from a view moved so far towards that of the training signers.

    Means are of x and y over all of a signer's clips from the view, the tested signer's, too: they take no depths.
    """
    views, trained = views_of(data), set(data.groups[fold.train])
    root = data.skeleton.root_indices()

    def moved(X):
        means = np.stack([np.nanmean(clip - clip[:, root].mean(axis=1, keepdims=True), axis=0) for clip in X])
        out = X.copy()
        for view in np.unique(views):
            signers = np.unique(data.groups[views == view])
            of = {signer: means[(views == view) & (data.groups == signer)].mean(axis=0) for signer in signers}
            usual = np.mean([mean for signer, mean in of.items() if signer in trained], axis=0)
            for i in np.flatnonzero(views == view):
                out[i] = (X[i] - share * (of[data.groups[i]] - usual)).astype(np.float32)
        return out

    return fold._replace(X=moved(fold.X), tests=[case._replace(X=moved(case.X)) for case in fold.tests])


def views_of(data):
    """Of three repetitions each, in ISL-Kinect: 0 to 2."""
    return (data.repetitions - 1) // 3


def check_no_leak(clips, groups, train, test, same_signer=False):
    """Refuse a fold in which a signer, or a frame, whatever it is called, is on both sides.

    `clips` are known by their bytes: depths are, to which no noise was added.
    """
    both = set(groups[train]) & set(groups[test])
    if both and not same_signer:
        raise AssertionError(f"signer {sorted(both)[0]} is in training and test")
    trained = {frame.tobytes() for i in train for frame in clips[i]}
    for i in test:
        if any(frame.tobytes() in trained for frame in clips[i]):
            raise AssertionError(f"clip {i} of the test, or a part of it, is also in training")
