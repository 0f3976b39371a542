"""Losses that leave out what has no truth."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from .bins import bin_loss

__all__ = ["MaskedLoss"]

FUNCTIONS: dict[str, Callable] = {
    "l1": functional.l1_loss,
    "mse": functional.mse_loss,
    "huber": functional.huber_loss,
}


class MaskedLoss(nn.Module):
    """The mean of a loss over the targets that are not NaN; padding is NaN too.

    Parameters
    ----------
    kind : {"l1", "mse", "huber"}
        ``|d|``, ``d^2``, or the one for large and the other for small errors.
    velocity : float, default=0.0
        Weight of the same loss over the change from frame to frame.
    along_bones : float, default=0.0
        Weight of the same loss over the change from one end of each bone to the other.
    bones : pair of int arrays of shape (n_bones,), optional
        The two ends of every bone; without them there is nothing to weigh.

    Notes
    -----
    Where depth comes as bins, a tenth of their cross-entropy is added.
    """

    def __init__(self, kind="l1", velocity=0.0, along_bones=0.0, bones=None):
        super().__init__()
        self.kind = kind
        self.velocity = velocity
        self.along_bones = 0.0 if bones is None else along_bones
        for i, ends in enumerate(bones or ()):
            self.register_buffer(f"ends_{i}", torch.as_tensor(ends), persistent=False)

    def forward(self, y_pred, y_true):
        """The loss of ``(n_clips, n_frames, n_keypoints)`` predictions; 0 where no target is known."""
        if isinstance(y_pred, tuple):
            y_pred, log_p = y_pred
            return self(y_pred, y_true) + 0.1 * bin_loss(log_p, y_true)
        loss = self._mean(y_pred, y_true)
        if self.velocity:
            loss = loss + self.velocity * self._mean(y_pred.diff(dim=1), y_true.diff(dim=1))
        if self.along_bones:
            loss = loss + self.along_bones * self._mean(self._along(y_pred), self._along(y_true))
        return loss

    def _along(self, depths):
        return depths.index_select(2, self.ends_0) - depths.index_select(2, self.ends_1)

    def _mean(self, y_pred, y_true):
        known = ~torch.isnan(y_true)
        target = torch.where(known, y_true, y_pred.detach())  # faster than to pick out what is known
        return FUNCTIONS[self.kind](y_pred, target, reduction="sum") / known.sum().clamp(min=1)
