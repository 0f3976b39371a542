import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils import Bunch

from liftz.datasets import make_signing, project
from liftz.datasets.projection import burst_mask, drop_bursts, drop_keypoints
from liftz.skeleton import Skeleton

ARM = Skeleton("arm", ["shoulder", "elbow", "wrist"], root="shoulder", regions={"upper": ["shoulder"],
               "lower": ["elbow", "wrist"]})


def recording(*n_frames, y_up=False, depth=2000.0):
    rng = np.random.default_rng(1)
    points = [rng.normal([0, 0, depth], [500, 500, 100], (n, 3, 3)).astype(np.float32) for n in n_frames]
    return Bunch(X=[p[..., :2].copy() for p in points], y=[p[..., 2].copy() for p in points], skeleton=ARM, y_up=y_up)


def test_t1_is_the_metric_x_and_y():
    data = make_signing(1, 2, n_frames=20)
    assert project(data, "T1") is data.X


@pytest.mark.parametrize("y_up", [False, True])
def test_t2_is_a_pinhole_camera(y_up):
    data = recording(10, 20, y_up=y_up)
    before = [clip.copy() for clip in data.X]
    X = project(data, "T2", focal=800, noise=0, missing=0)
    for pixels, clip, depth, untouched in zip(X, data.X, data.y, before, strict=True):
        assert pixels.dtype == np.float32
        np.testing.assert_allclose(pixels[..., 0], 800 * clip[..., 0] / depth, rtol=1e-5)
        np.testing.assert_allclose(pixels[..., 1], (-1 if y_up else 1) * 800 * clip[..., 1] / depth, rtol=1e-5)
        np.testing.assert_array_equal(clip, untouched)


def test_a_confidence_is_carried_along():
    data = recording(10)
    data.X = [np.dstack([data.X[0], np.full((10, 3), 0.7)])]
    np.testing.assert_allclose(project(data, "T2", missing=0)[0][..., 2], 0.7)


def test_noise_has_its_size():
    data = recording(4000)
    off = project(data, "T2", noise=2.5, missing=0)[0] - project(data, "T2", noise=0, missing=0)[0]
    assert off.std() == pytest.approx(2.5, rel=0.02)
    assert abs(off.mean()) < 0.1


def test_what_was_not_seen_stays_unseen():
    data = recording(50)
    data.X[0][3, 1, 0] = data.y[0][7, 2] = np.nan
    unseen = np.isnan(project(data, "T2", missing=0)[0])
    assert np.argwhere(unseen.any(axis=2)).tolist() == [[3, 1], [7, 2]]
    assert unseen[3, 1].all()
    more = np.isnan(project(data, "T2", missing=0.5)[0])
    assert more[unseen].all()
    assert more.sum() > 30


def test_noise_and_gaps_of_a_clip_depend_on_the_seed_and_its_number_alone():
    few, many = recording(30, 40), recording(30, 40, 20)
    for a, b in zip(project(few, "T2"), project(many, "T2"), strict=False):
        np.testing.assert_array_equal(a, b)
    assert not np.allclose(project(few, "T2")[0], project(few, "T2", random_state=1)[0], equal_nan=True)
    same = recording(30, 30)
    same.X[1], same.y[1] = same.X[0], same.y[0]
    a, b = project(same, "T2", missing=0)
    assert not np.allclose(a, b)


def test_distance_moves_every_clip_before_the_camera():
    data = recording(30, 41, depth=-50.0)
    data.y[0] -= 300
    data.y[0][::3, 0] = np.nan
    pixels = project(data, "T2", noise=0, missing=0, distance=3000, focal=1000)
    for u, clip, depth in zip(pixels, data.X, data.y, strict=True):
        moved = 1000 * clip[..., 0] / u[..., 0]
        assert np.nanmedian(moved[:, 0]) == pytest.approx(3000, rel=1e-5)
        np.testing.assert_allclose(moved - np.float32(3000), depth - np.nanmedian(depth[:, 0]), atol=5)


def test_refuses_what_is_behind_the_camera():
    data = recording(30, 40)
    data.y[1][12, 2] = -3
    with pytest.raises(ValueError, match=r"clip 1, frame 12, keypoint wrist: depth -3 .*above 0"):
        project(data, "T2")
    project(data, "T1")


def test_refuses_what_it_does_not_know():
    with pytest.raises(ValueError, match="'T3'"):
        project(recording(5), "T3")
    data = recording(5, 5)
    data.y[1][:, 0] = np.nan
    with pytest.raises(ValueError, match="clip 1 never shows its root 'shoulder'"):
        project(data, "T2", distance=3000)


@pytest.mark.parametrize("parameters", [{"focal": 0}, {"focal": np.nan}, {"noise": -1}, {"noise": np.inf},
                                        {"distance": np.nan}, {"distance": -3000}])
def test_refuses_impossible_cameras(parameters):
    [(name, value)] = parameters.items()
    with pytest.raises(ValueError, match=f"expected a finite .*{name}={value}"):
        project(recording(10), "T2", **parameters)


@pytest.mark.parametrize(("share", "burst", "message"), [
    (1.0, (3, 15), "below 1"), (-0.1, (3, 15), "at least 0"), (np.nan, (3, 15), "at least 0"),
    (0.1, (0, 3), "burst"), (0.1, (5, 3), "burst")])
def test_refuses_impossible_gaps(share, burst, message):
    with pytest.raises(ValueError, match=message):
        drop_bursts([np.zeros((9, 3, 2))], share, burst)


@settings(max_examples=30, deadline=None)
@given(share=st.floats(0, 0.9), n_frames=st.integers(1, 60), shortest=st.integers(1, 8), longer=st.integers(0, 20),
       seed=st.integers(0, 2**31))
def test_the_share_lost_is_right_in_every_frame_of_clips_of_any_length(share, n_frames, shortest, longer, seed):
    lost = burst_mask((n_frames, 20_000), share, (shortest, shortest + longer), np.random.default_rng(seed))
    np.testing.assert_allclose(lost.mean(axis=1), share, atol=0.02)


def test_bursts_have_their_lengths():
    lost = burst_mask((100, 5000), 0.01, (4, 9), np.random.default_rng(0)).T
    edges = np.diff(lost.astype(int), axis=1, prepend=0, append=0)
    start, end = np.argwhere(edges == 1), np.argwhere(edges == -1)
    inside = (start[:, 1] > 0) & (end[:, 1] < 100)
    lengths = (end - start)[inside, 1]
    assert lengths.min() == 4
    assert np.mean(lengths <= 9) > 0.9, "bursts that overlap make longer gaps"
    assert abs(np.mean(lengths[lengths <= 9]) - 6.5) < 0.2


@settings(max_examples=30, deadline=None)
@given(n_frames=st.integers(1, 5), seed=st.integers(0, 2**31), gap=st.booleans())
def test_every_clip_keeps_a_point(n_frames, seed, gap):
    clip = np.ones((n_frames, 2, 2), dtype=np.float32)
    if gap:
        clip[0] = np.nan
        clip[-1, 0] = 1
    dropped, = drop_bursts([clip], 0.95, random_state=seed)
    assert np.isfinite(dropped).any()
    assert np.isnan(dropped[np.isnan(clip)]).all()


def test_what_shows_nothing_shows_nothing_afterwards():
    assert np.isnan(drop_bursts([np.full((5, 2, 2), np.nan)], 0.5)[0]).all()


def test_drops_keypoints_together():
    clips = [np.ones((n, 3, 2), dtype=np.float32) for n in (60, 60, 10)]
    long, other, short = drop_keypoints(clips, ARM, "lower", n_frames=15)
    for clip in (long, other):
        frames = np.flatnonzero(np.isnan(clip[:, 1, 0]))
        assert np.array_equal(frames, np.arange(frames[0], frames[0] + 15))
        assert np.isnan(clip[frames][:, 1:]).all()
        assert np.isfinite(clip[:, 0]).all()
    assert not np.array_equal(np.isnan(long), np.isnan(other))
    assert np.isnan(short[:, 1:]).all()
    assert np.isfinite(clips[0]).all()
    assert np.isfinite(drop_keypoints(clips, ARM, ["upper", "lower"], n_frames=60)[0][0]).all()
    with pytest.raises(ValueError, match="did you mean wrist"):
        drop_keypoints(clips, ARM, "wrists")


def test_synthetic_signing_fits_the_picture():
    for clip in project(make_signing(3, 2), "T2"):
        assert np.nanmax(np.abs(clip)) < 700
