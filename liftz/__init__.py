"""liftz lifts 2D signing keypoints into depth, as scikit-learn estimators."""

from liftz._lazy import lazy

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
# So that a metric or `liftz --help` does not wait for torch.
__getattr__, __dir__ = lazy(__name__, _HOMES, __all__)
