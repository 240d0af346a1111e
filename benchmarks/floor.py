"""An epoch of DANN on JAX beside plain training written by hand: `floor.py`.

Both train the default encoder and task network with Adam on 4,000 + 4,000 rows, 128 a
step. Plain training knows all labels and has no discriminator; it stands for what no
library can do without. They take turns; printed are medians in milliseconds.
"""

import os

os.environ |= {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}

import jax
import measure
import numpy as np
import problems
import ratios
from jax import numpy as jnp

from adapt.feature_based import DANN

SIZES = [(20, 64), (64, 64), (64, 32), (32, 1)]  # encoder and task network
N, BATCH, EPOCHS, REPEATS = 4000, 128, 20, 3


def network(weights, x):
    for kernel, bias in weights[:-1]:
        x = jax.nn.relu(x @ kernel + bias)
    kernel, bias = weights[-1]
    return (x @ kernel + bias)[:, 0]


def loss(weights, x, y):
    return jnp.mean((network(weights, x) - y) ** 2)


@jax.jit
def epoch(state, X, y, index):
    def step(j, state):
        weights, first, second, t = state
        rows = index[j]
        slope = jax.grad(loss)(weights, X[rows], y[rows])
        t = t + 1
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, slope)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, slope)
        rate = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        weights = jax.tree.map(
            lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-7), weights, first, second
        )
        return weights, first, second, t

    return jax.lax.fori_loop(0, len(index), step, state)


def by_hand(data, seed):
    """Return the costs of epochs of plain training."""
    rng = np.random.default_rng(seed)
    X = jnp.asarray(np.concatenate([data.Xs, data.Xt]))
    y = jnp.asarray(np.concatenate([data.ys, data.yt]))
    weights = [
        (jnp.asarray(rng.normal(size=s) / np.sqrt(s[0]), "float32"), jnp.zeros(s[1]))
        for s in SIZES
    ]
    zeros = jax.tree.map(jnp.zeros_like, weights)
    state = weights, zeros, zeros, jnp.zeros(())
    clock = measure.EpochClock()
    for _ in range(EPOCHS):
        order = rng.permuted(np.broadcast_to(np.arange(2 * N), (2, 2 * N)), axis=1)
        n_steps = -(-2 * N // BATCH)
        index = order.ravel()[: n_steps * BATCH].reshape(n_steps, BATCH)
        state = jax.block_until_ready(epoch(state, X, y, index.astype("int32")))
        clock.tick()
    return clock.steady()


def ours(data, seed):
    """Return the costs of epochs of DANN."""
    import keras

    clock = measure.EpochClock()
    tick = keras.callbacks.LambdaCallback(on_epoch_end=clock.tick)
    model = DANN(epochs=EPOCHS, batch_size=BATCH // 2, callbacks=[tick], loss="mse")
    model.set_params(random_state=seed).fit(data.Xs, data.ys, Xt=data.Xt)
    return clock.steady()


def main():
    costs = {ours: [], by_hand: []}
    for seed in range(REPEATS):
        data = problems.problem("table", "regression", N, seed).as_float32()
        for function, found in costs.items():
            found.append(function(data, seed))
    rows = []
    for unit in ("cpu", "wall"):
        pairs = [[c[unit] for c in found] for found in costs.values()]
        quotients = np.divide(*pairs)
        times = [1e3 * np.median(found) for found in pairs]
        numbers = *times, np.median(quotients), quotients.min(), quotients.max()
        rows.append([unit, *map(ratios.number, numbers)])
    print(ratios.aligned(["", "DANN", "by hand", "ratio", "min", "max"], rows))


if __name__ == "__main__":
    main()
