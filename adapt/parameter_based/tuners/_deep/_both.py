"""Several tuners on one network."""

import keras

from adapt.parameter_based.tuners._deep._tuner import Tuner

__all__ = ["Both"]


@keras.saving.register_keras_serializable("adapt")
class Both(Tuner):
    """Several tuners on one network, such as a prefix and adapters (MAM [1]_).

    Parameters
    ----------
    tuners : list of Tuner, default=()
        The tuners. Around one layer, the first acts first. No two may act on the same
        weight.

    References
    ----------
    .. [1] He et al. "Towards a unified view of parameter-efficient transfer learning."
       ICLR, 2022.

    Examples
    --------
    >>> from adapt.parameter_based import FineTuning
    >>> from adapt.parameter_based.tuners import Adapters, Both, Prefix
    >>> mam = Both([Prefix(8), Adapters(8, position="parallel", scale=4.0)])
    >>> len(FineTuning(tuner=mam).tuner.tuners)
    2
    """

    _parameter_constraints: dict = {"tuners": [list, tuple]}

    def __init__(self, tuners=()):
        self.tuners = tuners

    def _validate_params(self):
        super()._validate_params()
        if not self.tuners or not all(isinstance(t, Tuner) for t in self.tuners):
            raise ValueError(
                f"`tuners` must hold one or more tuners, got {self.tuners!r}."
            )
        for tuner in self.tuners:
            tuner._validate_params()

    @property
    def inserts(self):
        """Whether one of them inserts layers."""
        return any(tuner.inserts for tuner in self.tuners)

    def values(self, base):
        """Return the other values of all; parameters as in `Tuner.values`.

        Returns
        -------
        pairs : list of (list of keras.Variable, OtherValues)
            Those of the first tuner first.
        """
        return [pair for tuner in self.tuners for pair in tuner.values(base)]

    def begin(self, base):
        """Return what each shares in one network; parameters as in `Tuner.begin`.

        Returns
        -------
        state : list
            One entry for each tuner.
        """
        return [tuner.begin(base) if tuner.inserts else None for tuner in self.tuners]

    def around(self, state, layer, args, kwargs, call):
        """Return what all put in place of a call; parameters as in `Tuner.around`.

        Returns
        -------
        y : keras.KerasTensor
            What the last returns, of what the one before returns.
        """
        for tuner, own in zip(self.tuners, state, strict=True):
            call = _around(tuner, own, layer, call)
        return call(*args, **kwargs)

    def finish(self, state, y):
        """Return what all put in place of the output; parameters as in `Tuner.finish`.

        Returns
        -------
        y : keras.KerasTensor
            Of the same shape.
        """
        for tuner, own in zip(self.tuners, state, strict=True):
            y = tuner.finish(own, y) if tuner.inserts else y
        return y

    def kept(self):
        """Return the tuners as each is kept.

        Returns
        -------
        tuner : Both
            A new one.
        """
        return Both([tuner.kept() for tuner in self.tuners])

    def get_config(self):
        """Return the tuners' configs, as Keras asks for them.

        Returns
        -------
        config : dict
            One entry.
        """
        serialize = keras.saving.serialize_keras_object
        return {"tuners": [serialize(tuner) for tuner in self.tuners]}

    @classmethod
    def from_config(cls, config):
        """Return the tuners in a config.

        Parameters
        ----------
        config : dict
            As `get_config` returns it.

        Returns
        -------
        tuner : Both
            A new one.
        """
        restore = keras.saving.deserialize_keras_object
        return cls([restore(tuner) for tuner in config["tuners"]])


def _around(tuner, state, layer, call):
    return lambda *args, **kwargs: tuner.around(state, layer, args, kwargs, call)
