"""The statistics of the study, against a loop over pairs: `python benchmarks/stats.py`.

`depth_spread` on 20 videos of 8751 frames of 138 keypoints, the median of some runs; and the loop that it stands for,
in plain Python, timed on a few frames of every video and scaled to all: once over the elements of arrays, and once,
faster, of lists. On those frames both must agree.
"""

from __future__ import annotations

import argparse
import itertools
import math
import time

import numpy as np
from results import machine, write_section

from liftz.datasets import make_signing
from liftz.inspection import depth_spread


def loop(rows):
    """Sum, number, smallest and largest of |dz| over all pairs of all frames."""
    total, n, smallest, largest = 0.0, 0, math.inf, 0.0
    for row in rows:
        for a, b in itertools.combinations(row, 2):
            if a == a and b == b:  # not NaN
                distance = abs(a - b)
                total += distance
                n += 1
                smallest = min(smallest, distance)
                largest = max(largest, distance)
    return total, n, smallest, largest


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=int, default=20)
    parser.add_argument("--frames", type=int, default=8751)
    parser.add_argument("--loop-frames", type=int, default=4, help="frames of each video that the loops go over")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--no-results", action="store_true", help="leave RESULTS.md as it is")
    options = parser.parse_args()
    data = make_signing(n_signers=options.videos, n_clips=1, n_frames=options.frames)
    ours = []
    for _ in range(options.runs):
        start = time.process_time()
        spread = depth_spread(data.y, data.skeleton)
        ours.append(time.process_time() - start)

    few = [clip[:options.loop_frames] for clip in data.y]
    rows = {(row.clip, row.region): row for row in depth_spread(few, data.skeleton).rows}
    loops = {"arrays": lambda part: list(part.astype(np.float64)), "lists": lambda part: part.astype(float).tolist()}
    seconds = dict.fromkeys(loops, 0.0)
    for (i, clip), (region, indices) in itertools.product(
            enumerate(few), ((r, data.skeleton.region_indices(r)) for r in data.skeleton.regions)):
        for name, prepare in loops.items():
            part = prepare(clip[:, indices])
            start = time.process_time()
            total, n, smallest, largest = loop(part)
            seconds[name] += time.process_time() - start
            if n:
                row = rows[f"clip {i}", region]
                if not (np.isclose(row.mean, total / n, rtol=1e-12) and (row.smallest, row.largest, row.n_pairs)
                        == (smallest, largest, n)):
                    raise AssertionError(f"{row} is not the loop's {total / n, smallest, largest, n}")
    n_pairs = sum(row.n_pairs for row in spread.rows)
    scale = n_pairs / sum(row.n_pairs for row in rows.values())
    own = float(np.median(ours))
    text = (f"{options.videos} videos x {options.frames} frames x {len(data.skeleton)} keypoints, {n_pairs} pairs: "
            f"{own:.2f} CPU-seconds (median of {options.runs}: {min(ours):.2f} to {max(ours):.2f}).\n\n"
            f"| loop over pairs | timed, s | scaled, s | times as long |\n| --- | ---: | ---: | ---: |\n" + "\n".join(
                f"| {name} | {spent:.2f} | {spent * scale:.0f} | {spent * scale / own:.0f} |"
                for name, spent in seconds.items()) +
            f"\n\nThe loops were timed on {options.loop_frames} frames of each video and scaled by {scale:.0f}. There, "
            f"means agree to 12 digits, the smallest and largest distances exactly.")
    print(text)
    if not options.no_results:
        write_section("stats", "Stats, without forming pairs", f"{machine()}.\n\n{text}")


if __name__ == "__main__":
    main()
