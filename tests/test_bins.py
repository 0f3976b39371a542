"""Depth as classes: the mean over bins, and what it costs to be wrong."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from liftz.bins import REACH, DepthBins, bin_loss


def head(n_bins=11):
    torch.manual_seed(0)
    return DepthBins(4, 3, n_bins)


def test_depths_are_the_mean_over_the_bins_and_classes_come_in_training_alone():
    layer, h = head(), torch.randn(2, 5, 4)
    depths, log_p = layer.train()(h)
    assert (depths.shape, log_p.shape) == ((2, 5, 3), (2, 5, 3, 11))
    torch.testing.assert_close(log_p.exp().sum(dim=3), torch.ones(2, 5, 3))
    torch.testing.assert_close(depths, (log_p.exp() * layer.centers).sum(dim=3))
    torch.testing.assert_close(layer.eval()(h), depths)


@given(st.floats(-2 * REACH, 2 * REACH), st.integers(2, 40))
def test_the_loss_is_least_where_the_mean_over_the_bins_is_the_depth(depth, n_bins):
    """The best log-probabilities are the shares themselves, and their mean is the depth, within reach."""
    y = torch.tensor([depth], dtype=torch.float64)
    logits = torch.zeros(1, n_bins, dtype=torch.float64, requires_grad=True)
    bin_loss(logits.log_softmax(1), y).backward()
    shares = logits.log_softmax(1).exp() - logits.grad  # the gradient of cross-entropy is p - share
    centers = torch.linspace(-REACH, REACH, n_bins, dtype=torch.float64)
    assert (shares @ centers).item() == pytest.approx(np.clip(depth, -REACH, REACH), abs=1e-6)
    assert (shares > 1e-9).sum() <= 2


def test_what_has_no_truth_costs_nothing():
    log_p = torch.randn(2, 3, 1, 5).log_softmax(3)
    y = torch.tensor([[[0.3], [float("nan")], [1.0]], [[float("nan")]] * 3])
    known = bin_loss(log_p[0, [0, 2]], y[0, [0, 2]])
    torch.testing.assert_close(bin_loss(log_p, y), known)
    assert bin_loss(log_p, torch.full_like(y, float("nan"))) == 0
