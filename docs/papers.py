"""Sphinx extension: the addresses of papers, after the references of docstrings."""

import csv
import re
from pathlib import Path

_PLACES = {"doi": "https://doi.org/", "arXiv": "https://arxiv.org/abs/"}
_REFERENCE = re.compile(r"^( *)\.\. \[\d+\] .*(?:\n\1   +\S.*)*", re.M)


def addresses():
    """Return the address of each paper, such as ``arXiv:1505.07818``, by its title."""
    path = Path(__file__).with_name("papers.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return {row["title"]: row["address"] for row in csv.DictReader(file)}


def with_links(text, known):
    """Return a docstring in which references with a known title have a link."""

    def linked(match):
        words = " ".join(match[0].split())
        title = re.search(r'"([^"]+?)[.,]?"', words)
        address = known.get(title[1]) if title else None
        if address is None:
            return match[0]
        kind, _, number = address.partition(":")
        link = f"`{address} <{_PLACES[kind]}{number}>`__"
        return f"{match[0]}\n{match[1]}   {link}"

    return _REFERENCE.sub(linked, text)


def _of_docstring(app, what, name, obj, options, lines):
    lines[:] = with_links("\n".join(lines), addresses()).split("\n")


def setup(app):
    """Register the extension; numpydoc takes the docstrings after it."""
    app.connect("autodoc-process-docstring", _of_docstring, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
