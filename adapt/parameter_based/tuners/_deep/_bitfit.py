"""BitFit: biases alone are trained."""

import keras

from adapt.parameter_based.tuners._deep._layers import OtherValues
from adapt.parameter_based.tuners._deep._places import find
from adapt.parameter_based.tuners._deep._tuner import TARGETS, Tuner

__all__ = ["BitFit", "Offset"]


class Offset(OtherValues):
    """``w + d`` with ``d = 0`` at the start, for each of some variables."""

    def build(self, shapes):
        self.offsets = [
            self.add_weight(shape, "zeros", name=f"offset_{i}")
            for i, shape in enumerate(shapes)
        ]
        self.built = True

    def call(self, values):
        return [v + d for v, d in zip(values, self.offsets, strict=True)]


@keras.saving.register_keras_serializable("adapt")
class BitFit(Tuner):
    """Biases, and scales and shifts of normalisation layers [1]_.

    Parameters
    ----------
    targets : str, list of str or None, default=None
        The layers to act on: kinds ("dense", "conv", "attention", "recurrent", "norm"),
        or regular expressions that are searched in the paths of layers. If None, every
        layer that has a bias.

    norms : bool, default=True
        Whether scales and shifts of normalisation layers count as biases.

    See Also
    --------
    LoRA : Low-rank updates of kernels.

    Notes
    -----
    It takes any network, and merges into it exactly. The bias of the keys of an
    attention is left out, because it changes no output. Batch normalisation goes on
    with the means and variances of the source.

    References
    ----------
    .. [1] Ben Zaken, Goldberg and Ravfogel. "BitFit: simple parameter-efficient
       fine-tuning for transformer-based masked language-models." ACL, 2022.

    Examples
    --------
    >>> from adapt.parameter_based import FineTuning
    >>> from adapt.parameter_based.tuners import BitFit
    >>> FineTuning(tuner=BitFit(norms=False)).tuner
    BitFit(norms=False)
    """

    _parameter_constraints: dict = {"targets": TARGETS, "norms": ["boolean"]}

    def __init__(self, targets=None, *, norms=True):
        self.targets = targets
        self.norms = norms

    def values(self, base):
        """Return offsets of biases; parameters as in `Tuner.values`.

        Returns
        -------
        pairs : list of (list of keras.Variable, OtherValues)
            One for each layer.
        """
        found = find(base, self.targets, self._biases, "BitFit")
        return [(self._biases(place), Offset()) for place in found]

    def _biases(self, place):
        """Return the weights of a layer that are trained."""
        if place.attends and place.layer.name == "key":
            return []  # a softmax over keys does not see what all have in common
        if place.is_a("norm"):
            names = ("gamma", "beta", "scale", "bias") if self.norms else ()
            return [v for v in place.own() if v.name in names]
        return [v for v in place.own() if "bias" in v.name]
