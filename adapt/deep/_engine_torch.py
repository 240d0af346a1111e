"""The engine on PyTorch; `_engine` says what each function does."""

from contextlib import contextmanager

import keras
import torch
from keras import ops
from torch.fx.experimental.proxy_tensor import make_fx

from adapt.deep._engine_steps import (
    batch_of,
    is_irregular,
    is_small,
    product,
    stacked,
)

# Below so many steps, tracing a step takes longer than it saves.
_TRACED_STEPS = 500

PACKED_MODES = ()
matmul = product
to_device = ops.convert_to_tensor


def to_numpy(x):
    return x.detach().cpu().numpy()


def _rows(array, index):
    return array[index]


@contextmanager
def fork_generators(seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def layout(batch_size):
    if keras.distribution.distribution() is not None:
        raise ValueError(
            "With PyTorch deep methods run on one device: call "
            "`keras.distribution.set_distribution(None)`. To split batches over "
            "several, set KERAS_BACKEND=jax and `keras.distribution.set_distribution("
            "keras.distribution.DataParallel())`."
        )


def choose_mode(jit_compile, networks, n_steps):
    if jit_compile is None:
        jit_compile = n_steps >= _TRACED_STEPS and not any(map(is_irregular, networks))
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
            logs = stacked(step(batch), names)
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

        def batch(j):
            rows = {group: i[j] for group, i in index.items()}
            now = {k: s[j] for k, s in scalars.items()}
            return batch_of(_rows, data, rows, now)

        with _threads(state):
            if mode == "traced" and not graphs:
                graphs.append(_traced(step, state, batch(0), names))
            if any(graphs):
                sums = _replay(graphs[0], state, map(batch, range(n_steps)))
            else:
                sums = 0
                for j in range(n_steps):
                    sums = sums + stacked(step(batch(j)), names)
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
