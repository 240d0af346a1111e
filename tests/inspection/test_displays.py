import copy
import re
import subprocess
import sys
from html.parser import HTMLParser

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from adapt.base import SourceOnly
from adapt.feature_based import FA, LinearOT
from adapt.inspection import (
    DomainScoresDisplay,
    LabelGainDisplay,
    LearningCurveDisplay,
    ShiftDisplay,
    TrainingDisplay,
    TransferMatrixDisplay,
    WeightsDisplay,
    diagnose_shift,
)
from adapt.inspection._html_report import diagnosis_page, html_report
from adapt.inspection._shift_report_text import advice
from adapt.instance_based import IWC, RULSIF
from adapt.model_selection import AutoAdapt, compare
from tests.common import shifted_classes

mpl.use("Agg")
DATA = shifted_classes()


@pytest.fixture(autouse=True)
def close():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.fixture(scope="module")
def comparison():
    return compare(*DATA, methods=["LinearOT", "IWC"])


def axes():
    import matplotlib.pyplot as plt

    return plt.subplots()[1]


# ------------------------------------------------------------------------- shift


def test_shift_before_and_after():
    Xs, ys, Xt, _ = DATA
    model = LinearOT().fit(Xs, ys, Xt=Xt)
    display = ShiftDisplay.from_estimator(model, Xs, Xt)
    assert [len(part) for part in display.before] == [len(Xs), len(Xt)]
    gaps = [
        np.linalg.norm(source.mean(axis=0) - target.mean(axis=0))
        for source, target in (display.before, display.after)
    ]
    assert gaps[1] < 0.1 * gaps[0]
    assert display.ax_[1].get_title() == "Rows as LinearOT maps them"
    assert len(display.ax_[0].collections) == 2
    again = display.plot(ax=display.ax_, s=3)
    assert again.figure_ is display.figure_
    with pytest.raises(ValueError, match="must hold 2 axes"):
        display.plot(ax=axes())
    with pytest.raises(TypeError, match="SourceOnly does not"):
        ShiftDisplay.from_estimator(SourceOnly().fit(Xs, ys, Xt=Xt), Xs, Xt)


@pytest.mark.parametrize("d", [1, 2, 4])
def test_shift_of_samples(d):
    Xs, _, Xt, _ = DATA
    ax = axes()
    display = ShiftDisplay.from_samples(Xs[:, :d], Xt[:, :d], max_rows=30, ax=ax)
    assert display.ax_[0] is ax
    assert [part.shape for part in display.before] == [(30, 2)] * 2
    name = "column 1" if d <= 2 else "principal component 1"
    assert ax.get_xlabel() == name


# ----------------------------------------------------------------------- weights


def test_weights_are_drawn_by_what_they_carry():
    Xs, ys, Xt, _ = DATA
    models = [adapter().fit(Xs, ys, Xt=Xt) for adapter in (IWC, RULSIF)]
    display = WeightsDisplay.from_estimator(*models)
    lines = display.ax_.get_lines()
    assert len(lines) == 3
    carried = lines[0].get_ydata()
    half = np.sort(models[0].weights_)[::-1][: len(Xs) // 2].sum()
    assert carried[len(Xs) // 2] == pytest.approx(half / len(Xs))
    share = models[0].effective_sample_size_ / len(Xs)
    assert lines[0].get_label() == f"IWC: effective sample size {share:.0%}"
    with pytest.raises(TypeError, match="LinearOT does not"):
        WeightsDisplay.from_estimator(LinearOT().fit(Xs, ys, Xt=Xt))


# ------------------------------------------------------------------------ scores


def test_scores_of_a_comparison(comparison):
    display = DomainScoresDisplay.from_comparison(comparison)
    names = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert f"{comparison.recommended} (chosen)" in names
    labels = display.ax_.get_legend_handles_labels()[1]
    assert {
        "circular validation",
        "importance-weighted",
        "true score on the target",
    } == set(labels)
    truth = display.ax_.collections[-1].get_offsets()[:, 0]
    np.testing.assert_allclose(sorted(truth), sorted(comparison.results["target"]))


def test_scores_of_auto_adapt():
    Xs, ys, Xt, _ = DATA
    model = AutoAdapt(methods=["LinearOT"], random_state=0).fit(Xs, ys, Xt=Xt)
    ax = axes()
    display = DomainScoresDisplay.from_estimator(model, ax=ax)
    assert display.ax_ is ax
    assert "true score on the target" not in ax.get_legend_handles_labels()[1]


# ---------------------------------------------------------------- learning curves


def test_learning_curve_against_fits_by_hand():
    Xs, ys, Xt, yt = DATA
    display = LearningCurveDisplay.from_estimator(
        [SourceOnly(), FA()], Xs, ys, Xt, yt, sizes=[10, 40], n_repeats=2
    )
    order = np.random.RandomState(0).permutation(len(yt))
    known, rest = order[:10], order[10:]
    model = FA().fit(Xs, ys, Xt=Xt[known], yt=yt[known])
    assert display.scores["FA"][0, 0] == model.score(Xt[rest], yt[rest])
    plain = SourceOnly().fit(Xs, ys, Xt=Xt)
    assert display.scores["SourceOnly"][0, 0] == plain.score(Xt[rest], yt[rest])
    assert display.ax_.get_xscale() == "log"
    with pytest.raises(ValueError, match="less than the 120 labelled target rows"):
        LearningCurveDisplay.from_estimator([FA()], Xs, ys, Xt, yt, sizes=[120])


def test_transfer_matrix():
    Xs, ys, Xt, yt = DATA
    X, y = np.concatenate([Xs, Xt]), np.concatenate([ys, yt])
    domain = np.repeat(["here", "there"], [len(Xs), len(Xt)])
    model = LinearOT(LogisticRegression(C=0.01))
    display = TransferMatrixDisplay.from_estimator(model, X, y, domain)
    expected = model.fit(Xs, ys, Xt=Xt).score(Xt, yt)
    assert display.scores[0, 1] == expected
    assert display.scores.shape == (2, 2)
    assert [t.get_text() for t in display.ax_.get_xticklabels()] == ["here", "there"]
    assert f"{expected:.2f}" in [t.get_text() for t in display.ax_.texts]
    with pytest.raises(ValueError, match="2 different values"):
        TransferMatrixDisplay.from_estimator(model, X, y, np.zeros(len(X)))


def test_matplotlib_is_imported_when_something_is_drawn():
    code = "import sys, adapt.inspection; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"adapt-learn\[plot\]"):
        WeightsDisplay({"a": np.ones(3)}).plot()


# ---------------------------------------------------------------------- the page


class Balanced(HTMLParser):
    """Checks that tags are closed in order, and keeps what is of interest."""

    def __init__(self):
        super().__init__()
        self.open, self.images, self.links = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.images.append(dict(attrs))
        elif tag != "meta":
            self.open.append(tag)
        self.links += [v for k, v in attrs if k in ("href", "src") and tag != "img"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_holds_all_and_loads_nothing(comparison):
    Xs, ys, Xt, yt = DATA
    report = diagnose_shift(Xs, ys, Xt, yt)
    page = html_report(comparison, report, Xs, Xt, source="<old>", target="new")
    parser = Balanced()
    parser.feed(page)
    assert parser.open == parser.links == []
    assert len(parser.images) == 2
    for image in parser.images:
        assert image["src"].startswith("data:image/png;base64,iVBOR")
        assert image["alt"]
    assert "http" not in re.sub('base64,[^"]*', "", page)
    assert "<old>" not in page
    assert "&lt;old&gt;" in page
    assert page.count("<tr") == 3 + len(comparison.results) + 3 + 4
    assert "By source" not in page
    assert "By labels" not in page
    assert f"Recommended: {comparison.advice}" in page
    assert "prefers-color-scheme: dark" in page


def test_the_page_says_what_few_labels_and_several_sources_say():
    Xs, ys, Xt, yt = DATA
    few = np.where(np.arange(len(yt)) < 12, yt, -1)
    found = compare(Xs, ys, Xt, few, methods=["LinearOT"], cv=2, target_labels="choose")
    sources = pd.DataFrame({"source": ["a", "all"], "auc": [0.5, np.nan]})
    report = diagnose_shift(Xs, ys, Xt)
    page = html_report(found, report, Xs, Xt, sources=sources)
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    assert f"{len(yt):,} target rows, 12 of them labelled" in page
    assert "12 labels of the target were used to choose" in page
    for title, rows in ("By labels", len(found.labels.results)), ("By source", 2):
        part = page[page.index(f"<h2>{title}") :]
        assert part[: part.index("</table>")].count("<tr") == 1 + rows
    assert "inf" not in re.findall(r"<td>(.*?)</td>", page)
    assert "<code>near</code>: share of target rows" in diagnosis_page(
        report, Xs, Xt, sources=sources
    )


def test_what_to_do_is_what_is_recommended(comparison):
    Xs, ys, Xt, _ = DATA
    report = diagnose_shift(Xs, ys, Xt)
    for kind in "none", "label", "covariate", "features":
        report.kind = kind
        for name in "SourceOnly", "LinearOT":
            found = copy.copy(comparison)
            found.recommended = name
            first = advice(report, found)[0]
            if name == "LinearOT":
                assert first == "Fit `LinearOT`."
            else:
                assert re.match("Do not|Fit on the source", first), kind


# ------------------------------------------------------------ a choice by few labels


def test_gain_of_labels_against_draws_by_hand():
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=200)
    predictions = np.array(
        [np.where(rng.random(200) < p, y, 1 - y) for p in (0.6, 0.9)]
    )
    display = LabelGainDisplay.from_predictions(
        predictions, y, sizes=[5, 20], n_repeats=6, ax=axes()
    )
    gain = (predictions[1] == y).mean() - (predictions[0] == y).mean()
    assert display.oracle == pytest.approx(gain)
    assert display.suggested.shape == display.at_random.shape == (2, 6)
    for found in (display.suggested, display.at_random):
        assert np.all(np.isclose(found, 0) | np.isclose(found, gain))
    assert display.suggested[1].mean() > gain / 2
    labels = display.ax_.get_legend_handles_labels()[1]
    assert labels == ["suggested rows", "random rows", "best candidate"]
    with pytest.raises(ValueError, match="`predictions` must be of shape"):
        LabelGainDisplay.from_predictions(predictions, y[1:])


def test_gain_of_labels_of_auto_adapt():
    Xs, ys, Xt, yt = DATA
    labels = yt.astype(object)
    labels[:10] = None
    model = AutoAdapt(methods=["LinearOT"], cv=2, random_state=0)
    display = LabelGainDisplay.from_estimator(
        model, Xs, ys, Xt, labels, sizes=[5], n_repeats=3, ax=axes()
    )
    assert display.suggested.shape == (1, 3)
    assert display.scoring == "accuracy"
    with pytest.raises(ValueError, match="`yt` must hold labels"):
        LabelGainDisplay.from_estimator(model, Xs, ys, Xt, np.full(len(yt), None))


# ---------------------------------------------------------------------- training


def test_a_training_is_drawn_by_epoch():
    history = {
        "loss": [3.0, 2.0],
        "task_loss": [1.0, 0.5],
        "val_loss": [1.5, 1.0],
        "target_information": [0.1, 0.3],
        "target_entropy": [0.6, 0.2],
    }
    display = TrainingDisplay(history).plot()
    left, right = display.axes_
    drawn = {line.get_label(): list(line.get_ydata()) for line in left.lines}
    assert drawn == {"task loss": [1.0, 0.5], "val loss": [1.5, 1.0]}
    drawn = {line.get_label(): list(line.get_ydata()) for line in right.lines}
    assert drawn == {"information": [0.1, 0.3], "entropy": [0.6, 0.2]}
    np.testing.assert_array_equal(right.lines[0].get_xdata(), [1, 2])


def test_a_training_without_a_look_at_the_target_says_how_to_have_one():
    display = TrainingDisplay({"loss": [1.0]}).plot()
    assert [line.get_label() for line in display.axes_[0].lines] == ["loss"]
    assert "verbose=1" in display.axes_[1].texts[0].get_text()
    with pytest.raises(TypeError, match="SourceOnly has none"):
        TrainingDisplay.from_estimator(SourceOnly().fit(*DATA[:2], Xt=DATA[2]))
