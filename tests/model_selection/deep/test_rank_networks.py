import keras
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from adapt import metrics
from adapt.feature_based import DeepCORAL
from adapt.model_selection import rank_sources
from adapt.parameter_based import FrozenFeatures


def task(n=60):
    X = np.random.default_rng(0).normal(size=(n, 3)).astype("float32")
    return X, (X[:, 0] > 0).astype(int)


def network(last, seed=0):
    keras.utils.set_random_seed(seed)
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(5, "relu"), last])


@pytest.mark.one_backend
def test_networks_are_judged_by_their_outputs_and_their_last_layer_but_one():
    X, y = task()
    soft = network(keras.layers.Dense(4, "softmax"))
    P, Z = np.asarray(soft(X)), FrozenFeatures(soft, layer=0).fit_transform(X)
    ranking = rank_sources(
        {"soft": soft}, X, y, used_as="features", scores=["leep", "log_evidence"]
    )
    assert ranking["leep"].iloc[0] == pytest.approx(metrics.leep(P, y), abs=1e-5)
    expected = metrics.log_evidence(Z, y)
    assert ranking["log_evidence"].iloc[0] == pytest.approx(expected, abs=1e-4)


@pytest.mark.one_backend
def test_networks_that_predict_as_they_are():
    X, y = task()
    sigmoid = network(keras.layers.Dense(1, "sigmoid"))
    logits = network(keras.layers.Dense(2))
    sources = {"sigmoid": sigmoid, "logits": logits}
    ranking = rank_sources(sources, X, y, scores=["accuracy"])
    right = (np.asarray(sigmoid(X))[:, 0] > 0.5) == y
    assert ranking.loc["sigmoid", "accuracy"] == pytest.approx(right.mean())
    right = np.asarray(logits(X)).argmax(axis=1) == y
    assert ranking.loc["logits", "accuracy"] == pytest.approx(right.mean())


@pytest.mark.one_backend
def test_fitted_adapters_give_their_encoders_features():
    X, y = task()
    deep = DeepCORAL(epochs=1, random_state=0).fit(X, y, Xt=X)
    plain = LogisticRegression().fit(X, y)
    ranking = rank_sources(
        {"deep": deep, "plain": plain}, X, y, used_as="features", scores=["h_score"]
    )
    Z = FrozenFeatures(deep).fit_transform(X)
    assert ranking["h_score"]["deep"] == pytest.approx(metrics.h_score(Z, y), abs=1e-4)
