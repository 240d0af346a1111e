import numpy as np
import pytest
import sklearn
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from adapt.base import SourceOnly
from adapt.feature_based import CORAL
from adapt.metrics import ImportanceWeighted, make_uda_scorer
from adapt.metrics._importance_weighted import domain_odds
from tests.common import shifted_classes, shifted_numbers


def one_table(Xs, ys, Xt, yt):
    domain = np.repeat([0, -1], [len(Xs), len(Xt)])
    return np.concatenate([Xs, Xt]), np.concatenate([ys, yt]), domain


def reference_weights(Xs, Xt, X):
    classifier = make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=500, tol=1e-8)
    )
    classifier.fit(np.vstack([Xs, Xt]), [0] * len(Xs) + [1] * len(Xt))
    p = classifier.predict_proba(X)[:, 1]
    return p / (1 - p) * len(Xs) / len(Xt)


def test_weights_are_the_density_ratio_of_two_gaussians():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(20000, 1)), 1 + rng.normal(size=(40000, 1))
    x = np.linspace(-2, 3, 50)[:, None]
    weights = ImportanceWeighted().fit(Xs, Xt).weights(x)
    exact = np.exp(x[:, 0] - 0.5)
    np.testing.assert_allclose(np.log(weights), np.log(exact), atol=0.1)


def test_odds_of_a_classifier_that_is_certain_are_finite():
    class Certain:
        def predict_proba(self, X):
            return np.array([[0.0, 1.0], [1.0, 0.0]])

    assert np.isfinite(domain_odds(Certain(), np.zeros((2, 1)), 1, 1)).all()


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy"])
def test_classification_against_a_written_out_reference(metric):
    Xs, ys, Xt, _ = shifted_classes(n=300, n_classes=3)
    model = LogisticRegression(C=0.001).fit(Xs[:200], ys[:200])
    score = ImportanceWeighted(metric).fit(Xs, Xt)(model, Xs[200:], ys[200:])
    w = reference_weights(Xs, Xt, Xs[200:])
    right = model.predict(Xs[200:]) == ys[200:]
    if metric == "accuracy":
        expected = (w * right).sum() / w.sum()
    else:
        classes = [ys[200:] == k for k in range(3)]
        expected = np.mean([(w * right)[c].sum() / w[c].sum() for c in classes])
    assert score == pytest.approx(expected, rel=2e-3)
    assert score != pytest.approx(right.mean(), rel=5e-3)


@pytest.mark.parametrize(
    "metric", [None, "neg_mean_squared_error", "neg_mean_absolute_error"]
)
def test_regression_against_a_written_out_reference(metric):
    Xs, ys, Xt, _ = shifted_numbers(n=200)
    model = LinearRegression().fit(Xs[:100], ys[:100] ** 2)
    X, y = Xs[100:], ys[100:] ** 2
    w = reference_weights(Xs, Xt, X)
    w /= w.sum()
    error = y - model.predict(X)
    spread = (w * (y - (w * y).sum()) ** 2).sum()
    expected = {
        None: 1 - (w * error**2).sum() / spread,
        "neg_mean_squared_error": -(w * error**2).sum(),
        "neg_mean_absolute_error": -(w * np.abs(error)).sum(),
    }[metric]
    score = ImportanceWeighted(metric).fit(Xs, Xt)(model, X, y)
    assert score == pytest.approx(expected, rel=2e-3)


def test_held_out_rows_are_mapped_as_source_rows():
    Xs, ys, Xt, _ = shifted_classes(shift=20.0)
    model = CORAL(match_mean=True).fit(Xs[:80], ys[:80], Xt=Xt)
    score = ImportanceWeighted().fit(Xs, Xt)(model, Xs[80:], ys[80:])
    assert score > 0.9
    assert model.score(Xs[80:], ys[80:]) < 0.7  # taken for target rows


def test_one_table_is_the_same_as_two():
    X, y, domain = one_table(*shifted_classes())
    model = SourceOnly().fit(X, y, sample_domain=domain)
    source = domain >= 0
    given = ImportanceWeighted().fit(X[source], X[~source])
    assert ImportanceWeighted()(model, X, y, sample_domain=domain) == given(
        model, X[source], y[source]
    )


def test_labels_of_target_rows_change_nothing():
    X, y, domain = one_table(*shifted_classes())
    model = SourceOnly().fit(X, y, sample_domain=domain)
    other = np.where(domain < 0, None, y)
    scorer = ImportanceWeighted()
    assert scorer(model, X, y, domain) == scorer(model, X, other, domain)


def test_in_a_search_over_one_table():
    X, y, domain = one_table(*shifted_classes())
    with sklearn.config_context(enable_metadata_routing=True):
        search = GridSearchCV(
            make_pipeline(StandardScaler(), CORAL(LogisticRegression())),
            {"coral__estimator__C": [1e-6, 1.0]},
            scoring=ImportanceWeighted(),
            cv=KFold(3, shuffle=True, random_state=0),
            error_score="raise",
        ).fit(X, y, sample_domain=domain)
    assert search.best_params_ == {"coral__estimator__C": 1.0}


def test_in_a_search_over_source_rows():
    Xs, ys, Xt, _ = shifted_classes()
    search = GridSearchCV(
        CORAL(LogisticRegression(), Xt=Xt),
        {"estimator__C": [1e-6, 1.0]},
        scoring=make_uda_scorer(ImportanceWeighted(), Xs, Xt),
        error_score="raise",
    ).fit(Xs, ys)
    assert search.best_params_ == {"estimator__C": 1.0}


def test_in_cross_validate_with_several_scorers():
    X, y, domain = one_table(*shifted_classes())
    with sklearn.config_context(enable_metadata_routing=True):
        scores = cross_validate(
            SourceOnly(LogisticRegression()),
            X,
            y,
            params={"sample_domain": domain},
            scoring={"a": ImportanceWeighted(), "b": ImportanceWeighted("accuracy")},
            cv=KFold(3, shuffle=True, random_state=0),
            error_score="raise",
        )
    np.testing.assert_array_equal(scores["test_a"], scores["test_b"])


def test_effective_sample_size():
    Xs, _, Xt, _ = shifted_classes()
    same = ImportanceWeighted().fit(Xs, Xs).effective_sample_size(Xs)
    assert same == pytest.approx(len(Xs), rel=1e-6)
    assert ImportanceWeighted().fit(Xs, Xt).effective_sample_size(Xs) < len(Xs)


def test_errors():
    Xs, ys, Xt, yt = shifted_classes()
    X, y, domain = one_table(Xs, ys, Xt, yt)
    model = LogisticRegression().fit(Xs, ys)
    with pytest.raises(ValueError, match="no target rows"):
        ImportanceWeighted()(model, Xs, ys)
    with pytest.raises(ValueError, match="no target rows"):
        ImportanceWeighted()(model, Xs, ys, sample_domain=0)
    with pytest.raises(ValueError, match="no held-out source rows"):
        ImportanceWeighted()(model, Xt, yt, sample_domain=-1)
    with pytest.raises(ValueError, match="target domain is empty"):
        ImportanceWeighted().fit(Xs, Xt[:0])
    with pytest.raises(ValueError, match=r"`metric`.*'r2'"):
        ImportanceWeighted("r2")(model, X, y, domain)
    with pytest.raises(ValueError, match="needs the labels"):
        ImportanceWeighted()(model, X, None, domain)
    with pytest.raises(ValueError, match="one label"):
        ImportanceWeighted()(model, X, np.c_[y, y], domain)
    with pytest.raises(TypeError, match="StandardScaler is neither"):
        ImportanceWeighted()(StandardScaler().fit(X), X, y, domain)
