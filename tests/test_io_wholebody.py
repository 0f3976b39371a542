import json
import tracemalloc

import numpy as np
import pytest
from io_cases import expected, h3wb_sample, instance, points

from liftz.io import FileFormatError, read_h3wb, read_mmpose
from liftz.sequences import check_sequences
from liftz.skeletons import COCO_WHOLEBODY_133


def frames(clip, first=0):
    return [{"frame_id": first + i, "instances": [instance(frame)]} for i, frame in enumerate(clip)]


def saved(path, tree):
    path.write_text(json.dumps(tree))
    return path


@pytest.mark.parametrize("first", [0, 1])
def test_videos_of_the_inferencer_and_of_the_demo(first, tmp_path):
    clip = points(6, 133, gaps=0)
    tree = frames(clip, first)
    path = saved(tmp_path / "talk.json", {"meta_info": {}, "instance_info": tree} if first else tree)
    data = read_mmpose(path, fps=30)
    np.testing.assert_array_equal(data.X[0], np.float32(clip))
    assert (data.first_frames.tolist(), data.recordings.tolist(), data.fps) == ([0], ["talk"], 30)
    assert data.skeleton is COCO_WHOLEBODY_133
    check_sequences(data.X, skeleton=data.skeleton)


def test_scores_below_the_threshold_and_of_zero_are_guesses(tmp_path):
    clip = points(4, 133, gaps=0)
    clip[1, 5, 2], clip[2, 6, 2], clip[3, 7, 2] = 0.29, -0.01, 3.5  # simcc's may be above 1
    path = saved(tmp_path / "talk.json", frames(clip))
    hidden = np.float32(clip)
    hidden[1, 5, :2] = hidden[2, 6, :2] = np.nan
    np.testing.assert_array_equal(read_mmpose(path).X[0], hidden)
    all_but_zero = np.float32(clip)
    all_but_zero[2, 6, :2] = np.nan
    np.testing.assert_array_equal(read_mmpose(path, min_confidence=0).X[0], all_but_zero)


def test_people_are_followed_and_frames_may_be_empty(tmp_path):
    a, b = points(12, 133, 1, gaps=0), points(12, 133, 2, gaps=0)
    b[..., 0] += 900
    tree = [{"frame_id": i, "instances": [instance(f) for f in ((x, y) if i % 2 else (y, x))]}
            for i, (x, y) in enumerate(zip(a, b, strict=True))]
    tree[4]["instances"] = []
    a[4] = b[4] = 0
    data = read_mmpose(saved(tmp_path / "talk.json", tree), min_confidence=0)
    left, right = sorted(data.X, key=lambda clip: np.nanmean(clip[..., 0]))
    np.testing.assert_array_equal(left, expected(a))
    np.testing.assert_array_equal(right, expected(b))
    assert len(read_mmpose(tmp_path / "talk.json", people=1).X) == 1


def test_pictures_one_by_one_and_in_a_folder(tmp_path):
    clip = points(4, 133, gaps=0)
    for i, frame in enumerate(clip):
        tree = [instance(frame)]
        saved(tmp_path / f"frame_{i:04d}.json", tree if i else {"meta_info": {}, "instance_info": tree})
    data = read_mmpose(tmp_path)
    np.testing.assert_array_equal(data.X[0], np.float32(clip))
    assert data.recordings.tolist() == ["frame"]
    assert len(read_mmpose(tmp_path / "frame_0002.json").X[0]) == 1
    saved(tmp_path / "frame_0002.json", frames(clip))
    with pytest.raises(FileFormatError, match="frame_0002.json: is of a video"):
        read_mmpose(tmp_path)


def test_names_in_the_file_are_compared_or_used(tmp_path):
    clip = points(3, 17, gaps=0)
    coco = list(COCO_WHOLEBODY_133.keypoints[:17])

    def with_names(names, n=17):
        return saved(tmp_path / "talk.json", {
            "meta_info": {"keypoint_id2name": {str(i): name for i, name in enumerate(names)}},
            "instance_info": frames(clip[:, :n])})

    assert read_mmpose(with_names(coco)).skeleton.name == "COCO_17"
    swapped = [coco[0], coco[2], coco[1], *coco[3:]]
    with pytest.raises(FileFormatError, match="keypoint 1 is 'right_eye'; COCO has 'left_eye' there"):
        read_mmpose(with_names(swapped))
    skeleton = read_mmpose(with_names(["nose", "left_paw", "right_paw"], 3)).skeleton
    assert (skeleton.keypoints, skeleton.pairs) == (("nose", "left_paw", "right_paw"), (("left_paw", "right_paw"),))
    with pytest.raises(FileFormatError, match="has 3 keypoints, and 17 names"):
        read_mmpose(with_names(coco, 3))
    with pytest.raises(FileFormatError, match="has 3 keypoints, and no names of them"):
        read_mmpose(saved(tmp_path / "talk.json", frames(clip[:, :3])))


@pytest.mark.parametrize(("change", "problem"), [
    (lambda one: one["keypoints"].pop(), "expected 133 lists of numbers, got 132 of them"),
    (lambda one: one["keypoint_scores"].pop(), "keypoint_scores has 132 numbers, expected 133"),
    (lambda one: one["keypoints"][4].append(1.0), r"expected lists of 2 or 3 numbers each, got lengths \[2, 3\]"),
    (lambda one: [point.append(1.0) for point in one["keypoints"]], "MMPose's 3D demos swap and shift the axes"),
    (lambda one: one.pop("keypoints"), "got NoneType"), (lambda one: one.pop("keypoint_scores"), "got NoneType")])
def test_a_wrong_instance_is_named(change, problem, tmp_path):
    tree = frames(points(4, 133, gaps=0))
    change(tree[2]["instances"][0])
    with pytest.raises(FileFormatError, match=problem) as caught:
        read_mmpose(saved(tmp_path / "talk.json", tree))
    assert caught.value.frame == 2


def test_frames_given_twice_or_far_apart_are_refused(tmp_path):
    tree = frames(points(3, 133, gaps=0))
    tree[2]["frame_id"] = 1
    with pytest.raises(FileFormatError, match="a frame_id of their own"):
        read_mmpose(saved(tmp_path / "talk.json", tree))
    tree[2]["frame_id"] = 10**9
    with pytest.raises(FileFormatError, match="comes 999999999 frames after"):
        read_mmpose(saved(tmp_path / "talk.json", tree))


def test_h3wb_is_single_pictures_in_mm(tmp_path):
    samples = {str(i): h3wb_sample(i) for i in (0, 5)}
    samples["5"]["keypoints_3d"] = dict(reversed(samples["5"]["keypoints_3d"].items()))  # by number, not by place
    data = read_h3wb(saved(tmp_path / "train.json", samples))
    assert data.recordings.tolist() == ["0", "5"]
    assert data.depth_units == "mm"
    assert data.groups.tolist() == ["S1", "S6"]
    for X, y, xyz, sample in zip(data.X, data.y, data.points, samples.values(), strict=True):
        for i, name in ((0, "0"), (132, "132")):
            flat, deep = sample["keypoints_2d"][name], sample["keypoints_3d"][name]
            np.testing.assert_array_equal(X[0, i], np.float32([flat["x"], flat["y"]]))
            np.testing.assert_array_equal(xyz[0, i], np.float32([deep["x"], deep["y"], deep["z"]]))
            assert y[0, i] == np.float32(deep["z"])
    check_sequences(data.X, data.y, skeleton=COCO_WHOLEBODY_133)


def test_h3wb_test_sets_and_the_typo_of_its_readme(tmp_path):
    samples = {str(i): h3wb_sample(i) for i in range(2)}
    for sample in samples.values():
        del sample["keypoints_3d"]
        sample["keypont_2d"] = sample.pop("keypoints_2d")
    data = read_h3wb(saved(tmp_path / "test.json", samples))
    assert "y" not in data
    assert data.X[1].shape == (1, 133, 2)
    samples["1"]["keypoints_3d"] = h3wb_sample(1)["keypoints_3d"]
    with pytest.raises(FileFormatError, match="sample 1 lacks keypoints that the samples before have, or the reverse"):
        read_h3wb(saved(tmp_path / "test.json", samples))


@pytest.mark.parametrize(("change", "problem"), [
    (lambda s: s["keypoints_2d"].pop("7"), "sample 8, keypoints_2d: expected keypoints by their numbers"),
    (lambda s: s["keypoints_2d"].update({"133": {}}), "expected keypoints by their numbers"),
    (lambda s: s["keypoints_3d"]["7"].pop("z"), "sample 8, keypoints_3d: keypoint 7 has no x and y and z"),
    (lambda s: s["keypoints_3d"]["0"].pop("z"), "sample 8, keypoints_3d: keypoint 0 has no x and y and z"),
    (lambda s: s["keypoints_2d"]["7"].pop("y"), "sample 8, keypoints_2d: keypoint 7 has no x and y"),
    (lambda s: s.update(keypoints_2d=[1, 2]), "sample 8, keypoints_2d: expected keypoints by their numbers"),
    (lambda s: s.update(image_path="frame.jpg"), "sample 8, image_path: names no subject, such as S1/, as others do"),
    (lambda s: s["keypoints_3d"]["7"].update(z="3"), "expected a list of numbers, got '3'"),
    (lambda s: s.clear(), "sample 8 has neither")])
def test_a_wrong_sample_is_named(change, problem, tmp_path):
    samples = {"0": h3wb_sample(0), "8": h3wb_sample(1)}
    change(samples["8"])
    with pytest.raises(FileFormatError, match=problem):
        read_h3wb(saved(tmp_path / "train.json", samples))


def test_h3wb_keypoints_may_have_more_than_is_asked_for(tmp_path):
    samples = {str(i): h3wb_sample(i) for i in range(2)}
    before = read_h3wb(saved(tmp_path / "train.json", samples))
    for point in samples["0"]["keypoints_2d"].values():
        point["z"] = 0.5
    samples["1"]["keypoints_2d"]["3"]["score"] = 0.5
    after = read_h3wb(saved(tmp_path / "train.json", samples))
    for key in ("X", "y", "points"):
        for a, b in zip(before[key], after[key], strict=True):
            np.testing.assert_array_equal(a, b)


def test_large_h3wb_files_take_less_than_two_and_a_half_times_their_size(tmp_path):
    sample = json.dumps(h3wb_sample(0))
    path = tmp_path / "train.json"
    path.write_text("{" + ",".join(f'"{i}":{sample}' for i in range(80)) + "}")
    tracemalloc.start()
    try:
        data = read_h3wb(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(data.X) == 80
    assert peak < 2.5 * path.stat().st_size


@pytest.mark.parametrize("name", ["\ud800", "x" * 5000, "a\nb\x1b[31m\r"])
def test_whatever_a_file_calls_things_the_error_can_be_printed(name, tmp_path):
    clip = points(2, 5, gaps=0)
    names = ["a", name, name, "b", "c"]
    for reader, tree in ((read_h3wb, {name: {}}), (read_mmpose, [{"frame_id": name, "instances": []}]),
                         (read_mmpose, {"meta_info": {"keypoint_id2name": names}, "instance_info": frames(clip)})):
        with pytest.raises(FileFormatError) as caught:
            reader(saved(tmp_path / "a.json", tree))
        message = str(caught.value)
        assert message.isprintable()
        assert len(message) < 700
        message.encode()


def test_a_keypoint_far_off_does_not_make_two_of_a_person(tmp_path):
    clip = points(6, 17, gaps=0)
    clip[2, 3, 0] = 300_000  # a dot that was lost
    data = read_mmpose(saved(tmp_path / "talk.json", frames(clip)), min_confidence=0)
    np.testing.assert_array_equal(data.X[0], np.float32(clip))
    assert len(data.X) == 1
