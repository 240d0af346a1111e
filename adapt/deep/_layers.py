"""Layers that learn from the data, by statistics and not by gradients."""

import keras
import numpy as np
from keras import layers
from sklearn.preprocessing import StandardScaler
from sklearn.utils import gen_batches

from adapt.deep._engine import to_device, to_numpy

__all__ = ["ScaledDense", "Standardise", "learn_scales", "learn_statistics"]


@keras.saving.register_keras_serializable("adapt")
class Standardise(layers.Layer):
    """Standardise columns, or channels, to a mean of 0 and a variance of 1.

    When an encoder is trained from random initial weights, deep methods set means and
    scales from the source rows. Before that, the layer is the identity.

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

    def learn(self, X):
        """Take over the means and scales of ``X``, unless there are some already.

        Parameters
        ----------
        X : ndarray of shape (n_rows, ..., n_columns)
            Rows of the source.
        """
        if to_numpy(self.mean.value).any() or np.any(to_numpy(self.scale.value) != 1):
            return
        mean, scale = _mean_and_scale(X)
        self.mean.assign(mean)
        self.scale.assign(1 / scale)


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
        mean, scale = _mean_and_scale(y)
        self.mean.assign(mean)
        self.excess.assign(scale - 1)


def _mean_and_scale(X):
    """Return the mean and the scale of each column, 1 for one that is constant."""
    scaler = StandardScaler()
    for rows in gen_batches(len(X), 4096):
        scaler.partial_fit(np.asarray(X[rows]).reshape(-1, X.shape[-1]))
    return scaler.mean_, scaler.scale_


def learn_scales(network, X=None, y=None):
    """Let `Standardise` layers learn from rows ``X``, `ScaledDense` from numbers."""
    for layer in getattr(network, "layers", []):
        if isinstance(layer, Standardise) and X is not None:
            layer.learn(X)
        if isinstance(layer, ScaledDense) and y is not None:
            layer.learn(y)


def learn_statistics(network, X):
    """Give layers of batch normalisation the mean and variance that ``X`` has in them.

    At most 16,384 rows are read, evenly spaced, in one pass without dropout.

    Parameters
    ----------
    network : keras.Model
        Whose layers' moving statistics are replaced.

    X : ndarray of shape (n_samples, ...)
        Rows.

    Returns
    -------
    n_layers : int
        Number of layers that took over statistics.
    """
    flat = list(network._flatten_layers())
    norms = [x for x in flat if isinstance(x, layers.BatchNormalization)]
    drops = [x for x in flat if isinstance(x, layers.Dropout)]
    before = [x.momentum for x in norms], [x.rate for x in drops]
    try:
        for layer in norms:
            layer.momentum = 0.0
        for layer in drops:
            layer.rate = 0.0
        step = -(-len(X) // 2**14)
        rows = np.asarray(X[::step], dtype=np.float32)
        network(to_device(rows), training=True)
    finally:
        for layer, momentum in zip(norms, before[0], strict=True):
            layer.momentum = momentum
        for layer, rate in zip(drops, before[1], strict=True):
            layer.rate = rate
    return len(norms)
