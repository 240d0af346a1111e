"""Scores of the library ADAPT that are minus what a method maximises."""

import numpy as np

from adapt.metrics._moment_distances import check_samples


def neg_j_score(Xs, Xt, max_centers=100, sigma=None):
    """Return the negative Kullback-Leibler divergence of target from source [1]_.

    It is minus what `KLIEP` maximises, the mean log ratio of densities over the target.
    Unlike other distances it is *greater* for samples that are closer: use it with
    ``make_uda_scorer(neg_j_score, Xs, Xt, greater_is_better=True)``.

    Parameters
    ----------
    Xs : array-like of shape (n_samples, n_features)
        Rows of the source.

    Xt : array-like of shape (n_target_samples, n_features)
        Rows of the target.

    max_centers : int, default=100
        How many target rows the ratio is a sum of kernels at.

    sigma : float, default=None
        Parameter `gamma` of the Gaussian kernels. If None, by the median of the
        distances between rows.

    Returns
    -------
    score : float
        At most about 0, in nats.

    References
    ----------
    .. [1] Sugiyama et al. "Direct importance estimation with model selection and its
       application to covariate shift adaptation." NIPS, 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.metrics import neg_j_score
    >>> X = np.random.default_rng(0).normal(size=(200, 1))
    >>> neg_j_score(X, X + 1) < neg_j_score(X, X) < 0.01
    True
    """
    from adapt.instance_based import KLIEP

    Xs, Xt = check_samples(Xs, Xt)
    method = KLIEP(gamma=sigma, max_centers=max_centers, random_state=0)
    method.fit_weights(Xs, Xt)
    tiny = np.finfo(float).tiny
    return -float(np.mean(np.log(np.maximum(method.predict_weights(Xt), tiny))))
