"""Every model on every signer, fitted without them."""

from __future__ import annotations

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.model_selection import LeaveOneGroupOut
from sklearn.utils.validation import has_fit_parameter

from .sequences import check_sequences, to_object_array

__all__ = ["predict_unseen", "standard_models"]


def standard_models(skeleton, *, select=None, **parameters):
    """The recommended Pipeline and the baselines that belong beside it.

    Parameters
    ----------
    skeleton : Skeleton
        Names the keypoints.
    select : str or sequence of str, optional
        Regions and keypoints to lift, by name. Default: all.
    **parameters
        For the lifter's `LSTMRegressor`.

    Returns
    -------
    dict of str to estimator
        ``"flat"``, ``"mean pose"``, ``"frame ridge"`` and ``"lifter"``.
    """
    from .baselines import Flat, FrameRidge, MeanPose
    from .lifter import make_lifter

    return {
        "flat": make_lifter(skeleton, Flat(), select=select),
        "mean pose": make_lifter(skeleton, MeanPose(), select=select),
        "frame ridge": make_lifter(skeleton, FrameRidge(), select=select),
        "lifter": make_lifter(skeleton, select=select, **parameters),
    }


def predict_unseen(models, X, y, groups, *, n_jobs=1, done=lambda model, group: None):
    """Predict each signer's clips with models that were fitted on all other signers.

    Parameters
    ----------
    models : mapping of str to estimator
        They are cloned for each signer.
    X : sequence of n_clips arrays ``(n_frames, n_keypoints, 2 or 3)``
    y : sequence of n_clips arrays ``(n_frames, n_keypoints)``
    groups : array of shape (n_clips,)
        The signer of each clip. Models that take groups in `fit` get those of their training clips.
    n_jobs : int, default=1
        Processes, as for joblib.
    done : callable, optional
        Called with the names of a model and a signer, each time that one is finished.

    Returns
    -------
    dict of str to object array of shape (n_clips,)
        Depths by each model.

    Examples
    --------
    >>> from liftz import Flat
    >>> from liftz.datasets import make_signing
    >>> from liftz.evaluation import predict_unseen
    >>> data = make_signing(n_signers=2, n_clips=1, n_frames=20)
    >>> depths = predict_unseen({"flat": Flat()}, data.X, data.y, data.groups)
    >>> depths["flat"][1].shape
    (20, 138)
    """
    X, y = check_sequences(X, y)
    groups = np.asarray(groups)
    if groups.shape != X.shape:
        raise ValueError(f"groups has shape {groups.shape}, expected the signer of each of {len(X)} clips")
    if len(set(groups)) < 2:
        raise ValueError(f"leaving one signer out takes two signers at least, got one: {groups[0]}")
    # Slow ones first, so that no process is left with one at the end.
    folds = list(LeaveOneGroupOut().split(X, groups=groups))
    jobs = [(name, train, test) for name in reversed(models) for train, test in folds]
    out = {name: to_object_array([None] * len(X)) for name in models}
    results = Parallel(n_jobs=n_jobs, return_as="generator_unordered")(
        delayed(_fit_predict)(name, clone(models[name]), X[train], y[train], groups[train], X[test], test)
        for name, train, test in jobs)
    for name, test, depths in results:
        out[name][test] = depths
        done(name, str(groups[test[0]]))
    return out


def _fit_predict(name, model, X, y, groups, X_test, test):
    known = {"groups": groups} if has_fit_parameter(model, "groups") else {}
    return name, test, model.fit(X, y, **known).predict(X_test)
