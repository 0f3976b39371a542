"""The commands that other commands end with, run as they are printed."""

import os
import shlex

import numpy as np
import pytest
from door_cases import run, save_ridge, signing, write_openpose, write_recordings

from liftz import Skeleton
from liftz.cli import convert, fit, info, lift, view
from liftz.cli.suggestions import known_length, lift_options, shell
from liftz.io import write_npz
from liftz.skeletons import COCO_WHOLEBODY_133, KINECT_20, MEDIAPIPE_HOLISTIC, OPENPOSE_137, PANOPTIC_138

COMMANDS = {"convert": (convert, []), "fit": (fit, ["--nets", 1, "--epochs", 1, "--jobs", 1]), "lift": (lift, []),
            "view": (view, ["--no-open"])}


@pytest.fixture(scope="module")
def data():
    return signing(n_signers=2, n_clips=1, n_frames=20)


@pytest.fixture
def here(tmp_path, data, monkeypatch):
    """A folder with a space in its name, to work in."""
    folder = tmp_path / "my work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    save_ridge(folder / "MODEL.liftz", data)
    return folder


def run_all(output, **stand_ins):
    """Run each command of an output; returns their names."""
    names = []
    for line in output.splitlines():
        if line.startswith("  liftz "):
            name, *arguments = shlex.split(line)[1:]
            command, quick = COMMANDS[name]
            result = run(command, *(stand_ins.get(word, word) for word in arguments), *quick)
            assert result.exit_code == 0, f"{line}: {result.output}"
            names.append(name)
    return names


@pytest.mark.skipif(os.name == "nt", reason="read back as a POSIX shell reads it")
def test_what_info_says_of_keypoints_runs(here, data):
    write_openpose(here / "my talk", [data.X[0]])
    output = run(info, "my talk").output
    assert "liftz lift MODEL.liftz 'my talk' --fps 25 --length LShoulder RShoulder 350 -o OUTPUT.npz" in output
    assert "(put your own values behind --fps, --length)" in output
    assert run_all(output) == ["convert", "view", "lift"]


@pytest.mark.skipif(os.name == "nt", reason="read back as a POSIX shell reads it")
def test_what_info_says_of_a_table_that_says_nothing_runs(here, data):
    points = np.dstack([data.X[0], data.y[0]])
    np.savez(here / "bare.npz", points=points)  # no names, no units, no frame rate
    assert "give skeleton=" in run(info, "bare.npz").output
    output = run(info, "bare.npz", "--read", "skeleton=OPENPOSE_137").output
    assert "liftz view bare.npz --read skeleton=OPENPOSE_137" in output
    assert "liftz fit bare.npz --read skeleton=OPENPOSE_137 --units px --fps 25 --depth-units mm -o MODEL" in output
    assert "(put your own values behind --units, --fps, --depth-units)" in output
    assert run_all(output) == ["convert", "view", "fit", "lift"]


def test_what_is_known_is_not_asked_for(here, data):
    points = np.dstack([data.X[0], data.y[0]])
    write_npz(here / "whole.npz", points, OPENPOSE_137, units="mm", fps=25, y_up=False)
    output = run(info, "whole.npz").output
    assert "put your own" not in output
    for option in ("--fps", "--units", "--depth-units", "--length"):
        assert option not in output


@pytest.mark.skipif(os.name == "nt", reason="read back as a POSIX shell reads it")
@pytest.mark.parametrize(("options", "expected"), [
    ((), "liftz lift own.liftz INPUT --length LShoulder RShoulder 350 -o OUTPUT.npz"),
    (("--select", "left_hand", "--select", "right_hand"),
     "liftz lift own.liftz INPUT --length left_hand_wrist left_hand_middle_mcp 95 --relative -o OUTPUT.npz"),
    (("--select", "face"), "liftz lift own.liftz INPUT --length face_jaw_0 face_jaw_16 140 -o OUTPUT.npz"),
])
def test_what_fit_and_info_say_of_a_lifter_runs(here, data, options, expected):
    write_recordings(here / "r", data, per_cm=1)
    result = run(fit, "r", "-o", "own.liftz", "--depth-units", "cm", *options, "--nets", 1, "--epochs", 1, "--jobs", 1)
    told = run(info, "own.liftz").output
    for output in (result.output, told):
        assert expected in output
        assert run_all(output, INPUT="r/clip0.npz") == ["lift"]


def test_lengths_that_everybody_knows_about_are_found_by_name():
    found = {skeleton.name: known_length(skeleton, skeleton.keypoints)
             for skeleton in (OPENPOSE_137, MEDIAPIPE_HOLISTIC, COCO_WHOLEBODY_133, KINECT_20, PANOPTIC_138)}
    for option, first, second, mm in found.values():
        assert (option, mm) == ("--length", 350)
        assert "shoulder" in first.lower()
        assert "shoulder" in second.lower()
    right = PANOPTIC_138.regions["right_hand"]
    assert known_length(PANOPTIC_138, right) == ["--length", "right_hand_wrist", "right_hand_middle_mcp", 95]
    tail = Skeleton("tail", ["base", "tip"], root="base", edges=[("base", "tip")])
    assert known_length(tail, tail.keypoints) == ["--length", "base", "tip", "MM"]


def test_hands_with_their_wrists_need_no_relative():
    hands = [*OPENPOSE_137.regions["left_hand"], "LWrist", "MidHip"]
    assert lift_options(OPENPOSE_137, hands, "mm", "mm") == []
    assert lift_options(OPENPOSE_137, OPENPOSE_137.regions["left_hand"], "mm", "mm") == []  # it is all there is
    both = [*OPENPOSE_137.regions["left_hand"], *OPENPOSE_137.regions["right_hand"]]
    assert lift_options(OPENPOSE_137, both, "mm", "mm") == ["--relative"]


def test_words_are_quoted():
    assert shlex.split(shell("view", "it's mine.npz").replace("\\", "\\")) == ["liftz", "view", "it's mine.npz"]
