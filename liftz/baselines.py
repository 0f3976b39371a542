"""The floor beside every number: a flat body, the mean pose, and a ridge on single frames."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge
from sklearn.utils.validation import check_is_fitted

from .features import frame_features
from .metrics import mpjpe
from .sequences import check_sequences, seen, to_object_array
from .tags import sequence_tags

__all__ = ["Flat", "FrameRidge", "MeanPose"]


class Baseline(RegressorMixin, BaseEstimator):
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
        X, y = check_sequences(X, y)
        self.n_keypoints_in_, self.n_channels_in_ = X[0].shape[1:]
        self.learn(X, y)
        return self

    def predict(self, X):
        """Depths of clips, one object array of ``(n_frames, n_keypoints)`` float32 arrays."""
        check_is_fitted(self, "n_keypoints_in_")
        X = check_sequences(X, n_keypoints=self.n_keypoints_in_, n_channels=self.n_channels_in_)
        return to_object_array([self.predict_clip(clip) for clip in X])

    def score(self, X, y, sample_weight=None):
        """Minus `mpjpe` without a skeleton, so that greater is better; see `region_scorers`."""
        return -mpjpe(y, self.predict(X), sample_weight=sample_weight)

    def __sklearn_tags__(self):
        return sequence_tags(super().__sklearn_tags__())


class Flat(Baseline):
    """Every keypoint as deep as its root: z = 0.

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
        In the unit of `y`; a keypoint without any depth has 0.

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
        self.mean_ = total / np.maximum(count, 1)

    def predict_clip(self, clip):
        return np.tile(self.mean_.astype(np.float32), (len(clip), 1))


class FrameRidge(Baseline):
    """Ridge regression from a single frame's keypoints; it knows no time.

    Parameters
    ----------
    alpha : float, default=1.0
        Weight of the penalty.

    Attributes
    ----------
    ridges_ : list of (array of bool, Ridge)
        Which keypoints, and the ridge that was fitted on the frames that have their depths.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz import FrameRidge
    >>> X = [np.random.default_rng(0).normal(size=(50, 2, 2))]
    >>> y = [X[0].sum(axis=2)]
    >>> bool(np.allclose(FrameRidge(alpha=1e-6).fit(X, y).predict(X)[0], y[0], atol=1e-3))
    True
    """

    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def learn(self, X, y):
        frames = np.concatenate([frame_features(clip) for clip in X])
        depths = np.concatenate(list(y))
        known = seen(depths)
        # Keypoints with the same gaps share one ridge.
        patterns = {known[:, k].tobytes(): known[:, k] for k in range(self.n_keypoints_in_)}
        self.ridges_ = []
        for pattern, rows in patterns.items():
            columns = np.array([known[:, k].tobytes() == pattern for k in range(self.n_keypoints_in_)])
            if not rows.any():
                raise ValueError(f"y: keypoint {int(np.argmax(columns))} has no depth in any clip")
            some = slice(None) if rows.all() else rows
            self.ridges_.append((columns, Ridge(self.alpha).fit(frames[some], depths[some][:, columns])))

    def predict_clip(self, clip):
        out = np.empty(clip.shape[:2], dtype=np.float32)
        features = frame_features(clip)
        for columns, ridge in self.ridges_:
            out[:, columns] = ridge.predict(features).reshape(len(clip), -1)
        return out
