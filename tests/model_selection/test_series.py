"""compare and AutoAdapt on series, in every form."""

import math
import pickle
import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from adapt.base import SourceOnly
from adapt.datasets import load_hapt
from adapt.feature_based import DomainStandardScaler, QuantileMatching
from adapt.model_selection import AutoAdapt, compare
from adapt.model_selection._choice import above, enough_agree
from adapt.model_selection._preprocessing import array_preprocessor
from adapt.model_selection._rule import OF_SERIES, SHIPPED
from adapt.model_selection._series_rows import SeriesToNumbers, rule_for
from adapt.series import ChannelScaler, SeriesFeatures, as_series
from adapt.series._feature_rows import FeatureRows, series_of

T, C = 30, 3
QUICK = {"cv": 2, "methods": ["QuantileMatching"], "random_state": 0}


def series(n, seed, gain=1.0, turned=False):
    """Return series whose class is a frequency, and whose channels are correlated."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    t = np.arange(T)
    wave = np.sin(np.array([0.5, 0.9])[y][:, None] * t + rng.uniform(0, 6, (n, 1)))
    X = wave[:, :, None] * [1, 0.5, -0.7] + 0.7 * rng.normal(size=(n, T, C))
    X += np.array([1.0, -2.0, 0.5]) * (1 + 0.1 * rng.normal(size=(n, 1, 1)))
    X *= gain
    return X * ([-1, 1, -1] if turned else 1), y


Xs, ys = series(60, 0)
Xt, yt = series(50, 1, gain=1.4, turned=True)


def long(X):
    table = pd.DataFrame(X.reshape(-1, C), columns=["a", "b", "c"])
    table["id"] = np.repeat(np.arange(len(X)), X.shape[1])
    table["t"] = np.tile(np.arange(X.shape[1]), len(X))
    return table.sample(frac=1, random_state=0)


FORMS = {
    "array": np.asarray,
    "list": list,
    "set": as_series,
    "long": lambda X: as_series(long(X), id="id", time="t"),
    "two index levels": lambda X: long(X).set_index(["id", "t"]),
    "padded": lambda X: np.pad(X, [(0, 0), (0, 3), (0, 0)], constant_values=np.nan),
}


@pytest.fixture(scope="module")
def model():
    return AutoAdapt(**QUICK).fit(Xs, ys, Xt=Xt)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_model(form, model):
    make = FORMS[form]
    again = clone(model).fit(make(Xs), ys, Xt=make(Xt))
    expected = model.predict_proba(Xt)
    np.testing.assert_allclose(again.predict_proba(make(Xt)), expected, atol=1e-9)
    whole = again.best_estimator_.predict_proba(make(Xt))
    np.testing.assert_allclose(whole, expected, atol=1e-9)


def test_the_table_of_one_form_is_that_of_another(model):
    table = np.concatenate([Xs, Xt])
    domain = np.repeat([0, -1], [len(Xs), len(Xt)])
    labels = np.r_[ys, np.full(len(Xt), -1)]
    one = clone(model).fit(table, labels, sample_domain=domain)
    np.testing.assert_allclose(one.predict_proba(Xt), model.predict_proba(Xt))
    comparison = compare(Xs, ys, Xt, yt, **QUICK)
    np.testing.assert_array_equal(comparison.predict(Xt), model.predict(Xt))
    score = comparison.results.set_index("method")["target"][comparison.recommended]
    assert score == pytest.approx(model.score(Xt, yt))


def test_signs_and_features_are_in_the_model(model):
    first = model.preprocessor_
    assert isinstance(first, SeriesToNumbers)
    assert first.signs_.signs_.tolist() == [-1, 1, -1]
    assert isinstance(first.features_, SeriesFeatures)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(Xt), model.predict(Xt))
    # A source series is turned, and then like a target one.
    turned = Xs * [-1, 1, -1]
    np.testing.assert_allclose(
        model.predict_proba(Xs, sample_domain=0),
        model.adapter_.predict_proba(first.transform(turned), sample_domain=0),
    )


def test_no_channel_is_turned_unless_wanted(model):
    whole = clone(model).set_params(channel_signs=False).fit(Xs, ys, Xt=Xt)
    comparison = compare(Xs, ys, Xt, yt, channel_signs=False, **QUICK)
    for first in (whole.preprocessor_, comparison.best_estimator[0]):
        assert first.signs_.signs_.tolist() == [1, 1, 1]
        assert "look turned" in first.signs_.finding_
        np.testing.assert_allclose(
            first.transform(Xs, sample_domain=0), first.transform(Xs)
        )
    np.testing.assert_array_equal(whole.predict(Xt), comparison.predict(Xt))
    # What is left is what turned series would have given.
    turned = clone(whole).fit(Xs * [-1, 1, -1], ys, Xt=Xt)
    np.testing.assert_allclose(turned.predict_proba(Xt), model.predict_proba(Xt))
    with pytest.raises(ValueError, match="channel_signs"):
        clone(model).set_params(channel_signs="no").fit(Xs, ys, Xt=Xt)


def test_signs_are_worth_something(model):
    source = SourceOnly(standardised())
    features = SeriesFeatures().fit(Xs)
    plain = source.fit(features.transform(Xs), ys, Xt=features.transform(Xt))
    assert model.score(Xt, yt) >= plain.score(features.transform(Xt), yt)


def standardised():
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


@pytest.mark.parametrize("weighted", [False, True])
def test_where_nothing_is_done_the_source_alone_standardises(weighted):
    rng = np.random.default_rng(0)
    weight = {"sample_weight": rng.uniform(0.5, 2, len(ys))} if weighted else {}
    far = 5 + 10 * Xt
    features = SeriesFeatures().fit(np.concatenate([Xs, far]))
    Zs, Zt = features.transform(Xs), features.transform(far)
    plain = SourceOnly(standardised()).fit(Zs, ys, Xt=Zt, **weight)
    model = AutoAdapt(methods={}, cv=2, random_state=0, channel_signs=False)
    model.fit(Xs, ys, Xt=far, **weight)
    assert model.best_method_ == "SourceOnly"
    np.testing.assert_allclose(
        model.predict_proba(far), plain.predict_proba(Zt), atol=1e-4
    )


def test_numbers_are_features_of_both_domains():
    preprocessor = SeriesToNumbers().fit(Xs, Xt=Xt)
    Zs, Zt = preprocessor.transform(Xs, sample_domain=0), preprocessor.transform(Xt)
    both = np.concatenate([Zs, Zt])
    np.testing.assert_allclose(both.mean(axis=0), 0, atol=1e-6)
    mixed = preprocessor.transform(
        np.concatenate([Xt[:2], Xs[:2]]), sample_domain=[-1, -1, 0, 0]
    )
    np.testing.assert_allclose(mixed, np.concatenate([Zt[:2], Zs[:2]]))


def test_methods_of_series_get_the_series():
    methods = {
        "features": QuantileMatching(LogisticRegression(max_iter=1000)),
        "series": ChannelScaler(
            LogisticRegression(max_iter=1000), features=SeriesFeatures("spectrum")
        ),
    }
    comparison = compare(Xs, ys, Xt, yt, methods=methods, cv=2)
    assert comparison.results["error"].isna().all()
    inner = comparison.models["series"].adapter_
    assert inner.features_.n_steps_ == T
    assert inner.mean_source_.shape == (C,)
    model = AutoAdapt(methods=methods, cv=2, random_state=0).fit(Xs, ys, Xt=Xt)
    assert model.predict(Xt).shape == yt.shape
    table, domain = np.concatenate([Xs, Xt]), np.repeat([0, -1], [len(Xs), len(Xt)])
    alone = AutoAdapt(methods={"series": methods["series"]}, cv=2, random_state=0)
    for model in (
        clone(alone).fit(Xs, ys, Xt=Xt),
        clone(alone).fit(table, np.r_[ys, yt], sample_domain=domain),
    ):
        assert model.comparison_.evidence.moved
        inner = model.comparison_.models["series"].adapter_
        assert inner.mean_source_.shape == (C,)
        assert model.predict(Xt).shape == yt.shape


def test_rows_of_features_carry_their_series():
    Z = np.arange(12.0).reshape(6, 2)
    rows = FeatureRows.of(Z, Xs[:6])
    np.testing.assert_array_equal(series_of(rows[1:3]), Xs[1:3])
    np.testing.assert_array_equal(series_of(rows[np.arange(6) > 3]), Xs[4:6])
    np.testing.assert_array_equal(rows[np.array([5, 0])], Z[[5, 0]])
    np.testing.assert_array_equal(series_of(pickle.loads(pickle.dumps(rows))), Xs[:6])
    assert series_of(rows[:, 0]).shape == (6,)
    assert (rows * 2).series is None
    assert series_of(Z) is Z


def test_folds_do_not_split_a_group():
    seen = []

    class Spy(DomainStandardScaler):
        def fit(self, X, y=None, Xt=None, yt=None, **given):
            seen.append({round(float(v), 6) for v in X[:, -1]})
            return super().fit(X, y, Xt, yt, **given)

    groups = np.repeat(np.arange(6), 10)
    methods = {"spy": Spy(LogisticRegression())}
    given = {"methods": methods, "cv": 3, "groups": groups}
    compare(Xs, ys, Xt, **given)
    preprocessor = SeriesToNumbers().fit(Xs, Xt=Xt)
    last = preprocessor.transform(Xs, sample_domain=0)[:, -1].round(6).tolist()
    for numbers in seen:
        mine = [v in numbers for v in last]
        if any(mine):
            whole = np.reshape(mine, (6, 10))
            assert (whole.all(axis=1) == whole.any(axis=1)).all()


# ------------------------------------------------------------------ errors, warnings


@pytest.mark.parametrize(
    ("X", "Z", "error", "words"),
    [
        (Xs, Xt[:, :, :2], ValueError, "they must be the same"),
        (Xs, list(Xt[:, :, :2]), ValueError, "they must be the same"),
        (Xs[:, 0], Xt, TypeError, "The target is series, and the source is a table"),
        (
            as_series(Xs, channels=list("abc")),
            as_series(Xt, channels=list("bac")),
            ValueError,
            "in another order",
        ),
    ],
)
def test_domains_that_do_not_fit_are_refused(X, Z, error, words):
    with pytest.raises(error, match=words):
        compare(X, ys, Z, **QUICK)
    with pytest.raises(error, match=words):
        AutoAdapt(**QUICK).fit(X, ys, Xt=Z)


def test_other_channels_are_refused_at_prediction(model):
    with pytest.raises(ValueError, match="has 2 channels, and those of `fit` had 3"):
        model.predict(Xt[:, :, :2])


def test_lengths_that_tell_the_class_are_a_warning():
    short = [x[: 15 + 15 * label] for x, label in zip(Xs, ys, strict=True)]
    with pytest.warns(UserWarning, match="The length of a series alone tells"):
        compare(short, ys, Xt, **QUICK)
    gaps = Xs.copy()
    gaps[ys == 1, 4:9] = np.nan
    with pytest.warns(UserWarning, match="missing values of a series alone tells"):
        compare(gaps, ys, Xt, **QUICK)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stretched = as_series(short).stretched(T)
        SeriesToNumbers().fit(stretched, Xt=Xt)


def test_other_lengths_of_the_target_are_a_warning():
    with pytest.warns(UserWarning, match="resample the series"):
        compare(Xs, ys, Xt[:, :15], **QUICK)


def test_the_rule_of_classes_of_series():
    given = {"default": True, "scoring": "accuracy"}
    of_series, of_tables = SeriesToNumbers(), array_preprocessor()
    assert rule_for(of_series, **given) == OF_SERIES
    assert rule_for(of_tables, **given) == SHIPPED
    assert rule_for(of_series, **given | {"default": False}) == SHIPPED
    assert rule_for(of_series, **given | {"scoring": "r2"}) == SHIPPED


def judged(*margins):
    """Return a comparison of maps with gains of so many standard errors."""
    rows = [{"gain": m / 100, "margin": m, "method": f"{m}"} for m in margins]
    maps = {row["method"]: QuantileMatching() for row in rows}
    return SimpleNamespace(rows=rows, models={"SourceOnly": SourceOnly(), **maps})


def test_series_average_what_is_not_clearly_worse():
    assert enough_agree(judged(0.1, -50.0), OF_SERIES)
    assert not enough_agree(judged(0.1, -50.0), SHIPPED)
    assert enough_agree(judged(-0.9), OF_SERIES)
    assert not enough_agree(judged(-1.1), OF_SERIES)
    comparison = judged(-0.9, 0.0, 0.4, -1.1, -math.inf)
    assert above(comparison, -OF_SERIES.below) == ["0.4", "0.0", "-0.9"]
    assert above(comparison, -SHIPPED.below) == ["0.4"]


def test_other_people_are_adapted_to():
    """Their series are of six activities, in a chest of another stature."""
    data = load_hapt(source="subject_1", target="subject_8")
    rows = data.sample_domain >= 0
    model = AutoAdapt(random_state=0, cv=3)
    model.fit(data.X[rows], data.y[rows], Xt=data.X[~rows])
    alone = model.comparison_.models["SourceOnly"]
    numbers = model.preprocessor_.transform(data.X[~rows])
    adapted = model.score(data.X[~rows], data.y[~rows])
    assert model.best_method_ == "Average"
    assert adapted > alone.score(numbers, data.y[~rows]) + 0.05
