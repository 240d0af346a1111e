"""One training of a generator, alone or against an adversary, on a table with holes."""

from typing import NamedTuple

import numpy as np
from keras import ops

from adapt.deep._engine import weights_of
from adapt.deep._feed import Feed
from adapt.deep._trainer import Phase, Trainer, Update
from adapt.imputation._deep import _gain_losses, _gain_networks
from adapt.imputation._deep._hiding import HIDDEN_RATES, hide_cells
from adapt.imputation._held_out import rmse

__all__ = ["MaskedTraining"]

_EPOCH = 50  # steps between two looks at the held-out cells, at least
_PATIENCE = 20  # looks without a better score
_MOST_ROWS = 2000  # that are looked at


class _Best(NamedTuple):
    score: float
    epoch: int
    weights: list


class MaskedTraining(Trainer):
    """Train the players of GAIN once.

    Parameters
    ----------
    plan : Plan
        How to train.

    players : Players
        The networks, whose weights are changed.

    rates : tuple of float, default=(0.05, 0.5)
        Smallest and largest share of cells that a row hides from the generator, where
        the preset hides any.

    scored : {"hidden", "known"}, default="hidden"
        The cells on which a generator is scored that has some hidden from it.

    trainable : {"all", "last"}, default="all"
        Layers of each network that learn.

    Attributes
    ----------
    history_ : dict of list of float
        Mean losses of each epoch, and `val_rmse` on held-out cells.

    n_epochs_ : int
        Number of epochs done.
    """

    _data_parameters = ()

    def __init__(
        self, plan, players, *, rates=HIDDEN_RATES, scored="hidden", trainable="all"
    ):
        self.plan = plan
        self.rates = rates
        self.scored = scored
        self.trainable = trainable
        self.optimizer = plan.optimizer
        self.learning_rate = plan.learning_rate
        self.callbacks = plan.callbacks
        self.jit_compile = plan.jit_compile
        self.verbose = plan.verbose
        self._networks = players.networks
        self._recipes = players.recipes
        for name, network in players.networks.items():
            setattr(self, f"{name}_", network)
        self.history_, self.n_epochs_, self._best = {}, 0, None

    def get_params(self, deep=True):
        """Return what changes the compiled step, beside the networks."""
        # The rates do not: numpy draws by them.
        return {"scored": self.scored, "trainable": self.trainable}

    def run(self, Z, known, held_out, rng):
        """Train on known cells.

        The weights of the generator that are best on the held-out cells are kept, at
        worst those from which it starts.

        Parameters
        ----------
        Z : ndarray of shape (n_samples, [time,] n_columns)
            Rows in the networks' units.

        known, held_out : ndarray of the shape of `Z`, dtype bool
            Cells to train on, and to judge by; none of the latter is no judging.

        rng : RandomState
            Draws batches, masks, noise and hints.

        Returns
        -------
        finished : bool
            Whether it came to its end, and was not interrupted.
        """
        n = len(Z)
        size = min(self.plan.batch_size, n)
        times = max(1, -(-_EPOCH * size // n))
        arrays = {"X": np.where(known, Z, 0.0), "M": known.astype(np.float32)}
        rows = {"table": np.tile(np.arange(n), times)}
        budget = self.plan.device_budget
        feed = Feed({"table": arrays}, rows, size, budget)
        held = np.flatnonzero(held_out.any(axis=tuple(range(1, Z.ndim))))[:_MOST_ROWS]
        shown = np.where(known, Z, np.nan)[held]
        view = (shown, Z[held], held_out[held]) if len(held) else None
        phase = Phase(-(-self.plan.preset.n_steps // feed.n_steps), "_updates")
        self._after_epoch(self._evaluate(self._networks, view), self._networks)
        finished = self._train(0, phase, self._networks, feed, view, rng)
        if self._best is not None:
            self.generator_.set_weights(self._best.weights)
        return finished

    # Losses

    def _generate(self, batch):
        """Return the generator's outputs, and the mask of the cells it was shown."""
        if self.plan.preset.hides:
            shown = batch["M"] * batch["shown"]
            values = shown * batch["X"]
        else:
            shown = batch["M"]
            values = batch["X"] + (1 - shown) * batch["noise"]
        raw = self.generator_(ops.concatenate([values, shown], axis=-1), training=True)
        outputs = _gain_networks.activate(ops.cast(raw, "float32"), self.plan.groups)
        return outputs, shown

    def _tell(self, batch, outputs, shown):
        """Return the discriminator's logits that cells were observed, and weights."""
        is_level = self.plan.is_level
        filled = _gain_losses.fill_holes(batch["X"], shown, outputs, is_level)
        hint, scored = _gain_losses.hint_of(shown, batch["hint"], self.plan.hint)
        pair = ops.concatenate([filled, hint], axis=-1)
        return ops.cast(self.discriminator_(pair, training=True), "float32"), scored

    def _discriminator_losses(self, batch):
        outputs, shown = self._generate(batch)
        logits, scored = self._tell(batch, ops.stop_gradient(outputs), shown)
        loss = _gain_losses.discriminator_loss(logits, shown, scored)
        return {"discriminator_loss": loss}

    def _generator_losses(self, batch):
        outputs, shown = self._generate(batch)
        cells = shown
        if self.plan.preset.hides:
            known = batch["M"]
            cells = known if self.scored == "known" else known - shown
        errors = _gain_networks.cell_losses(batch["X"], outputs, self.plan.is_level)
        losses = {"reconstruction_loss": _gain_losses.masked_mean(errors, cells)}
        if self.plan.has_adversary:
            logits, scored = self._tell(batch, outputs, shown)
            misled = _gain_losses.misleading_loss(logits, shown, scored)
            weight = self.plan.preset.adversarial_weight
            losses["adversarial_loss"] = weight * misled
        return losses

    # What `Trainer` asks for

    def _updates(self):
        generator = Update(self._generator_losses, ("generator",))
        if not self.plan.has_adversary:
            return [generator]
        return [Update(self._discriminator_losses, ("discriminator",)), generator]

    def _structure(self):
        plan = self.plan
        groups = tuple((group.start, group.stop) for group in plan.groups)
        return plan.preset.adversarial_weight, plan.preset.hides, plan.hint, groups

    def _title(self):
        return self.plan.title

    def _twin(self):
        twin = super()._twin()
        twin.plan = self.plan._replace(callbacks=None, optimizer=None)
        twin._networks = twin._best = None
        return twin

    def _draw(self, rng, size):
        plan = self.plan
        if plan.preset.hides:
            hidden = hide_cells(rng, size, plan.cells, plan.groups, self.rates)
            drawn = {"shown": ~hidden}
        else:
            drawn = {"noise": rng.uniform(0, 0.01, size=(*size, *plan.cells))}
        if plan.has_adversary:
            drawn["hint"] = _draw_hint(rng, (*size, *plan.cells), plan)
        return drawn

    def _blocks(self, name, network):
        if self.trainable == "last":
            return {name: network.layers[-1].trainable_variables}
        return super()._blocks(name, network)

    def _watched(self):
        *time, d = self.plan.cells
        return (*time, 2 * d), ("generator",)

    def _evaluate(self, networks, held_out):
        if held_out is None:
            return {}
        shown, true, cells = held_out
        filled = _gain_networks.fill_rows(
            shown, [networks["generator"]], self._recipes["generator"], self.plan.groups
        )
        return {"val_rmse": rmse(filled, true, cells)}

    def _after_epoch(self, logs, networks):
        if "val_rmse" not in logs:
            return False
        best, epoch = self._best, self.n_epochs_
        if best is None or logs["val_rmse"] < best.score:
            weights = weights_of(networks["generator"])
            self._best = _Best(logs["val_rmse"], epoch, weights)
        return epoch - self._best.epoch >= _PATIENCE


def _draw_hint(rng, shape, plan):
    """Return which cells the hint tells: some in the code, all but one in the paper."""
    if plan.hint == "code":
        return rng.random_sample(shape) < plan.hint_rate
    told = np.ones(shape)
    left_out = rng.randint(shape[-1], size=(*shape[:-1], 1))
    np.put_along_axis(told, left_out, 0, axis=-1)
    return told
