"""Keypoints with names: what a lifter knows about the body it lifts."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

__all__ = ["Skeleton", "check_skeleton"]


@dataclass(frozen=True, repr=False)
class Skeleton:
    """Names, edges, regions and roots of a set of keypoints.

    Parameters
    ----------
    name : str
        What to call the skeleton in messages.
    keypoints : sequence of str
        One unique name per keypoint, in the order of the arrays' keypoint axis.
    root : str or tuple of str
        The keypoint that depth is measured from; several names stand for their mean
        (a mid hip where the layout has only a left and a right one).
    edges : sequence of (str, str), optional
        Bones, as pairs of keypoint names.
    regions : mapping of str to sequence of str, optional
        Disjoint named groups of keypoints that together hold all of them.
        Default: one region, ``"body"``.
    roots : mapping of str to (str or tuple of str), optional
        The root of a region where it is not `root`.
    pairs : sequence of (str, str), optional
        Left and right counterparts, left first.

    Raises
    ------
    ValueError
        If a name is unknown or given twice, the regions do not part the keypoints, or a root is no keypoint.

    Examples
    --------
    >>> from liftz import Skeleton
    >>> arm = Skeleton("arm", ["shoulder", "elbow", "wrist"], root="shoulder",
    ...                edges=[("shoulder", "elbow"), ("elbow", "wrist")])
    >>> arm
    Skeleton('arm', 3 keypoints, root 'shoulder')
    >>> arm.index("wrist")
    2
    """

    name: str
    keypoints: tuple[str, ...]
    root: str | tuple[str, ...]
    edges: tuple[tuple[str, str], ...] = ()
    regions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    roots: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    pairs: tuple[tuple[str, str], ...] = ()

    def __post_init__(self):
        def fix(attribute, value):
            object.__setattr__(self, attribute, value)

        if isinstance(self.keypoints, str):
            raise ValueError(f"skeleton {self.name!r}, keypoints: expected a sequence of names, got one string")
        fix("keypoints", tuple(self.keypoints))
        fix("edges", tuple(map(_tuple, self.edges)))
        fix("pairs", tuple(map(_tuple, self.pairs)))
        fix("regions", {r: _tuple(names) for r, names in (self.regions or {"body": self.keypoints}).items()})
        fix("root", _names(self.root))
        fix("roots", {**dict.fromkeys(self.regions, self.root), **{r: _names(n) for r, n in self.roots.items()}})
        self._validate()

    def _validate(self):
        def refuse(what, why):
            raise ValueError(f"skeleton {self.name!r}, {what}: {why}")

        def check(what, names):
            if not names:
                refuse(what, "no keypoint given")
            self.indices(names)
            twice = [name for name, n in Counter(names).items() if n > 1]
            if twice:
                refuse(what, f"{twice[0]!r} given more than once")

        for name in self.keypoints:
            if not isinstance(name, str):
                refuse("keypoints", f"expected names, got {name!r}")
        check("keypoints", self.keypoints)
        check("root", _tuple(self.root))
        for region, names in self.regions.items():
            check(f"region {region!r}", names)
            if region in self._positions:
                refuse(f"region {region!r}", "a keypoint has this name")
        for region, root in self.roots.items():
            self._check_region(region)
            check(f"root of {region!r}", _tuple(root))
        members = [name for names in self.regions.values() for name in names]
        check("regions", members)
        left_out = set(self.keypoints).difference(members)
        if left_out:
            refuse("regions", f"{min(left_out, key=self.index)!r} is in none of them")
        for what, links in (("edges", self.edges), ("pairs", self.pairs)):
            for link in links:
                check(what, link)
                if len(link) != 2:
                    refuse(what, f"expected two keypoints each, got {link!r}")
        if self.pairs:
            check("pairs", [name for pair in self.pairs for name in pair])
        unplaced = set(self._hosts).difference(self.hung)
        if unplaced:
            refuse("roots", f"{' and '.join(sorted(map(repr, unplaced)))} are measured from each other")

    def __len__(self):
        return len(self.keypoints)

    def __repr__(self):
        return f"Skeleton({self.name!r}, {len(self)} keypoints, root {self.root!r})"

    def __hash__(self):
        return hash((self.name, self.keypoints, self.root))

    def __deepcopy__(self, memo):
        return self  # immutable: clones of an estimator share it

    @cached_property
    def _positions(self):
        return {name: i for i, name in enumerate(self.keypoints)}

    @cached_property
    def _hosts(self):
        """Of each root that is not measured from itself, or not all of it, which others it is measured from."""
        root_of = {name: self.roots[region] for region, members in self.regions.items() for name in members}
        hosts = {root: {root_of[name] for name in _tuple(root)} - {root} for root in self.roots.values()}
        return {root: others for root, others in hosts.items() if others}

    @cached_property
    def hung(self) -> tuple[str | tuple[str, ...], ...]:
        """Roots that are keypoints of regions measured from another root, each after that.

        As where a hand has no wrist of its own, and is measured from the body's.
        """
        placed: list = []
        while free := [root for root, others in self._hosts.items()
                       if root not in placed and not (others & self._hosts.keys()).difference(placed)]:
            placed += free
        return tuple(placed)

    def index(self, keypoint: str) -> int:
        """Position of a keypoint on the keypoint axis."""
        try:
            return self._positions[keypoint]
        except (KeyError, TypeError):
            close = difflib.get_close_matches(str(keypoint), [*self.keypoints, *self.regions], n=3)
            hint = f"; did you mean {', '.join(close)}?" if close else self._what_there_is()
            raise ValueError(f"skeleton {self.name!r} has no keypoint {keypoint!r}{hint}") from None

    def _what_there_is(self):
        regions = f"the regions {', '.join(self.regions)}, and " if len(self.regions) > 1 else ""
        return f"; it has {regions}{', '.join(self.keypoints[:8])} ..."

    def indices(self, keypoints: Iterable[str]) -> np.ndarray:
        """Positions of several keypoints, as an int array."""
        return np.array([self.index(k) for k in keypoints], dtype=int)

    def exchanged(self, pairs: Iterable[tuple[str, str]] | None = None) -> np.ndarray:
        """Positions with left for right and right for left, as an int array; or with other pairs exchanged."""
        order = np.arange(len(self))
        for pair in self.pairs if pairs is None else pairs:
            a, b = self.indices(pair)
            order[[a, b]] = b, a
        return order

    def region_indices(self, region: str) -> np.ndarray:
        """Positions of a region's keypoints."""
        self._check_region(region)
        return self.indices(self.regions[region])

    def root_indices(self, region: str | None = None) -> np.ndarray:
        """Positions of the keypoints whose mean is the root, of a region or of the whole."""
        if region is not None:
            self._check_region(region)
        return self.indices(_tuple(self.root if region is None else self.roots[region]))

    def resolve(self, names: str | Iterable[str]) -> tuple[str, ...]:
        """Keypoint names behind names of regions and keypoints, in the order given, each once."""
        found: dict[str, None] = {}
        for name in _tuple(names):
            members = self.regions[name] if name in self.regions else (self.keypoints[self.index(name)],)
            found.update(dict.fromkeys(members))
        if not found:
            raise ValueError(f"no region and no keypoint of skeleton {self.name!r} was named")
        return tuple(found)

    def with_root(self, root: str | tuple[str, ...]) -> Skeleton:
        """The same skeleton measured from another root.

        For recordings that never show the usual one, such as a mid hip below the
        edge of the picture. Regions that had the old root get the new one.

        Examples
        --------
        >>> from liftz.skeletons import OPENPOSE_137
        >>> OPENPOSE_137.with_root("Neck").root
        'Neck'
        """
        return replace(self, root=root, roots={r: n for r, n in self.roots.items() if n != self.root})

    def subset(self, select: str | Iterable[str]) -> Skeleton:
        """The skeleton of some regions and keypoints, as `RegionSelector` puts them out.

        Its root is the old one if that is kept, else a kept region's, else the first keypoint.
        Edges between regions with different roots are left out.

        Examples
        --------
        >>> from liftz.skeletons import PANOPTIC_138
        >>> PANOPTIC_138.subset("left_hand").root
        'left_hand_wrist'
        """
        names = self.resolve(select)
        kept = set(names)
        roots = {r: self.roots[r] for r in self.regions if kept.issuperset(_tuple(self.roots[r]))}
        home = {k: r for r, members in self.regions.items() for k in members}
        return Skeleton(
            f"{self.name}[{', '.join(_tuple(select))}]", names,
            root=self.root if kept.issuperset(_tuple(self.root)) else next(iter(roots.values()), names[0]),
            edges=tuple((a, b) for a, b in self.edges
                        if {a, b} <= kept and self.roots[home[a]] == self.roots[home[b]]),
            regions={r: m for r in self.regions if (m := tuple(k for k in self.regions[r] if k in kept))},
            roots={r: root for r, root in roots.items() if kept.intersection(self.regions[r])},
            pairs=tuple((a, b) for a, b in self.pairs if {a, b} <= kept),
        )

    def _check_region(self, region):
        if region not in self.regions:
            raise ValueError(f"skeleton {self.name!r} has no region {region!r}; it has {', '.join(self.regions)}")


def check_skeleton(skeleton):
    """The gate for skeletons: a `Skeleton` as it is, and a TypeError for all else."""
    if not isinstance(skeleton, Skeleton):
        raise TypeError(f"expected a Skeleton such as liftz.skeletons.OPENPOSE_137, got {skeleton!r}")
    return skeleton


def _tuple(names):
    return tuple(names) if isinstance(names, Iterable) and not isinstance(names, str) else (names,)


def _names(names):
    """One name as a string, several as a tuple."""
    names = _tuple(names)
    return names[0] if len(names) == 1 else names
