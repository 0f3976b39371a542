"""Pictures of a fit: the loss, epoch by epoch."""

from __future__ import annotations

from ._drawing import require

__all__ = ["plot_learning_curves"]


def plot_learning_curves(lifter, ax=None):
    """Draw the training loss of each net, and the validation loss where there is one, over the epochs.

    Parameters
    ----------
    lifter : fitted LSTMRegressor, or a Pipeline or TransformedTarget that ends in one
        Validation takes ``early_stopping=True``.
    ax : matplotlib axes, optional
        Draw there. Default: a new figure.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    TypeError
        If the estimator has no nets, as baselines have not.
    NotFittedError
        If it was not fitted.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz import LSTMRegressor
    >>> from liftz.plots import plot_learning_curves
    >>> X = np.random.default_rng(0).normal(size=(4, 20, 3, 2))
    >>> lstm = LSTMRegressor(n_nets=2, hidden_size=8, max_epochs=3, random_state=0).fit(X, X.sum(axis=3))
    >>> ax = plot_learning_curves(lstm)
    >>> [len(line.get_xdata()) for line in ax.get_lines()]
    [3, 3]
    """
    from sklearn.utils.validation import check_is_fitted

    regressor = lifter
    while not hasattr(regressor, "n_nets"):
        if hasattr(regressor, "steps"):
            regressor = regressor.steps[-1][1]
        elif hasattr(regressor, "regressor"):
            regressor = getattr(regressor, "regressor_", regressor.regressor)
        else:
            raise TypeError(f"{type(regressor).__name__} has no nets whose learning could be drawn; expected an "
                            f"LSTMRegressor, or a Pipeline that ends in one")
    check_is_fitted(regressor, "nets_")
    if ax is None:
        ax = require("matplotlib.pyplot").figure(figsize=(6, 3.6), layout="constrained").add_subplot()
    for number, net in enumerate(regressor.nets_, 1):
        name = f" of net {number}" if len(regressor.nets_) > 1 else ""
        ax.plot(net.history[:, "epoch"], net.history[:, "train_loss"], color=f"C{number - 1}", label=f"training{name}")
        if "valid_loss" in net.history[0]:
            ax.plot(net.history[:, "epoch"], net.history[:, "valid_loss"], "--", color=f"C{number - 1}",
                    label=f"validation{name}, on signers held out")
    ax.set(xlabel="epoch", ylabel="loss (of normalised depths)")
    ax.set_ylim(bottom=0)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend(fontsize="small")
    ax.spines[["top", "right"]].set_visible(False)
    return ax
