"""Choice of a few source models, by scores of sets of them."""

from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import cdist

from adapt._expected_prediction import (
    conditional_entropy,
    conditional_table,
    own_label,
)
from adapt._pot import import_pot
from adapt.parameter_based._experts import ClassExpert, relabelled, rows_for
from adapt.parameter_based._pooling import with_floor

_MAX_ROWS = 300  # of a domain, from which a distance is estimated


def greedy(score, n_sources, size):
    """Return sources that are added one by one, each the best for the set so far.

    Parameters
    ----------
    score : callable
        Of a list of sources; greater is better.

    n_sources : int
        How many there are.

    size : int
        How many are chosen; all if there are no more.

    Returns
    -------
    members : list of int
        In the order in which they were chosen.
    """
    members = []
    while len(members) < min(size, n_sources):
        rest = [k for k in range(n_sources) if k not in members]
        members.append(max(rest, key=lambda k: score([*members, k])))
    return members


def ensemble_likelihood(likelihoods, members):
    """Return the log-likelihood per row of the mean of some experts.

    Of experts that were relabelled by LEEP's table this is E-LEEP.

    Parameters
    ----------
    likelihoods : ndarray of shape (n_samples, n_experts)
        Probability that each expert gives the row's own class.

    members : list of int
        Of which experts.

    Returns
    -------
    value : float
    """
    return float(np.log(likelihoods[:, members].mean(axis=1)).mean())


def ms_leep(likelihoods, members):
    """Return the sum of the LEEP of some experts; parameters as above."""
    return float(np.log(likelihoods[:, members]).mean(axis=0).sum())


class OsbornTerms:
    """The three terms of OSBORN for each source, and its score of a set of them.

    Parameters
    ----------
    distances : ndarray of shape (n_sources,)
        Transport distance of the source's rows to the target's; 0 if unknown.

    entropies : ndarray of shape (n_sources,)
        Conditional entropy of the model's classes, given the labels.

    disagreements : ndarray of shape (n_sources, n_sources)
        Conditional entropy of a model's classes, given those of another.
    """

    def __init__(self, distances, entropies, disagreements):
        self.distances = distances
        self.entropies = entropies
        self.disagreements = disagreements

    def score(self, members):
        """Return minus the published, unweighted sum of all terms."""
        single = np.sum(self.distances[members] + self.entropies[members])
        return -float(single + self.disagreements[np.ix_(members, members)].sum())

    def standardized(self):
        """Return the terms in units of their deviation over the pool.

        A pool of two has two values of each, which tell no deviation: it is left.
        """
        n = len(self.distances)
        if n < 3:
            return self
        apart = ~np.eye(n, dtype=bool)
        pairs = np.zeros((n, n))
        # Sums over pairs grow with the square of the size, and single terms do not.
        pairs[apart] = _standard(self.disagreements[apart]) / (n - 1)
        return OsbornTerms(_standard(self.distances), _standard(self.entropies), pairs)


def _standard(values):
    spread = values.std()
    return (values - values.mean()) / (spread if spread > 1e-12 else 1.0)


def osborn_terms(labels, codes, n_source_classes, n_classes, distances=None):
    """Return the terms of OSBORN on labelled target rows.

    Parameters
    ----------
    labels : ndarray of shape (n_sources, n_samples), dtype int
        Classes that the sources give the rows, from 0 on.

    codes : ndarray of shape (n_samples,), dtype int
        Classes of the target.

    n_source_classes, n_classes : int
        How many classes the sources know at most, and the target.

    distances : ndarray of shape (n_sources,), default=None
        Of the sources' rows to those of the target, where they are known.

    Returns
    -------
    terms : OsbornTerms
    """
    n = len(labels)
    entropies = [
        conditional_entropy(own, codes, n_source_classes, n_classes) for own in labels
    ]
    pairs = np.zeros((n, n))
    for a in range(n):
        for b in range(n):
            if a != b:
                pairs[a, b] = conditional_entropy(
                    labels[a], labels[b], n_source_classes, n_source_classes
                )
    distances = np.zeros(n) if distances is None else distances
    return OsbornTerms(distances, np.array(entropies), pairs)


def transport_distance(Xs, Xt, rng):
    """Return the squared Wasserstein distance of two samples, of 300 rows at most."""
    A, B = (
        X if len(X) <= _MAX_ROWS else X[rng.choice(len(X), _MAX_ROWS, replace=False)]
        for X in (Xs, Xt)
    )
    masses = (np.full(len(X), 1 / len(X)) for X in (A, B))
    return float(import_pot().emd2(*masses, cdist(A, B, "sqeuclidean")))


def source_distances(domains, names, *, rng):
    """Return how far the rows of each source are from the target's, or None.

    Parameters
    ----------
    domains : Domains
        Without source rows nothing is known.

    names : list of int
        The sources.

    rng : RandomState
        Draws rows of large domains.

    Returns
    -------
    distances : ndarray of shape (n_sources,) or None
    """
    if domains.Xs is None or domains.source_domain is None:
        return None
    Xs, Xt = (np.asarray(X, dtype=float) for X in (domains.Xs, domains.Xt))
    parts = [Xs[domains.source_domain == k] for k in names]
    return np.array([transport_distance(part, Xt, rng) for part in parts])


def translated_likelihoods(probabilities, codes, n_classes):
    """Return the probability of each row's own class after translation by LEEP's table.

    Parameters
    ----------
    probabilities : list of ndarrays of shape (n_samples, n_source_classes)
        Of the sources' own classes.

    codes : ndarray of shape (n_samples,), dtype int
        Target classes of the rows, from 0 on.

    n_classes : int
        Number of target classes.

    Returns
    -------
    likelihoods : ndarray of shape (n_samples, n_sources)
    """
    columns = [
        own_label(P @ conditional_table(P, codes, n_classes).T, codes)
        for P in probabilities
    ]
    return np.stack(columns, axis=1)


def chosen_regressors(errors, sample_weight, size):
    """Return sources whose mean has the least squared error, added one by one.

    Parameters
    ----------
    errors : ndarray of shape (n_sources, n_samples, n_outputs)
        Of the sources.

    sample_weight : ndarray of shape (n_samples,)
        Weights of the rows.

    size : int
        How many are chosen.

    Returns
    -------
    members : list of int
    """

    def score(members):
        squares = np.square(errors[members].mean(axis=0)).sum(axis=1)
        return -float(sample_weight @ squares)

    return greedy(score, len(errors), size)


class Labelled(NamedTuple):
    """Labelled target rows.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
    labels : ndarray of shape (n_classes,)
        The classes.
    codes : ndarray of shape (n_samples,), dtype int
        Places of the rows' classes in `labels`.
    """

    X: object
    labels: np.ndarray
    codes: np.ndarray


def _likelihood_score(models, rows, translated):
    """Return the score of a set of classifiers by the likelihood of their mean."""
    X, labels, codes = rows
    P = [
        relabelled(model, labels, labels, X, codes)[1]
        if name in translated
        else ClassExpert(model, labels).predict(X)
        for name, model in models.items()
    ]
    likelihoods = with_floor(np.stack(P))[:, np.arange(len(codes)), codes].T
    return partial(ensemble_likelihood, likelihoods)


def _leep_score(models, rows, rule):
    """Return the score of a set of classifiers by E-LEEP or MS-LEEP."""
    own = [model.predict_proba(rows_for(model, rows.X)) for model in models.values()]
    return partial(rule, translated_likelihoods(own, rows.codes, len(rows.labels)))


def _osborn_score(models, rows, distances, standardized):
    """Return the score of a set of classifiers by OSBORN."""
    own = [model.predict(rows_for(model, rows.X)) for model in models.values()]
    names, places = np.unique(np.concatenate(own), return_inverse=True)
    places = places.reshape(len(models), -1)
    of_rows = places, rows.codes, len(names), len(rows.labels)
    terms = osborn_terms(*of_rows, distances(list(models)))
    return (terms.standardized() if standardized else terms).score


def chosen_classifiers(models, rows, translated, *, select, n_sources, distances):
    """Return the names of the classifiers that `select` of `SourceMixture` chooses.

    Parameters
    ----------
    models : dict
        Fitted classifiers by name.

    rows : Labelled
        Rows by which they are chosen.

    translated : set
        Names of the models whose classes are translated.

    select, n_sources
        As in `SourceMixture`.

    distances : callable
        Takes names of sources, and returns how far their rows are from the target's.

    Returns
    -------
    names : list
    """
    names = list(models)
    if select is None:
        return names
    size = n_sources
    if select == "e-leep":
        score = _leep_score(models, rows, ensemble_likelihood)
    elif select == "ms-leep":
        score = _leep_score(models, rows, ms_leep)
    elif isinstance(select, str):
        score = _osborn_score(models, rows, distances, select == "osborn")
    else:
        score, size = _likelihood_score(models, rows, translated), select
    return [names[k] for k in greedy(score, len(names), size)]
