"""Streams: each row is tested before it is learnt."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from adapt.inspection import ContinualDisplay
from adapt.model_selection import continual_report, prequential
from adapt.multi_domain import NearestClassMean, PooledLDA
from tests.multi_domain.common import many_domains


def batches():
    X, y, g = many_domains(per=30)
    order = np.random.default_rng(0).permutation(len(y))
    return [(X[k], y[k], g[k]) for k in np.array_split(order, 6)]


def test_written_out():
    stream = batches()
    table = prequential(PooledLDA(), stream)
    model, hits, n = PooledLDA(), 0, 0
    for i, (X, y, g) in enumerate(stream):
        if i:
            score = np.mean(model.predict(X, sample_domain=g) == y)
            assert table.score[i] == score
            hits, n = hits + score * len(y), n + len(y)
            assert table["mean"][i] == pytest.approx(hits / n)
        model.partial_fit(X, y, sample_domain=g)
    assert np.isnan(table.score[0])
    assert table.n_seen.tolist() == [0, 30, 60, 90, 120, 150]


def test_a_fitted_model_goes_on_and_metrics_are_called():
    first, *rest = batches()
    model = PooledLDA().fit(first[0], first[1], sample_domain=first[2])
    table = prequential(model, rest, balanced_accuracy_score)
    assert table.score.notna().all()
    with pytest.raises(ValueError, match="`stream` has no batch"):
        prequential(model, [])


def test_report():
    X, y, _ = many_domains(per=40)
    train = np.arange(len(y)) % 2 == 0
    test = X[~train], y[~train]
    stages = [(X[train & (y == c)], y[train & (y == c)]) for c in (2, 0, 1)]
    report = continual_report(NearestClassMean(), stages, *test)
    assert report.accuracy.shape == (3, 3)
    assert report.accuracy.loc[0].tolist() == [0, 0, 1]  # all are of the only class
    whole = NearestClassMean().fit(X[train], y[train])
    assert report.overall[2] == whole.score(*test)
    expected = report.accuracy.max() - report.accuracy.loc[2]
    np.testing.assert_array_equal(report.forgetting, expected)
    assert np.isnan(report.forward_transfer[0])
    assert report.forward_transfer[1:].tolist() == [-1, -0.5]  # no class was known
    pytest.importorskip("matplotlib").use("agg")
    display = ContinualDisplay(report).plot()
    assert display.ax_.get_xlabel() == "stage"
    assert len(display.ax_.texts) == 9
