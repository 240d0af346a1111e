"""A compiled Keras model as the estimator of a shallow adapter."""

import pickle

import numpy as np
import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from sklearn.base import clone, is_classifier, is_regressor  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402
from sklearn.pipeline import Pipeline, make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

from adapt.base import SourceOnly  # noqa: E402
from adapt.datasets import make_classification_da  # noqa: E402
from adapt.deep import _engine  # noqa: E402
from adapt.feature_based import CORAL, DeepSource  # noqa: E402
from adapt.instance_based import (  # noqa: E402
    BBSE,
    IWC,
    KMM,
    TrAdaBoostR2,
    TwoStageTrAdaBoostR2,
)
from adapt.parameter_based import LinInt  # noqa: E402


def network(loss, n_outputs):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(n_outputs),
        ]
    )
    model.compile(loss=loss, optimizer=keras.optimizers.Adam(0.01))
    return model


@pytest.fixture(scope="module")
def data():
    return make_classification_da()


@pytest.mark.parametrize(
    "method",
    [
        SourceOnly,
        *(pytest.param(m, marks=pytest.mark.one_backend) for m in (CORAL, IWC, BBSE)),
    ],
)
def test_a_compiled_model_is_an_estimator(method, data):
    Xs, ys, Xt, _ = data
    model = network("sparse_categorical_crossentropy", 2)
    before = _engine.weights_of(model)
    adapter = method(model, random_state=0)
    assert is_classifier(adapter)
    labels = np.array(["no", "yes"])[ys]
    adapter.fit(Xs, labels, Xt=Xt)
    if method is SourceOnly:
        assert adapter.score(Xs, labels, sample_domain=0) > 0.9
    assert set(adapter.predict(Xt)) <= {"no", "yes"}
    np.testing.assert_allclose(adapter.predict_proba(Xt).sum(axis=1), 1)
    for a, b in zip(before, _engine.weights_of(model), strict=True):
        np.testing.assert_array_equal(a, b)  # the model itself is left as it was
    again = clone(adapter).fit(Xs, labels, Xt=Xt)
    np.testing.assert_array_equal(again.predict(Xt), adapter.predict(Xt))
    loaded = pickle.loads(pickle.dumps(adapter))
    np.testing.assert_array_equal(loaded.predict(Xt), adapter.predict(Xt))


def test_its_loss_and_weights_count(data):
    Xs, _, Xt, _ = data
    y = 2 * Xs[:, 0] + 1
    adapter = IWC(network("mse", 1), random_state=0).fit(Xs, y, Xt=Xt)
    assert is_regressor(adapter)
    assert isinstance(adapter.estimator_, DeepSource)
    plain = SourceOnly(network("mse", 1), random_state=0).fit(Xs, y, Xt=Xt)
    assert plain.score(Xs, y) > 0.5
    assert np.abs(plain.predict(Xt) - adapter.predict(Xt)).max() > 0


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("method", "params"),
    [
        (TrAdaBoostR2, {"n_estimators": 2}),
        (TwoStageTrAdaBoostR2, {"n_estimators": 2, "n_estimators_fs": 2, "cv": 2}),
        (LinInt, {}),
    ],
)
def test_methods_that_clone_it_for_both_domains(method, params, data):
    Xs, _, Xt, _ = data
    ys, yt = Xs[:, 0] + 1, Xt[:, 0] + 1.2
    model = network("mse", 1)
    before = _engine.weights_of(model)
    adapter = method(model, random_state=0, **params).fit(Xs, ys, Xt[:60], yt[:60])
    assert is_regressor(adapter)
    assert adapter.predict(Xt).shape == yt.shape
    assert adapter.score(Xt, yt) > 0
    for a, b in zip(before, _engine.weights_of(model), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.one_backend
def test_probabilities_of_two_models_are_mixed(data):
    Xs, ys, Xt, yt = data
    model = network("sparse_categorical_crossentropy", 2)
    adapter = LinInt(model, random_state=0).fit(Xs, ys, Xt[:60], yt[:60])
    np.testing.assert_allclose(adapter.predict_proba(Xt).sum(axis=1), 1, rtol=1e-5)


def test_a_model_that_is_not_compiled_is_refused(data):
    Xs, ys, Xt, _ = data
    bare = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="not compiled"):
        CORAL(bare).fit(Xs, ys, Xt=Xt)


@pytest.mark.one_backend
def test_networks_in_pipelines(data):
    Xs, ys, Xt, _ = data
    model = network("sparse_categorical_crossentropy", 2)
    pipe = make_pipeline(StandardScaler(), model)
    adapter = CORAL(pipe, random_state=0).fit(Xs, ys, Xt=Xt)
    assert set(adapter.predict(Xt)) <= {0, 1}
    search = GridSearchCV(
        CORAL(pipe, Xt=Xt, random_state=0), {"lambda_": [1e-5, 1.0]}, cv=2
    )
    search.fit(Xs, ys)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    loaded = pickle.loads(pickle.dumps(search.best_estimator_))
    np.testing.assert_array_equal(loaded.predict(Xt), search.predict(Xt))
    # A deep method as a step of the user's own pipeline.
    source = DeepSource(keras.layers.Identity(), model, Xt, epochs=1)
    deep = make_pipeline(StandardScaler(), source)
    again = clone(KMM(deep)).fit(Xs, ys, Xt=Xt)
    assert pickle.loads(pickle.dumps(again)).predict(Xt).shape == (len(Xt),)


class Unregistered(keras.layers.Layer):
    def __init__(self, n):
        super().__init__()
        self.n = n

    def call(self, x):
        return x


@pytest.mark.one_backend
def test_a_network_in_a_pipeline_that_cannot_be_copied_is_named():
    bad = keras.Sequential([keras.Input((2,)), Unregistered(3)])
    bad.compile(loss="mse")
    message = r"`estimator__sequential\w*`.*register_keras_serializable"
    with pytest.raises(ValueError, match=message):
        clone(CORAL(Pipeline([("scale", StandardScaler()), ("sequential", bad)])))
    deep = Pipeline([("scale", StandardScaler()), ("net", DeepSource(task=bad))])
    with pytest.raises(ValueError, match=r"`estimator__net__task`"):
        clone(CORAL(deep))
