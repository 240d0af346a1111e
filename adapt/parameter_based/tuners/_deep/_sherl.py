"""SHERL: the last blocks of a network run on a summary of the early ones."""

from numbers import Integral

import keras
from keras import ops

from adapt._sklearn import Interval
from adapt.parameter_based.tuners._deep._bottlenecks import Sites, outputs_or_sums
from adapt.parameter_based.tuners._deep._layers import Drawn
from adapt.parameter_based.tuners._deep._sides import (
    NarrowedSide,
    SideTuner,
    aligned,
)
from adapt.parameter_based.tuners._deep._tuner import TARGETS

__all__ = ["SHERL", "SHERLSide", "without_repetition"]

_TINY = 1e-6


def without_repetition(features, scores):
    """Return the weights of features, the lower the more alike a feature is to others.

    Parameters
    ----------
    features : tensor of shape (..., n_features, width)
        What is to be summed up.

    scores : tensor of shape (..., n_features)
        How much each is worth by itself; negative ones count as 0.

    Returns
    -------
    weights : tensor of shape (..., n_features)
        Scores divided by the sums of positive cosines with all features, in sum 1.
    """
    length = ops.sqrt(ops.sum(ops.square(features), axis=-1, keepdims=True) + _TINY)
    unit = features / length
    cosines = ops.einsum("...iw,...jw->...ij", unit, unit)
    repetition = ops.sum(ops.relu(cosines), axis=-1)
    found = ops.relu(scores) / repetition
    return found / (ops.sum(found, axis=-1, keepdims=True) + _TINY)


@keras.saving.register_keras_serializable("adapt")
class SHERLSide(NarrowedSide):
    """The side network of `SHERL`; parameters as in `NarrowedSide`."""

    def _make(self, counts, channels):
        count, width = super()._make(counts, channels)
        if len(channels) > 1:
            self.score = self.add_weight((width,), Drawn(width), name="score")
        return count, width

    def _side(self, taps):
        read = self._narrowed(taps)
        last = read[-1]
        if len(taps) == 1:
            return ops.relu(last)
        pairs = zip(read, self.counts, strict=True)
        read = [aligned(f, n, self.counts[-1]) + 0 * last for f, n in pairs]
        features = ops.stack(read, axis=-2)  # (n_rows, n_tokens, n_blocks, width)
        scores = ops.matmul(features * last[:, :, None], self.score)
        weights = without_repetition(features, scores)
        return ops.relu(ops.sum(weights[..., None] * features, axis=-2) + last)


@keras.saving.register_keras_serializable("adapt")
class SHERL(SideTuner):
    r"""Early blocks in one summary, on which the last blocks run [1]_.

    Outputs :math:`h_i` of the early blocks are narrowed, and summed up with weights
    that are the smaller, the more a block repeats others:

    .. math:: f_i &= \mathrm{LN}(W_i h_i), \quad
              \rho_i = \sum_j \mathrm{relu}(\cos(f_i, f_j)), \quad
              a_i \propto \mathrm{relu}(w^T (f_i \circ f_M)) / \rho_i \\
              \tilde h_M &= h_M + U\, \mathrm{relu}(\textstyle\sum_i a_i f_i + f_M)

    The last `n_late` blocks of the frozen network get :math:`\tilde h_M` in place of
    :math:`h_M`, the output of the last early block; :math:`U = 0` at the start.
    Gradients pass through these late blocks alone.

    Parameters
    ----------
    reduction : int, default=4
        By what the channels of the last early block are divided, to at least 4.

    targets : str, list of str or None, default=None
        As in `Ladder`: where the network is read.

    n_late : int, default=1
        How many of these places are late. At 0, or if there is one place, the summary
        is added to the output.

    See Also
    --------
    Ladder : Passes no gradient through the network at all.
    UniPT : Attention over all blocks.

    Notes
    -----
    Departures from [1]_: there, :math:`h_M` has a gate that is 0 at the start, so that
    the late blocks first see the summary alone; here the network computes what it did,
    until it is trained. The weights of late blocks are frozen; ``Both([SHERL(),
    LoRA(targets=...)])`` with a pattern of their paths tunes them too. Blocks with
    other numbers of time steps than the last early one are averaged over them.

    It takes Sequential and functional networks.

    References
    ----------
    .. [1] Diao et al. "SHERL: synthesizing high accuracy and efficient memory for
       resource-limited transfer learning." ECCV, 2024.

    Examples
    --------
    >>> from adapt.parameter_based import FineTuning
    >>> from adapt.parameter_based.tuners import SHERL
    >>> FineTuning(tuner=SHERL(n_late=2)).tuner
    SHERL(n_late=2)
    """

    _parameter_constraints: dict = {
        "reduction": [Interval(Integral, 1, None, closed="left")],
        "targets": TARGETS,
        "n_late": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(self, reduction=4, targets=None, *, n_late=1):
        self.reduction = reduction
        self.targets = targets
        self.n_late = n_late

    def _new_side(self):
        return SHERLSide(self.reduction)

    def begin(self, base):
        """Return where the network is read; parameters as in `Tuner.begin`.

        Returns
        -------
        sites : Sites
            The early places, by their layers; what is read there is `shared`.
        """
        found = outputs_or_sums(base, self.targets, "SHERL")
        late = min(self.n_late, len(found) - 1)
        sites = Sites.of(found[: len(found) - late], [])
        if late:
            sites.made["last"] = id(found[-late - 1].layer)
        return sites

    def around(self, state, layer, args, kwargs, call):
        """Return what the layer returns, or the summary of all until it.

        Parameters as in `Tuner.around`.

        Returns
        -------
        y : keras.KerasTensor
            The outputs of the layer, and what is added to those of the last early one.
        """
        y = super().around(state, layer, args, kwargs, call)
        if state.made.get("last") == id(layer):
            del state.made["last"]
            state.made["done"] = True
            return self._new_side()([y, *state.shared])
        return y

    def finish(self, state, y):
        """Return the output, with the summary if no block is late.

        Parameters as in `Tuner.finish`.

        Returns
        -------
        y : keras.KerasTensor
            The output.
        """
        return y if "done" in state.made else super().finish(state, y)
