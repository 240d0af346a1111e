"""Prompt: learned time steps in front of those of a series."""

from numbers import Integral

import keras
from keras import layers

from adapt._sklearn import Interval
from adapt.parameter_based.tuners._deep._bottlenecks import Sites
from adapt.parameter_based.tuners._deep._places import find, places
from adapt.parameter_based.tuners._deep._prefix import Tokens
from adapt.parameter_based.tuners._deep._tuner import TARGETS, Tuner

__all__ = ["Prompt"]


@keras.saving.register_keras_serializable("adapt")
class Prompt(Tuner):
    """Learned time steps in front of the outputs of a layer [1]_.

    Parameters
    ----------
    length : int, default=8
        Number of time steps.

    targets : str or list of str, default=None
        After which layer they come, such as the one that embeds: regular expressions
        that are searched in the paths of layers, or kinds. It has to be given.

    See Also
    --------
    Prefix : Learned keys and values for each attention.

    Notes
    -----
    The layers that follow have to take series of any length, and something has to pool
    over time. A tuned network computes other outputs than the frozen one from the
    start, unlike with other tuners.

    References
    ----------
    .. [1] Lester, Al-Rfou and Constant. "The power of scale for parameter-efficient
       prompt tuning." EMNLP, 2021.

    Examples
    --------
    >>> from adapt.parameter_based import FineTuning
    >>> from adapt.parameter_based.tuners import Prompt
    >>> FineTuning(tuner=Prompt(4, targets="embed")).tuner
    Prompt(length=4, targets='embed')
    """

    inserts = True
    _parameter_constraints: dict = {
        "length": [Interval(Integral, 1, None, closed="left")],
        "targets": TARGETS,
    }

    def __init__(self, length=8, targets=None):
        self.length = length
        self.targets = targets

    def begin(self, base):
        """Return where the steps come; parameters as in `Tuner.begin`.

        Returns
        -------
        sites : Sites
            The places, by their layers.
        """
        if self.targets is None:
            paths = [place.path for place in places(base) if place.called]
            raise ValueError(
                "`targets` of Prompt must say after which layer the time steps come, "
                f"such as the one that embeds: one of {paths[:12]}."
            )
        found = find(base, self.targets, lambda place: place.called, "Prompt")
        return Sites.of(found)

    def around(self, state, layer, args, kwargs, call):
        """Return the learned steps and the outputs of a layer.

        Parameters as in `Tuner.around`.

        Returns
        -------
        y : keras.KerasTensor
            A longer series.
        """
        y = call(*args, **kwargs)
        place = state.at.get(id(layer))
        if place is None:
            return y
        self.check_series(place, y)
        if id(layer) not in state.made:
            name = f"{place.name}_prompt"
            state.made[id(layer)] = Tokens(self.length, y.shape[-1], name=name)
        return layers.Concatenate(axis=1)([state.made[id(layer)](y), y])

    def check_series(self, place, y):
        """Refuse a place whose outputs are no series.

        Parameters
        ----------
        place : Place
            The place.

        y : keras.KerasTensor
            The outputs of its layer.
        """
        if len(y.shape) != 3:
            raise ValueError(
                f"Prompt takes series, but the layer {place.path!r} gives samples of "
                f"shape {tuple(y.shape[1:])}. Give other `targets`."
            )
