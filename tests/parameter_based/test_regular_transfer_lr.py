import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import (
    Lasso,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.tree import DecisionTreeRegressor

from adapt.parameter_based import RegularTransferLR
from tests.common import shifted_numbers


def with_ones(X):
    return np.column_stack([X, np.ones(len(X))])


def closed_form(X, y, start, lambda_, weight=None):
    """Return ``(X'WX + lambda I)^-1 (X'Wy + lambda start)``."""
    W = np.diag(np.ones(len(X)) if weight is None else weight)
    return np.linalg.solve(
        X.T @ W @ X + lambda_ * np.eye(X.shape[1]), X.T @ W @ y + lambda_ * start
    )


def found(model):
    """Return coefficients with the intercept as last row."""
    return np.vstack([np.atleast_2d(model.coef_).T, np.atleast_1d(model.intercept_)])


@pytest.mark.parametrize("nt", [3, 30])  # fewer rows than columns: the dual form
@pytest.mark.parametrize("lambda_", [1e-2, 1.0, 50.0])
@pytest.mark.parametrize("n_outputs", [None, 1, 3])
def test_closed_form(nt, lambda_, n_outputs):
    Xs, ys, Xt, yt = shifted_numbers(d=5)
    Xt, yt = Xt[:nt], yt[:nt] + 2
    if n_outputs is not None:
        ys, yt = (np.outer(y, np.arange(1, n_outputs + 1)) for y in (ys, yt))
    source = LinearRegression().fit(Xs, ys)
    model = RegularTransferLR(source, lambda_=lambda_).fit(Xt, yt)
    expected = closed_form(
        with_ones(Xt), yt.reshape(nt, -1), found(source).reshape(6, -1), lambda_
    )
    np.testing.assert_allclose(found(model).reshape(6, -1), expected, atol=1e-8)
    assert model.predict(Xt).shape == yt.shape
    np.testing.assert_allclose(
        model.predict(Xt).reshape(nt, -1), with_ones(Xt) @ expected, atol=1e-8
    )


def test_without_intercept():
    Xs, ys, Xt, yt = shifted_numbers()
    source = Ridge(fit_intercept=False).fit(Xs, ys)
    model = RegularTransferLR(source, lambda_=2).fit(Xt, yt)
    np.testing.assert_allclose(
        model.coef_, closed_form(Xt, yt, source.coef_, 2), atol=1e-8
    )
    assert model.intercept_ == 0


def test_sample_weight():
    Xs, ys, Xt, yt = shifted_numbers()
    source = LinearRegression().fit(Xs, ys)
    weight = np.random.default_rng(0).random(120)
    model = RegularTransferLR(source).fit(Xt, yt + 1, sample_weight=weight)
    expected = closed_form(with_ones(Xt), yt + 1, found(source)[:, 0], 1, weight)
    np.testing.assert_allclose(found(model)[:, 0], expected, atol=1e-8)


@pytest.mark.parametrize("lambda_", [0, 1e-9])
def test_without_penalty_it_is_least_squares_on_the_target(lambda_):
    Xs, ys, Xt, yt = shifted_numbers()
    source = LinearRegression().fit(Xs, 10 * ys)
    model = RegularTransferLR(source, lambda_=lambda_).fit(Xt, yt)
    target = LinearRegression().fit(Xt, yt)
    np.testing.assert_allclose(model.coef_, target.coef_, atol=1e-7)
    np.testing.assert_allclose(model.intercept_, target.intercept_, atol=1e-7)


def test_without_penalty_and_rows_enough_the_nearest_solution():
    Xs, ys, Xt, yt = shifted_numbers(d=6)
    source = LinearRegression().fit(Xs, 10 * ys)
    nearest = RegularTransferLR(source, lambda_=0).fit(Xt[:3], yt[:3])
    limit = RegularTransferLR(source, lambda_=1e-8).fit(Xt[:3], yt[:3])
    np.testing.assert_allclose(nearest.predict(Xt[:3]), yt[:3], atol=1e-8)
    np.testing.assert_allclose(nearest.coef_, limit.coef_, atol=1e-5)


def test_with_much_penalty_it_is_the_source_model():
    Xs, ys, Xt, yt = shifted_numbers()
    source = LinearRegression().fit(Xs, ys)
    model = RegularTransferLR(source, lambda_=1e12).fit(Xt, yt + 100)
    np.testing.assert_allclose(model.coef_, source.coef_, atol=1e-6)
    np.testing.assert_allclose(model.intercept_, source.intercept_, atol=1e-6)


def test_the_ways_in_agree():
    Xs, ys, Xt, yt = shifted_numbers()
    Xt, yt = Xt[:20], yt[:20] + 1
    given = RegularTransferLR(Ridge().fit(Xs, ys)).fit(Xt, yt)
    both = RegularTransferLR(Ridge()).fit(Xs, ys, Xt, yt)
    stored = RegularTransferLR(Ridge(), Xt, yt).fit(Xs, ys)
    table = RegularTransferLR(Ridge()).fit(
        np.concatenate([Xs, Xt]),
        np.concatenate([ys, yt]),
        sample_domain=np.repeat([0, -1], [120, 20]),
    )
    alone = RegularTransferLR(Ridge().fit(Xs, ys), Xt, yt).fit()
    for model in both, stored, table, alone:
        np.testing.assert_allclose(found(model), found(given), atol=1e-12)


def test_unlabelled_target_rows_are_ignored():
    Xs, ys, Xt, yt = shifted_numbers()
    partly = np.where(np.arange(120) < 20, yt, np.nan)
    some = RegularTransferLR().fit(Xs, ys, Xt, partly)
    few = RegularTransferLR().fit(Xs, ys, Xt[:20], yt[:20])
    np.testing.assert_allclose(found(some), found(few))


def test_source_model_is_never_changed_and_clones_keep_it():
    Xs, ys, Xt, yt = shifted_numbers()
    source = LinearRegression().fit(Xs, ys)
    before = source.coef_.copy(), source.intercept_
    for copy in True, False:
        model = RegularTransferLR(source, copy=copy).fit(Xt, yt + 5)
        assert model.estimator is source
        np.testing.assert_array_equal(source.coef_, before[0])
        assert source.intercept_ == before[1]
    twin = clone(model)
    np.testing.assert_array_equal(twin.estimator.coef_, source.coef_)
    np.testing.assert_allclose(found(twin.fit(Xt, yt + 5)), found(model))


def test_pipeline_as_source_model():
    Xs, ys, Xt, yt = shifted_numbers()
    source = make_pipeline(StandardScaler(), PolynomialFeatures(2), Ridge())
    source.fit(Xs, ys)
    old = source.predict(Xt)
    model = RegularTransferLR(source).fit(Xt[:10], yt[:10] + 3)
    features = source[:-1].transform(Xt)
    expected = closed_form(
        with_ones(features[:10]), yt[:10] + 3, found(source[-1])[:, 0], 1
    )
    np.testing.assert_allclose(found(model)[:, 0], expected, atol=1e-8)
    np.testing.assert_allclose(model.predict(Xt), with_ones(features) @ expected)
    np.testing.assert_array_equal(source.predict(Xt), old)
    unfitted = clone(source)
    same = RegularTransferLR(unfitted).fit(Xs, ys, Xt[:10], yt[:10] + 3)
    np.testing.assert_allclose(found(same), found(model))


@pytest.mark.parametrize(
    "source",
    [
        DecisionTreeRegressor(),
        LogisticRegression(),
        PoissonRegressor(),
        TransformedTargetRegressor(
            LinearRegression(), func=np.log, inverse_func=np.exp
        ),
        make_pipeline(StandardScaler(), DecisionTreeRegressor()),
    ],
    ids=lambda model: type(model).__name__,
)
def test_other_models_are_refused(source):
    Xs, ys, Xt, yt = shifted_numbers()
    ys, yt = (np.rint(np.exp(y / 2)) + 1 for y in (ys, yt))
    source.fit(Xs, ys)
    with pytest.raises(ValueError, match=r"`estimator` must"):
        RegularTransferLR(source).fit(Xt, yt)


def test_lasso_is_linear_too():
    Xs, ys, Xt, yt = shifted_numbers()
    source = Lasso(0.1).fit(Xs, ys)
    model = RegularTransferLR(source, lambda_=5).fit(Xt, yt)
    expected = closed_form(with_ones(Xt), yt, found(source)[:, 0], 5)
    np.testing.assert_allclose(found(model)[:, 0], expected, atol=1e-8)


def test_what_cannot_work_is_said():
    Xs, ys, Xt, yt = shifted_numbers()
    with pytest.raises(ValueError, match="takes a fitted source model"):
        RegularTransferLR().fit(Xt, yt)
    with pytest.raises(ValueError, match="is not fitted"):
        RegularTransferLR(Ridge()).fit(Xt, yt)
    source = LinearRegression().fit(Xs, ys)
    with pytest.raises(ValueError, match="fitted on 4 columns, but the target has 3"):
        RegularTransferLR(source).fit(Xt[:, :3], yt)
    with pytest.raises(ValueError, match=r"has 1 outputs.*shape"):
        RegularTransferLR(source).fit(Xt, np.column_stack([yt, yt]))


def test_whole_numbers_are_values_not_classes():
    Xs, ys, Xt, yt = shifted_numbers()
    model = RegularTransferLR().fit(Xs, np.rint(ys), Xt, np.rint(yt))
    assert isinstance(model.estimator_, LinearRegression)
    assert not hasattr(RegularTransferLR(), "predict_proba")
