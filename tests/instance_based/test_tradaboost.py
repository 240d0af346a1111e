import warnings
from typing import ClassVar

import numpy as np
import pytest
from scipy import sparse
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from adapt.instance_based import TrAdaBoost
from tests.common import shifted_classes


def two_rules(ns=200, nt=40, seed=0, noise=0.1):
    """Return domains whose classes obey different rules, with some labels wrong."""
    rng = np.random.default_rng(seed)
    Xs, Xt = rng.normal(size=(ns, 3)), rng.normal(size=(nt, 3))
    ys, yt = (Xs[:, 0] > 0).astype(int), (Xt[:, 0] + 0.7 * Xt[:, 1] > 0.3).astype(int)
    ys ^= rng.random(ns) < noise
    yt ^= rng.random(nt) < noise
    return Xs, ys, Xt, yt


def loop(estimator, Xs, ys, Xt, yt, n_rounds):
    """Run the algorithm of Dai et al. (2007), line by line, for labels 0 and 1."""
    n, m = len(Xs), len(Xt)
    X, c = np.concatenate([Xs, Xt]), np.concatenate([ys, yt])
    w = np.concatenate([np.ones(n) / n, np.ones(m) / m])  # open in the paper
    beta = 1 / (1 + np.sqrt(2 * np.log(n) / n_rounds))
    hypotheses, betas, errors, weights = [], [], [], []
    for _ in range(n_rounds):
        p = w / w.sum()
        weights.append(p)
        learner = type(estimator)(**estimator.get_params())
        h = learner.fit(X, c, sample_weight=(n + m) * p)
        miss = np.abs(h.predict(X) - c)
        error = np.sum(w[n:] * miss[n:]) / w[n:].sum()
        beta_t = min(error, 0.5 - 1e-6) / (1 - min(error, 0.5 - 1e-6))
        for i in range(n + m):
            w[i] *= beta ** miss[i] if i < n else beta_t ** -miss[i]
        hypotheses.append(h)
        betas.append(beta_t)
        errors.append(error)

    def predict(X):
        first = int(np.ceil(n_rounds / 2)) - 1
        left = np.ones(len(X))
        right = 1.0
        for h, b in list(zip(hypotheses, betas, strict=True))[first:]:
            left = left * b ** -h.predict(X).astype(float)
            right *= b**-0.5
        return (left >= right).astype(int)

    return predict, np.array(errors), weights


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n_estimators", [1, 4, 7, 20])
def test_equals_the_algorithm_of_the_paper(seed, n_estimators):
    Xs, ys, Xt, yt = two_rules(seed=seed)
    stump = DecisionTreeClassifier(max_depth=1, random_state=0)
    predict, errors, weights = loop(stump, Xs, ys, Xt, yt, n_estimators)
    assert errors.min() > 0
    model = TrAdaBoost(stump, n_estimators=n_estimators).fit(Xs, ys, Xt, yt)
    np.testing.assert_allclose(model.estimator_errors_, errors, atol=1e-10)
    for ours, p in zip(model.sample_weights_src_, weights, strict=True):
        np.testing.assert_allclose(ours / 240, p[:200], rtol=1e-8)
    for ours, p in zip(model.sample_weights_tgt_, weights, strict=True):
        np.testing.assert_allclose(ours / 240, p[200:], rtol=1e-8)
    np.testing.assert_array_equal(model.predict(Xs), predict(Xs))


def test_misleading_source_rows_fade():
    Xs, ys, Xt, yt = two_rules(noise=0)
    ys[:50] = 1 - ys[:50]
    stump = DecisionTreeClassifier(max_depth=1, random_state=0)
    model = TrAdaBoost(stump, n_estimators=20).fit(Xs, ys, Xt, yt)
    weights = model.predict_weights()
    assert weights[:50].mean() < 0.05 * weights[50:].mean()
    np.testing.assert_array_equal(model.predict_weights("tgt").shape, (40,))
    with pytest.raises(ValueError, match="`domain` must be"):
        model.predict_weights("other")


def test_beats_both_domains_pooled():
    Xs, ys, Xt, yt = two_rules(ns=1000, nt=60, noise=0)
    _, _, X, y = two_rules(nt=2000, seed=1, noise=0)
    pooled = LogisticRegression()
    pooled.fit(np.concatenate([Xs, Xt]), np.concatenate([ys, yt]))
    model = TrAdaBoost(LogisticRegression(), n_estimators=5).fit(Xs, ys, Xt, yt)
    assert model.score(X, y) > pooled.score(X, y) + 0.05


def test_strings_and_several_classes():
    Xs, ys, Xt, yt = shifted_classes(n_classes=3)
    names = np.array(["a", "bb", "ccc"])
    stump = DecisionTreeClassifier(max_depth=2, random_state=0)
    numbers = TrAdaBoost(stump).fit(Xs, ys, Xt, yt)
    strings = TrAdaBoost(stump).fit(Xs, names[ys], Xt, names[yt])
    np.testing.assert_array_equal(names[numbers.predict(Xt)], strings.predict(Xt))
    assert strings.classes_.tolist() == ["a", "bb", "ccc"]
    proba = strings.predict_proba(Xt)
    assert proba.shape == (120, 3)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    assert strings.score(Xt, names[yt]) > 0.9


@pytest.mark.parametrize("poor", ["source", "target"])
def test_a_class_missing_in_one_domain(poor):
    Xs, ys, Xt, yt = shifted_classes(n_classes=3)
    if poor == "source":
        Xs, ys = Xs[ys != 1], ys[ys != 1]
    else:
        Xt, yt = Xt[yt != 1], yt[yt != 1]
    stump = DecisionTreeClassifier(max_depth=3, random_state=0)
    model = TrAdaBoost(stump, n_estimators=3).fit(Xs, ys, Xt, yt)
    assert model.classes_.tolist() == [0, 1, 2]
    assert model.predict_proba(Xt).shape == (len(Xt), 3)
    assert model.score(Xt, yt) > 0.9


def test_unlabelled_target_rows_are_ignored():
    Xs, ys, Xt, yt = two_rules()
    stump = DecisionTreeClassifier(max_depth=1, random_state=0)
    partly = np.where(np.arange(40) < 15, yt, -1)
    some = TrAdaBoost(stump).fit(Xs, ys, Xt, partly)
    few = TrAdaBoost(stump).fit(Xs, ys, Xt[:15], yt[:15])
    np.testing.assert_array_equal(some.estimator_errors_, few.estimator_errors_)
    X, y = np.concatenate([Xs, Xt]), np.concatenate([ys, partly])
    table = TrAdaBoost(stump).fit(X, y, sample_domain=np.repeat([0, -1], [200, 40]))
    np.testing.assert_array_equal(table.estimator_errors_, few.estimator_errors_)


def test_sample_weight_is_multiplied_in():
    Xs, ys, Xt, yt = two_rules()
    stump = DecisionTreeClassifier(max_depth=1, random_state=0)
    weight = np.where(np.arange(200) < 100, 0, 3.0)
    weighted = TrAdaBoost(stump).fit(Xs, ys, Xt, yt, sample_weight=weight)
    for given in weighted.sample_weights_src_:
        assert np.all(given[:100] == 0)
        assert np.all(given[100:] > 0)
    first = weighted.sample_weights_src_[0][150] / weighted.sample_weights_tgt_[0][0]
    assert first == pytest.approx(3 * 40 / 200)
    X, y = np.concatenate([Xs, Xt]), np.concatenate([ys, yt])
    table = TrAdaBoost(stump).fit(
        X,
        y,
        sample_domain=np.repeat([0, -1], [200, 40]),
        sample_weight=np.concatenate([weight, np.ones(40)]),
    )
    np.testing.assert_array_equal(table.estimator_errors_, weighted.estimator_errors_)


def test_learning_rate_is_an_exponent():
    Xs, ys, Xt, yt = two_rules()
    stump = DecisionTreeClassifier(max_depth=1, random_state=0)
    slow, fast = (
        TrAdaBoost(stump, n_estimators=2, lr=lr).fit(Xs, ys, Xt, yt) for lr in (0.5, 1)
    )

    def spread(model):  # of the weights after one round, all else equal
        return np.ptp(np.log(model.sample_weights_src_[1]))

    assert spread(slow) == pytest.approx(spread(fast) / 2)


def test_early_stop_is_told():
    Xs, ys, Xt, yt = two_rules()
    tree = DecisionTreeClassifier(random_state=0)
    with pytest.warns(UserWarning, match="after round 1 of `n_estimators`=10"):
        model = TrAdaBoost(tree).fit(Xs, ys, Xt, yt)
    assert model.estimator_errors_.tolist() == [0]
    assert np.all(np.isfinite(model.predict_proba(Xt)))
    assert model.score(Xt, yt) == 1


def test_a_round_without_error_outvotes_the_others():
    Xs, ys, Xt, yt = two_rules(nt=8, noise=0.2, seed=1)
    tree = DecisionTreeClassifier(max_depth=2, random_state=0)
    with pytest.warns(UserWarning, match="`n_estimators`=50"):
        model = TrAdaBoost(tree, n_estimators=50).fit(Xs, ys, Xt, yt)
    assert len(model.estimators_) > 1
    assert model.estimator_errors_[-1] == 0
    np.testing.assert_array_equal(model.predict(Xs), model.estimators_[-1].predict(Xs))
    assert model.score(Xt, yt) == 1


def test_staged_predictions_end_with_the_prediction():
    Xs, ys, Xt, yt = two_rules()
    stump = DecisionTreeClassifier(max_depth=1, random_state=0)
    model = TrAdaBoost(stump, n_estimators=6).fit(Xs, ys, Xt, yt)
    stages = list(model.staged_predict(Xt))
    assert len(stages) == 6
    np.testing.assert_array_equal(stages[-1], model.predict(Xt))
    np.testing.assert_array_equal(stages[0], model.estimators_[0].predict(Xt))


def test_decision_function_is_the_lead_of_the_second_class():
    Xs, ys, Xt, yt = two_rules()
    stump = DecisionTreeClassifier(max_depth=1, random_state=0)
    model = TrAdaBoost(stump).fit(Xs, ys, Xt, yt)
    decision = model.decision_function(Xt)
    np.testing.assert_allclose(decision, 2 * model.predict_proba(Xt)[:, 1] - 1)
    np.testing.assert_array_equal(model.predict(Xt), (decision > 0).astype(int))


def test_estimator_without_sample_weight():
    Xs, ys, Xt, yt = two_rules()
    with pytest.raises(TypeError, match=r"KNeighborsClassifier\) has no `sample_wei"):
        TrAdaBoost(KNeighborsClassifier()).fit(Xs, ys, Xt, yt)
    model = TrAdaBoost(KNeighborsClassifier(), resample=True, random_state=0)
    model.fit(Xs, ys, Xt, yt)
    assert model.score(Xt, yt) > 0.7
    assert not hasattr(KNeighborsClassifier(), "decision_function")


def test_bootstrap_loses_no_class():
    # The source has one class only, and the other is two target rows of 100.
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(98, 2)), rng.normal(size=(4, 2)) + 3
    ys, yt = np.zeros(98, int), np.array([0, 0, 1, 1])
    for seed in range(20):
        model = TrAdaBoost(
            LogisticRegression(), n_estimators=3, resample=True, random_state=seed
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            assert model.fit(Xs, ys, Xt, yt).classes_.tolist() == [0, 1]


def test_rounds_have_seeds_of_their_own():
    Xs, ys, Xt, yt = two_rules()
    tree = DecisionTreeClassifier(max_depth=1, max_features=1)
    model = TrAdaBoost(tree, random_state=0).fit(Xs, ys, Xt, yt)
    assert len({round_.random_state for round_ in model.estimators_}) > 1
    again = TrAdaBoost(tree, random_state=0).fit(Xs, ys, Xt, yt)
    np.testing.assert_array_equal(model.estimator_errors_, again.estimator_errors_)
    assert tree.random_state is None


def test_no_classifier():
    Xs, ys, Xt, yt = two_rules()
    with pytest.raises(TypeError, match="must be a classifier, got LinearRegression"):
        TrAdaBoost(LinearRegression()).fit(Xs, ys, Xt, yt)
    with pytest.raises(ValueError, match="Unknown label type"):
        TrAdaBoost().fit(Xs, Xs[:, 0], Xt, Xt[:, 0])


def test_target_labels_are_required():
    Xs, ys, Xt, _ = two_rules()
    with pytest.raises(ValueError, match="needs the labels of some target rows"):
        TrAdaBoost().fit(Xs, ys, Xt)


def test_missing_values_and_sparse_rows():
    Xs, ys, Xt, yt = two_rules()
    gaps = Xs.copy()
    gaps[::5, 0] = np.nan
    trees = HistGradientBoostingClassifier(max_iter=3, max_depth=1)
    assert TrAdaBoost(trees, n_estimators=2).fit(gaps, ys, Xt, yt).score(Xt, yt) > 0.5
    dense = TrAdaBoost(LinearSVC(), n_estimators=2).fit(Xs, ys, Xt, yt)
    thin = TrAdaBoost(LinearSVC(), n_estimators=2)
    thin.fit(sparse.csr_array(Xs), ys, sparse.csr_array(Xt), yt)
    np.testing.assert_array_equal(thin.predict(sparse.csr_array(Xt)), dense.predict(Xt))


class Counting(DecisionTreeClassifier):
    """A tree that notes how many rows each call is given."""

    calls: ClassVar[list] = []

    def fit(self, X, y, sample_weight=None):
        self.calls.append(("fit", len(X)))
        return super().fit(X, y, sample_weight)

    def predict(self, X):
        self.calls.append(("predict", len(X)))
        return super().predict(X)


def test_a_round_is_one_fit_and_one_prediction():
    Xs, ys, Xt, yt = two_rules(ns=400, nt=100)
    Counting.calls.clear()
    model = TrAdaBoost(Counting(max_depth=1), n_estimators=5).fit(Xs, ys, Xt, yt)
    assert len(model.estimators_) == 5
    assert Counting.calls == [("fit", 500), ("predict", 500)] * 5


def test_copy_is_ignored():
    Xs, ys, Xt, yt = two_rules()
    tree = DecisionTreeClassifier(max_depth=1)
    p, q = (
        TrAdaBoost(tree, copy=copy, random_state=0).fit(Xs, ys, Xt, yt).predict(Xt)
        for copy in (True, False)
    )
    np.testing.assert_array_equal(p, q)
    assert tree.random_state is None
    assert not hasattr(tree, "tree_")
