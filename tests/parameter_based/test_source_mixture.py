import itertools
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import approx_fprime, minimize
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from adapt.datasets import load_thyroid
from adapt.metrics import leep
from adapt.parameter_based import SourceMixture
from adapt.parameter_based._pooling import (
    linear_pool_weights,
    log_pool_objective,
    log_pool_weights,
    mixture_likelihood,
)
from adapt.parameter_based._source_selection import (
    OsbornTerms,
    chosen_regressors,
    ensemble_likelihood,
    greedy,
    ms_leep,
    osborn_terms,
    translated_likelihoods,
)
from tests.common import shifted_classes, shifted_numbers


def experts(n=50, n_experts=4, n_classes=3, seed=0):
    """Return probabilities (experts, rows, classes), and the classes of the rows."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(n_classes, size=n)
    P = rng.dirichlet(np.ones(n_classes), (n_experts, n))
    P[0] = 0.6 * np.eye(n_classes)[codes] + 0.4 * P[0]
    return P, codes


def sources(n=4, seed=0):
    """Return models of rotated tasks, the last of which has its labels flipped."""
    rng = np.random.default_rng(seed)
    models = {}
    for k in range(n):
        X = rng.normal(size=(200, 3))
        y = (X @ [1, 0.2 * k, 0] > 0).astype(int)
        models[f"s{k}"] = LogisticRegression().fit(X, 1 - y if k == n - 1 else y)
    X = rng.normal(size=(340, 3))
    y = (X[:, 0] > 0).astype(int)
    return models, X[:40], y[:40], X[40:], y[40:]


# Weights


@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_expectation_maximisation_never_lowers_the_likelihood(strength):
    P, codes = experts()
    L, v = P[:, np.arange(50), codes].T, np.random.default_rng(1).random(50)
    values = [
        mixture_likelihood(
            linear_pool_weights(L, v, strength, max_iter=k), L, v, strength
        )
        for k in range(1, 40)
    ]
    assert np.diff(values).min() > -1e-10


def test_linear_pool_fulfils_the_conditions_of_its_optimum():
    P, codes = experts()
    L, v = P[:, np.arange(50), codes].T, np.ones(50)
    w = linear_pool_weights(L, v, 1.0, max_iter=100_000, tol=0)
    slope = (v / (L @ w)) @ L + 1.0 / w
    np.testing.assert_allclose(slope, slope.mean(), rtol=1e-6)
    w = linear_pool_weights(L, v, 0.0, max_iter=100_000, tol=0)
    slope = (v / (L @ w)) @ L
    used = w > 1e-6
    np.testing.assert_allclose(slope[used], 50, rtol=1e-4)
    assert np.all(slope[~used] < 50 + 1e-3)


def test_log_pool_fulfils_the_conditions_of_its_optimum():
    P, codes = experts()
    v = np.random.default_rng(1).random(50)
    args = np.log(P), codes, v, 1.0
    point = np.array([0.3, 0.0, 0.7, 1.2])
    numeric = approx_fprime(point, lambda w: log_pool_objective(w, *args)[0], 1e-7)
    np.testing.assert_allclose(log_pool_objective(point, *args)[1], numeric, rtol=1e-4)
    w = log_pool_weights(*args)
    slope = log_pool_objective(w, *args)[1]
    assert np.abs(slope[w > 0]).max() < 1e-3
    assert slope[w == 0].min(initial=0) >= 0
    assert w[0] == w.max()


def test_numbers_are_mixed_by_least_squares_on_the_simplex():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    y = X @ [1.0, 2.0, 3.0]
    models = [
        Ridge().fit(X, y + offset) for offset in (X[:, 0], -2 * X[:, 0], 5 + X[:, 1])
    ]
    mixture = SourceMixture(estimators=models, own=False, strength=0.0).fit(X, y)
    F = np.column_stack([model.predict(X) for model in models])
    best = minimize(
        lambda w: np.sum((F @ w - y) ** 2),
        np.full(3, 1 / 3),
        bounds=[(0, 1)] * 3,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-14},
    )
    np.testing.assert_allclose(list(mixture.weights_.values()), best.x, atol=1e-4)
    np.testing.assert_allclose(mixture.predict(X), F @ best.x, atol=1e-2)


# Selection


def naive_osborn(members, distances, labels, y):
    def entropy(a, b):
        total = 0.0
        for z in np.unique(b):
            rows = b == z
            shares = np.unique(a[rows], return_counts=True)[1] / rows.sum()
            total -= rows.mean() * np.sum(shares * np.log(shares))
        return total

    single = sum(distances[s] + entropy(labels[s], y) for s in members)
    pairs = sum(
        entropy(labels[a], labels[b]) for a, b in itertools.permutations(members, 2)
    )
    return -(single + pairs)


def test_osborn_is_the_double_sum():
    P, codes = experts(n_experts=5)
    labels, distances = P.argmax(axis=2), np.arange(5.0)
    terms = osborn_terms(labels, codes, 3, 3, distances)
    for members in ([0], [1, 3], [4, 2, 0]):
        expected = naive_osborn(members, distances, labels, codes)
        assert terms.score(members) == pytest.approx(expected, rel=1e-10)
    assert terms.standardized().entropies.mean() == pytest.approx(0, abs=1e-12)
    pair = OsbornTerms(distances[:2], terms.entropies[:2], terms.disagreements[:2, :2])
    assert pair.standardized() is pair


def test_ensembles_are_scored_by_the_mean_of_translated_likelihoods():
    rng = np.random.default_rng(0)
    codes = rng.integers(3, size=30)
    sources = [rng.dirichlet(np.ones(k), 30) for k in (2, 4, 5)]
    expected = np.empty((30, 3))
    for k, P in enumerate(sources):
        joint = np.array(
            [[P[codes == c, z].sum() for z in range(P.shape[1])] for c in range(3)]
        )
        table = joint / joint.sum(axis=0)
        expected[:, k] = [P[i] @ table[codes[i]] for i in range(30)]
    found = translated_likelihoods(sources, codes, 3)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    members = [0, 2]
    e_leep = np.mean(np.log((expected[:, 0] + expected[:, 2]) / 2))
    assert ensemble_likelihood(found, members) == pytest.approx(e_leep)
    of_each = [leep(sources[k], codes) for k in members]
    assert ms_leep(found, members) == pytest.approx(sum(of_each))


def test_regressors_are_chosen_by_the_error_of_their_mean():
    errors = np.array([[1.0, 1.0], [-1.0, -1.0], [0.5, 0.5]])[:, :, None]
    assert chosen_regressors(errors, np.ones(2), 1) == [2]
    assert chosen_regressors(errors, np.ones(2), 2) == [2, 1]
    X = np.random.default_rng(0).normal(size=(40, 2))
    models = [Ridge().fit(X, X[:, 0] + offset) for offset in (0.0, 5.0)]
    mixture = SourceMixture(estimators=models, select=1, own=False).fit(X, X[:, 0])
    assert mixture.selected_ == ["source 0"]


def test_greedy_choice_of_all_is_all():
    assert sorted(greedy(lambda m: -sum(m), 4, 4)) == [0, 1, 2, 3]
    assert greedy(lambda m: -sum(m), 4, 9) == [0, 1, 2, 3]
    assert greedy(sum, 4, 2) == [3, 2]


@pytest.mark.parametrize("select", ["e-leep", "ms-leep", "osborn", "osborn-published"])
def test_published_selections_choose_a_number_of_sources(select):
    models, X, y, _, _ = sources(5)
    mixture = SourceMixture(estimators=models, select=select, n_sources=2)
    assert len(mixture.fit(X, y).selected_) == 2
    assert set(mixture.weights_) == {*mixture.selected_, "own"}


def test_a_number_selects_by_likelihood_and_leep_forgives_flipped_labels():
    models, X, y, _, _ = sources()
    by_likelihood = SourceMixture(estimators=models, select=3).fit(X, y)
    assert "s3" not in by_likelihood.selected_
    wrong = {"wrong": models["s3"], "noise": LogisticRegression().fit(X, y[::-1])}
    by_leep = SourceMixture(estimators=wrong, select="e-leep", n_sources=1)
    assert by_leep.fit(X, y).selected_ == ["wrong"]


def test_osborn_takes_distances_of_source_rows():
    pytest.importorskip("ot")
    Xs, ys, Xt, yt = shifted_classes(120)
    domain = np.arange(120) % 3
    far = np.where(domain[:, None] == 1, Xs + 100, Xs)
    model = SourceMixture(select="osborn-published", n_sources=2, random_state=0)
    X, y = np.concatenate([far, Xt]), np.concatenate([ys, yt])
    model.fit(X, y, sample_domain=np.append(domain, np.full(len(Xt), -1)))
    assert sorted(model.selected_) == [0, 2]


# The mixture


@pytest.mark.parametrize("pool", ["log", "linear", "uniform"])
def test_a_mixture_of_one_source_is_that_source(pool):
    models, X, y, Xe, _ = sources()
    mixture = SourceMixture(estimators=[models["s0"]], pool=pool, own=False)
    mixture.fit(X, y)
    np.testing.assert_allclose(
        mixture.predict_proba(Xe), models["s0"].predict_proba(Xe), rtol=1e-12
    )
    assert mixture.weights_ == {"source 0": 1.0}
    Xs, ys, Xt, yt = shifted_numbers()
    source = Ridge().fit(Xs, ys)
    mixture = SourceMixture(estimators=[source], pool=pool, own=False).fit(Xt, yt)
    np.testing.assert_allclose(mixture.predict(Xt), source.predict(Xt))


def test_flipped_sources_do_no_harm_and_can_be_relabelled():
    models, X, y, Xe, ye = sources()
    scores, weights = {}, {}
    for pool in "log", "linear", "uniform":
        mixture = SourceMixture(estimators=models, pool=pool, random_state=0).fit(X, y)
        scores[pool], weights[pool] = mixture.score(Xe, ye), mixture.weights_
    assert min(scores["log"], scores["linear"]) >= scores["uniform"]
    assert weights["linear"]["s3"] < 0.05
    mixture.set_params(pool="linear", relabel=True).fit(X, y)
    assert mixture.weights_["s3"] > 2 * weights["linear"]["s3"]


def test_sources_of_other_classes_are_relabelled():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 2))
    quarter = 2 * (X[:, 0] > 0) + (X[:, 1] > 0)
    names = np.array(["sw", "nw", "se", "ne"])[quarter]
    model = LogisticRegression().fit(X[:200], names[:200])
    few, rest = slice(200, 240), slice(240, None)
    turned = LogisticRegression().fit(X[:200], names[:200][::-1])
    both = {"turned": turned, "quarters": model}
    selected = SourceMixture(estimators=both, select=1).fit(X[few], quarter[few] % 2)
    assert selected.selected_ == ["quarters"]
    mixture = SourceMixture(estimators={"quarters": model}, own=False)
    mixture.fit(X[few], quarter[few] % 2)
    assert mixture.weights_ == {"quarters": 1.0}
    assert mixture.score(X[rest], quarter[rest] % 2) > 0.95
    assert mixture.classes_.tolist() == [0, 1]
    with pytest.warns(UserWarning, match=r"\['quarters'\] know no class of the target"):
        mixture.set_params(relabel=False, own=True).fit(X[few], quarter[few] % 2)
    assert mixture.weights_["quarters"] == 0
    with (
        pytest.warns(UserWarning, match="weight 0"),
        pytest.raises(ValueError, match="nothing to mix"),
    ):
        mixture.set_params(own=False).fit(X[few], quarter[few] % 2)


def test_names_that_agree_by_accident_are_translated():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 3))
    eighth = (X > 0) @ [4, 2, 1]  # 0 to 7
    right = (X[:, 0] > 0).astype(int)  # 0 and 1, which are other things
    model = LogisticRegression().fit(X[:300], eighth[:300])
    few, rest = slice(300, 340), slice(340, None)
    mixture = SourceMixture(estimators={"eighths": model}, own=False)
    assert mixture.fit(X[few], right[few]).score(X[rest], right[rest]) > 0.8
    assert mixture.classes_.tolist() == [0, 1]
    # Of the same meaning, classes without a label stay as they are.
    labelled = np.flatnonzero(eighth[few] < 6) + 300
    mixture.fit(X[labelled], eighth[labelled])
    assert mixture.classes_.tolist() == list(range(8))
    assert mixture.score(X[rest], eighth[rest]) == model.score(X[rest], eighth[rest])


def test_tables_are_judged_without_the_row_itself():
    # Noise over many classes could tell each row by its own table.
    rng = np.random.default_rng(0)
    Xs, ys = rng.normal(size=(300, 3)), rng.integers(60, size=300)
    noise = KNeighborsClassifier(1).fit(Xs, ys)
    models, X, y, Xe, ye = sources()
    mixture = SourceMixture(estimators={"good": models["s0"], "noise": noise})
    mixture.fit(X, y)
    assert mixture.weights_["good"] > 2 * mixture.weights_["noise"]
    assert mixture.score(Xe, ye) > 0.9


def test_own_model_is_judged_out_of_fold():
    models, X, _, _, _ = sources()
    y = np.random.default_rng(3).integers(2, size=len(X))  # nothing to learn
    overfitted = RandomForestClassifier(20, random_state=0)
    pure = SourceMixture(overfitted, estimators=models, random_state=0).fit(X, y)
    assert pure.weights_["own"] < 0.6
    assert pure.own_estimator_.score(X, y) == 1


def test_a_class_that_no_source_knows_is_left_to_the_own_model():
    models, X, y, Xe, ye = sources()
    y, ye = (np.where(A[:, 1] > 1, 2, b) for A, b in ((X, y), (Xe, ye)))
    mixture = SourceMixture(estimators=models, relabel=False, random_state=0).fit(X, y)
    assert mixture.classes_.tolist() == [0, 1, 2]
    assert mixture.score(Xe, ye) > 0.5


def test_source_domains_have_a_model_each():
    Xs, ys, Xt, yt = shifted_classes(200)
    domain = np.arange(200) // 50
    X, y = np.concatenate([Xs, Xt]), np.concatenate([ys, yt])
    model = SourceMixture(random_state=0)
    model.fit(X, y, sample_domain=np.append(domain, np.full(200, -1)))
    assert list(model.sources_) == [0, 1, 2, 3]
    expected = LogisticRegression().fit(Xs[domain == 2], ys[domain == 2])
    np.testing.assert_allclose(model.sources_[2].coef_, expected.coef_)
    assert set(model.weights_) == {0, 1, 2, 3, "own"}


def test_frames_reach_the_models_that_were_fitted_on_frames():
    models, X, y, _, _ = sources()
    named = pd.DataFrame(X, columns=list("abc"))
    framed = LogisticRegression().fit(named, y)
    mixture = SourceMixture(estimators={"framed": framed, "plain": models["s0"]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = mixture.fit(named, y).predict_proba(named)
    plain = SourceMixture(estimators={"f": LogisticRegression().fit(X, y), **models})
    assert found.shape == plain.fit(X, y).predict_proba(X).shape


def test_kinds_clones_and_pickles():
    models, X, y, Xe, _ = sources()
    mixture = SourceMixture(estimators=models, random_state=0)
    assert is_classifier(mixture)
    assert is_regressor(SourceMixture(estimators=[LinearRegression().fit(X, y)]))
    found = mixture.fit(X, y).predict_proba(Xe)
    np.testing.assert_array_equal(clone(mixture).fit(X, y).predict_proba(Xe), found)
    copied = pickle.loads(pickle.dumps(mixture))
    np.testing.assert_array_equal(copied.predict_proba(Xe), found)


def test_few_labels_leave_no_own_model():
    models, X, _, _, _ = sources()
    one = SourceMixture(estimators=models).fit(X[:3], np.zeros(3, dtype=int))
    assert one.own_estimator_ is None
    assert "own" not in one.weights_


def test_distilled_student_imitates_the_mixture():
    models, X, y, Xe, _ = sources()
    mixture = SourceMixture(estimators=models, random_state=0).fit(X, y)
    student = mixture.distill(LogisticRegression(), Xe)
    assert np.mean(student.predict(Xe) == mixture.predict(Xe)) > 0.95
    with pytest.raises(TypeError, match=r"`student`.*takes no `sample_weight`"):
        mixture.distill(KNeighborsClassifier(), Xe)
    numbers = SourceMixture(estimators=[Ridge().fit(X, y)], own=False).fit(X, y)
    student = numbers.distill(LinearRegression(), Xe)
    np.testing.assert_allclose(student.predict(Xe), numbers.predict(Xe), atol=1e-9)


def test_bad_sources_are_refused_by_name():
    models, X, y, _, _ = sources()
    for estimators, message in (
        ({"svm": LinearSVC().fit(X, y)}, "'svm'.*CalibratedClassifierCV"),
        ({**models, "r": Ridge().fit(X, y)}, "all classifiers or all regressors"),
        ({"small": LogisticRegression().fit(X[:, :2], y)}, "'small' was fitted on 2"),
        ({"unfitted": LogisticRegression()}, "not fitted"),
        ({}, "takes fitted source models"),
    ):
        with pytest.raises(ValueError, match=message):
            SourceMixture(estimators=estimators).fit(X, y)
    with pytest.raises(ValueError, match="both source rows and `estimators`"):
        SourceMixture(estimators=models).fit(X, y, Xt=X, yt=y)
    with pytest.raises(ValueError, match="score for classes"):
        SourceMixture(estimators=[Ridge().fit(X, y)], select="osborn").fit(X, y)


def test_it_beats_the_uniform_mean_of_hospitals():
    data = load_thyroid(source=("STMW", "SVHC", "other"), target="SVI")
    X = np.where(np.isnan(data.X), np.nanmedian(data.X, axis=0), data.X)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    target = np.flatnonzero(data.sample_domain < 0)
    target = np.random.default_rng(0).permutation(target)
    few, rest = target[:80], target[80:]
    models = {
        k: LogisticRegression(C=0.3).fit(
            X[data.sample_domain == k], data.y[data.sample_domain == k]
        )
        for k in range(3)
    }
    own = LogisticRegression(C=0.3)
    scores = {
        pool: SourceMixture(own, estimators=models, pool=pool, random_state=0)
        .fit(X[few], data.y[few])
        .score(X[rest], data.y[rest])
        for pool in ("log", "uniform")
    }
    assert scores["log"] > scores["uniform"] + 0.03
