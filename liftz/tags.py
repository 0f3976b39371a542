"""What liftz' estimators tell scikit-learn of themselves."""

from __future__ import annotations

from sklearn.base import RegressorMixin

from .metrics import mpjpe

__all__ = ["SequenceRegressorMixin", "sequence_tags"]


class SequenceRegressorMixin(RegressorMixin):
    """The score and the tags of everything that predicts depths."""

    def score(self, X, y, sample_weight=None):
        """Minus `mpjpe` without a skeleton, so that greater is better; see `region_scorers`."""
        return -mpjpe(y, self.predict(X), sample_weight=sample_weight)

    def __sklearn_tags__(self):
        return sequence_tags(super().__sklearn_tags__())


def sequence_tags(tags):
    """Tags of an estimator that takes clips, with NaN for "not seen"."""
    tags.input_tags.two_d_array = False
    tags.input_tags.three_d_array = True
    tags.input_tags.allow_nan = True
    if tags.regressor_tags is not None:
        tags.target_tags.two_d_labels = True
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = False
    return tags
