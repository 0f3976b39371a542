"""Where keypoints are likely to be that a clip never shows: a limb beyond the picture's edge, a hand not found."""

from __future__ import annotations

import numpy as np

from .gaps import bridge
from .sequences import seen

__all__ = ["Completion"]

MOST = 16  # components
EVERY, MOST_POSES = 5, 20_000  # frames: neighbours tell the same
AT_ONCE = 1000  # poses, which bounds the memory


class Completion:
    """Puts keypoints that a clip never shows where, beside those that it shows, training had them.

    Poses are normally distributed about a mean, in a few directions, and alike in all others: probabilistic principal
    components (M. E. Tipping and C. M. Bishop, 1999). What a frame shows tells how far a pose goes in each direction,
    and that, where the rest of it is: nets that were trained on whole bodies go on from there as if they saw it.

    Parameters
    ----------
    X : sequence of n_clips arrays ``(n_frames, n_keypoints, 2 or 3)``
        Training clips.
    sizes : array of shape (n_clips,), optional
        What they are divided by to be of one size.

    Attributes
    ----------
    known : array of shape (n_keypoints,), of bool
        Which keypoints training shows.
    mean : array of shape (2 * n_keypoints,)
    components : array of shape (2 * n_keypoints, n_components)
        Directions, as long as poses deviate along each.
    noise : float
        Variance in all others.
    confidence : float
        What that of keypoints is on average, if there is one; that of those that are put in.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz.completion import Completion
    >>> bent = np.linspace(0, 1, 50)[:, None, None] * np.array([[[0.0, 0], [1, 2], [2, 4]]])
    >>> completion = Completion([bent])
    >>> elbow_only = np.array([[[0, 0], [0.3, 0.6], [np.nan, np.nan]]])
    >>> completion(elbow_only)[0].round(2)
    array([[0. , 0. ],
           [0.3, 0.6],
           [0.6, 1.2]])
    """

    def __init__(self, X, sizes=None):
        sizes = np.ones(len(X)) if sizes is None else sizes
        every = EVERY * max(1, sum(map(len, X)) // (EVERY * MOST_POSES))
        xy = np.concatenate([bridge(clip[..., :2], hold_ends=True)[::every] / np.float32(size)
                             for clip, size in zip(X, sizes, strict=True)])
        shown = seen(xy)
        self.known = shown.any(axis=0)
        n_shown = np.maximum(shown.sum(axis=0), 1)[:, None]
        xy[~shown] = 0
        mean = xy.sum(axis=0, dtype=np.float64) / n_shown
        scatter = np.zeros((mean.size, mean.size))
        for start in range(0, len(xy), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            poses = np.where(shown[part, :, None], xy[part] - mean, 0).reshape(-1, mean.size)
            scatter += poses.T @ poses
        variances, directions = np.linalg.eigh(scatter / len(xy))
        n = min(MOST, len(variances) - 1)
        self.mean = mean.ravel()
        still = np.diag(scatter) <= 1e-12 * np.max(np.diag(scatter))  # as a root: what is put in is to stand still, too
        self.components = np.where(still[:, None], 0, directions * np.sqrt(np.maximum(variances, 0)))[:, :-n - 1:-1]
        self.noise = float(max(np.mean(variances[:-n]), 1e-6 * variances.sum(), 1e-30))
        told = [(clip[..., 2][seen(clip)].sum(dtype=np.float64), seen(clip).sum()) for clip in X if clip.shape[2] == 3]
        self.confidence = float(np.divide(*np.sum(told, axis=0))) if told else 1.0

    def __call__(self, clip, causal=False, way=None):
        """A clip with those keypoints put in; itself if there are none.

        Parameters
        ----------
        clip : array of shape (n_frames, n_keypoints, 2 or 3)
        causal : bool, default=False
            Whether to leave out later frames: then a keypoint is put in until it is seen first.
        way : int, optional
            As for `fill`.

        Returns
        -------
        array like `clip`
        """
        visible = seen(clip)
        told = np.maximum.accumulate(visible) if causal else np.broadcast_to(visible.any(axis=0), visible.shape)
        if told[:, self.known].all():
            return clip
        told = told & self.known
        lacking = ~told & self.known & told.any(axis=1, keepdims=True)
        xy = bridge(clip[..., :2], hold_ends=True, causal=causal)
        out = clip.copy()
        for shown in np.unique(told[lacking.any(axis=1)], axis=0):
            frames = np.flatnonzero((told == shown).all(axis=1))
            hidden = np.flatnonzero(self.known & ~shown)
            poses = self.fill(xy[frames], shown, way)[:, hidden]
            out[frames[:, None], hidden, :2], out[frames[:, None], hidden, 2:] = poses, self.confidence
        return out

    def fill(self, xy, shown, way=None):
        """Poses ``(n, n_keypoints, 2)``, as likely as can be beside the keypoints that are shown.

        About these, the others are normally distributed; with a `way`, poses are a deviation off the likeliest. Ways
        are the principal directions of that distribution, the longest first, each there (0, 2, ...) and back (1, 3).
        """
        of_shown = np.repeat(shown, 2)
        told = self.components[of_shown]
        rows = told.T @ told + self.noise * np.eye(told.shape[1])
        apart = (np.reshape(xy, (len(xy), -1)) - self.mean)[:, of_shown]
        along = np.linalg.solve(rows, told.T @ apart.T)
        if way is not None:
            unknown = np.sqrt(self.noise) * np.linalg.inv(np.linalg.cholesky(rows)).T
            ways = np.linalg.svd(self.components[~of_shown] @ unknown, full_matrices=False)[2]
            if way // 2 < len(ways):
                along += (-1) ** way * (unknown @ ways[way // 2])[:, None]
        return (self.mean + along.T @ self.components.T).reshape(len(xy), -1, 2)
