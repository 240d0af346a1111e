"""Adapters of several sources in one network: how they get there."""

from pathlib import Path
from typing import Any, NamedTuple

import keras

from adapt.deep._base import DeepAdapter
from adapt.deep._engine import seeded, weights_of
from adapt.parameter_based._deep import _delta
from adapt.parameter_based.tuners._deep._bottlenecks import BottleneckTuner, Sites
from adapt.parameter_based.tuners._deep._tuned import Tuned
from adapt.parameter_based.tuners._deep._tuner import Tuner

__all__ = ["Kept", "SourceTuner"]


class Kept(NamedTuple):
    """A source of which a network holds the weights: what builds its adapters."""

    tuner: Tuner


class _Source(NamedTuple):
    """The adapters of one source in a network that is being built.

    Parameters
    ----------
    tuner : BottleneckTuner
        What builds them.

    sites : Sites
        Where they stand, under names of their own.

    number : int
        Of the source.

    given : dict of str to keras.layers.Layer, or None
        The layers to take the weights from, by name; None if these come later.
    """

    tuner: BottleneckTuner
    sites: Sites
    number: int
    given: dict | None

    def added(self, layer, args, y):
        """Return what this source adds to the outputs of a layer, frozen."""
        new = id(layer) not in self.sites.made
        z = self.tuner.added(self.sites, layer, args, y)
        if new and z is not None:
            for own in _layers_of(self.sites.made[id(layer)]):
                own.trainable = False
                if self.given is not None and own.weights:
                    name = own.name.replace(_tag(self.number), "", 1)
                    own.set_weights(weights_of(self.given[name]))
        return z


def _layers_of(parts):
    """Return the layers of an adapter."""
    found = []
    for part in parts:
        found += [part] if isinstance(part, keras.layers.Layer) else part.layers
    return found


def _tag(number):
    return f"_of_source_{number}"


def _tuner_of(source, number, title):
    """Return what builds the adapters of a source, or say why there are none."""
    if isinstance(source, Kept):
        return source.tuner
    if isinstance(source, str | Path):
        tuner = _delta.tuner_from(_delta.read(source)[0]["tuner"])
    elif isinstance(source, DeepAdapter):
        network = vars(source).get("encoder_")
        if not isinstance(network, Tuned):
            raise ValueError(
                f"`sources[{number}]` of {title} ({type(source).__name__}) has no "
                "adapters: fit it with `tuner=Adapters()`, or with an encoder that is "
                "tuned so."
            )
        tuner = network.tuner
    elif isinstance(source, Tuned):
        tuner = source.tuner
    else:
        raise TypeError(
            f"`sources[{number}]` of {title} must be a fitted model, a file that "
            f"`save_delta` has written, or a tuned network, got {source!r}."
        )
    if not isinstance(tuner, BottleneckTuner):
        raise ValueError(
            f"`sources[{number}]` of {title} was tuned by {type(tuner).__name__}. Only "
            "adapters can be composed: `Adapters`, `Compacter` and `ConvAdapter`."
        )
    return tuner


def _network_of(source, base, print_of_base, number, title):
    """Return the tuned network of a source, which must be upon the base."""
    if isinstance(source, str | Path):
        about, arrays = _delta.read(source)
        found = about["base"]
    else:
        network = source if isinstance(source, Tuned) else source.encoder_
        found = _delta.fingerprint(network.base)
    if found != print_of_base:
        raise ValueError(
            f"`sources[{number}]` of {title} was tuned on another network than the one "
            "given: layers or weights differ. Give the network that all sources were "
            "tuned on."
        )
    if isinstance(source, str | Path):
        with seeded(0):  # draws nothing from the seed of the network that is built
            network = Tuned(base, _delta.tuner_from(about["tuner"]))
        for w, array in zip(network.delta_weights, arrays["encoder"], strict=True):
            w.assign(array)
    return network


class SourceTuner(Tuner):
    """Base of tuners that compose the adapters of several sources, which are frozen.

    A subclass has the parameter ``sources``, and writes `_composition`.
    """

    inserts = True
    _parameter_constraints: dict = {"sources": [list, tuple]}

    def _composition(self, state, n_sources, name):
        """Return a layer from ``[h, f_1(h), .., f_S(h)]`` to what stands for ``h``."""
        raise NotImplementedError

    def _validate_params(self):
        super()._validate_params()
        title = type(self).__name__
        if not self.sources:
            raise ValueError(
                f"`sources` of {title} is empty. Give fitted models, files that "
                "`save_delta` has written, or tuned networks."
            )
        for number, source in enumerate(self.sources):
            _tuner_of(source, number, title)

    def begin(self, base):
        """Return the places of all adapters; parameters as in `Tuner.begin`.

        Returns
        -------
        sites : Sites
            The places, by their layers; the sources are `shared`.
        """
        title = type(self).__name__
        needed = any(not isinstance(source, Kept) for source in self.sources)
        print_of_base = _delta.fingerprint(base) if needed else None
        at, sources = {}, []
        for number, source in enumerate(self.sources):
            tuner = _tuner_of(source, number, title)
            given = None
            if not isinstance(source, Kept):
                network = _network_of(source, base, print_of_base, number, title)
                given = network.inserted
            sites = tuner.begin(base)
            at |= sites.at
            named = [
                place._replace(path=place.path + _tag(number))
                for place in sites.at.values()
            ]
            own = Sites.of(named, sites.shared)
            sources.append(_Source(tuner, own, number, given))
        return Sites.of(at.values(), sources)

    def around(self, state, layer, args, kwargs, call):
        """Return the outputs of a layer with the adapters of all sources.

        Parameters as in `Tuner.around`.

        Returns
        -------
        y : keras.KerasTensor
            Their composition.
        """
        y = call(*args, **kwargs)
        place = state.at.get(id(layer))
        if place is None:
            return y
        added = [source.added(layer, args, y) for source in state.shared]
        if all(z is None for z in added):
            return y
        missing = [number for number, z in enumerate(added) if z is None]
        if missing:
            raise ValueError(
                f"`sources[{missing[0]}]` of {type(self).__name__} has no adapter at "
                f"{place.path!r}, where other sources have one. Tune all sources with "
                "the same `targets` and `position`."
            )
        if id(layer) not in state.made:
            name = f"{place.name}_sources"
            made: Any = self._composition(state, len(added), name)
            state.made[id(layer)] = made
        return state.made[id(layer)]([y, *added])

    def finish(self, state, y):
        """Check that there is an adapter; parameters as in `Tuner.finish`.

        Returns
        -------
        y : keras.KerasTensor
            The output.
        """
        for source in state.shared:
            source.tuner.finish(source.sites, y)
        return y

    def kept(self):
        """Return this tuner without the models or files that the weights came from.

        Returns
        -------
        tuner : SourceTuner
            A new one.
        """
        title = type(self).__name__
        sources = [Kept(_tuner_of(s, i, title)) for i, s in enumerate(self.sources)]
        return type(self)(**{**self.get_params(deep=False), "sources": sources})

    def get_config(self):
        """Return the parameters, and what builds the adapters of each source.

        Returns
        -------
        config : dict
            Weights are not in it.
        """
        serialize = keras.saving.serialize_keras_object
        sources = [serialize(source.tuner) for source in self.kept().sources]
        return {**super().get_config(), "sources": sources}

    @classmethod
    def from_config(cls, config):
        """Return a tuner with the parameters in a config.

        Parameters
        ----------
        config : dict
            As `get_config` returns it.

        Returns
        -------
        tuner : SourceTuner
            A new one, for a network whose weights come afterwards.
        """
        restore = keras.saving.deserialize_keras_object
        sources = [Kept(restore(source)) for source in config["sources"]]
        return cls(**{**config, "sources": sources})

    def __sklearn_clone__(self):
        # Fitted models are inputs: a clone without what they know would be useless.
        return type(self)(**self.get_params(deep=False))
