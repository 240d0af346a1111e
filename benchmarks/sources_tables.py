"""Tables of ``results/sources.csv``: printed here, and by the guide."""

from collections import defaultdict
from functools import partial

import numpy as np

from benchmarks.records import Results

FIELDS = ("part", "case", "name", "measure", "value", "seeds")
RESULTS = Results("sources.csv", FIELDS, FIELDS[:4])

# File of the guide, and its columns: part, measure and case ("" for the mean).
TABLES = {
    "features": [
        ("features", "tau", "n=100", "tau, 100 labels"),
        ("features", "regret", "n=100", "regret, 100 labels"),
        ("features", "worst regret", "n=100", "worst, 100 labels"),
        ("features", "tau", "n=30", "tau, 30 labels"),
        ("features", "regret", "n=30", "regret, 30 labels"),
        ("features", "worst regret", "n=30", "worst, 30 labels"),
        ("features", "ms", "n=100", "ms"),
    ],
    "models_tau": [("models", "tau", None, "")],
    "models": [("models", "accuracy", None, "")],
    "mixtures": [("mixtures", "accuracy", None, "")],
    "classes": [("classes", "accuracy", None, "")],
    "tasks": [("tasks", "performance", "50 contexts", "performance")],
}


def read_table(part, measure):
    """Return ``{name: {case: value}}``."""
    found = defaultdict(dict)
    for row in RESULTS.read():
        if row["part"] == part and row["measure"] == measure:
            found[row["name"]][row["case"]] = float(row["value"])
    return dict(found)


def mean(row):
    """Return the mean over cases."""
    return float(np.mean(list(row.values())))


def columns_of(name):
    """Return the columns of a table of the guide: ``{title: {row: value}}``."""
    if name == "pruning":
        return _pruning()
    found = {}
    for part, measure, case, title in TABLES[name]:
        table = read_table(part, measure)
        if case is not None:
            found[title] = {
                row: cells[case] for row, cells in table.items() if case in cells
            }
            continue
        cases = dict.fromkeys(case for row in table.values() for case in row)
        for key in cases:
            found[key] = {row: cells[key] for row, cells in table.items()}
        found["mean"] = {row: mean(cells) for row, cells in table.items()}
    return found


def _pruning():
    """Return accuracies and times of fits relative to those on all rows."""
    accuracy, spent = read_table("pruning", "accuracy"), read_table("pruning", "ms")
    found = {}
    for kind in ("lr", "rf"):
        found[f"accuracy, {kind}"] = {
            name: mean({k: v for k, v in row.items() if k.endswith(kind)})
            for name, row in accuracy.items()
        }
        found[f"time, {kind}"] = {
            name: mean({k: v for k, v in row.items() if k.endswith(kind)})
            / mean({k: v for k, v in spent["all"].items() if k.endswith(kind)})
            for name, row in spent.items()
        }
    return found


def as_text(value, title):
    digits = 4 if title.startswith(("regret", "worst")) else 3
    return f"{value:.1f}" if title == "ms" else f"{value:.{digits}f}"


def cells_of(name, rows=None):
    """Return a table as the guide shows it, by its last or first column, as rows."""
    columns = columns_of(name)
    by = columns.get("mean") or next(iter(columns.values()))
    names = list(dict.fromkeys(row for cells in columns.values() for row in cells))
    names.sort(key=lambda row: -by.get(row, -np.inf))
    return [
        {"row": row, "column": title, "value": as_text(column[row], title)}
        for row in names
        for title, column in columns.items()
        if row in column
    ]


# What the guide names.
features_table = partial(cells_of, "features")
models_tau_table = partial(cells_of, "models_tau")
models_table = partial(cells_of, "models")
mixtures_table = partial(cells_of, "mixtures")
classes_table = partial(cells_of, "classes")
tasks_table = partial(cells_of, "tasks")
pruning_table = partial(cells_of, "pruning")


def bars():
    """Return what was to be reached, and what was: ``{words: (value, bar)}``."""
    regret, ms = read_table("features", "regret"), read_table("features", "ms")
    single, many = read_table("models", "accuracy"), read_table("mixtures", "accuracy")
    found = {}
    for case in ("n=100", "n=30"):
        random = regret["random choice"][case]
        found[f"regret of LEEP over random, {case}"] = (
            regret["LEEP"][case] / random,
            1 / 8,
        )
        bar = 1 / 8 if case == "n=100" else 1 / 2
        found[f"regret of LogME over random, {case}"] = (
            regret["LogME"][case] / random,
            bar,
        )
    for name, bar in (("LEEP", 100), ("5 nearest neighbours", 30), ("LogME", 8)):
        share = mean(ms[name]) / mean(ms["5-fold head"])
        found[f"time of {name} over a 5-fold head"] = share, 1 / bar
    tau = mean(read_table("models", "tau")["log-likelihood"])
    found["minus tau of models as they are"] = -tau, -0.55
    ours = "log pool + own"
    for words, table in (("models", single), ("mixtures", many)):
        error = 1 - mean(table[ours])
        for other, bar in (
            ("uniform", 0.9),
            ("single by log-likelihood", 0.95),
            ("3 by OSBORN", 0.95),
            ("3 by E-LEEP", 0.95),
            ("target only", 1.02),
        ):
            if other in table:
                share = error / (1 - mean(table[other]))
                found[f"{words}: error over {other}"] = share, bar
    found["FA(LR) minus the mixture"] = mean(many["FA(LR)"]) - mean(many[ours]), 0.01
    flipped = 1 - many[ours]["watch 20, 4 of 9 flipped"]
    found["error with flipped sources"] = flipped / (1 - many[ours]["watch 20"]), 1.25
    students = read_table("classes", "accuracy")
    nearest = max(mean(students[f"DistillNearest ({s})"]) for s in ("PARC", "LEEP"))
    share = (1 - mean(students["mixture"])) / (1 - nearest)
    found["other classes: error over DistillNearest"] = share, 0.5
    pruned = columns_of("pruning")
    for kind in ("lr", "rf"):
        accuracy, spent = pruned[f"accuracy, {kind}"], pruned[f"time, {kind}"]
        loss = accuracy["all"] - accuracy["by domain"]
        found[f"pruning by domain, {kind}: accuracy lost"] = loss, 0.005
        found[f"pruning by domain, {kind}: time"] = spent["by domain"], 0.65
    reached = read_table("tasks", "performance")
    value = {name: row["50 contexts"] for name, row in reached.items()}
    gap = value["greedy oracle"] - value["random"]
    share = (value["SourceTaskSelector"] - value["random"]) / gap
    found["minus share of the gap closed by tasks"] = -share, -0.3
    return found


def show():
    """Print the tables and the bars."""
    for name in (*TABLES, "pruning"):
        columns = columns_of(name)
        print(f"\n{name}: {' | '.join(t for t in columns)}")
        for row in dict.fromkeys(row for cells in columns.values() for row in cells):
            cells = (f"{column.get(row, np.nan):9.4f}" for column in columns.values())
            print(f"{row:34s} {' '.join(cells)}")
    print("\nbars, each to be at most:")
    for words, (value, bar) in bars().items():
        print(f"{'ok ' if value <= bar else 'NOT'} {words:46s} {value:8.4f} {bar:8.4f}")
