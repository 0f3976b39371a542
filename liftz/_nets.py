"""The nets of a fitted `LSTMRegressor` in numpy: one frame at a time, as `SequenceLSTM` takes it.

To multiply one frame by the weights takes as long as to read them, and all else is little: so what can be worked out
beforehand is in the weights, and those of features that seldom change are not read as long as these do not.
"""

from __future__ import annotations

import numpy as np

__all__ = ["StepNets"]


class StepNets:
    """One-way nets, stacked, and averaged.

    Parameters
    ----------
    nets : list of dict
        As an `LSTMRegressor` describes them.
    features : FrameFeatures
        What the features are that come in.
    put_out : callable
        Makes what a stream puts out of the nets' depths ``(..., n_outputs)``. It is affine.

    Attributes
    ----------
    h, c : arrays of shape (n_clips, n_layers, n_nets, 1, n_units)
        Where the nets are in each clip.
    """

    def __init__(self, nets, features, put_out):
        options = nets[0]["module"]
        n_clips, n_layers, n_units = len(features.values), options["num_layers"], options["hidden_size"]
        self.h, self.c = np.zeros((2, n_clips, n_layers, len(nets), 1, n_units), np.float32)
        self._cells = [list(zip(h, c, strict=True)) for h, c in zip(self.h, self.c, strict=True)]
        self._mean, self._scale = (_stack(nets, name)[:, None, features.order] for name in ("mean", "scale"))
        self._low, self._high = -5 * self._scale, 5 * self._scale
        self._x = np.empty_like(self._mean)
        self._n_lasting, self._back = features.n_lasting, np.argsort(features.order)
        self._lasting_x, self._changing_x = np.split(self._x, [features.n_lasting], axis=2)
        self._layers = []
        for layer in range(n_layers):
            inputs, hidden, bias, more = (_gates(_stack(nets, f"forwards.{layer}.{part}_l0")) for part in
                                          ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
            bias = (bias + more)[:, None]
            if layer == 0:
                lasting, inputs = np.split(inputs[..., features.order] / self._scale, [features.n_lasting], axis=2)
                self._lasting = _Lasting(_rows(lasting), bias, n_clips)
            norm = [_stack(nets, f"norms.{layer}.{part}")[:, None]
                    for part in ("weight", "bias") if options["layer_norm"]]
            self._layers.append(_Layer(_rows(inputs), _rows(hidden), bias, norm))
        n_inputs = [len(features.order)] + [n_units] * (n_layers - 1)
        self._residual = [options["residual"] and n == n_units for n in n_inputs]
        self._head = _Head(nets, put_out) if options["n_bins"] is None else _Bins(nets, put_out)

    def step(self, features, i):
        """What the stream puts out ``(n_keypoints,)`` after one more frame, of these features, of clip `i`."""
        x = self._x  # (N, 1, F), not divided by the scale: the weights are
        np.subtract(features, self._mean, out=x)
        np.maximum(x, self._low, out=x)
        np.minimum(x, self._high, out=x)
        self._layers[0].bias = self._lasting(features[: self._n_lasting], self._lasting_x, i)
        out = self._changing_x
        for layer, residual, (h, c) in zip(self._layers, self._residual, self._cells[i], strict=True):
            below, out = out, layer(out, h, c)
            if residual:
                out = out + ((x / self._scale)[..., self._back] if below is self._changing_x else below)
        return self._head(out)


class _Lasting:
    """The first layer's bias, and the part of its gates that the lasting features make: what changes is added.

    In float64, where the rounding adds up to nothing.
    """

    def __init__(self, weights, bias, n_clips):
        n_nets, n_features, n_gates = weights.shape
        self._weights = weights.astype(float)
        self._clips = [(np.full(n_features, np.nan, np.float32), np.zeros((n_nets, 1, n_features), np.float32),
                        bias.astype(float), np.empty((n_nets, 1, n_gates), np.float32)) for _ in range(n_clips)]

    def __call__(self, features, x, i):
        known, known_x, gates, rounded = self._clips[i]
        (changed,) = (features != known).nonzero()
        if len(changed):
            change = np.subtract(x.take(changed, axis=2), known_x.take(changed, axis=2), dtype=float)
            gates += change @ self._weights.take(changed, axis=1)
            known[...], known_x[...], rounded[...] = features, x, gates
        return rounded


class _Layer:
    """An LSTM of each net."""

    def __init__(self, inputs, hidden, bias, norm):
        self._inputs, self._hidden, self.bias, self._norm = inputs, hidden, bias, norm
        n_nets, n_units, n_gates = hidden.shape
        self._gates, self._more = np.empty((2, n_nets, 1, n_gates), np.float32)
        self._sigmoids = self._gates[..., : 3 * n_units]
        self._split = np.split(self._gates, 4, axis=2)
        self._turn = 1

    def __call__(self, x, h, c):
        """Bring `h` and `c` ``(N, 1, H)`` one frame further, in place; what goes to the next layer."""
        gates, (i, f, o, g) = self._gates, self._split
        # The weights read last come first in the next frame: they may still be in the cache.
        for values, weights, out in ((x, self._inputs, gates), (h, self._hidden, self._more))[:: self._turn]:
            np.matmul(values, weights, out=out)
        self._turn = -self._turn
        gates += self._more
        gates += self.bias
        np.tanh(gates, out=gates)
        self._sigmoids *= 0.5
        self._sigmoids += 0.5
        c *= f
        g *= i
        c += g
        np.tanh(c, out=h)
        h *= o
        return _normalise(h, *self._norm) if self._norm else h


class _Head:
    """The nets' depths, their mean, and what a stream makes of it: all in one linear layer."""

    def __init__(self, nets, put_out):
        weights, bias = (_stack(nets, f"head.{part}").astype(float) for part in ("weight", "bias"))
        n_outputs = weights.shape[1]
        linear = put_out(np.eye(n_outputs)) - put_out(np.zeros(n_outputs))
        self._weights = (np.concatenate(_rows(weights)) / len(nets) @ linear).astype(np.float32)  # (N * H, n_keypoints)
        self._bias = put_out(bias.mean(axis=0)).astype(np.float32)

    def __call__(self, h):
        out = np.dot(h.reshape(-1), self._weights)
        out += self._bias
        return out


class _Bins:
    """The mean over each net's bins of depth, that of the nets, and what a stream makes of it."""

    def __init__(self, nets, put_out):
        self._weights, self._bias = _rows(_stack(nets, "head.linear.weight")), _stack(nets, "head.linear.bias")[:, None]
        self._centers, self._put_out = _stack(nets, "head.centers")[:, :, None], put_out

    def __call__(self, h):
        out = (h @ self._weights + self._bias).reshape(len(h), -1, self._centers.shape[1])  # (N, n_outputs, n_bins)
        p = np.exp(out - out.max(axis=2, keepdims=True))
        return self._put_out(((p @ self._centers)[..., 0] / p.sum(axis=2)).mean(axis=0))


def _stack(nets, name):
    return np.stack([net["weights"][name] for net in nets]).astype(np.float32)


def _rows(weights):
    """Weights ``(N, n_outputs, n_inputs)`` with a row for every input."""
    return np.ascontiguousarray(weights.transpose(0, 2, 1))


def _gates(values):
    """Layers' weights or biases, gates in the order i, f, o, g, those halved that ``(tanh(x / 2) + 1) / 2`` follows.

    That is the sigmoid of x: so one tanh does for all of them.
    """
    i, f, g, o = np.split(values, 4, axis=1)
    return np.concatenate([i / 2, f / 2, o / 2, g], axis=1)


def _normalise(x, weight, bias):
    """Layer normalisation, with torch's epsilon."""
    x = x - x.mean(axis=2, keepdims=True)
    return x / np.sqrt(np.square(x).mean(axis=2, keepdims=True) + 1e-5) * weight + bias
