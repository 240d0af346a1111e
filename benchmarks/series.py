"""Time series: what AutoAdapt is worth, and what channel signs find.

    python benchmarks/series.py [accuracy|signs|groups] [--seeds 0 1] [--tasks hapt]
    python benchmarks/series.py signs --tasks "hapt chosen on"

writes `benchmarks/results/series.csv`, a line as each is measured; what is there is not
measured again. Tasks are

- the bundled watch, from arm to arm, without and with `ChannelSigns`;
- pairs of subjects of HAPT, from ``../shared/data`` where it is there, else the bundled
  ones. Every other subject, from the first on, was used to choose the candidates on
  series and the threshold of `ChannelSigns`; the tasks reported are of the others;
- hours of rented bicycles by day (four channels of 24 steps), workday or not, from
  winter to summer and from year to year, which nothing was chosen on.

Each row has the score of the model of the source on features (`source`), of the model
of half of the target on the other half (`target`), and of AutoAdapt (`auto`). The model
is `SeriesFeatures` with a logistic regression on standardised columns throughout.
"""

import argparse
import time
import warnings
from functools import partial
from itertools import permutations
from pathlib import Path

import numpy as np
import records
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GroupKFold,
    LeaveOneGroupOut,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from adapt.datasets import load_bikes, load_hapt, load_watch
from adapt.model_selection import AutoAdapt
from adapt.series import ChannelSigns, SeriesFeatures, as_series

SHARED = Path(__file__).parents[2] / "shared" / "data" / "hapt_windows.npz"
COLUMNS = ("what", "task", "seed", "source", "target", "auto", "chosen", "cpu_seconds")
RESULTS = records.Results("series.csv", COLUMNS, COLUMNS[:3])


def hapt():
    """Return the series, labels and subjects of HAPT."""
    if SHARED.exists():
        with np.load(SHARED) as archive:
            return archive["X"].astype(np.float32), archive["y"], archive["subject"]
    names = [f"subject_{k}" for k in (1, 3, 4, 7, 8, 9, 10, 12)]
    data = load_hapt(source=tuple(names[:4]), target=tuple(names[4:]))
    place = {key: int(name[8:]) for key, name in data.domain_names.items()}
    subjects = np.array([place[domain] for domain in data.sample_domain])
    return data.X, data.y, subjects


def hapt_tasks(chosen_on=False, n_pairs=15):
    """Yield pairs of subjects, spread over all ordered pairs."""
    X, y, subject = hapt()
    people = np.unique(subject)[0 if chosen_on else 1 :: 2]
    pairs = list(permutations(people.tolist(), 2))
    for place in np.linspace(0, len(pairs) - 1, n_pairs).round().astype(int):
        a, b = (subject == person for person in pairs[place])
        name = "hapt chosen on" if chosen_on else "hapt"
        yield "{}: {} -> {}".format(name, *pairs[place]), X[a], y[a], X[b], y[b]


def watch_tasks():
    """Yield both directions, as they are and with the arm turned by hand."""
    for source, target in permutations(("left", "right")):
        data = load_watch(source=source, target=target)
        rows = data.sample_domain >= 0
        task = data.X[rows], data.y[rows], data.X[~rows], data.y[~rows]
        yield f"watch: {source} -> {target}", *task


def bike_tasks():
    """Yield days of bicycles: is it a workday?"""
    frame = load_bikes().frame
    frame["day"] = frame["time"].dt.strftime("%Y-%m-%d")
    series = as_series(
        frame,
        id="day",
        time="series",
        channels=["y", "temperature", "humidity", "wind"],
        labels="workday",
    )
    y = series.labels["workday"].astype(int)
    month = np.array([int(day[5:7]) for day in series.ids])
    year = np.array([day[:4] for day in series.ids])
    winter, summer = np.isin(month, [12, 1, 2]), np.isin(month, [6, 7, 8])
    named = {"winter": winter, "summer": summer}
    named |= {name: year == name for name in ("2011", "2012")}
    for a, b in [("winter", "summer"), ("summer", "winter"), ("2011", "2012")]:
        s, t = named[a], named[b]
        yield f"bikes: {a} -> {b}", series[s].values, y[s], series[t].values, y[t]


TASKS = {
    "watch": watch_tasks,
    "hapt": hapt_tasks,
    "bikes": bike_tasks,
    "hapt chosen on": partial(hapt_tasks, chosen_on=True),
}
REPORTED = ("watch", "hapt", "bikes")


def linear():
    """Return the model of all rows."""
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def of_task(Xs, ys, Xt, yt, seed, signs):
    """Return the scores and what was chosen."""
    features = SeriesFeatures().fit(np.concatenate([Xs, Xt]))
    Zs, Zt = features.transform(Xs), features.transform(Xt)
    halves = ShuffleSplit(5, test_size=0.5, random_state=seed)
    row = {"source": linear().fit(Zs, ys).score(Zt, yt)}
    row["target"] = cross_val_score(linear(), Zt, yt, cv=halves).mean()
    start = time.process_time()
    fitted = AutoAdapt(channel_signs=signs, random_state=seed).fit(Xs, ys, Xt=Xt)
    predicted = fitted.predict(Xt)
    row["cpu_seconds"] = round(time.process_time() - start, 1)
    row["auto"] = np.mean(predicted == yt)
    row["chosen"] = " ".join([fitted.best_method_, *fitted.members_])
    return row


def accuracy(only, seeds):
    """Yield rows of accuracy."""
    for name in only or REPORTED:
        for task, *domains in TASKS[name]():
            for seed in seeds:
                for what in ("signs", "no signs") if name == "watch" else ("signs",):
                    key = {"what": what, "task": task, "seed": seed}
                    yield (
                        key,
                        lambda d=domains, w=what, s=seed: of_task(*d, s, w == "signs"),
                    )


def signs(only, seeds):
    """Yield false alarms as they are, and patterns that are found where planted."""
    for name in only or REPORTED:
        for task, Xs, _, Xt, _ in TASKS[name]():
            rng = np.random.default_rng(0)
            C = Xs.shape[2]
            mirrored = [-1, 1, 1, 1, -1, -1] if name == "watch" else [1] * C
            by_hand = {"as it is": np.ones(C, dtype=int)}
            by_hand |= {f"turned {k}": rng.choice([-1, 1], C) for k in range(2)}
            for label, pattern in by_hand.items():
                key = {"what": f"signs {label}", "task": task, "seed": 0}
                truth = np.array(mirrored) * pattern
                yield key, partial(of_pattern, Xs * pattern, Xt, truth)


def of_pattern(Xs, Xt, truth):
    """Return whether the pattern is found, whether any channel is turned, and a share.

    It is the share of the distance that the nearest pattern leaves.
    """
    found = ChannelSigns().fit(Xs, Xt=Xt)
    return {
        "auto": float(found.signs_.tolist() == truth.tolist()),
        "source": float((found.signs_ < 0).any()),
        "target": found.nearest_distance_ / found.distance_,
        "chosen": found.finding_,
    }


def groups(only, seeds):
    """Yield source scores by folds of rows and of subjects, and leave-one-out."""
    data = load_watch()
    rows = data.sample_domain >= 0
    Z = SeriesFeatures().fit_transform(data.X[rows])
    y, subject = data.y[rows], data.groups[rows]

    def by_folds():
        rows = StratifiedKFold(5, shuffle=True, random_state=0)
        scores = {"source": cross_val_score(linear(), Z, y, cv=rows).mean()}
        one_out = LeaveOneGroupOut()
        grouped = cross_val_score(linear(), Z, y, cv=GroupKFold(5), groups=subject)
        truth = cross_val_score(linear(), Z, y, cv=one_out, groups=subject)
        sizes = np.bincount(subject)[1:]
        return scores | {
            "auto": grouped.mean(),
            "target": np.average(truth, weights=sizes),
            "chosen": "source: folds of rows; auto: of groups; target: one out",
        }

    yield {"what": "groups", "task": "watch: left", "seed": 0}, by_folds


def main():
    """Measure what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    kinds = {"accuracy": accuracy, "signs": signs, "groups": groups}
    parser.add_argument("kinds", nargs="*", default=list(kinds))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--tasks", nargs="+", choices=TASKS)
    args = parser.parse_args()
    for kind in args.kinds:
        for key, measure in kinds[kind](args.tasks, args.seeds):
            if key in RESULTS:
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                row = key | measure()
            RESULTS.add(
                {k: f"{v:.4f}" if isinstance(v, float) else v for k, v in row.items()}
            )
            print(*row.values(), flush=True)


if __name__ == "__main__":
    main()
