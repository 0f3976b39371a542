"""Pages in one HTML file, for a browser without a network: errors with their clips in 3D, and the player alone."""

from ._evaluation import write_report
from ._viewer import write_player

__all__ = ["write_player", "write_report"]
