"""Small recordings with their depths, every public estimator in its smallest form, and what holds for each."""

import numpy as np
from metric_cases import SIGNER
from sklearn.base import is_regressor
from sklearn.pipeline import make_pipeline

from liftz import (
    Flat,
    FrameRidge,
    GapFiller,
    LSTMRegressor,
    MeanPose,
    RegionSelector,
    RootCenterer,
    Skeleton,
    SkeletonConverter,
    TransformedTarget,
    ZNormalizer,
    make_lifter,
)
from liftz.sequences import to_object_array

REORDERED = Skeleton("reordered", SIGNER.keypoints[::-1], root="hip",
                     regions={"hand": ["wrist", "thumb", "tip"], "body": ["hip", "neck", "head"]},
                     roots={"hand": "wrist"})
TINY = {"n_nets": 1, "stride": 1, "hidden_size": 4, "num_layers": 1, "max_epochs": 1, "batch_size": 3,
        "random_state": 0}


def tiny_lstm(skeleton=SIGNER, **parameters):
    return LSTMRegressor(skeleton, **(TINY | parameters))


def tiny_lifter(**parameters):
    return make_lifter(SIGNER, **(TINY | parameters))


TRANSFORMERS = {
    "RootCenterer": RootCenterer(SIGNER),
    "ZNormalizer": ZNormalizer(),
    "RegionSelector": RegionSelector(SIGNER, ["hand", "head"]),
    "GapFiller": GapFiller(),
    "SkeletonConverter": SkeletonConverter(SIGNER, REORDERED),
}
REGRESSORS = {
    "Flat": Flat(),
    "MeanPose": MeanPose(),
    "FrameRidge": FrameRidge(),
    "LSTMRegressor": tiny_lstm(num_layers=2),
    "LSTMRegressor, one-way": tiny_lstm(None, look_ahead=0, residual=True, layer_norm=True, window=7),
    "TransformedTarget": TransformedTarget(tiny_lstm(), make_pipeline(RootCenterer(SIGNER), ZNormalizer())),
    "make_lifter": tiny_lifter(),
    "make_lifter, a region": tiny_lifter(select="hand"),
}
ESTIMATORS = TRANSFORMERS | REGRESSORS


def recordings(n_channels=2, lengths=(9, 14, 5, 14, 7, 11), gaps=True, seed=0):
    """Clips of `SIGNER` in mm, depths that follow from them, and the signers; no gap in first frames."""
    rng = np.random.default_rng(seed)
    lean, pose = rng.normal(size=2), 100 * rng.normal(size=6)
    X, y = [], []
    for n in lengths:
        xy = 100 * rng.normal(size=(6, 2)) + np.cumsum(20 * rng.normal(size=(n, 6, 2)), axis=0)
        depth = xy @ lean + pose + 1000
        clip = np.concatenate([xy, rng.random((n, 6, 1))], axis=2)[..., :n_channels]
        if gaps:
            clip[1:][rng.random((n - 1, 6)) < 0.15, :2] = np.nan
            depth[1:][rng.random((n - 1, 6)) < 0.1] = np.nan
        X.append(clip.astype(np.float32))
        y.append(depth.astype(np.float32))
    return to_object_array(X), to_object_array(y), np.array(["Ann", "Ben", "Cem"] * len(X))[: len(X)]


def output(estimator, X):
    """What an estimator puts out: depths, or transformed clips."""
    return estimator.predict(X) if is_regressor(estimator) else estimator.transform(X)


def assert_same(found, expected, atol=0.0):
    assert len(found) == len(expected)
    for i, (a, b) in enumerate(zip(found, expected, strict=True)):
        np.testing.assert_allclose(a, b, rtol=0, atol=atol, err_msg=f"clip {i}")


def assert_clips_alone(predict, X, atol=1e-5):
    """A clip's output depends neither on the clips beside it, nor on the padding that they bring.

    `atol` is in units of the outputs' size.
    """
    together = predict(X)
    size = max(np.nanmax(np.abs(clip)) for clip in together)
    for i, clip in enumerate(X):
        [alone] = predict(X[i:i + 1])
        assert alone.shape[0] == together[i].shape[0] == len(clip)
        np.testing.assert_allclose(alone, together[i], rtol=0, atol=atol * size, err_msg=f"clip {i}, alone or not")
    order = np.random.default_rng(0).permutation(len(X))
    assert_same(predict(X[order]), together[order], atol * size)
