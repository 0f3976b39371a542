"""How large a person is, and that a lifter lifts the large as it lifts the small."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifting_cases import TINY, assert_same, recordings, tiny_lifter, tiny_lstm
from metric_cases import SIGNER
from sklearn.base import BaseEstimator

from liftz import RootCenterer, make_lifter
from liftz.datasets import make_signing
from liftz.features import bone_ends, frame_features
from liftz.net import ClipDataset
from liftz.sequences import to_object_array
from liftz.sizes import BodySize, each_scaled, foreshortening, scaled

BONES = bone_ends(SIGNER)
X, Y, SIGNERS = recordings(gaps=False)
SIZE = BodySize(X, Y, BONES)


def enlarged(clips, factor):
    return each_scaled(clips, [factor] * len(clips))


@given(st.floats(0.1, 10))
def test_twice_as_large_is_twice_the_size(factor):
    np.testing.assert_allclose(SIZE(enlarged(X, factor)), factor * SIZE(X), rtol=1e-4)


def test_the_median_training_clip_is_of_size_1():
    assert BodySize([X[0], 2 * X[0], 30 * X[0]], [Y[0]] * 3, BONES)([2 * X[0]])[0] == pytest.approx(1)


def test_it_is_told_by_bones_as_nets_see_them():
    size = BodySize(X[:1], Y[:1], BONES)
    longest = frame_features(X[0], BONES)[0, -2 * len(size.lengths):-len(size.lengths)]
    np.testing.assert_allclose(size.lengths, longest, rtol=1e-6)
    assert size([X[0] * [[[1.5], [1], [1], [1], [1], [1]]]])[0] == pytest.approx(
        np.minimum(frame_features(X[0] * [[[1.5], [1], [1], [1], [1], [1]]], BONES)[0, -8:-4], 2 * longest).sum()
        / longest.sum(), rel=1e-5)


@pytest.mark.parametrize("share", [0.002, 0.02])
def test_frames_astray_tell_neither_of_the_unit_of_depth_nor_of_pictures(share):
    data = make_signing(n_signers=4, n_clips=4, n_frames=60, random_state=0)
    center, rng = RootCenterer(data.skeleton).fit_transform, np.random.default_rng(0)
    bones, depths = bone_ends(data.skeleton), center(data.y)

    def told(clips):
        clips = center(clips)
        size = BodySize(clips, depths, bones)
        parts = np.sum([foreshortening(*of_clip, *bones) for of_clip in zip(clips, depths, strict=True)], axis=0)
        return (parts[0] / parts[1]) ** 0.25, size.of_picture

    def astray(clip):
        moved = rng.random(clip.shape[:2]) < share
        return clip + moved[..., None] * rng.normal(0, 100, clip.shape).astype(np.float32)  # a metre

    clean, _ = told(data.X)
    for signer in "S1", "S2", "S3", "S4":
        found, of_picture = told([astray(clip) if of == signer else clip
                                  for clip, of in zip(data.X, data.groups, strict=True)])
        assert found == pytest.approx(clean, rel=0.05)
        assert not of_picture


@given(st.sets(st.integers(0, 5), max_size=5), st.floats(0.1, 10))
def test_half_a_giant_is_a_giant(hidden, factor):
    size, giant = BodySize(X[:1], Y[:1], BONES), factor * X[0]
    giant[:, list(hidden)] = np.nan
    shown = [not hidden & {a, b} for a, b in zip(*BONES, strict=True)]
    assert size([giant])[0] == pytest.approx(factor if any(shown) else 1, rel=1e-3)


def test_giants_and_dwarfs_are_unusual_where_training_had_none():
    clips = [X[0] * factor for factor in (0.8, 1, 1, 1.5)]
    size = BodySize(clips, [Y[0]] * 4, BONES)
    assert size.spread == pytest.approx(np.log(1.5), rel=1e-3)
    np.testing.assert_allclose(size.unusual(np.array([1, 1.49, 1 / 1.49, 2.25, 1 / 2.25])), [0, 0, 0, 2, 2], rtol=1e-3)
    assert BodySize(X[:1], Y[:1], BONES).spread == pytest.approx(np.log(1.25))


def test_a_lifter_is_less_sure_of_people_of_a_size_that_it_never_saw():
    data = make_signing(n_signers=5, n_clips=4, n_frames=40, views=(0,), random_state=0)
    lifter = make_lifter(data.skeleton, n_nets=4, hidden_size=8, max_epochs=1, random_state=0).fit(
        data.X, data.y, groups=data.groups)
    lifter["lift"].regressor_.errors_.line = np.array([0.5, 0.5])  # so few clips do not tell it
    usual, small = data.X[:4], enlarged(data.X[:4], 0.4)
    (new, growth), (new_small, growth_small) = lifter.novelty(usual), lifter.novelty(small)
    assert (new_small > 1).all()
    assert (new_small > new).all()
    assert (growth_small > growth).all()
    wide, narrow = (np.nanmean(lifter.predict(clips, return_std=True)[1][0]) for clips in (small, usual))
    assert wide > 1.1 * 0.4 * narrow


def test_a_bone_that_training_never_showed_tells_of_no_size():
    hidden = to_object_array([clip.copy() for clip in X])
    for clip in hidden:
        clip[:, SIGNER.index("tip")] = np.nan
    size = BodySize(hidden, Y, BONES)
    np.testing.assert_array_equal(size(X), size(hidden))


def test_a_point_that_jumps_moves_it_not():
    clip = np.repeat(X[0][:1], 100, axis=0)
    jump = clip.copy()
    jump[7, 3] += 10_000
    np.testing.assert_allclose(SIZE([jump]), SIZE([clip]), rtol=1e-6)


def test_a_keypoint_often_astray_makes_no_giant():
    data = make_signing(n_signers=3, n_clips=2, n_frames=40, missing=0, random_state=0)
    size = BodySize(data.X, data.y, bone_ends(data.skeleton))
    astray = data.X[0].copy()
    astray[::5, data.skeleton.index("left_wrist")] += 100_000
    assert size([astray])[0] == pytest.approx(size(data.X[:1])[0], rel=0.05)


@pytest.mark.parametrize("clip", [np.full((3, 6, 2), np.nan), np.zeros((3, 6, 2))], ids=["unseen", "one point"])
def test_of_nobody_and_of_a_point_nothing_is_known(clip):
    np.testing.assert_array_equal(SIZE([clip]), 1)


def test_without_bones_everybody_is_of_size_1_and_no_clip_is_touched():
    np.testing.assert_array_equal(BodySize(X, Y)(enlarged(X, 3)), 1)
    assert scaled(X[0], 1) is X[0]


def test_confidences_are_no_lengths():
    clip = recordings(3)[0][0]
    np.testing.assert_array_equal(scaled(clip, 2)[..., 2], clip[..., 2])
    np.testing.assert_array_equal(scaled(clip, 2)[..., :2], 2 * clip[..., :2])


@pytest.fixture(scope="module")
def signing():
    """Bodies in cm, relative to their roots."""
    data = make_signing(n_signers=6, n_clips=3, n_frames=30, random_state=0)
    center = RootCenterer(data.skeleton)
    return center.fit_transform(data.X), center.fit_transform(data.y), bone_ends(data.skeleton)


@pytest.mark.parametrize("spread", [0.2, 0.6])
def test_whether_people_differ_or_pictures_is_told_by_foreshortening(signing, spread):
    clips, depths, bones = signing
    factors = np.exp(spread * np.random.default_rng(0).standard_normal(len(clips)))
    assert not BodySize(clips, depths, bones).of_picture
    assert not BodySize(each_scaled(clips, factors), each_scaled(depths, factors), bones).of_picture
    nearer = BodySize(each_scaled(clips, factors), depths, bones)
    assert nearer.of_picture
    of_keypoints, of_depths = nearer(each_scaled(clips, factors))
    np.testing.assert_allclose(of_keypoints / BodySize(clips, depths, bones)(clips)[0],
                               of_keypoints[0] / BodySize(clips, depths, bones)(clips)[0][0] / factors[0] * factors,
                               rtol=0.02)
    np.testing.assert_array_equal(of_depths, 1)


def test_where_nothing_moves_sizes_are_peoples():
    still = [np.repeat(clip[:1], 5, axis=0) for clip in (*X, *Y)]
    assert not BodySize(still[:6], still[6:], BONES).of_picture


def test_a_nearer_camera_changes_no_depth(signing):
    clips, depths, _ = signing
    factors = np.exp(0.5 * np.random.default_rng(0).standard_normal(len(clips)))
    lifter = make_lifter(make_signing(n_signers=1, n_clips=1, n_frames=2).skeleton, n_nets=1, hidden_size=4,
                         max_epochs=2, random_state=0).fit(each_scaled(clips, factors), depths)
    near, far = lifter.predict(enlarged(clips, 2)), lifter.predict(clips)
    assert_same(near, far, 1e-3 * abs(far[0]).max())


def test_nets_see_the_small_and_the_large_alike():
    dataset = ClipDataset(enlarged(X, 3), enlarged(Y, 5), sizes=[[3] * len(X), [5] * len(X)])
    for (seen, depth), other in zip(dataset, ClipDataset(X, Y), strict=False):
        np.testing.assert_allclose(seen, other[0], rtol=1e-4)
        np.testing.assert_allclose(depth, other[1], rtol=1e-4)


@pytest.mark.parametrize("factor", [0.5, 3])
def test_a_lifter_lifts_the_large_as_it_lifts_the_small(factor):
    lifter = tiny_lifter(max_epochs=5).fit(X, Y)
    assert lifter["lift"].regressor_.one_size
    large, depths = lifter.predict(enlarged(X, factor)), lifter.predict(X)
    assert_same(large, enlarged(depths, factor), 1e-3 * max(abs(depth).max() for depth in depths))
    own = tiny_lifter(max_epochs=5, one_size=False).fit(X, Y)
    assert not np.allclose(own.predict(enlarged(X, factor))[0], factor * own.predict(X)[0], rtol=1e-2)


@pytest.mark.parametrize("augmented", [False, True])
def test_training_sees_everybody_in_one_size(augmented):
    """Clips and depths of any sizes make the same nets."""
    data = make_signing(n_signers=3, n_clips=2, n_frames=20, missing=0, random_state=0)
    factors = [1, 2, 0.5, 4, 1, 0.25]
    large, depths = each_scaled(data.X, factors), each_scaled(data.y, factors)
    lifter = make_lifter(data.skeleton, **TINY | {"max_epochs": 3} | ({} if augmented else {"augment": None}))
    lifted = []
    for one_size in (True, False):
        lifter.set_params(lift__regressor__one_size=one_size).fit(large, depths, groups=data.groups)
        lifted.append(each_scaled(lifter.predict(large), 1 / np.array(factors)))
    lifter.set_params(lift__regressor__one_size=True)
    expected = lifter.fit(data.X, data.y, groups=data.groups).predict(data.X)
    one, own = (np.mean([abs(a - b).mean() for a, b in zip(found, expected, strict=True)]) for found in lifted)
    assert one < 0.03 * abs(expected[0]).mean()
    assert own > 5 * one


class Keeper(BaseEstimator):
    """Changes nothing, and keeps what it is fitted on."""

    kept = ()

    def fit(self, X, y, groups=None):
        Keeper.kept = X, y
        return self

    def __call__(self, clip, depth, rng, signer=None):
        return clip, depth


def test_bodies_are_varied_in_one_size():
    lstm = tiny_lstm(one_size=True, augment=Keeper()).fit(X, Y)
    for found, clips, sizes in zip(Keeper.kept, (X, Y), lstm.size_(X), strict=True):
        assert_same(found, each_scaled([clip[::5] for clip in clips], 1 / sizes), 1e-3)


def test_adaptation_sees_everybody_in_one_size():
    lifter = tiny_lifter(max_epochs=2, augment=None).fit(X, Y)
    small, large = (lifter.adapt(enlarged(X[:2], f), enlarged(Y[:2], f), max_epochs=3, lr=1e-2) for f in (1, 4))
    expected = small.predict(X)
    assert_same(large.predict(X), expected, 1e-3 * abs(expected[0]).max())
    assert not np.allclose(expected[0], lifter.predict(X)[0], rtol=1e-2)


def test_what_it_knows_of_errors_grows_with_the_person():
    clips, depths, _ = recordings(lengths=(30,) * 8, gaps=False)
    lifter = tiny_lifter(max_epochs=2, n_nets=4).fit(clips, depths, groups=["Ann", "Ben", "Cem", "Dia"] * 2)
    lifter["lift"].regressor_.size_.spread = np.log(100)  # as if there had been giants
    _, expected = lifter.predict(clips, return_std=True)
    _, found = lifter.predict(enlarged(clips, 7), return_std=True)
    assert_same(found, enlarged(expected, 7), 1e-3 * np.nanmax(expected[0]))


def test_with_a_look_ahead_clips_stay_as_they_are():
    lifter = tiny_lifter(look_ahead=0).fit(X, Y)
    np.testing.assert_array_equal(lifter["lift"].regressor_.size_(enlarged(X, 3)), 1)


def test_it_takes_a_skeleton():
    with pytest.raises(ValueError, match="one_size=True takes a skeleton"):
        tiny_lstm(None, one_size=True).fit(X, Y)
