"""A source network in two parts, and a head that is replaced for other labels."""

import json
from typing import NamedTuple

import keras
import numpy as np
from keras import layers
from keras.src.models import Functional
from sklearn.utils import column_or_1d

from adapt.deep._engine import weights_of
from adapt.deep._labels import ClassLabels, NumberLabels, is_class_loss, read_labels
from adapt.deep._recipes import from_config, recipe_of
from adapt.parameter_based._class_labels import union_of_classes

__all__ = [
    "Matched",
    "identity",
    "match_labels",
    "replace_head",
    "split_model",
    "weighted_layers",
    "with_columns",
]


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

    labels: ClassLabels | NumberLabels
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
        labels = NumberLabels(y, None if loss == "crossentropy" else loss)
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
    if y.ndim > 1 or y.dtype.kind not in "iu" or is_class_loss(loss) is False:
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
    """Return an array with its last axis reordered.

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
    text, flags = recipe.args
    whole = config = json.loads(text)
    for name in path:
        config = next(c for c in config["config"]["layers"] if name == _name(c))
    config = config["config"]
    config["units"] = len(columns)
    if numbers:
        config["activation"] = "linear"
    elif config["activation"] == "sigmoid" and len(columns) > 1:
        config["activation"] = "softmax"
    new = from_config(json.dumps(whole), flags)
    places = tuple(
        i for i, w in enumerate(network.weights) if any(w is v for v in head.weights)
    )
    arrays = weights_of(network)
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
