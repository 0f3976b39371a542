"""Turns of joints: exact, defined everywhere, and smooth in their angles."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from liftz.rotations import best_turn, smooth_angles, swing

seeds = st.integers(0, 2**32 - 1)


def unit(rng, *shape):
    vectors = rng.normal(size=(*shape, 3))
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def turns_of(order, angles):
    return Rotation.from_euler(order, angles, degrees=True).as_matrix()


@given(seeds)
def test_a_swing_reaches_its_aim_by_the_smallest_turn(seed):
    rng = np.random.default_rng(seed)
    rest, bones = unit(rng), unit(rng, 20)
    turns = swing(rest, bones)
    np.testing.assert_allclose(turns @ rest, bones, atol=1e-9)
    smallest = np.arccos(np.clip(bones @ rest, -1, 1))
    np.testing.assert_allclose(Rotation.from_matrix(turns).magnitude(), smallest, atol=1e-6)


@pytest.mark.parametrize("rest", [[1, 0, 0], [0, -1, 0], [0.6, 0, 0.8]])
@pytest.mark.parametrize("off", [0, 1e-15, 1e-9, 1e-6, 1e-3])
def test_a_swing_to_the_opposite_is_a_turn_like_any_other(rest, off):
    rest = np.array(rest, dtype=float)
    bone = -rest + [off, off, -off]
    bone /= np.linalg.norm(bone)
    turn = swing(rest, bone[None])
    np.testing.assert_allclose(turn[0] @ rest, bone, atol=1e-6)
    np.testing.assert_allclose(turn[0] @ turn[0].T, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(swing(rest, rest[None])[0], np.eye(3), atol=1e-12)


@given(seeds, st.integers(2, 6))
@settings(deadline=None)
def test_no_other_turn_takes_the_bones_nearer(seed, n_bones):
    rng = np.random.default_rng(seed)
    rest, bones = unit(rng, n_bones), unit(rng, 1, n_bones)
    found = best_turn(rest, bones)[0]
    others = Rotation.random(500, rng=rng).as_matrix() @ found
    others = np.concatenate([others, Rotation.from_rotvec(rng.normal(0, 0.1, (500, 3))).as_matrix() @ found])

    def nearness(turn):
        return ((turn @ rest.T) * bones[0].T).sum(axis=(-2, -1)) + 0.01 * np.trace(turn, axis1=-2, axis2=-1)

    assert np.linalg.det(found) == pytest.approx(1)
    assert (nearness(others) <= nearness(found) + 1e-9).all()


@given(seeds)
def test_bones_in_one_line_leave_no_turn_about_it(seed):
    rng = np.random.default_rng(seed)
    rest = np.tile(unit(rng), (3, 1))
    bones = rest[0] + unit(rng, 10)
    bones /= np.linalg.norm(bones, axis=1, keepdims=True)
    np.testing.assert_allclose(best_turn(rest, rest[None]), np.eye(3)[None], atol=1e-12)
    np.testing.assert_allclose(best_turn(rest, np.tile(bones[:, None], (1, 3, 1))), swing(rest[0], bones), atol=0.02)


@given(seeds, st.integers(1, 30))
@settings(deadline=None)
def test_angles_are_those_of_the_turns(seed, n_frames):
    turns = Rotation.random(n_frames, rng=np.random.default_rng(seed)).as_matrix()
    order, angles = smooth_angles(turns)
    np.testing.assert_allclose(turns_of(order, angles), turns, atol=1e-9)


@given(seeds)
@settings(deadline=None)
def test_small_turns_are_small_changes_of_angles(seed):
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 4, (200, 3)).cumsum(axis=0)
    truth[:, 1] = 60 * np.sin(np.radians(truth[:, 1]))  # out of the lock's reach
    order, angles = smooth_angles(turns_of("ZXY", truth))
    assert order == "ZXY"
    np.testing.assert_allclose(np.diff(angles, axis=0), np.diff(truth, axis=0), atol=1e-6)


def test_a_joint_that_spins_and_tumbles_never_jumps():
    spin = np.linspace(0, 1500, 300)[:, None] * [1, 0, 0]
    for order, axis in (("ZXY", 0), ("XYZ", 1), ("YZX", 2)):
        spins = np.roll(spin, axis, axis=1) + [3, 2, 1]
        found, angles = smooth_angles(turns_of(order, spins))
        assert np.abs(np.diff(angles, axis=0)).max() < 6, (order, axis, found)
        assert np.ptp(angles, axis=0).max() > 1490


@pytest.mark.parametrize("axis", ["X", "Y", "Z"])
def test_the_order_keeps_away_from_the_lock(axis):
    turns = turns_of(axis, np.linspace(-85, 95, 60)[:, None])
    order, angles = smooth_angles(turns)
    assert order == ("XYZ" if axis == "X" else "ZXY")
    assert np.abs(np.diff(angles, axis=0)).max() < 4


def test_where_no_order_keeps_away_the_angles_go_on_beyond_a_quarter_turn():
    there = np.arange(0, 175, 7.0)
    spin = np.concatenate([there, there[::-1]])[:, None]
    turns = np.concatenate([turns_of(axis, spin) for axis in "XYZ"])
    order, angles = smooth_angles(turns)
    np.testing.assert_allclose(turns_of(order, angles), turns, atol=1e-9)
    np.testing.assert_allclose(np.abs(np.diff(angles, axis=0)).max(), 7)


def test_a_frame_in_the_lock_itself_goes_on_as_the_one_before():
    truth = np.array([[10, 80, 40], [10, 90, 40], [10, 80, 40], [10, 0, 40], [10, -80, 40], [10, -90, 40], [0, 0, 0],
                      [80, 0, 0], [90, 0, 0], [0, 0, 80], [0, 0, 90], [0, 90, 0], [90, 90, 0], [0, 0, 90]], dtype=float)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        order, angles = smooth_angles(turns_of("ZXY", truth[:6]))
    np.testing.assert_allclose(turns_of(order, angles), turns_of("ZXY", truth[:6]), atol=1e-9)
    forced = np.concatenate([turns_of("ZXY", truth[:6]), turns_of("XYZ", [[0, 90, 0]]), turns_of("YZX", [[0, 90, 0]])])
    order, angles = smooth_angles(forced)  # every order locks in one frame of these
    np.testing.assert_allclose(turns_of(order, angles), forced, atol=1e-7)
    assert np.abs(np.diff(angles[:6], axis=0)).max() < 181
