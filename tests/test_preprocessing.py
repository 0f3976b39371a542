"""Transformers of clips, of keypoints and of depths alike."""

import numpy as np
import pytest
from clips import HIP, KINDS, PELVIS, SKELETONS, WRIST, assert_clips, is_shown, loop_bridge, ragged, space
from hypothesis import given
from hypothesis import strategies as st
from metric_cases import SIGNER, TWO_ROOTED, root_of
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from liftz import GapFiller, RegionSelector, RootCenterer, Skeleton, ZNormalizer
from liftz.sequences import to_object_array
from liftz.transformer import SequenceTransformer

NAN = np.nan
EVERY = {
    "roots": RootCenterer(SIGNER),
    "one root": RootCenterer(SIGNER, per_region=False),
    "a root of two": RootCenterer(TWO_ROOTED),
    "a region's root of two": RootCenterer(PELVIS),
    "normal": ZNormalizer(),
    "normal, one scale": ZNormalizer(per="all"),
    "unit size": ZNormalizer(per="all", with_mean=False),
    "regions": RegionSelector(SIGNER, ["hand", "neck"]),
    "gaps": GapFiller(max_gap=2),
}
every_transformer = pytest.mark.parametrize("transformer", EVERY.values(), ids=EVERY)
every_kind = pytest.mark.parametrize("kind", KINDS)
two_sets = st.sampled_from(list(KINDS)).flatmap(lambda kind: st.tuples(ragged(kind), ragged(kind)))
CLOSE = {"rtol": 1e-5, "atol": 1e-4}


# --- what holds for all of them


@every_transformer
@given(two_sets)
def test_each_clip_is_transformed_alone_and_left_as_it_was(transformer, sets):
    train, clips = sets
    for clip in train + clips:
        clip.flags.writeable = False
    out = transformer.fit(train).transform(clips)
    assert_clips(out, [transformer.transform([clip])[0] for clip in clips])
    assert_clips(transformer.transform(clips[::-1])[::-1], out)
    assert not any(np.shares_memory(a, b) for a, b in zip(out, clips, strict=True))
    back = transformer.inverse_transform(out)
    assert_clips(back, [transformer.inverse_transform([clip])[0] for clip in out])
    assert [clip.shape for clip in back] == [clip.shape for clip in clips]


@every_transformer
@given(ragged())
def test_list_object_array_and_one_array_are_the_same(transformer, clips):
    expected = transformer.fit_transform(clips)
    assert_clips(transformer.fit_transform(to_object_array(clips)), expected)
    assert_clips(transformer.fit_transform([clip.tolist() for clip in clips]), expected)
    double = np.stack([clips[0], clips[0]]).astype(np.float64)
    assert_clips(transformer.transform(double), [expected[0]] * 2)
    assert_clips(transformer.inverse_transform(list(expected)), transformer.inverse_transform(expected))


@every_transformer
def test_what_is_not_like_in_fit_is_refused(transformer):
    with pytest.raises(NotFittedError):
        transformer.__sklearn_clone__().transform([np.ones((2, 6))])
    transformer.fit([np.ones((2, 6, 3))])
    for message, clip in {
        "clip 0 has 5 keypoints, expected 6": np.ones((2, 5, 3)),
        "clip 0 has 2 channels, expected 3": np.ones((2, 6, 2)),
        r"clip 0 has shape \(2, 6\), expected \(n_frames, n_keypoints, 3\); a single": np.ones((2, 6)),
        r"clip 0, frame 1, keypoint (neck|2): inf": [[[0, 0, 0]] * 6, [[0, 0, 0]] * 2 + [[0, np.inf, 0]] * 4],
    }.items():
        with pytest.raises(ValueError, match=f"clips: {message}"):
            transformer.transform([clip])


# --- RootCenterer


def loop_center(clip, skeleton, per_region):
    out, shown = clip.astype(np.float64), is_shown(clip)
    frames = np.arange(len(clip))
    for k in range(6):
        roots = list(root_of(skeleton, k, per_region))
        known = [t for t in frames if all(shown[t, r] for r in roots)]
        origin = [sum(space(clip)[t, r].astype(np.float64) for r in roots) / len(roots) for t in known]
        if clip.ndim == 2:
            track = np.full(len(clip), NAN)
            track[known] = origin
        elif known:
            track = np.stack([np.interp(frames, known, axis) for axis in np.transpose(origin)], axis=-1)
        else:
            track = NAN
        space(out)[:, k] -= track
    return out


# A hand that is measured from a keypoint of the body.
FROM_ELSEWHERE = Skeleton("from elsewhere", SIGNER.keypoints, root="hip", regions=SIGNER.regions,
                          roots={"hand": "neck"})


@given(st.sampled_from([*SKELETONS, FROM_ELSEWHERE]), st.booleans(), ragged())
def test_centering_equals_a_loop_over_keypoints(skeleton, per_region, clips):
    out = RootCenterer(skeleton, per_region).fit_transform(clips)
    assert_clips(out, [loop_center(clip, skeleton, per_region) for clip in clips], **CLOSE)


@given(st.sampled_from(SKELETONS), st.booleans(), ragged())
def test_centering_twice_is_centering_once_and_its_inverse_changes_nothing(skeleton, per_region, clips):
    centerer = RootCenterer(skeleton, per_region)
    once = centerer.fit_transform(clips)
    assert_clips(centerer.fit_transform(once), once, **CLOSE)
    assert_clips(centerer.inverse_transform(once), once)


@given(ragged("depths"), st.integers(-500, 500))
def test_centered_depths_forget_where_the_signer_stands(clips, offset):
    centerer = RootCenterer(SIGNER).fit(clips)
    assert_clips(centerer.transform([clip + offset for clip in clips]), centerer.transform(clips), **CLOSE)


@every_kind
@given(data=st.data())
def test_a_region_whose_root_is_never_seen_counts_as_not_seen(kind, data):
    clips = data.draw(ragged(kind, max_clips=2))
    space(clips[0])[:, WRIST] = NAN
    out = RootCenterer(SIGNER).fit_transform(clips)
    hand, body = SIGNER.region_indices("hand"), SIGNER.region_indices("body")
    assert not is_shown(out[0])[:, hand].any()
    assert is_shown(out[0])[:, body].any()
    if kind == "with confidence":
        np.testing.assert_array_equal(out[0][..., 2], clips[0][..., 2])


@pytest.mark.parametrize(("skeleton", "per_region", "root"), [
    (SIGNER, True, "'hip' or 'wrist'"), (SIGNER, False, "'hip'"), (TWO_ROOTED, True, r"\('hip', 'neck'\)")])
@every_kind
def test_a_clip_without_a_root_is_refused(kind, skeleton, per_region, root):
    clips = [np.ones((2, 6, *KINDS[kind])), np.ones((2, 6, *KINDS[kind]))]
    space(clips[1])[:, [HIP, WRIST]] = NAN
    lacks = r"has depths \(y\), but none beside that of" if kind == "depths" else "never shows"
    message = rf"^clip 1 {lacks} the root {root} of skeleton '{skeleton.name}'; leave it out, .*with_root\(...\)"
    with pytest.raises(ValueError, match=message):
        RootCenterer(skeleton, per_region).fit_transform(clips)
    RootCenterer(skeleton.with_root("tip"), per_region=False).fit_transform(clips)


# --- ZNormalizer


def statistics(clips, per, with_mean):
    """Mean and scale in float64, keypoint by keypoint and channel by channel."""
    frames = np.concatenate([space(clip) for clip in clips]).astype(np.float64)
    mean, scale = np.full(frames.shape[1:], NAN), np.ones(frames.shape[1:])
    for i in np.ndindex(mean.shape):
        track = frames[:, *i][~np.isnan(frames[:, *i])]
        if len(track):
            mean[i] = track.mean() if with_mean else 0
            scale[i] = np.sqrt(np.mean((track - mean[i]) ** 2)) or 1
    if per == "all":
        scale[:] = np.sqrt(np.nanmean((frames - mean) ** 2)) or 1
    return mean, scale


normalizers = st.builds(ZNormalizer, st.sampled_from(["keypoint", "all"]), st.booleans())


@given(normalizers, two_sets)
def test_statistics_are_of_the_training_clips_alone(normalizer, sets):
    train, other = sets
    mean, scale = statistics(train, normalizer.per, normalizer.with_mean)
    normalizer.fit(train)
    out = normalizer.transform(other)
    np.testing.assert_allclose(normalizer.mean_, mean, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(normalizer.scale_, scale, rtol=1e-9)
    expected = [clip.astype(np.float64) for clip in other]
    for clip in expected:
        space(clip)[:] = (space(clip) - mean) / scale
    assert_clips(out, expected, **CLOSE)


@given(normalizers, two_sets)
def test_normalizing_is_undone_by_the_inverse_but_for_what_fit_never_saw(normalizer, sets):
    train, clips = sets
    back = normalizer.fit(train).inverse_transform(normalizer.transform(clips))
    known = np.any([(~np.isnan(space(clip))).any(axis=0) for clip in train], axis=0)
    for clip in clips:
        space(clip)[:, ~known] = NAN
    assert_clips(back, clips, rtol=1e-5, atol=1e-3)


@given(ragged())
def test_training_clips_come_out_with_no_mean_and_unit_deviation(clips):
    frames = np.concatenate([space(clip) for clip in ZNormalizer().fit_transform(clips)]).astype(np.float64)
    for track in frames.reshape(len(frames), -1).T:
        track = track[~np.isnan(track)]
        if len(track):
            assert track.mean() == pytest.approx(0, abs=1e-4)
            assert track.std() == pytest.approx(1, abs=1e-4) or np.ptp(track) == 0


@given(ragged(), st.booleans())
def test_one_scale_keeps_proportions(clips, with_mean):
    normalizer = ZNormalizer(per="all", with_mean=with_mean).fit(clips)
    scale, = np.unique(normalizer.scale_)
    out = [space(clip) for clip in normalizer.transform(clips)]
    for a, b in zip(out, map(space, clips), strict=True):
        if not with_mean:
            np.testing.assert_allclose(a * scale, b, **CLOSE)
        np.testing.assert_allclose((a[1:] - a[:-1]) * scale, b[1:] - b[:-1], rtol=1e-5, atol=1e-3)


def test_what_only_rounding_moves_is_not_divided():
    still = np.float32(1000)
    clip = np.array([[still, 0], [np.nextafter(still, np.float32(2000)), 8]])
    assert ZNormalizer().fit([clip]).scale_.tolist() == [1, 4]
    assert ZNormalizer().fit([np.full((3, 2), 0.1)]).scale_.tolist() == [1, 1]


def test_one_scale_is_one_even_for_a_keypoint_far_away():
    clip = np.array([[10_000, 0], [10_000, 0.002]])
    assert len(np.unique(ZNormalizer(per="all").fit([clip]).scale_)) == 1


def test_sums_do_not_lose_digits_over_many_frames():
    clip = np.full((200_000, 1), 1234.5, np.float32)
    clip[::2] += 1
    normalizer = ZNormalizer().fit([clip] * 5)
    assert normalizer.mean_ == pytest.approx(1235)
    assert normalizer.scale_ == pytest.approx(0.5)


# --- RegionSelector


@given(ragged(), st.lists(st.sampled_from(["body", "hand", *SIGNER.keypoints]), min_size=1, max_size=4))
def test_selecting_keeps_names_in_their_order_and_the_inverse_has_nan_elsewhere(clips, select):
    selector = RegionSelector(SIGNER, select)
    kept = selector.fit_transform(clips)
    names = list(dict.fromkeys(n for name in select for n in SIGNER.regions.get(name, [name])))
    columns = [SIGNER.keypoints.index(name) for name in names]
    assert_clips(kept, [clip[:, columns] for clip in clips])
    assert list(SIGNER.subset(select).keypoints) == names
    for clip in clips:
        clip[:, [k for k in range(6) if k not in columns]] = NAN
    assert_clips(selector.inverse_transform(kept), clips)


def test_a_region_that_a_clip_never_shows_is_all_nan_and_so_is_its_inverse():
    clips = [np.ones((2, 6, 2)), np.ones((3, 6, 2))]
    clips[1][:, SIGNER.region_indices("hand")] = NAN
    selector = RegionSelector(SIGNER, "hand").fit(clips)
    kept = selector.transform(clips)
    assert_clips(kept, [np.ones((2, 3, 2)), np.full((3, 3, 2), NAN)])
    assert_clips(selector.inverse_transform([kept[1]]), [np.full((3, 6, 2), NAN)])


@pytest.mark.parametrize(("select", "message"), [
    ("arm", "skeleton 'signer' has no keypoint 'arm'"), (["hand", "thump"], "did you mean thumb"),
    ([], "no region and no keypoint of skeleton 'signer' was named"), ([3], "has no keypoint 3")])
def test_unknown_names_are_refused(select, message):
    with pytest.raises(ValueError, match=message):
        RegionSelector(SIGNER, select).fit([np.ones((2, 6))])


def test_messages_name_keypoints_where_they_have_been_moved_to():
    selector = RegionSelector(SIGNER, ["hand", "body"]).fit([np.ones((1, 6))])
    with pytest.raises(ValueError, match="frame 0, keypoint wrist: inf"):
        selector.inverse_transform([[[np.inf, 0, 0, 0, 0, 0]]])


# --- GapFiller


@given(ragged(max_frames=10), st.integers(0, 4))
def test_filling_equals_a_loop_and_twice_is_once(clips, max_gap):
    filler = GapFiller(max_gap)
    filled = filler.fit_transform(clips)
    assert_clips(filled, [loop_bridge(clip, max_gap) for clip in clips], **CLOSE)
    assert_clips(filler.fit_transform(filled), filled)
    assert_clips(filler.inverse_transform(filled), filled)


def test_long_gaps_and_the_ends_stay():
    clip = np.array([NAN, 0, NAN, NAN, 3, NAN, NAN, NAN, 7, NAN])[:, None]
    assert_clips(GapFiller(max_gap=2).fit_transform([clip]), [[[v] for v in [NAN, 0, 1, 2, 3, NAN, NAN, NAN, 7, NAN]]])


# --- together


@given(ragged("depths"))
def test_root_scale_region_and_back(clips):
    pipeline = make_pipeline(RootCenterer(SIGNER), ZNormalizer(per="all"), RegionSelector(SIGNER, "hand"))
    back = pipeline.inverse_transform(pipeline.fit_transform(clips))
    expected = RootCenterer(SIGNER).fit_transform(clips)
    for clip in expected:
        clip[:, SIGNER.region_indices("body")] = NAN
    assert_clips(back, expected, rtol=1e-5, atol=1e-3)


def test_a_transformer_of_ones_own_overrides_one_method():
    class Negative(SequenceTransformer):
        def transform_clip(self, clip, where):
            return -clip

    negative = Negative().fit([np.ones((2, 6))])
    assert_clips(negative.transform([np.ones((3, 6))]), [-np.ones((3, 6))])
    assert_clips(negative.inverse_transform([np.ones((3, 6))]), [np.ones((3, 6))])
    with pytest.raises(NotImplementedError):
        SequenceTransformer().fit_transform([np.ones((2, 6))])


@pytest.mark.parametrize(("transformer", "message"), [
    (ZNormalizer(per="region"), "per must be 'keypoint' or 'all', got 'region'"),
    (GapFiller(max_gap=-1), "max_gap must be a number of frames >= 0, got -1"),
    (GapFiller(max_gap=1.5), "max_gap must be a number of frames >= 0, got 1.5"),
    (GapFiller(max_gap=None), "max_gap must be a number of frames >= 0, got None")])
def test_bad_parameters_are_refused_by_fit_which_then_has_not_happened(transformer, message):
    with pytest.raises(ValueError, match=message):
        transformer.fit([np.ones((2, 6))])
    with pytest.raises(NotFittedError):
        transformer.transform([np.ones((2, 6))])
