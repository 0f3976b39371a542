"""What is signed: a small vocabulary that all signers share, and each signer's way of performing it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._kinematics import drift, minimum_jerk

# Places of the wrist, x to the own side: at rest and in signing space, as shares of the arm's length from the neck;
# at the face, in cm from the nose. A signer's table of places has them in this order, with one row for the rest.
REST = np.array([[0.42, 1.00, -0.20], [0.06, 0.78, -0.34]])
SPACE = np.array([[-0.10, 0.42, -0.48], [-0.12, 0.22, -0.34], [0.14, 0.48, -0.50], [0.45, 0.42, -0.48],
                  [0.50, 0.02, -0.42], [0.25, 0.70, -0.45], [0.25, 0.30, -0.75], [0.14, 0.32, -0.32]])
FACE = np.array([[6.0, 16.0, -4.0], [8.0, 13.0, -7.0], [13.0, 11.0, 0.0], [12.0, 3.0, -5.0], [15.0, 1.0, 4.0]])

# Degrees, in the order of `hand_points`: thumb aside, out, bent; four knuckles; four middle joints; spread 0 to 1.
SHAPES = np.array([
    [25, 10, 15, 0, 0, 0, 0, 0, 0, 0, 0, 0.1],  # flat
    [55, 15, 0, 0, 0, 0, 0, 5, 5, 5, 5, 1.0],  # spread
    [20, 45, 70, 80, 80, 80, 80, 95, 95, 95, 95, 0.0],  # fist
    [20, 45, 70, 0, 80, 80, 80, 0, 95, 95, 95, 0.0],  # index
    [20, 45, 70, 0, 0, 80, 80, 0, 0, 95, 95, 1.0],  # V
    [75, 10, 0, 0, 80, 80, 80, 0, 95, 95, 95, 0.0],  # L
    [70, 10, 0, 80, 80, 80, 0, 95, 95, 95, 0, 0.8],  # Y
    [30, 55, 30, 45, 45, 45, 45, 55, 55, 55, 55, 0.0],  # O
    [50, 40, 20, 20, 20, 20, 20, 50, 50, 50, 50, 0.8],  # claw
    [30, 25, 30, 75, 75, 75, 75, 0, 0, 0, 0, 0.0],  # bent flat
    [30, 50, 35, 50, 0, 0, 0, 65, 0, 5, 5, 1.0]])  # F
RELAXED = np.array([35, 25, 20, 20, 22, 25, 28, 25, 28, 30, 30, 0.3])

AT_REST, ACROSS, CENTRAL = 0, 1, 3  # rows where places at rest, on the other side and on the own side begin

# What moves: a hand's 19 numbers, and 10 of face, head and trunk.
WRIST, ANGLES, SWIVEL, SHAPE = slice(0, 3), slice(3, 6), 6, slice(7, 19)
EXPRESSION, HEAD, TRUNK = slice(0, 4), slice(4, 7), slice(7, 10)
RESTING = np.concatenate([[0, 0, 0, 95, 5, 0, 0], RELAXED])
# The range of the joints; and 10 cm from the neck to the front of the chest, which stops every wrist.
LEAST = np.array([-np.inf, -np.inf, -np.inf, 0, -70, -25, 0, 0, 0, 0, -10, -10, -10, -10, 0, 0, 0, 0, 0])
MOST = np.array([np.inf, np.inf, -10, 180, 80, 35, 1.5, 90, 70, 80, 90, 90, 90, 90, 110, 110, 110, 110, 1])
_SLOPPINESS = np.repeat([1.2, 6.0, 0.05, 4.0, 0.05], [3, 3, 1, 11, 1])  # from one performance of a sign to the next


class Sign(NamedTuple):
    """One sign: both hands at its start and at its end, the dominant hand first."""

    places: np.ndarray  # (2, 2): rows of the signer's table of places
    hands: np.ndarray  # (2, 2, 19): where the wrist is off its place, in cm, then angles, swivel and hand shape
    bulge: np.ndarray  # (2, 19): how far the way from start to end bends
    strokes: int
    body: np.ndarray  # (10,): expression, head, trunk


def _invent(rng):
    kind = rng.choice(["one hand", "base hand", "mirrored", "alternating"], p=[0.4, 0.2, 0.25, 0.15])
    nearest = CENTRAL if kind in ("mirrored", "alternating") else ACROSS  # two moving hands keep to their own sides
    places = np.empty((2, 2), dtype=int)
    places[:, 0] = rng.integers(nearest, 1 + len(SPACE) + len(FACE), size=2)
    if rng.random() < 0.6:
        places[1] = places[0]
    hands = np.empty((2, 2, 19))
    hands[:, 0, WRIST] = rng.normal(0, [5, 5, 2.5], (2, 3))
    hands[:, 0, ANGLES] = [rng.choice([30, 90, 160]), 0, 0] + rng.normal(0, [15, 20, 8], (2, 3))
    hands[:, 0, SWIVEL] = rng.normal(0, 0.2)
    start, end = rng.integers(len(SHAPES), size=2)
    hands[:, 0, SHAPE] = SHAPES[[start, end if rng.random() < 0.5 else start]]
    bulge = np.zeros((2, 19))
    bulge[:, WRIST] = rng.normal(0, [4, 4, 2.5])

    if kind == "one hand":
        places[:, 1], hands[:, 1], bulge[1] = AT_REST, RESTING, 0
    elif kind == "base hand":
        places[:, 1], hands[:, 1], bulge[1] = CENTRAL, hands[0, 0], 0
        hands[:, 1, SHAPE] = SHAPES[rng.integers(3)]
    else:
        order = slice(None, None, 1 if kind == "mirrored" else -1)
        places[:, 1], hands[:, 1] = places[order, 0], hands[order, 0]
    body = rng.normal(0, [0.3, 0.3, 0.3, 0.5, 7, 5, 4, 4, 2, 2])
    body[EXPRESSION] = np.abs(body[EXPRESSION])
    return Sign(places, hands, bulge, int(rng.integers(1, 4)), body)


def _vocabulary(n_signs):
    rng = np.random.default_rng(1817)  # not the user's seed: all synthetic signers share one language
    return [_invent(rng) for _ in range(n_signs)]


SIGNS = _vocabulary(60)


def perform(signer, n_frames, rng):
    """Signs in a row, as joint targets: hands (n_frames, 2, 19), the left one first, and body (n_frames, 10)."""
    times, hands, bulges, body = _keys(signer, n_frames, rng)
    hands[1:-1] += 0.12 * (hands[:-2] + hands[2:] - 2 * hands[1:-1])  # coarticulation: keys lean to their neighbours
    hands = minimum_jerk(times, hands, n_frames, bulges)
    hands[..., WRIST] += 0.2 * drift(rng, n_frames, (2, 3), 4) + 0.8 * drift(rng, n_frames, (2, 3), 40)
    hands[..., ANGLES] += signer.angles + 2 * drift(rng, n_frames, (2, 3), 15)
    hands[..., SWIVEL] += signer.swivel + 0.08 * drift(rng, n_frames, (2,), 50)
    hands[..., SHAPE] += signer.laxness * (RELAXED - hands[..., SHAPE])
    hands = hands.clip(LEAST, MOST)
    body = minimum_jerk(times, body, n_frames)
    body += [0.1, 0.1, 0.1, 0.2, 3, 2, 1.5, 2, 1, 0.7] * drift(rng, n_frames, (10,), 45)
    body[:, EXPRESSION] = body[:, EXPRESSION].clip(0, 1.2)
    return (hands if signer.left_handed else hands[:, ::-1]), body


def _keys(signer, n_frames, rng):
    """Times (n_keys,), hands (n_keys, 2, 19), bulges (n_keys - 1, 2, 19) and body (n_keys, 10), from rest to rest."""
    resting = np.stack([RESTING, RESTING])
    resting[:, WRIST] += signer.places[AT_REST]
    still, straight = np.zeros(10), np.zeros((2, 19))
    times, hands, bulges, body = [-rng.uniform(0, 12)], [resting], [], [still]

    def key(frames, state, bulge, posture):
        times.append(times[-1] + frames / signer.tempo)
        hands.append(state)
        bulges.append(bulge)
        body.append(posture)

    while times[-1] < n_frames - 30:
        if rng.random() < 0.12:
            key(rng.uniform(12, 20), resting, straight, still)
            key(rng.uniform(4, 20), resting, straight, still)
        sign = SIGNS[rng.integers(len(SIGNS))]
        start, end = sign.hands + rng.normal(0, _SLOPPINESS, (2, 2, 19))
        start[:, WRIST] += signer.places[sign.places[0]]
        end[:, WRIST] += signer.places[sign.places[1]]
        posture = sign.body * rng.uniform(0.6, 1.4)
        key(rng.uniform(9, 15), start, straight, posture)
        key(rng.uniform(1, 4), start, straight, posture)
        for stroke in range(sign.strokes):
            key(rng.uniform(6, 11), start if stroke % 2 else end, sign.bulge, posture)
        key(rng.uniform(2, 7), hands[-1], straight, posture)
    key(max(15, (n_frames - times[-1]) * signer.tempo), resting, straight, still)
    return np.array(times), np.array(hands), np.array(bulges), np.array(body)
