"""Training networks: epochs, phases and optimizers, whatever the networks are for."""

import copy as copying
import warnings
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np

from adapt.deep import _engine, _program
from adapt.deep._monitor import Watch, as_list
from adapt.deep._schedules import UpdateLambda, at_steps

__all__ = ["Phase", "Trainer", "Update"]

# Parameters that change nothing in what is compiled.
_NOT_COMPILED = (
    *("Xt", "yt", "encoder", "task", "discriminator", "copy", "random_state"),
    *("optimizer", "optimizer_enc", "optimizer_disc", "learning_rate", "device_budget"),
    *("epochs", "batch_size", "callbacks", "verbose"),
    *("validation_data", "validation_split"),
)


class Update(NamedTuple):
    """One gradient update of a step.

    Parameters
    ----------
    loss : callable
        ``loss(batch)`` returns a dict of scalar tensors, whose sum is minimised.

    on : tuple of str
        Names of the networks whose weights move.

    repeat : int
        How many times in a row, on the same batch.
    """

    loss: Callable
    on: tuple[str, ...]
    repeat: int = 1


class Phase(NamedTuple):
    """A part of a fit, with optimizers of its own.

    Parameters
    ----------
    epochs : int
        Number of epochs.

    updates : str
        Name of the method that returns the list of `Update`.

    pretrain : bool
        Whether it is recorded in ``pretrain_history_``, and not in ``history_``.

    tol : float or None
        The phase ends early when an epoch changes the loss by less than this.
    """

    epochs: int
    updates: str
    pretrain: bool = False
    tol: float | None = None


class Trainer:
    """Train the networks of an estimator, as it describes in `_updates` and `_phases`.

    It is mixed into a class derived from `adapt.base.BaseAdapter` that has the
    parameters ``optimizer``, ``learning_rate``, ``jit_compile`` and ``verbose``, keeps
    its networks as ``name_`` and their recipes in ``_recipes``, and starts
    ``history_`` and ``n_epochs_`` before it calls `_train`.
    """

    _scheduled = ()  # parameters that may be schedules
    _not_compiled = ()  # more parameters that change nothing in what is compiled

    def _updates(self):
        """Return what one step does, as a list of `Update`."""
        return [Update(self._losses, self._network_names)]

    def _structure(self):
        """Return what the losses depend on beside parameters and networks."""
        return ()

    def _phases(self):
        """Yield the `Phase` of a fit; code between two of them runs between them."""
        yield Phase(self.epochs, "_updates")

    def _draw(self, rng, size):
        """Return random numbers by name, for ``size`` = (n_steps, batch_size) rows.

        They are drawn by numpy, and thus alike on all backends; a batch holds those of
        its step.
        """
        return {}

    def _blocks(self, name, network):
        """Return the variables that move, by blocks with optimizers of their own."""
        return {name: network.trainable_variables}

    def _watchers(self):
        """Return the callbacks of a training."""
        return as_list(self.callbacks)

    def _watched(self):
        """Return what callbacks see: a shape of samples, and names of networks.

        Those are one model to them, each network upon the one before.
        """
        return self._shape, ("encoder", "task")

    def _twin(self):
        """Return what stands for this estimator in what is compiled, without data."""
        twin = copying.copy(self)
        for name in {*self._data_parameters, "callbacks"} & vars(self).keys():
            setattr(twin, name, None)
        return twin

    def _evaluate(self, networks, held_out):
        """Return numbers by name for the history, from what was held out."""
        return {}

    def _after_epoch(self, logs, networks):
        """Return whether to end the phase here."""
        return False

    def _optimizers(self):
        """Return by block a new optimizer and its rate, and a key of them all."""
        special = {"encoder": "optimizer_enc", "discriminator": "optimizer_disc"}
        optimizers, rates, keys = {}, {}, []
        networks = {name: getattr(self, f"{name}_") for name in self._recipes}
        blocks = {b: n for n in networks for b in self._blocks(n, networks[n])}
        for block, name in blocks.items():
            given = getattr(self, special.get(name, "optimizer"), None)
            given = self.optimizer if given is None else given
            key = given
            if isinstance(given, keras.optimizers.Optimizer):
                config = given.get_config()
                if self.learning_rate is not None:
                    config["learning_rate"] = 1.0  # until it is set, as for the others
                key = (type(given), {k: v for k, v in config.items() if k != "name"})
                optimizer = type(given).from_config(config)
            else:
                optimizer = keras.optimizers.get(given)
            rate = self.learning_rate
            if rate is None and isinstance(optimizer.learning_rate, keras.Variable):
                rate = float(_engine.to_numpy(optimizer.learning_rate.value))
            optimizers[block], rates[block] = optimizer, rate
            keys.append((block, _program.hashable(key)))
        return optimizers, rates, tuple(keys)

    def _train(self, number, phase, networks, feed, held_out, rng):
        """Run one phase, and return whether it came to its end."""
        epochs, updates = phase.epochs, phase.updates
        history = self.history_
        if phase.pretrain:
            history = self.pretrain_history_ = {}
        planned = self.n_epochs_ + epochs
        optimizers, rates, optimizer_key = self._optimizers()
        schedules = self._schedules()
        mode = _engine.choose_mode(
            self.jit_compile, networks.values(), epochs * feed.n_steps
        )
        static = [
            (k, _program.hashable(v))
            for k, v in sorted(self.get_params(deep=False).items())
            if k not in (*_NOT_COMPILED, *self._not_compiled, *self._scheduled)
        ]
        key = (type(self), number, updates, mode, feed.batch_size, tuple(feed.groups))
        key = (*key, self._structure(), tuple(static), optimizer_key)

        def make(networks):
            twin = self._twin()
            for name, network in networks.items():
                setattr(twin, f"{name}_", network)
            moves = getattr(twin, updates)()
            return _program.Program(networks, optimizers, twin._blocks, moves, mode)

        program, key = _program.take_program(networks, self._recipes, key, make)
        program.load(networks, rates, rng)
        watch = Watch(self, program, epochs, feed.n_steps, held_out, history)
        try:
            # PyTorch's dropout draws from the global generator.
            with _engine.seeded(rng.randint(2**31 - 1)):
                self._run_epochs(program, phase, schedules, feed, watch, rng)
        except KeyboardInterrupt:
            program.store(networks)
            warnings.warn(
                f"The fit of {type(self).__name__} was interrupted after "
                f"{self.n_epochs_} of {planned} epochs. The networks are as they were "
                "then; predictions come from them.",
                UserWarning,
                stacklevel=6,
            )
            return False
        program.store(networks)
        _program.give_back(program, key)
        return True

    def _run_epochs(self, program, phase, schedules, feed, watch, rng):
        before = np.inf
        watch.begin()
        for epoch in range(phase.epochs):
            watch.begin_epoch(epoch)
            sums = {}
            for data, index, first, n_steps in feed.epoch(rng):
                size = next(iter(index.values())).shape
                steps = epoch * feed.n_steps + first + np.arange(size[0])
                given = {k: at_steps(k, v, steps) for k, v in schedules.items()}
                for name, numbers in self._draw(rng, size).items():
                    given[name] = np.asarray(numbers, dtype=np.float32)
                means = program.run(data, index, given, n_steps)
                for name, value in means.items():
                    sums[name] = sums.get(name, 0.0) + value * n_steps
            logs = {name: value / feed.n_steps for name, value in sums.items()}
            self.n_epochs_ += 1
            if not np.isfinite(logs["loss"]):
                raise FloatingPointError(
                    f"The loss of {type(self).__name__} became {logs['loss']} in epoch "
                    f"{epoch + 1}. Scale the features, or lower `learning_rate`."
                )
            done = watch.end_epoch(epoch, logs)
            done = self._after_epoch(logs, program.networks) or done
            if done or (phase.tol and abs(before - logs["loss"]) < phase.tol):
                break
            before = logs["loss"]
        watch.end()

    def _schedules(self):
        schedules = {name: getattr(self, name) for name in self._scheduled}
        for callback in self._watchers():
            if isinstance(callback, UpdateLambda):
                schedules["lambda_"] = callback
        return schedules
