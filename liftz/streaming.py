"""`Stream`: a lifter that is given frame after frame, in numpy alone."""

from __future__ import annotations

import hashlib

import numpy as np

from ._description import describe, parts_of_lifter
from ._nets import StepNets
from ._steps import Center, Complete, FrameFeatures, input_step, output_step
from .persistence import read
from .sequences import _as_float32

__all__ = ["Stream"]


class Stream:
    """Lift frames as they come: depths are those of `predict` for the whole clip, up to rounding.

    Parameters
    ----------
    lifter : Lifter or Pipeline
        Fitted, its `LSTMRegressor` with a `look_ahead`. `Stream.load` takes it from a file.

    Attributes
    ----------
    delay : int
        How many frames later a frame's depths come: `look_ahead`, down to a multiple of the stride.
    n_frames : int
        How many frames of the clip were pushed.

    Raises
    ------
    ValueError
        If the lifter looks at whole clips, or a step of it cannot go frame by frame.

    Notes
    -----
    A frame that shows nobody is a frame as well: push it, all NaN. Before the first person is seen depths come out,
    too; `predict` refuses a clip that shows nobody at all.

    Examples
    --------
    >>> from liftz import make_lifter
    >>> from liftz.datasets import make_signing
    >>> from liftz.streaming import Stream
    >>> data = make_signing(n_signers=1, n_clips=2, n_frames=30, random_state=0)
    >>> lifter = make_lifter(data.skeleton, look_ahead=3, n_nets=1, hidden_size=16, max_epochs=1, random_state=0)
    >>> stream = Stream(lifter.fit(data.X, data.y))
    >>> [depths is not None for depths in map(stream.push, data.X[0][:5])]
    [False, False, False, True, True]
    >>> stream.finish().shape
    (3, 138)
    """

    def __init__(self, lifter):
        self._prepare(describe(lifter))

    @classmethod
    def load(cls, path):
        """A stream of the lifter saved at `path`; takes neither torch nor scikit-learn.

        Raises
        ------
        FileFormatError
            As `liftz.persistence.load` does.
        """
        stream = cls.__new__(cls)
        stream._prepare(read(path)["lifter"])
        return stream

    def _prepare(self, description):
        steps, outputs, regressor = parts_of_lifter(description)
        if regressor["class"] != "LSTMRegressor":
            raise ValueError(f"a stream takes an LSTMRegressor, got a {regressor['class']}")
        fitted = regressor["attributes"]
        options = fitted["nets_"][0]["module"]
        if options["look_ahead"] is None:
            raise ValueError("this lifter looks at whole clips; for frames as they come, fit one with "
                             "make_lifter(..., look_ahead=0)")
        self._inputs = [_streamable(input_step, step) for step in steps]
        if fitted.get("completion_") is not None:
            self._inputs.append(Complete(fitted["completion_"]["attributes"]))
        self._outputs = [_streamable(output_step, step) for step in (fitted["targets_"], *reversed(outputs))]
        first = (steps + [regressor])[0]
        self._shape = first["attributes"]["n_keypoints_in_"], first["attributes"]["n_channels_in_"]
        self._skeleton = first["parameters"].get("skeleton")
        self._stride = fitted["stride_"]
        self.delay = options["look_ahead"] * self._stride
        self._features = FrameFeatures(fitted["features_"]["parameters"], fitted["n_keypoints_in_"], self._shape[1],
                                       self._stride)
        self._nets = StepNets(fitted["nets_"], self._features, self._put_out)
        self._n_out = len(self._put_out(np.zeros(fitted["n_keypoints_in_"], np.float32)))
        self._n_frames = 0
        self._state = {
            "lifter": np.array(_fingerprint(fitted["nets_"])),
            **{f"last_{i}": step.last for i, step in enumerate(self._inputs) if isinstance(step, (Center, Complete))},
            "features": self._features.values,
            "shown": self._features.shown,
            "longest": self._features.longest,
            "late": self._features.late,
            "last": np.zeros((self._stride, self._n_out), np.float32),
            "h": self._nets.h,
            "c": self._nets.c,
        }
        self._start = self.state()

    @property
    def n_frames(self):
        return self._n_frames

    def push(self, frame):
        """Take the next frame.

        Parameters
        ----------
        frame : array of shape (n_keypoints, 2 or 3)
            In the unit of the lifter's keypoints; NaN is "not seen".

        Returns
        -------
        array of shape (n_keypoints,), of float32, or None
            Depths of the frame `delay` frames ago, in the unit of the lifter's depths; None if there was none.
        """
        points, confidences = self._check(frame)
        for step in self._inputs:
            points, confidences = step(points, confidences, self.n_frames)
        n_before, phase = divmod(self.n_frames, self._stride)
        self._features(points, confidences, phase, n_before)
        depths = self._depths(self.n_frames - self.delay)
        self._n_frames += 1
        return depths if self.n_frames > self.delay else None

    def finish(self):
        """The depths that the last frames still lack; then a new clip begins.

        Returns
        -------
        array of shape (n_left, n_keypoints), of float32
            Of the last `delay` frames, or of all if they are fewer.
        """
        out = np.empty((self.delay, self._n_out), np.float32)
        for i, frame in enumerate(range(self.n_frames - self.delay, self.n_frames)):
            out[i] = self._depths(frame)  # each phase's last frame once more, as if it stood still
        out = out[max(0, self.delay - self.n_frames):]
        self.reset()
        return out

    def reset(self):
        """Forget all frames: the next one begins a new clip."""
        self.load_state(self._start)

    def state(self):
        """All that the stream knows of the frames so far, as a dict of arrays; for `load_state`, or ``numpy.savez``."""
        return {name: values.copy() for name, values in self._state.items()} | {"n_frames": np.array(self._n_frames)}

    def load_state(self, state):
        """Go on from a `state`, of this stream or of another one of the same lifter.

        Parameters
        ----------
        state : mapping of str to array, or to lists of numbers

        Raises
        ------
        ValueError
            If it is of another lifter.
        """
        given = {name: np.asarray(state[name]) for name in state}
        if ({name: values.shape for name, values in given.items()} !=
                {name: values.shape for name, values in self._start.items()} or
                given["lifter"] != self._state["lifter"]):
            raise ValueError("this is no state of a stream of this lifter")
        self._n_frames = int(given["n_frames"])
        for name, values in self._state.items():
            values[...] = given[name]

    def _check(self, given):
        """A frame's points, as complex numbers, and its confidences, if it has some."""
        frame, where = given, f"frame {self.n_frames}"
        if type(given) is not np.ndarray or given.dtype != np.float32:
            frame = _as_float32(given, where)
        if frame.shape != self._shape:
            raise ValueError(f"{where} has shape {frame.shape}, expected {self._shape}")
        points = np.ascontiguousarray(frame[:, :2]).view(np.complex64)[:, 0]
        confidences = frame[:, 2] if frame.shape[1] == 3 else None
        bad = np.isinf(frame)
        if confidences is not None:
            bad[:, 2] |= np.isnan(confidences) > np.isnan(points)
        if np.count_nonzero(bad):
            keypoint, channel = np.argwhere(bad)[0]
            name = self._skeleton.keypoints[keypoint] if self._skeleton is not None else keypoint
            raise ValueError(f"{where}, keypoint {name}: {['x', 'y', 'confidence'][channel]} is "
                             f"{np.asarray(given)[keypoint, channel]}; expected a finite number of float32's range, or "
                             f"NaN in x and y for 'not seen'")
        return points, confidences

    def _depths(self, frame):
        """Depths of a frame, when the nets take their next step: the mean with the last frame of each other phase."""
        phase = frame % self._stride  # the delay is so many strides, so of both frames
        depths, last = self._nets.step(self._features.values[phase], phase), self._state["last"]
        if frame <= 0:  # nothing is before the first
            last[:] = depths
        last[phase] = depths
        return last.mean(axis=0)

    def _put_out(self, depths):
        for step in self._outputs:
            depths = step(depths)
        return depths


def _streamable(make, description):
    step = make(description)
    if step is None:
        raise ValueError(f"a {description['class']} looks at whole clips; a stream takes a lifter of "
                         f"RootCenterer(..., causal=True), RegionSelector and ZNormalizer")
    return step


def _fingerprint(nets):
    digest = hashlib.sha256()
    for net in nets:
        for weights in net["weights"].values():
            digest.update(weights.tobytes())
    return int.from_bytes(digest.digest()[:6], "big")  # a number that JSON keeps anywhere
