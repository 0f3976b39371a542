"""The nets of a fitted `LSTMRegressor` in numpy: one frame at a time, as `SequenceLSTM` takes it."""

from __future__ import annotations

import numpy as np

__all__ = ["StepNets"]


class StepNets:
    """One-way nets, stacked, and averaged.

    To multiply one frame by the weights takes as long as to read them. Those of the features that seldom change are
    not read as long as these do not.

    Parameters
    ----------
    nets : list of dict
        As an `LSTMRegressor` describes them.
    features : FrameFeatures
        What the features are that come in.
    """

    def __init__(self, nets, features):
        def stack(name, function=np.asarray):
            return np.stack([function(net["weights"][name]) for net in nets]).astype(np.float32)

        options = nets[0]["module"]
        self.n_layers, self.n_units, self.n_nets = options["num_layers"], options["hidden_size"], len(nets)
        self._n_lasting, self._n_features = features.n_lasting, len(features.order)
        self._mean, self._scale = (stack(name, lambda values: values[features.order]) for name in ("mean", "scale"))
        self._nothing = np.clip(-self._mean / self._scale, -5, 5)  # of a feature that is 0
        self._weights, self._biases, self._norms = [], [], []
        for layer in range(self.n_layers):
            name = f"forwards.{layer}."
            inputs, hidden, b, more = (stack(name + part, _gates) for part in
                                       ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"))
            weights = np.concatenate([inputs[..., features.order] if layer == 0 else inputs, hidden], axis=2)
            self._weights.append(np.ascontiguousarray(weights.transpose(0, 2, 1)))  # (N, n_inputs + H, 4H)
            self._biases.append((b + more)[:, None])
            if options["layer_norm"]:
                self._norms.append([stack(f"norms.{layer}.{part}") for part in ("weight", "bias")])
        self._lasting, first = np.split(self._weights[0], [self._n_lasting], axis=1)
        self._lasting, self._weights[0] = np.ascontiguousarray(self._lasting), np.ascontiguousarray(first)
        n_inputs = [self._n_features] + [self.n_units] * (self.n_layers - 1)
        self._residual = [options["residual"] and n == self.n_units for n in n_inputs]
        self._back = np.argsort(features.order)
        self._inputs = [np.empty((self.n_nets, 1, n + self.n_units), np.float32) for n in n_inputs]
        self._gates = np.empty((self.n_nets, 1, 4 * self.n_units), np.float32)
        self._n_bins = options["n_bins"]
        head = "head." if self._n_bins is None else "head.linear."
        self._head = np.ascontiguousarray(stack(head + "weight").transpose(0, 2, 1)), stack(head + "bias")[:, None]
        self._centers = None if self._n_bins is None else stack("head.centers")[:, :, None]
        self._references = [None] * len(features.values)

    def step(self, features, h, c, i):
        """Depths ``(n_outputs,)`` after one more frame of clip `i`, with features ``(n_features,)``.

        `h` and `c`, of shape ``(n_layers, n_nets, n_units)``, are changed in place.
        """
        x = self._inputs[0][:, 0, : self._n_features]  # (N, F)
        np.subtract(features, self._mean, out=x)
        x /= self._scale
        np.maximum(x, -5, out=x)
        np.minimum(x, 5, out=x)
        np.copyto(x, self._nothing, where=np.isnan(features))
        below = x
        for layer, inputs in enumerate(self._inputs):
            if layer:
                inputs[:, 0, : self.n_units] = below
            inputs[:, 0, -self.n_units:] = h[layer]
            np.matmul(inputs if layer else inputs[..., self._n_lasting:], self._weights[layer], out=self._gates)
            self._gates += self._biases[layer] if layer else self._first_bias(x[:, : self._n_lasting], i)
            self._cell(h[layer], c[layer])
            out = h[layer]
            if self._norms:
                out = _normalise(out, *self._norms[layer])
            if self._residual[layer]:
                out = out + (below if layer else x[:, self._back])
            below = out
        weights, bias = self._head
        out = (below[:, None] @ weights + bias)[:, 0]  # (N, n_outputs)
        if self._n_bins is not None:
            out = out.reshape(self.n_nets, -1, self._n_bins)
            p = np.exp(out - out.max(axis=2, keepdims=True))
            out = (p @ self._centers)[..., 0] / p.sum(axis=2)
        return out[0] if self.n_nets == 1 else out.mean(axis=0)

    def forget(self):
        """Forget what was kept of the frames so far."""
        self._references = [None] * len(self._references)

    def _first_bias(self, x, i):
        """The first layer's bias, and the part of the gates that the lasting features make.

        It is kept for one set of features. One that differs in a few is reckoned from there, so that no rounding
        adds up.
        """
        if self._references[i] is not None:
            known, bias = self._references[i]
            (changed,) = np.logical_or.reduce(x != known).nonzero()
            if len(changed) == 0:
                return bias
            if 8 * len(changed) < x.shape[1]:
                change = x.take(changed, axis=1) - known.take(changed, axis=1)
                return bias + change[:, None] @ self._lasting.take(changed, axis=1)
        bias = self._biases[0] + x[:, None] @ self._lasting
        self._references[i] = x.copy(), bias
        return bias

    def _cell(self, h, c):
        """From the gates to the next `h` and `c` ``(N, H)``, in place."""
        n, gates = self.n_units, self._gates[:, 0]
        np.tanh(gates, out=gates)
        sigmoids = gates[:, : 3 * n]
        sigmoids *= 0.5
        sigmoids += 0.5
        c *= gates[:, n : 2 * n]
        c += gates[:, :n] * gates[:, 3 * n :]
        np.tanh(c, out=h)
        h *= gates[:, 2 * n : 3 * n]


def _gates(values):
    """A layer's weights or biases, gates in the order i, f, o, g, those halved that ``(tanh(x / 2) + 1) / 2`` follows.

    That is the sigmoid of x: so one tanh does for all of them.
    """
    i, f, g, o = np.split(values, 4)
    return np.concatenate([i / 2, f / 2, o / 2, g])


def _normalise(x, weight, bias):
    """Layer normalisation, with torch's epsilon."""
    x = x - x.mean(axis=1, keepdims=True)
    return x / np.sqrt(np.square(x).mean(axis=1, keepdims=True) + 1e-5) * weight + bias
