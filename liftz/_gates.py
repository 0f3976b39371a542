"""Weights of described nets, as `StepNets` multiplies with them: a row for every input, gates as i, f, o, g."""

from __future__ import annotations

import numpy as np

__all__ = ["as_rows", "bias_of", "by_gate", "first_layer", "of_gates", "stack"]


def first_layer(weights):
    """Weights ``(4 * n_units, n_features)`` of the first layer, a bottleneck among them."""
    after = weights["forwards.0.weight_ih_l0"]
    return after if "inputs.weight" not in weights else after.astype(float) @ weights["inputs.weight"]


def stack(weights, name):
    return np.stack([of_one[name] for of_one in weights]).astype(np.float32)


def of_gates(weights, name):
    """Weights ``(n_lstms, n_inputs, n_gates)``."""
    return as_rows(by_gate(stack(weights, name)))


def bias_of(weights, layer):
    """``(n_lstms, 1, n_gates)``: torch has two, which are added."""
    one, other = (stack(weights, f"forwards.{layer}.{name}_l0") for name in ("bias_ih", "bias_hh"))
    return by_gate(one + other)[:, None]


def as_rows(weights):
    """Weights ``(N, n_outputs, n_inputs)`` with a row for every input."""
    return np.ascontiguousarray(weights.transpose(0, 2, 1))


def by_gate(values):
    """Layers' weights or biases, gates in the order i, f, o, g, those halved that ``(tanh(x / 2) + 1) / 2`` follows.

    That is the sigmoid of x: so one tanh does for all of them.
    """
    i, f, g, o = np.split(values, 4, axis=1)
    return np.concatenate([i / 2, f / 2, o / 2, g], axis=1)
