"""Frame by frame, a lifter says what it says of the whole clip."""

import json
import subprocess
import sys
import textwrap
from functools import cache

import numpy as np
import pytest
import torch
from clips import PELVIS
from hypothesis import given
from hypothesis import strategies as st
from lifting_cases import SIGNER, TINY, recordings, tiny_lifter, tiny_lstm
from sklearn.pipeline import make_pipeline

from liftz import FrameRidge, GapFiller, RegionSelector, RootCenterer, TransformedTarget, ZNormalizer, make_lifter
from liftz._steps import FrameFeatures
from liftz.features import bone_ends, frame_features
from liftz.persistence import save
from liftz.sequences import seen
from liftz.streaming import Stream

X, Y, _ = recordings()
N_KEYPOINTS = 6


@cache
def fitted(n_channels=2, skeleton=SIGNER, **parameters):
    """A lifter whose weights are as large as much training makes them."""
    clips, depths, _ = recordings(n_channels)
    # A norm over four units would make rounding as large as they differ little.
    tiny = TINY | {"look_ahead": 0, "hidden_size": 16 if parameters.get("layer_norm") else 4}
    lifter = make_lifter(skeleton, **(tiny | parameters)).fit(clips, depths)
    return grown(lifter)


@cache
def of_other_signers():
    """Two nets, each without one of four signers."""
    groups = ["A", "B", "C", "D", "A", "B"]
    return grown(tiny_lifter(look_ahead=0, n_nets=2).fit(X, Y, groups=groups))


def grown(lifter):
    with torch.no_grad():
        for net in lifter[-1].regressor_.nets_:
            for name, weights in net.module_.named_parameters():
                if not name.startswith("norms"):
                    weights *= 2
    return lifter


def assert_near(found, expected, share=1e-5):
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=share * np.nanmax(abs(expected)))


def streamed(stream, clip):
    """What comes out frame by frame, and at the end."""
    out = [depths for depths in map(stream.push, clip) if depths is not None]
    assert len(out) == max(0, len(clip) - stream.delay)
    return np.array([*out, *stream.finish()])


@st.composite
def clips(draw, n_channels, max_frames=24):
    """Motion with gaps in bursts, half-seen points, and frames that show nobody; the roots are seen at some time."""
    n_frames = draw(st.integers(1, max_frames))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    clip = 100 * rng.normal(size=(n_frames, N_KEYPOINTS, 3)).cumsum(axis=0)
    clip[..., 2] = rng.random((n_frames, N_KEYPOINTS))
    gap = draw(st.sampled_from([0.0, 0.05, 0.3, 0.8]))
    for start in np.flatnonzero(rng.random(n_frames * N_KEYPOINTS) < gap / 3):
        frame, keypoint = divmod(start, N_KEYPOINTS)
        clip[frame : frame + rng.integers(1, 6), keypoint, : rng.integers(1, 3)] = np.nan
    clip[rng.random(n_frames) < gap / 2, :, :2] = np.nan
    clip[rng.integers(n_frames), :, :2] = 100 * rng.normal(size=(N_KEYPOINTS, 2))
    clip[~seen(clip) & (rng.random((n_frames, N_KEYPOINTS)) < 0.5), 2] = np.nan
    return clip[..., :n_channels].astype(np.float32)


PARAMETERS = st.fixed_dictionaries({
    "n_channels": st.sampled_from([2, 3]),
    "skeleton": st.sampled_from([SIGNER, PELVIS]),
    "look_ahead": st.sampled_from([0, 0, 1, 4, 30]),
    "stride": st.sampled_from([1, 2, 3]),
    "n_nets": st.sampled_from([1, 3]),
    "num_layers": st.sampled_from([1, 2]),
    "bottleneck": st.sampled_from([None, 3, 20]),
    "residual, layer_norm": st.sampled_from([(False, False), (True, True), (True, False)]),
    "bins": st.sampled_from([None, None, 7]),
    "by_part": st.sampled_from([True, True, False]),
    "select": st.sampled_from([None, None, "hand", ("head", "hand")]),
})


@given(PARAMETERS, st.data())
def test_it_equals_predict(parameters, data):
    parameters = dict(parameters)
    parameters["residual"], parameters["layer_norm"] = parameters.pop("residual, layer_norm")
    lifter = fitted(**parameters)
    stream = Stream(lifter)
    for _ in range(2):  # the second clip knows nothing of the first
        clip = data.draw(clips(parameters["n_channels"]))
        before = clip.copy()
        assert_near(streamed(stream, clip), lifter.predict([clip])[0])
        np.testing.assert_array_equal(clip, before)


@given(clips(2))
def test_nets_that_saw_other_signers_know_other_statistics(clip):
    lifter = of_other_signers()
    first, second = (net.module_.lstms[0].mean for net in lifter[-1].regressor_.nets_)
    assert not torch.equal(first, second)
    assert_near(streamed(Stream(lifter), clip), lifter.predict([clip])[0])


@given(st.sampled_from([0, 3, 5]), st.sampled_from([1, 2, 3]), clips(2))
def test_it_equals_predict_for_every_prefix(look_ahead, stride, clip):
    lifter = fitted(look_ahead=look_ahead, stride=stride)
    stream = Stream(lifter)
    out = []
    for n, frame in enumerate(clip, start=1):
        if (depths := stream.push(frame)) is not None:
            out.append(depths)
        state = stream.state()
        found = np.array([*out, *stream.finish()])
        assert stream.n_frames == 0
        stream.load_state(state)
        assert found.shape == (n, N_KEYPOINTS)
        try:
            expected = lifter.predict([clip[:n]])[0]
        except ValueError:  # nobody was seen so far, which predict refuses
            assert np.isfinite(found).all()
        else:
            assert_near(found, expected)


@given(st.sampled_from([2, 3]), st.sampled_from([None, bone_ends(SIGNER)]), st.sampled_from([[], [4]]),
       st.sampled_from([None, 1, 2, 5]), st.integers(1, 3), st.data())
def test_its_features_are_to_the_bit_those_of_a_clip(n_channels, bones, unseen, span, stride, data):
    """Where a bone is nearly as long as it ever was, the least rounding shows in its depth."""
    parameters = {"bones": bones, "causal": True, "unseen": np.isin(np.arange(N_KEYPOINTS), unseen),
                  "span": span}
    clip = data.draw(clips(n_channels))
    features = FrameFeatures(parameters, N_KEYPOINTS, n_channels, stride)
    of_clip = frame_features(clip, **parameters, stride=stride, gaps=False)[:, features.order]
    for n, (frame, expected) in enumerate(zip(clip, of_clip, strict=True)):
        points = np.array([complex(*point) for point in frame[:, :2]], np.complex64)
        n_before, phase = divmod(n, stride)
        features(points, frame[:, 2] if n_channels == 3 else None, phase, n_before)
        np.testing.assert_array_equal(features.values[phase], expected)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
@pytest.mark.parametrize("times", [3, 100, 1e20, 1e35])
@pytest.mark.parametrize("n_nets", [1, 3])
def test_what_training_never_saw_is_cut(n_nets, times):
    lifter = fitted(n_nets=n_nets)
    clip = X[1].copy()
    clip[3:5] *= times
    clip[7, 4] *= -times
    expected = lifter.predict([clip])[0]
    assert np.isfinite(expected).all()
    assert_near(streamed(Stream(lifter), clip), expected)


@pytest.mark.parametrize("n_nets", [1, 3])
def test_a_residual_around_the_first_layer(n_nets):
    lifter = fitted(hidden_size=30, residual=True, n_nets=n_nets)  # as many units as features
    assert_near(streamed(Stream(lifter), X[1]), lifter.predict([X[1]])[0])


def test_keypoints_that_training_never_showed_count_as_missing():
    unseen = [np.where(np.arange(N_KEYPOINTS)[:, None] == 4, np.float32(np.nan), clip) for clip in X]
    lifter = tiny_lifter(look_ahead=0).fit(unseen, Y)
    assert_near(streamed(Stream(lifter), X[1]), lifter.predict([X[1]])[0])
    assert_near(streamed(Stream(lifter), unseen[1]), lifter.predict([X[1]])[0])


def test_a_skeleton_without_bones_and_the_regressor_alone():
    lstm = tiny_lstm(None, look_ahead=2).fit(X, [np.nan_to_num(depth) for depth in Y])
    assert_near(streamed(Stream(lstm), X[1]), lstm.predict([X[1]])[0])


@pytest.mark.parametrize("n_channels", [2, 3])
def test_pipelines_of_ones_own(n_channels):
    clips = recordings(n_channels)[0]
    lifter = make_pipeline(
        ZNormalizer(), RootCenterer(SIGNER, per_region=False, causal=True), RegionSelector(SIGNER, ["tip", "hip"]),
        TransformedTarget(tiny_lstm(None, look_ahead=0), make_pipeline(
            RootCenterer(SIGNER, per_region=False), RegionSelector(SIGNER, ["tip", "hip"]), ZNormalizer())))
    lifter.fit(clips, Y)
    assert_near(streamed(Stream(lifter), clips[1]), lifter.predict([clips[1]])[0])


def test_an_hour_adds_no_rounding():
    lifter = fitted(stride=2)
    rng = np.random.default_rng(0)
    clip = (100 * np.sin(np.arange(5000)[:, None, None] / rng.uniform(5, 50, (N_KEYPOINTS, 2)))).astype(np.float32)
    clip[rng.random(clip.shape[:2]) < 0.05] = np.nan
    found, expected = streamed(Stream(lifter), clip), lifter.predict([clip])[0]
    assert_near(found, expected)
    assert_near(found[-500:], expected[-500:])


@pytest.mark.parametrize("kept", ["arrays", "npz", "json"])
def test_its_state_goes_on_elsewhere(kept, tmp_path):
    lifter = fitted(look_ahead=4, stride=2, n_nets=3)
    save(lifter, tmp_path / "model.liftz")
    clip = X[1]
    expected = streamed(Stream(lifter), clip)
    first, second = Stream(lifter), Stream.load(tmp_path / "model.liftz")
    out = [first.push(frame) for frame in clip[:7]]
    state = first.state()
    if kept == "npz":
        np.savez(tmp_path / "state.npz", **state)
        with np.load(tmp_path / "state.npz") as state:
            second.load_state(state)
    elif kept == "json":
        second.load_state(json.loads(json.dumps({name: values.tolist() for name, values in state.items()})))
    else:
        for frame in clip[:3]:
            first.push(frame)  # which changes nothing in what it gave
        second.load_state(state)
    assert second.n_frames == 7
    out += [second.push(frame) for frame in clip[7:]]
    np.testing.assert_array_equal([*filter(lambda depths: depths is not None, out), *second.finish()], expected)


def test_a_state_without_bones_goes_through_json():
    lstm = tiny_lstm(None, look_ahead=0, stride=2).fit(X, [np.nan_to_num(depth) for depth in Y])
    first, second = Stream(lstm), Stream(lstm)
    for frame in X[1][:7]:
        first.push(frame)
    second.load_state(json.loads(json.dumps({name: values.tolist() for name, values in first.state().items()})))
    for frame in X[1][7:]:
        np.testing.assert_array_equal(second.push(frame), first.push(frame))


def test_a_state_of_another_lifter_is_refused():
    stream, state = Stream(fitted()), Stream(fitted()).state()
    others = [Stream(fitted(random_state=1)).state(), Stream(fitted(hidden_size=5)).state(), {},
              {name: values for name, values in state.items() if name != "h"}, state | {"more": np.zeros(1)}]
    stream.push(X[0][0])
    for other in others:
        with pytest.raises(ValueError, match="no state of a stream of this lifter"):
            stream.load_state(other)
    assert stream.n_frames == 1


def test_after_a_reset_it_starts_anew():
    stream = Stream(fitted(look_ahead=2))
    expected = streamed(stream, X[1])
    for frame in X[2]:
        stream.push(frame)
    stream.reset()
    assert (stream.n_frames, stream.finish().shape) == (0, (0, N_KEYPOINTS))
    np.testing.assert_array_equal(streamed(stream, X[1]), expected)


def test_frames_of_other_types():
    lifter = fitted()
    expected = streamed(Stream(lifter), X[1])
    masked = np.ma.masked_invalid(X[1])
    masked.data[masked.mask] = 77.0
    for clip in (X[1].astype(np.float64), X[1].tolist(), masked, torch.tensor(X[1]), np.asfortranarray(X[1])):
        np.testing.assert_array_equal(streamed(Stream(lifter), clip), expected)


def test_bad_frames_are_refused_and_leave_no_trace():
    lifter = fitted(n_channels=3)
    clip = recordings(3)[0][1]
    stream, expected = Stream(lifter), streamed(Stream(lifter), clip)

    def bad(keypoint, channel, value):
        frame = clip[0].copy()
        frame[keypoint, channel] = value
        return frame

    out = []
    for frame in clip:
        for wrong, message in [
            (bad(4, 0, np.inf), r"frame \d+, keypoint tip: x is inf; expected a finite number"),
            (bad(2, 2, -np.inf), "keypoint neck: confidence is -inf"),
            (bad(0, 2, np.nan), "keypoint hip: confidence is nan"),
            (bad(1, 1, np.nan).astype(float) * 1e300, "keypoint hip: x is .*e"),
            (clip[0][:, :2], r"frame \d+ has shape \(6, 2\), expected \(6, 3\)"),
            (clip[:2], r"has shape \(2, 6, 3\)"),
            (clip[0][:5], r"has shape \(5, 3\)"),
            ("frame", "cannot be read as an array of numbers"),
            (None, "cannot be read"),
            (clip[0] + 1j, "cannot be read"),
        ]:
            with pytest.raises(ValueError, match=message):
                stream.push(wrong)
        out.append(stream.push(frame))
    np.testing.assert_array_equal(out, expected)


def test_what_looks_at_whole_clips_is_refused():
    with pytest.raises(ValueError, match=r"looks at whole clips; .*make_lifter\(\.\.\., look_ahead=0\)"):
        Stream(tiny_lifter().fit(X, Y))
    with pytest.raises(ValueError, match="a stream takes an LSTMRegressor, got a FrameRidge"):
        Stream(make_lifter(SIGNER, FrameRidge()).fit(X, Y))
    causal = TransformedTarget(tiny_lstm(look_ahead=0), RootCenterer(SIGNER))
    with pytest.raises(ValueError, match=r"a RootCenterer looks at whole clips; .*causal=True"):
        Stream(make_pipeline(RootCenterer(SIGNER), causal).fit(X, Y))
    with pytest.raises(ValueError, match="a GapFiller looks at whole clips"):
        Stream(make_pipeline(GapFiller(), causal).fit(X, Y))


def test_it_takes_neither_torch_nor_scikit_learn(tmp_path):
    lifter = fitted(look_ahead=3, n_nets=3)
    save(lifter, tmp_path / "model.liftz")
    np.save(tmp_path / "clip.npy", X[1])
    code = """
        import sys
        import numpy as np

        class Blocked:
            def find_spec(self, name, path=None, target=None):
                if name.split(".")[0] in ("torch", "sklearn", "skorch", "scipy", "joblib"):
                    raise ImportError(f"{name} is blocked")

        sys.meta_path.insert(0, Blocked())
        from liftz.streaming import Stream
        stream = Stream.load("model.liftz")
        out = [depths for depths in map(stream.push, np.load("clip.npy")) if depths is not None]
        np.save("depths.npy", [*out, *stream.finish()])
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=tmp_path, check=True, timeout=60)
    np.testing.assert_array_equal(np.load(tmp_path / "depths.npy"), streamed(Stream(lifter), X[1]))
