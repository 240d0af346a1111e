"""Layers that learn from the data, by statistics and not by gradients."""

import keras
import numpy as np
from keras import layers, ops
from sklearn.preprocessing import StandardScaler
from sklearn.utils import gen_batches

from adapt.deep._engine import to_numpy

__all__ = [
    "Dropout",
    "ScaledDense",
    "Standardise",
    "learn_scales",
    "mixture_moments",
]


@keras.saving.register_keras_serializable("adapt")
class Standardise(layers.Layer):
    """Standardise columns, or channels, to a mean of 0 and a variance of 1.

    When an encoder is trained from random initial weights, deep methods set means and
    scales from the rows of both domains, half of the weight on each; those that start
    from a trained model, such as `SHOT`, from the rows of its source. Before that, the
    layer is the identity. A column that is constant in all these rows becomes 0,
    whatever values it takes later.

    Parameters
    ----------
    *args, **kwargs : object
        As for any `keras.layers.Layer`.
    """

    def build(self, shape):
        """Make the weights, as Keras asks for it.

        Parameters
        ----------
        shape : tuple of int
            Shape of the inputs, the rows first.
        """
        axis = (shape[-1],)
        self.mean = self.add_weight(axis, "zeros", trainable=False, name="mean")
        self.scale = self.add_weight(axis, "ones", trainable=False, name="scale")

    def call(self, x):
        """Standardise inputs.

        Parameters
        ----------
        x : tensor of shape (n_rows, ..., n_columns)
            Rows.

        Returns
        -------
        x : tensor of the same shape
            Rows of standardised columns.
        """
        return (x - self.mean) * self.scale

    def learn(self, *domains):
        """Take over means and scales of rows, unless there are some already.

        Parameters
        ----------
        *domains : ndarray of shape (n_rows, ..., n_columns)
            Rows of the source, and of the target where it is known.
        """
        if to_numpy(self.mean.value).any() or np.any(to_numpy(self.scale.value) != 1):
            return
        mean, variance = mixture_moments(*map(_moments, domains))
        self.mean.assign(mean)
        self.scale.assign(_inverse_scale(mean, variance))


@keras.saving.register_keras_serializable("adapt")
class Dropout(layers.Dropout):
    """Dropout whose masks are the same on every backend.

    Which units are left out is a hash of the seed, a count of the steps, and the place
    in the batch. On a CPU that takes a small part of the time of the generators of the
    backends, which draw for longer than a small network computes.

    Parameters
    ----------
    rate : float
        Share of the units that are left out in a step, from 0 to 1.

    seed : int, default=None
        Seeds the masks.

    **kwargs : object
        As for `keras.layers.Layer`, such as ``name``.
    """

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(rate, seed=seed, **kwargs)

    def get_config(self):
        """Return the config from which this layer is built again.

        Returns
        -------
        config : dict
            Arguments of the constructor.
        """
        config = super().get_config()
        del config["noise_shape"]
        return config

    def call(self, inputs, training=False):
        """Leave out units, in a training.

        Parameters
        ----------
        inputs : tensor of shape (n_rows, ...)
            Inputs.

        training : bool, default=False
            Whether this is a step of a training.

        Returns
        -------
        outputs : tensor of the same shape
            Inputs, scaled up or 0.
        """
        if not training or self.rate == 0:
            return inputs
        seed = ops.cast(self.seed_generator.next(), "int32")
        units = inputs.shape[1:]
        bits = random_bits(seed, ops.shape(inputs)[0], int(np.prod(units)))
        kept = ops.cast(bits >= int(self.rate * 2**24), inputs.dtype)
        scale = 1 / (1 - self.rate)
        return inputs * (scale * ops.reshape(kept, (-1, *units)))


_ODD = [np.int32(n) for n in (-1640531535, 668265263, 374761393)]


def random_bits(seed, n_rows, n_columns):
    """Return integers from 0 to 2 ** 24 - 1 that look random, (n_rows, n_columns).

    ``seed`` is a tensor of two int32. Products wrap around, on every backend.
    """
    columns = _mixed(np.arange(n_columns, dtype=np.int32) * _ODD[1])
    rows = ops.arange(n_rows, dtype="int32") * _ODD[0] + seed[0] + seed[1] * _ODD[2]
    rows = ops.bitwise_xor(rows, ops.right_shift(rows, 15)) * _ODD[1]
    table = ops.bitwise_xor(rows[:, None], columns)
    table = ops.bitwise_xor(table, ops.right_shift(table, 13)) * _ODD[2]
    return ops.bitwise_and(
        ops.bitwise_xor(table, ops.right_shift(table, 16)), 2**24 - 1
    )


def _mixed(x):
    with np.errstate(over="ignore"):
        x = (x ^ (x >> 15)) * _ODD[2]
        return x ^ (x >> 13)


@keras.saving.register_keras_serializable("adapt")
class ScaledDense(layers.Dense):
    """Linear layer whose outputs are brought to the means and scales of labels.

    A network learns numbers around 0 of a size around 1 best; this layer stretches and
    shifts them. When a task network is trained from random initial weights, deep
    methods set means and scales from the source's labels. Before that, it is a `Dense`
    layer. It takes the parameters of one.
    """

    def build(self, shape):
        """Make the weights, as Keras asks for it.

        Parameters
        ----------
        shape : tuple of int
            Shape of the inputs, the rows first.
        """
        super().build(shape)
        size = (self.units,)
        self.mean = self.add_weight(size, "zeros", trainable=False, name="mean")
        self.excess = self.add_weight(size, "zeros", trainable=False, name="excess")

    def call(self, x, training=None):
        """Return scaled outputs.

        Parameters
        ----------
        x : tensor of shape (n_rows, n_inputs)
            Inputs.

        training : bool, default=None
            Whether this is a step of a training.

        Returns
        -------
        y : tensor of shape (n_rows, units)
            Outputs in the units of the labels.
        """
        return super().call(x, training=training) * (1 + self.excess) + self.mean

    # `Dense` stores its kernel and its bias alone.
    def save_own_variables(self, store):
        """Save every weight, the scales too.

        Parameters
        ----------
        store : dict
            Where Keras keeps the weights of the layer.
        """
        layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store):
        """Load what `save_own_variables` saved.

        Parameters
        ----------
        store : dict
            Where Keras kept the weights of the layer.
        """
        layers.Layer.load_own_variables(self, store)

    def learn(self, y):
        """Take over the means and scales of ``y``, unless there are some already.

        Parameters
        ----------
        y : ndarray of shape (n_rows, n_outputs)
            Labels of the source.
        """
        if any(to_numpy(v.value).any() for v in (self.mean, self.excess)):
            return
        scaler = _scaler_of(y)
        self.mean.assign(scaler.mean_)
        self.excess.assign(scaler.scale_ - 1)


def _scaler_of(X):
    """Return a scaler that has seen the columns of ``X``, chunk by chunk."""
    scaler = StandardScaler()
    for rows in gen_batches(len(X), 4096):
        scaler.partial_fit(np.asarray(X[rows]).reshape(-1, X.shape[-1]))
    return scaler


def _moments(X):
    scaler = _scaler_of(X)
    return scaler.mean_, scaler.var_


def mixture_moments(*moments):
    """Return the mean and the variance of a mixture of equal shares.

    Parameters
    ----------
    *moments : tuple of ndarray of shape (n_columns,)
        The mean and the variance of each part.

    Returns
    -------
    mean, variance : ndarray of shape (n_columns,)
    """
    means, variances = (np.stack(each) for each in zip(*moments, strict=True))
    mean = means.mean(axis=0)
    return mean, (variances + (means - mean) ** 2).mean(axis=0)


def _inverse_scale(mean, variance):
    """Return one over the deviations, 0 where a column is constant.

    Deviations below ten times the precision of float32 are rounding errors: rows reach
    a network in that precision.
    """
    deviation = np.sqrt(variance)
    floor = 10 * np.finfo(np.float32).eps * np.abs(mean)
    varies = deviation > np.maximum(floor, np.finfo(np.float32).tiny)
    return np.divide(1, deviation, out=np.zeros_like(deviation), where=varies)


def learn_scales(network, domains=None, y=None):
    """Let `Standardise` layers learn from rows, `ScaledDense` from numbers.

    Parameters
    ----------
    network : keras.Model
        Whose layers learn.

    domains : tuple of ndarray, or None
        Rows of the source, and of the target where it is known.

    y : ndarray or None
        Labels of the source, where they are numbers.
    """
    for layer in getattr(network, "layers", []):
        if isinstance(layer, Standardise) and domains is not None:
            layer.learn(*domains)
        if isinstance(layer, ScaledDense) and y is not None:
            layer.learn(y)
