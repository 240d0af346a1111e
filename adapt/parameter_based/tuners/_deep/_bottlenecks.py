"""What adapters of all forms share: their places, and the layers they are made of."""

from typing import Any, NamedTuple

from keras import layers

from adapt.parameter_based.tuners._deep._kronecker import Kronecker
from adapt.parameter_based.tuners._deep._layers import Drawn, Scale
from adapt.parameter_based.tuners._deep._places import find, places
from adapt.parameter_based.tuners._deep._tuner import Tuner

__all__ = [
    "BottleneckTuner",
    "Sites",
    "conv_parts",
    "dense_parts",
    "kronecker_parts",
    "outputs_or_sums",
]


def dense_parts(width, units, activation, name, n_inputs):
    """Return a dense layer to ``width`` and one back, which gives 0 at the start."""
    drawn = Drawn(n_inputs)
    return [
        layers.Dense(width, activation, kernel_initializer=drawn, name=f"{name}_down"),
        layers.Dense(units, kernel_initializer="zeros", name=f"{name}_up"),
    ]


def kronecker_parts(width, units, activation, name, shared):
    """Return the same, with kernels that are sums of Kronecker products."""
    down = Kronecker(width, shared, activation=activation, name=f"{name}_down")
    return [down, Kronecker(units, shared, zero=True, name=f"{name}_up")]


_LAYERS_1D = layers.Conv1D, layers.DepthwiseConv1D, layers.GlobalAveragePooling1D
_LAYERS_2D = layers.Conv2D, layers.DepthwiseConv2D, layers.GlobalAveragePooling2D


def conv_parts(width, units, activation, name, x, causal, gate):
    """Return convolutions over 3, 5 and 3 steps or pixels, and perhaps a gate.

    The last gives 0 at the start. The gate is a factor for each channel, from the means
    of the channels over time or place (squeeze and excitation).
    """
    rank = len(x.shape) - 2
    if rank not in (1, 2) or (causal and rank == 2):
        kind = "series" if causal else "series or images"
        raise ValueError(
            f"ConvAdapter takes {kind}, but the layer of {name!r} gives samples of "
            f"shape {tuple(x.shape[1:])}. Give other `targets`."
        )
    convolution, depthwise, pool = _LAYERS_1D if rank == 1 else _LAYERS_2D
    padding = "causal" if causal else "same"
    down = {"kernel_initializer": Drawn(3**rank * x.shape[-1]), "name": f"{name}_down"}
    middle = {"depthwise_initializer": Drawn(5**rank), "name": f"{name}_middle"}
    up = {"kernel_initializer": "zeros", "name": f"{name}_up"}
    parts = [convolution(width, 3, padding=padding, activation=activation, **down)]
    if causal:  # Keras's depthwise convolutions do not pad in front
        parts.append(layers.ZeroPadding1D((4, 0), name=f"{name}_pad"))
    parts.append(depthwise(5, padding="valid" if causal else "same", **middle))
    parts.append(convolution(units, 3, padding=padding, **up))
    return [*parts, *([_gate(pool, width, units, name)] if gate else [])]


class _Gate(NamedTuple):
    """Multiply channels by numbers from 0 to 1, which some layers compute from them."""

    layers: list
    multiply: Any

    def __call__(self, z):
        return self.multiply([z, _chained(self.layers, z)])


def _gate(pool, width, units, name):
    """Return what multiplies channels by numbers from 0 to 1."""
    into, out = Drawn(units), Drawn(width)
    factors = [
        pool(keepdims=True, name=f"{name}_means"),
        layers.Dense(width, "tanh", kernel_initializer=into, name=f"{name}_squeeze"),
        layers.Dense(units, "sigmoid", kernel_initializer=out, name=f"{name}_excite"),
    ]
    return _Gate(factors, layers.Multiply(name=f"{name}_gate"))


def _chained(parts, x):
    for part in parts:
        x = part(x)
    return x


class Sites(NamedTuple):
    """Where a tuner acts in one network, and what it has made so far.

    Parameters
    ----------
    at : dict of int to Place
        The places, by the ids of their layers.

    made : dict
        What was made for a layer, so that a layer that is called twice gets it once.

    shared : object
        What all places share.
    """

    at: dict
    made: dict
    shared: Any = None

    @classmethod
    def of(cls, found, shared=None):
        """Return the sites at places."""
        return cls({id(place.layer): place for place in found}, {}, shared)


def _gives_channels(place):
    """Return whether a layer with weights gives channels, and its calls are known."""
    plain = place.is_a("dense", "conv", "attention")
    return place.called and (plain or isinstance(place.layer, layers.RNN))


def outputs_or_sums(base, targets, title):
    """Return the places of blocks: those of ``targets``, or all.

    By default the sums of residual networks, or else all layers that compute channels.
    """
    every = [place for place in places(base) if place.called]
    if targets is None and any(place.is_a("residual") for place in every):
        targets = "residual"
    if targets is None:
        return find(base, None, _gives_channels, title)

    def needs(place):
        return _gives_channels(place) or (place.called and place.is_a("residual"))

    return find(base, targets, needs, title)


def _bridge(inputs):
    """Return which input of a sum the others are computed from: that of its block."""
    tensors = []
    for part in inputs:
        tensors += part if isinstance(part, list | tuple) else [part]
    for x in tensors:
        if all(y is x or id(x) in _ancestors(y) for y in tensors):
            return x
    return tensors[0]


def _ancestors(x):
    """Return the ids of the symbolic tensors that one is computed from."""
    seen, pending = set(), [x]
    while pending:
        operation, node, _ = pending.pop()._keras_history
        nodes = operation._inbound_nodes
        new = [t for t in nodes[node].input_tensors if id(t) not in seen]
        seen.update(map(id, new))
        pending += new
    return seen


class BottleneckTuner(Tuner):
    """Base of adapters: ``h + scale f(h)``, or ``h + scale f(x)`` of a layer's input.

    A subclass has the parameters ``targets``, ``position``, ``scale`` and ``norm``, and
    writes `_parts`.
    """

    inserts = True
    _in_weights = ("scale",)

    def _parts(self, sites, name, x, units):
        """Return the layers of ``f``, the last of which gives 0 at the start."""
        raise NotImplementedError

    def _shared(self):
        """Return what all adapters of a network share."""

    def _fits(self, y):
        """Return whether the outputs of a layer can have an adapter."""
        return True

    def begin(self, base):
        """Return where adapters stand; parameters as in `Tuner.begin`.

        Returns
        -------
        sites : Sites
            The places, by their layers.
        """
        found = outputs_or_sums(base, self.targets, type(self).__name__)
        return Sites.of(found, self._shared())

    def around(self, state, layer, args, kwargs, call):
        """Return the outputs of a layer and its adapter.

        Parameters as in `Tuner.around`.

        Returns
        -------
        y : keras.KerasTensor
            Their sum.
        """
        y = call(*args, **kwargs)
        z = self.added(state, layer, args, y)
        return y if z is None else layers.Add()([y, z])

    def added(self, state, layer, args, y, adapter=None):
        """Return what the adapter of a layer adds to its outputs, None without one.

        Parameters
        ----------
        state : Sites
            What `begin` has returned.

        layer : keras.layers.Layer or keras.Operation
            A layer of the network.

        args : tuple
            What it is called with.

        y : keras.KerasTensor
            Its outputs.

        adapter : callable or None, default=None
            ``adapter(place, x, units)`` stands in place of the adapter.

        Returns
        -------
        z : keras.KerasTensor or None
            Of the shape of the outputs.
        """
        place = state.at.get(id(layer))
        if place is None:
            return None
        x = y
        if self.position == "parallel":
            x = _bridge(args) if place.is_a("residual") else args[0]
        if not self._fits(y) or x.shape[1:-1] != y.shape[1:-1]:
            if self.targets is None:
                return None
            raise ValueError(
                f"{type(self).__name__} has no place at {place.path!r}, from samples of"
                f" shape {tuple(x.shape[1:])} to {tuple(y.shape[1:])}. Give other "
                "`targets`, or `position='sequential'`."
            )
        if adapter is not None:
            return adapter(place, x, y.shape[-1])
        return self._adapter(state, place, x, y.shape[-1])

    def _adapter(self, state, place, x, units):
        key = id(place.layer)
        if key not in state.made:
            name = f"{place.name}_adapter"
            parts = self._parts(state, name, x, units)
            if self.norm:
                parts = [layers.LayerNormalization(name=f"{name}_norm"), *parts]
            state.made[key] = [*parts, Scale(self.scale, name=f"{name}_scale")]
        return _chained(state.made[key], x)

    def finish(self, state, y):
        """Check that there is an adapter; parameters as in `Tuner.finish`.

        Returns
        -------
        y : keras.KerasTensor
            The output.
        """
        if not state.made:
            raise ValueError(
                f"{type(self).__name__} finds no layer whose outputs fit it, among "
                f"{[place.path for place in state.at.values()][:8]}. Take another "
                "tuner, such as `LoRA`, or `position='sequential'`."
            )
        return y
