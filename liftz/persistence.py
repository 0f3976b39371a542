"""`save` and `load`: a fitted lifter in one file, without pickle, exact to the last bit.

A file is safetensors: its arrays, and a JSON text under ``"liftz"`` in its metadata, which says what they belong to.
The text has a sha256 of the whole file, in which the digest's own 64 characters count as zeros.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import fields
from pathlib import Path

import numpy as np

from . import __version__
from ._description import describe, rebuild
from ._files import FileFormatError, atomic_write
from .skeleton import Skeleton

__all__ = ["load", "read_facts", "save"]

FORMAT = 1  # to be raised whenever older releases would misread what is written
BLANK = "0" * 64


def save(lifter, path, *, facts=None):
    """Save a fitted lifter, with which `load` predicts bit by bit the same.

    Parameters
    ----------
    lifter : estimator
        Fitted: what `make_lifter` makes, or a Pipeline or a regressor of liftz' estimators.
    path : str or path-like
        Replaced at once or not at all; by custom it ends in ``.liftz``.
    facts : dict, optional
        What to know of the lifter, such as its frame rate and units: whatever JSON can say. See `read_facts`.

    Raises
    ------
    TypeError
        For an estimator, or a part of one, that is not of liftz; for facts that are no JSON.

    Warns
    -----
    UserWarning
        If `LSTMRegressor` has callbacks, a RandomState or an augmenter of your own: they are left out. Prediction
        does without them.

    Notes
    -----
    Of the nets' histories the epochs are kept, without their batches. Metadata requests are not kept.

    Examples
    --------
    >>> from liftz import make_lifter
    >>> from liftz.datasets import make_signing
    >>> from liftz.persistence import load, save
    >>> data = make_signing(n_signers=1, n_clips=2, n_frames=30, random_state=0)
    >>> lifter = make_lifter(data.skeleton, n_nets=1, hidden_size=16, max_epochs=1, random_state=0).fit(data.X, data.y)
    >>> path = getfixture("tmp_path") / "signing.liftz"
    >>> save(lifter, path, facts={"fps": 30, "units": "cm"})
    >>> bool((load(path).predict(data.X)[0] == lifter.predict(data.X)[0]).all())
    True
    """
    from safetensors.numpy import save as to_bytes
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(lifter)
    arrays: dict[str, np.ndarray] = {}
    skeletons: list[Skeleton] = []
    content = {"format": FORMAT, "version": __version__, "sha256": BLANK, "facts": check_facts(facts),
               "lifter": _to_json(describe(lifter, type(lifter).__name__), arrays, skeletons)}
    content["skeletons"] = [{field.name: getattr(skeleton, field.name) for field in fields(Skeleton)}
                            for skeleton in skeletons]
    data = to_bytes(arrays, metadata={"liftz": json.dumps(content, allow_nan=False)})
    with atomic_write(path) as file:
        file.write(data.replace(BLANK.encode(), hashlib.sha256(data).hexdigest().encode(), 1))


def load(path, *, device="cpu"):
    """Load a lifter that `save` saved.

    No code is run that the file brings: a file can make nothing but liftz' own estimators.

    Parameters
    ----------
    path : str or path-like
    device : str, default="cpu"
        Where torch is to compute, wherever the lifter was fitted.

    Returns
    -------
    estimator
        Fitted.

    Raises
    ------
    FileFormatError
        If the file is damaged, not of liftz, or of a newer liftz.
    """
    from sklearn.utils.validation import check_is_fitted

    from ._parameters import check_device

    description = read(path)["lifter"]
    check_device(device)
    try:
        lifter = rebuild(description, device)
        check_is_fitted(lifter)
        return lifter
    except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise FileFormatError(path, f"does not describe a lifter that this version of liftz, {__version__}, "
                                    f"can make: {error!r}") from error


def read_facts(path):
    """The facts that a lifter was saved with, as a dict; raises like `load`, and takes no torch.

    Examples
    --------
    >>> from liftz import Flat
    >>> from liftz.persistence import read_facts, save
    >>> path = getfixture("tmp_path") / "flat.liftz"
    >>> save(Flat().fit([[[[0.0, 1.0]]]], [[[2.0]]]), path, facts={"units": "cm"})
    >>> read_facts(path)
    {'units': 'cm'}
    """
    return read(path)["facts"]


def read(path):
    """The content of a file whose digest is right: its ``"facts"``, and the ``"lifter"`` as `describe` told it."""
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_bytes

    data = Path(path).read_bytes()
    try:
        text = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]["liftz"]
        head = json.loads(text)
        form, digest = head["format"], head["sha256"]
        if type(form) is not int or type(digest) is not str or len(digest) != len(BLANK):
            raise ValueError(f"format {form!r} and sha256 {digest!r}")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FileFormatError(path, "is no lifter that liftz saved, or is damaged at its beginning") from error
    if form > FORMAT:
        raise FileFormatError(path, f"has format {form}, written by liftz {head.get('version')}; this is liftz "
                                    f"{__version__}, which reads up to {FORMAT}: pip install -U liftz")
    if hashlib.sha256(data.replace(digest.encode(), BLANK.encode(), 1)).hexdigest() != digest:
        raise FileFormatError(path, "is damaged or cut off: its sha256 is not what it was when it was saved")
    try:
        arrays = {name: array.copy() for name, array in from_bytes(data).items()}
        skeletons = [Skeleton(**skeleton) for skeleton in head["skeletons"]]
        return {**head, "lifter": _from_json(head["lifter"], arrays, skeletons)}
    except (SafetensorError, AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise FileFormatError(path, f"is no lifter that liftz saved: {error!r}") from error


def check_facts(facts):
    """Facts, if JSON can say them and says the same; none are an empty dict."""
    facts = {} if facts is None else facts
    try:
        if json.loads(json.dumps(facts, allow_nan=False)) == facts and isinstance(facts, dict):
            return facts
        problem = "a dict with strings for keys, of numbers, strings, lists and dicts"
    except (TypeError, ValueError) as error:
        problem = f"what JSON can say: {error}"
    raise TypeError(f"facts must be {problem}")


def _to_json(value, arrays, skeletons):
    """A description as JSON has it: arrays and skeletons by their number, tuples and dicts by name."""
    if isinstance(value, np.ndarray):
        arrays[name := str(len(arrays))] = np.asarray(value, order="C")
        return {"array": name}
    if isinstance(value, Skeleton):
        if value not in skeletons:
            skeletons.append(value)
        return {"skeleton": skeletons.index(value)}
    if isinstance(value, dict):
        return {"dict": {name: _to_json(item, arrays, skeletons) for name, item in value.items()}}
    if isinstance(value, (list, tuple)):
        items = [_to_json(item, arrays, skeletons) for item in value]
        return items if isinstance(value, list) else {"tuple": items}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    return value


def _from_json(value, arrays, skeletons):
    if isinstance(value, list):
        return [_from_json(item, arrays, skeletons) for item in value]
    if not isinstance(value, dict):
        return value
    [(kind, content)] = value.items()
    if kind == "array":
        return arrays[content]
    if kind == "skeleton":
        return skeletons[content]
    if kind == "dict":
        return {name: _from_json(item, arrays, skeletons) for name, item in content.items()}
    if kind == "tuple":
        return tuple(_from_json(item, arrays, skeletons) for item in content)
    if kind == "float":
        return float(content)
    raise ValueError(f"unknown kind {kind!r}")
