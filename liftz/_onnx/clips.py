"""What comes before the nets, as ONNX nodes: roots, keypoints put in, features; and depths put back to the roots."""

from __future__ import annotations

import numpy as np

from .._steps import rows_of
from ..roots import hung_parts, own_roots, root_parts
from .bones import bone_lengths, longest_nearby, longest_of_late
from .nodes import NAN

__all__ = ["center", "complete", "features", "uncenter"]


def center(graph, xy, parameters):
    """A `RootCenterer`, of points ``(n_frames, n_keypoints, 2)``."""
    parts = root_parts(parameters["skeleton"], parameters["per_region"])
    rows = rows_of([root for _, root in parts])
    part = np.empty(len(parameters["skeleton"]), np.int64)
    for i, (members, _) in enumerate(parts):
        part[members] = i
    sums = graph("ReduceSum", graph("Gather", xy, rows, axis=1), np.array([2]), keepdims=0)
    roots = graph("Div", sums, np.float32(rows.shape[1]))
    held = graph.bridge(roots, graph.seen(roots), (len(parts),), parameters["causal"])
    return graph("Sub", xy, graph("Gather", held, part, axis=1))


def uncenter(graph, depths, parameters):
    """Its inverse, of depths ``(n_frames, n_keypoints)``: see `put_back`."""
    of_which = parameters["skeleton"], parameters["per_region"]
    roots = own_roots(*of_which)
    rows, of = rows_of(roots), np.full(len(parameters["skeleton"]), len(roots))
    for i, root in enumerate(roots):
        of[root] = i
    means = graph("Div", graph("ReduceSum", graph("Gather", depths, rows, axis=1), np.array([2]), keepdims=0),
                  np.float32(rows.shape[1]))
    means = graph("Pad", means, np.array([0, 0, 0, 1]), np.float32(0))  # of those that are no root
    depths = graph("Sub", depths, graph("Gather", means, of, axis=1))
    for members, root, n_holding in hung_parts(*of_which):
        total = graph("ReduceSum", graph("Gather", depths, root, axis=1), np.array([1]))
        hung = np.isin(np.arange(len(of)), members).astype(np.float32)
        depths = graph("Add", depths, graph("Mul", graph.where_nan(total, 0), hung / np.float32(n_holding)))
    return depths


def complete(graph, clip, fitted, n_channels, causal):
    """A `Completion`, as attributes, of ``(n_frames, n_keypoints, 2 or 3)``; and what it put in, of one channel."""
    known, W = fitted["known"], fitted["components"]
    n_keypoints, n = len(known), W.shape[1]
    xy = graph("Slice", clip, np.array([0]), np.array([2]), np.array([2]))
    visible = graph.seen(xy)
    held = graph.bridge(xy, visible, (n_keypoints,), causal)
    told = graph("And", graph.seen(held), known)
    count = graph("ReduceSum", graph.cast(told, np.int64), np.array([1]), keepdims=1)
    put_in = graph("And", graph("Xor", told, known), graph("Greater", count, np.int64(0)))
    flat = np.array([0, 2 * n_keypoints])
    of_told = graph("Concat", *[graph("Unsqueeze", told, np.array([2]))] * 2, axis=2)
    of_told = graph.cast(graph("Reshape", of_told, flat), np.float64)
    apart = graph("Sub", graph.cast(graph("Reshape", graph.where_nan(held, 0), flat), np.float64), fitted["mean"])
    apart = graph("Mul", apart, of_told)
    products = graph("MatMul", of_told, (W[:, :, None] * W[:, None]).reshape(len(W), -1))  # (n_frames, n * n)
    rows = graph("Add", graph("Reshape", products, np.array([0, n, n])), fitted["noise"] * np.eye(n))
    rows = graph("Concat", rows, graph("Unsqueeze", graph("MatMul", apart, W), np.array([2])), axis=2)
    for i in range(n):  # Gauss and Jordan; no pivot is 0, for the noise
        row = graph("Slice", rows, np.array([i]), np.array([i + 1]), np.array([1]))
        row = graph("Div", row, graph("Slice", row, np.array([i]), np.array([i + 1]), np.array([2])))
        column = graph("Slice", rows, np.array([i]), np.array([i + 1]), np.array([2]))
        rest = graph("Sub", rows, graph("Mul", column, row))
        rows = graph("Where", np.arange(n)[:, None] == i, row, rest)
    along = graph("Squeeze", graph("Slice", rows, np.array([n]), np.array([n + 1]), np.array([2])), np.array([2]))
    fill = graph.cast(graph("Add", graph("MatMul", along, W.T), fitted["mean"]), np.float32)
    put_in = graph("Unsqueeze", put_in, np.array([2]))
    whole = graph("Where", put_in, graph("Reshape", fill, np.array([0, n_keypoints, 2])), xy)
    if n_channels == 3:
        confidences = graph("Slice", clip, np.array([2]), np.array([3]), np.array([2]))
        confidences = graph("Where", put_in, np.float32(fitted["confidence"]), confidences)
        whole = graph("Concat", whole, confidences, axis=2)
    return whole, put_in


def features(graph, clip, parameters, stride, n_channels):
    """`frame_features` ``(n_steps, stride, n_features)`` of a clip ``(n_frames, n_keypoints, 2 or 3)``."""
    causal, n_keypoints = parameters["causal"], len(parameters["unseen"])
    n_features = n_keypoints * (1 + n_channels)
    clip = graph("Where", parameters["unseen"][:, None], NAN, clip)
    xy = graph("Slice", clip, np.array([0]), np.array([2]), np.array([-1]))
    visible = graph.seen(xy)
    xy = graph.bridge(xy, visible, (n_keypoints,), causal)
    parts = [graph("Reshape", xy, np.array([0, -1])), graph.cast(graph.seen(xy), np.float32)]
    if n_channels == 3:
        parts.append(graph("Squeeze", graph("Slice", clip, np.array([2]), np.array([3]), np.array([-1])),
                           np.array([-1])))
    if parameters["bones"] is not None:
        length, shown = bone_lengths(graph, xy, visible, parameters["bones"])
        longest = (longest_of_late if causal else longest_nearby)(graph, shown, stride, parameters)
        rise = graph("Sub", graph("Mul", longest, longest), graph("Mul", length, length))
        parts += [length, longest, graph("Sqrt", graph("Max", rise, np.float32(0)))]
        n_features += 3 * len(parameters["bones"][0])
    return graph.by_phase(graph.where_nan(graph("Concat", *parts, axis=1), 0), stride, n_features, 0)
