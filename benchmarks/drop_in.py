"""Fit a case with the library that is imported as ``adapt``: ours, or ADAPT itself.

Ours keeps ADAPT's names and parameters, so that one spelling serves both.
"""

import random

import measure
import numpy as np
import problems
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.tree import DecisionTreeClassifier

import adapt.feature_based
import adapt.instance_based
import adapt.parameter_based

_PACKAGES = (adapt.feature_based, adapt.instance_based, adapt.parameter_based)


_TREES = {
    "TransferTreeClassifier": DecisionTreeClassifier(random_state=0),
    "TransferForestClassifier": RandomForestClassifier(10, random_state=0),
}


def _class(name):
    return next(getattr(p, name) for p in _PACKAGES if name in p.__all__)


def shallow(case, n, seed, **params):
    """Time the fit of a shallow case, and score it on target rows held out."""
    data = problems.problem("table", case.task, n, seed)
    warm_up = problems.problem("table", case.task, 200, seed)
    case = case._replace(params={**case.params, **params})
    _shallow_fit(case, warm_up)()  # imports that wait for the first use
    model, cost = measure.timed_fit(_shallow_fit(case, data))
    score = problems.SCORES[case.task](data.y_test, model.predict(data.X_test))
    return {**cost, "score": score}


def _shallow_fit(case, data):
    """Return the call to be timed."""
    method = _class(case.method)
    params = {**case.params, "verbose": 0, "random_state": 0}
    if case.target == "only":
        linear = LinearRegression if case.task == "regression" else LogisticRegression
        model = _TREES.get(case.method, linear())
        source_model = clone(model).fit(data.Xs, data.ys)
        return lambda: method(source_model, **params).fit(data.Xt, data.yt)
    inner = Ridge() if case.task == "regression" else LogisticRegression()
    target = {"Xt": data.Xt}
    if case.target == "labels":
        target["yt"] = data.yt
    return lambda: method(inner, **params).fit(data.Xs, data.ys, **target)


def deep(case, seed, started, *, one_hot=False, **params):
    """Time a deep case: its steady epochs, or the process since it was started.

    ``one_hot`` says that classes are given so, as ADAPT needs them; ``params`` are for
    the method.
    """
    import keras

    data = problems.problem(case.data, case.task, case.n, seed).as_float32()
    ys, yt, loss = data.ys, data.yt, "mse"
    if case.task == "classification":
        loss = "sparse_categorical_crossentropy"
        if one_hot:
            ys, yt = (np.eye(ys.max() + 1)[y] for y in (ys, yt))
            loss = "categorical_crossentropy"
    _set_seed(seed)
    clock = measure.EpochClock()
    tick = keras.callbacks.LambdaCallback(on_epoch_end=clock.tick)
    if case.method == "CCSA":
        params["yt"] = yt
    networks = _networks(case, data)
    networks["encoder"].get_config()  # Keras imports TensorFlow here, if there is one
    model = _class(case.method)(
        **networks,
        Xt=data.Xt,
        loss=loss,
        optimizer="adam",
        epochs=case.epochs,
        batch_size=64,
        callbacks=[tick],
        random_state=0,
        verbose=0,
        **case.params,
        **params,
    )
    model, cost = measure.timed(lambda: model.fit(data.Xs, ys))
    if case.measure == "cold":
        cost |= measure.since(started)
    else:
        cost |= clock.steady()
    predicted = model.predict(data.X_test)
    if np.ndim(predicted) == 2 and np.shape(predicted)[1] > 1:
        predicted = np.argmax(predicted, axis=1)  # ADAPT returns probabilities
    return {**cost, "score": problems.SCORES[case.task](data.y_test, predicted)}


def _set_seed(seed):
    """Seed what initial weights depend on, without importing another backend."""
    import keras

    if keras.backend.backend() == "tensorflow":
        keras.utils.set_random_seed(seed)
    else:
        random.seed(seed)


def _networks(case, data):
    """Return the networks by the names of their parameters."""
    from keras import Sequential, layers

    if case.data == "series":
        encoder = [
            layers.Conv1D(32, 8, activation="relu"),
            layers.MaxPooling1D(2),
            layers.Conv1D(64, 5, activation="relu"),
            layers.GlobalAveragePooling1D(),
        ]
    else:
        encoder = [layers.Dense(64, activation="relu")]
    if case.task == "regression":
        head = layers.Dense(1)
    else:
        head = layers.Dense(int(data.ys.max()) + 1, activation="softmax")
    networks = {
        "encoder": Sequential([layers.Input(data.Xs.shape[1:]), *encoder]),
        "task": Sequential([layers.Input((64,)), head]),
    }
    if case.method in ("ADDA", "CDAN", "DANN", "WDGRL"):
        # CDAN's sees features by classes; WDGRL's is a critic, without a sigmoid.
        width = 64 * (head.units if case.method == "CDAN" else 1)
        hidden = layers.Dense(64, activation="relu")
        last = None if case.method == "WDGRL" else "sigmoid"
        output = layers.Dense(1, activation=last)
        networks["discriminator"] = Sequential([layers.Input((width,)), hidden, output])
    return networks
