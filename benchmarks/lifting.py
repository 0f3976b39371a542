"""The whole job: `python benchmarks/lifting.py` (needs `pip install pose-format`).

A folder of OpenPose's JSON, a synthetic signer of 137 keypoints in 10,000 frames, to a 3D .pose and a BVH, by one
command. The lifter is made at this moment, of the recommended size and hardly trained: lifting takes as long with it as
with any other. The command runs as a process of its own and prints what took how long; here the whole of it is timed,
the start of Python and torch included.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from liftz.conversion import convert
from liftz.datasets import make_signing, project
from liftz.skeletons import OPENPOSE_137

PARTS = {"pose": 25, "face": 70, "hand_left": 21, "hand_right": 21}
CENTRE = 640, 360
LIFTZ = [sys.executable, "-c", "from liftz.cli import app; app()"]


def write_frames(folder, n_frames):
    """What OpenPose would write of a video of 1280 x 720: six digits, and zeros for what it does not see."""
    data = make_signing(n_signers=1, n_clips=1, n_frames=n_frames, views=(0,), random_state=1)
    clip = convert(project(data, "T2")[0] + np.float32(CENTRE), data.skeleton, OPENPOSE_137)
    clip = np.concatenate([clip, np.full((*clip.shape[:2], 1), 0.8, np.float32)], axis=2)
    clip[np.isnan(clip).any(axis=2)] = 0
    for i, frame in enumerate(clip):
        numbers = [float(f"{value:.6g}") if value else 0 for value in frame.ravel().tolist()]
        person = {"person_id": [-1]}
        for part, n in PARTS.items():
            person[f"{part}_keypoints_2d"], numbers = numbers[:3 * n], numbers[3 * n:]
        person |= {f"{part}_keypoints_3d": [] for part in PARTS}
        path = folder / f"talk_{i:012d}_keypoints.json"
        path.write_text(json.dumps({"version": 1.3, "people": [person]}, separators=(",", ":")))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--fps", type=float, default=30.0)
    parser.add_argument("--nets", type=int, default=6)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "talk").mkdir()
        write_frames(folder / "talk", options.frames)
        subprocess.run([*LIFTZ, "fit", "synthetic", "--track", "T2", "--keypoints-of", "OPENPOSE_137", "--epochs", "1",
                        "--nets", str(options.nets), "-o", "openpose.liftz"], check=True, cwd=folder)
        start = time.perf_counter()
        subprocess.run([*LIFTZ, "lift", "openpose.liftz", "talk", "-o", "talk.pose", "-o", "talk.bvh", "--length",
                        "LShoulder", "RShoulder", "350", "--fps", str(options.fps), "--image-size", "1280", "720"],
                       check=True, cwd=folder)
        seconds = time.perf_counter() - start
        sizes = [f"{file} {(folder / file).stat().st_size / 1e6:.1f} MB" for file in ("talk.pose", "talk.bvh")]
    shown = options.frames / options.fps
    print(f"the whole command: {options.frames} frames, {shown:.0f} s at {options.fps:g} a second, in {seconds:.1f} s: "
          f"{shown / seconds:.1f} times real time; {', '.join(sizes)}")


if __name__ == "__main__":
    main()
