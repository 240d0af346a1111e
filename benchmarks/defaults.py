"""Defaults of maps beside what their papers have, on shifts that chose neither.

Run as ``python benchmarks/defaults.py [seed] [methods]``, where ``GFK TCA`` are all
forms of these methods, and ``python benchmarks/defaults.py report``. Gains on
source-only in points of accuracy, by logistic regression, on made shifts of real
tables, months of drifting sensors and the bundled tasks: the defaults were chosen on
the last. Rows go to ``results/defaults.csv``; what is there is not measured again.
"""

import sys
import warnings

import numpy as np
import records
from choice_records import tasks
from sklearn.linear_model import LogisticRegression

from adapt.base import SourceOnly
from adapt.feature_based import BDA, GFK, JDA, TCA, TJM, MMDLSConS
from adapt.model_selection._read_domains import preprocess

COLUMNS = ("family", "table", "kind", "seed", "method", "gain")
RESULTS = records.Results("defaults.csv", COLUMNS, COLUMNS[:5])
PLAIN = {"scale_columns": False, "whiten": True}
METHODS = {
    "GFK": GFK(),
    "GFK, as published": GFK(
        n_components="disagreement", source_axes="pca", center="domain"
    ),
    "GFK, one mean": GFK(center="both"),
    "MMDLSConS": MMDLSConS(),
    "MMDLSConS, all classes": MMDLSConS(coupling=1, min_separation=0),
}
for adapter in (TCA, JDA, BDA, TJM):
    name = adapter.__name__
    METHODS[name] = adapter()
    METHODS[f"{name}, as published"] = adapter(**PLAIN)


def gains(pair, names):
    """Yield methods and what they gain on source-only, in points."""
    _, Xs, Xt = preprocess(pair.Xs, pair.Xt)
    model = LogisticRegression(max_iter=1000)
    alone = SourceOnly(model).fit(Xs, pair.ys, Xt=Xt).score(Xt, pair.yt)
    for name in names:
        method = METHODS[name]
        try:
            method.set_params(estimator=model, random_state=0)
            gain = 100 * (method.fit(Xs, pair.ys, Xt=Xt).score(Xt, pair.yt) - alone)
        except Exception:  # then there is still the model of the source
            gain = 0.0
        yield name, gain


def run(seed, only=()):
    """Add the tasks that are missing to the file of results."""
    wanted = [name for name in METHODS if not only or name.split(",")[0] in only]
    for family, table, kind, draw in tasks(True, seed):
        key = {"family": family, "table": table, "kind": kind, "seed": seed}
        names = [name for name in wanted if key | {"method": name} not in RESULTS]
        if not names:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pair = draw()
            if len(np.unique(pair.ys)) < 2:
                continue
            found = list(gains(pair, names))
        RESULTS.add(
            *(key | {"method": name, "gain": f"{gain:.2f}"} for name, gain in found)
        )


def report():
    """Print mean gains, the share of tasks that lose more than 2 points, the worst."""
    rows = RESULTS.read()
    for family in ("made", "drift", "bundled"):
        part = [row for row in rows if row["family"] == family]
        print(f"\n{family}")
        for name in METHODS:
            found = [float(row["gain"]) for row in part if row["method"] == name]
            if found:
                losing, worst = np.mean(np.array(found) < -2), min(found)
                summary = f"{np.mean(found):+6.1f} ({losing:.0%}; {worst:+.1f})"
                print(f"  {name:26}{summary} on {len(found)} tasks")


if __name__ == "__main__":
    argument, *only = sys.argv[1:] or ["0"]
    report() if argument == "report" else run(int(argument), only)
