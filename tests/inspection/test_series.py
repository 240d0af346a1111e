"""Diagnosis, expected accuracy and pictures of series."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from adapt.base import SourceOnly
from adapt.inspection import (
    SeriesDisplay,
    ShiftDisplay,
    diagnose_shift,
    expected_accuracy,
)
from adapt.inspection._series_display import log_spectra, quartiles
from adapt.metrics import CircularValidation, ImportanceWeighted
from adapt.model_selection import compare
from adapt.series import SeriesFeatures, as_series
from adapt.series._feature_tables import channel_summary
from tests.model_selection.test_series import Xs, Xt, ys, yt

INNER = make_pipeline(StandardScaler(), LogisticRegression())


def test_a_diagnosis_tests_each_channel():
    names = ["a", "b", "c"]
    given = [as_series(X, channels=names) for X in (Xs, Xt)]
    report = diagnose_shift(given[0], ys, given[1], n_permutations=20, random_state=0)
    tested = set(report.columns["column"])
    kinds = "level", "scale", "spectrum"
    assert tested == {f"{name}: {kind}" for name in names for kind in kinds}
    assert "Channels 0, 2 are turned" in str(report).replace("\n  ", " ")
    assert report.turned
    assert "`ChannelSigns`" in report.advice[0]
    p = report.columns.set_index("column").filter(like="p").iloc[:, 0]
    assert p["a: level"] < 0.01
    assert p["a: spectrum"] > 0.01


def test_the_summary_of_channels_is_that_of_each():
    frame = channel_summary(as_series(Xs))
    np.testing.assert_allclose(frame["channel_1: level"], Xs[:, :, 1].mean(axis=1))
    spread = np.log(Xs[:, :, 1].std(axis=1))
    np.testing.assert_allclose(frame["channel_1: scale"], spread)
    t = np.arange(64)
    sine = np.sin(2 * np.pi * 0.25 * t)[None, :, None]
    centre = channel_summary(as_series(sine))["channel_0: spectrum"][0]
    assert centre == pytest.approx(0.25, abs=0.01)


def test_expected_accuracy_takes_series_and_groups():
    given = {"n_bootstrap": 5, "cv": 2, "random_state": 0}
    pipe = make_pipeline(SeriesFeatures("summary"), INNER)
    of_series = expected_accuracy(pipe, Xs, ys, Xt, **given)
    features = SeriesFeatures("summary").fit(np.concatenate([Xs, Xt]))
    Zs, Zt = features.transform(Xs), features.transform(Xt)
    of_table = expected_accuracy(SourceOnly(INNER), Zs, ys, Zt, **given)
    assert of_series.accuracy == pytest.approx(of_table.accuracy, abs=0.05)
    groups = np.repeat(np.arange(4), 15)
    grouped = expected_accuracy(pipe, Xs, ys, Xt, groups=groups, **given)
    assert 0 <= grouped.accuracy <= 1
    comparison = compare(Xs, ys, Xt, cv=2, methods=["QuantileMatching"])
    assert 0 <= expected_accuracy(comparison, Xs, ys, Xt, **given).accuracy <= 1


def test_scorers_take_series():
    pipe = make_pipeline(SeriesFeatures(), INNER).fit(Xs[:40], ys[:40])
    score = CircularValidation().fit(Xs, Xt)(pipe, Xs[40:], ys[40:])
    assert 0 <= score <= 1
    weighted = ImportanceWeighted().fit(Xs, Xt)
    features = SeriesFeatures().fit(np.concatenate([Xs, Xt]))
    plain = ImportanceWeighted().fit(features.transform(Xs), features.transform(Xt))
    np.testing.assert_allclose(
        weighted.weights(Xs), plain.weights(features.transform(Xs)), rtol=1e-6
    )


def test_pictures_show_each_channel():
    pytest.importorskip("matplotlib")
    import matplotlib.pyplot as plt

    display = SeriesDisplay.from_samples(Xs, list(Xt))
    assert display.ax_.shape == (2, 3)
    line = display.ax_[0, 1].lines[0].get_ydata()
    np.testing.assert_allclose(line, np.median(Xs[:, :, 1], axis=0))
    ShiftDisplay.from_samples(Xs, Xt)
    plt.close("all")


def test_quartiles_and_spectra_of_sines():
    t = np.arange(50)
    X = np.sin(2 * np.pi * 0.1 * t + np.arange(9)[:, None])[:, :, None]
    f, q = log_spectra(X)
    assert f[q[1, :, 0].argmax()] == pytest.approx(0.1)
    assert (np.diff(quartiles(X), axis=0) >= 0).all()


def test_a_page_has_pictures_of_series():
    pytest.importorskip("matplotlib")
    from adapt.inspection._html_report import html_report

    comparison = compare(Xs, ys, Xt, yt, cv=2, methods=["QuantileMatching"])
    report = diagnose_shift(Xs, ys, Xt, yt, n_permutations=20, random_state=0)
    page = html_report(comparison, report, Xs, Xt)
    assert page.count("data:image/png") == 3
    assert "log spectra of each channel" in page
    assert "channel_1: scale" in page
