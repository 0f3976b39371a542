"""What holds for every public estimator: scikit-learn's checks that need no 2-D data, and liftz' own."""

import pickle

import numpy as np
import pytest
from lifting_cases import (
    ESTIMATORS,
    REGRESSORS,
    SIGNER,
    TRANSFORMERS,
    assert_clips_alone,
    assert_same,
    output,
    recordings,
)
from sklearn.base import BaseEstimator, clone, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils import estimator_checks

from liftz.sequences import to_object_array

SKLEARN_CHECKS = [
    "check_estimator_cloneable", "check_estimator_repr", "check_estimators_unfitted", "check_get_params_invariance",
    "check_mixin_order", "check_no_attributes_set_in_init", "check_parameters_default_constructible",
    "check_set_params", "check_valid_tag_types",
]
EXPECTED_FAILURES: dict[tuple[str, str], str] = {}  # (estimator, check): the reason

every_estimator = pytest.mark.parametrize("name", ESTIMATORS)
every_regressor = pytest.mark.parametrize("name", REGRESSORS)
with_and_without_confidence = pytest.mark.parametrize("n_channels", [2, 3])


@pytest.fixture
def estimator(name):
    return clone(ESTIMATORS[name])


def read_only(clips):
    clips = to_object_array([clip.copy() for clip in clips])
    for clip in clips:
        clip.flags.writeable = False
    return clips


def test_every_public_estimator_is_in_the_battery():
    import liftz

    public = {name for name in liftz.__all__ if isinstance(getattr(liftz, name), type)
              and issubclass(getattr(liftz, name), BaseEstimator)}
    alone = {"BodyAugmenter": "neither transforms nor predicts: it is called clip by clip; see test_augmentation.py",
             "OptunaSearch": "a search: it is what its estimator is; see test_tuning.py"}
    assert public - set(alone) == {type(estimator).__name__ for estimator in ESTIMATORS.values()} - {"Lifter"}


# scikit-learn

@every_estimator
@pytest.mark.parametrize("check", SKLEARN_CHECKS)
def test_scikit_learns_own(check, name, estimator):
    if reason := EXPECTED_FAILURES.get((name, check)):
        pytest.xfail(reason)
    getattr(estimator_checks, check)(name, estimator)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.parametrize("name", [name for name in ESTIMATORS if not isinstance(ESTIMATORS[name], Pipeline)])
def test_the_tags_keep_check_estimator_from_feeding_tables(name, estimator):
    estimator_checks.check_estimator(estimator)


# Parameters and fitting

@every_estimator
def test_parameters_go_in_as_they_come_out(name, estimator):
    again = type(estimator)(**estimator.get_params(deep=False))
    assert again.get_params().keys() == estimator.get_params().keys()
    assert repr(clone(again)) == repr(estimator)


@every_estimator
@with_and_without_confidence
def test_fit_returns_itself_and_leaves_everything_as_it_is(name, n_channels, estimator):
    X, y, _ = recordings(n_channels)
    params, before = estimator.get_params(), repr(estimator)
    read_X, read_y = read_only(X), read_only(y)
    assert estimator.fit(read_X, read_y) is estimator
    output(estimator, read_X)
    assert_same(read_X, X)
    assert_same(read_y, y)
    assert repr(estimator) == before
    if not isinstance(estimator, Pipeline):  # which fits its steps in place, scikit-learn's way
        assert all(value is params[key] for key, value in estimator.get_params().items())
        assert not any(key.endswith("_") for value in params.values() for key in getattr(value, "__dict__", {}))


@every_estimator
def test_nothing_comes_out_before_fit(name, estimator):
    X, _, _ = recordings()
    with pytest.raises(NotFittedError):
        output(estimator, X)
    if name in TRANSFORMERS:
        with pytest.raises(NotFittedError):
            estimator.inverse_transform(X)


@every_estimator
def test_a_second_fit_forgets_the_first(name, estimator):
    X, y, _ = recordings(3, lengths=(5, 12), seed=1)
    estimator.fit(X, y)
    X, y, _ = recordings()
    assert_same(output(estimator.fit(X, y), X), output(clone(ESTIMATORS[name]).fit(X, y), X))


@every_estimator
def test_two_fits_are_equal(name, estimator):
    X, y, _ = recordings()
    assert_same(output(estimator.fit(X, y), X), output(clone(estimator).fit(X, y), X))


@every_estimator
@with_and_without_confidence
def test_a_pickle_gives_the_same(name, n_channels, estimator):
    X, y, _ = recordings(n_channels)
    estimator.fit(X, y)
    assert_same(output(pickle.loads(pickle.dumps(estimator)), X), output(estimator, X))


@every_estimator
def test_it_remembers_how_many_keypoints_and_channels_it_saw(name, estimator):
    X, y, _ = recordings(3)
    estimator.fit(X, y)
    if name.startswith("TransformedTarget"):
        estimator = estimator.regressor_
    if isinstance(estimator, Pipeline):
        estimator = estimator[0]
    assert (estimator.n_keypoints_in_, estimator.n_channels_in_) == (6, 3)


# What comes in and what goes out

def forms(X, y):
    """The same equally long clips in every form that may come."""
    yield "list", list(X), list(y)
    yield "object array", X, y
    yield "4-D array", np.stack(list(X)), np.stack(list(y))
    yield "float64", [clip.astype(float) for clip in X], [depth.astype(float) for depth in y]
    yield "nested lists", [clip.tolist() for clip in X], [depth.tolist() for depth in y]
    yield "masked arrays", *([np.ma.masked_invalid(clip) for clip in clips] for clips in (X, y))


@every_estimator
@with_and_without_confidence
def test_every_form_of_clips_is_one(name, n_channels, estimator):
    X, y, _ = recordings(n_channels, lengths=[9] * 4)
    expected = output(estimator.fit(X, y), X)
    for form, given_X, given_y in forms(X, y):
        found = output(clone(estimator).fit(given_X, given_y), given_X)
        assert_same(found, expected)
        assert (type(found), found.dtype, found.shape) == (np.ndarray, object, (4,)), form
        assert all(type(clip) is np.ndarray and clip.dtype == np.float32 for clip in found), form


@every_estimator
@with_and_without_confidence
def test_a_ragged_object_array_of_float32_goes_out(name, n_channels, estimator):
    X, y, _ = recordings(n_channels)
    found = output(estimator.fit(X, y), X)
    assert (type(found), found.dtype, found.shape) == (np.ndarray, object, X.shape)
    for clip, out in zip(X, found, strict=True):
        assert out.dtype == np.float32
        n_keypoints = 4 if name == "RegionSelector" else 6
        assert out.shape == (len(clip), n_keypoints, n_channels)[: 2 if is_regressor(estimator) else 3]


@every_estimator
def test_a_clip_is_alone(name, estimator):
    X, y, _ = recordings()
    estimator.fit(X, y)
    others, _, _ = recordings(lengths=(40, 3, 8, 1, 25), seed=1)
    assert_clips_alone(lambda clips: output(estimator, clips), others)


def assert_complete(depths, name):
    """No NaN, but outside a selected region."""
    hand = SIGNER.indices(SIGNER.regions["hand"])
    predicted = hand if name.endswith("a region") else np.arange(6)
    for i, depth in enumerate(depths):
        assert np.isfinite(depth[:, predicted]).all(), f"clip {i}"
        assert np.isnan(np.delete(depth, predicted, axis=1)).all(), f"clip {i}"


def hide(clips, *names):
    out = to_object_array([clip.copy() for clip in clips])
    for clip in out:
        clip[:, SIGNER.indices(names), :2] = np.nan
    return out


@every_regressor
@with_and_without_confidence
def test_no_gap_comes_out(name, n_channels, estimator):
    X, y, _ = recordings(n_channels)
    estimator.fit(X, y)
    for hidden in (["tip"], ["thumb", "neck"], ["neck", "head", "thumb", "tip"]):
        assert_complete(estimator.predict(hide(X, *hidden)), name)
    if not name.endswith("a region"):
        assert_complete(estimator.predict(hide(X, "wrist")), name)  # the root of the hand
        assert_complete(estimator.predict(hide(X, "thumb", "neck", "wrist", "tip", "head")), name)
    late = to_object_array([clip.copy() for clip in X])
    for clip in late:
        clip[1:, :, :2] = np.nan  # seen once
    assert_complete(estimator.predict(late), name)


@every_regressor
@with_and_without_confidence
def test_keypoints_that_training_never_showed_do_no_harm(name, n_channels, estimator):
    X, y, _ = recordings(n_channels)
    blind = hide(X, "thumb", "head")
    estimator.fit(blind, y)
    assert_complete(estimator.predict(X), name)
    assert_same(estimator.predict(X), estimator.predict(blind), atol=1e-2)


@every_regressor
def test_gaps_in_the_truth_are_no_truth(name, estimator):
    X, y, _ = recordings()
    y = to_object_array([depth.copy() for depth in y])
    for depth in y[:-1]:
        depth[:, SIGNER.index("tip")] = np.nan  # known in one clip alone
        depth[1:] = np.nan
    assert_complete(estimator.fit(X, y).predict(X), name)


# What is refused

def bad_clips(X):
    """Name, clips with something wrong, and what the message says of it."""
    def changed(change):
        out = [clip.copy() for clip in X]
        out[1] = change(out[1])
        return out

    def infinite(clip):
        clip[2, 3] = np.inf
        return clip

    yield "a keypoint less", changed(lambda clip: clip[:, :5]), "clip 1 has 5 keypoints, expected 6"
    yield "another channel", changed(lambda clip: clip[..., [0, 1, 0]]), "clip 1 has 3 channels, expected 2"
    yield "inf", changed(infinite), r"clip 1, frame 2, keypoint (3|wrist): inf"
    yield "all NaN", changed(lambda clip: clip * np.nan), "clip 1 has no keypoint seen"
    yield "no frames", changed(lambda clip: clip[:0]), "clip 1 has no frames"
    yield "text", changed(lambda clip: "clip"), "clip 1 cannot be read as an array of numbers"
    yield "no clips", [], "empty"
    yield "one number", 1.0, "must be a sequence of clips, got float"
    yield "None", None, "must be a sequence of clips, got NoneType"


bad_names = [name for name, _, _ in bad_clips([np.zeros((3, 6, 2))] * 2)]


@every_estimator
@pytest.mark.parametrize("bad", bad_names)
def test_bad_clips_are_refused_by_fit_and_after_it(bad, name, estimator):
    X, y, _ = recordings()
    [[clips, message]] = [[clips, message] for what, clips, message in bad_clips(X) if what == bad]
    with pytest.raises(ValueError, match=message):
        estimator.fit(clips, y)
    with pytest.raises(NotFittedError):
        output(estimator, X)
    estimator.fit(X, y)
    with pytest.raises(ValueError, match=message):
        output(estimator, clips)


@every_estimator
def test_other_sizes_than_those_of_fit_are_refused(name, estimator):
    X, y, _ = recordings()
    estimator.fit(X, y)
    with pytest.raises(ValueError, match="clip 0 has 5 keypoints, expected 6"):
        output(estimator, [clip[:, :5] for clip in X])
    with pytest.raises(ValueError, match="clip 0 has 3 channels, expected 2"):
        output(estimator, recordings(3)[0])


def bad_depths(y):
    def changed(change):
        out = [depth.copy() for depth in y]
        out[1] = change(out[1])
        return out

    def infinite(depth):
        depth[2, 3] = -np.inf
        return depth

    yield "a frame less", changed(lambda depth: depth[1:]), r"clip 1: X has 14 frames, y has 13"
    yield "a clip less", list(y[1:]), "X has 6 clips, y has 5"
    yield "a keypoint less", [depth[:, :5] for depth in y], r"clip 0 has 5 keypoints, expected 6"
    yield "a third axis", changed(lambda depth: depth[..., None]), r"y: clip 1 has shape \(14, 6, 1\), expected"
    yield "inf", changed(infinite), r"y: clip 1, frame 2, keypoint (3|wrist): -inf"
    yield "all NaN", changed(lambda depth: depth * np.nan), "y: clip 1 has no keypoint seen"
    yield "never", [np.where(np.arange(6) == 1, np.nan, d) for d in y], r"keypoint (1|thumb) has no depth in any clip"
    yield "None", None, "y (is None|must be a sequence of clips, got NoneType)"


bad_depth_names = [name for name, _, _ in bad_depths([np.zeros((3, 6))] * 2)]


@every_regressor
@pytest.mark.parametrize("bad", bad_depth_names)
def test_bad_depths_are_refused(bad, name, estimator):
    X, y, _ = recordings()
    [[depths, message]] = [[depths, message] for what, depths, message in bad_depths(y) if what == bad]
    with pytest.raises(ValueError, match=message):
        estimator.fit(X, depths)
    with pytest.raises(NotFittedError):
        estimator.predict(X)
