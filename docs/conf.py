"""Configuration of the documentation."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import api_pages
import links

import adapt

project = "adapt"
author = "The adapt developers"
copyright = f"2026, {author}"
version = release = adapt.__version__

extensions = [
    "api_pages",
    "gallery_claims",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "mathml",
    "papers",
    "results",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "numpydoc",
]
templates_path = ["_templates"]
exclude_patterns = ["_build"]
default_role = "name"  # of a class or function, which is then a link; or literal

autosummary_generate = True
autosummary_context = {"own_methods": api_pages.own_methods}
suppress_warnings = ["config.cache"]  # the function above cannot be pickled
autodoc_typehints = "none"
numpydoc_class_members_toctree = False
numpydoc_show_class_members = False

numpydoc_xref_param_type = True
numpydoc_xref_ignore = "all"
numpydoc_xref_aliases = {
    "ndarray": "numpy.ndarray",
    "RandomState": "numpy.random.RandomState",
    "DataFrame": "pandas.DataFrame",
    "Bunch": "sklearn.utils.Bunch",
}

# A build needs no network: names that the pages mention are in small inventories. With
# ADAPT_DOCS_LINKS=1 whole ones are fetched. Keras and POT publish none.
intersphinx_mapping = links.inventories(Path(__file__).parent / "_build/inventories")
if os.environ.get("ADAPT_DOCS_LINKS") == "1":
    intersphinx_mapping |= {
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
html_static_path = ["_static"]
html_search_scorer = str(Path(__file__).with_name("search_scorer.js"))
html_theme_options = {
    "show_prev_next": False,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "use_edit_page_button": False,
}
html_sidebars = {"index": [], "install": [], "quick_start": []}
html_show_sourcelink = False
