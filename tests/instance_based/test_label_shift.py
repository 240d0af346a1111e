"""What BBSE, RLLS and SaerensEM share; each has a file for its own mathematics."""

import pickle
import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import KFold, ShuffleSplit, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from adapt.datasets import make_label_shift
from adapt.feature_based import CORAL
from adapt.instance_based import BBSE, RLLS, SaerensEM
from adapt.instance_based._label_shift import confusion, smallest_singular_value
from adapt.instance_based._saerens_em import maximum_likelihood_priors

METHODS = [BBSE, RLLS, SaerensEM]
each_method = pytest.mark.parametrize("cls", METHODS)


def shifted(n=400, seed=0, priors_s=(0.5, 0.5), priors_t=(0.2, 0.8), **params):
    return make_label_shift(
        n, priors_s=priors_s, priors_t=priors_t, random_state=seed, **params
    )


def fitted(cls, data, **params):
    return cls(**params).fit(data.Xs, data.ys, Xt=data.Xt)


def test_confusion_matrix_is_the_joint_frequency():
    rng = np.random.default_rng(0)
    y, weight = rng.integers(3, size=50), rng.random(50)
    weight /= weight.sum()
    p = rng.dirichlet(np.ones(3), size=50)
    C = np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            C[i, j] = sum(weight[r] * p[r, i] for r in range(50) if y[r] == j)
    np.testing.assert_allclose(confusion(p, y, weight), C)
    np.testing.assert_allclose(C.sum(axis=0), np.bincount(y, weight))


@each_method
@pytest.mark.parametrize(
    ("priors_s", "priors_t", "separation"),
    [
        ((0.5, 0.5), (0.2, 0.8), 2.0),
        ((0.7, 0.3), (0.1, 0.9), 2.0),
        ((0.5, 0.3, 0.2), (0.2, 0.3, 0.5), 3.0),
    ],
)
def test_priors_are_close_to_the_truth(cls, priors_s, priors_t, separation):
    errors = []
    for seed in range(3):
        data = shifted(5000, seed, priors_s, priors_t, separation=separation)
        model = fitted(cls, data)
        # Of the rows at hand, as 5,000 rows vary around the priors of the generator.
        truth = np.bincount(data.yt, minlength=len(priors_t)) / 5000
        errors.append(np.abs(model.priors_ - truth).max())
        assert model.priors_.sum() == pytest.approx(1)
        np.testing.assert_allclose(
            model.class_weights_ * model.source_priors_, model.priors_
        )
        np.testing.assert_allclose(model.weights_, model.class_weights_[data.ys])
        assert model.weights_.mean() == pytest.approx(1)
    assert max(errors) <= 0.02


def with_true_densities(data, priors_t):
    """Return the maximum likelihood priors given the densities of the classes.

    Also their standard error around the generator's priors, from Fisher's information.
    """
    densities = data.posterior_t(data.Xt) / priors_t  # times a factor for each row
    uniform = np.full(len(priors_t), 1 / len(priors_t))
    weight = np.full(len(data.Xt), 1 / len(data.Xt))
    p = densities / densities.sum(axis=1, keepdims=True)
    best = maximum_likelihood_priors(p, uniform, weight, 1e-8, 5000)[0]
    scores = densities / (densities @ best)[:, None]
    basis = np.vstack([np.eye(len(best) - 1), -np.ones(len(best) - 1)])
    information = basis.T @ scores.T @ scores @ basis
    return best, np.sqrt(np.diag(basis @ np.linalg.inv(information) @ basis.T))


@each_method
def test_overlapping_classes_are_told_nearly_as_well_as_can_be(cls):
    # Of four classes that overlap, densities that are known tell the priors to .011
    # (one standard error), so that .02 holds on average and not in each draw.
    priors_t, errors, limits = (0.1, 0.2, 0.3, 0.4), [], []
    for seed in range(4):
        data = shifted(5000, seed, (0.25,) * 4, priors_t)
        truth = np.bincount(data.yt) / 5000
        best, standard_error = with_true_densities(data, priors_t)
        assert standard_error.max() == pytest.approx(0.011, abs=0.001)
        errors.append(np.abs(fitted(cls, data).priors_ - truth).max())
        limits.append(np.abs(best - truth).max())
    assert np.mean(errors) <= 0.02
    assert np.mean(errors) <= 2 * np.mean(limits)


@each_method
def test_no_shift_gives_weights_near_one(cls):
    distances = []
    for seed in range(3):
        data = shifted(5000, seed, (0.6, 0.4), (0.6, 0.4))
        distances.append(np.abs(fitted(cls, data).weights_ - 1).mean())
    assert np.mean(distances) <= 0.05


@each_method
@pytest.mark.parametrize("correct", ["weights", "probabilities"])
def test_probabilities_are_those_of_the_target(cls, correct):
    data = shifted(5000, 1, (0.5, 0.5), (0.1, 0.9))
    model = fitted(cls, data, correct=correct)
    truth = data.posterior_t(data.Xt)
    assert np.abs(model.predict_proba(data.Xt) - truth).mean() < 0.01
    plain = LogisticRegression().fit(data.Xs, data.ys)
    assert model.score(data.Xt, data.yt) > plain.score(data.Xt, data.yt) + 0.05


@each_method
def test_corrected_probabilities_are_bayes_rule(cls):
    params = {"calibrate": False} if cls is SaerensEM else {}
    data = shifted(priors_s=(0.5, 0.3, 0.2), priors_t=(0.2, 0.3, 0.5))
    model = fitted(cls, data, correct="probabilities", **params)
    p = LogisticRegression().fit(data.Xs, data.ys).predict_proba(data.Xt)
    expected = p * model.priors_ / model.source_priors_
    expected /= expected.sum(axis=1, keepdims=True)
    proba = model.predict_proba(data.Xt)
    np.testing.assert_allclose(proba, expected)
    predicted = model.predict(data.Xt)
    np.testing.assert_array_equal(predicted, expected.argmax(axis=1))
    assert model.score(data.Xt, data.yt) == accuracy_score(data.yt, predicted)
    np.testing.assert_allclose(
        np.exp(model.decision_function(data.Xt)).argmax(1), predicted
    )
    np.testing.assert_allclose(model.predict_proba(data.Xt, sample_domain=0), p)
    mixed = model.predict_proba(data.Xt, sample_domain=np.arange(len(p)) % 2 - 1)
    np.testing.assert_allclose(mixed[::2], expected[::2])
    np.testing.assert_allclose(mixed[1::2], p[1::2])


@each_method
def test_weights_are_those_of_a_plain_fit(cls):
    data = shifted()
    model = fitted(cls, data, correct="weights")
    plain = LogisticRegression().fit(data.Xs, data.ys, sample_weight=model.weights_)
    np.testing.assert_allclose(
        model.predict_proba(data.Xt), plain.predict_proba(data.Xt)
    )
    np.testing.assert_array_equal(
        model.predict(data.Xs, sample_domain=0), plain.predict(data.Xs)
    )


@each_method
@pytest.mark.parametrize("correct", ["weights", "probabilities"])
def test_strings(cls, correct):
    data = shifted(priors_s=(0.4, 0.3, 0.3), priors_t=(0.1, 0.3, 0.6))
    names = np.array(["low", "mid", "top"])
    numbers = fitted(cls, data, correct=correct)
    strings = cls(correct=correct).fit(data.Xs, names[data.ys], Xt=data.Xt)
    assert strings.classes_.tolist() == names.tolist()
    np.testing.assert_allclose(strings.priors_, numbers.priors_)
    np.testing.assert_array_equal(
        strings.predict(data.Xt), names[numbers.predict(data.Xt)]
    )
    assert strings.score(data.Xt, names[data.yt]) == numbers.score(data.Xt, data.yt)


@each_method
@pytest.mark.parametrize("correct", ["weights", "probabilities"])
def test_a_class_that_the_target_lacks(cls, correct):
    data = shifted(2000, 0, (0.4, 0.3, 0.3), (0.5, 0.5, 0.0), separation=4.0)
    model = fitted(cls, data, correct=correct)
    assert model.priors_[2] < 0.01
    for output in (model.predict_proba(data.Xt), model.decision_function(data.Xt)):
        assert not np.isnan(output).any()
    assert np.mean(model.predict(data.Xt) == 2) < 0.01
    assert model.score(data.Xt, data.yt) > 0.95


def test_probabilities_of_zero_are_not_divided_by_zero():
    # The tree is sure of a class whose prior in the target is zero.
    rng = np.random.default_rng(0)
    Xs = np.repeat([[0.0], [1.0]], 50, axis=0)
    ys = np.repeat([0, 1], 50)
    tree = DecisionTreeClassifier()
    model = BBSE(tree, correct="probabilities").fit(Xs, ys, Xt=np.zeros((20, 1)))
    np.testing.assert_allclose(model.priors_, [1, 0], atol=1e-12)
    proba = model.predict_proba(rng.integers(2, size=(30, 1)))
    np.testing.assert_allclose(proba, np.tile([1.0, 0.0], (30, 1)), atol=1e-12)


@each_method
@pytest.mark.parametrize("n_classes", [2, 3])
def test_useless_features_are_told(cls, n_classes):
    told = 0
    for seed in range(10):  # by chance one sample in thirty looks useful
        rng = np.random.default_rng(seed)
        X, Xt = rng.normal(size=(2, 300, 3))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            cls().fit(X, rng.integers(n_classes, size=300), Xt=Xt)
        told += any("cannot tell the frequencies" in str(w.message) for w in caught)
    assert told >= 9


@each_method
def test_useful_features_are_not_warned_of(cls):
    for seed in range(3):
        data = shifted(300, seed, (0.4, 0.3, 0.3), (0.2, 0.3, 0.5))
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            fitted(cls, data)


def test_the_smallest_singular_value_has_the_error_that_is_stated():
    # Simulated: predictions of a known confusion matrix.
    P = np.array([[0.7, 0.4], [0.3, 0.6]])
    exact = np.linalg.svd(P, compute_uv=False)[-1]
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 200)
    values, errors = [], []
    for _ in range(200):
        first = rng.random(400) < P[0, y]
        p = np.column_stack([first, ~first]).astype(float)
        value, error = smallest_singular_value(p, y, np.full(400, 1 / 400))
        values.append(value)
        errors.append(error)
    assert np.mean(values) == pytest.approx(exact, abs=0.01)
    assert np.mean(np.abs(np.array(values) - exact) <= errors) > 0.8
    assert np.mean(errors) < 2 * np.std(values)


@each_method
def test_sample_weight_moves_the_source_priors(cls):
    data = shifted(2000)
    weight = np.where(data.ys == 0, 3.0, 1.0)
    model = cls().fit(data.Xs, data.ys, Xt=data.Xt, sample_weight=weight)
    share = 3 * np.sum(data.ys == 0) / weight.sum()
    np.testing.assert_allclose(model.source_priors_, [share, 1 - share])
    truth = np.bincount(data.yt) / 2000
    np.testing.assert_allclose(model.priors_, truth, atol=0.04)
    # The weights of the user and of the method cancel: the model is as without.
    np.testing.assert_allclose(
        model.predict_proba(data.Xt),
        fitted(cls, data).predict_proba(data.Xt),
        atol=0.05,
    )


@each_method
def test_weights_without_an_estimator_fitted_on_them(cls):
    data = shifted()
    weights = cls().fit_weights(data.Xs, data.Xt, data.ys)
    np.testing.assert_allclose(weights, fitted(cls, data).weights_)
    with pytest.raises(ValueError, match="requires y"):
        cls().fit_weights(data.Xs, data.Xt)


@each_method
def test_one_table_and_target_labels_unread(cls):
    data = shifted()
    X, domain = np.vstack([data.Xs, data.Xt]), np.repeat([0, -1], 400)
    y = np.concatenate([data.ys, 1 - data.yt]).astype(float)
    table = cls().fit(X, y, sample_domain=domain)
    np.testing.assert_allclose(table.priors_, fitted(cls, data).priors_)


def test_out_of_fold_predictions_are_those_of_the_folds():
    data = shifted(100)
    cv = KFold(4, shuffle=True, random_state=0)
    p = cross_val_predict(
        LogisticRegression(), data.Xs, data.ys, cv=cv, method="predict_proba"
    )
    mu = LogisticRegression().fit(data.Xs, data.ys).predict_proba(data.Xt).mean(axis=0)
    C = confusion(p, data.ys, np.full(100, 0.01))
    model = fitted(BBSE, data, cv=cv)
    np.testing.assert_allclose(model.class_weights_, np.linalg.solve(C, mu))
    with pytest.raises(ValueError, match="`cv` must test each source row once"):
        fitted(BBSE, data, cv=ShuffleSplit(3, random_state=0))


@each_method
def test_small_classes(cls):
    data = shifted(60)
    few = np.concatenate([np.flatnonzero(data.ys == label)[:3] for label in (0, 1)])
    model = cls().fit(data.Xs[few], data.ys[few], Xt=data.Xt)
    assert np.all(np.isfinite(model.predict_proba(data.Xt)))
    with pytest.raises(ValueError, match="class 1 has one"):
        cls().fit(data.Xs[few[:4]], data.ys[few[:4]], Xt=data.Xt)
    with pytest.raises(ValueError, match="got one class only: 0"):
        cls().fit(data.Xs[few[:3]], data.ys[few[:3]], Xt=data.Xt)


@each_method
def test_estimators_that_cannot_serve(cls):
    data = shifted(100)
    with pytest.raises(TypeError, match="must be a classifier, got LinearRegression"):
        fitted(cls, data, estimator=LinearRegression())
    with pytest.raises(TypeError, match="`predict_proba`, which LinearSVC has not"):
        fitted(cls, data, estimator=LinearSVC(), correct="probabilities")
    with pytest.raises(TypeError, match=r"KNeighborsClassifier\) has no `sample_wei"):
        fitted(cls, data, estimator=KNeighborsClassifier(), correct="weights")
    with pytest.raises(ValueError, match="Unknown label type"):
        cls().fit(data.Xs, data.Xs[:, 0], Xt=data.Xt)


@each_method
def test_estimators_without_sample_weight(cls):
    data = shifted(2000, 0, (0.5, 0.5), (0.1, 0.9))
    neighbours = KNeighborsClassifier(20)
    plain = clone(neighbours).fit(data.Xs, data.ys).score(data.Xt, data.yt)
    for params in (
        {"correct": "probabilities"},
        {"correct": "weights", "resample": True},
    ):
        model = fitted(cls, data, estimator=neighbours, random_state=0, **params)
        assert model.score(data.Xt, data.yt) > plain + 0.05


@each_method
def test_pipelines_adapters_gaps_and_sparse_rows(cls):
    data = shifted(300)
    scaled = make_pipeline(StandardScaler(), LogisticRegression())
    assert fitted(cls, data, estimator=scaled).score(data.Xt, data.yt) > 0.85
    nested = fitted(cls, data, estimator=CORAL(LogisticRegression()))
    assert nested.score(data.Xt, data.yt) > 0.7
    gaps = data.Xs.copy()
    gaps[::7, 1] = np.nan
    trees = HistGradientBoostingClassifier(max_iter=5)
    assert cls(trees).fit(gaps, data.ys, Xt=data.Xt).score(data.Xt, data.yt) > 0.8
    thin = cls().fit(sparse.csr_array(data.Xs), data.ys, Xt=sparse.csr_array(data.Xt))
    np.testing.assert_allclose(thin.priors_, fitted(cls, data).priors_, rtol=1e-4)


@each_method
@pytest.mark.parametrize("correct", ["weights", "probabilities"])
def test_pickles(cls, correct):
    data = shifted(100)
    model = fitted(cls, data, correct=correct)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(
        again.predict_proba(data.Xt), model.predict_proba(data.Xt)
    )


@each_method
def test_copy_says_whose_estimator_is_fitted(cls):
    data = shifted()
    given = LogisticRegression()
    assert fitted(cls, data, estimator=given).estimator_ is not given
    assert not hasattr(given, "coef_")
    assert fitted(cls, data, estimator=given, copy=False).estimator_ is given
