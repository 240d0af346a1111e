"""ScaLearn: how much of each source's adapters is learned, and nothing else."""

import random
from numbers import Real

import keras
import numpy as np
from keras import layers, ops

from adapt._sklearn import Interval, StrOptions
from adapt.deep._layers import Dropout
from adapt.parameter_based.tuners._deep._sources import SourceTuner

__all__ = ["ScaLearn", "ScaledSources"]

_SPREAD = 1e-3


class _Near(keras.initializers.Initializer):
    """Draw numbers near one by numpy, alike on all backends."""

    def __init__(self, mean):
        self.mean = mean

    def __call__(self, shape, dtype=None):
        # Keras draws its seeds from here too.
        rng = np.random.RandomState(random.getrandbits(32))
        drawn = self.mean + _SPREAD * rng.normal(size=shape)
        return ops.convert_to_tensor(drawn.astype("float32"), dtype=dtype)


@keras.saving.register_keras_serializable("adapt")
class ScaledSources(layers.Layer):
    """The sum ``h + sum_s w_s f_s`` of a list ``[h, f_1, .., f_S]``.

    Parameters
    ----------
    per : {"vector", "scalar"}
        Whether a source has a number for each channel, or one.

    dropout : float
        Share of the numbers that are 0 in a step of a training.

    **kwargs : object
        As for `keras.layers.Layer`.
    """

    def __init__(self, per, dropout, **kwargs):
        super().__init__(**kwargs)
        self.per = per
        self.dropout = dropout
        self.drop = Dropout(dropout) if dropout else None

    def build(self, shapes):
        n = len(shapes) - 1
        channels = 1 if self.per == "scalar" else shapes[0][-1]
        self.w = self.add_weight((n, channels), _Near(2 / n), name="w")
        self.built = True

    def call(self, inputs, training=None):
        if self.w.shape[-1] not in (1, inputs[0].shape[-1]):
            raise ValueError(
                f"`shared` scales of {self.w.shape[-1]} channels do not fit a layer of "
                f"{inputs[0].shape[-1]}. Give `per='scalar'`, or `shared=False`."
            )
        w = ops.convert_to_tensor(self.w)
        if self.drop is not None:
            w = self.drop(w, training=training)
        y, *added = inputs
        for s, z in enumerate(added):
            y = y + ops.cast(w[s], z.dtype) * z
        return y

    def get_config(self):
        own = {"per": self.per, "dropout": self.dropout}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("adapt")
class ScaLearn(SourceTuner):
    r"""Adapters of several sources, of which only the scales are learned [1]_.

    Each source :math:`s` has adapters :math:`f_s`, trained on it alone and frozen now.
    The output :math:`h` of a layer becomes

    .. math:: h + \sum_{s=1}^S w_s \circ f_s(h)

    where nothing but :math:`w` is learned, from :math:`2 / S`. The scales need not sum
    to one, nor be positive.

    Parameters
    ----------
    sources : list of estimator, path or Tuned, default=()
        One for each source: a model that was fitted with ``tuner=Adapters()``, a file
        that its `save_delta` has written, or a tuned network. `Compacter` and
        `ConvAdapter` will do too. All must have been tuned on the network that is given
        now, at the same places.

    per : {"vector", "scalar"}, default="vector"
        Whether a source has a scale for each channel, or one (ScaLearnUniform).

    shared : bool, default=False
        Whether all layers share the scales (ScaLearn++, or ScaLearnUniform++ of one
        number for each source).

    dropout : float, default=0.3
        Share of the scales that are 0 in a step of a training.

    Raises
    ------
    ValueError
        If a source has no adapters, or was tuned on another network.

    See Also
    --------
    AdapterFusion : Attention over the sources, with many more weights.
    Adapters : What is trained on each source.

    Notes
    -----
    At the start the network computes the sources' mean with twice its weight, and not
    what it computed without a tuner. Inference costs a pass through the adapters of all
    sources. A delta file holds the adapters of the sources as well.

    References
    ----------
    .. [1] Frohmann et al. "ScaLearn: simple and highly parameter-efficient task
       transfer by learning to scale." Findings of ACL, 2024.

    Examples
    --------
    >>> from adapt.deep import default_encoder
    >>> from adapt.parameter_based.tuners import Adapters, ScaLearn, tuned
    >>> network = default_encoder((2,))
    >>> sources = [tuned(network, Adapters(2), random_state=s) for s in range(3)]
    >>> own = tuned(network, ScaLearn(sources, per="scalar"), random_state=0)
    >>> [tuple(w.shape) for w in own.trainable_weights]
    [(3, 1), (3, 1)]
    """

    _parameter_constraints: dict = {
        **SourceTuner._parameter_constraints,
        "per": [StrOptions({"vector", "scalar"})],
        "shared": ["boolean"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(self, sources=(), *, per="vector", shared=False, dropout=0.3):
        self.sources = sources
        self.per = per
        self.shared = shared
        self.dropout = dropout

    def _composition(self, state, n_sources, name):
        if not self.shared:
            return ScaledSources(self.per, self.dropout, name=name)
        if "shared" not in state.made:
            same = ScaledSources(self.per, self.dropout, name="shared_sources")
            state.made["shared"] = same
        return state.made["shared"]
