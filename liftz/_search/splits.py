"""Splits that keep a signer on one side."""

from __future__ import annotations

import warnings
from numbers import Integral

import numpy as np
from sklearn.model_selection import GroupKFold, check_cv

__all__ = ["check_apart", "is_number", "splitter_of"]

N_FOLDS = 5  # scikit-learn's own default


def is_number(cv):
    """Whether it says how many folds at most, and not of what."""
    return cv is None or isinstance(cv, Integral)


def splitter_of(cv, y, groups, classifier):
    """The splitter that `cv` stands for: scikit-learn's, but where there are groups a number is one of groups.

    Parameters
    ----------
    cv : int, splitter, iterable or None
    y : array or None
    groups : sequence of str, or None
        The signer of each clip.
    classifier : bool
    """
    if groups is None or not is_number(cv):
        return check_cv(cv, y, classifier=classifier)
    names = set(groups)
    if len(names) < 2:
        raise ValueError(f"groups has one group alone, {names.pop()!r}: leaving some out takes two at least")
    return GroupKFold(min(N_FOLDS, len(names)) if cv is None else cv)


def check_apart(splits, groups):
    """Warn of the first fold that has a group on both sides."""
    groups = np.asarray(groups)
    for k, (train, test) in enumerate(splits):
        both = set(groups[train].tolist()) & set(groups[test].tolist())
        if both:
            warnings.warn(f"fold {k} trains on group {min(both, key=str)!r} and scores on it: the error is not that of "
                          f"signers never seen. With cv=None, or a number, the folds are of groups", stacklevel=3)
            return
