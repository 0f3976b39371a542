"""The nets, as ONNX nodes: LSTMs over the phases of a stride, and the mean of their depths."""

from __future__ import annotations

import numpy as np

from .._description import parts_of_net

__all__ = ["average_phases", "hold_ends", "lift"]


def lift(graph, x, lengths, net):
    """Depths ``(n_steps, n_phases, n_outputs)`` of features, as `SequenceLSTM` or `PartLSTMs` reckon them."""
    parts = parts_of_net(net)
    depths = [lstm(graph, graph("Gather", x, seen, axis=2), lengths, net["module"], weights)
              for seen, _, weights in parts]
    order = np.argsort(np.concatenate([made for _, made, _ in parts]))
    return graph("Gather", graph("Concat", *depths, axis=2), order, axis=2)


def lstm(graph, x, lengths, options, weights):
    """As a `SequenceLSTM` of these options."""
    h = graph("Clip", graph("Div", graph("Sub", x, weights["mean"]), weights["scale"]), np.float32(-5), np.float32(5))
    ahead, two_way = options["look_ahead"] or 0, options["look_ahead"] is None
    if ahead:
        h = hold_last(graph, h, lengths, ahead)
    n_inputs, width = len(weights["mean"]), options["hidden_size"] * (1 + two_way)
    for layer in range(options["num_layers"]):
        sides = [f"{side}.{layer}." for side in ("forwards", "backwards")][: 1 + two_way]
        W, R, b, more = (np.stack([_iofc(weights[side + name]) for side in sides]) for name in
                         ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"))
        into = h if layer or "inputs.weight" not in weights else graph("MatMul", h, weights["inputs.weight"].T)
        out = graph("LSTM", into, W, R, np.concatenate([b, more], axis=1), *[lengths] * two_way,
                    hidden_size=options["hidden_size"], direction="bidirectional" if two_way else "forward",
                    n_outputs=3)[0]  # (n_steps, n_directions, n_phases, H)
        out = graph("Reshape", graph("Transpose", out, perm=[0, 2, 1, 3]), np.array([0, 0, -1]))
        if options["layer_norm"]:
            out = graph("LayerNormalization", out, weights[f"norms.{layer}.weight"], weights[f"norms.{layer}.bias"],
                        axis=-1, epsilon=1e-5)
        h = graph("Add", out, h) if options["residual"] and n_inputs == width else out
        n_inputs = width
    h = graph("Slice", h, np.array([ahead]), np.array([np.iinfo(np.int64).max]), np.array([0]))
    head = "head." if options["n_bins"] is None else "head.linear."
    out = graph("Add", graph("MatMul", h, weights[head + "weight"].T), weights[head + "bias"])
    if options["n_bins"] is None:
        return out
    p = graph("Softmax", graph("Reshape", out, np.array([0, 0, -1, options["n_bins"]])), axis=-1)
    return graph("Squeeze", graph("MatMul", p, weights["head.centers"][:, None]), np.array([-1]))


def hold_ends(graph, x, lengths, least):
    """Steps ``(n_steps, n_phases, F)`` with ends held for so many; how many each phase has, and held at first."""
    lengths = graph.cast(lengths, np.int64)
    held = graph("Max", graph("Div", graph("Sub", np.int64(least + 1), lengths), np.int64(2)), np.int64(0))
    total = graph("Add", graph.length(x), graph("Mul", graph("ReduceMax", held, keepdims=1), np.int64(2)))
    steps = graph("Max", graph("Sub", graph.times(total, 2), held), np.int64(0))
    steps = graph("Min", steps, graph("Sub", lengths, np.int64(1)))
    return graph.steps(x, steps), graph.cast(graph("Add", lengths, graph("Mul", held, np.int64(2))), np.int32), held


def hold_last(graph, x, lengths, n):
    """`hold_last`: steps ``(n_steps, n_phases, F)`` made ``(n_steps + n, n_phases, F)``."""
    total = graph("Add", graph.length(x), np.array([n]))
    return graph.steps(x, graph("Min", graph.times(total, 2), graph("Sub", graph.cast(lengths, np.int64), np.int64(1))))


def average_phases(graph, depths, stride, causal):
    """As in `phases`, of depths ``(n_frames, n_outputs)``."""
    if stride == 1:
        return depths
    n, away = graph.length(depths), np.arange(1 - stride, 1 if causal else stride)
    frames, weights = graph("Add", graph.times(n, 2), away[None]), np.full(stride, 1 / stride, np.float32)
    if not causal:
        n_phases = graph("Max", graph("Min", n, np.array([stride])), np.array([1]))
        late = graph("Where", graph("Less", frames, n), frames, graph("Sub", frames, n_phases))
        frames = graph("Where", graph("Less", frames, np.array(0)), graph("Add", frames, n_phases), late)
        frames = graph("Min", frames, graph("Sub", n, np.array(1)))
        weights = graph.cast(graph("Max", graph("Sub", n_phases, abs(away)), np.array(0)), np.float32)
        weights = graph("Div", weights, graph.cast(graph("Mul", n_phases, n_phases), np.float32))
    near = graph("Gather", depths, graph("Max", frames, np.array(0)), axis=0)  # (n_frames, n_near, n_outputs)
    weights = graph("Unsqueeze", weights, np.array([1]))
    return graph("ReduceSum", graph("Mul", near, weights), np.array([1]), keepdims=0)


def _iofc(values):
    """Gates in ONNX' order."""
    i, f, g, o = np.split(values, 4)
    return np.concatenate([i, o, f, g])
