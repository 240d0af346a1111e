"""LoRA: the change of a kernel is a product of two narrow matrices."""

from numbers import Integral, Real

import keras
import numpy as np
from keras import layers, ops

from adapt._sklearn import Interval, StrOptions
from adapt.parameter_based.tuners._deep._codes import decoded, encoded, stored_shapes
from adapt.parameter_based.tuners._deep._layers import Drawn, OtherValues
from adapt.parameter_based.tuners._deep._places import find
from adapt.parameter_based.tuners._deep._tuner import TARGETS, Tuner

__all__ = ["LoRA", "LowRank", "has_kernel", "n_inputs"]


def n_inputs(layer, kernel):
    """Return how many leading axes of a kernel are summed over."""
    if isinstance(layer, layers.EinsumDense):
        given, out = layer.equation.split("->")
        axes = given.split(",")[1]
        summed = [axis not in out for axis in axes]
        n = sum(summed)
        if all(summed[:n]) and 0 < n < len(axes):
            return n
    return len(kernel.shape) - 1


def has_kernel(place):
    """Return whether a layer has a kernel that is a matrix from inputs to outputs."""
    plain = place.is_a("dense", "conv", "recurrent", "embedding")
    return plain and any(_is_kernel(v) for v in place.own())


def _is_kernel(v):
    # A bias of a GRU has two axes, too.
    return len(v.shape) > 1 and "bias" not in v.name


class LowRank(OtherValues):
    """``W + scale * reshape(A B)``, with ``B = 0`` at the start.

    Parameters
    ----------
    rank : int
        Columns of ``A``, at most as many as ``W`` has rows or columns.

    scale : float
        Factor of the product, held in a weight.

    split : int
        Number of axes of ``W`` that count as rows.

    **kwargs : object
        As for `keras.layers.Layer`.
    """

    def __init__(self, rank, scale, split, **kwargs):
        super().__init__(**kwargs)
        self.rank = rank
        self.start = float(scale)
        self.split = split

    def build(self, shapes):
        (self.shape,) = shapes
        rows = int(np.prod(self.shape[: self.split]))
        columns = int(np.prod(self.shape[self.split :]))
        rank = min(self.rank, rows, columns)
        self.a = self.add_weight((rows, rank), Drawn(rows), name="a")
        self.b = self.add_weight((rank, columns), "zeros", name="b")
        start = keras.initializers.Constant(self.start)
        self.scale = self.add_weight((), start, trainable=False, name="scale")
        self.built = True

    def change(self):
        """Return what is added."""
        return self.scale * ops.reshape(ops.matmul(self.a, self.b), self.shape)

    def call(self, values):
        return [values[0] + self.change()]


class LowRankOnCodes(LowRank):
    """The same, of a kernel that is held as codes of few bits.

    Parameters
    ----------
    form : {"nf4", "int8"}
        The codes.

    *args, **kwargs : object
        As for `LowRank`.
    """

    replaces = True

    def __init__(self, form, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.form = form

    def build(self, shapes):
        super().build(shapes)
        self.built = False
        (codes, of_codes), (scales, of_scales) = stored_shapes(self.shape, self.form)
        options = {"initializer": "zeros", "trainable": False}
        self.codes = self.add_weight(codes, dtype=of_codes, name="codes", **options)
        self.scales = self.add_weight(scales, dtype=of_scales, name="scales", **options)
        self.built = True

    def take(self, values):
        codes, scales = encoded(values[0], self.form)
        self.codes.assign(codes)
        self.scales.assign(scales)

    @property
    def new_weights(self):
        return [self.a, self.b, self.scale]

    def call(self, values):
        kernel = decoded(self.codes, self.scales, self.shape, self.form)
        return [kernel + self.change()]


@keras.saving.register_keras_serializable("adapt")
class LoRA(Tuner):
    r"""Low-rank updates of kernels [1]_.

    A kernel :math:`W` becomes :math:`W + \frac{\alpha}{r} A B`, with :math:`A` of
    :math:`r` columns, drawn at random, and :math:`B` of :math:`r` rows, 0 at the start.
    The kernel of a convolution counts as the matrix from all inputs under its window to
    the channels, that of an attention as the matrix from all that is summed up to the
    heads.

    Parameters
    ----------
    rank : int, default=8
        Columns of :math:`A`. A kernel with fewer rows or columns takes these.

    targets : str, list of str or None, default=None
        The layers to act on: kinds ("dense", "conv", "attention", "recurrent",
        "embedding"), or regular expressions that are searched in the paths of layers,
        such as "block[01]/.*query". If None, every layer with a kernel.

    alpha : float or None, default=None
        The update is multiplied by ``alpha / rank``. If None, by 1. No value compiles
        anything again.

    quantize : {"nf4", "int8"} or None, default=None
        How the frozen kernels are held in memory and in files [2]_: in 4 bits, as one
        of 16 quantiles of a normal distribution with a scale for each 64 numbers; in 8
        bits, with a scale for each channel; or as they are. The network then computes
        slightly other outputs from the start.

    See Also
    --------
    BitFit : Biases alone.
    Scaling : A factor for each output.

    Notes
    -----
    It takes any network, and merges into it exactly. The gradient of the whole kernel
    is formed before that of :math:`A` and :math:`B`, so that a step takes about the
    time and the memory of one in which all weights move; the optimizer keeps the
    moments of :math:`A` and :math:`B` alone.

    `quantize` makes what is stored smaller, not the peak of a training: each step
    computes the kernels from their codes. Codes of 4 bits take .14 of the bytes, codes
    of 8 bits .26. A merged network has kernels of floats again, those that :math:`A`
    and :math:`B` were trained on. The scales of the codes are not quantised again, as
    they are in [2]_.

    References
    ----------
    .. [1] Hu et al. "LoRA: low-rank adaptation of large language models." ICLR, 2022.

    .. [2] Dettmers et al. "QLoRA: efficient finetuning of quantized LLMs." NeurIPS,
       2023.

    Examples
    --------
    >>> from adapt.datasets import make_classification_da
    >>> from adapt.parameter_based import FineTuning
    >>> from adapt.parameter_based.tuners import LoRA
    >>> Xs, ys, Xt, yt = make_classification_da()
    >>> model = FineTuning(tuner=LoRA(rank=2), epochs=5, random_state=0)
    >>> model.fit(Xs, ys, Xt[:10], yt[:10]).predict(Xt).shape
    (100,)
    """

    _in_weights = ("alpha",)
    _parameter_constraints: dict = {
        "rank": [Interval(Integral, 1, None, closed="left")],
        "targets": TARGETS,
        "alpha": [Interval(Real, 0, None, closed="neither"), None],
        "quantize": [StrOptions({"nf4", "int8"}), None],
    }

    def __init__(self, rank=8, targets=None, *, alpha=None, quantize=None):
        self.rank = rank
        self.targets = targets
        self.alpha = alpha
        self.quantize = quantize

    def values(self, base):
        """Return low-rank updates of kernels; parameters as in `Tuner.values`.

        Returns
        -------
        pairs : list of (list of keras.Variable, OtherValues)
            One for each kernel.
        """
        return [
            ([v], self._update(n_inputs(place.layer, v)))
            for place in find(base, self.targets, has_kernel, "LoRA")
            for v in place.own()
            if _is_kernel(v)
        ]

    def _update(self, split):
        """Return the layer for a kernel of which so many axes count as rows."""
        scale = 1.0 if self.alpha is None else self.alpha / self.rank
        if self.quantize is None:
            return LowRank(self.rank, scale, split)
        return LowRankOnCodes(self.quantize, self.rank, scale, split)
