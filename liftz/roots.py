"""Which keypoints are measured from which root, and depths relative to roots put back where these are."""

from __future__ import annotations

import numpy as np

__all__ = ["hung_parts", "own_roots", "put_back", "root_parts"]


def root_parts(skeleton, per_region=True):
    """Positions of the keypoints that are measured from one root, beside those of the root.

    Returns
    -------
    list of (int array, int array)
    """
    if not per_region:
        return [(np.arange(len(skeleton)), skeleton.root_indices())]
    parts: dict = {}
    for region, root in skeleton.roots.items():
        members, _ = parts.setdefault(root, ([], skeleton.root_indices(region)))
        members.extend(skeleton.region_indices(region).tolist())
    return [(np.array(members), root) for members, root in parts.values()]


def own_roots(skeleton, per_region=True):
    """Positions of each root that is measured from itself, a list of int arrays."""
    return [root for members, root in root_parts(skeleton, per_region) if np.isin(root, members).all()]


def hung_parts(skeleton, per_region=True):
    """Of what is measured from a keypoint of another region: positions, those of the root, and how many hold it.

    Each comes after what it hangs on. Of a root of several keypoints some may be measured from it as well: where it is,
    the others tell then, as if each held an equal part of it.

    Returns
    -------
    list of (int array, int array, int)
    """
    if not per_region:
        return []
    parts = dict(zip(dict.fromkeys(skeleton.roots.values()), root_parts(skeleton), strict=True))
    return [(*parts[root], int(np.sum(~np.isin(parts[root][1], parts[root][0])))) for root in skeleton.hung]


def put_back(depths, skeleton, per_region=True):
    """Depths ``(..., n_keypoints)`` relative to roots, with these at exactly 0, and parts on what they hang on.

    Where the depth of what a part hangs on is NaN, the part's stay relative.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz import Skeleton
    >>> from liftz.roots import put_back
    >>> arm = Skeleton("arm", ["hip", "wrist", "tip"], root="hip", regions={"body": ["hip", "wrist"], "hand": ["tip"]},
    ...                roots={"hand": "wrist"})
    >>> put_back(np.array([0.0, -40.0, -10.0]), arm).tolist()
    [0.0, -40.0, -50.0]
    """
    out = depths.copy()
    for root in own_roots(skeleton, per_region):
        out[..., root] -= out[..., root].mean(axis=-1, keepdims=True)
    for members, root, n_holding in hung_parts(skeleton, per_region):
        out[..., members] += np.nan_to_num(out[..., root].sum(axis=-1, keepdims=True) / n_holding)
    return out
