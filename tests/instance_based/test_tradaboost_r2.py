import pickle
import warnings
from typing import ClassVar

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import bisect
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import KFold
from sklearn.neighbors import KNeighborsRegressor
from sklearn.tree import DecisionTreeRegressor

from adapt.instance_based import TrAdaBoostR2, TwoStageTrAdaBoostR2
from adapt.instance_based._tradaboost_r2 import linear_losses, weighted_median

METHODS = [TrAdaBoostR2, TwoStageTrAdaBoostR2]
each_method = pytest.mark.parametrize("cls", METHODS)
TREE = DecisionTreeRegressor(max_depth=2, random_state=0)


def two_rules(ns=150, nt=30, seed=0, noise=0.1):
    """Return domains in which half of the source obeys the rule of the target."""
    rng = np.random.default_rng(seed)
    Xs, Xt = rng.uniform(size=(ns, 2)), rng.uniform(size=(nt, 2))
    ys = np.sin(6 * Xs[:, 0]) + 2 * (np.arange(ns) < ns // 2) * Xs[:, 1]
    yt = np.sin(6 * Xt[:, 0])
    return Xs, ys + noise * rng.normal(size=ns), Xt, yt + noise * rng.normal(size=nt)


def held_fast_adaboost(estimator, X, y, n, w, n_rounds):
    """Run AdaBoost.R2 on weights ``w`` of which the first ``n`` do not move."""
    w = w / w.sum()
    target_sum = w[n:].sum()
    hypotheses, betas = [], []
    for _ in range(n_rounds):
        h = type(estimator)(**estimator.get_params())
        h.fit(X, y, sample_weight=len(y) * w)
        e = np.abs(y - h.predict(X))
        e /= e[w > 0].max()
        error = sum(e[i] * w[i] for i in range(len(y)))
        if error >= 0.5:
            break
        beta = error / (1 - error)
        hypotheses.append(h)
        betas.append(beta)
        for i in range(n, len(y)):
            w[i] *= beta ** (1 - e[i])
        w[n:] *= target_sum / w[n:].sum()
    return hypotheses, betas


def naive_median(hypotheses, betas, X):
    """Return the weighted median with weights ln 1 / beta, row by row."""
    weights = np.log(1 / np.array(betas))
    out = []
    for row in np.column_stack([h.predict(X) for h in hypotheses]):
        order = np.argsort(row)
        total = 0.0
        for i in order:
            total += weights[i]
            if total >= weights.sum() / 2:
                out.append(row[i])
                break
    return np.array(out)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("n_rounds", [1, 4, 7, 20])
def test_equals_the_algorithm_of_the_paper(seed, n_rounds):
    Xs, ys, Xt, yt = two_rules(seed=seed)
    n, m = len(Xs), len(Xt)
    X, y = np.concatenate([Xs, Xt]), np.concatenate([ys, yt])
    w = np.full(n + m, 1 / (n + m))
    beta = 1 / (1 + np.sqrt(2 * np.log(n) / n_rounds))
    hypotheses, betas, weights, errors = [], [], [], []
    for _ in range(n_rounds):
        weights.append(w / w.sum())
        h = DecisionTreeRegressor(max_depth=2, random_state=0)
        h.fit(X, y, sample_weight=(n + m) * w / w.sum())
        e = np.abs(y - h.predict(X))
        e /= e.max()
        errors.append(sum(w[n:] * e[n:]) / w[n:].sum())
        capped = min(errors[-1], 0.5 - 1e-6)
        beta_t = capped / (1 - capped)
        for i in range(n + m):
            w[i] *= beta ** e[i] if i < n else beta_t ** -e[i]
        hypotheses.append(h)
        betas.append(beta_t)
    first = int(np.ceil(n_rounds / 2)) - 1
    model = TrAdaBoostR2(TREE, n_estimators=n_rounds).fit(Xs, ys, Xt, yt)
    np.testing.assert_allclose(model.estimator_errors_, errors, atol=1e-10)
    for source, target, p in zip(
        model.sample_weights_src_, model.sample_weights_tgt_, weights, strict=True
    ):
        np.testing.assert_allclose(np.append(source, target) / (n + m), p, rtol=1e-7)
    np.testing.assert_allclose(
        model.predict(Xt), naive_median(hypotheses[first:], betas[first:], Xt)
    )


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("n_stages", [1, 2, 5])
def test_two_stages_equal_the_algorithm_of_the_paper(seed, n_stages):
    Xs, ys, Xt, yt = two_rules(seed=seed)
    n, m = len(Xs), len(Xt)
    X, y = np.concatenate([Xs, Xt]), np.concatenate([ys, yt])
    w = np.full(n + m, 1 / (n + m))
    stages, cv_errors, weights = [], [], []
    for t in range(1, n_stages + 1):
        weights.append(w)
        stages.append(held_fast_adaboost(TREE, X, y, n, w, 6))
        held_out = []
        for train, test in KFold(5).split(Xt):
            kept = np.append(np.arange(n), n + train)
            model = held_fast_adaboost(TREE, X[kept], y[kept], n, w[kept], 6)
            held_out.extend(np.abs(yt[test] - naive_median(*model, Xt[test])))
        cv_errors.append(np.mean(held_out))
        if t == n_stages:
            break
        h = DecisionTreeRegressor(max_depth=2, random_state=0)
        h.fit(X, y, sample_weight=(n + m) * w)
        e = np.abs(y - h.predict(X))
        e /= e.max()
        wanted = m / (n + m) + t / (n_stages - 1) * (1 - m / (n + m))

        def share(beta, w=w, e=e):
            faded = w[:n] * beta ** e[:n]
            return w[n:].sum() / (w[n:].sum() + faded.sum())

        faded = np.zeros(n)
        if wanted < 1:
            beta = bisect(lambda b: share(b) - wanted, 1e-300, 1, xtol=1e-300)  # noqa: B023
            faded = w[:n] * beta ** e[:n]
        w = np.append(faded, w[n:])
        w /= w.sum()
        assert w[n:].sum() == pytest.approx(wanted, abs=1e-6)
    model = TwoStageTrAdaBoostR2(TREE, n_estimators=n_stages, n_estimators_fs=6)
    model.fit(Xs, ys, Xt, yt)
    np.testing.assert_allclose(model.estimator_errors_, cv_errors)
    for source, target, p in zip(
        model.sample_weights_src_, model.sample_weights_tgt_, weights, strict=True
    ):
        np.testing.assert_allclose(
            np.append(source, target) / (n + m), p, rtol=1e-5, atol=1e-12
        )
    best = stages[np.argmin(cv_errors)]
    np.testing.assert_allclose(model.predict(Xt), naive_median(*best, Xt))


def test_weighted_median():
    predictions = np.array([[3.0, 1.0], [1.0, 5.0], [2.0, 4.0]])
    np.testing.assert_array_equal(weighted_median(predictions, np.ones(3)), [2, 4])
    np.testing.assert_array_equal(
        weighted_median(predictions, np.array([5.0, 1, 1])), [3, 1]
    )
    # Half of the weight is enough.
    np.testing.assert_array_equal(
        weighted_median(predictions, np.array([2.0, 1, 1])), [2, 1]
    )


def test_losses_are_scaled_by_the_largest_error_that_counts():
    y, predicted = np.array([0.0, 0, 0]), np.array([1.0, 2, 4])
    np.testing.assert_allclose(linear_losses(y, predicted, np.ones(3)), [0.25, 0.5, 1])
    np.testing.assert_allclose(
        linear_losses(y, predicted, np.array([1.0, 1, 0])), [0.5, 1, 1]
    )
    np.testing.assert_array_equal(linear_losses(y, y, np.ones(3)), 0)


@each_method
def test_misleading_source_rows_fade(cls):
    Xs, ys, Xt, yt = two_rules(noise=0)
    model = cls(TREE, n_estimators=10).fit(Xs, ys, Xt, yt)
    late = model.sample_weights_src_[-2]
    assert late[:75].mean() < 0.5 * late[75:].mean()
    np.testing.assert_array_equal(model.predict_weights("tgt").shape, (30,))
    if cls is TwoStageTrAdaBoostR2:
        sums = [weights.sum() for weights in model.sample_weights_src_]
        np.testing.assert_allclose(sums, np.linspace(150, 0, 10), atol=1e-9)


@each_method
def test_beats_both_domains_pooled(cls):
    Xs, ys, Xt, yt = two_rules(nt=40)
    _, _, X, y = two_rules(nt=500, seed=1, noise=0)
    pooled = DecisionTreeRegressor(max_depth=2, random_state=0)
    pooled.fit(np.concatenate([Xs, Xt]), np.concatenate([ys, yt]))
    model = cls(TREE, n_estimators=10).fit(Xs, ys, Xt, yt)
    assert model.score(X, y) > pooled.score(X, y) + 0.1


@each_method
def test_one_round(cls):
    Xs, ys, Xt, yt = two_rules()
    model = cls(TREE, n_estimators=1).fit(Xs, ys, Xt, yt)
    assert len(model.estimators_) == 1
    assert np.all(np.isfinite(model.predict(Xt)))
    if cls is TwoStageTrAdaBoostR2:
        params = {"n_estimators": 1, "n_estimators_fs": 1}
        single = cls(TREE, **params).fit(Xs, ys, Xt, yt)
        both = np.concatenate([Xs, Xt]), np.concatenate([ys, yt])
        plain = DecisionTreeRegressor(max_depth=2, random_state=0).fit(*both)
        np.testing.assert_allclose(single.predict(Xt), plain.predict(Xt))


@each_method
def test_shape_of_predictions(cls):
    Xs, ys, Xt, yt = two_rules()
    one = cls(TREE, n_estimators=3).fit(Xs, ys, Xt, yt)
    assert one.predict(Xt).shape == (30,)
    several = cls(TREE, n_estimators=3)
    several.fit(Xs, np.column_stack([ys, ys]), Xt, np.column_stack([yt, yt]))
    assert several.predict(Xt).shape == (30, 2)
    np.testing.assert_allclose(several.predict(Xt)[:, 0], one.predict(Xt))
    np.testing.assert_allclose(several.predict(Xt)[:, 1], one.predict(Xt))
    with pytest.raises(ValueError, match="must have the same outputs"):
        several.fit(Xs, np.column_stack([ys, ys]), Xt, yt)


@each_method
def test_staged_predictions_end_with_the_prediction(cls):
    Xs, ys, Xt, yt = two_rules()
    model = cls(TREE, n_estimators=6).fit(Xs, ys, Xt, yt)
    stages = list(model.staged_predict(Xt))
    assert len(stages) == 6
    np.testing.assert_array_equal(stages[-1], model.predict(Xt))
    np.testing.assert_array_equal(stages[0], model.estimators_[0].predict(Xt))


def test_stages_show_the_best_one_so_far():
    Xs, ys, Xt, yt = two_rules()
    model = TwoStageTrAdaBoostR2(TREE, n_estimators=6).fit(Xs, ys, Xt, yt)
    for last, stage in enumerate(model.staged_predict(Xt), start=1):
        best = model.estimators_[np.argmin(model.estimator_errors_[:last])]
        np.testing.assert_array_equal(stage, best.predict(Xt))


@each_method
def test_sample_weight_is_multiplied_in(cls):
    Xs, ys, Xt, yt = two_rules()
    weight = np.where(np.arange(150) < 75, 0, 3.0)
    model = cls(LinearRegression(), n_estimators=4).fit(
        Xs, ys, Xt, yt, sample_weight=weight
    )
    for given in model.sample_weights_src_:
        assert np.all(given[:75] == 0)
    first = model.sample_weights_src_[0][100] / model.sample_weights_tgt_[0][0]
    assert first == pytest.approx(3)
    if cls is TwoStageTrAdaBoostR2:  # the other has beta from the number of rows
        without = cls(LinearRegression(), n_estimators=4)
        without.fit(Xs[75:], ys[75:], Xt, yt, sample_weight=weight[75:])
        np.testing.assert_allclose(model.estimator_errors_, without.estimator_errors_)
    X, y = np.concatenate([Xs, Xt]), np.concatenate([ys, yt])
    table = cls(LinearRegression(), n_estimators=4).fit(
        X,
        y,
        sample_domain=np.repeat([0, -1], [150, 30]),
        sample_weight=np.append(weight, np.ones(30)),
    )
    np.testing.assert_allclose(table.estimator_errors_, model.estimator_errors_)


@each_method
def test_target_rows_without_weight_are_left_out(cls):
    Xs, ys, Xt, yt = two_rules()
    X, y = np.concatenate([Xs, Xt]), np.concatenate([ys, yt])
    domain, weight = np.repeat([0, -1], [150, 30]), np.ones(180)
    weight[160:] = 0
    model = cls(TREE, n_estimators=3)
    model.fit(X, y, sample_domain=domain, sample_weight=weight)
    few = cls(TREE, n_estimators=3).fit(Xs, ys, Xt[:10], yt[:10])
    np.testing.assert_allclose(model.estimator_errors_, few.estimator_errors_)
    np.testing.assert_allclose(model.predict(X), few.predict(X))
    weight[150:] = 0
    with pytest.raises(ValueError, match="zero for every labelled target row"):
        model.fit(X, y, sample_domain=domain, sample_weight=weight)


@each_method
def test_unlabelled_target_rows_are_ignored(cls):
    Xs, ys, Xt, yt = two_rules()
    partly = np.where(np.arange(30) < 12, yt, np.nan)
    some = cls(TREE, n_estimators=3).fit(Xs, ys, Xt, partly)
    few = cls(TREE, n_estimators=3).fit(Xs, ys, Xt[:12], yt[:12])
    np.testing.assert_array_equal(some.estimator_errors_, few.estimator_errors_)
    with pytest.raises(ValueError, match="needs the labels of some target rows"):
        cls(TREE).fit(Xs, ys, Xt)


def test_fewer_target_rows_than_folds():
    Xs, ys, Xt, yt = two_rules()
    few = TwoStageTrAdaBoostR2(TREE, n_estimators=3).fit(Xs, ys, Xt[:3], yt[:3])
    loo = TwoStageTrAdaBoostR2(TREE, n_estimators=3, cv=3).fit(Xs, ys, Xt[:3], yt[:3])
    np.testing.assert_array_equal(few.estimator_errors_, loo.estimator_errors_)
    with pytest.raises(ValueError, match="takes 2 of them; got n_samples = 1"):
        few.fit(Xs, ys, Xt[:1], yt[:1])


def test_early_stop_is_told():
    Xs, ys, Xt, yt = two_rules()
    with pytest.warns(
        UserWarning, match="TrAdaBoostR2 stopped after round 1 of `n_est"
    ):
        model = TrAdaBoostR2(DecisionTreeRegressor()).fit(Xs, ys, Xt, yt)
    assert model.estimator_errors_.tolist() == [0]
    np.testing.assert_allclose(model.predict(Xt), yt)


def test_a_perfect_learner_in_two_stages():
    Xs, ys, Xt, yt = two_rules()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = TwoStageTrAdaBoostR2(DecisionTreeRegressor(), n_estimators=4)
        model.fit(Xs, ys, Xt, yt)
    assert all(np.all(np.isfinite(w)) for w in model.sample_weights_src_)
    np.testing.assert_allclose(model.predict(Xt), yt)


@each_method
def test_constant_labels_and_equal_domains(cls):
    X = np.random.default_rng(0).normal(size=(20, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        constant = cls(TREE, n_estimators=3).fit(X, np.ones(20), X, np.ones(20))
        same = cls(Ridge(), n_estimators=3).fit(X, X[:, 0], X, X[:, 0])
    np.testing.assert_array_equal(constant.predict(X), 1)
    assert same.score(X, X[:, 0]) > 0.95


@each_method
def test_learning_rate_is_an_exponent(cls):
    Xs, ys, Xt, yt = two_rules()
    slow, fast = (
        cls(TREE, n_estimators=6, lr=lr).fit(Xs, ys, Xt, yt) for lr in (0.1, 1)
    )
    if cls is TrAdaBoostR2:
        spread = [np.ptp(np.log(m.sample_weights_src_[1])) for m in (slow, fast)]
        assert spread[0] == pytest.approx(0.1 * spread[1])
    assert not np.array_equal(slow.predict(Xt), fast.predict(Xt))


@each_method
def test_estimators(cls):
    Xs, ys, Xt, yt = two_rules()
    with pytest.raises(TypeError, match="must be a regressor, got LogisticRegression"):
        cls(LogisticRegression()).fit(Xs, ys, Xt, yt)
    with pytest.raises(TypeError, match=r"KNeighborsRegressor\) has no `sample_wei"):
        cls(KNeighborsRegressor()).fit(Xs, ys, Xt, yt)
    model = cls(KNeighborsRegressor(), n_estimators=3, resample=True, random_state=0)
    assert np.all(np.isfinite(model.fit(Xs, ys, Xt, yt).predict(Xt)))
    with pytest.raises(ValueError, match="takes numbers as labels"):
        cls().fit(Xs, np.repeat("a", 150), Xt, np.repeat("a", 30))
    # Counts are numbers too.
    counts = cls(n_estimators=2).fit(Xs, np.rint(ys).astype(int), Xt, np.rint(yt))
    assert (
        isinstance(counts.estimators_[0], LinearRegression) or cls is not TrAdaBoostR2
    )
    assert len(np.unique(counts.predict(Xt))) == 30


@each_method
def test_missing_values_sparse_rows_seeds_and_pickles(cls):
    Xs, ys, Xt, yt = two_rules()
    gaps = Xs.copy()
    gaps[::5, 0] = np.nan
    trees = HistGradientBoostingRegressor(max_iter=3, max_depth=1)
    cls(trees, n_estimators=2).fit(gaps, ys, Xt, yt).predict(Xt)
    dense = cls(TREE, n_estimators=3).fit(Xs, ys, Xt, yt)
    thin = cls(TREE, n_estimators=3)
    thin.fit(sparse.csr_array(Xs), ys, sparse.csr_array(Xt), yt)
    np.testing.assert_allclose(thin.predict(sparse.csr_array(Xt)), dense.predict(Xt))
    drawn = DecisionTreeRegressor(max_depth=1, max_features=1)
    models = [
        cls(drawn, n_estimators=3, random_state=0).fit(Xs, ys, Xt, yt) for _ in range(2)
    ]
    np.testing.assert_array_equal(models[0].predict(Xt), models[1].predict(Xt))
    again = pickle.loads(pickle.dumps(dense))
    np.testing.assert_array_equal(again.predict(Xt), dense.predict(Xt))


class Counting(DecisionTreeRegressor):
    """A tree that notes its fits."""

    fits: ClassVar[list] = []

    def fit(self, X, y, sample_weight=None):
        self.fits.append(len(X))
        return super().fit(X, y, sample_weight)


def test_no_fits_but_those_of_the_rounds():
    Xs, ys, Xt, yt = two_rules(ns=150, nt=30)
    Counting.fits.clear()
    TrAdaBoostR2(Counting(max_depth=1), n_estimators=5).fit(Xs, ys, Xt, yt)
    assert Counting.fits == [180] * 5
    Counting.fits.clear()
    model = TwoStageTrAdaBoostR2(
        Counting(max_depth=1), n_estimators=3, n_estimators_fs=3, cv=2
    )
    model.fit(Xs, ys, Xt, yt)
    # Each of three steps: three rounds on all rows, and on the rows of two folds.
    assert sorted(Counting.fits) == [165] * 18 + [180] * 9


@each_method
def test_copy_is_ignored(cls):
    Xs, ys, Xt, yt = two_rules()
    tree = DecisionTreeRegressor(max_depth=1)
    p, q = (
        cls(tree, copy=copy, random_state=0).fit(Xs, ys, Xt, yt).predict(Xt)
        for copy in (True, False)
    )
    np.testing.assert_array_equal(p, q)
    assert tree.random_state is None
    assert not hasattr(tree, "tree_")
