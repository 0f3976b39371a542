"""MPJPE: what it must be, whatever the clips."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from metric_cases import SIGNER, TWO_ROOTED, clip, loop_errors, loop_mpjpe, pairs

from liftz import Skeleton
from liftz.metrics import mpjpe
from liftz.sequences import to_object_array

skeletons = st.sampled_from([None, SIGNER, TWO_ROOTED])
flags = st.booleans()


def almost(value):
    return pytest.approx(value, rel=1e-9, abs=1e-9)


@given(pairs(), skeletons, flags, flags, st.sampled_from(["micro", "macro"]), st.data())
def test_equals_a_loop_over_clips_frames_and_keypoints(ys, skeleton, per_region, include_root, average, data):
    options = {"skeleton": skeleton, "average": average}
    options["sample_weight"] = data.draw(st.none() | st.just([1.5, 0.25, 3.0][: len(ys[0])]))
    if skeleton is not None:
        regions = st.sampled_from([None, *skeleton.regions, ("head", "tip")])
        options |= {"per_region": per_region, "include_root": include_root, "regions": data.draw(regions)}
    assert mpjpe(*ys, **options) == almost(loop_mpjpe(*ys, **options))


@given(pairs(), skeletons)
def test_is_symmetric_and_not_negative(ys, skeleton):
    error = mpjpe(*ys, skeleton=skeleton)
    assert error >= 0
    assert mpjpe(*ys[::-1], skeleton=skeleton) == almost(error)


@given(pairs(n=1), skeletons, st.data())
def test_is_zero_for_a_prediction_that_is_off_by_its_root_alone(ys, skeleton, data):
    [y] = ys
    shifted = [c + data.draw(clip(len(c), c.shape[2:]))[:, :1] for c in y]
    assert mpjpe(y, shifted, skeleton=skeleton) == almost(0)


@given(pairs(n=1, gaps=False), skeletons, st.integers(0, 5), st.integers(1, 80))
def test_is_more_than_zero_where_one_keypoint_is_off(ys, skeleton, keypoint, by):
    [y] = ys
    moved = [c.copy() for c in y]
    moved[-1][-1, keypoint] += by
    assume(skeleton is not SIGNER or keypoint not in SIGNER.indices(["hip", "wrist"]))
    assert mpjpe(y, moved, skeleton=skeleton) > 0


@given(pairs(), skeletons, st.data())
def test_ignores_an_offset_of_each_frame(ys, skeleton, data):
    y_true, y_pred = ys
    shifted = [c + data.draw(clip(len(c), c.shape[2:]))[:, :1] for c in y_pred]
    assert mpjpe(y_true, shifted, skeleton=skeleton) == almost(mpjpe(y_true, y_pred, skeleton=skeleton))


@given(pairs(), skeletons, st.sampled_from([-4.0, -0.5, 0.0, 0.25, 2.0]))
def test_scales_with_its_unit(ys, skeleton, unit):
    scaled = [[unit * c for c in y] for y in ys]
    assert mpjpe(*scaled, skeleton=skeleton) == almost(abs(unit) * mpjpe(*ys, skeleton=skeleton))


@given(pairs(n=3, gaps=False), skeletons)
def test_obeys_the_triangle_inequality(ys, skeleton):
    a, b, c = ys
    direct = mpjpe(a, c, skeleton=skeleton)
    assert direct <= mpjpe(a, b, skeleton=skeleton) + mpjpe(b, c, skeleton=skeleton) + 1e-9


@given(pairs(), skeletons, st.randoms(use_true_random=False), st.permutations(range(6)))
def test_ignores_the_order_of_clips_and_keypoints(ys, skeleton, random, order):
    clips = random.sample(range(len(ys[0])), len(ys[0]))
    reordered = [[y[i][:, list(order)] for i in clips] for y in ys]
    renamed = skeleton and Skeleton("reordered", [skeleton.keypoints[k] for k in order], skeleton.root,
                                    regions=skeleton.regions, roots=skeleton.roots)
    assert mpjpe(*reordered, skeleton=renamed) == almost(mpjpe(*ys, skeleton=skeleton))


@given(pairs(), skeletons, st.data())
def test_micro_average_ignores_where_a_clip_is_cut(ys, skeleton, data):
    cuts = [data.draw(st.integers(0, len(c))) for c in ys[0]]
    parts = [[part for c, cut in zip(y, cuts, strict=True) for part in (c[:cut], c[cut:]) if len(part)] for y in ys]
    assert mpjpe(*parts, skeleton=skeleton) == almost(mpjpe(*ys, skeleton=skeleton))


@given(pairs(max_clips=2, max_frames=3), skeletons, st.integers(0, 1), st.data())
def test_nan_means_removal(ys, skeleton, side, data):
    def with_extra(extra, axis):
        """The clips beside something that is NaN on one side."""
        out = [[np.concatenate([c, other], axis=axis) for c, other in zip(y, extra, strict=True)] for y in ys]
        for c, whole in zip(ys[side], out[side], strict=True):
            whole[(slice(None),) * axis + (slice(c.shape[axis], None),)] = np.nan
        return out

    error = almost(mpjpe(*ys, skeleton=skeleton))
    extra = [data.draw(clip(len(c), c.shape[2:])) for c in ys[0]]
    assert mpjpe(*with_extra(extra, axis=0), skeleton=skeleton) == error
    larger = skeleton and Skeleton("larger", [*skeleton.keypoints, "extra"], skeleton.root, roots=skeleton.roots,
                                   regions={**skeleton.regions, "more": ["extra"]})
    assert mpjpe(*with_extra([c[:, :1] for c in extra], axis=1), skeleton=larger) == error
    clips = [[*y, extra[0]] for y in ys]
    clips[side][-1] = np.full_like(extra[0], np.nan)
    assert mpjpe(*clips, skeleton=skeleton) == error
    assert mpjpe(*clips, skeleton=skeleton, average="macro") == almost(mpjpe(*ys, skeleton=skeleton, average="macro"))


@given(pairs(), st.sampled_from([SIGNER, TWO_ROOTED]))
def test_regions_average_to_the_whole(ys, skeleton):
    counts = {r: len(list(loop_errors(*ys, skeleton, regions=r))) for r in skeleton.regions}
    total = sum(n * mpjpe(*ys, skeleton=skeleton, regions=r) for r, n in counts.items() if n)
    assert mpjpe(*ys, skeleton=skeleton) == almost(total / sum(counts.values()))


@given(pairs(), skeletons)
def test_takes_any_container_and_changes_none(ys, skeleton):
    equally_long = [[c[:1] for c in y] for y in ys]
    error = mpjpe(*equally_long, skeleton=skeleton)
    before = [np.array(y) for y in equally_long]
    for forms in itertools.product((list, to_object_array, np.stack), repeat=2):
        given_ = [form(y) for form, y in zip(forms, equally_long, strict=True)]
        assert mpjpe(*given_, skeleton=skeleton) == error
        assert all(np.array_equal(np.stack(y), b, equal_nan=True) for y, b in zip(given_, before, strict=True))


@given(pairs(), skeletons, st.data())
def test_a_whole_weight_repeats_the_clip(ys, skeleton, data):
    weight = [1, *data.draw(st.lists(st.integers(0, 3), min_size=len(ys[0]) - 1, max_size=len(ys[0]) - 1))]
    repeated = [[c for c, w in zip(y, weight, strict=True) for _ in range(w)] for y in ys]
    for average in ("micro", "macro"):
        weighted = mpjpe(*ys, skeleton=skeleton, average=average, sample_weight=weight)
        assert weighted == almost(mpjpe(*repeated, skeleton=skeleton, average=average))


@pytest.mark.parametrize("channels", [(), (3,)])
def test_long_clips_are_compared_in_chunks_without_a_seam(channels):
    y_true, y_pred = np.random.default_rng(0).normal(size=(2, 1, 1100, 6, *channels)).astype(np.float32)
    for skeleton in (None, SIGNER, TWO_ROOTED):
        assert mpjpe(y_true, y_pred, skeleton=skeleton) == almost(loop_mpjpe(y_true, y_pred, skeleton))


def test_a_root_that_is_predicted_nowhere_leaves_relative_depths():
    y_true = [np.array([[100, 0, 110, 50, 53, 130]])] * 2
    chosen = np.array([[np.nan, np.nan, 8, np.nan, 5, np.nan]])  # relative to hip and wrist: 10 and 3 are true
    assert mpjpe(y_true, [chosen, chosen], skeleton=SIGNER) == 2
    with_root = np.array([[1, np.nan, 8, np.nan, 5, np.nan]])
    assert mpjpe(y_true, [chosen, with_root], skeleton=SIGNER, regions="body") == 3  # and the first is not comparable


def test_a_root_missing_in_the_truth_is_told_by_name():
    y_true = np.zeros((1, 3, 6))
    y_true[:, :, 3] = np.nan
    assert mpjpe(y_true, np.ones((1, 3, 6)), skeleton=SIGNER) == 0
    with pytest.raises(ValueError, match="'hand' of skeleton 'signer'.* root wrist is never seen in the truth"):
        mpjpe(y_true, np.ones((1, 3, 6)), skeleton=SIGNER, regions="hand")


ZEROS = np.zeros((2, 3, 6))


@pytest.mark.parametrize(("y_true", "y_pred", "options", "message"), [
    (ZEROS, np.full_like(ZEROS, np.nan), {}, "nothing to compare"),
    (ZEROS, np.full_like(ZEROS, np.nan), {"skeleton": SIGNER}, "nothing to compare in skeleton 'signer'"),
    (ZEROS[..., :1], ZEROS[..., :1], {}, "nothing to compare"),
    (ZEROS, ZEROS, {"sample_weight": [0, 0]}, "nothing to compare.* sample_weight of 0"),
    (ZEROS, ZEROS, {"skeleton": SIGNER, "regions": "wrist"}, "'wrist' of skeleton 'signer' is the root itself"),
    (ZEROS, ZEROS[:1], {}, "y_true has 2 clips, y_pred has 1"),
    (ZEROS, [ZEROS[0], ZEROS[0][:2]], {}, r"clip 1: y_true has shape \(3, 6\), y_pred has shape \(2, 6\)"),
    (ZEROS, np.zeros((2, 3, 6, 3)), {}, r"clip 0: y_true has shape \(3, 6\), y_pred has shape \(3, 6, 3\)"),
    (ZEROS, ZEROS[..., :5], {"skeleton": SIGNER}, r"y_pred: clip 0 has 5 keypoints, expected 6 \(signer\)"),
    (ZEROS, ZEROS + np.inf, {}, "y_pred: clip 0, frame 0, keypoint 0: inf"),
    (np.zeros((2, 3, 6, 2)), np.zeros((2, 3, 6, 2)), {}, r"clip 0 has 2 channels, expected 3 \(x, y, z\)"),
    (ZEROS[0], ZEROS[0], {}, "y_true: clip 0 has shape"),
    ([], [], {}, "y_true is empty"),
    (ZEROS, ZEROS, {"regions": "hand"}, "need a skeleton"),
    (ZEROS, ZEROS, {"skeleton": SIGNER, "regions": "hands"}, "no .*'hands'"),
    (ZEROS, ZEROS, {"average": "median"}, "'micro' or 'macro', got 'median'"),
    (ZEROS, ZEROS, {"sample_weight": [1]}, r"shape \(1,\), expected one weight for each of 2 clips"),
    (ZEROS, ZEROS, {"sample_weight": [1, -1]}, "not negative, got -1.0"),
    (ZEROS, ZEROS, {"sample_weight": [1, np.nan]}, "finite"),
])
def test_refuses_what_cannot_be_compared(y_true, y_pred, options, message):
    with pytest.raises(ValueError, match=message):
        mpjpe(y_true, y_pred, **options)


def test_metrics_do_not_import_torch():
    code = "import sys, liftz.metrics, liftz.scoring, liftz.tables; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
