"""Nested cross-validation by signer: every split is written down, and nobody is on both sides of one."""

import os
from pathlib import Path

import numpy as np
import pytest
from optuna.distributions import FloatDistribution
from optuna.pruners import WilcoxonPruner
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, cross_validate

from liftz import FrameRidge, make_lifter
from liftz.datasets import load_isl_kinect, make_signing
from liftz.tuning import OptunaSearch

REAL = Path(os.environ.get("LIFTZ_ISL_KINECT", Path(__file__).parents[2] / "shared/data/isl-kinect"))
SPLITS: list = []  # (fitted on, scored on), as sets of signers


class Witness(BaseEstimator):
    """A lifter that writes down whose clips it sees, which it knows by the clips themselves."""

    def __init__(self, lifter, known):
        self.lifter, self.known = lifter, known

    def fit(self, X, y):
        self.seen_ = self.signers(X)
        SPLITS.append((self.seen_, None))
        self.lifter_ = clone(self.lifter).fit(X, y)
        return self

    def score(self, X, y):
        SPLITS.append((self.seen_, self.signers(X)))
        return self.lifter_.score(X, y)

    def signers(self, X):
        return frozenset(self.known.of(clip) for clip in X)


class Known:
    """Who signs a clip, by its bytes; clones share it."""

    def __init__(self, X, groups):
        self.names = {clip.tobytes(): str(signer) for clip, signer in zip(X, groups, strict=True)}
        assert len(self.names) == len(X)

    def of(self, clip):
        return self.names[clip.tobytes()]

    def __deepcopy__(self, memo):
        return self

    def __repr__(self):
        return "Known()"


def nested(X, y, groups, skeleton, n_trials, n_folds, **parameters):
    """Outer scores of a search within leave-one-signer-out; asserts that no split has a signer twice."""
    SPLITS.clear()
    estimator = Witness(make_lifter(skeleton, FrameRidge()), Known(X, groups))
    search = OptunaSearch(estimator, {"lifter__lift__regressor__alpha": FloatDistribution(1e-3, 1e3, log=True)},
                          n_trials=n_trials, cv=GroupKFold(n_folds), random_state=0, **parameters)
    outer = cross_validate(search, X, y, groups=groups, params={"groups": groups}, cv=LeaveOneGroupOut(),
                           error_score="raise", return_estimator=True)
    everyone = frozenset(map(str, groups))
    scored = [(fitted, on) for fitted, on in SPLITS if on is not None]
    assert all(not fitted & on for fitted, on in scored), "a signer was fitted and scored"
    # Each outer fold ends with its only score on the signer left out; until then nobody saw that signer.
    begin = 0
    for signer in sorted(everyone):
        end = next(i for i in range(begin, len(SPLITS)) if SPLITS[i] == (everyone - {signer}, frozenset({signer})))
        inner = SPLITS[begin:end]
        assert all(signer not in fitted | (on or frozenset()) for fitted, on in inner), f"{signer} took part in tuning"
        tested = [on for fitted, on in inner if on is not None]
        assert frozenset().union(*tested) == everyone - {signer}
        begin = end + 1
    assert begin == len(SPLITS)
    return outer


def test_nobody_is_on_both_sides_anywhere(tmp_path):
    data = make_signing(n_signers=4, n_clips=2, n_frames=(15, 20), random_state=0)
    outer = nested(data.X, data.y, data.groups, data.skeleton, n_trials=2, n_folds=3)
    assert len(SPLITS) == 4 * (2 * 3 * 2 + 1 + 1)
    kept = nested(data.X, data.y, data.groups, data.skeleton, n_trials=2, n_folds=3,
                  storage=str(tmp_path / "x.journal"), study_name="{data}")
    np.testing.assert_array_equal(outer["test_score"], kept["test_score"])


def test_the_witness_would_tell():
    data = make_signing(n_signers=3, n_clips=2, n_frames=(15, 20), random_state=0)
    mixed = np.array(["Ann", "Ben", "Cem"] * 2)  # a clip of each signer is with each of these
    estimator = Witness(make_lifter(data.skeleton, FrameRidge()), Known(data.X, data.groups))
    SPLITS.clear()
    cross_validate(estimator, data.X, data.y, groups=mixed, cv=LeaveOneGroupOut())
    assert any(fitted & on for fitted, on in SPLITS if on is not None)


@pytest.mark.skipif(not (REAL / "RawDataset").is_dir(), reason=f"{REAL} has no ISL-Kinect; set LIFTZ_ISL_KINECT")
@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_nobody_is_on_both_sides_of_isl_kinect(tmp_path):
    files = sorted((REAL / "RawDataset").glob("*.txt"))
    sign = files[0].name.split("_")[0]
    for file in files:
        if file.name.startswith(f"{sign}_"):
            (tmp_path / file.name).symlink_to(file.resolve())
    data = load_isl_kinect(tmp_path)
    outer = nested(data.X, data.y, data.groups, data.skeleton, n_trials=3, n_folds=7, pruner=WilcoxonPruner())
    errors = -outer["test_score"]
    assert len(errors) == 8
    assert 20 < errors.mean() < 80  # mm
