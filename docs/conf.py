"""Sphinx: `sphinx-build -W docs build/docs`."""

project = "liftz"
copyright = "2026, the liftz developers"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc", "sphinx.ext.intersphinx"]
html_theme = "furo"
exclude_patterns = []
autosummary_generate = True
autodoc_default_options = {"members": False}
numpydoc_show_class_members = False
intersphinx_mapping = {}
nitpicky = False
