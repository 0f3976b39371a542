"""Losses over what is known."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from liftz.losses import FUNCTIONS, MaskedLoss

kinds = st.sampled_from(sorted(FUNCTIONS))


def formula(kind, d):
    d = abs(d)
    return {"l1": d, "mse": d**2, "huber": np.where(d < 1, d**2 / 2, d - 0.5)}[kind]


@given(kinds, st.integers(0, 2**32 - 1))
def test_is_the_mean_over_known_targets(kind, seed):
    rng = np.random.default_rng(seed)
    y_pred, y_true = rng.normal(size=(2, 3, 4, 5)) * 2
    y_true[rng.random(y_true.shape) < 0.3] = np.nan
    expected = np.nanmean(formula(kind, y_pred - y_true))
    assert MaskedLoss(kind)(torch.tensor(y_pred), torch.tensor(y_true)).item() == pytest.approx(expected)


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_what_is_unknown_has_no_gradient(kind):
    y_pred = torch.randn(2, 4, 3, requires_grad=True)
    y_true = torch.zeros(2, 4, 3)
    y_true[0, 1] = y_true[1, :, 2] = torch.nan
    MaskedLoss(kind)(y_pred, y_true).backward()
    assert torch.equal(y_pred.grad == 0, torch.isnan(y_true))


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_a_batch_without_any_truth_costs_nothing(kind):
    y_pred = torch.randn(2, 4, 3, requires_grad=True)
    loss = MaskedLoss(kind)(y_pred, torch.full((2, 4, 3), torch.nan))
    loss.backward()
    assert loss.item() == 0
    assert torch.equal(y_pred.grad, torch.zeros(2, 4, 3))
