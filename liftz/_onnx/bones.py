"""How long bones look, and how large that makes a person, as ONNX nodes."""

from __future__ import annotations

import numpy as np

from ..features import TAIL
from ..sizes import ASTRAY
from .nodes import NAN

__all__ = ["bone_lengths", "longest_nearby", "longest_of_late", "sizes"]


def sizes(graph, clip, fitted):
    """What a `BodySize`, as attributes, says of a clip ``(n_frames, n_keypoints, 2 or 3)``: two of shape (1,)."""
    one, lengths = np.ones(1, np.float32), fitted["lengths"]
    if not len(lengths):
        return one, one
    xy = graph("Slice", clip, np.array([0]), np.array([2]), np.array([-1]))
    _, shown = bone_lengths(graph, xy, graph.seen(xy), fitted["bones"])
    longest = longest_shown(graph, shown)
    shown = graph("And", graph("Not", graph("IsNaN", longest)), lengths > 0)
    ratios = graph("Where", shown, graph("Div", longest, np.where(lengths > 0, lengths, 1)), np.float32(np.inf))
    ordered, _ = graph("TopK", ratios, np.array([len(lengths)]), n_outputs=2, axis=1, largest=0)
    n_shown = graph("ReduceSum", graph.cast(shown, np.int64), np.array([1]), keepdims=1)
    middle = graph("Div", graph("Max", graph("Sub", n_shown, np.array(1)), np.array(0)), np.array(2))
    most = graph("Mul", graph("GatherElements", ordered, middle, axis=1), ASTRAY)
    longest = graph("Min", longest, graph("Mul", most, lengths))
    total, typical = (graph("Reshape", graph("ReduceSum", graph("Where", shown, of_each, np.float32(0)), keepdims=0),
                            np.array([1])) for of_each in (longest, lengths))
    known = graph("And", graph("Greater", total, np.float32(0)), graph("Greater", typical, np.float32(0)))
    size = graph("Where", known, graph("Div", total, typical), one)
    return size, one if fitted["of_picture"] else size


def bone_lengths(graph, xy, visible, bones):
    """How long bones look ``(n_frames, n_bones)``; and the same with NaN where they are not shown."""
    a, b = bones
    bone = graph("Sub", graph("Gather", xy, a, axis=1), graph("Gather", xy, b, axis=1))
    length = graph("Sqrt", graph("ReduceSum", graph("Mul", bone, bone), np.array([-1]), keepdims=0))
    both = graph("And", graph("Gather", visible, a, axis=1), graph("Gather", visible, b, axis=1))
    return length, graph("Where", both, length, NAN)


def longest_shown(graph, shown, axis=0):
    """`longest_shown` along an axis, which stays, of 1."""
    none = graph("IsNaN", shown)
    ordered, _ = graph("TopK", graph("Where", none, np.float32(np.inf), shown), graph.length(shown, axis), n_outputs=2,
                       axis=axis, largest=0)
    n_shown = graph("ReduceSum", graph.cast(graph("Not", none), np.float64), np.array([axis]), keepdims=1)
    last = graph("Max", graph("Sub", n_shown, np.float64(1)), np.float64(0))
    longest, shorter = (graph("GatherElements", ordered, graph.cast(graph("Mul", np.float64(level), last), np.int64),
                              axis=axis) for level in (0.95, 0.9))
    longest = graph("Where", graph("Greater", longest, graph("Mul", shorter, np.float32(TAIL))), shorter, longest)
    return graph("Where", graph("Equal", n_shown, np.float64(0)), NAN, longest)


def longest_nearby(graph, shown, stride, parameters):
    """`longest_nearby`, as `frame_features` asks for it."""
    whole, span = longest_shown(graph, shown), parameters["span"]
    if span is None:
        return graph("Expand", whole, graph("Shape", shown))
    span *= stride
    n = graph.length(shown)
    rest = graph("Max", graph("Sub", n, np.array([span])), np.array([0]))
    twice = graph("Add", graph("Mul", rest, np.array([2])), np.array([span - 1]))
    n_steps = graph("Max", graph("Div", twice, np.array([span])), np.array([1]))
    starts = graph("Mul", graph.times(graph("Add", n_steps, np.array([1])), 1), rest)
    frames = graph("Add", graph("Unsqueeze", graph("Div", starts, n_steps), np.array([1])), np.arange(span))
    near = graph("Gather", shown, graph("Min", frames, graph("Sub", n, np.array([1]))), axis=0)
    longest = graph("Squeeze", longest_shown(graph, near, axis=1), np.array([1]))  # (n_stretches, n_bones)
    longest = graph("Where", graph("IsNaN", longest), whole, longest)
    place = graph("Sub", graph.cast(graph.times(n, 1), np.float64), np.float64((span - 1) / 2))
    place = graph("Mul", place, graph("Div", graph.cast(n_steps, np.float64),
                                      graph.cast(graph("Max", rest, np.array([1])), np.float64)))
    place = graph("Max", graph("Min", place, graph.cast(n_steps, np.float64)), np.float64(0))
    before = graph("Min", graph.cast(graph("Floor", place), np.int64), graph("Sub", n_steps, np.array([1])))
    weight = graph.cast(graph("Sub", place, graph.cast(before, np.float64)), np.float32)
    first, second = (graph("Gather", longest, at, axis=0) for at in (before, graph("Add", before, np.array([1]))))
    rise = graph("Mul", graph("Sub", second, first), graph("Unsqueeze", weight, np.array([1])))
    return graph("Where", graph("Greater", n, np.array([2 * span])), graph("Add", first, rise), whole)


def longest_of_late(graph, shown, stride, parameters):
    """`longest_of_late` of each phase of the stride, and until that shows a bone, the longest of all phases."""
    n, span, n_bones = graph.length(shown), parameters["span"], len(parameters["bones"][0])
    own = _of_late(graph, graph.by_phase(shown, stride, n_bones, NAN), (stride, n_bones), span)
    own = graph("Slice", graph("Reshape", own, np.array([-1, n_bones])), np.array([0]), n, np.array([0]))
    return graph("Where", graph("IsNaN", own), _of_late(graph, shown, (n_bones,), None), own)


def _of_late(graph, shown, shape, span):
    from onnx import TensorProto, helper

    none = np.float32(np.finfo(np.float32).min)
    shown = graph.where_nan(shown, none)
    if span is None:
        longest = graph.running("Max", shown, shape, np.float32)
        return graph("Where", graph("Equal", longest, none), NAN, longest)
    begins = graph("Equal", graph("Mod", graph.times(graph.length(shown), 1), np.int64(max(1, span // 2))), np.int64(0))
    values = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
              for name in ("before", "now", "length", "late", "so_far", "longest")}
    values["begins"] = helper.make_tensor_value_info("begins", TensorProto.BOOL, [])
    body = helper.make_graph(
        [helper.make_node("Constant", [], ["none"], value_float=float(none)),
         helper.make_node("Equal", ["now", "none"], ["never"]),
         helper.make_node("Not", ["never"], ["ever"]),
         helper.make_node("And", ["begins", "ever"], ["ends"]),
         helper.make_node("Where", ["ends", "now", "before"], ["late"]),
         helper.make_node("Where", ["begins", "none", "now"], ["kept"]),
         helper.make_node("Max", ["kept", "length"], ["so_far"]),
         helper.make_node("Max", ["late", "so_far"], ["longest"])],
        "longest_of_late", [values[name] for name in ("before", "now", "length", "begins")],
        [values[name] for name in ("late", "so_far", "longest")])
    start = np.full(shape, none, np.float32)
    longest = graph("Scan", start, start, shown, begins, n_outputs=3, body=body, num_scan_inputs=2)[2]
    return graph("Where", graph("Equal", longest, none), NAN, longest)
