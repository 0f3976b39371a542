"""Scorers: what cross_validate gets to see."""

import pickle

import numpy as np
import pytest
from metric_cases import SIGNER
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.metrics import make_scorer
from sklearn.model_selection import GroupKFold, cross_validate

from liftz import Skeleton
from liftz.metrics import mpjpe, p_mpjpe, pck
from liftz.scoring import mpjpe_scorer, region_scorers
from liftz.sequences import to_object_array


class Copier(RegressorMixin, BaseEstimator):
    """Predicts the depths that X hides in its first channel, each keypoint off by its position."""

    def __init__(self, unpredicted=()):
        self.unpredicted = unpredicted

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        out = [clip[..., 0] + np.arange(6, dtype=np.float32) for clip in X]
        for clip in out:
            clip[:, SIGNER.indices(self.unpredicted)] = np.nan
        return to_object_array(out)


@pytest.fixture
def clips():
    rng = np.random.default_rng(0)
    y = to_object_array([rng.normal(size=(n, 6)).astype(np.float32) for n in (3, 5, 4, 3, 6, 2)])
    return to_object_array([np.stack([c, c], axis=2) for c in y]), y, np.repeat(["Ann", "Ben", "Cem"], 2)


def scores(estimator, clips, scoring, **options):
    X, y, groups = clips
    found = cross_validate(estimator, X, y, groups=groups, cv=GroupKFold(3), scoring=scoring, **options)
    return {name: values for name, values in found.items() if name.startswith("test_")}


def test_a_score_per_region_and_one_of_all_in_one_pass(clips):
    found = scores(Copier(), clips, region_scorers(SIGNER))
    # hip 0, thumb 1, neck 2, wrist 3, tip 4, head 5: neck 2 and head 5 from the hip, thumb -2 and tip 1 from the wrist
    assert {k: v.tolist() for k, v in found.items()} == {
        "test_body": pytest.approx([-3.5] * 3, rel=1e-5), "test_hand": pytest.approx([-1.5] * 3, rel=1e-5),
        "test_all": pytest.approx([-2.5] * 3, rel=1e-5)}


def test_scores_without_a_skeleton_are_negated_errors_from_the_mean(clips):
    X, y, _ = clips
    estimator = Copier().fit(X, y)
    assert mpjpe_scorer(estimator, X, y) == -mpjpe(y, estimator.predict(X)) == pytest.approx(-1.5, rel=1e-5)


def test_a_region_that_was_not_predicted_is_named_or_fails_alone(clips):
    body_only = Copier(unpredicted=SIGNER.regions["hand"])
    found = scores(body_only, clips, region_scorers(SIGNER, regions="body"), error_score="raise")
    assert sorted(found) == ["test_all", "test_body"]
    assert found["test_all"] == pytest.approx(found["test_body"])
    with pytest.raises(ValueError, match="nothing to compare in .*'hand'"):
        scores(body_only, clips, region_scorers(SIGNER), error_score="raise")
    with pytest.warns(UserWarning, match="nothing to compare"):
        found = scores(body_only, clips, region_scorers(SIGNER))
    assert np.isnan(found["test_hand"]).all()
    assert found["test_body"] == pytest.approx([-3.5] * 3, rel=1e-5)


def test_other_metrics_and_their_options_pass_through(clips):
    found = scores(Copier(), clips, region_scorers(SIGNER, pck, greater_is_better=True, alpha=100))
    assert all((values == 1).all() for values in found.values())
    assert list(region_scorers(SIGNER, p_mpjpe)) == ["body", "hand", "all"]


def test_scorers_survive_a_trip_to_a_worker(clips):
    X, y, _ = clips
    estimator = Copier().fit(X, y)
    for name, scorer in region_scorers(SIGNER).items():
        assert pickle.loads(pickle.dumps(scorer))(estimator, X, y) == scorer(estimator, X, y), name


def test_weights_reach_the_metric(clips):
    X, y, _ = clips
    estimator = Copier().fit(X, y)
    y = to_object_array([*y[:-1], y[-1] + np.arange(6, dtype=np.float32)])  # the last clip is predicted exactly
    scorer = make_scorer(mpjpe, greater_is_better=False, skeleton=SIGNER)
    assert scorer(estimator, X, y, sample_weight=[0, 0, 0, 0, 0, 1]) == pytest.approx(0, abs=1e-6)
    assert scorer(estimator, X, y, sample_weight=[1, 1, 1, 1, 1, 0]) == pytest.approx(-2.5, rel=1e-5)


def test_unknown_and_ambiguous_regions_are_refused():
    with pytest.raises(ValueError, match="no region 'hands'; it has body, hand"):
        region_scorers(SIGNER, regions=["hands"])
    with pytest.raises(ValueError, match="names no region of skeleton"):
        region_scorers(SIGNER, regions=[])
    with pytest.raises(ValueError, match="has a region 'all'"):
        region_scorers(Skeleton("one", ["a", "b"], root="a", regions={"all": ["a", "b"]}))
