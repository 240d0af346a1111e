"""Networks that share their lower layers, as one network with branches."""

import hashlib
import json

import keras
import numpy as np
from keras import layers, ops
from sklearn.utils import check_random_state

from adapt.deep._losses import logits_of_probabilities
from adapt.deep._outputs import emits_probabilities
from adapt.deep._recipes import prepare
from adapt.parameter_based.tuners._deep._places import check_graph, laid_out

__all__ = ["JoinedScores", "joined"]


@keras.saving.register_keras_serializable("adapt")
class JoinedScores(layers.Layer):
    """Probabilities of the classes of several networks, from the outputs of each.

    Parameters
    ----------
    temperatures : list of float
        By what the logits of each are divided.

    are_probabilities : list of bool
        Whether the outputs are probabilities, and no logits.

    **kwargs : object
        As for `keras.layers.Layer`.
    """

    def __init__(self, temperatures, are_probabilities, **kwargs):
        super().__init__(**kwargs)
        self.temperatures = [float(t) for t in temperatures]
        self.are_probabilities = [bool(flag) for flag in are_probabilities]

    def call(self, outputs):
        parts = []
        each = zip(outputs, self.temperatures, self.are_probabilities, strict=True)
        for y, temperature, probabilities in each:
            logits = logits_of_probabilities(y) if probabilities else y
            if y.shape[-1] == 1:
                logits = ops.concatenate([ops.zeros_like(logits), logits], axis=-1)
            parts.append(logits / temperature)
        return ops.softmax(ops.concatenate(parts, axis=-1))

    def get_config(self):
        return {
            **super().get_config(),
            "temperatures": self.temperatures,
            "are_probabilities": self.are_probabilities,
        }


def joined(networks, temperatures=None):
    """Return one network with the classes of several, which runs what they share once.

    Partial network sharing [1]_: a network learns new classes by a copy of its upper
    layers, trained on rows of these alone, while its lower layers stay as they are.
    What the old classes are told apart by is not touched::

        new = FineTuning(model=old, training=[True, True, False]).fit(X_new, y_new)
        both = joined([old, new.merged_model()])

    Parameters
    ----------
    networks : list of keras.Model
        Sequential or functional networks from the same rows to probabilities or logits
        of classes. They are left as they are.

    temperatures : list of float or None, default=None
        By what the logits of each are divided, so that one that is too sure of itself
        does not win rows of the others. If None, 1.

    Returns
    -------
    network : keras.Model
        From rows to probabilities of all classes, those of the first network first.
        Layers that do the same to the same inputs, with the same weights bit for bit,
        are in it once.

    Raises
    ------
    ValueError
        If a network is neither Sequential nor functional, or takes other rows.

    See Also
    --------
    adapt.parameter_based.FineTuning : Its `training` says which layers are copied.

    Notes
    -----
    Departures from [1]_, of which the abstract was read: how many layers to share is to
    be found by a search over `training`; temperatures are ours.

    References
    ----------
    .. [1] Sarwar, Ankit and Roy. "Incremental learning in deep convolutional neural
       networks using partial network sharing." IEEE Access, 2019.

    Examples
    --------
    >>> import keras
    >>> from adapt.parameter_based.tuners import joined
    >>> body = [keras.Input((3,)), keras.layers.Dense(4, "relu")]
    >>> old = keras.Sequential([*body, keras.layers.Dense(2, "softmax")])
    >>> new = keras.Sequential([*body, keras.layers.Dense(3, "softmax")])
    >>> joined([old, new]).output_shape
    (None, 5)
    """
    temperatures = [1.0] * len(networks) if temperatures is None else temperatures
    _check(networks, temperatures)
    rng = check_random_state(0)
    shape = networks[0].input_shape[1:]
    x = keras.Input(shape, dtype=networks[0].inputs[0].dtype)
    known, outputs, flags = {}, [], []
    for number, network in enumerate(networks):
        check_graph(network, "`joined`")
        own, _, _ = prepare("networks", network, None, shape, rng=rng)
        flags.append(emits_probabilities(own))
        outputs.append(laid_out(own, x, _once(known, number)))
    scores = JoinedScores(temperatures, flags, name="scores")
    return keras.Model(x, scores(outputs))


def _check(networks, temperatures):
    if len(networks) < 2 or len(temperatures) != len(networks):
        raise ValueError(
            f"`joined` takes two or more networks, and a temperature for each; got "
            f"{len(networks)} networks and {len(temperatures)} temperatures."
        )
    shapes = [tuple(network.input_shape[1:]) for network in networks]
    if len(set(shapes)) > 1:
        raise ValueError(f"The `networks` take rows of different shapes: {shapes}.")
    wrong = [t for t in temperatures if not t > 0]
    if wrong:
        raise ValueError(f"`temperatures` must be above 0, got {wrong[0]!r}.")


def _once(known, number):
    """Return a visitor that calls no layer twice that does the same."""

    def visit(layer, args, kwargs, call):
        key = _key(layer, args, kwargs)
        if key not in known:
            layer.name = f"{layer.name}_{number}"
            known[key] = call(*args, **kwargs)
        return known[key]

    return visit


def _key(layer, args, kwargs):
    """Return what a call does: its layer, weights and inputs."""
    config = {k: v for k, v in layer.get_config().items() if k != "name"}
    found = hashlib.sha256(type(layer).__name__.encode())
    found.update(json.dumps(config, sort_keys=True, default=repr).encode())
    for w in getattr(layer, "weights", ()):
        found.update(np.ascontiguousarray(ops.convert_to_numpy(w)).tobytes())
    inputs = keras.tree.map_structure(_identity, (args, kwargs))
    return found.hexdigest(), repr(inputs)


def _identity(value):
    return id(value) if isinstance(value, keras.KerasTensor) else value
