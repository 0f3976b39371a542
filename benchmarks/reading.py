"""How fast a folder of OpenPose's JSON is read: `python benchmarks/reading.py` (needs `pip install orjson`).

The measure is what cannot be saved: listing the folder, reading each file, and parsing it with orjson, the numbers then
thrown away. Against that, `read_openpose`: the same, and everything checked, put into arrays, and followed over the
frames. Both in the CPU time of this process, in turns, and the ratio of each turn.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import orjson

from liftz.io import read_openpose

PARTS = {"pose": 25, "face": 70, "hand_left": 21, "hand_right": 21}


def write_frames(folder, n_frames):
    """One signer of 137 keypoints: six digits, a tenth not seen, as OpenPose writes it."""
    rng = np.random.default_rng(0)
    body = rng.uniform(300, 900, (137, 2))
    walk = np.cumsum(rng.normal(0, 0.5, (n_frames, 1, 2)), axis=0)
    for i in range(n_frames):
        frame = np.c_[body + walk[i] + rng.normal(0, 1, (137, 2)), rng.uniform(0.3, 1, 137)]
        frame[rng.random(137) < 0.1] = 0
        numbers = [float(f"{value:.6g}") if value else 0 for value in frame.ravel()]
        person: dict = {"person_id": [-1]}
        for part, n in PARTS.items():
            person[f"{part}_keypoints_2d"], numbers = numbers[:3 * n], numbers[3 * n:]
        person |= {f"{part}_keypoints_3d": [] for part in PARTS}
        path = Path(folder, f"talk_{i:012d}_keypoints.json")
        path.write_text(json.dumps({"version": 1.3, "people": [person]}, separators=(",", ":")))


def parse_alone(folder):
    for path in sorted(entry.path for entry in os.scandir(folder)):
        with open(path, "rb") as file:
            orjson.loads(file.read())


def seconds(job, folder):
    start = time.process_time()
    job(folder)
    return time.process_time() - start


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--frames", type=int, default=10_000)
parser.add_argument("--turns", type=int, default=7)
options = parser.parse_args()
with tempfile.TemporaryDirectory() as folder:
    write_frames(folder, options.frames)
    clip = read_openpose(folder).X[0]  # and warm the files
    turns = [(seconds(parse_alone, folder), seconds(read_openpose, folder)) for _ in range(options.turns)]
alone, ours = (statistics.median(times) for times in zip(*turns, strict=True))
ratios = sorted(alone / ours for alone, ours in turns)
print(f"{len(clip)} frames of {clip.shape[1]} keypoints, medians of {options.turns} turns")
print(f"reading and orjson alone: {alone:.2f} s, {1e6 * alone / options.frames:.1f} us a frame")
print(f"read_openpose:            {ours:.2f} s, {1e6 * ours / options.frames:.1f} us a frame, "
      f"{options.frames / ours:.0f} frames a second")
print(f"speed: {100 * statistics.median(ratios):.0f} % of reading and parsing alone "
      f"({100 * ratios[0]:.0f} to {100 * ratios[-1]:.0f} %)")
