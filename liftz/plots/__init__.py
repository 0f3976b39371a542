"""Pictures, with matplotlib: ``pip install "liftz[plot]"``."""

from ._roots import at_true_roots
from .animation import animate
from .curves import plot_learning_curves
from .errors import plot_keypoint_errors, plot_signer_errors
from .poses import plot_comparison, plot_pose

__all__ = ["animate", "at_true_roots", "plot_comparison", "plot_keypoint_errors", "plot_learning_curves", "plot_pose",
           "plot_signer_errors"]
