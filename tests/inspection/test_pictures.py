"""What all displays have in common: titles, named axes, legends outside the data."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from sklearn.utils import Bunch

from adapt.base import SourceOnly
from adapt.feature_based import FA, LinearOT
from adapt.inspection import (
    ColumnShiftDisplay,
    ContinualDisplay,
    DomainScoresDisplay,
    LabelGainDisplay,
    LearningCurveDisplay,
    MixtureWeightsDisplay,
    SeriesDisplay,
    ShiftDisplay,
    SourceRankingDisplay,
    TrainingDisplay,
    TransferMatrixDisplay,
    WeightsDisplay,
    compare_columns,
    diagnose_shift,
)
from tests.common import shifted_classes

mpl.use("Agg")
Xs, ys, Xt, yt = shifted_classes()
rng = np.random.default_rng(0)


def frame(X):
    return pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])


def shift():
    return ShiftDisplay.from_estimator(LinearOT().fit(Xs, ys, Xt=Xt), Xs, Xt)


def scores():
    names = "circular", "circular_se", "weighted", "weighted_se", "target"
    table = pd.DataFrame({name: [0.6, 0.7] for name in names} | {"method": ["A", "B"]})
    return DomainScoresDisplay(table, recommended="B").plot()


def gains():
    sizes, draws = np.array([5, 10]), rng.random((2, 4))
    return LabelGainDisplay(sizes, draws, draws / 2, 0.3).plot()


def curves():
    few = {"sizes": [10, 40], "n_repeats": 2}
    return LearningCurveDisplay.from_estimator([SourceOnly(), FA()], *DATA, **few)


def ranking():
    columns = {
        "log_likelihood": [-1, -2.0],
        "standard_error": 0.1,
        "tied": [True, False],
    }
    table = pd.DataFrame(columns, index=["a", "b"])
    return SourceRankingDisplay(table, truth={"a": 0.8, "b": 0.6}).plot()


def training():
    names = "task_loss", "disc_loss", "target_information", "target_entropy"
    return TrainingDisplay({name: [1.0, 0.5] for name in names}).plot()


def continual():
    table = pd.DataFrame([[1, 0.2], [0.8, 0.9]], columns=["a", "b"])
    return ContinualDisplay(Bunch(accuracy=table)).plot()


def matrix():
    X, y = np.concatenate([Xs, Xt]), np.concatenate([ys, yt])
    domain = np.repeat(["a", "b"], [len(Xs), len(Xt)])
    return TransferMatrixDisplay.from_estimator(SourceOnly(), X, y, domain)


def mixture():
    return MixtureWeightsDisplay(rng.dirichlet([1, 1], 9), ["a", "b"]).plot()


def series():
    return SeriesDisplay.from_samples(*rng.normal(size=(2, 9, 30, 2)))


DATA = Xs, ys, Xt, yt
DISPLAYS = {
    "columns": lambda: diagnose_shift(Xs, ys, Xt).plot(),
    "continual": continual,
    "curves": curves,
    "gains": gains,
    "matrix": matrix,
    "mixture": mixture,
    "ranking": ranking,
    "scores": scores,
    "series": series,
    "shift": shift,
    "training": training,
    "weights": lambda: WeightsDisplay({"a": rng.random(20), "b": np.ones(20)}).plot(),
}


@pytest.fixture(autouse=True)
def close():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.mark.parametrize("name", DISPLAYS)
def test_pictures_explain_themselves(name):
    figure = DISPLAYS[name]().figure_
    figure.canvas.draw()
    drawn = [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]
    named = [ax for ax in drawn if ax.get_ylabel() or ax.get_yticklabels()]
    assert len(named) == len(drawn)
    assert all(ax.get_xlabel() for ax in drawn)
    assert any(ax.get_title() for ax in drawn)
    page = figure.bbox
    for ax in drawn:
        legend = ax.get_legend()
        if legend is not None:
            box = legend.get_window_extent()
            assert not box.overlaps(ax.patch.get_window_extent())
            assert page.x0 <= box.x0
            assert box.x1 <= page.x1
            others = (other for other in drawn if other is not ax)
            assert not any(box.overlaps(o.patch.get_window_extent()) for o in others)


def test_some_pictures_have_legends():
    assert DISPLAYS["weights"]().ax_.get_legend() is not None
    assert DISPLAYS["columns"]().ax_.get_legend() is not None


def test_columns_are_drawn_by_their_index():
    source, target = frame(Xs), frame(Xt)
    target["x0"] += 10
    table = compare_columns(source, target)
    display = ColumnShiftDisplay(table).plot(max_columns=1)
    assert [t.get_text() for t in display.ax_.get_yticklabels()] == ["x0"]
    drawn = display.ax_.collections[0].get_offsets()[0, 0]
    assert drawn == pytest.approx(table.loc[table["column"] == "x0", "psi"].item())
    assert f"{len(table) - 1} columns" in display.ax_.get_title()


def test_a_report_draws_its_columns_on_given_axes():
    import matplotlib.pyplot as plt

    report = diagnose_shift(Xs, ys, Xt)
    ax = plt.subplots()[1]
    display = report.plot(ax, max_columns=2)
    assert display.ax_ is ax
    assert display.columns is report.columns
    assert f"p = {report.evidence.p_value:.2g}" in ax.get_title()


def test_columns_that_are_equal_have_a_place_on_the_axis():
    table = compare_columns(frame(Xs), frame(Xs))
    display = ColumnShiftDisplay(table).plot()
    x = np.concatenate([c.get_offsets()[:, 0] for c in display.ax_.collections])
    assert np.all(x > 0)
