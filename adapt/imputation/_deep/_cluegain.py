"""Imputation by networks that have practised on another data set.

A generator learns to fill holes in a source, and then goes on with the few cells of the
target. What it is worth there is measured on cells of the target held out from it, and
a simpler way is taken where that is better.
"""

from functools import partial
from typing import NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state

from adapt._domains import check_rows
from adapt._sklearn import StrOptions
from adapt.deep import _engine
from adapt.deep._trainer import Update
from adapt.imputation._deep import _gain_networks
from adapt.imputation._deep._gain import (
    GAINImputer,
    _Ensemble,
    _mean,
    hide_cells,
    range_units,
)
from adapt.imputation._gaussian import (
    _FLOOR,
    choose_strength,
    conditional_draw,
    conditional_mean,
    fill_held_out,
    gaussian_map,
)
from adapt.imputation._held_out import blend_weights
from adapt.imputation._matched_columns import match_columns
from adapt.imputation._units import Units, column_units, shared_units

__all__ = ["ClueGAINImputer", "Similarity"]

_ALL_RATES = (0.1, 0.9)  # shares of cells hidden, if no target is known yet
_NETWORKS = ("pretrained", "finetuned", "scratch")
_CANDIDATES = (*_NETWORKS, "gaussian", "blend")
# What was stopped on the very cells that judge it looks a little too good.
_OPTIMISM = {"finetuned": 1.01, "scratch": 1.01}
_N_HIDINGS = 5  # times that a target's cells are hidden, for a similarity
_ROUND = 0.1  # around the target's share of missing cells, if it is


class Similarity(NamedTuple):
    """How alike a source is to a target, seen from incomplete rows.

    Attributes
    ----------
    similarity : float
        1 minus the error of the source's generator on hidden cells of the target over
        that of the target's column means: 0 for a source that tells as much as those,
        less for one that is further away. It stays below 1, since cells are scored too
        of which nothing else in the row is shown.

    standard_error : float
        Its standard error, by the jackknife over groups of rows.

    mean_distance : float
        The simple comparator: distance of the column means of the two, root mean square
        over the columns, each brought to span 0 to 1 in both.
    """

    similarity: float
    standard_error: float
    mean_distance: float


class _Pretrained(NamedTuple):
    """What has been learned from a source, for any target."""

    X: np.ndarray
    names: object
    columns: object
    units: Units
    generator: object
    recipe: object


class _Candidate(NamedTuple):
    """One way to fill the target."""

    weights: dict  # of its members
    score: float  # root mean square error on held-out cells


def jackknife(error, baseline):
    """Return ``1 - sqrt(sum(error) / sum(baseline))`` and its standard error.

    Parameters
    ----------
    error, baseline : ndarray of shape (n_groups,)
        Sums of squares of each group, which is left out in turn.
    """

    def value(e, b):
        return 1 - np.sqrt(e / b)

    left = value(error.sum() - error, baseline.sum() - baseline)
    n = len(left)
    spread = np.sqrt((n - 1) / n * np.sum(np.square(left - left.mean())))
    return float(value(error.sum(), baseline.sum())), float(spread)


def _column_edges(Z):
    """Return the least and the largest cell of each column, infinite for none."""
    missing = np.isnan(Z)
    least = np.where(missing, np.inf, Z).min(axis=0)
    most = np.where(missing, -np.inf, Z).max(axis=0)
    empty = missing.all(axis=0)
    return np.where(empty, -np.inf, least), np.where(empty, np.inf, most)


def _blended(found, T):
    """Return the candidate that mixes its members.

    ``found`` has for each member what it makes of held-out cells, NaN elsewhere.
    """
    errors = np.stack([filled - T for filled in found.values()], axis=-1)
    errors = errors[~np.isnan(errors).any(axis=-1)]
    weights = blend_weights(errors)
    blend = {k: float(w) for k, w in zip(found, weights, strict=True) if w > 0}
    if not len(errors):
        return _Candidate(blend, np.nan)
    return _Candidate(blend, float(np.sqrt(np.mean(np.square(errors @ weights)))))


def _selected(scores):
    """Return the candidate to take: the blend, or else the one of least error."""
    known = {k: v * _OPTIMISM.get(k, 1.0) for k, v in scores.items() if np.isfinite(v)}
    if "blend" in known:
        return "blend"
    # Without any observed cell to hold out, nothing is better than the source.
    return min(known, key=known.get) if known else next(iter(scores))


class ClueGAINImputer(GAINImputer):
    """Fill missing cells by a network that has practised on a source.

    A generator is trained to fill holes in the source, as many as the target has, and
    then goes on with the observed cells of the target. The idea, to pre-train GAIN on
    a complete and similar data set and to measure similarity by it, is that of
    ClueGAIN [1]_. Everything else is ours: the source is brought to the units of the
    target first; both trainings hide cells and score those; there is no adversary; and
    held-out observed cells of the target decide what is taken in the end:

    - "pretrained": the generator as it came from the source;
    - "finetuned": trained on with the target;
    - "scratch": trained on the target alone;
    - "gaussian": a Gaussian with the source as prior, as `GaussianTransferImputer`;
    - "blend": all the networks and several such Gaussians, in which the source is worth
      few rows or many, with weights as in stacked regressions [2]_: those that fill
      held-out cells best, and the fewer cells there are the more alike.

    The blend is taken where it is among the candidates, for to choose one of the others
    takes more cells than small targets have. Without it, the best of them is.

    ``fit(X, X_source=S)`` fills `X`, ``fit(X, Xt=T)`` fills `T`: see
    `GaussianTransferImputer` on which table is which. Rows of the source are filled by
    the generator that was trained on it.

    Parameters
    ----------
    Xt : array-like of shape (n_target_samples, ...), default=None
        Target rows, used when `fit` is given none. `X` is then the source.

    X_source : array-like of shape (n_source_samples, ...), default=None
        Source rows, complete or not, used when `fit` is given none. `X` is then the
        target. Columns of two frames are matched by name; without a common column the
        source is left out, with a warning.

    scaling : {"shrunk", "own", "source"}, default="shrunk"
        Units of the target, as in `GaussianTransferImputer`.

    trainable : {"all", "last", "none"}, default="all"
        Layers that go on learning from the target.

    candidates : array-like of str, default=("pretrained", "finetuned", "scratch", \
            "gaussian", "blend")
        What to choose from, and to blend. Without a source there are no "pretrained"
        and "finetuned", for series no "gaussian" and "blend".

    sources : {"all", "best", "weighted"}, default="all"
        What to do with several sources (different values of `sample_domain`): take all
        rows, those of the source of largest similarity, or rows of each in proportion
        to it.

    generator : keras.Model, callable or None, default=None
        As in `GAINImputer`.

    n_steps : int or None, default=None
        Most steps of a training. If None, 10,000.

    batch_size : int, default=128
        Rows of a step, at most as many as there are.

    optimizer : str, dict or keras.optimizers.Optimizer, default="adam"
        Each network gets one of its own.

    learning_rate : float or None, default=0.001
        If None, the optimizer's own.

    n_folds : int or None, default=None
        In how many folds observed cells are held out. There is a network for each, and
        rows are filled by their mean. If None, 5 folds of less than 200,000 observed
        cells, and a single network that is not shown a tenth of more.

    callbacks : list of keras.callbacks.Callback or None, default=None
        As in `GAINImputer`: for the training on the source, and for each on the target.

    jit_compile : bool or None, default=None
        As in `adapt.feature_based.DANN`.

    device_budget : float, default=2**31
        Bytes of data, as float32, that are put on the device at once; more is streamed.

    categorical_features : array-like of int, str or bool, default=None
        Positions, names or a mask of the columns that hold levels, as numbers. Each
        level becomes a column of zeros and ones; the generator gives probabilities, of
        which the largest is taken. A level that `fit` did not see counts as missing,
        but is not replaced.

    round_discrete : bool or array-like of int, str or bool, default=False
        Columns whose imputed values are rounded. True: those that hold only integers.

    add_indicator : bool, default=False
        Whether to append columns that say which cells were missing, for columns that
        had missing cells in the target in `fit`.

    keep_empty_features : bool, default=False
        Whether columns without any value are kept, filled with 0.

    verbose : int, default=0
        Whether to print a line per epoch.

    random_state : int, RandomState instance or None, default=None
        Seeds weights, batches, masks, held-out cells and the draws of `sample`.

    Attributes
    ----------
    selected_ : str
        The candidate that was chosen.

    validation_scores_ : dict of str to float
        Root mean square error of each candidate on held-out cells of the target, in its
        units (standard deviations). Candidates that were stopped on the same cells are
        compared at 1.01 times that; that of the blend is on the cells that weigh it.

    validation_score_ : float
        That of the one selected.

    weights_ : dict of (str or float) to float
        What fills the target: networks by name, and Gaussians by the number of rows
        that the source is worth in them. Weights are positive and sum to 1.

    pretrained_ : namedtuple
        What was learned from the source.

    similarities_ : dict of int to Similarity
        Of each source, where `sources` asks for it and there are several.

    generators_ : list of keras.Model
        Those that fill the target.

    history_ : list of dict of list of float
        For each network trained on the target, as in `GAINImputer`.

    pretrain_history_ : dict of list of float
        The same for the source.

    n_epochs_ : int
        Number of epochs done.

    empty_features_ : ndarray of int
        Columns without any value.

    indicator_ : MissingIndicator
        With `add_indicator`.

    n_features_in_ : int
        Number of features seen in `fit`, or of time steps.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    See Also
    --------
    GaussianTransferImputer : Its strongest rival, without networks.

    Notes
    -----
    A fit is one training on the source and two for each fold of the target, at the cost
    of `GAINImputer`, beside the Gaussian. After `pretrain`, targets share the first.

    References
    ----------
    .. [1] Zhao. "ClueGAIN: application of transfer learning on generative adversarial
       imputation nets (GAIN)." arXiv:2302.03140, 2023.

    .. [2] Breiman. "Stacked regressions." Machine Learning, 1996.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.imputation import ClueGAINImputer
    >>> rng = np.random.default_rng(0)
    >>> source = rng.normal(size=(300, 1)) * [1.0, 2.0]
    >>> target = rng.normal(size=(100, 1)) * [1.0, 2.0] + 5
    >>> target[::4, 1] = np.nan
    >>> imputer = ClueGAINImputer(n_steps=300, random_state=0)
    >>> imputer.pretrain(source).similarity(target, aligned=True).similarity > 0
    True
    >>> imputer.fit(target).transform(target).shape
    (100, 2)
    """

    _parameter_constraints: dict = {
        **{
            name: constraint
            for name, constraint in GAINImputer._parameter_constraints.items()
            if name
            not in (
                *("preset", "hint", "hint_rate", "adversarial_weight"),
                "discriminator",
            )
        },
        "scaling": [StrOptions({"shrunk", "own", "source"})],
        "trainable": [StrOptions({"all", "last", "none"})],
        "sources": [StrOptions({"all", "best", "weighted"})],
        "candidates": ["array-like"],
    }

    _not_compiled = (*GAINImputer._not_compiled, "scaling", "sources", "candidates")
    _fine_tunes = False

    # Fixed, where `GAINImputer` has parameters.
    preset, hint, hint_rate = "default", "code", 0.9
    adversarial_weight, discriminator = None, None

    def __init__(
        self,
        Xt=None,
        X_source=None,
        *,
        scaling="shrunk",
        trainable="all",
        candidates=_CANDIDATES,
        sources="all",
        generator=None,
        n_steps=None,
        batch_size=128,
        optimizer="adam",
        learning_rate=0.001,
        n_folds=None,
        callbacks=None,
        jit_compile=None,
        device_budget=2**31,
        categorical_features=None,
        round_discrete=False,
        add_indicator=False,
        keep_empty_features=False,
        verbose=0,
        random_state=None,
    ):
        self.Xt = Xt
        self.X_source = X_source
        self.scaling = scaling
        self.trainable = trainable
        self.candidates = candidates
        self.sources = sources
        self.generator = generator
        self.n_steps = n_steps
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.n_folds = n_folds
        self.callbacks = callbacks
        self.jit_compile = jit_compile
        self.device_budget = device_budget
        self.categorical_features = categorical_features
        self.round_discrete = round_discrete
        self.add_indicator = add_indicator
        self.keep_empty_features = keep_empty_features
        self.verbose = verbose
        self.random_state = random_state

    # Training

    def _pretrain_updates(self):
        return [Update(self._pretrain_losses, ("generator",))]

    def _pretrain_losses(self, batch):
        outputs, _ = self._generate(batch)
        errors = _gain_networks.cell_losses(batch["X"], outputs, self._of_groups > 1)
        return {"reconstruction_loss": _mean(errors, batch["M"])}

    def _blocks(self, name, network):
        if self._fine_tunes and self.trainable == "last":
            return {name: network.layers[-1].trainable_variables}
        return super()._blocks(name, network)

    def _structure(self):
        return (*super()._structure(), self._fine_tunes)

    def _pretrained_generator(self, Z, rng, rates, weight=None):
        """Return a generator trained on the source, and its recipe."""
        observed = ~np.isnan(Z)
        networks = self._new_networks(rng)
        held = hide_cells(rng, (len(Z), 1), self._cells, self._groups, rates)[:, 0]
        held &= observed & (rng.permutation(len(Z)) < len(Z) // 10).reshape(
            -1, *(1 for _ in self._cells)
        )
        if weight is not None:
            rows = rng.choice(len(Z), len(Z), p=weight / weight.sum())
            Z, observed, held = Z[rows], observed[rows], held[rows]
        self._hidden_rates, self._fine_tunes = rates, False
        self._train_one(Z, observed & ~held, held, networks, rng, "_pretrain_updates")
        del self._hidden_rates
        self.pretrain_history_ = self.history_
        return networks["generator"], self._recipes["generator"]

    def pretrain(self, X_source, *, missing_rate=None):
        """Learn from a source, for any number of targets.

        Parameters
        ----------
        X_source : array-like of shape (n_samples, n_features) or (n_samples, time, \
                channels)
            Source rows, complete or not.

        missing_rate : float, default=None
            Share of missing cells to practise, 0.1 less or more from row to row: that
            of the target. If None, any share from 0.1 to 0.9.

        Returns
        -------
        self : object
            The imputer. `fit` without a source now starts from this one; `similarity`
            compares it with targets.
        """
        self._validate_params()
        for name in [name for name in vars(self) if name.endswith("_")]:
            if name not in self.get_params(deep=False):
                delattr(self, name)
        X = check_rows(self, X_source, reset=True)
        names = getattr(self, "feature_names_in_", None)
        self._read_columns(X, X.reshape(-1, X.shape[-1]))
        Z = self._encode(X)
        rng = check_random_state(self.random_state)
        self._start(Z)
        units = self._without_levels(column_units(Z.reshape(-1, Z.shape[-1])))
        rates = _ALL_RATES if missing_rate is None else _around(missing_rate)
        generator, recipe = self._pretrained_generator(units.into(Z), rng, rates)
        self.pretrained_ = _Pretrained(
            X, names, self._columns, units, generator, recipe
        )
        return self

    def fit(self, X, y=None, Xt=None, yt=None, *, sample_domain=None, X_source=None):
        """Learn to fill the missing cells of the target.

        Parameters
        ----------
        X, y, Xt, yt, sample_domain, X_source
            As in `GAINImputer.fit`. If there is no source, the one that `pretrain` was
            given, and what it learned from it, unless the target has columns or levels
            that the source lacks: then it is trained again.

        Returns
        -------
        self : object
            The fitted imputer.
        """
        given = X_source, self.X_source, Xt, self.Xt, sample_domain
        known = vars(self).get("pretrained_")
        self._known = None
        if known is not None and all(value is None for value in given):
            self._known, X_source = known, known.X
            if known.names is not None:
                import pandas as pd

                X_source = pd.DataFrame(known.X, columns=known.names)
        super().fit(X, y, Xt, yt, sample_domain=sample_domain, X_source=X_source)
        del self._known
        return self

    def _fit_matrices(self, Zs, Zt, domains):
        rng = check_random_state(self.random_state)
        self._start(Zt)
        self.similarities_ = {}
        n_columns = Zt.shape[-1]
        flat = Zt.reshape(-1, n_columns)
        if Zs is None:
            units = self._without_levels(column_units(flat))
        else:
            source, units = shared_units(Zs.reshape(-1, n_columns), flat, self.scaling)
            units = self._without_levels(units)
            self._learn_source(Zs, Zt, self._without_levels(source), domains, rng)
        self._units = units
        self._choose(units.into(Zt), None if Zs is None else Zs, rng)

    def _learn_source(self, Zs, Zt, units, domains, rng):
        names = vars(self).get("feature_names_in_")
        known = self._known
        if (
            known is not None
            and np.array_equal(known.names, names)
            and known.columns.same_as(self._columns)
        ):
            return
        rates = _around(np.isnan(Zt).mean())
        Z, weight = units.into(Zs), None
        domain = domains.source_domain
        several = domain is not None and len(np.unique(domain)) > 1
        if several and self.sources != "all":
            Z, weight = self._weigh_sources(Zs, Zt, domain, rates, rng)
        generator, recipe = self._pretrained_generator(Z, rng, rates, weight)
        self.pretrained_ = _Pretrained(
            domains.Xs, names, self._columns, units, generator, recipe
        )

    def _weigh_sources(self, Zs, Zt, domain, rates, rng):
        """Return the source rows, each in units of its source, and their weights."""
        weight, Z = np.zeros(len(Zs)), np.empty(Zs.shape)
        for name in np.unique(domain):
            rows = domain == name
            flat = Zs[rows].reshape(-1, Zs.shape[-1])
            units = self._without_levels(column_units(flat))
            Z[rows] = units.into(Zs[rows])
            generator, recipe = self._pretrained_generator(Z[rows], rng, rates)
            T = units.into(Zt)
            found = self._similarity(Z[rows], T, generator, recipe, aligned=True)
            self.similarities_[int(name)] = found
            weight[rows] = max(found.similarity, 0.0) / rows.sum()
        values = {name: s.similarity for name, s in self.similarities_.items()}
        best = max(values, key=values.get)
        if self.sources == "best" or values[best] <= 0:
            weight = (domain == best).astype(float)
        return Z, weight

    # Choosing

    def _choose(self, T, Zs, rng):
        """Try the candidates on held-out cells of the target, and keep the best."""
        folds = self._folds(~np.isnan(T), rng)
        names = self._possible(Zs, T)
        if not names:
            raise ValueError(
                f"None of `candidates`, {list(self.candidates)}, is possible here. "
                "There is no 'pretrained' or 'finetuned' without a source, no "
                "'gaussian' for series, and no 'blend' but with it and a network."
            )
        prior = self._prior(Zs, T.shape[1]) if "gaussian" in names else None
        tried, ensembles = self._try_all(names, T, prior, folds, rng)
        self.validation_scores_ = {k: candidate.score for k, candidate in tried.items()}
        self.selected_ = _selected(self.validation_scores_)
        self.weights_, self.validation_score_ = tried[self.selected_]
        if prior is not None:
            (self._strength,) = tried["gaussian"].weights  # for draws
        self._keep_members(ensembles, T, prior)

    def _try_all(self, names, T, prior, folds, rng):
        """Return the candidates by name, and those of them that are networks."""
        tried, ensembles, gaussians, histories = {}, {}, {}, []
        for name in names:
            with self._stage(f"trying {name}"):
                if name == "blend":
                    found = {k: ensemble.found for k, ensemble in ensembles.items()}
                    tried[name] = _blended({**gaussians, **found}, T)
                elif name == "gaussian":
                    gaussians = fill_held_out(T, *prior, folds)
                    strength, scores = choose_strength(gaussians, T)
                    tried[name] = _Candidate({strength: 1.0}, scores[strength])
                else:
                    ensembles[name] = self._try(name, T, folds, rng)
                    tried[name] = _Candidate({name: 1.0}, ensembles[name].score)
                    histories.extend(self.history_ if name != "pretrained" else [])
        self.history_ = histories
        return tried, ensembles

    def _keep_members(self, ensembles, T, prior):
        """Keep the networks of what was selected, and fit its Gaussians."""
        self._ensembles = {
            k: ensemble._replace(found=None)
            for k, ensemble in ensembles.items()
            if k in self.weights_
        }
        self.generators_ = [g for e in self._ensembles.values() for g in e.networks]
        strengths = {*self.weights_} - {*_NETWORKS}
        if self.selected_ not in _NETWORKS:
            strengths.add(self._strength)
        self._gaussians, found = {}, None
        for k in sorted(strengths, reverse=True):
            found = gaussian_map(T, *prior, k, start=found, floor=_FLOOR)[:2]
            self._gaussians[k] = found

    def _possible(self, Zs, T):
        """Return the candidates that can be tried, in an order that serves them."""
        unknown = sorted(set(self.candidates) - set(_CANDIDATES))
        if unknown:
            raise ValueError(
                f"`candidates` must hold some of {_CANDIDATES}, got {unknown}."
            )
        possible = set(self.candidates)
        if Zs is None:
            possible -= {"pretrained", "finetuned"}
        if self.trainable == "none":
            possible -= {"finetuned"}
        if T.ndim == 3:
            possible -= {"gaussian"}
        if "gaussian" not in possible or not possible & set(_NETWORKS):
            possible -= {"blend"}
        return [name for name in _CANDIDATES if name in possible]

    def _try(self, name, T, folds, rng):
        known = vars(self).get("pretrained_")
        if name == "pretrained":
            copies = [known.generator] * len(folds)
            judged = self._judged(copies, known.recipe, folds, T)
            return judged._replace(networks=[known.generator])
        weights = None
        self._fine_tunes = name == "finetuned"
        if self._fine_tunes:
            weights = _engine.weights_of(known.generator)
        ensemble = self._train_ensemble(T, rng, folds, weights)
        self._fine_tunes = False
        return ensemble

    def _prior(self, Zs, n_columns):
        """Return mean and covariance of the source, or of independent columns."""
        mean, cov = np.zeros(n_columns), np.eye(n_columns)
        if Zs is None:
            return mean, cov
        Z = self._without_levels(column_units(Zs)).into(Zs)
        return gaussian_map(Z, mean, cov, 0.0, floor=_FLOOR)[:2]

    # Imputing

    def _impute(self, Z, is_source):
        units, fill = self._way(is_source)
        return units.back(fill(units.into(Z)))

    def _way(self, is_source):
        """Return the units of a domain, and the function that fills its rows."""
        known = vars(self).get("pretrained_")
        if is_source and known is not None:
            source = self._ensemble_of(known)
            return known.units, partial(self._mean_fill, ensemble=source)
        return self._units, self._filled

    def _filled(self, Z):
        filled = 0.0
        for name, weight in self.weights_.items():
            if name in self._ensembles:
                part = self._mean_fill(Z, self._ensembles[name])
            else:
                part = conditional_mean(Z, *self._gaussians[name])
            filled = filled + weight * part
        return filled

    @staticmethod
    def _ensemble_of(known):
        return _Ensemble([known.generator], known.recipe, None, np.nan, [])

    def _sample(self, Z, is_source, rng):
        units, fill = self._way(is_source)
        Z = units.into(Z)
        if self.selected_ in ("gaussian", "blend"):
            # A blend is as uncertain as the Gaussian, about another mean.
            gaussian = self._gaussians[self._strength]
            spread = conditional_draw(Z, *gaussian, rng) - conditional_mean(
                Z, *gaussian
            )
            return units.back(fill(Z) + spread)
        return units.back(self._drawn(Z, self._ensembles[self.selected_], rng))

    # Similarity

    def similarity(self, X, *, aligned=False):
        """Measure how alike the source and a target are.

        The generator as `pretrain` or `fit` trained it on the source fills hidden cells
        of the target; nothing is trained. Of each row it is shown a share of the
        observed cells that is drawn from 0 to 1: so it has to know both where the
        columns are and how they go together.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of the target, with missing cells.

        aligned : bool, default=False
            Whether the source is first brought to the units of the target. False: how
            alike the two are as they stand. True: how good a clue the source is for
            `fit`, which does so.

        Returns
        -------
        similarity : Similarity
            The value, its standard error, and the distance of the column means.
        """
        known = vars(self).get("pretrained_")
        if known is None:
            raise NotFittedError(
                f"{type(self).__name__} has no source yet: call `pretrain`, or `fit` "
                "with a source."
            )
        X = check_rows(self, X)
        flat = known.columns.encode(X.reshape(-1, X.shape[-1]))
        source = known.columns.encode(known.X.reshape(-1, X.shape[-1]))
        Zt = flat.reshape(*X.shape[:-1], -1)
        Zs = source.reshape(*known.X.shape[:-1], -1)
        Zs, Zt = known.units.into(Zs), known.units.into(Zt)
        return self._similarity(Zs, Zt, known.generator, known.recipe, aligned)

    def _similarity(self, Zs, Zt, generator, recipe, aligned):
        """Compare matrices in units of the source."""
        rng = check_random_state(self.random_state)
        n_columns = Zt.shape[-1]
        flat = Zt.reshape(-1, n_columns)
        flat_source = Zs.reshape(-1, n_columns)
        scaling = self.scaling if aligned else "source"
        _, units = shared_units(flat_source, flat, scaling)
        units = self._without_levels(units)
        T = units.into(Zt)
        # Beyond its range the source has nothing to say but that it ends there.
        edges = _column_edges(flat_source)
        spread = range_units(np.concatenate([flat_source, flat])).scale
        observed = ~np.isnan(T)
        counts = observed.reshape(flat.shape).sum(axis=0)
        # The mean of the column's other cells; of none, that of the source.
        others = (np.nansum(flat, axis=0) - Zt) / np.maximum(counts - 1, 1)
        group = rng.permutation(len(T)) % min(len(T), 20)
        error, baseline = np.zeros((2, group.max() + 1))
        for _ in range(_N_HIDINGS):
            hidden = hide_cells(rng, (len(T),), self._cells, self._groups, (0.0, 1.0))
            hidden &= observed
            shown = np.where(hidden, np.nan, np.clip(T, *edges))
            filled = units.back(self._fill(shown, [generator], recipe))
            for sums, guess in ((error, filled), (baseline, others)):
                squares = np.where(hidden, np.square((guess - Zt) / spread), 0.0)
                per_row = squares.reshape(len(T), -1).sum(axis=1)
                sums += np.bincount(group, per_row, minlength=len(sums))
        target, source = column_units(flat).offset, column_units(flat_source).offset
        both = (counts > 0) & ~np.isnan(flat_source).all(axis=0)
        apart = ((target - source) / spread)[both]
        distance = float(np.sqrt(np.mean(np.square(apart)))) if both.any() else np.nan
        return Similarity(*jackknife(error, baseline), distance)

    def rank_sources(self, X, sources, *, aligned=False):
        """Rank sources by their similarity to a target.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows of the target, with missing cells.

        sources : dict of str to array-like
            Source rows by name. Columns of frames are matched by name.

        aligned : bool, default=False
            As in `similarity`.

        Returns
        -------
        ranking : pandas.DataFrame
            A row for each source, the most similar first, with the columns
            ``similarity``, ``standard_error`` and ``mean_distance``. What shares no
            column with the target is last, with NaN.
        """
        import pandas as pd

        missing = float(np.mean(pd.isna(np.asarray(X))))
        rows = {}
        for name, source in sources.items():
            source = match_columns(source, X)
            if source is None:
                rows[name] = Similarity(np.nan, np.nan, np.nan)
                continue
            imputer = clone(self).set_params(X_source=None, Xt=None)
            # Half of what is observed will be hidden too, in the mean.
            imputer.pretrain(source, missing_rate=(1 + missing) / 2)
            rows[name] = imputer.similarity(X, aligned=aligned)
        table = pd.DataFrame.from_dict(rows, orient="index", columns=Similarity._fields)
        return table.sort_values("similarity", ascending=False)

    def __sklearn_is_fitted__(self):
        return "selected_" in vars(self)


def _around(rate):
    """Return shares of hidden cells around the target's."""
    return float(max(rate - _ROUND, 0.05)), float(np.clip(rate + _ROUND, 0.15, 0.95))
