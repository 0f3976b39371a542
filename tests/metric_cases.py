"""Clips for the metrics' tests, and the metric written as a loop, as slow and plain as the formula."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from liftz import Skeleton

SIGNER = Skeleton(
    "signer", ["hip", "thumb", "neck", "wrist", "tip", "head"], root="hip",
    edges=[("hip", "neck"), ("neck", "head"), ("wrist", "thumb"), ("wrist", "tip")],
    regions={"body": ["hip", "neck", "head"], "hand": ["wrist", "thumb", "tip"]}, roots={"hand": "wrist"})

# The same keypoints, measured from a mean of two: no keypoint's error is zero by construction.
TWO_ROOTED = Skeleton("two-rooted", SIGNER.keypoints, root=("hip", "neck"))


def clip(n_frames, channels=()):
    """One clip of the six keypoints, in eighths: sums and differences are exact in float32 and float64."""
    values = st.integers(-800, 800).map(lambda i: i / 8)
    return arrays(np.float32, (n_frames, 6, *channels), elements=values)


@st.composite
def pairs(draw, n=2, positions=None, gaps=True, max_clips=3, max_frames=4):
    """`n` lists of clips alike, depths or positions; gaps spare the first frame, so that every root is seen once."""
    lengths = draw(st.lists(st.integers(1, max_frames), min_size=1, max_size=max_clips))
    shape = (3,) if (draw(st.booleans()) if positions is None else positions) else ()
    out = [[draw(clip(length, shape)) for length in lengths] for _ in range(n)]
    if gaps:
        for clips in out:
            for i, c in enumerate(clips):
                hidden = draw(arrays(bool, c.shape[:2], elements=st.sampled_from([False, False, True])))
                hidden[: 1 if i == 0 else 0] = False
                c[hidden] = np.nan
    return out


def is_seen(point):
    return not np.isnan(point).any()


def root_of(skeleton, keypoint, per_region):
    if not per_region:
        return skeleton.root_indices()
    region = next(r for r, members in skeleton.regions.items() if skeleton.keypoints[keypoint] in members)
    return skeleton.root_indices(region)


def loop_errors(y_true, y_pred, skeleton, per_region=True, regions=None, include_root=False):
    """Yield ``(clip, frame, keypoint, error)`` of what is comparable."""
    chosen = range(6) if regions is None else skeleton.indices(skeleton.resolve(regions))
    for i, (true, pred) in enumerate(zip(y_true, y_pred, strict=True)):
        true, pred = np.asarray(true, dtype=np.float64), np.asarray(pred, dtype=np.float64)
        for t in range(len(true)):
            both = [k for k in range(6) if is_seen(true[t, k]) and is_seen(pred[t, k])]
            for k in set(chosen).intersection(both):
                if skeleton is None:
                    root = both
                    if len(both) < 2:
                        continue
                else:
                    root = list(root_of(skeleton, k, per_region))
                    if not set(root) <= set(both) or (root == [k] and not include_root):
                        continue
                true_root, pred_root = (sum(pose[r] for r in root) / len(root) for pose in (true[t], pred[t]))
                difference = (true[t, k] - true_root) - (pred[t, k] - pred_root)
                yield i, t, int(k), float(np.sqrt(np.sum(difference**2)))


def loop_mpjpe(y_true, y_pred, skeleton=None, average="micro", sample_weight=None, **options):
    errors = list(loop_errors(y_true, y_pred, skeleton, **options))
    weight = [1.0] * len(y_true) if sample_weight is None else sample_weight
    if average == "micro":
        return sum(weight[i] * e for i, _, _, e in errors) / sum(weight[i] for i, _, _, _ in errors)
    means = {i: np.mean([e for j, _, _, e in errors if j == i]) for i in {e[0] for e in errors}}
    return sum(weight[i] * mean for i, mean in means.items()) / sum(weight[i] for i in means)
