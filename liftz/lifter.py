"""`make_lifter`: the recommended Pipeline."""

from __future__ import annotations

from copy import copy

from sklearn import get_config
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from .augmentation import BodyAugmenter
from .preprocessing import RegionSelector, RootCenterer
from .regressor import LSTMRegressor
from .skeleton import check_skeleton
from .target import TransformedTarget

__all__ = ["Lifter", "make_lifter"]

SMALL = {"hidden_size": 64, "bottleneck": 48}  # parts: there are several, and each has less to tell


class Lifter(Pipeline):
    """A Pipeline that takes signers as groups, and adapts to a new one; `make_lifter` makes it."""

    def fit(self, X, y=None, groups=None, **params):
        """Fit all steps.

        Parameters
        ----------
        X : sequence of n_clips arrays ``(n_frames, n_keypoints, 2 or 3)``
        y : sequence of n_clips arrays ``(n_frames, n_keypoints)``
        groups : array of shape (n_clips,), optional
            The signer of each clip: makes a better `LSTMRegressor`, and one that knows its errors. Other
            regressors do without.
        **params
            As for `sklearn.pipeline.Pipeline`.

        Returns
        -------
        self
        """
        if groups is not None and has_fit_parameter(getattr(self[-1], "regressor", self[-1]), "groups"):
            routed = get_config()["enable_metadata_routing"]
            params["groups" if routed else f"{self.steps[-1][0]}__groups"] = groups
        return super().fit(X, y, **params)

    def adapt(self, X, y, **parameters):
        """A copy that went on learning from a few clips of one person, whom it then lifts better.

        Parameters
        ----------
        X : sequence of n_clips arrays ``(n_frames, n_keypoints, 2 or 3)``
        y : sequence of n_clips arrays ``(n_frames, n_keypoints)``
        **parameters
            See `LSTMRegressor.adapt`.

        Returns
        -------
        Lifter
        """
        adapted = copy(self)
        name, last = self.steps[-1]
        adapted.steps = [*self.steps[:-1], (name, last.adapt(self._inputs(X), y, **parameters))]
        return adapted

    def novelty(self, X):
        """How unlike those of training the poses of clips are, and how much larger errors are to be expected then.

        Parameters
        ----------
        X : sequence of n_clips arrays ``(n_frames, n_keypoints, 2 or 3)``

        Returns
        -------
        new, growth : arrays of shape (n_clips,)
            See `LSTMRegressor.novelty`.

        Raises
        ------
        ValueError
            If the regressor is no `LSTMRegressor`, or does not know its errors.

        Examples
        --------
        >>> from liftz import make_lifter
        >>> from liftz.datasets import make_signing
        >>> data = make_signing(n_signers=5, n_clips=3, n_frames=(30, 40), views=(0,), random_state=0)
        >>> lifter = make_lifter(data.skeleton, n_nets=4, hidden_size=8, max_epochs=1, random_state=0)
        >>> lifter = lifter.fit(data.X, data.y, groups=data.groups)
        >>> aside = make_signing(n_signers=1, n_clips=2, n_frames=30, views=(60,), random_state=1)
        >>> new, growth = lifter.novelty(aside.X)
        >>> new > 1
        array([ True,  True])
        """
        check_is_fitted(self)
        regressor = getattr(self[-1], "regressor_", self[-1])
        if not hasattr(regressor, "novelty"):
            raise ValueError(f"novelty takes an LSTMRegressor, got a {type(regressor).__name__}")
        return regressor.novelty(self._inputs(X))

    def _inputs(self, X):
        return self[:-1].transform(X) if len(self.steps) > 1 else X

    def stream(self):
        """A `Stream` of this lifter, which takes frames one by one; it needs a `look_ahead`."""
        from .streaming import Stream

        check_is_fitted(self)
        return Stream(self)


def make_lifter(skeleton, regressor=None, *, select=None, **parameters):
    """The recommended Pipeline from clips of keypoints to depths relative to their roots.

    Its steps are ``center`` (each region's root at zero), ``select`` (only with `select`) and ``lift``, a
    `TransformedTarget` that treats depths likewise. The regressor normalises both itself, so x and y keep one unit,
    which its bones need.

    Parameters
    ----------
    skeleton : Skeleton
        Names the keypoints of the clips.
    regressor : estimator, optional
        Predicts root-relative depths. Default: an `LSTMRegressor` that knows the skeleton's bones, sees everybody in
        one size, lifts face and hands by LSTMs of their own, of 64 units behind a bottleneck of 48, and is trained on
        bodies varied by a `BodyAugmenter`.
    select : str or sequence of str, optional
        Regions and keypoints to lift, by name, from themselves alone; depths of all others are NaN.
    **parameters
        For the default `LSTMRegressor`, such as ``random_state=0`` or ``n_nets=1``. Given one, the others stay: with
        ``hidden_size=128`` parts have their bottleneck still, unless ``bottleneck=None``. With ``look_ahead=0`` the
        whole Pipeline is causal: no frame's depths depend on a later frame.

    Returns
    -------
    Lifter

    Examples
    --------
    >>> from liftz import make_lifter
    >>> from liftz.datasets import make_signing
    >>> data = make_signing(n_signers=1, n_clips=2, n_frames=(30, 40), random_state=0)
    >>> lifter = make_lifter(data.skeleton, n_nets=1, hidden_size=16, max_epochs=1, random_state=0)
    >>> lifter.fit(data.X, data.y).predict(data.X)[0].shape == data.y[0].shape
    True
    """
    skeleton = check_skeleton(skeleton)
    if regressor is None:
        kept = skeleton if select is None else skeleton.subset(select)
        augment = BodyAugmenter(kept) if kept.edges else None
        by_part = parameters.get("by_part", True) and len(set(kept.roots.values())) > 1
        regressor = LSTMRegressor(kept, **{"augment": augment, "one_size": True, "by_part": True}
                                  | (SMALL if by_part else {}) | parameters)
    elif parameters:
        raise TypeError(f"{', '.join(parameters)}: parameters are for the default regressor, but one is given")
    causal = getattr(regressor, "look_ahead", None) is not None
    inputs, targets = [("center", RootCenterer(skeleton, causal=causal))], [RootCenterer(skeleton)]
    if select is not None:
        inputs.append(("select", RegionSelector(skeleton, select)))
        targets.append(RegionSelector(skeleton, select))
    return Lifter([*inputs, ("lift", TransformedTarget(regressor, make_pipeline(*targets)))])
