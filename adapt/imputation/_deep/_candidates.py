"""Ways to fill a target, tried on held-out cells: networks, Gaussians and a blend."""

from typing import NamedTuple

import numpy as np

from adapt._stacking import blend_weights
from adapt.imputation._gaussian import (
    COVARIANCE_FLOOR,
    choose_strength,
    conditional_draw,
    conditional_mean,
    fill_held_out,
    gaussian_map,
)
from adapt.imputation._units import column_units, sparing

__all__ = [
    "CANDIDATES",
    "NETWORKS",
    "TRAINED_ON_TARGET",
    "Candidate",
    "Chosen",
    "blended",
    "choose",
    "possible_candidates",
    "prior_of",
    "selected",
]

TRAINED_ON_TARGET = ("finetuned", "scratch")
NETWORKS = ("pretrained", *TRAINED_ON_TARGET)
CANDIDATES = (*NETWORKS, "gaussian", "blend")
# What was stopped on the very cells that judge it looks a little too good.
_OPTIMISM = dict.fromkeys(TRAINED_ON_TARGET, 1.01)


class Candidate(NamedTuple):
    """One way to fill the target.

    Attributes
    ----------
    weights : dict of (str or float) to float
        Of its members: networks by name, Gaussians by the strength of their prior.

    score : float
        Root mean square error on held-out cells.
    """

    weights: dict
    score: float


class Chosen(NamedTuple):
    """The candidate that fills the target, with what it takes.

    Attributes
    ----------
    name : str
        Of the candidate.

    weights : dict of (str or float) to float
        Of its members.

    ensembles : dict of str to MaskedEnsemble
        The networks among them.

    gaussians : dict of float to (ndarray, ndarray)
        The Gaussians among them, and the one of draws: means and covariances.

    strength : float or None
        Of the prior of that one.
    """

    name: str
    weights: dict
    ensembles: dict
    gaussians: dict
    strength: float | None

    def mean(self, Z):
        """Return filled rows."""
        filled = 0.0
        for name, weight in self.weights.items():
            if name in self.ensembles:
                part = self.ensembles[name].mean(Z)
            else:
                part = conditional_mean(Z, *self.gaussians[name])
            filled = filled + weight * part
        return filled

    def draw(self, Z, rng):
        """Return rows filled at random."""
        if self.name in NETWORKS:
            return self.ensembles[self.name].draw(Z, rng)
        # A blend is as uncertain as the Gaussian, about another mean.
        gaussian = self.gaussians[self.strength]
        spread = conditional_draw(Z, *gaussian, rng) - conditional_mean(Z, *gaussian)
        return self.mean(Z) + spread


def possible_candidates(candidates, *, has_source, trainable, is_series):
    """Return the candidates that can be tried, networks first and the blend last.

    Parameters
    ----------
    candidates : array-like of str
        Those that are asked for.

    has_source : bool
        Whether there is a source to train on.

    trainable : {"all", "last", "none"}
        Layers that go on learning from the target.

    is_series : bool
        Whether rows are series.

    Raises
    ------
    ValueError
        If one is unknown, or none is possible.
    """
    unknown = sorted(set(candidates) - set(CANDIDATES))
    if unknown:
        raise ValueError(f"`candidates` must hold some of {CANDIDATES}, got {unknown}.")
    possible = set(candidates)
    if not has_source:
        possible -= {"pretrained", "finetuned"}
    if trainable == "none":
        possible -= {"finetuned"}
    if is_series:
        possible -= {"gaussian"}
    if "gaussian" not in possible or not possible & set(NETWORKS):
        possible -= {"blend"}
    if not possible:
        raise ValueError(
            f"None of `candidates`, {list(candidates)}, is possible here. There is no "
            "'pretrained' or 'finetuned' without a source, no 'finetuned' with "
            "`trainable='none'`, no 'gaussian' for series, and no 'blend' without it "
            "and a network."
        )
    return [name for name in CANDIDATES if name in possible]


def prior_of(Zs, n_columns, is_level):
    """Return mean and covariance of the source, or of independent columns."""
    mean, cov = np.zeros(n_columns), np.eye(n_columns)
    if Zs is None:
        return mean, cov
    Z = sparing(column_units(Zs), is_level).into(Zs)
    return gaussian_map(Z, mean, cov, 0.0, floor=COVARIANCE_FLOOR)[:2]


def blended(found, T):
    """Return the candidate that mixes its members.

    Parameters
    ----------
    found : dict of (str or float) to ndarray of the shape of `T`
        What each member makes of held-out cells, NaN elsewhere.

    T : ndarray of shape (n_samples, n_columns)
        The rows.
    """
    errors = np.stack([filled - T for filled in found.values()], axis=-1)
    errors = errors[~np.isnan(errors).any(axis=-1)]
    weights = blend_weights(errors)
    blend = {k: float(w) for k, w in zip(found, weights, strict=True) if w > 0}
    if not len(errors):
        return Candidate(blend, np.nan)
    return Candidate(blend, float(np.sqrt(np.mean(np.square(errors @ weights)))))


def selected(scores):
    """Return the candidate to take: the blend, or else the one of least error."""
    known = {k: v * _OPTIMISM.get(k, 1.0) for k, v in scores.items() if np.isfinite(v)}
    if "blend" in known:
        return "blend"
    # Without any observed cell to hold out, the source is all there is to go by.
    return min(known, key=known.get) if known else next(iter(scores))


def choose(names, T, prior, folds, train, stage):
    """Try candidates on held-out cells of the target, and choose one.

    Parameters
    ----------
    names : list of str
        As `possible_candidates` returns them.

    T : ndarray of shape (n_samples, [time,] n_columns)
        Rows in the units of the networks.

    prior : tuple of ndarray or None
        Mean and covariance of the source, if "gaussian" is a candidate.

    folds : list of ndarray of the shape of `T`, dtype bool
        Observed cells that are held out.

    train : callable
        ``train(name)`` returns a network as `MaskedEnsemble`, or None after an
        interruption.

    stage : callable
        ``stage(message)`` returns a context that reports how long it took.

    Returns
    -------
    chosen : Chosen
    scores : dict of str to float
        Root mean square error of each candidate on held-out cells.
    """
    tried, ensembles, gaussians, strength = {}, {}, {}, None
    for name in names:
        with stage(f"trying {name}"):
            if name == "gaussian":
                gaussians = fill_held_out(T, *prior, folds)
                strength, errors = choose_strength(gaussians, T)
                tried[name] = Candidate({strength: 1.0}, errors[strength])
            elif name == "blend":
                found = {k: ensemble.found for k, ensemble in ensembles.items()}
                if found:
                    tried[name] = blended({**gaussians, **found}, T)
            elif (ensemble := train(name)) is not None:
                ensembles[name] = ensemble
                tried[name] = Candidate({name: 1.0}, ensemble.score)
    scores = {k: candidate.score for k, candidate in tried.items()}
    best = selected(scores)
    weights = tried[best].weights
    kept = {k: e._replace(found=None) for k, e in ensembles.items() if k in weights}
    strengths = {*weights} - {*NETWORKS}
    if best not in NETWORKS:
        strengths.add(strength)
    fitted = _fitted_gaussians(T, prior, strengths)
    return Chosen(best, weights, kept, fitted, strength), scores


def _fitted_gaussians(T, prior, strengths):
    """Return Gaussians of the target by the strengths of their prior."""
    gaussians, found = {}, None
    for k in sorted(strengths, reverse=True):
        found = gaussian_map(T, *prior, k, start=found, floor=COVARIANCE_FLOOR)[:2]
        gaussians[k] = found
    return gaussians
