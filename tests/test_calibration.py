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


@pytest.mark.parametrize(("growing", "n_pieces", "rtol"), [(False, 40, 1e-4), (True, 10, 0.02)])
def test_long_recordings_count_as_what_they_are_cut_into(growing, n_pieces, rtol, monkeypatch):
    if not growing:  # growth is over stretches, and between their middles, which a cut moves a little
        monkeypatch.setattr("liftz.calibration._line", lambda *args: np.array([1.0, 0.0]))
    X, errors, signers = made(12, 0)
    errors = to_object_array([(10 if signer == 0 else 1) * e for e, signer in zip(errors, signers, strict=True)])
    pieces = [part for clip, error, signer in zip(X, errors, signers, strict=True)
              for n in [n_pieces if signer == 0 else 1]
              for part in zip(np.split(clip, n), np.split(error, n), [signer] * n, strict=True)]
    clips, cut, of = zip(*pieces, strict=True)
    model = ErrorModel(to_object_array(clips), to_object_array(cut), np.array(of))
    np.testing.assert_allclose(model.std(X[0]), ErrorModel(X, errors, signers).std(X[0]), rtol=rtol)


def placed(places, n_frames, seed, growth):
    """Clips at places of the picture; errors have the size 1 at 0, and grow by `growth` for each unit away from it."""
    rng = np.random.default_rng(seed)
    X, errors = [], []
    for place in places:
        X.append((place * np.ones((3, 2)) + 0.1 * rng.normal(size=(n_frames, 3, 2))).astype(np.float32))
        errors.append(abs((1 + growth * abs(place)) * rng.normal(size=(n_frames, 3))).astype(np.float32))
    return to_object_array(X), to_object_array(errors)


def model_of(places, growth, n_signers=8, **options):
    X, errors = placed(places, 40, 1, growth)
    return ErrorModel(X, errors, np.arange(len(places)) % n_signers, **options)


def inside(model, places, growth, n_frames=200):
    X, errors = placed(places, n_frames, 2, growth)
    return np.mean([error <= 1.645 * model.std(clip) for error, clip in zip(errors, X, strict=True)])


CROWD = np.random.default_rng(0).normal(size=240)


def test_where_errors_grow_with_novelty_they_are_expected_to_beyond_all_training():
    model = model_of(CROWD, growth=1.0)
    assert 0.87 < inside(model, CROWD, 1.0) < 0.93
    far = np.full(20, 6.0)
    assert inside(model, far, 1.0) > 0.85
    model.line = np.array([1.0, 0.0])
    assert inside(model, far, 1.0) < 0.7


def test_what_is_unfamiliar_lies_beyond_nearly_all_of_training():
    model = model_of(CROWD, growth=1.0)
    near, far, nowhere = [*placed([0.0, 6.0], 40, 1, 0)[0], np.full((40, 3, 2), np.nan, np.float32)]
    assert model.novelty_of(near)[0] < 1 < model.novelty_of(far)[0]
    assert np.mean([model.novelty_of(clip)[0] > 1 for clip in placed(CROWD, 40, 1, 0)[0]]) < 0.05
    assert np.isnan(model.novelty_of(nowhere)).all()


def test_unfamiliar_clips_tell_how_much_larger_errors_are_there_than_they_are_usually():
    grown, flat = (model_of(CROWD, growth=growth) for growth in (1.0, 0.0))
    growths = [grown.novelty_of(clip)[1] for clip in placed(CROWD, 40, 1, 0)[0]]
    assert np.median(growths) == pytest.approx(1, abs=0.1)
    far = placed([6.0], 40, 1, 0)[0][0]
    usual, wide = (grown.std(clip).mean() for clip in (placed([np.median(abs(CROWD))], 40, 1, 0)[0][0], far))
    assert grown.novelty_of(far)[1] == pytest.approx(wide / usual, rel=0.35)
    new, growth = flat.novelty_of(far)
    assert new > 1
    assert 0.9 < growth < 1.5
    flat.novelty = None
    assert np.isnan(flat.novelty_of(far)).all()


def test_where_errors_do_not_grow_with_novelty_intervals_stay_as_they_are():
    model = model_of(CROWD, growth=0.0)
    assert 0.87 < inside(model, np.full(20, 6.0), 0.0) < 0.99
    assert model.std(placed([6.0], 40, 3, 0)[0][0]).mean() < 1.5


def test_a_signers_own_poses_make_none_of_theirs_usual():
    places = np.repeat(np.arange(8) * 5.0, 30)  # each stands elsewhere
    X, errors = placed(places, 40, 1, 0.0)
    alone, together = (ErrorModel(X, errors, signers).usual for signers in (np.repeat(np.arange(8), 30),
                                                                            np.arange(240) % 8))
    assert alone[0] > 10 * together[1]


def test_clips_whose_errors_are_not_known_are_usual_too():
    X, errors = placed(np.append(CROWD, np.full(60, 30.0)), 40, 1, 0.0)
    signers = np.append(np.arange(240) % 8, np.full(60, 8))
    some = ErrorModel(X[:240], errors[:240], signers[:240])
    whole = ErrorModel(X[:240], errors[:240], signers[:240], training=(X, signers))
    pose = np.full((1, 6), 30.0, np.float32)
    assert whole.novelty(pose) < 0.2 < 2 < some.novelty(pose)


def test_what_shows_too_little_counts_as_new_as_is_usual_and_what_is_nearest_is_not_nearer():
    model = model_of(CROWD, growth=1.0)
    nothing = np.full((40, 3, 2), np.nan, np.float32)
    least, most = model.usual
    expected = [model.line[0] + model.line[1] * new for new in (least, most)]
    ridge = np.clip(model.ridge.predict_clip(nothing), model.low, model.high) * model.factor
    np.testing.assert_allclose(model.std(nothing), ridge * expected[1], rtol=1e-5)
    assert model._growth(0.0) == pytest.approx(expected[0])


def test_a_keypoint_that_is_often_right_does_not_tell_how_errors_grow():
    X, errors, signers = made(12, 0)
    expected = ErrorModel(X, to_object_array([e.copy() for e in errors]), signers).line
    rng = np.random.default_rng(0)
    for error in errors:
        error[:, 1] *= rng.random(len(error)) > 0.45  # so that next to none is expected in some frames
    np.testing.assert_allclose(ErrorModel(X, errors, signers).line.sum(), expected.sum(), rtol=0.2)


def test_intervals_are_right_whatever_the_line_is(monkeypatch):
    monkeypatch.setattr("liftz.calibration._line", lambda *args: np.array([5.0, 1.0]))
    assert 0.87 < inside(model_of(CROWD, growth=0.0), CROWD, 0.0) < 0.93


def test_deviations_change_little_from_one_stretch_to_the_next():
    model = model_of(CROWD, growth=1.0)
    X, _ = placed(np.linspace(0, 3, 10), 100, 1, 0.0)
    long = np.concatenate(list(X))
    model.ridge.coef_[:] = 0  # novelty alone
    std = model.std(long)[:, 1]
    assert std[-1] > 1.5 * std[0]
    assert abs(np.diff(std)).max() < 0.01 * std.mean()


def test_labels_may_be_of_any_kind_and_are_but_names():
    X, errors = placed(CROWD, 40, 1, 1.0)
    expected = model_of(CROWD, growth=1.0).std(X[0])
    mixed = [(i, "signer") if i % 2 else f"{i}" for i in range(8)]
    for names in (mixed, [f"{(5 * i + 3) % 8}" for i in range(8)]):
        labels = np.empty(240, object)
        labels[:] = [names[i % 8] for i in range(240)]
        np.testing.assert_array_equal(ErrorModel(X, errors, labels).std(X[0]), expected)
