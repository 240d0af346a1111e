"""What tuners make their layers of."""

import random

import keras
import numpy as np
from keras import layers, ops

__all__ = ["Drawn", "OtherValues", "PlainForm", "Scale"]


@keras.saving.register_keras_serializable("adapt")
class Drawn(keras.initializers.Initializer):
    """Draw weights of variance ``1 / fan`` uniformly by numpy, alike on all backends.

    Parameters
    ----------
    fan : int
        How many products are summed up.
    """

    def __init__(self, fan):
        self.fan = int(fan)

    def get_config(self):
        return {"fan": self.fan}

    def __call__(self, shape, dtype=None):
        # Keras draws its seeds from here too.
        rng = np.random.RandomState(random.getrandbits(32))
        limit = np.sqrt(3 / self.fan)
        drawn = rng.uniform(-limit, limit, size=shape)
        return ops.convert_to_tensor(drawn.astype("float32"), dtype=dtype)


class OtherValues(layers.Layer):
    """Base of layers that compute other values of variables from their values.

    A subclass writes ``build(shapes)``, with the shapes of the variables, and
    ``call(values)``, which returns as many tensors. They compute in float32.

    Parameters
    ----------
    **kwargs : object
        As for `keras.layers.Layer`, such as ``name``.
    """

    replaces = False  # whether it needs no values, so that the variables are freed

    def __init__(self, **kwargs):
        super().__init__(dtype="float32", **kwargs)

    def take(self, values):
        """Take over the values that this layer is to replace, if it `replaces`.

        Parameters
        ----------
        values : list of ndarray
            What the variables hold.
        """

    def settle(self):
        """Drop what training has not chosen, where there is a choice."""

    @property
    def new_weights(self):
        """The weights that cannot be computed from those of the base."""
        return self.weights


class PlainForm(layers.Layer):
    """Base of inserted layers that compute what a layer of Keras can compute."""

    def plain(self):
        """Return a layer of Keras, not built, and its weights as arrays."""
        raise NotImplementedError


@keras.saving.register_keras_serializable("adapt")
class Scale(PlainForm):
    """``scale * x``, with the factor in a weight that is not trained.

    Parameters
    ----------
    scale : float
        The factor.

    **kwargs : object
        As for `keras.layers.Layer`.
    """

    def __init__(self, scale, **kwargs):
        super().__init__(**kwargs)
        self.start = float(scale)

    def build(self, shape):
        start = keras.initializers.Constant(self.start)
        self.scale = self.add_weight((), start, trainable=False, name="scale")
        self.built = True

    def call(self, x):
        return self.scale * x

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape, self.compute_dtype)

    def plain(self):
        scale = float(ops.convert_to_numpy(self.scale))
        return layers.Rescaling(scale, name=self.name), []

    def get_config(self):
        return {**super().get_config(), "scale": self.start}
