"""Configuration of the documentation."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import api_pages

import adapt

project = "adapt"
author = "The adapt developers"
copyright = f"2026, {author}"
version = release = adapt.__version__

extensions = [
    "api_pages",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "numpydoc",
]
templates_path = ["_templates"]
exclude_patterns = ["_build"]
default_role = "literal"

autosummary_generate = True
autosummary_context = {"own_methods": api_pages.own_methods}
suppress_warnings = ["config.cache"]  # the function above cannot be pickled
autodoc_typehints = "none"
numpydoc_class_members_toctree = False
numpydoc_show_class_members = False

# Links to other projects need their inventories, which Sphinx fetches. A build never
# needs a network unless it is asked for them. Keras publishes no inventory.
intersphinx_mapping = {}
if os.environ.get("ADAPT_DOCS_LINKS") == "1":
    intersphinx_mapping = {
        "numpy": ("https://numpy.org/doc/stable/", None),
        "pandas": ("https://pandas.pydata.org/docs/", None),
        "python": ("https://docs.python.org/3/", None),
        "scipy": ("https://docs.scipy.org/doc/scipy/", None),
        "sklearn": ("https://scikit-learn.org/stable/", None),
    }
    intersphinx_timeout = 20

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"plot_",
    "reference_url": {"adapt": None},
    "doc_module": ("adapt",),
    "backreferences_dir": "api/backreferences",
    "show_memory": False,
    "min_reported_time": 1,
    "remove_config_comments": True,
    "plot_gallery": "True",
    "abort_on_example_error": True,
}

html_theme = "pydata_sphinx_theme"
html_title = "adapt"
html_theme_options = {
    "show_prev_next": False,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "use_edit_page_button": False,
}
html_sidebars = {"index": [], "install": [], "quick_start": []}
html_show_sourcelink = False
