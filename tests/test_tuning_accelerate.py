"""The recipe for several GPUs, of docs/scaling-out.md, in one process."""

import re
from pathlib import Path

import numpy as np
import pytest
from lifting_cases import TINY, assert_same, recordings

from liftz import LSTMRegressor

PAGE = Path(__file__).parents[1] / "docs" / "scaling-out.md"


def test_the_recipe_is_the_lstm_again_where_there_is_one_process():
    pytest.importorskip("accelerate", reason="the recipe needs accelerate")
    [code] = [s for s in re.findall(r"```py\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL) if "Accel" in s]
    names: dict = {"__name__": "many"}
    exec(compile(code, "many.py", "exec"), names)
    X, y, _ = recordings()
    y = [np.nan_to_num(depth, nan=1000.0) for depth in y]
    found = names["AcceleratedLSTM"](**TINY).fit(X, y).predict(X)
    assert_same(found, LSTMRegressor(**TINY).fit(X, y).predict(X))
