"""The next steps that the study names, each as a change of the lifter that it is compared with."""

from __future__ import annotations

from liftz.gaps import bridge
from liftz.sequences import to_object_array

from .measuring import make

__all__ = ["STEPS", "step"]

STEPS = {
    "the lifter": {},
    "one more layer": {"num_layers": 2},
    "AMSGrad": {"amsgrad": True},
    "learning rate / 10": {"lr": 2e-4},
    "learning rate x 10": {"lr": 2e-2},
    "learning rate x 100": {"lr": 2e-1},
    "a quarter of the epochs": {"max_epochs": 8},
    "twice the epochs": {"max_epochs": 60},
    "the full data set": {},
    "visibility not told": {},
    "no dropout": {"dropout": 0.0},
    "weight decay x 100": {"weight_decay": 1.0},
    "no varied bodies": {"augment": None},
    "classification, 64 bins": {"bins": 64},
}


def step(name, fold, skeleton, seed):
    """The lifter of a step, and the fold as it sees that."""
    if name == "visibility not told":
        fold = fold._replace(X=_bridged(fold.X), X_test=_bridged(fold.X_test))
    return make(skeleton, seed, **STEPS[name]), fold


def _bridged(clips):
    """Clips whose gaps are filled in a straight line, so that no network can tell what was seen."""
    return to_object_array([bridge(clip, hold_ends=True) for clip in clips])
