"""What a training step takes: full fine-tuning, a probe, and tuners.

    KERAS_BACKEND=jax python benchmarks/tuner_memory.py [--methods full Ladder]
        [--report]

The network is a stack of 8 transformer blocks of width 256; a step is one of Adam on 32
series of 128 time steps. Each method runs in a process of its own and adds a row to
``results/tuner_memory.csv``:

- ``step``: on JAX, megabytes of the compiled step, as XLA plans them: weights, state
  of the optimizer, rows, and all that is kept between the forward and the backward
  pass. Elsewhere by how much the first step raises the peak of the process's memory.
- ``peak``: peak of the process's memory, with the framework, in megabytes.
- ``seconds``: CPU time of a step, the median of three after the first.
"""

import argparse
import csv
import os
import resource
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np

OUT = Path(__file__).with_name("results") / "tuner_memory.csv"
COLUMNS = (
    *("method", "trained", "weights", "step", "peak", "seconds", "backend", "device"),
    "date",
)
WIDTH, DEPTH, TOKENS, ROWS = 256, 8, 128, 32
BAR = 0.4  # of the memory of full fine-tuning, for side networks
SIDES = ("Ladder", "Ladder, linear", "UniPT", "SHERL", "VQT", "R2Tuning")


def tuners():
    """Return the tuners by name; `None` is full fine-tuning, `False` the head alone."""
    from adapt.parameter_based.tuners import (
        SHERL,
        VQT,
        Adapters,
        Ladder,
        LoRA,
        R2Tuning,
        UniPT,
    )

    return {
        "full": None,
        "linear probe": False,
        "LoRA": LoRA(8),
        "LoRA, nf4": LoRA(8, quantize="nf4"),
        "Adapters": Adapters(16),
        "Ladder": Ladder(),
        "Ladder, linear": Ladder(ladders="linear"),
        "UniPT": UniPT(),
        "SHERL": SHERL(),
        "VQT": VQT(),
        "R2Tuning": R2Tuning(),
    }


def stack():
    """Return the network."""
    import keras
    from keras import layers

    inputs = x = keras.Input((TOKENS, WIDTH))
    for _ in range(DEPTH):
        h = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(8, WIDTH // 8)(h, h)
        h = layers.Dense(4 * WIDTH, "gelu")(layers.LayerNormalization()(x))
        x = x + layers.Dense(WIDTH)(h)
    return keras.Model(inputs, layers.GlobalAveragePooling1D()(x))


def network_for(method):
    """Return the network with a new head, as a method trains it."""
    import keras

    from adapt.parameter_based.tuners import Tuned

    base, tuner = stack(), tuners()[method]
    if tuner is False:
        base.trainable = False
    elif tuner is not None:
        base = Tuned(base, tuner)
    inputs = keras.Input((TOKENS, WIDTH))
    return keras.Model(inputs, keras.layers.Dense(7)(base(inputs)))


def n_bytes(variables):
    """Return the bytes of variables."""
    return sum(
        int(np.prod(v.shape)) * np.dtype(str(v.dtype)).itemsize for v in variables
    )


def planned(network, rows):
    """Return the bytes of a step as XLA plans it, and the step, on JAX."""
    import jax
    import keras
    from jax import numpy as jnp

    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(network.trainable_variables)

    def loss(moving, still, x):
        y, still = network.stateless_call(moving, still, x, training=True)
        return jnp.mean(jnp.square(y)), still

    def step(moving, still, state, x):
        slopes, still = jax.grad(loss, has_aux=True)(moving, still, x)
        moving, state = optimizer.stateless_apply(state, slopes, moving)
        return moving, still, state

    state = [
        [v.value for v in variables]
        for variables in (
            network.trainable_variables,
            network.non_trainable_variables,
            optimizer.variables,
        )
    ]
    program = jax.jit(step, donate_argnums=(0, 1, 2))
    compiled = program.lower(*state, rows).compile()
    found = compiled.memory_analysis()
    size = found.argument_size_in_bytes + found.temp_size_in_bytes
    size += found.output_size_in_bytes - found.alias_size_in_bytes

    def run():
        state[:] = jax.block_until_ready(compiled(*state, rows))

    return size, run


def other_step(network, rows):
    """Return a function that does a step, on TensorFlow and PyTorch."""
    import keras
    from keras import ops

    from adapt.deep import _engine

    optimizer = keras.optimizers.Adam(1e-3)
    moving = network.trainable_variables
    optimizer.build(moving)
    state = [*network.variables, *optimizer.variables]

    def step(batch):
        def loss():
            value = ops.mean(ops.square(network(batch["X"], training=True)))
            return value, {"loss": value}

        def apply(slopes):
            optimizer.apply(slopes, moving)

        return _engine.minimize(loss, moving, apply, state)

    mode = {"tensorflow": "graph", "torch": "eager"}[_engine.BACKEND]
    epoch = _engine.compile_epoch(step, state, mode)
    data = {"rows": {"X": _engine.to_device(rows)}}
    index = {"rows": np.arange(ROWS, dtype="int32")[None]}
    return lambda: epoch(data, index, {}, 1)


def peak():
    """Return the peak of the memory of this process, in bytes."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def measured(method):
    """Return one method as a row."""
    import keras

    backend = keras.backend.backend()
    rows = np.random.default_rng(0).normal(size=(ROWS, TOKENS, WIDTH))
    rows = rows.astype("float32")
    network = network_for(method)
    weights = n_bytes(network.weights)
    trained = sum(int(np.prod(w.shape)) for w in network.trainable_weights)
    if backend == "jax":
        size, run = planned(network, rows)
        run()
    else:
        run = other_step(network, rows)
        before = peak()
        run()
        size = peak() - before
    times = []
    for _ in range(3):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return {
        "method": method,
        "trained": trained,
        "weights": round(weights / 1e6, 1),
        "step": round(size / 1e6),
        "peak": round(peak() / 1e6),
        "seconds": round(sorted(times)[1], 2),
        "backend": backend,
        "device": os.environ.get("TUNERS_DEVICE", "CPU"),
        "date": date.today().isoformat(),
    }


def report(rows):
    """Return the lines of a table, and which bars are met."""
    lines = []
    for backend in dict.fromkeys(row["backend"] for row in rows):
        found = {r["method"]: r for r in rows if r["backend"] == backend}
        for method, row in found.items():
            line = f"{backend:10} {method:14} {row['step']:>5} MB {row['seconds']} s"
            if "full" in found:
                share = float(row["step"]) / float(found["full"]["step"])
                line += f"  {share:.2f} of full"
                if method in SIDES:
                    line += f"; at most {BAR}: {'' if share <= BAR else 'not '}met"
            lines.append(line)
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", nargs="+", default=None)
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--one", default=None, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one is not None:
        row = measured(given.one)
        new = not OUT.exists()
        with open(OUT, "a", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow(row)
        print(*row.values(), flush=True)
        return
    if not given.report:
        for method in given.methods or tuners():
            subprocess.run([sys.executable, __file__, "--one", method], check=True)
    with open(OUT, encoding="utf-8", newline="") as file:
        print("\n".join(report(list(csv.DictReader(file)))))


if __name__ == "__main__":
    main()
