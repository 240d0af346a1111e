"""Networks that are given: copied, built, and built again by their recipes."""

import json
import re
import sys
from collections.abc import Callable
from contextlib import contextmanager
from typing import NamedTuple

import keras
import numpy as np
from keras.src.utils import module_utils

from adapt.deep._engine import seeded, weights_of
from adapt.deep._initializers import glorot

__all__ = [
    "Recipe",
    "check_copyable",
    "flags_of",
    "freeze",
    "from_config",
    "output_shape_of",
    "prepare",
    "recipe_of",
    "reseed",
    "set_flags",
    "without_tensorflow",
]


class Recipe(NamedTuple):
    """How to build a network again. Equal keys mean networks that compute alike."""

    key: tuple
    build: Callable
    args: tuple

    def make(self):
        """Return a new network; its weights are to be set."""
        return self.build(*self.args)


@contextmanager
def without_tensorflow():
    """Keep Keras from importing TensorFlow while it reads or writes configs.

    It looks for shapes of TensorFlow in them, whatever its backend is. Who has such
    shapes has imported TensorFlow, and then nothing is kept from anybody.
    """
    if keras.backend.backend() == "tensorflow" or "tensorflow" in sys.modules:
        yield
        return
    sys.modules["tensorflow"] = None  # an import of it fails
    try:
        yield
    finally:
        if sys.modules.get("tensorflow", True) is None:
            del sys.modules["tensorflow"]
        # Keras keeps the answer, but TensorFlow may be imported later.
        module_utils.tensorflow._available = None


def from_config(config, flags):
    """Return the network of a config.

    Parameters
    ----------
    config : str
        As a `Recipe` has it, or changed.

    flags : tuple of bool
        Those of its layers, see `set_flags`.

    Returns
    -------
    network : keras.Model
        A new one.
    """
    with without_tensorflow():
        network = keras.saving.deserialize_keras_object(
            json.loads(config), safe_mode=False
        )
    # A network that is not built has fewer layers than it will have.
    if len(flags_of(network)) == len(flags):
        set_flags(network, flags)
    return network


def flags_of(network):
    """Return whether each layer of a network is trainable, those in layers included."""
    return tuple(layer.trainable for layer in network._flatten_layers())


def set_flags(network, flags):
    """Make each layer of a network as trainable as it was; see `flags_of`.

    Keras does not: a layer of attention that is rebuilt hands its flag to none of those
    in it, and with TensorFlow setting a flag that a layer has already does nothing.
    """
    # A layer hands its flag on to those in it, which come later.
    for layer, flag in zip(network._flatten_layers(), flags, strict=True):
        layer.trainable = flag


def freeze(network):
    """Freeze each layer of a network, those in layers included; see `set_flags`."""
    for layer in network._flatten_layers():
        layer.trainable = False


def _without_names(config, names):
    """Number the layers' names in a config, for Keras counts them up in a process.

    What a config says of numbers that weights hold ("in_weights") tells no programs
    apart: networks are given their weights again.
    """
    if isinstance(config, dict):
        return {
            key: names.setdefault(value, f"#{len(names)}")
            if key == "name" and isinstance(value, str)
            else _without_names(value, names)
            for key, value in config.items()
            if key != "in_weights"
        }
    if isinstance(config, list):
        if len(config) == 3 and isinstance(config[0], str) and config[1:] == [0, 0]:
            return [names.setdefault(config[0], f"#{len(names)}"), 0, 0]
        return [_without_names(value, names) for value in config]
    return config


def recipe_of(network):
    """Return the `Recipe` of a Keras network, or None if Keras cannot rebuild it."""
    try:
        with without_tensorflow():
            config = keras.saving.serialize_keras_object(network)
            config.pop("compile_config", None)
            text, flags = json.dumps(config), flags_of(network)
            from_config(text, flags)
    except (TypeError, ValueError, NotImplementedError, AttributeError, ImportError):
        return None
    variables = tuple(
        (tuple(v.shape), str(v.dtype), v.trainable) for v in network.variables
    )
    key = json.dumps(_without_names(json.loads(text), {}), sort_keys=True)
    return Recipe((key, variables), from_config, (text, flags))


def reseed(networks, rng):
    """Start the dropout and noise layers of networks from ``rng``."""
    for network in networks:
        weights = {id(w) for w in network.weights}
        for v in network.variables:
            if id(v) not in weights and "seed" in v.path:
                v.assign(np.array([rng.randint(2**31 - 1), 0], dtype=v.dtype))


def _draw_weights(network, rng):
    weights = weights_of(network)
    network.set_weights([glorot(w.shape, rng) if w.ndim > 1 else w for w in weights])


def output_shape_of(name, network, shape):
    """Build a network for samples of ``shape``, and return its output shape.

    Parameters
    ----------
    name : str
        The parameter that gave it, for messages.

    network : keras.Layer
        The network.

    shape : tuple of int
        Shape of one sample.
    """
    try:
        outputs = network(keras.KerasTensor((None, *shape), dtype="float32"))
    except Exception as error:
        plain = re.sub(r"\x1b\[\d*m", "", str(error))
        lines = [line for line in plain.splitlines() if line.strip()]
        # Keras says first where, then what.
        text = lines[1] if len(lines) > 1 else (lines or [repr(error)])[0]
        raise ValueError(
            f"`{name}` cannot take samples of shape {tuple(shape)}: "
            f"{text} Give a network with that input size, or None for one sized from "
            "the data."
        ) from error
    if not isinstance(outputs, keras.KerasTensor):
        raise ValueError(
            f"`{name}` must have one output, got {type(outputs).__name__}. Give a "
            "network that returns one tensor."
        )
    return tuple(outputs.shape[1:])


def prepare(name, given, default, shape, *args, rng, copy=True, redraw=False):
    """Return a network that is ready for samples of ``shape``.

    Parameters
    ----------
    name : str
        The parameter's name, for messages.

    given : keras.Model, keras.layers.Layer, callable or None
        A network, copied with its weights; a function without arguments that returns
        one; or None for the default. What is not yet built gets weights from ``rng``.

    default : callable
        ``default(shape, *args)`` returns the default network.

    shape : tuple of int
        Shape of one sample.

    rng : RandomState
        Draws initial weights.

    copy : bool, default=True
        Whether a network that is given is copied.

    redraw : bool, default=False
        Whether the kernels of a given network are drawn again at random.

    Returns
    -------
    network : keras.Model
        The built network.

    output_shape : tuple of int
        Shape of its output for one sample.

    recipe : Recipe or None
        How to build it again.
    """
    with seeded(rng.randint(2**31 - 1)):
        if given is None:
            network = default(shape, *args)
            _draw_weights(network, rng)
            recipe = Recipe((default.__name__, shape, *args), default, (shape, *args))
            return network, tuple(network.output_shape[1:]), recipe
        if isinstance(given, keras.layers.Layer):
            network = _copy(name, given, shape) if copy else given
        elif callable(given):
            network = given()
        else:
            network = given
        if not isinstance(network, keras.layers.Layer):
            raise TypeError(
                f"`{name}` must be a Keras model, a function without arguments that "
                f"returns one, or None; got {network!r}."
            )
        if not isinstance(network, keras.Model):
            network = keras.Sequential([network], name=name)
        output_shape = output_shape_of(name, network, shape)
        if redraw:
            _draw_weights(network, rng)
        return network, output_shape, recipe_of(network)


def check_copyable(name, network):
    """Refuse a network that Keras cannot rebuild; what is none passes."""
    if isinstance(network, keras.Model):
        _rebuildable(name, network)


def _rebuildable(name, network):
    """Return the recipe of a network, or say why there is none."""
    recipe = recipe_of(network)
    if recipe is None:
        raise ValueError(
            f"`{name}` ({type(network).__name__}) cannot be copied, because Keras "
            "cannot rebuild it from its config. Give it a `get_config` and register "
            "the class with `keras.saving.register_keras_serializable()`, or give a "
            "function that returns the network."
        )
    return recipe


def _copy(name, network, shape):
    recipe = _rebuildable(name, network)
    copied = recipe.make()
    weights = weights_of(network)
    if weights:
        if not network.built:  # a new network of layers that are trained
            output_shape_of(name, copied, shape)
        if [w.shape for w in weights] != [tuple(w.shape) for w in copied.weights]:
            raise ValueError(
                f"`{name}` has layers with weights and others without, so that it "
                "cannot be copied. Call it on some rows first, to build it."
            )
        copied.set_weights(weights)
    return copied
