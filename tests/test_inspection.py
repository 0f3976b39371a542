"""`depth_spread` against a loop over pairs, and what it calls an outlier."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from liftz import Skeleton
from liftz.inspection import depth_spread, plot_depth_spread

BODY = Skeleton("body", ["hip", "neck", "wrist", "elbow", "nose", "eye"], root="hip", regions={
    "trunk": ["hip", "neck"], "arm": ["elbow", "wrist"], "face": ["nose", "eye"]})
TIES = st.sampled_from([0.0, 1.0, 1.5, -3.0, np.nan])
DEPTHS = st.floats(-1e6, 1e6, width=32) | st.just(np.nan)


def brute_force(clip):
    """All distances, and the largest by frame."""
    found, by_frame = [], {}
    for frame, row in enumerate(clip.astype(float)):
        pairs = [abs(a - b) for a, b in itertools.combinations(row, 2) if not np.isnan(a - b)]
        if pairs:
            found += pairs
            by_frame[frame] = max(pairs)
    return found, by_frame


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_it_is_what_a_loop_over_pairs_finds_nan_and_ties_included(data):
    shape = data.draw(array_shapes(min_dims=2, max_dims=2, max_side=7))
    clips = data.draw(st.lists(arrays(np.float32, shape, elements=data.draw(st.sampled_from([TIES, DEPTHS]))),
                               min_size=1, max_size=3))
    names = [f"k{i}" for i in range(shape[1])]
    order = data.draw(st.permutations(names))
    skeleton = Skeleton("any", names, root=names[0], regions={"one": order[: len(order) // 2 + 1],
                                                               **({"two": rest} if (rest := order[len(order) // 2 + 1:])
                                                                  else {})})
    truth = {(f"clip {i}", region): brute_force(clip[:, skeleton.region_indices(region)])
             for i, clip in enumerate(clips) for region in skeleton.regions}
    if not any(pairs for pairs, _ in truth.values()):
        with pytest.raises(ValueError, match="no frame of .* shows two keypoints"):
            depth_spread(clips, skeleton)
        return
    rows = {(row.clip, row.region): row for row in depth_spread(clips, skeleton).rows}
    assert rows.keys() == {key for key, (pairs, _) in truth.items() if pairs}
    for (clip, region), row in rows.items():
        pairs, by_frame = truth[clip, region]
        assert row.n_pairs == len(pairs)
        assert row.mean == pytest.approx(np.mean(pairs), rel=1e-12, abs=1e-12)
        assert (row.smallest, row.largest) == (min(pairs), max(pairs))
        assert by_frame[row.frame] == row.largest
        depth = clips[int(clip.split()[1])][row.frame, skeleton.indices(row.keypoints)].astype(float)
        assert depth[1] - depth[0] == row.largest


@pytest.mark.parametrize("offset", [0.0, 300.0, 1e6])
def test_chunks_and_far_roots_change_nothing(offset):
    rng = np.random.default_rng(0)
    clip = (offset + rng.normal(0, 10, (1300, 6))).astype(np.float32)  # more than two chunks
    clip[rng.random(clip.shape) < 0.2] = np.nan
    for row in depth_spread([clip], BODY).rows:
        pairs, by_frame = brute_force(clip[:, BODY.region_indices(row.region)])
        assert row.mean == pytest.approx(np.mean(pairs), rel=1e-12)
        assert (row.smallest, row.largest, row.n_pairs) == (min(pairs), max(pairs), len(pairs))
        assert row.frame == max(by_frame, key=by_frame.get)


def test_outliers_are_named_by_clip_frame_and_keypoints_the_farthest_first():
    clips = [np.tile(np.float32([0, 10, 40, 30, 0, 1]), (9, 1)) for _ in range(2)]
    clips[0][:7, 1], clips[0][4, 1] = 8, 50  # quartiles of the trunk are 8 and 10: up to 18 is within 4 ranges
    clips[1][5, 1] = 17
    clips[1][2, 3] = -200  # the elbow; all other frames have one range
    clips[1][3, 2] = np.nan  # no arm in this frame, and no outlier
    spread = depth_spread(clips, BODY, names=["asl1, person 0", "asl1, person 1"], first_frames=[100, 120], outlier=4.0)
    assert [(o.clip, o.region, o.frame, o.largest, o.keypoints) for o in spread.outliers] == [
        ("asl1, person 1", "arm", 122, 240.0, ("elbow", "wrist")),
        ("asl1, person 0", "trunk", 104, 50.0, ("hip", "neck"))]
    assert spread.limits == {"trunk": 18.0, "arm": 10.0, "face": 1.0}
    assert [o.region for o in depth_spread(clips, BODY, outlier=20.0).outliers] == ["arm"]


def test_regions_of_one_keypoint_have_no_pairs_and_no_row():
    lone = Skeleton("lone", ["a", "b", "c"], root="a", regions={"pair": ["a", "b"], "single": ["c"]})
    spread = depth_spread([[[0, 1, 2]]], lone)
    assert [row.region for row in spread.rows] == ["pair"]
    assert list(spread.limits) == ["pair"]


def test_it_prints_what_it_has():
    spread = depth_spread([[[0, 10, 40, 30, 0, 1]]], BODY)
    lines = str(spread).splitlines()
    assert len(lines) == 4
    assert lines[2].split() == ["clip", "0", "arm", "10", "10", "10", "0", "elbow", "and", "wrist", "1"]
    assert spread.to_dict()["rows"][1]["largest"] == 10


@pytest.mark.parametrize(("options", "message"), [
    ({"names": ["a", "b"]}, "y has 1 clips, names has 2"),
    ({"first_frames": []}, "y has 1 clips, first_frames has 0"),
    ({"outlier": -1.0}, "not negative, got -1.0"),
    ({"outlier": float("nan")}, "not negative, got nan"),
])
def test_bad_options_are_told(options, message):
    with pytest.raises(ValueError, match=message):
        depth_spread([np.zeros((2, 6))], BODY, **options)


def test_depths_of_another_skeleton_are_refused():
    with pytest.raises(ValueError, match="clip 0 has 5 keypoints, expected 6"):
        depth_spread([np.zeros((2, 5))], BODY)


def test_the_picture_has_a_panel_for_each_region_and_a_mean_for_each_clip():
    plt = pytest.importorskip("matplotlib.pyplot")
    clips = [np.tile(np.float32([0, 10, 40, 30, 0, 1]), (3, 1)) for _ in range(4)]
    clips[3][:, 4:] = np.nan
    axes = plot_depth_spread(depth_spread(clips, BODY), units="cm")
    assert [ax.get_title() for ax in axes] == ["trunk", "arm", "face"]
    means = [ax.get_lines()[0].get_xydata().tolist() for ax in axes]
    assert means[0] == [[10, 0], [10, 1], [10, 2], [10, 3]]
    assert means[2] == [[1, 0], [1, 1], [1, 2]]
    plt.close(axes[0].figure)
