"""Scaling: a factor for each output of a layer."""

import keras

from adapt.parameter_based.tuners._deep._layers import OtherValues
from adapt.parameter_based.tuners._deep._lora import has_kernel, n_inputs
from adapt.parameter_based.tuners._deep._places import find
from adapt.parameter_based.tuners._deep._tuner import TARGETS, Tuner

__all__ = ["Factors", "Scaling"]


class Factors(OtherValues):
    """``w * (1 + s)`` for all weights that lead to one output, ``s = 0`` at the start.

    Parameters
    ----------
    split : int
        Number of axes of the kernel that are summed over.

    **kwargs : object
        As for `keras.layers.Layer`.
    """

    def __init__(self, split, **kwargs):
        super().__init__(**kwargs)
        self.split = split

    def build(self, shapes):
        self.s = self.add_weight(shapes[0][self.split :], "zeros", name="s")
        self.built = True

    def call(self, values):
        return [v * (1 + self.s) for v in values]


@keras.saving.register_keras_serializable("adapt")
class Scaling(Tuner):
    """A factor for each output of a layer, before the activation (IA3 [1]_).

    Parameters
    ----------
    targets : str, list of str or None, default=("attention", "dense", "conv")
        The layers to act on: kinds ("dense", "conv", "attention", "recurrent"), or
        regular expressions that are searched in the paths of layers. In an attention,
        keys and values are scaled. If None, every layer with a kernel.

    See Also
    --------
    LoRA : Low-rank updates of kernels.
    BitFit : Biases alone.

    Notes
    -----
    Departures from [1]_: all dense layers and convolutions are scaled; in the paper the
    hidden layer of each block alone. As published: ``Scaling(targets=["attention",
    hidden])``, where ``hidden`` is a pattern of the paths of these layers.

    It takes any network, and merges into it exactly.

    References
    ----------
    .. [1] Liu et al. "Few-shot parameter-efficient fine-tuning is better and cheaper
       than in-context learning." NeurIPS, 2022.

    Examples
    --------
    >>> from adapt.parameter_based import FineTuning
    >>> from adapt.parameter_based.tuners import Scaling
    >>> FineTuning(tuner=Scaling("dense")).tuner
    Scaling(targets='dense')
    """

    _parameter_constraints: dict = {"targets": TARGETS}

    def __init__(self, targets=("attention", "dense", "conv")):
        self.targets = targets

    def values(self, base):
        """Return factors of outputs; parameters as in `Tuner.values`.

        Returns
        -------
        pairs : list of (list of keras.Variable, OtherValues)
            One for each layer.
        """
        pairs = []
        for place in find(base, self.targets, _scales, "Scaling"):
            own = _scaled(place)
            pairs.append((own, Factors(n_inputs(place.layer, own[0]))))
        return pairs


def _scaled(place):
    return [v for v in place.own() if v.name in ("kernel", "bias")]


def _scales(place):
    if place.attends and place.layer.name not in ("key", "value"):
        return False
    return has_kernel(place) and any(v.name == "kernel" for v in place.own())
