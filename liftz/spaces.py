"""What to search: a ready space for the recommended Pipeline, and how spaces are read."""

from __future__ import annotations

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import create_trial

__all__ = ["lifter_space"]


def lifter_space(lifter, *, max_epochs=(20, 120)):
    """Distributions for `OptunaSearch` over what matters in a lifter.

    The learning rate, epochs, hidden size, layers, dropout, AMSGrad, the loss and the weights of its parts, the window,
    and, where the lifter has a `BodyAugmenter`, how many clips it changes and how much.

    Parameters
    ----------
    lifter : Pipeline or LSTMRegressor
        As `make_lifter` makes it; an `LSTMRegressor` in a `TransformedTarget` or alone will do.
    max_epochs : pair of int, default=(20, 120)
        The fewest and the most passes over the training clips. The lifter's own choice is as many as make its
        `n_batches`.

    Returns
    -------
    dict of str to optuna distribution
        It is a dict: leave names out, add others, or narrow them.

    Raises
    ------
    ValueError
        If there is no `LSTMRegressor` where it should be.

    Examples
    --------
    >>> from liftz import LSTMRegressor
    >>> from liftz.tuning import lifter_space
    >>> lifter_space(LSTMRegressor(), max_epochs=(5, 50))["max_epochs"]
    IntDistribution(high=50, log=True, low=5, step=1)
    """
    names = lifter.get_params(deep=True)
    prefix = next((p for p in ("lift__regressor__", "regressor__", "") if f"{p}hidden_size" in names), None)
    if prefix is None:
        raise ValueError(f"{type(lifter).__name__} has no LSTMRegressor as lift__regressor, regressor or itself; "
                         f"make_lifter(skeleton) has one")
    fewest, most = max_epochs
    space: dict[str, BaseDistribution] = {
        "lr": FloatDistribution(3e-4, 1e-2, log=True),
        "max_epochs": IntDistribution(fewest, most, log=True),
        "hidden_size": IntDistribution(32, 256, log=True),
        "num_layers": IntDistribution(1, 3),
        "dropout": FloatDistribution(0.0, 0.5),
        "amsgrad": CategoricalDistribution([False, True]),
        "loss": CategoricalDistribution(["l1", "mse", "huber"]),
        "velocity": FloatDistribution(0.0, 2.0),
        "along_bones": FloatDistribution(0.0, 2.0),
        "window": IntDistribution(60, 300, step=30),
        "augment__share": FloatDistribution(0.0, 1.0),
        "augment__bones": FloatDistribution(0.0, 0.2),
        "augment__posture": FloatDistribution(0.0, 10.0),
        "augment__turn": FloatDistribution(0.0, 20.0),
        "augment__roll": FloatDistribution(0.0, 10.0),
    }
    return {prefix + name: distribution for name, distribution in space.items() if prefix + name in names}


def check_space(space, start, estimator):
    """Refuse what is no space, or none of the estimator's, and first parameters that are not in it."""
    if callable(space):
        return
    if not isinstance(space, dict) or not space:
        raise ValueError(f"param_distributions must be a dict of Optuna distributions, or a function of a trial, "
                         f"got {space!r}")
    known = estimator.get_params(deep=True)
    for name, distribution in space.items():
        if not isinstance(distribution, BaseDistribution):
            raise ValueError(f"param_distributions[{name!r}] must be an Optuna distribution such as "
                             f"FloatDistribution(0.1, 1), got {distribution!r}")
        if name not in known:
            raise ValueError(f"param_distributions: {type(estimator).__name__} has no parameter {name!r}")
    for i, params in enumerate(start):
        unknown = [name for name in params if name not in space]
        if unknown:
            raise ValueError(f"start[{i}]: param_distributions has no {', '.join(unknown)}")
        try:
            create_trial(value=0.0, params=dict(params), distributions={name: space[name] for name in params})
        except ValueError as error:
            raise ValueError(f"start[{i}]: {error}") from error


def parameters_of(trial, space):
    """The estimator's parameters of a trial: suggested now, or read from one that is over."""
    if callable(space):
        returned = space(trial)
        if not isinstance(returned, dict):
            raise ValueError(f"param_distributions must return a dict of the estimator's parameters, got {returned!r}")
        return returned
    return {name: _suggest(trial, name, distribution) for name, distribution in space.items()}


def _suggest(trial, name, distribution):
    if isinstance(distribution, CategoricalDistribution):
        return trial.suggest_categorical(name, distribution.choices)
    suggest = trial.suggest_int if isinstance(distribution, IntDistribution) else trial.suggest_float
    return suggest(name, distribution.low, distribution.high, step=distribution.step, log=distribution.log)
