"""What feature-based methods are worth, with logistic regression and their defaults.

    python benchmarks/feature_based.py shifts [METHOD ...]
    python benchmarks/feature_based.py tasks [METHOD ...]

Prints the tables of the user guide: target accuracy on the generators of
``adapt.datasets``, one for each kind of shift (mean over five draws), and on every
bundled classification task. Methods that need labels of the target are left out.
"""

import sys
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from adapt import datasets
from adapt.base import SourceOnly
from adapt.discovery import all_adapters
from adapt.feature_based import OTMapping

_SEEDS = range(5)
_ROWS = 1000  # of each domain of a task, at most


def methods(names):
    """Return name, class and parameters of those named, or of all that are compared."""
    found = [("SourceOnly", SourceOnly, {})]
    for name, cls in all_adapters("feature_based", deep=False):
        # FA and PRED need labels of the target, JDOTRegressor numbers, and
        # SpectralAlignment series.
        if name not in ("FA", "PRED", "JDOTRegressor", "SpectralAlignment"):
            found.append((name, cls, {}))
    for method in "sinkhorn", "group", "unbalanced":
        found.append((f"OTMapping, {method}", OTMapping, {"method": method}))
    return [m for m in found if not names or m[0] in ("SourceOnly", *names)]


def bunch(Xs, ys, Xt, yt):
    return {"Xs": Xs, "ys": ys, "Xt": Xt, "yt": yt}


SHIFTS = {
    "none": lambda seed: datasets.make_affine_shift(
        strength=0, shift=0, random_state=seed
    ),
    "offset": lambda seed: datasets.make_affine_shift(strength=0, random_state=seed),
    "affine": lambda seed: datasets.make_affine_shift(n_features=5, random_state=seed),
    "rotation": lambda seed: bunch(
        *datasets.make_moons_da(500, angle=30, random_state=seed)
    ),
    "covariate": lambda seed: datasets.make_covariate_shift(random_state=seed),
    "labels": lambda seed: datasets.make_label_shift(random_state=seed),
    "concept": lambda seed: datasets.make_concept_shift(random_state=seed),
}


def accuracy(cls, params, data):
    """Return the target accuracy of a method; on half the target if it is None."""
    Xs, ys, Xt, yt = (data[name] for name in ("Xs", "ys", "Xt", "yt"))
    inner = LogisticRegression(max_iter=1000)
    if cls is None:
        return inner.fit(Xt[::2], yt[::2]).score(Xt[1::2], yt[1::2])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return cls(inner, random_state=0, **params).fit(Xs, ys, Xt=Xt).score(Xt, yt)


def task_data(task):
    """Return a task with medians for missing values, standardised by its source."""
    data = datasets.load_dataset(task.dataset, **task.kwargs)
    rng, parts = np.random.default_rng(0), []
    for side in data.sample_domain >= 0, data.sample_domain < 0:
        rows = rng.permutation(np.flatnonzero(side))[:_ROWS]
        parts += [data.X[rows].astype(float), data.y[rows]]
    Xs, ys, Xt, yt = parts
    scale = make_pipeline(SimpleImputer(strategy="median"), StandardScaler()).fit(Xs)
    return bunch(scale.transform(Xs), ys, scale.transform(Xt), yt)


def print_shifts(names):
    print(f"{'':24}" + "".join(f"{name:>11}" for name in SHIFTS))
    for name, cls, params in [*methods(names), ("trained on the target", None, {})]:
        means = [
            np.mean([accuracy(cls, params, make(seed)) for seed in _SEEDS])
            for make in SHIFTS.values()
        ]
        print(f"{name:24}" + "".join(f"{mean:11.3f}" for mean in means), flush=True)


def print_tasks(names):
    tasks = datasets.list_tasks("classification")
    data = [task_data(task) for task in tasks]
    found = {}
    print(f"{'':24}{'mean':>8}{'gain':>8}{'worst':>8}{'best':>8}{'better':>8}")
    for name, cls, params in [*methods(names), ("trained on the target", None, {})]:
        found[name] = np.array([accuracy(cls, params, each) for each in data])
        gain = found[name] - found["SourceOnly"]
        print(
            f"{name:24}{found[name].mean():8.3f}{gain.mean():+8.3f}{gain.min():+8.3f}"
            f"{gain.max():+8.3f}{np.sum(gain > 0):>5}/{len(gain)}",
            flush=True,
        )
    print()
    for i, task in enumerate(tasks):
        print(f"{task.name:34}" + "".join(f"{v[i]:7.3f}" for v in found.values()))


if __name__ == "__main__":
    what, *names = sys.argv[1:] or ["shifts"]
    {"shifts": print_shifts, "tasks": print_tasks}[what](names)
