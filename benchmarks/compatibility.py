"""What `check_compatible` refuses: `python benchmarks/compatibility.py synthetic`, or the folder of ISL-Kinect.

Each signer's clips are compared with the facts of all the others': as they are, where a refusal is a mistake, and wrong
in ways in which keypoints are wrong, where it is what the check is for. Clip by clip, as `liftz lift` compares, and all
of a signer's together. Of the clips, every so many-th is made wrong.
"""

import argparse
import itertools
from collections import Counter

import numpy as np
from sklearn.utils import Bunch

from liftz.adjustment import stretch
from liftz.compatibility import check_compatible, training_facts
from liftz.datasets import load_isl_kinect, make_signing, project
from liftz.skeletons import KINECT_20, PANOPTIC_138

# The same 20 joints in the order of the Kinect SDK, and the same regions in OpenPose's.
SDK = """SpineBase SpineMid Neck Head ShoulderLeft ElbowLeft WristLeft HandLeft ShoulderRight ElbowRight WristRight
HandRight HipLeft KneeLeft AnkleLeft FootLeft HipRight KneeRight AnkleRight FootRight"""
OTHER = {KINECT_20.name: KINECT_20.indices(SDK.split()),
         PANOPTIC_138.name: PANOPTIC_138.indices(PANOPTIC_138.resolve(["body", "face", "left_hand", "right_hand"]))}


def exchanges(skeleton, rng):
    """All exchanges of two keypoints of a body, and as many of any two where there are hands and a face."""
    body = skeleton.region_indices("body") if "body" in skeleton.regions else np.arange(len(skeleton))
    pairs = {"two keypoints of the body exchanged": list(itertools.combinations(body, 2))}
    if len(body) < len(skeleton):
        pairs["any two keypoints exchanged"] = [rng.choice(len(skeleton), 2, replace=False)
                                                for _ in itertools.combinations(body, 2)]
    for what, each in pairs.items():
        for pair in each:
            order = np.arange(len(skeleton))
            order[list(pair)] = order[list(pair)[::-1]]
            yield what, order


def verdict(clips, skeleton, facts):
    try:
        notes = check_compatible(Bunch(X=clips, skeleton=skeleton), facts)
    except ValueError:
        return "refused"
    return "note" if notes else "silent"


def count(X, groups, skeleton, every, rng):
    """Verdicts by what was done to the clips: on single clips, and on all of a signer's."""
    single, together = Counter(), Counter()
    exchanged = list(exchanges(skeleton, rng))
    rng.shuffle(exchanged)
    done = itertools.cycle(exchanged)
    for signer in sorted(set(groups)):
        facts = training_facts(X[groups != signer], skeleton)
        mine = X[groups == signer]

        def tell(what, change, clips, tally, facts=facts):
            tally[what, verdict([change(clip) for clip in clips], skeleton, facts)] += 1

        wrong = {"upside down": lambda clip: stretch([clip], 1, -1)[0],
                 "x mirrored": lambda clip: stretch([clip], -1, 1)[0],
                 "names of left and right exchanged": lambda clip: clip[:, skeleton.exchanged()],
                 "x and y exchanged": lambda clip: clip[..., [1, 0]],
                 "in another layout's order": lambda clip: clip[:, OTHER[skeleton.name]],
                 "in a random order": lambda clip: clip[:, rng.permutation(len(skeleton))],
                 "x mirrored and names exchanged": lambda clip: stretch([clip[:, skeleton.exchanged()]], -1, 1)[0]}
        for clip in mine:
            tell("as they are", lambda clip: clip, [clip], single)
        for clip in mine[::every]:
            for what, change in wrong.items():
                tell(what, change, [clip], single)
            for what, order in itertools.islice(done, 8):
                tell(what, lambda clip, order=order: clip[:, order], [clip], single)
        order = rng.permutation(len(skeleton))
        wrong["in a random order"] = lambda clip, order=order: clip[:, order]
        tell("as they are", lambda clip: clip, mine, together)
        for what, change in wrong.items():
            tell(what, change, mine[::every], together)
    return single, together


def table(title, single, together):
    print(f"\n{title}\n| clips | single clips | refused | with a note | a signer's together | refused |\n"
          f"|---|---|---|---|---|---|", flush=True)
    for what in dict.fromkeys(what for what, _ in single):
        n, m = (sum(tally[what, v] for v in ("refused", "note", "silent")) for tally in (single, together))
        print(f"| {what} | {n} | {100 * single[what, 'refused'] / n:.1f} % | {100 * single[what, 'note'] / n:.1f} % | "
              + (f"{m} | {together[what, 'refused']} |" if m else "| |"))


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("data", nargs="?", default="synthetic")
parser.add_argument("--every", type=int, help="of how many clips one is made wrong (synthetic 4, ISL-Kinect 20)")
options = parser.parse_args()
synthetic = options.data == "synthetic"
data = make_signing(n_signers=5, n_clips=16, n_frames=(40, 80), random_state=0) if synthetic \
    else load_isl_kinect(options.data)
for track in ("T1", "T2"):
    tallies = count(project(data, track), data.groups, data.skeleton, options.every or (4 if synthetic else 20),
                    np.random.default_rng(0))
    table(f"{'Synthetic signing' if synthetic else 'ISL-Kinect'}, {len(data.skeleton)} keypoints, {track}", *tallies)
