"""What a tired user mistypes: refused before anything is lost, or said."""

import numpy as np
import pytest
from door_cases import LENGTH, run, save_ridge, signing, told, write_openpose

from liftz import Skeleton
from liftz._search.study import _open_database
from liftz.cli.convert import convert
from liftz.cli.fit import fit
from liftz.cli.info import info
from liftz.cli.lift import lift
from liftz.cli.tune import tune
from liftz.conversion import convert as to_coco
from liftz.io import FileFormatError, read_csv, read_npz, write_npz
from liftz.io._people import follow
from liftz.skeletons import COCO_WHOLEBODY_133, KINECT_20, OPENPOSE_137


@pytest.fixture
def clip(tmp_path):
    """A file of one clip, x and y in px, and its points."""
    points = signing(n_signers=1, n_clips=1, n_frames=12).X[0][..., :2]
    write_npz(tmp_path / "clip.npz", points, OPENPOSE_137, fps=30, units="px", y_up=False)
    return tmp_path / "clip.npz", points


@pytest.mark.parametrize("command", [fit, tune])
def test_a_lifter_replaces_no_recording_and_nothing_else(command, clip, tmp_path):
    path, _ = clip
    notes = tmp_path / "notes.liftz"
    notes.write_text("mine")
    for output, why in ((path, "has a recording's ending; a lifter's is .liftz"),
                        (tmp_path / "new.csv", "has a recording's ending"),
                        (notes, "is there already, and is no lifter")):
        before = output.read_bytes() if output.exists() else None
        result = run(command, "synthetic", "--output", output)
        assert result.exit_code == 2
        assert why in told(result)
        assert (output.read_bytes() if output.exists() else None) == before


def test_shares_of_the_picture_are_no_pixels(clip, tmp_path):
    _, points = clip
    shares = tmp_path / "shares.npz"
    write_npz(shares, points / np.float32([1280, 720]), OPENPOSE_137, fps=30, units="px", y_up=False)
    result = run(convert, shares, "-o", tmp_path / "out.csv")
    assert result.exit_code == 1
    assert "which can be no pixels: of shares of the picture, from 0 to 1" in told(result)
    assert not (tmp_path / "out.csv").exists()


def test_convert_says_what_is_not_known_of_another_skeleton(clip, tmp_path):
    result = run(convert, clip[0], "--to", "MEDIAPIPE_HOLISTIC", "-o", tmp_path / "out.npz")
    assert result.exit_code == 0, result.output
    assert "of MEDIAPIPE_HOLISTIC, 479 of whose 543 keypoints are not known" in told(result)
    plain = run(convert, clip[0], "-o", tmp_path / "plain.npz")
    assert "not known" not in told(plain)


def test_other_braces_than_name_are_refused(clip, tmp_path):
    result = run(convert, clip[0], "-o", tmp_path / "{nam}.npz")
    assert result.exit_code == 2
    assert "{name} stands for a clip's name" in told(result)


def test_a_database_in_no_folder(tmp_path):
    result = run(tune, "synthetic", "--trials", 1, "--output", tmp_path / "tuned.liftz", "--storage",
                 f"sqlite:///{tmp_path}/nowhere/trials.db")
    assert result.exit_code == 1
    assert "its folder does not exist" in told(result)


def test_a_database_by_a_uri_is_not_looked_for_as_a_path(tmp_path):
    _open_database(f"sqlite:///file:{tmp_path}/trials.db?uri=true")
    assert (tmp_path / "trials.db").exists()


def test_semicolons_are_named(tmp_path):
    (tmp_path / "clip.csv").write_text("frame;elbow_x;elbow_y\n0;1,5;2\n")
    with pytest.raises(FileFormatError, match="is separated by semicolons, expected commas"):
        read_csv(tmp_path / "clip.csv")


def test_regions_are_told_where_a_name_is_neither():
    with pytest.raises(ValueError, match="it has the regions body, face, left_hand, right_hand, and Nose, Neck"):
        OPENPOSE_137.resolve("hands")
    one = Skeleton("one", ["a", "b"], root="a")
    with pytest.raises(ValueError, match="it has a, b ..."):
        one.resolve("xyz")


@pytest.mark.parametrize("n_people", [1, 2])
def test_hands_without_a_body_are_followed_by_a_bodys_size(n_people):
    rng = np.random.default_rng(0)
    hand = np.full((67, 2), np.nan)
    hand[25:46] = rng.uniform(0, 30, (21, 2))
    way = 80 * np.sin(np.arange(40) / 3)[:, None] * [1, 1]  # as far in a frame as most of a hand
    people = [hand + way[:, None] + 700 * i for i in range(n_people)]
    frames = np.repeat(np.arange(40), n_people)
    persons = follow(frames, np.stack(people, axis=1).reshape(-1, 67, 2))
    np.testing.assert_array_equal(persons, np.tile(np.arange(n_people), 40))


@pytest.fixture(scope="module")
def openpose_model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "openpose.liftz"
    save_ridge(path, signing())
    return path


def test_hands_without_their_wrists_are_put_where_the_model_guesses_and_that_is_told(openpose_model, clip, tmp_path):
    path, points = clip
    points = points.copy()
    points[:, OPENPOSE_137.index("LWrist")] = np.nan
    write_npz(path, points, OPENPOSE_137, fps=30, units="px", y_up=False)
    out = "-o", tmp_path / "out.npz", *LENGTH
    note = "left_hand is put onto LWrist, which is never seen here: where it is in depth is a guess"
    result = run(lift, openpose_model, path, *out)
    assert result.exit_code == 0, told(result)
    assert note in told(result)
    assert "right_hand is put" not in told(result)
    assert "never seen here" not in told(run(lift, openpose_model, path, *out, "--relative"))
    points[:, OPENPOSE_137.region_indices("left_hand")] = np.nan  # and where there is no hand, there is nothing to tell
    write_npz(path, points, OPENPOSE_137, fps=30, units="px", y_up=False)
    assert "never seen here" not in told(run(lift, openpose_model, path, *out))


@pytest.mark.parametrize(("mm", "odd"), [(350, False), (200, False), (35, True), (3.5, True), (3500, True)])
def test_a_length_in_another_unit_is_told(mm, odd, openpose_model, clip, tmp_path):
    flat = tmp_path / "flat.liftz"
    save_ridge(flat, signing(), depth_units="px")  # depths that no length contradicts
    result = run(lift, flat, clip[0], "-o", tmp_path / "out.npz", "--length", "LShoulder", "RShoulder", mm)
    assert result.exit_code == 0, told(result)
    assert (f"LShoulder and RShoulder are {mm:.3g} mm apart: is it in mm?" in told(result)) == odd


@pytest.mark.parametrize("fps", [29.97, 60])
def test_lift_tells_of_hands_exchanged_by_the_recordings_own_frames(fps, openpose_model, clip, tmp_path):
    path, points = clip
    points, hands = points.copy(), [OPENPOSE_137.region_indices(f"{side}_hand") for side in ("left", "right")]
    points[7, hands[0]], points[7, hands[1]] = points[7, hands[1]], points[7, hands[0]].copy()
    write_npz(path, points, OPENPOSE_137, fps=fps, units="px", y_up=False, first_frame=1000)
    result = run(lift, openpose_model, path, "-o", tmp_path / "out.npz", *LENGTH)
    assert result.exit_code == 0, told(result)
    assert "in frame 1007 a hand lies at the other hand's wrist" in told(result)


def test_a_length_of_a_palm_is_told_where_there_are_no_shoulders(tmp_path):
    data, hands = signing(), OPENPOSE_137.subset(["left_hand", "right_hand"])
    kept, path = OPENPOSE_137.indices(hands.keypoints), tmp_path / "hands.npz"
    data.X, data.y = [clip[:, kept] for clip in data.X], [depth[:, kept] for depth in data.y]
    data.skeleton = hands
    save_ridge(tmp_path / "hands.liftz", data)
    write_npz(path, data.X[0], hands, fps=30, units="px", y_up=False)
    for mm, odd in ((95, False), (9500, True)):
        result = run(lift, tmp_path / "hands.liftz", path, "--relative", "-o", tmp_path / "out.npz", "--length",
                     "left_hand_wrist", "left_hand_middle_mcp", mm)
        assert result.exit_code == 0, told(result)
        assert ("left_hand_wrist and left_hand_middle_mcp are 9.5e+03 mm apart: is it in mm?" in told(result)) == odd


def test_a_length_is_told_by_the_names_of_either_skeleton(openpose_model, clip, tmp_path):
    coco = tmp_path / "coco.npz"
    write_npz(coco, to_coco(clip[1], OPENPOSE_137, COCO_WHOLEBODY_133), COCO_WHOLEBODY_133, fps=30, units="px",
              y_up=False)
    found = []
    for ends in (("LShoulder", "RShoulder"), ("left_shoulder", "right_shoulder")):
        out = tmp_path / f"{ends[0]}.npz"
        result = run(lift, openpose_model, coco, "--convert", "-o", out, "--length", *ends, 350)
        assert result.exit_code == 0, told(result)
        found.append(read_npz(out).y[0])
    np.testing.assert_array_equal(*found)
    kinect = tmp_path / "kinect.npz"
    write_npz(kinect, to_coco(clip[1], OPENPOSE_137, KINECT_20), KINECT_20, fps=30, units="px", y_up=False)
    for source, name, why in ((coco, "elbow", "has no keypoint 'elbow'"),
                              (kinect, "HandLeft", "HandLeft of KINECT_20 has no counterpart in the lifter's")):
        result = run(lift, openpose_model, source, "--convert", "-o", out, "--length", name, "RShoulder", 350)
        assert why in told(result)
        assert "--relative" not in told(result)


def test_who_is_left_out_is_told(clip, tmp_path):
    points = clip[1]
    folder = write_openpose(tmp_path / "two", [points, points + np.float32([900, 0])])
    result = run(convert, folder, "-o", tmp_path / "one.npz", "--people", 1)
    assert result.exit_code == 0, told(result)
    assert "--people 1 leaves out 1 person of 2: talk_1" in told(result)
    assert "leaves out" not in told(run(convert, folder, "-o", tmp_path / "two.npz", "--people", 2))


def test_info_leaves_hands_alone_apart(clip):
    path, points = clip
    assert "--relative" not in told(run(info, path))
    alone = points.copy()
    alone[:, OPENPOSE_137.region_indices("body")] = np.nan
    write_npz(path, alone, OPENPOSE_137, fps=30, units="px", y_up=False)
    assert "--relative" in told(run(info, path))
    points = points.copy()
    points[:, OPENPOSE_137.indices(["Nose", "LWrist"])] = np.nan  # which a face and a hand are put onto, by a guess
    write_npz(path, points, OPENPOSE_137, fps=30, units="px", y_up=False)
    assert "--relative" not in told(run(info, path))


def test_info_of_a_clip_that_shows_nothing(clip):
    path, points = clip
    write_npz(path, np.full_like(points, np.nan), OPENPOSE_137, fps=30, units="px", y_up=False)
    result = run(info, path)
    assert result.exit_code == 0, told(result)
    assert "not seen: body 100.0 %" in told(result)
