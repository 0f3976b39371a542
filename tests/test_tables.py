"""Error tables: the same numbers as the metric's, sorted by part, model and signer."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metric_cases import SIGNER, pairs

from liftz.metrics import mpjpe
from liftz.tables import error_table


@given(pairs(n=3), st.lists(st.sampled_from([7, 10, 9]), min_size=3, max_size=3))
def test_rows_hold_what_the_metric_says_of_each_signer_and_part(ys, signers):
    y_true, a, b = ys
    groups = np.array(signers[: len(y_true)])
    table = error_table(y_true, {"a": a, "b": b}, groups, SIGNER, keypoints=True)
    alike = [np.where(np.isnan(p + q), np.nan, t) for t, p, q in zip(y_true, a, b, strict=True)]
    keypoints = [name for name in SIGNER.keypoints if name not in ("hip", "wrist")]
    assert list(dict.fromkeys(row.part for row in table.rows)) == ["all", *SIGNER.regions, *keypoints]
    for row in table.rows:
        y_pred = {"a": a, "b": b}[row.model]
        for signer, error in row.signers.items():
            own = [i for i, label in enumerate(groups) if str(label) == signer]
            expected = mpjpe([alike[i] for i in own], [y_pred[i] for i in own], skeleton=SIGNER,
                             regions=None if row.part == "all" else row.part)
            assert error == pytest.approx(expected)
        values = list(row.signers.values())
        assert (row.mean, row.spread) == (pytest.approx(np.mean(values)), pytest.approx(np.std(values)))
        assert row.worst == row.signers[row.worst_signer] == max(values)


ZEROS = np.zeros((3, 2, 6))
FAR = ZEROS + [0, 0, 4, 0, 0, 4]


def test_skill_is_against_the_reference_and_weighs_signers_alike():
    steps = np.array([1, 1, 2])[:, None, None]
    lifter = FAR * [[[0.5]], [[0.5]], [[1.75]]]
    table = error_table(ZEROS, {"lifter": lifter, "mean pose": FAR * steps}, ["Ann", "Ann", "Ben"], SIGNER,
                        reference="mean pose", regions="body")
    lifter, mean_pose = table.rows[:2]
    assert (lifter.signers, mean_pose.signers) == ({"Ann": 2, "Ben": 7}, {"Ann": 4, "Ben": 8})
    assert (lifter.mean, lifter.spread, lifter.worst_signer, lifter.worst) == (4.5, 2.5, "Ben", 7)
    assert (lifter.skill, mean_pose.skill, lifter.count) == (0.25, None, 12)


def test_parts_and_signers_without_a_comparable_keypoint_are_left_out():
    y_pred = FAR.copy()
    y_pred[..., SIGNER.region_indices("hand")] = np.nan
    y_pred[2] = np.nan
    table = error_table(ZEROS, {"body lifter": y_pred, "flat": ZEROS}, ["Ann", "Ben", "Cem"], SIGNER, reference="flat")
    assert [(row.part, row.model) for row in table.rows] == [
        ("all", "body lifter"), ("all", "flat"), ("body", "body lifter"), ("body", "flat")]
    assert list(table.rows[0].signers) == ["Ann", "Ben"]
    assert table.rows[0].skill is None  # flat is without error here
    with pytest.raises(ValueError, match="nothing to compare"):
        error_table(ZEROS, {"blank": np.full_like(ZEROS, np.nan)}, ["Ann", "Ben", "Cem"], SIGNER)


def test_a_table_goes_into_json_and_text():
    table = error_table(ZEROS, {"lifter": FAR}, [10, 9, 9], SIGNER)
    assert json.loads(json.dumps(table.to_dict()))["rows"][0]["signers"] == {"9": 2, "10": 2}
    lines = str(table).splitlines()
    assert lines[0].split() == ["part", "model", "mean", "spread", "worst", "signer", "skill", "9", "10"]
    assert lines[1].split() == ["all", "lifter", "2", "0", "2", "9", "-", "2", "2"]
    assert len({len(line) for line in lines}) == 1


@pytest.mark.parametrize(("predictions", "groups", "options", "message"), [
    ({}, "abc", {}, "expected predictions by name, at least one, got"),
    ({"lifter": FAR}, "abc", {"reference": "flat"}, r"'flat' among them, got \['lifter'\]"),
    ({"lifter": FAR}, "ab", {}, "the signer of each of 3 clips"),
    ({"y_true": FAR, "lifter": FAR[:, :1]}, "abc", {},
     r"clip 0: y_true has shape \(2, 6\), prediction 'lifter' has shape \(1, 6\)"),
])
def test_refuses_tables_of_nothing(predictions, groups, options, message):
    with pytest.raises(ValueError, match=message):
        error_table(ZEROS, predictions, list(groups), SIGNER, **options)
