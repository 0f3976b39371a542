"""Depths relative to roots, put back where these are: what hangs on another region's keypoint goes along with it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifting_cases import tiny_lstm

from liftz import MeanPose, RootCenterer, Skeleton, make_lifter, mpjpe
from liftz._description import describe
from liftz._steps import output_step
from liftz.assembly import assemble
from liftz.roots import hung_parts, own_roots, put_back

NAMES = ["hip", "chest", "wrist", "knuckle", "tip", "nail"]


def signer(roots, root="hip", regions=None, edges=()):
    return Skeleton("signer", NAMES, root=root, edges=edges, roots=roots, regions=regions or {
        "body": ["hip", "chest", "wrist"], "hand": ["knuckle", "tip"], "end": ["nail"]})


ON_THE_WRIST = signer({"hand": "wrist", "end": "wrist"})
ON_A_FINGER = signer({"hand": "wrist", "end": "tip"})
BETWEEN = signer({"hand": ("wrist", "knuckle"), "end": ("tip", "wrist")})
ACROSS = signer({}, root=("hip", "tip"))  # both are measured from their mean, whatever region they are in
skeletons = pytest.mark.parametrize("skeleton", [ON_THE_WRIST, ON_A_FINGER, BETWEEN, ACROSS], ids=range(4))
depths = st.lists(st.integers(-500, 500), min_size=6, max_size=6)


@skeletons
@given(depth=depths)
def test_what_was_taken_apart_comes_back_but_for_where_all_of_it_is(skeleton, depth):
    depth = np.array([depth], np.float32)
    centerer = RootCenterer(skeleton).fit([depth])
    centered = centerer.transform([depth])[0]
    expected = depth - depth[:, skeleton.root_indices()].mean(axis=1)
    np.testing.assert_allclose(put_back(centered, skeleton), expected, atol=1e-3)
    np.testing.assert_allclose(centerer.inverse_transform([centered])[0], expected, atol=1e-3)
    step = output_step(describe(centerer))
    np.testing.assert_allclose(step(centered[0]), expected[0], atol=1e-3)


@skeletons
@given(depth=depths)
def test_what_is_lifted_without_error_has_none(skeleton, depth):
    y = [np.tile(np.array(depth, np.float32), (3, 1))] * 2
    X = [np.arange(36, dtype=np.float32).reshape(3, 6, 2)] * 2
    lifter = make_lifter(skeleton, MeanPose()).fit(X, y)
    assert mpjpe(y, lifter.predict(X), skeleton=skeleton) == pytest.approx(0, abs=1e-2)
    assert lifter.score(X, y) == pytest.approx(0, abs=1e-2)


def test_a_hand_on_the_bodys_wrist_is_put_together_where_it_is():
    true = np.array([[100.0, 90, 60, 50, 40, 35]])
    seen = np.arange(12.0).reshape(1, 6, 2)
    lifted = put_back(RootCenterer(ON_THE_WRIST).fit_transform([true])[0], ON_THE_WRIST)
    points = assemble(seen, lifted, ON_THE_WRIST, units="mm").points
    np.testing.assert_allclose(points[0, :, 2], true[0] - 100, atol=1e-3)


def test_a_fingers_end_goes_where_the_hand_went_whichever_is_named_first():
    names = ["hip", "wrist", "hand wrist", "tip", "nail"]
    regions = {"end": ["nail"], "body": ["hip", "wrist"], "hand": ["hand wrist", "tip"]}
    true = np.array([[100.0, 60, 60, 40, 35]])
    for order in (["end", "body", "hand"], ["hand", "end", "body"]):
        skeleton = Skeleton("signer", names, root="hip", regions={region: regions[region] for region in order},
                            roots={"hand": "hand wrist", "end": "tip"})
        lifted = put_back(RootCenterer(skeleton).fit_transform([true])[0], skeleton)
        points = assemble(np.zeros((1, 5, 2)), lifted, skeleton, units="mm").points
        np.testing.assert_allclose(points[0, :, 2], true[0] - 100, atol=1e-3)


def test_a_hand_whose_wrist_is_not_lifted_stays_relative():
    rng = np.random.default_rng(0)
    X, y = [rng.normal(size=(9, 6, 2)) for _ in range(3)], [rng.normal(size=(9, 6)) for _ in range(3)]
    for skeleton in (ON_THE_WRIST, ON_A_FINGER):
        lifter = make_lifter(skeleton, tiny_lstm(skeleton.subset("hand")), select="hand").fit(X, y)
        depth = lifter.predict(X)[0]
        assert np.isfinite(depth[:, 3:5]).all()
        assert np.isnan(depth[:, [0, 1, 2, 5]]).all()


def test_each_comes_after_what_it_hangs_on():
    assert ON_A_FINGER.hung == ("wrist", "tip")
    assert [(members.tolist(), root.tolist(), n) for members, root, n in hung_parts(ON_A_FINGER)] == [
        ([3, 4], [2], 1), ([5], [4], 1)]
    assert [n for _, _, n in hung_parts(BETWEEN)] == [1, 2]
    assert hung_parts(ACROSS) == hung_parts(ON_A_FINGER, per_region=False) == []
    assert [root.tolist() for root in own_roots(ACROSS)] == [[0, 4]]


def test_regions_that_hang_on_each_other_hang_on_nothing():
    with pytest.raises(ValueError, match="roots: 'tip' and 'wrist' are measured from each other"):
        signer({"body": "tip", "hand": "wrist"}, root="wrist")
    with pytest.raises(ValueError, match="'nail' and 'tip' are measured from each other"):
        signer({"hand": "nail", "end": "tip"})
