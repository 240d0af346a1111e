"""Features of trained networks, as a transformer."""

import pickle
from functools import partial

import numpy as np
import pandas as pd
import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from keras import layers  # noqa: E402
from sklearn.base import clone  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402

from adapt.deep import _engine  # noqa: E402
from adapt.feature_based import DANN  # noqa: E402
from adapt.parameter_based import FrozenFeatures  # noqa: E402


@pytest.fixture(scope="module")
def table():
    X = np.random.default_rng(0).normal(size=(50, 4))
    return X, (X[:, 0] > 0).astype(int)


def network(functional=False):
    inputs = keras.Input((4,))
    row = [
        layers.Dense(6, activation="relu", name="first"),
        layers.BatchNormalization(name="normal"),
        layers.Dropout(0.5, name="drop"),
        layers.Dense(3, name="last"),
    ]
    if not functional:
        return keras.Sequential([inputs, *row])
    x = inputs
    for layer in row:
        x = layer(x)
    return keras.Model(inputs, x)


@pytest.mark.parametrize("functional", [False, True])
def test_features_are_those_of_the_layer(functional, table):
    X, _ = table
    model = network(functional)
    kernel, bias = _engine.weights_of(model.get_layer("first"))
    first = np.maximum(X @ kernel + bias, 0)
    for layer in "first", -4:
        found = FrozenFeatures(model, layer).fit_transform(X)
        np.testing.assert_allclose(found, first, atol=1e-5)
        assert found.dtype == np.float32
    whole = FrozenFeatures(model).fit(X).transform(X)
    kernel, bias = _engine.weights_of(model.get_layer("last"))
    # Moving statistics of a new layer are 0 and 1; dropout does nothing.
    np.testing.assert_allclose(
        whole, first / np.sqrt(1 + 1e-3) @ kernel + bias, atol=1e-4
    )


def test_batches_change_nothing(table):
    X, _ = table
    model = network()
    expected = FrozenFeatures(model, "first").fit_transform(X)
    for size in 1, 7, 64:
        found = FrozenFeatures(model, "first", batch_size=size).fit_transform(X)
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_names_frames_pickle_and_clone(table, tmp_path):
    X, _ = table
    model = network()
    features = FrozenFeatures(model, "last").set_output(transform="pandas")
    frame = features.fit_transform(pd.DataFrame(X, columns=list("abcd")))
    names = ["frozenfeatures0", "frozenfeatures1", "frozenfeatures2"]
    assert list(frame.columns) == names == features.get_feature_names_out().tolist()
    again = pickle.loads(pickle.dumps(features))
    frame2 = again.transform(pd.DataFrame(X, columns=list("abcd")))
    np.testing.assert_allclose(frame2, frame, atol=1e-6)
    assert clone(features).model is model
    model.save(tmp_path / "model.keras")
    for given in tmp_path / "model.keras", str(tmp_path / "model.keras"):
        found = FrozenFeatures(given, "last").fit_transform(X)
        np.testing.assert_allclose(found, frame, atol=1e-6)


@pytest.mark.one_backend
def test_pipeline_and_search(table):
    X, y = table
    model = network()
    kernel = np.random.default_rng(0).normal(size=(4, 6))
    model.get_layer("first").set_weights([kernel, np.zeros(6)])
    model.get_layer("last").set_weights([np.zeros((6, 3)), np.zeros(3)])
    pipe = make_pipeline(FrozenFeatures(model), LogisticRegression())
    grid = {"frozenfeatures__layer": ["first", "last"]}
    search = GridSearchCV(pipe, grid, cv=2).fit(X, y)
    assert search.best_params_ == {"frozenfeatures__layer": "first"}
    assert search.score(X, y) > 0.8


def test_a_deep_adapter_gives_its_encoder(table):
    X, y = table
    adapter = DANN(epochs=1, random_state=0).fit(X, y, Xt=X + 1)
    found = FrozenFeatures(adapter).fit_transform(X)
    np.testing.assert_allclose(found, adapter.transform(X), atol=1e-6)


@pytest.mark.one_backend
@pytest.mark.slow
def test_an_application_with_weights_on_disk(tmp_path):
    shape = (32, 32, 3)
    build = partial(
        keras.applications.MobileNet, input_shape=shape, include_top=False, alpha=0.25
    )
    path = tmp_path / "mobilenet.weights.h5"
    trained = build(weights=None)
    trained.save_weights(path)
    X = np.random.default_rng(0).integers(0, 256, size=(5, *shape), dtype=np.uint8)
    given = partial(build, weights=str(path))
    flat = FrozenFeatures(given).fit_transform(X)
    mean = FrozenFeatures(given, pooling="mean").fit_transform(X)
    top = FrozenFeatures(given, pooling="max").fit_transform(X)
    expected = _engine.to_numpy(trained(X.astype("float32"), training=False))
    np.testing.assert_allclose(flat, expected.reshape(5, -1), atol=1e-4)
    np.testing.assert_allclose(mean, expected.mean(axis=(1, 2)), atol=1e-4)
    np.testing.assert_allclose(top, expected.max(axis=(1, 2)), atol=1e-4)


def test_errors(table):
    X, _ = table
    model = network()
    with pytest.raises(ValueError, match="`layer`='second' is no layer of `model`"):
        FrozenFeatures(model, "second").fit(X)
    with pytest.raises(ValueError, match="`layer`=9, but `model` has 4 layers"):
        FrozenFeatures(model, 9).fit(X)
    with pytest.raises(ValueError, match="`model` cannot take samples of shape"):
        FrozenFeatures(model).fit(X[:, :3])
    with pytest.raises(TypeError, match="`model` must be a Keras network"):
        FrozenFeatures(dict).fit(X)
    fitted = FrozenFeatures(model).fit(X)
    with pytest.raises(ValueError, match="3 features"):
        fitted.transform(X[:, :3])
