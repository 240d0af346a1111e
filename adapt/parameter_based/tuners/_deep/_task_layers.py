"""Layers with weights of several tasks, which are called once for each."""

import keras
from keras import layers, ops

from adapt.parameter_based.tuners._deep._layers import Drawn

__all__ = ["AdapterHypernetwork", "TaskAdapter", "TaskDense", "TaskTokens"]


def _bottleneck(x, down, up, activation, scale):
    """Return ``scale U act(D x + d) + u`` from pairs of a kernel and a bias."""
    z = activation(ops.matmul(x, down[0]) + down[1])
    return scale * (ops.matmul(z, up[0]) + up[1])


@keras.saving.register_keras_serializable("adapt")
class TaskAdapter(layers.Layer):
    """The bottlenecks of all tasks in one place.

    Parameters
    ----------
    n_down, n_up : int
        How many there are of the matrix to the bottleneck, and of the one back: one, or
        one for each task.

    width : int
        Units of the bottleneck.

    units : int
        Number of outputs.

    activation : str or None
        Name of the activation in the bottleneck.

    scale : float
        Factor of the outputs.

    norm : bool
        Whether inputs are normalised, by as many scales as there are ``n_down``.

    **kwargs : object
        As for `keras.layers.Layer`.
    """

    def __init__(self, n_down, n_up, width, units, activation, scale, norm, **kwargs):
        super().__init__(**kwargs)
        self.n_down, self.n_up = n_down, n_up
        self.width, self.units = width, units
        self.activation = activation
        self.scale = scale
        self.norm = norm

    def build(self, shape):
        n_inputs, width = shape[-1], self.width
        if self.norm:
            sizes = self.n_down, n_inputs
            self.gamma = self.add_weight(sizes, "ones", name="gamma")
            self.beta = self.add_weight(sizes, "zeros", name="beta")
        sizes = self.n_down, n_inputs, width
        self.down = self.add_weight(sizes, Drawn(n_inputs), name="down")
        self.down_bias = self.add_weight((self.n_down, width), "zeros", name="down_b")
        self.up = self.add_weight((self.n_up, width, self.units), "zeros", name="up")
        self.up_bias = self.add_weight((self.n_up, self.units), "zeros", name="up_b")
        self.built = True

    def call(self, x, task=0):
        i, j = min(task, self.n_down - 1), min(task, self.n_up - 1)
        if self.norm:
            mean = ops.mean(x, axis=-1, keepdims=True)
            gap = x - mean
            variance = ops.mean(ops.square(gap), axis=-1, keepdims=True)
            x = gap / ops.sqrt(variance + 1e-3) * self.gamma[i] + self.beta[i]
        down = self.down[i], self.down_bias[i]
        up = self.up[j], self.up_bias[j]
        activation = keras.activations.get(self.activation)
        return _bottleneck(x, down, up, activation, self.scale)

    def compute_output_spec(self, x, task=0):
        return keras.KerasTensor((*x.shape[:-1], self.units), self.compute_dtype)

    def get_config(self):
        names = "n_down", "n_up", "width", "units", "activation", "scale", "norm"
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable("adapt")
class AdapterHypernetwork(layers.Layer):
    """Bottlenecks of all tasks and places, whose matrices one network writes.

    Parameters
    ----------
    n_tasks : int
        Number of tasks.

    sizes : list of (int, int)
        Numbers of inputs and of outputs in each place. Places of equal numbers share
        what writes their matrices.

    width : int
        Units of each bottleneck.

    embedding : int
        Length of the vectors that stand for tasks and places.

    activation : str or None
        Name of the activation in the bottleneck.

    scale : float
        Factor of the outputs.

    **kwargs : object
        As for `keras.layers.Layer`.
    """

    def __init__(self, n_tasks, sizes, width, embedding, activation, scale, **kwargs):
        super().__init__(**kwargs)
        self.n_tasks = n_tasks
        self.sizes = [tuple(size) for size in sizes]
        self.width = width
        self.embedding = embedding
        self.activation = activation
        self.scale = scale

    def build(self, shape=None):
        if self.built:
            return
        n, width = self.embedding, self.width
        self.tasks = self.add_weight((self.n_tasks, n), Drawn(1), name="tasks")
        self.places = self.add_weight((len(self.sizes), n), Drawn(1), name="places")
        self.mix = self.add_weight((2 * n, n), Drawn(2 * n), name="mix")
        self.mix_bias = self.add_weight((n,), "zeros", name="mix_b")
        self.code = self.add_weight((n, n), Drawn(n), name="code")
        self.code_bias = self.add_weight((n,), "zeros", name="code_b")
        # By numbers of inputs, and of outputs; in the order of their first places.
        for name, at in ("down", 0), ("up", 1):
            for size in dict.fromkeys(pair[at] for pair in self.sizes):
                start = Drawn(n * size) if name == "down" else "zeros"
                bias = width if name == "down" else size
                own = self.add_weight((n, size * width), start, name=f"{name}{size}")
                setattr(self, f"{name}_{size}", own)
                own = self.add_weight((n, bias), "zeros", name=f"{name}{size}_b")
                setattr(self, f"{name}_{size}_bias", own)
        self.built = True

    def call(self, x, task=0, place=0):
        n_inputs, units = self.sizes[place]
        both = ops.concatenate([self.tasks[task], self.places[place]])[None]
        code = ops.relu(ops.matmul(both, self.mix) + self.mix_bias)
        code = ops.matmul(code, self.code) + self.code_bias

        def written(name, shape):
            kernel = ops.matmul(code, getattr(self, name))
            bias = ops.matmul(code, getattr(self, f"{name}_bias"))
            return ops.reshape(kernel, shape), bias[0]

        down = written(f"down_{n_inputs}", (n_inputs, self.width))
        up = written(f"up_{units}", (self.width, units))
        activation = keras.activations.get(self.activation)
        return _bottleneck(x, down, up, activation, self.scale)

    def compute_output_spec(self, x, task=0, place=0):
        units = self.sizes[place][1]
        return keras.KerasTensor((*x.shape[:-1], units), self.compute_dtype)

    def get_config(self):
        names = "n_tasks", "sizes", "width", "embedding", "activation", "scale"
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable("adapt")
class TaskTokens(layers.Layer):
    """Learned tokens of each task, the same for all its rows.

    Parameters
    ----------
    n_tasks : int
        Number of tasks.

    length : int
        Number of tokens.

    sharing : {"none", "full", "low-rank"}
        Whether tasks have tokens of their own, the same ones, or the same ones times
        the product of two vectors of their own, which are 1 at the start.

    **kwargs : object
        As for `keras.layers.Layer`.
    """

    def __init__(self, n_tasks, length, sharing, **kwargs):
        super().__init__(**kwargs)
        self.n_tasks = n_tasks
        self.length = length
        self.sharing = sharing

    def build(self, shape):
        width = shape[-1]
        n = self.n_tasks if self.sharing == "none" else 1
        sizes = n, self.length, width
        self.tokens = self.add_weight(sizes, Drawn(width), name="tokens")
        if self.sharing == "low-rank":
            self.u = self.add_weight((self.n_tasks, self.length), "ones", name="u")
            self.v = self.add_weight((self.n_tasks, width), "ones", name="v")
        self.built = True

    def call(self, x, task=0):
        tokens = self.tokens[task if self.sharing == "none" else 0]
        if self.sharing == "low-rank":
            tokens = tokens * self.u[task][:, None] * self.v[task]
        shape = ops.shape(x)[0], self.length, x.shape[-1]
        return ops.broadcast_to(tokens[None], shape)

    def compute_output_spec(self, x, task=0):
        shape = x.shape[0], self.length, x.shape[-1]
        return keras.KerasTensor(shape, self.compute_dtype)

    def get_config(self):
        names = "n_tasks", "length", "sharing"
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable("adapt")
class TaskDense(layers.Layer):
    """The linear heads of all tasks; ``mean + spread (W x + b)`` for numbers.

    Parameters
    ----------
    n_heads : int
        One, or as many as tasks.

    units : int
        Number of outputs.

    **kwargs : object
        As for `keras.layers.Layer`.
    """

    def __init__(self, n_heads, units, **kwargs):
        super().__init__(**kwargs)
        self.n_heads = n_heads
        self.units = units

    def build(self, shape):
        n, sizes = shape[-1], (self.n_heads, self.units)
        size = self.n_heads, n, self.units
        self.kernel = self.add_weight(size, Drawn((n + self.units) / 2), name="kernel")
        self.bias = self.add_weight(sizes, "zeros", name="bias")
        still = {"trainable": False}
        self.mean = self.add_weight((self.units,), "zeros", name="mean", **still)
        self.spread = self.add_weight((self.units,), "ones", name="spread", **still)
        self.built = True

    def call(self, x, task=0):
        i = min(task, self.n_heads - 1)
        return self.mean + self.spread * (ops.matmul(x, self.kernel[i]) + self.bias[i])

    def compute_output_spec(self, x, task=0):
        return keras.KerasTensor((*x.shape[:-1], self.units), self.compute_dtype)

    def get_config(self):
        own = {"n_heads": self.n_heads, "units": self.units}
        return {**super().get_config(), **own}
