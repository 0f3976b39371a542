"""A synthetic person: proportions, posture and habits, and the 138 keypoints of what that body does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._face import EXPRESSIONS, JAW, LEFT_PUPIL, RIGHT_PUPIL, TIP, draw_face
from ._kinematics import hand_axes, hand_points, rotate, rotation, two_bones
from ._signing import ANGLES, EXPRESSION, FACE, HEAD, REST, SHAPE, SPACE, SWIVEL, TRUNK, WRIST

ELBOW_FLEXION = np.array([145.0, 12.0])  # most and least, degrees
KNEE_FLEXION = np.array([120.0, 5.0])
AHEAD, DOWN = np.array([0, -0.28, -0.96]), np.array([0, 1, 0])
LEFT, RIGHT = 1, -1
FOOT = np.array([[3.0, 7.0, -13.0], [-3.0, 7.0, -15.0], [-0.5, 7.0, 5.0]])  # small toe, big toe, heel, from the ankle
# From the tip of the nose: where the head turns, and its top. From the face's points: the body's nose, eyes and ears.
PIVOT, TOP = np.array([0.0, 2.0, 11.0]), np.array([0.0, -16.0, 9.0])
ON_BODY = np.array([[0, -0.4, 0.3], [0, 0, 0.3], [0, 0.7, 0.5], [0, 0, 0.3], [0, 0.7, 0.5]])


@dataclass(frozen=True)
class Signer:
    """Lengths in cm, angles in degrees; points as seen from the left side."""

    torso: float
    shoulder: np.ndarray  # (3,) from the neck
    arm: np.ndarray  # (2,) upper arm, forearm
    hip: np.ndarray  # (3,) from the mid hip
    leg: np.ndarray  # (2,) thigh, shank
    size: float  # of feet and skull, 1 on average
    hand: float  # size, 1 on average
    face: np.ndarray  # (70, 3)
    skull: np.ndarray  # (3,) the pivot of the head, from the neck
    posture: np.ndarray  # (2, 3) habitual turn, bow and tilt, of the head and of the trunk
    angles: np.ndarray  # (3,) habitual pronation, flexion and deviation of the wrist
    swivel: float  # how far out the elbows are held
    places: np.ndarray  # (n_places, 3) of the wrist, from the neck
    tempo: float
    laxness: float  # 0: exact hand shapes, 1: relaxed ones
    left_handed: bool


def draw_signer(rng):
    """Draw a person."""

    def scatter(*spread):
        return np.clip(rng.standard_normal(len(spread)), -2.2, 2.2) * spread

    size = 1 + scatter(0.045)[0]
    torso, width, hips, hand = size * (1 + scatter(0.05, 0.06, 0.06, 0.05)) * [52.0, 17.5, 9.5, 1.0]
    arm, leg = size * np.array([[28.6, 26.3], [44.5, 41.0]]) * (1 + scatter(0.035, 0.035, 0.035, 0.035).reshape(2, 2))
    face = draw_face(rng)
    carriage, drop, slump = scatter(1.2, 1.2, 1.5)
    skull = np.array([0.0, -16.0 * size, 1.0 - carriage])
    forward, height, breadth = [0, 0, 1] + scatter(2.5, 3.0, 0.12)
    nose = skull + size * (face[TIP] - PIVOT)
    rest = arm.sum() * REST[[rng.integers(len(REST))]]
    space = arm.sum() * SPACE * [breadth, 1, 1] + [0, height, -forward]
    return Signer(
        torso=torso, shoulder=np.array([width, 1.0 + drop, -1.0 - slump]), arm=arm, hip=np.array([hips, 3.0, 0.0]),
        leg=leg, size=size, hand=hand, face=face, skull=skull,
        posture=np.array([[0, 2, 0], [0, 4, 0]]) + scatter(4, 4, 3, 4, 1.5, 1.5).reshape(2, 3),
        angles=scatter(12, 8, 5), swivel=0.6 + scatter(0.25)[0],
        places=np.concatenate([rest, space, nose + size * FACE + [0, 0, -forward / 2]]),
        tempo=rng.uniform(0.8, 1.25), laxness=rng.uniform(0, 0.4), left_handed=rng.random() < 0.15)


def move(signer, hands, body, sway):
    """Keypoints (n_frames, 138, 3), from the average mid hip, of a person who faces straight ahead.

    `hands` and `body` come from `perform`; `sway`, (n_frames, 3), moves the hips over planted feet.
    """
    head = rotation(*(signer.posture[0] + body[:, HEAD]).T)
    trunk = rotation(*(signer.posture[1] + body[:, TRUNK]).T)
    neck = sway + rotate(trunk, np.array([0, -signer.torso, 0]))
    arms, legs, feet, fingers = zip(*(_side(signer, side, hand, trunk, neck, sway)
                                      for side, hand in ((LEFT, hands[:, 0]), (RIGHT, hands[:, 1]))), strict=True)
    face = signer.face + np.tensordot(body[:, EXPRESSION], EXPRESSIONS, axes=1)
    eyes_and_ears = [LEFT_PUPIL, JAW.stop - 1, RIGHT_PUPIL, JAW.start]
    top = np.broadcast_to(TOP, (len(face), 1, 3))
    skull = np.concatenate([face, face[:, [TIP, *eyes_and_ears]] + ON_BODY, top], axis=1)
    pivot = neck + rotate(trunk, signer.skull)
    skull = pivot[:, None] + signer.size * (skull - PIVOT) @ np.swapaxes(trunk @ head, 1, 2)
    nose, left_eye, left_ear, right_eye, right_ear, top = skull[:, 70:].swapaxes(0, 1)
    joints = [neck, nose, sway, *arms[0], *legs[0], *arms[1], *legs[1], left_eye, left_ear, right_eye, right_ear,
              *feet[0], *feet[1][[1, 0, 2]], top]  # the layout has the right big toe first
    return np.concatenate([skull[:, :70], *fingers, np.stack(joints, axis=1)], axis=1)


def _side(signer, side, hand, trunk, neck, hips):
    """One side's arm, leg and foot, three joints of (n_frames, 3) each, and hand, (n_frames, 21, 3)."""
    mirror = np.array([side, 1, 1])
    shoulder = neck + rotate(trunk, mirror * signer.shoulder)
    target = neck + rotate(trunk, mirror * hand[:, WRIST])
    aside = rotate(trunk, DOWN + side * hand[:, [SWIVEL]] * [1, 0, 0])
    elbow, wrist = two_bones(shoulder, target, signer.arm, rotate(trunk, AHEAD), aside, ELBOW_FLEXION)
    axes = hand_axes(shoulder, elbow, wrist, side, hand[:, ANGLES])
    fingers = hand_points(wrist, axes, hand[:, SHAPE], signer.hand)
    hip = hips + mirror * signer.hip
    stand = mirror * (signer.hip * [1.1, 1, 1] + [0, 0.985 * signer.leg.sum(), 2.0])
    knee, ankle = two_bones(hip, stand, signer.leg, DOWN, np.array([0.2 * side, 0, -1]), KNEE_FLEXION)
    foot = ankle + signer.size * (mirror * FOOT)[:, None]  # (3, n_frames, 3)
    return (shoulder, elbow, wrist), (hip, knee, ankle), foot, fingers
