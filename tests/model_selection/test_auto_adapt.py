import pickle
import time

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.model_selection import train_test_split

from adapt.base import AverageAdapter, SourceOnly
from adapt.datasets import load_dataset, load_penguins
from adapt.feature_based import CORAL, LinearOT
from adapt.instance_based import IWC
from adapt.model_selection import AutoAdapt, compare
from tests.common import shifted_classes, shifted_numbers


class Stops(LogisticRegression):
    """Ctrl-C while it is fitted."""

    def fit(self, X, y, sample_weight=None):
        raise KeyboardInterrupt


class Slow(LogisticRegression):
    """Takes its time."""

    def fit(self, X, y, sample_weight=None):
        time.sleep(0.01)
        return super().fit(X, y, sample_weight)


@pytest.fixture(scope="module")
def penguins():
    data = load_penguins(source="Adelie", target="Gentoo", as_frame=True)
    target = data.sample_domain < 0
    return data.X[~target], data.y[~target], data.X[target], data.y[target]


def mixed(X, seed=0):
    """Return a frame with a category, a boolean and gaps beside numbers."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(X, columns=list("abcd"))
    frame["kind"] = rng.choice(["red", "blue", None], len(X))
    frame["flag"] = rng.random(len(X)) < 0.3
    frame.loc[::7, "a"] = np.nan
    return frame


# ------------------------------------------------------------------- the choice


def test_it_is_the_recommendation_of_compare(penguins):
    X, y, Xt, _ = penguins
    told = compare(X, y, Xt)
    model = AutoAdapt(random_state=0).fit(X, y, Xt=Xt)
    assert model.best_method_ == told.recommended == "Average"
    assert model.members_ == told.members
    assert model.decision_ == told.reason
    tried = model.results_.drop(columns="fit_seconds")
    pd.testing.assert_frame_equal(tried, told.results[tried.columns])
    np.testing.assert_array_equal(model.predict(Xt), told.predict(Xt))
    np.testing.assert_array_equal(model.predict(Xt), model.best_estimator_.predict(Xt))


def test_it_adapts_where_that_helps(penguins):
    X, y, Xt, yt = penguins
    plain = SourceOnly(LogisticRegression(max_iter=1000)).fit(X, y, Xt=Xt)
    model = AutoAdapt().fit(X, y, Xt=Xt)
    assert model.score(Xt, yt) > plain.score(Xt, yt) + 0.3


def test_without_shift_nothing_is_tried():
    data = load_dataset("heart", as_frame=True)
    source = data.sample_domain >= 0
    for seed in range(20):
        Xs, Xt, ys, _ = train_test_split(
            data.X[source], data.y[source], test_size=0.5, random_state=seed
        )
        model = AutoAdapt(random_state=seed).fit(Xs, ys, Xt=Xt)
        assert model.best_method_ == "SourceOnly"
        assert isinstance(model.adapter_, SourceOnly)
        assert model.results_["method"].tolist() == ["SourceOnly"]
        assert not model.results_.isna().any(axis=None)
        if model.shift_p_value_ >= 0.05:
            assert "no shift was detected" in model.decision_


def test_numbers():
    Xs, ys, Xt, yt = shifted_numbers(shift=3.0)
    model = AutoAdapt(random_state=0).fit(Xs, ys, Xt=Xt)
    assert set(model.results_["method"]) >= {"SourceOnly", "QuantileMatching"}
    assert np.isfinite(model.results_["gain"].dropna()).all()
    # A line that holds in both domains leaves nothing to gain.
    assert model.best_method_ == "SourceOnly"
    assert isinstance(model.estimator_, Ridge)
    assert model.score(Xt, yt) > 0.9


def test_numbers_of_columns_that_drifted():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.uniform(-2, 2, size=(2, 300, 3))
    ys, yt = (X @ [1.0, 2.0, -1.0] + 0.3 * rng.normal(size=300) for X in (Xs, Xt))
    drifted = Xt * [2.0, 0.5, 3.0] + 8
    model = AutoAdapt(random_state=0).fit(Xs, ys, Xt=drifted)
    assert set(model.members_) == {"DomainStandardScaler", "QuantileMatching"}
    assert "SourceOnly" not in dict(model.adapter_.adapters_)
    plain = SourceOnly(Ridge()).fit(Xs, ys, Xt=drifted)
    assert model.score(drifted, yt) > max(0.9, plain.score(drifted, yt) + 0.3)


def test_an_average_has_no_single_estimator(penguins):
    X, y, Xt, _ = penguins
    model = AutoAdapt(LogisticRegression(), random_state=0).fit(X, y, Xt=Xt)
    assert isinstance(model.adapter_, AverageAdapter)
    assert not hasattr(model, "estimator_")
    assert model.classes_.tolist() == np.unique(y).tolist()
    odds = model.decision_function(Xt)
    np.testing.assert_array_equal(
        model.classes_[(odds > 0).astype(int)], model.predict(Xt)
    )


def test_a_classifier_without_probabilities(penguins):
    X, y, Xt, yt = penguins
    model = AutoAdapt(RidgeClassifier(), random_state=0).fit(X, y, Xt=Xt)
    assert "ScaledSelfTraining" in set(model.results_["method"])
    assert not hasattr(model, "predict_proba")
    plain = SourceOnly(RidgeClassifier()).fit(X, y, Xt=Xt)
    assert model.score(Xt, yt) > plain.score(Xt, yt) + 0.2


@pytest.mark.parametrize(
    "methods", [["CORAL", "IWC"], {"CORAL": CORAL(), "IWC": IWC()}]
)
def test_methods(methods):
    Xs, ys, Xt, _ = shifted_classes(shift=4.0)
    model = AutoAdapt(methods=methods, random_state=0).fit(Xs, ys, Xt=Xt)
    assert set(model.results_["method"]) - {"Average"} == {"SourceOnly", "CORAL", "IWC"}


# ------------------------------------------------------------------------ tables


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_mixed_tables(library):
    Xs, ys, Xt, yt = shifted_classes(shift=2.0)
    frames = mixed(Xs), mixed(Xt, 1)
    if library == "polars":
        pl = pytest.importorskip("polars")
        frames = tuple(pl.from_pandas(frame) for frame in frames)
    model = AutoAdapt(random_state=0).fit(frames[0], ys, Xt=frames[1])
    assert model.feature_names_in_.tolist() == [*"abcd", "kind", "flag"]
    assert model.n_features_in_ == 6
    assert model.predict_proba(frames[1]).shape == (len(Xt), 2)
    assert model.score(frames[1], yt) > 0.75
    early = AutoAdapt(Xt=frames[1], random_state=0).fit(frames[0], ys)
    np.testing.assert_array_equal(early.predict(frames[1]), model.predict(frames[1]))


def test_one_mixed_table():
    Xs, ys, Xt, _ = shifted_classes(shift=2.0)
    frames = mixed(Xs), mixed(Xt, 1)
    two = AutoAdapt(random_state=0).fit(frames[0], ys, Xt=frames[1])
    one = AutoAdapt(random_state=0).fit(
        pd.concat(frames),
        [*ys, *[None] * len(Xt)],
        sample_domain=np.repeat([0, -1], [len(Xs), len(Xt)]),
    )
    np.testing.assert_allclose(
        one.predict_proba(frames[1]), two.predict_proba(frames[1])
    )
    with pytest.raises(ValueError, match="feature names should match"):
        one.predict(frames[1].drop(columns="kind"))


def test_a_second_fit_starts_afresh():
    Xs, ys, Xt, _ = shifted_classes()
    model = AutoAdapt(random_state=0).fit(mixed(Xs), ys, Xt=mixed(Xt, 1))
    again = model.fit(Xs, ys, Xt=Xt).predict(Xt)
    expected = AutoAdapt(random_state=0).fit(Xs, ys, Xt=Xt).predict(Xt)
    np.testing.assert_array_equal(again, expected)
    assert model.n_features_in_ == 4
    assert not hasattr(model, "feature_names_in_")


def test_the_columns_of_a_frame_are_noted_once():
    class Noting(AutoAdapt):
        def __setattr__(self, name, value):
            if name == "n_features_in_":
                vars(self).setdefault("_noted", []).append(value)
            super().__setattr__(name, value)

    Xs, ys, Xt, _ = shifted_classes()
    model = Noting(methods=["CORAL"], cv=2, random_state=0)
    model.fit(mixed(Xs), ys, Xt=mixed(Xt, 1))
    assert model._noted == [6]
    with pytest.raises(ValueError, match="no target domain"):
        Noting().fit(mixed(Xs), ys)


def test_columns_may_be_named_by_numbers():
    Xs, ys, Xt, _ = shifted_classes()
    source, target = (pd.DataFrame(X, columns=[3, 1, 7, 5]) for X in (Xs, Xt))
    model = AutoAdapt(methods=["CORAL"], cv=2, random_state=0).fit(
        source, ys, Xt=target
    )
    assert model.n_features_in_ == 4
    expected = model.predict_proba(target)
    np.testing.assert_array_equal(model.predict_proba(Xt), expected)
    np.testing.assert_array_equal(model.predict_proba(target[[1, 3, 5, 7]]), expected)


def test_what_was_found_is_read_from_one_place(penguins):
    X, y, Xt, _ = penguins
    model = AutoAdapt(random_state=0).fit(X, y, Xt=Xt)
    assert model.best_estimator_ is model.comparison_.best_estimator
    assert [*model.best_estimator_] == [model.preprocessor_, model.adapter_]
    assert not model.interrupted_
    with pytest.raises(AttributeError):
        model.best_method_ = "SourceOnly"
    learned = {name for name in vars(model) if name.endswith("_")}
    assert learned == {"comparison_", "feature_names_in_", "n_features_in_"}


def test_gaps_in_arrays_are_filled():
    Xs, ys, Xt, _ = shifted_classes()
    Xs, Xt = Xs.copy(), Xt.copy()
    Xs[::5, 0], Xt[::3, 1] = np.nan, np.nan
    model = AutoAdapt(random_state=0).fit(Xs, ys, Xt=Xt)
    assert np.isfinite(model.predict_proba(Xt)).all()


# ----------------------------------------------------------- time, and the end of it


def test_time_limit():
    Xs, ys, Xt, _ = shifted_classes(shift=4.0)
    model = AutoAdapt(Slow(), time_limit=0, random_state=0).fit(Xs, ys, Xt=Xt)
    assert model.best_method_ == "SourceOnly"
    rows = model.results_.set_index("method").drop("SourceOnly")
    left_out = rows["error"]
    assert left_out.str.contains("not begun within `time_limit` of 0 s").all()
    model = AutoAdapt(Slow(), time_limit=0.9, random_state=0).fit(Xs, ys, Xt=Xt)
    assert 1 <= model.results_["fit_seconds"].count() < 5
    model = AutoAdapt(time_limit=600, random_state=0).fit(Xs, ys, Xt=Xt)
    assert "error" not in model.results_


def test_an_interrupt_keeps_what_is_finished():
    Xs, ys, Xt, _ = shifted_classes(shift=4.0)
    methods = {"CORAL": CORAL(), "stops": CORAL(Stops()), "late": LinearOT()}
    model = AutoAdapt(methods=methods, random_state=0).fit(Xs, ys, Xt=Xt)
    assert model.interrupted_
    assert set(model.results_["method"]) - {"Average"} == {"SourceOnly", "CORAL"}
    assert model.predict(Xt).shape == (len(Xt),)
    with pytest.raises(KeyboardInterrupt):
        AutoAdapt(Stops()).fit(Xs, ys, Xt=Xt)


def test_folds_at_the_same_time():
    Xs, ys, Xt, _ = shifted_classes(n=60, shift=4.0)
    one, two = (
        AutoAdapt(methods=["CORAL"], n_jobs=n, cv=2, random_state=0).fit(Xs, ys, Xt=Xt)
        for n in (None, 2)
    )
    assert len(one.results_) > 1  # or there was nothing to share out
    pd.testing.assert_series_equal(one.results_["gain"], two.results_["gain"])


def test_progress_is_printed_when_asked(capsys):
    Xs, ys, Xt, _ = shifted_classes(shift=4.0)
    AutoAdapt(verbose=1, random_state=0).fit(Xs, ys, Xt=Xt)
    out = capsys.readouterr().out
    assert "SourceOnly" in out
    assert "QuantileMatching" in out


# ------------------------------------------------------------------------ others


def test_weights_count_in_fits_and_scores():
    Xs, ys, Xt, _ = shifted_classes(n_classes=2)
    wrong = ys.copy()
    wrong[:30] = 1 - wrong[:30]
    weight = np.ones(len(ys))
    weight[:30] = 0
    model = AutoAdapt(random_state=0).fit(Xs, wrong, Xt=Xt, sample_weight=weight)
    plain = AutoAdapt(random_state=0).fit(Xs, wrong, Xt=Xt)
    scores = [
        m.results_.set_index("method").loc["SourceOnly", "weighted"]
        for m in (model, plain)
    ]
    assert scores[0] > scores[1] + 0.1


def test_copy_is_ignored():
    Xs, ys, Xt, _ = shifted_classes()
    forest = RandomForestClassifier(3)
    models = [
        AutoAdapt(forest, methods=["CORAL"], cv=2, copy=copy, random_state=0)
        for copy in (True, False)
    ]
    p, q = (model.fit(Xs, ys, Xt=Xt).predict_proba(Xt) for model in models)
    np.testing.assert_array_equal(p, q)
    assert forest.random_state is None
    assert not hasattr(forest, "estimators_")


def test_it_can_be_pickled(penguins):
    X, y, Xt, _ = penguins
    model = AutoAdapt(random_state=0).fit(X, y, Xt=Xt)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(Xt), model.predict(Xt))


def test_errors():
    Xs, ys, Xt, _ = shifted_classes()
    with pytest.raises(ValueError, match="requires y to be passed"):
        AutoAdapt().fit(Xs, Xt=Xt)
    with pytest.raises(ValueError, match="'r2'"):
        AutoAdapt(LogisticRegression(), scoring="r2").fit(Xs, ys, Xt=Xt)
    with pytest.raises(ValueError, match="no method named 'Corall'"):
        AutoAdapt(methods=["Corall"]).fit(Xs, ys, Xt=Xt)
    with pytest.raises(ValueError, match="learns from target labels"):
        AutoAdapt(methods=["TrAdaBoost"]).fit(Xs, ys, Xt=Xt)
    with pytest.raises(ValueError, match="'time_limit' parameter"):
        AutoAdapt(time_limit=-1).fit(Xs, ys, Xt=Xt)
    model = AutoAdapt()
    with pytest.raises(ValueError, match="one class"):
        model.fit(Xs, np.zeros(len(Xs)), Xt=Xt)
    with pytest.raises(NotFittedError):
        model.predict(Xt)
    with pytest.raises(ValueError, match="no target domain"):
        AutoAdapt().fit(Xs, ys)
