import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, clone

from liftz import Skeleton, skeletons
from liftz.skeletons import (
    COCO_WHOLEBODY_133,
    KINECT_20,
    MEDIAPIPE_HOLISTIC,
    OPENPOSE_137,
    PANOPTIC_131,
    PANOPTIC_138,
    PANOPTIC_COCO19,
)

ALL = [getattr(skeletons, name) for name in skeletons.__all__]
WITH_HANDS = [s for s in ALL if "left_hand" in s.regions]
every_skeleton = pytest.mark.parametrize("skeleton", ALL, ids=lambda s: s.name)

ARM = {"name": "arm", "keypoints": ["shoulder", "elbow", "wrist", "tip"], "root": "shoulder"}
HAND_PARENTS = [-1, 0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 0, 13, 14, 15, 0, 17, 18, 19]
COCO19_PARENTS = [2, 0, -1, 0, 3, 4, 2, 6, 7, 0, 9, 10, 2, 12, 13, 1, 15, 1, 17]
BODY_25_PARENTS = [1, 8, 1, 2, 3, 1, 5, 6, -1, 8, 9, 10, 8, 12, 13, 0, 0, 15, 16, 14, 19, 14, 11, 22, 11]
POSE_CONNECTIONS = {
    (0, 1), (1, 2), (2, 3), (3, 7), (0, 4), (4, 5), (5, 6), (6, 8), (9, 10), (11, 12), (11, 13), (13, 15), (15, 17),
    (15, 19), (15, 21), (17, 19), (12, 14), (14, 16), (16, 18), (16, 20), (16, 22), (18, 20), (11, 23), (12, 24),
    (23, 24), (23, 25), (24, 26), (25, 27), (26, 28), (27, 29), (28, 30), (29, 31), (30, 32), (27, 31), (28, 32)}
JOINTS_26_TO_BODY_25 = [1, 0, 9, 10, 11, 3, 4, 5, 2, 12, 13, 14, 6, 7, 8, 17, 15, 18, 16, 20, 19, 21, 22, 23, 24]


def edges_within(skeleton, region):
    return [edge for edge in skeleton.edges if set(edge) <= set(skeleton.regions[region])]


def parents(skeleton, region):
    """Each keypoint's parent as a position in the region, -1 for the root: the published notation of a tree."""
    names = list(skeleton.regions[region])
    parent = {child: names.index(a) for a, child in edges_within(skeleton, region)}
    return [parent.get(name, -1) for name in names]


def n_pieces(names, edges):
    piece = {name: {name} for name in names}
    for a, b in edges:
        merged = piece[a] | piece[b]
        piece.update(dict.fromkeys(merged, merged))
    return len({id(p) for p in piece.values()})


def mirror(skeleton):
    return dict(skeleton.pairs) | {right: left for left, right in skeleton.pairs}


# --- a skeleton of one's own


def test_own_skeleton_takes_ten_lines():
    dog = Skeleton(
        "dog", ["nose", "withers", "left_paw", "right_paw", "rump", "tail"],
        root=("withers", "rump"),
        edges=[("nose", "withers"), ("withers", "left_paw"), ("withers", "right_paw"),
               ("withers", "rump"), ("rump", "tail")],
        regions={"front": ["nose", "withers", "left_paw", "right_paw"], "back": ["rump", "tail"]},
        roots={"back": "rump"},
        pairs=[("left_paw", "right_paw")],
    )
    assert (len(dog), dog.index("rump")) == (6, 4)
    assert dog.root == ("withers", "rump")
    np.testing.assert_array_equal(dog.root_indices(), [1, 4])
    np.testing.assert_array_equal(dog.root_indices("front"), [1, 4])
    np.testing.assert_array_equal(dog.root_indices("back"), [4])
    np.testing.assert_array_equal(dog.region_indices("back"), [4, 5])
    np.testing.assert_array_equal(dog.indices(["tail", "nose"]), [5, 0])
    assert repr(dog) == "Skeleton('dog', 6 keypoints, root ('withers', 'rump'))"


def test_regions_default_to_the_body_and_a_single_name_stands_for_a_list_of_one():
    assert Skeleton(**ARM).regions == {"body": ("shoulder", "elbow", "wrist", "tip")}
    arm = Skeleton(**ARM, regions={"most": ["shoulder", "elbow", "tip"], "rest": "wrist"})
    assert arm.regions["rest"] == ("wrist",)
    assert Skeleton(**ARM | {"root": ["wrist"], "keypoints": iter(ARM["keypoints"])}).root == "wrist"


@pytest.mark.parametrize(("change", "message"), [
    ({"keypoints": []}, r"skeleton 'arm', keypoints: no keypoint given"),
    ({"keypoints": "shoulder"}, r"keypoints: expected a sequence of names, got one string"),
    ({"keypoints": range(3)}, r"keypoints: expected names, got 0"),
    ({"keypoints": ["shoulder", "wrist", "wrist"]}, r"keypoints: 'wrist' given more than once"),
    ({"root": "elbw"}, r"skeleton 'arm' has no keypoint 'elbw'; did you mean elbow\?"),
    ({"root": "mid hip"}, r"no keypoint 'mid hip'; it has shoulder, elbow, wrist, tip"),
    ({"root": 0}, r"no keypoint 0;"),
    ({"root": ()}, r"skeleton 'arm', root: no keypoint given"),
    ({"root": ("wrist", "wrist")}, r"root: 'wrist' given more than once"),
    ({"edges": [("wrist", "tipp")]}, r"no keypoint 'tipp'; did you mean tip\?"),
    ({"edges": ["wrist", "tip"]}, r"edges: expected two keypoints each, got \('wrist',\)"),
    ({"edges": [("wrist", "wrist")]}, r"edges: 'wrist' given more than once"),
    ({"pairs": [("wrist", "thumb")]}, r"no keypoint 'thumb'"),
    ({"pairs": [("wrist", "tip"), ("tip", "elbow")]}, r"pairs: 'tip' given more than once"),
    ({"regions": {"a": ["shoulder", "elbow"], "b": ["wrist"]}}, r"regions: 'tip' is in none of them"),
    ({"regions": {"a": ["shoulder", "elbow"], "b": ["elbow", "wrist", "tip"]}}, r"regions: 'elbow' given more than"),
    ({"regions": {"a": ARM["keypoints"], "b": []}}, r"region 'b': no keypoint given"),
    ({"regions": {"a": [*ARM["keypoints"], "thumb"]}}, r"no keypoint 'thumb'"),
    ({"regions": {"wrist": ARM["keypoints"]}}, r"region 'wrist': a keypoint has this name"),
    ({"roots": {"hand": "wrist"}}, r"skeleton 'arm' has no region 'hand'; it has body"),
    ({"roots": {"body": "thumb"}}, r"no keypoint 'thumb'"),
    ({"roots": {"body": []}}, r"root of 'body': no keypoint given"),
])
def test_refuses_and_says_why(change, message):
    with pytest.raises(ValueError, match=message):
        Skeleton(**{**ARM, **change})


def test_lookups_refuse_what_they_do_not_know():
    for lookup, name, message in [
        (KINECT_20.index, "ShoulderLfet", "'KINECT_20' has no keypoint 'ShoulderLfet'; did you mean ShoulderLeft"),
        (KINECT_20.index, 3, "no keypoint 3"),
        (KINECT_20.index, ["Head"], "no keypoint"),
        (KINECT_20.resolve, "left_arms", "did you mean left_arm"),
        (KINECT_20.resolve, [], "no region and no keypoint of skeleton 'KINECT_20' was named"),
        (KINECT_20.region_indices, "face", "'KINECT_20' has no region 'face'; it has trunk, left_arm, right_arm, legs"),
        (KINECT_20.root_indices, "face", "has no region 'face'"),
    ]:
        with pytest.raises(ValueError, match=message):
            lookup(name)


@given(st.lists(st.sampled_from([*KINECT_20.keypoints, *KINECT_20.regions]), min_size=1))
def test_resolve_names_each_keypoint_once_in_the_order_given(names):
    found = KINECT_20.resolve(names)
    assert list(found) == list(dict.fromkeys(k for n in names for k in KINECT_20.regions.get(n, [n])))
    assert KINECT_20.resolve(found) == found


def test_resolve_takes_one_name():
    assert KINECT_20.resolve("Head") == ("Head",)
    assert KINECT_20.resolve("left_arm") == ("ElbowLeft", "WristLeft", "HandLeft")


def test_with_root_moves_the_regions_that_had_the_old_root():
    seated = PANOPTIC_138.with_root("neck")
    assert seated.root == seated.roots["body"] == "neck"
    assert seated.roots["face"] == "face_nose_tip"
    assert PANOPTIC_138.root == "mid_hip"
    assert seated.with_root("mid_hip") == PANOPTIC_138
    assert set(COCO_WHOLEBODY_133.with_root(("left_shoulder", "right_shoulder")).roots.values()) == {
        ("left_shoulder", "right_shoulder"), "face_nose_tip", "left_hand_wrist", "right_hand_wrist"}
    with pytest.raises(ValueError, match="no keypoint 'Neck'; did you mean neck"):
        PANOPTIC_138.with_root("Neck")


class Holder(BaseEstimator):
    def __init__(self, skeleton=None):
        self.skeleton = skeleton


def test_is_a_value():
    again = pickle.loads(pickle.dumps(PANOPTIC_138))
    assert again == PANOPTIC_138
    assert hash(again) == hash(PANOPTIC_138)
    assert again.index("mid_hip") == PANOPTIC_138.index("mid_hip")
    assert copy.deepcopy(PANOPTIC_138) is PANOPTIC_138
    assert clone(Holder(PANOPTIC_138)).skeleton is PANOPTIC_138
    assert len({PANOPTIC_138, again, PANOPTIC_138.with_root("neck"), KINECT_20}) == 3
    assert PANOPTIC_138.with_root("neck") != PANOPTIC_138
    assert Skeleton(**ARM) != Skeleton(**ARM, edges=[("wrist", "tip")])
    with pytest.raises(AttributeError):
        PANOPTIC_138.root = "neck"


# --- the layouts of the field


@pytest.mark.parametrize(("skeleton", "sizes", "root"), [
    (PANOPTIC_138, {"face": 70, "left_hand": 21, "right_hand": 21, "body": 26}, "mid_hip"),
    (PANOPTIC_131, {"face": 70, "left_hand": 21, "right_hand": 21, "body": 19}, "mid_hip"),
    (PANOPTIC_COCO19, {"body": 19}, "mid_hip"),
    (OPENPOSE_137, {"body": 25, "face": 70, "left_hand": 21, "right_hand": 21}, "MidHip"),
    (MEDIAPIPE_HOLISTIC, {"body": 33, "face": 468, "left_hand": 21, "right_hand": 21}, ("LEFT_HIP", "RIGHT_HIP")),
    (COCO_WHOLEBODY_133, {"body": 23, "face": 68, "left_hand": 21, "right_hand": 21}, ("left_hip", "right_hip")),
    (KINECT_20, {"trunk": 8, "left_arm": 3, "right_arm": 3, "legs": 6}, "SpineBase"),
], ids=lambda value: getattr(value, "name", ""))
def test_sizes_order_and_roots(skeleton, sizes, root):
    assert [(region, len(names)) for region, names in skeleton.regions.items()] == list(sizes.items())
    assert len(skeleton) == sum(sizes.values())
    if skeleton is not KINECT_20:
        assert skeleton.keypoints == tuple(name for names in skeleton.regions.values() for name in names)
    nose = "face_1" if skeleton is MEDIAPIPE_HOLISTIC else "face_nose_tip"
    own = {"face": nose, "left_hand": "left_hand_wrist", "right_hand": "right_hand_wrist"}
    assert skeleton.root == root
    assert skeleton.roots == {region: own.get(region, root) for region in sizes}


@pytest.mark.parametrize(("skeleton", "positions"), [
    (PANOPTIC_138, {"face_nose_tip": 30, "left_hand_wrist": 70, "right_hand_wrist": 91, "neck": 112, "mid_hip": 114,
                    "left_wrist": 117, "right_elbow": 122, "left_eye": 127, "right_ear": 130, "left_small_toe": 131,
                    "left_big_toe": 132, "right_big_toe": 134, "right_small_toe": 135, "head_top": 137}),
    (OPENPOSE_137, {"Nose": 0, "MidHip": 8, "REye": 15, "RHeel": 24, "face_jaw_0": 25, "face_nose_tip": 55,
                    "face_right_pupil": 93, "face_left_pupil": 94, "left_hand_wrist": 95, "right_hand_pinky_tip": 136}),
    (MEDIAPIPE_HOLISTIC, {"LEFT_SHOULDER": 11, "LEFT_WRIST": 15, "RIGHT_THUMB": 22, "RIGHT_HIP": 24,
                          "RIGHT_FOOT_INDEX": 32, "face_1": 34, "left_hand_wrist": 501, "right_hand_wrist": 522}),
    (COCO_WHOLEBODY_133, {"left_wrist": 9, "right_hip": 12, "left_big_toe": 17, "right_heel": 22, "face_jaw_0": 23,
                          "face_nose_tip": 53, "left_hand_wrist": 91, "right_hand_wrist": 112}),
    (KINECT_20, {"Head": 0, "ShoulderLeft": 2, "ElbowLeft": 4, "HandRight": 9, "SpineBase": 11, "FootRight": 19}),
], ids=lambda value: getattr(value, "name", ""))
def test_positions_that_the_formats_document(skeleton, positions):
    assert {name: skeleton.index(name) for name in positions} == positions


def test_joints26_gathers_to_body_25():
    body = PANOPTIC_138.regions["body"]
    gathered = [body[i].replace("left", "L").replace("right", "R") for i in JOINTS_26_TO_BODY_25]
    assert [name.replace("_", "").lower() for name in gathered] == [
        name.lower() for name in OPENPOSE_137.regions["body"]]


@pytest.mark.parametrize("skeleton", WITH_HANDS, ids=lambda s: s.name)
def test_hands_are_the_published_tree(skeleton):
    assert parents(skeleton, "left_hand") == parents(skeleton, "right_hand") == HAND_PARENTS
    assert [name.removeprefix("left_") for name in skeleton.regions["left_hand"]] == [
        name.removeprefix("right_") for name in skeleton.regions["right_hand"]]
    assert skeleton.regions["left_hand"][8] == "left_hand_index_tip"


def test_bodies_have_the_published_parents():
    assert parents(PANOPTIC_COCO19, "body") == parents(PANOPTIC_131, "body") == COCO19_PARENTS
    assert parents(PANOPTIC_138, "body")[:19] == COCO19_PARENTS
    assert parents(PANOPTIC_138, "body")[19:] == [20, 8, 8, 14, 22, 14, 0]
    assert parents(OPENPOSE_137, "body") == BODY_25_PARENTS


@pytest.mark.parametrize(("skeleton", "region"), [
    *((s, hand) for s in WITH_HANDS for hand in ("left_hand", "right_hand")),
    (PANOPTIC_138, "body"), (PANOPTIC_131, "body"), (PANOPTIC_COCO19, "body"), (OPENPOSE_137, "body"),
])
def test_regions_with_one_way_through_are_trees(skeleton, region):
    names, edges = skeleton.regions[region], edges_within(skeleton, region)
    assert (len(edges), n_pieces(names, edges)) == (len(names) - 1, 1)


def test_bodies_without_a_neck_have_a_loop_and_kinect_is_one_tree():
    assert (len(KINECT_20.edges), n_pieces(KINECT_20.keypoints, KINECT_20.edges)) == (19, 1)
    assert n_pieces(COCO_WHOLEBODY_133.regions["body"], edges_within(COCO_WHOLEBODY_133, "body")) == 1
    pose = edges_within(MEDIAPIPE_HOLISTIC, "body")
    assert n_pieces(MEDIAPIPE_HOLISTIC.regions["body"], pose) == 3  # trunk, head, mouth
    assert {tuple(sorted(MEDIAPIPE_HOLISTIC.indices(edge))) for edge in pose} == POSE_CONNECTIONS


@pytest.mark.parametrize(("skeleton", "body"), [(MEDIAPIPE_HOLISTIC, range(7, 33)), (COCO_WHOLEBODY_133, range(1, 17))])
def test_left_comes_before_right_where_the_sides_alternate(skeleton, body):
    assert {(skeleton.keypoints[i], skeleton.keypoints[i + 1]) for i in body[::2]} <= set(skeleton.pairs)


def test_face_contours():
    face = PANOPTIC_138.regions["face"]
    edges = edges_within(PANOPTIC_138, "face")
    # Five open lines and four loops of 68 points; each pupil is a piece of its own.
    assert (len(edges), n_pieces(face, edges)) == (68 - 5, 9 + 2)
    assert ("face_right_eye_41", "face_right_eye_36") in edges
    assert ("face_jaw_16", "face_right_brow_17") not in edges
    assert not edges_within(MEDIAPIPE_HOLISTIC, "face")


@every_skeleton
def test_edges_are_bones_of_one_region_each_once(skeleton):
    bones = [frozenset(edge) for edge in skeleton.edges]
    assert len(bones) == len(set(bones))
    if skeleton is not KINECT_20:  # its regions part one tree
        assert sum(len(edges_within(skeleton, region)) for region in skeleton.regions) == len(bones)


@every_skeleton
def test_pairs_agree_with_names_and_edges(skeleton):
    to = mirror(skeleton)
    assert len(to) == 2 * len(skeleton.pairs)
    assert all(to[to[name]] == name for name in to)

    def sided(name):
        for left, right in [("left", "right"), ("Left", "Right"), ("LEFT", "RIGHT")]:
            if left in name or right in name:
                return left in name
        return name[0] == "L" if skeleton is OPENPOSE_137 and name[0] in "LR" and name[1].isupper() else None

    for left, right in skeleton.pairs:
        assert (sided(left), sided(right)) in {(True, False), (None, None)}
    assert {name for name in skeleton.keypoints if sided(name) is not None} <= set(to)

    # A mirror image of a skeleton has the same bones: a wrong pair breaks a contour or a limb.
    bones = {frozenset(edge) for edge in skeleton.edges}
    assert {frozenset(to.get(name, name) for name in bone) for bone in bones} == bones
    for region, names in skeleton.regions.items():
        assert {to.get(name, name) for name in names} in map(set, skeleton.regions.values()), region


def test_face_mirror_by_number():
    face = COCO_WHOLEBODY_133.regions["face"]
    to = {face.index(a): face.index(b) for a, b in mirror(COCO_WHOLEBODY_133).items() if a in face}
    midline = [8, 27, 28, 29, 30, 33, 51, 57, 62, 66]
    assert sorted(set(range(68)) - set(to)) == midline
    samples = {0: 16, 7: 9, 17: 26, 21: 22, 31: 35, 36: 45, 39: 42, 40: 47, 41: 46, 48: 54, 55: 59, 56: 58, 60: 64,
               61: 63, 65: 67}
    assert {i: to[i] for i in samples} == samples
    assert ("face_left_pupil", "face_right_pupil") in OPENPOSE_137.pairs
    assert not [pair for pair in MEDIAPIPE_HOLISTIC.pairs if pair[0].startswith("face")]


def test_left_and_right_are_exchanged_and_back():
    body = Skeleton("body", ["nose", "left", "other", "right"], root="nose", pairs=[("left", "right")])
    assert body.exchanged().tolist() == [0, 3, 2, 1]
    assert body.exchanged()[body.exchanged()].tolist() == [0, 1, 2, 3]
    assert body.exchanged([("nose", "other")]).tolist() == [2, 1, 0, 3]
