"""Single-layer fine-tuning, with a way past all layers above."""

import keras
from keras import layers, ops

from adapt.parameter_based.tuners._deep._bitfit import Offset
from adapt.parameter_based.tuners._deep._bottlenecks import Sites
from adapt.parameter_based.tuners._deep._places import check_graph, find
from adapt.parameter_based.tuners._deep._sides import Side, SideTuner
from adapt.parameter_based.tuners._deep._tuner import TARGETS

__all__ = ["Past", "SingleLayer"]


def _as_tokens(x):
    """Return outputs as (n_rows, n_tokens, n_channels)."""
    if len(x.shape) == 2:
        return ops.expand_dims(x, 1)
    if len(x.shape) > 3:
        return ops.reshape(x, (ops.shape(x)[0], -1, x.shape[-1]))
    return x


@keras.saving.register_keras_serializable("adapt")
class Past(Side):
    """``y + U h`` of one layer's outputs, to which gradients pass."""

    _read = staticmethod(_as_tokens)

    def _make(self, counts, channels):
        return counts[0], channels[0]

    def _side(self, taps):
        return taps[0]


@keras.saving.register_keras_serializable("adapt")
class SingleLayer(SideTuner):
    r"""One layer moves, and reaches the output past all layers above it [1]_.

    The output becomes :math:`y + U h`, with the outputs :math:`h` of the layer, and
    :math:`U = 0` at the start. If the layer has time steps or pixels that the output
    has not, their mean is :math:`h`.

    Parameters
    ----------
    targets : str, list of str or None, default=None
        The layer: a regular expression that is searched in the paths of layers, or a
        kind ("dense", "conv", "attention"), that one layer is of. If None, the one in
        the middle.

    skip : bool, default=True
        Whether there is a way past the layers above. If not, it is fine-tuning of a
        layer and the head.

    See Also
    --------
    SWR : Finds the layers that need new weights.
    Ladder : Reads all layers, and moves none.

    Notes
    -----
    The backward pass ends at the layer. The changed layer and all others merge into the
    network; the way past them stays in it.

    Departures from [1]_: there, the head reads :math:`h` beside the features; here
    :math:`h` is added to the features. Which layer is best is to be found by a search
    over `targets`; in the paper features of the target tell.

    It takes Sequential and functional networks.

    References
    ----------
    .. [1] Li et al. "Principled and efficient transfer learning of deep models via
       neural collapse." arXiv:2212.12206, 2022.

    Examples
    --------
    >>> from adapt.parameter_based import FineTuning
    >>> from adapt.parameter_based.tuners import SingleLayer
    >>> FineTuning(tuner=SingleLayer("block2/conv")).tuner
    SingleLayer(targets='block2/conv')
    """

    _parameter_constraints: dict = {"targets": TARGETS, "skip": ["boolean"]}

    def __init__(self, targets=None, *, skip=True):
        self.targets = targets
        self.skip = skip

    def values(self, base):
        """Return changes of all weights of the layer; parameters as in `Tuner.values`.

        Returns
        -------
        pairs : list of (list of keras.Variable, OtherValues)
            One.
        """
        return [(list(self._place(base).layer.weights), Offset())]

    def begin(self, base):
        """Return where the network is read; parameters as in `Tuner.begin`.

        Returns
        -------
        sites : Sites
            The layer; what it returns is `shared`.
        """
        return Sites.of([self._place(base)] if self.skip else [], [])

    def finish(self, state, y):
        """Return the output and what comes past it.

        Parameters as in `Tuner.finish`.

        Returns
        -------
        y : keras.KerasTensor
            Their sum.
        """
        return Past()([y, state.shared[-1]]) if self.skip else y

    def _place(self, base):
        check_graph(base, "SingleLayer")
        found = find(base, self.targets, _moves, "SingleLayer")
        if self.targets is None:
            return found[(len(found) - 1) // 2]
        if len(found) > 1:
            raise ValueError(
                f"`targets`={self.targets!r} of SingleLayer finds {len(found)} layers, "
                f"{[place.path for place in found[:8]]}. Give a pattern of one."
            )
        return found[0]


def _moves(place):
    """Return whether a layer gives channels, has weights, and its calls are known."""
    plain = place.is_a("dense", "conv", "attention")
    return place.called and (plain or isinstance(place.layer, layers.RNN))
