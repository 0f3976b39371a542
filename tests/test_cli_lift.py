"""`liftz lift`, as a shell runs it."""

import re
import shlex
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from door_cases import LENGTH, run, save_ridge, signing, told, write_openpose
from sklearn.pipeline import Pipeline

from liftz.adjustment import resample
from liftz.assembly import assemble
from liftz.cli.lift import lift
from liftz.conversion import convert
from liftz.io import read_csv, read_npz, read_pose, write_npz
from liftz.skeletons import COCO_WHOLEBODY_133, OPENPOSE_137


@pytest.fixture(scope="module")
def data():
    return signing()


@pytest.fixture(scope="module")
def model(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "openpose.liftz"
    save_ridge(path, data)
    return path


@pytest.fixture(scope="module")
def lifter(data, tmp_path_factory):
    return save_ridge(tmp_path_factory.mktemp("model") / "openpose.liftz", data)


@pytest.fixture(scope="module")
def clip(data):
    return signing(n_signers=1, n_clips=1, random_state=5).X[0]


@pytest.fixture
def talk(tmp_path, clip):
    return write_openpose(tmp_path / "talk", [clip])


def world_of(lifter, clip, depths=None):
    seen = clip + np.float32([640, 360])
    depths = lifter.predict([seen])[0] if depths is None else depths
    return assemble(seen, depths, OPENPOSE_137, units="px", depth_units="cm", length=LENGTH[1:]).points


def test_one_command_makes_every_format_of_a_folder(model, lifter, clip, talk, tmp_path):
    pytest.importorskip("pose_format")
    files = [tmp_path / f"out{ending}" for ending in (".npz", ".csv", ".pose", ".bvh", ".c3d", ".trc")]
    result = run(lift, model, talk, *(part for file in files for part in ("-o", file)), *LENGTH, "--fps", 29.97,
                 "--image-size", 1280, 720)
    assert result.exit_code == 0, result.output
    assert all(file.stat().st_size for file in files)
    expected = world_of(lifter, clip)
    npz, csv, pose = read_npz(files[0]), read_csv(files[1]), read_pose(files[2])
    for points in (npz, csv):
        np.testing.assert_allclose(points.X[0][..., :2], expected[..., :2], atol=1e-2)
        np.testing.assert_allclose(points.y[0], expected[..., 2], atol=1e-2)
        assert (points.units, points.fps, points.y_up) == ("mm", 29.97, False)
        assert (points.X[0][..., 2] == np.float32(0.8)).all()
    scale = np.linalg.norm(expected[0, 2, :2] - expected[0, 5, :2]) / np.linalg.norm(clip[0, 2] - clip[0, 5])
    np.testing.assert_allclose(pose.X[0][..., :2], clip + [640, 360], atol=1e-2)
    np.testing.assert_allclose(pose.y[0], expected[..., 2] / scale, atol=1e-2)
    assert (pose.fps, pose.image_size) == (pytest.approx(29.97), (1280, 720))
    text = told(result)
    assert "constant bones, on average" in text
    assert "1 clip, 40 frames in" in text
    assert "times real time" in text


def test_a_long_table_says_the_same_as_a_wide_one(model, talk, tmp_path):
    found = []
    for layout in ("wide", "long"):
        result = run(lift, model, talk, "-o", tmp_path / f"{layout}.csv", *LENGTH, "--csv-layout", layout)
        assert result.exit_code == 0, result.output
        found.append(read_csv(tmp_path / f"{layout}.csv"))
    assert "keypoint" in (tmp_path / "long.csv").read_text().splitlines()[1].split(",")
    np.testing.assert_array_equal(found[0].y[0], found[1].y[0])


def test_each_person_gets_a_file_of_their_own(model, clip, tmp_path):
    talk = write_openpose(tmp_path / "talk", [clip, clip])
    result = run(lift, model, talk, "-o", tmp_path / "talk.npz", "-o", tmp_path / "x_{name}.trc", *LENGTH, "--fps", 30)
    assert result.exit_code == 0, result.output
    assert sorted(file.name for file in tmp_path.iterdir() if file.is_file()) == [
        "talk_0.npz", "talk_1.npz", "x_talk_0.trc", "x_talk_1.trc"]
    result = run(lift, model, talk, "-o", tmp_path / "one.npz", *LENGTH, "--people", 1)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "one.npz").exists()


def test_a_bad_clip_is_told_by_name_and_the_rest_goes_on(model, clip, tmp_path):
    folder = tmp_path / "clips"
    folder.mkdir()
    write_npz(folder / "a.npz", clip, OPENPOSE_137, units="px", y_up=False, fps=29.97)
    (folder / "b.npz").write_bytes(b"PK\x03\x04 no more")
    write_npz(folder / "c.npz", clip / 10, OPENPOSE_137, units="mm", y_up=False)
    write_npz(folder / "d.npz", clip, OPENPOSE_137, units="px", y_up=False, fps=29.97)
    result = run(lift, model, folder, "-o", tmp_path / "{name}_3d.csv", *LENGTH)
    assert result.exit_code == 1
    assert sorted(file.name for file in tmp_path.glob("*")) == ["a_3d.csv", "clips", "d_3d.csv"]
    for file in ("b.npz", "c.npz"):
        assert result.output.count(f"error: {folder / file}") == 1
    assert f"error: not lifted: {folder / 'b.npz'}, {folder / 'c.npz'}" in result.output
    assert "2 clips, 80 frames" in result.output


def test_frame_rate_and_direction_of_y_are_brought_to_the_models(model, lifter, clip, tmp_path):
    """The same signing, filmed twice as fast, with the axes of a Kinect."""
    plain, fast = tmp_path / "plain.npz", tmp_path / "fast.npz"
    write_npz(plain, clip, OPENPOSE_137, units="px", y_up=False, fps=29.97)
    double = resample([clip], 29.97, 59.94)[0]
    write_npz(fast, -double, OPENPOSE_137, units="px", y_up=True, fps=59.94)
    for file in (plain, fast):
        result = run(lift, model, file, "-o", tmp_path / f"{file.stem}_3d.npz", *LENGTH)
        assert result.exit_code == 0, result.output
    text = told(result)
    assert "lifted at the model's 29.97 frames per second instead of 59.94, and brought back" in text
    assert "turned: y grows up in these keypoints, and down in the model's" in text
    one, two = read_npz(tmp_path / "plain_3d.npz"), read_npz(tmp_path / "fast_3d.npz")
    assert len(two.y[0]) == len(double)
    np.testing.assert_allclose(two.y[0][::2], one.y[0], atol=0.1)
    np.testing.assert_allclose(two.y[0][1:-1:2], (one.y[0][1:] + one.y[0][:-1]) / 2, atol=0.1)
    np.testing.assert_allclose(two.X[0][::2], -one.X[0], atol=0.1)
    assert two.y_up


def test_a_body_beyond_all_sizes_of_training_is_brought_to_them(model, lifter, clip, tmp_path):
    depths = []
    for size in (1, 3, 6, 0.02):
        write_npz(tmp_path / "clip.npz", size * clip, OPENPOSE_137, units="px", y_up=False)
        result = run(lift, model, tmp_path / "clip.npz", "-o", tmp_path / "out.npz", *LENGTH)
        assert result.exit_code == 0, result.output
        assert ("scaled by" in result.output) == (size != 1)
        assert ("to the largest body" in result.output) == (size > 1)
        depths.append(read_npz(tmp_path / "out.npz").y[0])
    np.testing.assert_allclose(depths[1], depths[2], atol=0.1)
    assert abs(depths[1] - depths[0]).mean() > 1


def test_the_models_depths_in_pixels_follow_the_pictures_size(data, clip, tmp_path):
    seen = signing()
    seen.units, seen.image_size = "px", (1280, 720)
    save_ridge(tmp_path / "px.liftz", seen)
    for name, factor in (("small", 1), ("large", 2)):
        write_npz(tmp_path / f"{name}.npz", factor * clip, OPENPOSE_137, units="px", y_up=False, fps=29.97)
        result = run(lift, tmp_path / "px.liftz", tmp_path / f"{name}.npz", "-o", tmp_path / f"{name}_3d.npz",
                     "--image-size", factor * 1280, factor * 720)
        assert result.exit_code == 0, result.output
    assert "scaled by 0.5 to the model's pictures of 1280 x 720 px" in told(result)
    small, large = read_npz(tmp_path / "small_3d.npz"), read_npz(tmp_path / "large_3d.npz")
    assert small.units == large.units == "px"
    np.testing.assert_allclose(large.y[0], 2 * small.y[0], atol=1e-3)


def test_other_skeletons_are_converted_when_nothing_is_lost_or_when_asked(model, data, clip, tmp_path):
    whole = tmp_path / "coco.npz"
    write_npz(whole, convert(clip, OPENPOSE_137, COCO_WHOLEBODY_133), COCO_WHOLEBODY_133, units="px", y_up=False)
    result = run(lift, model, whole, "-o", tmp_path / "out.npz", *LENGTH)
    assert result.exit_code == 1
    assert "COCO_WHOLEBODY_133 has no counterpart of 2 of them: face_right_pupil, face_left_pupil; --convert" in told(
        result)
    result = run(lift, model, whole, "-o", tmp_path / "out.npz", *LENGTH, "--convert")
    assert result.exit_code == 0, result.output
    assert read_npz(tmp_path / "out.npz").skeleton == OPENPOSE_137
    backwards = tmp_path / "backwards.csv"
    columns = ",".join(f"{name}_{axis}" for name in OPENPOSE_137.keypoints[::-1] for axis in "xy")
    rows = "\n".join(",".join(map(repr, row.ravel().tolist())) for row in clip[:, ::-1])
    backwards.write_text(f"{columns}\n{rows}\n")
    write_npz(tmp_path / "plain.npz", clip, OPENPOSE_137, units="px", y_up=False)
    for file in (backwards, tmp_path / "plain.npz"):
        result = run(lift, model, file, "-o", tmp_path / f"{file.stem}_3d.npz", *LENGTH, "--units", "px")
        assert result.exit_code == 0, result.output
    one, two = read_npz(tmp_path / "plain_3d.npz"), read_npz(tmp_path / "backwards_3d.npz")
    np.testing.assert_array_equal(one.y[0], two.y[0])


def test_mirrored_pictures_are_turned(model, clip, tmp_path):
    write_npz(tmp_path / "plain.npz", clip, OPENPOSE_137, units="px", y_up=False)
    write_npz(tmp_path / "selfie.npz", clip * np.float32([-1, 1]), OPENPOSE_137, units="px", y_up=False)
    assert run(lift, model, tmp_path / "selfie.npz", "-o", tmp_path / "no.npz", *LENGTH).exit_code == 1
    for name, options in (("plain", ()), ("selfie", ("--mirror",))):
        result = run(lift, model, tmp_path / f"{name}.npz", "-o", tmp_path / f"{name}_3d.npz", *LENGTH, *options)
        assert result.exit_code == 0, result.output
    one, two = read_npz(tmp_path / "plain_3d.npz"), read_npz(tmp_path / "selfie_3d.npz")
    np.testing.assert_array_equal(one.X[0], two.X[0])
    np.testing.assert_array_equal(one.y[0], two.y[0])


def test_hands_alone_stay_where_they_are_when_asked(data, clip, tmp_path):
    hands = ["left_hand", "right_hand"]
    lifter = save_ridge(tmp_path / "hands.liftz", data, select=hands)
    write_npz(tmp_path / "clip.npz", clip, OPENPOSE_137, units="px", y_up=False)
    length = ("--length", "left_hand_wrist", "left_hand_index_tip", 170)
    arguments = tmp_path / "hands.liftz", tmp_path / "clip.npz", "-o", tmp_path / "out.npz", *length
    result = run(lift, *arguments)
    assert result.exit_code == 1
    assert "--relative leaves regions apart" in told(result)
    result = run(lift, *arguments, "--relative")
    assert result.exit_code == 0, result.output
    out = read_npz(tmp_path / "out.npz")
    assert out.skeleton.keypoints == OPENPOSE_137.subset(hands).keypoints
    kept = OPENPOSE_137.indices(out.skeleton.keypoints)
    np.testing.assert_allclose(out.y[0], 10 * lifter.predict([clip])[0][:, kept], atol=1e-2)


def test_clips_of_a_view_that_training_does_not_have_are_told_once(tmp_path):
    from liftz import make_lifter
    from liftz.cli.fit import model_facts
    from liftz.persistence import save

    people = signing(n_signers=4, n_clips=4, n_frames=24)
    lifter = make_lifter(people.skeleton, select="body", n_nets=4, hidden_size=8, max_epochs=1, random_state=0)
    lifter.fit(people.X, people.y, groups=people.groups)
    errors = lifter["lift"].regressor_.errors_
    (tmp_path / "clips").mkdir()
    aside = [(clip * [0.4, 1]).astype(np.float32) for clip in people.X[:2]]
    for name, clip in zip("abc", [people.X[0], *aside], strict=True):
        write_npz(tmp_path / "clips" / f"{name}.npz", clip, OPENPOSE_137, units="px", y_up=False, fps=29.97)
    beginning = ("note: poses are unlike those of the model's training, as in a view or of a size that it does not "
                 "have, in ")
    for i, (model, line) in enumerate([(lifter, [0.5, 0.5]), (Pipeline(lifter.steps), [1.0, 0.0])]):
        errors.line = np.array(line)  # so few clips do not tell it
        new, growth = lifter.novelty([people.X[0], *aside])
        assert (new > 1).tolist() == [False, True, True]
        save(model, tmp_path / "m.liftz", facts=model_facts(people))
        result = run(lift, tmp_path / "m.liftz", tmp_path / "clips", "-o", tmp_path / f"{{name}}{i}.npz", *LENGTH)
        assert result.exit_code == 0, result.output
        more = f"; errors are likely to be up to {100 * (growth.max() - 1):.0f} % larger than usual there"
        places = ", ".join(str(tmp_path / "clips" / f"{name}.npz") for name in "bc")
        assert told(result).count(f"{beginning}2 of 3 clips{more * (i == 0)}: {places}") == 1
    result = run(lift, tmp_path / "m.liftz", tmp_path / "clips" / "a.npz", "-o", tmp_path / "a.npz", *LENGTH)
    assert "poses are unlike" not in told(result)


def test_std_is_told_in_mm_by_a_model_that_knows_it(tmp_path):
    from liftz import make_lifter
    from liftz.cli.fit import model_facts
    from liftz.persistence import load, save

    people = signing(n_signers=4, n_clips=1, n_frames=24)
    lifter = make_lifter(people.skeleton, select="body", n_nets=4, hidden_size=8, max_epochs=1, random_state=0)
    save(lifter.fit(people.X, people.y, groups=people.groups), tmp_path / "m.liftz", facts=model_facts(people))
    write_npz(tmp_path / "clip.npz", people.X[0], OPENPOSE_137, units="px", y_up=False, fps=29.97)
    result = run(lift, tmp_path / "m.liftz", tmp_path / "clip.npz", "-o", tmp_path / "out.npz", "--std", *LENGTH)
    assert result.exit_code == 0, result.output
    with zipfile.ZipFile(tmp_path / "out.npz") as archive, archive.open("std.npy") as file:
        std = np.load(file)
    _, expected = load(tmp_path / "m.liftz").predict(people.X[:1], return_std=True)
    np.testing.assert_allclose(std, 10 * expected[0][:, :25], rtol=1e-4)
    assert read_npz(tmp_path / "out.npz").y[0].shape == std.shape
    np.testing.assert_array_equal(read_npz(tmp_path / "out.npz").std[0], std)
    result = run(lift, tmp_path / "m.liftz", tmp_path / "clip.npz", "-o", tmp_path / "out.csv", "--std", *LENGTH)
    assert result.exit_code == 0, result.output
    np.testing.assert_array_equal(read_csv(tmp_path / "out.csv").std[0], std)
    header = (tmp_path / "out.csv").read_text().splitlines()[1]
    assert header.startswith("frame,Nose_x,Nose_y,Nose_z,Nose_std,Neck_x")


@pytest.mark.parametrize(("options", "message"), [
    (["-o", "out.npz"], "give --length KEYPOINT KEYPOINT MM, such as the width of the shoulders"),
    (["-o", "out.bvh", *LENGTH], ".bvh needs frames per second, and these keypoints do not say theirs: --fps 25"),
    (["-o", "out.pose", *LENGTH, "--fps", 25], "--image-size 1280 720"),
    (["-o", "out.npz", "--length", "LShoulder", "Elbow", 350], "no keypoint 'Elbow'"),
    (["-o", "out.npz", "--units", "inch", *LENGTH], "inch"),
    (["-o", "out.npz", "--units", "cm", *LENGTH], "--units is for files that do not say theirs, and this one says px"),
    (["-o", "out.npz", "--focal", 1000], "takes --length too"),
    (["-o", "out.npz", "--std", *LENGTH], "does not know its own errors"),
    (["-o", "out.trc", "--std", *LENGTH, "--fps", 25], "only .npz and .csv have a place for it"),
    (["-o", "out.obj", *LENGTH], "expected a file that ends in .npz, .csv"),
    (["-o", "no/such/out.npz", *LENGTH], "its folder does not exist"),
    (["-o", "out.npz", "--read", "min_frames", *LENGTH], "--read takes NAME=VALUE"),
    (["-o", "out.npz", "--read", "z_width=3", *LENGTH], "is read as openpose"),
])
def test_what_cannot_be_done_is_told_in_a_line(model, talk, tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    result = run(lift, model, "talk", *options)
    assert result.exit_code in (1, 2)
    assert message in told(result)
    assert "Traceback" not in result.output
    assert [file.name for file in tmp_path.iterdir()] == ["talk"]


def test_no_file_is_overwritten_by_what_is_made_of_it(model, clip, tmp_path):
    file = tmp_path / "clip.npz"
    write_npz(file, clip, OPENPOSE_137, units="px", y_up=False)
    before = file.read_bytes()
    result = run(lift, model, file, "-o", file, *LENGTH)
    assert result.exit_code == 2
    assert "would overwrite what it is made from" in told(result)
    result = run(lift, model, file, file, "-o", tmp_path / "{name}.npz", *LENGTH)
    assert result.exit_code != 0
    assert file.read_bytes() == before


def test_a_model_without_facts_is_refused(data, clip, tmp_path):
    from liftz import FrameRidge, make_lifter
    from liftz.persistence import save

    save(make_lifter(data.skeleton, FrameRidge()).fit(data.X, data.y), tmp_path / "bare.liftz")
    write_npz(tmp_path / "clip.npz", clip, OPENPOSE_137, units="px", y_up=False)
    result = run(lift, tmp_path / "bare.liftz", tmp_path / "clip.npz", "-o", tmp_path / "out.npz")
    assert result.exit_code == 1
    assert "does not say what keypoints it takes" in told(result)


def test_the_commands_of_the_page_run_as_they_stand_there(clip, tmp_path, monkeypatch):
    pytest.importorskip("pose_format")
    from liftz.cli import training
    from liftz.cli.evaluate import evaluate
    from liftz.cli.fit import fit
    from liftz.cli.view import view
    from liftz.datasets import make_signing

    monkeypatch.chdir(tmp_path)
    data = make_signing(n_signers=2, n_clips=2, n_frames=24, random_state=0)  # a small one, to be quick
    monkeypatch.setattr(training, "open_data", lambda source: (data, None, {}))
    write_openpose(tmp_path / "talk", [clip])
    (tmp_path / "recordings").mkdir()
    for i in range(2):
        write_npz(tmp_path / "recordings" / f"{i}.npz", np.concatenate([clip, clip[..., :1]], axis=2), OPENPOSE_137,
                  units="px", y_up=False)
    (tmp_path / "signers.csv").write_text("recording,signer\n0,Ann\n1,Bo\n")
    page = Path(__file__).parents[1].joinpath("docs", "your-keypoints.md").read_text(encoding="utf-8")
    lines = "".join(re.findall(r"```shell\n(.*?)```", page, re.DOTALL)).splitlines()
    small = ["--nets", 1, "--epochs", 1, "--jobs", 1]
    commands = {"fit": (fit, small), "evaluate": (evaluate, small), "lift": (lift, ["--anyway"]),
                "view": (view, ["--no-open"])}
    for line in lines:
        liftz, name, *arguments = shlex.split(line)
        command, quick = commands[name]
        result = run(command, *arguments, *quick)
        assert result.exit_code == 0, f"{line}: {result.output}"
    assert {file.name for file in tmp_path.iterdir() if file.is_file()} == {
        "openpose.liftz", "own.liftz", "report.html", "signers.csv", "talk.bvh", "talk.npz", "talk.npz.html",
        "talk.pose"}


def test_what_does_not_look_like_the_training_is_lifted_when_asked(model, clip, tmp_path):
    order = np.random.default_rng(0).permutation(137)
    write_npz(tmp_path / "clip.npz", clip[:, order], OPENPOSE_137, units="px", y_up=False, fps=29.97)
    arguments = model, tmp_path / "clip.npz", "-o", tmp_path / "out.npz", *LENGTH
    result = run(lift, *arguments)
    assert result.exit_code == 1
    assert "do not draw the body of OPENPOSE_137" in told(result)
    result = run(lift, *arguments, "--anyway")
    assert result.exit_code == 0, result.output
    assert "lifted anyway: the body's proportions are not compared" in told(result)
    assert "has no bones" not in told(result)


def test_perspective_takes_the_size_of_the_picture(model, talk, tmp_path):
    result = run(lift, model, talk, "-o", tmp_path / "out.npz", *LENGTH, "--fps", 29.97, "--focal", 1000)
    assert result.exit_code == 1
    assert "--focal takes --image-size WIDTH HEIGHT" in told(result)
    assert not (tmp_path / "out.npz").exists()


def test_a_clip_that_begins_late_says_so(model, clip, tmp_path):
    talk = write_openpose(tmp_path / "talk", [clip])
    for i, file in enumerate(sorted(talk.iterdir(), reverse=True)):
        number = len(clip) - 1 - i
        file.rename(talk / f"talk_{number + 7:012d}_keypoints.json")
    files = [tmp_path / f"out{ending}" for ending in (".npz", ".csv", ".trc", ".c3d", ".bvh")]
    result = run(lift, model, talk, *(part for file in files for part in ("-o", file)), *LENGTH, "--fps", 25)
    assert result.exit_code == 0, result.output
    assert "the first is frame 7 of the recording" in told(result)
    assert told(result).count("it begins with frame 7 of the recording, for which .bvh has no place") == 1
    assert read_npz(files[0]).first_frames.tolist() == read_csv(files[1]).first_frames.tolist() == [7]
    assert files[2].read_text().splitlines()[6].startswith("8\t0.280000\t")
    assert files[3].read_bytes()[6:10] == bytes([8, 0, 7 + len(clip), 0])


def test_a_whole_recording_has_nothing_to_say_of_its_first_frame(model, talk, tmp_path):
    result = run(lift, model, talk, "-o", tmp_path / "out.bvh", *LENGTH, "--fps", 29.97)
    assert result.exit_code == 0, result.output
    assert "of the recording" not in told(result)


def test_a_lifter_and_keypoints_in_the_wrong_order_are_told_the_right_one(model, talk, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lifter = shutil.copy(model, tmp_path / "m.liftz")
    result = run(lift, "talk", lifter, "-o", "out.npz", *LENGTH)
    assert result.exit_code == 2
    assert f"talk is no lifter of liftz; {lifter} is one, and comes first: liftz lift {lifter} talk" in told(result)
    result = run(lift, "talk", "talk", "-o", "out.npz", *LENGTH)
    assert "talk is no lifter of liftz" in told(result)
    result = run(lift, "none.liftz", "talk", "-o", "out.npz", *LENGTH)
    assert "there is no file none.liftz" in told(result)
    result = run(lift, "m.liftz", "m.liftz", "-o", "out.npz", *LENGTH)
    assert result.exit_code == 1
    assert "m.liftz: is a lifter, and no keypoints" in told(result)


def test_a_pose_file_is_refused_before_any_work_where_its_package_is_missing(model, talk, tmp_path, monkeypatch):
    monkeypatch.setattr("liftz.cli.outputs.find_spec", lambda name: None)
    result = run(lift, model, talk, "-o", tmp_path / "out.npz", "-o", tmp_path / "out.pose", *LENGTH)
    assert result.exit_code == 2
    assert "pip install" in told(result)
    assert not (tmp_path / "out.npz").exists()
