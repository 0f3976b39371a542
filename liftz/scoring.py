"""Scorers for scikit-learn: what `cross_validate` and `GridSearchCV` take as `scoring`."""

from __future__ import annotations

from sklearn.metrics import make_scorer

from .metrics import mpjpe

__all__ = ["mpjpe_scorer", "region_scorers"]

mpjpe_scorer = make_scorer(mpjpe, greater_is_better=False)
"""Scorer: MPJPE, negated, so that greater is better.

It knows no skeleton, so it measures each frame from the mean of its comparable keypoints
(see `mpjpe`): good for choosing among models, not the root-aligned number. For that, take
`region_scorers`, or ``make_scorer(mpjpe, greater_is_better=False, skeleton=skeleton)``.
"""


def region_scorers(skeleton, metric=mpjpe, *, regions=None, greater_is_better=False, **options):
    """One scorer per region, and ``"all"`` for all of them together, each from its own root.

    Parameters
    ----------
    skeleton : Skeleton
        Names the regions and their roots.
    metric : callable, default=mpjpe
        Any of `liftz.metrics` that takes `skeleton` and `regions`.
    regions : str or sequence of str, optional
        The regions to score; ``"all"`` means them. Default: every region of the skeleton.
        Name them where a `RegionSelector` left the others unpredicted: there is nothing to
        compare then, which `cross_validate` scores as its `error_score`, and warns.
    greater_is_better : bool, default=False
        False for errors, whose scores are negated; True for shares such as `pck`.
    **options
        Passed on to the metric, such as ``average="macro"``.

    Returns
    -------
    dict of str to scorer
        For `scoring`. Several scorers share one prediction per fold.

    Examples
    --------
    >>> from liftz import Skeleton, region_scorers
    >>> bust = Skeleton("bust", ["neck", "nose", "left_hand", "right_hand"], root="neck",
    ...                 regions={"face": ["neck", "nose"], "hands": ["left_hand", "right_hand"]})
    >>> list(region_scorers(bust))
    ['face', 'hands', 'all']
    """
    names = tuple(skeleton.regions if regions is None else [regions] if isinstance(regions, str) else regions)
    if not names:
        raise ValueError(f"regions={regions!r} names no region of skeleton {skeleton.name!r}: nothing to score")
    for name in names:
        skeleton.region_indices(name)  # refuses an unknown one here, and not once in every fold
    if "all" in names:
        raise ValueError(f"skeleton {skeleton.name!r} has a region 'all', which is the name of the score of them all")
    chosen = {name: (name,) for name in names} | {"all": names}
    return {name: make_scorer(metric, greater_is_better=greater_is_better, skeleton=skeleton, regions=part, **options)
            for name, part in chosen.items()}
