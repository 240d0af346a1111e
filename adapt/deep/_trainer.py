"""Training networks: epochs, phases and optimizers, whatever the networks are for."""

import warnings
from contextlib import contextmanager

import keras
import numpy as np

from adapt.deep._engine import choose_mode, layout, seeded, to_numpy
from adapt.deep._hooks import Phase, TrainingHooks, Update
from adapt.deep._monitor import Watch
from adapt.deep._program import Program, give_back, hashable, take_program
from adapt.deep._recipes import flags_of, set_flags
from adapt.deep._schedules import UpdateLambda, at_steps

__all__ = ["Phase", "Trainer", "Update", "frozen"]

# Parameters that change nothing in what is compiled.
_NOT_COMPILED = (
    *("Xt", "yt", "encoder", "task", "discriminator", "copy", "random_state"),
    *("optimizer", "optimizer_enc", "optimizer_disc", "learning_rate", "device_budget"),
    *("epochs", "max_steps", "batch_size", "callbacks", "verbose", "augment"),
    *("validation_data", "validation_split"),
)

# The optimizer where none is given.
_DEFAULT = {"class_name": "AdamW", "config": {"weight_decay": 0.1}}


def _config_of(optimizer):
    """Return the config of an optimizer, of which each network gets a copy."""
    try:
        return optimizer.get_config()
    except NotImplementedError as error:
        raise ValueError(
            f"`optimizer` ({type(optimizer).__name__}) cannot be copied for each "
            "network: its learning-rate schedule has no `get_config`. Write one, "
            "which returns the arguments of its constructor."
        ) from error


class Trainer(TrainingHooks):
    """Train the networks of an estimator, as its `TrainingHooks` describe.

    It is mixed into a class derived from `adapt.base.BaseAdapter` that

    - has the parameters ``optimizer``, ``learning_rate``, ``jit_compile`` and
      ``verbose``;
    - keeps its networks as ``name_`` and their recipes in ``_recipes``, by name;
    - starts ``history_`` as an empty dict and ``n_epochs_`` at 0;
    - calls ``_train`` for each phase.
    """

    def _optimizers(self):
        """Return by block a new optimizer and its rate, and a key of them all."""
        special = {"encoder": "optimizer_enc", "discriminator": "optimizer_disc"}
        optimizers, rates, keys = {}, {}, []
        networks = {name: getattr(self, f"{name}_") for name in self._recipes}
        blocks = {b: n for n in networks for b in self._blocks(n, networks[n])}
        for block, name in blocks.items():
            given = getattr(self, special.get(name, "optimizer"), None)
            given = self.optimizer if given is None else given
            given = _DEFAULT if given is None else given
            key = given
            if isinstance(given, keras.optimizers.Optimizer):
                config = _config_of(given)
                if self.learning_rate is not None:
                    config["learning_rate"] = 1.0  # until it is set, as for the others
                key = (type(given), {k: v for k, v in config.items() if k != "name"})
                optimizer = type(given).from_config(config)
            else:
                optimizer = keras.optimizers.get(given)
            rate = self.learning_rate
            if rate is None and isinstance(optimizer.learning_rate, keras.Variable):
                rate = float(to_numpy(optimizer.learning_rate.value))
            optimizers[block], rates[block] = optimizer, rate
            keys.append((block, hashable(key)))
        return optimizers, rates, tuple(keys)

    def _train(self, number, phase, networks, feed, held_out, rng):
        """Run one phase, and return whether it came to its end.

        Parameters
        ----------
        number : int
            Of the phase in the fit: phases of other numbers share no program.

        phase : Phase
            What is done.

        networks : dict of keras.Model
            What is trained, by name: the same as ``name_``.

        feed : Feed
            The batches.

        held_out : object
            What `_evaluate` is given after each epoch.

        rng : RandomState
            Draws batches, dropout, and what `_draw` draws.
        """
        epochs, n_steps = self._plan(phase.epochs, feed.n_steps)
        history = self.history_
        if phase.pretrain:
            history = self.pretrain_history_ = {}
        planned = self.n_epochs_ + epochs
        optimizers, rates, optimizer_key = self._optimizers()
        schedules = self._schedules()
        mode = choose_mode(self.jit_compile, networks.values(), n_steps)
        key = (*self._key(number, phase, mode, feed), optimizer_key)

        def make(networks):
            twin = self._twin()
            for name, network in networks.items():
                setattr(twin, f"{name}_", network)
            _freeze(networks, phase.moving)
            moves = getattr(twin, phase.updates)()
            return Program(networks, optimizers, twin._blocks, moves, mode)

        with _flags_kept({name: networks[name] for name in phase.moving or ()}):
            program, key = take_program(networks, self._recipes, key, make)
            program.load(networks, rates, rng)
            watch = Watch(self, program, epochs, feed.n_steps, held_out, history)
            try:
                # PyTorch's dropout draws from the global generator.
                with seeded(rng.randint(2**31 - 1)):
                    self._run_epochs(
                        program, n_steps, phase, rates, schedules, feed, watch, rng
                    )
            except KeyboardInterrupt:
                program.store(networks)
                self._warn_of_interrupt(planned)
                return False
            program.store(networks)
        give_back(program, key)
        return True

    def _key(self, number, phase, mode, feed):
        """Return what fits that share a program have in common, but for optimizers."""
        left_out = {*_NOT_COMPILED, *self._not_compiled, *self._scheduled}
        static = tuple(
            (name, hashable(value))
            for name, value in sorted(self.get_params(deep=False).items())
            if name not in left_out
        )
        fed = feed.batch_size, tuple(feed.groups)
        moving = hashable(phase.moving)
        return (
            type(self),
            number,
            phase.updates,
            moving,
            mode,
            layout(feed.batch_size),
            *fed,
            (
                self._structure(),
                static,
            ),
        )

    def _warn_of_interrupt(self, planned):
        warnings.warn(
            f"The fit of {self._title()} was interrupted after "
            f"{self.n_epochs_} of {planned} epochs. The networks are as they were "
            "then; predictions come from them.",
            UserWarning,
            stacklevel=7,
        )

    def _run_epochs(self, program, n_steps, phase, rates, schedules, feed, watch, rng):
        before, tol = np.inf, phase.tol
        watch.begin()
        for epoch in range(-(-n_steps // feed.n_steps)):
            if phase.factors is not None:
                factors = phase.factors(epoch)
                program.set_rates({b: rates[b] * f for b, f in factors.items()})
            watch.begin_epoch(epoch)
            left = n_steps - epoch * feed.n_steps
            logs = self._run_epoch(program, epoch, left, schedules, feed, rng)
            self.n_epochs_ += 1
            if not np.isfinite(logs["loss"]):
                raise FloatingPointError(
                    f"The loss of {self._title()} became {logs['loss']} in epoch "
                    f"{epoch + 1}. Scale the features, or lower `learning_rate`."
                )
            done = watch.end_epoch(epoch, logs)
            done = self._after_epoch(logs, program.networks) or done
            if done or (tol and abs(before - logs["loss"]) < tol):
                break
            before = logs["loss"]
        watch.end()

    def _run_epoch(self, program, epoch, left, schedules, feed, rng):
        """Do the steps of an epoch, at most ``left``, and return their mean logs."""
        sums, done = {}, 0
        for data, index, first, n_steps in feed.epoch(rng):
            n_steps = min(n_steps, left - first)
            if n_steps <= 0:
                break
            size = next(iter(index.values())).shape
            steps = epoch * feed.n_steps + first + np.arange(size[0])
            given = {k: at_steps(k, v, steps) for k, v in schedules.items()}
            for name, numbers in self._draw(rng, size).items():
                given[name] = np.asarray(numbers, dtype=np.float32)
            means = program.run(data, index, given, n_steps)
            for name, value in means.items():
                sums[name] = sums.get(name, 0.0) + value * n_steps
            done += n_steps
        return {name: value / done for name, value in sums.items()}

    def _schedules(self):
        schedules = {name: getattr(self, name) for name in self._scheduled}
        for callback in self._watchers():
            if isinstance(callback, UpdateLambda):
                schedules["lambda_"] = callback
        return schedules


@contextmanager
def _flags_kept(networks):
    """Leave layers as trainable as they were."""
    flags = {name: flags_of(network) for name, network in networks.items()}
    try:
        yield
    finally:
        for name, network in networks.items():
            set_flags(network, flags[name])


def _freeze(networks, moving):
    """Freeze the layers that do not move in a phase."""
    for name, flags in ({} if moving is None else moving).items():
        for layer, moves in zip(networks[name].layers, flags, strict=True):
            if not moves:
                layer.trainable = False


@contextmanager
def frozen(networks, moving):
    """Freeze the layers that do not move in a phase, for the time being."""
    with _flags_kept(networks):
        _freeze(networks, moving)
        yield
