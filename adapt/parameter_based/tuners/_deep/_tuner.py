"""The base of tuners: parameters, and the hooks by which one changes a network."""

from sklearn.base import BaseEstimator

__all__ = ["TARGETS", "Tuner"]

TARGETS = [str, list, tuple, None]  # what `targets` may be


class Tuner(BaseEstimator):
    """Base of tuners: what is trained in place of the weights of a network.

    A tuner has parameters and no state: the weights are those of the `Tuned` network.
    A subclass registers itself with Keras, and writes the hooks that it needs:

    ================================= ================================================
    ``values(base)``                  Other values for weights of layers
    ``begin(base)``                   What `around` and `finish` share in one network
    ``around(state, layer, ...)``     What stands in place of the call of a layer
    ``finish(state, y)``              What stands in place of the output
    ================================= ================================================

    The last three take a Sequential or functional network, and ``inserts = True``.
    """

    inserts = False
    # Parameters that are kept in weights: programs are compiled once for all values.
    _in_weights: tuple[str, ...] = ()
    _parameter_constraints: dict = {}

    def values(self, base):
        """Return which weights of a network have other values.

        Parameters
        ----------
        base : keras.Model
            The frozen network, built.

        Returns
        -------
        pairs : list of (list of keras.Variable, OtherValues)
            Variables of the network, each at most once, and the layer that computes
            what they are replaced by from what they are.
        """
        return []

    def begin(self, base):
        """Return what the other hooks share while one network is changed.

        Parameters
        ----------
        base : keras.Model
            The frozen network, built.

        Returns
        -------
        state : object
            Such as the layers to act on, and layers that are made once.
        """

    def around(self, state, layer, args, kwargs, call):
        """Return what stands in place of the call of a layer.

        Parameters
        ----------
        state : object
            What `begin` has returned.

        layer : keras.layers.Layer or keras.Operation
            A layer of the network, or an operation such as a plus sign.

        args, kwargs : tuple, dict
            The symbolic tensors, and options, that it is called with.

        call : callable
            ``call(*args, **kwargs)`` calls it.

        Returns
        -------
        y : keras.KerasTensor
            What the layers that follow get.
        """
        return call(*args, **kwargs)

    def finish(self, state, y):
        """Return what stands in place of the output of the network.

        Parameters
        ----------
        state : object
            What `begin` has returned.

        y : keras.KerasTensor
            The output.

        Returns
        -------
        y : keras.KerasTensor
            Of the same shape.
        """
        return y

    def kept(self):
        """Return what a network that has this tuner keeps of it, to be built again.

        Returns
        -------
        tuner : Tuner
            This one, unless it holds what the network has taken over.
        """
        return self

    def get_config(self):
        """Return the parameters, as Keras asks for it.

        Returns
        -------
        config : dict
            Those that weights hold stand apart, under "in_weights".
        """
        config = self.get_params(deep=False)
        apart = {name: config.pop(name) for name in self._in_weights}
        return {**config, "in_weights": apart} if apart else config

    @classmethod
    def from_config(cls, config):
        """Return a tuner with the parameters in a config.

        Parameters
        ----------
        config : dict
            As `get_config` returns it.

        Returns
        -------
        tuner : Tuner
            A new one.
        """
        config = dict(config)
        return cls(**config.pop("in_weights", {}), **config)
