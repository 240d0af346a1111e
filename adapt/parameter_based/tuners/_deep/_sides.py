"""What side networks share: what they read of a frozen network, and what they add."""

import math

import keras
from keras import layers, ops

from adapt.parameter_based.tuners._deep._bottlenecks import Sites, outputs_or_sums
from adapt.parameter_based.tuners._deep._layers import Drawn
from adapt.parameter_based.tuners._deep._tuner import Tuner

__all__ = [
    "NarrowedSide",
    "Side",
    "SideBlock",
    "SideTuner",
    "aligned",
    "built_dense",
    "built_norm",
    "n_tokens",
    "narrowed",
    "tokens",
]


def n_tokens(shape):
    """Return the number of time steps or pixels in a shape of outputs.

    Parameters
    ----------
    shape : tuple of int or None
        With the axis of rows in front, and that of channels at the end.

    Returns
    -------
    n : int or None
        1 for a vector. None if it is not known before there are rows.
    """
    within = shape[1:-1]
    return None if None in within else math.prod(within)


def tokens(x):
    """Return outputs as (n_rows, n_tokens, n_channels), without a way for gradients."""
    x = ops.stop_gradient(x)
    if len(x.shape) == 2:
        return ops.expand_dims(x, 1)
    if len(x.shape) > 3:
        return ops.reshape(x, (ops.shape(x)[0], -1, x.shape[-1]))
    return x


def aligned(z, n, n_wanted):
    """Return ``n`` tokens, or their mean if another number is wanted.

    The mean is one token, which is added to any number of them. Numbers that are not
    known count as different.
    """
    if n == 1 or (n is not None and n == n_wanted):
        return z
    return ops.mean(z, axis=1, keepdims=True)


def narrowed(channels, reduction):
    """Return the width of a side network beside this many channels, at least 4."""
    return min(channels, max(channels // reduction, 4))


def built_dense(units, n_inputs, name, activation=None, zero=False, use_bias=True):
    """Return a dense layer with weights, drawn alike on all backends."""
    layer = layers.Dense(
        units,
        activation,
        use_bias=use_bias,
        kernel_initializer="zeros" if zero else Drawn(n_inputs),
        name=name,
    )
    layer.build((None, n_inputs))
    return layer


def built_norm(width, name):
    """Return a layer normalisation with weights."""
    norm = layers.LayerNormalization(name=name)
    norm.build((None, None, width))
    return norm


class SideBlock(layers.Layer):
    """A narrow block: ``s + dense(norm(s))``, with an attention before it if wanted.

    Parameters
    ----------
    width : int
        Channels.

    attends : bool
        Whether tokens attend to each other first, as ``s + attention(norm(s))``.

    **kwargs : object
        As for `keras.layers.Layer`.
    """

    def __init__(self, width, attends=False, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.attends = attends

    def build(self, shape):
        width = self.width
        if self.attends:
            heads = math.gcd(width, 4)
            self.norm = built_norm(width, "norm")
            self.attention = layers.MultiHeadAttention(
                *(heads, width // heads),
                use_bias=False,
                kernel_initializer=Drawn(width),
                name="attention",
            )
            self.attention.build((None, None, width), (None, None, width))
        self.norm_dense = built_norm(width, "norm_dense")
        self.into = built_dense(4 * width, width, "in", "gelu")
        self.out = built_dense(width, 4 * width, "out")
        self.built = True

    def call(self, s):
        if self.attends:
            z = self.norm(s)
            s = s + self.attention(z, z)
        return s + self.out(self.into(self.norm_dense(s)))


class Side(layers.Layer):
    """Base of side networks: ``y + U f(h_1, .., h_L)`` with ``U = 0`` at the start.

    It gets the output ``y`` of the frozen network and what is read of it, the ``h_i``.
    No gradient passes to the latter. A subclass writes ``_make(counts, channels)``,
    which makes the weights from the numbers of tokens and channels of each ``h_i`` and
    returns those of ``f``, and ``_side(taps)``, which computes ``f`` from tokens.
    ``_read`` makes tokens of outputs.

    Parameters
    ----------
    **kwargs : object
        As for `keras.layers.Layer`.
    """

    _read = staticmethod(tokens)

    def _make(self, counts, channels):
        raise NotImplementedError

    def _side(self, taps):
        raise NotImplementedError

    def build(self, shapes):
        output, *taps = shapes
        self.counts = [n_tokens(shape) for shape in taps]
        count, width = self._make(self.counts, [shape[-1] for shape in taps])
        self.ends = count, n_tokens(output)
        self.up = built_dense(output[-1], width, "up", zero=True)
        self.built = True

    def call(self, tensors):
        y, *taps = tensors
        z = self.up(aligned(self._side([self._read(h) for h in taps]), *self.ends))
        if len(y.shape) == 2:
            return y + z[:, 0]
        return y + self._like(z, y)

    def _like(self, z, y):
        """Return tokens in the shape of the output, or one token for all of it."""
        one = self.ends[0] == 1 or self.ends[0] is None or self.ends[0] != self.ends[1]
        if one and len(y.shape) > 3:
            return ops.reshape(z, (-1, *[1] * (len(y.shape) - 2), y.shape[-1]))
        return z if len(y.shape) == 3 else ops.reshape(z, ops.shape(y))

    def compute_output_spec(self, tensors):
        return keras.KerasTensor(tensors[0].shape, self.compute_dtype)


class NarrowedSide(Side):
    """Base of side networks that narrow each ``h_i`` to ``norm_i(down_i(h_i))``.

    Parameters
    ----------
    reduction : int
        By what the channels of the last ``h_i`` are divided.

    **kwargs : object
        As for `keras.layers.Layer`.
    """

    def __init__(self, reduction=4, **kwargs):
        super().__init__(**kwargs)
        self.reduction = reduction

    def _make(self, counts, channels):
        width = narrowed(channels[-1], self.reduction)
        self.down = [built_dense(width, c, f"down_{i}") for i, c in enumerate(channels)]
        self.norms = [built_norm(width, f"norm_{i}") for i in range(len(channels))]
        return counts[-1], width

    def _narrowed(self, taps):
        parts = zip(self.down, self.norms, taps, strict=True)
        return [norm(down(h)) for down, norm, h in parts]

    def get_config(self):
        return {**super().get_config(), "reduction": self.reduction}


class SideTuner(Tuner):
    """Base of tuners that read a frozen network, and add to its output alone.

    A subclass has the parameter ``targets`` and writes ``_new_side()``, which returns
    the `Side`.
    """

    inserts = True

    def _new_side(self):
        raise NotImplementedError

    def begin(self, base):
        """Return where the network is read; parameters as in `Tuner.begin`.

        Returns
        -------
        sites : Sites
            The places, by their layers; what is read there is `shared`.
        """
        found = outputs_or_sums(base, self.targets, type(self).__name__)
        return Sites.of(found, [])

    def around(self, state, layer, args, kwargs, call):
        """Return what the layer returns, and note it; parameters as in `Tuner.around`.

        Returns
        -------
        y : keras.KerasTensor
            The outputs of the layer.
        """
        y = call(*args, **kwargs)
        if id(layer) in state.at:
            state.shared.append(y)
        return y

    def finish(self, state, y):
        """Return the output and what the side network adds.

        Parameters as in `Tuner.finish`.

        Returns
        -------
        y : keras.KerasTensor
            Their sum.
        """
        return self._new_side()([y, *state.shared])
