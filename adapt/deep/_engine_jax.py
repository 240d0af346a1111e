"""The engine on JAX; `_engine` says what each function does."""

from contextlib import nullcontext

import jax
import keras
import numpy as np
from keras import ops

from adapt.deep._engine_steps import (
    COMPILED,
    N_LOGS,
    batch_of,
    blocks_of,
    is_irregular,
    is_small,
    product,
    stacked,
)

PACKED_MODES = ()
matmul = product
fork_generators = nullcontext
to_numpy = np.asarray


def layout(batch_size):
    found = keras.distribution.distribution()
    if found is None:
        return None
    if not isinstance(found, keras.distribution.DataParallel):
        raise ValueError(
            "Deep methods split batches over devices, and no networks: set a "
            "`keras.distribution.DataParallel`, got "
            f"{type(found).__name__}."
        )
    devices = found.device_mesh.devices.ravel()
    if jax.process_count() > 1:
        raise ValueError(
            f"Deep methods use the devices of one process, got {jax.process_count()}."
        )
    if batch_size % len(devices):
        raise ValueError(
            f"Batches of {batch_size} rows cannot be split evenly over {len(devices)} "
            f"devices. Choose a `batch_size` that is a multiple of {len(devices)}, and "
            "not larger than the larger domain."
        )
    return tuple(map(str, devices))


def _laid_out(x, found, axes):
    mesh = keras.distribution.TensorLayout(axes, found.device_mesh)
    return keras.distribution.distribute_tensor(x, mesh)


def to_device(x):
    """Every device holds all rows, of which each takes its part of a batch."""
    x, found = jax.numpy.asarray(x), keras.distribution.distribution()
    return x if found is None else _laid_out(x, found, [None] * x.ndim)


def _split(batch):
    """Return a batch of which each device has a part of the rows."""
    found = keras.distribution.distribution()
    if found is None:
        return batch
    first, n = found.batch_dim_name, found.device_mesh.devices.size

    def split(x):
        if x.ndim == 0 or x.shape[0] % n:  # is of the step, not of rows
            return x
        return _laid_out(x, found, [first, *[None] * (x.ndim - 1)])

    return {name: split(x) for name, x in batch.items()}


def _rows(array, index):
    return array.at[index].get(mode="promise_in_bounds")


def _options(state):
    """Return options that keep small networks to one thread on a CPU.

    By its own choice XLA hands operations to a second one, which takes longer than
    they last.
    """
    known = jax.__version_info__ >= (0, 9, 1)
    if not (is_small(state) and known and jax.default_backend() == "cpu"):
        return {}
    return {"xla_cpu_scheduler_type": "CPU_SCHEDULER_TYPE_MEMORY_OPTIMIZED"}


def choose_mode(jit_compile, networks, n_steps):
    if jit_compile is None:
        slow = jax.default_backend() == "cpu" and any(map(is_irregular, networks))
        jit_compile = not slow
    return "fused" if jit_compile else "step"


def value_and_gradient(function, x):
    def total(z):
        y = function(z)
        return ops.sum(y), y

    slope, y = jax.grad(total, has_aux=True)(x)
    return y, slope


def repeat(n, body, state):
    if n > 1:

        def again(_, values):
            with keras.StatelessScope(zip(state, values, strict=True)) as scope:
                body()
            return [scope.get_current_value(v) for v in state]

        values = jax.lax.fori_loop(0, n - 1, again, [v.value for v in state])
        for v, value in zip(state, values, strict=True):
            v.assign(value)
    return body()


def minimize(loss, variables, apply, state):
    moving = {id(v) for v in variables}
    rest = [v for v in state if id(v) not in moving]
    held = [v.value for v in rest]
    order = []  # JAX sorts dicts by their keys

    def pure(values):
        mapping = [*zip(variables, values, strict=True)]
        mapping += zip(rest, held, strict=True)
        with keras.StatelessScope(mapping) as scope:
            total, logs = loss()
        order[:] = logs
        return total, (logs, [scope.get_current_value(v) for v in rest])

    grad = jax.value_and_grad(pure, has_aux=True)
    (_, (logs, news)), gradients = grad([v.value for v in variables])
    for v, old, new in zip(rest, held, news, strict=True):
        if new is not old:
            v.assign(new)
    apply(gradients)
    return {name: logs[name] for name in order}


def compile_epoch(step, state, mode, begin=None):
    names = []

    def one(values, sums, batch):
        with keras.StatelessScope(zip(state, values, strict=True)) as scope:
            logs = step(_split(batch))
        values = [scope.get_current_value(v) for v in state]
        return values, sums + stacked(logs, names)

    def epoch(values, sums, data, index, scalars, n_steps):
        COMPILED["epoch"] += 1
        index, scalars, size = blocks_of(data, index, scalars)

        def block(b, carry):
            at_b = jax.tree.map(lambda a: a[b], (index, scalars))
            batches = batch_of(_rows, data, *at_b)

            def body(j, carry):
                return one(*carry, jax.tree.map(lambda a: a[j], batches))

            n = jax.numpy.minimum(size, n_steps - b * size)
            return jax.lax.fori_loop(0, n, body, carry)

        n_blocks = -(-n_steps // size)
        return jax.lax.fori_loop(0, n_blocks, block, (values, sums))

    def single(values, sums, data, index, scalars):
        COMPILED["epoch"] += 1
        return one(values, sums, batch_of(_rows, data, index, scalars))

    # Nothing is donated, so that an interrupt leaves the variables as they were.
    function = epoch if mode == "fused" else single
    compiled = jax.jit(function, compiler_options=_options(state))

    def run(data, index, scalars, n_steps):
        if begin is not None:
            begin()
        carry = [v.value for v in state], jax.numpy.zeros(N_LOGS)
        if mode == "fused":
            carry = compiled(*carry, data, index, scalars, n_steps)
        else:
            for j in range(n_steps):
                rows = {group: i[j] for group, i in index.items()}
                now = {k: s[j] for k, s in scalars.items()}
                carry = compiled(*carry, data, rows, now)
        for v, value in zip(state, carry[0], strict=True):
            v.assign(value)
        sums = np.asarray(carry[1]) / n_steps
        return dict(zip(names, sums.tolist(), strict=False))

    return run


compile_forward = jax.jit
