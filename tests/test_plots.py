"""Pictures: what they show, where it goes, and what they refuse."""

import sys

import numpy as np
import pytest

from liftz import LSTMRegressor, Skeleton, make_lifter, mpjpe
from liftz.datasets import make_signing
from liftz.plots import (
    animate,
    at_true_roots,
    plot_comparison,
    plot_keypoint_errors,
    plot_learning_curves,
    plot_pose,
    plot_signer_errors,
)
from liftz.tables import error_table

matplotlib = pytest.importorskip("matplotlib")
pytest.importorskip("matplotlib.pyplot").switch_backend("Agg")

ARM = Skeleton("arm", ["neck", "left_shoulder", "right_shoulder", "left_wrist"], root="neck",
               edges=[("neck", "left_shoulder"), ("neck", "right_shoulder"), ("left_shoulder", "left_wrist")],
               regions={"trunk": ["neck", "left_shoulder", "right_shoulder"], "hand": ["left_wrist"]},
               pairs=[("left_shoulder", "right_shoulder")])
POSE = np.array([[0, 0, 300], [18, 5, 305], [-17, 6, 295], [40, 60, 250]], np.float32)  # y down, in cm


@pytest.fixture(autouse=True)
def _close():
    yield
    matplotlib.pyplot.close("all")


@pytest.fixture(scope="module")
def data():
    return make_signing(n_signers=2, n_clips=2, n_frames=(12, 16), random_state=0)


def segments(ax):
    """The bones that an axes shows, as lists of ends, by colour."""
    name = "_segments3d" if ax.name == "3d" else "get_segments"
    return {matplotlib.colors.to_hex(lines.get_colors()[0]): np.asarray(
        lines._segments3d if name == "_segments3d" else lines.get_segments()) for lines in ax.collections}


def test_a_pose_is_drawn_in_the_plane_and_in_space_left_blue_and_right_orange():
    flat, solid = plot_pose(POSE, ARM, units="cm")
    bones = segments(flat)
    np.testing.assert_array_equal(bones["#0072b2"], [POSE[[0, 1], :2], POSE[[1, 3], :2]])
    np.testing.assert_array_equal(bones["#d55e00"], [POSE[[0, 2], :2]])
    np.testing.assert_array_equal(segments(solid)["#d55e00"], [POSE[[0, 2]][:, [0, 2, 1]]])  # depth is the second axis
    assert [solid.get_xlabel(), solid.get_ylabel(), solid.get_zlabel()] == ["x (cm)", "depth (cm)", "y (cm)"]
    assert (flat.get_xlabel(), flat.get_ylabel()) == ("x (cm)", "y (cm)")


@pytest.mark.parametrize("y_up", [False, True])
def test_bodies_stand_upright_unmirrored_and_in_one_scale(y_up):
    pose = POSE * ([-1, -1, 1] if y_up else [1, 1, 1])  # the same body in Kinect's coordinates: x to the left, y up
    flat, solid = plot_pose(pose, ARM, y_up=y_up)
    neck, left, right, wrist = pose
    to_screen = flat.transData.transform
    flat.figure.canvas.draw()
    assert to_screen(left[:2])[0] > to_screen(right[:2])[0]  # who faces us has their left on our right
    assert to_screen(neck[:2])[1] > to_screen(wrist[:2])[1]
    assert flat.get_aspect() == 1
    reach = np.ptp([solid.get_xlim3d(), solid.get_ylim3d(), solid.get_zlim3d()], axis=1)
    np.testing.assert_allclose(solid.get_box_aspect() / solid.get_box_aspect()[0], reach / reach[0])
    assert (solid.get_zlim3d()[0] < solid.get_zlim3d()[1]) == y_up
    assert (solid.get_xlim3d()[0] > solid.get_xlim3d()[1]) == y_up


def test_what_is_not_seen_is_not_drawn():
    pose = POSE.copy()
    pose[1] = np.nan
    flat, _ = plot_pose(pose, ARM)
    assert len(segments(flat)["#0072b2"]) == 0
    assert len(segments(flat)["#d55e00"]) == 1
    assert sum(np.isfinite(line.get_xdata()).sum() for line in flat.get_lines()) == 3


def test_axes_given_are_the_only_ones_drawn_on():
    figure = matplotlib.pyplot.figure()
    ax = figure.add_subplot(projection="3d")
    assert list(plot_pose(POSE, ARM, ax)) == [ax]
    assert figure.axes == [ax]
    with pytest.raises(ValueError, match="x and y alone"):
        plot_pose(POSE[:, :2], ARM, ax)


@pytest.mark.parametrize(("points", "message"), [
    (POSE[None], "expected one frame"), (POSE[:3], "keypoints"), (POSE + np.nan, "NaN|nothing"),
    (POSE[:, :1], "points"),
])
def test_points_that_fit_no_skeleton_are_refused(points, message):
    with pytest.raises(ValueError, match=message):
        plot_pose(points, ARM)


def test_predicted_depths_lie_at_the_true_roots_and_what_is_apart_is_the_error(data):
    rng = np.random.default_rng(0)
    truth = data.y[0]
    predicted = truth - truth.mean() + rng.normal(size=truth.shape).astype(np.float32)
    moved = at_true_roots(truth, predicted, data.skeleton)
    roots = {data.skeleton.index(root) for root in data.skeleton.roots.values()}
    others = [k for k in range(138) if k not in roots]
    apart = np.abs(moved - truth)[:, others]
    assert np.nanmean(apart) == pytest.approx(mpjpe([truth], [predicted], skeleton=data.skeleton), rel=1e-5)
    np.testing.assert_allclose(np.nan_to_num((moved - truth)[:, list(roots)]), 0, atol=1e-4)


def test_depths_without_their_root_count_as_relative_to_it():
    truth = np.array([[300, 310, 320, 330]], np.float32)
    predicted = np.array([[np.nan, 11, 19, 35]], np.float32)
    np.testing.assert_array_equal(at_true_roots(truth, predicted, ARM), [[np.nan, 311, 319, 335]])


def test_a_comparison_draws_the_frame_asked_for_from_the_side_too(data):
    truth = np.dstack([data.X[0], data.y[0]])
    true, lifted, side = plot_comparison(truth, truth * [1, 1, 0.5], data.skeleton, 7, units="cm")
    assert (side.get_xlabel(), side.get_ylabel()) == ("depth (cm)", "y (cm)")
    shown = np.concatenate([np.stack(line.get_data_3d(), axis=1) for line in true.get_lines()])
    finite = truth[7][np.isfinite(truth[7]).all(axis=1)]
    assert len(shown[np.isfinite(shown).all(axis=1)]) == len(finite)
    assert shown[np.isfinite(shown).all(axis=1)].sum() == pytest.approx(finite.sum(), rel=1e-5)
    for frame in (len(truth), -1):
        with pytest.raises(ValueError, match=f"no frame {frame}"):
            plot_comparison(truth, truth, data.skeleton, frame)


def test_an_animation_shows_every_frame_in_its_time_and_is_small(data, tmp_path):
    image = pytest.importorskip("PIL.Image")
    truth = np.dstack([data.X[0], data.y[0]])
    file = animate(tmp_path / "clip.gif", truth, data.skeleton, truth=truth, fps=30, units="cm", stride=2)
    with image.open(file) as gif:
        times = []
        for number in range(gif.n_frames):
            gif.seek(number)
            times.append(gif.info["duration"])
        assert gif.info["loop"] == 0
    assert len(times) == (len(truth) + 1) // 2
    assert sum(times) == pytest.approx(1000 * len(times) / 15, abs=10)
    assert file.stat().st_size < 20_000 * len(times)


@pytest.mark.skipif(__import__("shutil").which("ffmpeg") is None, reason="no ffmpeg on the path")
def test_mp4(data, tmp_path):
    points = np.dstack([data.X[0], data.y[0]])
    file = animate(tmp_path / "clip.mp4", points, data.skeleton, fps=data.fps)
    assert file.read_bytes()[4:8] == b"ftyp"


def test_animations_that_cannot_be_leave_nothing(data, tmp_path, monkeypatch):
    points = np.dstack([data.X[0], data.y[0]])
    with pytest.raises(ValueError, match=r"expected '.gif' or '.mp4'"):
        animate(tmp_path / "clip.avi", points, data.skeleton)
    with pytest.raises(ValueError, match="fps must be above 0"):
        animate(tmp_path / "clip.gif", points, data.skeleton, fps=0)
    with pytest.raises(ValueError, match="clip has 3"):
        animate(tmp_path / "clip.gif", points, data.skeleton, clip=points[:3])
    with pytest.raises(ValueError, match="x, y and depth"):
        animate(tmp_path / "clip.gif", points[..., :2], data.skeleton)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(FileNotFoundError, match="ffmpeg"):
        animate(tmp_path / "clip.mp4", points, data.skeleton)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for ffmpeg")
def test_what_ffmpeg_says_is_told(data, tmp_path, monkeypatch):
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\necho 'no such codec' >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OSError, match="no such codec"):
        animate(tmp_path / "clip.mp4", np.dstack([data.X[0], data.y[0]]), data.skeleton)
    assert [path.name for path in tmp_path.iterdir()] == ["ffmpeg"]


def test_each_keypoint_has_the_colour_of_its_own_error(data):
    axes = plot_keypoint_errors({"left_wrist": 8.0, "left_elbow": 2.0}, data.skeleton, data.X, units="cm")
    assert [ax.get_title() for ax in axes] == ["face", "left_hand", "right_hand", "body"]
    *_, hollow, filled = axes[-1].collections
    assert (len(hollow.get_offsets()), sorted(filled.get_array())) == (24, [2.0, 8.0])
    assert axes[0].figure.axes[-1].get_ylabel() == "error (cm)"
    assert filled.norm.vmax == 8
    with pytest.raises(ValueError, match="none of the keypoints"):
        plot_keypoint_errors({"wrist": 1.0}, data.skeleton, data.X)


def test_signer_boxes_hold_the_figures_of_the_table(data):
    models = {"flat": [0 * y for y in data.y], "half": [y / 2 for y in data.y]}
    ax = plot_signer_errors(data.y, models, data.groups, data.skeleton, units="cm")
    table = error_table(data.y, models, data.groups, data.skeleton)
    rows = {row.model: row for row in table.rows if row.part == "all"}
    means = [line.get_ydata() for line in ax.get_lines() if line.get_marker() == "o"]
    for model, mean in zip(models, means, strict=True):
        np.testing.assert_allclose(mean, list(rows[model].signers.values()))
    medians = [np.median([mpjpe([data.y[i]], [models["flat"][i]], skeleton=data.skeleton) for i in clips])
               for clips in ([0, 1], [2, 3])]
    assert all(any(np.allclose(line.get_ydata(), median) for line in ax.get_lines()) for median in medians)
    with pytest.raises(ValueError, match="groups has shape"):
        plot_signer_errors(data.y, models, data.groups[:1], data.skeleton)


def test_learning_curves_are_those_of_the_history(data):
    lifter = make_lifter(data.skeleton, n_nets=2, hidden_size=4, max_epochs=2, early_stopping=True,
                         validation_fraction=0.5, random_state=0)
    lifter.fit(data.X, data.y, lift__groups=data.groups)
    ax = plot_learning_curves(lifter)
    history = lifter[-1].regressor_.nets_[1].history
    lines = {line.get_label(): line.get_ydata() for line in ax.get_lines()}
    np.testing.assert_allclose(lines["training of net 2"], history[:, "train_loss"])
    np.testing.assert_allclose(lines["validation of net 2, on signers held out"], history[:, "valid_loss"])
    from sklearn.exceptions import NotFittedError
    from sklearn.linear_model import Ridge

    with pytest.raises(NotFittedError):
        plot_learning_curves(LSTMRegressor())
    with pytest.raises(TypeError, match="Ridge has no nets"):
        plot_learning_curves(Ridge())


def test_without_matplotlib_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'pip install "liftz\[plot\]"'):
        plot_pose(POSE, ARM)
