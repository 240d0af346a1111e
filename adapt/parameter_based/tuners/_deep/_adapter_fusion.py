"""AdapterFusion: attention over the adapters of several sources."""

from numbers import Real

import keras
from keras import layers, ops

from adapt._sklearn import Interval
from adapt.parameter_based.tuners._deep._layers import Drawn
from adapt.parameter_based.tuners._deep._sources import SourceTuner

__all__ = ["AdapterFusion", "SourceAttention"]


@keras.saving.register_keras_serializable("adapt")
class ToIdentity(keras.regularizers.Regularizer):
    """The penalty ``factor |I - V|^2``.

    Parameters
    ----------
    factor : float
        Its weight.
    """

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, v):
        gap = ops.eye(v.shape[0], dtype=v.dtype) - v
        return self.factor * ops.sum(ops.square(gap))

    def get_config(self):
        return {"factor": self.factor}


@keras.saving.register_keras_serializable("adapt")
class SourceAttention(layers.Layer):
    """``h + sum_s a_s f_s V`` of ``[h, f_1, .., f_S]``, ``a = softmax(h Q . f_s K)``.

    Parameters
    ----------
    penalty : float
        Weight of ``|I - V|^2`` in the loss.

    **kwargs : object
        As for `keras.layers.Layer`.
    """

    def __init__(self, penalty, **kwargs):
        super().__init__(**kwargs)
        self.penalty = penalty

    def build(self, shapes):
        n = shapes[0][-1]
        self.query = self.add_weight((n, n), Drawn(n), name="query")
        self.key = self.add_weight((n, n), Drawn(n), name="key")
        near = ToIdentity(self.penalty) if self.penalty else None
        self.value = self.add_weight((n, n), "identity", regularizer=near, name="value")
        self.built = True

    def call(self, inputs):
        y, *added = inputs
        found = ops.stack(added, axis=-2)
        q = ops.expand_dims(ops.matmul(y, self.query), -2)
        scores = ops.sum(q * ops.matmul(found, self.key), axis=-1, keepdims=True)
        # Keras's softmax warns of one source.
        a = ops.exp(scores - ops.max(scores, axis=-2, keepdims=True))
        mixed = ops.sum(a * found, axis=-2) / ops.sum(a, axis=-2)
        return y + ops.matmul(mixed, self.value)

    def get_config(self):
        return {**super().get_config(), "penalty": self.penalty}


@keras.saving.register_keras_serializable("adapt")
class AdapterFusion(SourceTuner):
    r"""Attention over the adapters of several sources, which are frozen [1]_.

    Each source :math:`s` has adapters :math:`f_s`, trained on it alone. The output
    :math:`h` of a layer becomes

    .. math:: h + \sum_{s=1}^S a_s\, f_s(h) V, \quad
              a = \mathrm{softmax}_s (h Q \cdot f_s(h) K)

    with matrices :math:`Q, K, V` for each layer, which are learned, and :math:`V = I`
    at the start. Other rows and time steps can thus take from other sources.

    Parameters
    ----------
    sources : list of estimator, path or Tuned, default=()
        One for each source, as in `ScaLearn`.

    penalty : float, default=0.01
        Weight of :math:`\|I - V\|^2` in the loss, for each layer.

    Raises
    ------
    ValueError
        If a source has no adapters, or was tuned on another network.

    See Also
    --------
    ScaLearn : A factor for each source, with at most a hundredth of the weights.
    Adapters : What is trained on each source.

    Notes
    -----
    A layer of :math:`n` channels gets :math:`3 n^2` weights. At the start the network
    computes a mixture of the sources, and not what it computed without a tuner.
    Inference costs a pass through the adapters of all sources. A delta file holds the
    adapters of the sources as well.

    References
    ----------
    .. [1] Pfeiffer et al. "AdapterFusion: non-destructive task composition for transfer
       learning." EACL, 2021.

    Examples
    --------
    >>> from adapt.deep import default_encoder
    >>> from adapt.parameter_based.tuners import AdapterFusion, Adapters, tuned
    >>> network = default_encoder((2,))
    >>> sources = [tuned(network, Adapters(2), random_state=s) for s in range(3)]
    >>> own = tuned(network, AdapterFusion(sources), random_state=0)
    >>> len(own.trainable_weights)
    6
    """

    _parameter_constraints: dict = {
        **SourceTuner._parameter_constraints,
        "penalty": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(self, sources=(), *, penalty=0.01):
        self.sources = sources
        self.penalty = penalty

    def _composition(self, state, n_sources, name):
        return SourceAttention(self.penalty, name=name)
