"""Many names in a few words."""

from __future__ import annotations

__all__ = ["parts_of", "some"]


def parts_of(skeleton, names):
    """Keypoints in a few words: whole regions as such, and the first of the others."""
    whole = [region for region, members in skeleton.regions.items() if set(members) <= set(names)]
    single = [name for name in names if not any(name in skeleton.regions[region] for region in whole)]
    return some([f"{region} ({len(skeleton.regions[region])} keypoints)" for region in whole] + single)


def some(names, most=6):
    """The first names, and how many more there are."""
    names = list(map(str, names))
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
