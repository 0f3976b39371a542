"""How much memory a fit holds beside its frames: `python benchmarks/memory.py`.

Two figures, each as a multiple of the bytes of X and y: the peak of all that numpy allocates during a fit of the
recommended Pipeline (copies of frames, and batches), and the rise of the process's resident memory (Linux), which
has torch's network, gradients and buffers in it as well.
"""

import argparse
import resource
import threading
import tracemalloc
from pathlib import Path

import torch

from liftz import make_lifter
from liftz.datasets import make_signing


def fit(data):
    """One epoch; more hold no more."""
    make_lifter(data.skeleton, n_nets=1, max_epochs=1, random_state=0).fit(data.X, data.y)


def resident():
    """Bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def resident_rise(data):
    """The highest resident memory during a fit, above that before it."""
    before, highest, over = resident(), 0, threading.Event()

    def watch():
        nonlocal highest
        while not over.wait(0.002):
            highest = max(highest, resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    fit(data)
    over.set()
    watcher.join()
    return highest - before


def traced_peak(data):
    """The most that numpy held during a fit."""
    tracemalloc.start()
    fit(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--clips", type=int, default=20)
parser.add_argument("--frames", type=int, default=8752, help="of each clip")
options = parser.parse_args()
torch.set_num_threads(1)
fit(make_signing(n_signers=2, n_clips=1, n_frames=100))  # imports
data = make_signing(n_signers=options.clips, n_clips=1, n_frames=options.frames)
frames = sum(clip.nbytes for part in (data.X, data.y) for clip in part)
print(f"{options.clips} clips of {options.frames} frames, {len(data.skeleton)} keypoints: {frames / 2**20:.0f} MiB")
for name, measure in (("process", resident_rise), ("numpy", traced_peak)):
    held = measure(data)
    print(f"{name}: {held / 2**20:.0f} MiB, {held / frames:.2f} of the frames")
