"""ONNX nodes in the making, and what a lifter's arithmetic does over time."""

from __future__ import annotations

import numpy as np

__all__ = ["NAN", "OPSET", "Graph"]

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

    def by_phase(self, x, stride, n_columns, value):
        """Frames ``(n_frames, n_columns)`` made ``(n_steps, stride, n_columns)``; what lacks at the end is a value."""
        missing = self("Mod", self("Sub", np.array([0]), self.length(x)), np.array([stride]))
        pads = self("Concat", np.zeros(2, np.int64), missing, np.zeros(1, np.int64), axis=0)
        return self("Reshape", self("Pad", x, pads, np.float32(value)), np.array([-1, stride, n_columns]))

    def steps(self, x, index):
        """Of ``(n_steps, n_phases, F)``, those of an index ``(n, n_phases)``."""
        shape = self("Concat", self("Shape", index), self("Shape", x, start=2), axis=0)
        return self("GatherElements", x, self("Expand", self("Unsqueeze", index, np.array([-1])), shape), axis=0)

    def bridge(self, xy, visible, shape, causal):
        """`bridge` with ``hold_ends=True``, of points ``(n_frames, *shape, 2)``; NaN where none was ever seen."""
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
        """Points ``(n_frames, ..., 2)`` at the times ``(n_frames, ...)`` of an index."""
        return self("GatherElements", xy, self("Expand", self("Unsqueeze", index, np.array([-1])), self("Shape", xy)),
                    axis=0)
