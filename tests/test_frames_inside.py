"""Frames go whole to the estimator where features stay as they are."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils import get_tags

from adapt.base import MetaAdapter, SourceOnly
from adapt.discovery import all_adapters
from adapt.feature_based import CORAL, LinearOT
from adapt.instance_based import KMM
from tests.common import shifted_classes

META = [cls for _, cls in all_adapters(deep=False) if issubclass(cls, MetaAdapter)]
KEEPERS = [cls for cls in META if cls._keeps_frames]
COMPUTING = [
    cls
    for cls in META
    if cls._reads_rows and cls.__module__.startswith(("adapt.feature", "adapt.inst"))
]


def by_name(classes):
    return pytest.mark.parametrize("cls", classes, ids=lambda cls: cls.__name__)


def frames(**columns):
    Xs, ys, Xt, yt = shifted_classes(60)
    names = list("abcd")
    D, T = pd.DataFrame(Xs, columns=names), pd.DataFrame(Xt, columns=names)
    for name, values in columns.items():
        D[name] = np.resize(values, len(D))
        T[name] = np.resize(values, len(T))
    return D, ys, T, yt


def last_step_of(cls):
    """Return an estimator of the kind that an adapter takes, and whether of numbers."""
    name, kind = cls.__name__, get_tags(cls()).estimator_type
    regressor = kind == "regressor"
    if "Tree" in name:
        tree = DecisionTreeRegressor if regressor else DecisionTreeClassifier
        return tree(random_state=0)
    if "Forest" in name:
        forest = RandomForestRegressor if regressor else RandomForestClassifier
        return forest(3, random_state=0)
    if name == "RegularTransferGP":
        return GaussianProcessClassifier()
    return LinearRegression() if regressor else LogisticRegression()


# What fits hundreds of models by default.
FEWER = {
    "BlackBoxInputs": {"max_queries": 40},
    "TransferBoosting": {"max_iter": 3, "learning_rates": (0.3,), "cv": 2},
    "TwoStageTrAdaBoostR2": {"n_estimators": 2, "n_estimators_fs": 2, "cv": 2},
}


def params_of(cls):
    """Return parameters with which any estimator is fitted, and that in short time."""
    params = {"random_state": 0, **FEWER.get(cls.__name__, {})}
    return {**params, "resample": True} if "resample" in cls().get_params() else params


def by_columns(*parts, last=None):
    last = LogisticRegression() if last is None else last
    return make_pipeline(ColumnTransformer(parts), last)


def in_one_table(D, ys, T, yt):
    """Return two domains in one table, with labels of half of the target."""
    y = np.concatenate([ys, np.where(np.arange(len(T)) % 3, yt, -1)])
    domain = np.repeat([0, -1], [len(D), len(T)])
    return pd.concat([D, T], ignore_index=True), y, domain


@by_name(KEEPERS)
@pytest.mark.filterwarnings("ignore:TrAdaBoost stopped")
def test_estimator_sees_the_frame_in_both_call_forms(cls):
    D, ys, T, yt = frames()
    inner = by_columns(("n", StandardScaler(), ["a", "c"]), last=last_step_of(cls))
    params = params_of(cls)
    X, y, domain = in_one_table(D, ys, T, yt)
    two = cls(inner, **params).fit(D, ys, Xt=T, yt=y[domain < 0])
    one = cls(inner, **params).fit(X, y, sample_domain=domain)
    np.testing.assert_array_equal(two.predict(T), one.predict(T))
    if hasattr(two, "predict_proba"):
        assert np.isfinite(two.predict_proba(T)).all()
    with pytest.raises(ValueError, match="feature names"):
        two.predict(T[list("dcba")])
    one_model = cls.__name__ != "SourceMixture"
    if one_model and cls.__module__.startswith("adapt.parameter_based"):
        alone = cls(clone(inner).fit(D, ys), **params).fit(T[:30], yt[:30])
        assert alone.predict(T).shape == (len(T),)


@by_name([cls for cls in KEEPERS if not cls._reads_rows])
@pytest.mark.filterwarnings("ignore:TrAdaBoost stopped")
def test_texts_reach_an_encoder_or_are_named(cls):
    D, ys, T, yt = frames(town=["Oslo", "Rome", "Bonn"])
    parts = ("n", StandardScaler(), ["a", "c"]), ("t", OneHotEncoder(), ["town"])
    last = last_step_of(cls)
    if cls.__name__ == "RegularTransferGP":
        parts = (*parts[:1], ("t", OneHotEncoder(sparse_output=False), ["town"]))
    inner = by_columns(*parts, last=last)
    model = cls(inner, **params_of(cls)).fit(D, ys, Xt=T, yt=yt)
    assert model.predict(T).shape == (len(T),)
    with pytest.raises(ValueError, match=r"'town'.*'Oslo'.*`estimator`"):
        cls(last).fit(D, ys, Xt=T, yt=yt)


@by_name(KEEPERS)
@pytest.mark.filterwarnings("ignore:TrAdaBoost stopped", "error:X (has|does not have)")
def test_frames_give_what_arrays_give(cls):
    D, ys, T, yt = frames()
    of_frame, of_array = (cls(last_step_of(cls), **params_of(cls)) for _ in range(2))
    of_frame.fit(D, ys, Xt=T, yt=yt)
    of_array.fit(D.to_numpy(), ys, Xt=T.to_numpy(), yt=yt)
    expected = of_array.predict(T.to_numpy())
    np.testing.assert_allclose(of_frame.predict(T), expected, rtol=1e-6)


def test_categories_reach_trees_and_texts_an_encoder():
    D, ys, T, _ = frames(c=["x", "y", "z"])
    trees = HistGradientBoostingClassifier(max_iter=3)
    category = {"c": "category"}
    model = SourceOnly(trees).fit(D.astype(category), ys, Xt=T.astype(category))
    assert model.estimator_.is_categorical_.sum() == 1
    inner = by_columns(("n", StandardScaler(), ["a"]), ("t", OneHotEncoder(), ["c"]))
    model = SourceOnly(inner).fit(D, ys, Xt=T)
    expected = inner.fit(D, ys).predict(T)
    np.testing.assert_array_equal(model.predict(T), expected)


def test_polars_frames_go_through():
    polars = pytest.importorskip("polars")
    D, ys, T, _ = frames()
    D, T = polars.from_pandas(D), polars.from_pandas(T)
    model = KMM(by_columns(("n", StandardScaler(), ["a"]))).fit(D, ys, Xt=T)
    assert model.predict(T).shape == (len(T),)


def test_adapters_in_an_adapter_see_the_frame_too():
    D, ys, T, _ = frames()
    model = KMM(CORAL(LogisticRegression())).fit(D, ys, Xt=T)
    assert list(model.estimator_.feature_names_in_) == list("abcd")
    assert model.predict(T).shape == (len(T),)


@pytest.mark.parametrize("dtype", [object, "category"])
@by_name(COMPUTING)
def test_a_column_of_texts_is_named(cls, dtype):
    D, ys, T, yt = frames(town=["Oslo", "Rome"])
    D, T = D.astype({"town": dtype}), T.astype({"town": dtype})
    with pytest.raises(ValueError, match=r"'town'.*'Oslo'.*`ColumnTransformer`"):
        cls().fit(D, ys, Xt=T, yt=yt)


SCALERS = {
    "deviation 1": StandardScaler(),
    "range from 0 to 1": MinMaxScaler(),
    "range from -1 to 1": MinMaxScaler((-1, 1)),
    "absolute value of 1": MaxAbsScaler(),
    "interquartile range": RobustScaler(),
    "range from 0 to 1, ranks": QuantileTransformer(n_quantiles=50),
    "range from -5.2 to 5.2": QuantileTransformer(
        n_quantiles=50, output_distribution="normal"
    ),
}


@pytest.mark.parametrize("words", SCALERS)
def test_a_scaler_that_saw_the_source_alone_is_spoken_of(words):
    D, ys, T, _ = frames()
    Xs, Xt = 100 * D.to_numpy() + 4000, 100 * T.to_numpy() + 4000
    Xs[:, 3], Xt[:, 3] = 7.0, 7.0  # a constant column says nothing
    adapter = LinearOT(LogisticRegression())
    steps = [("scale", SCALERS[words]), ("adapt", adapter)]
    message = words.split(",")[0] + r".*`transform_input=\["
    with pytest.warns(UserWarning, match=message):
        Pipeline(steps).fit(Xs, ys, adapt__Xt=Xt)
    both = clone(SCALERS[words]).fit(np.concatenate([Xs, Xt]))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        adapter.fit(Xs, ys, Xt=Xt)
        adapter.fit(both.transform(Xs), ys, Xt=both.transform(Xt))
