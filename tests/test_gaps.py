"""Bridges over gaps, and what they may not know."""

import numpy as np
import pytest
from clips import is_shown, loop_bridge, one, ragged
from hypothesis import given
from hypothesis import strategies as st

from liftz.gaps import bridge

gap_lengths = st.none() | st.integers(0, 4)
kinds = st.sampled_from([(), (2,), (3,)])
clips = st.builds(lambda clip: clip[0], ragged(max_clips=1, max_frames=10, show=()))


@given(clips, gap_lengths, st.booleans(), st.booleans())
def test_equals_a_loop_over_frames(clip, max_gap, hold_ends, causal):
    clip.flags.writeable = False
    options = {"max_gap": max_gap, "hold_ends": hold_ends, "causal": causal}
    found = bridge(clip, **options)
    assert found.dtype == clip.dtype
    assert not np.shares_memory(found, clip)
    np.testing.assert_allclose(found, loop_bridge(clip, **options), rtol=1e-6, atol=1e-5)


@given(clips, gap_lengths, st.booleans())
def test_sightings_stay_and_only_gaps_change(clip, max_gap, hold_ends):
    found, shown = bridge(clip, max_gap, hold_ends), is_shown(clip)
    np.testing.assert_array_equal(found[shown], clip[shown])
    assert (is_shown(found) >= shown).all()


@given(kinds.flatmap(lambda channels: st.tuples(one(8, channels, ()), one(8, channels, ()))), st.integers(1, 7),
       gap_lengths, st.booleans())
def test_causal_frames_know_nothing_of_later_ones(pair, t, max_gap, hold_ends):
    clip, other = pair
    later = np.concatenate([clip[:t], other[t:]])
    options = {"max_gap": max_gap, "hold_ends": hold_ends, "causal": True}
    expected = bridge(clip, **options)[:t]
    np.testing.assert_array_equal(bridge(later, **options)[:t], expected)
    np.testing.assert_array_equal(bridge(clip[:t], **options), expected)


def track(*values):
    return np.array(values, dtype=np.float32)[:, None]


NAN = np.nan
EXAMPLES = {
    "short gaps": ({"max_gap": 2}, [0, NAN, NAN, 3, NAN, NAN, NAN, 7], [0, 1, 2, 3, NAN, NAN, NAN, 7]),
    "any gap": ({}, [NAN, 0, NAN, NAN, NAN, 4, NAN], [NAN, 0, 1, 2, 3, 4, NAN]),
    "ends held": ({"hold_ends": True}, [NAN, NAN, 1, NAN, 3, NAN], [1, 1, 1, 2, 3, 3]),
    "long ends stay": ({"hold_ends": True, "max_gap": 1}, [NAN, NAN, 1, NAN, 3, NAN], [NAN, NAN, 1, 2, 3, 3]),
    "causal": ({"causal": True}, [NAN, 1, NAN, 3, NAN], [NAN, 1, 1, 3, 3]),
    "causal, a while": ({"causal": True, "max_gap": 2}, [1, NAN, NAN, NAN, 5], [1, 1, 1, NAN, 5]),
    "never seen": ({"hold_ends": True}, [NAN, NAN], [NAN, NAN]),
    "nothing to do": ({"max_gap": 0}, [1, NAN, 3], [1, NAN, 3]),
}


@pytest.mark.parametrize(("options", "before", "after"), EXAMPLES.values(), ids=EXAMPLES)
def test_examples(options, before, after):
    np.testing.assert_array_equal(bridge(track(*before), **options), track(*after))


@pytest.mark.parametrize("options", [{"causal": True}, {"hold_ends": True}])
def test_what_is_held_stands_still_to_the_bit(options):
    clip = np.full((1000, 3), NAN)
    clip[[0, 5, 0], [0, 1, 2]] = 0.1, 0.3, 1e-3
    held = ~np.isnan(bridge(clip, **options))
    assert held.sum() == (2995 if "causal" in options else 3000)
    np.testing.assert_array_equal(bridge(clip, **options)[held], np.broadcast_to([0.1, 0.3, 1e-3], (1000, 3))[held])


def test_a_bridged_point_has_no_confidence():
    clip = np.array([[[0, 0, 0.9]], [[NAN, 5, 0.4]], [[2, 2, 0.8]]], dtype=np.float32)
    np.testing.assert_array_equal(bridge(clip)[1], [[1, 1, 0]])
    np.testing.assert_array_equal(bridge(clip, max_gap=0), clip)
