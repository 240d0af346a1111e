"""Shifts of known kind and strength on real tables, and shifts that came by themselves.

`made_task` cuts a real table into two halves and moves one of them. `natural_task` has
the pairs of domains of the bundled data, and drift of sensors from the file
``gas_drift.npz``, for whoever has it (``ADAPT_BENCH_DATA`` names its folder).
"""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn import datasets as sklearn_data
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from adapt.datasets import list_tasks, load_dataset
from adapt.model_selection._read_domains import preprocess

MOST_ROWS = 200  # of each domain
LEAST_OF_CLASS = 4  # source rows; a smaller class is left out of both domains

KINDS = (
    "none",
    "weak drift",
    "strong drift",
    "cross-talk",
    "monotone",
    "noise",
    "broken columns",
    "covariate",
    "along the score",
    "half by a column",
    "label",
    "label + drift",
    "covariate + drift",
    "concept + drift",
    "mixture",
)


class Pair(NamedTuple):
    """A source and a target, whose labels are for the score alone."""

    Xs: np.ndarray
    ys: np.ndarray
    Xt: np.ndarray
    yt: np.ndarray


# -------------------------------------------------------------------------- tables


def _cut(y, quantiles):
    return np.digitize(y, np.quantile(y, quantiles))


def _bundled(name, **kwargs):
    """Return the source rows of a bundled data set as numbers, and their labels."""
    data = load_dataset(name, as_frame=True, **kwargs)
    source = np.asarray(data.sample_domain) >= 0
    frame = data.X[source]
    X = preprocess(frame, frame)[1]
    return X[:, X.std(axis=0) > 0], np.asarray(data.y)[source]


def _gas(batch):
    folder = os.environ.get(
        "ADAPT_BENCH_DATA", Path(__file__).parents[2] / "shared" / "data"
    )
    file = Path(folder) / "gas_drift.npz"
    if not file.exists():
        return None
    data = np.load(file)
    rows = data["batch"] == batch
    return data["X"][rows].astype(float), data["y"][rows]


def tables_of_classes():
    """Return real tables of classes by name."""
    found = {
        "breast cancer": sklearn_data.load_breast_cancer(return_X_y=True),
        "wine": sklearn_data.load_wine(return_X_y=True),
        "iris": sklearn_data.load_iris(return_X_y=True),
        "digits": sklearn_data.load_digits(return_X_y=True),
        "penguins": _bundled("penguins"),
        "heart": _bundled("heart"),
        "thyroid": _bundled("thyroid"),
        "employment": _bundled("employment", split="age"),
        "housing": _bundled("housing", source="coast", target="inland"),
        "mnist": _bundled("digits", source="mnist", target="optdigits"),
    }
    X, y = sklearn_data.load_diabetes(return_X_y=True, scaled=False)
    found["diabetes"] = X, (y > np.median(y)).astype(int)
    for name, quantiles in {
        "abalone": (0.35, 0.7),
        "auto_mpg": (0.33, 0.67),
        "flights": (0.5,),
    }.items():
        X, y = _bundled(name)
        found[name] = X, _cut(y, quantiles)
    gas = _gas(2)
    if gas is not None:
        found["gas"] = gas
    return {k: (X, np.unique(y, return_inverse=True)[1]) for k, (X, y) in found.items()}


def tables_of_numbers():
    """Return real tables of numbers by name; some predict one column by the others."""
    found = {
        "diabetes": sklearn_data.load_diabetes(return_X_y=True, scaled=False),
        **{name: _bundled(name) for name in ("abalone", "auto_mpg", "flights")},
    }
    by_others = {
        "wine": (sklearn_data.load_wine(return_X_y=True)[0], 12),
        "breast cancer": (sklearn_data.load_breast_cancer(return_X_y=True)[0], 9),
        "penguins": (_bundled("penguins")[0], 3),
        "housing": (_bundled("housing", source="coast", target="inland")[0], 0),
    }
    for name, (X, column) in by_others.items():
        found[name] = np.delete(X, column, axis=1), X[:, column]
    return {k: (X, np.asarray(y, float)) for k, (X, y) in found.items()}


# -------------------------------------------------------------------------- shifts


def _drift(Z, strength, rng):
    """Multiply columns by gains and add offsets, as sensors that age."""
    gain = np.exp(rng.normal(0, 0.5 * strength, Z.shape[1]))
    return Z * gain + rng.normal(0, strength, Z.shape[1])


def _cross_talk(Z, strength, rng):
    """Mix columns."""
    k = Z.shape[1]
    return Z @ (np.eye(k) + strength * rng.normal(size=(k, k)) / np.sqrt(k)).T


def _monotone(Z, rng):
    """Bend each column by a monotone curve (sinh-arcsinh)."""
    bend, tail = rng.normal(0, 0.5, Z.shape[1]), np.exp(rng.normal(0, 0.4, Z.shape[1]))
    return np.sinh((np.arcsinh(Z) + bend) * tail)


def _broken(Z, rng):
    """Swap some columns, or replace them by a constant."""
    Z, k = Z.copy(), Z.shape[1]
    columns = rng.permutation(k)[: max(1, round(k * rng.uniform(0.15, 0.5)))]
    if rng.random() < 0.5 and len(columns) > 1:
        Z[:, columns] = Z[:, np.roll(columns, 1)]
    else:
        Z[:, columns] = rng.choice([0.0, rng.normal(0, 2)])
    return Z


def _moved(Z, kind, strength, rng):
    """Return target rows as the kind of shift moves them."""
    parts = kind.split(" + ")
    if kind == "weak drift":
        return _drift(Z, 0.3 * strength, rng)
    if kind == "strong drift":
        return _drift(Z, strength, rng)
    if "drift" in parts:
        return _drift(Z, 0.6 * strength, rng)
    if kind == "cross-talk":
        return _cross_talk(Z, 0.6 * strength, rng)
    if kind == "monotone":
        return _monotone(Z, rng)
    if kind == "noise":
        return Z + rng.normal(0, strength, Z.shape)
    if kind == "broken columns":
        return _broken(Z, rng)
    if kind == "mixture":
        Z = _drift(_cross_talk(Z, 0.4 * strength, rng), 0.5 * strength, rng)
        return Z + rng.normal(0, 0.4, Z.shape)
    return Z


def _draw(weights, m, rng):
    """Draw rows without replacement."""
    p = np.clip(weights, 1e-6, None)
    return rng.choice(len(p), size=min(m, len(p)), replace=False, p=p / p.sum())


def _tilt(t, strength):
    return np.exp(strength * (t - t.mean()) / (t.std() + 1e-9))


def _score(Z, y, of_classes, rng):
    """Return what a linear model makes of the rows: the direction of labels."""
    if not of_classes:
        return Ridge().fit(Z, y).predict(Z)
    scores = LogisticRegression(max_iter=300).fit(Z, y).decision_function(Z)
    return scores if scores.ndim == 1 else scores[:, rng.integers(scores.shape[1])]


def _direction(Z, rng):
    """Return positions along a mixture of the first principal axes."""
    axes = np.linalg.svd(Z - Z.mean(axis=0), full_matrices=False)[2][:3]
    return Z @ (rng.normal(size=len(axes)) @ axes)


def _domains_of(Z, y, kind, strength, of_classes, rng):
    """Return which rows are source and which target, as the kind of shift has them."""
    h, n = len(y) // 2, len(y)
    source, target = np.arange(h), np.arange(h, n)
    parts = kind.split(" + ")
    if kind == "half by a column":
        t = Z[:, rng.integers(Z.shape[1])] + rng.normal(0, 0.05, n)
        above = t > np.median(t)
        above = above if rng.random() < 0.5 else ~above
        return np.flatnonzero(~above), np.flatnonzero(above)
    if kind == "along the score" or (parts[0] == "covariate" and rng.random() < 0.5):
        t = _score(Z, y, of_classes, rng)
    elif parts[0] == "covariate":
        t = _direction(Z, rng)
    elif parts[0] == "label":
        share = np.exp(rng.normal(0, 1.2 * strength, y.max() + 1)) if of_classes else 0
        w = share[y[h:]] if of_classes else _tilt(y[h:], strength)
        return source, h + _draw(w, h // 2, rng)
    else:
        return source, target
    return (
        _draw(_tilt(-t[:h], 0.5 * strength), int(0.7 * h), rng),
        h + _draw(_tilt(t[h:], strength), h // 2, rng),
    )


def _other_rule(Z, y, of_classes, rng):
    """Give the rows beyond a plane other labels."""
    t = Z @ rng.normal(size=Z.shape[1])
    beyond, y = t > np.quantile(t, 1 - rng.uniform(0.15, 0.4)), y.copy()
    if of_classes:
        n_classes = y.max() + 1
        y[beyond] = (y[beyond] + rng.integers(1, n_classes)) % n_classes
    else:
        y[beyond] += rng.choice([-1, 1]) * y.std()
    return y


def made_task(X, y, kind, seed):
    """Return a source and a target that differ by a kind of shift.

    Parameters
    ----------
    X, y : ndarrays
        A table; classes are numbered from 0.

    kind : str
        One of `KINDS`.

    seed : int
        Draws rows, strength and direction.

    Returns
    -------
    pair : Pair
        At most `MOST_ROWS` rows of each domain. Columns of two values do not move.
    """
    rng = np.random.default_rng(seed)
    of_classes = y.dtype.kind in "iu"
    rows = rng.permutation(len(y))[: 3 * MOST_ROWS]
    Z, y = StandardScaler().fit_transform(X[rows]), y[rows]
    strength = rng.uniform(0.6, 1.6)
    source, target = _domains_of(Z, y, kind, strength, of_classes, rng)
    source, target = source[:MOST_ROWS], target[:MOST_ROWS]
    Zs, ys, Zt, yt = Z[source], y[source], Z[target].copy(), y[target]
    if "concept" in kind:
        yt = _other_rule(Zt, yt, of_classes, rng)
    numeric = np.array([len(np.unique(column)) > 2 for column in Z.T])
    Zt[:, numeric] = _moved(Zt[:, numeric], kind, strength, rng)
    pair = Pair(Zs, ys, Zt, yt)
    return _common_classes(pair) if of_classes else pair


def _common_classes(pair):
    """Leave out classes with few source rows."""
    classes, counts = np.unique(pair.ys, return_counts=True)
    kept = classes[counts >= LEAST_OF_CLASS]
    a, b = np.isin(pair.ys, kept), np.isin(pair.yt, kept)
    return Pair(pair.Xs[a], pair.ys[a], pair.Xt[b], pair.yt[b])


# ------------------------------------------------------------- shifts as they came

_BATCHES = ((1, 2), (1, 4), (1, 6), (1, 9), (2, 3), (2, 6), (3, 5), (4, 8), (5, 9))


def natural_tasks(kind="classification"):
    """Return pairs of domains by family and name, as functions of a seed."""

    def of_bundled(task):
        def draw(seed):
            data = load_dataset(task.dataset, as_frame=True, **task.kwargs)
            target = np.asarray(data.sample_domain) < 0
            rng = np.random.default_rng(seed)
            s, t = (
                rng.permutation(np.flatnonzero(m))[:MOST_ROWS]
                for m in (~target, target)
            )
            y = np.asarray(data.y)
            return Pair(data.X.iloc[s], y[s], data.X.iloc[t], y[t])

        return draw

    def of_gas(source, target):
        def draw(seed):
            rng = np.random.default_rng(seed)
            parts = []
            for X, y in (_gas(source), _gas(target)):
                rows = rng.permutation(len(y))[:MOST_ROWS]
                parts += [X[rows], y[rows]]
            return _common_classes(Pair(*parts))

        return draw

    found = {
        ("bundled", task.name.replace(" -> ", " to ")): of_bundled(task)
        for task in list_tasks(kind)
        if task.dataset != "watch"
    }
    if kind == "classification" and _gas(1) is not None:
        for source, target in _BATCHES:
            found["drift", f"gas {source} to {target}"] = of_gas(source, target)
    return found
