"""A lifter's arithmetic as ONNX nodes: time first, ``(n_steps, n_phases, ...)``, frames that are not there as NaN."""
