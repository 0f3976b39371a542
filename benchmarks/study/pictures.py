"""Pictures of the experiments: how they learn, where they err, and a predicted body beside the true one, turning."""

from __future__ import annotations

import matplotlib
import numpy as np

from liftz.plots import animate, plot_keypoint_errors, plot_learning_curves

from .measuring import make
from .report import keypoint_errors

__all__ = ["draw_animation", "draw_keypoint_errors", "draw_learning_curves", "fit_watched"]


def fit_watched(skeleton, fold, seed, **parameters):
    """A lifter fitted while its loss on a share of the training signers (or recordings) is watched."""
    patience = {"early_stopping": True, "patience": 10**6}  # never stops, but keeps the best epoch
    return make(skeleton, seed, **patience, **parameters).fit(fold.X, fold.y, fold.labels)


def draw_learning_curves(path, lifters):
    """Losses over the epochs, a panel for each experiment."""
    import matplotlib.pyplot as plt

    n_rows = -(-len(lifters) // 4)
    figure, axes = plt.subplots(n_rows, 4, figsize=(14, 2.8 * n_rows), layout="constrained", squeeze=False)
    for ax, (name, lifter) in zip(axes.flat, lifters.items(), strict=False):
        plot_learning_curves(lifter, ax=ax)
        ax.set_title(name)
        ax.legend(["training", "held out"], fontsize="small")
    for ax in axes.flat[len(lifters):]:
        ax.set_axis_off()
    figure.savefig(path, dpi=70)
    plt.close(figure)


def draw_keypoint_errors(path, lines, data):
    """Where an experiment errs, on the skeleton."""
    matplotlib.use("Agg")
    axes = plot_keypoint_errors(keypoint_errors(lines, data.skeleton), data.skeleton, data.X, units=data.units)
    axes[0].figure.savefig(path, dpi=70)


def draw_animation(path, lifter, fold, data, n_frames=60):
    """Two seconds of a clip left out: keypoints, truth and prediction."""
    clip, truth = fold.X_test[0], fold.y_test[0]
    depth = lifter.predict([clip])[0][:n_frames]
    clip, truth = clip[:n_frames], truth[:n_frames]
    animate(path, np.dstack([clip, depth]), data.skeleton, truth=np.dstack([clip, truth]), fps=data.fps,
            units=data.units)
