"""liftz lifts 2D signing keypoints into depth, as scikit-learn estimators."""

from importlib import import_module

__version__ = "0.1.0"

_HOMES = {
    "BodyAugmenter": "augmentation",
    "EpochPruning": "pruning",
    "Flat": "baselines",
    "FrameRidge": "baselines",
    "GapFiller": "preprocessing",
    "LSTMRegressor": "regressor",
    "MeanPose": "baselines",
    "OptunaSearch": "tuning",
    "RegionSelector": "preprocessing",
    "RootCenterer": "preprocessing",
    "Skeleton": "skeleton",
    "SkeletonConverter": "conversion",
    "Stream": "streaming",
    "TransformedTarget": "target",
    "ZNormalizer": "preprocessing",
    "assemble": "assembly",
    "check_sequences": "sequences",
    "convert": "conversion",
    "lifter_space": "spaces",
    "load": "persistence",
    "make_lifter": "lifter",
    "mpjpe": "metrics",
    "mpjpe_scorer": "scoring",
    "region_scorers": "scoring",
    "save": "persistence",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name):
    # Lazy, so that a metric or `liftz --help` does not wait for torch.
    if name not in _HOMES:
        raise AttributeError(f"module 'liftz' has no attribute {name!r}")
    return getattr(import_module(f"liftz.{_HOMES[name]}"), name)


def __dir__():
    return __all__
