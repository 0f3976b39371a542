"""The keypoint layouts of the field, as ready-made skeletons.

==================== ========= ================================================ ====================
constant             keypoints regions, in the order of the keypoint axis       root
==================== ========= ================================================ ====================
PANOPTIC_138         138       face 70, left_hand 21, right_hand 21, body 26    mid_hip
PANOPTIC_131         131       face 70, left_hand 21, right_hand 21, body 19    mid_hip
PANOPTIC_COCO19      19        body 19                                          mid_hip
OPENPOSE_137         137       body 25, face 70, left_hand 21, right_hand 21    MidHip
MEDIAPIPE_HOLISTIC   543       body 33, face 468, left_hand 21, right_hand 21   mean of the hips
COCO_WHOLEBODY_133   133       body 23, face 68, left_hand 21, right_hand 21    mean of the hips
KINECT_20            20        trunk 8, left_arm 3, right_arm 3, legs 6 [*]_    SpineBase
==================== ========= ================================================ ====================

.. [*] The one layout whose regions are not contiguous.

A face is measured from the tip of its nose, a hand from its own wrist, every other region from the root.

Body keypoints have their maker's names. Left and right are the signer's. Hands and faces have the same names
everywhere: ``left_hand_wrist``, ``left_hand_index_tip``, ``face_jaw_8``, ``face_nose_tip``; the number in a face's
name is that of the iBUG 68-point mark-up, which begins at the signer's right. MediaPipe's mesh has no such names:
there it is ``face_0`` to ``face_467``, without edges, and without pairs: liftz has no mirror table of it.

Edges stay within a region: the wrist of a hand and the wrist of the body are two estimates of one point, and the
line between them is no bone. Where an edge leads away from the root, the keypoint nearer to it comes first. Hands
and the bodies of Panoptic, OpenPose and Kinect are trees. COCO and MediaPipe know neither neck nor mid hip; their
edges are the lines that their makers draw, with the trunk as a loop, and with MediaPipe's head and mouth detached.
"""

from __future__ import annotations

from itertools import chain, pairwise

from liftz.skeleton import Skeleton

__all__ = [
    "COCO_WHOLEBODY_133", "KINECT_20", "MEDIAPIPE_HOLISTIC", "OPENPOSE_137", "PANOPTIC_131", "PANOPTIC_138",
    "PANOPTIC_COCO19",
]


def _split(text):
    return tuple(text.split())


def _bones(*chains):
    """Edges along chains of names: ``"a b c"`` gives (a, b) and (b, c)."""
    return tuple(chain.from_iterable(pairwise(_split(text)) for text in chains))


def _sides(names, left, right):
    """Pairs by name, left first."""
    return tuple((name, name.replace(left, right)) for name in names if left in name)


def _within(pairs, names):
    return tuple(pair for pair in pairs if names.issuperset(pair))


# Hands: one order in OpenPose, Panoptic, MediaPipe and COCO-WholeBody. The .pose format's names for it (T_STT, I_CMC)
# sit one joint off, which is why readers go by position.
FINGERS = {"thumb": "cmc mcp ip tip", **dict.fromkeys(("index", "middle", "ring", "pinky"), "mcp pip dip tip")}


def _fingers(side):
    return [[f"{side}_hand_{finger}_{joint}" for joint in joints.split()] for finger, joints in FINGERS.items()]


def _hand(side):
    return f"{side}_hand_wrist", *chain.from_iterable(_fingers(side))


HAND_EDGES = tuple(edge for side in ("left", "right") for finger in _fingers(side)
                   for edge in pairwise((f"{side}_hand_wrist", *finger)))

# Faces: iBUG 68, https://ibug.doc.ic.ac.uk/resources/facial-point-annotations/; OpenPose and Panoptic add the pupils.
FACE_LINES = {"jaw": range(17), "right_brow": range(17, 22), "left_brow": range(22, 27), "nose_bridge": range(27, 31),
              "nose_base": range(31, 36)}
FACE_LOOPS = {"right_eye": range(36, 42), "left_eye": range(42, 48), "outer_lip": range(48, 60),
              "inner_lip": range(60, 68)}
FACE_TIP = "face_nose_tip"
FACE_68 = tuple(FACE_TIP if i == 30 else f"face_{part}_{i}"
                for part, numbers in (FACE_LINES | FACE_LOOPS).items() for i in numbers)
FACE_70 = (*FACE_68, "face_right_pupil", "face_left_pupil")
FACE_EDGES = tuple((FACE_68[a], FACE_68[b])
                   for line in (*FACE_LINES.values(), *((*loop, loop[0]) for loop in FACE_LOOPS.values()))
                   for a, b in pairwise(line))
FACE_LEFT = [*range(16, 8, -1), *range(26, 21, -1), 35, 34, 45, 44, 43, 42, 47, 46, 54, 53, 52, 55, 56, 64, 63, 65, 69]
FACE_RIGHT = [*range(8), *range(17, 22), 31, 32, 36, 37, 38, 39, 40, 41, 48, 49, 50, 59, 58, 60, 61, 67, 68]
FACE_PAIRS = tuple((FACE_70[left], FACE_70[right]) for left, right in zip(FACE_LEFT, FACE_RIGHT, strict=True))


def _whole_body(name, order, body, edges, pairs, root, face=FACE_70, tip=FACE_TIP):
    parts = {"body": body, "face": face, "left_hand": _hand("left"), "right_hand": _hand("right")}
    regions = {region: parts[region] for region in order.split()}
    keypoints = tuple(chain.from_iterable(regions.values()))
    return Skeleton(
        name, keypoints, root=root, regions=regions,
        roots={"face": tip, "left_hand": "left_hand_wrist", "right_hand": "right_hand_wrist"},
        edges=_within((*edges, *FACE_EDGES, *HAND_EDGES), set(keypoints)),
        pairs=_within((*pairs, *FACE_PAIRS, *_sides(keypoints, "left_hand", "right_hand")), set(keypoints)))


# Panoptic Studio: joints26 continues joints19 with feet (the left small toe comes before the big one, the right one
# after it) and a head top that only one source describes. In old code 15-18 are swapped; this is the order of the
# toolbox since July 2020.
JOINTS_26 = _split("""
    neck nose mid_hip left_shoulder left_elbow left_wrist left_hip left_knee left_ankle
    right_shoulder right_elbow right_wrist right_hip right_knee right_ankle left_eye left_ear right_eye right_ear
    left_small_toe left_big_toe left_heel right_big_toe right_small_toe right_heel head_top""")
JOINTS_19 = JOINTS_26[:19]
PANOPTIC_EDGES = _bones(
    "mid_hip neck nose left_eye left_ear", "nose right_eye right_ear", "neck head_top",
    "neck left_shoulder left_elbow left_wrist", "neck right_shoulder right_elbow right_wrist",
    "mid_hip left_hip left_knee left_ankle left_heel", "left_ankle left_big_toe left_small_toe",
    "mid_hip right_hip right_knee right_ankle right_heel", "right_ankle right_big_toe right_small_toe")
PANOPTIC_PAIRS = _sides(JOINTS_26, "left", "right")

PANOPTIC_138 = _whole_body("PANOPTIC_138", "face left_hand right_hand body", JOINTS_26, PANOPTIC_EDGES, PANOPTIC_PAIRS,
                           root="mid_hip")
PANOPTIC_131 = _whole_body("PANOPTIC_131", "face left_hand right_hand body", JOINTS_19, PANOPTIC_EDGES, PANOPTIC_PAIRS,
                           root="mid_hip")
PANOPTIC_COCO19 = Skeleton("PANOPTIC_COCO19", JOINTS_19, root="mid_hip", edges=_within(PANOPTIC_EDGES, set(JOINTS_19)),
                           pairs=_within(PANOPTIC_PAIRS, set(JOINTS_19)))

# OpenPose with BODY_25, in the order of its .pose components and of its JSON lists.
BODY_25 = _split("""
    Nose Neck RShoulder RElbow RWrist LShoulder LElbow LWrist MidHip RHip RKnee RAnkle LHip LKnee LAnkle
    REye LEye REar LEar LBigToe LSmallToe LHeel RBigToe RSmallToe RHeel""")
OPENPOSE_137 = _whole_body(
    "OPENPOSE_137", "body face left_hand right_hand", BODY_25,
    _bones("MidHip Neck Nose LEye LEar", "Nose REye REar", "Neck LShoulder LElbow LWrist",
           "Neck RShoulder RElbow RWrist", "MidHip LHip LKnee LAnkle LHeel", "LAnkle LBigToe LSmallToe",
           "MidHip RHip RKnee RAnkle RHeel", "RAnkle RBigToe RSmallToe"),
    _sides(BODY_25, "L", "R"), root="MidHip")

# MediaPipe Holistic: the 543 landmarks of its plain mode; the ten irises that refine_face_landmarks appends to the
# face (468-477) and the pose_world_landmarks are left out. Vertex 1 of the mesh is the tip of the nose: "noseTip"
# of the annotations in tensorflow/tfjs-models, and it lies on the midline of the canonical face model.
POSE_33 = _split("""
    NOSE LEFT_EYE_INNER LEFT_EYE LEFT_EYE_OUTER RIGHT_EYE_INNER RIGHT_EYE RIGHT_EYE_OUTER LEFT_EAR RIGHT_EAR
    MOUTH_LEFT MOUTH_RIGHT LEFT_SHOULDER RIGHT_SHOULDER LEFT_ELBOW RIGHT_ELBOW LEFT_WRIST RIGHT_WRIST
    LEFT_PINKY RIGHT_PINKY LEFT_INDEX RIGHT_INDEX LEFT_THUMB RIGHT_THUMB LEFT_HIP RIGHT_HIP LEFT_KNEE RIGHT_KNEE
    LEFT_ANKLE RIGHT_ANKLE LEFT_HEEL RIGHT_HEEL LEFT_FOOT_INDEX RIGHT_FOOT_INDEX""")
MEDIAPIPE_HOLISTIC = _whole_body(
    "MEDIAPIPE_HOLISTIC", "body face left_hand right_hand", POSE_33,
    _bones("NOSE LEFT_EYE_INNER LEFT_EYE LEFT_EYE_OUTER LEFT_EAR",
           "NOSE RIGHT_EYE_INNER RIGHT_EYE RIGHT_EYE_OUTER RIGHT_EAR", "MOUTH_LEFT MOUTH_RIGHT",
           "LEFT_SHOULDER RIGHT_SHOULDER RIGHT_HIP LEFT_HIP LEFT_SHOULDER",
           "LEFT_SHOULDER LEFT_ELBOW LEFT_WRIST LEFT_PINKY LEFT_INDEX LEFT_WRIST LEFT_THUMB",
           "RIGHT_SHOULDER RIGHT_ELBOW RIGHT_WRIST RIGHT_PINKY RIGHT_INDEX RIGHT_WRIST RIGHT_THUMB",
           "LEFT_HIP LEFT_KNEE LEFT_ANKLE LEFT_HEEL LEFT_FOOT_INDEX LEFT_ANKLE",
           "RIGHT_HIP RIGHT_KNEE RIGHT_ANKLE RIGHT_HEEL RIGHT_FOOT_INDEX RIGHT_ANKLE"),
    _sides(POSE_33, "LEFT", "RIGHT"), root=("LEFT_HIP", "RIGHT_HIP"),
    face=tuple(f"face_{i}" for i in range(468)), tip="face_1")

# COCO-WholeBody: 17 joints of COCO and six of the feet are the body.
WHOLEBODY_23 = _split("""
    nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow
    left_wrist right_wrist left_hip right_hip left_knee right_knee left_ankle right_ankle
    left_big_toe left_small_toe left_heel right_big_toe right_small_toe right_heel""")
COCO_WHOLEBODY_133 = _whole_body(
    "COCO_WHOLEBODY_133", "body face left_hand right_hand", WHOLEBODY_23,
    _bones("nose left_eye left_ear left_shoulder left_elbow left_wrist", "left_eye right_eye",
           "nose right_eye right_ear right_shoulder right_elbow right_wrist",
           "left_shoulder right_shoulder right_hip left_hip left_shoulder",
           "left_hip left_knee left_ankle left_heel", "left_ankle left_big_toe", "left_ankle left_small_toe",
           "right_hip right_knee right_ankle right_heel", "right_ankle right_big_toe", "right_ankle right_small_toe"),
    _sides(WHOLEBODY_23, "left", "right"), root=("left_hip", "right_hip"), face=FACE_68)

# Kinect's first 20 joints, in the order of the ISL-Kinect recordings; every region is measured from SpineBase.
KINECT_JOINTS = _split("""
    Head Neck ShoulderLeft ShoulderRight ElbowLeft ElbowRight WristLeft WristRight HandLeft HandRight
    SpineMid SpineBase HipLeft HipRight KneeLeft KneeRight AnkleLeft AnkleRight FootLeft FootRight""")
KINECT_20 = Skeleton(
    "KINECT_20", KINECT_JOINTS, root="SpineBase",
    edges=_bones("SpineBase SpineMid Neck Head", "Neck ShoulderLeft ElbowLeft WristLeft HandLeft",
                 "Neck ShoulderRight ElbowRight WristRight HandRight", "SpineBase HipLeft KneeLeft AnkleLeft FootLeft",
                 "SpineBase HipRight KneeRight AnkleRight FootRight"),
    regions={"trunk": (*KINECT_JOINTS[:4], *KINECT_JOINTS[10:14]), "left_arm": KINECT_JOINTS[4:10:2],
             "right_arm": KINECT_JOINTS[5:10:2], "legs": KINECT_JOINTS[14:]},
    pairs=_sides(KINECT_JOINTS, "Left", "Right"))
