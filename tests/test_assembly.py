"""A world put together: what was taken apart comes back, in millimetres."""

import numpy as np
import pytest
from bone_cases import SKELETONS, wild
from hypothesis import example, given, settings
from hypothesis import strategies as st

from liftz import RootCenterer, Skeleton
from liftz.assembly import assemble
from liftz.datasets import make_signing
from liftz.skeletons import (
    COCO_WHOLEBODY_133,
    KINECT_20,
    MEDIAPIPE_HOLISTIC,
    OPENPOSE_137,
    PANOPTIC_138,
    PANOPTIC_COCO19,
)

NAN = np.nan
WHOLE = [s for s in SKELETONS if "face" in s.regions]
SHOULDERS = {COCO_WHOLEBODY_133: ("left_shoulder", "right_shoulder"), OPENPOSE_137: ("LShoulder", "RShoulder"),
             MEDIAPIPE_HOLISTIC: ("LEFT_SHOULDER", "RIGHT_SHOULDER"), KINECT_20: ("ShoulderLeft", "ShoulderRight")}
ANCHORS = {"OPENPOSE_137": "Nose LWrist RWrist", "MEDIAPIPE_HOLISTIC": "NOSE LEFT_WRIST RIGHT_WRIST"}


def shoulders(skeleton):
    return SHOULDERS.get(skeleton, ("left_shoulder", "right_shoulder"))


def anchors(skeleton):
    names = ANCHORS.get(skeleton.name, "nose left_wrist right_wrist").split()
    return dict(zip(("face", "left_hand", "right_hand"), names, strict=True))


def world(skeleton, n_frames=6, seed=0):
    """A body in mm whose parts are where they hang: z of a region's root is that of the body's keypoint there."""
    points = wild(skeleton, n_frames, seed).astype(np.float64)
    points[..., 2] -= points[:, skeleton.root_indices(), 2].mean(axis=1, keepdims=True)
    for region, anchor in anchors(skeleton).items() if "face" in skeleton.regions else ():
        points[:, skeleton.root_indices(region), 2] = points[:, [skeleton.index(anchor)], 2]
    return points


def taken_apart(points, skeleton):
    """Depths as they are predicted: from the root of each region."""
    return RootCenterer(skeleton).fit_transform([points[..., 2]])[0]


def width(points, skeleton):
    first, second = skeleton.indices(shoulders(skeleton))
    return np.median(np.linalg.norm(points[:, first] - points[:, second], axis=1))


@given(st.sampled_from(SKELETONS), st.integers(0, 999))
@settings(max_examples=30, deadline=None)
def test_one_unit_throughout_comes_back_as_it_was(skeleton, seed):
    points = world(skeleton, seed=seed)
    found = assemble(points[..., :2], taken_apart(points, skeleton), skeleton, units="mm", y_up=True)
    np.testing.assert_allclose(found.points, points, atol=1e-2)
    assert found.points.dtype == np.float32
    assert (found.units, found.y_up, found.scale, found.distance) == ("mm", True, 1.0, None)


@pytest.mark.parametrize("skeleton", WHOLE, ids=lambda s: s.name)
def test_face_and_hands_hang_where_the_body_has_them(skeleton):
    points = wild(skeleton)
    depth = taken_apart(points, skeleton)
    found = assemble(points[..., :2], depth, skeleton, units="mm").points
    for region, anchor in anchors(skeleton).items():
        members, root = skeleton.region_indices(region), skeleton.root_indices(region)
        np.testing.assert_allclose(found[:, root, 2], found[:, [skeleton.index(anchor)], 2], atol=1e-3)
        np.testing.assert_allclose(found[:, members, 2] - found[:, root, 2], depth[:, members], atol=1e-2)
    np.testing.assert_array_equal(found[..., :2], points[..., :2])


@given(st.sampled_from(SKELETONS), st.integers(0, 999), st.floats(0.05, 20), st.sampled_from(["mm", "cm", "m"]))
@settings(max_examples=30, deadline=None)
def test_pixels_become_metric_by_one_length(skeleton, seed, per_pixel, depth_units):
    points = world(skeleton, seed=seed)
    in_mm = {"mm": 1, "cm": 10, "m": 1000}[depth_units]
    found = assemble(points[..., :2] / per_pixel, taken_apart(points, skeleton) / in_mm, skeleton, units="px",
                     depth_units=depth_units, length=(*shoulders(skeleton), width(points, skeleton)))
    np.testing.assert_allclose(found.points, points, atol=0.5)
    assert found.scale == pytest.approx(per_pixel, rel=1e-3)
    assert found.units == "mm"


@pytest.mark.parametrize(("units", "depth_units"), [("px", "px"), ("cm", "cm"), ("cm", "m"), ("mm", "mm")])
def test_one_length_scales_all_alike_where_all_has_one_unit(units, depth_units):
    points = world(OPENPOSE_137)
    in_mm = {"px": 1, "mm": 1, "cm": 10, "m": 1000}
    depth = taken_apart(points, OPENPOSE_137) / in_mm[depth_units]
    found = assemble(points[..., :2] / in_mm[units], depth, OPENPOSE_137, units=units,
                     depth_units=depth_units, length=("LShoulder", "RShoulder", 350))
    assert width(found.points, OPENPOSE_137) == pytest.approx(350, rel=1e-5)
    np.testing.assert_allclose(found.points, points * 350 / width(points, OPENPOSE_137), rtol=1e-4, atol=1e-2)
    assert found.units == "mm"
    assert found.scale == pytest.approx(350 / width(points, OPENPOSE_137) * in_mm[units], rel=1e-5)


def test_pixels_without_a_length_stay_pixels_and_metres_become_mm():
    points = world(KINECT_20)
    assert assemble(points[..., :2], points[..., 2], KINECT_20, units="px").units == "px"
    metres = assemble(points[..., :2] / 1000, points[..., 2] / 1000, KINECT_20, units="m")
    np.testing.assert_allclose(metres.points, points, atol=1e-2)
    assert (metres.units, metres.scale) == ("mm", 1000)


@example(KINECT_20, 107, 2000.0, 500.0)  # shoulders that are as far apart right before the camera
@given(st.sampled_from(SKELETONS), st.integers(0, 999), st.floats(2000, 6000), st.floats(500, 2000))
@settings(max_examples=20, deadline=None)
def test_perspective_is_undone_by_a_focal_length(skeleton, seed, distance, focal):
    points = world(skeleton, seed=seed)
    points *= 1500 / max(1500, np.abs(points).max())  # in front of the camera
    camera = points + [0, 0, distance]
    pixels = focal * camera[..., :2] / camera[..., 2:] + [320, 240]
    given = {"units": "px", "depth_units": "mm", "focal": focal, "center": (320, 240)}
    given |= {"length": (*shoulders(skeleton), width(points, skeleton))}
    lifted = taken_apart(points, skeleton)
    at_the_camera = points[..., 2:] - points[..., 2].min()  # as near as can be
    near = np.dstack([(pixels - (320, 240)) / focal * at_the_camera, at_the_camera])
    if width(near, skeleton) >= width(points, skeleton):  # then two distances, or none, would fit
        with pytest.raises(ValueError, match="tells no one distance from the camera: as near as it can be they are"):
            assemble(pixels, lifted, skeleton, **given)
        return
    found = assemble(pixels, lifted, skeleton, **given)
    np.testing.assert_allclose(found.points, camera, rtol=1e-2, atol=1)
    assert found.distance == pytest.approx(distance, rel=1e-2)
    assert found.scale == pytest.approx(distance / focal, rel=1e-2)


def test_synthetic_signing_comes_back_to_what_the_wrists_differ():
    data = make_signing(1, 1, 40, noise=0, missing=0, random_state=0)
    truth = np.concatenate([data.X[0], data.y[0][..., None]], axis=2) * 10
    size = width(truth, PANOPTIC_138)
    lifted = RootCenterer(PANOPTIC_138).fit_transform(data.y)[0]
    found = assemble(data.X[0] * 7, lifted, PANOPTIC_138, units="px", depth_units="cm",
                     length=("left_shoulder", "right_shoulder", size))
    expected = truth - [0, 0, 1] * truth[:, PANOPTIC_138.root_indices()]
    apart = np.abs(found.points - expected)
    body = PANOPTIC_138.region_indices("body")
    assert apart[:, body].max() < 0.5
    assert apart[..., :2].max() < 0.5
    assert apart.max() < 15


def test_what_is_not_known_stays_not_known():
    points = world(OPENPOSE_137)
    depth = taken_apart(points, OPENPOSE_137)
    clip = np.concatenate([points[..., :2], np.full((*depth.shape, 1), 0.5)], axis=2)
    clip[0, 3, :2] = NAN
    clip[1, 4, 1] = NAN
    depth[2, 9] = NAN
    depth[3, OPENPOSE_137.index("LWrist")] = NAN
    found = assemble(clip, depth, OPENPOSE_137, units="mm").points
    unknown = np.isnan(found).any(axis=2)
    np.testing.assert_array_equal(unknown, np.isnan(found).all(axis=2))
    expected = np.zeros_like(unknown)
    expected[[0, 1, 2], [3, 4, 9]] = True
    expected[3, [OPENPOSE_137.index("LWrist"), *OPENPOSE_137.region_indices("left_hand")]] = True
    np.testing.assert_array_equal(unknown, expected)


def test_parts_that_were_lifted_alone():
    points = world(OPENPOSE_137)
    depth = taken_apart(points, OPENPOSE_137)
    body = depth.copy()
    body[:, len(OPENPOSE_137.regions["body"]):] = NAN
    found = assemble(points[..., :2], body, OPENPOSE_137, units="mm").points
    np.testing.assert_array_equal(np.isnan(found[..., 2]), np.isnan(body))
    depth[:, OPENPOSE_137.region_indices("body")] = NAN
    with pytest.raises(ValueError, match=r"'face' of .*'OPENPOSE_137' hangs on Nose, .*known in no frame.*subset"):
        assemble(points[..., :2], depth, OPENPOSE_137, units="mm")
    hand = OPENPOSE_137.subset("left_hand")
    members = OPENPOSE_137.region_indices("left_hand")
    alone = assemble(points[:, members, :2], depth[:, members], hand, units="mm").points
    np.testing.assert_allclose(alone[..., 2], depth[:, members], atol=1e-3)


def test_a_region_that_nothing_of_the_body_answers_to_is_refused():
    odd = Skeleton("odd", ["hip", "hoof", "claw"], root="hip", regions={"body": ["hip"], "foot": ["hoof", "claw"]},
                   roots={"foot": "hoof"})
    with pytest.raises(ValueError, match=r"'odd' has no keypoint that region 'foot' could be attached at: .*'hoof'"):
        assemble(wild(odd)[..., :2], wild(odd)[..., 2], odd, units="mm")


S = ("left_shoulder", "right_shoulder")


@pytest.mark.parametrize(("options", "message"), [
    ({"units": "px", "depth_units": "mm"}, "x and y are in px, depths in mm: give length="),
    ({"units": "mm", "depth_units": "px"}, "x and y are in mm, depths in px"),
    ({"units": "inch"}, "units must be one of mm, cm, m and px, got 'inch'"),
    ({"units": "mm", "depth_units": None, "length": (*S, 0)}, "length must be two different keypoints"),
    ({"units": "mm", "length": (*S, NAN)}, "length must be two different keypoints"),
    ({"units": "mm", "length": (S[0], S[0], 1)}, "length must be two different keypoints"),
    ({"units": "mm", "length": 350}, "length must be two keypoints and their distance"),
    ({"units": "mm", "length": ("left_sholder", S[1], 350)}, "no keypoint 'left_sholder'; did you mean left_shoulder"),
    ({"units": "px", "depth_units": "mm", "length": (*S, 1e-3)}, "cannot be 0.001 mm apart: their depths"),
    ({"units": "px", "depth_units": "mm", "length": (*S, 350), "focal": -1}, "expected a focal length above 0"),
    ({"units": "px", "depth_units": "mm", "length": (*S, 350), "focal": "1000"}, "expected a focal .*'1000'"),
    ({"units": "px", "depth_units": "mm", "length": (*S, 350), "focal": 1000, "center": (1, NAN)}, "y of a center"),
    ({"units": "px", "depth_units": "mm", "length": (*S, 350), "focal": 1000, "center": (1, 2, 3)}, "y of a center"),
    ({"units": "px", "depth_units": "mm", "focal": 1000}, "perspective needs .* got .*length=None"),
    ({"units": "mm", "length": (*S, 350), "focal": 1000}, "perspective needs x and y in px"),
])
def test_refuses(options, message):
    points = world(PANOPTIC_COCO19)
    with pytest.raises(ValueError, match=message):
        assemble(points[..., :2], points[..., 2], PANOPTIC_COCO19, **options)


def test_refuses_a_length_that_nothing_shows():
    points = world(PANOPTIC_COCO19)
    flat = points.copy()
    flat[:, PANOPTIC_COCO19.indices(S)] = 0
    points[:, PANOPTIC_COCO19.index(S[0]), 0] = NAN
    with pytest.raises(ValueError, match="no frame shows left_shoulder and right_shoulder both"):
        assemble(points[..., :2], points[..., 2], PANOPTIC_COCO19, units="px", depth_units="mm", length=(*S, 350))
    for options in ({"units": "px", "depth_units": "mm"}, {"units": "px"}):
        with pytest.raises(ValueError, match="are in one place"):
            assemble(flat[..., :2], flat[..., 2], PANOPTIC_COCO19, length=(*S, 350), **options)


def test_gives_what_the_gate_refuses():
    points = world(PANOPTIC_COCO19)
    with pytest.raises(ValueError, match="clip: clip 0 has 18 keypoints"):
        assemble(points[:, :18, :2], points[:, :18, 2], PANOPTIC_COCO19, units="mm")
    with pytest.raises(ValueError, match="clip has 6 frames, depth has 5"):
        assemble(points[..., :2], points[:5, :, 2], PANOPTIC_COCO19, units="mm")
