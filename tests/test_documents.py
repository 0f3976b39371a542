"""What the documents show runs as it stands there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SNIPPETS = [pytest.param("\n".join(re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)),
                         id=path.name)
            for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
            if "```python" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("code", SNIPPETS)
def test_snippets_run_in_their_order(code):
    exec(compile(code, "snippets", "exec"), {})


def test_the_readme_names_every_public_name():
    import liftz

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in liftz.__all__ if name != "__version__" and f"`{name}`" not in text] == []


def test_versions_agree():
    import liftz

    assert f'version = "{liftz.__version__}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
