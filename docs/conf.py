"""Sphinx: `sphinx-build -W docs build/docs`."""

project = "liftz"
copyright = "2026, the liftz developers"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc", "sphinx_gallery.gen_gallery"]
sphinx_gallery_conf = {"examples_dirs": "../examples", "gallery_dirs": "gallery", "show_memory": False,
                       "within_subsection_order": "FileNameSortKey", "abort_on_example_error": True,
                       "download_all_examples": False}
suppress_warnings = ["ref.term"]  # of scikit-learn's own docstrings
html_theme = "furo"
numpydoc_show_class_members = False
myst_heading_anchors = 2  # for links to sections
