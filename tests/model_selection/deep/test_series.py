"""Deep methods as candidates on raw series."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from adapt.model_selection import AutoAdapt, compare
from adapt.model_selection._label_candidates import judged_without_labels
from adapt.model_selection._series_rows import for_series
from adapt.series._on_series import OnSeries

T, C = 16, 2


def series(n, gain):
    """Return series of two frequencies, with a gap and channels of other units."""
    rng = np.random.default_rng(n)
    y = np.arange(n) % 2
    phase = rng.uniform(0, 6, (n, 1))
    wave = np.sin(np.array([0.4, 1.6])[y][:, None] * np.arange(T) + phase)
    X = wave[:, :, None] * [1, 50] + 0.1 * rng.normal(size=(n, T, C))
    X[0, 3, 1] = np.nan
    return gain * X, np.array(["slow", "fast"])[y]


@pytest.fixture(scope="module")
def domains():
    return *series(24, 1.0), *series(20, 1.5)


@pytest.fixture(scope="module")
def methods():
    """The candidates that the name stands for, trained for a moment."""
    found = judged_without_labels(["DANN"], LogisticRegression(), False)
    found, keeps_series = for_series(found, default=False)
    assert keeps_series
    assert isinstance(found["DANN"], OnSeries)
    deep = found["DANN"].adapter
    return {"DANN": deep.set_params(max_steps=3, random_state=0)}


def test_deep_candidates_get_raw_series(domains, methods):
    Xs, ys, Xt, yt = domains
    comparison = compare(Xs, ys, Xt, yt, methods=methods, cv=2)
    assert comparison.results["error"].isna().all()
    adapter = comparison.models["DANN"].adapter_
    assert adapter.encoder_.input_shape == (None, T, C)
    # Standardised by both domains, without gaps: what it predicts is what it was shown.
    first = comparison.best_estimator[0]
    rows = first.transform(Xt)
    p = comparison.models["DANN"].predict_proba(rows)
    shown = np.concatenate([first.transform(Xs, sample_domain=0).series, rows.series])
    assert np.isfinite(shown).all()
    np.testing.assert_allclose(shown.mean(axis=(0, 1)), 0, atol=0.05)
    np.testing.assert_allclose(shown.std(axis=(0, 1)), 1, atol=0.05)
    np.testing.assert_allclose(p, adapter.predict_proba(rows.series), atol=1e-6)


def test_auto_adapt_with_a_deep_candidate_predicts_from_raw_series(domains, methods):
    Xs, ys, Xt, _ = domains
    model = AutoAdapt(methods=methods, cv=2, random_state=0).fit(Xs, ys, Xt=Xt)
    assert set(model.predict(Xt)) <= {"slow", "fast"}
    np.testing.assert_allclose(
        model.best_estimator_.predict_proba(Xt), model.predict_proba(Xt)
    )
