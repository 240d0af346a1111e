"""FA: the block layout of the paper, and what it lets a linear model learn."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from adapt.feature_based import FA
from tests.common import shifted_classes, shifted_numbers


def blocks_of_the_paper(x, domain, sources):
    """Return the augmented row, written out: general, one block a source, target."""
    zero = np.zeros_like(x)
    own = [x if domain == k else zero for k in sources]
    return np.concatenate([x, *own, x if domain < 0 else zero])


@pytest.mark.parametrize("sources", [[0], [0, 1], [2, 5, 9]])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, sparse.csr_matrix])
def test_layout_is_that_of_the_paper(sources, kind):
    rng = np.random.default_rng(0)
    domain = rng.permutation(np.repeat([*sources, -1, -2], 6))
    X = rng.normal(size=(len(domain), 3))
    y = rng.normal(size=len(domain))
    ridge = Ridge(tol=1e-12)  # sparse solvers are iterative
    model = FA(ridge).fit(kind(X), y, sample_domain=domain)
    expected = np.array(
        [blocks_of_the_paper(x, k, sources) for x, k in zip(X, domain, strict=True)]
    )
    Z = model.transform(kind(X), sample_domain=domain)
    assert sparse.issparse(Z) == sparse.issparse(kind(X))
    np.testing.assert_array_equal(Z.toarray() if sparse.issparse(Z) else Z, expected)
    assert model.estimator_.n_features_in_ == 3 * (len(sources) + 2)
    np.testing.assert_allclose(
        model.predict(kind(X), sample_domain=domain),
        Ridge().fit(expected, y).predict(expected),
        rtol=1e-6,
    )
    back = model.inverse_transform(Z)
    np.testing.assert_array_equal(back.toarray() if sparse.issparse(back) else back, X)


def test_rows_are_target_rows_unless_said_otherwise():
    Xs, ys, Xt, yt = shifted_numbers(n=30, d=2)
    model = FA(Ridge()).fit(Xs, ys, Xt=Xt, yt=yt)
    np.testing.assert_array_equal(
        model.transform(Xt), np.hstack([Xt, np.zeros_like(Xt), Xt])
    )
    np.testing.assert_array_equal(
        model.fit_transform(Xs, ys, Xt, yt), np.hstack([Xs, Xs, np.zeros_like(Xs)])
    )


def test_unlabelled_target_rows_are_not_trained_on():
    Xs, ys, Xt, yt = shifted_numbers(n=40, d=3)
    labelled = np.arange(40) < 12
    few = FA(Ridge()).fit(Xs, ys, Xt=Xt[labelled], yt=yt[labelled])
    gaps = FA(Ridge()).fit(Xs, ys, Xt=Xt, yt=np.where(labelled, yt, np.nan))
    np.testing.assert_allclose(gaps.estimator_.coef_, few.estimator_.coef_)


def test_each_domain_gets_its_own_coefficients():
    rng = np.random.default_rng(1)
    coefs = {0: [1.0, 0.0], 1: [0.0, 2.0], -1: [-1.0, 1.0]}
    domain = np.repeat([0, 1, -1], 50)
    X = rng.normal(size=(150, 2))
    y = np.array([x @ coefs[k] for x, k in zip(X, domain, strict=True)])
    model = FA(Ridge(alpha=1e-6)).fit(X, y, sample_domain=domain)
    np.testing.assert_allclose(model.predict(X, sample_domain=domain), y, atol=1e-5)
    general, first, second, target = model.estimator_.coef_.reshape(4, 2)
    np.testing.assert_allclose(general + first, coefs[0], atol=1e-5)
    np.testing.assert_allclose(general + second, coefs[1], atol=1e-5)
    np.testing.assert_allclose(general + target, coefs[-1], atol=1e-5)


def test_weights_of_both_domains_are_handed_on():
    Xs, ys, Xt, yt = shifted_numbers(n=30, d=2)
    X, y = np.vstack([Xs, Xt]), np.concatenate([ys, yt])
    domain = np.repeat([0, -1], 30)
    weight = np.where(np.arange(60) % 3 == 0, 0.0, 1.0)
    kept = weight > 0
    weighted = FA(Ridge()).fit(X, y, sample_domain=domain, sample_weight=weight)
    cut = FA(Ridge()).fit(X[kept], y[kept], sample_domain=domain[kept])
    np.testing.assert_allclose(weighted.estimator_.coef_, cut.estimator_.coef_)


def test_two_tables_weigh_the_target_by_one():
    Xs, ys, Xt, yt = shifted_numbers(n=30, d=2)
    weight = np.full(30, 2.0)
    pair = FA(Ridge()).fit(Xs, ys, Xt=Xt, yt=yt, sample_weight=weight)
    table = FA(Ridge()).fit(
        np.vstack([Xs, Xt]),
        np.concatenate([ys, yt]),
        sample_domain=np.repeat([0, -1], 30),
        sample_weight=np.repeat([2.0, 1.0], 30),
    )
    np.testing.assert_allclose(pair.estimator_.coef_, table.estimator_.coef_)


def test_string_labels_in_a_pipeline_on_one_table():
    Xs, ys, Xt, yt = shifted_classes(n=60)
    names = np.array(["no", "yes"], dtype=object)
    y = np.concatenate([names[ys], np.where(np.arange(60) < 30, names[yt], None)])
    domain = np.repeat([0, -1], 60)
    pipe = make_pipeline(StandardScaler(), FA(LogisticRegression()))
    pipe.fit(np.vstack([Xs, Xt]), y, fa__sample_domain=domain)
    assert np.mean(pipe.predict(Xt) == names[yt]) > 0.95


def test_as_a_middle_step():
    Xs, ys, Xt, yt = shifted_numbers(n=40, d=2)
    X, y = np.vstack([Xs, Xt]), np.concatenate([ys, yt])
    domain = np.repeat([0, -1], 40)
    pipe = make_pipeline(FA(Ridge()), Ridge()).fit(X, y, fa__sample_domain=domain)
    whole = FA(Ridge()).fit(X, y, sample_domain=domain)
    np.testing.assert_allclose(pipe.predict(Xt), whole.predict(Xt))


def test_names_of_columns():
    pd = pytest.importorskip("pandas")
    Xs, ys, Xt, yt = shifted_numbers(n=20, d=2)
    Xs, Xt = (pd.DataFrame(X, columns=["a", "b"]) for X in (Xs, Xt))
    model = FA(Ridge()).set_output(transform="pandas").fit(Xs, ys, Xt=Xt, yt=yt)
    expected = ["a", "b", "a_source0", "b_source0", "a_target", "b_target"]
    assert list(model.transform(Xt).columns) == expected


def test_missing_entries_reach_an_estimator_that_takes_them():
    from sklearn.ensemble import HistGradientBoostingRegressor

    Xs, ys, Xt, yt = shifted_numbers(n=60, d=2)
    Xt[0, 0] = np.nan
    model = FA(HistGradientBoostingRegressor(max_iter=3)).fit(Xs, ys, Xt=Xt, yt=yt)
    Z = model.transform(Xt[:1])
    np.testing.assert_array_equal(Z[0, :4], [np.nan, Xt[0, 1], 0, 0])
    assert np.isfinite(model.predict(Xt)).all()


def test_errors_say_what_to_do():
    Xs, ys, Xt, yt = shifted_numbers(n=20, d=2)
    with pytest.raises(ValueError, match="needs the labels of some target rows"):
        FA(Ridge()).fit(Xs, ys, Xt=Xt)
    with pytest.raises(ValueError, match="requires y to be passed"):
        FA(Ridge()).fit(Xs, Xt=Xt, yt=yt)
    model = FA(Ridge()).fit(
        np.vstack([Xs, Xt]), np.r_[ys, yt], sample_domain=np.arange(40) % 3 - 1
    )
    with pytest.raises(ValueError, match=r"the sources \[7\].*fitted on.*\[0, 1\]"):
        model.transform(Xs, sample_domain=7)
