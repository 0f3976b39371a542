"""Keypoints of another kind brought to what a model was fitted on, as far as nothing is guessed; and depths back."""

from __future__ import annotations

import numpy as np
from sklearn.utils import Bunch

from .._proportions import Proportions, median
from .._units import IN_MM
from ..adjustment import resample, stretch
from ..compatibility import SAME_FPS, check_compatible
from ..conversion import convert, correspondence
from ..sequences import to_object_array

__all__ = ["Fitted", "in_skeleton"]


def in_skeleton(source, skeleton, *, asked=False):
    """The source with its keypoints by the names and in the order of the model's skeleton, and what to say of that.

    Where some of the model's keypoints have no counterpart, they would count as not seen, in every frame. A lifter
    takes that, but lifts the worse for it: it has to be asked for.
    """
    given = source.skeleton
    if given.keypoints == skeleton.keypoints:
        return source, []
    parts = correspondence(given, skeleton)
    missing = [name for name, found in parts.items() if not found]
    if missing and not asked:
        raise ValueError(f"the model lifts the {len(skeleton)} keypoints of {skeleton.name}, and {given.name} has no "
                         f"counterpart of {len(missing)} of them: {', '.join(missing[:3])}{' ...' * (len(missing) > 3)}"
                         f"; --convert lifts without these")
    dropped = len(set(given.keypoints).difference(*parts.values()))
    data = Bunch(**source)
    data.X, data.skeleton = to_object_array([convert(clip, given, skeleton) for clip in source.X]), skeleton
    return data, [f"converted from {given.name} to {skeleton.name}: {len(missing)} of its {len(skeleton)} keypoints "
                  f"are not known, {dropped} of the {len(given)} others are left out"]


class Fitted:
    """One clip as a model takes it, and the way back of the model's depths.

    Parameters
    ----------
    source : Bunch
        One clip in `X`, of the model's skeleton; `units`, `y_up`, `fps` and `image_size` where they are known.
    facts : dict
        Of `training_facts`, with ``"depth_units"``.
    compare_body : bool
        Whether to refuse keypoints that do not draw a body like those of training.

    Attributes
    ----------
    X : object array of one clip
        In the model's unit, direction of y, size of picture and frame rate.
    lines : list of str
        What was done, for people.
    notes : tuple of str
        What could not be compared.

    Notes
    -----
    Where y grows up, x is to the picture's left, and where it grows down, to the right: so both turn together.
    Pixels have no size of their own: a body that is larger or smaller in them than all of the model's training is
    brought to the largest or smallest of that. In between it is left alone: there its size tells how far away it is.
    """

    def __init__(self, source, facts, *, compare_body=True):
        self.facts, self.lines = facts, []
        self.n_frames, self.fps = len(source.X[0]), source.fps
        self.scale = self._scale(source)
        sign = 1
        if None not in (source.y_up, facts["y_up"]) and bool(source.y_up) != facts["y_up"]:
            sign = -1
            self.lines.append(f"turned: y grows {'up' if source.y_up else 'down'} in these keypoints, and "
                              f"{'up' if facts['y_up'] else 'down'} in the model's")
        self.X = stretch(source.X, sign * self.scale, sign * self.scale) if (sign, self.scale) != (1, 1) else source.X
        self.resampled = self.fps and facts["fps"] and abs(self.fps / facts["fps"] - 1) > SAME_FPS
        if self.resampled:
            self.X = resample(self.X, self.fps, facts["fps"])
            self.lines.append(f"lifted at the model's {facts['fps']:.4g} frames per second instead of {self.fps:.4g}, "
                              f"and brought back")
        told = {"y_up": facts["y_up"] if source.y_up is not None else None, "fps": facts["fps"] if self.fps else None,
                "image_size": facts["image_size"] if source.image_size else None,
                "units": facts["units"] if source.units in IN_MM and facts["units"] in IN_MM else source.units}
        if not compare_body:
            facts = {name: fact for name, fact in facts.items() if name != "lengths"}
        self.notes = check_compatible(Bunch(X=self.X, skeleton=source.skeleton, **told), facts)
        if not compare_body:  # the last is about a skeleton without bones
            self.notes = (*self.notes[:-1], "lifted anyway: the body's proportions are not compared")

    def back(self, values, *, depths=True):
        """Values `(n_frames, n_keypoints)` that the model gave for its clip, at the source's frames and size."""
        if depths and self.facts["depth_units"] == "px":
            values = values / np.float32(self.scale)
        if not self.resampled:
            return values
        at = np.minimum(np.arange(self.n_frames) * (self.facts["fps"] / self.fps), len(values) - 1)
        before = at.astype(int)
        after = np.minimum(before + 1, len(values) - 1)
        weight = (at - before)[:, None].astype(np.float32)
        return values[before] + weight * (values[after] - values[before])

    def _scale(self, source):
        """What x and y are to be multiplied with."""
        given, wanted = source.units, self.facts["units"]
        if given in IN_MM and wanted in IN_MM:
            if given != wanted:
                self.lines.append(f"brought from {given} to the model's {wanted}")
            return IN_MM[given] / IN_MM[wanted]
        if not given == wanted == "px":
            return 1.0
        scale = 1.0
        if source.image_size and self.facts["image_size"]:
            scale = float(np.min(np.divide(self.facts["image_size"], source.image_size)))
            if scale != 1:
                self.lines.append(f"scaled by {scale:.3g} to the model's pictures of "
                                  f"{' x '.join(map(str, self.facts['image_size']))} px")
            return scale
        return self._by_size(source)

    def _by_size(self, source):
        if "lengths" not in self.facts:
            return 1.0
        measures = Proportions(source.skeleton)
        lengths, reference = measures.measure(source.X)[0], np.array(self.facts["lengths"], dtype=float)
        size = median(measures.sizes(lengths, reference))
        low, high = np.array(self.facts["sizes"], dtype=float)
        shown = np.flatnonzero(~np.isnan(size + low + high))
        if not len(shown) or low[shown[0]] <= size[shown[0]] <= high[shown[0]]:
            return 1.0
        part = shown[0]
        scale = float(np.clip(size[part], low[part], high[part]) / size[part])
        self.lines.append(f"scaled by {scale:.3g}, to the {'largest' if scale < 1 else 'smallest'} body that the model "
                          f"was fitted on")
        return scale
