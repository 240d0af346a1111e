"""Time STRUT on a forest: `forest.py --trees 500 --rows 100000 --jobs 2`.

The source forest has scikit-learn's defaults, fitted on 10,000 rows of 20 columns.
"""

import argparse
import json

import measure
import problems
from sklearn.ensemble import RandomForestClassifier

from adapt.parameter_based import TransferForestClassifier


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trees", type=int, default=500)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    source = problems.table(10_000, 0).as_classes()
    target = problems.table(args.rows, 0).as_classes()
    forest = RandomForestClassifier(args.trees, random_state=0)
    forest.fit(source.Xs, source.ys)
    adapter = TransferForestClassifier(forest, algo="strut", n_jobs=args.jobs)
    adapter, cost = measure.timed(lambda: adapter.fit(target.Xt, target.yt))
    accuracy = [
        model.score(target.X_test[:10_000], target.y_test[:10_000])
        for model in (forest, adapter)
    ]
    print(json.dumps({**vars(args), **cost, "accuracy": accuracy}))


if __name__ == "__main__":
    main()
