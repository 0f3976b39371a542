"""The gallery's scripts run as they stand, but for the length of their clips and of their training."""

import re
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parents[1] / "examples").glob("plot_*.py"))


def test_there_are_scripts():
    assert SCRIPTS


@pytest.mark.parametrize("path", SCRIPTS, ids=[path.stem for path in SCRIPTS])
def test_a_script_runs(path, tmp_path, monkeypatch):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    monkeypatch.chdir(tmp_path)
    code = path.read_text(encoding="utf-8")
    assert re.match(r'"""\n\S.*\n=+\n', code), "the gallery wants a title"
    short = code
    for long, quick in (("n_frames=\\(\\d+, \\d+\\)", "n_frames=(32, 36)"), ("hidden_size=\\d+, *", ""),
                        ("max_epochs=\\d+", "max_epochs=1, hidden_size=4")):
        short = re.sub(long, quick, short)
    assert short.count("hidden_size=4") == short.count("max_epochs=1") == 1
    exec(compile(short, str(path), "exec"), {})
    assert pyplot.get_fignums()
    pyplot.close("all")
