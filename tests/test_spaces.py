import pytest
from lifting_cases import SIGNER, recordings, tiny_lifter, tiny_lstm
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import LeaveOneGroupOut

from liftz import Skeleton, TransformedTarget, ZNormalizer, make_lifter
from liftz.tuning import OptunaSearch, lifter_space

WANTED = {"lr", "max_epochs", "hidden_size", "num_layers", "dropout", "amsgrad", "loss", "velocity", "along_bones",
          "window", "augment__share", "augment__bones", "augment__posture", "augment__turn", "augment__roll"}


def ends(space):
    """Both ends of every distribution, each by name."""
    def of(distribution):
        if isinstance(distribution, CategoricalDistribution):
            return [distribution.choices[0], distribution.choices[-1]]
        return [distribution.low, distribution.high]

    return [{name: of(distribution)[i] for name, distribution in space.items()} for i in (0, 1)]


@pytest.mark.parametrize(("estimator", "prefix"), [
    (make_lifter(SIGNER), "lift__regressor__"),
    (TransformedTarget(tiny_lstm(), ZNormalizer()), "regressor__"),
    (tiny_lstm(), ""),
])
def test_it_names_the_lifters_own_parameters(estimator, prefix):
    space = lifter_space(estimator)
    augmented = estimator.get_params().get(f"{prefix}augment") is not None
    assert set(space) == {prefix + name for name in WANTED if augmented or not name.startswith("augment")}
    for params in ends(space):
        clone(estimator).set_params(**params)


def test_without_bones_nothing_is_augmented():
    boneless = Skeleton("dots", ["a", "b"], root="a")
    assert not any("augment" in name for name in lifter_space(make_lifter(boneless)))


def test_the_recipes_own_values_are_in_it():
    lifter = make_lifter(SIGNER)
    params = lifter.get_params()
    for name, distribution in lifter_space(lifter).items():
        if isinstance(distribution, (FloatDistribution, IntDistribution)) and params[name] is not None:
            assert distribution.low <= params[name] <= distribution.high, name
        elif params[name] is not None:
            assert params[name] in distribution.choices


def test_epochs_are_the_users_to_bound():
    assert lifter_space(make_lifter(SIGNER), max_epochs=(3, 7))["lift__regressor__max_epochs"] == IntDistribution(
        3, 7, log=True)


def test_what_has_no_lstm_is_refused():
    with pytest.raises(ValueError, match="Ridge has no LSTMRegressor as lift__regressor"):
        lifter_space(Ridge())


def test_both_ends_of_it_fit():
    X, y, signers = recordings()
    lifter = tiny_lifter()
    lifter.set_params(lift__regressor__augment=make_lifter(SIGNER)["lift"].regressor.augment)
    space = {name: d for name, d in lifter_space(lifter, max_epochs=(1, 2)).items() if "hidden_size" not in name}
    found = OptunaSearch(lifter, space, start=ends(space), n_trials=3, cv=LeaveOneGroupOut(), random_state=0,
                         error_score="raise").fit(X, y, groups=signers)
    assert found.cv_results_["params"][:2] == ends(space)
