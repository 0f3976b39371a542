"""The floor beside every number: a flat body, the mean pose, and a ridge on single frames."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .features import frame_features
from .sequences import check_pair, check_sequences, check_targets, seen, to_object_array
from .tags import SequenceRegressorMixin

__all__ = ["Flat", "FrameRidge", "MeanPose"]


class Baseline(SequenceRegressorMixin, BaseEstimator):
    """Base of the baselines: the gate at the door, one clip at a time inside."""

    def fit(self, X, y):
        """Learn from clips of keypoints and depths.

        Parameters
        ----------
        X : sequence of n_clips arrays ``(n_frames, n_keypoints, 2 or 3)``
        y : sequence of n_clips arrays ``(n_frames, n_keypoints)``

        Returns
        -------
        self
        """
        X, y = check_pair(X, y)
        check_targets(y)
        self.learn(X, y)
        self.n_keypoints_in_, self.n_channels_in_ = X[0].shape[1:]
        return self

    def predict(self, X):
        """Depths of clips, one object array of ``(n_frames, n_keypoints)`` float32 arrays."""
        check_is_fitted(self, "n_keypoints_in_")
        X = check_sequences(X, n_keypoints=self.n_keypoints_in_, n_channels=self.n_channels_in_)
        return to_object_array([self.predict_clip(clip) for clip in X])


class Flat(Baseline):
    """Every keypoint as deep as its root: z = 0.

    On its own, or where y is only root-centred, that is: in a `TransformedTarget` that takes the mean pose
    away, z = 0 stands for the mean pose.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz import Flat
    >>> X, y = [np.ones((1, 3, 2))], [np.array([[0.0, 2.0, 4.0]])]
    >>> Flat().fit(X, y).predict(X)[0]
    array([[0., 0., 0.]], dtype=float32)
    """

    def learn(self, X, y):
        pass

    def predict_clip(self, clip):
        return np.zeros(clip.shape[:2], dtype=np.float32)


class MeanPose(Baseline):
    """Every keypoint at its mean depth over the training frames.

    Attributes
    ----------
    mean_ : array of shape (n_keypoints,)
        In the unit of `y`.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz import MeanPose
    >>> X, y = [np.ones((2, 2, 2))], [np.array([[0.0, 2.0], [0.0, 4.0]])]
    >>> MeanPose().fit(X, y).predict(X)[0]
    array([[0., 3.], [0., 3.]], dtype=float32)
    """

    def learn(self, X, y):
        count = sum(seen(depth).sum(axis=0) for depth in y)
        total = sum(np.nansum(depth, axis=0, dtype=np.float64) for depth in y)
        self.mean_ = total / count

    def predict_clip(self, clip):
        return np.tile(self.mean_.astype(np.float32), (len(clip), 1))


class FrameRidge(Baseline):
    """Ridge regression from a single frame's keypoints; it knows no time.

    Parameters
    ----------
    alpha : float, default=30.0
        Weight of the penalty on squared coefficients, of features scaled to unit variance.

    Attributes
    ----------
    coef_ : array of shape (n_features, n_keypoints)
        Depth for each unit of a frame's features.
    intercept_ : array of shape (n_keypoints,)
        In the unit of `y`.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz import FrameRidge
    >>> X = [np.random.default_rng(0).normal(size=(50, 2, 2))]
    >>> y = [X[0].sum(axis=2)]
    >>> bool(np.allclose(FrameRidge(alpha=1e-6).fit(X, y).predict(X)[0], y[0], atol=1e-3))
    True
    """

    def __init__(self, alpha=30.0):
        self.alpha = alpha

    def learn(self, X, y):
        if not self.alpha >= 0:
            raise ValueError(f"alpha must be a number of at least 0, got {self.alpha!r}")
        # Keypoints with the same gaps share their normal equations, which are summed up clip by
        # clip: the features of all frames at once would take more room than the clips.
        sharing: dict[bytes, list[int]] = {}
        for keypoint, known in enumerate(np.concatenate([seen(depth) for depth in y]).T):
            sharing.setdefault(known.tobytes(), []).append(keypoint)
        parts = list(sharing.values())
        products: list = [0] * len(parts)
        moments: list = [0] * len(parts)
        for clip, depth in zip(X, y, strict=True):
            features = np.column_stack([frame_features(clip), np.ones(len(clip))])  # float64
            whole = features.T @ features
            for i, keypoints in enumerate(parts):
                known = seen(depth)[:, keypoints[0]]
                rows, rest = features[known], features[~known]
                products[i] += rows.T @ rows if len(rows) < len(rest) else whole - rest.T @ rest
                moments[i] += rows.T @ depth[known][:, keypoints]
        self.coef_ = np.empty((len(products[0]) - 1, y[0].shape[1]))
        self.intercept_ = np.empty(y[0].shape[1])
        for keypoints, product, moment in zip(parts, products, moments, strict=True):
            n, mean = product[-1, -1], product[-1, :-1] / product[-1, -1]  # by the column of ones
            mean_depth = moment[-1] / n
            covariance = product[:-1, :-1] - n * np.outer(mean, mean)
            covariance += self.alpha / n * np.diag(covariance.diagonal())
            # Least squares, for the smallest of many solutions where there is no penalty.
            coef = np.linalg.lstsq(covariance, moment[:-1] - n * np.outer(mean, mean_depth), rcond=None)[0]
            self.coef_[:, keypoints], self.intercept_[keypoints] = coef, mean_depth - mean @ coef

    def predict_clip(self, clip):
        return (frame_features(clip) @ self.coef_ + self.intercept_).astype(np.float32)
