"""The floor: what flat, mean pose and ridge predict, against formulas and scikit-learn's own ridge."""

import numpy as np
import pytest
from lifting_cases import SIGNER, assert_same, recordings
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from liftz import Flat, FrameRidge, MeanPose, TransformedTarget, ZNormalizer, make_lifter
from liftz.features import frame_features
from liftz.metrics import mpjpe


def test_flat_is_zero_everywhere():
    X, y, _ = recordings()
    depths = Flat().fit(X, y).predict(X)
    assert_same(depths, [np.zeros(clip.shape[:2]) for clip in X])
    from_root = [abs(depth - depth[:, :1]) for depth in (d[:, SIGNER.indices(["hip", "neck", "head"])] for d in y)]
    expected = np.nanmean(np.concatenate(from_root)[:, 1:])
    assert mpjpe(y, depths, skeleton=SIGNER, regions="body") == pytest.approx(expected)


def test_flat_stays_flat_in_a_lifter_but_not_where_the_mean_pose_is_taken_away():
    X, y, _ = recordings()
    for depth in make_lifter(SIGNER, Flat()).fit(X, y).predict(X):
        assert not depth.any()
    normalised = TransformedTarget(Flat(), ZNormalizer())
    assert_same(normalised.fit(X, y).predict(X), MeanPose().fit(X, y).predict(X), atol=1e-3)


def test_mean_pose_is_the_mean_of_known_depths():
    X, y, _ = recordings()
    model = MeanPose().fit(X, y)
    expected = np.nanmean(np.concatenate(list(y)).astype(float), axis=0)
    np.testing.assert_allclose(model.mean_, expected, rtol=1e-6)
    assert_same(model.predict(X[:2]), [np.tile(expected, (len(clip), 1)) for clip in X[:2]], atol=1e-3)


@pytest.mark.parametrize("alpha", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("n_channels", [2, 3])
def test_ridge_equals_scikit_learns_on_the_frames_that_know_a_keypoint(alpha, n_channels):
    X, y, _ = recordings(n_channels, lengths=(30, 40, 25))
    for depth in y:
        depth[:, 2] = np.where(np.isnan(depth[:, 1]), np.nan, depth[:, 2])
        depth[:, 1] = np.where(np.isnan(depth[:, 2]), np.nan, depth[:, 1])  # the same gaps: one system for both
    model = FrameRidge(alpha).fit(X, y)
    frames, depths = np.concatenate([frame_features(clip) for clip in X]).astype(float), np.concatenate(list(y))
    for keypoint in range(6):
        known = ~np.isnan(depths[:, keypoint])
        ridge = make_pipeline(StandardScaler(), Ridge(alpha)).fit(frames[known], depths[known, keypoint].astype(float))
        coef = ridge[1].coef_ / ridge[0].scale_
        np.testing.assert_allclose(model.coef_[:, keypoint], coef, rtol=1e-4, atol=1e-6 * abs(coef).max())
        found = np.concatenate(list(model.predict(X)))[:, keypoint]
        np.testing.assert_allclose(found, ridge.predict(frames), rtol=1e-4)


def test_ridge_without_a_penalty_takes_the_smallest_solution():
    X, y, _ = recordings(lengths=(30, 40), gaps=False)  # always seen: the channels that say so are constant
    model = FrameRidge(alpha=0).fit(X, y)
    np.testing.assert_allclose(np.concatenate(list(model.predict(X))), np.concatenate(list(y)), rtol=1e-4)
    np.testing.assert_allclose(model.coef_[12:], 0, atol=1e-6)


def test_ridge_beats_the_mean_pose_where_depth_is_linear():
    X, y, _ = recordings(lengths=[40] * 6)
    ridge, mean = (mpjpe(y[4:], make_lifter(SIGNER, model).fit(X[:4], y[:4]).predict(X[4:]), skeleton=SIGNER)
                   for model in (FrameRidge(alpha=1), MeanPose()))
    assert ridge < 0.5 * mean


@pytest.mark.parametrize("model", [MeanPose(), FrameRidge()])
def test_frames_without_truth_count_for_nothing(model):
    X, y, _ = recordings(gaps=False)
    cut = [depth.copy() for depth in y]
    for depth in cut:
        depth[3:] = np.nan
    assert_same(model.fit(X, cut).predict(X), model.fit([c[:3] for c in X], [d[:3] for d in y]).predict(X), atol=1e-2)
    known = [depth.copy() for depth in y]
    for depth in known:
        depth[3:, 2] = np.nan
    assert_same(*([depth[:, 2] for depth in model.fit(X, z).predict(X)] for z in (known, cut)), atol=1e-2)


@pytest.mark.parametrize("alpha", [-1, np.nan])
def test_ridge_refuses_a_negative_penalty(alpha):
    X, y, _ = recordings()
    with pytest.raises(ValueError, match="alpha must be a number of at least 0"):
        FrameRidge(alpha).fit(X, y)


@pytest.mark.parametrize("model", [Flat(), MeanPose(), FrameRidge()])
def test_the_score_is_minus_mpjpe(model):
    X, y, _ = recordings()
    model.fit(X, y)
    assert model.score(X, y) == -mpjpe(y, model.predict(X))
    weights = np.arange(len(X))
    assert model.score(X, y, sample_weight=weights) == -mpjpe(y, model.predict(X), sample_weight=weights)
