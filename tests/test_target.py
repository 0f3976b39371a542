"""Transformed depths in, depths in their own unit out."""

import numpy as np
import pytest
from lifting_cases import SIGNER, assert_same, recordings, tiny_lstm
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.pipeline import make_pipeline

from liftz import (
    Flat,
    FrameRidge,
    RegionSelector,
    RootCenterer,
    Skeleton,
    TransformedTarget,
    ZNormalizer,
    make_lifter,
)
from liftz.metrics import mpjpe
from liftz.sequences import to_object_array


class Recorder(RegressorMixin, BaseEstimator):
    """Keeps what fit was given, and predicts the depths it was fitted on."""

    def fit(self, X, y, groups=None, **others):
        self.X_, self.y_, self.groups_, self.others_ = X, y, groups, others
        return self

    def predict(self, X):
        return self.y_


def test_the_regressor_sees_transformed_depths_and_its_predictions_are_put_back():
    X, y, _ = recordings()
    model = TransformedTarget(Recorder(), ZNormalizer(per="all")).fit(X, y)
    inside = np.concatenate(list(model.regressor_.y_))
    assert np.nanmean(inside) == pytest.approx(0, abs=1e-5)
    assert np.nanstd(inside) == pytest.approx(1, rel=1e-5)
    assert_same(model.regressor_.X_, X)
    assert_same(model.predict(X), y, atol=1e-3)


def test_statistics_are_those_of_the_training_depths_alone():
    X, y, _ = recordings()
    model = TransformedTarget(FrameRidge(), ZNormalizer()).fit(X[:3], y[:3])
    np.testing.assert_allclose(model.transformer_.mean_, np.nanmean(np.concatenate(list(y[:3])), axis=0), rtol=1e-5)
    before = model.predict(X[3:])
    model.score(X[3:], to_object_array([depth + 1e4 for depth in y[3:]]))
    assert_same(model.predict(X[3:]), before)


def test_it_clones_what_it_is_given():
    X, y, _ = recordings()
    model = TransformedTarget(FrameRidge(), make_pipeline(RootCenterer(SIGNER), ZNormalizer())).fit(X, y)
    assert model.regressor_ is not model.regressor
    assert not hasattr(model.regressor, "coef_")
    assert not hasattr(model.transformer[1], "mean_")
    assert model.get_params()["regressor__alpha"] == 30.0


def test_depths_stay_relative_to_their_roots():
    X, y, _ = recordings(gaps=False)
    model = TransformedTarget(FrameRidge(), RootCenterer(SIGNER))
    near = model.fit(X, y).predict(X)
    far = [depth + np.float32(1000) * np.arange(len(depth), dtype=np.float32)[:, None] for depth in y]
    assert_same(model.fit(X, far).predict(X), near, atol=0.1)


def test_x_may_have_been_cut_to_the_region_that_y_will_be():
    X, y, _ = recordings()
    hand = SIGNER.indices(SIGNER.regions["hand"])
    model = TransformedTarget(FrameRidge(), RegionSelector(SIGNER, "hand")).fit([clip[:, hand] for clip in X], y)
    depths = model.predict([clip[:, hand] for clip in X])
    for depth, clip in zip(depths, X, strict=True):
        assert depth.shape == clip.shape[:2]
        np.testing.assert_array_equal(np.isnan(depth).all(axis=0), ~np.isin(np.arange(6), hand))
        assert np.isfinite(depth[:, hand]).all()


@pytest.mark.parametrize("routing", [False, True])
def test_groups_go_on_to_the_regressor(routing):
    X, y, signers = recordings()
    with config_context(enable_metadata_routing=routing):
        lstm = TransformedTarget(tiny_lstm(early_stopping=True), ZNormalizer()).fit(X, y, groups=signers)
        assert "valid_loss" in lstm.regressor_.nets_[0].history[-1]
        regressor = Recorder().set_fit_request(groups=True) if routing else Recorder()
        assert TransformedTarget(regressor, ZNormalizer()).fit(X, y, groups=signers).regressor_.groups_ is signers


def test_routing_knows_other_names_and_refuses_what_nobody_asked_for():
    X, y, signers = recordings()
    with config_context(enable_metadata_routing=True):
        regressor = Recorder().set_fit_request(groups="signers")
        model = TransformedTarget(regressor, ZNormalizer()).fit(X, y, signers=signers)
        assert model.regressor_.groups_ is signers
        assert model.regressor_.others_ == {}
        with pytest.raises(UnsetMetadataPassedError):
            TransformedTarget(Recorder(), ZNormalizer()).fit(X, y, groups=signers)
        with pytest.raises(TypeError):
            TransformedTarget(FrameRidge(), ZNormalizer()).fit(X, y, groups=signers)


def test_the_score_is_minus_mpjpe():
    X, y, _ = recordings()
    model = TransformedTarget(FrameRidge(), ZNormalizer()).fit(X, y)
    assert model.score(X, y) == -mpjpe(y, model.predict(X))


@pytest.mark.parametrize(("y", "message"), [
    (None, "y must be a sequence of clips, got NoneType"),
    ([np.zeros((3, 6, 2))], r"y: clip 0 has shape \(3, 6, 2\), expected \(n_frames, n_keypoints\)"),
])
def test_depths_that_are_none_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        TransformedTarget(FrameRidge(), ZNormalizer()).fit([np.zeros((3, 6, 2))], y)


def test_depths_of_another_skeleton_are_refused_as_y():
    X, y, _ = recordings()
    with pytest.raises(ValueError, match=r"y: clip 0 has 5 keypoints, expected 6 \(signer\)"):
        make_lifter(SIGNER, FrameRidge()).fit(X, [depth[:, :5] for depth in y])


def test_deviations_are_of_depths_and_never_below_zero():
    pelvis = Skeleton("pelvis", ["left", "right", "head"], root=("left", "right"))

    class Known(Flat):
        def predict(self, X, return_std=False):
            stds = to_object_array([np.tile(np.float32([3, 5, 7]), (len(clip), 1)) for clip in X])
            return (super().predict(X), stds) if return_std else super().predict(X)

    X = [np.zeros((4, 3, 2))]
    y = [np.arange(12.0).reshape(4, 3)]
    reordered = make_pipeline(RootCenterer(pelvis), RegionSelector(pelvis, ["head", "left", "right"]))
    for transformer, expected in ((RootCenterer(pelvis), [4, 4, 7]), (reordered, [6, 6, 3])):
        _, stds = TransformedTarget(Known(), transformer).fit(X, y).predict(X, return_std=True)
        np.testing.assert_allclose(stds[0], np.tile(expected, (4, 1)))
