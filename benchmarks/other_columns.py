"""Other columns, other people's models: `PartialColumns` and `BlackBoxInputs`.

Adds to ``results/other_columns.csv`` beside this file, a case at a time; cases that are
there are not run again. Run it from the root of the repository::

    python -m benchmarks.other_columns [--seeds 5] [--only columns drift shares choice]

`columns`: two tables with half of the columns shared, a quarter each of its own, 189 to
400 labelled source rows and 30 or 100 labelled target rows; AUC on other target rows.
`choice` is the same on other tables, to choose constants on; none is kept. `drift`:
gains and offsets of the columns, and a model that only answers, with 40 labels;
accuracy. `shares`: the same, where shares of classes differ, and nothing else.
`--tables` measures nothing: it prints what the file has.
"""

import argparse
import time
import warnings
from collections import defaultdict

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.datasets import load_digits as load_small_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.neural_network import MLPClassifier

from adapt.datasets import (
    load_employment,
    load_heart,
    load_housing,
    load_penguins,
    load_thyroid,
)
from adapt.feature_based import PartialColumns
from adapt.parameter_based import BlackBoxInputs
from benchmarks.records import Results, average

FIELDS = ("part", "case", "labels", "seed", "name", "value", "seconds")
RESULTS = Results("other_columns.csv", FIELDS, FIELDS[:4])
WAYS = ("shared", "union", "imputed", "score", "target")
REPORTED = ("breast cancer", "heart", "thyroid")
CHOSEN_ON = ("wine", "housing", "employment")
BOXES = (
    "breast cancer",
    "wine",
    "iris",
    "digits",
    "penguins",
    "heart Cleveland",
    "heart Hungary",
    "thyroid",
    "employment",
    "housing",
)
N_LABELS = 40


# ------------------------------------------------------------------------------- data


def standardised(X):
    X = np.where(np.isnan(X), np.nanmedian(X, axis=0), X)
    scale = X.std(axis=0)
    return (X - X.mean(axis=0)) / np.where(scale > 0, scale, 1)


def table(name):
    """Return ``X, y, is_target`` of a table; the last is None without two domains."""
    of_sklearn = {
        "breast cancer": load_breast_cancer,
        "wine": load_wine,
        "iris": load_iris,
        "digits": load_small_digits,
    }
    if name in of_sklearn:
        X, y = of_sklearn[name](return_X_y=True)
        return standardised(X), y, None
    loaders = {
        "heart": load_heart,
        "thyroid": load_thyroid,
        "housing": load_housing,
        "employment": load_employment,
        "penguins": load_penguins,
    }
    data = loaders[name.split()[0]]()
    y = np.unique(data.y, return_inverse=True)[1]
    X, is_target = data.X, data.sample_domain < 0
    if name == "housing":
        X = np.sign(X) * np.log1p(np.abs(X))
    return standardised(X), y, is_target


def one_domain(name):
    """Return ``X, y`` of a table without a shift of its own, at most 1500 rows."""
    X, y, is_target = table(name)
    if is_target is not None:
        part = is_target if name == "heart Cleveland" else ~is_target
        X, y = X[part], y[part]
    X = X[:, X.std(axis=0) > 0]
    classes, counts = np.unique(y, return_counts=True)
    kept = np.isin(y, classes[counts >= 20])
    X, y = X[kept], np.unique(y[kept], return_inverse=True)[1]
    rows = np.random.default_rng(0).permutation(len(X))[:1500]
    return X[rows], y[rows]


# ---------------------------------------------------------------------------- columns


def auc(model, X, y):
    p = model.predict_proba(X)
    if p.shape[1] == 2:
        return roc_auc_score(y, p[:, 1])
    return roc_auc_score(y, p, multi_class="ovr", labels=model.classes_)


def two_tables(name, n_labels, seed):
    """Return a source and a target that share half of the columns."""
    X, y, is_target = table(name)
    rng = np.random.default_rng(seed)
    d = X.shape[1]
    columns = rng.permutation(d)
    n_shared = max(1, round(d / 2))
    n_own = (d - n_shared) // 2
    source = columns[: n_shared + n_own]
    target = np.r_[columns[:n_shared], columns[n_shared + n_own :]]
    if is_target is None:
        rows = rng.permutation(len(X))
        cut = min(250, len(X) // 3)
        s, t = rows[:cut], rows[cut:]
    else:
        s = rng.permutation(np.flatnonzero(~is_target))[:400]
        t = rng.permutation(np.flatnonzero(is_target))[: n_labels + 1000]
    frame = pd.DataFrame(X, columns=[f"x{k}" for k in range(d)])
    known = y[t].astype(float)
    known[n_labels:] = np.nan
    Xs, Xt = frame.iloc[s, source], frame.iloc[t, target]
    return (Xs, y[s], Xt, known), (Xt.iloc[n_labels:], y[t][n_labels:])


def columns_case(name, n_labels, seed):
    """Yield the AUC of each way, and of those that `PartialColumns` makes of them."""
    training, (X, y) = two_tables(name, n_labels, seed)
    inner = LogisticRegression(C=0.3, max_iter=300)
    found = {}
    for way in (*WAYS, "auto"):
        start = time.process_time()
        model = PartialColumns(inner, way=way, random_state=seed).fit(*training)
        seconds = time.process_time() - start
        found[way] = auc(model, X, y)
        yield way, found[way], seconds
    yield "choose", found[min(model.errors_, key=model.errors_.get)], seconds
    start = time.process_time()
    blind = PartialColumns(inner, random_state=seed).fit(*training[:3])
    yield "auto without labels", auc(blind, X, y), time.process_time() - start


# ------------------------------------------------------------------------ black boxes


def drifted(X, rng):
    """Return rows after another gain and offset of each column."""
    gain = np.exp(0.5 * rng.normal(size=X.shape[1]))
    return X * gain + rng.normal(size=X.shape[1])


def with_other_shares(y, rng):
    """Return rows whose shares of classes fall from .8 by powers of 4."""
    n_classes = y.max() + 1
    shares = 0.25 ** np.arange(n_classes)
    shares = rng.permutation(np.maximum(shares, 0.03))
    weight = (shares / np.bincount(y, minlength=n_classes))[y]
    return rng.choice(len(y), len(y), p=weight / weight.sum())


def network(seed):
    return MLPClassifier((16,), max_iter=300, random_state=seed)


def box_case(part, name, seed):
    """Yield accuracies on target rows of models of a black box."""
    X, y = one_domain(name)
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(X))
    s, t = np.array_split(rows, 2)
    box = network(seed).fit(X[s], y[s])
    Xt, yt = X[t], y[t]
    if part == "drift":
        Xt = drifted(Xt, rng)
    else:
        again = with_other_shares(yt, rng)
        Xt, yt = Xt[again], yt[again]
    n = (len(Xt) + N_LABELS) // 2
    X, y = Xt[n:], yt[n:]
    known = yt[:n].astype(float)
    known[N_LABELS:] = np.nan
    yield "untouched", box.score(X, y), 0.0
    for way in "auto", "outputs":
        start = time.process_time()
        model = BlackBoxInputs(box, way=way, random_state=seed).fit(Xt[:n], known)
        yield way, model.score(X, y), time.process_time() - start
        if way == "auto":
            yield (
                "recalibration taken",
                float(model.way_ not in ("none", "inputs")),
                0.0,
            )
            yield "inputs taken", float(model.way_ == "inputs"), 0.0
    few = network(seed).fit(Xt[:N_LABELS], yt[:N_LABELS])
    yield "trained on 40 labels", few.score(X, y), 0.0
    yield "trained on the target", network(seed).fit(Xt[:n], yt[:n]).score(X, y), 0.0


# ---------------------------------------------------------------------------- results


def cases(parts, seeds):
    """Yield ``(part, case, labels, seed, function)``."""
    for seed in range(seeds):
        for part, names in ("choice", CHOSEN_ON), ("columns", REPORTED):
            for name in names if part in parts else ():
                for n in (30, 100) if name != "wine" else (30,):
                    yield part, name, n, seed, columns_case
        for part in {"drift", "shares"} & {*parts}:
            for name in BOXES:
                yield part, name, N_LABELS, seed, None


def run(parts, seeds):
    for part, name, n, seed, columns in cases(parts, seeds):
        key = dict(zip(FIELDS, (part, name, n, seed), strict=False))
        if key in RESULTS:
            continue
        found = columns(name, n, seed) if columns else box_case(part, name, seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rows = [
                key | {"name": way, "value": f"{x:.4f}", "seconds": f"{seconds:.2f}"}
                for way, x, seconds in found
            ]
        RESULTS.add(*rows)


def means(part):
    """Return the mean over seeds by case and name, and the least number of seeds."""
    rows = [row for row in RESULTS.read() if row["part"] == part]
    found = defaultdict(dict)
    for (case, labels, name), mean in average(rows, ("case", "labels", "name")).items():
        words = case if part in ("drift", "shares") else f"{case}, {labels}"
        found[words][name] = mean
    seeds = average(rows, ("case", "labels", "name"), of=len).values()
    return {case: found[case] for case in sorted(found)}, min(seeds, default=0)


def bars():
    """Return ``{words: (value, bar)}``: each value is to be at least its bar."""
    found = {}
    cases, _ = means("columns")
    if cases:
        best = [max(case[way] for way in WAYS) for case in cases.values()]
        ours = [case["auto"] for case in cases.values()]
        shared, target = (
            np.array([case[way] for case in cases.values()])
            for way in ("shared", "target")
        )
        found["columns: less the best single way"] = (
            np.mean(ours) - np.mean(best),
            -0.005,
        )
        found["columns: less shared alone"] = np.mean(ours - shared), 0.02
        found["columns: less the target alone, least"] = np.min(ours - target), -0.01
    cases, _ = means("drift")
    if cases:
        raw, ours, outputs, full = (
            np.array([case[name] for case in cases.values()])
            for name in ("untouched", "auto", "outputs", "trained on the target")
        )
        closed = np.mean(ours - raw) / np.mean(full - raw)
        found["drift: share of the distance closed"] = closed, 0.5
        found["drift: less recalibration"] = np.mean(ours - outputs), 0.0
    cases, _ = means("shares")
    if cases:
        moved = [case["inputs taken"] for case in cases.values()]
        found["shares: inputs not moved"] = 1 - np.mean(moved), 1.0
    return found


def show():
    """Print the means over seeds and the bars."""
    for part in ("choice", "columns", "drift", "shares"):
        cases, seeds = means(part)
        if not cases:
            continue
        print(f"\n{part}, {seeds} seeds: " + " | ".join(next(iter(cases.values()))))
        for case, values in cases.items():
            print(f"  {case:22s} " + " ".join(f"{v:.3f}" for v in values.values()))
    print("\nbars, each to be at least:")
    for words, (value, bar) in bars().items():
        print(f"{'ok ' if value >= bar else 'NOT'} {words:42s} {value:7.4f} {bar:7.4f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    every = ("choice", "columns", "drift", "shares")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=every, default=every)
    parser.add_argument("--tables", action="store_true")
    args = parser.parse_args()
    if not args.tables:
        run(args.only, args.seeds)
    show()


if __name__ == "__main__":
    main()
