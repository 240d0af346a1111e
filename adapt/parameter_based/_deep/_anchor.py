"""What weights are held to: where they started, and how firmly each of them stays."""

from typing import NamedTuple

import keras
import numpy as np
from keras import layers, ops

from adapt.deep._engine import (
    choose_mode,
    compile_epoch,
    minimize,
    to_device,
    to_numpy,
    weights_of,
)
from adapt.deep._program import give_back, take_program
from adapt.deep._recipes import Recipe, recipe_of

__all__ = [
    "Anchor",
    "Consolidated",
    "accumulated",
    "anchored",
    "distance",
    "fisher_information",
]


_FISHER_ROWS = 1000


class Anchor(layers.Layer):
    """Numbers that a penalty needs: where weights started, and how firmly they stay."""

    def __init__(self, n_weights, **kwargs):
        super().__init__(**kwargs)
        shape = (n_weights,)
        self.start = self.add_weight(shape, "zeros", trainable=False, name="start")
        self.hold = self.add_weight(shape, "zeros", trainable=False, name="hold")
        self.built = True


def anchored(start, hold):
    """Return an `Anchor` that holds two lists of arrays, and its `Recipe`."""
    start, hold = (np.concatenate([np.ravel(a) for a in v]) for v in (start, hold))
    recipe = Recipe(("anchor", len(start)), Anchor, (len(start),))
    anchor = recipe.make()
    anchor.set_weights([start, hold])
    return anchor, recipe


class Consolidated(NamedTuple):
    """What stages of training hold weights to: their optimum, and how firmly.

    Lists of arrays in the shapes of the weights of the encoder, then of the task.
    """

    optimum: list
    hold: list


def accumulated(before, weights, information):
    """Return the penalties of all stages as one.

    The sum of ``F_k (w - w_k)^2`` over stages k is, up to a constant, ``F (w - w_0)^2``
    with ``F`` the sum of the ``F_k`` and ``w_0`` the mean of the ``w_k`` weighted by
    them.

    Parameters
    ----------
    before : Consolidated or None
        Those of the stages before.

    weights, information : list of ndarray
        Where weights are after another stage, and its Fisher information.

    Returns
    -------
    consolidated : Consolidated
        Where nothing holds a weight, its optimum is where it is.
    """
    if before is None:
        return Consolidated(list(weights), list(information))
    optimum, hold = [], []
    for w, f, w0, f0 in zip(weights, information, *before, strict=True):
        total = f + f0
        moment = f * w + f0 * w0
        mean = np.array(w)
        np.divide(moment, total, out=mean, where=total > 0)
        optimum.append(mean)
        hold.append(total)
    return Consolidated(optimum, hold)


def distance(weights, anchor, measure):
    """Return ``sum(hold * measure(w - start))``, a scalar tensor.

    Parameters
    ----------
    weights : list of keras.Variable
        All weights of the networks, in the order of the anchor.

    anchor : Anchor
        Where they started.

    measure : callable
        Of a tensor of differences, such as `keras.ops.square`.
    """
    total, first = 0.0, 0
    for w in weights:
        part = slice(first, first + int(np.prod(w.shape)))
        first = part.stop
        if w.trainable:
            gap = ops.reshape(ops.cast(w, "float32"), (-1,)) - anchor.start[part]
            total = total + ops.sum(anchor.hold[part] * measure(gap))
    return total


class _SquaredGradients:
    """Networks, and the compiled pass over rows that sums up squared gradients.

    Parameters
    ----------
    networks : dict of keras.Model
        The encoder and the task.

    labels : ClassLabels or NumberLabels
        They say what of the outputs is differentiated.

    mode : str
        How to run, as `choose_mode` returns it.
    """

    def __init__(self, networks, labels, mode):
        self.networks = networks
        encoder, task = networks["encoder"], networks["task"]
        moving = [w for w in [*encoder.weights, *task.weights] if w.trainable]
        self._sums = [keras.Variable(np.zeros(w.shape, "float32")) for w in moving]
        holders = {id(v): v for n in (encoder, task) for v in n.variables}
        state = [*holders.values(), *self._sums]

        def step(batch):
            def loss():
                z = encoder(batch["X"], training=False)
                scores = labels.scores_of(task, z, training=False)
                value = ops.sum(batch["v"] * scores)
                return value, {"loss": value}

            def add(gradients):
                for total, g in zip(self._sums, gradients, strict=True):
                    if g is not None:
                        total.assign(total + ops.square(ops.convert_to_tensor(g)))

            return minimize(loss, moving, add, state)

        self._run = compile_epoch(step, state, mode)

    def mean(self, networks, X, v):
        """Return the mean square of ``J' v`` of each weight of ``networks``."""
        for name, network in networks.items():
            if network is not self.networks[name]:
                self.networks[name].set_weights(weights_of(network))
        for total in self._sums:
            total.assign(np.zeros(total.shape, "float32"))
        data = {}
        for name, array in {"X": X, "v": v}.items():
            # Of one size whatever the number of rows: what was compiled serves again.
            padded = np.zeros((_FISHER_ROWS, *array.shape[1:]), dtype=np.float32)
            padded[: len(array)] = array
            data[name] = to_device(padded)
        index = np.arange(_FISHER_ROWS, dtype=np.int32)[:, None]
        self._run({"rows": data}, {"rows": index}, {}, len(X))
        return [to_numpy(total.value) / len(X) for total in self._sums]


def fisher_information(encoder, task, labels, X, rng):
    """Return the diagonal of the Fisher information of a network's weights.

    It is the mean over rows of the expected squared gradient of the log-likelihood of a
    label, where labels are as the network says: classes with its probabilities ``p``,
    numbers with a variance of 1. With ``J`` the derivative of the logits, that is the
    diagonal of ``J' (diag(p) - p p') J``, and the mean of ``(J' v)^2`` over vectors ``v
    = sqrt(p) s - p sum(sqrt(p) s)`` of random signs ``s``, of which each row takes one.
    They vary far less than labels that are drawn, the more the surer the network is.

    Parameters
    ----------
    encoder, task : keras.Model
        The networks.

    labels : ClassLabels or NumberLabels
        What the outputs mean.

    X : ndarray of shape (n_samples, ...)
        Rows; at most 1,000 of them are drawn and used.

    rng : RandomState
        Draws rows and signs.

    Returns
    -------
    information : list of ndarray
        In the shapes of the weights of `encoder`, then of `task`; zeros for those that
        are not trained.
    """
    X = X[rng.permutation(len(X))[:_FISHER_ROWS]].astype(np.float32)
    outputs = to_numpy(
        ops.cast(task(encoder(X, training=False), training=False), "float32")
    )
    numbers = labels.classes is None
    p = outputs if numbers else labels.probability(outputs)
    v = 2.0 * rng.randint(2, size=p.shape) - 1
    if not numbers:
        v *= np.sqrt(p)
        v -= p * v.sum(axis=1, keepdims=True)
    networks = {"encoder": encoder, "task": task}
    mode = choose_mode(None, [encoder, task], len(X))
    program, key = take_program(
        networks,
        {name: recipe_of(network) for name, network in networks.items()},
        ("fisher", mode, numbers),
        lambda networks: _SquaredGradients(networks, labels, mode),
    )
    found = iter(program.mean(networks, X, v.astype(np.float32)))
    give_back(program, key)
    return [
        next(found) if w.trainable else np.zeros(w.shape, dtype=np.float32)
        for w in [*encoder.weights, *task.weights]
    ]
