import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from adapt.base import SourceOnly
from adapt.feature_based import CORAL, PartialColumns
from adapt.feature_based._column_matches import suggest_matches
from adapt.feature_based._column_tables import ColumnTables, FilledUnion
from adapt.feature_based._column_ways import WAYS
from adapt.imputation import GaussianTransferImputer
from tests.common import shifted_classes, shifted_numbers

QUIET = pytest.mark.filterwarnings("ignore:No target row", "ignore:Columns that may")
pytestmark = QUIET
BOOSTING = HistGradientBoostingClassifier(max_iter=4, min_samples_leaf=5)


def tables(numbers=False, n_labels=30, seed=0):
    """Return frames that share a and b, their labels, and all rows of the target."""
    make = shifted_numbers if numbers else shifted_classes
    Xs, ys, Xt, yt = make(n=120, seed=seed)
    Xs = pd.DataFrame(Xs[:, [0, 1, 2]], columns=["a", "b", "of_source"])
    Xt = pd.DataFrame(Xt[:, [3, 1, 0]], columns=["of_target", "b", "a"])
    known = yt.astype(float)
    known[n_labels:] = np.nan
    return Xs, ys, Xt, known, yt


# All columns shared, and none


@pytest.mark.parametrize("way", ["auto", "choose", *WAYS])
@pytest.mark.parametrize("inner", [LogisticRegression(), CORAL(LogisticRegression())])
def test_all_columns_shared_is_the_plain_adapter(way, inner):
    Xs, ys, Xt, _ = shifted_classes()
    model = PartialColumns(inner, way=way).fit(Xs, ys, Xt)
    plain = SourceOnly(inner).fit(Xs, ys, Xt)
    np.testing.assert_array_equal(model.predict_proba(Xt), plain.predict_proba(Xt))
    assert model.weights_ == {"shared": 1.0}


def test_all_columns_shared_with_labels_is_the_estimator_on_all_labelled_rows():
    Xs, ys, Xt, yt = shifted_classes()
    known = np.where(np.arange(120) < 10, yt, np.nan)
    model = PartialColumns(LogisticRegression(), target_weight=2.0)
    model.fit(Xs, ys, Xt, known)
    X, y = np.concatenate([Xs, Xt[:10]]), np.concatenate([ys, yt[:10]])
    weight = np.repeat([1.0, 2.0], [120, 10])
    plain = LogisticRegression().fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(model.estimator_.coef_, plain.coef_)


def test_columns_in_another_order_are_all_shared():
    Xs, ys, Xt, _ = shifted_classes()
    Xs, Xt = (pd.DataFrame(X, columns=list("abcd")) for X in (Xs, Xt))
    model = PartialColumns().fit(Xs, ys, Xt[list("dbca")])
    plain = LogisticRegression().fit(Xs, ys)
    np.testing.assert_allclose(
        model.predict_proba(Xt[list("dbca")]), plain.predict_proba(Xt)
    )
    with pytest.raises(ValueError, match="must be in the same order"):
        model.predict(Xt)


def test_no_shared_column_is_refused():
    Xs, ys, Xt, _, _ = tables()
    with pytest.raises(ValueError, match=r"no columns in common.*'of_source'.*'u'"):
        PartialColumns().fit(
            Xs[["of_source"]], ys, Xt=Xt[["a"]].set_axis(["u"], axis=1)
        )


# Each way, written out


def test_shared_columns_of_both():
    Xs, ys, Xt, known, yt = tables()
    model = PartialColumns(way="shared", target_weight=1.0).fit(Xs, ys, Xt, known)
    X = pd.concat([Xs[["a", "b"]], Xt[["a", "b"]][:30]])
    plain = LogisticRegression().fit(X, np.concatenate([ys, yt[:30]]))
    np.testing.assert_allclose(
        model.predict_proba(Xt), plain.predict_proba(Xt[["a", "b"]])
    )


@pytest.mark.parametrize("n_labels", [0, 30])
def test_union_is_the_estimator_on_the_concatenated_frame(n_labels):
    Xs, ys, Xt, known, yt = tables(n_labels=n_labels)
    model = PartialColumns(BOOSTING, way="union", target_weight=1.0)
    model.fit(Xs, ys, Xt, known)
    X = pd.concat([Xs, Xt[:n_labels]], ignore_index=True)
    X = X.loc[:, X.notna().any()]  # without labels there is none of the target's own
    plain = clone(BOOSTING).fit(X, np.concatenate([ys, yt[:n_labels]]))
    expected = plain.predict_proba(pd.concat([Xs[:0], Xt])[X.columns])
    np.testing.assert_array_equal(model.predict_proba(Xt), expected)


def test_imputed_is_the_estimator_on_filled_rows():
    Xs, ys, Xt, known, yt = tables()
    model = PartialColumns(way="imputed", target_weight=1.0).fit(Xs, ys, Xt, known)
    both = pd.concat([Xs, Xt], ignore_index=True)
    imputer = GaussianTransferImputer(prior_strength=5.0, max_iter=200, tol=1e-2)
    Z = imputer.fit(both.to_numpy()).transform(both.to_numpy())
    plain = LogisticRegression().fit(Z[:150], np.concatenate([ys, yt[:30]]))
    np.testing.assert_allclose(model.predict_proba(Xt), plain.predict_proba(Z[120:]))


@pytest.mark.parametrize("numbers", [True, False])
def test_score_is_a_column_for_the_model_of_the_target(numbers):
    Xs, ys, Xt, known, yt = tables(numbers)
    inner = LinearRegression() if numbers else LogisticRegression()
    model = PartialColumns(inner, way="score").fit(Xs, ys, Xt, known)
    shared = Xs[["a", "b"]]
    source = type(inner)().fit(shared, ys)
    score = (source.predict if numbers else source.decision_function)(Xt[["a", "b"]])
    X = Xt.assign(source_score=score)
    plain = type(inner)().fit(X[:30], yt[:30])
    np.testing.assert_allclose(model.predict(Xt), plain.predict(X), rtol=1e-6)


def test_target_is_the_estimator_on_labelled_target_rows():
    Xs, ys, Xt, known, yt = tables()
    model = PartialColumns(way="target").fit(Xs, ys, Xt, known)
    plain = LogisticRegression().fit(Xt[:30], yt[:30])
    np.testing.assert_allclose(model.predict_proba(Xt), plain.predict_proba(Xt))


@pytest.mark.parametrize("way", ["shared", "imputed"])
def test_an_adapter_is_given_both_domains(way):
    Xs, ys, Xt, known, _ = tables()
    inner = CORAL(LogisticRegression())
    model = PartialColumns(inner, way=way).fit(Xs, ys, Xt, known)
    if way == "shared":
        A, B = Xs[["a", "b"]], Xt[["a", "b"]]
    else:
        A, B = map(FilledUnion(ColumnTables(Xs, Xt)).transform, (Xs, Xt))
    plain = clone(inner).fit(A, ys, B)
    np.testing.assert_allclose(model.predict_proba(Xt), plain.predict_proba(B))


# The choice


def test_weights_are_those_of_held_out_labels():
    """A column that only the target has decides: its ways have all the weight."""
    rng = np.random.default_rng(0)
    Xs = pd.DataFrame(rng.normal(size=(200, 2)), columns=["a", "useless"])
    Xt = pd.DataFrame(rng.normal(size=(300, 2)), columns=["a", "tells"])
    ys, yt = rng.integers(0, 2, 200), (Xt["tells"] > 0).astype(int).to_numpy()
    known = np.where(np.arange(300) < 60, yt, np.nan)
    model = PartialColumns(random_state=0).fit(Xs, ys, Xt, known)
    assert model.errors_["target"] < model.errors_["shared"] - 0.1
    assert model.weights_.get("shared", 0) < 0.1
    assert model.score(Xt[60:], yt[60:]) > 0.9
    chosen = PartialColumns(way="choose", random_state=0).fit(Xs, ys, Xt, known)
    best = min(chosen.errors_, key=chosen.errors_.get)
    assert chosen.weights_ == {best: 1.0}
    assert chosen.errors_ == model.errors_


class Spy(ClassifierMixin, BaseEstimator):
    """Remembers which rows it was fitted on; predicts rows that it has not seen."""

    fits: list = []

    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.unique(y)
        self.seen = set(X["number"])
        return self

    def predict_proba(self, X):
        Spy.fits.append((self.seen, set(X["number"])))
        return np.full((len(X), 2), 0.5)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def test_the_choice_never_sees_the_rows_that_it_is_judged_on():
    Xs, ys, Xt, known, _ = tables()
    Xs["number"], Xt["number"] = np.arange(120), np.arange(1000, 1120)
    Spy.fits = []
    PartialColumns(Spy(), union_estimator=Spy()).fit(Xs, ys, Xt, known)
    assert len(Spy.fits) > 5 * 4
    for fitted, predicted in Spy.fits:
        assert not fitted & predicted
        assert fitted <= {*range(120), *range(1000, 1030)}  # labelled rows alone


def test_one_table_in_a_cross_validation():
    X, y, domain = _one_table()
    with config_context(enable_metadata_routing=True):
        scores = cross_val_score(
            PartialColumns(random_state=0),
            X,
            y,
            cv=2,
            params={"sample_domain": domain},
            error_score="raise",
        )
    assert np.all(scores > 0.6)


def _one_table():
    Xs, ys, Xt, _, yt = tables()
    X = pd.concat([Xs, Xt], ignore_index=True)
    order = np.random.default_rng(0).permutation(240)
    y, domain = np.concatenate([ys, yt]), np.repeat([0, -1], 120)
    return X.iloc[order], y[order], domain[order]


def test_one_table_is_two_tables():
    Xs, ys, Xt, known, _ = tables()
    two = PartialColumns(random_state=0).fit(Xs, ys, Xt, known)
    X = pd.concat([Xs, Xt], ignore_index=True)
    y, domain = np.concatenate([ys, known]), np.repeat([0, -1], 120)
    one = PartialColumns(random_state=0).fit(X, y, sample_domain=domain)
    assert one.feature_names_in_.tolist() == list(X.columns)
    assert two.feature_names_in_.tolist() == list(Xt.columns)
    assert one.weights_ == two.weights_
    found = one.predict_proba(X[120:])
    np.testing.assert_allclose(found, two.predict_proba(Xt))
    early = PartialColumns(Xt=Xt, yt=known, random_state=0).fit(Xs, ys)
    np.testing.assert_array_equal(early.predict_proba(Xt), two.predict_proba(Xt))


@pytest.mark.parametrize("n_labels", [0, 5])
def test_without_enough_labels_columns_are_imputed(n_labels):
    Xs, ys, Xt, known, _ = tables(n_labels=n_labels)
    model = PartialColumns().fit(Xs, ys, Xt, known)
    assert model.weights_ == {"imputed": 1.0}
    assert model.errors_ == {}


@pytest.mark.filterwarnings("default")
def test_what_is_lost_without_labels_is_said():
    Xs, ys, Xt, _, _ = tables()
    with pytest.warns(UserWarning, match=r"No target row.*'of_target'.*'of_source'"):
        PartialColumns().fit(Xs, ys, Xt)
    with pytest.warns(UserWarning, match="left out: 'of_source' of the source"):
        PartialColumns(way="shared").fit(Xs, ys, Xt)


def test_numbers_are_averaged_too():
    Xs, ys, Xt, known, yt = tables(numbers=True)
    model = PartialColumns(Ridge(), random_state=0).fit(Xs, ys, Xt, known)
    assert sum(model.weights_.values()) == pytest.approx(1)
    assert model.predict(Xt).shape == (120,)
    shared = PartialColumns(Ridge(), way="shared").fit(Xs, ys, Xt, known)
    assert model.score(Xt[30:], yt[30:]) > shared.score(Xt[30:], yt[30:])


def test_without_probabilities_one_way_is_chosen():
    Xs, ys, Xt, known, _ = tables()
    model = PartialColumns(LinearSVC(), random_state=0).fit(Xs, ys, Xt, known)
    assert list(model.weights_.values()) == [1.0]
    assert set(model.predict(Xt)) <= {0, 1}


@pytest.mark.parametrize(
    ("params", "n_labels", "message"),
    [
        ({"way": "score"}, 0, "no target row has a label"),
        ({"way": "target", "estimator": CORAL()}, 9, "needs the rows of the source"),
        ({"way": "union", "estimator": CORAL()}, 9, "takes no missing values"),
    ],
)
def test_ways_that_cannot_be_gone_are_refused(params, n_labels, message):
    Xs, ys, Xt, known, _ = tables(n_labels=n_labels)
    with pytest.raises(ValueError, match=message):
        PartialColumns(**params).fit(Xs, ys, Xt, known)


# Columns of all kinds


def mixed():
    Xs, ys, Xt, known, _ = tables()
    rng = np.random.default_rng(0)
    for X in Xs, Xt:
        X["town"] = rng.choice(["u", "v"], 120)
        X["count"] = rng.integers(0, 9, 120)
    Xs["ward"] = pd.Categorical(rng.choice(["x", "y"], 120))
    Xs["grade"] = pd.Categorical(rng.choice(["low", "high"], 120))
    Xt["grade"] = pd.Categorical(rng.choice(["high", "top"], 120))
    Xs["times"] = rng.integers(0, 9, 120)
    return Xs, ys, Xt, known


def test_types_categories_and_names_survive():
    Xs, _, Xt, _ = mixed()
    both = ColumnTables(Xs, Xt)
    shared = WAYS["shared"](both)
    for X in both:
        found = shared.rows(X)
        assert list(found.columns) == ["a", "b", "town", "count", "grade"]
        assert found["count"].dtype == Xs["count"].dtype
        assert found["town"].dtype == Xs["town"].dtype
        assert set(found["grade"].cat.categories) == {"low", "high", "top"}
        pd.testing.assert_series_equal(found["town"], X["town"])
    union = WAYS["union"](both)
    for X, lacks in zip(
        both, (["of_target"], ["of_source", "ward", "times"]), strict=True
    ):
        found = union.rows(X)
        assert found[lacks].isna().all(axis=None)
        assert found["ward"].dtype == Xs["ward"].dtype
        assert found["times"].dtype == float
        for name in X.columns.drop(["grade", "times"], errors="ignore"):
            pd.testing.assert_series_equal(found[name], X[name])
    imputed = WAYS["imputed"](both)
    assert imputed.filler.left_out == ["ward"]
    assert not imputed.rows(Xt).isna().any(axis=None)
    pd.testing.assert_series_equal(imputed.rows(Xt)["b"], Xt["b"])


def test_mixed_tables_through_a_column_transformer():
    Xs, ys, Xt, known = mixed()
    numbers = make_column_selector(dtype_include="number")
    others = make_column_selector(dtype_exclude="number")
    columns = make_column_transformer(
        (StandardScaler(), numbers), (OneHotEncoder(handle_unknown="ignore"), others)
    )
    inner = make_pipeline(columns, LogisticRegression())
    model = PartialColumns(inner, random_state=0).fit(Xs, ys, Xt, known)
    assert "union" not in model.errors_  # texts need a `union_estimator`
    assert model.predict(Xt).shape == (120,)
    Xs, Xt = Xs.drop(columns="town"), Xt.drop(columns=["grade", "town"])
    boosted = PartialColumns(BOOSTING, random_state=0).fit(Xs, ys, Xt, known)
    assert np.all(np.isfinite(boosted.predict_proba(Xt)))


def test_polars():
    polars = pytest.importorskip("polars")
    Xs, ys, Xt, known, _ = tables()
    expected = PartialColumns(random_state=0).fit(Xs, ys, Xt, known).predict_proba(Xt)
    Ps, Pt = (polars.DataFrame(X.to_dict("list")) for X in (Xs, Xt))
    model = PartialColumns(random_state=0).fit(Ps, ys, Pt, known)
    np.testing.assert_allclose(model.predict_proba(Pt), expected)
    both = PartialColumns(random_state=0).fit(Ps, ys, Xt, known)
    np.testing.assert_allclose(both.predict_proba(Xt), expected)


def test_columns_at_predict_time_are_named():
    Xs, ys, Xt, known, _ = tables()
    model = PartialColumns(way="shared").fit(Xs, ys, Xt, known)
    for wrong, name in [
        (Xt.drop(columns="of_target"), "of_target"),
        (Xt.assign(more=1), "more"),
        (Xs, "of_source"),
    ]:
        with pytest.raises(ValueError, match=name):
            model.predict(wrong)
    with pytest.raises(ValueError, match="order"):
        model.predict(Xt[["a", "b", "of_target"]])


# Suggestions


@pytest.mark.parametrize(("factor", "words"), [(1.0, "same"), (1000.0, "x 1000")])
def test_a_column_under_another_name_or_unit_is_suggested(factor, words):
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(600, 4)) @ rng.normal(size=(4, 4))
    Z[:, 2] = np.exp(Z[:, 2] / 3)
    Xs = pd.DataFrame(Z[:300], columns=["a", "b", "weight", "x"])
    Xt = pd.DataFrame(Z[300:], columns=["a", "b", "mass", "y"])
    Xt["mass"] *= factor
    Xt["y"] = rng.exponential(size=300)
    found = suggest_matches(ColumnTables(Xs, Xt))
    assert [pair[:2] for pair in found] == [("weight", "mass")]
    assert words in found[0][2]
    with pytest.warns(UserWarning, match="may be the same thing: 'weight'"):
        model = PartialColumns(way="shared").fit(Xs, (Z[:300, 0] > 0).astype(int), Xt)
    assert model.suggestions_ == found
    assert model.shared_columns_ == ["a", "b"]  # suggested, and not matched


def test_alike_columns_that_nothing_tells_apart_are_not_suggested():
    rng = np.random.default_rng(0)
    Xs = pd.DataFrame(rng.normal(size=(300, 3)), columns=["a", "u", "v"])
    Xt = pd.DataFrame(rng.normal(size=(300, 3)), columns=["a", "x", "y"])
    assert suggest_matches(ColumnTables(Xs, Xt)) == []


# A real task


def test_more_columns_help_on_breast_cancer():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    X, y = (X - X.mean()) / X.std(), y.to_numpy()
    rows = np.random.default_rng(0).permutation(len(X))
    source, target = rows[:250], rows[250:]
    noisy = ["texture error", "smoothness error", "symmetry error"]
    lab = ["worst area", "worst texture", "mean concave points"]
    Xs = X.iloc[source][noisy]
    Xt = X.iloc[target][noisy + lab]
    known = y[target].astype(float)
    known[40:] = np.nan
    auc = {}
    for way in "shared", "auto":
        model = PartialColumns(way=way, random_state=0).fit(Xs, y[source], Xt, known)
        p = model.predict_proba(Xt[40:])[:, 1]
        auc[way] = roc_auc_score(y[target][40:], p)
    assert auc["auto"] > auc["shared"] + 0.2
    assert auc["auto"] > 0.95
