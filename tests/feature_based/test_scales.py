"""Columns in units of 0.001, 1 and 1,000 side by side: no NaN, and no collapse."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from adapt.base import FeatureAdapter
from adapt.discovery import all_adapters
from tests.common import shifted_classes

# For numbers, and for series.
OTHERS = ("JDOTRegressor", "SpectralAlignment")
METHODS = [c for n, c in all_adapters("feature_based", deep=False) if n not in OTHERS]


@pytest.mark.parametrize("cls", METHODS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_columns_of_very_different_scale(cls):
    Xs, ys, Xt, yt = shifted_classes(n=100, d=3)
    Xs, Xt = (X * [1e-3, 1, 1e3] for X in (Xs, Xt))
    inner = make_pipeline(StandardScaler(), LogisticRegression())
    model = cls(inner, random_state=0).fit(Xs, ys, Xt=Xt, yt=yt)
    shares = np.bincount(model.predict(Xt), minlength=2) / len(Xt)
    assert shares.min() > 0.1
    if issubclass(cls, FeatureAdapter):
        Z = model.transform(Xt)
        assert np.isfinite(Z).all()
        assert (Z.std(axis=0) > 0).any()


@pytest.mark.parametrize("name", ["BDA", "JDA", "SA", "TCA", "TJM"])
def test_a_scaler_in_the_estimator_undoes_nothing(name):
    """All features have one variance in the source, so that it has nothing to do."""
    Xs, ys, Xt, yt = shifted_classes(n=200, d=6, shift=1.0)
    Xs, Xt = (StandardScaler().fit(Xs).transform(X) for X in (Xs, Xt))
    cls = dict(all_adapters("feature_based", deep=False))[name]
    plain = cls(LogisticRegression(), random_state=0).fit(Xs, ys, Xt=Xt)
    spread = plain.transform(Xs, sample_domain=0).std(axis=0)
    np.testing.assert_allclose(spread, spread.mean(), rtol=1e-6)
    inner = make_pipeline(StandardScaler(), LogisticRegression())
    scaled = cls(inner, random_state=0).fit(Xs, ys, Xt=Xt)
    assert scaled.score(Xt, yt) >= plain.score(Xt, yt) - 0.01 > 0.98
