"""PRED: two fits written out, and what becomes of given source models."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
)

from adapt.feature_based import PRED
from tests.common import shifted_classes, shifted_numbers


def test_regression_written_out():
    Xs, ys, Xt, yt = shifted_numbers(n=60)
    yt = yt + 3
    model = PRED(Ridge()).fit(Xs, ys, Xt=Xt[:20], yt=yt[:20])
    first = Ridge().fit(Xs, ys)
    Z = np.column_stack([Xt, first.predict(Xt)])
    np.testing.assert_allclose(model.transform(Xt), Z)
    np.testing.assert_allclose(model.transform(Xt, sample_domain=0), Z)
    second = Ridge().fit(Z[:20], yt[:20])
    np.testing.assert_allclose(model.predict(Xt), second.predict(Z))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_classification_written_out(n_classes):
    Xs, ys, Xt, yt = shifted_classes(n=90, n_classes=n_classes)
    names = np.array(["one", "two", "zero"])
    ys, yt = names[ys], names[yt]
    model = PRED().fit(Xs, ys, Xt=Xt[:30], yt=yt[:30])
    first = LogisticRegression().fit(Xs, ys)
    Z = np.hstack([Xt, first.predict_proba(Xt)[:, 1:]])
    np.testing.assert_allclose(model.transform(Xt), Z)
    second = LogisticRegression().fit(Z[:30], yt[:30])
    np.testing.assert_allclose(model.predict_proba(Xt), second.predict_proba(Z))


def test_classifiers_without_probabilities_give_indicators():
    Xs, ys, Xt, yt = shifted_classes(n=90, n_classes=3)
    model = PRED(RidgeClassifier()).fit(Xs, ys, Xt=Xt, yt=yt)
    said = RidgeClassifier().fit(Xs, ys).predict(Xt)
    expected = np.column_stack([said == 1, said == 2])
    np.testing.assert_array_equal(model.transform(Xt)[:, 4:], expected)


def test_unlabelled_target_rows_are_not_trained_on():
    Xs, ys, Xt, yt = shifted_numbers(n=40)
    labelled = np.arange(40) < 12
    few = PRED(Ridge()).fit(Xs, ys, Xt=Xt[labelled], yt=yt[labelled])
    gaps = PRED(Ridge()).fit(Xs, ys, Xt=Xt, yt=np.where(labelled, yt, np.nan))
    np.testing.assert_allclose(gaps.estimator_.coef_, few.estimator_.coef_)


def test_a_given_source_model_is_used_and_left_alone():
    Xs, ys, Xt, yt = shifted_numbers(n=60)
    source = LinearRegression().fit(Xs, ys)
    before = source.coef_.copy()
    given = PRED(source, pretrain=False)
    for model in given, clone(given):
        model.fit(Xs, Xt=Xt[:20], yt=yt[:20])
        expected = PRED(LinearRegression()).fit(Xs, ys, Xt=Xt[:20], yt=yt[:20])
        np.testing.assert_allclose(model.predict(Xt), expected.predict(Xt))
    np.testing.assert_array_equal(source.coef_, before)
    with pytest.raises(NotFittedError, match="`pretrain` is false"):
        PRED(Ridge(), pretrain=False).fit(Xs, ys, Xt=Xt, yt=yt)


def test_without_copies_the_columns_stay_those_of_the_source_model():
    Xs, ys, Xt, yt = shifted_numbers(n=60)
    expected = PRED(Ridge()).fit(Xs, ys, Xt=Xt, yt=yt)
    inner = Ridge()
    model = PRED(inner, copy=False).fit(Xs, ys, Xt=Xt, yt=yt)
    assert model.estimator_ is inner
    np.testing.assert_allclose(model.predict(Xt), expected.predict(Xt))


def test_weights_go_to_the_rows_that_they_are_of():
    Xs, ys, Xt, yt = shifted_numbers(n=30)
    X, y = np.vstack([Xs, Xt]), np.concatenate([ys, yt])
    domain = np.repeat([0, -1], 30)
    weight = np.where(np.arange(60) % 3 == 0, 0.0, 1.0)
    kept = weight > 0
    weighted = PRED(Ridge()).fit(X, y, sample_domain=domain, sample_weight=weight)
    cut = PRED(Ridge()).fit(X[kept], y[kept], sample_domain=domain[kept])
    np.testing.assert_allclose(weighted.predict(Xt), cut.predict(Xt))


def test_names_missing_entries_and_errors():
    Xs, ys, Xt, yt = shifted_numbers(n=60, d=2)
    Xt[0, 0] = np.nan
    model = PRED(HistGradientBoostingRegressor(max_iter=3)).fit(Xs, ys, Xt=Xt, yt=yt)
    assert np.isfinite(model.predict(Xt)).all()
    assert list(model.get_feature_names_out()) == ["x0", "x1", "pred0"]
    with pytest.raises(ValueError, match="requires y to be passed"):
        PRED(Ridge()).fit(Xs, Xt=Xs, yt=ys)
    with pytest.raises(ValueError, match="needs the labels of some target rows"):
        PRED(Ridge()).fit(Xs, ys, Xt=Xs)
