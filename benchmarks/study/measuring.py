"""One fit and what it is worth: errors by region beside the baselines, in plain values."""

from __future__ import annotations

import sys
import time

import numpy as np
import torch

from liftz import Flat, FrameRidge, MeanPose, make_lifter
from liftz.metrics import pck
from liftz.preprocessing import RootCenterer
from liftz.tables import error_table

__all__ = ["BASELINES", "make", "measure", "peak_memory"]

BASELINES = {"flat": Flat, "mean pose": MeanPose, "ridge": FrameRidge}


def make(skeleton, seed, vary=None, **parameters):
    """The recommended lifter, but small; like the study's it sees people in their own sizes, and its loss no bones.

    `vary` is for its `BodyAugmenter`, which turns nobody in the picture.
    """
    small = {"n_nets": 1, "stride": 2, "window": 100, "batch_size": 16, "max_epochs": 30, "one_size": False,
             "by_part": False, "along_bones": 0.0, "random_state": seed}
    lifter = make_lifter(skeleton, **small | parameters)
    augment = lifter["lift"].regressor.augment
    if augment is not None:
        augment.set_params(**{"roll": 0.0} | (vary or {}))
    return lifter


def measure(key, fold, skeleton, lifter, baselines=tuple(BASELINES)):
    """Fit a lifter and the baselines on a fold; the result line, which begins with the key.

    Raises
    ------
    AssertionError
        If a test clip is in training under another label.
    """
    torch.set_num_threads(1)
    trained = {hash(clip.tobytes()) for clip in fold.X}
    if any(hash(clip.tobytes()) in trained for clip in fold.X_test):
        raise AssertionError(f"{key}: a clip of the test is also in training")
    start = time.process_time()
    try:
        lifter.fit(fold.X, fold.y, fold.groups)
    except ValueError as error:
        if "the loss became" not in str(error):
            raise
        return {**key, "left_out": fold.left_out, "diverged": str(error)}
    seconds = time.process_time() - start
    predictions = {"lifter": lifter.predict(fold.X_test)}
    for name in baselines:
        predictions[name] = make_lifter(skeleton, BASELINES[name]()).fit(fold.X, fold.y).predict(fold.X_test)
    table = error_table(fold.y_test, predictions, [""] * len(fold.X_test), skeleton, keypoints=True)
    parts: dict = {}
    for row in table.rows:
        parts.setdefault(row.part, {})[row.model] = round(row.mean, 4)
    for part in ("all", *skeleton.regions):
        if part in parts:
            regions = None if part == "all" else part
            parts[part]["pck"] = round(pck(fold.y_test, predictions["lifter"], skeleton=skeleton,
                                           regions=regions), 4)
    nets = lifter[-1].regressor_.nets_
    return {**key, "left_out": fold.left_out, "parts": parts,
            "movement": round(_movement(fold.y_test, predictions["lifter"], skeleton), 3),
            "fit_seconds": round(seconds, 1), "peak_mib": peak_memory(),
            "parameters": sum(p.numel() for net in nets for p in net.module_.parameters())}


def _movement(y_true, y_pred, skeleton):
    """How much the predicted depths move, as a part of how much the true ones do: 0 is a pose that stands."""
    centre = RootCenterer(skeleton)
    moved = [0.0, 0.0]
    for true, predicted in zip(centre.fit_transform(y_true), centre.fit_transform(y_pred), strict=True):
        both = np.where(np.isnan(true) | np.isnan(predicted), np.nan, 1)
        for i, depth in enumerate((predicted, true)):
            depth = (depth * both).astype(np.float64)
            known = ~np.isnan(depth).all(axis=0)
            moved[i] += float(np.nanstd(depth[:, known], axis=0).sum())
    return moved[0] / moved[1] if moved[1] else float("nan")


def peak_memory():
    """The most memory that this process has held so far, in MiB; None where the system does not say (Windows)."""
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (2**20 if sys.platform == "darwin" else 2**10)
