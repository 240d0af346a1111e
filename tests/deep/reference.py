"""What tests of methods share: the call of the paper, and its losses in numpy."""

import inspect
import re

import keras
import numpy as np
import pytest
from keras import layers, ops
from scipy.special import log_softmax, softmax

from adapt.deep import UpdateLambda, _engine
from adapt.deep._initializers import Glorot
from adapt.deep._schedules import at_steps

SMALL = {"epochs": 2, "batch_size": 16, "random_state": 0}


def plain_encoder():
    """Return a perceptron for three columns, without dropout or normalisation."""
    body = [layers.Dense(64, "relu", kernel_initializer=Glorot()) for _ in range(2)]
    return keras.Sequential([keras.Input((3,)), *body])


def normalised_encoder():
    """Return the same with batch normalisation after each layer."""
    body = [keras.Input((3,))]
    for _ in range(2):
        body.append(layers.Dense(64, "relu", kernel_initializer=Glorot()))
        body.append(layers.BatchNormalization())
    return keras.Sequential(body)


# What `REFERENCE` losses were computed with, whatever the defaults are.
_LAMBDAS = {"BNM": 1.0, "CDAN": 1.0, "DAN": 1.0, "JAN": 1.0, "MCC": 1.0}


def settings(cls):
    """Return parameters with which all backends give the same losses."""
    normalised = cls.__name__ in ("AdaBN", "Tent")
    given = {
        **SMALL,
        "encoder": normalised_encoder if normalised else plain_encoder,
        "optimizer": "adam",
    }
    if cls.__name__ in _LAMBDAS:
        given["lambda_"] = _LAMBDAS[cls.__name__]
    return given


def small_tables():
    """Return two classes in a source of 60 rows, and 40 target rows."""
    rng = np.random.default_rng(0)
    Xs = rng.normal(size=(60, 3))
    return Xs, (Xs[:, 0] > 0).astype(int), Xs[:40] * 1.5 + 0.3


def whole_tables():
    """Return domains of 60 rows each, so that one batch is all of them."""
    Xs, ys, Xt = small_tables()
    Xt = np.concatenate([Xt, Xt[:20] - 0.1])
    return Xs, ys, Xt, (Xt[:, 1] > 0).astype(int)


def linear_network(n_inputs, n_outputs):
    """Return a layer with fixed weights."""
    network = keras.Sequential([keras.Input((n_inputs,)), layers.Dense(n_outputs)])
    kernel = np.sin(1 + np.arange(n_inputs * n_outputs)).reshape(n_inputs, n_outputs)
    network.set_weights([kernel, np.linspace(0, 0.5, n_outputs)])
    return network


def weights(network):
    """Return the weights of a network as arrays."""
    return [np.array(w) for w in _engine.weights_of(network)]


def moved(before, network):
    """Return for each weight whether it is another one now."""
    pairs = zip(before, weights(network), strict=True)
    return [bool(np.abs(a - b).max() > 0) for a, b in pairs]


def published(cls, **given):
    """Return what the docstring gives as the call that runs the paper."""
    text = " ".join(cls.__doc__.split())
    found = re.search(r"As published[^:]*: ``(.*?)``", text)
    if found is None:
        assert "Departures from [1]_: none in" in text
        return cls()
    names = {"keras": keras, "UpdateLambda": UpdateLambda, cls.__name__: cls}
    return eval(found[1], {**names, "n_steps": 100, "n_epochs": 10, **given})


def still(model, **params):
    """Return a model that trains on whole domains, at a rate of nearly zero."""
    own = inspect.signature(type(model)).parameters
    options = {"epochs": 2, "batch_size": 60, "learning_rate": 1e-9, "random_state": 0}
    if "callbacks" in own:
        options["callbacks"] = None
    return model.set_params(**{**options, **params})


def fitted(cls, n_joint=4, labelled=False, **params):
    """Return the published model after two steps that move nothing, and its parts."""
    Xs, ys, Xt, yt = whole_tables()
    networks = {"encoder": linear_network(3, 4), "task": linear_network(4, 2)}
    if "discriminator" in inspect.signature(cls).parameters:
        networks["discriminator"] = linear_network(n_joint, 1)
    model = still(published(cls), **{**networks, **params})
    model.fit(Xs, ys, Xt=Xt, yt=yt if labelled else None)
    return model, Parts(model, Xs, ys, Xt, yt)


def check(model, expected):
    """Assert that the losses of the second step are these."""
    for name, value in expected.items():
        near = pytest.approx(value, rel=2e-4, abs=1e-6)
        assert model.history_[name][1] == near, name


def weight(model, name="lambda_"):
    """Return the value that a parameter has in the second step."""
    return at_steps(name, getattr(model, name), np.arange(2))[1]


def losses_of(model, function="_losses", **batch):
    """Return the losses of a model on one batch, as numbers."""
    batch = {
        name: ops.convert_to_tensor(np.asarray(value), "float32")
        if np.asarray(value).dtype.kind == "f"
        else ops.convert_to_tensor(np.asarray(value), "int32")
        for name, value in batch.items()
    }
    for name in model._scheduled:
        batch[name] = weight(model, name)
    losses = getattr(model, function)({**batch, "notes": {}})
    return {name: float(_engine.to_numpy(value)) for name, value in losses.items()}


def apply(network, X):
    """Return what a linear network gives, in numpy."""
    kernel, bias = (w.astype(float) for w in network.get_weights())
    return X @ kernel + bias


def cross_entropy(y, logits):
    """Return the loss of each row."""
    return -log_softmax(logits, axis=1)[np.arange(len(y)), y]


def entropy(p):
    """Return the entropy of each row."""
    return -np.sum(p * np.log(p), axis=1)


def divergence(p, q):
    """Return the Kullback-Leibler divergence of each row of ``q`` from ``p``."""
    return np.sum(p * np.log(p / q), axis=1)


def distances(x, y):
    """Return squared distances."""
    return np.sum((x[:, None] - y) ** 2, axis=2)


class Parts:
    """What a model of linear networks makes of the data, in numpy."""

    def __init__(self, model, Xs, ys, Xt, yt):
        self.model, self.Xs, self.Xt, self.ys, self.yt = model, Xs, Xt, ys, yt
        self.zs, self.zt = (apply(model.encoder_, X) for X in (Xs, Xt))
        self.ls, self.lt = (apply(model.task_, z) for z in (self.zs, self.zt))
        self.ps, self.pt = softmax(self.ls, axis=1), softmax(self.lt, axis=1)
        self.task = cross_entropy(ys, self.ls).mean()

    def head(self, *inputs):
        """Return the outputs of the discriminator."""
        return [apply(self.model.discriminator_, z) for z in inputs]

    def domains(self, inputs=None, weights=(1.0, 1.0)):
        """Return the loss of the discriminator, a mean for each domain."""
        ds, dt = self.head(*(inputs or (self.zs, self.zt)))
        ws, wt = (np.asarray(w) / np.mean(w) for w in weights)
        s, t = np.logaddexp(0, -ds)[:, 0], np.logaddexp(0, dt)[:, 0]
        return np.mean(ws * s) + np.mean(wt * t)

    def virtual_adversary(self, X, start, epsilon):
        """Return how far predictions move with the worst offset of a norm.

        One power iteration from ``start``: the divergence has the gradient
        ``(q - p) A'`` in the offset, where logits are ``x A + b``.
        """
        kernels = [self.model.encoder_, self.model.task_]
        kernels = [network.get_weights()[0].astype(float) for network in kernels]

        def predict(X):
            logits = apply(self.model.task_, apply(self.model.encoder_, X))
            return softmax(logits, axis=1)

        p = predict(X)
        step = 1e-2 * start / np.linalg.norm(start)
        slope = (predict(X + step) - p) @ (kernels[0] @ kernels[1]).T
        offset = epsilon * slope / np.linalg.norm(slope, axis=1, keepdims=True)
        return divergence(p, predict(X + offset)).mean()


def kernel_discrepancy(*pairs, bandwidths, middle=np.median, linear=True):
    """Return the discrepancy of joint distributions by a product of kernels."""
    kernel, n = 1.0, len(pairs[0][0])
    for pair in pairs:
        rows = np.concatenate(pair)
        d = distances(rows, rows)
        d /= middle(d[np.triu_indices(len(d), 1)])
        kernel = kernel * np.mean([np.exp(-d / each) for each in bandwidths], axis=0)
    if not linear:
        sign = np.repeat([1, -1], n) / n
        return sign @ kernel @ sign
    total = 0.0
    for i in range(0, n - 1, 2):
        j = i + 1
        total += kernel[i, j] + kernel[n + i, n + j]
        total -= kernel[i, n + j] + kernel[j, n + i]
    return total / (n // 2)
