"""Into which parts a body falls, each of which an LSTM of its own lifts."""

from __future__ import annotations

import numpy as np

from .features import feature_columns

__all__ = ["body_parts"]


def body_parts(skeleton, n_keypoints, n_channels, bones=None):
    """The features that each part's LSTM sees, and the depths that it makes.

    What is measured from one root is a part. It sees itself and the body: what is measured from the skeleton's root,
    unless by the skeleton's pairs that is one side of another part, as where there are hands alone.

    Parameters
    ----------
    skeleton : Skeleton
    n_keypoints, n_channels : int
        Of the clips.
    bones : pair of int arrays of shape (n_bones,), optional
        As for `frame_features`.

    Returns
    -------
    list of (int array, int array)
        Empty where everything is measured from one root.

    Examples
    --------
    >>> from liftz import Skeleton
    >>> from liftz.parts import body_parts
    >>> signer = Skeleton("signer", ["hip", "wrist", "tip"], root="hip", roots={"hand": "wrist"},
    ...                   regions={"body": ["hip"], "hand": ["wrist", "tip"]})
    >>> [made.tolist() for seen, made in body_parts(signer, n_keypoints=3, n_channels=2)]
    [[0], [1, 2]]
    """
    members: dict = {}
    for region, root in skeleton.roots.items():
        members.setdefault(root, []).extend(skeleton.region_indices(region))
    if len(members) == 1:
        return []
    body = members.get(skeleton.root, [])
    if set(skeleton.exchanged()[body]).isdisjoint(body):  # of hands alone, neither is the other's body
        body = []
    return [(feature_columns([*body, *own], n_keypoints, n_channels, bones), np.sort(own)) for own in members.values()]
