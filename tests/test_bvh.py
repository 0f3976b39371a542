"""BVH files: what an independent reader makes of them is the skeleton of constant bones, to a tenth of a millimetre."""

import re
from itertools import pairwise

import numpy as np
import pytest
from bone_cases import ARM, SKELETONS, rigid, wild
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from liftz import Skeleton
from liftz.bones import fit_bones
from liftz.datasets import make_signing
from liftz.io.bvh import write_bvh
from liftz.skeletons import COCO_WHOLEBODY_133, KINECT_20, OPENPOSE_137, PANOPTIC_138

NAN = np.nan
CHANNELS = re.compile("CHANNELS (3|6 Xposition Yposition Zposition)" + 3 * " ([XYZ])rotation")


def read_back(path):
    """Places of the file's joints and, as `... end`, of its End Sites, by the values that bvhio parses."""
    bvh = pytest.importorskip("bvhio").readAsBvh(str(path))
    places = {}

    def walk(joint, origin, above):
        quaternions = [(q.x, q.y, q.z, q.w) for q in (key.Rotation for key in joint.Keyframes)]
        turns = above * Rotation.from_quat(quaternions)
        places[joint.Name] = origin
        if not joint.Children:
            places[f"{joint.Name} end"] = origin + turns.apply(tuple(joint.EndSite))
        for child in joint.Children:
            walk(child, origin + turns.apply(tuple(child.Offset)), turns)

    root = np.array([tuple(key.Position) for key in bvh.Root.Keyframes])
    walk(bvh.Root, root, Rotation.identity(len(root)))
    return places, bvh


def numbers(path):
    """The lines of the motion, and the channels' rotation orders."""
    text = path.read_text()
    rows = np.array([line.split() for line in text.partition("Frame Time:")[2].splitlines()[1:]], dtype=float)
    return rows, ["".join(match[1:]) for match in CHANNELS.findall(text)]


def assert_is(path, fit, unit=10.0, signs=(-1, 1, -1), atol=0.1):
    """The file has every joint of the fit where it is, in mm for points in cm."""
    places, _ = read_back(path)
    plain = {joint: re.sub("[^A-Za-z0-9_]+", "_", joint) for joint in fit.tree.joints}
    for i, joint in enumerate(fit.tree.joints):
        name = plain[joint]
        if not fit.tree.children(i):
            only = len(fit.tree.children(fit.tree.parents[i])) == 1
            name = f"{plain[fit.tree.joints[fit.tree.parents[i]]] if only else f'to_{name}'} end"
        np.testing.assert_allclose(places[name] * unit, fit.positions[:, i] * signs, atol=atol, err_msg=joint)


@pytest.mark.parametrize("skeleton", SKELETONS, ids=lambda s: s.name)
def test_reads_back_as_the_bones_that_were_written(skeleton, tmp_path):
    points, _ = rigid(skeleton, 25)
    fit = write_bvh(tmp_path / "clip.bvh", points, skeleton, fps=30)
    assert_is(tmp_path / "clip.bvh", fit)


@given(st.sampled_from([*SKELETONS, ARM]), st.integers(1, 5), st.integers(0, 999), st.sampled_from([0, 0.2, 0.6]))
@settings(max_examples=15, deadline=None)
def test_reads_back_whatever_the_points(tmp_path_factory, skeleton, n_frames, seed, missing):
    path = tmp_path_factory.mktemp("bvh") / "clip.bvh"
    points = wild(skeleton, n_frames, seed, missing)
    points[0] = wild(skeleton, 1, seed)[0]
    fit = write_bvh(path, points, skeleton, fps=25)
    assert_is(path, fit)
    np.testing.assert_array_equal(fit.positions, fit_bones(points, skeleton).positions)


def test_signing_with_gaps_and_fingers(tmp_path):
    data = make_signing(1, 1, 60, random_state=0)
    points = np.concatenate([data.X[0], data.y[0][..., None]], axis=2)
    fit = write_bvh(tmp_path / "signing.bvh", points, data.skeleton, fps=data.fps, units="cm", y_up=data.y_up)
    assert_is(tmp_path / "signing.bvh", fit, unit=1, signs=(1, -1, -1), atol=0.01)
    assert np.nanmean(fit.distance) < 0.3
    places, bvh = read_back(tmp_path / "signing.bvh")
    assert (bvh.FrameCount, 1 / bvh.FrameTime) == (60, pytest.approx(data.fps))
    assert "left_hand_index_dip end" in places
    assert not any("face" in name for name in places)
    assert fit.describe("cm").endswith("; left out, as no bone leads there: face (70 keypoints)")


@pytest.mark.parametrize(("units", "unit"), [("mm", 10), ("cm", 1), ("m", 0.01), ("px", 1)])
@pytest.mark.parametrize(("y_up", "signs"), [(True, (-1, 1, -1)), (False, (1, -1, -1))])
def test_units_and_axes(units, unit, y_up, signs, tmp_path):
    fit = write_bvh(tmp_path / "a.bvh", wild(ARM), ARM, fps=30, units=units, y_up=y_up)
    assert_is(tmp_path / "a.bvh", fit, unit, signs, atol=0.01)


def test_a_person_at_rest_has_no_turns(tmp_path):
    rest = np.array([[[0, 0, 0], [-280, 0, 0], [-540, 0, 0]]] * 3)  # y up: the camera sees +x, the left, at -x
    write_bvh(tmp_path / "rest.bvh", rest, ARM, fps=30)
    np.testing.assert_array_equal(numbers(tmp_path / "rest.bvh")[0], np.zeros((3, 9)))


def test_a_person_in_the_camera_is_upright_and_faces_it(tmp_path):
    data = make_signing(1, 1, 20, views=(0,), missing=0, random_state=0)
    points = np.concatenate([data.X[0], data.y[0][..., None]], axis=2)
    write_bvh(tmp_path / "a.bvh", points, data.skeleton, fps=30, units="cm", y_up=False)
    places, _ = read_back(tmp_path / "a.bvh")
    assert (places["neck"][:, 1] > places["mid_hip"][:, 1] + 30).all()
    assert (places["nose"][:, 2] > places["neck"][:, 2]).all()
    assert (places["left_shoulder"][:, 0] > places["right_shoulder"][:, 0] + 20).all()
    rows, _ = numbers(tmp_path / "a.bvh")
    assert np.abs(rows[:, 3:6]).max() < 25  # the hips hardly turn


def test_angles_do_not_jump_where_bones_do_not(tmp_path):
    turns = np.radians(np.linspace(0, 1080, 200))
    points = np.zeros((200, 3, 3))
    points[:, 1] = 280 * np.stack([np.sin(turns), np.cos(turns), 0.2 + 0 * turns], axis=1)
    points[:, 2] = points[:, 1] * 1.9
    write_bvh(tmp_path / "spin.bvh", points, ARM, fps=30)
    rows, orders = numbers(tmp_path / "spin.bvh")
    step = np.abs(np.diff(rows[:, 3:], axis=0))
    assert np.median(step.max(axis=1)) < 8
    assert (step.max(axis=1) > 60).sum() <= 6  # twice opposite to the rest pose, a turn about the bone is open
    assert len(orders) == 2
    data = make_signing(2, 2, 80, noise=0, missing=0, random_state=1)
    for x, y in zip(data.X, data.y, strict=True):
        points = np.concatenate([x, y[..., None]], axis=2)
        write_bvh(tmp_path / "a.bvh", points, data.skeleton, fps=30, units="cm", y_up=False)
        rows, _ = numbers(tmp_path / "a.bvh")
        assert np.mean(np.abs(np.diff(rows[:, 3:], axis=0)) > 45) < 1e-3


@pytest.mark.parametrize("points", [
    np.zeros((3, 3, 3)), np.zeros((1, 3, 3)), [[[0, 0, 0], [280, 0, 0], [540, 0, 0]]],
    [[[0, 0, 0], [280, 0, 0], [280, 0, 0]]] * 2, [[[0, 0, 0], [280, 0, 0], [20, 0, 0]]] * 2,
    [[[0, 0, 0], [NAN, 0, 0], [540, 0, 0]], [[0, 0, 0], [0, 280, 0], [0, 540, 0]]],
    np.array([[[0, 0, 0], [280, 0, 0], [540, 0, 0]]] * 2) + 1e5,
], ids=["one place", "one frame in one place", "straight", "no forearm", "folded", "a gap", "far away"])
def test_degenerate_bones(points, tmp_path):
    fit = write_bvh(tmp_path / "a.bvh", points, ARM, fps=30)
    assert np.isfinite(numbers(tmp_path / "a.bvh")[0]).all()
    assert_is(tmp_path / "a.bvh", fit)


def test_names_are_plain_and_each_is_there_once(tmp_path):
    names = ["Körper mitte", "Hand{links}", "Hand links", "", "End Site", "MOTION", "x" * 300, "x" * 301, "右手", "\n"]
    odd = Skeleton("odd", names, root=names[0], edges=list(pairwise(names)))
    write_bvh(tmp_path / "odd.bvh", wild(odd), odd, fps=30)
    text = (tmp_path / "odd.bvh").read_text("ascii")
    found = re.findall(r"(?:ROOT|JOINT) (.*)\n", text)
    assert found[:5] == ["K_rper_mitte", "Hand_links_", "Hand_links", "_", "End_Site"]
    assert len(set(found)) == len(found) == 9
    assert max(map(len, found)) == 60
    assert all(re.fullmatch(r"\w+", name, re.ASCII) for name in found)
    assert len(read_back(tmp_path / "odd.bvh")[0]) == 10


def test_the_layout_is_the_usual_one(tmp_path):
    write_bvh(tmp_path / "a.bvh", wild(KINECT_20, 4), KINECT_20, fps=30)
    text = (tmp_path / "a.bvh").read_text()
    lines = [line.split() for line in text.splitlines()]
    kinds = [line[0] for line in lines if line and not re.match(r"-?\d", line[0])]
    assert set(kinds) == {"{", "}", "HIERARCHY", "ROOT", "OFFSET", "CHANNELS", "JOINT", "End", "MOTION", "Frames:",
                          "Frame"}
    assert kinds.count("{") == kinds.count("}") == kinds.count("OFFSET")
    assert "Frames: 4\nFrame Time: 0.03333333333\n" in text
    rows, orders = numbers(tmp_path / "a.bvh")
    assert rows.shape == (4, 3 + 3 * len(orders))
    assert text.count("CHANNELS") == len(orders)
    assert "\r" not in text
    assert " -0.000000" not in text


def test_only_lengths_differ_between_clips(tmp_path):
    def hierarchy_of(seed):
        points, _ = rigid(OPENPOSE_137, 5, seed)
        write_bvh(tmp_path / "a.bvh", points, OPENPOSE_137, fps=30)
        text = (tmp_path / "a.bvh").read_text().partition("MOTION")[0]
        offsets = np.array(re.findall(r"OFFSET (\S+) (\S+) (\S+)", text), dtype=float)
        length = np.linalg.norm(offsets, axis=1, keepdims=True)
        return re.findall(r"(?:JOINT|ROOT) \S+", text), offsets / np.where(length, length, 1)

    names, rest = hierarchy_of(0)
    others, other_rest = hierarchy_of(1)
    assert names == others
    np.testing.assert_allclose(rest, other_rest, atol=1e-5)


def test_what_is_never_seen_is_not_in_the_file(tmp_path):
    points = wild(COCO_WHOLEBODY_133)
    points[:, COCO_WHOLEBODY_133.region_indices("right_hand")] = NAN
    points[:, COCO_WHOLEBODY_133.index("left_knee")] = NAN
    fit = write_bvh(tmp_path / "a.bvh", points, COCO_WHOLEBODY_133, fps=30)
    text = (tmp_path / "a.bvh").read_text()
    assert "right_hand" not in text
    assert "left_ankle" not in text
    assert "left_hand_index_mcp" in text
    assert {"left_knee", "left_ankle", "left_heel", "right_hand_index_tip"} <= set(fit.left_out)
    assert re.search(r"; left out, as no bone leads there: face \(68 keypoints\), left_knee, .* and [0-9]+ more$",
                     fit.describe())
    assert_is(tmp_path / "a.bvh", fit)


@pytest.mark.parametrize("wrong", [
    {"fps": 0}, {"fps": -1}, {"fps": NAN}, {"fps": np.inf}, {"fps": "30"}, {"points": np.zeros((2, 4, 3))},
    {"points": np.full((2, 3, 3), NAN)}, {"points": np.full((2, 3, 3), np.inf)}, {"points": np.zeros((0, 3, 3))},
])
def test_bad_input_leaves_the_file_as_it_was(wrong, tmp_path):
    path = tmp_path / "a.bvh"
    path.write_text("precious")
    with pytest.raises(ValueError, match=r"fps|points"):
        write_bvh(path, **{"points": wild(ARM), "skeleton": ARM, "fps": 30} | wrong)
    assert [file.name for file in tmp_path.iterdir()] == ["a.bvh"]
    assert path.read_text() == "precious"


def test_a_root_that_is_never_seen_is_refused(tmp_path):
    points = wild(PANOPTIC_138)
    points[:, PANOPTIC_138.index("mid_hip")] = NAN
    with pytest.raises(ValueError, match="the root is not known in any frame: mid_hip; Skeleton.with_root"):
        write_bvh(tmp_path / "a.bvh", points, PANOPTIC_138, fps=30)
    fit = write_bvh(tmp_path / "a.bvh", points, PANOPTIC_138.with_root("neck"), fps=30)
    assert_is(tmp_path / "a.bvh", fit)
