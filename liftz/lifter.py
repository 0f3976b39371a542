"""`make_lifter`: the recommended Pipeline."""

from __future__ import annotations

from sklearn.pipeline import Pipeline, make_pipeline

from .augmentation import BodyAugmenter
from .preprocessing import RegionSelector, RootCenterer
from .regressor import LSTMRegressor
from .target import TransformedTarget

__all__ = ["make_lifter"]


def make_lifter(skeleton, regressor=None, *, select=None, **parameters):
    """The recommended Pipeline from clips of keypoints to depths relative to their roots.

    Its steps are ``center`` (each region's root at zero), ``select`` (only with `select`) and ``lift``, a
    `TransformedTarget` that treats depths likewise. The regressor normalises both itself, so x and y keep one unit,
    which its bones need.

    Parameters
    ----------
    skeleton : Skeleton
        Names the keypoints of the clips.
    regressor : estimator, optional
        Predicts root-relative depths. Default: an `LSTMRegressor` that knows the skeleton's bones, and is trained
        on bodies varied by a `BodyAugmenter`.
    select : str or sequence of str, optional
        Regions and keypoints to lift, by name, from themselves alone; depths of all others are NaN.
    **parameters
        For the default `LSTMRegressor`, such as ``random_state=0`` or ``n_nets=1``. With ``bidirectional=False``
        the whole Pipeline is causal: no frame's depths depend on a later frame.

    Returns
    -------
    sklearn.pipeline.Pipeline

    Examples
    --------
    >>> from liftz import make_lifter
    >>> from liftz.datasets import make_signing
    >>> data = make_signing(n_signers=1, n_clips=2, n_frames=(30, 40), random_state=0)
    >>> lifter = make_lifter(data.skeleton, n_nets=1, hidden_size=16, max_epochs=1, random_state=0)
    >>> lifter.fit(data.X, data.y).predict(data.X)[0].shape == data.y[0].shape
    True
    """
    if regressor is None:
        kept = skeleton if select is None else skeleton.subset(select)
        augment = BodyAugmenter(kept) if kept.edges else None
        regressor = LSTMRegressor(kept, **{"augment": augment} | parameters)
    elif parameters:
        raise TypeError(f"{', '.join(parameters)}: parameters are for the default regressor, but one is given")
    causal = not getattr(regressor, "bidirectional", True)
    inputs, targets = [("center", RootCenterer(skeleton, causal=causal))], [RootCenterer(skeleton)]
    if select is not None:
        inputs.append(("select", RegionSelector(skeleton, select)))
        targets.append(RegionSelector(skeleton, select))
    return Pipeline([*inputs, ("lift", TransformedTarget(regressor, make_pipeline(*targets)))])
