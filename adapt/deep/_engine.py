"""The engine: the same few functions on TensorFlow, JAX and PyTorch.

This file is the contract; `_engine_tensorflow`, `_engine_jax` and `_engine_torch` keep
it, and only that of the backend in use is imported. Losses use `value_and_gradient`,
`repeat` and `matmul`; programs use `minimize` (one gradient step), `compile_epoch` (a
loop over index batches of data that lies on the device) and `compile_forward`.
"""

import random
from contextlib import contextmanager

import keras
import numpy as np

from adapt.deep._engine_steps import COMPILED

__all__ = [
    "BACKEND",
    "COMPILED",
    "PACKED_MODES",
    "choose_mode",
    "compile_epoch",
    "compile_forward",
    "layout",
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
if BACKEND == "tensorflow":
    from adapt.deep import _engine_tensorflow as _backend
elif BACKEND == "jax":
    from adapt.deep import _engine_jax as _backend
elif BACKEND == "torch":
    from adapt.deep import _engine_torch as _backend
else:
    raise ImportError(
        f"Deep methods run on TensorFlow, JAX or PyTorch, but Keras uses {BACKEND!r}. "
        "Set KERAS_BACKEND to 'tensorflow', 'jax' or 'torch' before Keras is imported."
    )

# Modes, as `choose_mode` returns them, in which few large operations are faster than
# many small ones, so that an optimizer's variables are packed in one vector.
PACKED_MODES = _backend.PACKED_MODES


def layout(batch_size):
    """Return the devices that batches are split over, None for one device.

    Parameters
    ----------
    batch_size : int
        Rows of a batch, of which each device gets as many.

    Returns
    -------
    devices : tuple of str or None
        Their names: programs that were compiled for others cannot be used.

    Raises
    ------
    ValueError
        If rows cannot be split evenly, or not with this backend.
    """
    return _backend.layout(batch_size)


def to_device(x):
    """Return an array as a tensor of the backend."""
    return _backend.to_device(x)


def to_numpy(x):
    """Return a tensor as an array."""
    return _backend.to_numpy(x)


def matmul(x, y, transpose_a=False, transpose_b=False):
    """Return the product of matrices, of which either may be transposed first.

    TensorFlow takes longer to transpose a small one than to multiply it, unless the
    product is told to.
    """
    return _backend.matmul(x, y, transpose_a=transpose_a, transpose_b=transpose_b)


def weights_of(network):
    """Return the weights as arrays (Keras's own way warns under numpy 2.4)."""
    return [to_numpy(w.value) for w in network.weights]


@contextmanager
def seeded(seed):
    """Seed the global generators that Keras and networks draw from, then restore them.

    Keras draws the seeds of initializers and dropout from Python's ``random``.
    """
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    with _backend.fork_generators(seed):
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002


def value_and_gradient(function, x):
    """Return ``y = function(x)`` and the derivative of its sum by ``x``.

    Parameters
    ----------
    function : callable
        From a tensor to a tensor.

    x : tensor
        Where it is evaluated.

    Returns
    -------
    y, slope : tensors
        Both can be differentiated again.
    """
    return _backend.value_and_gradient(function, x)


def repeat(n, body, state):
    """Call ``body()`` ``n`` times, and return its last value.

    Parameters
    ----------
    n : int
        Number of calls.

    body : callable
        Without arguments; it assigns to variables of ``state``.

    state : list of keras.Variable
        All that it may change.
    """
    return _backend.repeat(n, body, state)


def minimize(loss, variables, apply, state):
    """Take one gradient step.

    Parameters
    ----------
    loss : callable
        ``loss()`` returns a scalar tensor and a dict of numbers to log.

    variables : list of keras.Variable
        What the loss is differentiated by.

    apply : callable
        ``apply(gradients)`` moves them; some gradients may be None.

    state : list of keras.Variable
        All that the loss or the step may change.

    Returns
    -------
    logs : dict of scalar tensors
        As ``loss`` returned them.
    """
    return _backend.minimize(loss, variables, apply, state)


def choose_mode(jit_compile, networks, n_steps):
    """Return how to run an epoch, as `compile_epoch` takes it.

    Parameters
    ----------
    jit_compile : bool or None
        What the user asks for; None is as measured.

    networks : iterable of keras.Model
        What is trained.

    n_steps : int
        Number of steps in all epochs.

    Returns
    -------
    mode : str
        "xla", "serial" or "graph" with TensorFlow, "fused" or "step" with JAX, "traced"
        or "eager" with PyTorch.
    """
    return _backend.choose_mode(jit_compile, list(networks), n_steps)


def compile_epoch(step, state, mode, begin=None):
    """Compile a loop over the batches of an epoch.

    Parameters
    ----------
    step : callable
        ``step(batch)`` assigns to variables of ``state`` and returns a dict of at most
        32 scalar tensors.

    state : list of keras.Variable
        All that a step may change.

    mode : str
        As `choose_mode` returns it.

    begin : callable or None, default=None
        Called without arguments before the first step of an epoch.

    Returns
    -------
    run : callable
        ``run(data, index, scalars, n_steps)`` returns what steps returned, averaged
        over the steps, as a dict of floats. ``data`` is a dict of groups of tensors,
        ``index`` has an integer array (at least n_steps, batch_size) for each group,
        and ``scalars`` has arrays with one entry a step.
    """
    return _backend.compile_epoch(step, state, mode, begin)


def compile_forward(function):
    """Compile a function of rows, once for all numbers of rows where it can be.

    Parameters
    ----------
    function : callable
        ``function(values, *arrays)`` takes a list of tensors, and tensors whose first
        axis may be of any length. It assigns to nothing.
    """
    return _backend.compile_forward(function)
