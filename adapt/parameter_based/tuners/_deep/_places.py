"""Where a tuner acts: layers by kind or by path, and functional networks rebuilt."""

import re
from typing import Any, NamedTuple

import keras
from keras import layers
from keras.src.layers.convolutional.base_conv import BaseConv
from keras.src.models import Functional
from keras.src.ops.numpy import Add as Plus

__all__ = [
    "ATTENTION",
    "KINDS",
    "Place",
    "check_graph",
    "find",
    "is_graph",
    "laid_out",
    "places",
    "rewired",
]

ATTENTION = (layers.MultiHeadAttention, layers.GroupQueryAttention)
KINDS = {
    "dense": (layers.Dense, layers.EinsumDense),
    "conv": (BaseConv,),
    "attention": ATTENTION,
    "recurrent": (layers.GRUCell, layers.LSTMCell, layers.SimpleRNNCell),
    "embedding": (layers.Embedding,),
    "norm": (
        layers.BatchNormalization,
        layers.LayerNormalization,
        layers.GroupNormalization,
        layers.RMSNormalization,
    ),
    "residual": (layers.Add, Plus),  # a layer, or a plus sign
}


class Place(NamedTuple):
    """A layer or operation of a network.

    Parameters
    ----------
    path : str
        Names of the networks and layers that hold it, and its own, with slashes.

    layer : keras.layers.Layer or keras.Operation
        The layer.

    attends : bool
        Whether it is a part of an attention layer.

    called : bool
        Whether its calls are known, because nothing but Sequential and functional
        networks holds it.
    """

    path: str
    layer: Any
    attends: bool
    called: bool

    @property
    def name(self):
        """The path as a part of a layer's name, which holds no slash."""
        return self.path.replace("/", "_")

    def own(self):
        """Return the weights that no layer within holds."""
        if not isinstance(self.layer, layers.Layer):
            return []
        within = {id(v) for part in self.layer._layers for v in part.weights}
        return [v for v in self.layer.weights if id(v) not in within]

    def is_a(self, *kinds):
        """Return whether the layer itself is of one of the kinds, by name."""
        return isinstance(self.layer, tuple(c for kind in kinds for c in KINDS[kind]))


def places(network, prefix="", attends=False, called=True, seen=None):
    """Yield every layer and operation of a network once, from the input to the output.

    Parameters
    ----------
    network : keras.layers.Layer
        The network.

    prefix, attends, called, seen : str, bool, bool, set
        Of the layers that hold it.
    """
    seen = set() if seen is None else seen
    called = called and is_graph(network)
    parts = network.operations if isinstance(network, Functional) else network._layers
    for layer in parts:
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        path = f"{prefix}{layer.name}"
        yield Place(path, layer, attends, called)
        if isinstance(layer, layers.Layer):
            within = attends or isinstance(layer, ATTENTION)
            yield from places(layer, f"{path}/", within, called, seen)


def _is_target(place, target):
    """Return whether a place is of a kind, or its path has a pattern."""
    if target not in KINDS:
        return re.search(target, place.path) is not None
    # The projections of an attention are of its kind, and of no other.
    if place.attends and place.is_a("dense"):
        return target == "attention"
    return place.is_a(target)


def _as_list(targets):
    given = [targets] if isinstance(targets, str) else list(targets)
    for target in given:
        try:
            re.compile(target)
        except (TypeError, re.error) as error:
            raise ValueError(
                f"`targets` has {target!r}, which is neither a kind of layers "
                f"({', '.join(KINDS)}) nor a regular expression: {error}."
            ) from error
    return given


def find(network, targets, needs, title):
    """Return the places of a network that a tuner is to act on.

    Parameters
    ----------
    network : keras.Model
        The network.

    targets : str, list of str or None
        Kinds (see `KINDS`), or regular expressions that are searched in paths. If None,
        wherever the tuner can act.

    needs : callable
        ``needs(place)`` returns whether the tuner can act on a place.

    title : str
        Name of the tuner, for messages.

    Returns
    -------
    found : list of Place
        At least one.
    """
    every = list(places(network))
    able = [place for place in every if needs(place)]
    found = able
    if targets is not None:
        given = _as_list(targets)
        found = [p for p in able if any(_is_target(p, target) for target in given)]
    if not found:
        kinds = sorted({type(place.layer).__name__ for place in every})
        paths = [place.path for place in able]
        raise ValueError(
            f"`targets`={targets!r} of {title} finds no layer that it can act on. The "
            f"network has {', '.join(kinds)}; {title} can act on {paths[:8] or 'none'}."
            f" Give kinds ({', '.join(KINDS)}), or regular expressions for such paths."
        )
    return found


def is_graph(network):
    """Return whether the calls of a network's layers are known."""
    return isinstance(network, keras.Sequential | Functional)


def check_graph(network, title):
    """Refuse a network whose calls are not known, for the tuner of this name."""
    if not is_graph(network):
        raise ValueError(
            f"{title} inserts layers, so it takes a Sequential or functional "
            f"network, got a {type(network).__name__}. `LoRA`, `BitFit` and `Scaling` "
            "take any network."
        )


def rewired(network, visit):
    """Return the inputs and the outputs of a network in which calls are replaced.

    The layers are those of the network. Networks within it are laid out, so that all
    tensors are of one graph.

    Parameters
    ----------
    network : keras.Model
        The network, built.

    visit : callable
        ``visit(layer, args, kwargs, call)`` returns what stands in place of
        ``call(*args, **kwargs)``, the call of a layer.

    Returns
    -------
    inputs, outputs : keras.KerasTensor or list of keras.KerasTensor
        Of the new graph.
    """
    inputs = [keras.Input(x.shape[1:], dtype=x.dtype) for x in network.inputs]
    inputs = inputs[0] if len(inputs) == 1 else inputs
    return inputs, laid_out(network, inputs, visit)


def laid_out(network, inputs, visit):
    """Return the outputs for symbolic inputs; parameters as in `rewired`."""

    def called(layer, *args, **kwargs):
        def within(x, training=None, mask=None):
            return _through(layer, x, called)

        return visit(layer, args, kwargs, within if is_graph(layer) else layer)

    return _through(network, inputs, called)


def _through(network, x, called):
    """Return what a network makes of symbolic tensors, layer by layer."""
    if isinstance(network, keras.Sequential):
        for layer in network.layers:
            x = called(layer, x)
        return x
    if isinstance(network.input, list) and not isinstance(x, list):
        x = [x]  # networks that are rebuilt from a config take a list of one tensor
    copied = keras.models.clone_model(
        network, x, clone_function=lambda layer: layer, call_function=called
    )
    return copied.outputs[0] if len(copied.outputs) == 1 else copied.outputs
