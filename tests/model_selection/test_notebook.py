"""What a notebook shows of a decision."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from adapt.model_selection import AutoAdapt, compare
from tests.common import shifted_classes

Xs, ys, Xt, yt = shifted_classes()
MODEL = AutoAdapt(methods=["LinearOT"], cv=2, random_state=0)


class Cells(HTMLParser):
    """Checks that tags are closed in order, and keeps the texts of the cells."""

    def __init__(self, html):
        super().__init__()
        self.open, self.cells = [], []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        if tag not in ("input", "br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.cells.append(data)


def decision(html):
    """Return the HTML before scikit-learn's diagram."""
    return html.split("<style>")[0]


@pytest.fixture(scope="module")
def fitted():
    return AutoAdapt(methods=["LinearOT"], cv=2, random_state=0).fit(Xs, ys, Xt=Xt)


def test_the_decision_stands_above_the_diagram(fitted):
    html = fitted._repr_html_()
    cells = Cells(decision(html)).cells
    facts = dict(zip(cells[::2], cells[1::2], strict=False))
    assert facts["Chosen"] == fitted.comparison_.advice
    assert facts["Why"] == fitted.decision_
    assert f"p = {fitted.shift_p_value_:.2g}" in facts["Shift"]
    assert facts["Rows"] == f"{len(Xs)} of the source, {len(Xt)} of the target"
    assert "sk-container" in html


def test_without_a_fit_there_is_no_decision():
    assert decision(MODEL._repr_html_()) == ""
    inside = make_pipeline(StandardScaler(), MODEL)._repr_html_()
    assert "Decision" not in inside


def test_methods_are_shown_with_their_scores():
    result = compare(Xs, ys, Xt, yt, methods=["LinearOT", "IWC"])
    html = result._repr_html_()
    cells = Cells(html).cells
    for row in result.rows:
        assert row["method"] in cells
    assert f"{result.rows[0]['target']:.3f}" in cells
    chosen = re.findall(r"<tr><th[^>]*>([^<]*)</th><th[^>]*>chosen</th>", html)
    assert chosen == [result.recommended]


def test_what_failed_is_escaped(fitted):
    result = compare(Xs, ys, Xt, methods=["LinearOT"])
    result.rows[-1] = {"method": "<b>", "error": "ValueError: a < b"}
    cells = Cells(result._repr_html_()).cells
    assert {"<b>", "failed: ValueError: a < b"} <= set(cells)


def test_a_fit_without_shift_shows_no_table_of_methods():
    rows = np.random.RandomState(0).permutation(len(Xs))
    half = len(Xs) // 2
    here, there = rows[:half], rows[half:]
    model = AutoAdapt(cv=2, random_state=0).fit(Xs[here], ys[here], Xt=Xs[there])
    assert model.best_method_ == "SourceOnly"
    html = decision(model._repr_html_())
    assert "<caption>Decision</caption>" in html
    assert "<caption>Methods</caption>" not in html
