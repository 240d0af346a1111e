"""New rows of an embedding, from old ones."""

import json

import numpy as np
from keras import layers

from adapt.deep._engine import seeded, weights_of
from adapt.deep._recipes import check_copyable, from_config, recipe_of
from adapt.parameter_based.tuners._deep._places import find

__all__ = ["extend_embedding", "rows_from_parts"]


def rows_from_parts(table, parts):
    """Return a new row for each list of old ones: their mean, or the mean of all."""
    rows = [table[list(part)] if len(part) else table for part in parts]
    return np.array([row.mean(axis=0) for row in rows], dtype=table.dtype)


def extend_embedding(network, parts, targets=None):
    """Return a copy of a network whose embedding has rows for new values.

    The row of a new value is the mean of the rows of its parts: of the words of a
    phrase, of the family of a product, of the regions of a country (zip-tie embedding
    [1]_). A value without parts gets the mean of all rows. It comes close to what the
    network knows before it is trained, unlike a row that is drawn at random.

    Parameters
    ----------
    network : keras.Model
        The network, built. It is left as it is.

    parts : list of list of int
        For each new value, the numbers of the old rows it is made of; an empty list if
        there are none. New values get the next numbers, in this order.

    targets : str, list of str or None, default=None
        The embedding, where there are several: a regular expression that is searched in
        the paths of layers.

    Returns
    -------
    network : keras.Model
        With the old rows as they were, and all other weights.

    Raises
    ------
    ValueError
        If a part is no row, or if no embedding is found, or several.

    Notes
    -----
    Departures from [1]_, of which the abstract was read: it names the initialisation
    from parts, but tells no formula. A head that predicts new values is replaced by
    `FineTuning`, and starts at random.

    References
    ----------
    .. [1] Chen and Li. "Bailong: bilingual transfer learning based on QLoRA and zip-tie
       embedding." arXiv:2404.00862, 2024.

    Examples
    --------
    >>> import keras
    >>> from adapt.parameter_based.tuners import extend_embedding
    >>> body = [keras.Input((2,), dtype="int32"), keras.layers.Embedding(5, 3)]
    >>> network = extend_embedding(keras.Sequential(body), [[0, 1], []])
    >>> network.layers[0].input_dim
    7
    """
    check_copyable("network", network)
    place = _embedding(network, targets)
    n_old = place.layer.input_dim
    wrong = [i for part in parts for i in part if not 0 <= i < n_old]
    if wrong:
        raise ValueError(
            f"`parts` has {wrong[0]!r}, but the embedding {place.path!r} has rows from "
            f"0 to {n_old - 1}."
        )
    new = _resized(network, place.path.split("/"), n_old + len(parts))
    (table,) = place.layer.weights
    arrays = weights_of(network)
    for i, w in enumerate(network.weights):
        if w is table:
            rows = rows_from_parts(arrays[i], parts)
            arrays[i] = np.concatenate([arrays[i], rows.reshape(-1, table.shape[1])])
    new.set_weights(arrays)
    return new


def _embedding(network, targets):
    """Return the place of the one embedding."""

    def needs(place):
        return isinstance(place.layer, layers.Embedding)

    found = find(network, targets, needs, "extend_embedding")
    if len(found) > 1:
        raise ValueError(
            f"The network has {len(found)} embeddings, "
            f"{[place.path for place in found]}. Give `targets` that finds one."
        )
    return found[0]


def _resized(network, path, n_rows):
    """Return a new network, with another number of rows in one embedding."""
    text, flags = recipe_of(network).args
    whole = config = json.loads(text)
    for name in path:
        inner = config["config"].get("layers", ())
        config = next((c for c in inner if c["config"].get("name") == name), None)
        if config is None:
            raise ValueError(
                f"The embedding {'/'.join(path)!r} is no layer of a Sequential or "
                "functional network, whose config could be changed."
            )
    config["config"]["input_dim"] = n_rows
    with seeded(0):
        return from_config(json.dumps(whole), flags)
