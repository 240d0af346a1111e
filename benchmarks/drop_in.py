"""Fit a case with the library that is imported as ``adapt``: ours, or ADAPT itself.

Ours keeps ADAPT's names and parameters, so that one spelling serves both.
"""

import measure
import numpy as np
import problems
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

import adapt.feature_based
import adapt.instance_based
import adapt.parameter_based

_PACKAGES = (adapt.feature_based, adapt.instance_based, adapt.parameter_based)


def _class(name):
    return next(getattr(p, name) for p in _PACKAGES if name in p.__all__)


def shallow(case, n, seed):
    """Time the fit of a shallow case, and score it on target rows held out."""
    data = problems.problem("table", case.task, n, seed)
    warm_up = problems.problem("table", case.task, 200, seed)
    _shallow_fit(case, warm_up)()  # imports that wait for the first use
    model, cost = measure.timed_fit(_shallow_fit(case, data))
    score = problems.SCORES[case.task](data.y_test, model.predict(data.X_test))
    return {**cost, "score": score}


def _shallow_fit(case, data):
    """Return the call to be timed."""
    method = _class(case.method)
    params = {**case.params, "verbose": 0, "random_state": 0}
    if case.target == "only":
        source_model = LinearRegression().fit(data.Xs, data.ys)
        return lambda: method(source_model, **params).fit(data.Xt, data.yt)
    inner = Ridge() if case.task == "regression" else LogisticRegression()
    target = {"Xt": data.Xt}
    if case.target == "labels":
        target["yt"] = data.yt
    return lambda: method(inner, **params).fit(data.Xs, data.ys, **target)


def deep(case, seed, job, *, one_hot=False, **params):
    """Time a deep case: its steady epochs, or the process from its very start.

    ``one_hot`` says that classes are given so, as ADAPT needs them.
    """
    import keras
    from keras import layers

    data = problems.problem(case.data, case.task, case.n, seed).as_float32()
    keras.utils.set_random_seed(seed)
    if case.data == "series":
        body = [
            layers.Conv1D(32, 8, activation="relu"),
            layers.MaxPooling1D(2),
            layers.Conv1D(64, 5, activation="relu"),
            layers.GlobalAveragePooling1D(),
        ]
    else:
        body = [layers.Dense(64, activation="relu")]
    ys = data.ys
    if case.task == "regression":
        head, loss = layers.Dense(1), "mse"
    else:
        n_classes = len(np.unique(ys))
        head = layers.Dense(n_classes, activation="softmax")
        loss = "sparse_categorical_crossentropy"
        if one_hot:
            ys, loss = np.eye(n_classes)[ys], "categorical_crossentropy"
    networks = {
        "encoder": keras.Sequential([layers.Input(data.Xs.shape[1:]), *body]),
        "task": keras.Sequential([layers.Input((64,)), head]),
    }
    if case.method == "DANN":
        networks["discriminator"] = keras.Sequential(
            [
                layers.Input((64,)),
                layers.Dense(64, activation="relu"),
                layers.Dense(1, activation="sigmoid"),
            ]
        )

    clock = measure.EpochClock()
    tick = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: clock.start(),
        on_epoch_end=lambda epoch, logs: clock.stop(),
    )
    model = _class(case.method)(
        **networks,
        Xt=data.Xt,
        lambda_=0.1,
        loss=loss,
        optimizer="adam",
        random_state=0,
        verbose=0,
        **params,
    )
    model, cost = measure.timed(
        lambda: model.fit(
            data.Xs,
            ys,
            epochs=case.epochs,
            batch_size=64,
            callbacks=[tick],
            verbose=0,
        )
    )
    cost |= clock.steady() if case.measure == "epoch" else measure.since_start(job)
    predicted = model.predict(data.X_test)
    if np.ndim(predicted) == 2 and np.shape(predicted)[1] > 1:
        predicted = np.argmax(predicted, axis=1)  # ADAPT returns probabilities
    return {**cost, "score": problems.SCORES[case.task](data.y_test, predicted)}
