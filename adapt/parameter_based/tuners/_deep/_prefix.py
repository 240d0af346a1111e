"""Prefix: learned keys and values beside those of attention."""

from numbers import Integral

import keras
from keras import layers, ops

from adapt._sklearn import Interval
from adapt.parameter_based.tuners._deep._bottlenecks import Sites
from adapt.parameter_based.tuners._deep._layers import Drawn
from adapt.parameter_based.tuners._deep._places import ATTENTION, find
from adapt.parameter_based.tuners._deep._tuner import TARGETS, Tuner

__all__ = ["Gate", "Prefix", "Tokens"]


@keras.saving.register_keras_serializable("adapt")
class Tokens(layers.Layer):
    """Learned time steps, the same for every row.

    Parameters
    ----------
    length, width : int
        How many steps, of how many channels.

    **kwargs : object
        As for `keras.layers.Layer`.
    """

    def __init__(self, length, width, **kwargs):
        super().__init__(**kwargs)
        self.length = length
        self.width = width

    def build(self, shape):
        size = (self.length, self.width)
        self.tokens = self.add_weight(size, Drawn(self.width), name="tokens")
        self.built = True

    def call(self, x):
        size = (ops.shape(x)[0], self.length, self.width)
        return ops.broadcast_to(ops.expand_dims(self.tokens, 0), size)

    def compute_output_spec(self, x):
        return keras.KerasTensor((x.shape[0], self.length, self.width), x.dtype)

    def get_config(self):
        own = {"length": self.length, "width": self.width}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("adapt")
class Gate(layers.Layer):
    """Multiply by ``tanh(g)``, a learned number that is 0 at the start."""

    def build(self, shape):
        self.g = self.add_weight((), "zeros", name="g")
        self.built = True

    def call(self, x):
        return x * ops.tanh(self.g)


@keras.saving.register_keras_serializable("adapt")
class Prefix(Tuner):
    r"""Learned keys and values for the attention of a frozen network [1]_ [2]_.

    The output :math:`h` of an attention becomes :math:`h + \tanh(g)\, a(q, P_k, P_v)`:
    the queries attend to learned tokens, too, which the projections of the frozen
    attention make keys and values of. The gate :math:`g` is 0 at the start.

    Parameters
    ----------
    length : int, default=8
        Number of tokens.

    targets : str, list of str or None, default="attention"
        The attentions to act on: their kind, or regular expressions that are searched
        in their paths. If None, all.

    See Also
    --------
    Prompt : Learned tokens in front of the network's own.

    Notes
    -----
    Departures from [1]_: the tokens pass the projections of the attention, and a gate
    adds what they give; in the paper keys and values are learned themselves and stand
    in one softmax with those of the network. The two are the same attention if the gate
    is the share that the tokens have in that softmax [2]_. There is no call for the
    published form: masks of the network would not fit it.

    It takes Sequential and functional networks with `keras.layers.MultiHeadAttention`
    or `keras.layers.GroupQueryAttention`.

    References
    ----------
    .. [1] Li and Liang. "Prefix-tuning: optimizing continuous prompts for generation."
       ACL, 2021.

    .. [2] He et al. "Towards a unified view of parameter-efficient transfer learning."
       ICLR, 2022.

    Examples
    --------
    >>> from adapt.parameter_based import FineTuning
    >>> from adapt.parameter_based.tuners import Prefix
    >>> FineTuning(tuner=Prefix(4)).tuner
    Prefix(length=4)
    """

    inserts = True
    _parameter_constraints: dict = {
        "length": [Interval(Integral, 1, None, closed="left")],
        "targets": TARGETS,
    }

    def __init__(self, length=8, targets="attention"):
        self.length = length
        self.targets = targets

    def begin(self, base):
        """Return where the attentions are; parameters as in `Tuner.begin`.

        Returns
        -------
        sites : Sites
            The places, by their layers.
        """

        def needs(place):
            return place.called and isinstance(place.layer, ATTENTION)

        return Sites.of(find(base, self.targets, needs, "Prefix"))

    def around(self, state, layer, args, kwargs, call):
        """Return the attention to the own tokens and to the learned ones.

        Parameters as in `Tuner.around`.

        Returns
        -------
        y : keras.KerasTensor
            Their sum.
        """
        y = call(*args, **kwargs)
        place = state.at.get(id(layer))
        if place is None:
            return y
        given = dict(zip(("query", "value"), args, strict=False)) | kwargs
        query, value = given["query"], given["value"]
        if id(layer) not in state.made:
            size = self.length, value.shape[-1]
            state.made[id(layer)] = (
                Tokens(*size, name=f"{place.name}_prefix_values"),
                Tokens(*size, name=f"{place.name}_prefix_keys"),
                Gate(name=f"{place.name}_prefix_gate"),
            )
        values, keys, gate = state.made[id(layer)]
        extra = call(query, values(value), key=keys(value))
        return layers.Add()([y, gate(extra)])
