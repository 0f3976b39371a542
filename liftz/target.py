"""The same transformers, for what is predicted."""

from __future__ import annotations

from copy import copy

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import check_is_fitted

from .metrics import mpjpe
from .preprocessing import RootCenterer
from .sequences import check_sequences, to_object_array
from .tags import SequenceRegressorMixin

__all__ = ["TransformedTarget"]


class TransformedTarget(MetaEstimatorMixin, SequenceRegressorMixin, BaseEstimator):
    """Fit a regressor on transformed depths, and put its predictions back.

    Parameters
    ----------
    regressor : estimator
        Predicts depths.
    transformer : transformer
        One of liftz' transformers, or a Pipeline of them; fitted on the training depths alone.

    Attributes
    ----------
    regressor_, transformer_ : the fitted clones

    Notes
    -----
    Fit parameters such as ``groups`` go on to the regressor, plainly or through metadata routing.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz import FrameRidge, TransformedTarget, ZNormalizer
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(30, 5, 2)) for _ in range(4)]
    >>> y = [100 + 20 * clip.sum(axis=2) for clip in X]
    >>> lifter = TransformedTarget(FrameRidge(alpha=0.01), ZNormalizer()).fit(X, y)
    >>> bool(abs(lifter.predict(X)[0] - y[0]).max() < 1)
    True
    """

    def __init__(self, regressor, transformer):
        self.regressor = regressor
        self.transformer = transformer

    def fit(self, X, y, **fit_params):
        """Fit both on clips of keypoints and depths.

        Parameters
        ----------
        X : sequence of n_clips arrays ``(n_frames, n_keypoints, 2 or 3)``
        y : sequence of n_clips arrays ``(n_frames, n_keypoints)``
        **fit_params
            For the regressor's ``fit``.

        Returns
        -------
        self
        """
        # X is the regressor's to check: where a region is selected, it may have fewer keypoints than y by now.
        centerer = _centerer(self.transformer)
        y = check_sequences(y, ndim=2, skeleton=None if centerer is None else centerer.skeleton, names=("y", ""))
        if get_config()["enable_metadata_routing"]:
            fit_params = process_routing(self, "fit", **fit_params).regressor.fit
        self.transformer_ = clone(self.transformer)
        self.regressor_ = clone(self.regressor).fit(X, self.transformer_.fit_transform(y), **fit_params)
        return self

    def predict(self, X, return_std=False):
        """Depths of clips, one object array of ``(n_frames, n_keypoints)`` float32 arrays.

        With `return_std`, for a regressor that takes it, also their standard deviations, likewise.
        """
        check_is_fitted(self, "regressor_")
        if not return_std:
            return self.transformer_.inverse_transform(self.regressor_.predict(X))
        depths, stds = self.regressor_.predict(X, return_std=True)
        shares = self._shares(stds[0].shape[1])
        return self.transformer_.inverse_transform(depths), to_object_array([_spread(std, shares) for std in stds])

    def _shares(self, n_keypoints):
        """How much each depth of the regressor's ``(n_keypoints, n_out)`` changes each that comes out."""
        single, none = (self.transformer_.inverse_transform(to_object_array([depths.astype(np.float32)]))[0]
                        for depths in (np.eye(n_keypoints), np.zeros((n_keypoints, n_keypoints))))
        return abs(single - none)

    def adapt(self, X, y, **parameters):
        """A copy whose regressor went on learning from a few clips of one person; see `LSTMRegressor.adapt`."""
        check_is_fitted(self, "regressor_")
        if not hasattr(self.regressor_, "adapt"):
            raise ValueError(f"adapt takes an LSTMRegressor, got a {type(self.regressor_).__name__}")
        centerer = _centerer(self.transformer_)
        y = check_sequences(y, ndim=2, skeleton=None if centerer is None else centerer.skeleton, names=("y", ""))
        adapted = copy(self)
        adapted.regressor_ = self.regressor_.adapt(X, self.transformer_.transform(y), **parameters)
        return adapted

    def score(self, X, y, sample_weight=None):
        """Minus `mpjpe`, so that greater is better; root-aligned if a `RootCenterer` transforms the depths."""
        centerer = _centerer(self.transformer_)
        named = {} if centerer is None else {"skeleton": centerer.skeleton, "per_region": centerer.per_region}
        return -mpjpe(y, self.predict(X), sample_weight=sample_weight, **named)

    def get_metadata_routing(self):
        """Which metadata the regressor asks for, and `score`."""
        return MetadataRouter(owner=self).add_self_request(self).add(
            regressor=self.regressor, method_mapping=MethodMapping().add(caller="fit", callee="fit"))


def _spread(std, shares):
    """Deviations of what comes out; where several depths make one, at most: they may all err together."""
    known, unknown = np.nan_to_num(std) @ np.nan_to_num(shares), np.isnan(std).astype(float) @ (shares > 0)
    return np.where((unknown > 0) | np.isnan(shares).any(axis=0), np.nan, known).astype(np.float32)


def _centerer(transformer):
    """The `RootCenterer` that depths come to first, if one does."""
    first = getattr(transformer, "steps", [("", transformer)])[0][1]
    return first if isinstance(first, RootCenterer) else None
