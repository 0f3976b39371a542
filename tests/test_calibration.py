"""What a lifter knows of its errors."""

import numpy as np
import pytest

from liftz.calibration import ErrorModel
from liftz.sequences import to_object_array


def made(n_signers, seed, n_clips=6, n_frames=200):
    """Clips whose errors grow with the first keypoint's x; each signer's by a factor of their own."""
    rng = np.random.default_rng(seed)
    X, errors, signers = [], [], []
    for signer in range(n_signers):
        factor = rng.uniform(0.8, 1.2)
        for _ in range(n_clips):
            clip = rng.normal(size=(n_frames, 3, 2)).astype(np.float32)
            size = factor * np.array([0.0, 10.0, 30.0]) * (3 + np.clip(clip[:, :1, 0], -2, 2))
            X.append(clip)
            errors.append(abs(size * rng.normal(size=size.shape)).astype(np.float32))
            signers.append(signer)
    return to_object_array(X), to_object_array(errors), np.array(signers)


def test_nine_of_ten_errors_on_new_signers_are_covered_wherever_they_are_large():
    model = ErrorModel(*made(12, 0))
    X, errors, _ = made(12, 1)
    inside = np.concatenate([error <= 1.645 * model.std(clip) for clip, error in zip(X, errors, strict=True)])
    assert 0.86 < inside[:, 1:].mean() < 0.94
    place = np.concatenate([clip[:, 0, 0] for clip in X])
    for part in (place < -0.7, place > 0.7):
        assert 0.83 < inside[part][:, 1:].mean() < 0.96
    stds = np.concatenate([model.std(clip) for clip in X])
    assert stds[place > 1, 1].mean() > 1.5 * stds[place < -1, 1].mean()
    assert 2.5 < stds[:, 2].mean() / stds[:, 1].mean() < 3.5
    assert (stds[:, 0] == 0).all()  # a root is never wrong


def test_every_signer_weighs_the_same():
    X, errors, signers = made(8, 0)
    large = signers == 0
    errors = to_object_array([10 * e if big else e for e, big in zip(errors, large, strict=True)])
    more = np.concatenate([np.flatnonzero(~large), np.repeat(np.flatnonzero(large), 20)])
    once = ErrorModel(X, errors, signers)
    often = ErrorModel(X[more], errors[more], signers[more])
    known = once.factor > 0
    assert (often.factor[known] * often.low[known] < 10 * once.factor[known] * once.low[known]).all()


def test_keypoints_without_truth_have_no_deviation_and_spoil_no_other():
    X, errors, signers = made(6, 0)
    hidden = to_object_array([error.copy() for error in errors])
    for error in hidden:
        error[:, 2] = np.nan
        error[::7, 1] = np.nan
    model = ErrorModel(X, hidden, signers)
    std = model.std(X[0])
    assert np.isnan(std[:, 2]).all()
    assert np.isfinite(std[:, :2]).all()
    assert std[:, 1].mean() == pytest.approx(ErrorModel(X, errors, signers).std(X[0])[:, 1].mean(), rel=0.1)


def test_long_recordings_count_as_what_they_are_cut_into():
    X, errors, signers = made(12, 0)
    errors = to_object_array([(10 if signer == 0 else 1) * e for e, signer in zip(errors, signers, strict=True)])
    pieces = [part for clip, error, signer in zip(X, errors, signers, strict=True)
              for n in [10 if signer == 0 else 1]
              for part in zip(np.split(clip, n), np.split(error, n), [signer] * n, strict=True)]
    clips, cut, of = zip(*pieces, strict=True)
    model = ErrorModel(to_object_array(clips), to_object_array(cut), np.array(of))
    np.testing.assert_allclose(model.std(X[0]), ErrorModel(X, errors, signers).std(X[0]), rtol=1e-4)


def placed(places, n_frames, seed, growth):
    """Clips at places of the picture; errors have the size 1 at 0, and grow by `growth` for each unit away from it."""
    rng = np.random.default_rng(seed)
    X, errors = [], []
    for place in places:
        X.append((place * np.ones((3, 2)) + 0.1 * rng.normal(size=(n_frames, 3, 2))).astype(np.float32))
        errors.append(abs((1 + growth * abs(place)) * rng.normal(size=(n_frames, 3))).astype(np.float32))
    return to_object_array(X), to_object_array(errors)


def coverage_far_away(growth):
    places = np.random.default_rng(0).normal(size=240)
    X, errors = placed(places, 40, 1, growth)
    model = ErrorModel(X, errors, np.arange(240) % 8)
    far, truth = placed(np.full(20, 6.0), 200, 2, growth)
    stds = [model.std(clip) for clip in far]
    inside = np.mean([error <= 1.645 * std for error, std in zip(truth, stds, strict=True)])
    return inside, np.mean(stds), model


def test_where_errors_grow_with_novelty_they_are_expected_to_beyond_all_training():
    inside, _, model = coverage_far_away(growth=1.0)
    assert inside > 0.8
    model.line = np.array([1.0, 0.0])
    far, truth = placed(np.full(20, 6.0), 200, 2, 1.0)
    assert np.mean([error <= 1.645 * model.std(clip) for error, clip in zip(truth, far, strict=True)]) < 0.7


def test_where_errors_do_not_grow_with_novelty_intervals_stay_as_they_are():
    inside, std, _ = coverage_far_away(growth=0.0)
    assert 0.87 < inside < 0.99
    assert 0.9 < std < 1.5


def test_a_clip_that_shows_nothing_counts_as_new_as_any_of_training():
    X, errors = placed(np.random.default_rng(0).normal(size=240), 40, 1, 1.0)
    model = ErrorModel(X, errors, np.arange(240) % 8)
    std = model.std(np.full_like(X[0], np.nan))
    assert np.isfinite(std).all()
    assert (std > 0).all()
