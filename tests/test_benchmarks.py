"""The benchmarks' own guard against leaks, and the rivals' networks."""

import sys
from pathlib import Path

import numpy as np
import pytest
from lifting_cases import SIGNER, TINY, assert_clips_alone, recordings
from sklearn.utils import Bunch

from liftz.sequences import to_object_array
from liftz.skeletons import KINECT_20

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from protocols import check_no_leak, folds  # noqa: E402
from rivals import rivals  # noqa: E402
from signer_tables import summary  # noqa: E402
from signers import read  # noqa: E402

SMALL = {name: value for name, value in TINY.items() if name in ("max_epochs", "batch_size")}


def test_a_planted_leak_is_found():
    X, _, signers = recordings()
    check_no_leak(X, signers, np.flatnonzero(signers != "Ann"), np.flatnonzero(signers == "Ann"))
    with pytest.raises(AssertionError, match="signer Ann is in training and test"):
        check_no_leak(X, signers, np.arange(6), np.flatnonzero(signers == "Ann"))
    X[1] = X[0].copy()  # Ben's clip is Ann's, under his name
    with pytest.raises(AssertionError, match="clip 0 of the test is also in training"):
        check_no_leak(X, signers, np.flatnonzero(signers != "Ann"), np.flatnonzero(signers == "Ann"))


@pytest.mark.parametrize("name", list(rivals(SIGNER, 0)))
def test_rivals_lift_each_clip_by_itself(name):
    X, y, _ = recordings()
    y = [np.nan_to_num(depth, nan=1000.0) for depth in y]
    lifter = rivals(SIGNER, 0, **SMALL)[name].fit(X, y)
    assert_clips_alone(lifter.predict, X, atol=1e-4)


def test_no_fold_of_any_setting_has_a_signer_on_both_sides():
    rng = np.random.default_rng(0)
    n = 4 * 9
    X = to_object_array([rng.normal(size=(20, 20, 2)).astype(np.float32) for _ in range(n)])
    data = Bunch(X=X, groups=np.repeat(list("ABCD"), 9), repetitions=np.tile(np.arange(1, 10), 4), skeleton=KINECT_20)
    for setting in ("metric", "view", "few"):
        found = list(folds(setting, data, list("ABCD"), 0))
        assert {fold.signer for fold in found} == set("ABCD")
        for fold in found:
            check_no_leak(fold.X, data.groups, fold.train, fold.test)
            assert set(data.groups[fold.test]) == {fold.signer}
            if setting == "view":
                assert data.repetitions[fold.train].max() < 7 <= data.repetitions[fold.test].min()
            if setting == "few":
                assert len(set(data.groups[fold.train])) == min(int(fold.variant), 3)
    for fold in folds("floor", data, list("ABCD"), 0):  # the same signer, never the same clip
        check_no_leak(fold.X, data.groups, fold.train, fold.test, same_signer=True)
        with pytest.raises(AssertionError, match="is in training and test"):
            check_no_leak(fold.X, data.groups, fold.train, fold.test)


def test_a_torn_last_line_is_taken_off_and_the_rest_read(tmp_path, capsys):
    path = tmp_path / "r.jsonl"
    path.write_text('{"error": 1}\n{"err')
    assert read(path) == [{"error": 1}]
    assert "torn" in capsys.readouterr().out
    assert path.read_text() == '{"error": 1}\n'


def test_models_are_compared_on_the_signers_that_both_have():
    def line(model, signer, error):
        return {"protocol": "P1", "variant": "", "model": model, "seed": 0, "signer": signer, "error": error}

    lines = [line("lifter", "A", 10.0), line("TCN", "A", 20.0), line("TCN", "B", 1.0), line("frame ridge", "A", 9.0)]
    [text] = summary(lines)
    assert "lifter 10.00 on 1 signers = 1.111 of frame ridge" in text
    assert "behind it for ['A']" in text
