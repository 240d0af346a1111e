"""Adapters: bottlenecks beside the layers of a frozen network."""

from numbers import Integral, Real

import keras

from adapt._sklearn import Interval, StrOptions
from adapt.parameter_based.tuners._deep._bottlenecks import (
    BottleneckTuner,
    conv_parts,
    dense_parts,
    kronecker_parts,
)
from adapt.parameter_based.tuners._deep._kronecker import SharedFactors
from adapt.parameter_based.tuners._deep._tuner import TARGETS

__all__ = ["Adapters", "Compacter", "ConvAdapter"]

_SHARED: dict = {
    "width": [Interval(Integral, 1, None, closed="left")],
    "targets": TARGETS,
    "position": [StrOptions({"sequential", "parallel"})],
    "activation": [str, None],
    "scale": [Interval(Real, 0, None, closed="neither")],
    "norm": ["boolean"],
}


@keras.saving.register_keras_serializable("adapt")
class Adapters(BottleneckTuner):
    r"""Bottlenecks of two dense layers beside frozen ones [1]_ [2]_.

    The output :math:`h` of a layer becomes :math:`h + s\, U a(D h)` with an activation
    :math:`a`, or :math:`h + s\, U a(D x)` from the layer's input :math:`x`. The matrix
    :math:`U` is 0 at the start.

    Parameters
    ----------
    width : int, default=8
        Units of the bottleneck.

    targets : str, list of str or None, default=None
        The layers to act on: kinds ("residual", "dense", "conv", "attention"), or
        regular expressions that are searched in the paths of layers. If None, the sums
        of residual blocks; in a network without such sums, all dense layers,
        convolutions, attentions and recurrent layers.

    position : {"sequential", "parallel"}, default="sequential"
        Whether an adapter gets the output of the layer, or its input [2]_. At a sum of
        a residual block, the input is that of the block.

    activation : str or None, default="relu"
        Name of the activation in the bottleneck, as Keras has it.

    scale : float, default=1.0
        Factor :math:`s`. Parallel adapters were published with 4 [2]_.

    norm : bool, default=False
        Whether the adapter normalises what it gets (layer normalisation).

    See Also
    --------
    Compacter : The same with fewer weights.
    ConvAdapter : Convolutions in the bottleneck.
    LoRA : Takes any network.

    Notes
    -----
    Departures from [1]_: one adapter a sum; in the paper two in each block, after the
    attention and after the dense layers, each before the sum. As published:
    ``Adapters(width, targets=[attention, dense])``, with patterns of the paths of these
    layers.

    It takes Sequential and functional networks. Sequential adapters behind ReLU layers
    of a perceptron gained nothing over training the head alone: take
    ``position="parallel"`` there, or `LoRA`.

    References
    ----------
    .. [1] Houlsby et al. "Parameter-efficient transfer learning for NLP." ICML, 2019.

    .. [2] He et al. "Towards a unified view of parameter-efficient transfer learning."
       ICLR, 2022.

    Examples
    --------
    >>> from adapt.parameter_based import FineTuning
    >>> from adapt.parameter_based.tuners import Adapters
    >>> FineTuning(tuner=Adapters(4, position="parallel")).tuner
    Adapters(position='parallel', width=4)
    """

    _parameter_constraints: dict = _SHARED

    def __init__(
        self,
        width=8,
        targets=None,
        *,
        position="sequential",
        activation="relu",
        scale=1.0,
        norm=False,
    ):
        self.width = width
        self.targets = targets
        self.position = position
        self.activation = activation
        self.scale = scale
        self.norm = norm

    def _parts(self, sites, name, x, units):
        return dense_parts(self.width, units, self.activation, name, x.shape[-1])


@keras.saving.register_keras_serializable("adapt")
class Compacter(BottleneckTuner):
    r"""Adapters whose kernels are sums of Kronecker products [1]_.

    A kernel is :math:`\sum_{i=1}^n A_i \otimes s_i t_i^T`, with small matrices
    :math:`A_i` that all adapters of the network share, and vectors :math:`s_i, t_i` of
    its own.

    Parameters
    ----------
    width : int, default=8
        Units of the bottleneck, a multiple of `divisions`.

    targets : str, list of str or None, default=None
        As in `Adapters`. The layers need numbers of channels that are multiples of
        `divisions`.

    divisions : int, default=4
        Number :math:`n` of products, and rows and columns of :math:`A_i`.

    position : {"sequential", "parallel"}, default="sequential"
        As in `Adapters`.

    activation : str or None, default="gelu"
        Name of the activation in the bottleneck, as Keras has it.

    scale : float, default=1.0
        Factor of what is added.

    norm : bool, default=False
        As in `Adapters`.

    See Also
    --------
    Adapters : The same with dense kernels.

    Notes
    -----
    An adapter of width w at c channels has about w + c numbers beside its biases, where
    `Adapters` has 2 w c. When the network is merged, its layers become dense ones.

    References
    ----------
    .. [1] Mahabadi, Henderson and Ruder. "Compacter: efficient low-rank hypercomplex
       adapter layers." NeurIPS, 2021.

    Examples
    --------
    >>> from adapt.parameter_based import FineTuning
    >>> from adapt.parameter_based.tuners import Compacter
    >>> FineTuning(tuner=Compacter(16)).tuner
    Compacter(width=16)
    """

    _parameter_constraints: dict = {
        **_SHARED,
        "divisions": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        width=8,
        targets=None,
        *,
        divisions=4,
        position="sequential",
        activation="gelu",
        scale=1.0,
        norm=False,
    ):
        self.width = width
        self.targets = targets
        self.divisions = divisions
        self.position = position
        self.activation = activation
        self.scale = scale
        self.norm = norm

    def _shared(self):
        return SharedFactors(self.divisions, name="shared_factors")

    def _parts(self, sites, name, x, units):
        return kronecker_parts(self.width, units, self.activation, name, sites.shared)


@keras.saving.register_keras_serializable("adapt")
class ConvAdapter(BottleneckTuner):
    """Adapters that see neighbouring time steps or pixels [1]_.

    A convolution over 3 steps to a few channels, one over 5 steps channel by channel,
    and one over 3 steps back, which is 0 at the start.

    Parameters
    ----------
    width : int, default=8
        Channels of the bottleneck.

    targets : str, list of str or None, default=None
        As in `Adapters`. If None, those of its layers that give series or images.

    position : {"sequential", "parallel"}, default="sequential"
        As in `Adapters`.

    activation : str or None, default="relu"
        Name of the activation in the bottleneck, as Keras has it.

    causal : bool, default=False
        Whether no step sees later ones, as in forecasting.

    gate : bool, default=False
        Whether each channel is multiplied by a number from 0 to 1, which comes from the
        means of all channels over the series or image (squeeze and excitation).

    scale : float, default=1.0
        Factor of what is added.

    norm : bool, default=False
        As in `Adapters`.

    See Also
    --------
    Adapters : See one step alone.

    Notes
    -----
    Departures from [1]_: the first and the last convolution mix all channels, in the
    paper those of a group; and there is neither the gate nor the normalisation of the
    input by default. Nearest to the paper is ``ConvAdapter(gate=True, norm=True)``.

    References
    ----------
    .. [1] Li et al. "Evaluating parameter-efficient transfer learning approaches on
       SURE benchmark for speech understanding." ICASSP, 2023.

    Examples
    --------
    >>> from adapt.parameter_based import FineTuning
    >>> from adapt.parameter_based.tuners import ConvAdapter
    >>> FineTuning(tuner=ConvAdapter(4, gate=True)).tuner
    ConvAdapter(gate=True, width=4)
    """

    _parameter_constraints: dict = {
        **_SHARED,
        "causal": ["boolean"],
        "gate": ["boolean"],
    }

    def __init__(
        self,
        width=8,
        targets=None,
        *,
        position="sequential",
        activation="relu",
        causal=False,
        gate=False,
        scale=1.0,
        norm=False,
    ):
        self.width = width
        self.targets = targets
        self.position = position
        self.activation = activation
        self.causal = causal
        self.gate = gate
        self.scale = scale
        self.norm = norm

    def begin(self, base):
        """Return where adapters stand; parameters as in `Tuner.begin`.

        Returns
        -------
        sites : Sites
            The places, by their layers.
        """
        if self.causal and self.gate:
            raise ValueError(
                "`gate` reads means over all time steps, which `causal` rules out: "
                "take one of them."
            )
        return super().begin(base)

    def _fits(self, y):
        return len(y.shape) in (3, 4)

    def _parts(self, sites, name, x, units):
        options = {"causal": self.causal, "gate": self.gate}
        return conv_parts(self.width, units, self.activation, name, x, **options)
