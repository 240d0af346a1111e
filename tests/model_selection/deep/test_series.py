"""Deep methods as candidates on raw series."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from adapt.model_selection import AutoAdapt
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
    return gain * X + gain, np.array(["slow", "fast"])[y]


@pytest.fixture(scope="module")
def domains():
    return *series(24, 1.0), *series(20, 4.0)


@pytest.fixture(scope="module")
def methods():
    """The candidates that the name stands for, trained for a moment."""
    found = judged_without_labels(["DANN"], LogisticRegression(), False)
    found, keeps_series = for_series(found, default=False)
    assert keeps_series
    assert isinstance(found["DANN"], OnSeries)
    deep = found["DANN"].adapter
    return {"DANN": deep.set_params(max_steps=3, random_state=0)}


def test_auto_adapt_hands_raw_series_to_deep_candidates(domains, methods):
    Xs, ys, Xt, _ = domains
    model = AutoAdapt(methods=methods, cv=2, random_state=0).fit(Xs, ys, Xt=Xt)
    assert model.comparison_.evidence.moved  # else no candidate is fitted
    assert model.comparison_.results["error"].isna().all()
    fitted = model.comparison_.models["DANN"]
    assert fitted.adapter_.encoder_.input_shape == (None, T, C)
    # What it was shown is standardised by both domains and has no gaps.
    first = model.preprocessor_
    rows = first.transform(Xt)
    shown = np.concatenate([first.transform(Xs, sample_domain=0).series, rows.series])
    np.testing.assert_allclose(shown.mean(axis=(0, 1)), 0, atol=0.05)
    np.testing.assert_allclose(shown.std(axis=(0, 1)), 1, atol=0.05)
    p = fitted.adapter_.predict_proba(rows.series)
    np.testing.assert_allclose(fitted.predict_proba(rows), p, atol=1e-6)
    np.testing.assert_allclose(
        model.best_estimator_.predict_proba(Xt), model.predict_proba(Xt)
    )
    assert set(model.predict(Xt)) <= {"slow", "fast"}
