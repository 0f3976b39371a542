"""What liftz' estimators tell scikit-learn of themselves."""

__all__ = ["sequence_tags"]


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
