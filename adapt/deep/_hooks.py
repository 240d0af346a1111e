"""The interface between a method and the engine: all hooks, in one place."""

import copy as copying
from collections.abc import Callable
from typing import Any, NamedTuple

from adapt.deep._monitor import as_list

__all__ = ["Phase", "TrainingHooks", "Update"]


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
    epochs : int or None
        Number of epochs. If None, what is planned where neither `epochs` nor
        `max_steps` is given.

    updates : str
        Name of the method that returns the list of `Update`.

    pretrain : bool
        Whether it is recorded in ``pretrain_history_``, and not in ``history_``.

    tol : float or None
        The phase ends early when an epoch changes the loss by less than this.

    moving : dict of list of bool, or None
        For each network by name, which of its ``layers`` are trained; the others are
        frozen in this phase. If None, all that are trainable.

    factors : callable or None
        ``factors(epoch)`` returns by what the learning rates of blocks are multiplied
        in an epoch of the phase, as a dict. If None, they stay as they are.
    """

    epochs: int | None
    updates: str
    pretrain: bool = False
    tol: float | None = None
    moving: dict[str, Any] | None = None
    factors: Callable | None = None


class TrainingHooks:
    """What an estimator tells the engine about its training.

    Hooks of a method, which are stable: subclasses outside of this package may write
    them.

    ============================ =====================================================
    ``_losses(batch)``           Named losses, whose sum is minimised
    ``_network_names``           Names of the networks that ``_losses`` moves
    ``_updates()``               What one step does, where that is more than one update
    ``_phases()``                The parts of a fit, where there are several
    ``_draw(rng, size)``         Random numbers in a batch
    ``_scheduled``               Parameters that are in a batch, and may be schedules
    ``_not_compiled``            Parameters that losses do not read
    ``_read_by_losses``          Fitted attributes that losses read
    ``_structure()``             What tells those apart
    ============================ =====================================================

    Hooks of a base, which may change: ``_blocks``, ``_optimizers``, ``_watchers``,
    ``_watched``, ``_evaluate``, ``_after_epoch``, ``_twin``, ``_title``, ``_plan``.

    What is compiled is used again for fits with an equal key: the class, its parameters
    but those of ``_scheduled`` and ``_not_compiled``, the structure of its networks,
    and ``_structure()``. Losses are therefore called on a copy of the estimator that
    has nothing but parameters, networks, and the attributes in ``_read_by_losses``.
    """

    # Hooks of a method

    _network_names = ()
    _scheduled = ()
    _not_compiled = ()
    _read_by_losses = None  # None is all of them: it is up to `_structure`

    def _losses(self, batch):
        """Return the named losses of a batch, whose sum is minimised."""
        raise NotImplementedError

    def _updates(self):
        """Return what one step does, as a list of `Update`."""
        return [Update(self._losses, self._network_names)]

    def _phases(self):
        """Yield the `Phase` of a fit; code between two of them runs between them."""
        yield Phase(self.epochs, "_updates")

    def _draw(self, rng, size):
        """Return random numbers by name, for ``size`` = (n_steps, batch_size) rows.

        They are drawn by numpy, and thus alike on all backends; a batch holds those of
        its step.
        """
        return {}

    def _structure(self):
        """Return what tells apart the attributes of ``_read_by_losses``, hashable."""
        return ()

    # Hooks of a base

    def _plan(self, epochs, n_steps):
        """Return the numbers of epochs and of steps of a phase.

        ``epochs`` are those of the phase, and ``n_steps`` the steps in one.
        """
        return epochs, epochs * n_steps

    def _title(self):
        """Return the name of what is fitted, for messages."""
        return type(self).__name__

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

    def _evaluate(self, networks, held_out):
        """Return numbers by name for the history, from what was held out."""
        return {}

    def _after_epoch(self, logs, networks):
        """Return whether to end the phase here."""
        return False

    def _twin(self):
        """Return what stands for this estimator in what is compiled, without data."""
        twin = copying.copy(self)
        parameters = self.get_params(deep=False).keys()
        for name in {*self._data_parameters, "callbacks"} & vars(self).keys():
            setattr(twin, name, None)
        if self._read_by_losses is not None:
            kept = {*parameters, *self._read_by_losses}
            for name in vars(self).keys() - kept:
                delattr(twin, name)
        return twin
