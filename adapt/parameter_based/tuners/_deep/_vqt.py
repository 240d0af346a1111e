"""Visual query tuning: learned queries sum up what each layer has found."""

from numbers import Integral

import keras
from keras import layers, ops

from adapt._sklearn import Interval
from adapt.parameter_based.tuners._deep._bottlenecks import Sites, outputs_or_sums
from adapt.parameter_based.tuners._deep._layers import Drawn
from adapt.parameter_based.tuners._deep._places import ATTENTION, find, places
from adapt.parameter_based.tuners._deep._prefix import Tokens
from adapt.parameter_based.tuners._deep._sides import (
    Side,
    SideTuner,
    n_tokens,
    tokens,
)
from adapt.parameter_based.tuners._deep._tuner import TARGETS

__all__ = ["VQT", "Queries", "VQTSide"]

_TINY = 1e-12


@keras.saving.register_keras_serializable("adapt")
class Queries(layers.Layer):
    """Learned means of tokens: ``softmax(q h') h`` for each of some queries ``q``.

    A vector is its own mean.

    Parameters
    ----------
    length : int
        Number of queries.

    **kwargs : object
        As for `keras.layers.Layer`.
    """

    def __init__(self, length, **kwargs):
        super().__init__(**kwargs)
        self.length = length

    def build(self, shape):
        self.alone = n_tokens(shape) == 1
        if not self.alone:
            size = self.length, shape[-1]
            self.q = self.add_weight(size, Drawn(shape[-1]), name="q")
        self.built = True

    def call(self, x):
        h = tokens(x)
        if self.alone:
            return h
        scores = ops.einsum("pc,ntc->npt", self.q, h)
        return ops.matmul(ops.softmax(scores, axis=-1), h)

    def compute_output_spec(self, x):
        n = 1 if n_tokens(x.shape) == 1 else self.length
        return keras.KerasTensor((x.shape[0], n, x.shape[-1]), self.compute_dtype)

    def get_config(self):
        return {**super().get_config(), "length": self.length}


@keras.saving.register_keras_serializable("adapt")
class VQTSide(Side):
    """``y + U`` of all summaries of `VQT`, each of length 1."""

    _read = staticmethod(lambda summary: summary)  # learned queries are behind it

    def _make(self, counts, channels):
        return 1, sum(n * c for n, c in zip(counts, channels, strict=True))

    def _side(self, taps):
        parts = []
        for s, n in zip(taps, self.counts, strict=True):
            length = ops.sqrt(ops.sum(ops.square(s), axis=-1, keepdims=True) + _TINY)
            parts.append(ops.reshape(s / length, (-1, 1, n * s.shape[-1])))
        return ops.concatenate(parts, axis=-1)


@keras.saving.register_keras_serializable("adapt")
class VQT(SideTuner):
    r"""Learned queries sum up what each layer of a frozen network has found [1]_.

    Each attention answers some learned queries, too, from the keys and values of the
    network, which they leave as they are: :math:`s_m = a_m(q_m, h_m)`. A layer that is
    no attention is summed up as :math:`s_m = \mathrm{softmax}(q_m h_m^T) h_m`. All
    summaries of length 1 reach the output by one matrix:

    .. math:: y + U [s_1 / |s_1|, .., s_M / |s_M|]

    with :math:`U = 0` at the start. No gradient passes from one layer to another.

    Parameters
    ----------
    length : int, default=1
        Number of queries for each layer.

    targets : str, list of str or None, default=None
        Which layers are summed up: kinds ("residual", "dense", "conv", "attention"), or
        regular expressions that are searched in the paths of layers. If None, all
        attentions; in a network without attention, as in `Ladder`.

    See Also
    --------
    Prefix : Learned keys and values, which change what the network computes.
    Ladder : A narrow network beside the frozen one.

    Notes
    -----
    Departures from [1]_: there, queries pass the dense layers of each block, too, and
    the head is linear in all summaries; here they come to the features of the network,
    from which the head goes on. Masks of the attention are for its own queries, and
    the learned ones attend to all tokens.

    It takes Sequential and functional networks. Of a vector, a query has nothing to
    choose from: then :math:`s_m = h_m`. The matrix :math:`U` has as many rows as all
    summaries have channels, in sum.

    References
    ----------
    .. [1] Tu, Mai and Chao. "Visual query tuning: towards effective usage of
       intermediate representations for parameter and memory efficient transfer
       learning." CVPR, 2023.

    Examples
    --------
    >>> from adapt.parameter_based import FineTuning
    >>> from adapt.parameter_based.tuners import VQT
    >>> FineTuning(tuner=VQT(2)).tuner
    VQT(length=2)
    """

    _parameter_constraints: dict = {
        "length": [Interval(Integral, 1, None, closed="left")],
        "targets": TARGETS,
    }

    def __init__(self, length=1, targets=None):
        self.length = length
        self.targets = targets

    def _new_side(self):
        return VQTSide()

    def begin(self, base):
        """Return which layers are summed up; parameters as in `Tuner.begin`.

        Returns
        -------
        sites : Sites
            The places, by their layers; summaries are `shared`.
        """
        attend = any(isinstance(p.layer, ATTENTION) and p.called for p in places(base))
        if self.targets is None and attend:
            found = find(base, None, _attends, "VQT")
        else:
            found = outputs_or_sums(base, self.targets, "VQT")
        return Sites.of(found, [])

    def around(self, state, layer, args, kwargs, call):
        """Return what the layer returns, and sum it up.

        Parameters as in `Tuner.around`.

        Returns
        -------
        y : keras.KerasTensor
            The outputs of the layer.
        """
        y = call(*args, **kwargs)
        place = state.at.get(id(layer))
        if place is None:
            return y
        name = f"{place.name}_queries"
        if not _attends(place):
            if id(layer) not in state.made:
                state.made[id(layer)] = Queries(self.length, name=name)
            state.shared.append(state.made[id(layer)](y))
            return y
        given = dict(zip(("query", "value"), args, strict=False)) | kwargs
        query, value = given["query"], given["value"]
        key = value if given.get("key") is None else given["key"]
        if id(layer) not in state.made:
            state.made[id(layer)] = Tokens(self.length, query.shape[-1], name=name)
        queries = state.made[id(layer)](query)
        still = ops.stop_gradient(value), ops.stop_gradient(key)
        state.shared.append(call(queries, still[0], key=still[1]))
        return y


def _attends(place):
    return place.called and isinstance(place.layer, ATTENTION)
