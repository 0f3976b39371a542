"""The recommended Pipeline."""

import gc
import tracemalloc
import warnings

import numpy as np
import pytest
from lifting_cases import SIGNER, TINY, assert_clips_alone, assert_same, recordings, tiny_lifter
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline

from liftz import Flat, FrameRidge, LSTMRegressor, RootCenterer, Skeleton, make_lifter
from liftz.lifter import Lifter
from liftz.metrics import mpjpe
from liftz.sequences import to_object_array
from liftz.skeletons import COCO_WHOLEBODY_133, KINECT_20, MEDIAPIPE_HOLISTIC, PANOPTIC_138


def test_it_is_a_pipeline_of_named_steps():
    lifter = make_lifter(SIGNER, max_epochs=3)
    assert isinstance(lifter, Pipeline)
    assert list(lifter.named_steps) == ["center", "lift"]
    assert list(make_lifter(SIGNER, select="hand").named_steps) == ["center", "select", "lift"]
    regressor = lifter["lift"].regressor
    assert isinstance(regressor, LSTMRegressor)
    assert (regressor.max_epochs, regressor.skeleton) == (3, SIGNER)
    assert make_lifter(SIGNER, select="hand")["lift"].regressor.skeleton.keypoints == SIGNER.regions["hand"]


def test_it_takes_another_regressor_but_no_parameters_for_it():
    assert isinstance(make_lifter(SIGNER, FrameRidge(alpha=3))["lift"].regressor, FrameRidge)
    with pytest.raises(TypeError, match="max_epochs, lr: parameters are for the default regressor"):
        make_lifter(SIGNER, FrameRidge(), max_epochs=3, lr=1)
    with pytest.raises(TypeError, match="hiden_size"):
        make_lifter(SIGNER, hiden_size=3)
    with pytest.raises(ValueError, match="no keypoint 'hnad'; did you mean head, hand"):
        make_lifter(SIGNER, select="hnad")


@pytest.mark.parametrize("regressor", [FrameRidge(), LSTMRegressor(**TINY)], ids=["ridge", "LSTM"])
def test_its_last_step_may_be_any_regressor_with_signers_or_without(regressor):
    X, y, signers = recordings()
    y = RootCenterer(SIGNER).fit_transform(y)
    expected = regressor.fit(RootCenterer(SIGNER).fit_transform(X), y)
    lifter = make_lifter(SIGNER).set_params(lift=regressor).fit(X, y, groups=signers)
    assert_same(lifter.predict(X), expected.predict(RootCenterer(SIGNER).fit_transform(X)))


@pytest.mark.parametrize("wrong", [20, "KINECT_20", ["hip", "neck"]])
def test_what_is_no_skeleton_is_refused_by_name(wrong):
    for make in (make_lifter, RootCenterer, LSTMRegressor):
        with pytest.raises(TypeError, match="expected a Skeleton such as liftz.skeletons.OPENPOSE_137, got"):
            make(wrong).fit(*recordings()[:2])


def test_what_a_regressor_cannot_do_is_told_and_what_is_not_fitted():
    X, y, _ = recordings(gaps=False)
    ridge = make_lifter(SIGNER, FrameRidge()).fit(X, y)
    with pytest.raises(ValueError, match="adapt takes an LSTMRegressor, got a FrameRidge"):
        ridge.adapt(X[:1], y[:1])
    with pytest.raises(ValueError, match="novelty takes an LSTMRegressor, got a FrameRidge"):
        ridge.novelty(X)
    for use in (Lifter.stream, lambda lifter: lifter.novelty(X), lambda lifter: lifter.adapt(X[:1], y[:1])):
        with pytest.raises(NotFittedError):
            use(tiny_lifter(look_ahead=0))


def test_depths_come_out_in_the_unit_of_y_relative_to_their_roots():
    X, y, _ = recordings(lengths=[40] * 8)
    in_cm = to_object_array([depth / np.float32(10) for depth in y])
    for regressor in (None, FrameRidge()):
        options = TINY if regressor is None else {}
        mm, cm = (make_lifter(SIGNER, regressor, **options).fit(X, z).predict(X) for z in (y, in_cm))
        assert_same(cm, [depth / 10 for depth in mm], atol=0.05)
    ridge = make_lifter(SIGNER, FrameRidge()).fit(X, y)
    assert mpjpe(y, ridge.predict(X), skeleton=SIGNER) < 30 < mpjpe(y, Flat().fit(X, y).predict(X), skeleton=SIGNER)


def test_where_the_signer_stands_and_how_far_the_camera_is_does_not_matter():
    X, y, _ = recordings()
    lifter = tiny_lifter().fit(X, y)
    moved = to_object_array([clip + np.float32([300, -200]) for clip in X])
    assert_same(lifter.predict(moved), lifter.predict(X), atol=0.1)
    deeper = tiny_lifter().fit(X, [depth + np.float32(500) for depth in y])
    assert_same(deeper.predict(X), lifter.predict(X), atol=0.1)


def test_a_clip_is_alone_in_its_batch():
    X, y, _ = recordings(lengths=(9, 30, 1, 30, 7, 2))
    assert_clips_alone(tiny_lifter().fit(X, y).predict, X)


def test_one_region_is_lifted_from_itself_alone():
    X, y, _ = recordings()
    lifter = tiny_lifter(select="hand").fit(X, y)
    depths = lifter.predict(X)
    hand = SIGNER.indices(SIGNER.regions["hand"])
    body = SIGNER.indices(SIGNER.regions["body"])
    for depth in depths:
        assert np.isfinite(depth[:, hand]).all()
        assert np.isnan(depth[:, body]).all()
    changed = to_object_array([clip.copy() for clip in X])
    for clip in changed:
        clip[:, body] += 5
    assert_same(lifter.predict(changed), depths)
    assert mpjpe(y, depths, skeleton=SIGNER, regions="hand") > 0


def test_a_skeleton_of_ones_own_lifts():
    arm = Skeleton("arm", ["shoulder", "elbow", "wrist"], root="shoulder",
                   edges=[("shoulder", "elbow"), ("elbow", "wrist")])
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 3, 2)) for n in (9, 5)]
    depths = make_lifter(arm, **TINY).fit(X, [clip.sum(axis=2) for clip in X]).predict(X)
    assert [depth.shape for depth in depths] == [(9, 3), (5, 3)]


def test_pictures_of_it_work():
    assert "LSTMRegressor" in repr(tiny_lifter())
    assert "LSTMRegressor" in tiny_lifter()._repr_html_()


@pytest.mark.parametrize("gaps", [False, True])
def test_a_fit_holds_one_and_a_half_times_its_frames_at_most(gaps):
    """By what numpy allocates; torch's share is the model's: weights, gradients, a batch."""
    rng = np.random.default_rng(0)
    X = to_object_array([rng.normal(size=(1000, 6, 2)).astype(np.float32) for _ in range(60)])
    y = to_object_array([clip.sum(axis=2) for clip in X])
    if gaps:
        for clip, depth in zip(X, y, strict=True):
            clip[1:][rng.random((999, 6)) < 0.1] = np.nan
            clip[:, 5] = np.nan
            depth[1:][rng.random((999, 6)) < 0.1] = np.nan
    size = sum(clip.nbytes for clip in X) + sum(depth.nbytes for depth in y)
    tiny_lifter().fit(X[:1], y[:1])  # imports are not its frames
    gc.collect()
    tracemalloc.start()
    try:
        lifter = tiny_lifter(batch_size=2).fit(X, y)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.5 * size
    assert kept < 0.1 * size
    assert lifter.predict(X[:1])[0].shape == (1000, 6)


def test_one_way_the_whole_pipeline_is_causal():
    X, y, _ = recordings(lengths=[30] * 4, gaps=False)
    lifter = tiny_lifter(look_ahead=0).fit(X, y)
    clip = X[0].copy()
    clip[5:10, SIGNER.index("hip")] = np.nan  # a root that comes back elsewhere
    later = clip.copy()
    later[10:] *= 2  # away, too; going away alone would be told apart by rounding only
    [before], [after] = lifter.predict([clip]), lifter.predict([later])
    np.testing.assert_array_equal(after[:10], before[:10])
    assert not np.array_equal(after[10:], before[10:])
    both = tiny_lifter().fit(X, y)
    assert not np.array_equal(both.predict([later])[0][:10], both.predict([clip])[0][:10])


def test_roots_come_out_at_zero_and_the_score_is_that_of_the_skeleton():
    X, y, _ = recordings()
    for lifter in (tiny_lifter(), make_lifter(SIGNER, FrameRidge()), tiny_lifter(select="hand")):
        depths = lifter.fit(X, y).predict(X)
        roots = np.concatenate([SIGNER.root_indices(region) for region in SIGNER.regions])
        for depth in depths:
            np.testing.assert_allclose(depth[:, roots][~np.isnan(depth[:, roots])], 0, atol=1e-3)
        assert lifter.score(X, y) == pytest.approx(-mpjpe(y, depths, skeleton=SIGNER))


def test_a_root_in_no_clip_and_zeros_for_not_seen_are_told():
    X, y, _ = recordings(gaps=False)
    hidden, zeros = (to_object_array([clip.copy() for clip in X]) for _ in range(2))
    for clip, other in zip(hidden, zeros, strict=True):
        clip[:, SIGNER.index("hip")] = np.nan
        other[3, SIGNER.index("head")] = 0
    with pytest.warns(UserWarning, match="region .body.: not seen, since no clip shows the root hip"):
        tiny_lifter().fit(hidden, y)
    with pytest.warns(UserWarning, match=r"6 keypoints lie at exactly \(0, 0\)"):
        tiny_lifter().fit(zeros, y)
    unknown = to_object_array([depth.copy() for depth in y])
    for depth in unknown:
        depth[2, SIGNER.index("head")] = 0
    with pytest.warns(UserWarning, match="6 depths are exactly 0; if that means 'not known', make them NaN"):
        tiny_lifter().fit(X, unknown)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tiny_lifter().fit(X, y)
        for depth in unknown:
            depth[:, SIGNER.index("head")] = 0  # always as deep as the root
            depth[:, SIGNER.index("hip")] = 0
        tiny_lifter().fit(X, unknown)


def test_two_names_of_a_root_that_are_never_seen_together_are_told():
    hips = Skeleton("hips", ["left", "right", "neck"], root=("left", "right"), edges=[("left", "neck")])
    clip = np.random.default_rng(0).normal(size=(8, 3, 2))
    clip[::2, 0] = clip[1::2, 1] = np.nan
    with (pytest.warns(UserWarning, match="no clip shows the root left with right"),
          pytest.raises(ValueError, match="never shows the root")):
        RootCenterer(hips).fit_transform([clip])


@pytest.mark.parametrize(("skeleton", "most"), [(KINECT_20, 2e6), (COCO_WHOLEBODY_133, 2e6), (PANOPTIC_138, 2e6),
                                                (MEDIAPIPE_HOLISTIC, 2.6e6)],
                         ids=lambda value: getattr(value, "name", None))
def test_its_nets_have_two_million_parameters_at_most_and_some_more_of_all_mediapipe_has(skeleton, most):
    rng = np.random.default_rng(0)
    clip = rng.normal(size=(12, len(skeleton), 2))
    one = make_lifter(skeleton, n_nets=1, max_epochs=1).fit([clip], [clip.sum(axis=2)])["lift"].regressor_
    n_nets = make_lifter(skeleton)["lift"].regressor.n_nets
    assert n_nets * sum(weights.numel() for weights in one.nets_[0].module_.parameters()) <= most
