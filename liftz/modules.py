"""Plain torch: LSTMs over padded clips that are exact, in both directions, without packing."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from .bins import DepthBins

__all__ = ["PartLSTMs", "SequenceLSTM", "hold_last", "reverse_within"]


class SequenceLSTM(nn.Module):
    """An LSTM over the whole clip, or up to some frames ahead, and a linear layer on every frame.

    A clip's output depends on its own frames alone: not on the padding behind them, nor on
    the other clips of the batch. Each direction of a layer is an LSTM of its own; the
    backward one reads every clip reversed within its own length. Packing would give the
    same numbers, in a time that grows with the square of the length. With a fixed look-ahead
    there is one direction, which puts a frame's depths out that much later, and reads each clip's
    last frame again at its end.

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
    look_ahead : int, optional
        How many frames ahead a frame sees. Default: all, by a second direction.
    bottleneck : int, optional
        A linear layer makes so many numbers of the features, where there are more, before the first LSTM.
    residual, layer_norm : bool
        Each layer added to what went into it; each layer normalised (J. L. Ba et al., 2016).
    n_bins : int, optional
        Depth as so many classes, see `DepthBins`. Default: as a number.
    """

    def __init__(self, mean, scale, n_outputs, hidden_size=128, num_layers=2, dropout=0.2, look_ahead=None,
                 bottleneck=None, residual=False, layer_norm=False, n_bins=None):
        super().__init__()
        self.register_buffer("mean", torch.as_tensor(mean, dtype=torch.float32))
        self.register_buffer("scale", torch.as_tensor(scale, dtype=torch.float32))
        self.look_ahead = look_ahead
        n_directions = 2 if look_ahead is None else 1
        width = hidden_size * n_directions
        narrow = bottleneck is not None and bottleneck < len(mean)
        self.inputs = nn.Linear(len(mean), bottleneck, bias=False) if narrow else None
        widths = [bottleneck if narrow else len(mean)] + [width] * (num_layers - 1)
        self.forwards = nn.ModuleList(nn.LSTM(w, hidden_size, batch_first=True) for w in widths)
        self.backwards = nn.ModuleList(nn.LSTM(w, hidden_size, batch_first=True) for w in widths * (n_directions - 1))
        self.norms = nn.ModuleList(nn.LayerNorm(width) if layer_norm else nn.Identity() for _ in widths)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, n_outputs) if n_bins is None else DepthBins(width, n_outputs, n_bins)
        self.residual = residual

    def forward(self, x, lengths):
        """Depths ``(n_clips, n_frames, n_outputs)`` of features ``(n_clips, n_frames, n_inputs)``."""
        h = ((x - self.mean) / self.scale).clamp(-5, 5)  # (B, T, F)
        ahead = self.look_ahead or 0
        if ahead:
            h = hold_last(h, lengths, ahead)
        for layer, norm in enumerate(self.norms):
            into = h if layer or self.inputs is None else self.inputs(h)
            out = self.forwards[layer](into)[0]  # (B, T, H)
            if self.backwards:
                back = self.backwards[layer](reverse_within(into, lengths))[0]
                out = torch.cat([out, reverse_within(back, lengths)], dim=2)  # (B, T, 2H)
            out = norm(out)
            if self.residual and out.shape == h.shape:
                out = out + h
            h = self.dropout(out)
        return self.head(h[:, ahead:])


class PartLSTMs(nn.Module):
    """A `SequenceLSTM` for each part of the body, side by side.

    Parameters
    ----------
    mean, scale : arrays of shape (n_inputs,)
    n_outputs : int
    parts : sequence of (int array, int array)
        Of each part, which features it sees, and which depths it makes. Each depth is made by one part.
    **options
        Of each `SequenceLSTM`.
    """

    order: torch.Tensor

    def __init__(self, mean, scale, n_outputs, parts, **options):
        super().__init__()
        self.lstms = nn.ModuleList(SequenceLSTM(np.asarray(mean)[seen], np.asarray(scale)[seen], len(made), **options)
                                   for seen, made in parts)
        for i, (seen, _) in enumerate(parts):
            self.register_buffer(f"seen_{i}", torch.as_tensor(seen), persistent=False)
        made = np.concatenate([made for _, made in parts])
        if not np.array_equal(np.sort(made), np.arange(n_outputs)):
            raise ValueError(f"the parts make the depths {made.tolist()}, expected each of {n_outputs} once")
        self.register_buffer("order", torch.as_tensor(np.argsort(made)), persistent=False)

    def forward(self, x, lengths):
        """Depths ``(n_clips, n_frames, n_outputs)`` of features ``(n_clips, n_frames, n_inputs)``."""
        out = [lstm(x[:, :, getattr(self, f"seen_{i}")], lengths) for i, lstm in enumerate(self.lstms)]
        if isinstance(out[0], tuple):  # bins, in training
            return tuple(torch.cat(each, dim=2)[:, :, self.order] for each in zip(*out, strict=True))
        return torch.cat(out, dim=2)[:, :, self.order]


def hold_last(x, lengths, n):
    """``(B, T, F)`` made ``(B, T + n, F)``, with each clip's last frame in place of all that follows it."""
    time = torch.arange(x.shape[1] + n, device=x.device).minimum(lengths.to(x.device)[:, None] - 1)
    return x.gather(1, time[:, :, None].expand(-1, -1, x.shape[2]))


def reverse_within(x, lengths):
    """``(B, T, F)`` with each clip's first `lengths` frames in reverse, and its padding in place."""
    time = torch.arange(x.shape[1], device=x.device).expand(x.shape[0], -1)
    lengths = lengths.to(x.device)[:, None]
    index = torch.where(time < lengths, lengths - 1 - time, time)
    return x.gather(1, index[:, :, None].expand_as(x))
