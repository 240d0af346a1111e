"""Files that hold what fine-tuning with a tuner has learnt, without the network."""

import hashlib
import json
import zipfile

import keras
import numpy as np

from adapt._files import write_whole
from adapt.deep._engine import weights_of
from adapt.deep._labels import ClassLabels, NumberLabels
from adapt.deep._outputs import emits_probabilities
from adapt.deep._recipes import recipe_of, without_tensorflow
from adapt.parameter_based.tuners._deep._tuner import Tuner

__all__ = ["fingerprint", "labels_from", "network_from", "read", "tuner_from", "write"]

_FORMAT = 1


def fingerprint(network):
    """Return a SHA-256 hash of the shapes and values of a network's weights."""
    found = hashlib.sha256()
    for array in weights_of(network):
        found.update(f"{array.shape} {array.dtype}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def _described(labels):
    """Return what labels are, for JSON."""
    if labels.classes is None:
        return {"shape": list(labels.shape)}
    return {"classes": labels.classes.tolist(), "one_hot": labels.one_hot}


def labels_from(described, task):
    """Return the labels that a file describes, for the outputs of a task network."""
    if "classes" not in described:
        labels = NumberLabels(np.zeros((1, *described["shape"])), None)
    else:
        classes = np.array(described["classes"])
        y = np.eye(len(classes)) if described["one_hot"] else classes
        labels = ClassLabels(y, None)
    labels.fit_outputs(tuple(task.output_shape[1:]), emits_probabilities(task))
    return labels


def write(path, model, base):
    """Write the new weights of a fitted model to a file, whole or not at all.

    Parameters
    ----------
    path : str or path-like
        The file, in numpy's npz format. No pickle is in it.

    model : FineTuning
        Fitted with a tuner.

    base : str
        The `fingerprint` of the frozen network.
    """
    recipe = recipe_of(model.task_)
    if recipe is None:
        raise ValueError(
            "`task_` cannot be written, because Keras cannot rebuild it from its "
            "config."
        )
    with without_tensorflow():
        tuner = keras.saving.serialize_keras_object(model.encoder_.tuner)
    about = {
        "format": _FORMAT,
        "tuner": tuner,
        "task": json.loads(recipe.args[0]),
        "shape": list(model._shape),
        "labels": _described(model._labels),
        "columns": [str(c) for c in getattr(model, "feature_names_in_", ())],
        "base": base,
    }
    arrays = {"about": np.array(json.dumps(about))}
    for name, weights in (
        ("encoder", model.encoder_.delta_weights),
        ("task", model.task_.weights),
    ):
        for i, w in enumerate(weights):
            arrays[f"{name}_{i}"] = keras.ops.convert_to_numpy(w)

    def fill(name):
        with open(name, "wb") as file:
            np.savez_compressed(file, **arrays)

    write_whole(str(path), fill)


def read(path):
    """Return what a file says, and its arrays by network.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    about : dict
        As `write` has written it.

    arrays : dict of list of ndarray
        Weights of "encoder" and "task".
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            about = json.loads(str(stored["about"]))
            arrays = {name: stored[name] for name in stored.files if name != "about"}
    except (KeyError, ValueError, AttributeError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{str(path)!r} is no file that `save_delta` has written: {error}."
        ) from error
    if about.get("format") != _FORMAT:
        raise ValueError(
            f"{str(path)!r} has the format {about.get('format')!r}, but this version "
            f"reads {_FORMAT}. Read it with the version that wrote it."
        )
    found = {
        name: [
            arrays[f"{name}_{i}"]
            for i in range(sum(key.startswith(f"{name}_") for key in arrays))
        ]
        for name in ("encoder", "task")
    }
    return about, found


def network_from(config, arrays):
    """Return the network of a config, with weights."""
    with without_tensorflow():
        network = keras.saving.deserialize_keras_object(config)
    network.set_weights(arrays)
    return network


def tuner_from(config):
    """Return the tuner of a config."""
    with without_tensorflow():
        tuner = keras.saving.deserialize_keras_object(config)
    if not isinstance(tuner, Tuner):
        raise ValueError(f"The file names no tuner, but {tuner!r}.")
    return tuner
