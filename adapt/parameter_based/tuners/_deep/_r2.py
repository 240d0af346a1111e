"""R2-Tuning: one block that reads the last layers of a network, from last to first."""

from numbers import Integral

import keras
from keras import ops

from adapt._sklearn import Interval, StrOptions
from adapt.parameter_based.tuners._deep._sides import (
    Side,
    SideBlock,
    SideTuner,
    aligned,
    built_dense,
    narrowed,
)
from adapt.parameter_based.tuners._deep._tuner import TARGETS

__all__ = ["R2Side", "R2Tuning"]


@keras.saving.register_keras_serializable("adapt")
class R2Side(Side):
    """The side network of `R2Tuning`; parameters are explained there.

    Parameters
    ----------
    reduction : int
    n_layers : int
    order : str
    **kwargs : object
        As for `keras.layers.Layer`.
    """

    def __init__(self, reduction=4, n_layers=4, order="last to first", **kwargs):
        super().__init__(**kwargs)
        self.reduction = reduction
        self.n_layers = n_layers
        self.order = order

    def _make(self, counts, channels):
        numbers = list(range(len(counts)))[-self.n_layers :]
        self.numbers = numbers[::-1] if self.order == "last to first" else numbers
        width = narrowed(channels[-1], self.reduction)
        # One for all layers of as many channels.
        self.maps = {
            str(channels[i]): built_dense(width, channels[i], f"map_{channels[i]}")
            for i in self.numbers
        }
        self.gates = [
            self.add_weight((), "zeros", name=f"gate_{i}") for i in self.numbers[1:]
        ]
        self.count = counts[self.numbers[0]]
        self.block = SideBlock(width, self.count != 1, name="block")
        self.block.build((None, None, width))
        return self.count, width

    def _side(self, taps):
        first, *rest = [
            aligned(
                self.maps[str(taps[i].shape[-1])](taps[i]), self.counts[i], self.count
            )
            for i in self.numbers
        ]
        state = self.block(first)
        for v, g in zip(rest, self.gates, strict=True):
            share = ops.sigmoid(g)
            state = self.block(share * v + (1 - share) * state)
        return state

    def get_config(self):
        own = {
            "reduction": self.reduction,
            "n_layers": self.n_layers,
            "order": self.order,
        }
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("adapt")
class R2Tuning(SideTuner):
    r"""One block that reads the last layers of a frozen network backwards [1]_.

    The outputs :math:`h_L, h_{L-1}, ..` are read from the last to the first of the last
    `n_layers`, by one map :math:`m` and one block :math:`b` that all of them share:

    .. math:: s_L = b(m(h_L)), \quad
              s_i = b(\sigma(g_i)\, m(h_i) + (1 - \sigma(g_i))\, s_{i+1})

    with :math:`g_i = 0` at the start. The output becomes :math:`y + U s`, with the last
    :math:`s`, averaged over time if :math:`y` has none, and :math:`U = 0` at the start.
    No gradient passes through the frozen network.

    Parameters
    ----------
    reduction : int, default=4
        By what the channels of the last layer are divided for the side network, which
        has at least 4.

    targets : str, list of str or None, default=None
        As in `Ladder`: where the network is read.

    n_layers : int, default=4
        How many of these places are read, the last ones.

    order : {"last to first", "first to last"}, default="last to first"
        In which order they are read.

    See Also
    --------
    Ladder : A block for each layer, from the first to the last.

    Notes
    -----
    Departures from [1]_: there, a query in words conditions what is read of a video;
    that part is left out, and so there is no call for the published form. The block is
    an attention of the time steps and two dense layers; without time, the latter alone.
    Layers of other numbers of channels have a map of their own, and numbers of time
    steps other than that of the layer read first are averaged over.

    It takes Sequential and functional networks.

    References
    ----------
    .. [1] Liu et al. "R2-Tuning: efficient image-to-video transfer learning for video
       temporal grounding." ECCV, 2024.

    Examples
    --------
    >>> from adapt.parameter_based import FineTuning
    >>> from adapt.parameter_based.tuners import R2Tuning
    >>> FineTuning(tuner=R2Tuning(n_layers=2)).tuner
    R2Tuning(n_layers=2)
    """

    _parameter_constraints: dict = {
        "reduction": [Interval(Integral, 1, None, closed="left")],
        "targets": TARGETS,
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "order": [StrOptions({"last to first", "first to last"})],
    }

    def __init__(self, reduction=4, targets=None, *, n_layers=4, order="last to first"):
        self.reduction = reduction
        self.targets = targets
        self.n_layers = n_layers
        self.order = order

    def _new_side(self):
        return R2Side(self.reduction, self.n_layers, self.order)
