"""`EpochPruning`: give a fit up, epoch by epoch, where earlier trials were better on the same fold."""

from __future__ import annotations

import optuna
from optuna.pruners import MedianPruner
from optuna.trial import TrialState, create_trial
from skorch.callbacks import Callback

from ._search.study import quiet

__all__ = ["EpochPruning"]


class EpochPruning(Callback):
    """A skorch callback that prunes a trial of `OptunaSearch` within a fold.

    It compares the net, at the same epoch, with those that earlier trials trained to the end on the same fold. The
    search hands each fit a copy with their curves; it needs no study and no storage, so folds may run in any process.

    Parameters
    ----------
    parameter : str, default="lift__regressor__callbacks"
        The estimator's parameter that takes skorch callbacks; they are added to what is there.
    monitor : str, default="valid_loss"
        Column of skorch's history, less is better. A lifter has ``"valid_loss"`` with ``early_stopping=True``, on
        signers held out of its training. Losses compare only if trials do not differ in ``loss`` or the weights of its
        parts, ``velocity`` and ``along_bones``.
    pruner : optuna.pruners.BasePruner, optional
        One that looks at nothing but intermediate values: `MedianPruner`, `PercentilePruner`, `ThresholdPruner`,
        `PatientPruner`. Default: a `MedianPruner`.
    curves : sequence of arrays of shape (n_epochs,), default=()
    curve : list, optional
        For the search to set: earlier trials' values, and where to append those of this fit. Of an estimator that
        averages several nets, the first alone is judged.

    Examples
    --------
    >>> from liftz.pruning import EpochPruning
    >>> EpochPruning("regressor__callbacks", monitor="train_loss").monitor
    'train_loss'
    """

    def __init__(self, parameter="lift__regressor__callbacks", monitor="valid_loss", pruner=None, curves=(),
                 curve=None):
        self.parameter = parameter
        self.monitor = monitor
        self.pruner = pruner
        self.curves = curves
        self.curve = curve

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.judges_ = not self.curve
        with quiet():
            self.study_ = optuna.create_study(direction="minimize")
        for curve in self.curves:
            self.study_.add_trial(create_trial(value=min(curve), intermediate_values=dict(enumerate(curve.tolist()))))

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        if not self.judges_:
            return
        epoch = net.history[-1]
        if self.monitor not in epoch:
            known = [name for name, value in epoch.items() if isinstance(value, float)]
            raise ValueError(f"EpochPruning: the history has no {self.monitor!r}, it has {', '.join(known)}; a lifter "
                             f"has valid_loss with early_stopping=True")
        self.curve.append(float(epoch[self.monitor]))
        trial = create_trial(state=TrialState.RUNNING, intermediate_values=dict(enumerate(self.curve)))
        trial.number = len(self.curves)
        if (self.pruner or MedianPruner()).prune(self.study_, trial):
            raise optuna.TrialPruned(f"{self.monitor} {self.curve[-1]:.4g} after {len(self.curve)} epochs")
