"""liftz in scikit-learn's model selection: signers apart, in every way that it is done."""

import pickle

import numpy as np
import pytest
from lifting_cases import SIGNER, assert_same, recordings, tiny_lifter
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    LeaveOneGroupOut,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    train_test_split,
    validation_curve,
)

from liftz import FrameRidge, MeanPose, RootCenterer, make_lifter, mpjpe, mpjpe_scorer, region_scorers
from liftz.net import ClipDataset, lift
from liftz.sequences import to_object_array

FORMS = {"object arrays": lambda clips: clips, "lists": list, "4-D": lambda clips: np.stack(list(clips))}


@pytest.fixture
def data():
    """Nine clips of three signers."""
    return recordings(lengths=[8] * 9)


@pytest.fixture
def parts(monkeypatch):
    """Every data set that a net is trained, validated or asked on, as it comes."""
    seen = []
    make = ClipDataset.__init__

    def spy(self, X, y, **options):
        seen.append(("train" if "rng" in options else "valid", list(X)))
        make(self, X, y, **options)

    monkeypatch.setattr(ClipDataset, "__init__", spy)
    monkeypatch.setattr("liftz.regressor.lift",
                        lambda nets, X, **options: seen.append(("predict", list(X))) or lift(nets, X, **options))
    return seen


# Cross-validation

@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("cv", [GroupKFold(3), LeaveOneGroupOut(), GroupShuffleSplit(2, random_state=0)], ids=str)
def test_cross_validate_scores_every_region(cv, form, data):
    X, y, signers = data
    found = cross_validate(tiny_lifter(), FORMS[form](X), FORMS[form](y), groups=signers, cv=cv,
                           scoring=region_scorers(SIGNER), error_score="raise", return_estimator=True)
    for i, (train, test) in enumerate(cv.split(X, groups=signers)):
        depths = clone(tiny_lifter()).fit(X[train], y[train]).predict(X[test])
        for region in ("body", "hand"):
            error = mpjpe(y[test], depths, skeleton=SIGNER, regions=region)
            assert found[f"test_{region}"][i] == pytest.approx(-error, rel=1e-5)
        assert found["test_all"][i] == pytest.approx(-mpjpe(y[test], depths, skeleton=SIGNER), rel=1e-5)


def test_ragged_clips_go_through_as_well():
    X, y, signers = recordings()
    found = cross_validate(tiny_lifter(), X, y, groups=signers, cv=LeaveOneGroupOut(), scoring=region_scorers(SIGNER),
                           error_score="raise", return_train_score=True)
    assert found["test_all"].shape == found["train_hand"].shape == (3,)


def test_several_scores_cost_one_prediction(data, parts):
    X, y, signers = data
    cross_validate(tiny_lifter(), X, y, groups=signers, cv=GroupKFold(3), scoring=region_scorers(SIGNER))
    assert [kind for kind, _ in parts] == ["train", "predict"] * 3


@pytest.mark.parametrize("form", FORMS)
def test_cross_val_predict_puts_every_clip_in_its_place(form, data):
    X, y, signers = data
    found = cross_val_predict(make_lifter(SIGNER, FrameRidge()), FORMS[form](X), FORMS[form](y), groups=signers,
                              cv=GroupKFold(3))
    assert (found.dtype, found.shape) == (object, (9,))
    for signer in set(signers):
        test = signers == signer
        assert_same(found[test], make_lifter(SIGNER, FrameRidge()).fit(X[~test], y[~test]).predict(X[test]), atol=1e-2)


def test_cross_val_predict_of_ragged_clips():
    X, y, signers = recordings()
    found = cross_val_predict(tiny_lifter(), X, y, groups=signers, cv=LeaveOneGroupOut())
    assert [depth.shape for depth in found] == [depth.shape for depth in y]


def test_statistics_never_see_the_signer_left_out(data):
    X, y, signers = data
    far = to_object_array([clip * 10 if signer == "Ann" else clip for clip, signer in zip(X, signers, strict=True)])
    for X_ in (X, far):
        found = cross_validate(tiny_lifter(), X_, y, groups=signers, cv=LeaveOneGroupOut(), return_estimator=True)
        without_ann = found["estimator"][0]
        others = clone(without_ann).fit(X[signers != "Ann"], y[signers != "Ann"])
        np.testing.assert_array_equal(without_ann["lift"].regressor_.targets_.mean_,
                                      others["lift"].regressor_.targets_.mean_)
        for part in (0, 1):
            means = [lifter["lift"].regressor_.nets_[0].module_.lstms[part].mean for lifter in (without_ann, others)]
            np.testing.assert_array_equal(*means)


@pytest.mark.parametrize("form", FORMS)
def test_train_test_split(form, data):
    X, y, _ = data
    parts = train_test_split(FORMS[form](X), FORMS[form](y), test_size=3, random_state=0)
    depths = tiny_lifter().fit(parts[0], parts[2]).predict(parts[1])
    assert [depth.shape for depth in depths] == [(8, 6)] * 3


def test_learning_and_validation_curves(data):
    X, y, signers = data
    options = {"groups": signers, "cv": GroupKFold(3), "scoring": mpjpe_scorer}
    sizes, train, test = learning_curve(make_lifter(SIGNER, FrameRidge()), X, y, train_sizes=[2, 6], **options)
    assert sizes.tolist() == [2, 6]
    assert train.shape == test.shape == (2, 3)
    assert (test < 0).all()
    assert test[1].mean() > test[0].mean()  # six clips teach more than two
    train, test = validation_curve(make_lifter(SIGNER, FrameRidge()), X, y, param_name="lift__regressor__alpha",
                                   param_range=[1.0, 1e12], **options)
    assert test[0].mean() > test[1].mean()


# Search

@pytest.mark.parametrize("form", FORMS)
def test_grid_search_over_the_network(form, data):
    X, y, signers = data
    search = GridSearchCV(tiny_lifter(), {"lift__regressor__hidden_size": [3, 5]}, cv=GroupKFold(3),
                          scoring=region_scorers(SIGNER), refit="hand", error_score="raise")
    search.fit(FORMS[form](X), FORMS[form](y), groups=signers)
    best = search.cv_results_["mean_test_hand"].argmax()
    size = [3, 5][best]
    assert search.best_params_ == {"lift__regressor__hidden_size": size}
    module = search.best_estimator_["lift"].regressor_.nets_[0].module_
    assert [lstm.head.in_features for lstm in module.lstms] == [2 * size] * 2
    assert_same(search.predict(X), tiny_lifter(hidden_size=size).fit(X, y).predict(X), atol=1e-3)


def test_grid_search_over_regressors_and_steps(data):
    X, y, signers = data
    search = GridSearchCV(make_lifter(SIGNER, MeanPose()), {
        "lift__regressor": [MeanPose(), FrameRidge()], "center__per_region": [True, False]},
        cv=GroupKFold(3), error_score="raise")
    search.fit(X, y, groups=signers)
    assert isinstance(search.best_params_["lift__regressor"], FrameRidge)
    assert len(search.cv_results_["params"]) == 4
    assert search.best_score_ == pytest.approx(search.cv_results_["mean_test_score"].max())


# Workers, memory, copies

@pytest.mark.parametrize("form", ["object arrays", "lists"])
def test_two_workers_find_what_one_does(form, data):
    X, y, signers = data
    one, two = (cross_validate(tiny_lifter(max_epochs=2), FORMS[form](X), FORMS[form](y), groups=signers, n_jobs=n,
                               cv=GroupKFold(3), scoring=region_scorers(SIGNER), error_score="raise") for n in (1, 2))
    for key in ("test_body", "test_hand", "test_all"):
        np.testing.assert_allclose(two[key], one[key], rtol=1e-6)


def test_memory_keeps_the_fitted_transformers(data, tmp_path, monkeypatch):
    X, y, _ = data
    transformed = []
    transform = RootCenterer.transform_clip
    monkeypatch.setattr(RootCenterer, "transform_clip",
                        lambda self, clip, where: transformed.append(clip.ndim) or transform(self, clip, where))
    lifter = tiny_lifter().set_params(memory=str(tmp_path)).fit(X, y)
    assert set(transformed) == {2, 3}  # depths and keypoints
    assert_same(lifter.predict(X), tiny_lifter().fit(X, y).predict(X))
    transformed.clear()
    clone(lifter).set_params(lift__regressor__hidden_size=3).fit(X, y)
    assert set(transformed) == {2}  # the memory has the keypoints; TransformedTarget has none
    clone(lifter).fit(X[:5], y[:5])
    assert set(transformed) == {2, 3}


def test_clones_and_pickles(data):
    X, y, _ = data
    lifter = tiny_lifter().fit(X, y)
    assert_same(clone(lifter).fit(X, y).predict(X), lifter.predict(X))
    assert_same(pickle.loads(pickle.dumps(lifter)).predict(X), lifter.predict(X))
    assert clone(lifter)["center"].skeleton is SIGNER


def test_a_pickled_lifter_holds_no_clips():
    X, y, _ = recordings(lengths=[1000] * 12)
    sizes = [len(pickle.dumps(tiny_lifter().fit(X[:n], y[:n]))) for n in (2, 12)]
    assert sizes[1] < sum(clip.nbytes for clip in X) / 5
    assert sizes[1] - sizes[0] < X[0].nbytes / 5


# Groups for early stopping, with metadata routing off and on

def signers_of(clips, X, signers):
    """Whose clips these are; transformed, they are known by their confidence, which nothing changes."""
    names = {clip[..., 2].tobytes(): signer for clip, signer in zip(X, signers, strict=True)}
    return {names[clip[..., 2].tobytes()] for clip in clips}


def assert_signers_apart(parts, X, signers, n_fits):
    """In each fit, nobody who validates trains; and nobody who is predicted next was in either."""
    whose = [(kind, signers_of(clips, X, signers)) for kind, clips in parts]
    train, valid = ([who for kind, who in whose if kind == part] for part in ("train", "valid"))
    assert len(train) == len(valid) == n_fits
    for a, b in zip(train, valid, strict=True):
        assert a
        assert b
        assert a.isdisjoint(b)
    used: set[str] = set()
    for kind, who in whose:
        if kind == "train":
            used = set(who)
        elif kind == "valid":
            used |= who
        else:
            assert used.isdisjoint(who)


@pytest.fixture
def four():
    """Twelve clips of four signers, with a confidence."""
    X, y, _ = recordings(3, lengths=[8] * 12)
    return X, y, np.array(["Ann", "Ben", "Cem", "Dot"] * 3)


ways = pytest.mark.parametrize("routing", [False, True], ids=["routing off", "routing on"])


@ways
def test_groups_reach_early_stopping_and_keep_signers_apart(routing, four, parts):
    X, y, signers = four
    groups = {"params": {"groups": signers}} if routing else {"groups": signers, "params": {"lift__groups": signers}}
    with config_context(enable_metadata_routing=routing):
        cross_validate(tiny_lifter(early_stopping=True), X, y, cv=LeaveOneGroupOut(), scoring=region_scorers(SIGNER),
                       error_score="raise", **groups)
    assert_signers_apart(parts, X, signers, n_fits=4)


@ways
def test_cross_val_predict_and_score_with_groups(routing, four, parts):
    X, y, signers = four
    groups = {"params": {"groups": signers}} if routing else {"groups": signers, "params": {"lift__groups": signers}}
    with config_context(enable_metadata_routing=routing):
        depths = cross_val_predict(tiny_lifter(early_stopping=True), X, y, cv=LeaveOneGroupOut(), **groups)
        scores = cross_val_score(tiny_lifter(early_stopping=True), X, y, cv=LeaveOneGroupOut(), error_score="raise",
                                 scoring=mpjpe_scorer, **groups)
    assert_signers_apart(parts, X, signers, n_fits=8)
    errors = [mpjpe(y[signers == signer], depths[signers == signer]) for signer in sorted(set(signers))]
    assert (-scores).tolist() == pytest.approx(errors, rel=1e-5)


@ways
def test_search_inside_of_cross_validation(routing, parts):
    """Nested: who is left out of an outer fold is in no inner one, and early stopping parts the rest."""
    X, y, _ = recordings(3, lengths=[6] * 16)
    signers = np.array(["Ann", "Ben", "Cem", "Dot", "Eva", "Fay", "Gil", "Hal"] * 2)
    search = GridSearchCV(tiny_lifter(early_stopping=True), {"lift__regressor__hidden_size": [2, 3]},
                          cv=GroupKFold(2), scoring=mpjpe_scorer, error_score="raise")
    groups = {"params": {"groups": signers}} if routing else {
        "groups": signers, "params": {"groups": signers, "lift__groups": signers}}  # for the inner folds, for the net
    with config_context(enable_metadata_routing=routing):
        found = cross_validate(search, X, y, cv=GroupKFold(2), scoring=region_scorers(SIGNER), error_score="raise",
                               **groups)
    assert found["test_all"].shape == (2,)
    assert_signers_apart(parts, X, signers, n_fits=2 * (2 * 2 + 1))
    for fold, (train, test) in enumerate(GroupKFold(2).split(X, groups=signers)):
        *inner, (kind, left_out) = parts[15 * fold:15 * (fold + 1)]  # 4 x (train, valid, predict), train, valid
        assert kind == "predict"
        assert signers_of(left_out, X, signers) == set(signers[test])
        assert set().union(*(signers_of(clips, X, signers) for _, clips in inner)) == set(signers[train])


def test_with_routing_baselines_and_scorers_need_no_request(four):
    X, y, signers = four
    with config_context(enable_metadata_routing=True):
        for regressor in (MeanPose(), FrameRidge()):
            found = cross_validate(make_lifter(SIGNER, regressor), X, y, cv=LeaveOneGroupOut(), error_score="raise",
                                   scoring=region_scorers(SIGNER), params={"groups": signers})
            assert found["test_all"].shape == (4,)


def test_early_stopping_without_groups_says_so(four):
    X, y, signers = four
    with pytest.raises(ValueError, match="early_stopping holds out signers, so fit needs them as groups"):
        cross_validate(tiny_lifter(early_stopping=True), X, y, groups=signers, cv=GroupKFold(3), error_score="raise")


@pytest.mark.parametrize("output", ["pandas", "default"])
def test_a_wish_for_data_frames_changes_nothing(output, data):
    X, y, _ = data
    with config_context(transform_output=output):
        assert_same(tiny_lifter().fit(X, y).predict(X), tiny_lifter().fit(X, y).predict(X))
        assert RootCenterer(SIGNER).fit_transform(X).dtype == object


def test_a_lifter_scores_itself_under_routing_too(four):
    X, y, signers = four
    with config_context(enable_metadata_routing=True):
        lifter = tiny_lifter().fit(X, y)
        assert lifter.score(X, y) == pytest.approx(-mpjpe(y, lifter.predict(X), skeleton=SIGNER), rel=1e-5)
        scores = cross_validate(tiny_lifter(), X, y, cv=LeaveOneGroupOut(), params={"groups": signers},
                                error_score="raise")["test_score"]
    assert np.isfinite(scores).all()
