"""The engine: the only file that knows TensorFlow, JAX and PyTorch apart.

It offers the same few functions on each: `minimize` (one gradient step),
`value_and_gradient`, `repeat` and `matmul` for losses that need them, `compile_epoch`
(a loop over index batches of data that lies on the device, compiled into one call) and
`compile_forward`.
"""

import math
import random
from collections import Counter
from contextlib import contextmanager, nullcontext

import keras
import numpy as np
from keras import ops

__all__ = [
    "BACKEND",
    "COMPILED",
    "compile_epoch",
    "compile_forward",
    "matmul",
    "minimize",
    "repeat",
    "seeded",
    "to_device",
    "to_numpy",
    "value_and_gradient",
    "weights_of",
]

BACKEND = keras.backend.backend()
COMPILED = Counter()  # how often an epoch or a forward pass was traced, for tests
_N_LOGS = 32  # most numbers that a step may report
_BLOCK_BYTES = 2**21  # rows gathered at once in compiled epochs

# Measured on CPUs: below so many steps, XLA takes longer to compile than it saves.
_XLA_STEPS = 4000
# And below so many, tracing a step takes longer on PyTorch.
_TRACED_STEPS = 500
# Networks of fewer parameters do not gain from several threads.
_FEW_PARAMETERS = 1_000_000


@contextmanager
def seeded(seed):
    """Seed the global generators that Keras and networks draw from, then restore them.

    Keras draws the seeds of initializers and dropout from Python's ``random``.
    """
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    with _fork_generators(seed):
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002


def is_irregular(network):
    """Return whether a network convolves or recurs: such loops compile badly."""
    layers = network._flatten_layers() if hasattr(network, "layers") else [network]
    recurs = any(isinstance(layer, keras.layers.RNN) for layer in layers)
    return recurs or any(len(w.shape) > 2 for w in network.weights)


def is_small(state):
    """Return whether variables are too few to gain from several threads."""
    return sum(math.prod(v.shape) for v in state) < _FEW_PARAMETERS


def weights_of(network):
    """Return the weights as arrays (Keras's own way warns under numpy 2.4)."""
    return [to_numpy(w.value) for w in network.weights]


def _matmul(x, y, transpose_a=False, transpose_b=False):
    """Return the product of matrices, of which either may be transposed first.

    TensorFlow takes longer to transpose a small one than to multiply it, unless the
    product is told to.
    """
    return (x.T if transpose_a else x) @ (y.T if transpose_b else y)


def _batch(data, index, scalars):
    """Gather the rows of one step."""
    batch = {
        name: _rows(array, index[group])
        for group, arrays in data.items()
        for name, array in arrays.items()
    }
    return {**batch, **scalars}


def _blocks(data, index, scalars):
    """Return index and scalars with an axis of blocks in front, and a block's length.

    The rows of a block are gathered at once. XLA on a CPU spreads each gather out of
    much data over its threads, and waiting for them takes longer than a small step.
    """
    step = sum(
        4 * index[group].shape[1] * int(np.prod(array.shape[1:]))
        for group, arrays in data.items()
        for array in arrays.values()
    )
    n_steps = next(iter(index.values())).shape[0]
    size = int(np.clip(_BLOCK_BYTES // step, 1, n_steps))

    def blocks(array):
        rest = [[0, 0]] * (len(array.shape) - 1)
        array = ops.pad(array, [[0, -n_steps % size], *rest])
        return ops.reshape(array, (-1, size, *array.shape[1:]))

    index, scalars = (
        {name: blocks(array) for name, array in arrays.items()}
        for arrays in (index, scalars)
    )
    return index, scalars, size


def _stacked(logs, names):
    """Return logs as one vector of fixed size, and leave their names in ``names``."""
    names[:] = logs
    values = ops.stack([ops.cast(value, "float32") for value in logs.values()])
    return ops.pad(values, [[0, _N_LOGS - len(logs)]])


if BACKEND == "tensorflow":
    import tensorflow as tf

    PACKED_MODES = ("graph", "serial")
    _rows = tf.gather  # `ops.take` would wrap negative numbers around
    matmul = tf.matmul
    _fork_generators = nullcontext
    to_device = tf.convert_to_tensor
    to_numpy = np.asarray

    def choose_mode(jit_compile, networks, n_steps):
        """Return how to run an epoch: ``"xla"``, ``"serial"`` or ``"graph"``.

        On a CPU, the first two run one operation after the other, where a graph hands
        each to a pool of threads, which takes longer than a small one lasts.
        """
        networks = list(networks)
        small = sum(n.count_params() for n in networks) < _FEW_PARAMETERS
        regular = not any(map(is_irregular, networks))
        if jit_compile is None:
            jit_compile = n_steps >= _XLA_STEPS and regular
        if jit_compile:
            return "xla"
        return "serial" if small and regular else "graph"

    def value_and_gradient(function, x):
        """Return ``y = function(x)`` and the derivative of its sum.

        Both can be differentiated again.
        """
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        return y, tape.gradient(y, x)

    def repeat(n, body, state):
        """Call ``body`` ``n`` times; it changes ``state``. Return its last value."""
        if n > 1:

            def again(j):
                body()
                return (j + 1,)

            start = (tf.constant(0),)
            tf.while_loop(lambda j: j < n - 1, again, start, parallel_iterations=1)
        return body()

    def minimize(loss, variables, apply, state):
        """Take one gradient step of ``loss() -> (total, logs)``; return the logs."""
        values = [v.value for v in variables]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            total, logs = loss()
        apply(tape.gradient(total, values))
        return logs

    def compile_epoch(step, state, mode, begin=None):
        """Return ``run(data, index, scalars, n_steps) -> {name: mean over steps}``.

        ``data`` is a dict of groups of tensors, ``index`` has an array (at least
        n_steps, batch_size) for each group and ``scalars`` one number a step.
        ``begin()``, if given, is called before the first step.
        """
        names = []

        def loop(n, body, sums):
            start = tf.constant(0), sums
            return tf.while_loop(
                lambda j, _: j < n, body, start, parallel_iterations=1
            )[1]

        def epoch(data, index, scalars, n_steps):
            COMPILED["epoch"] += 1

            index, scalars, size = _blocks(data, index, scalars)

            def block(b, sums):
                at_b = tf.nest.map_structure(lambda a: a[b], (index, scalars))
                batches = _batch(data, *at_b)

                def body(j, sums):
                    batch = {name: tf.gather(a, j) for name, a in batches.items()}
                    return j + 1, sums + _stacked(step(batch), names)

                return b + 1, loop(tf.minimum(size, n_steps - b * size), body, sums)

            if begin is not None:
                begin()
            return loop(-(-n_steps // size), block, tf.zeros(_N_LOGS))

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

        def run(values, x):
            shape = (None, *x.shape[1:])
            if shape not in concrete:
                rows = tf.TensorSpec(shape, x.dtype)
                concrete[shape] = traced.get_concrete_function(values, rows)
            return concrete[shape](values, x)

        return run

elif BACKEND == "jax":
    import jax

    PACKED_MODES = ()
    matmul = _matmul
    _fork_generators = nullcontext
    to_device = jax.numpy.asarray
    to_numpy = np.asarray

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
        """Return how to run an epoch: ``"fused"`` or ``"step"``."""
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
                logs = step(batch)
            values = [scope.get_current_value(v) for v in state]
            return values, sums + _stacked(logs, names)

        def epoch(values, sums, data, index, scalars, n_steps):
            COMPILED["epoch"] += 1
            index, scalars, size = _blocks(data, index, scalars)

            def block(b, carry):
                at_b = jax.tree.map(lambda a: a[b], (index, scalars))
                batches = _batch(data, *at_b)

                def body(j, carry):
                    return one(*carry, jax.tree.map(lambda a: a[j], batches))

                n = jax.numpy.minimum(size, n_steps - b * size)
                return jax.lax.fori_loop(0, n, body, carry)

            n_blocks = -(-n_steps // size)
            return jax.lax.fori_loop(0, n_blocks, block, (values, sums))

        def single(values, sums, data, index, scalars):
            COMPILED["epoch"] += 1
            return one(values, sums, _batch(data, index, scalars))

        # Nothing is donated, so that an interrupt leaves the variables as they were.
        function = epoch if mode == "fused" else single
        compiled = jax.jit(function, compiler_options=_options(state))

        def run(data, index, scalars, n_steps):
            if begin is not None:
                begin()
            carry = [v.value for v in state], jax.numpy.zeros(_N_LOGS)
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

else:
    import torch
    from torch.fx.experimental.proxy_tensor import make_fx

    PACKED_MODES = ()
    matmul = _matmul
    to_device = ops.convert_to_tensor

    def to_numpy(x):
        return x.detach().cpu().numpy()

    def _rows(array, index):
        return array[index]

    @contextmanager
    def _fork_generators(seed):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            yield

    def choose_mode(jit_compile, networks, n_steps):
        """Return how to run an epoch: ``"traced"`` or ``"eager"``."""
        if jit_compile is None:
            jit_compile = n_steps >= _TRACED_STEPS and not any(
                map(is_irregular, networks)
            )
        return "traced" if jit_compile else "eager"

    @contextmanager
    def _threads(state):
        """Run small networks on one thread: more cost more than they bring."""
        n_threads = torch.get_num_threads()
        if is_small(state):
            torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(n_threads)

    def value_and_gradient(function, x):
        x = x if x.requires_grad else x.detach().requires_grad_(True)
        y = function(x)
        return y, torch.autograd.grad(y.sum(), x, create_graph=True)[0]

    def repeat(n, body, state):
        for _ in range(n):
            logs = body()
        return logs

    def minimize(loss, variables, apply, state):
        total, logs = loss()
        values = [v.value for v in variables]
        gradients = torch.autograd.grad(total, values, allow_unused=True)
        with torch.no_grad():
            apply(list(gradients))
        return {name: value.detach() for name, value in logs.items()}

    def _traced(step, state, batch, names):
        """Return a step as ``(values, batch) -> (values, logs)`` without Keras.

        Keras takes longer to call an operation than a small one lasts. None if the step
        cannot be traced, or gives something else than its trace, as where it draws
        random numbers.
        """

        def pure(values, batch):
            with keras.StatelessScope(zip(state, values, strict=True)) as scope:
                logs = _stacked(step(batch), names)
            return [scope.get_current_value(v) for v in state], logs

        def restore():
            for v, old in zip(state, before, strict=True):
                v.assign(old)

        before = [v.value.detach().clone() for v in state]
        given = [
            old.clone().requires_grad_(v.value.requires_grad)
            for v, old in zip(state, before, strict=True)
        ]
        with torch.random.fork_rng():
            try:
                graph = make_fx(pure)(given, batch)
            except Exception:  # untraced, the step will say what it is
                return None
            finally:
                restore()
            values = [old.clone() for old in before]
            for _ in range(2):  # what is the same in each step shows at the second
                values, _ = graph(values, batch)
                step(batch)
            same = all(
                torch.allclose(a, v.value.detach(), rtol=1e-5, atol=1e-6)
                for a, v in zip(values, state, strict=True)
            )
            restore()
        return graph if same else None

    def compile_epoch(step, state, mode, begin=None):
        names, graphs = [], []

        def run(data, index, scalars, n_steps):
            index, scalars = (
                {name: to_device(array) for name, array in arrays.items()}
                for arrays in (index, scalars)
            )
            if begin is not None:
                begin()

            def batch_of(j):
                rows = {group: i[j] for group, i in index.items()}
                return _batch(data, rows, {k: s[j] for k, s in scalars.items()})

            with _threads(state):
                if mode == "traced" and not graphs:
                    graphs.append(_traced(step, state, batch_of(0), names))
                if any(graphs):
                    sums = _replay(graphs[0], state, map(batch_of, range(n_steps)))
                else:
                    sums = 0
                    for j in range(n_steps):
                        sums = sums + _stacked(step(batch_of(j)), names)
            means = (sums / n_steps).tolist()
            return dict(zip(names, means, strict=False))

        return run

    @torch.no_grad()
    def _replay(graph, state, batches):
        """Take a traced step for each batch, and return the sums of what it logs."""
        values, sums = [v.value for v in state], 0
        try:
            for batch in batches:
                values, logs = graph(values, batch)
                sums = sums + logs
        finally:  # an interrupt keeps what was done
            for v, value in zip(state, values, strict=True):
                if value is not v.value:
                    v.assign(value)
        return sums

    def compile_forward(function):
        return torch.no_grad()(function)
