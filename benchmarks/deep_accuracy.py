"""What deep methods are worth on three tasks, beside source-only and target-trained.

Run as ``KERAS_BACKEND=jax python benchmarks/deep_accuracy.py TASK [SEEDS [METHOD...]]``
with ``moons``, ``digits`` or ``watch``; ``SEEDS`` is their number, or ``3:5`` for the
last two of five. A line per fit goes to standard output as JSON, and ``python
benchmarks/deep_accuracy.py table FILE...`` makes the table of the guide of such lines.
Target labels serve to score by, and for what is called target-trained.

- ``moons``: two moons of 600 rows and two more turned by 30 degrees, drawn anew for
  each seed. One network for all methods, and the weights of `MOONS`, set once.
- ``digits``: 8 x 8 pixels, MNIST as source, optdigits as target. Defaults, 30 epochs.
- ``watch``: exercises recorded on the left arm as source, on the right as target, every
  fourth step of each window. Defaults, 40 epochs.

Target-trained is `DeepSource` trained on one half of the target and scored on the
other, both ways; a subject of ``watch`` is in one half alone.
"""

import json
import sys
import time
import warnings
from collections import defaultdict

import numpy as np

METHODS = (
    *("DeepSource", "DeepCORAL", "DAN", "JAN", "DeepJDOT"),
    *("DANN", "CDAN", "ADDA", "WDGRL", "MCD", "MDD"),
    *("MCC", "BNM", "VADA", "DeepSelfTraining"),
    *("AdaBN", "SHOT", "Tent", "DIRTT", "CoDATS"),
)
MOONS = {
    "DANN": {"lambda_": 0.3},
    "CDAN": {"lambda_": 0.3},
    "MCC": {"lambda_": 0.3},
    "MCD": {"n_steps": 2},
    "WDGRL": {"lambda_": 1.0},
    "VADA": {"lambda_": 0.3},
    "DIRTT": {"lambda_": 0.3},
}


def read(task, seed):
    """Return ``Xs, ys, Xt, yt, groups``, the last of the target rows."""
    from adapt import datasets

    if task == "moons":
        Xs, ys, Xt, yt = datasets.make_moons_da(
            600, angle=30.0, noise=0.1, random_state=seed
        )
        return Xs, ys, Xt, yt, np.arange(len(yt))
    data = datasets.load_digits() if task == "digits" else datasets.load_watch()
    X = data.X if task == "digits" else data.X[:, ::4]
    source = data.sample_domain >= 0
    groups = np.arange(len(X)) if task == "digits" else data.groups
    return X[source], data.y[source], X[~source], data.y[~source], groups[~source]


def networks():
    """Return the networks for the moons: builders of an encoder and a task."""
    import keras
    from keras import layers

    def encoder():
        hidden = [layers.Dense(32, activation="relu") for _ in range(2)]
        return keras.Sequential([keras.Input((2,)), *hidden])

    def task():
        return keras.Sequential([layers.Dense(2)])

    return {"encoder": encoder, "task": task}


def new(task, method, seed):
    from adapt import feature_based

    cls = getattr(feature_based, method)
    params = {"random_state": seed, "epochs": 40 if task == "watch" else 30}
    if task == "moons":
        params |= {"epochs": 60, "learning_rate": 3e-3, **networks()}
        params |= MOONS.get(method, {})
        if method in ("AdaBN", "Tent"):  # their own default encoder normalises
            params.pop("encoder")
    return cls(**params)


def target_trained(task, Xt, yt, groups, seed):
    """Return the accuracy of training on one half of the target, on the other."""
    rng = np.random.default_rng(seed)
    names = rng.permutation(np.unique(groups))
    first = np.isin(groups, names[: len(names) // 2])
    scores = []
    for train in (first, ~first):
        model = new(task, "DeepSource", seed).fit(Xt[train], yt[train], Xt=Xt)
        scores.append(model.score(Xt[~train], yt[~train]))
    return np.average(scores, weights=[(~first).sum(), first.sum()])


def main(task, seeds="5", *methods):
    methods = methods or ("target-trained", *METHODS)
    for method in methods:
        for seed in range(*map(int, seeds.split(":"))):
            Xs, ys, Xt, yt, groups = read(task, seed)
            start = time.process_time()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                if method == "target-trained":
                    score = target_trained(task, Xt, yt, groups, seed)
                else:
                    model = new(task, method, seed).fit(Xs, ys, Xt=Xt)
                    score = model.score(Xt, yt)
            line = {"task": task, "method": method, "seed": seed, "score": score}
            line["cpu_s"] = round(time.process_time() - start, 1)
            print(json.dumps(line), flush=True)


def table(*paths):
    """Print the mean and the standard deviation by method and task."""
    found = defaultdict(list)
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for line in map(json.loads, filter(lambda x: x[0] == "{", file)):
                found[line["method"], line["task"]].append(line["score"])
    tasks = [t for t in ("moons", "digits", "watch") if any(t == k[1] for k in found)]
    for method in ("target-trained", *METHODS):
        cells = []
        for task in tasks:
            scores = found.get((method, task))
            cells.append(
                "--"
                if scores is None
                else f"{np.mean(scores):.3f} ± {np.std(scores):.3f} ({len(scores)})"
            )
        print(f"   * - {method}")
        print("\n".join(f"     - {cell}" for cell in cells))


if __name__ == "__main__":
    if sys.argv[1] == "table":
        table(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
