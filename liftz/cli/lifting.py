"""One clip after the other, lifted into 3D and written: what `liftz lift` does between its options and its lines."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from sklearn.utils import Bunch

from .._units import IN_MM
from .._words import some
from ..adjustment import stretch
from ..assembly import assemble
from ..conversion import correspondence
from ..hierarchy import landmark
from ..lifter import Lifter
from ..persistence import load, read_facts
from ..plausibility import exchanged_hands
from ..sequences import to_object_array
from ..skeleton import Skeleton
from .cures import Fitted, in_skeleton
from .inputs import counted
from .outputs import output_for, write_clip

__all__ = ["Lifting"]

LENGTHS = [  # in mm, between which they are of all people, small children to giants
    (("left", "shoulder"), ("right", "shoulder"), 150, 700),
    *(((side, "hand wrist"), (side, "hand middle mcp"), 35, 160) for side in ("left", "right"))]
NEEDED = ("skeleton", "fps", "units", "y_up", "image_size")


class Lifting:
    """A saved lifter at work, and how long it takes.

    Parameters
    ----------
    model : path-like
        With the facts of its training, as `liftz fit` saves it.
    taken : set of Path
        What must not be written: what is read.
    device : str
        Where torch computes.
    length, focal, relative
        See `assemble`; `relative` leaves the depths of all regions as they are, from their own roots.
    convert, mirror, anyway, std : bool
        See `liftz lift`.
    csv_layout : str
        Of `write_csv`.
    """

    def __init__(self, model, taken, *, device="cpu", length=None, focal=None, relative=False, convert=False,
                 mirror=False, anyway=False, std=False, csv_layout="wide"):
        facts = read_facts(model)
        missing = [name for name in NEEDED if name not in facts]
        if missing:
            raise ValueError(f"{model} does not say what keypoints it takes ({', '.join(missing)}): save it with "
                             f"facts=liftz.compatibility.training_facts(...), as liftz fit does")
        self.lifter, self.facts = load(model, device=device), {"depth_units": facts["units"], **facts}
        self.skeleton = Skeleton(**facts["skeleton"])
        self.regressor = getattr(self.lifter[-1], "regressor_", self.lifter[-1])
        self.n_channels = self.regressor.n_channels_in_
        if std and getattr(self.regressor, "errors_", None) is None:
            raise ValueError(f"{model} does not know its own errors, which --std tells: fit it with four nets or more, "
                             f"on four signers or more that are told apart")
        self.taken = taken
        self.length, self.focal, self.relative = length, focal, relative
        self.convert, self.mirror, self.anyway, self.std = convert, mirror, anyway, std
        self.csv_layout = csv_layout
        self.seconds = {"reading": 0.0, "lifting": 0.0, "writing": 0.0}
        self.n_clips = self.n_frames = 0
        self.unfamiliar: dict[str, float] = {}  # how many times as large errors are, by clip
        self.shown: float | None = 0.0  # seconds of all clips, unless one has no frame rate

    @contextmanager
    def timed(self, what):
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[what] += time.perf_counter() - start

    def lift(self, data, i):
        """The `i`-th clip of a source in 3D.

        Returns
        -------
        world : Bunch
            Of `assemble`, with `skeleton`, `fps`, `image_size`, `seen`, the keypoints ``(n_frames, n_keypoints, 2 or
            3)`` in `seen_units`, `first_frame`, `std`, of z in `units`, or None, and `novelty`, of its poses.
        lines : list of str
            What was done to get there.
        notes : list of str
            What could not be compared with the model's training, what is a guess, and what is odd.
        """
        source = Bunch(**data)
        source.X = to_object_array([data.X[i]])
        if source.units is None:
            raise ValueError("the unit of x and y is not known: --units px, or mm, cm or m")
        length = self._length_of(source.skeleton)
        source, lines = in_skeleton(source, self.skeleton, asked=self.convert)
        if self.mirror:
            source.X = stretch(source.X, -1, 1)
            if source.image_size:
                source.X[0][..., 0] += source.image_size[0]
            about = "the middle of the picture" if source.image_size else "x = 0, as the picture's size is not known"
            lines.append(f"turned about {about}, since the picture is mirrored")
        seen = source.X[0]
        if self.n_channels > seen.shape[2]:
            raise ValueError("the model takes a confidence beside x and y, and these keypoints have none")
        source.X = to_object_array([seen[..., :self.n_channels]])
        fitted = Fitted(source, self.facts, compare_body=not self.anyway)
        depths, std = self._predict(fitted)
        skeleton = _known_part(self.skeleton, depths)
        kept = self.skeleton.indices(skeleton.keypoints)
        seen = seen[:, kept]
        world = self._assemble(source, seen, depths[:, kept], skeleton, length)
        if std is not None:
            std = std[:, kept] * self._size_of_depths(world, source.units)
        world |= {"skeleton": skeleton, "fps": source.fps, "image_size": source.image_size, "seen": seen,
                  "seen_units": source.units, "std": std,
                  "first_frame": int(data.first_frames[i]) if "first_frames" in data else 0,
                  "novelty": self._novelty(fitted)}
        notes = [*fitted.notes, exchanged_hands(source.X, self.skeleton, first_frames=[world.first_frame]),
                 *(f"{region} is put onto {anchor}, which is never seen here: where it is in depth is a guess "
                   f"(--relative leaves regions apart)" for region, anchor in world.guessed.items()),
                 self._about_length(world)]
        return world, lines + fitted.lines, [note for note in notes if note]

    def _about_length(self, world):
        """A note where `length` makes a body that nobody has; else an empty one."""
        named = {landmark(name): name for name in world.skeleton.keypoints}
        for *ends, least, most in LENGTHS if self.length is not None else []:
            if not named.keys() >= set(ends):
                continue
            a, b = (world.skeleton.index(named[end]) for end in ends)
            apart = np.linalg.norm(world.points[:, a] - world.points[:, b], axis=1)
            if np.isnan(apart).all():
                continue
            if least < np.nanmedian(apart) < most:
                return ""
            return (f"by --length {' '.join(map(str, self.length))} {named[ends[0]]} and {named[ends[1]]} are "
                    f"{np.nanmedian(apart):.3g} mm apart: is it in mm?")
        return ""

    def _predict(self, fitted):
        if not self.std:
            return fitted.back(self.lifter.predict(fitted.X)[0]), None
        depths, std = self.lifter.predict(fitted.X, return_std=True)
        return fitted.back(depths[0]), fitted.back(std[0])

    def _novelty(self, fitted):
        if getattr(self.regressor, "errors_", None) is None:
            return np.nan, np.nan
        new, growth = Lifter(self.lifter.steps).novelty(fitted.X)  # what was saved may be a Pipeline
        return new[0], growth[0]

    def _length_of(self, given):
        """The keypoints of `length` by the model's names, where they were told by those of the clip."""
        if self.length is None or {*self.length[:2]} <= set(self.skeleton.keypoints):
            return self.length
        named = {found[0]: name for name, found in correspondence(given, self.skeleton).items() if len(found) == 1}
        for name in self.length[:2]:
            if name in given.keypoints and name not in self.skeleton.keypoints and name not in named:
                raise ValueError(f"--length: {name} of {given.name} has no counterpart in the lifter's skeleton, "
                                 f"{self.skeleton.name}")
        return *(named.get(name, name) for name in self.length[:2]), self.length[2]

    def _assemble(self, source, seen, depths, skeleton, length):
        center = (0.0, 0.0)
        if self.focal is not None:
            if not source.image_size:
                raise ValueError("perspective begins at the middle of the picture, and these keypoints do not say its "
                                 "size: --focal takes --image-size WIDTH HEIGHT")
            center = (source.image_size[0] / 2, source.image_size[1] / 2)
        # Of one region only, nothing hangs on another.
        whole = replace(skeleton, regions={}, roots={}) if self.relative else skeleton
        try:
            return assemble(seen, depths, whole, units=source.units, depth_units=self.facts["depth_units"],
                            length=length, focal=self.focal, center=center, y_up=source.y_up)
        except ValueError as error:
            if "hangs on" not in str(error) and "attached" not in str(error):
                raise ValueError(str(error).replace("length=(keypoint, keypoint, mm)", "--length KEYPOINT KEYPOINT MM")
                                 ) from None
            raise ValueError(f"{error}; --relative leaves regions apart") from None

    def _size_of_depths(self, world, units):
        """Size in the world's units of one of the model's depths."""
        depth_units = self.facts["depth_units"]
        if depth_units == "px":
            return world.scale
        return IN_MM[depth_units] * (1.0 if units == "px" else world.scale / IN_MM[units])

    def write(self, world, output, name, many):
        """Write the clip; returns the file, and what there is to say of it."""
        path = output_for(output, name, many, self.taken)
        points, units = world.points, world.units
        if path.suffix.lower() == ".pose" and world.seen_units == "px":
            depth = (points[..., 2:] - (world.distance or 0)) / world.scale
            points, units = np.concatenate([world.seen[..., :2], depth], axis=2), "px"
        told = write_clip(path, points, world.skeleton, fps=world.fps, units=units, y_up=world.y_up,
                          confidence=world.seen[..., 2] if world.seen.shape[2] == 3 else None,
                          image_size=world.image_size, std=world.std, first_frame=world.first_frame,
                          csv_layout=self.csv_layout)
        return path, told

    def count(self, world, name):
        """Add a clip that is written, and its name, to what `summary` and `about_poses` tell of."""
        new, growth = world.novelty
        if new > 1:
            self.unfamiliar[name] = growth
        self.n_clips += 1
        self.n_frames += len(world.seen)
        self.shown = None if self.shown is None or world.fps is None else self.shown + len(world.seen) / world.fps

    def about_poses(self):
        """A note where the poses of some clips are unlike those of training; else an empty one."""
        if not self.unfamiliar:
            return ""
        more = 100 * (max(self.unfamiliar.values()) - 1)
        what = f"; errors are likely to be up to {more:.0f} % larger than usual there" if more >= 1 else ""
        return (f"poses are unlike those of the model's training, as in a view or of a size that it does not have, "
                f"in {len(self.unfamiliar)} of {counted(self.n_clips, 'clip')}{what}: {some(self.unfamiliar, 3)}")

    def summary(self, seconds):
        """One line on what was done in so many seconds."""
        parts = ", ".join(f"{what} {took:.1f}" for what, took in self.seconds.items())
        text = (f"{counted(self.n_clips, 'clip')}, {counted(self.n_frames, 'frame')} in {seconds:.1f} s ({parts}): "
                f"{self.n_frames / seconds:.0f} frames a second")
        return f"{text}, {self.shown / seconds:.2f} times real time" if self.shown else text


def _known_part(skeleton, depths):
    """The skeleton of the regions and keypoints that have depths."""
    known = {name for name, column in zip(skeleton.keypoints, depths.T, strict=True) if not np.isnan(column).all()}
    if len(known) == len(skeleton):
        return skeleton
    if not known:
        raise ValueError("the model gives no depth for any keypoint of this clip")
    names = [name for region, members in skeleton.regions.items()
             for name in ([region] if known.issuperset(members) else [m for m in members if m in known])]
    part = skeleton.subset(sorted(known, key=skeleton.index))
    return replace(part, name=f"{skeleton.name}[{', '.join(names[:4])}{' ...' * (len(names) > 4)}]")
