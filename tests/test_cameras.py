import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils import Bunch

from liftz import make_lifter
from liftz.datasets import FileFormatError, load_panoptic, make_signing, write_panoptic
from liftz.datasets.cameras import Camera, read_calibration
from liftz.datasets.filming import film

# A camera much like the dome's, and what OpenCV 5.0's projectPoints makes of five points.
R = [[-0.5048461046, 0.0, -0.8632093666], [-0.2550958104, 0.9553364891, 0.1491922252],
     [0.8246554057, 0.2955202067, -0.4822979051]]
ENTRY = {"name": "00_21", "type": "hd", "resolution": [1920, 1080], "panel": 0, "node": 21,
         "K": [[1396.92, 0, 944.559], [0, 1395.58, 564.205], [0, 0, 1]],
         "distCoef": [-0.2234, 0.2194, 0.00085, -0.00041, -0.0596], "R": R, "t": [[12.5], [98.25], [288.75]]}
POINTS = [[0, -100, 0], [60, -165, -40], [-80, 0, 30], [25.5, -120.25, 110], [-150, -40, -60]]
PIXELS = [[1011.8869975282234, 578.8250755868582], [1019.0854289114515, 205.3151937793781],
          [1115.504514012574, 1344.6919924278834], [362.9726419877785, 523.4563013456394],
          [1944.6406783844318, 1203.0557494919383]]


def camera(**changes):
    entry = ENTRY | changes
    return Camera(entry["name"], entry["resolution"], entry["K"], entry["distCoef"], entry["R"], entry["t"])


def straight(**changes):
    """At the origin, looking along z."""
    return camera(**{"distCoef": [0] * 5, "R": np.eye(3), "t": [0, 0, 0], "K": [[1000, 0, 960], [0, 1000, 540],
                                                                             [0, 0, 1]], **changes})


def test_reference_pixels_of_opencv():
    np.testing.assert_allclose(camera().project(POINTS), PIXELS, rtol=0, atol=1e-6)
    np.testing.assert_allclose(camera().project(np.reshape(POINTS, (5, 1, 3)))[:, 0], PIXELS, rtol=0, atol=1e-6)


def test_pixels_by_hand():
    np.testing.assert_allclose(straight().project([3, -2, 10]), [960 + 300, 540 - 200])
    # r^2 = 0.25: 1 - 0.2 / 4 + 0.1 / 16 = 0.95625
    np.testing.assert_allclose(straight(distCoef=[-0.2, 0.1, 0, 0, 0]).project([5, 0, 10]), [960 + 0.5 * 956.25, 540])
    # p1 alone, x = 0.3, y = 0.4: u + 2 p1 x y, v + p1 (r^2 + 2 y^2)
    np.testing.assert_allclose(straight(distCoef=[0, 0, 0.01, 0, 0]).project([3, 4, 10]), [1260 + 2.4, 940 + 5.7])
    np.testing.assert_allclose(straight(distCoef=[0, 0, 0, 0.01, 0]).project([3, 4, 10]), [1260 + 4.3, 940 + 2.4])
    # k3 is the last: r^6 = 1 / 64
    np.testing.assert_allclose(straight(distCoef=[0, 0, 0, 0, 0.64]).project([5, 0, 10]), [960 + 505, 540])
    np.testing.assert_allclose(straight(K=[[1000, 50, 960], [0, 1000, 540], [0, 0, 1]]).project([1, 2, 10])[0], 1070)


@given(seed=st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_equal_to_opencv(seed):
    cv2 = pytest.importorskip("cv2")
    rng = np.random.default_rng(seed)
    turn = cv2.Rodrigues(rng.normal(size=3))[0]
    lens = rng.normal(size=5) * (0.2, 0.2, 0.002, 0.002, 0.1)
    K = np.array([[rng.uniform(300, 2000), 0, rng.uniform(300, 1000)], [0, rng.uniform(300, 2000), 500], [0, 0, 1]])
    t = rng.normal(size=3) * 100
    in_camera = np.column_stack([rng.uniform(-1, 1, (50, 2)), np.ones(50)]) * rng.uniform(50, 500, (50, 1))
    points = (in_camera - t) @ turn
    expected = cv2.projectPoints(points, turn, t, K, lens)[0][:, 0]
    pixels = camera(K=K, distCoef=lens, R=turn, t=t).project(points)
    np.testing.assert_allclose(pixels, expected, rtol=0, atol=1e-6)


def test_what_is_not_in_front_has_no_pixels():
    points = [[0, 0, 0], [1, 1, -10], [np.nan, 0, 5], [0, 0, 1e-320], [0, 0, 5]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pixels = straight(distCoef=ENTRY["distCoef"]).project(points)
        sees = straight(distCoef=ENTRY["distCoef"]).sees(points)
    assert np.isnan(pixels[:3]).all()
    np.testing.assert_allclose(pixels[4], [960, 540])
    assert sees.tolist() == [False, False, False, True, True]


def test_the_lens_folds_nothing_back_into_the_picture():
    """With k1 = -0.22 alone, r (1 - 0.22 r^2) shrinks beyond r = 1.23: a point at r = 2.13 falls on the centre."""
    lens = straight(distCoef=[-0.22, 0, 0, 0, 0])
    r = np.sqrt(1 / 0.22)
    assert np.linalg.norm(lens.project([r, 0, 1]) - (960, 540)) < 1e-6
    assert not lens.sees([r, 0, 1])
    assert lens.sees([0.9, 0, 1])
    edge = lens.project([[0.96 * 1.3, 0, 1], [-0.96, 0, 1]])[:, 0]
    assert 0 < edge[1] < edge[0] < 1920


def test_the_picture_ends_at_its_edges():
    at = [[-960, 0], [-960.01, 0], [959.9, 0], [960, 0], [0, 540], [0, -540]]
    assert straight().sees(np.column_stack([at, [1000] * 6])).tolist() == [True, False, True, False, False, True]


@pytest.mark.parametrize(("changes", "problem"), [
    ({"K": np.eye(2)}, "K: expected finite numbers of shape"),
    ({"K": [[0, 0, 1], [0, 5, 1], [0, 0, 1]]}, "focal lengths above 0"),
    ({"K": np.diag([5, 5, 2])}, r"\[0, 0, 1\]"),
    ({"R": 2 * np.eye(3)}, "expected a rotation"),
    ({"R": np.diag([1, 1, -1])}, "expected a rotation"),
    ({"t": [1, 2]}, "t: expected finite numbers"),
    ({"distCoef": [0] * 4}, "distortion: expected finite numbers"),
    ({"distCoef": [np.nan] * 5}, "distortion: expected finite numbers"),
    ({"resolution": [1920.5, 1080]}, "whole px"),
    ({"resolution": [0, 1080]}, "whole px"),
    ({"resolution": "hd"}, "image_size"),
    ({"K": [[10**400, 0, 1], [0, 5, 1], [0, 0, 1]]}, "K"),
])
def test_what_is_no_camera_is_refused_by_name(changes, problem):
    with pytest.raises(ValueError, match=f"00_21.*{problem}"):
        camera(**changes)


def test_points_have_three_coordinates():
    with pytest.raises(ValueError, match=r"shape \(4, 2\), expected"):
        camera().project(np.zeros((4, 2)))


# --- files ----------------------------------------------------------------------------------------------------------

TEXT = json.dumps({"calibDataSource": "x", "cameras": [ENTRY, ENTRY | {"name": "01_01", "type": "vga"}]})


def test_a_calibration_is_read_by_name(tmp_path):
    folder = tmp_path / "170307_dance5"
    folder.mkdir()
    (folder / "calibration_170307_dance5.json").write_text(TEXT)
    cameras = read_calibration(folder)
    assert list(cameras) == ["00_21", "01_01"]
    assert [each.kind for each in cameras.values()] == ["hd", "vga"]
    assert cameras["00_21"].image_size == (1920, 1080)
    np.testing.assert_allclose(cameras["00_21"].project(POINTS), PIXELS, atol=1e-6)


@pytest.mark.parametrize(("text", "problem"), [
    ("", "no JSON"), ("[]", "no list of cameras"),
    ('{"cameras": []}', "no list"), ('{"cameras": [3]}', "camera 0.*int"),
    (json.dumps({"cameras": [{**ENTRY, "R": None}]}), "00_21.*R"),
    (json.dumps({"cameras": [{k: v for k, v in ENTRY.items() if k != "K"}]}), "camera 0: expected name, resolution, K"),
    (json.dumps({"cameras": [ENTRY, ENTRY]}), "camera 1: expected a name of its own, got '00_21'"),
    (TEXT.replace("12.5", "NaN"), "NaN is no number"), (TEXT.replace("12.5", "1e999"), "t: expected finite"),
    (TEXT.replace("12.5", '"a"'), "t: "), ("[" * 100000, "no JSON"),
])
def test_a_bad_calibration_is_refused_by_file(tmp_path, text, problem):
    path = tmp_path / "calibration_x.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileFormatError, match=problem) as caught:
        read_calibration(path)
    assert caught.value.path == str(path)


def test_no_file(tmp_path):
    with pytest.raises(FileFormatError, match="cannot be read"):
        read_calibration(tmp_path)


@given(cut=st.integers(0, len(TEXT) - 1))
@settings(max_examples=40, deadline=None)
def test_a_cut_off_calibration_is_refused(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("cut") / "calibration_x.json"
    path.write_text(TEXT[:cut])
    with pytest.raises(FileFormatError):
        read_calibration(path)


@given(at=st.integers(0, len(TEXT) - 1), byte=st.integers(0, 255))
@settings(max_examples=150, deadline=None)
def test_a_damaged_byte_gives_cameras_or_the_error(tmp_path_factory, at, byte):
    path = tmp_path_factory.mktemp("byte") / "calibration_x.json"
    path.write_bytes(TEXT[:at].encode() + bytes([byte]) + TEXT[at + 1:].encode())
    try:
        cameras = read_calibration(path)
    except FileFormatError:
        return
    assert all(np.isfinite(each.K).all() for each in cameras.values())


# --- filming --------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def data():
    return make_signing(n_signers=2, n_clips=2, n_frames=(20, 30), random_state=0)


def test_pixels_and_depths_are_those_of_the_camera(data):
    world = np.dstack([data.X[1], data.y[1]])
    turn = np.array([[np.cos(0.4), 0, np.sin(0.4)], [0, 1, 0], [-np.sin(0.4), 0, np.cos(0.4)]])
    side = straight(R=turn, t=[-120, 0, 60], resolution=[3000, 3000])
    filmed = film(data, side)
    in_camera = world @ turn.T + (-120, 0, 60)
    np.testing.assert_allclose(filmed.X[1], side.project(world), atol=1e-3)
    np.testing.assert_allclose(filmed.X[1][..., 0], 960 + 1000 * in_camera[..., 0] / in_camera[..., 2], atol=1e-3)
    z = in_camera[..., 2]
    root = z[:, [data.skeleton.index("mid_hip")]]
    np.testing.assert_allclose(filmed.y[1], z - root, atol=1e-3)
    assert (filmed.units, filmed.keypoint_units, filmed.image_size) == ("cm", "px", (3000, 3000))
    assert filmed.groups.tolist() == data.groups.tolist()
    assert data.X[1].shape == filmed.X[1].shape
    assert film(Bunch(**data, image_size=None), side).image_size == (3000, 3000)


def test_what_is_outside_is_nan_and_told(data):
    low = straight(resolution=[1920, 600])  # legs below the picture's edge
    with pytest.warns(UserWarning, match=r"camera '00_21': [0-9.]+ % .*are outside .* 0.0 % behind"):
        filmed = film(data, low)
    pixels = straight().project(np.dstack([data.X[0], data.y[0]]))
    below = pixels[..., 1] >= 600
    assert below.any()
    assert np.isnan(filmed.X[0][below]).all()
    assert not np.isnan(filmed.X[0][~below & (pixels[..., 1] >= 0)]).any()
    # How far they are is known all the same.
    np.testing.assert_array_equal(np.isnan(filmed.y[0]), np.isnan(np.dstack([data.X[0], data.y[0]])).any(axis=2))


def test_who_is_behind_the_camera_is_left_out_and_told(data):
    here, there = data.y[:2], [depth - 1000 for depth in data.y[2:]]
    moved = Bunch(**data)
    moved.y = [*here, *there]
    with pytest.warns(UserWarning, match=f"behind the camera.*left out: {data.recordings[2]}, {data.recordings[3]}"):
        filmed = film(moved, straight(resolution=[4000, 4000]))
    assert filmed.groups.tolist() == data.groups[:2].tolist()
    assert len(filmed.X) == len(filmed.y) == len(filmed.recordings) == 2
    moved.y = [depth - 1000 for depth in data.y]
    with pytest.raises(ValueError, match="sees none of the 4 clips"):
        film(moved, straight())


def test_a_world_with_y_up_is_refused(data):
    up = Bunch(**data)
    up.y_up = True
    with pytest.raises(ValueError, match="y is up"):
        film(up, straight())


def test_gaps_stay_gaps(data):
    holes = Bunch(**data)
    holes.X, holes.y = [clip.copy() for clip in data.X], [depth.copy() for depth in data.y]
    holes.X[0][3, 5], holes.y[0][4, 6] = np.nan, np.nan
    filmed = film(holes, straight(resolution=[4000, 4000]))
    assert np.isnan(filmed.X[0][[3, 4], [5, 6]]).all()
    assert np.isnan(filmed.y[0][3, 5])
    assert np.isnan(filmed.y[0][4, 6])


def test_from_files_to_a_lifter(tmp_path, data):
    """Recordings in Panoptic's layout, filmed by one of their cameras, lifted."""
    write_panoptic(data, tmp_path)
    loaded = load_panoptic(tmp_path, cache=False)
    filmed = film(loaded, straight(resolution=[4000, 4000]))
    lifter = make_lifter(filmed.skeleton, n_nets=1, hidden_size=8, max_epochs=1, random_state=0)
    depth = lifter.fit(filmed.X, filmed.y).predict(filmed.X)
    assert [each.shape for each in depth] == [each.shape for each in filmed.y]
