"""Ragged clips with gaps for the tests of transformers and features, and what to compare them with."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from metric_cases import SIGNER, TWO_ROOTED, clip

from liftz import Skeleton

# Each region has a root of its own, and one of the two is the mean of two keypoints.
PELVIS = Skeleton("pelvis", SIGNER.keypoints, root=("hip", "neck"), regions=SIGNER.regions, roots={"hand": "wrist"},
                  edges=SIGNER.edges)
SKELETONS = [SIGNER, TWO_ROOTED, PELVIS]

KINDS = {"depths": (), "keypoints": (2,), "with confidence": (3,)}
HIP, WRIST = SIGNER.indices(["hip", "wrist"])


@st.composite
def ragged(draw, kind=None, max_clips=3, max_frames=7, show=("hip", "neck", "wrist")):
    """Clips of `SIGNER`'s six keypoints, all of one kind, some of equal length; NaN in gaps.

    One frame of every clip shows the keypoints `show`. In keypoints, some are half seen: x is
    there, y is NaN. A confidence is a number wherever it stands.
    """
    channels = KINDS[kind] if kind else draw(st.sampled_from(list(KINDS.values())))
    lengths = draw(st.lists(st.integers(1, max_frames), min_size=1, max_size=max_clips))
    return [draw(one(length, channels, show)) for length in lengths]


@st.composite
def one(draw, n_frames, channels=(2,), show=("hip", "neck", "wrist")):
    out = draw(clip(n_frames, channels))
    fate = draw(arrays(np.int8, (n_frames, 6), elements=st.sampled_from([0, 0, 0, 1, 1, 2])))
    fate[draw(st.integers(0, n_frames - 1)), SIGNER.indices(show)] = 0
    if not channels:
        out[fate > 0] = np.nan
        return out
    out[fate == 1, :2] = np.nan
    out[fate == 2, 1] = np.nan
    out[..., 2:] = abs(out[..., 2:]) / 100
    return out


def is_shown(clip):
    """Which keypoints were seen, written without the library."""
    return ~np.isnan(clip if clip.ndim == 2 else clip[..., 0] + clip[..., 1])


def space(clip):
    return clip if clip.ndim == 2 else clip[..., :2]


def loop_bridge(clip, max_gap=None, hold_ends=False, causal=False):
    """Frame by frame: look back for the last sighting, ahead for the next, and draw the line."""
    shown, out = is_shown(clip), clip.astype(np.float64)
    n_frames, n_keypoints = shown.shape
    for t in range(n_frames):
        for k in range(n_keypoints):
            if shown[t, k]:
                continue
            before = next((s for s in range(t, -1, -1) if shown[s, k]), None)
            after = None if causal else next((s for s in range(t, n_frames) if shown[s, k]), None)
            if causal:
                length = None if before is None else t - before
            else:
                length = (n_frames if after is None else after) - (-1 if before is None else before) - 1
            if length is None or (max_gap is not None and length > max_gap):
                continue
            if before is not None and after is not None:
                a, b = clip[before, k].astype(np.float64), clip[after, k].astype(np.float64)
                out[t, k] = a + (b - a) * (t - before) / (after - before)
            elif before is not None and (hold_ends or causal):
                out[t, k] = clip[before, k]
            elif after is not None and hold_ends:
                out[t, k] = clip[after, k]
            else:
                continue
            if clip.ndim == 3:
                out[t, k, 2:] = 0
    return out


def assert_clips(found, expected, **tolerance):
    """`found` is what transformers and regressors put out, and equals `expected`, NaN for NaN."""
    assert isinstance(found, np.ndarray)
    assert (found.dtype, found.shape) == (object, (len(expected),))
    for i, (a, b) in enumerate(zip(found, expected, strict=True)):
        assert type(a) is np.ndarray
        assert a.dtype == np.float32
        assert a.shape == np.shape(b), f"clip {i}"
        np.testing.assert_allclose(a, b, err_msg=f"clip {i}", **{"rtol": 0, "atol": 0, **tolerance})
