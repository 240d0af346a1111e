"""What a source network hands over: its parts, its head, and what it holds on to."""

import json
from typing import NamedTuple

import keras
import numpy as np
from keras import layers, ops
from keras.src.models import Functional
from sklearn.utils import column_or_1d

from adapt.deep import _engine, _program
from adapt.deep._labels import Classes, Numbers, is_classification, read_labels
from adapt.deep._networks import Recipe, recipe_of
from adapt.parameter_based._class_labels import union_of_classes

_FISHER_ROWS = 1000


def identity(shape):
    """Return a network that gives back samples of ``shape``."""
    body = [keras.Input(shape), layers.Identity(name="identity")]
    return keras.Sequential(body, name="encoder")


def split_model(model, shape):
    """Split a network before its last layer with weights.

    Parameters
    ----------
    model : keras.Model
        A built network.

    shape : tuple of int
        Shape of one sample.

    Returns
    -------
    encoder, task : keras.Model
        What comes before that layer, and the rest; they share its layers. A network
        that does not end in a row of layers is all task.
    """
    weighted = [i for i, layer in enumerate(_layers(model)) if layer.weights]
    if len(weighted) < 2:
        return identity(shape), model
    head = model.layers[weighted[-1] :]
    if isinstance(model, keras.Sequential):
        body = [keras.Input(shape), *model.layers[: weighted[-1]]]
        encoder = keras.Sequential(body, name="encoder")
    elif _is_row(head, model):
        encoder = keras.Model(model.inputs, head[0].input, name="encoder")
    else:
        return identity(shape), model
    body = [keras.Input(tuple(encoder.output_shape[1:])), *head]
    return encoder, keras.Sequential(body, name="task")


def _is_row(row, model):
    """Return whether a functional network ends in a row of plain layers."""
    if not isinstance(model, Functional) or len(model.outputs) != 1:
        return False
    if any(isinstance(layer, keras.Model) for layer in row):
        return False
    fed_by = [layer.input for layer in row]
    outputs = [layer.output for layer in row]
    return (
        all(given is output for given, output in zip(fed_by[1:], outputs, strict=False))
        and isinstance(fed_by[0], keras.KerasTensor)
        and outputs[-1] is model.outputs[0]
    )


def _layers(network):
    return getattr(network, "layers", [])


def weighted_layers(network):
    """Return the layers of a network, as it holds them, that have weights."""
    return [layer for layer in _layers(network) if layer.weights]


class Matched(NamedTuple):
    """Labels of the target, and what in the source's head stands for them.

    ``columns`` has for each output the number of the class of the source that it goes
    on from, -1 for a new one; it is None where the head stays as it is.
    """

    labels: Classes | Numbers
    columns: np.ndarray | None


def match_labels(y, loss, known, n_outputs):
    """Match labels of the target with a head that may know others.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Labels of the target.

    loss : str, callable or None
        As in `adapt.deep.DeepAdapter`.

    known : array-like of shape (n_classes,), False or None
        The classes of the source in the order of its outputs, False for numbers, None
        where the source does not say.

    n_outputs : int or None
        Number of outputs of the head; None if there is none yet.

    Returns
    -------
    matched : Matched
    """
    if known is False:  # integers are numbers too
        if y.dtype.kind not in "iufb":
            raise ValueError(
                "The source model predicts numbers, but the target has labels such as "
                f"{np.ravel(y)[0]!r}."
            )
        labels = Numbers(y, None if loss == "crossentropy" else loss)
        return Matched(labels, _new_columns(labels.n_outputs, n_outputs))
    if known is None and n_outputs is not None and _are_indices(y, loss, n_outputs):
        known = np.arange(max(n_outputs, 2))
    known = known if known is None else np.asarray(known)
    if known is None:
        labels = _read(y, loss)
        if labels.classes is not None and (labels.n_outputs, n_outputs) == (2, 1):
            return Matched(labels, None)
        return Matched(labels, _new_columns(labels.n_outputs, n_outputs))
    if n_outputs not in (None, len(known), 1 if len(known) == 2 else None):
        raise ValueError(
            f"`classes` has {len(known)} labels, but the source model has {n_outputs} "
            "outputs. Give one label for each output, in their order."
        )
    if y.ndim == 2 and y.shape[1] > 1:  # one-hot rows
        labels = read_labels(y, loss)
        return Matched(labels, _new_columns(labels.n_outputs, len(known)))
    y = column_or_1d(y, warn=True)
    classes = union_of_classes(known, y)
    if not np.isin(y, known).any():
        classes = np.unique(y)
    labels = _read(classes, "crossentropy" if loss is None else loss)
    if np.array_equal(classes, known):
        return Matched(labels, None)
    place = {value: i for i, value in enumerate(known.tolist())}
    columns = np.array([place.get(value, -1) for value in classes.tolist()])
    return Matched(labels, columns)


def _are_indices(y, loss, n_outputs):
    """Return whether labels are numbers of outputs, as is Keras's own convention."""
    if y.ndim > 1 or y.dtype.kind not in "iu" or is_classification(loss) is False:
        return False
    return y.min() >= 0 and y.max() < max(n_outputs, 2)


def _read(y, loss):
    """Return the labels as `read_labels` does, in words for a target alone."""
    if y.dtype.kind != "f" and y.ndim == 1 and len(np.unique(y)) < 2:
        raise ValueError(
            "The labels of the target are of one class only, "
            f"{y[0]!r}, and the source model's classes are not known: give `classes`."
        )
    return read_labels(y, loss)


def _new_columns(n_new, n_outputs):
    if n_outputs is None or n_new == n_outputs:
        return None
    return np.full(n_new, -1)


def _head_of(network):
    """Return the path of layer names to the last layer with weights, and that layer."""
    weighted = weighted_layers(network)
    if not weighted:
        return (), network
    path, head = _head_of(weighted[-1])
    return (weighted[-1].name, *path), head


def with_columns(array, columns, fill):
    """Return an array with its last axis arranged anew.

    Parameters
    ----------
    array : ndarray of shape (..., n_classes)
        One entry for each class of the source, or one in all, of the second of two.

    columns : ndarray of int of shape (n_new,)
        Which class each new entry is from, -1 for none.

    fill : ndarray of shape (..., n_new)
        What stands where there is none.
    """
    if array.shape[-1] == 1 and columns.max() > 0:
        array = np.concatenate([np.zeros_like(array), array], axis=-1)
    kept = columns >= 0
    new = np.array(fill, dtype=array.dtype)
    new[..., kept] = array[..., columns[kept]]
    return new


def replace_head(network, columns, numbers, rng):
    """Return a network whose last dense layer has other outputs.

    Parameters
    ----------
    network : keras.Model
        The source's network.

    columns : ndarray of int of shape (n_new,)
        As in `Matched`.

    numbers : bool
        Whether the new outputs are numbers, which take no softmax.

    rng : RandomState
        Draws the weights of new outputs.

    Returns
    -------
    network : keras.Model
        A new one.

    recipe : Recipe
        How to build it again.

    places : tuple of int
        Where the weights of the new layer stand among those of the network.
    """
    path, head = _head_of(network)
    recipe = recipe_of(network)
    if recipe is None or not path or not isinstance(head, layers.Dense):
        raise ValueError(
            f"The source model has other outputs than the {len(columns)} that the "
            "labels of the target need, and its last layer with weights is no Dense "
            "layer of a Sequential or functional network, which could be replaced "
            f"({type(head).__name__}). Give `encoder`, and a `task` of your own."
        )
    whole = config = json.loads(recipe.args[0])
    for name in path:
        config = next(c for c in config["config"]["layers"] if name == _name(c))
    config = config["config"]
    config["units"] = len(columns)
    if numbers:
        config["activation"] = "linear"
    elif config["activation"] == "sigmoid" and len(columns) > 1:
        config["activation"] = "softmax"
    new = keras.saving.deserialize_keras_object(whole, safe_mode=False)
    places = tuple(
        i for i, w in enumerate(network.weights) if any(w is v for v in head.weights)
    )
    arrays = _engine.weights_of(network)
    for i in places:
        shape = (*arrays[i].shape[:-1], len(columns))
        fill = np.zeros(shape)
        if len(shape) > 1:
            limit = np.sqrt(6 / sum(shape))
            fill = rng.uniform(-limit, limit, size=shape)
        arrays[i] = with_columns(arrays[i], columns, fill)
    new.set_weights(arrays)
    return new, recipe_of(new), places


def _name(config):
    return config.get("name", config["config"].get("name"))


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

    labels : Classes or Numbers
        They say what of the outputs is differentiated.

    mode : str
        How to run, as `_engine.choose_mode` returns it.
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

            return _engine.minimize(loss, moving, add, state)

        self._run = _engine.compile_epoch(step, state, mode)

    def mean(self, networks, X, v):
        """Return the mean square of ``J' v`` of each weight of ``networks``."""
        for name, network in networks.items():
            if network is not self.networks[name]:
                self.networks[name].set_weights(_engine.weights_of(network))
        for total in self._sums:
            total.assign(np.zeros(total.shape, "float32"))
        data = {}
        for name, array in {"X": X, "v": v}.items():
            # Of one size whatever the number of rows: what was compiled serves again.
            padded = np.zeros((_FISHER_ROWS, *array.shape[1:]), dtype=np.float32)
            padded[: len(array)] = array
            data[name] = _engine.to_device(padded)
        index = np.arange(_FISHER_ROWS, dtype=np.int32)[:, None]
        self._run({"rows": data}, {"rows": index}, {}, len(X))
        return [_engine.to_numpy(total.value) / len(X) for total in self._sums]


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

    labels : Classes or Numbers
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
    outputs = _engine.to_numpy(
        ops.cast(task(encoder(X, training=False), training=False), "float32")
    )
    numbers = labels.classes is None
    p = outputs if numbers else labels.probability(outputs)
    v = 2.0 * rng.randint(2, size=p.shape) - 1
    if not numbers:
        v *= np.sqrt(p)
        v -= p * v.sum(axis=1, keepdims=True)
    networks = {"encoder": encoder, "task": task}
    mode = _engine.choose_mode(None, [encoder, task], len(X))
    program, key = _program.take_program(
        networks,
        {name: recipe_of(network) for name, network in networks.items()},
        ("fisher", mode, numbers),
        lambda networks: _SquaredGradients(networks, labels, mode),
    )
    found = iter(program.mean(networks, X, v.astype(np.float32)))
    _program.give_back(program, key)
    return [
        next(found) if w.trainable else np.zeros(w.shape, dtype=np.float32)
        for w in [*encoder.weights, *task.weights]
    ]
