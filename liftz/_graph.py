"""A lifter's arithmetic as ONNX nodes: time first, ``(n_steps, n_phases, ...)``, frames that are not there as NaN."""

from __future__ import annotations

import numpy as np

from ._description import parts_of_net
from ._steps import rows_of
from .roots import hung_parts, own_roots, root_parts
from .sizes import ASTRAY, TAIL

__all__ = ["Graph"]

OPSET = 17
NAN = np.float32(np.nan)


class Graph:
    """Nodes in the making: calling it adds one, and returns the name of what it puts out.

    Arrays among the inputs become constants.
    """

    def __init__(self):
        self.nodes, self.constants, self.n = [], [], 0

    def __call__(self, op, *inputs, n_outputs=1, **attributes):
        from onnx import helper

        outputs = [self._name(op) for _ in range(n_outputs)]
        self.nodes.append(helper.make_node(op, [self._input(value) for value in inputs], outputs, **attributes))
        return outputs[0] if n_outputs == 1 else outputs

    def _name(self, op):
        self.n += 1
        return f"{op}_{self.n}"

    def _input(self, value):
        from onnx import numpy_helper

        if isinstance(value, str):
            return value
        name = self._name("constant")
        self.constants.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
        return name

    def cast(self, x, dtype):
        from onnx import helper

        return self("Cast", x, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def length(self, x, axis=0):
        """The size of an axis, of shape (1,)."""
        return self("Shape", x, start=axis, end=axis + 1)

    def times(self, n, n_axes):
        """0 ... n - 1 along the first of so many axes."""
        steps = self("Range", np.int64(0), self("Squeeze", n), np.int64(1))
        return self("Unsqueeze", steps, np.arange(1, n_axes))

    def seen(self, xy):
        return self("Not", self("IsNaN", self("ReduceSum", xy, np.array([-1]), keepdims=0)))

    def where_nan(self, x, value):
        return self("Where", self("IsNaN", x), np.asarray(value, np.float32), x)

    def running(self, op, x, shape, dtype, backwards=0):
        """Max or Min of all values ``(n_steps, *shape)`` so far."""
        from onnx import helper

        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        values = [helper.make_tensor_value_info(name, kind, shape) for name in ("before", "now", "after", "out")]
        body = helper.make_graph([helper.make_node(op, ["before", "now"], ["after"]),
                                  helper.make_node("Identity", ["after"], ["out"])], op, values[:2], values[2:])
        limits = np.finfo(dtype) if np.dtype(dtype).kind == "f" else np.iinfo(dtype)
        start = np.full(shape, limits.min if op == "Max" else limits.max, dtype)
        return self("Scan", start, x, n_outputs=2, body=body, num_scan_inputs=1, scan_input_directions=[backwards],
                    scan_output_directions=[backwards])[1]

    def bridge(self, xy, visible, shape, causal):
        """`bridge` with ``hold_ends=True``, of points ``(n_steps, *shape, 2)``; NaN where none was ever seen."""
        n = self.length(xy)
        time, last_time = self.times(n, 1 + len(shape)), self("Sub", n, np.array([1]))
        first = self.running("Max", self("Where", visible, time, np.array(-1)), shape, np.int64)
        if causal:
            values = self._at(xy, self("Max", first, np.array(0)))
            return self("Where", self("Unsqueeze", self("Less", first, np.array(0)), np.array([-1])), NAN, values)
        last = self.running("Min", self("Where", visible, time, n), shape, np.int64, backwards=1)
        first = self("Where", self("Less", first, np.array(0)), last, first)
        last = self("Where", self("Equal", last, n), first, last)
        never = self("Equal", first, n)
        rise = self.cast(self("Sub", time, first), np.float64)
        run = self.cast(self("Sub", last, first), np.float64)
        still = self("Equal", first, last)
        weight = self("Where", still, np.float64(0), self("Div", rise, self("Where", still, np.float64(1), run)))
        weight = self("Unsqueeze", weight, np.array([-1]))
        a, b = (self.cast(self._at(xy, self("Min", index, last_time)), np.float64) for index in (first, last))
        between = self("Add", self("Mul", a, self("Sub", np.float64(1), weight)), self("Mul", b, weight))
        values = self("Where", self("Unsqueeze", visible, np.array([-1])), xy, self.cast(between, np.float32))
        return self("Where", self("Unsqueeze", never, np.array([-1])), NAN, values)

    def _at(self, xy, index):
        """Points ``(n_steps, ..., 2)`` at the times ``(n_steps, ...)`` of an index."""
        return self("GatherElements", xy, self("Expand", self("Unsqueeze", index, np.array([-1])), self("Shape", xy)),
                    axis=0)

    def center(self, xy, parameters):
        """A `RootCenterer`, of points ``(n_frames, n_keypoints, 2)``."""
        parts = root_parts(parameters["skeleton"], parameters["per_region"])
        rows = rows_of([root for _, root in parts])
        part = np.empty(len(parameters["skeleton"]), np.int64)
        for i, (members, _) in enumerate(parts):
            part[members] = i
        sums = self("ReduceSum", self("Gather", xy, rows, axis=1), np.array([2]), keepdims=0)
        roots = self("Div", sums, np.float32(rows.shape[1]))
        held = self.bridge(roots, self.seen(roots), (len(parts),), parameters["causal"])
        return self("Sub", xy, self("Gather", held, part, axis=1))

    def uncenter(self, depths, parameters):
        """Its inverse, of depths ``(n_frames, n_keypoints)``: see `put_back`."""
        of_which = parameters["skeleton"], parameters["per_region"]
        roots = own_roots(*of_which)
        rows, of = rows_of(roots), np.full(len(parameters["skeleton"]), len(roots))
        for i, root in enumerate(roots):
            of[root] = i
        means = self("Div", self("ReduceSum", self("Gather", depths, rows, axis=1), np.array([2]), keepdims=0),
                     np.float32(rows.shape[1]))
        means = self("Pad", means, np.array([0, 0, 0, 1]), np.float32(0))  # of those that are no root
        depths = self("Sub", depths, self("Gather", means, of, axis=1))
        for members, root, n_holding in hung_parts(*of_which):
            total = self("ReduceSum", self("Gather", depths, root, axis=1), np.array([1]))
            hung = np.isin(np.arange(len(of)), members).astype(np.float32)
            depths = self("Add", depths, self("Mul", self.where_nan(total, 0), hung / np.float32(n_holding)))
        return depths

    def complete(self, clip, fitted, n_channels, causal, stride):
        """A `Completion`, as attributes, of ``(n_frames, n_keypoints, 2 or 3)``; and what it put in, of one channel."""
        known, W = fitted["known"], fitted["components"]
        n_keypoints, n = len(known), W.shape[1]
        xy = self("Slice", clip, np.array([0]), np.array([2]), np.array([2]))
        visible = self.seen(xy)
        held = self.bridge(xy, visible, (n_keypoints,), causal)
        own = self.seen_by_phase(visible, stride, n_keypoints, causal)
        told = self("And", self.seen(held), known)
        count = self("ReduceSum", self.cast(told, np.int64), np.array([1]), keepdims=1)
        put_in = self("And", self("And", self("Not", own), known), self("Greater", count, np.int64(0)))
        flat = np.array([0, 2 * n_keypoints])
        of_told = self("Concat", *[self("Unsqueeze", told, np.array([2]))] * 2, axis=2)
        of_told = self.cast(self("Reshape", of_told, flat), np.float64)
        apart = self("Sub", self.cast(self("Reshape", self.where_nan(held, 0), flat), np.float64), fitted["mean"])
        apart = self("Mul", apart, of_told)
        products = self("MatMul", of_told, (W[:, :, None] * W[:, None]).reshape(len(W), -1))  # (n_frames, n * n)
        rows = self("Add", self("Reshape", products, np.array([0, n, n])), fitted["noise"] * np.eye(n))
        rows = self("Concat", rows, self("Unsqueeze", self("MatMul", apart, W), np.array([2])), axis=2)
        for i in range(n):  # Gauss and Jordan; no pivot is 0, for the noise
            row = self("Slice", rows, np.array([i]), np.array([i + 1]), np.array([1]))
            row = self("Div", row, self("Slice", row, np.array([i]), np.array([i + 1]), np.array([2])))
            column = self("Slice", rows, np.array([i]), np.array([i + 1]), np.array([2]))
            rest = self("Sub", rows, self("Mul", column, row))
            rows = self("Where", np.arange(n)[:, None] == i, row, rest)
        along = self("Squeeze", self("Slice", rows, np.array([n]), np.array([n + 1]), np.array([2])), np.array([2]))
        fill = self.cast(self("Add", self("MatMul", along, W.T), fitted["mean"]), np.float32)
        put_in = self("Unsqueeze", put_in, np.array([2]))
        fill = self("Where", self("Unsqueeze", told, np.array([2])), held,
                    self("Reshape", fill, np.array([0, n_keypoints, 2])))
        whole = self("Where", put_in, fill, xy)
        if n_channels == 3:
            confidences = self("Slice", clip, np.array([2]), np.array([3]), np.array([2]))
            confidences = self("Where", put_in, np.float32(fitted["confidence"]), confidences)
            whole = self("Concat", whole, confidences, axis=2)
        return whole, put_in

    def seen_by_phase(self, visible, stride, n_keypoints, causal):
        """Whether each frame's own phase shows a keypoint, so far if causal, ``(n_frames, n_keypoints)``."""
        n = self.length(visible)
        missing = self("Mod", self("Sub", np.array([0]), n), np.array([stride]))
        pads = self("Concat", np.zeros(2, np.int64), missing, np.zeros(1, np.int64), axis=0)
        phases = self("Pad", self.cast(visible, np.int64), pads, np.int64(0))
        phases = self("Reshape", phases, np.array([-1, stride, n_keypoints]))
        if causal:
            shown = self.running("Max", phases, (stride, n_keypoints), np.int64)
        else:
            shown = self("Expand", self("ReduceMax", phases, axes=[0]), self("Shape", phases))
        shown = self("Reshape", shown, np.array([-1, n_keypoints]))
        return self("Greater", self("Slice", shown, np.array([0]), n, np.array([0])), np.int64(0))

    def features(self, clip, lengths, parameters, n_phases, n_keypoints, n_channels):
        """`frame_features` of ``(n_steps, n_phases, n_keypoints, 2 or 3)``, of which each phase has so many steps."""
        shape, causal = (n_phases, n_keypoints), parameters["causal"]
        clip = self("Where", parameters["unseen"][:, None], NAN, clip)
        xy = self("Slice", clip, np.array([0]), np.array([2]), np.array([-1]))
        visible = self.seen(xy)
        xy = self.bridge(xy, visible, shape, causal)
        flat = np.array([0, 0, -1])
        parts = [self("Reshape", xy, flat), self.cast(visible, np.float32)]
        if n_channels == 3:
            parts.append(self("Squeeze", self("Slice", clip, np.array([2]), np.array([3]), np.array([-1])),
                              np.array([-1])))
        if parameters["bones"] is not None:
            length, shown = self._bones(xy, visible, parameters["bones"])
            shape = n_phases, len(parameters["bones"][0])
            span = parameters["span"]
            longest = (self._longest_of_late(shown, shape, span) if causal else
                       self._longest_nearby(shown, lengths, shape, span))
            rise = self("Sub", self("Mul", longest, longest), self("Mul", length, length))
            parts += [length, longest, self("Sqrt", self("Max", rise, np.float32(0)))]
        return self.where_nan(self("Concat", *parts, axis=2), 0)

    def sizes(self, clip, fitted):
        """What a `BodySize`, as attributes, says of a clip ``(n_frames, n_keypoints, 2 or 3)``: two of shape (1,)."""
        one, lengths = np.ones(1, np.float32), fitted["lengths"]
        if not len(lengths):
            return one, one
        xy = self("Slice", self("Unsqueeze", clip, np.array([1])), np.array([0]), np.array([2]), np.array([-1]))
        _, shown = self._bones(xy, self.seen(xy), fitted["bones"])
        longest, shorter = self._longest(shown), self._longest(shown, level=0.9)
        longest = self("Where", self("Greater", longest, self("Mul", shorter, np.float32(TAIL))), shorter, longest)
        shown = self("And", self("Not", self("IsNaN", longest)), lengths > 0)
        ratios = self("Where", shown, self("Div", longest, np.where(lengths > 0, lengths, 1)), np.float32(np.inf))
        ordered, _ = self("TopK", ratios, np.array([len(lengths)]), n_outputs=2, axis=2, largest=0)
        n_shown = self("ReduceSum", self.cast(shown, np.int64), np.array([2]), keepdims=1)
        middle = self("Div", self("Max", self("Sub", n_shown, np.array(1)), np.array(0)), np.array(2))
        most = self("Mul", self("GatherElements", ordered, middle, axis=2), ASTRAY)
        longest = self("Min", longest, self("Mul", most, lengths))
        total, typical = (self("Reshape", self("ReduceSum", self("Where", shown, of_each, np.float32(0)), keepdims=0),
                               np.array([1])) for of_each in (longest, lengths))
        known = self("And", self("Greater", total, np.float32(0)), self("Greater", typical, np.float32(0)))
        size = self("Where", known, self("Div", total, typical), one)
        return size, one if fitted["of_picture"] else size

    def _bones(self, xy, visible, bones):
        """How long bones look ``(n_steps, n_phases, n_bones)``; and the same with NaN where they are not shown."""
        a, b = bones
        bone = self("Sub", self("Gather", xy, a, axis=2), self("Gather", xy, b, axis=2))
        length = self("Sqrt", self("ReduceSum", self("Mul", bone, bone), np.array([-1]), keepdims=0))
        both = self("And", self("Gather", visible, a, axis=2), self("Gather", visible, b, axis=2))
        return length, self("Where", both, length, NAN)

    def _longest(self, shown, level=0.95, axis=0):
        """`longest_shown` along an axis, which stays, of 1."""
        none = self("IsNaN", shown)
        ordered, _ = self("TopK", self("Where", none, np.float32(np.inf), shown), self.length(shown, axis), n_outputs=2,
                          axis=axis, largest=0)
        n_shown = self("ReduceSum", self.cast(self("Not", none), np.float64), np.array([axis]), keepdims=1)
        rank = self.cast(self("Mul", np.float64(level), self("Sub", n_shown, np.float64(1))), np.int64)
        longest = self("GatherElements", ordered, self("Max", rank, np.int64(0)), axis=axis)
        return self("Where", self("Equal", n_shown, np.float64(0)), NAN, longest)

    def _longest_nearby(self, shown, lengths, shape, span):
        """`longest_nearby`, of phases of so many steps; NaN behind them."""
        whole = self._longest(shown)
        if span is None:
            return self("Expand", whole, self("Shape", shown))
        n_phases, n_bones = shape
        lengths = self.cast(lengths, np.int64)
        rest = self("Max", self("Sub", lengths, np.int64(span)), np.int64(0))  # (n_phases,)
        twice = self("Add", self("Mul", rest, np.int64(2)), np.int64(span - 1))
        n_steps = self("Max", self("Div", twice, np.int64(span)), np.int64(1))
        steps = self("Min", self.times(self("Add", self("ReduceMax", n_steps, keepdims=1), np.array([1])), 2), n_steps)
        starts = self("Div", self("Mul", steps, rest), n_steps)  # (n_stretches, n_phases)
        frames = self("Add", self("Unsqueeze", starts, np.array([1])), np.arange(span)[:, None])
        last = self("Sub", self.length(shown), np.array([1]))
        flat = self("Reshape", self("Min", frames, last), np.array([-1, n_phases, 1]))
        near = self("GatherElements", shown, self._for_bones(flat, n_bones), axis=0)
        near = self("Reshape", near, np.array([-1, span, n_phases, n_bones]))
        near = self("Where", self("Unsqueeze", self("Less", frames, lengths), np.array([-1])), near, NAN)
        longest = self("Squeeze", self._longest(near, axis=1), np.array([1]))  # (n_stretches, n_phases, n_bones)
        longest = self("Where", self("IsNaN", longest), whole, longest)
        place = self("Sub", self.cast(self.times(self.length(shown), 2), np.float64), np.float64((span - 1) / 2))
        place = self("Mul", place, self("Div", self.cast(n_steps, np.float64),
                                        self.cast(self("Max", rest, np.int64(1)), np.float64)))
        place = self("Max", self("Min", place, self.cast(n_steps, np.float64)), np.float64(0))
        before = self("Min", self.cast(self("Floor", place), np.int64), self("Sub", n_steps, np.int64(1)))
        weight = self.cast(self("Sub", place, self.cast(before, np.float64)), np.float32)
        index = self._for_bones(self("Unsqueeze", before, np.array([-1])), n_bones)
        first, second = (self("GatherElements", longest, at, axis=0) for at in (index, self("Add", index, np.int64(1))))
        near = self("Add", first, self("Mul", self("Sub", second, first), self("Unsqueeze", weight, np.array([-1]))))
        is_long = self("Unsqueeze", self("Greater", lengths, np.int64(2 * span)), np.array([-1]))
        return self("Where", is_long, near, whole)

    def _for_bones(self, index, n_bones):
        return self("Expand", index, np.array([1, 1, n_bones]))

    def _longest_of_late(self, shown, shape, span):
        """`longest_of_late`."""
        from onnx import TensorProto, helper

        none = np.float32(np.finfo(np.float32).min)
        shown = self.where_nan(shown, none)
        if span is None:
            longest = self.running("Max", shown, shape, np.float32)
            return self("Where", self("Equal", longest, none), NAN, longest)
        begins = self("Equal", self("Mod", self.times(self.length(shown), 1), np.int64(max(1, span // 2))), np.int64(0))
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
        longest = self("Scan", start, start, shown, begins, n_outputs=3, body=body, num_scan_inputs=2)[2]
        return self("Where", self("Equal", longest, none), NAN, longest)

    def average_phases(self, depths, stride, causal):
        """As in `phases`, of depths ``(n_frames, n_outputs)``."""
        if stride == 1:
            return depths
        n, away = self.length(depths), np.arange(1 - stride, 1 if causal else stride)
        frames, weights = self("Add", self.times(n, 2), away[None]), np.full(stride, 1 / stride, np.float32)
        if not causal:
            n_phases = self("Max", self("Min", n, np.array([stride])), np.array([1]))
            late = self("Where", self("Less", frames, n), frames, self("Sub", frames, n_phases))
            frames = self("Where", self("Less", frames, np.array(0)), self("Add", frames, n_phases), late)
            frames = self("Min", frames, self("Sub", n, np.array(1)))
            weights = self.cast(self("Max", self("Sub", n_phases, abs(away)), np.array(0)), np.float32)
            weights = self("Div", weights, self.cast(self("Mul", n_phases, n_phases), np.float32))
        near = self("Gather", depths, self("Max", frames, np.array(0)), axis=0)  # (n_frames, n_near, n_outputs)
        weights = self("Unsqueeze", weights, np.array([1]))
        return self("ReduceSum", self("Mul", near, weights), np.array([1]), keepdims=0)

    def net(self, x, lengths, net):
        """Depths ``(n_steps, n_phases, n_outputs)`` of features, as `SequenceLSTM` or `PartLSTMs` reckon them."""
        parts = parts_of_net(net)
        depths = [self.lstm(self("Gather", x, seen, axis=2), lengths, net["module"], weights)
                  for seen, _, weights in parts]
        order = np.argsort(np.concatenate([made for _, made, _ in parts]))
        return self("Gather", self("Concat", *depths, axis=2), order, axis=2)

    def lstm(self, x, lengths, options, weights):
        """As a `SequenceLSTM` of these options."""
        h = self("Clip", self("Div", self("Sub", x, weights["mean"]), weights["scale"]), np.float32(-5), np.float32(5))
        ahead, two_way = options["look_ahead"] or 0, options["look_ahead"] is None
        if ahead:
            h = self.hold_last(h, lengths, ahead)
        n_inputs, width = len(weights["mean"]), options["hidden_size"] * (1 + two_way)
        for layer in range(options["num_layers"]):
            sides = [f"{side}.{layer}." for side in ("forwards", "backwards")][: 1 + two_way]
            W, R, b, more = (np.stack([_iofc(weights[side + name]) for side in sides]) for name in
                             ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"))
            into = h if layer or "inputs.weight" not in weights else self("MatMul", h, weights["inputs.weight"].T)
            out = self("LSTM", into, W, R, np.concatenate([b, more], axis=1), *[lengths] * two_way,
                       hidden_size=options["hidden_size"], direction="bidirectional" if two_way else "forward",
                       n_outputs=3)[0]  # (n_steps, n_directions, n_phases, H)
            out = self("Reshape", self("Transpose", out, perm=[0, 2, 1, 3]), np.array([0, 0, -1]))
            if options["layer_norm"]:
                out = self("LayerNormalization", out, weights[f"norms.{layer}.weight"], weights[f"norms.{layer}.bias"],
                           axis=-1, epsilon=1e-5)
            h = self("Add", out, h) if options["residual"] and n_inputs == width else out
            n_inputs = width
        h = self("Slice", h, np.array([ahead]), np.array([np.iinfo(np.int64).max]), np.array([0]))
        head = "head." if options["n_bins"] is None else "head.linear."
        out = self("Add", self("MatMul", h, weights[head + "weight"].T), weights[head + "bias"])
        if options["n_bins"] is None:
            return out
        p = self("Softmax", self("Reshape", out, np.array([0, 0, -1, options["n_bins"]])), axis=-1)
        return self("Squeeze", self("MatMul", p, weights["head.centers"][:, None]), np.array([-1]))

    def hold_ends(self, x, lengths, least):
        """Steps ``(n_steps, n_phases, F)`` with ends held for so many; how many each phase has, and held at first."""
        lengths = self.cast(lengths, np.int64)
        held = self("Max", self("Div", self("Sub", np.int64(least + 1), lengths), np.int64(2)), np.int64(0))
        total = self("Add", self.length(x), self("Mul", self("ReduceMax", held, keepdims=1), np.int64(2)))
        steps = self("Max", self("Sub", self.times(total, 2), held), np.int64(0))
        steps = self("Min", steps, self("Sub", lengths, np.int64(1)))
        return self.steps(x, steps), self.cast(self("Add", lengths, self("Mul", held, np.int64(2))), np.int32), held

    def steps(self, x, index):
        """Of ``(n_steps, n_phases, F)``, those of an index ``(n, n_phases)``."""
        shape = self("Concat", self("Shape", index), self("Shape", x, start=2), axis=0)
        return self("GatherElements", x, self("Expand", self("Unsqueeze", index, np.array([-1])), shape), axis=0)

    def hold_last(self, x, lengths, n):
        """`hold_last`: steps ``(n_steps, n_phases, F)`` made ``(n_steps + n, n_phases, F)``."""
        total = self("Add", self.length(x), np.array([n]))
        return self.steps(x, self("Min", self.times(total, 2), self("Sub", self.cast(lengths, np.int64), np.int64(1))))


def _iofc(values):
    """Gates in ONNX' order."""
    i, f, g, o = np.split(values, 4)
    return np.concatenate([i, o, f, g])
