"""What deep methods at their defaults are worth, beside linear models, as a table.

    KERAS_BACKEND=jax python benchmarks/deep_accuracy.py [--tasks HAPT gas]
        [--methods DANN logistic] [--seeds 0:5] [--report]

Each fit adds a row to ``results/deep_accuracy.csv`` as it ends; a row that is there,
of the same task, method, seed, backend and settings, is not made again. ``--fresh``
makes it again and puts it in the place of the old one. ``--report`` makes the table of
the guide of the rows, and no fit. `deep_tasks` says what the tasks are, and which of
them have chosen no default.

Methods in lower case are there to compare with. Linear models get pixels, columns or,
of series, `summary`, both standardised on the source:

- ``logistic``: logistic regression, on the source alone;
- ``coral``: the same, of columns moved by `CORAL`;
- ``logistic target``: trained on one half of the target and scored on the other, both
  ways; of ``watch``, a subject is in one half alone;
- ``rocket``, ``rocket coral``, ``rocket target``: the same three, a ridge classifier on
  `random_convolutions`, for series;
- ``network target``: `DeepSource` on halves of the target.

A method with a plus is given what stands in `SETTINGS`.
"""

import argparse
import json
import os
import time
import warnings
from collections import Counter, defaultdict
from itertools import product
from pathlib import Path

import deep_tasks
import numpy as np
import records

OUT = records.FOLDER / "deep_accuracy.csv"
COLUMNS = (
    *("task", "method", "seed", "accuracy", "seconds", "classes"),
    *("backend", "version", "settings"),
)
KEY = ("task", "method", "seed", "backend", "settings")
LINEAR = ("logistic", "coral", "logistic target")
ROCKET = ("rocket", "rocket coral", "rocket target")
NETWORKS = (
    *("network target", "DeepSource", "DeepCORAL", "DAN", "JAN", "DeepJDOT"),
    *("DANN", "CDAN", "ADDA", "WDGRL", "MCD", "MDD"),
    *("MCC", "BNM", "VADA", "DeepSelfTraining"),
    *("AdaBN", "SHOT", "Tent", "DIRTT", "CoDATS"),
)
METHODS = (*LINEAR, *ROCKET, *NETWORKS)
SETTINGS = {
    "signs": {"augment": "signs"},
    "weights": {"class_weights": "auto"},
    "no weights": {"class_weights": None},
    "plain": {"augment": None},
}


def linear_model():
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=1000)


def ridge_classifier():
    from sklearn.linear_model import RidgeClassifierCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), RidgeClassifierCV(np.logspace(-3, 4, 8)))


def halves(groups, seed):
    """Return which rows are in the first half; rows of a group stay together."""
    names = np.random.default_rng(seed).permutation(np.unique(groups))
    return np.isin(groups, names[: len(names) // 2])


def crossed(predict, yt, groups, seed):
    """Return what ``predict(train, test)`` says, trained on one half for the other."""
    first = halves(groups, seed)
    predicted = np.empty_like(yt)
    for test in (first, ~first):
        predicted[test] = predict(~test, test)
    return predicted


def by_linear(method, task, seed):
    """Return predictions of a linear model."""
    from sklearn.pipeline import make_pipeline

    from adapt.feature_based import CORAL

    Fs, Ft, inner = task.Fs, task.Ft, linear_model()
    if method.startswith("rocket"):
        from random_convolutions import RandomConvolutions

        maker = RandomConvolutions(random_state=seed)
        if method.endswith("target"):
            inner = make_pipeline(maker, ridge_classifier())
            Ft = task.Xt
        else:
            Fs, inner = maker.fit_transform(task.Xs), ridge_classifier()
            Ft = maker.transform(task.Xt)
    if method.endswith("target"):
        return crossed(
            lambda train, test: inner.fit(Ft[train], task.yt[train]).predict(Ft[test]),
            task.yt,
            task.groups,
            seed,
        )
    if method.endswith("coral"):
        return CORAL(inner).fit(Fs, task.ys, Xt=Ft).predict(Ft)
    return inner.fit(Fs, task.ys).predict(Ft)


def by_network(method, task, seed, params):
    """Return predictions of a deep method."""
    from adapt import feature_based

    name = "DeepSource" if method == "network target" else method.split("+")[0]
    model = getattr(feature_based, name)(random_state=seed, **params)
    if method == "network target":
        return crossed(
            lambda train, test: model.fit(
                task.Xt[train], task.yt[train], Xt=task.Xt[test]
            ).predict(task.Xt[test]),
            task.yt,
            task.groups,
            seed,
        )
    return model.fit(task.Xs, task.ys, Xt=task.Xt).predict(task.Xt)


def settings_of(method, params):
    """Return what a method is given beside its defaults."""
    return {**SETTINGS.get(method.partition("+")[2], {}), **params}


def measured(name, method, seed, params):
    """Return one fit as a row of the table."""
    task = deep_tasks.read(name, seed)
    deep = method not in (*LINEAR, *ROCKET)
    given = settings_of(method, params) if deep else {}
    start = time.perf_counter(), time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if deep:
            predicted = by_network(method, task, seed, given)
        else:
            predicted = by_linear(method, task, seed)
    return {
        **key_of(name, method, seed, params),
        "accuracy": round(float(np.mean(predicted == task.yt)), 4),
        "seconds": round(time.process_time() - start[1], 2),
        "classes": len(np.unique(predicted)),
        "version": records.version(),
    }


def key_of(name, method, seed, params):
    """Return the cells that tell a row from others."""
    deep = method not in (*LINEAR, *ROCKET)
    given = settings_of(method, params) if deep else {}
    return {
        "task": name,
        "method": method,
        "seed": str(seed),
        "backend": os.environ.get("KERAS_BACKEND", "tensorflow") if deep else "numpy",
        "settings": json.dumps(given, sort_keys=True) if given else "",
    }


def chosen(asked):
    """Return the tasks asked for: by name, or reported ones by their first word."""
    reported = deep_tasks.REPORTED
    return [
        name
        for name in (*reported, *deep_tasks.CHOOSING)
        if name in asked
        or (name in reported and name.split()[0] in {*asked} - {*reported})
    ]


def applies(method, name):
    """Return whether there is a row of this method on this task, at this seed."""
    series = name.startswith(("HAPT", "watch"))
    return series or (method not in ROCKET and not method.endswith("+signs"))


def run(tasks, methods, seeds, params, path=OUT, fresh=False):
    """Fit what is not in the table yet.

    The seeds of a task follow each other, for they share what was compiled.
    """
    results = records.Results(path, COLUMNS, KEY)
    for method, name, seed in product(methods, tasks, seeds):
        known = key_of(name, method, seed, params) in results
        drawn = method not in ("logistic", "coral") or seed == 0 or "moons" in name
        if (known and not fresh) or not drawn or not applies(method, name):
            continue
        try:
            row = measured(name, method, seed, params)
        except FileNotFoundError as error:
            print(error)
            continue
        results.add(row, replace=fresh)
        print(*(row[column] for column in COLUMNS[:6]), flush=True)


def group_of(name):
    """Return the column of the report that a task is in."""
    kind, *rest = name.split()
    return "digits images" if rest[:1] == ["images"] else kind


def table(rows, tasks=deep_tasks.REPORTED):
    """Return mean, least mean of a task, and deviation, by method and group of tasks.

    What was not measured on all tasks of a group is left out.

    Returns
    -------
    cells : dict
        By method and group: the mean over tasks of the means over seeds, the least of
        these, the deviation over seeds of the mean over tasks, the seconds of a fit,
        and the number of seeds and of tasks.
    """
    found = defaultdict(dict)
    for row in rows:
        if row["task"] in tasks and row["backend"] in ("jax", "numpy"):
            key = row["method"], group_of(row["task"])
            found[key].setdefault(row["task"], []).append(row)
    sizes = Counter(map(group_of, tasks))
    cells = {}
    for key, by_task in found.items():
        if len(by_task) < sizes[key[1]]:
            continue
        means = [np.mean([float(r["accuracy"]) for r in v]) for v in by_task.values()]
        seeds = defaultdict(list)
        for each in by_task.values():
            for row in each:
                seeds[row["seed"]].append(float(row["accuracy"]))
        whole = [np.mean(v) for v in seeds.values() if len(v) == len(by_task)]
        seconds = [float(r["seconds"]) for v in by_task.values() for r in v]
        cells[key] = {
            "mean": np.mean(means),
            "least": min(means),
            "deviation": np.std(whole) if whole else 0.0,
            "seconds": np.median(seconds),
            "seeds": min(map(len, by_task.values())),
            "tasks": len(by_task),
        }
    return cells


def report(rows, tasks=deep_tasks.REPORTED):
    """Return the cells of the table of the guide as rows, by method and column."""
    cells = table(rows, tasks)
    sizes = {group: cell["tasks"] for (_, group), cell in cells.items()}
    groups = [g for g in dict.fromkeys(map(group_of, tasks)) if g in sizes]
    known = [m for m in METHODS if any(m == key[0] for key in cells)]
    known += sorted({key[0] for key in cells} - set(known))
    found = []
    for method in known:
        own = [cells[method, group] for group in groups if (method, group) in cells]
        seconds = [cell["seconds"] for cell in own]
        line = {f"{g} ({sizes[g]})": _cell(cells.get((method, g))) for g in groups}
        line["seconds of a fit"] = f"{min(seconds):.1f} to {max(seconds):.1f}"
        found += [{"row": method, "column": c, "value": v} for c, v in line.items()]
    return found


def _cell(cell):
    if cell is None:
        return "--"
    least = f", {cell['least']:.3f}" if cell["tasks"] > 1 else ""
    return f"{cell['mean']:.3f}{least} ± {cell['deviation']:.3f} [{cell['seeds']}]"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tasks", nargs="+", default=deep_tasks.REPORTED)
    parser.add_argument("--methods", nargs="+", default=METHODS)
    parser.add_argument("--seeds", default="0:5", help="a number, or first:stop")
    parser.add_argument("--params", type=json.loads, default={}, help="as JSON")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--report", action="store_true")
    given = parser.parse_args()
    if given.report:
        for cell in report(records.read(given.out)):
            print("{row:24} {column:20} {value}".format(**cell))
        return
    tasks = chosen(given.tasks)
    seeds = range(*map(int, given.seeds.split(":")))
    run(tasks, given.methods, seeds, given.params, given.out, given.fresh)


if __name__ == "__main__":
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    main()
