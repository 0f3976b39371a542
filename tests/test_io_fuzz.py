"""Damaged files of every format: what comes out is right, or one clear error."""

import json
import os
import re
import warnings
from collections import Counter

import numpy as np
import pytest
from io_cases import SMALL_CASES, small_case

from liftz.io import FileFormatError
from liftz.sequences import check_sequences, seen

N_FLIPS = int(os.environ.get("LIFTZ_FUZZ", 60))  # bytes to flip in each format; 1,000 by hand
DIGITS = set(b"0123456789.+-eE")


def values_of(data):
    """How often each number is in what was seen, and how many keypoints were."""
    parts = [clip[seen(clip)].ravel() for clip in data.X] + [depth[seen(depth)] for depth in data.get("y", [])]
    return Counter(np.concatenate(parts).tolist()), sum(int(seen(clip).sum()) for clip in data.X)


def read(reader, path):
    """The clips, which the gate lets in, or None where the reader said what is wrong."""
    refused = None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            data = reader(path)
        except FileFormatError as error:
            refused = error
    if refused is not None:
        assert str(refused).startswith(str(refused.path))
        assert len(str(refused)) < 700
        assert refused.problem.isprintable()
        return None
    check_sequences(data.X, data.get("y"), skeleton=data.skeleton, allow_unseen=True)
    return data


def assert_right(data, before, numbers_may_change):
    """Nothing lost, and nothing new but the one number that a flipped digit is in."""
    if data is not None:
        (numbers, n_seen), (numbers_before, n_before) = values_of(data), values_of(before)
        assert abs(n_seen - n_before) <= numbers_may_change
        assert (numbers - numbers_before).total() <= 3 * numbers_may_change
        assert (numbers_before - numbers).total() <= 3 * numbers_may_change


def in_h5(name):
    if name.endswith("h5"):
        pytest.importorskip("h5py", reason="h5py is not installed")


@pytest.mark.parametrize("name", SMALL_CASES)
def test_files_cut_off(name, tmp_path):
    in_h5(name)
    reader, path, file = small_case(name, tmp_path)
    before, content = reader(path), file.read_bytes()
    refused = 0
    for size in sorted({len(content) * i // 64 for i in range(64)} | {len(content) - 1}):
        file.write_bytes(content[:size])
        data = read(reader, path)
        refused += data is None
        if data is not None and name.endswith("csv") and name.startswith(("sleap", "deeplabcut")):
            assert content[:size].endswith(b"\n")  # a shorter recording, as far as anyone can tell
        else:
            assert_right(data, before, numbers_may_change=0)
    assert refused >= 60


@pytest.mark.parametrize("name", SMALL_CASES)
def test_bytes_flipped(name, tmp_path):
    in_h5(name)
    reader, path, file = small_case(name, tmp_path)
    before, content = reader(path), file.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(N_FLIPS):
        damaged = bytearray(content)
        at = rng.integers(len(content))
        damaged[at] ^= 1 << rng.integers(8)
        file.write_bytes(damaged)
        data = read(reader, path)
        refused += data is None
        if name == "deeplabcut_h5":
            continue  # its numbers are not guarded: any bit of them may be another
        digit = {damaged[at], content[at]} & DIGITS or name in ("h3wb", "nia")
        assert_right(data, before, numbers_may_change=bool(digit) and name != "npz")
    assert refused


@pytest.mark.parametrize("name", ["deeplabcut_h5", "sleap_h5"])
def test_the_indices_of_hdf5_damaged(name, tmp_path):
    """What a broken index does not find, HDF5 would give as zeros."""
    in_h5(name)
    reader, path, file = small_case(name, tmp_path)
    before, content = reader(path), file.read_bytes()
    trees = [match.start() for match in re.finditer(b"TREE", content)]
    assert trees
    for at in sorted({tree + i for tree in trees for i in range(0, 128, 3)}):
        file.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1:])
        data = read(reader, path)
        if data is not None:
            np.testing.assert_array_equal(data.X[0], before.X[0])


HOSTILE = ["null", "true", "7", '"text"', "[]", "{}", "[[]]", "[null]", '{"people": null}', '{"people": [null]}',
           '{"people": [[]]}', '{"people": {"pose_keypoints_2d": 5}}', "[" * 100_000, '{"a":' * 100_000,
           "[" * 500 + "]" * 500, '{"people": [', "9" * 5000, "", " ", "\ufeff", "\0", "NaN", "[1e999]",
           '{"people":[],"people":[]}', '{"instance_info": null}', '{"instance_info": [null]}', '[{"frame_id": 1}]',
           '[{"frame_id": true, "instances": []}]', '[{"frame_id": 1e3, "instances": []}]',
           '[{"frame_id": -1, "instances": []}]', '[{"instances": [{"keypoints": [[1]], "keypoint_scores": []}]}]',
           '{"people": [{"pose_keypoints_2d": "\\ud800"}]}', '{"\\ud800": {}}',
           '[{"frame_id": "\\ud800", "instances": []}]', '{"0": {"keypoints_2d": {}}}',
           '{"0": {"keypoints_2d": {"0": {"x": 1}}}}', '{"0": null}', '{"0": {}}']


@pytest.mark.parametrize("name", ["openpose", "nia", "mmpose", "h3wb"])
def test_json_that_is_something_else(name, tmp_path):
    reader, path, file = small_case(name, tmp_path)
    content = file.read_bytes()
    for text in HOSTILE:
        file.write_text(text, encoding="utf-8")
        assert read(reader, path) is None, text[:50]
    file.write_bytes(content.decode().encode("utf-16"))
    assert read(reader, path) is None
    file.write_bytes(b"\xff" + content)
    assert read(reader, path) is None


BAD_NUMBERS = ["1e39", "-1e39", "1e400", "1" * 400, "Infinity", "-Infinity", "true", "false", "null", '"1"', "[1]",
               "{}", "0x10", "1_0", "01", "+1"]


@pytest.mark.parametrize("number", BAD_NUMBERS)
@pytest.mark.parametrize("name", ["openpose", "nia", "mmpose", "h3wb"])
def test_numbers_that_are_none(name, number, tmp_path):
    reader, path, file = small_case(name, tmp_path)
    tree = json.loads(file.read_bytes())
    if name in ("openpose", "nia"):
        people = tree["people"] if name == "nia" else tree["people"][0]
        people["face_keypoints_2d"][7] = "HERE"
    elif name == "mmpose":
        tree["instance_info"][1]["instances"][0]["keypoints"][3][1] = "HERE"
    else:
        tree["8"]["keypoints_3d"]["5"]["z"] = "HERE"
    file.write_text(json.dumps(tree).replace('"HERE"', number))
    assert read(reader, path) is None


@pytest.mark.parametrize("name", ["openpose", "nia", "mmpose", "h3wb"])
def test_a_key_given_twice_is_refused_wherever_it_is(name, tmp_path):
    reader, path, file = small_case(name, tmp_path)
    text = file.read_text()
    keys = {"openpose": ["people", "pose_keypoints_2d"], "nia": ["people", "hand_left_keypoints_3d", "camparam"],
            "mmpose": ["instance_info", "frame_id", "keypoints"], "h3wb": ["8", "keypoints_3d", "x"]}[name]
    for key in keys:
        for value in ("[]", "{}", "1"):
            file.write_text(text.replace(f'"{key}":', f'"{key}":{value},"{key}":', 1))
            assert read(reader, path) is None, key
