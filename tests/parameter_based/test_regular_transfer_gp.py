import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.base import clone
from sklearn.gaussian_process import (
    GaussianProcessClassifier,
    GaussianProcessRegressor,
)
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from adapt.parameter_based import RegularTransferGP
from adapt.parameter_based._regular_transfer_gp import laplace
from tests.common import shifted_classes, shifted_numbers
from tests.parameter_based.common import assert_ways_agree, run_checks

KERNEL = ConstantKernel(2.0) * RBF(1.5) + WhiteKernel(0.1)


@pytest.mark.parametrize("n_outputs", [1, 2])
@pytest.mark.parametrize("lambda_", [1e-2, 1.0])
def test_posterior_is_scikit_learns_on_what_the_prior_mean_lacks(n_outputs, lambda_):
    Xs, ys, Xt, yt = shifted_numbers()
    if n_outputs == 2:
        ys, yt = np.column_stack([ys, -ys]), np.column_stack([yt, yt**2])
    source = GaussianProcessRegressor(KERNEL, alpha=1e-3, normalize_y=True).fit(Xs, ys)
    ours = RegularTransferGP(source, lambda_=lambda_).fit(Xt[:30], yt[:30])
    rest = GaussianProcessRegressor(source.kernel_, alpha=lambda_, optimizer=None)
    rest.fit(Xt[:30], yt[:30] - source.predict(Xt[:30]))
    np.testing.assert_allclose(
        ours.predict(Xt), source.predict(Xt) + rest.predict(Xt), rtol=1e-8, atol=1e-8
    )


def test_limits_are_the_target_rows_and_the_source():
    Xs, ys, Xt, yt = shifted_numbers()
    source = GaussianProcessRegressor(RBF(1.5), alpha=1e-2, optimizer=None).fit(Xs, ys)
    tight = RegularTransferGP(source, lambda_=1e-8).fit(Xt[:30], yt[:30] + 1)
    np.testing.assert_allclose(tight.predict(Xt[:30]), yt[:30] + 1, atol=1e-4)
    bound = RegularTransferGP(source, lambda_=1e9).fit(Xt[:30], yt[:30] + 1)
    np.testing.assert_allclose(bound.predict(Xt), source.predict(Xt), atol=1e-6)


def test_laplace_finds_the_most_probable_latent_values():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(15, 2))
    K, prior = RBF(1.0)(X) + 1e-6 * np.eye(15), rng.normal(size=15)
    Y, weight = rng.integers(2, size=15), rng.uniform(0.5, 2, size=15)
    alpha = laplace(K, prior, Y, weight)

    def loss(alpha):
        f = prior + K @ alpha
        return weight @ (np.logaddexp(0, f) - Y * f) + alpha @ K @ alpha / 2

    best = minimize(loss, np.zeros(15), tol=1e-14).x
    np.testing.assert_allclose(K @ alpha, K @ best, atol=1e-4)
    # At the optimum the weights are the gradients of the likelihood.
    p = 1 / (1 + np.exp(-(prior + K @ alpha)))
    np.testing.assert_allclose(alpha, weight * (Y - p), atol=1e-6)


def test_without_a_source_it_is_scikit_learns_classifier():
    Xs, _, Xt, yt = shifted_classes(n=60)
    # Labels that say nothing give a source model of even odds.
    X, y = np.vstack([Xs, Xs]), np.repeat([0, 1], len(Xs))
    source = GaussianProcessClassifier(RBF(2.0), optimizer=None).fit(X, y)
    np.testing.assert_allclose(source.predict_proba(Xt), 0.5, atol=1e-6)
    ours = RegularTransferGP(source, lambda_=1.0).fit(Xt, yt)
    alone = GaussianProcessClassifier(RBF(2.0), optimizer=None).fit(Xt, yt)
    inner = alone.base_estimator_
    latent = RBF(2.0)(Xt, inner.X_train_) @ (inner.y_train_ - inner.pi_)
    np.testing.assert_allclose(ours.decision_function(Xt), latent, atol=1e-3)


def test_classes():
    Xs, ys, Xt, yt = shifted_classes(n=150, n_classes=3)
    names = np.array(["a", "b", "c"])
    source = GaussianProcessClassifier(RBF(2.0), optimizer=None).fit(Xs, names[ys])
    bound = RegularTransferGP(source, lambda_=1e9).fit(Xt, names[yt])
    np.testing.assert_array_equal(bound.predict(Xt), source.predict(Xt))
    np.testing.assert_allclose(bound.predict_proba(Xt).sum(axis=1), 1)
    turned = names[(yt + 1) % 3]
    moved = RegularTransferGP(source, lambda_=1e-2).fit(Xt, turned)
    assert moved.score(Xt, turned) > 0.95
    two = GaussianProcessClassifier(RBF(2.0), optimizer=None)
    two.fit(Xs[ys < 2], names[ys[ys < 2]])
    model = RegularTransferGP(two, lambda_=0.1).fit(Xt, names[yt])
    assert model.classes_.tolist() == ["a", "b", "c"]
    assert model.score(Xt, names[yt]) > 0.9
    few = RegularTransferGP(source, lambda_=0.1).fit(Xt[yt < 2], names[yt[yt < 2]])
    assert few.classes_.tolist() == ["a", "b", "c"]


def test_ways_pipelines_and_weights():
    Xs, ys, Xt, yt = shifted_numbers()
    process = GaussianProcessRegressor(RBF(1.5), alpha=1e-2, optimizer=None)
    assert_ways_agree(
        RegularTransferGP(process), clone(process).fit(Xs, ys), Xs, ys, Xt, yt
    )
    pipe = make_pipeline(StandardScaler(), process)
    assert_ways_agree(RegularTransferGP(pipe), clone(pipe).fit(Xs, ys), Xs, ys, Xt, yt)
    source = clone(process).fit(Xs, ys)
    repeats = np.random.default_rng(0).integers(3, size=20)
    weighted = RegularTransferGP(source).fit(Xt[:20], yt[:20], sample_weight=repeats)
    repeated = RegularTransferGP(source).fit(
        np.repeat(Xt[:20], repeats, axis=0), np.repeat(yt[:20], repeats)
    )
    np.testing.assert_allclose(weighted.predict(Xt), repeated.predict(Xt), atol=1e-6)


def test_defaults_and_errors():
    domains = shifted_classes(n=30)
    model = RegularTransferGP().fit(*domains)
    assert isinstance(model.estimator_.source_model, GaussianProcessClassifier)
    model = RegularTransferGP().fit(*shifted_numbers(n=30))
    assert isinstance(model.estimator_.source_model, GaussianProcessRegressor)
    Xs, ys, Xt, yt = domains
    with pytest.raises(ValueError, match="GaussianProcessRegressor"):
        RegularTransferGP(Ridge()).fit(Xs, ys, Xt, yt)
    with pytest.raises(ValueError, match="1 outputs"):
        RegularTransferGP(GaussianProcessRegressor()).fit(
            Xs, ys * 1.0, Xt, np.column_stack([yt, yt])
        )


@pytest.mark.parametrize("model", [GaussianProcessClassifier, GaussianProcessRegressor])
def test_scikit_learn_checks(model):
    # Source rows cannot be weighed: Gaussian processes of scikit-learn take no weights.
    cannot = [
        "check_sample_weights_pandas_series",
        "check_sample_weights_not_an_array",
        "check_sample_weights_list",
        "check_sample_weights_shape",
        "check_sample_weights_not_overwritten",
        "check_sample_weight_equivalence_on_dense_data",
        "check_classifiers_one_label_sample_weights",
    ]
    run_checks(RegularTransferGP, cannot, estimator=model(optimizer=None))


def test_weights_of_source_rows_are_refused():
    Xs, ys, Xt, yt = shifted_classes(n=20)
    X, y = np.vstack([Xs, Xt]), np.concatenate([ys, yt])
    domain, weight = np.repeat([0, -1], 20), np.ones(40)
    for model in RegularTransferGP(), RegularTransferGP(GaussianProcessClassifier()):
        with pytest.raises(TypeError, match="no `sample_weight` parameter"):
            model.fit(X, y, sample_domain=domain, sample_weight=weight)
