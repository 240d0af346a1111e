"""One frozen network with tuners of several tasks."""

import keras
from keras import layers

from adapt.deep._recipes import freeze
from adapt.parameter_based.tuners._deep._adapters import Adapters
from adapt.parameter_based.tuners._deep._places import check_graph, rewired
from adapt.parameter_based.tuners._deep._prompt import Prompt
from adapt.parameter_based.tuners._deep._task_layers import (
    AdapterHypernetwork,
    TaskAdapter,
    TaskDense,
    TaskTokens,
)

__all__ = ["SHARING", "check_sharing", "multi_task_network"]

SHARING = {
    Adapters: ("none", "half", "full", "hypernetwork"),
    Prompt: ("none", "full", "low-rank"),
}


def check_sharing(tuner, sharing):
    """Refuse tuners that tasks cannot have, and what they cannot share."""
    known = SHARING.get(type(tuner))
    if known is None:
        raise ValueError(
            f"`tuner` of MultiTaskTuning must be `Adapters` or `Prompt`, got {tuner!r}."
        )
    if sharing not in known:
        raise ValueError(
            f"`sharing`={sharing!r} is not for {type(tuner).__name__}, which takes "
            f"{', '.join(map(repr, known))}."
        )
    if sharing == "hypernetwork" and tuner.norm:
        raise ValueError("`sharing='hypernetwork'` takes adapters with `norm=False`.")


def _for_adapters(base, tuner, sharing, n_tasks, embedding):
    """Return a function from the number of a task to what stands in place of calls."""
    sites = tuner.begin(base)
    sizes = {}

    def measure(place, x, units):
        sizes[id(place.layer)] = int(x.shape[-1]), int(units)

    rewired(base, _with_adapters(tuner, sites, measure))
    tuner.finish(sites._replace(made=sizes), None)
    if sharing == "hypernetwork":
        parts = tuner.width, embedding, tuner.activation, tuner.scale
        same = AdapterHypernetwork(
            n_tasks, list(sizes.values()), *parts, name="hypernetwork"
        )
        made = {key: (same, {"place": i}) for i, key in enumerate(sizes)}
    else:
        n = n_tasks if sharing == "none" else 1, 1 if sharing == "full" else n_tasks
        made = {}
        for key, (_, units) in sizes.items():
            name = f"{sites.at[key].name}_adapter"
            own = tuner.width, units, tuner.activation, tuner.scale, tuner.norm
            made[key] = TaskAdapter(*n, *own, name=name), {}

    def of_task(task):
        def adapter(place, x, units):
            layer, options = made[id(place.layer)]
            return layer(x, task=task, **options)

        return _with_adapters(tuner, sites, adapter)

    return of_task


def _with_adapters(tuner, sites, adapter):
    """Return what stands in place of calls: outputs and those of ``adapter``."""

    def visit(layer, args, kwargs, call):
        y = call(*args, **kwargs)
        z = tuner.added(sites, layer, args, y, adapter)
        return y if z is None else layers.Add()([y, z])

    return visit


def _for_prompts(base, tuner, sharing, n_tasks):
    """Return the same for prompts."""
    sites = tuner.begin(base)

    def of_task(task):
        def visit(layer, args, kwargs, call):
            y = call(*args, **kwargs)
            place = sites.at.get(id(layer))
            if place is None:
                return y
            tuner.check_series(place, y)
            if id(layer) not in sites.made:
                own = TaskTokens(n_tasks, tuner.length, sharing, name=f"{place.name}_p")
                sites.made[id(layer)] = own
            tokens = sites.made[id(layer)](y, task=task)
            return layers.Concatenate(axis=1)([tokens, y])

        return visit

    return of_task


def multi_task_network(base, tuner, sharing, n_tasks, n_heads, n_outputs, embedding):
    """Return a network from the rows of each task to its outputs, and its heads.

    Parameters
    ----------
    base : keras.Model
        The network from rows to features. It is frozen, and its layers are shared.

    tuner : Adapters or Prompt
        What each task gets.

    sharing : str
        What tasks share of it, see `SHARING`.

    n_tasks, n_heads, n_outputs : int
        Numbers of tasks, of heads, and of outputs of each head.

    embedding : int
        As in `AdapterHypernetwork`.

    Returns
    -------
    network : keras.Model
        With as many inputs and outputs as tasks, in their order.

    heads : TaskDense
        The heads in it.
    """
    check_graph(base, "MultiTaskTuning")
    freeze(base)
    if isinstance(tuner, Prompt):
        of_task = _for_prompts(base, tuner, sharing, n_tasks)
    else:
        of_task = _for_adapters(base, tuner, sharing, n_tasks, embedding)
    heads = TaskDense(n_heads, n_outputs, name="heads")
    inputs, outputs = [], []
    for task in range(n_tasks):
        x, z = rewired(base, of_task(task))
        if len(z.shape) > 2:
            z = layers.Flatten()(z)
        inputs.append(x)
        outputs.append(heads(z, task=task))
    if n_tasks == 1:  # Keras warns of lists of one
        inputs, outputs = inputs[0], outputs[0]
    return keras.Model(inputs, outputs, name="tasks"), heads
