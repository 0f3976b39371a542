"""Units, directions and hands that are not what they are called are told of; those that are, are not."""

import numpy as np
import pytest
from door_cases import run, told
from hypothesis import given
from hypothesis import strategies as st

from liftz import Skeleton, plausibility
from liftz.cli.fit import fit
from liftz.cli.info import info
from liftz.cli.training import _check_depths
from liftz.datasets import make_signing
from liftz.io import write_npz
from liftz.plausibility import depth_direction, depth_unit, exchanged_hands

DATA = make_signing(n_signers=3, n_clips=2, n_frames=40, views=(0,), random_state=0)
SIGNER = DATA.skeleton
LONG = make_signing(n_signers=3, n_clips=2, n_frames=120, views=(0,), random_state=0)  # a file tells by itself
HANDS = [SIGNER.region_indices(f"{side}_hand") for side in ("left", "right")]
IN_CM = {"mm": 10.0, "cm": 1.0, "m": 0.01}  # how many make a cm


def exchanged(clip, frames):
    left, right = HANDS
    clip = clip.copy()
    for frame in frames:
        clip[frame, left], clip[frame, right] = clip[frame, right], clip[frame, left].copy()
    return clip


@given(st.sampled_from(list(IN_CM)), st.sampled_from(list(IN_CM)), st.sampled_from(list(IN_CM)),
       st.floats(0, 0.3), st.integers(0, 2))
def test_another_unit_of_depths_is_told_and_none_else(units, called, really, missing, seed):
    rng = np.random.default_rng(seed)
    X = [IN_CM[units] * np.where(rng.random((*clip.shape[:2], 1)) < missing, np.nan, clip) for clip in DATA.X]
    y = [IN_CM[really] * (depth + 0.3 * rng.standard_normal(depth.shape)) for depth in DATA.y]
    assert bool(depth_unit(X, y, SIGNER, units=units, depth_units=called)) == (called != really)


def test_what_tells_nothing_of_units_is_let_in():
    about = {"units": "cm", "depth_units": "mm"}
    assert depth_unit(DATA.X, DATA.y, SIGNER, units="px", depth_units="mm") == ""
    assert depth_unit(DATA.X, DATA.y, Skeleton("points", SIGNER.keypoints, root="mid_hip"), **about) == ""
    still = [np.repeat(clip[:1], 5, axis=0) for clip in DATA.X], [np.repeat(depth[:1], 5, axis=0) for depth in DATA.y]
    assert depth_unit(*still, SIGNER, **about) == ""


@pytest.mark.parametrize("y_up", [False, True])
def test_depths_that_grow_towards_the_camera_are_told(y_up):
    X = DATA.X if DATA.y_up == y_up else [clip * np.float32([-1, -1]) for clip in DATA.X]
    assert depth_direction(X, DATA.y, SIGNER, y_up=y_up) == ""
    turned = depth_direction(X, [-depth for depth in DATA.y], SIGNER, y_up=y_up)
    assert "% of the raised wrists are behind the shoulders" in turned


def test_a_direction_is_not_guessed():
    """Without wrists, from the side, and where nothing is seen."""
    turned = [-d for d in DATA.y]
    wristless = SIGNER.subset([name for name in SIGNER.keypoints if "wrist" not in name])
    kept = SIGNER.indices(wristless.keypoints)
    X, y = ([clip[:, kept] for clip in clips] for clips in (DATA.X, turned))
    assert depth_direction(X, y, wristless, y_up=False) == ""
    shoulders = SIGNER.indices(["left_shoulder", "right_shoulder"])
    aside = [depth.copy() for depth in turned]
    for depth in aside:
        depth[4:, shoulders] += [-60, 60]
    assert depth_direction(DATA.X, aside, SIGNER, y_up=False) == ""
    unknown = [np.where(np.arange(len(SIGNER)) == SIGNER.index("mid_hip"), depth, np.nan) for depth in turned]
    assert depth_direction(DATA.X, unknown, SIGNER, y_up=False) == ""
    assert depth_direction(DATA.X, turned, SIGNER, y_up=None) == ""


@given(st.sets(st.integers(0, 39), max_size=40), st.floats(0, 0.3), st.integers(0, 2))
def test_frames_with_the_hands_exchanged_are_told(frames, missing, seed):
    rng = np.random.default_rng(seed)
    clip = exchanged(DATA.X[seed], sorted(frames))
    clip[rng.random(clip.shape[:2]) < missing] = np.nan
    left, right = (clip[:, [hand[0], SIGNER.index(f"{side}_wrist")]] for hand, side in zip(HANDS, ("left", "right"),
                                                                                          strict=True))
    apart = np.hypot(*(left[:, 1] - right[:, 1]).T) > 40  # cm: hands are smaller, whatever of them is seen
    sure = [frame for frame in sorted(frames) if apart[frame] and not np.isnan(left[frame] + right[frame]).any()]
    found = exchanged_hands([clip], SIGNER)
    assert bool(found) >= bool(sure)
    assert bool(found) <= bool(frames)


def test_exchanged_hands_are_counted_and_placed():
    clips = [DATA.X[0], exchanged(DATA.X[1], [3, 7])]
    assert exchanged_hands(clips, SIGNER).startswith("in frame 3 of clip 1 and 1 more a hand lies at the other hand's")
    assert exchanged_hands(clips[1:], SIGNER).startswith("in frame 3 and 1 more a hand")
    about = {"names": ["talk_0", "talk_1"], "first_frames": [0, 1000]}
    assert exchanged_hands(clips, SIGNER, **about).startswith("in frame 1003 of talk_1 and 1 more a hand")
    flat = Skeleton("flat", SIGNER.keypoints, root="mid_hip")
    assert exchanged_hands(clips, flat) == exchanged_hands(clips, SIGNER)


@given(st.floats(0, 0.01), st.sampled_from(["depths", "places", "zeros"]), st.integers(0, 4))
def test_what_is_astray_is_no_other_unit(share, what, seed):
    rng = np.random.default_rng(seed)
    X, y = [clip.copy() for clip in DATA.X], [depth.copy() for depth in DATA.y]
    for clip, depth in zip(X, y, strict=True):
        astray = rng.random(depth.shape) < share
        if what == "depths":
            depth[astray] += 100 * rng.standard_normal(astray.sum())
        else:
            clip[astray, :2] = 100 * rng.standard_normal((astray.sum(), 2)) if what == "places" else 0
    assert depth_unit(X, y, SIGNER, units="cm", depth_units="cm") == ""
    assert depth_unit(X, y, SIGNER, units="cm", depth_units="mm")


def test_clips_without_a_keypoint_or_a_depth_tell_nothing():
    none = np.full_like(DATA.X[0], np.nan)
    X, y = [none, *DATA.X, DATA.X[0]], [DATA.y[0], *DATA.y, np.full_like(DATA.y[0], np.nan)]
    for some in (X, y), (X[:1], y[:1]), (X[-1:], y[-1:]):
        assert depth_unit(*some, SIGNER, units="cm", depth_units="cm") == ""
        assert depth_direction(*some, SIGNER, y_up=False) == ""
        assert exchanged_hands(some[0], SIGNER) == ""


def test_few_raised_wrists_tell_nothing_nor_do_depths_of_nothing(monkeypatch):
    frames = [([DATA.X[0][i:i + 1]], [-DATA.y[0][i:i + 1]]) for i in range(40)]
    assert not any(depth_direction(*frame, SIGNER, y_up=False) for frame in frames)
    monkeypatch.setattr(plausibility, "RAISED", 0)
    assert any(depth_direction(*frame, SIGNER, y_up=False) for frame in frames)
    assert depth_direction(DATA.X, [0 * depth for depth in DATA.y], SIGNER, y_up=False) == ""


@pytest.mark.parametrize("what", ["unit", "direction"])
def test_one_file_that_differs_from_the_others_is_named(what, tmp_path):
    change, told_of = {"unit": (0.01, "of depth is about 1e+02 cm of x and y"),
                       "direction": (-1, "do these grow towards it?")}[what]
    for i in range(4):
        points = np.dstack([LONG.X[i][..., :2], LONG.y[i] * (change if i == 2 else 1)])
        write_npz(tmp_path / f"clip{i}.npz", points, SIGNER, fps=30, units="cm", y_up=False)
    result = run(fit, tmp_path, "-o", tmp_path / "new.liftz", "--nets", 1, "--epochs", 1, "--select", "body")
    assert result.exit_code == 0, told(result)
    assert "clip2.npz: " in told(result)
    assert all(f"clip{i}.npz" not in told(result) for i in (0, 1, 3))
    assert told(result).count(told_of) == 1


def test_short_files_tell_together_that_depths_are_turned(tmp_path):
    for i in range(20):
        part = slice(6 * i, 6 * i + 6)
        points = np.dstack([LONG.X[0][part, :, :2], -LONG.y[0][part]])
        write_npz(tmp_path / f"clip{i:02d}.npz", points, SIGNER, fps=30, units="cm", y_up=False)
    result = run(fit, tmp_path, "-o", tmp_path / "new.liftz", "--nets", 1, "--epochs", 1, "--select", "body")
    assert result.exit_code == 0, told(result)
    assert told(result).count("do these grow towards it?") == 1


@pytest.mark.parametrize("fps", [30, 60])
def test_frames_keep_their_numbers_where_rates_differ(fps, tmp_path):
    for i in range(2):
        points = np.dstack([exchanged(DATA.X[i], [7] * i)[..., :2], DATA.y[i]])
        write_npz(tmp_path / f"clip{i}.npz", points, SIGNER, fps=fps if i else 30, units="cm", y_up=False,
                  first_frame=100)
    result = run(fit, tmp_path, "-o", tmp_path / "new.liftz", "--nets", 1, "--epochs", 1, "--select", "body")
    assert result.exit_code == 0, told(result)
    assert "clip1.npz: in frame 107 a hand lies at" in told(result)


def test_flat_depths_are_refused(tmp_path):
    points = np.dstack([DATA.X[0][..., :2], 0 * DATA.y[0]])
    write_npz(tmp_path / "flat.npz", points, SIGNER, fps=30, units="cm", y_up=False)
    result = run(fit, tmp_path / "flat.npz", "-o", tmp_path / "new.liftz")
    assert result.exit_code == 1
    assert "flat.npz: all depths are 0: it is flat" in told(result)


def test_a_recording_without_depths_among_others_is_named(tmp_path):
    for name, depth in {"deep": DATA.y[0], "empty": np.full_like(DATA.y[0], np.nan)}.items():
        points = np.dstack([DATA.X[0][..., :2], depth])
        write_npz(tmp_path / f"{name}.npz", points, SIGNER, fps=30, units="cm", y_up=False)
    result = run(fit, tmp_path, "-o", tmp_path / "new.liftz")
    assert result.exit_code == 1
    assert "empty.npz: no depth is known of it" in told(result)
    about = run(info, tmp_path / "empty.npz")
    assert about.exit_code == 0
    assert "depths: none" in about.output
    assert "liftz fit" not in about.output


def test_of_several_clips_those_without_depths_are_named(tmp_path):
    clips = list(DATA.y[:3])
    clips[1] = np.full_like(clips[1], np.nan)
    with pytest.raises(ValueError, match="all.csv: no depth is known of b, and"):
        _check_depths("all.csv", clips, ["a", "b", "c"])


def test_hands_that_meet_are_not_exchanged():
    clip = DATA.X[0].copy()
    ends = [SIGNER.index(name) for name in ("left_wrist", "right_wrist")]
    place = clip[:, ends[0]].copy()
    for hand, wrist, aside in zip(HANDS, ends, (1, -1), strict=True):
        clip[:, hand] += (place + [aside, 0] - clip[:, hand[0]])[:, None]
        clip[:, wrist] = place - [1.2 * aside, 0]
    assert exchanged_hands([clip], SIGNER) == ""


def test_fit_tells_of_them_once(tmp_path):
    for i in range(3):
        points = np.dstack([exchanged(LONG.X[i], [5])[..., :2], -LONG.y[i] / 10])
        write_npz(tmp_path / f"clip{i}.npz", points, SIGNER, fps=30, units="cm", y_up=False)
    result = run(fit, tmp_path, "-o", tmp_path / "new.liftz", "--nets", 1, "--epochs", 1, "--select", "body")
    assert result.exit_code == 0, told(result)
    for sentence in ("depths are said to be in cm, x and y in cm, but by how bones foreshorten a cm of depth is",
                     "do these grow towards it?; likewise in 2 other files",
                     "in frame 5 a hand lies at the other hand's wrist: is one taken for the other there?; likewise in "
                     "2 other files"):
        assert told(result).count(sentence) == 1
