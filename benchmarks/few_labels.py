"""What a few labels of the target gain: drawn where candidates differ, and at random.

Run ``python benchmarks/choice_records.py`` first, which fits the candidates, and then
``python benchmarks/few_labels.py``: the choice between candidates that learn nothing
from target labels, from what they predict. Gains on source-only are in points of
accuracy or of R2, R2 clipped at -1; five draws of labels for each task. Intervals are
counted that hold the true difference to the choice without labels. The mean gains are
written to ``results/few_labels.csv``.

``python benchmarks/few_labels.py learners`` fits candidates that learn from the labels
as well, on the bundled tasks.
"""

import sys
import warnings
from collections import defaultdict

import numpy as np
import records
from choice import MAPS, MEMBERS, SOURCE, Task
from choice_records import estimators, tasks

from adapt.model_selection._few_labels import (
    LabelRule,
    draw_rows,
    gain_of_choice,
    label_strata,
    labelled_gains,
)
from adapt.model_selection._held_out_scores import Task as Domains
from adapt.model_selection._label_candidates import label_learners
from adapt.model_selection._label_curve import label_curve
from adapt.model_selection._label_evidence import fit_learners, judge_by_labels
from adapt.model_selection._read_domains import preprocess
from adapt.model_selection._rule import SHIPPED

FOLDER = records.FOLDER
COLUMNS = (
    *("family", "labels", "estimator", "n_tasks", "how", "n_labels"),
    *("without", "gain", "oracle", "closed", "worst_change"),
)
RESULTS = records.Results("few_labels.csv", COLUMNS, COLUMNS[:6])
SIZES = (5, 10, 20, 50)
DRAWS = 5
PRIORS = (0.5, 1.0, 2.0, 4.0, 8.0)


def without_labels(task):
    """Return the names whose average is the choice without labels."""
    maps = [name for name in MAPS if name in task.candidates]
    clear = len(task.passing(maps, SHIPPED.clear)) >= min(SHIPPED.agree, len(maps))
    moved = task.p_value < SHIPPED.level and task.explained <= SHIPPED.explained
    members = task.passing(MEMBERS, 0.0) if moved and clear else []
    return [SOURCE] * (task.of_classes or not members) + members


def predictions_of(task):
    """Return predictions: of the choice without labels, of source-only, of others."""
    names = [SOURCE, *(name for name in task.candidates if name != SOURCE)]
    found = [task.average(without_labels(task))]
    found = np.array(found + [task.average([name]) for name in names])
    if task.of_classes:
        found = task.classes[found.argmax(axis=2)]
    return found


def scores_of(task, predictions):
    """Return the score of each row, in points."""
    if task.of_classes:
        return 100.0 * (predictions == task.yt)
    return -100 * (predictions - task.yt) ** 2 / max(task.yt.var(), 1e-12)


def clipped(task, scores):
    """Return mean scores, those of R2 clipped so that no task makes all of a mean."""
    means = scores.mean(axis=-1)
    return means if task.of_classes else np.maximum(means, -200)


def curve_of(task, prior=2.0):
    """Return gains on source-only, by size and how labels are drawn."""
    predictions = predictions_of(task)
    scores = scores_of(task, predictions)
    first, source = clipped(task, scores)[:2]
    rule = LabelRule(prior=prior)
    given = predictions, scores, task.of_classes, SIZES, DRAWS, 0, rule
    curve = label_curve(*given)
    lowest = -np.inf if task.of_classes else -200 - source

    def gains(part):
        return np.maximum(part + scores[0].mean() - source, lowest).mean(axis=1)

    return {
        "without": first - source,
        "suggested": gains(curve.suggested),
        "random": gains(curve.at_random),
        "oracle": clipped(task, scores).max() - source,
    }


def covered(task, size, n_draws=2):
    """Return whether intervals hold the true gains, of candidates and of the choice."""
    predictions = predictions_of(task)
    unit = 100 if task.of_classes else 1
    scores = scores_of(task, predictions) / unit
    values, differ = scores - scores[0], predictions != predictions[0]
    strata, truth = label_strata(predictions, task.of_classes), values.mean(axis=1)
    of_pairs, of_choices = [], []
    for seed in range(n_draws):
        labelled = np.zeros(len(strata), dtype=bool)
        labelled[draw_rows(strata, size, random_state=seed)] = True
        told = values, differ, strata, labelled, task.of_classes
        found = labelled_gains(*told)
        seen = differ.any(axis=1) & ~np.isnan(found.gain)
        inside = (found.low <= truth + 1e-9) & (truth - 1e-9 <= found.high)
        of_pairs += inside[seen].tolist()
        chosen = gain_of_choice(*told)
        true = truth[found.best]
        if not np.isnan(chosen.gain):
            of_choices.append(chosen.low - 1e-9 <= true <= chosen.high + 1e-9)
    return of_pairs, of_choices


def left_out(tasks, curves):
    """Return gains by 20 suggested labels, with the prior chosen on other tables."""
    at = SIZES.index(20)
    gains = {p: np.array([c["suggested"][at] for c in curves[p]]) for p in PRIORS}
    tables = np.array([task.table for task in tasks])
    found = np.zeros(len(tasks))
    for table in np.unique(tables):
        here = tables == table
        best = max(PRIORS, key=lambda p: gains[p][~here].mean())
        found[here] = gains[best][here]
    return found.mean()


def report(labels, family, estimator, tasks):
    """Print and return what labels gain on a family of tasks."""
    priors = PRIORS if labels == "classes" else (2.0,)  # of which numbers have none
    curves = {prior: [curve_of(t, prior) for t in tasks] for prior in priors}
    shipped = curves[2.0]
    without, oracle = (
        np.array([c[key] for c in shipped]) for key in ("without", "oracle")
    )
    print(f"\n{family}, {labels}, {estimator}: {len(tasks)} tasks")
    print(f"  without labels {without.mean():+.1f}, oracle {oracle.mean():+.1f}")
    rows = []
    for how in ("suggested", "random"):
        gains = np.array([c[how] for c in shipped])
        closed = (gains.mean(axis=0) - without.mean()) / (oracle - without).mean()
        cells = [
            f"{size}: {gain:+.1f} ({part:.0%})"
            for size, gain, part in zip(SIZES, gains.mean(axis=0), closed, strict=True)
        ]
        worst = (gains - without[:, None]).min(axis=0)
        print(f"  {how:<10} {'  '.join(cells)}  worst {np.round(worst, 1)}")
        for k, size in enumerate(SIZES):
            rows.append(
                [family, labels, estimator, len(tasks), how, size]
                + [f"{x:.2f}" for x in (without.mean(), gains[:, k].mean())]
                + [f"{x:.2f}" for x in (oracle.mean(), closed[k], worst[k])]
            )
    if len(priors) > 1:
        gain = left_out(tasks, curves)
        print(f"  20 suggested, prior chosen on other tables: {gain:+.1f}")
    for size in (20,):
        found = [covered(task, size) for task in tasks]
        pairs, choices = (
            [inside for one in part for inside in one]
            for part in zip(*found, strict=True)
        )
        print(
            f"  {size} labels: intervals hold {np.mean(pairs):.1%} of the differences, "
            f"{np.mean(choices):.1%} of the gains of the choice"
        )
    return rows


def with_learners(of_classes, sizes=(20, 50)):
    """Print what candidates gain that learn from labels, on the bundled tasks."""
    name = "classes" if of_classes else "numbers"
    files = FOLDER / "choice" / f"{name}-linear"
    gains = defaultdict(list)
    for family, table, kind, draw in tasks(of_classes, 0):
        file = next(
            iter(files.glob(f"bundled__{_plain(table)}__{_plain(kind)}__0.npz")), 0
        )
        if family != "bundled" or not file:
            continue
        task, pair = Task(file), draw()
        _, Xs, Xt = preprocess(pair.Xs, pair.Xt)
        fixed = predictions_of(task)
        n = len(task.yt)
        for size in sizes:
            for how in ("suggested", "random"):
                rows = np.random.default_rng(size).permutation(n)[:size]
                if how == "suggested":
                    rows = draw_rows(label_strata(fixed, of_classes), size, None, size)
                labelled = np.isin(np.arange(n), rows)
                scoring = "accuracy" if of_classes else "r2"
                given = Xs, task.ys, Xt, task.yt, labelled, scoring, 5, 0, None
                domains = Domains(*given)
                model = estimators(of_classes)["linear"]
                learners = label_learners(model)
                learned = [part for *_, part in fit_learners(learners, domains)]
                both = np.array([*fixed, *learned])
                learns = np.arange(len(both)) >= len(fixed)
                names = list(map(str, range(len(both))))
                mean = clipped(task, scores_of(task, both))
                without = judge_by_labels(
                    names[: len(fixed)], fixed, learns[: len(fixed)], domains
                ).gains.best
                best = judge_by_labels(names, both, learns, domains).gains.best
                key = size, how
                gains[key].append(mean[[0, without, best]] - mean[1])
    for (size, how), found in gains.items():
        mean = np.mean(found, axis=0)
        print(
            f"{name}, {len(found)} bundled tasks, {size} labels {how}: without "
            f"{mean[0]:+.1f}, without learners {mean[1]:+.1f}, with {mean[2]:+.1f}",
            flush=True,
        )


def _plain(name):
    return "".join(c if c.isalnum() else "_" for c in name)


def main():
    warnings.simplefilter("ignore")
    if "learners" in sys.argv:
        for of_classes in (True, False):
            with_learners(of_classes)
        return
    rows = []
    for folder in sorted((FOLDER / "choice").glob("*-*")):
        labels, estimator = folder.name.split("-")
        found = [Task(file) for file in sorted(folder.glob("*.npz"))]
        for family in sorted({task.family for task in found}):
            own = [task for task in found if task.family == family]
            rows += report(labels, family, estimator, own)
    RESULTS.write(dict(zip(COLUMNS, row, strict=True)) for row in rows)


if __name__ == "__main__":
    main()
