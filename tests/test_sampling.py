"""Windows and batches: every frame once, and little padding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liftz.sampling import LengthBuckets, every_fifth, windows

lengths = st.lists(st.integers(1, 40), min_size=1, max_size=60)


@given(lengths, st.none() | st.integers(1, 45))
def test_windows_part_each_clip_into_equal_pieces(lengths, window):
    pieces = windows(lengths, window)
    assert [clip for clip, _, _ in pieces] == sorted(clip for clip, _, _ in pieces)
    for clip, length in enumerate(lengths):
        own = [(start, stop) for c, start, stop in pieces if c == clip]
        assert [t for start, stop in own for t in range(start, stop)] == list(range(length))
        sizes = [stop - start for start, stop in own]
        assert len(own) == (1 if window is None else int(np.ceil(length / window)))
        assert max(sizes) - min(sizes) <= 1
        assert max(sizes) <= (window or length)


def test_windows_take_numpy_lengths():
    assert windows(np.array([7]), window=np.int64(3)) == [(0, 0, 2), (0, 2, 4), (0, 4, 7)]


@given(lengths, st.integers(1, 9), st.none() | st.integers(0, 2**32))
def test_batches_hold_every_item_once(lengths, batch_size, seed):
    buckets = LengthBuckets(lengths, batch_size, None if seed is None else np.random.default_rng(seed))
    for _ in range(2):
        batches = list(buckets)
        assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
        assert len(batches) == len(buckets)
        assert all(1 <= len(batch) <= batch_size for batch in batches)
        assert sum(len(batch) < batch_size for batch in batches) <= 1 + len(lengths) // (16 * batch_size)


@given(lengths, st.integers(1, 9))
def test_without_a_generator_the_longest_come_first(lengths, batch_size):
    order = [i for batch in LengthBuckets(lengths, batch_size) for i in batch]
    assert order == sorted(range(len(lengths)), key=lambda i: -lengths[i])


def test_a_seed_draws_the_same_orders_again_and_each_pass_another():
    def passes():
        buckets = LengthBuckets(range(1, 200), 8, np.random.default_rng(3))
        return [list(buckets), list(buckets)]

    assert passes() == passes()
    first, second = passes()
    assert first != second
    assert sorted(map(sorted, first)) != sorted(map(sorted, second)), "the same batches, in another order"


def test_short_and_long_batches_come_in_any_order():
    lengths = np.arange(1, 129)
    longest = [lengths[batch].max() for batch in LengthBuckets(lengths, 8, np.random.default_rng(0))]
    assert longest not in (sorted(longest), sorted(longest, reverse=True))


@pytest.mark.parametrize("seed", range(3))
def test_little_is_padding(seed):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(20, 300, 2000)

    def padded(batches):
        return sum(lengths[batch].max() * len(batch) for batch in batches) / lengths.sum()

    assert padded(LengthBuckets(lengths, 32, rng)) < 1.06
    assert padded(np.array_split(rng.permutation(2000), 63)) > 1.5  # what it spares


def test_of_every_five_frames_one_tells_if_it_tells_of_both():
    frames = np.arange(20.0)
    clip, depth = np.repeat(frames, 4).reshape(20, 2, 2), np.repeat(frames, 2).reshape(20, 2)
    dark, bare = clip * np.nan, depth * np.nan
    late, sparse = clip.copy(), np.where(np.isin(frames, [3, 4, 13])[:, None], depth, np.nan)
    late[:2] = np.nan
    X, y, clips = every_fifth([clip, late, clip, dark, clip], [depth, depth, sparse, depth, bare])
    assert [kept[:, 0].tolist() for kept in y] == [[0, 5, 10, 15], [2, 5, 10, 15], [3, 13]]
    assert [kept[:, 1, 1].tolist() for kept in X] == [kept[:, 0].tolist() for kept in y]
    assert clips == [0, 1, 2]
    with pytest.raises(ValueError, match="no frame of any clip has both"):
        every_fifth([dark], [depth])
