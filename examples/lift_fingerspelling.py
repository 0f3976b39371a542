"""
Hands that spell
================

Letters of 19 sign languages, from the Python package spoken-to-signed: real hands, as MediaPipe Holistic estimated
them. A lifter learns MediaPipe's z from MediaPipe's x and y, and is asked for the z of languages it has not seen.

What comes out is **agreement** with another estimator, no error: nobody measured these depths. It shows that hands of
real pictures go in, with their gaps, and that what comes out follows more than the mean hand. Who signed is not said,
and one person may be behind several languages, so that the agreement on people never seen is somewhat less.

``pip install "liftz[fingerspelling]"``, then ``python examples/lift_fingerspelling.py``: less than two minutes of one
core.
"""

import numpy as np

from liftz.datasets import load_fingerspelling
from liftz.evaluation import predict_unseen, standard_models

data = load_fingerspelling()
print(f"{len(data.X)} clips, {sum(map(len, data.X))} frames, {len(set(data.groups))} languages, {data.fps:g} fps")

# %%
# Three groups of languages; each is lifted by models that never saw them. The baselines stand beside the lifter.
languages, number = np.unique(data.groups, return_inverse=True)
fold = number % 3
models = standard_models(data.skeleton, n_nets=1, hidden_size=32, max_epochs=6, batch_size=8, random_state=0)
depths = predict_unseen(models, data.X, data.y, fold)

# %%
# Agreement is the correlation with MediaPipe's z over a language's keypoint-frames, wrists left out: they are zero by
# definition. Flat depths vary with nothing: 0.
hands = {hand: [i for i in data.skeleton.region_indices(hand) if i not in data.skeleton.root_indices(hand)]
         for hand in ("left_hand", "right_hand")}


def agreement(predictions, columns):
    """The correlation in each language that shows this hand in enough of its frames."""
    out = []
    for i in range(len(languages)):
        theirs, ours = (np.concatenate([depth[:, columns].ravel() for depth in clips[number == i]])
                        for clips in (data.y, predictions))
        known = ~np.isnan(theirs)
        if known.sum() > 1000:
            out.append(np.corrcoef(theirs[known], ours[known])[0, 1] if ours[known].std() else 0)
    return out


print(f"\nagreement, r: median over languages (their range)\n{'':14}" + "".join(f"{hand:>24}" for hand in hands))
for name in models:
    by_hand = [agreement(depths[name], columns) for columns in hands.values()]
    print(f"{name:14}" + "".join(f"{np.median(r):9.2f} ({min(r):5.2f} to {max(r):4.2f})" for r in by_hand))
print("languages     " + "".join(f"{len(r):24}" for r in by_hand))
