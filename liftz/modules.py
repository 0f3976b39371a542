"""Plain torch: an LSTM over padded clips that is exact, in both directions, without packing."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["SequenceLSTM", "reverse_within"]


class SequenceLSTM(nn.Module):
    """An LSTM of one or two directions and a linear layer on every frame.

    A clip's output depends on its own frames alone: not on the padding behind them, nor on
    the other clips of the batch. Each direction of a layer is an LSTM of its own; the
    backward one reads every clip reversed within its own length. Packing would give the
    same numbers, in a time that grows with the square of the length.

    Parameters
    ----------
    mean, scale : arrays of shape (n_inputs,)
        Statistics of the training frames' features, which are normalised by them, and cut at
        5 deviations: a keypoint that training hardly ever missed would drown all others else.
    n_outputs : int
        Depths for each frame.
    hidden_size, num_layers : int
        Units in each direction, and layers.
    dropout : float
        After every layer.
    bidirectional, residual, layer_norm : bool
        Two directions; each layer added to what went into it; each layer normalised
        (J. L. Ba et al., 2016).
    """

    def __init__(self, mean, scale, n_outputs, hidden_size=128, num_layers=2, dropout=0.2, bidirectional=True,
                 residual=False, layer_norm=False):
        super().__init__()
        self.register_buffer("mean", torch.as_tensor(mean, dtype=torch.float32))
        self.register_buffer("scale", torch.as_tensor(scale, dtype=torch.float32))
        width = hidden_size * (2 if bidirectional else 1)
        widths = [len(mean)] + [width] * (num_layers - 1)
        self.forwards = nn.ModuleList(nn.LSTM(w, hidden_size, batch_first=True) for w in widths)
        self.backwards = nn.ModuleList(nn.LSTM(w, hidden_size, batch_first=True) for w in widths * bidirectional)
        self.norms = nn.ModuleList(nn.LayerNorm(width) if layer_norm else nn.Identity() for _ in widths)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, n_outputs)
        self.residual = residual

    def forward(self, x, lengths):
        """Depths ``(n_clips, n_frames, n_outputs)`` of features ``(n_clips, n_frames, n_inputs)``."""
        h = ((x - self.mean) / self.scale).clamp(-5, 5)  # (B, T, F)
        for layer, norm in enumerate(self.norms):
            out = self.forwards[layer](h)[0]  # (B, T, H)
            if self.backwards:
                back = self.backwards[layer](reverse_within(h, lengths))[0]
                out = torch.cat([out, reverse_within(back, lengths)], dim=2)  # (B, T, 2H)
            out = norm(out)
            if self.residual and out.shape == h.shape:
                out = out + h
            h = self.dropout(out)
        return self.head(h)


def reverse_within(x, lengths):
    """``(B, T, F)`` with each clip's first `lengths` frames in reverse, and its padding in place."""
    time = torch.arange(x.shape[1], device=x.device).expand(x.shape[0], -1)
    lengths = lengths.to(x.device)[:, None]
    index = torch.where(time < lengths, lengths - 1 - time, time)
    return x.gather(1, index[:, :, None].expand_as(x))
