"""Frames go whole to the estimator where features stay as they are."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from adapt.base import MetaAdapter, SourceOnly
from adapt.discovery import all_adapters
from adapt.feature_based import CORAL, LinearOT
from adapt.instance_based import KMM
from tests.common import shifted_classes

META = [cls for _, cls in all_adapters(deep=False) if issubclass(cls, MetaAdapter)]
# Supervised ones are tried on frames by their own tests.
KEEPERS = [c for c in META if c._keeps_frames and c._target_labels != "required"]
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


def by_columns(*parts):
    return make_pipeline(ColumnTransformer(parts), LogisticRegression())


@by_name(KEEPERS)
def test_estimator_sees_the_frame_in_both_call_forms(cls):
    D, ys, T, _ = frames()
    inner = by_columns(("n", StandardScaler(), ["a", "c"]))
    params = {"resample": True} if "resample" in cls().get_params() else {}
    params["random_state"] = 0
    two = cls(inner, **params).fit(D, ys, Xt=T)
    X = pd.concat([D, T], ignore_index=True)
    y = np.concatenate([ys, np.full(len(T), -1)])
    one = cls(inner, **params)
    one.fit(X, y, sample_domain=np.repeat([0, -1], [len(D), len(T)]))
    assert list(two.estimator_.feature_names_in_) == list("abcd")
    np.testing.assert_array_equal(two.predict(T), one.predict(T))
    assert np.isfinite(two.predict_proba(T)).all()
    with pytest.raises(ValueError, match="feature names"):
        two.predict(T[list("dcba")])


def test_weighted_frames_give_what_arrays_give():
    D, ys, T, _ = frames()
    of_frame = KMM(LogisticRegression()).fit(D, ys, Xt=T)
    of_array = KMM(LogisticRegression()).fit(D.to_numpy(), ys, Xt=T.to_numpy())
    np.testing.assert_allclose(
        of_frame.predict_proba(T), of_array.predict_proba(T.to_numpy())
    )


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


def test_a_scaler_that_saw_the_source_alone_is_spoken_of():
    D, ys, T, _ = frames()
    Xs, Xt = 100 * D.to_numpy() + 4000, 100 * T.to_numpy() + 4000
    steps = [("scale", StandardScaler()), ("adapt", LinearOT(LogisticRegression()))]
    with pytest.warns(UserWarning, match=r"deviation 1.*`transform_input=\[\"Xt\"\]`"):
        Pipeline(steps).fit(Xs, ys, adapt__Xt=Xt)
