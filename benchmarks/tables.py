"""Tables of the docs: rows of a file of results, selected, grouped and formatted.

The Sphinx extension ``docs/results.py`` prints what `table` returns. A cell is a
template over the numbers of a group, such as ``{mean:.3f} ± {std:.3f}``; `AGGREGATES`
has the names that it may use, and ``{text}`` is the first value as it stands.

``python -m benchmarks.tables`` puts the table of the README up to date.
"""

import re
import sys
from collections import defaultdict
from fnmatch import fnmatchcase
from importlib import import_module

import numpy as np

from benchmarks.records import FOLDER, read

CONDITION = re.compile(r"(\w+)(!?=)(.*)")
MEASURE = re.compile(r"(.*) = (.*[}%]) +(\w+)")

AGGREGATES = {
    "mean": np.mean,
    "median": np.median,
    "min": np.min,
    "max": np.max,
    "std": np.std,
    "sem": lambda x: np.std(x, ddof=1) / np.sqrt(len(x)) if len(x) > 1 else 0.0,
    "count": len,
    "sum": np.sum,
    "losing": lambda x: np.mean(np.asarray(x) < -2),  # by more than 2 points
    "wins": lambda x: int(np.sum(np.asarray(x) > 0.5)),  # by more than half a point
    "losses": lambda x: int(np.sum(np.asarray(x) < -0.5)),
}


class Cell(dict):
    """Values of a group, by the names that a template may use."""

    def __init__(self, values):
        super().__init__()
        self.values_ = values

    def __missing__(self, name):
        if name == "text":
            return self.values_[0]
        return AGGREGATES[name]([float(value) for value in self.values_ if value])


def fill(template, values):
    """Return a template filled with values, "" if there are none."""
    if not [value for value in values if value != ""]:
        return ""
    text = template.format_map(Cell(values))
    return re.sub(r"^[-+](0(?:\.0+)?)$", r"\1", text)


def select(rows, where):
    """Return the rows that ``where`` describes, e.g. ``family=made; method!=A|B*``."""
    for condition in filter(str.strip, where.split(";")):
        name, sign, wanted = CONDITION.fullmatch(condition.strip()).groups()
        found = [any(fnmatchcase(r[name], p) for p in wanted.split("|")) for r in rows]
        rows = [r for r, f in zip(rows, found, strict=True) if f == (sign == "=")]
    return rows


def _module(name):
    """Return a module of benchmarks, which may import others as scripts do."""
    if str(FOLDER.parent) not in sys.path:
        sys.path.append(str(FOLDER.parent))
    return import_module(f"benchmarks.{name}")


def load(file, where="", through=""):
    """Return rows of a file, selected, and then passed through functions.

    Parameters
    ----------
    file : str
        A file of ``results/``.
    where : str
        What to `select`.
    through : str
        Functions from rows to rows, separated by spaces: of this module, or of another
        one of ``benchmarks/`` as ``module.function``.
    """
    rows = select(read(file), where)
    for name in through.split():
        module, _, function = name.rpartition(".")
        rows = getattr(_module(module or "tables"), function)(rows)
    return rows


def name_of(key):
    """Return the name of a line or column that several columns of a file make."""
    return ", ".join(filter(None, key))


def grouped(rows, by, value):
    """Return the values of a column by the name of the group, in the order of rows."""
    found = defaultdict(list)
    for row in rows:
        found[name_of(row[column] for column in by)].append(row[value])
    return dict(found)


def pivot(rows, by, columns, value, cell, total=""):
    """Return the header and the lines of a table with a column for each group.

    Parameters
    ----------
    rows : list of dict
    by, columns : list of str
        The columns of the file that name a line, and a column, of the table.
    value, cell : str
        The column of values, and the template of a cell.
    total : str
        The name of a last line over all rows; none if empty.

    Returns
    -------
    header : list of str
        Without that of the first column.
    lines : dict
        The cells of each line, by its name.
    """
    every = grouped(rows, columns, value)
    lines = {}
    for line in grouped(rows, by, value):
        own = [row for row in rows if name_of(row[c] for c in by) == line]
        cells = grouped(own, columns, value)
        lines[line] = [fill(cell, cells.get(name, [])) for name in every]
    if total:
        lines[total] = [fill(cell, values) for values in every.values()]
    return list(every), lines


def summary(rows, by, measures, total=""):
    """Return the same with a column for each of ``(title, template, value)``."""
    groups = [grouped(rows, by, value) for _, _, value in measures]
    lines = {
        line: [
            fill(template, group[line])
            for (_, template, _), group in zip(measures, groups, strict=True)
        ]
        for line in (groups[0] if groups else ())
    }
    if total:
        lines[total] = [
            fill(t, [row[value] for row in rows]) for _, t, value in measures
        ]
    return [title for title, _, _ in measures], lines


def by_value(rows, by, aggregate, value):
    """Return the names of lines, the one with the largest aggregate first."""
    groups = grouped(rows, by, value)
    scores = {name: Cell(v)[aggregate] for name, v in groups.items() if any(v)}
    return sorted(scores, key=scores.get, reverse=True)


def _parts(text):
    return [part.strip() for part in text.split(";") if part.strip()]


def make(file, options):
    """Return the header and the lines of a table that a page describes.

    Parameters
    ----------
    file : str
        A file of ``results/``.
    options : dict of str
        Those of the directive ``results``, see ``docs/results.py``.
    """
    option = options.get
    rows = load(file, option("where", ""), option("through", ""))
    if not rows:
        raise ValueError(f"No row of {file} is selected by {options}.")
    by = option("rows", "row").replace(",", " ").split()
    if "measures" in options:
        lines = filter(str.strip, option("measures").splitlines())
        measures = [MEASURE.fullmatch(line.strip()).groups() for line in lines]
        header, lines = summary(rows, by, measures, option("total", ""))
    else:
        columns = option("columns", "column").replace(",", " ").split()
        shown = option("value", "value"), option("cell", "{text}")
        header, lines = pivot(rows, by, columns, *shown, option("total", ""))
    if "sort" in options:
        order = by_value(rows, by, *option("sort").split())
        lines = {name: lines[name] for name in order} | lines
    first = [name for name in _parts(option("order", "")) if name in lines]
    lines = {name: lines[name] for name in first} | lines
    names = dict(re.split(r"\s+=\s+", part) for part in _parts(option("names", "")))
    lines = {names.get(name, name): cells for name, cells in lines.items()}
    return [names.get(name, name) for name in header], lines


def number(text):
    """Return a number of a file: ``FILE | WHERE | TEMPLATE COLUMN [| THROUGH]``."""
    file, where, what, *through = (part.strip() for part in text.split(" | "))
    rows = load(file, where, *through)
    if not rows:
        raise ValueError(f"No row is selected by {text!r}.")
    template, _, value = what.rpartition(" ")
    return fill(template, [row[value] for row in rows])


# --------------------------------------------------------------------- rows from rows


def gains(rows):
    """Return rows of ``accuracy.csv`` with gains on source-only, in points, and ranks.

    Where a method failed there is still the model of the source: it gains nothing.
    """
    by_task = defaultdict(list)
    for row in rows:
        by_task[row["suite"], row["cap"], row["task"], row["estimator"]].append(row)
    found = []
    for task in by_task.values():
        scores = {row["method"]: row["score"] for row in task}
        if not scores.get("SourceOnly"):
            continue
        source = float(scores["SourceOnly"])
        task = [row for row in task if row["method"] != "target-trained"]
        gain = [100 * (float(row["score"] or source) - source) for row in task]
        rank = [1 + sum(other > mine for other in gain) for mine in gain]
        found += [
            row
            | {"gain": f"{g:.2f}", "rank": str(r), "failed": str(int(not row["score"]))}
            for row, g, r in zip(task, gain, rank, strict=True)
        ]
    return found


def that_ran(rows):
    """Return the rows of methods that did not fail on every task, as `gains` says."""
    ran = {row["method"] for row in rows if row["failed"] == "0"}
    return [row for row in rows if row["method"] in ran]


def with_deviation(rows):
    """Return rows of means and deviations with a text that has both."""
    return [r | {"text": f"{r['mean']} ± {r['std']}"} for r in rows]


def series_tasks(rows):
    """Return rows of series whose task is a line of the table: people as one."""
    names = {"hapt": "HAPT, pairs of people", "bikes": "bicycles, seasons and years"}
    names["hapt chosen on"] = "HAPT, pairs that the rule was chosen on"
    found = []
    for row in rows:
        kind, pair = row["task"].split(": ")
        signs = ", channels as they are" if row["what"] == "no signs" else ""
        found.append(row | {"task": names.get(kind, f"{kind}, {pair}{signs}")})
    return found


def few_labels(rows):
    """Return the cells of the table of few labels: gains, and the part of the way."""
    found = []
    for row in rows:
        name = f"{row['family']}, {row['labels']} ({row['n_tasks']}), {row['how']}"
        ends = {"0": row["without"], "best": row["oracle"]}
        cell = f"{float(row['gain']):+.1f} ({float(row['closed']):.0%})"
        cells = {"0": f"{float(ends['0']):+.1f}", f"{row['n_labels']}": cell}
        cells["best"] = f"{float(ends['best']):+.1f}"
        found += [{"row": name, "column": c, "value": v} for c, v in cells.items()]
    order = ["0", *dict.fromkeys(row["n_labels"] for row in rows), "best"]
    return sorted(found, key=lambda row: order.index(row["column"]))


README_ROWS = {
    "shipped": "`AutoAdapt`",
    "DomainStandardScaler": "always `DomainStandardScaler`",
    "QuantileMatching": "always `QuantileMatching`",
    "GFK": "always `GFK`",
    "SelfTraining": "always `SelfTraining`",
    "oracle": "best method, by the true labels",
}


def readme():
    """Return the table of the README: gains where nothing was chosen on the data.

    The rule of AutoAdapt stands on made shifts with constants that were chosen on the
    other tables.
    """
    rows = load("choice.csv", "labels=classes; estimator=linear; family=drift|made")
    cell = "{mean:+.1f} ({losing:.0%}; {min:+.1f})"
    _, lines = pivot(rows, ["method"], ["family"], "gain", cell)
    order, left_out = ["drift", "made"], lines["constants without the table"]
    header = list(dict.fromkeys(row["family"] for row in rows))
    counts = grouped(
        [r for r in rows if r["method"] == "SourceOnly"], ["family"], "gain"
    )
    titles = {"drift": "Months of gas sensors", "made": "Made shifts"}
    text = "| Method | "
    text += (
        " | ".join(f"{titles[f]} ({len(counts[f])})" for f in order)
        + " |\n|---|---|---|\n"
    )
    for name, title in README_ROWS.items():
        cells = dict(zip(header, lines[name], strict=True))
        if name == "shipped":
            cells["made"] = left_out[header.index("made")]
        text += f"| {title} | {cells['drift']} | {cells['made']} |\n"
    return text


def main():
    """Put the table of the README up to date."""
    path = FOLDER.parents[1] / "README.md"
    pattern = r"^\| Method \| Months.*\n(?:\|.*\n)*"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(pattern, readme(), text, flags=re.M), encoding="utf-8")


if __name__ == "__main__":
    main()
