"""Distances by how well a model tells two samples apart."""

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from adapt.metrics._moment_distances import check_samples


def _out_of_fold(Xs, Xt, classifier, cv, random_state):
    """Return the domain of each row, 1 for the target, and how likely it was held."""
    Xs, Xt = check_samples(Xs, Xt)
    if classifier is None:
        classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    domain = np.repeat([0, 1], [len(Xs), len(Xt)])
    n_splits = min(cv, len(Xs), len(Xt))
    if n_splits < 2:
        raise ValueError(
            "At least 2 rows of each sample are needed to tell them apart on held-out "
            f"rows, got {len(Xs)} and {len(Xt)}."
        )
    folds = StratifiedKFold(n_splits, shuffle=True, random_state=random_state)
    p = cross_val_predict(
        clone(classifier),
        np.concatenate([Xs, Xt]),
        domain,
        cv=folds,
        method="predict_proba",
    )
    return domain, p[:, 1]


def domain_classifier(Xs, Xt, classifier=None, cv=5, random_state=0):
    """Return one minus the mean square error of a classifier of domains [1]_.

    The probabilities are of held-out rows, so a classifier that memorises its training
    rows does not make the samples look far apart.

    Parameters
    ----------
    Xs : array-like of shape (n_samples, n_features)
        Rows of the source.

    Xt : array-like of shape (n_target_samples, n_features)
        Rows of the target.

    classifier : classifier, default=None
        With `predict_proba`. If None, `LogisticRegression` on standardised columns.

    cv : int, default=5
        Number of folds.

    random_state : int, RandomState instance or None, default=0
        Draws the folds.

    Returns
    -------
    score : float
        0.75 for samples of one size that cannot be told apart, 1 for those that always
        can.

    References
    ----------
    .. [1] Ganin et al. "Domain-adversarial training of neural networks." JMLR, 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.metrics import domain_classifier
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> round(domain_classifier(X, X + 9), 2)
    1.0
    """
    domain, p = _out_of_fold(Xs, Xt, classifier, cv, random_state)
    return float(1 - np.mean((p - domain) ** 2))


def a_distance(Xs, Xt, classifier=None, cv=5, random_state=0):
    """Return the proxy A-distance [1]_: ``2 (1 - 2 e)``, with the error e of domains.

    Parameters
    ----------
    Xs : array-like of shape (n_samples, n_features)
        Rows of the source.

    Xt : array-like of shape (n_target_samples, n_features)
        Rows of the target.

    classifier : classifier, default=None
        With `predict_proba`. If None, `LogisticRegression` on standardised columns.

    cv : int, default=5
        Number of folds; the error is that of held-out rows.

    random_state : int, RandomState instance or None, default=0
        Draws the folds.

    Returns
    -------
    distance : float
        2 where every row can be told, 0 where none can. Chance can take it below 0.
        Each domain counts one half of the error, whatever its size; a row is taken for
        one of the target where its probability is above the target's share of the rows.

    References
    ----------
    .. [1] Ben-David et al. "Analysis of representations for domain adaptation." NIPS,
       2006.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.metrics import a_distance
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> a_distance(X, X + 9)
    2.0
    """
    domain, p = _out_of_fold(Xs, Xt, classifier, cv, random_state)
    # Beyond the share of the target, rather than one half: sizes may differ.
    wrong = (p > domain.mean()) != domain
    error = (wrong[domain == 0].mean() + wrong[domain == 1].mean()) / 2
    return float(2 * (1 - 2 * error))
