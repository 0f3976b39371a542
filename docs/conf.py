"""Sphinx: `sphinx-build -W docs build/docs`."""

project = "liftz"
copyright = "2026, the liftz developers"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc"]
html_theme = "furo"
numpydoc_show_class_members = False
