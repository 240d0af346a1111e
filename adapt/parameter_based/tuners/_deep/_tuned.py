"""A frozen network with what a tuner adds to it."""

import keras
import numpy as np
from keras import ops
from sklearn.utils import check_random_state

from adapt.deep._engine import seeded
from adapt.deep._recipes import freeze, output_shape_of, prepare
from adapt.parameter_based.tuners._deep._merging import merged
from adapt.parameter_based.tuners._deep._places import check_graph, places, rewired

__all__ = ["Tuned", "tuned"]


class _Parts:
    """What a tuned network is made of. Keras does not look into it.

    Parameters
    ----------
    base : keras.Model
        The frozen network.
    """

    def __init__(self, base):
        self.base = base
        self.graph = base  # what is run: the base, or its layers with inserted ones
        self.replaced = []  # lists of variables of the base that get other values, and
        self.deltas = []  # for each list the layer that computes them
        self.inserted = []  # layers with weights that only the graph has
        self.still = []  # those of them that are frozen, too
        self.freed = set()  # ids of variables whose values are stored nowhere
        self.kept = []  # all variables that do not

    def other_values(self):
        """Return pairs of a variable and the value that it gets."""
        pairs = []
        for variables, layer in zip(self.replaced, self.deltas, strict=True):
            stored = [v for v in variables if id(v) not in self.freed]
            new = layer([ops.convert_to_tensor(v) for v in stored])
            for v, value in zip(variables, new, strict=True):
                pairs.append((v, ops.cast(value, v.dtype)))
        return pairs


@keras.saving.register_keras_serializable("adapt")
class Tuned(keras.Model):
    """A frozen network with what a tuner adds.

    Its trainable weights are those of the tuner alone. Whatever trains a Keras network
    trains these: `FineTuning`, any other deep method that gets it as ``encoder``, and
    Keras's own ``fit``.

    Parameters
    ----------
    base : keras.Model
        The network. It becomes a part of this one, and is frozen. Use `tuned` to leave
        it as it is.

    tuner : Tuner
        What is added, such as ``LoRA(rank=4)``.

    shape : tuple of int or None, default=None
        Shape of one sample. If None, the network knows it.

    **kwargs : object
        As for any `keras.Model`, such as ``name``.

    Raises
    ------
    ValueError
        If the network has no layer that the tuner can act on, or is no Sequential or
        functional one where the tuner inserts layers.

    See Also
    --------
    tuned : The same for a copy of a network.

    Notes
    -----
    The base counts as called in inference: batch normalisation uses the means and
    variances of the source, in training too.

    Examples
    --------
    >>> import keras
    >>> from adapt.parameter_based.tuners import BitFit, Tuned
    >>> body = [keras.layers.Dense(5, "relu"), keras.layers.Dense(2)]
    >>> network = Tuned(keras.Sequential([keras.Input((3,)), *body]), BitFit())
    >>> sum(w.shape[0] for w in network.trainable_weights)
    7
    """

    def __init__(self, base, tuner, shape=None, **kwargs):
        super().__init__(autocast=False, **kwargs)
        tuner._validate_params()
        self.shape = _shape_of(base) if shape is None else tuple(shape)
        self.tuner = tuner
        features = output_shape_of("base", base, self.shape)
        freeze(base)
        self._parts = parts = _Parts(base)
        self._replace_values()
        if tuner.inserts:
            self._insert_layers(features)
        self._layers.extend([base, *parts.deltas, *parts.inserted])
        self.tuner = tuner.kept()
        others = {id(v) for variables in parts.replaced for v in variables}
        every = {id(v): v for v in (*base.variables, *self.variables)}
        parts.kept = [v for v in every.values() if id(v) not in others]
        self.built = True

    def _replace_values(self):
        """Make the layers that compute other values of the base's weights."""
        parts = self._parts
        taken = set()
        for variables, layer in self.tuner.values(parts.base):
            twice = [v.path for v in variables if id(v) in taken]
            if twice:
                raise ValueError(
                    f"Two tuners act on the weight {twice[0]!r}. Give them other "
                    "`targets`."
                )
            taken |= {id(v) for v in variables}
            layer.build([tuple(v.shape) for v in variables])
            parts.replaced.append(variables)
            parts.deltas.append(layer)
            if layer.replaces:
                layer.take([ops.convert_to_numpy(v) for v in variables])
                parts.freed |= {id(v) for v in variables}
        self._free()

    def _free(self):
        """Drop values that are computed from other weights, in memory and in files."""
        freed = self._parts.freed
        for place in places(self._parts.base) if freed else ():
            own = place.own()
            kept = [v for v in own if id(v) not in freed]
            for v in own:
                if id(v) in freed:
                    v._value = None
            if len(kept) < len(own):
                _store_only(place.layer, kept)

    def _insert_layers(self, features):
        """Build the graph again, with the calls that the tuner changes."""
        parts, tuner = self._parts, self.tuner
        title = type(tuner).__name__
        check_graph(parts.base, title)
        state = tuner.begin(parts.base)

        def visit(layer, args, kwargs, call):
            return tuner.around(state, layer, args, kwargs, call)

        inputs, outputs = rewired(parts.base, visit)
        outputs = tuner.finish(state, outputs)
        if tuple(outputs.shape[1:]) != tuple(features):
            raise ValueError(
                f"{title} changes the shape of the outputs from {tuple(features)} to "
                f"{tuple(outputs.shape[1:])}. Pool over time in the network, or take "
                "another tuner."
            )
        parts.graph = keras.Model(inputs, outputs, name=parts.base.name)
        held = {id(layer) for layer in parts.base._flatten_layers()}
        parts.inserted = [
            layer
            for layer in parts.graph.layers
            if id(layer) not in held and layer.variables
        ]
        parts.still = [layer for layer in parts.inserted if not layer.trainable]

    @property
    def base(self):
        """The frozen network."""
        return self._parts.base

    @property
    def trainable(self):
        """Whether the weights of the tuner are trained; those of the base never are."""
        return self._trainable

    @trainable.setter
    def trainable(self, value):
        keras.Model.trainable.fset(self, value)
        if "_parts" in self.__dict__:
            for layer in (self._parts.base, *self._parts.still):
                freeze(layer)

    # Keras's own lists, without variables whose values are stored nowhere.

    @property
    def variables(self):
        return [v for v in super().variables if id(v) not in self._freed]

    @property
    def weights(self):
        return [v for v in super().weights if id(v) not in self._freed]

    @property
    def _freed(self):
        return self._parts.freed if "_parts" in self.__dict__ else ()

    @property
    def inserted(self):
        """The layers with weights that the tuner has inserted, by their names."""
        return {layer.name: layer for layer in self._parts.inserted}

    @property
    def delta_weights(self):
        """What tells this network from its base: a list of `keras.Variable`."""
        parts = self._parts
        every = [w for layer in parts.deltas for w in layer.new_weights]
        every += [w for layer in parts.inserted for w in layer.weights]
        return list({id(w): w for w in every}.values())

    def call(self, x, training=None):
        """Return the outputs for rows.

        Parameters
        ----------
        x : tensor of shape (n_rows, ...)
            Rows.

        training : bool or None, default=None
            Whether this is a step of a training.

        Returns
        -------
        y : tensor of shape (n_rows, ...)
            Outputs.
        """
        parts = self._parts
        if not parts.deltas:
            return parts.graph(x, training=training)
        # A scope within a scope sees nothing of the outer one: it gets all values.
        pairs = [*parts.other_values(), *((v, v.value) for v in parts.kept)]
        with keras.StatelessScope(pairs) as scope:
            before = [scope.get_current_value(v) for v in parts.kept]
            y = parts.graph(x, training=training)
            after = [scope.get_current_value(v) for v in parts.kept]
        for v, old, new in zip(parts.kept, before, after, strict=True):
            if new is not old:  # seeds of dropout
                v.assign(new)
        return y

    def settle(self):
        """Drop the weights that the tuner has not chosen, once it is trained.

        Tuners that choose nothing, which are all but `SWR`, stay as they are.
        `FineTuning` calls it at the end of a fit.
        """
        for layer in self._parts.deltas:
            layer.settle()

    def merged(self):
        """Return a network that computes the same without the tuner.

        Returns
        -------
        network : keras.Model
            A new one, trainable. Layers that the tuner has inserted stay in it, unless
            a layer of Keras computes the same.
        """
        parts = self._parts
        others = {
            id(v): np.array(ops.convert_to_numpy(value))
            for v, value in parts.other_values()
        }
        return merged(parts.graph, others, self.shape)

    def get_config(self):
        """Return the config of this network, without its weights.

        Returns
        -------
        config : dict
            Arguments of the constructor.
        """
        return {
            "name": self.name,
            "base": keras.saving.serialize_keras_object(self._parts.base),
            "tuner": keras.saving.serialize_keras_object(self.tuner),
            "shape": list(self.shape),
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Return a network as `get_config` describes it.

        Parameters
        ----------
        config : dict
            As `get_config` returns it.

        custom_objects : dict or None, default=None
            Classes by name, as Keras has it.

        Returns
        -------
        network : Tuned
            A new one.
        """
        config = dict(config)
        for name in "base", "tuner":
            config[name] = keras.saving.deserialize_keras_object(
                config[name], custom_objects
            )
        return cls(**config)


def _shape_of(network):
    """Return the shape of a sample, from a network that knows it."""
    try:
        return tuple(network.input_shape[1:])
    except (AttributeError, ValueError, TypeError) as error:
        raise ValueError(
            f"The network ({type(network).__name__}) does not know the shape of a "
            "sample: give `shape`."
        ) from error


def _store_only(layer, weights):
    """Let a layer save and load some of its weights, for the others are gone."""

    def save(store):
        for i, w in enumerate(weights):
            store[str(i)] = w

    def load(store):
        for i, w in enumerate(weights):
            w.assign(store[str(i)])

    layer.save_own_variables, layer.load_own_variables = save, load


def tuned(network, tuner, shape=None, *, random_state=None):
    """Return a copy of a network, frozen, with what a tuner adds.

    Parameters
    ----------
    network : keras.Model
        The network. It is left as it is.

    tuner : Tuner
        What is added, such as ``LoRA(rank=4)``.

    shape : tuple of int or None, default=None
        Shape of one sample. If None, the network knows it.

    random_state : int, RandomState instance or None, default=None
        Seeds the new weights.

    Returns
    -------
    network : Tuned
        The copy. Before it is trained it computes what the network computes, unless the
        tuner says otherwise.

    Raises
    ------
    ValueError
        If Keras cannot copy the network, or the tuner finds no layer to act on.

    Examples
    --------
    >>> from adapt.deep import default_encoder
    >>> from adapt.feature_based import DeepCORAL
    >>> from adapt.parameter_based.tuners import LoRA, tuned
    >>> network = tuned(default_encoder((2,)), LoRA(rank=1), random_state=0)
    >>> DeepCORAL(encoder=network).encoder.tuner
    LoRA(rank=1)
    """
    rng = check_random_state(random_state)
    shape = _shape_of(network) if shape is None else tuple(shape)
    base, _, _ = prepare("network", network, None, shape, rng=rng)
    with seeded(rng.randint(2**31 - 1)):
        return Tuned(base, tuner, shape)
