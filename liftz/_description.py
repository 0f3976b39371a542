"""A fitted lifter as plain dicts, arrays and skeletons, which take no torch: what is saved, streamed and exported."""

from __future__ import annotations

import warnings
from functools import partial
from importlib import import_module

import numpy as np

from .features import frame_features
from .sizes import BodySize
from .skeleton import Skeleton

__all__ = ["describe", "parts_of_lifter", "parts_of_net", "rebuild"]

# All that a description may consist of, and where it lives: nothing else is ever imported or called.
CLASSES = {
    "Lifter": "liftz.lifter",
    "Pipeline": "sklearn.pipeline",
    "TransformedTarget": "liftz.target",
    "RootCenterer": "liftz.preprocessing",
    "ZNormalizer": "liftz.preprocessing",
    "RegionSelector": "liftz.preprocessing",
    "GapFiller": "liftz.preprocessing",
    "SkeletonConverter": "liftz.conversion",
    "LSTMRegressor": "liftz.regressor",
    "FrameRidge": "liftz.baselines",
    "MeanPose": "liftz.baselines",
    "Flat": "liftz.baselines",
    "BodyAugmenter": "liftz.augmentation",
    "ErrorModel": "liftz.calibration",
    "Completion": "liftz.completion",
    "Novelty": "liftz.novelty",
    "BodySize": "liftz.sizes",
    "ClipNet": "liftz.net",
}
FITTED = ("ErrorModel", "Novelty", "BodySize", "Completion")  # by their __init__
FIT_ONLY = ("augment", "callbacks", "random_state")  # may be anybody's objects, and predict does without them

BEFORE: dict[str, dict] = {  # what older files do not tell, and how it was then
    "LSTMRegressor": {"n_batches": 1200, "along_bones": 0.0},
    "BodyAugmenter": {"roll": 0.0},
    "BodySize": {"spread": None},
    "frame_features": {"span": None},
}


def describe(value, where="the lifter"):
    """Numbers, strings, lists, tuples, arrays, skeletons and, for all else, dicts with the name of its ``"class"``.

    Raises
    ------
    TypeError
        For what is not of liftz, naming where it is.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str, Skeleton)):
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return value
    if type(value) in (list, tuple):
        return type(value)(describe(item, f"{where}[{i}]") for i, item in enumerate(value))
    if isinstance(value, partial) and value.func is frame_features and not value.args:
        return {"class": "frame_features", "parameters": _describe_all(value.keywords, where)}
    name = type(value).__name__
    if CLASSES.get(name) != type(value).__module__:
        raise TypeError(f"{where} is a {type(value).__module__}.{name}, which cannot be described; what can: "
                        f"{', '.join(CLASSES)}, a Skeleton, numbers, names and arrays of them")
    if name == "ClipNet":
        return _describe_net(value, where)
    if name in FITTED:
        return {"class": name, "attributes": _describe_all(vars(value), where)}
    return {"class": name, **_describe_estimator(value, where)}


def _describe_all(values, where):
    return {name: describe(value, f"{where}.{name}") for name, value in values.items()}


def _describe_estimator(estimator, where):
    from sklearn.base import BaseEstimator, clone

    parameters = estimator.get_params(deep=False)
    if "steps" in parameters:  # a Pipeline's steps are fitted in place; its other defaults are scikit-learn's to know
        parameters = {name: value for name, value in parameters.items() if value not in (None, False)}
    else:  # what fit made of the others is in the attributes
        parameters = {name: clone(value) if isinstance(value, BaseEstimator) else value
                      for name, value in parameters.items()}
    for name in FIT_ONLY:
        try:
            describe(parameters.get(name))
        except TypeError as error:
            warnings.warn(f"{where}.{name} is left out, and will be None: {error}", stacklevel=2)
            parameters[name] = None
    fitted = {name: value for name, value in vars(estimator).items() if name.endswith("_") and name[0] != "_"}
    return {"parameters": _describe_all(parameters, where), "attributes": _describe_all(fitted, where)}


def _describe_net(net, where):
    from .modules import PartLSTMs, SequenceLSTM

    if type(net.module_) not in (SequenceLSTM, PartLSTMs):
        raise TypeError(f"{where} has a {type(net.module_).__name__}, expected a SequenceLSTM or PartLSTMs; "
                        f"pickle keeps nets of your own")
    epochs = [{name: value for name, value in epoch.items() if isinstance(value, (int, float, str))}
              for epoch in net.history]  # without their batches, which are many
    return {"class": "ClipNet", "module": _describe_all(net.get_params_for("module"), where),
            "weights": {name: weight.cpu().numpy() for name, weight in net.module_.state_dict().items()},
            "batch_size": int(net.batch_size), "history": epochs}


def rebuild(description, device="cpu"):
    """What `describe` described; torch will compute on `device`."""
    if isinstance(description, (list, tuple)):
        return type(description)(rebuild(item, device) for item in description)
    if not isinstance(description, dict):
        return description
    name = description["class"]
    if name == "frame_features":
        return partial(frame_features, **_complete(name, description["parameters"]))
    if name == "ClipNet":
        return _rebuild_net(description, device)
    made = getattr(import_module(CLASSES[name]), name)
    parameters, attributes = ({key: rebuild(value, device) for key, value in description.get(part, {}).items()}
                              for part in ("parameters", "attributes"))
    if name in FITTED:
        estimator, attributes = made.__new__(made), _complete(name, attributes)
    else:
        if name == "LSTMRegressor":
            parameters["device"] = device
            if attributes:  # perhaps saved before there were these: all is of size 1, one part, and as it is shown
                attributes.setdefault("size_", BodySize([], []))
                attributes.setdefault("parts_", [])
                attributes.setdefault("completion_", None)
        estimator = made(**_complete(name, parameters))
    for attribute, value in attributes.items():
        setattr(estimator, attribute, value)
    return estimator


def _complete(name, values):
    return values | {key: value for key, value in BEFORE.get(name, {}).items() if key not in values}


def _rebuild_net(description, device):
    import torch
    from skorch.history import History

    from .losses import MaskedLoss
    from .modules import PartLSTMs, SequenceLSTM
    from .net import ClipNet

    module = PartLSTMs if "parts" in description["module"] else SequenceLSTM
    with torch.random.fork_rng(devices=[]):  # which weights it starts with does not matter
        net = ClipNet(module, criterion=MaskedLoss, train_split=None, callbacks=None, device=device, verbose=0,
                      batch_size=description["batch_size"],
                      **{f"module__{name}": value for name, value in description["module"].items()}).initialize()
    net.module_.load_state_dict({name: torch.tensor(weight) for name, weight in description["weights"].items()})
    net.history = History({"batches": [], **epoch} for epoch in description["history"])
    return net


def parts_of_lifter(description):
    """The transformers before a regressor, those of its depths, and the regressor itself."""
    steps = [step for _, step in description["parameters"]["steps"]] if "steps" in description["parameters"] else []
    last = steps.pop() if steps else description
    if last["class"] != "TransformedTarget":
        return steps, [], last
    transformer = last["attributes"]["transformer_"]
    outputs = [step for _, step in transformer["parameters"].get("steps", [("", transformer)])]
    return steps, outputs, last["attributes"]["regressor_"]


def parts_of_net(net):
    """Of each LSTM of a net, as described: the features it sees, the depths it makes, and its weights by name."""
    weights = net["weights"]
    if "parts" not in net["module"]:
        return [(np.arange(len(weights["mean"])), np.arange(net["module"]["n_outputs"]), weights)]
    return [(seen, made, {name.split(".", 2)[2]: values for name, values in weights.items()
                          if name.startswith(f"lstms.{i}.")})
            for i, (seen, made) in enumerate(net["module"]["parts"])]
