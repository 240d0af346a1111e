"""Transferability of features by the evidence of a Bayesian linear head (LogME)."""

import numpy as np
from sklearn.utils import check_array, check_consistent_length

from adapt._label_kinds import is_classification
from adapt.metrics._labelled_rows import check_labels, class_codes

_GRID = 60  # ratios of the precisions that are tried first
_REFINEMENTS = 45  # steps of golden section, after which the ratio is known to 1e-9
_GOLDEN = (np.sqrt(5) - 1) / 2


def _profile(log_ratio, s2, u2, rest, n):
    """Return the log evidence at ratios of the precisions, of the best noise.

    Parameters
    ----------
    log_ratio : ndarray of shape (..., n_outputs)
        Logarithm of prior precision over noise precision.

    s2, u2 : ndarrays of shape (r,) and (r, n_outputs)
        Squares of singular values of the features, and of the outputs along them.

    rest : ndarray of shape (n_outputs,)
        What of the outputs' squares lies in no feature.

    n : int
        Number of rows.
    """
    ratio = np.exp(log_ratio)[..., np.newaxis]
    kept = ratio / (ratio + s2)
    noise = (np.sum(kept * u2.T, axis=-1) + rest) / n
    log_kept = np.sum(np.log(kept), axis=-1)
    return (log_kept - n * np.log(noise) - n * np.log(2 * np.pi) - n) / 2


def maximal_evidence(Z, T):
    r"""Return the largest log evidence of Bayesian linear regressions, per row.

    Outputs are :math:`Z w + \epsilon` with :math:`w \sim N(0, 1/\alpha)` and noise of
    variance :math:`1/\beta`. Given their ratio the best noise has a closed form; the
    ratio is found on a grid and by golden section.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_features)
        Features.

    T : ndarray of shape (n_samples, n_outputs)
        Outputs.

    Returns
    -------
    evidence : ndarray of shape (n_outputs,)
    """
    n = len(Z)
    U, s, _ = np.linalg.svd(Z, full_matrices=False)
    top = s.max(initial=0)
    if top == 0:
        U, s, top = np.zeros((n, 1)), np.zeros(1), 1.0
    u = U.T @ T
    squares = np.sum(np.square(T), axis=0)
    # Features that fit exactly would have infinite evidence.
    floor = np.maximum(1e-12 * squares, np.finfo(float).tiny)
    rest = np.maximum(squares - np.sum(np.square(u), axis=0), floor)

    def evidence(log_ratio):
        return _profile(log_ratio, np.square(s), np.square(u), rest, n)

    edges = 2 * np.log(top) + np.log(1e-12), 2 * np.log(top) + np.log(1e8)
    grid, step = np.linspace(*edges, _GRID, retstep=True)
    values = evidence(np.repeat(grid[:, np.newaxis], T.shape[1], axis=1))
    best = grid[values.argmax(axis=0)]
    low, high = best - step, best + step
    for _ in range(_REFINEMENTS):
        width = _GOLDEN * (high - low)
        left, right = high - width, low + width
        rises = evidence(left) < evidence(right)
        low, high = np.where(rises, left, low), np.where(rises, high, right)
    return np.maximum(evidence((low + high) / 2), values.max(axis=0)) / n


def with_constant(Z):
    """Return standardised features and a constant column."""
    scale = Z.std(axis=0)
    Z = (Z - Z.mean(axis=0)) / np.where(scale > 1e-12 * np.abs(Z).max(), scale, 1)
    return np.column_stack([Z, np.ones(len(Z))])


def log_evidence(features, y, *, published=False):
    r"""Return LogME [1]_ of features, from labelled training rows of the target.

    It is the log evidence of a Bayesian linear head on the features, per row, at the
    precisions of prior and noise that make it largest. Classes are one output of zeros
    and ones each, of which the mean is taken. Larger features do not overfit, because
    coefficients are integrated out.

    Parameters
    ----------
    features : array-like of shape (n_samples, n_features)
        What the source model makes of target rows: the layer before its last, or what a
        transformer returns.

    y : array-like of shape (n_samples,)
        Target labels of these rows: classes if they are texts or at most 20 different
        whole numbers, else numbers.

    published : bool, default=False
        Whether the features are taken as they are, without an intercept. By default
        columns are standardised and a constant column is added. Without it the score
        changes if a constant is added to all features.

    Returns
    -------
    score : float
        In nats; greater is better. Scores of the same `y` can be compared.

    Raises
    ------
    ValueError
        If features are not finite, or if labels are missing or all the same.

    See Also
    --------
    leep : From probabilities, and better with few labels.

    Notes
    -----
    Departures from [1]_: the columns and the constant above; and the maximum is found
    by a search in one dimension, which cannot stop early as the fixed-point iteration
    of [1]_ can. ``log_evidence(features, y, published=True)`` is the published score.

    Time O(n p min(n, p)).

    References
    ----------
    .. [1] You, Liu, Wang and Long. "LogME: practical assessment of pre-trained models
       for transfer learning." ICML, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.metrics import log_evidence
    >>> rng = np.random.default_rng(0)
    >>> good, y = rng.normal(size=(50, 3)), np.arange(50) % 2
    >>> good[:, 0] += 3 * y
    >>> log_evidence(good, y) > log_evidence(rng.normal(size=(50, 3)), y)
    True
    """
    Z = check_array(features, dtype=float, input_name="features")
    y = check_labels(y)
    check_consistent_length(Z, y)
    codes, n_values = class_codes(y)
    if n_values < 2:
        raise ValueError("`y` is the same in all rows: there is nothing to predict.")
    if is_classification(y):
        T = np.eye(n_values)[codes]
    else:
        T = y.astype(float)[:, np.newaxis]
    return float(maximal_evidence(Z if published else with_constant(Z), T).mean())
