"""What tuners are worth beside full fine-tuning, a linear probe and a new network.

    KERAS_BACKEND=jax python benchmarks/tuners.py [--tasks digits watch]
        [--methods "LoRA 4" full] [--sizes 50 200] [--seeds 0:5] [--report]

Each fit adds a row to ``results/tuners.csv`` as it ends; a row that is there, of the
same task, method, size, seed and backend, is not made again. ``--report`` prints the
table of the guide from the rows, and which bars are met, and fits nothing.

A network is trained on the source of a task once (30 epochs for digits, 15 for the
watch), and then fine-tuned on a few labelled rows of the target, that the seed draws;
it is scored on all others. Nothing is chosen by the scores: the learning rate is .001
where all weights move, .005 elsewhere, for 100 epochs of up to 60 rows and 40 epochs of
more, in batches of 32.

- ``digits``: mnist to optdigits, a perceptron of 50,826 weights.
- ``watch``: the left arm to the right, convolutions with batch normalisation, 24,967.
- ``attention``: the same rows, three transformer blocks on steps of 10, 154,439.
"""

import argparse
import os
import time
from collections import defaultdict
from functools import cache
from itertools import product

import numpy as np
import records

OUT = records.FOLDER / "tuners.csv"
COLUMNS = (
    *("task", "method", "size", "seed", "accuracy"),
    *("trained", "share", "seconds", "backend"),
)
KEY = ("task", "method", "size", "seed", "backend")
TASKS = ("digits", "watch", "attention")
WITHOUT = ("source", "from scratch", "linear probe", "full", "full, FreezeOut .8")


def tuners(task):
    """Return the tuners that a task is measured with, by name."""
    from adapt.parameter_based.tuners import (
        SHERL,
        VQT,
        Adapters,
        BitFit,
        Both,
        Compacter,
        ConvAdapter,
        Ladder,
        LoRA,
        Prefix,
        Prompt,
        R2Tuning,
        Scaling,
        UniPT,
    )

    parallel = Adapters(8, position="parallel", scale=4.0)
    found = {
        "BitFit": BitFit(),
        "Scaling (IA3)": Scaling(),
        "LoRA 1": LoRA(1),
        "LoRA 4": LoRA(4),
        "LoRA 4, nf4": LoRA(4, quantize="nf4"),
        "LoRA 4, int8": LoRA(4, quantize="int8"),
        "Adapters 8": Adapters(8),
        "Adapters 8, parallel": parallel,
        "Ladder": Ladder(),
        "UniPT": UniPT(),
        "SHERL": SHERL(),
        "VQT": VQT(),
        "R2Tuning": R2Tuning(),
    }
    if task == "digits":
        return found
    if task == "watch":
        found["Compacter 16"] = Compacter(16, targets="conv")
        return found | {"ConvAdapter 4": ConvAdapter(4)}
    found["Compacter 16"] = Compacter(16)
    return found | {
        "Prefix 8": Prefix(8),
        "Prompt 4": Prompt(4, targets="embed"),
        "MAM": Both([Prefix(8), parallel]),
    }


def perceptron(shape, n_classes):
    import keras
    from keras import layers

    body = [layers.Dense(256, "relu"), layers.Dense(128, "relu")]
    head = layers.Dense(n_classes, "softmax")
    return keras.Sequential([keras.Input(shape), *body, head])


def convolutions(shape, n_classes):
    import keras
    from keras import layers

    body = [keras.Input(shape)]
    for width, n in (7, 32), (5, 64), (3, 64):
        body += [layers.Conv1D(n, width, padding="same", use_bias=False)]
        body += [layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling1D(2)]
    body += [layers.GlobalAveragePooling1D(), layers.Dense(n_classes, "softmax")]
    return keras.Sequential(body)


def transformer(shape, n_classes, width=64, n_blocks=3):
    import keras
    from keras import layers

    inputs = keras.Input(shape)
    x = layers.Conv1D(width, 10, strides=10, name="embed")(inputs)
    for _ in range(n_blocks):
        h = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(4, width // 4)(h, h)
        h = layers.Dense(4 * width, "gelu")(layers.LayerNormalization()(x))
        x = x + layers.Dense(width)(h)
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x))
    return keras.Model(inputs, layers.Dense(n_classes, "softmax")(x))


MAKERS = {"digits": perceptron, "watch": convolutions, "attention": transformer}


def arrays_of(task):
    """Return rows, labels and domains, scaled by the source."""
    from adapt.datasets import load_digits, load_watch

    load = load_digits if task == "digits" else load_watch
    X, y, domain = load(return_X_y=True)
    scale = 16 if task == "digits" else X[domain >= 0].std(axis=(0, 1))
    _, y = np.unique(y, return_inverse=True)
    return (X / scale).astype("float32"), y, domain


@cache
def prepared(task):
    """Return the source network, its accuracy on the target, and the target."""
    import keras

    X, y, domain = arrays_of(task)
    source, target = domain >= 0, domain < 0
    keras.utils.set_random_seed(0)
    network = MAKERS[task](X.shape[1:], int(y.max()) + 1)
    network.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    epochs = 30 if task == "digits" else 15
    network.fit(X[source], y[source], epochs=epochs, batch_size=64, verbose=0)
    predicted = network.predict(X[target], verbose=0).argmax(axis=1)
    return network, float(np.mean(predicted == y[target])), X[target], y[target]


def parameters_of(task, method, network):
    """Return what `FineTuning` is given for a method."""
    import keras

    if method == "from scratch":
        keras.utils.set_random_seed(0)
        return {"model": keras.models.clone_model(network), "learning_rate": 1e-3}
    if method == "full":
        return {"model": network, "learning_rate": 1e-3}
    if method == "full, FreezeOut .8":
        return {"model": network, "learning_rate": 1e-3, "freeze_out": 0.8}
    given = {"model": network, "learning_rate": 5e-3}
    if method == "linear probe":
        return {**given, "training": False}
    return {**given, "tuner": tuners(task)[method]}


def measured(task, method, size, seed):
    """Return one fit as a row."""
    from adapt.parameter_based import FineTuning

    network, before, X, y = prepared(task)
    row = {**key_of(task, method, size, seed), "trained": 0, "share": 0, "seconds": 0}
    if method == "source":
        return {**row, "accuracy": round(before, 4)}
    order = np.random.default_rng(100 + seed).permutation(len(y))
    few, rest = order[:size], order[size:]
    options = {"epochs": 100 if size <= 60 else 40, "batch_size": 32}
    given = parameters_of(task, method, network)
    model = FineTuning(random_state=seed, **options, **given)
    start = time.process_time()
    model.fit(X[few], y[few])
    seconds = time.process_time() - start
    return {
        **row,
        "accuracy": round(model.score(X[rest], y[rest]), 4),
        "trained": model.n_trainable_,
        "share": round(model.trainable_share_, 4),
        "seconds": round(seconds, 2),
    }


def key_of(task, method, size, seed):
    """Return the cells that tell a row from others."""
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    cells = {"task": task, "method": method, "size": size, "seed": seed}
    return {**{k: str(v) for k, v in cells.items()}, "backend": backend}


def run(tasks, methods, sizes, seeds, path=OUT):
    """Make the rows that are missing."""
    results = records.Results(path, COLUMNS, KEY)
    for task, size, seed in product(tasks, sizes, seeds):
        for method in (*WITHOUT, *tuners(task)):
            if methods and method not in methods:
                continue
            if key_of(task, method, size, seed) in results:
                continue
            row = measured(task, method, size, seed)
            results.add(row)
            print(*(row[name] for name in COLUMNS), flush=True)


def summary(rows):
    """Return by (task, method, size) the accuracies, and the share that is trained."""
    found, shares = defaultdict(list), {}
    for row in rows:
        key = row["task"], row["method"], int(row["size"])
        found[key].append(float(row["accuracy"]))
        shares[row["task"], row["method"]] = float(row["share"])
    return dict(found), shares


def report(rows):
    """Return the table of the guide, and the lines that say which bars are met."""
    accuracies, shares = summary(rows)
    columns = sorted({(task, size) for task, _, size in accuracies})
    methods = list(dict.fromkeys(method for _, method, _ in accuracies))
    lines = [".. list-table::", "   :header-rows: 1", "", "   * - Method"]
    lines += [f"     - {task}, {size} rows" for task, size in columns]
    for method in methods:
        lines.append(f"   * - {method}")
        for task, size in columns:
            cell = accuracies.get((task, method, size), [])
            text = ""
            if cell:
                text = f"{np.mean(cell):.3f} ± {np.std(cell):.3f}"
                text += f" ({100 * shares[task, method]:.1f} %)"
            lines.append(f"     - {text}".rstrip())
    return lines, bars(accuracies, columns)


def bars(accuracies, columns):
    """Return for each column how far LoRA 4 is from full fine-tuning."""
    lines = []
    for task, size in columns:
        pair = [accuracies.get((task, m, size)) for m in ("LoRA 4", "full")]
        if all(pair):
            gap = 100 * (np.mean(pair[0]) - np.mean(pair[1]))
            word = "met" if gap >= -1 else "not met"
            n = min(map(len, pair))
            lines.append(
                f"{task}, {size} rows, {n} seeds: LoRA 4 {gap:+.1f} points from full "
                f"fine-tuning; within 1 point: {word}"
            )
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", nargs="+", default=TASKS, choices=TASKS)
    parser.add_argument("--methods", nargs="+", default=None)
    parser.add_argument("--sizes", nargs="+", type=int, default=(50, 200))
    parser.add_argument("--seeds", default="0:5")
    parser.add_argument("--report", action="store_true")
    given = parser.parse_args()
    if given.report:
        table, reached = report(records.read(OUT))
        print("\n".join([*table, "", *reached]))
        return
    first, last = map(int, given.seeds.split(":"))
    run(given.tasks, given.methods, given.sizes, range(first, last))


if __name__ == "__main__":
    main()
