"""Learning curves of the parameter-based methods, for the page in the guide.

Accuracy on held-out target rows by the number of labelled ones: of source models, of
models of the labelled rows alone, and of source models moved to the target. Nothing is
tuned. Run it in parts, then write the table and the picture. Scores are added to
``results/learning_curves_runs.csv`` as they come, and are not measured again:

    .venv/bin/python benchmarks/learning_curves.py measure --models shallow
    .venv/bin/python benchmarks/learning_curves.py measure --models network --seeds 3
    .venv/bin/python benchmarks/learning_curves.py write
"""

import argparse
import os
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import records
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from adapt.datasets import load_dataset
from adapt.parameter_based import (
    LinInt,
    RegularTransferGP,
    RegularTransferLC,
    TransferBoosting,
    TransferForestClassifier,
    TransferForestSelector,
    TransferTreeSelector,
)

TASKS = {
    "digits": {"source": "mnist", "target": "optdigits"},
    "housing": {"source": "coast", "target": "inland"},
}
SIZES = [5, 10, 20, 50, 100, "all"]
SEEDS = 5
PROCESS_ROWS = 500  # of the source, for the Gaussian process
RUNS = ("task", "method", "labels", "seed", "score")
MEANS = ("task", "method", "labels", "mean", "std")
PAGES = Path(__file__).parents[1] / "docs" / "guide"


def source_models(seed, n_columns):
    """Return the source models by name, unfitted."""
    return {
        "logistic": LogisticRegression(max_iter=1000),
        "forest": RandomForestClassifier(50, random_state=seed),
        "boosting": HistGradientBoostingClassifier(max_iter=20, random_state=seed),
        "tree": DecisionTreeClassifier(random_state=seed),
        "process": GaussianProcessClassifier(
            10.0 * RBF(n_columns**0.5), optimizer=None, random_state=seed
        ),
    }


def shallow_methods(seed):
    """Return the methods by name: their source model, and what is made of it."""
    forest = partial(TransferForestClassifier, random_state=seed)
    boosting = partial(TransferBoosting, max_iter=10, random_state=seed)
    return {
        "RegularTransferLC": ("logistic", RegularTransferLC),
        "LinInt": ("logistic", partial(LinInt, random_state=seed)),
        "TransferForest, relabel": ("forest", partial(forest, algo="relabel")),
        "TransferForest, SER": ("forest", partial(forest, algo="ser")),
        "TransferForest, STRUT": ("forest", partial(forest, algo="strut")),
        "TransferBoosting": ("boosting", boosting),
        "TransferForestSelector": (
            "forest",
            partial(TransferForestSelector, random_state=seed),
        ),
        "TransferTreeSelector": (
            "tree",
            partial(TransferTreeSelector, random_state=seed),
        ),
        "RegularTransferGP": ("process", RegularTransferGP),
    }


def network_methods(source, seed):
    """Return the methods by name, for a fitted `FineTuning` of the source."""
    from adapt.parameter_based import FineTuning, RegularTransferNN

    tuning = partial(
        FineTuning, source.encoder_, source.task_, epochs=100, random_state=seed
    )
    return {
        "FineTuning": tuning(),
        "FineTuning, head only": tuning(training=False),
        "FineTuning, L2-SP": tuning(penalty="l2-sp"),
        "FineTuning, EWC": tuning(penalty="ewc", lambda_=10.0),
        "RegularTransferNN": RegularTransferNN(
            _whole(source), lambdas=0.01, epochs=100, random_state=seed
        ),
    }


def _whole(source):
    import keras

    body = [keras.Input(source.encoder_.input_shape[1:])]
    return keras.Sequential([*body, *source.encoder_.layers, *source.task_.layers])


def split(task, seed):
    """Return ``Xs, ys, X, y, X_test, y_test``: half of the target is held out.

    The target rows are in random order, of which the first two have different labels.
    """
    X, y, domain = load_dataset(task, **TASKS[task], return_X_y=True)
    Xs, ys, Xt, yt = X[domain >= 0], y[domain >= 0], X[domain < 0], y[domain < 0]
    scaler = StandardScaler().fit(Xs)
    Xs, Xt = scaler.transform(Xs), scaler.transform(Xt)
    order = np.random.default_rng(seed).permutation(len(Xt))
    half, held_out = np.array_split(order, 2)
    other = np.flatnonzero(yt[half] != yt[half[0]])[0]
    half[[1, other]] = half[[other, 1]]
    return Xs, ys, Xt[half], yt[half], Xt[held_out], yt[held_out]


def curve(model, X, y, X_test, y_test, size):
    size = None if size == "all" else size
    return model.fit(X[:size], y[:size]).score(X_test, y_test)


class Runs:
    """The scores of a task in the file of results, one row for each.

    Parameters
    ----------
    task : str
        One of `TASKS`.
    """

    def __init__(self, task):
        self.task = task
        self.file = records.Results("learning_curves_runs.csv", RUNS, RUNS[:4])
        self.known = self.file.done()

    def missing(self, method, seed, sizes=SIZES):
        """Return the sizes that have no score yet; "any" is that of a source model."""
        key = self.task, method
        return [n for n in sizes if (*key, str(n), str(seed)) not in self.known]

    def add(self, method, seed, scores):
        """Add scores by size."""
        key = {"task": self.task, "method": method, "seed": seed}
        rows = [key | {"labels": n, "score": f"{s:.6f}"} for n, s in scores.items()]
        self.file.add(*rows)
        self.known |= {self.file.key_of(row) for row in rows}


def measure_shallow(task, seeds, runs):
    """Add scores by line: one for each size, or one in all for the sources."""
    for seed in seeds:
        Xs, ys, *target = split(task, seed)
        fitted = {}

        def fit(name, X, y, seed=seed, fitted=fitted):
            model = source_models(seed, X.shape[1])[name]
            if name == "process":  # a cube of their number
                X, y = X[:PROCESS_ROWS], y[:PROCESS_ROWS]
            return fitted.setdefault(name, model.fit(X, y))

        for name in source_models(seed, 1):
            if runs.missing(f"source only, {name}", seed, ["any"]):
                score = fit(name, Xs, ys).score(*target[2:])
                runs.add(f"source only, {name}", seed, {"any": score})
            line = f"target only, {name}"
            if sizes := runs.missing(line, seed):
                model = source_models(seed, Xs.shape[1])[name]
                scores = {n: curve(clone(model), *target, n) for n in sizes}
                runs.add(line, seed, scores)
        for name, (source, method) in shallow_methods(seed).items():
            if sizes := runs.missing(name, seed):
                model = fitted[source] if source in fitted else fit(source, Xs, ys)
                scores = {n: curve(method(model), *target, n) for n in sizes}
                runs.add(name, seed, scores)


def measure_networks(task, seeds, runs):
    """Add the scores by line, size by size over the seeds: so it compiles little."""
    from adapt.parameter_based import FineTuning

    splits = [split(task, seed) for seed in seeds]
    sources = [
        FineTuning(random_state=seed).fit(Xs, ys)
        for seed, (Xs, ys, *_) in zip(seeds, splits, strict=True)
    ]
    for seed, source, rest in zip(seeds, sources, splits, strict=True):
        if runs.missing("source only, network", seed, ["any"]):
            runs.add("source only, network", seed, {"any": source.score(*rest[4:])})
    for size in SIZES:
        for seed, source, rest in zip(seeds, sources, splits, strict=True):
            alone = FineTuning(epochs=100, random_state=seed)
            lines = {"target only, network": alone, **network_methods(source, seed)}
            for name, model in lines.items():
                if runs.missing(name, seed, [size]):
                    runs.add(name, seed, {size: curve(model, *rest[2:], size)})


def measure(models, tasks, n_seeds):
    warnings.simplefilter("ignore", ConvergenceWarning)
    measure_models = {"shallow": measure_shallow, "network": measure_networks}[models]
    for task in tasks:
        start = time.process_time()
        measure_models(task, list(range(n_seeds)), Runs(task))
        print(f"{task}: {time.process_time() - start:.0f} CPU s")


def read(task):
    """Return an array (n_seeds, n_sizes) by line; sources are the same at all sizes.

    Networks, which take longest, may be missing, or have fewer seeds. A seed counts
    when all of its sizes are measured.
    """
    found = {}
    for row in records.read("learning_curves_runs.csv"):
        if row["task"] == task:
            scores = found.setdefault(row["method"], {}).setdefault(row["seed"], {})
            scores[row["labels"]] = float(row["score"])
    lines = {}
    for name, seeds in found.items():
        sizes = ["any"] if name.startswith("source only") else [str(n) for n in SIZES]
        rows = [[s[n] for n in sizes] for s in seeds.values() if s.keys() >= {*sizes}]
        if rows:
            lines[name] = np.broadcast_to(np.array(rows), (len(rows), len(SIZES)))
    return lines


def best(lines, size):
    """Return name and mean of the best source, target-only model, and method."""
    column = SIZES.index(size)
    means = {name: scores[:, column].mean() for name, scores in lines.items()}
    groups = {
        "source only": [name for name in means if name.startswith("source only")],
        "target only": [name for name in means if name.startswith("target only")],
        "method": [name for name in means if " only, " not in name],
    }
    found = {key: max(names, key=means.get) for key, names in groups.items()}
    return {key: (name, means[name]) for key, name in found.items()}


def rows_of(task, lines):
    """Return means and deviations over draws, as rows of the file of results."""
    for method, scores in lines.items():
        for size, found in zip(SIZES, scores.T, strict=True):
            row = {"task": task, "method": method, "labels": size}
            yield row | {"mean": f"{found.mean():.3f}", "std": f"{found.std():.3f}"}


def verdict(lines):
    """Return sentences on the best method at 20 labels."""
    found = best(lines, 20)
    (method, score), (source, low), (target, alone) = (
        found[key] for key in ("method", "source only", "target only")
    )
    three = [lines[name][:, SIZES.index(20)] for name in (method, source, target)]
    method_runs, *others = (runs[: min(map(len, three))] for runs in three)
    margin = method_runs - np.maximum(*others)
    source, target = (name.partition(", ")[2] for name in (source, target))
    return (
        f"At 20 labels the best method, {method}, has {score:.3f}; the best model\n"
        f"of the source ({source}) has {low:.3f}, the best of the target\n"
        f"alone ({target}) {alone:.3f}. Over the better of the two in each\n"
        f"of {len(margin)} draws that is a margin of {margin.mean():+.3f} on average,\n"
        f"from {margin.min():+.3f} to {margin.max():+.3f}."
    )


def picture(all_lines, path):
    import matplotlib.pyplot as plt

    families = {
        "logistic": ["RegularTransferLC", "LinInt"],
        "forest": [
            *(f"TransferForest, {a}" for a in ("relabel", "SER", "STRUT")),
            "TransferForestSelector",
        ],
        "process": ["RegularTransferGP"],
        "network": [
            *("FineTuning", "FineTuning, head only", "FineTuning, L2-SP"),
            *("FineTuning, EWC", "RegularTransferNN"),
        ],
    }
    known = {name for lines in all_lines.values() for name in lines}
    families = {k: v for k, v in families.items() if f"source only, {k}" in known}
    shape = len(all_lines), len(families)
    fig, axes = plt.subplots(
        *shape, figsize=(3.7 * shape[1], 7), sharey="row", layout="constrained"
    )
    places = np.arange(len(SIZES))
    for row, (task, lines) in zip(axes, all_lines.items(), strict=True):
        for ax, (family, methods) in zip(row, families.items(), strict=True):
            names = [f"source only, {family}", f"target only, {family}", *methods]
            if names[0] not in lines:
                ax.set_visible(False)
                continue
            for name in filter(lines.__contains__, names):
                scores = lines[name]
                dashed = " only, " in name
                colour = {"source": "0.3", "target": "0.6"}.get(name.split(" ")[0])
                ax.plot(
                    places,
                    scores.mean(axis=0),
                    color=colour if dashed else None,
                    linestyle="--" if dashed else "-",
                    marker=None if dashed else "o",
                    markersize=3,
                    label=name.partition(",")[0] if dashed else name,
                )
                low, high = np.percentile(scores, [10, 90], axis=0)
                ax.fill_between(
                    places, low, high, color=ax.lines[-1].get_color(), alpha=0.12
                )
            ax.set_xticks(places, [str(size) for size in SIZES])
            family = family.replace("process", "Gaussian process")
            ax.set_title(f"{task}: {family}", fontsize=10)
            ax.legend(fontsize=7, loc="lower right")
        row[0].set_ylabel("accuracy on the target")
    for ax in axes[-1]:
        ax.set_xlabel("labelled target rows")
    fig.savefig(path, dpi=90)


def write():
    all_lines = {task: read(task) for task in TASKS}
    rows = [row for task, lines in all_lines.items() for row in rows_of(task, lines)]
    records.Results("learning_curves.csv", MEANS, MEANS[:3]).write(rows)
    for task, lines in all_lines.items():
        print(task, verdict(lines), "", sep="\n")
    picture(all_lines, PAGES / "learning_curves.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=["measure", "write"])
    parser.add_argument("--models", choices=["shallow", "network"], default="shallow")
    parser.add_argument("--tasks", nargs="+", choices=list(TASKS), default=list(TASKS))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    args = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if args.what == "measure":
        measure(args.models, args.tasks, args.seeds)
    else:
        write()


if __name__ == "__main__":
    main()
