"""`export_onnx`: a fitted lifter as one ONNX graph, from keypoints to depths."""

from __future__ import annotations

import json

import numpy as np

from . import __version__
from ._description import describe, parts_of_lifter
from ._files import atomic_write
from ._onnx import bones, clips, nets
from ._onnx.nodes import NAN, OPSET, Graph
from .features import least_steps
from .persistence import check_facts

__all__ = ["export_onnx"]


def export_onnx(lifter, path, *, facts=None):
    """Write a fitted lifter as an ONNX model, for runtimes without Python.

    Centering, gaps, features, the nets and their average, and the way back to depths are all in the graph. It takes
    ``keypoints``, a clip of shape ``(n_frames, n_keypoints, 2 or 3)`` of any length, as `predict` takes them, NaN for
    "not seen", and gives ``depths`` ``(n_frames, n_keypoints)``, both float32. Of input that `predict` refuses, such
    as a clip in which nobody is seen, its depths mean nothing.

    Parameters
    ----------
    lifter : Lifter or Pipeline
        Fitted: of RootCenterer, RegionSelector and ZNormalizer, and an `LSTMRegressor`.
    path : str or path-like
        Replaced at once or not at all; by custom it ends in ``.onnx``.
    facts : dict, optional
        What to know of the lifter, as for `liftz.persistence.save`. It stands in the model's metadata as JSON, under
        ``"facts"``, beside the ``"skeleton"``, its ``"keypoints"`` in their order, ``"regions"`` and ``"roots"``.

    Raises
    ------
    ImportError
        Without the package onnx: ``pip install "liftz[onnx]"``.
    ValueError
        If a part of the lifter cannot be exported.
    TypeError
        If it is not of liftz; for facts that are no JSON.

    Examples
    --------
    >>> import json, pytest
    >>> onnxruntime, _ = pytest.importorskip("onnxruntime"), pytest.importorskip("onnx")
    >>> from liftz import make_lifter
    >>> from liftz.datasets import make_signing
    >>> from liftz.export import export_onnx
    >>> data = make_signing(n_signers=1, n_clips=2, n_frames=30, random_state=0)
    >>> lifter = make_lifter(data.skeleton, n_nets=1, hidden_size=16, max_epochs=1, random_state=0).fit(data.X, data.y)
    >>> path = getfixture("tmp_path") / "signing.onnx"
    >>> export_onnx(lifter, path, facts={"units": "cm"})
    >>> session = onnxruntime.InferenceSession(path)
    >>> [depths] = session.run(["depths"], {"keypoints": data.X[0]})
    >>> bool(abs(depths - lifter.predict(data.X)[0]).max() < 1e-4)
    True
    >>> json.loads(session.get_modelmeta().custom_metadata_map["facts"])
    {'units': 'cm'}
    """
    try:
        import onnx
    except ImportError as error:
        raise ImportError('export_onnx needs the package onnx: pip install "liftz[onnx]"') from error
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(lifter)
    facts = check_facts(facts)
    steps, outputs, regressor = parts_of_lifter(describe(lifter))
    if regressor["class"] != "LSTMRegressor":
        raise ValueError(f"a {regressor['class']} cannot be exported, expected an LSTMRegressor")
    first = (steps + [regressor])[0]
    n_keypoints, n_channels = (first["attributes"][name] for name in ("n_keypoints_in_", "n_channels_in_"))
    n_out = (outputs + [regressor])[0]["attributes"]["n_keypoints_in_"]
    graph = Graph()
    clip = "keypoints"
    for step in steps:
        clip = _input_step(graph, clip, step)
    depths = _regress(graph, clip, regressor["attributes"])
    for step in reversed(outputs):
        depths = _output_step(graph, depths, step)
    graph.nodes.append(onnx.helper.make_node("Identity", [depths], ["depths"]))

    def tensor(name, shape, text):
        return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n_frames", *shape], text)

    channels = "x, y and a confidence" if n_channels == 3 else "x and y"
    model = onnx.helper.make_model(
        onnx.helper.make_graph(
            graph.nodes, "lifter", [tensor("keypoints", [n_keypoints, n_channels], f"{channels}; NaN is 'not seen'")],
            [tensor("depths", [n_out], "relative to the root of each region; NaN where nothing was selected")],
            graph.constants),
        opset_imports=[onnx.helper.make_opsetid("", OPSET)], ir_version=8, producer_name="liftz",
        producer_version=__version__)
    skeleton = first["parameters"].get("skeleton")
    names = {} if skeleton is None else {"skeleton": skeleton.name, "keypoints": skeleton.keypoints,
                                         "regions": skeleton.regions, "roots": skeleton.roots}
    onnx.helper.set_model_props(model, {name: json.dumps(value)
                                        for name, value in {"facts": facts, **names}.items()})
    onnx.checker.check_model(model, full_check=True)
    with atomic_write(path) as file:
        file.write(model.SerializeToString())


def _input_step(graph, clip, step):
    name, parameters, attributes = step["class"], step["parameters"], step["attributes"]
    if name == "RegionSelector":
        return graph("Gather", clip, attributes["indices_"], axis=1)
    if name not in ("RootCenterer", "ZNormalizer"):
        raise ValueError(f"a {name} cannot be exported; RootCenterer, RegionSelector and ZNormalizer can")
    xy = graph("Slice", clip, np.array([0]), np.array([2]), np.array([2]))
    if name == "RootCenterer":
        xy = clips.center(graph, xy, parameters)
    else:
        mean, scale = (attributes[key].astype(np.float32) for key in ("mean_", "scale_"))
        xy = graph("Div", graph("Sub", xy, mean), scale)
    if attributes["n_channels_in_"] == 2:
        return xy
    return graph("Concat", xy, graph("Slice", clip, np.array([2]), np.array([3]), np.array([2])), axis=2)


def _output_step(graph, depths, step):
    name, attributes = step["class"], step["attributes"]
    if name == "RootCenterer":
        return clips.uncenter(graph, depths, step["parameters"])
    if name == "RegionSelector":
        where = np.full(attributes["n_keypoints_in_"], len(attributes["indices_"]))
        where[attributes["indices_"]] = np.arange(len(attributes["indices_"]))
        return graph("Gather", graph("Pad", depths, np.array([0, 0, 0, 1]), NAN), where, axis=1)
    if name == "ZNormalizer":
        mean, scale = (attributes[key].astype(np.float32) for key in ("mean_", "scale_"))
        return graph("Add", graph("Mul", depths, scale), mean)
    raise ValueError(f"a {name} of depths cannot be exported; RootCenterer, RegionSelector and ZNormalizer can")


def _regress(graph, clip, fitted):
    """A regressor's depths ``(n_frames, n_outputs)``: each phase of the stride by itself, then together."""
    stride, n_keypoints, n_channels = (fitted[name] for name in ("stride_", "n_keypoints_in_", "n_channels_in_"))
    if fitted["completion_"] is not None:
        clip = _completed(graph, clip, fitted)
    (size, size_of_depths), n_frames = bones.sizes(graph, clip, fitted["size_"]["attributes"]), graph.length(clip)
    clip = graph("Div", clip, _of_channels(graph, size, n_channels))
    parameters = fitted["features_"]["parameters"]
    features = clips.features(graph, clip, parameters, stride, n_channels)
    lengths = graph("Div", graph("Add", graph("Sub", n_frames, np.arange(stride)), np.array([stride - 1])),
                    np.array([stride]))
    lengths = graph.cast(graph("Max", lengths, np.array([1])), np.int32)  # without frames, it is cut off below
    n_steps, least = graph.length(features), least_steps(parameters)
    if least:
        features, lengths, held = nets.hold_ends(graph, features, lengths, least)
    depths = [nets.lift(graph, features, lengths, net) for net in fitted["nets_"]]
    mean = graph("Div", graph("Sum", *depths), np.float32(len(depths)))
    if least:
        mean = graph.steps(mean, graph("Add", graph.times(n_steps, 2), held))
    depths = graph("Slice", graph("Reshape", mean, np.array([-1, n_keypoints])), np.array([0]), n_frames, np.array([0]))
    depths = nets.average_phases(graph, depths, stride, parameters["causal"])
    return graph("Mul", _output_step(graph, depths, fitted["targets_"]), size_of_depths)


def _completed(graph, clip, fitted):
    """The clip with keypoints put in that it never shows."""
    (size, _), n_channels = bones.sizes(graph, clip, fitted["size_"]["attributes"]), fitted["n_channels_in_"]
    factors = _of_channels(graph, size, n_channels)
    causal = fitted["features_"]["parameters"]["causal"]
    whole, put_in = clips.complete(graph, graph("Div", clip, factors), fitted["completion_"]["attributes"],
                                   n_channels, causal)
    return graph("Where", put_in, graph("Mul", whole, factors), clip)


def _of_channels(graph, size, n_channels):
    return size if n_channels == 2 else graph("Concat", size, size, np.ones(1, np.float32), axis=0)
