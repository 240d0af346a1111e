"""Ensembles of generators: each is trained on other cells, and judged on the rest."""

from typing import NamedTuple

import numpy as np

from adapt.imputation._deep import _gain_networks
from adapt.imputation._deep._gain_networks import new_players
from adapt.imputation._deep._training import MaskedTraining
from adapt.imputation._held_out import cell_folds, rmse
from adapt.imputation._units import Units

__all__ = [
    "MaskedEnsemble",
    "Trained",
    "Way",
    "judged",
    "split_cells",
    "train_ensemble",
]

_FEW_CELLS = 200_000  # below, folds hold out all cells in turn
_N_RESIDUALS = 1000  # of each column, for draws


class MaskedEnsemble(NamedTuple):
    """Generators, and their errors on the cells that each was not shown.

    Attributes
    ----------
    networks : list of keras.Model
        The generators.

    recipe : Recipe
        That of their structure.

    groups : list of slice
        The columns of each feature.

    noisy : bool
        Whether noise stands in the holes, and not 0.

    found : ndarray of the shape of the rows, or None
        Each held-out cell as filled without it, NaN elsewhere.

    score : float
        Root mean square error on held-out cells.

    residuals : list of ndarray
        Errors of each column on held-out cells.
    """

    networks: list
    recipe: object
    groups: list
    noisy: bool
    found: np.ndarray | None
    score: float
    residuals: list

    def mean(self, Z, noise=None):
        """Return rows as the generators fill them, in their mean."""
        if noise is None:
            noise = 0.005 if self.noisy else 0.0
        return _gain_networks.fill_rows(
            Z, self.networks, self.recipe, self.groups, noise
        )

    def draw(self, Z, rng):
        """Return rows filled at random: by other noise, or by errors that were made."""
        if self.noisy:
            return self.mean(Z, rng.uniform(0, 0.01, size=Z.shape))
        filled = self.mean(Z)
        missing = np.isnan(Z)
        for group in self.groups:
            cells = missing[..., group.start]
            if group.stop - group.start > 1:
                p = filled[..., group][cells]
                # The largest of logarithms with Gumbel noise is a draw.
                noisy = np.log(p + 1e-12) + rng.gumbel(size=p.shape)
                drawn = np.zeros_like(p)
                drawn[np.arange(len(p)), noisy.argmax(axis=1)] = 1.0
                filled[..., group][cells] = drawn
            elif len(self.residuals[group.start]):
                errors = rng.choice(self.residuals[group.start], cells.sum())
                filled[..., group.start][cells] -= errors
        return filled


class Trained(NamedTuple):
    """What came of the trainings of an ensemble.

    Attributes
    ----------
    ensemble : MaskedEnsemble
        After an interruption, of the networks that there are.

    players : list of Players
        The networks of each training.

    histories : list of dict of list of float
        What happened in each.

    finished : bool
        Whether none was interrupted.
    """

    ensemble: MaskedEnsemble
    players: list
    histories: list
    finished: bool


class Way(NamedTuple):
    """How rows of one domain are filled: in these units, by that."""

    units: Units
    filler: object  # has `mean(Z)` and `draw(Z, rng)`

    def mean(self, Z):
        """Return filled rows."""
        return self.units.back(self.filler.mean(self.units.into(Z)))

    def draw(self, Z, rng):
        """Return rows filled at random."""
        return self.units.back(self.filler.draw(self.units.into(Z), rng))


def split_cells(observed, plan, n_folds, rng):
    """Return for each network a mask of the cells that it is not shown."""
    if not plan.preset.hides:
        return [np.zeros_like(observed)]
    if n_folds is not None:
        return cell_folds(observed, n_folds, rng, plan.groups)
    if observed.sum() < _FEW_CELLS:
        return cell_folds(observed, 5, rng, plan.groups)
    return cell_folds(observed, 10, rng, plan.groups)[:1]


def train_ensemble(Z, folds, plan, rng, *, weights=None, trainable="all"):
    """Train a generator for each fold, from fresh weights or from given ones.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, [time,] n_columns)
        Rows in the networks' units, with NaN for missing cells.

    folds : list of ndarray of the shape of `Z`, dtype bool
        Observed cells that each network is not shown.

    plan : Plan
        How to train.

    rng : RandomState
        Draws weights, batches and masks.

    weights : dict of list of ndarray, default=None
        Those of each network to start from.

    trainable : {"all", "last"}, default="all"
        Layers that learn.

    Returns
    -------
    trained : Trained
    """
    observed = ~np.isnan(Z)
    teams, histories, finished = [], [], True
    for fold in folds:
        players = new_players(plan, rng)
        if weights is not None:
            players.set_weights(weights)
        training = MaskedTraining(plan, players, trainable=trainable)
        finished = training.run(Z, observed & ~fold, fold, rng)
        teams.append(players)
        histories.append(training.history_)
        if not finished:
            break
    generators = [players.networks["generator"] for players in teams]
    recipe = teams[-1].recipes["generator"]
    ensemble = judged(generators, recipe, folds, Z, plan)
    return Trained(ensemble, teams, histories, finished)


def judged(generators, recipe, folds, Z, plan):
    """Return generators as `MaskedEnsemble`, judged on cells they were not shown."""
    found = np.full(Z.shape, np.nan)
    for generator, fold in zip(generators, folds, strict=False):
        if fold.any():
            shown = np.where(fold, np.nan, Z)
            found[fold] = _gain_networks.fill_rows(
                shown, [generator], recipe, plan.groups
            )[fold]
    residuals = (found - Z).reshape(-1, Z.shape[-1])
    pools = [r[~np.isnan(r)][:_N_RESIDUALS] for r in residuals.T]
    noisy = not plan.preset.hides
    score = rmse(found, Z, ~np.isnan(found))
    return MaskedEnsemble(generators, recipe, plan.groups, noisy, found, score, pools)
