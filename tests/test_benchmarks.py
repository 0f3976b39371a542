"""The benchmarks' own guard against leaks, and the rivals' networks."""

import sys
from pathlib import Path

import numpy as np
import pytest
from lifting_cases import SIGNER, TINY, assert_clips_alone, recordings

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from protocols import check_no_leak  # noqa: E402
from rivals import rivals  # noqa: E402

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
