"""Depths of frames that were lifted in turns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liftz.phases import average_phases, neighbours

STRIDES = st.integers(1, 5)
SEEDS = st.integers(0, 1000)


def depths_of(seed, n_frames):
    return np.random.default_rng(seed).normal(size=(n_frames, 3)).astype(np.float32)


@given(SEEDS, STRIDES, st.integers(1, 20))
def test_each_phase_on_a_line_between_its_frames_and_of_all_the_mean(seed, stride, n_frames):
    depths = depths_of(seed, n_frames)
    time = np.arange(n_frames)
    lines = [[np.interp(time, time[phase::stride], column[phase::stride]) for column in depths.T]
             for phase in range(min(stride, n_frames))]
    np.testing.assert_allclose(average_phases(depths, stride), np.mean(lines, axis=0).T, atol=1e-5)


@given(SEEDS, STRIDES, st.integers(1, 40), st.booleans())
def test_what_differs_between_phases_alone_is_gone(seed, stride, n_frames, causal):
    offsets = depths_of(seed, stride)
    found = average_phases(offsets[np.arange(n_frames) % stride], stride, causal)
    within = found[stride - 1:]  # of a causal one, when each phase had its first frame
    np.testing.assert_allclose(within, np.broadcast_to(offsets.mean(axis=0), within.shape), atol=1e-5)
    if not causal and n_frames >= stride:
        np.testing.assert_allclose(found, np.broadcast_to(offsets.mean(axis=0), found.shape), atol=1e-5)


@given(SEEDS, STRIDES, st.integers(1, 40))
def test_a_causal_one_takes_no_later_frame_and_each_of_the_last(seed, stride, n_frames):
    depths = depths_of(seed, n_frames)
    found = average_phases(depths, stride, causal=True)
    for i in range(n_frames):
        held = np.concatenate([np.repeat(depths[:1], stride, axis=0), depths[:i + 1]])[-stride:]
        np.testing.assert_allclose(found[i], held.mean(axis=0), atol=1e-5)


@given(STRIDES, st.integers(1, 40), st.booleans())
def test_weights_are_those_of_a_mean(stride, n_frames, causal):
    frames, weights = neighbours(n_frames, stride, causal)
    assert frames.shape == (n_frames, len(weights))
    assert frames.min() >= 0
    assert frames.max() < n_frames
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()


def test_with_every_frame_in_turn_nothing_changes():
    depths = depths_of(0, 9)
    for causal in (False, True):
        np.testing.assert_array_equal(average_phases(depths, 1, causal), depths)
