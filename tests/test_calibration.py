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
              for n in [40 if signer == 0 else 1]
              for part in zip(np.split(clip, n), np.split(error, n), [signer] * n, strict=True)]
    clips, cut, of = zip(*pieces, strict=True)
    model = ErrorModel(to_object_array(clips), to_object_array(cut), np.array(of))
    np.testing.assert_allclose(model.std(X[0]), ErrorModel(X, errors, signers).std(X[0]), rtol=1e-4)
