"""Training on a source, before any target or for one."""

from typing import NamedTuple

import numpy as np

from adapt.imputation._deep._ensemble import MaskedEnsemble, Way, judged
from adapt.imputation._deep._gain_networks import new_players
from adapt.imputation._deep._hiding import hide_cells, rates_around
from adapt.imputation._deep._plan import Preset
from adapt.imputation._deep._similarity import measure_similarity
from adapt.imputation._deep._training import MaskedTraining
from adapt.imputation._units import (
    Units,
    column_units,
    range_units,
    shared_units,
    sparing,
)

__all__ = [
    "Pretrained",
    "Source",
    "target_units",
    "train_on_source",
    "weigh_sources",
]

_ALL_RATES = (0.1, 0.9)  # shares of cells hidden, if no target is known yet
_LEAST_RATE, _MOST_RATE = 0.05, 0.95  # hidden for an adversary to find


class Source(NamedTuple):
    """The generator of a source, and its adversary if it has one.

    Attributes
    ----------
    ensemble : MaskedEnsemble
        Of the one generator.

    preset : Preset
        How they were trained.

    weights : dict of list of ndarray
        Of each network, to go on from.

    history : dict of list of float
        Of the training.

    finished : bool
        Whether it was not interrupted.
    """

    ensemble: MaskedEnsemble
    preset: Preset
    weights: dict
    history: dict
    finished: bool


class Pretrained(NamedTuple):
    """What has been learned from a source, for any target.

    Attributes
    ----------
    X : ndarray
        The source.

    names : ndarray of str or None
        Of its columns.

    columns : Columns
        How its columns were read.

    units : Units
        In which it was learned.

    source : Source
        What was learned.

    lasting : bool
        Whether later fits without a source use it.
    """

    X: np.ndarray
    names: object
    columns: object
    units: Units
    source: Source
    lasting: bool

    @property
    def generator(self):
        """The network that fills rows of the source."""
        return self.source.ensemble.networks[0]

    @property
    def way(self):
        """How rows of the source are filled."""
        return Way(self.units, self.source.ensemble)

    def serves(self, names, columns, preset):
        """Return whether it serves a target of these columns, with this preset."""
        named = names is not None and self.names is not None
        if named and not np.array_equal(self.names, names):
            return False
        mine = self.source.preset
        alike = mine.hides == preset.hides and (
            (mine.adversarial_weight > 0) == (preset.adversarial_weight > 0)
        )
        return alike and self.columns.same_as(columns)

    def encode(self, X):
        """Return a table of either domain as a matrix in units of the source."""
        flat = self.columns.encode(X.reshape(-1, X.shape[-1]))
        return self.units.into(flat.reshape(*X.shape[:-1], -1))

    def table(self, named):
        """Return the source, as a frame if names are wanted and known."""
        if self.names is None or not named:
            return self.X
        import pandas as pd

        return pd.DataFrame(self.X, columns=self.names)


def train_on_source(Z, plan, rng, missing_rate=None, weight=None):
    """Train new networks on a source.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, [time,] n_columns)
        The source, in the networks' units, with NaN for missing cells.

    plan : Plan
        How to train. If it hides cells, each step hides others, and all known cells are
        scored. If not, cells are hidden once, as in an incomplete table.

    rng : RandomState
        Draws weights, batches and hidden cells.

    missing_rate : float, default=None
        Share of missing cells to practise. If None, any.

    weight : ndarray of shape (n_samples,), default=None
        By which rows are drawn; if None each counts once.

    Returns
    -------
    source : Source
    """
    if not plan.preset.hides:
        return _train_game(Z, plan, rng, missing_rate)
    observed = ~np.isnan(Z)
    rates = _ALL_RATES if missing_rate is None else rates_around(missing_rate)
    players = new_players(plan, rng)
    held = hide_cells(rng, (len(Z), 1), plan.cells, plan.groups, rates)[:, 0]
    held &= observed & (rng.permutation(len(Z)) < len(Z) // 10).reshape(
        -1, *(1 for _ in plan.cells)
    )
    if weight is not None:
        rows = rng.choice(len(Z), len(Z), p=weight / weight.sum())
        Z, observed, held = Z[rows], observed[rows], held[rows]
    training = MaskedTraining(plan, players, rates=rates, scored="known")
    finished = training.run(Z, observed & ~held, held, rng)
    return _source(Z, held, plan, players, training, finished)


def _train_game(Z, plan, rng, missing_rate):
    """Let generator and discriminator play on the source with a share of it hidden."""
    rate = 0.5 if missing_rate is None else missing_rate
    rate = float(np.clip(rate, _LEAST_RATE, _MOST_RATE))
    players = new_players(plan, rng)
    observed = ~np.isnan(Z)
    hidden = hide_cells(rng, (len(Z),), plan.cells, plan.groups, (rate, rate))
    hidden &= observed
    training = MaskedTraining(plan, players)
    finished = training.run(Z, observed & ~hidden, np.zeros_like(hidden), rng)
    return _source(Z, hidden, plan, players, training, finished)


def _source(Z, held, plan, players, training, finished):
    generator, recipe = players.networks["generator"], players.recipes["generator"]
    ensemble = judged([generator], recipe, [held], Z, plan)._replace(found=None)
    weights = players.weights()
    return Source(ensemble, plan.preset, weights, training.history_, finished)


def weigh_sources(Zs, Zt, domain, plan, rng, *, missing_rate, scaling, best, seed):
    """Weigh the rows of several sources by their similarity to the target.

    Parameters
    ----------
    Zs, Zt : ndarray of shape (n_samples, [time,] n_columns)
        Sources and target.

    domain : ndarray of shape (n_samples,)
        The source of each row.

    plan : Plan
        How to train on each source.

    rng : RandomState
        Draws for the trainings.

    missing_rate : float
        Share of missing cells to practise.

    scaling : {"shrunk", "own", "source"}
        Units of the target, as in `shared_units`.

    best : bool
        Whether only the most similar source has weight.

    seed : callable
        ``seed()`` returns the RandomState that a similarity is measured with.

    Returns
    -------
    Z : ndarray of the shape of `Zs`
        Rows, each in units of its source.

    weight : ndarray of shape (n_samples,)
        Of each row.

    similarities : dict of int to Similarity
        Of each source.
    """
    weight, Z, similarities = np.zeros(len(Zs)), np.empty(Zs.shape), {}
    for name in np.unique(domain):
        rows = domain == name
        flat = Zs[rows].reshape(-1, Zs.shape[-1])
        units = sparing(column_units(flat), plan.is_level)
        Z[rows] = units.into(Zs[rows])
        source = train_on_source(Z[rows], plan, rng, missing_rate)
        T = units.into(Zt)
        seen = target_units(Z[rows], T, plan.is_level, scaling, aligned=True)
        found = measure_similarity(Z[rows], T, seen, source.ensemble, seed())
        similarities[int(name)] = found
        weight[rows] = max(found.similarity, 0.0) / rows.sum()
        if not source.finished:
            raise KeyboardInterrupt  # half of a comparison is none
    values = {name: found.similarity for name, found in similarities.items()}
    first = max(values, key=values.get)
    if best or values[first] <= 0:
        weight = (domain == first).astype(float)
    return Z, weight, similarities


def target_units(Zs, Zt, is_level, scaling, *, aligned, bounded=False):
    """Return from the source's units those in which its generator sees a target.

    Parameters
    ----------
    Zs, Zt : ndarray of shape (n_samples, [time,] n_columns)
        Source and target, in units of the source.

    is_level : ndarray of shape (n_columns,), dtype bool
        Which columns are levels, which have no units.

    scaling : {"shrunk", "own", "source"}
        How a target is brought to the source, as in `shared_units`.

    aligned : bool
        Whether it is.

    bounded : bool, default=False
        Whether columns go from 0 to 1 instead, each domain by itself.

    Returns
    -------
    units : Units
    """
    n_columns = Zt.shape[-1]
    source, target = Zs.reshape(-1, n_columns), Zt.reshape(-1, n_columns)
    if bounded:
        units = Units(np.zeros(n_columns), np.ones(n_columns))
        units = range_units(target, units) if aligned else units
    else:
        _, units = shared_units(source, target, scaling if aligned else "source")
    return sparing(units, is_level)
