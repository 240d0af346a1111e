"""Dense layers whose kernels are sums of Kronecker products (PHM layers)."""

import keras
from keras import layers, ops

from adapt.parameter_based.tuners._deep._layers import Drawn, PlainForm

__all__ = ["Kronecker", "SharedFactors"]


class SharedFactors(layers.Layer):
    """The matrices ``A_i`` that all `Kronecker` layers of a network share.

    Parameters
    ----------
    n : int
        There are n of them, of n x n numbers.

    **kwargs : object
        As for `keras.layers.Layer`.
    """

    def __init__(self, n, **kwargs):
        super().__init__(**kwargs)
        self.n = n

    def build(self, shape=None):
        if not self.built:
            self.a = self.add_weight((self.n,) * 3, Drawn(self.n), name="a")
            self.built = True


class Kronecker(PlainForm):
    """Dense layer with the kernel ``sum_i A_i (x) (s_i t_i)``.

    Parameters
    ----------
    units : int
        Number of outputs.

    shared : SharedFactors
        The ``A_i``.

    zero : bool
        Whether ``t`` is 0 at the start, and with it the kernel.

    activation : str or None
        As for `keras.layers.Dense`.

    **kwargs : object
        As for `keras.layers.Layer`.
    """

    def __init__(self, units, shared, zero=False, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.shared = shared
        self.zero = zero
        self.activation = keras.activations.get(activation)

    def build(self, shape):
        width, n = shape[-1], self.shared.n
        if width % n or self.units % n:
            raise ValueError(
                f"`divisions`={n} of the tuner must divide the widths {width} and "
                f"{self.units} of the adapter {self.name!r}."
            )
        self.shared.build()
        self.s = self.add_weight((n, width // n, 1), Drawn(1), name="s")
        start = "zeros" if self.zero else Drawn(width // n)
        self.t = self.add_weight((n, 1, self.units // n), start, name="t")
        self.bias = self.add_weight((self.units,), "zeros", name="bias")
        self.built = True

    def kernel(self):
        """Return the kernel, from inputs to units."""
        blocks = ops.matmul(self.s, self.t)
        product = ops.einsum("nab,npq->apbq", self.shared.a, blocks)
        return ops.reshape(product, (-1, self.units))

    def call(self, x):
        return self.activation(ops.matmul(x, self.kernel()) + self.bias)

    def plain(self):
        new = layers.Dense(self.units, self.activation, name=self.name)
        return new, [ops.convert_to_numpy(w) for w in (self.kernel(), self.bias)]
