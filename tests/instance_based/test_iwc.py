import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold

from adapt.instance_based import IWC
from adapt.instance_based._iwc import density_ratio
from tests.common import shifted_classes
from tests.instance_based.common import gaussians


def agrees(weights, log_ratio):
    """Return whether logarithms of the weights correlate with the truth, at slope 1."""
    log_weights = np.log(weights)
    slope = np.polyfit(log_ratio, log_weights, 1)[0]
    return np.corrcoef(log_weights, log_ratio)[0, 1] >= 0.99 and abs(slope - 1) <= 0.1


@pytest.mark.parametrize("cv", [None, 5])
def test_weights_are_the_density_ratio_and_not_its_inverse(cv):
    Xs, Xt, log_ratio = gaussians()
    weights = IWC(cv=cv, random_state=0).fit(Xs, Xt=Xt).weights_
    assert agrees(weights, log_ratio(Xs))
    assert not agrees(1 / weights, log_ratio(Xs))


def test_out_of_sample():
    Xs, Xt, log_ratio = gaussians()
    model = IWC().fit(Xs, Xt=Xt)
    fresh = np.random.default_rng(1).normal(size=(100, 2)) * 2
    assert agrees(model.predict_weights(fresh), log_ratio(fresh))
    np.testing.assert_allclose(model.predict_weights(Xs), model.weights_)
    np.testing.assert_array_equal(model.predict_weights(), model.weights_)


def test_sizes_of_the_samples_cancel():
    # Raw ratios, not weights, whose mean is one anyway.
    Xs, Xt, log_ratio = gaussians()
    model = IWC().fit(Xs, Xt=Xt[:500])
    p_target = model.classifier_.predict_proba(Xs)[:, 1]
    ratio = density_ratio(p_target, len(Xs), 500)
    assert np.median(np.log(ratio) - log_ratio(Xs)) == pytest.approx(0, abs=0.1)


def test_no_shift_gives_weights_near_one():
    Xs, Xt, _ = gaussians(shift=0)
    weights = IWC().fit(Xs, Xt=Xt).weights_
    assert np.abs(weights - 1).mean() < 0.05


def test_out_of_fold_odds_are_of_classifiers_that_have_not_seen_the_row():
    Xs, Xt, _ = gaussians(n=300)
    X, is_target = np.concatenate([Xs, Xt]), np.repeat([0, 1], 300)
    forest = RandomForestClassifier(10, min_samples_leaf=20, random_state=0)
    folds = KFold(5, shuffle=True, random_state=0)
    p_target = np.empty(600)
    for train, test in folds.split(X):
        forest.fit(X[train], is_target[train])
        p_target[test] = forest.predict_proba(X[test])[:, 1]
    ratio = p_target[:300] / np.maximum(1 - p_target[:300], 1 / 600)
    model = IWC(classifier=forest, cv=folds).fit(Xs, Xt=Xt)
    np.testing.assert_allclose(model.weights_, ratio / ratio.mean())
    seen = IWC(classifier=forest).fit(Xs, Xt=Xt)
    np.testing.assert_allclose(model.predict_weights(Xt), seen.predict_weights(Xt))
    assert np.corrcoef(model.weights_, seen.weights_)[0, 1] < 0.95


def test_classifier_and_its_parameters_are_used():
    Xs, Xt, _ = gaussians(n=200)
    is_source = np.repeat([1.0, 0.0], 200)
    judge = LogisticRegression(C=3)
    model = IWC(classifier=judge, cl_params={"sample_weight": is_source + 0.5})
    model.fit(Xs, Xt=Xt)
    assert model.classifier_.C == 3
    assert not hasattr(judge, "coef_")
    plain = IWC(classifier=judge).fit(Xs, Xt=Xt)
    assert not np.allclose(model.classifier_.intercept_, plain.classifier_.intercept_)


def test_missing_values_with_classifier_that_takes_them():
    Xs, ys, Xt, _ = shifted_classes()
    Xs[::5, 0] = np.nan
    trees = HistGradientBoostingClassifier(max_iter=5)
    model = IWC(trees, classifier=trees).fit(Xs, ys, Xt=Xt)
    assert np.all(np.isfinite(model.weights_))
    with pytest.raises(ValueError, match="NaN"):
        IWC(trees).fit(Xs, ys, Xt=Xt)


def test_separable_domains_give_finite_weights():
    Xs, Xt, _ = gaussians(n=100)
    model = IWC(classifier=LogisticRegression(C=1e9)).fit(Xs, Xt=Xt + 50)
    assert np.all(np.isfinite(model.weights_))


def test_a_sure_classifier_does_not_put_all_weight_on_one_row():
    ratio = density_ratio(np.array([0.0, 0.5, 1.0]), 60, 40)
    np.testing.assert_allclose(ratio, [0, 1.5, 150])


def test_more_folds_than_rows():
    Xs, Xt, _ = gaussians(n=20)
    with pytest.raises(ValueError, match=r"`cv`=5 folds .* 3 in the target"):
        IWC(cv=5).fit(Xs, Xt=Xt[:3])
