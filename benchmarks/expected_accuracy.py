"""How far `expected_accuracy` is from the truth, over the bundled tasks.

Run as ``python benchmarks/expected_accuracy.py [rows] [logistic|forest|boosting]``. For
source-only and for the method that `AutoAdapt` takes: the guess, its interval, the true
accuracy on the target, and in the end the mean absolute error of each single guess.
"""

import sys

import numpy as np
import pandas as pd
from accuracy import problems

from adapt.inspection import expected_accuracy
from adapt.model_selection import AutoAdapt
from adapt.model_selection._candidates import base_estimator, candidates


def main(cap="1000", estimator="logistic"):
    rows = []
    for task, kind, Xs, ys, Xt, yt, raw in problems(int(cap), controls=False):
        if kind != "classification":
            continue
        base = base_estimator(estimator, of_classes=True, random_state=0)
        chosen = AutoAdapt(base, random_state=0).fit(raw[0], ys, Xt=raw[1]).best_method_
        for name in dict.fromkeys(["SourceOnly", chosen]):
            model = candidates("default", base, trains_on_target=False)[name]
            found = expected_accuracy(model, Xs, ys, Xt, random_state=0)
            truth = np.mean(model.fit(Xs, ys, Xt=Xt).predict(Xt) == yt)
            row = {"task": task, "method": name, "true": truth, "guess": found.accuracy}
            row |= {"low": found.low, "high": found.high, "chosen": name == chosen}
            rows.append(row | found.guesses["guess"].to_dict())
            print(f"{task:34}{name:22}{truth:.3f}  {found}", flush=True)
    table = pd.DataFrame(rows)
    guesses = ["guess", *found.guesses.index]
    for title, part in (
        ("source-only", table[table["method"] == "SourceOnly"]),
        ("as AutoAdapt takes", table[table["chosen"]]),
    ):
        errors = part[guesses].sub(part["true"], axis=0)
        covered = part["true"].between(part["low"], part["high"]).mean()
        print(f"\n{title}: {len(part)} tasks, {covered:.0%} within the interval")
        print(
            pd.DataFrame(
                {"mean abs. error": errors.abs().mean(), "bias": errors.mean()}
            )
            .round(3)
            .to_string()
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
