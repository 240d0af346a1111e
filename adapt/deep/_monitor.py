"""What goes on around a training: history, validation, progress, callbacks."""

import time

import keras

from adapt._progress import NoBar, in_notebook, progress_bar
from adapt.deep._engine import to_numpy
from adapt.deep._schedules import UpdateLambda

__all__ = ["Watch", "as_list", "metrics_of"]


class Watch:
    """Follows a training: history, validation, progress and Keras callbacks."""

    def __init__(self, adapter, program, epochs, n_steps, held_out, history):
        self.adapter = adapter
        self.program = program
        self.epochs = epochs
        self.held_out = held_out
        self.history = history
        given = adapter._watchers()
        given = [c for c in given if not isinstance(c, UpdateLambda)]
        for callback in given:
            if not isinstance(callback, keras.callbacks.Callback):
                raise TypeError(
                    "`callbacks` must hold Keras callbacks, got "
                    f"{type(callback).__name__}."
                )
        shown = bool(adapter.verbose) and in_notebook()
        self.bar = progress_bar(epochs, type(adapter).__name__, "epoch", shown=shown)
        self.callbacks = None
        if given:
            self.model = self._view()
            self.callbacks = keras.callbacks.CallbackList(
                given, model=self.model, epochs=epochs, steps=n_steps, verbose=0
            )

    def _view(self):
        """Return a chain of networks as one model, for callbacks to read and write."""
        shape, names = self.adapter._watched()
        inputs = outputs = keras.Input(shape)
        for name in names:
            outputs = self.program.networks[name](outputs)
        model = keras.Model(inputs, outputs)
        model.stop_training = False
        for name in names:
            for block in self.program.blocks[name]:
                model.optimizer = self.program.optimizers[block]
                return model
        return model

    def begin(self):
        if self.callbacks is not None:
            self._follow_rate()
            self.callbacks.on_train_begin()

    def begin_epoch(self, epoch):
        self.start = time.perf_counter()
        if self.callbacks is not None:
            self.callbacks.on_epoch_begin(epoch)
            self._follow_rate()

    def end_epoch(self, epoch, logs):
        """Record an epoch; return whether a callback asks to stop."""
        logs.update(self.adapter._evaluate(self.program.networks, self.held_out))
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)
        if self.adapter.verbose:
            self._report(epoch, logs)
        if self.callbacks is None:
            return False
        self.callbacks.on_epoch_end(epoch, logs)
        self._follow_rate()
        return self.model.stop_training

    def _report(self, epoch, logs):
        """Show the values of an epoch beside the bar, or print them without one."""
        values = " - ".join(f"{name}: {v:.4g}" for name, v in logs.items())
        if isinstance(self.bar, NoBar):
            took = time.perf_counter() - self.start
            print(f"Epoch {epoch + 1}/{self.epochs} - {took:.2f}s - {values}")
        else:
            self.bar.set_postfix_str(values)
            self.bar.update()

    def _follow_rate(self):
        """Change all learning rates as a callback has changed the first."""
        leader = getattr(self.model, "optimizer", None)
        if leader is None or not isinstance(leader.learning_rate, keras.Variable):
            return
        rate = float(to_numpy(leader.learning_rate.value))
        before = getattr(self, "rate", rate)
        if rate != before:
            for optimizer in self.program.optimizers.values():
                if optimizer is not leader:
                    own = float(to_numpy(optimizer.learning_rate.value))
                    optimizer.learning_rate = own * rate / before if before else rate
        self.rate = rate

    def end(self):
        self.bar.close()
        if self.callbacks is not None:
            self.callbacks.on_train_end()


def as_list(value):
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _named(metric):
    """Return the loss of Keras that has a name."""
    try:
        return keras.losses.get(metric)
    except ValueError as error:
        raise ValueError(
            f"`metrics` holds {metric!r}, which is neither 'accuracy' nor the name of "
            "a loss of Keras. Give a function (y_true, y_pred) in its place."
        ) from error


def metrics_of(metrics):
    """Return metrics by name; None stands for the accuracy."""
    found = {}
    for metric in as_list(metrics):
        if metric in ("accuracy", "acc"):
            found[metric] = None
        elif isinstance(metric, str):
            found[metric] = _named(metric)
        elif callable(metric) and not isinstance(metric, keras.metrics.Metric):
            found[getattr(metric, "__name__", type(metric).__name__)] = metric
        else:
            raise TypeError(
                "`metrics` must hold names or functions (y_true, y_pred), such as "
                "`keras.metrics.sparse_categorical_accuracy`, got "
                f"{metric!r}. What keeps a state over batches, such as an AUC, belongs "
                "to the predictions after the fit, or to a callback."
            )
    return found
