"""The gate: what comes in as one thing goes out as one thing, and what is wrong is named."""

import re

import numpy as np
import pytest
from clips import assert_clips, ragged
from hypothesis import given
from hypothesis import strategies as st
from metric_cases import SIGNER

from liftz import check_sequences
from liftz.sequences import pad, seen, to_object_array

NAN, INF = np.nan, np.inf


def keypoints(n_frames=3, n_keypoints=6, n_channels=2):
    return np.ones((n_frames, n_keypoints, n_channels))


def depths(n_frames=3, n_keypoints=6):
    return np.ones((n_frames, n_keypoints))


def changed(clip, where, value):
    clip = clip.copy()
    clip[where] = value
    return clip


def refusal(*args, **options):
    with pytest.raises(ValueError, match=".") as caught:
        check_sequences(*args, **options)
    return str(caught.value)


# --- what goes through


@given(ragged())
def test_list_object_array_and_nested_lists_are_the_same(clips):
    options = {"ndim": clips[0].ndim}
    assert_clips(check_sequences(clips, **options), clips)
    assert_clips(check_sequences(tuple(clips), **options), clips)
    assert_clips(check_sequences(to_object_array(clips), **options), clips)
    assert_clips(check_sequences([c.tolist() for c in clips], **options), clips)


@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int64, np.uint8, ">f4"])
def test_an_array_with_a_clip_axis_is_its_clips_in_float32(dtype):
    stack = np.arange(2 * 3 * 4 * 2).reshape(2, 3, 4, 2).astype(dtype)
    assert_clips(check_sequences(stack), list(stack))
    assert_clips(check_sequences(stack[..., 0], ndim=2), list(stack[..., 0]))


def test_equally_long_clips_never_merge():
    clips = [np.zeros((3, 6, 2), np.float32) for _ in range(4)]
    assert check_sequences(clips).shape == (4,)
    assert to_object_array(clips).shape == (4,)
    X, y = check_sequences(clips, depths()[None].repeat(4, axis=0))
    assert X.shape == y.shape == (4,)
    assert all(np.shares_memory(a, b) for a, b in zip(to_object_array(clips), clips, strict=True))


@given(ragged())
def test_float32_is_passed_on_and_nothing_is_written_to(clips):
    for clip in clips:
        clip.flags.writeable = False
    for clip, passed in zip(clips, check_sequences(clips, ndim=clips[0].ndim), strict=True):
        assert passed is clip
    doubles = [clip.astype(np.float64) for clip in clips]
    for clip, passed in zip(doubles, check_sequences(doubles, ndim=clips[0].ndim), strict=True):
        assert not np.shares_memory(clip, passed)


@given(ragged("with confidence"), st.data())
def test_masked_means_not_seen(clips, data):
    clips = [np.nan_to_num(clip) for clip in clips]
    masks = [np.zeros(clip.shape, bool) for clip in clips]
    for mask in masks:
        mask[1:, data.draw(st.integers(0, 5)), :2] = True
    expected = [np.where(mask, NAN, clip) for clip, mask in zip(clips, masks, strict=True)]
    masked = [np.ma.array(clip, mask=mask) for clip, mask in zip(clips, masks, strict=True)]
    assert_clips(check_sequences(masked), expected)
    assert_clips(check_sequences(to_object_array(masked)), expected)
    assert_clips(check_sequences([list(clip) for clip in masked]), expected)
    assert_clips(check_sequences(np.ma.stack([masked[0], masked[0]])), [expected[0]] * 2)
    assert not masked[0].mask.all()


def test_what_a_mask_hides_is_not_looked_at():
    clip = np.ma.array(keypoints(), mask=np.zeros((3, 6, 2), bool))
    clip[1, 2] = INF
    clip[1, 2] = np.ma.masked
    assert np.isnan(check_sequences([clip])[0][1, 2]).all()


def test_torch_tensors_are_read():
    torch = pytest.importorskip("torch")
    stack = torch.arange(48.0).reshape(2, 3, 4, 2)
    assert_clips(check_sequences(stack), list(stack.numpy()))
    assert_clips(check_sequences(list(stack.double())), list(stack.numpy()))
    message = refusal([stack[0], stack[1].clone().requires_grad_()])
    assert message.startswith("X: clip 1 cannot be read as an array of numbers")
    assert "detach" in message
    assert "clip 0" in refusal([stack[0].bfloat16()])


def test_clips_are_taken_in_their_order_whatever_their_index_says():
    class Labelled(list):
        """Like a pandas Series after a split: [i] goes by label, iteration by place."""

        def __getitem__(self, label):
            return list.__getitem__(self, len(self) - 1 - label)

    clips = [np.full((n, 6, 2), n, np.float32) for n in (1, 2, 3)]
    assert_clips(check_sequences(Labelled(clips)), clips)


def test_positions_may_lack_their_z():
    clip = changed(keypoints(n_channels=3), (0, 0, 2), NAN)
    assert_clips(check_sequences([clip], positions=True), [clip])


def test_unseen_clips_pass_where_they_may():
    clip = keypoints() * NAN
    assert_clips(check_sequences([clip], allow_unseen=True), [clip])


def test_half_a_point_is_not_seen():
    clip = keypoints(1, 4, 3)
    clip[0, 1, 0] = clip[0, 2, 1] = clip[0, 3, 2] = NAN
    assert seen(clip).tolist() == [[True, False, False, True]]
    assert seen(clip[..., 0]).tolist() == [[True, False, True, True]]


@given(ragged(), st.sampled_from([0.0, NAN]))
def test_pad_and_cut_gives_the_clips_back(clips, value):
    padded, lengths = pad(clips, value)
    assert padded.shape == (len(clips), max(map(len, clips)), *clips[0].shape[1:])
    assert padded.dtype == np.float32
    for clip, row, length in zip(clips, padded, lengths, strict=True):
        np.testing.assert_array_equal(row[:length], clip)
        np.testing.assert_array_equal(row[length:], value)


# --- what does not

GOOD = keypoints()
NOT_A_SEQUENCE = {
    "None": (None, "got NoneType"),
    "number": (3.0, "got float"),
    "string": ("clips", "got str"),
    "bytes": (b"clips", "got bytes"),
    "dict": ({0: GOOD}, "got dict"),
    "generator": ((clip for clip in [GOOD]), "got generator"),
    "array without axes": (np.array(1.0), "got ndarray"),
}


@pytest.mark.parametrize(("clips", "found"), NOT_A_SEQUENCE.values(), ids=NOT_A_SEQUENCE)
def test_only_sequences_hold_clips(clips, found):
    assert refusal(clips) == f"X must be a sequence of clips, {found}"
    if clips is not None:
        assert refusal([GOOD], clips) == f"y must be a sequence of clips, {found}"


NOT_NUMBERS = {
    "strings": np.full((3, 6, 2), "1"),
    "a path": "clip.npy",
    "objects": np.ones((3, 6, 2), dtype=object),
    "None inside": [[[1, 2], [None, 2]]],
    "None": None,
    "ragged lists": [[[1, 2], [3, 4]], [[1, 2]]],
    "complex": np.ones((3, 6, 2), dtype=complex),
    "masked complex": np.ma.ones((3, 6, 2), dtype=complex),
    "masked strings": np.ma.array(np.full((3, 6, 2), "a"), mask=True),
    "dict": {"pose": [1, 2]},
    "dates": np.zeros((3, 6, 2), dtype="datetime64[s]"),
    "generator": (frame for frame in GOOD),
}


@pytest.mark.parametrize("clip", NOT_NUMBERS.values(), ids=NOT_NUMBERS)
@pytest.mark.filterwarnings("error")
def test_clips_hold_numbers(clip):
    assert refusal([GOOD, clip]).startswith("X: clip 1 cannot be read as an array of numbers: ")


def test_what_came_instead_of_numbers_is_said():
    assert refusal([{"pose": [1, 2]}]).endswith("dict of dtype object")
    assert refusal([GOOD.astype(complex)]).endswith("ndarray of dtype complex128")


SHAPES = "(n_frames, n_keypoints, 2 or 3)"
SINGLE = "; a single clip goes in as [clip]"
BAD_SHAPES = {
    "no clips": ([], {}, "X is empty: expected at least one clip"),
    "empty array": (np.empty((0, 3, 6, 2)), {}, "X is empty: expected at least one clip"),
    "single clip": (GOOD, {}, f"X: clip 0 has shape (6, 2), expected {SHAPES}{SINGLE}"),
    "single depths": (depths(), {"ndim": 2}, f"X: clip 0 has shape (6,), expected (n_frames, n_keypoints){SINGLE}"),
    "single clip where depths may be": (np.ones((9, 6, 2)), {"ndim": (2, 3), "skeleton": SIGNER},
                                        f"X: clip 0 has 2 keypoints, expected 6 (signer){SINGLE}"),
    "flat coordinates": ([GOOD, np.ones((3, 12))], {}, f"X: clip 1 has shape (3, 12), expected "
                         f"(n_frames, n_keypoints, 2){SINGLE}"),
    "an axis too many": ([GOOD[None]], {}, f"X: clip 0 has shape (1, 3, 6, 2), expected {SHAPES}"),
    "both kinds": ([depths(), GOOD], {"ndim": (2, 3)},
                   "X: clip 1 has shape (3, 6, 2), expected (n_frames, n_keypoints)"),
    "no frames": ([GOOD, GOOD[:0]], {}, "X: clip 1 has no frames"),
    "no keypoints": ([GOOD[:, :0]], {}, "X: clip 0 has 0 keypoints, expected some"),
    "other K": ([GOOD, GOOD, keypoints(3, 5)], {}, "X: clip 2 has 5 keypoints, expected 6"),
    "other K than fit": ([GOOD], {"n_keypoints": 5}, "X: clip 0 has 6 keypoints, expected 5"),
    "other K than the skeleton": ([keypoints(3, 5)], {"skeleton": SIGNER},
                                  "X: clip 0 has 5 keypoints, expected 6 (signer)"),
    "one channel": ([GOOD[..., :1]], {}, "X: clip 0 has 1 channels, expected 2 or 3 (x, y and perhaps a confidence)"),
    "four channels": ([keypoints(3, 6, 4)], {},
                      "X: clip 0 has 4 channels, expected 2 or 3 (x, y and perhaps a confidence)"),
    "other C": ([GOOD, keypoints(3, 6, 3)], {},
                "X: clip 1 has 3 channels, expected 2 (x, y and perhaps a confidence)"),
    "other C than fit": ([GOOD], {"n_channels": 3},
                         "X: clip 0 has 2 channels, expected 3 (x, y and a confidence)"),
    "positions without z": ([GOOD], {"positions": True}, "X: clip 0 has 2 channels, expected 3 (x, y, z)"),
}


@pytest.mark.parametrize(("clips", "options", "message"), BAD_SHAPES.values(), ids=BAD_SHAPES)
def test_shapes_are_named_as_found_and_as_expected(clips, options, message):
    assert refusal(clips, **options) == message


BAD_PAIRS = {
    "fewer depths": ([GOOD, GOOD], [depths()], "X has 2 clips, y has 1"),
    "no depths": ([GOOD], [], "y is empty: expected at least one clip"),
    "other K": ([GOOD], [depths(3, 5)], "y: clip 0 has 5 keypoints, expected 6"),
    "other T": ([GOOD, GOOD], [depths(), depths(4)], "clip 1: X has 3 frames, y has 4"),
    "a depth axis": ([GOOD], [depths()[..., None]], "y: clip 0 has shape (3, 6, 1), expected (n_frames, n_keypoints)"),
    "one array of depths": ([GOOD], depths(), f"y: clip 0 has shape (6,), expected (n_frames, n_keypoints){SINGLE}"),
    "depths unseen": ([GOOD, GOOD], [depths(), depths() * NAN],
                      "y: clip 1 has no keypoint seen in any of its 3 frames (all NaN); leave it out"),
}


@pytest.mark.parametrize(("X", "y", "message"), BAD_PAIRS.values(), ids=BAD_PAIRS)
def test_depths_fit_their_keypoints(X, y, message):
    assert refusal(X, y) == message


@given(ragged("with confidence"), st.data())
@pytest.mark.filterwarnings("error")
def test_a_bad_number_is_found_wherever_it_stands(clips, data):
    i = data.draw(st.integers(0, len(clips) - 1))
    frame, keypoint, channel = (data.draw(st.integers(0, n - 1)) for n in clips[i].shape)
    value = data.draw(st.sampled_from([INF, -INF, 1e39, -3.5e38]))
    clips[i] = changed(clips[i].astype(np.float64), (frame, keypoint, channel), value)
    expected = f"{value}; expected a finite number of float32's range, or NaN for 'not seen'"
    assert refusal(clips) == f"X: clip {i}, frame {frame}, keypoint {keypoint}: {expected}"
    named = f"clips: clip {i}, frame {frame}, keypoint {SIGNER.keypoints[keypoint]}: {expected}"
    assert refusal(clips, skeleton=SIGNER, names=("clips", "y")) == named


def test_a_clip_that_shows_nothing_is_refused():
    unseen = changed(keypoints(4, 6, 3), (..., 0), NAN)  # x only: half points
    assert refusal([GOOD[..., [0, 0, 1]], unseen]) == (
        "X: clip 1 has no keypoint seen in any of its 4 frames (all NaN); leave it out")


def test_a_seen_point_has_a_confidence():
    clip = keypoints(4, 6, 3)
    clip[1, 1] = NAN
    clip[2, 4, 2] = NAN
    message = refusal([keypoints(4, 6, 3), clip], skeleton=SIGNER)
    assert message == ("X: clip 1, frame 2, keypoint tip: x and y are given, but the confidence is NaN; "
                       "expected a number, or NaN in x and y too")
    clip[2, 4, 0] = NAN
    assert_clips(check_sequences([clip]), [clip])


@pytest.mark.parametrize("limit", [np.finfo(np.float32).max, -np.finfo(np.float32).max])
def test_the_ends_of_float32_are_within_its_range(limit):
    assert_clips(check_sequences([GOOD * limit]), [GOOD * limit])


def test_messages_use_the_callers_names():
    assert re.match("y_true has 1 clips, y_pred has 2", refusal([GOOD], [depths()] * 2, names=("y_true", "y_pred")))
