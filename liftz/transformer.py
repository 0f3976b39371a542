"""The small base that all transformers of clips stand on."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .sequences import check_sequences, to_object_array
from .tags import sequence_tags

__all__ = ["SequenceTransformer"]


class SequenceTransformer(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Base of the transformers: the gate at the door, one clip at a time inside.

    Override `transform_clip`, and where they differ from "nothing to do" `learn` (statistics
    of the training clips), `inverse_clip` and `keypoints_out`.
    """

    skeleton: Any = None  # a Skeleton where the transformer has one

    def fit(self, X, y=None):
        """Learn from clips of keypoints or of depths; `y` is ignored.

        Parameters
        ----------
        X : sequence of n_clips arrays ``(n_frames, n_keypoints, 2 or 3)`` or ``(n_frames, n_keypoints)``
        y : ignored

        Returns
        -------
        self
        """
        X = check_sequences(X, ndim=(2, 3), skeleton=self.skeleton, names=("clips", "y"))
        self.learn(X)
        self.n_keypoints_in_ = X[0].shape[1]
        self.n_channels_in_ = X[0].shape[2] if X[0].ndim == 3 else None
        return self

    def transform(self, X):
        """Transform clips like those of `fit`, each on its own; `X` is left as it is.

        Returns
        -------
        object array of shape (n_clips,), of float32 arrays
        """
        check_is_fitted(self, "n_keypoints_in_")
        X = self._check(X, self.n_keypoints_in_, self.skeleton)
        return to_object_array([self.transform_clip(clip, f"clip {i}") for i, clip in enumerate(X)])

    def inverse_transform(self, X):
        """Undo `transform`, as far as the class description says.

        Returns
        -------
        object array of shape (n_clips,), of float32 arrays
        """
        check_is_fitted(self, "n_keypoints_in_")
        n_keypoints, skeleton = self.keypoints_out()
        X = self._check(X, n_keypoints, skeleton, allow_unseen=True)
        return to_object_array([self.inverse_clip(clip) for clip in X])

    def learn(self, X):
        """Statistics of the training clips; override this if there are any."""

    def transform_clip(self, clip, where):
        """The transformed clip, as a new array; `where` names the clip in messages."""
        raise NotImplementedError

    def inverse_clip(self, clip):
        """The clip before `transform_clip`."""
        return clip

    def keypoints_out(self):
        """How many keypoints `transform` puts out, and their skeleton where it is known."""
        return self.n_keypoints_in_, self.skeleton

    def _check(self, X, n_keypoints, skeleton, allow_unseen=False):
        return check_sequences(X, ndim=2 if self.n_channels_in_ is None else 3, n_keypoints=n_keypoints,
                               n_channels=self.n_channels_in_, skeleton=skeleton, allow_unseen=allow_unseen,
                               names=("clips", "y"))

    def __sklearn_tags__(self):
        return sequence_tags(super().__sklearn_tags__())
