"""What adapters of several persons are worth to persons with few labels.

    KERAS_BACKEND=jax python benchmarks/tuner_tasks.py [--seeds 0:3] [--methods full ..]

Each method and seed adds a row to ``results/tuner_tasks.csv``; a row that is there is
not made again.

A perceptron is trained on the left arms of the watch series, of which it gets the means
of ten time steps each. Four persons, whose right arms are the targets, have 14 labelled
windows each, two of each exercise, which the seed draws; the accuracy is that on all
their other windows. The sources of
`ScaLearn` and `AdapterFusion` are adapters for the right arms of the six other persons,
with all their labels. Nothing is chosen by the scores: the learning rate is .001 where
all weights move, .005 elsewhere, for 100 epochs.
"""

import argparse
import os
import time
from functools import cache

import numpy as np
import records
from tuners import perceptron

OUT = records.FOLDER / "tuner_tasks.csv"
COLUMNS = "method", "seed", "accuracy", "trained", "seconds", "backend"
KEY = "method", "seed", "backend"
SOURCES, TARGETS = (1, 2, 3, 4, 5, 6), (7, 8, 9, 10)
OPTIONS = {"epochs": 100, "batch_size": 32}
SHARING = {f"together, {name}": name for name in ("none", "half", "full")}
SHARING["together, hypernetwork"] = "hypernetwork"
METHODS = (
    *("source", "from scratch", "linear probe", "full", "Adapters 8, parallel"),
    *("ScaLearn", "ScaLearn, one scale a source", "AdapterFusion"),
    *SHARING,
)


@cache
def prepared():
    """Return the source network, and rows, labels and persons of the right arms."""
    import keras

    from adapt.datasets import load_watch

    data = load_watch()
    source = data.sample_domain >= 0
    X = data.X / data.X[source].std(axis=(0, 1))
    X = X.reshape(len(X), -1, 10, X.shape[2]).mean(axis=2)
    X = X.reshape(len(X), -1).astype("float32")
    _, y = np.unique(data.y, return_inverse=True)
    keras.utils.set_random_seed(0)
    network = perceptron(X.shape[1:], int(y.max()) + 1)
    network.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    network.fit(X[source], y[source], epochs=30, batch_size=64, verbose=0)
    return network, X[~source], y[~source], np.asarray(data.groups)[~source]


def adapters():
    from adapt.parameter_based.tuners import Adapters

    return Adapters(8, position="parallel")


@cache
def sources():
    """Return a model with adapters for each source person."""
    from adapt.parameter_based import FineTuning

    network, X, y, person = prepared()
    model = {"model": network, "learning_rate": 5e-3, "random_state": 0}
    return [
        FineTuning(tuner=adapters(), **model, **{**OPTIONS, "epochs": 40}).fit(
            X[person == p], y[person == p]
        )
        for p in SOURCES
    ]


def few_rows(seed):
    """Return which rows of the target persons are labelled, and which are scored."""
    _, _, y, person = prepared()
    rng = np.random.default_rng(100 + seed)
    few = []
    for p in TARGETS:
        for label in np.unique(y[person == p]):
            own = np.flatnonzero((person == p) & (y == label))
            few += rng.permutation(own)[:2].tolist()
    rest = np.isin(person, TARGETS)
    rest[few] = False
    return np.array(few), np.flatnonzero(rest)


def parameters_of(method):
    """Return what `FineTuning` is given for a method."""
    import keras

    from adapt.parameter_based.tuners import AdapterFusion, ScaLearn

    network = prepared()[0]
    if method == "from scratch":
        keras.utils.set_random_seed(0)
        return {"model": keras.models.clone_model(network), "learning_rate": 1e-3}
    if method == "full":
        return {"model": network, "learning_rate": 1e-3}
    given = {"model": network, "learning_rate": 5e-3}
    if method == "linear probe":
        return {**given, "training": False}
    made = {
        "Adapters 8, parallel": adapters,
        "ScaLearn": lambda: ScaLearn(sources()),
        "ScaLearn, one scale a source": lambda: ScaLearn(sources(), per="scalar"),
        "AdapterFusion": lambda: AdapterFusion(sources()),
    }
    return {**given, "tuner": made[method]()}


def fitted(method, seed, few, rest):
    """Return the predictions for all rows of the targets, and how much is trained."""
    from adapt.parameter_based import FineTuning, MultiTaskTuning

    network, X, y, person = prepared()
    if method in SHARING:
        model = MultiTaskTuning(
            network,
            tuner=adapters(),
            sharing=SHARING[method],
            learning_rate=5e-3,
            random_state=seed,
            **OPTIONS,
        )
        model.fit(X[few], y[few], sample_domain=person[few])
        found = model.predict(X[rest], sample_domain=person[rest])
        return found, model.n_trainable_
    found, trained = np.empty(len(rest), dtype=int), 0
    for p in TARGETS:
        own = few[person[few] == p]
        model = FineTuning(random_state=seed, **OPTIONS, **parameters_of(method))
        model.fit(X[own], y[own])
        of_person = person[rest] == p
        found[of_person] = model.predict(X[rest[of_person]])
        trained += model.n_trainable_
    return found, trained


def measured(method, seed):
    """Return a row: the fits of all target persons by a method."""
    network, X, y, _ = prepared()
    few, rest = few_rows(seed)
    start, trained = time.process_time(), 0
    if method == "source":
        found = network.predict(X[rest], verbose=0).argmax(axis=1)
    else:
        found, trained = fitted(method, seed, few, rest)
    return {
        **key_of(method, seed),
        "accuracy": round(float(np.mean(found == y[rest])), 4),
        "trained": trained,
        "seconds": round(time.process_time() - start, 2),
    }


def key_of(method, seed):
    """Return the cells that tell a row from others."""
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    return {"method": method, "seed": str(seed), "backend": backend}


def run(methods, seeds, path=OUT):
    """Make the rows that are missing."""
    results = records.Results(path, COLUMNS, KEY)
    for seed in seeds:
        for method in methods:
            if key_of(method, seed) not in results:
                row = measured(method, seed)
                results.add(row)
                print(*(row[name] for name in COLUMNS), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", nargs="+", default=METHODS, choices=METHODS)
    parser.add_argument("--seeds", default="0:3")
    given = parser.parse_args()
    first, last = map(int, given.seeds.split(":"))
    run(given.methods, range(first, last))


if __name__ == "__main__":
    main()
