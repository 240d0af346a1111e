"""The engine on TensorFlow; `_engine` says what each function does."""

from contextlib import nullcontext

import keras
import numpy as np
import tensorflow as tf

from adapt.deep._engine_steps import (
    COMPILED,
    N_LOGS,
    batch_of,
    blocks_of,
    is_irregular,
    is_small,
    stacked,
)

# Measured on CPUs: below so many steps, XLA takes longer to compile than it saves.
_XLA_STEPS = 4000

PACKED_MODES = ("graph", "serial")
_rows = tf.gather  # `ops.take` would wrap negative numbers around
matmul = tf.matmul
fork_generators = nullcontext
to_device = tf.convert_to_tensor
to_numpy = np.asarray


def layout(batch_size):
    if tf.distribute.has_strategy() or keras.distribution.distribution() is not None:
        raise ValueError(
            "With TensorFlow deep methods run on one device: fit outside of "
            "`strategy.scope()`. To split batches over several, set KERAS_BACKEND=jax "
            "and `keras.distribution.set_distribution(keras.distribution."
            "DataParallel())`."
        )


def choose_mode(jit_compile, networks, n_steps):
    # On a CPU, "xla" and "serial" run one operation after the other. A graph hands each
    # to a pool of threads, which takes longer than a small one lasts.
    small = is_small([v for network in networks for v in network.weights])
    regular = not any(map(is_irregular, networks))
    if jit_compile is None:
        jit_compile = n_steps >= _XLA_STEPS and regular
    if jit_compile:
        return "xla"
    return "serial" if small and regular else "graph"


def value_and_gradient(function, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return y, tape.gradient(y, x)


def repeat(n, body, state):
    if n > 1:

        def again(j):
            body()
            return (j + 1,)

        start = (tf.constant(0),)
        tf.while_loop(lambda j: j < n - 1, again, start, parallel_iterations=1)
    return body()


def minimize(loss, variables, apply, state):
    values = [v.value for v in variables]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(values)
        total, logs = loss()
    apply(tape.gradient(total, values))
    return logs


def compile_epoch(step, state, mode, begin=None):
    names = []

    def loop(n, body, sums):
        start = tf.constant(0), sums
        return tf.while_loop(lambda j, _: j < n, body, start, parallel_iterations=1)[1]

    def epoch(data, index, scalars, n_steps):
        COMPILED["epoch"] += 1
        index, scalars, size = blocks_of(data, index, scalars)

        def block(b, sums):
            at_b = tf.nest.map_structure(lambda a: a[b], (index, scalars))
            batches = batch_of(_rows, data, *at_b)

            def body(j, sums):
                batch = {name: tf.gather(a, j) for name, a in batches.items()}
                return j + 1, sums + stacked(step(batch), names)

            return b + 1, loop(tf.minimum(size, n_steps - b * size), body, sums)

        if begin is not None:
            begin()
        return loop(-(-n_steps // size), block, tf.zeros(N_LOGS))

    compiled = tf.function(epoch, jit_compile=mode == "xla", autograph=False)
    pooled = mode == "graph" or tf.config.list_logical_devices("GPU")
    executor = "" if pooled else "SINGLE_THREADED_EXECUTOR"

    def run(data, index, scalars, n_steps):
        arrays = tf.nest.map_structure(tf.convert_to_tensor, (index, scalars))
        with tf.experimental.function_executor_type(executor):
            sums = compiled(data, *arrays, tf.constant(n_steps)).numpy() / n_steps
        return dict(zip(names, sums.tolist(), strict=False))

    return run


def compile_forward(function):
    traced = tf.function(function, autograph=False)
    concrete = {}  # one for all numbers of rows

    def run(values, *arrays):
        values = [tf.convert_to_tensor(v) for v in values]  # of variables, what is in
        shapes = tuple((None, *a.shape[1:]) if a.shape else () for a in arrays)
        if shapes not in concrete:
            specs = zip(shapes, arrays, strict=True)
            specs = [tf.TensorSpec(shape, a.dtype) for shape, a in specs]
            concrete[shapes] = traced.get_concrete_function(values, *specs)
        return concrete[shapes](values, *arrays)

    return run
