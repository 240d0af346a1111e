"""Measure what a shift costs on every task of ``adapt.datasets``.

Prints the table of baselines that each description under ``adapt/datasets/data``
holds: a model of the source alone, scored on the target, and models of one half of
the target, scored on the other half (mean of ten halves; by subjects where there are
subjects). The models are a logistic or ridge regression and a random forest, after
median imputation; the linear ones on standardised features, except for pixels, whose
scale is common. Windows are summed up by mean and standard deviation of each channel.

    python tools/measure_datasets.py [NAME ...]
"""

import sys

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from adapt.datasets import list_datasets, list_tasks, load_dataset


def make_models(task):
    """Return the linear model and the forest for a task."""
    if task.kind == "regression":
        linear = RidgeCV(alphas=np.logspace(-3, 3, 13))
        forest = RandomForestRegressor(random_state=0, n_jobs=2)
    else:
        linear = LogisticRegression(max_iter=2000)
        forest = RandomForestClassifier(random_state=0, n_jobs=2)
    if task.dataset == "digits":
        scaler = FunctionTransformer(lambda X: X / 16)
    else:
        scaler = StandardScaler()
    return [
        make_pipeline(SimpleImputer(strategy="median"), scaler, linear),
        make_pipeline(SimpleImputer(strategy="median"), forest),
    ]


def measure(task):
    """Return one pair (source-only, target-trained) a model."""
    data = load_dataset(task.dataset, **task.kwargs)
    X, is_source = data.X, data.sample_domain >= 0
    if X.ndim == 3:
        X = np.hstack([X.mean(axis=1), X.std(axis=1)])
    Xs, ys, Xt, yt = X[is_source], data.y[is_source], X[~is_source], data.y[~is_source]
    if "groups" in data:
        splitter = GroupShuffleSplit(10, test_size=0.5, random_state=0)
        halves = list(splitter.split(Xt, yt, data.groups[~is_source]))
    else:
        halves = list(ShuffleSplit(10, test_size=0.5, random_state=0).split(Xt))
    results = []
    for model in make_models(task):
        source_only = model.fit(Xs, ys).score(Xt, yt)
        ceiling = [model.fit(Xt[a], yt[a]).score(Xt[b], yt[b]) for a, b in halves]
        results.append((source_only, np.mean(ceiling)))
    return results


if __name__ == "__main__":
    for name in sys.argv[1:] or list_datasets():
        tasks = [task for task in list_tasks() if task.dataset == name]
        print(f"\n{name}\n{'=' * 32}  ==============  ==============")
        for task in tasks:
            cells = [f"{low:.3f} -> {high:.3f}" for low, high in measure(task)]
            pair = task.name.split(": ")[1]
            print(f"{pair:32}  {cells[0]}  {cells[1]}", flush=True)
