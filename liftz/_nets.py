"""The nets of a fitted `LSTMRegressor` in numpy: one frame at a time, as `SequenceLSTM` and `PartLSTMs` take it.

To multiply one frame by the weights takes as long as to read them, and all else is little: so what can be worked out
beforehand is in the weights, and those of features that seldom change are not read as long as these do not.
"""

from __future__ import annotations

import numpy as np

from ._description import parts_of_net
from ._gates import as_rows, bias_of, by_gate, first_layer, of_gates, stack

__all__ = ["StepNets"]


class StepNets:
    """One-way nets, their LSTMs stacked, and averaged.

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
    h, c : arrays of shape (n_clips, n_layers, n_lstms, 1, n_units)
        Where the LSTMs, of all nets and their parts, are in each clip.
    """

    def __init__(self, nets, features, put_out):
        options = nets[0]["module"]
        n_clips, n_layers, n_units = len(features.values), options["num_layers"], options["hidden_size"]
        lstms = [part for net in nets for part in parts_of_net(net)]
        weights = [of_one for _, _, of_one in lstms]
        self.h, self.c = np.zeros((2, n_clips, n_layers, len(lstms), 1, n_units), np.float32)
        self._cells = [list(zip(h, c, strict=True)) for h, c in zip(self.h, self.c, strict=True)]
        self._inputs = _Inputs(lstms, len(nets), features, options["residual"])
        self._layers = []
        for layer in range(n_layers):
            inputs = self._inputs.weights if layer == 0 else [of_gates(weights, f"forwards.{layer}.weight_ih_l0")]
            norm = [stack(weights, f"norms.{layer}.{name}")[:, None]
                    for name in ("weight", "bias") if options["layer_norm"]]
            self._layers.append(_Layer(inputs, of_gates(weights, f"forwards.{layer}.weight_hh_l0"),
                                       bias_of(weights, layer), norm))
        self._residual = options["residual"]
        head = _Head if options["n_bins"] is None else _Bins
        self._head = head(lstms, len(nets), options["n_outputs"], put_out)

    def step(self, features, i):
        """What the stream puts out ``(n_keypoints,)`` after one more frame, of these features, of clip `i`."""
        (first, *others), (cells, *others_cells) = self._layers, self._cells[i]
        changing, first.bias = self._inputs(features, i)
        out = first(changing, *cells)
        if self._inputs.skip is not None:
            out = out + self._inputs.passed_on()
        for layer, cells in zip(others, others_cells, strict=True):
            above = layer([out], *cells)
            out = out + above if self._residual else above
        return self._head(out)


class _Inputs:
    """Features, normalised: those that last, for all parts at once, and those that change, part by part.

    Attributes
    ----------
    weights : list of arrays of shape (n_nets, n_inputs, n_gates)
        Of each part, for the features that change, or for what a bottleneck makes of them. The features are not divided
        by the deviation: the weights are.
    skip : array of shape (n_nets, n_features, n_parts * n_units), or None
        What of the features goes past the first layer.
    """

    def __init__(self, lstms, n_nets, features, residual):
        n_parts, n_features = len(lstms) // n_nets, len(features.order)
        mean, scale = np.ones((2, n_nets, 1, n_features), np.float32)
        weights = np.zeros((len(lstms), len(lstms[0][2]["forwards.0.bias_ih_l0"]), n_features), np.float32)
        for i, (seen, _, of_one) in enumerate(lstms):  # where parts see the same, they know the same of it
            mean[i // n_parts, 0, seen] = of_one["mean"]
            scale[i // n_parts, 0, seen] = of_one["scale"]
            weights[i][:, seen] = first_layer(of_one)
        self._mean, scale = mean[..., features.order], scale[..., features.order]
        self._low, self._high = -5 * scale, 5 * scale
        self._x = np.empty_like(scale)  # (n_nets, 1, F)
        self._n_lasting = features.n_lasting
        self._lasting_x, self._changing_x = np.split(self._x, [features.n_lasting], axis=2)
        weights = by_gate(weights[..., features.order]).reshape(n_nets, n_parts, -1, n_features) / scale[:, None]
        lasting, changing = np.split(weights, [features.n_lasting], axis=3)
        taken = [np.flatnonzero(np.isin(features.order[features.n_lasting:], seen)) for seen, _, _ in lstms[:n_parts]]
        self._taken = taken if any(len(own) < changing.shape[3] for own in taken) else None
        self.weights, self._narrow = [], []
        for part, own in enumerate(taken):
            of_part = [of_one for _, _, of_one in lstms[part::n_parts]]
            narrow = None
            if "inputs.weight" in of_part[0]:
                wide = np.zeros((n_nets, len(of_part[0]["inputs.weight"]), n_features), np.float32)
                wide[..., lstms[part][0]] = stack(of_part, "inputs.weight")
                narrow = as_rows((wide[..., features.order] / scale)[..., features.n_lasting:][..., own])
            self._narrow.append(narrow)
            self.weights.append(as_rows(changing[:, part][..., own]) if narrow is None else
                                of_gates(of_part, "forwards.0.weight_ih_l0"))
        bias = bias_of([of_one for _, _, of_one in lstms], 0).reshape(n_nets, 1, -1)
        lasting = lasting.reshape(n_nets, -1, features.n_lasting)
        self._lasting = _Lasting(as_rows(lasting), bias, len(lstms), len(features.values))
        self.skip, self._n_units = None, weights.shape[2] // 4
        if residual and any(len(seen) == self._n_units for seen, _, _ in lstms):
            skip, place = np.zeros((n_parts, self._n_units, n_features), np.float32), np.argsort(features.order)
            for part, (seen, _, _) in enumerate(lstms[:n_parts]):
                if len(seen) == self._n_units:
                    skip[part, np.arange(self._n_units), place[seen]] = 1
            self.skip = as_rows(skip.reshape(1, -1, n_features) / scale)

    def __call__(self, features, i):
        """Of clip `i`, what of each part changes, and the first layer's gates without it."""
        x = self._x
        np.subtract(features, self._mean, out=x)
        np.maximum(x, self._low, out=x)
        np.minimum(x, self._high, out=x)
        gates = self._lasting(features[: self._n_lasting], self._lasting_x, i)
        parts = ([self._changing_x] * len(self.weights) if self._taken is None else
                 [self._changing_x.take(own, axis=2) for own in self._taken])
        return [x if narrow is None else x @ narrow for x, narrow in zip(parts, self._narrow, strict=True)], gates

    def passed_on(self):
        """``(n_lstms, 1, n_units)``"""
        return (self._x @ self.skip).reshape(-1, 1, self._n_units)


class _Lasting:
    """The first layer's bias, and the part of its gates that the lasting features make: what changes is added.

    In float64, where the rounding adds up to nothing.
    """

    def __init__(self, weights, bias, n_lstms, n_clips):
        n_nets, n_features, _ = weights.shape
        self._weights = weights.astype(float)
        self._clips = [(np.full(n_features, np.nan, np.float32), np.zeros((n_nets, 1, n_features), np.float32),
                        bias.astype(float), np.empty(bias.shape, np.float32)) for _ in range(n_clips)]
        self._of_lstms = [rounded.reshape(n_lstms, 1, -1) for *_, rounded in self._clips]

    def __call__(self, features, x, i):
        known, known_x, gates, rounded = self._clips[i]
        (changed,) = (features != known).nonzero()
        if len(changed):
            change = np.subtract(x.take(changed, axis=2), known_x.take(changed, axis=2), dtype=float)
            gates += change @ self._weights.take(changed, axis=1)
            known[...], known_x[...], rounded[...] = features, x, gates
        return self._of_lstms[i]


class _Layer:
    """A layer of all LSTMs; what comes in, and the weights for it, by parts where each has its own."""

    def __init__(self, inputs, hidden, bias, norm):
        self._inputs, self._hidden, self.bias, self._norm = inputs, hidden, bias, norm
        n_lstms, n_units, n_gates = hidden.shape
        self._gates, self._more = np.empty((2, n_lstms, 1, n_gates), np.float32)
        self._sigmoids = self._gates[..., : 3 * n_units]
        self._split = np.split(self._gates, 4, axis=2)
        by_part = self._gates.reshape(-1, len(inputs), 1, n_gates)
        self._of_parts = [by_part[:, part] for part in range(len(inputs))]
        self._turn = 1

    def __call__(self, x, h, c):
        """Bring `h` and `c` ``(n_lstms, 1, H)`` one frame further, in place; what goes to the next layer."""
        gates, (i, f, o, g) = self._gates, self._split
        # The weights read last come first in the next frame: they may still be in the cache.
        products = [*zip(x, self._inputs, self._of_parts, strict=True), (h, self._hidden, self._more)]
        for values, weights, out in products[:: self._turn]:
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

    def __init__(self, lstms, n_nets, n_outputs, put_out):
        linear = put_out(np.eye(n_outputs)) - put_out(np.zeros(n_outputs))
        rows, bias = [], np.zeros(n_outputs)
        for _, made, weights in lstms:
            rows.append(weights["head.weight"].T.astype(float) / n_nets @ linear[made])
            bias[made] += weights["head.bias"] / n_nets
        self._weights = np.concatenate(rows).astype(np.float32)  # (n_lstms * H, n_keypoints)
        self._bias = put_out(bias).astype(np.float32)

    def __call__(self, h):
        out = np.dot(h.reshape(-1), self._weights)
        out += self._bias
        return out


class _Bins:
    """The mean over each net's bins of depth, that of the nets, and what a stream makes of it."""

    def __init__(self, lstms, n_nets, n_outputs, put_out):
        self._lstms = [(made, weights["head.linear.weight"].T, weights["head.linear.bias"], weights["head.centers"])
                       for _, made, weights in lstms]
        self._n_nets, self._n_outputs, self._put_out = n_nets, n_outputs, put_out

    def __call__(self, h):
        depths = np.zeros(self._n_outputs, np.float32)
        for state, (made, weights, bias, centers) in zip(h[:, 0], self._lstms, strict=True):
            out = (state @ weights + bias).reshape(len(made), len(centers))
            p = np.exp(out - out.max(axis=1, keepdims=True))
            depths[made] += p @ centers / p.sum(axis=1)
        return self._put_out(depths / np.float32(self._n_nets))


def _normalise(x, weight, bias):
    """Layer normalisation, with torch's epsilon."""
    x = x - x.mean(axis=2, keepdims=True)
    return x / np.sqrt(np.square(x).mean(axis=2, keepdims=True) + 1e-5) * weight + bias
