"""`make_lifter`: the recommended Pipeline."""

from __future__ import annotations

from sklearn.pipeline import Pipeline, make_pipeline

from .preprocessing import RegionSelector, RootCenterer, ZNormalizer
from .regressor import LSTMRegressor
from .target import TransformedTarget

__all__ = ["make_lifter"]


def make_lifter(skeleton, regressor=None, *, select=None, **parameters):
    """The recommended Pipeline from clips of keypoints to depths relative to their roots.

    Its steps are ``center`` (each region's root at zero), ``scale`` (unit size, with the body's
    proportions kept), ``select`` (only with `select`) and ``lift``, a `TransformedTarget` that treats depths likewise.

    Parameters
    ----------
    skeleton : Skeleton
        Names the keypoints of the clips.
    regressor : estimator, optional
        Predicts normalised depths. Default: an `LSTMRegressor` that knows the skeleton's bones.
    select : str or sequence of str, optional
        Regions and keypoints to lift, by name, from themselves alone; depths of all others are NaN.
    **parameters
        For the default `LSTMRegressor`, such as ``random_state=0`` or ``max_epochs=5``.

    Returns
    -------
    sklearn.pipeline.Pipeline

    Examples
    --------
    >>> from liftz import make_lifter
    >>> from liftz.datasets import make_signing
    >>> data = make_signing(n_signers=1, n_clips=2, n_frames=(30, 40), random_state=0)
    >>> lifter = make_lifter(data.skeleton, hidden_size=16, max_epochs=1, random_state=0)
    >>> lifter.fit(data.X, data.y).predict(data.X)[0].shape == data.y[0].shape
    True
    """
    if regressor is None:
        regressor = LSTMRegressor(skeleton if select is None else skeleton.subset(select), **parameters)
    elif parameters:
        raise TypeError(f"{', '.join(parameters)}: parameters are for the default regressor, but one is given")
    inputs = [("center", RootCenterer(skeleton)), ("scale", ZNormalizer(per="all", with_mean=False))]
    targets = [RootCenterer(skeleton), ZNormalizer(per="all")]
    if select is not None:
        inputs.append(("select", RegionSelector(skeleton, select)))
        targets.append(RegionSelector(skeleton, select))
    return Pipeline([*inputs, ("lift", TransformedTarget(regressor, make_pipeline(*targets)))])
