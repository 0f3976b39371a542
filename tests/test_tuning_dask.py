"""Folds on a dask cluster of two processes: the run that docs/scaling-out.md shows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "scaling-out.md"


def test_the_run_of_the_page_gives_what_the_page_shows(tmp_path):
    pytest.importorskip("distributed", reason='without dask: pip install "liftz[dask]"')
    text = PAGE.read_text(encoding="utf-8")
    [snippet] = [code for code in re.findall(r"```py\n(.*?)```", text, re.DOTALL) if "LocalCluster" in code]
    [shown] = re.findall(r"```text\n(.*?)```", text, re.DOTALL)
    program = tmp_path / "folds.py"
    program.write_text(snippet, encoding="utf-8")
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout == shown
