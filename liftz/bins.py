"""Depth as classes: bins whose probabilities are averaged into a number."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["DepthBins", "bin_loss"]

REACH = 5.0  # of the bins to either side, in deviations of the training depths


class DepthBins(nn.Module):
    """A linear layer to the log-probabilities of bins of depth, and the mean over them, a soft arg-max.

    As in X. Sun et al., "Integral human pose regression" (ECCV 2018), in depth alone. In training
    the log-probabilities come out beside the depths, for `bin_loss`.

    Parameters
    ----------
    n_inputs, n_outputs : int
        What comes in; depths that go out.
    n_bins : int
        From -5 to 5 deviations of the normalised depths.
    """

    def __init__(self, n_inputs, n_outputs, n_bins):
        super().__init__()
        self.register_buffer("centers", torch.linspace(-REACH, REACH, n_bins))
        self.n_bins = n_bins
        self.linear = nn.Linear(n_inputs, n_outputs * n_bins)

    @property
    def in_features(self):
        return self.linear.in_features

    def forward(self, h):
        """Depths ``(B, T, n_outputs)`` of ``(B, T, n_inputs)``; in training also ``(B, T, n_outputs, n_bins)``."""
        log_p = self.linear(h).unflatten(2, (-1, self.n_bins)).log_softmax(dim=3)
        depths = log_p.exp() @ self.centers
        return (depths, log_p) if self.training else depths


def bin_loss(log_p, y_true):
    """The mean cross-entropy of log-probabilities ``(..., n_bins)`` for depths ``(...)`` that are not NaN.

    A depth between the centers of two bins is shared by them.
    """
    known = ~torch.isnan(y_true)
    log_p, n_bins = log_p[known], log_p.shape[-1]
    place = (y_true[known].clamp(-REACH, REACH) + REACH) / (2 * REACH) * (n_bins - 1)
    lower = place.floor().long().clamp(max=n_bins - 2)[:, None]
    share = place[:, None] - lower
    entropy = -(1 - share) * log_p.gather(1, lower) - share * log_p.gather(1, lower + 1)
    return entropy.sum() / known.sum().clamp(min=1)
