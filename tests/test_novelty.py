"""How new poses are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from liftz.novelty import AT_ONCE, Novelty, mean_poses

POSES = arrays(np.float32, st.tuples(st.integers(2, 9), st.just(8)),
               elements=st.one_of(st.just(np.nan), st.floats(-100, 100, width=16)))


def test_each_stretch_has_its_mean_pose_of_what_is_shown():
    clip = np.arange(14, dtype=np.float32).reshape(7, 1, 2).repeat(2, axis=1)
    clip[0, 0] = clip[3:, 1] = np.nan
    poses, lengths = mean_poses(clip, stretch=4)
    assert lengths == [3, 4]
    np.testing.assert_array_equal(poses, [[3, 4, 2, 3], [9, 10, np.nan, np.nan]])
    confident = np.dstack([clip, np.full(clip.shape[:2], 0.5)])
    np.testing.assert_array_equal(mean_poses(confident, stretch=4)[0], poses)


@given(POSES, POSES)
def test_it_is_the_mean_distance_to_the_nearest_over_what_both_show(known, new):
    novelty = Novelty(known)
    spread = np.array([np.std(column[~np.isnan(column)], dtype=float) if (~np.isnan(column)).any() else 0
                       for column in known.T])
    telling = spread > 1e-6 * spread.max()
    for pose, found in zip(new, novelty(new), strict=True):
        apart = np.square((pose - known)[:, telling] / spread[telling])
        apart = sorted(np.sqrt(np.mean(row[~np.isnan(row)])) for row in apart
                       if (~np.isnan(row)).sum() >= max(1, telling.sum() / 4))
        assert found == pytest.approx(np.mean(apart[:5]), rel=1e-3, abs=1e-3) if apart else np.isnan(found)


def test_what_shows_too_little_cannot_be_told():
    known = np.random.default_rng(0).normal(size=(30, 8))
    pose = np.where(np.arange(8) < 2, known[0], np.nan)
    assert np.isfinite(Novelty(known)(pose[None]))
    pose[1] = np.nan
    assert np.isnan(Novelty(known)(pose[None]))


def test_poses_of_the_same_signer_are_not_compared():
    known = np.array([[0.0], [1.0], [4.0], [6.0]])
    same = np.array([[True, True, False, False], [False] * 4])
    first, second = Novelty(known)(known[[0, 0]], same)
    assert first == pytest.approx(5 / known.std())
    assert second == pytest.approx(known.mean() / known.std())


def test_neither_units_nor_where_zero_is_matter():
    rng = np.random.default_rng(0)
    known, new = rng.normal(size=(30, 6)), rng.normal(size=(8, 6))
    units, zero = rng.uniform(0.1, 1000, 6), rng.normal(size=6) * 50
    np.testing.assert_allclose(Novelty(known * units + zero)(new * units + zero), Novelty(known)(new), rtol=1e-6)


def test_poses_are_new_each_by_itself():
    known, new = (np.random.default_rng(seed).normal(size=(n, 4)) for seed, n in enumerate((7, AT_ONCE + 3)))
    found = Novelty(known)(new)
    for i in (0, AT_ONCE - 1, AT_ONCE, AT_ONCE + 2):
        assert Novelty(known)(new[i:i + 1]) == pytest.approx(found[i])


@pytest.mark.parametrize("place", [7.1, 900.3])
def test_a_point_that_never_moves_tells_nothing(place):
    rng = np.random.default_rng(0)
    known = np.column_stack([rng.normal(size=30), np.full(30, place)]).astype(np.float32)
    first, second = Novelty(known)(np.float32([[0.5, place], [0.5, 1.01 * place]]))
    assert first == second == pytest.approx(Novelty(known[:, :1])(np.float32([[0.5]]))[0])
