import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import approx_fprime
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from adapt.parameter_based import RegularTransferLC, _logistic_transfer
from adapt.parameter_based._logistic_transfer import (
    transfer_hessian,
    transfer_objective,
)
from tests.common import shifted_classes
from tests.parameter_based.common import assert_ways_agree, run_checks


def noisy(n_classes, n=200, seed=0):
    """Return domains whose classes overlap, so that every optimum is finite."""
    Xs, ys, Xt, yt = shifted_classes(n=n, n_classes=n_classes, seed=seed)
    rng = np.random.default_rng(seed)
    for y in (ys, yt):
        flipped = rng.random(n) < 0.2
        y[flipped] = rng.integers(n_classes, size=flipped.sum())
    return Xs, ys, Xt, yt


@pytest.mark.parametrize("n_scores", [1, 3])
def test_derivatives_are_those_of_the_written_out_loss(n_scores, monkeypatch):
    monkeypatch.setattr(_logistic_transfer, "_BLOCK", 8)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 4))
    X[:, 3] = 1
    start, W = rng.normal(size=(2, n_scores, 4))
    weight = rng.uniform(0.5, 2, size=20)
    y = rng.integers(max(n_scores, 2), size=20)
    Y = (y == 1)[:, None] * 1.0 if n_scores == 1 else np.eye(n_scores)[y]
    args = (X, Y, weight, start, 0.7)
    value, gradient, P = transfer_objective(W.ravel(), *args)

    expected = 0.7 * np.sum((W - start) ** 2)
    for row, label, w in zip(X, y, weight, strict=True):
        scores = W @ row
        scores = np.array([0, scores[0]]) if n_scores == 1 else scores
        expected -= w * np.log(np.exp(scores[label]) / np.exp(scores).sum())
    assert value == pytest.approx(expected / weight.sum(), rel=1e-12)
    slope = approx_fprime(W.ravel(), lambda w: transfer_objective(w, *args)[0], 1e-7)
    np.testing.assert_allclose(gradient, slope, atol=1e-5)
    curvature = approx_fprime(
        W.ravel(), lambda w: transfer_objective(w, *args)[1], 1e-7
    )
    hessian = transfer_hessian(P, X, weight, 0.7)
    np.testing.assert_allclose(hessian, curvature, atol=1e-5)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_newton_and_lbfgs_find_the_same(n_classes, monkeypatch):
    Xs, ys, Xt, yt = noisy(n_classes)
    source = LogisticRegression().fit(Xs, ys)
    source.coef_ *= 100  # far from the optimum: the first steps are halved
    adapter = RegularTransferLC(source, lambda_=1e-3, tol=1e-9)
    newton = adapter.fit(Xt, yt)
    coef, n_iter = newton.coef_, newton.n_iter_
    monkeypatch.setattr(_logistic_transfer, "_SMALL", 0)
    np.testing.assert_allclose(adapter.fit(Xt, yt).coef_, coef, rtol=1e-5, atol=1e-6)
    assert n_iter < adapter.n_iter_


@pytest.mark.parametrize("n_classes", [2, 3])
def test_limits_are_the_target_alone_and_the_source(n_classes):
    Xs, ys, Xt, yt = noisy(n_classes)
    source = LogisticRegression().fit(Xs, ys)
    free = RegularTransferLC(source, lambda_=0, tol=1e-9).fit(Xt, yt)
    alone = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(Xt, yt)
    np.testing.assert_allclose(
        free.predict_proba(Xt), alone.predict_proba(Xt), atol=1e-5
    )
    bound = RegularTransferLC(source, lambda_=1e9).fit(Xt, yt)
    np.testing.assert_allclose(bound.coef_, source.coef_, atol=1e-6)
    np.testing.assert_allclose(bound.intercept_, source.intercept_, atol=1e-6)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_result_equals_ridge_towards_the_source_of_another_solver(n_classes):
    Xs, ys, Xt, yt = noisy(n_classes)
    source = LogisticRegression().fit(Xs, ys)
    source.intercept_[:] = 0
    source.coef_[:] = 0
    # With no source, and centred columns, what is left is scikit-learn's own penalty,
    # but for the intercept, which a large constant column stands in for.
    wide = np.column_stack([Xt, np.ones(len(Xt))])
    ours = RegularTransferLC(source, lambda_=2.0, tol=1e-9).fit(Xt, yt)
    theirs = LogisticRegression(
        C=1 / 4, fit_intercept=False, tol=1e-10, max_iter=10_000
    ).fit(wide, yt)
    np.testing.assert_allclose(ours.coef_, theirs.coef_[:, :-1], atol=1e-6)
    np.testing.assert_allclose(ours.intercept_, theirs.coef_[:, -1], atol=1e-6)


@pytest.mark.parametrize("labels", [["no", "yes"], [-1, 1], [False, True]])
def test_labels_of_any_kind(labels):
    Xs, ys, Xt, yt = shifted_classes()
    names = np.array(labels)
    source = LogisticRegression().fit(Xs, names[ys])
    if labels == [-1, 1]:  # -1 alone would be the mark of an unlabelled row
        model = RegularTransferLC(LogisticRegression()).fit(
            Xs, names[ys], Xt, names[yt]
        )
    else:
        model = RegularTransferLC(source).fit(Xt, names[yt])
    assert model.predict(Xt).dtype == names.dtype
    assert model.score(Xt, names[yt]) > 0.95


def test_classes_fewer_more_and_other():
    Xs, ys, Xt, yt = shifted_classes(n=300, n_classes=4)

    def fitted(source_classes, target_classes):
        s, t = np.isin(ys, source_classes), np.isin(yt, target_classes)
        source = LogisticRegression().fit(Xs[s], ys[s])
        model = RegularTransferLC(source, lambda_=0.01).fit(Xt[t], yt[t])
        assert model.score(Xt[t], yt[t]) > 0.9
        assert model.predict_proba(Xt).shape[1] == len(model.classes_)
        return model.classes_.tolist()

    assert fitted([0, 1, 2, 3], [0, 2]) == [0, 1, 2, 3]
    assert fitted([0, 1], [0, 1, 2, 3]) == [0, 1, 2, 3]
    assert fitted([0, 2, 3], [0, 1]) == [0, 1, 2, 3]
    assert fitted([0, 1], [2, 3]) == [0, 1, 2, 3]
    assert fitted([0, 1], [1]) == [0, 1]


def test_third_class_leaves_the_odds_of_the_source():
    Xs, ys, Xt, yt = shifted_classes(n=300, n_classes=3)
    source = LogisticRegression().fit(Xs[ys < 2], ys[ys < 2])
    bound = RegularTransferLC(source, lambda_=1e9).fit(Xt, yt)
    p = bound.predict_proba(Xt)
    np.testing.assert_allclose(
        np.log(p[:, 1] / p[:, 0]), source.decision_function(Xt), atol=1e-5
    )


def test_ways_of_giving_the_domains_agree():
    Xs, ys, Xt, yt = noisy(3)
    source = LogisticRegression().fit(Xs, ys)
    assert_ways_agree(
        RegularTransferLC(LogisticRegression()), source, Xs, ys, Xt[:20], yt[:20]
    )


def test_pipeline_sparse_rows_and_weights():
    Xs, ys, Xt, yt = noisy(2)
    pipe = make_pipeline(StandardScaler(), LogisticRegression()).fit(Xs, ys)
    model = RegularTransferLC(pipe).fit(Xt, yt)
    scaled = RegularTransferLC(pipe[-1]).fit(pipe[0].transform(Xt), yt)
    np.testing.assert_allclose(
        model.predict_proba(Xt), scaled.predict_proba(pipe[0].transform(Xt))
    )

    source = LogisticRegression().fit(Xs, ys)
    dense = RegularTransferLC(source, tol=1e-8).fit(Xt, yt)
    flat = RegularTransferLC(source, tol=1e-8).fit(sparse.csr_array(Xt), yt)
    np.testing.assert_allclose(flat.coef_, dense.coef_, atol=1e-6)

    twice = np.random.default_rng(0).integers(0, 3, size=len(yt))
    weighted = RegularTransferLC(source).fit(Xt, yt, sample_weight=twice)
    repeated = RegularTransferLC(source).fit(
        np.repeat(Xt, twice, axis=0), np.repeat(yt, twice)
    )
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, atol=1e-4)


def test_any_linear_classifier_is_a_source():
    Xs, ys, Xt, yt = shifted_classes(n_classes=3)
    for source in (RidgeClassifier(), SGDClassifier(random_state=0)):
        model = RegularTransferLC(source, lambda_=1e9).fit(Xs, ys, Xt, yt)
        np.testing.assert_array_equal(model.predict(Xt), source.fit(Xs, ys).predict(Xt))


def test_errors():
    Xs, ys, Xt, yt = shifted_classes()
    source = LogisticRegression().fit(Xs, ys)
    with pytest.raises(ValueError, match="linear classifier"):
        RegularTransferLC(GaussianNB().fit(Xs, ys)).fit(Xt, yt)
    with pytest.raises(ValueError, match="as strings or both as numbers"):
        RegularTransferLC(source).fit(Xt, np.array(["a", "b"])[yt])
    with pytest.raises(ValueError, match="continuous"):
        RegularTransferLC(source).fit(Xt, yt + 0.5)
    with pytest.raises(ValueError, match="one label a row"):
        RegularTransferLC(source).fit(Xt, np.column_stack([yt, 1 - yt]))
    with pytest.raises(ValueError, match="lambda_"):
        RegularTransferLC(source, lambda_=-1).fit(Xt, yt)
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        RegularTransferLC(source, lambda_=0, max_iter=1).fit(Xt, yt)


def test_scikit_learn_checks_of_weights():
    # One of them compares two optima to seven digits.
    source = LogisticRegression(tol=1e-12, max_iter=10_000)
    run_checks(RegularTransferLC, (), "weight", estimator=source, tol=1e-11)
