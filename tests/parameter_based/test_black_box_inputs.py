import itertools
import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from adapt.parameter_based import BlackBoxInputs
from adapt.parameter_based._black_box import (
    Units,
    fit_outputs,
    fit_scale,
    moved,
    recalibrated,
)
from adapt.parameter_based._spsa import minimise_spsa, spsa_gradient

CENTRES = np.array(list(itertools.product([-1.5, -0.5, 0.5, 1.5], repeat=2)))


class Box:
    """A model of 16 classes on a grid, which counts how often it is asked."""

    def __init__(self, stop_at=None):
        self.calls, self.rows, self.stop_at = 0, 0, stop_at

    def __call__(self, X):
        if self.calls == self.stop_at:
            raise KeyboardInterrupt
        self.calls += 1
        self.rows += len(X)
        X = np.asarray(X)
        return softmax(-8 * np.square(X[:, None] - CENTRES).sum(axis=2), axis=1)


def drifted(n=50, gain=(1.6, 0.7), offset=(0.8, -0.5), seed=0):
    """Return rows that have to be moved by a gain and an offset, and their classes."""
    rng = np.random.RandomState(seed)
    Z = rng.uniform(-2, 2, (n, 2))
    y = np.array([rng.choice(16, p=p) for p in Box()(Z)])
    return (Z - offset) / gain, y


# Simultaneous perturbation


def test_the_gradient_is_unbiased_on_a_quadratic():
    rng = np.random.default_rng(0)
    A = rng.normal(size=(4, 4))
    A, b, theta = A @ A.T, rng.normal(size=4), rng.normal(size=4)

    def loss(x):
        return x @ A @ x / 2 + b @ x

    every = [np.array(signs) for signs in itertools.product([-1.0, 1.0], repeat=4)]
    found = [spsa_gradient(loss, theta, 0.3, signs) for signs in every]
    np.testing.assert_allclose(np.mean(found, axis=0), A @ theta + b)
    assert np.std(found, axis=0).min() > 0.1  # each alone is not the gradient


def test_a_quadratic_is_minimised():
    A, b = np.diag([1.0, 3.0, 0.5]), np.array([1.0, -2.0, 0.3])
    found = minimise_spsa(
        lambda x: x @ A @ x / 2 - b @ x, np.zeros(3), 2000, np.random.RandomState(0)
    )
    np.testing.assert_allclose(found.theta, np.linalg.solve(A, b), atol=0.02)
    with_penalty = minimise_spsa(
        lambda x: x @ A @ x / 2 - b @ x,
        np.zeros(3),
        2000,
        np.random.RandomState(0),
        penalty=2.0,
    )
    expected = np.linalg.solve(A + 2 * np.eye(3), b)
    np.testing.assert_allclose(with_penalty.theta, expected, atol=0.02)


@pytest.mark.parametrize("budget", [1, 13, 14, 40, 101])
def test_evaluations_stay_in_the_budget(budget):
    calls = []

    def loss(x):
        calls.append(x)
        return x @ x

    found = minimise_spsa(loss, np.ones(2), budget, np.random.RandomState(0))
    assert len(calls) <= budget
    assert found.loss <= 2 or not calls


# Moving rows


def test_nothing_is_moved_by_gain_one_and_offset_zero():
    X, _ = drifted()
    units = Units(X)
    gain, offset = units.gain_and_offset(np.zeros(4))
    assert moved(X, gain, offset) is X
    theta = np.array([np.log(2), 0, 0.5, 0])
    gain, offset = units.gain_and_offset(theta)
    np.testing.assert_allclose(gain, [2, 1])
    Z = moved(X, gain, offset)
    np.testing.assert_allclose(Z[:, 1], X[:, 1])
    mean, spread = X[:, 0].mean(), X[:, 0].std()
    np.testing.assert_allclose(Z[:, 0], mean + 2 * (X[:, 0] - mean) + 0.5 * spread)
    frame = moved(pd.DataFrame(X, columns=["a", "b"]), gain, offset)
    np.testing.assert_allclose(frame.to_numpy(), Z)


@pytest.mark.parametrize("labels", [3, 50])
def test_a_model_that_is_right_answers_as_before(labels):
    X, y = drifted(200, gain=(1, 1), offset=(0, 0), seed=1)
    box = Box()
    model = BlackBoxInputs(box, classes=range(16), max_queries=200, random_state=0)
    if labels < 10:
        with pytest.warns(UserWarning, match="learns nothing from 3 labelled rows"):
            model.fit(X[:labels], y[:labels])
    else:
        model.fit(X[:labels], y[:labels])
    assert model.way_ == "none"
    np.testing.assert_array_equal(model.gain_, [1, 1])
    np.testing.assert_array_equal(model.predict_proba(X), Box()(X))


def test_planted_gains_and_offsets_are_found_from_50_labels():
    X, y = drifted()
    box = Box()
    model = BlackBoxInputs(box, classes=range(16), max_queries=3000, random_state=0)
    model.fit(X, y)
    assert model.way_ == "inputs"
    np.testing.assert_allclose(model.gain_, [1.6, 0.7], rtol=0.1)
    np.testing.assert_allclose(model.offset_, [0.8, -0.5], rtol=0.1)
    assert model.n_queries_ == box.calls <= 3000
    assert model.n_rows_ == box.rows
    X, y = drifted(400, seed=1)
    assert model.score(X, y) > Box()(X).argmax(axis=1).__eq__(y).mean() + 0.5


@pytest.mark.parametrize("way", ["auto", "inputs", "outputs"])
@pytest.mark.parametrize("max_queries", [1, 2, 30, 333])
def test_queries_are_counted_and_never_more_than_allowed(way, max_queries):
    X, y = drifted()
    box = Box()
    model = BlackBoxInputs(
        box, way=way, classes=range(16), max_queries=max_queries, random_state=0
    )
    model.fit(X, y)
    assert model.n_queries_ == box.calls <= max_queries
    assert model.n_rows_ == box.rows


@pytest.mark.parametrize("stop_at", [40, 700, 1700, 2500])
def test_an_interruption_keeps_the_best_so_far(stop_at):
    X, y = drifted()
    box = Box(stop_at)
    model = BlackBoxInputs(box, classes=range(16), random_state=0)
    with pytest.warns(UserWarning, match="Interrupted after"):
        model.fit(X, y)
    assert model.interrupted_
    box.stop_at = None
    assert model.n_queries_ == stop_at + 1  # the one that was interrupted was asked
    if stop_at > 600:  # a fold has ended, and was judged
        assert model.way_ == "inputs"
        assert model.score(X, y) > 0.5
    else:
        assert model.way_ != "inputs"


# Outputs


def test_scale_and_biases_of_labels_are_their_likeliest():
    rng = np.random.default_rng(0)
    log_p = np.log(rng.dirichlet(np.ones(3), 4000))
    truth = np.exp(recalibrated(log_p, 0.5, np.array([0.7, 0.0, -0.7])))
    codes = np.array([rng.choice(3, p=p) for p in truth])
    scale, bias = fit_scale(log_p, codes, np.ones(4000), bias=True)
    assert scale == pytest.approx(0.5, abs=0.06)
    np.testing.assert_allclose(bias - bias.mean(), [0.7, 0, -0.7], atol=0.12)
    scale, bias = fit_outputs(
        "temperature", log_p, np.arange(4000), codes, np.ones(4000), np.ones(3) / 3
    )
    assert not bias.any()
    assert scale == fit_scale(log_p, codes, np.ones(4000))[0]


def label_shift(n=400, n_labels=40, seed=0):
    """Return a source model and a target whose shares of classes alone differ."""
    rng = np.random.default_rng(seed)
    centres = np.array([[0.0, 0], [1.5, 0], [0, 1.5]])
    ys = rng.integers(0, 3, 900)
    yt = rng.choice(3, n, p=[0.05, 0.1, 0.85])
    Xs, Xt = (centres[y] + rng.normal(size=(len(y), 2)) for y in (ys, yt))
    source = LogisticRegression().fit(Xs, ys)
    known = yt.astype(float)
    known[n_labels:] = np.nan
    return source, Xt, known, yt


@pytest.mark.parametrize("seed", [0, 1, 4])
def test_recalibration_is_chosen_on_label_shift(seed):
    source, Xt, known, yt = label_shift(seed=seed)
    model = BlackBoxInputs(source, max_queries=600, random_state=0).fit(Xt, known)
    assert model.way_ in ("priors", "biases")
    np.testing.assert_array_equal(model.gain_, 1)
    rest = slice(40, None)
    assert model.score(Xt[rest], yt[rest]) > source.score(Xt[rest], yt[rest]) + 0.02


# Models of all kinds


class Deaf(ClassifierMixin, BaseEstimator):
    """A fitted model that may only be asked for probabilities."""

    def __init__(self, hidden=None):
        self.hidden = hidden
        self.classes_ = np.arange(3)

    def fit(self, *args):
        raise AssertionError

    predict = decision_function = predict_log_proba = score = fit

    def predict_proba(self, X):
        return self.hidden.predict_proba(X)


def test_only_probabilities_are_asked_for():
    source, Xt, known, _ = label_shift()
    model = BlackBoxInputs(Deaf(source), max_queries=60, random_state=0)
    assert set(model.fit(Xt, known).predict(Xt)) <= {0, 1, 2}


def test_frames_and_names():
    source, Xt, known, _ = label_shift()
    names = ["a", "b"]
    frame = pd.DataFrame(Xt, columns=names)
    shapes = []

    def function(X):
        shapes.append(type(X))
        return source.predict_proba(np.asarray(X))

    model = BlackBoxInputs(function, max_queries=60, random_state=0).fit(frame, known)
    expected = BlackBoxInputs(source, max_queries=60, random_state=0).fit(Xt, known)
    np.testing.assert_allclose(model.predict_proba(frame), expected.predict_proba(Xt))
    assert set(shapes) == {pd.DataFrame}
    named = make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=0))
    named.fit(frame, known > 0)
    model = BlackBoxInputs(named, max_queries=60, random_state=0)
    model.fit(frame[:60], (known[:60] > 0))
    assert model.predict(frame).dtype == bool


def test_a_function_is_shared_and_never_copied():
    box = Box()
    model = BlackBoxInputs(box, classes=range(16), max_queries=30, random_state=0)
    assert clone(model).estimator is box
    X, y = drifted()
    fitted = pickle.loads(pickle.dumps(model.fit(X, y)))
    np.testing.assert_array_equal(fitted.predict(X), model.predict(X))


@pytest.mark.parametrize(
    ("estimator", "params", "message"),
    [
        (lambda X: np.ones((len(X), 3)) / 3, {"classes": range(16)}, "of shape"),
        (lambda X: np.ones((len(X), 16)), {}, "of shape"),
        (lambda X: -np.ones((len(X), 16)), {"classes": range(16)}, "negative"),
        (Box(), {"classes": range(16), "source_priors": [1, 2]}, "must be 16 shares"),
        (Box(), {"classes": range(3)}, "the model does not know"),
    ],
)
def test_what_cannot_be_is_refused(estimator, params, message):
    X, y = drifted(30)
    with pytest.raises(ValueError, match=message):
        BlackBoxInputs(estimator, **params).fit(X, y)


def test_a_function_cannot_be_fitted_on_a_source():
    X, y = drifted(30)
    with pytest.raises(ValueError, match="give `fit` the target alone"):
        BlackBoxInputs(Box()).fit(X, y, Xt=X, yt=y)


# A real task


def test_a_drift_of_sensors_is_undone_on_breast_cancer():
    X, y = load_breast_cancer(return_X_y=True)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(X))
    X, y = X[order][:, :10], y[order]
    source = make_pipeline(StandardScaler(), LogisticRegression()).fit(X[:250], y[:250])
    spread = X[:250].std(axis=0)
    Xt = rng.uniform(0.6, 1.6, 10) * X[250:] + rng.normal(size=10) * 2 * spread
    yt = y[250:]
    model = BlackBoxInputs(source, max_queries=600, random_state=0)
    model.fit(Xt[:40], yt[:40])
    untouched = source.score(Xt[40:], yt[40:])
    before = source.score(X[290:], yt[40:])
    assert untouched < 0.8 < before
    assert model.score(Xt[40:], yt[40:]) > (untouched + before) / 2
