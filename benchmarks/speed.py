"""How long a frame takes, live and offline: `python benchmarks/speed.py`.

Live: the median CPU time of a push to `Stream`, and of the same push whose nets are torch's, called frame by frame, in
turn on the same frames, of which the quietest repeat counts; what the two put out is checked to be the same. Of the
nets alone likewise. A push cannot take less than reading the weights does: how long this machine takes for a bare
product with those of the first row is printed, too. Offline: `predict` of one long clip, as a multiple of its length at
30 frames a second. All in one thread.
"""

import argparse
import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")  # before numpy

import time  # noqa: E402
from dataclasses import replace  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402

from liftz import make_lifter  # noqa: E402
from liftz.datasets import make_signing  # noqa: E402
from liftz.modules import PartLSTMs  # noqa: E402
from liftz.streaming import Stream  # noqa: E402

FPS = 30
ONE = {"n_nets": 1, "by_part": False}
ROWS = {
    "256 units, keypoints alone": {**ONE, "hidden_size": 256, "bones": False},
    "256 units, bones": {**ONE, "hidden_size": 256},
    "256 units behind 48, bones": {**ONE, "hidden_size": 256, "bottleneck": 48},
    "128 units, bones": ONE,
    "4 x 64 units by part, keypoints alone": {"n_nets": 1, "bones": False},
    "4 x 64 units by part, bones": {"n_nets": 1},
    "the same, 6 nets: the default": {},
}


class TorchNets:
    """`StepNets`, as one would write it with torch; the states are kept here."""

    def __init__(self, lifter, features, put_out):
        self.modules = [net.module_.eval() for net in lifter[-1].regressor_.nets_]
        self.back = np.argsort(features.order)
        self.put_out = put_out
        self.states = {}

    @torch.inference_mode()
    def step(self, features, i):
        x = torch.from_numpy(features[self.back])[None, None]
        total = 0
        for n, module in enumerate(self.modules):
            if isinstance(module, PartLSTMs):
                depths = [self.depths(part, x[..., getattr(module, f"seen_{p}")], (i, n, p))
                          for p, part in enumerate(module.lstms)]
                total = total + torch.cat(depths, dim=2)[:, :, module.order]
            else:
                total = total + self.depths(module, x, (i, n))
        return self.put_out((total[0, 0] / len(self.modules)).numpy())

    def depths(self, module, x, key):
        below = ((x - module.mean) / module.scale).clamp(-5, 5)
        for layer, lstm in enumerate(module.forwards):
            into = below if layer or module.inputs is None else module.inputs(below)
            below, self.states[*key, layer] = lstm(into, self.states.get((*key, layer)))
        return module.head(below)


def timed(function, times):
    """The function; its calls' CPU times go into a list, in nanoseconds."""
    def timed_function(*args):
        start = time.process_time_ns()
        out = function(*args)
        times.append(time.process_time_ns() - start)
        return out

    return timed_function


def product_time(n_inputs, n_outputs, n_calls):
    """Microseconds of a frame times as many weights."""
    rng, times = np.random.default_rng(0), []
    frame, weights = (rng.random(shape, np.float32) for shape in (n_inputs, (n_inputs, n_outputs)))
    product = timed(np.dot, times)
    for _ in range(n_calls):
        product(frame, weights)
    return np.median(times) / 1e3


def stream_times(lifter, clip, repeats):
    """Microseconds of numpy's and of torch's push, then of their nets alone, in the quietest repeat.

    What the two put out is the same.
    """
    best = np.full((2, 2), np.inf)
    for _ in range(repeats):
        out = []
        for i, in_torch in enumerate((False, True)):
            stream, pushes, nets = Stream(lifter), [], []
            if in_torch:
                stream._nets = TorchNets(lifter, stream._features, stream._put_out)
            stream._nets.step = timed(stream._nets.step, nets)
            push = timed(stream.push, pushes)
            out.append([push(frame) for frame in clip])
            best[:, i] = np.minimum(best[:, i], [np.median(pushes) / 1e3, np.median(nets) / 1e3])
        assert np.allclose(*out, rtol=0, atol=1e-5 * np.abs(out[0]).max())
    return best.ravel()


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--frames", type=int, default=1000)
parser.add_argument("--repeats", type=int, default=5)
options = parser.parse_args()
torch.set_num_threads(1)
data = make_signing(n_signers=1, n_clips=1, n_frames=options.frames, random_state=0)
clip = data.X[0]
flicker = np.where(np.random.default_rng(0).random((*clip.shape[:2], 1)) < 0.05, np.float32(np.nan), clip)
print(f"{len(clip)} frames of {clip.shape[1]} keypoints; microseconds of CPU a frame, median")
n_inputs, n_gates, products = 2 * clip.shape[1] + 256, 4 * 256, []
print(f"{'':38} {'push':>6} {'torch':>6} {'':>5}   {'nets':>6} {'torch':>6} {'':>5}")
for name, row in ROWS.items():
    parameters = {name: value for name, value in row.items() if name != "bones"} | {
        "look_ahead": 0, "max_epochs": 1, "random_state": 0}
    skeleton = data.skeleton if row.get("bones", True) else replace(data.skeleton, edges=())
    lifter = make_lifter(skeleton, **parameters).fit(data.X, data.y)
    for what, frames in ((name, clip), ("  5 % of the keypoints missing", flicker)):
        push, torch_push, nets, torch_nets = stream_times(lifter, frames, options.repeats)
        print(f"{what:38} {push:6.0f} {torch_push:6.0f} {torch_push / push:4.1f}x   {nets:6.0f} {torch_nets:6.0f} "
              f"{torch_nets / nets:4.1f}x", flush=True)
        products.append(product_time(n_inputs, n_gates, options.frames))
print(f"{f'a bare product with {n_inputs} x {n_gates} weights':38} {min(products):6.0f}")
for look_ahead, name in ((None, "whole clips"), (0, "causal")):
    lifter = make_lifter(data.skeleton, look_ahead=look_ahead, max_epochs=1, random_state=0).fit(data.X, data.y)
    lifter.predict(data.X)
    start = time.process_time()
    lifter.predict(data.X)
    seconds = time.process_time() - start
    print(f"predict, {name}, 6 nets: {1e6 * seconds / len(clip):.0f} microseconds a frame, "
          f"{len(clip) / FPS / seconds:.0f} times as fast as the clip plays")
