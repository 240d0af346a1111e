"""What rules of choice are worth, on tables and kinds of shift that they do not know.

Run ``python benchmarks/choice_records.py`` first, which fits the candidates, and then
``python benchmarks/choice.py``. Each rule decides from the evidence without target
labels; its gain on source-only, in points of accuracy or of R2, is read from the true
labels. The constants of the rule are chosen anew with a table left out, and with a kind
of shift left out, and judged there. Made shifts, bundled tasks and drift of sensors
stand apart. The scores of candidates and rules are written to ``results/choice.csv``.
"""

import itertools
from collections import defaultdict
from functools import cached_property
from typing import NamedTuple

import numpy as np
import records

from adapt.model_selection._rule import SHIPPED, Rule

FOLDER = records.FOLDER
COLUMNS = (
    *("labels", "estimator", "family", "table", "kind", "seed"),
    *("p_value", "explained", "covered", "method"),
    *("circular_gain", "circular_margin", "gain"),
)
RESULTS = records.Results("choice.csv", COLUMNS, COLUMNS[:6])
SOURCE, SCALED = "SourceOnly", "DomainStandardScaler"
MAPS = (SCALED, "QuantileMatching", "GFK")
TAUGHT = f"{SCALED} + SelfTraining"
MEMBERS = (*MAPS, TAUGHT)
LEAST_R2 = -1.0  # so that a single task does not make all of a mean
GRID = [
    Rule(explained=explained, covered=covered, agree=agree, clear=clear)
    for explained, covered, agree, clear in itertools.product(
        (0.8, 0.9, 0.95), (0.5, 0.65, 0.8, 1.0), (1, 2), (0.0, 1.0, 2.0)
    )
]


class Task:
    """What was recorded of a task: predictions of each candidate, and the evidence."""

    def __init__(self, file):
        found = np.load(file)
        self.labels, self.estimator = file.parent.name.split("-")
        self.family, self.table, self.kind, self.seed = file.stem.split("__")
        self.table = (
            self.table if self.family != "bundled" else self.table.split("_")[0]
        )
        self.name = file.stem
        self.ys, self.yt = found["ys"], found["yt"]
        self.p_value = float(found["p_value"])
        self.explained = float(np.nanmax(found["evidence"][:3]))
        self.by_rows = float(found["evidence"][2])
        self.covered = float(found["covered"])
        self.parts = defaultdict(dict)
        for key in found.files:
            if "|" in key:
                name, part = key.split("|")
                self.parts[name][part] = found[key]

    @property
    def of_classes(self):
        return self.labels == "classes"

    @cached_property
    def classes(self):
        return np.unique(self.ys)

    def score(self, predicted):
        """Return the true score on the target, in points."""
        if self.of_classes:
            labels = self.classes[predicted.argmax(axis=1)]
            return 100 * np.mean(labels == self.yt)
        error = np.mean((predicted - self.yt) ** 2) / max(self.yt.var(), 1e-12)
        return 100 * max(LEAST_R2, 1 - error)

    def average(self, names):
        return np.mean([self.parts[name]["target"] for name in names], axis=0)

    def gain(self, names):
        """Return what the average of methods gains on source-only, in points."""
        return self.score(self.average(names)) - self.score(self.average([SOURCE]))

    @cached_property
    def candidates(self):
        return [name for name, found in self.parts.items() if "target" in found]

    @cached_property
    def returned(self):
        """Values of held-out source rows on the way back, by candidate."""
        return {name: self._value(self.parts[name]["back"]) for name in self.candidates}

    def _value(self, back):
        if not self.of_classes:
            return 1 - (self.ys - np.nan_to_num(back)) ** 2 / max(self.ys.var(), 1e-12)
        lost = np.isnan(back).any(axis=1)
        right = self.classes[np.nan_to_num(back).argmax(axis=1)] == self.ys
        return np.where(lost, 1 / len(self.classes), right)

    @cached_property
    def circular(self):
        """Gain of each candidate on the way back, and in its standard errors."""
        found = {}
        for name in self.candidates:
            values = self.returned[name] - self.returned[SOURCE]
            error = values.std() / np.sqrt(len(values))
            gain = values.mean()
            margin = gain / error if error > 0 else np.copysign(np.inf, gain)
            found[name] = gain, 0.0 if gain == 0 else margin
        return found

    def passing(self, names, clear):
        return [
            name
            for name in names
            if name in self.circular
            and self.circular[name][0] > 0
            and self.circular[name][1] >= clear
        ]


# --------------------------------------------------------------------------- rules


def by_rule(task, rule=SHIPPED, members=MEMBERS):
    """Return the gain of what `AutoAdapt` takes."""
    if task.p_value >= rule.level or task.explained > rule.explained:
        return 0.0
    if task.covered > rule.covered and task.by_rows > rule.partly:
        return 0.0
    maps = [name for name in MAPS if name in task.candidates]
    if len(task.passing(maps, rule.clear)) < min(rule.agree, len(maps)):
        return 0.0
    names = task.passing(members, 0.0)
    return task.gain([SOURCE] * task.of_classes + names)


def always_scaled(task):
    return task.gain([SCALED])


def any_member(task):
    """Return the gain of the rule with one member that gains at all."""
    members = (*MAPS, "SelfTraining")
    return by_rule(task, Rule(covered=1.0, agree=1, clear=0.0), members)


def without_coverage(task):
    return by_rule(task, Rule(covered=1.0))


def always_covered(task):
    """Return the gain of the rule that asks for coverage whatever weights explain."""
    return by_rule(task, Rule(partly=-1.0))


def plain_self_training(task):
    return by_rule(task, members=(*MAPS, "SelfTraining"))


def oracle(task):
    return max(task.gain([name]) for name in task.candidates)


RULES = {
    "always DomainStandardScaler": always_scaled,
    "one member, any gain": any_member,
    "shipped": by_rule,
    "shipped, coverage not asked": without_coverage,
    "shipped, coverage always asked": always_covered,
    "shipped, SelfTraining unscaled": plain_self_training,
    "oracle": oracle,
}


class Summary(NamedTuple):
    """Mean gain, share of tasks that lose more than 2 points, and the worst."""

    mean: float
    losing: float
    worst: float
    n: int

    @classmethod
    def of(cls, gains):
        gains = np.asarray(gains)
        return cls(gains.mean(), np.mean(gains < -2), gains.min(), len(gains))

    def __str__(self):
        return f"{self.mean:+.1f} ({self.losing:.0%}; {self.worst:+.1f})"


def utility(gains):
    """Return what constants are chosen for: the mean, where a loss counts fourfold."""
    gains = np.asarray(gains)
    return np.mean(np.where(gains < 0, 4 * gains, gains))


def left_out(tasks, part):
    """Return gains on each table, or kind, by constants chosen on the others."""
    gains = {rule: np.array([by_rule(t, rule) for t in tasks]) for rule in GRID}
    of_part = np.array([getattr(t, part) for t in tasks])
    found, chosen = np.zeros(len(tasks)), []
    for name in np.unique(of_part):
        here = of_part == name
        best = max(GRID, key=lambda rule: utility(gains[rule][~here]))
        found[here] = gains[best][here]
        chosen.append((best.explained, best.covered, best.agree, best.clear))
    return found, chosen


def report(tasks):
    """Print a table of the rules, families apart."""
    families = sorted({task.family for task in tasks})
    print(f"{'':30}" + "".join(f"{family:>24}" for family in families) + "   no shift")
    columns = {name: [rule(t) for t in tasks] for name, rule in RULES.items()}
    for part in ("table", "kind"):
        made = [t for t in tasks if t.family == "made"]
        if made:
            gains, chosen = left_out(made, part)
            values = dict(zip((t.name for t in made), gains, strict=True))
            columns[f"constants without the {part}"] = [
                values.get(t.name, np.nan) for t in tasks
            ]
            times = defaultdict(int)
            for constants in chosen:
                times[constants] += 1
            print(
                f"  {part} left out, (explained, covered, agree, clear): {dict(times)}"
            )
    for name, gains in columns.items():
        gains = np.array(gains)
        cells = []
        for family in families:
            own = gains[[t.family == family for t in tasks]]
            cells.append("" if np.isnan(own).all() else str(Summary.of(own)))
        still = gains[[t.kind == "none" for t in tasks]]
        cost = f"{still.mean():+.2f}" if len(still) else ""
        print(f"{name:30}" + "".join(f"{cell:>24}" for cell in cells) + f"{cost:>11}")
    return columns


def main():
    by_estimator = defaultdict(list)
    for file in sorted(FOLDER.glob("choice/*/*.npz")):
        task = Task(file)
        if "target" in task.parts[SOURCE]:
            by_estimator[task.labels, task.estimator].append(task)
    rows = []
    for (labels, estimator), tasks in by_estimator.items():
        print(f"\n{labels}, {estimator}: {len(tasks)} tasks")
        columns = report(tasks)
        for i, t in enumerate(tasks):
            start = [labels, estimator, t.family, t.table, t.kind, t.seed]
            start += [f"{t.p_value:.3g}", f"{t.explained:.3f}", f"{t.covered:.3f}"]
            for name in t.candidates:
                gain, margin = t.circular[name]
                cells = [name, f"{gain:.4f}", f"{margin:.2f}"]
                rows.append([*start, *cells, f"{t.gain([name]):.2f}"])
            for name, gains in columns.items():
                if not np.isnan(gains[i]):
                    rows.append([*start, name, "", "", f"{gains[i]:.2f}"])
    RESULTS.write(dict(zip(COLUMNS, row, strict=True)) for row in rows)


if __name__ == "__main__":
    main()
