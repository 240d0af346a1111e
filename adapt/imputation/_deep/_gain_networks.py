"""The networks of GAIN, and what their outputs mean."""

from typing import NamedTuple

import keras
import numpy as np
from keras import layers, ops
from scipy.special import softmax

from adapt.deep._engine import weights_of
from adapt.deep._forward import outputs_of
from adapt.deep._initializers import Glorot
from adapt.deep._recipes import prepare

__all__ = [
    "Compress",
    "Players",
    "activate",
    "cell_losses",
    "default_discriminator",
    "default_generator",
    "draw_as_published",
    "fill_rows",
    "new_players",
    "probabilities",
]

_WIDTH = 7  # time steps that a convolution sees
_BLOCK_ROWS = 2048  # filled at once: few enough to stay in the cache


class Players(NamedTuple):
    """The networks of a training, "generator" and maybe "discriminator", by name."""

    networks: dict
    recipes: dict

    def weights(self):
        """Return copies of the weights of each network."""
        return {k: weights_of(network) for k, network in self.networks.items()}

    def set_weights(self, weights):
        """Start from given weights of each network."""
        for name, network in self.networks.items():
            network.set_weights(weights[name])


@keras.saving.register_keras_serializable("adapt")
class Compress(layers.Layer):
    """Take the inverse hyperbolic sine: about x where it is small, a logarithm beyond.

    A value of forty standard deviations would drown all others of its row.
    """

    def call(self, x):
        # In vectors of instructions, where TensorFlow's own goes number by number.
        size = ops.abs(x)
        more = size / (1 + ops.sqrt(1 + ops.square(size)))
        return ops.sign(x) * ops.log1p(size * (1 + more))


def _layer(shape, n_units, width, activation):
    options = {"activation": activation, "kernel_initializer": Glorot()}
    if len(shape) == 1:
        return layers.Dense(n_units, **options)
    return layers.Conv1D(n_units, width, padding="same", **options)


def _network(name, shape, n_units, n_outputs, activation):
    # A convolution of width 7 upon another sees 13 steps: gaps longer than that take
    # more layers.
    depth = 2 if len(shape) == 1 else 4
    body = [_layer(shape, n_units, _WIDTH, "relu") for _ in range(depth)]
    body.append(_layer(shape, n_outputs, 1, activation))
    if name == "generator" and activation is None:
        body = [Compress(), *body]  # columns without bounds
    for i, layer in enumerate(body):
        layer.name = f"{name}_{i}"  # so that equal networks have equal configs
    return keras.Sequential([keras.Input(shape), *body], name=name)


def default_generator(shape, n_units, n_outputs, activation):
    """Return a generator: two hidden layers, for series four convolutions.

    Without an activation of the outputs, columns have no bounds, and large inputs are
    compressed first.

    Parameters
    ----------
    shape : tuple of int
        ``(2 * n_columns,)``, values and mask, or ``(time, 2 * n_columns)``.

    n_units : int
        Units of each hidden layer.

    n_outputs : int
        Number of columns.

    activation : str or None
        Of the outputs.
    """
    return _network("generator", shape, n_units, n_outputs, activation)


def default_discriminator(shape, n_units, n_outputs):
    """Return a discriminator of cells, as `default_generator`, with logits."""
    return _network("discriminator", shape, n_units, n_outputs, None)


def draw_as_published(network, rng):
    """Draw kernels as the published code of GAIN does: normal, of variance 2 / inputs.

    Parameters
    ----------
    network : keras.Model
        Its kernels are replaced.

    rng : RandomState
        Draws them.
    """
    weights = weights_of(network)
    for i, w in enumerate(weights):
        if w.ndim > 1:
            weights[i] = rng.normal(0, np.sqrt(2 / np.prod(w.shape[:-1])), w.shape)
    network.set_weights(weights)


def new_players(plan, rng):
    """Return networks with fresh weights, as `Players`.

    Parameters
    ----------
    plan : Plan
        Says which networks, of which sizes.

    rng : RandomState
        Draws the weights of those that are not given.
    """
    *time, d = plan.cells
    preset = plan.preset
    n_units = d if preset.n_units is None else preset.n_units
    last = "sigmoid" if preset.bounded else None
    given = {"generator": plan.generator}
    arguments = {"generator": (default_generator, n_units, d, last)}
    if plan.has_adversary:
        given["discriminator"] = plan.discriminator
        arguments["discriminator"] = default_discriminator, n_units, d
    networks, recipes = {}, {}
    for name, (default, *args) in arguments.items():
        network, output_shape, recipes[name] = prepare(
            name, given[name], default, (*time, 2 * d), *args, rng=rng
        )
        if output_shape != plan.cells:
            raise ValueError(
                f"`{name}` must give samples of shape {plan.cells}, one number for"
                f" each column; got {output_shape}."
            )
        networks[name] = network
    if preset.bounded:
        for name, network in networks.items():
            if given[name] is None:
                draw_as_published(network, rng)
    elif plan.generator is None:
        # Outputs of zero are the means of the columns: training starts from there.
        kernel = networks["generator"].layers[-1].kernel
        kernel.assign(np.zeros(kernel.shape))
    return Players(networks, recipes)


def activate(raw, groups):
    """Return outputs as numbers and, for the levels of categories, log-probabilities.

    Parameters
    ----------
    raw : tensor of shape (..., n_columns)
        Outputs of a generator.

    groups : list of slice
        The columns of each feature; those of several columns are levels.
    """
    if all(group.stop - group.start == 1 for group in groups):
        return raw
    parts = []
    for group in groups:
        part = raw[..., group]
        is_number = group.stop - group.start == 1
        parts.append(part if is_number else ops.log_softmax(part, axis=-1))
    return ops.concatenate(parts, axis=-1)


def cell_losses(X, outputs, is_level):
    """Return squared errors of numbers, and the terms of the cross-entropy of levels.

    Parameters
    ----------
    X, outputs : tensors of shape (..., n_columns)
        True values, and what `activate` gives.

    is_level : ndarray of shape (n_columns,), dtype bool
        Which columns are levels.
    """
    squared = ops.square(X - outputs)
    if not is_level.any():
        return squared
    return ops.where(ops.convert_to_tensor(is_level), -X * outputs, squared)


def probabilities(raw, groups):
    """Return outputs as numbers and, for levels, probabilities, as an array."""
    outputs = np.array(raw, dtype=np.float64)
    for group in groups:
        if group.stop - group.start > 1:
            outputs[..., group] = softmax(outputs[..., group], axis=-1)
    return outputs


def fill_rows(Z, generators, recipe, groups, noise=0.0):
    """Return the mean of what generators make of rows, in the networks' units.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, [time,] n_columns)
        Rows, with NaN for missing cells.

    generators : list of keras.Model
        Networks of one structure.

    recipe : Recipe
        That of the structure.

    groups : list of slice
        The columns of each feature.

    noise : float or ndarray of the shape of `Z`, default=0.0
        What stands in the holes.

    Returns
    -------
    filled : ndarray of the shape of `Z`
        Their outputs, in observed cells too.
    """
    noise = np.broadcast_to(noise, Z.shape)
    filled = np.empty(Z.shape)
    for start in range(0, len(Z), _BLOCK_ROWS):
        # The last block overlaps with the one before: all are of one size, for
        # which JAX compiles once.
        start = max(min(start, len(Z) - _BLOCK_ROWS), 0)
        rows = slice(start, start + _BLOCK_ROWS)
        shown = ~np.isnan(Z[rows])
        values = np.where(shown, Z[rows], noise[rows])
        pair = np.concatenate([values, shown], axis=-1, dtype=np.float32)
        raws = (outputs_of([n], [recipe], pair) for n in generators)
        filled[rows] = np.mean([probabilities(raw, groups) for raw in raws], axis=0)
    return filled
