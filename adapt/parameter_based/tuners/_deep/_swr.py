"""SWR: the layers that get new weights are chosen while they are trained."""

from numbers import Real

import keras
import numpy as np
from keras import ops

from adapt._sklearn import Interval
from adapt.parameter_based.tuners._deep._layers import OtherValues
from adapt.parameter_based.tuners._deep._lora import has_kernel
from adapt.parameter_based.tuners._deep._places import find
from adapt.parameter_based.tuners._deep._tuner import TARGETS, Tuner

__all__ = ["SWR", "Chosen", "affordable", "chosen", "levels"]

_START = 0.2  # of the number that all layers share


def levels(policy, shares):
    """Return for each layer what decides about it; above 0 it is chosen.

    Parameters
    ----------
    policy : tensor of shape (n_layers + 1,)
        A number for each layer, and one for all at the end.

    shares : tensor of shape (n_layers,)
        What each layer takes. The numbers of layers count as far as they differ from
        their mean over weights, so that a layer rises if it does more for the loss,
        for its size, than all on average.
    """
    own = policy[:-1]
    return own - ops.sum(own * shares) / ops.sum(shares) + policy[-1]


def chosen(level):
    """Return 1 where a level is above 0, or else 0, with the slope of a sigmoid."""
    soft = ops.sigmoid(level)
    hard = ops.cast(level > 0, soft.dtype)
    return ops.stop_gradient(hard) + (soft - ops.stop_gradient(soft))


def affordable(level, shares, budget):
    """Return which layers are kept: those of the highest level that the budget holds.

    Parameters
    ----------
    level : ndarray of shape (n_layers,)
        Layers at or below 0 are not kept.

    shares : ndarray of shape (n_layers,)
        What each takes.

    budget : float
        What all that are kept may take.

    Returns
    -------
    kept : ndarray of bool of shape (n_layers,)
        One that does not fit any more is left out, and the next one is looked at.
    """
    kept = np.zeros(len(level), dtype=bool)
    for i in np.argsort(-level, kind="stable").tolist():
        total = shares[kept].sum() + shares[i]
        kept[i] = level[i] > 0 and total <= budget * (1 + 1e-6)
    return kept


class Excess(keras.regularizers.Regularizer):
    """What use beyond a budget costs: ``price * max(usage - share, 0) ** 2``.

    It moves the number that all layers share, and leaves their order to the task loss.

    Parameters
    ----------
    shares : ndarray of shape (n_layers,)
        What each layer takes.

    limits : keras.Variable of shape (2,)
        The budget, and the price.
    """

    def __init__(self, shares, limits):
        self.shares = shares
        self.limits = limits

    def __call__(self, policy):
        share, price = ops.unstack(ops.convert_to_tensor(self.limits), 2)
        shares = ops.convert_to_tensor(self.shares, dtype="float32")
        policy = ops.concatenate([ops.stop_gradient(policy[:-1]), policy[-1:]])
        usage = ops.sum(chosen(levels(policy, shares)) * shares)
        return price * ops.square(ops.relu(usage - share))


class Chosen(OtherValues):
    """``w + p_l d`` for all weights of each of some layers, ``d = 0`` at the start.

    Parameters
    ----------
    groups : list of int
        How many of the variables each layer has.

    n_weights : int
        How many numbers count as all.

    share : float
        Budget for the ``d`` that are kept, as a share of ``n_weights``.

    price : float
        Factor of the squared excess.

    **kwargs : object
        As for `keras.layers.Layer`.
    """

    def __init__(self, groups, n_weights, share, price, **kwargs):
        super().__init__(**kwargs)
        self.groups = np.repeat(np.arange(len(groups)), groups).tolist()
        self.n_weights = n_weights
        self.start = [float(share), float(price)]

    def build(self, shapes):
        sizes = [int(np.prod(shape)) for shape in shapes]
        self.shares = np.bincount(self.groups, sizes) / self.n_weights
        self.limits = self.add_weight(
            (2,), lambda shape, dtype: self.start, trainable=False, name="limits"
        )
        self.policy = self.add_weight(
            (len(self.shares) + 1,),
            lambda shape, dtype: [0.0] * len(self.shares) + [_START],
            regularizer=Excess(self.shares, self.limits),
            name="policy",
        )
        self.changes = [
            self.add_weight(shape, "zeros", name=f"change_{i}")
            for i, shape in enumerate(shapes)
        ]
        self.built = True

    def _levels(self):
        shares = ops.convert_to_tensor(self.shares, dtype="float32")
        return levels(ops.convert_to_tensor(self.policy), shares)

    def call(self, values):
        p = ops.unstack(chosen(self._levels()), len(self.shares))
        parts = zip(self.groups, values, self.changes, strict=True)
        return [value + p[i] * change for i, value, change in parts]

    def settle(self):
        """Drop what is not chosen, and what the budget does not hold."""
        level = ops.convert_to_numpy(self._levels())
        budget = ops.convert_to_numpy(self.limits)[0]
        kept = affordable(level, self.shares, budget)
        own = np.where(kept, 1.0, -1.0)
        self.policy.assign([*own, np.average(own, weights=self.shares)])
        for i, change in zip(self.groups, self.changes, strict=True):
            if not kept[i]:
                change.assign(ops.zeros(change.shape))


@keras.saving.register_keras_serializable("adapt")
class SWR(Tuner):
    r"""New weights for the few layers that need them, found while training (SWR [1]_).

    The weights of each layer :math:`l` become :math:`W_l + p_l D_l`, with
    :math:`D_l = 0` at the start and :math:`p_l` either 0 or 1, as a learned level
    :math:`a_l` is below or above 0. Where :math:`p_l` is differentiated, it counts as
    the sigmoid of :math:`a_l`. What is used beyond a budget :math:`\rho` is paid for in
    the loss:

    .. math:: L + \mu \max(u - \rho, 0)^2, \quad u = \sum_l p_l |D_l| / |W|

    with the numbers of weights :math:`|D_l|`, and :math:`|W|` of the whole network. All
    levels go down by what is paid; their order is up to the loss.

    Parameters
    ----------
    share : float, default=0.5
        The budget :math:`\rho`, as a share of all weights of the network. No value
        compiles anything again.

    targets : str, list of str or None, default=None
        The layers to choose from: kinds ("dense", "conv", "attention", "recurrent",
        "embedding"), or regular expressions that are searched in the paths of layers.
        If None, every layer with a kernel.

    price : float, default=1.0
        The factor :math:`\mu`. No value compiles anything again.

    See Also
    --------
    LoRA : Narrow updates of all kernels.
    SingleLayer : New weights for one layer, which you name.

    Notes
    -----
    `FineTuning` ends by `Tuned.settle`: changes that are not chosen are dropped, and of
    the others those with the lowest levels, until the rest fits the budget. With
    other methods, and Keras's own ``fit``, call it yourself. Dropped changes are zeros,
    which take no place in a delta file.

    It takes any network, and merges into it exactly, so that predictions cost what they
    cost before. A training takes the memory of a training of all weights, for all
    :math:`D_l` move; `n_trainable_` of `FineTuning` counts them.

    Departures from [1]_, of which the abstract was read: there a network proposes the
    :math:`p_l`, by a Gumbel softmax; here levels are
    :math:`a_l = c_l - \bar c + b`, with the mean :math:`\bar c` over weights, and
    without noise. They start at 0.2. The form of the penalty is ours.

    References
    ----------
    .. [1] Kim et al. "Scalable weight reparametrization for efficient transfer
       learning." arXiv:2302.13435, 2023.

    Examples
    --------
    >>> from adapt.parameter_based import FineTuning
    >>> from adapt.parameter_based.tuners import SWR
    >>> FineTuning(tuner=SWR(0.25)).tuner
    SWR(share=0.25)
    """

    _in_weights = ("share", "price")
    _parameter_constraints: dict = {
        "share": [Interval(Real, 0, 1, closed="right")],
        "targets": TARGETS,
        "price": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(self, share=0.5, targets=None, *, price=1.0):
        self.share = share
        self.targets = targets
        self.price = price

    def values(self, base):
        """Return changes of all layers; parameters as in `Tuner.values`.

        Returns
        -------
        pairs : list of (list of keras.Variable, OtherValues)
            One, with the weights of all layers.
        """
        places = find(base, self.targets, has_kernel, "SWR")
        groups = [place.own() for place in places]
        n_weights = _count(base.weights)
        least, smallest = min((_count(own), i) for i, own in enumerate(groups))
        if least > self.share * n_weights:
            raise ValueError(
                f"`share`={self.share} of the {n_weights} weights of the network holds "
                f"no layer: the smallest, {places[smallest].path!r}, has {least}. Give "
                f"a `share` of {least / n_weights:.2g} or more, or other `targets`."
            )
        numbers = [len(own) for own in groups]
        layer = Chosen(numbers, n_weights, self.share, self.price)
        return [([v for own in groups for v in own], layer)]


def _count(variables):
    return sum(int(np.prod(v.shape)) for v in variables)
