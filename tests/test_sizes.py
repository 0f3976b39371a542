"""How large a person is, and that a lifter lifts the large as it lifts the small."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifting_cases import assert_same, recordings, tiny_lifter, tiny_lstm
from metric_cases import SIGNER

from liftz.features import bone_ends, frame_features
from liftz.net import ClipDataset
from liftz.sequences import to_object_array
from liftz.sizes import BodySize, scaled

BONES = bone_ends(SIGNER)
X, Y, SIGNERS = recordings(gaps=False)
SIZE = BodySize(X, BONES)


def enlarged(clips, factor):
    return to_object_array([scaled(clip, factor) for clip in clips])


@given(st.floats(0.1, 10))
def test_twice_as_large_is_twice_the_size(factor):
    np.testing.assert_allclose(SIZE(enlarged(X, factor)), factor * SIZE(X), rtol=1e-4)


def test_the_median_training_clip_is_of_size_1():
    assert min(SIZE(X)) < 1 < max(SIZE(X))
    assert BodySize([X[0]] * 3, BONES)([X[0]]) == pytest.approx(1)


@given(st.integers(0, 5))
def test_it_is_told_by_bones_as_nets_see_them(i):
    longest = frame_features(X[i], BONES)[0, -2 * len(SIZE.lengths):-len(SIZE.lengths)]
    assert SIZE(X[i:i + 1])[0] == pytest.approx(longest.sum() / SIZE.lengths.sum(), rel=1e-5)


@given(st.permutations(range(6)), st.floats(1.5, 10))
def test_the_less_is_seen_of_a_giant_the_less_of_a_giant_they_are(order, factor):
    size, giant = BodySize(X[:1], BONES), factor * X[0]
    found = [size([giant])[0]]
    for keypoint in order:
        giant[:, keypoint] = np.nan
        found.append(size([giant])[0])
    assert found[0] == pytest.approx(factor, rel=1e-3)
    assert sorted(found, reverse=True) == found
    assert found[-1] == 1


def test_a_bone_that_training_never_showed_tells_of_no_size():
    hidden = to_object_array([clip.copy() for clip in X])
    for clip in hidden:
        clip[:, SIGNER.index("tip")] = np.nan
    size = BodySize(hidden, BONES)
    np.testing.assert_array_equal(size(X), size(hidden))


def test_one_glimpse_and_a_point_that_jumps_move_it_little():
    clip = np.repeat(X[0][:1], 100, axis=0)
    jump = clip.copy()
    jump[7, 3] += 10_000
    np.testing.assert_allclose(SIZE([jump]), SIZE([clip]), rtol=1e-6)


@pytest.mark.parametrize("clip", [np.full((3, 6, 2), np.nan), np.zeros((3, 6, 2))], ids=["unseen", "one point"])
def test_of_nobody_and_of_a_point_nothing_is_known(clip):
    assert SIZE([clip]) == 1


def test_without_bones_everybody_is_of_size_1_and_no_clip_is_touched():
    np.testing.assert_array_equal(BodySize(X)(enlarged(X, 3)), 1)
    assert scaled(X[0], 1) is X[0]


def test_confidences_are_no_lengths():
    clip = recordings(3)[0][0]
    np.testing.assert_array_equal(scaled(clip, 2)[..., 2], clip[..., 2])
    np.testing.assert_array_equal(scaled(clip, 2)[..., :2], 2 * clip[..., :2])


def test_nets_see_the_small_and_the_large_alike():
    dataset = ClipDataset(enlarged(X, 3), enlarged(Y, 3), sizes=[3] * len(X))
    for (seen, depth), other in zip(dataset, ClipDataset(X, Y), strict=False):
        np.testing.assert_allclose(seen, other[0], rtol=1e-4)
        np.testing.assert_allclose(depth, other[1], rtol=1e-4)


@pytest.mark.parametrize("factor", [0.5, 3])
def test_a_lifter_lifts_the_large_as_it_lifts_the_small(factor):
    lifter = tiny_lifter(max_epochs=5, n_nets=4).fit(X, Y, groups=SIGNERS)
    assert lifter["lift"].regressor_.one_size
    large, depths = lifter.predict(enlarged(X, factor)), lifter.predict(X)
    assert_same(large, enlarged(depths, factor), 1e-3 * max(abs(depth).max() for depth in depths))
    own = tiny_lifter(max_epochs=5, one_size=False).fit(X, Y, groups=SIGNERS)
    assert not np.allclose(own.predict(enlarged(X, factor))[0], factor * own.predict(X)[0], rtol=1e-2)


def test_training_sees_everybody_in_one_size():
    """Clips and depths of any sizes make the same nets."""
    factors = [1, 2, 0.5, 4, 1, 0.25]
    large, depths = (to_object_array(list(map(scaled, clips, factors))) for clips in (X, Y))
    lifted = []
    for one_size in (True, False):
        lstm = tiny_lstm(max_epochs=3, one_size=one_size)
        lstm.fit(large, depths)
        lifted.append(list(map(scaled, lstm.predict(large), 1 / np.array(factors))))
    expected = tiny_lstm(max_epochs=3, one_size=True).fit(X, Y).predict(X)
    assert_same(lifted[0], expected, 1e-3 * abs(expected[0]).max())
    assert not np.allclose(lifted[1][0], expected[0], rtol=1e-2)


def test_what_it_knows_of_errors_is_in_the_unit_of_the_depths():
    clips, depths, _ = recordings(lengths=(30,) * 8, gaps=False)
    factors, signers = [1, 3] * 4, ["Ann", "Ben", "Cem", "Dia"] * 2
    large, rises = (to_object_array(list(map(scaled, found, factors))) for found in (clips, depths))
    lifter = tiny_lifter(max_epochs=2, n_nets=4).fit(large, rises, groups=signers)
    lifted, stds = lifter.predict(large, return_std=True)
    hip = SIGNER.index("hip")
    inside = [abs(depth[:, 1:3] - depth[:, [hip]] - (z - z[:, [hip]])[:, 1:3]) < 1.645 * std[:, 1:3]
              for depth, z, std in zip(rises, lifted, stds, strict=True)]
    assert 0.6 < np.mean(np.concatenate(inside)) <= 1


def test_with_a_look_ahead_clips_stay_as_they_are():
    lifter = tiny_lifter(look_ahead=0).fit(X, Y)
    np.testing.assert_array_equal(lifter["lift"].regressor_.size_(enlarged(X, 3)), 1)
