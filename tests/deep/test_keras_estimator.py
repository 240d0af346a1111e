"""A compiled Keras model as the estimator of a shallow adapter."""

import pickle

import numpy as np
import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from sklearn.base import clone, is_classifier, is_regressor  # noqa: E402

from adapt.base import SourceOnly  # noqa: E402
from adapt.datasets import make_classification_da  # noqa: E402
from adapt.deep import _engine  # noqa: E402
from adapt.feature_based import CORAL, DeepSource  # noqa: E402
from adapt.instance_based import BBSE, IWC  # noqa: E402


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


def test_a_model_that_is_not_compiled_is_refused(data):
    Xs, ys, Xt, _ = data
    bare = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="not compiled"):
        CORAL(bare).fit(Xs, ys, Xt=Xt)
