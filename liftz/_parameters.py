"""What an `LSTMRegressor`'s parameters may be."""

from __future__ import annotations

import numpy as np
import torch

from ._ranges import check_number
from .losses import FUNCTIONS

__all__ = ["check_device", "check_parameters"]

AT_LEAST = {"n_nets": 1, "hidden_size": 1, "num_layers": 1, "batch_size": 1, "window": 2, "stride": 1, "patience": 1,
            "max_epochs": 1, "n_batches": 1, "look_ahead": 0, "bottleneck": 1, "bins": 2}
OPTIONAL = {"max_epochs", "look_ahead", "bottleneck", "bins", "window"}
RANGES = {"lr": "above 0", "weight_decay": "of at least 0", "velocity": "of at least 0",
          "along_bones": "of at least 0", "dropout": "of at least 0 and below 1",
          "validation_fraction": "above 0 and below 1"}
NEED_SKELETON = {"one_size": "whose bones tell how large somebody is", "by_part": "whose roots tell of its parts"}


def check_parameters(lstm):
    """Refuse what makes no sense, by name.

    Raises
    ------
    ValueError
    """
    for name, least in AT_LEAST.items():
        value = getattr(lstm, name)
        if value is None and name in OPTIONAL:
            continue
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}")
    for name, wanted in RANGES.items():
        check_number(name, getattr(lstm, name), wanted)
    check_device(lstm.device)
    for name, why in NEED_SKELETON.items():
        value = getattr(lstm, name)
        if not isinstance(value, (bool, np.bool_)):
            raise ValueError(f"{name} must be True or False, got {value!r}")
        if value and lstm.skeleton is None:
            raise ValueError(f"{name}=True takes a skeleton, {why}")
    if lstm.loss not in list(FUNCTIONS):
        raise ValueError(f"loss must be one of {', '.join(FUNCTIONS)}, got {lstm.loss!r}")


def check_device(device):
    """Refuse a device that torch cannot compute on here.

    Raises
    ------
    ValueError
    """
    try:
        torch.zeros(1, device=device)
    except (AssertionError, RuntimeError, TypeError) as error:  # what torch raises depends on how it was built
        raise ValueError(f"device {device!r} cannot be used here: {error}") from error
