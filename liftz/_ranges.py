"""Numbers that a parameter may be."""

from __future__ import annotations

from numbers import Real

import numpy as np

__all__ = ["check_number"]

WITHIN = {
    "above 0": lambda number: 0 < number < np.inf,
    "of at least 0": lambda number: 0 <= number < np.inf,
    "above 0 and below 1": lambda number: 0 < number < 1,
    "of at least 0 and below 1": lambda number: 0 <= number < 1,
    "of at least 0 and at most 1": lambda number: 0 <= number <= 1,
}


def check_number(name, value, wanted):
    """Refuse a parameter that is no such number, one of `WITHIN`, by name.

    Raises
    ------
    ValueError
    """
    if not WITHIN[wanted](float(value) if isinstance(value, Real) else np.nan):
        raise ValueError(f"{name} must be a finite number {wanted}, got {value!r}")
