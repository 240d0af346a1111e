import numpy as np
import pytest
from scipy.stats import binom
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from adapt.base import AverageAdapter, SourceOnly
from adapt.datasets import load_penguins
from adapt.feature_based import LinearOT
from adapt.inspection import expected_accuracy
from adapt.inspection._accuracy_guesses import (
    agreement_accuracy,
    confidence_difference,
    threshold_accuracy,
)
from adapt.inspection._expected_accuracy import _another_kind, _of_rows, share_right
from adapt.model_selection import AutoAdapt, compare
from tests.common import both_sides, shifted_classes


def noisy(n=1500, shift=0.0, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal([shift, 0], size=(n, 2))
    y = rng.random(n) < 1 / (1 + np.exp(-3 * X[:, 0]))
    return X, y.astype(int)


def test_threshold_against_its_definition():
    rng = np.random.default_rng(0)
    source, target = rng.random(500), rng.random(400) ** 2
    right = rng.random(500) < source
    # The threshold leaves as many source rows above it as were predicted right.
    t = np.sort(source)[::-1][right.sum() - 1]
    assert threshold_accuracy(right, source, target) == np.mean(target >= t)
    assert threshold_accuracy(right, source, source) == pytest.approx(right.mean())
    assert threshold_accuracy(np.ones(5), source[:5], source[:5]) == 1
    assert threshold_accuracy(np.zeros(5), source[:5], target) == 0


def test_difference_against_its_definition():
    right, source, target = np.array([1, 0, 1, 1]), np.full(4, 0.9), np.full(3, 0.8)
    assert confidence_difference(right, source, target) == pytest.approx(0.65)
    assert confidence_difference(right, target, source * 2) == 1


def test_agreement_against_its_definition():
    right = np.array([1, 0, 1, 1])
    assert agreement_accuracy(right, [1, 1, 1, 1], [1, 0]) == pytest.approx(0.25)
    assert agreement_accuracy(right, [1, 0, 1, 0], [1, 1]) == pytest.approx(0.75)
    assert agreement_accuracy(right, [1, 1, 1, 1], [0, 0]) == 0


def test_what_rows_say_of_two_models():
    Xs, ys, Xt, _ = shifted_classes()
    ys = np.array(["no", "yes"])[ys]
    rows, _ = _of_rows(LogisticRegression(), Xs, ys, Xt, np.ones(len(ys)), 3, 7, None)
    other = RandomForestClassifier(random_state=0)
    folds = StratifiedKFold(3, shuffle=True, random_state=7).split(Xs, ys)
    parts = [(train, Xs[test], test) for train, test in folds]
    for train, X, at in [*parts, (np.arange(len(ys)), Xt, None)]:
        a = LogisticRegression().fit(Xs[train], ys[train])
        b = other.fit(Xs[train], ys[train])
        p, q = a.predict_proba(X), b.predict_proba(X)
        yes = a.predict(X) == "yes"
        shared = np.where(yes, p[:, 1] + q[:, 1], p[:, 0] + q[:, 0]) / 2
        found = rows[4:7] if at is not None else rows[7:]
        found = [values if at is None else values[at] for values in found]
        np.testing.assert_allclose(found[0], p.max(axis=1))
        np.testing.assert_allclose(found[1], shared)
        np.testing.assert_array_equal(found[2], a.predict(X) == b.predict(X))


@pytest.mark.parametrize("shift", [0.0, 1.0, -1.5])
def test_guesses_are_right_under_covariate_shift_and_a_right_model(shift):
    Xs, ys = noisy()
    Xt, yt = noisy(shift=shift, seed=1)
    model = LogisticRegression()
    expected = expected_accuracy(model, Xs, ys, Xt, cv=3, random_state=0)
    truth = model.fit(Xs, ys).score(Xt, yt)
    guesses = expected.guesses["guess"]
    for name in "ATC", "DoC", "importance-weighted":
        assert guesses[name] == pytest.approx(truth, abs=0.04)
    assert expected.low <= truth <= expected.high
    names = (
        "ATC of two models",
        "circular validation",
        "agreement",
        "class frequencies",
    )
    taken = expected.guesses.loc[list(names)]
    assert expected.accuracy == taken["guess"].min() <= guesses["source"]
    assert expected.low <= expected.accuracy <= expected.high
    least = taken.loc[taken["guess"].idxmin(), "low"]
    assert expected.low == pytest.approx(least - 0.1)


def test_guesses_follow_the_frequencies_of_classes():
    Xs, ys, Xt, yt = both_sides(1500)
    ys = np.array(["rare", "often"])[ys]
    model = GaussianNB()
    expected = expected_accuracy(model, Xs, ys, Xt, cv=3, random_state=0)
    truth = model.fit(Xs, ys).score(Xt, np.array(["rare", "often"])[yt])
    row = expected.guesses.loc["class frequencies"]
    assert expected.accuracy == row["guess"] == pytest.approx(truth, abs=0.02)
    assert expected.low == pytest.approx(row["low"] - 0.1)


def test_intervals_narrow_with_rows():
    widths = []
    for n in 200, 2000:
        table = expected_accuracy(
            LogisticRegression(), *noisy(n), noisy(n, 1.0, 1)[0], cv=2, random_state=0
        ).guesses
        widths.append((table["high"] - table["low"])["source"])
    assert widths[1] < 0.5 * widths[0]


@pytest.mark.parametrize("n", [5, 20, 60])
def test_share_of_labelled_rows_is_unbiased_and_covered(n):
    """Over all samples, each as often as it is drawn."""
    counts = np.arange(n + 1)
    found = [share_right(np.arange(n) < k, 0.95) for k in counts]
    share, low, high = np.array(found).T
    for truth in 0.5, 0.8, 0.97:
        chance = binom.pmf(counts, n, truth)
        assert chance @ share == pytest.approx(truth)
        assert chance @ ((low <= truth) & (truth <= high)) >= 0.95


def test_labels_of_some_rows_take_the_place_of_the_guess():
    Xs, ys = noisy(400)
    Xt, yt = noisy(600, shift=1.0, seed=1)
    yt = 1 - yt  # another rule, which nothing but labels can show
    model = LogisticRegression()
    given = {"cv": 2, "n_bootstrap": 20, "random_state": 0}
    without = expected_accuracy(model, Xs, ys, Xt, **given)
    truth = model.fit(Xs, ys).score(Xt, yt)
    assert without.low > truth
    order = np.random.default_rng(0).permutation(len(yt))
    widths = []
    for n in 20, 200:
        partial = np.where(np.isin(np.arange(len(yt)), order[:n]), yt, np.nan)
        found = expected_accuracy(model, Xs, ys, Xt, yt=partial, **given)
        right = np.mean(model.predict(Xt)[order[:n]] == yt[order[:n]])
        assert found.accuracy == found.guesses.loc["labelled rows", "guess"] == right
        assert found.low <= truth <= found.high
        np.testing.assert_allclose(found.guesses.iloc[:-1], without.guesses)
        widths.append(found.high - found.low)
    assert widths[1] < 0.5 * widths[0]
    assert widths[1] < without.high - without.low


def test_adapters_and_pipelines():
    Xs, ys, Xt, yt = shifted_classes(shift=20.0)
    plain, mapped, piped = (
        expected_accuracy(model, Xs, ys, Xt, cv=3, random_state=0).accuracy
        for model in (
            SourceOnly(LogisticRegression()),
            LinearOT(LogisticRegression()),
            make_pipeline(StandardScaler(), LinearOT(LogisticRegression())),
        )
    )
    truth = LinearOT(LogisticRegression()).fit(Xs, ys, Xt=Xt).score(Xt, yt)
    assert mapped == pytest.approx(truth, abs=0.1)
    assert piped == pytest.approx(truth, abs=0.1)
    assert mapped > plain


def test_the_second_opinion_is_of_another_kind_and_adapted_alike():
    model = LinearOT(LogisticRegression(), lambda_=0.5)
    other = _another_kind(make_pipeline(StandardScaler(), model))[-1]
    assert other.lambda_ == 0.5
    assert type(other.estimator) is RandomForestClassifier
    assert type(_another_kind(other).estimator[-1]) is LogisticRegression
    assert type(model.estimator) is LogisticRegression


def test_errors():
    Xs, ys, Xt, _ = shifted_classes()
    with pytest.raises(TypeError, match="is of classifiers, got Ridge"):
        expected_accuracy(Ridge(), Xs, ys, Xt)
    with pytest.raises(TypeError, match="no `predict_proba`"):
        expected_accuracy(LinearSVC(), Xs, ys, Xt)
    with pytest.raises(ValueError, match="`confidence`"):
        expected_accuracy(LogisticRegression(), Xs, ys, Xt, confidence=95)
    with pytest.raises(ValueError, match="2 rows"):
        expected_accuracy(LogisticRegression(), Xs, np.zeros(len(Xs)), Xt)


def test_what_was_chosen_has_an_expected_accuracy():
    data = load_penguins(source="Adelie", target="Gentoo", as_frame=True)
    is_target = data.sample_domain < 0
    X, y, Xt = data.X[~is_target], data.y[~is_target], data.X[is_target]
    shown = compare(X, y, Xt, cv=2)
    preprocessor, average = (step for _, step in shown.best_estimator.steps)
    assert isinstance(average, AverageAdapter)
    given = {"cv": 2, "n_bootstrap": 20, "random_state": 0}
    expected = expected_accuracy(shown, X, y, Xt, **given)
    right = np.mean(shown.predict(Xt) == data.y[is_target])
    assert expected.low <= right <= expected.high
    # By hand, on the numbers that the average takes.
    Z, Zt = preprocessor.transform(X), preprocessor.transform(Xt)
    by_hand = expected_accuracy(average, Z, y, Zt, **given)
    assert by_hand.accuracy == expected.accuracy
    model = AutoAdapt(cv=2, random_state=0).fit(X, y, Xt=Xt)
    again = expected_accuracy(model, X, y, Xt, **given)
    assert again.accuracy == expected.accuracy
