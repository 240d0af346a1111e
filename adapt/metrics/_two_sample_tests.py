"""Tests of whether two samples are of one distribution.

A permutation test assigns all rows to the samples at random, and asks how often this
sets them as far apart as they are. Its p-values are right for any number of rows and
columns. The kernel between rows stays the same when labels are permuted, so that all
permutations are columns of one product with it, taken in blocks.
"""

from numbers import Integral
from typing import NamedTuple

import numpy as np
from scipy.stats import mannwhitneyu
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils import check_random_state

from adapt._data_driven import median_gamma
from adapt._kernels import kernel_matrix, row_blocks
from adapt.base._row_blocks import as_blocks, come_in_blocks
from adapt.metrics._mmd_of_sums import compare_means, moments_of_features
from adapt.metrics._moment_distances import check_samples


class TwoSampleTest(NamedTuple):
    """The outcome of a test.

    Parameters
    ----------
    statistic : float
        Greater the further apart the samples are.
    p_value : float
        How often chance alone gives as much.
    """

    statistic: float
    p_value: float


def _pooled(Xs, Xt, max_rows, rng):
    """Return at most ``max_rows`` rows of each sample, pooled and standardised."""
    Xs, Xt = (
        as_blocks(X).sample(max_rows, rng)[0] if come_in_blocks(X) else X
        for X in (Xs, Xt)
    )
    Xs, Xt = check_samples(Xs, Xt)
    Xs, Xt = (
        X if len(X) <= max_rows else X[rng.choice(len(X), max_rows, replace=False)]
        for X in (Xs, Xt)
    )
    # The scale of the pooled rows is the same for every permutation.
    return StandardScaler().fit_transform(np.concatenate([Xs, Xt])), len(Xs)


def _check_draws(n_permutations):
    if not isinstance(n_permutations, Integral) or n_permutations < 19:
        raise ValueError(
            "`n_permutations` must be an integer of at least 19, for p-values of .05; "
            f"got {n_permutations!r}."
        )


def _permutation_test(X, n, kernel_of_rows, n_permutations, rng):
    """Test by ``a' K a``, with the difference of two means a."""
    signs = np.repeat([1 / n, -1 / (len(X) - n)], [n, len(X) - n])
    dealt = np.column_stack(
        [signs, *(rng.permutation(signs) for _ in range(n_permutations))]
    )
    squares = np.zeros(n_permutations + 1)
    for rows in row_blocks(len(X), len(X)):
        product = kernel_of_rows(X[rows]) @ dealt
        squares += np.einsum("ij,ij->j", dealt[rows], product)
    # The original order, up to rounding, counts as a permutation.
    slack = 1e-12 * np.abs(squares[0])
    as_far = np.sum(squares[1:] >= squares[0] - slack)
    p_value = (1 + as_far) / (1 + n_permutations)
    return TwoSampleTest(float(np.sqrt(max(squares[0], 0))), float(p_value))


def mmd_test(
    Xs, Xt, *, gamma=None, n_permutations=499, max_rows=1000, random_state=None
):
    """Test whether two samples have the same distribution, by `mmd` [1]_.

    Parameters
    ----------
    Xs : array-like of shape (n_samples, n_features)
        Rows of the source, or `adapt.base.RowBlocks` or a collection of Dask.

    Xt : array-like of shape (n_target_samples, n_features)
        Rows of the target, in any of these forms.

    gamma : float, default=None
        Parameter of the Gaussian kernel between standardised rows. If None, by the
        median of their distances.

    n_permutations : int, default=499
        Number of permutations. The smallest possible p-value is ``1 / (n_permutations +
        1)``.

    max_rows : int or None, default=1000
        How many rows of each sample to look at, drawn at random. None takes all rows,
        in sums over blocks: the kernel is then that of 200 random Fourier features
        [2]_, and in place of permutations, differences of means are drawn from the
        normal distribution that they tend to. Have some hundred rows at least.

    random_state : int, RandomState instance or None, default=None
        Draws rows and permutations.

    Returns
    -------
    test : TwoSampleTest
        The distance of the samples with standardised columns, and the p-value.

    See Also
    --------
    energy_test : Has no kernel to choose.
    classifier_test : Grows with the rows as n, not n^2.

    Notes
    -----
    Time O(N^2 (d + n_permutations)) for N rows, memory N n_permutations and a block.
    With ``max_rows=None`` time O(N D (d + D)) for D = 200 features, memory D^2 and a
    block; blocks are read three times, or twice if `gamma` is given.

    References
    ----------
    .. [1] Gretton et al. "A kernel two-sample test." JMLR, 2012.
    .. [2] Rahimi and Recht. "Random features for large-scale kernel machines." NeurIPS,
       2007.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.metrics import mmd_test
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 3))
    >>> mmd_test(X, 1 + rng.normal(size=(80, 3)), random_state=0).p_value
    0.002
    """
    rng = check_random_state(random_state)
    _check_draws(n_permutations)
    if max_rows is None:
        features = moments_of_features(Xs, Xt, gamma, rng)
        distance, p_value = compare_means(*features, n_permutations, rng)
        return TwoSampleTest(float(distance), float(p_value))
    X, n = _pooled(Xs, Xt, max_rows, rng)
    if gamma is None:
        gamma = median_gamma(X, random_state=0)

    def kernel_of_rows(rows):
        return kernel_matrix(rows, X, "rbf", gamma=gamma)

    return _permutation_test(X, n, kernel_of_rows, n_permutations, rng)


def energy_test(Xs, Xt, *, n_permutations=499, max_rows=1000, random_state=None):
    """Test whether two samples have the same distribution, by `energy_distance` [1]_.

    Parameters
    ----------
    Xs : array-like of shape (n_samples, n_features)
        Rows of the source, or `adapt.base.RowBlocks` or a collection of Dask.

    Xt : array-like of shape (n_target_samples, n_features)
        Rows of the target, in any of these forms.

    n_permutations : int, default=499
        Number of permutations. The smallest possible p-value is ``1 / (n_permutations +
        1)``.

    max_rows : int, default=1000
        How many rows of each sample to look at, drawn at random.

    random_state : int, RandomState instance or None, default=None
        Draws rows and permutations.

    Returns
    -------
    test : TwoSampleTest
        The distance of the samples with standardised columns, and the p-value.

    See Also
    --------
    mmd_test : The same with a Gaussian kernel, which looks closer.

    Notes
    -----
    Time O(N^2 (d + n_permutations)) for N rows, memory N n_permutations and a block.

    References
    ----------
    .. [1] Szekely and Rizzo. "Energy statistics: a class of statistics based on
       distances." Journal of Statistical Planning and Inference, 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.metrics import energy_test
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 3))
    >>> energy_test(X, 1 + rng.normal(size=(80, 3)), random_state=0).p_value
    0.002
    """
    rng = check_random_state(random_state)
    _check_draws(n_permutations)
    if max_rows is None:
        raise ValueError(
            "`energy_test` compares each row with each other: give `max_rows`, or take "
            "`mmd_test`, which reads all rows with `max_rows=None`."
        )
    X, n = _pooled(Xs, Xt, max_rows, rng)

    def kernel_of_rows(rows):
        return -euclidean_distances(rows, X)

    return _permutation_test(X, n, kernel_of_rows, n_permutations, rng)


def with_squares(Z):
    """Return columns and their squares."""
    return np.hstack([Z, Z**2])


def domain_discriminator():
    """Return a classifier that sees differences of means and of spreads, not fitted."""
    return make_pipeline(
        StandardScaler(),
        FunctionTransformer(with_squares),
        StandardScaler(),
        LogisticRegression(max_iter=500),
    )


def classifier_test(Xs, Xt, *, classifier=None, max_rows=20_000, random_state=None):
    """Test whether a classifier can tell two samples apart on unseen rows [1]_.

    It is fitted on one half of the rows. If the samples are of one distribution, its
    scores of the other half are too, which the rank test of Mann and Whitney checks.

    Parameters
    ----------
    Xs : array-like of shape (n_samples, n_features)
        Rows of the source.

    Xt : array-like of shape (n_target_samples, n_features)
        Rows of the target.

    classifier : classifier, default=None
        With `predict_proba`. If None, `LogisticRegression` on standardised columns and
        their squares, which sees differences of means and of spreads. To see others,
        give one of trees.

    max_rows : int, default=20,000
        How many rows of each sample to look at, drawn at random.

    random_state : int, RandomState instance or None, default=None
        Halves the rows.

    Returns
    -------
    test : TwoSampleTest
        The area under the ROC curve on held-out rows, 0.5 for samples that look alike,
        and the p-value.

    See Also
    --------
    energy_test : Sees differences of any kind, if there are enough rows.

    Notes
    -----
    One fit of `classifier`.

    References
    ----------
    .. [1] Lopez-Paz and Oquab. "Revisiting classifier two-sample tests." ICLR, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.metrics import classifier_test
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 3))
    >>> classifier_test(X, 1 + rng.normal(size=(80, 3)), random_state=0).p_value < 1e-3
    True
    """
    Xs, Xt = check_samples(Xs, Xt)
    if min(len(Xs), len(Xt)) < 4:
        raise ValueError(
            "`classifier_test` needs at least 4 rows of each sample, got "
            f"{len(Xs)} and {len(Xt)}."
        )
    rng = check_random_state(random_state)
    halves = [
        train_test_split(
            X if len(X) <= max_rows else X[rng.choice(len(X), max_rows, replace=False)],
            test_size=0.5,
            random_state=rng,
        )
        for X in (Xs, Xt)
    ]
    (source, source_held), (target, target_held) = halves
    model = domain_discriminator() if classifier is None else clone(classifier)
    model.fit(
        np.concatenate([source, target]),
        np.repeat([0, 1], [len(source), len(target)]),
    )
    low, high = (model.predict_proba(X)[:, 1] for X in (source_held, target_held))
    if np.ptp(np.concatenate([low, high])) == 0:
        return TwoSampleTest(0.5, 1.0)
    test = mannwhitneyu(high, low, alternative="greater")
    return TwoSampleTest(
        float(test.statistic / (len(high) * len(low))), float(test.pvalue)
    )


def shift_p_value(Xs, Xt, random_state=None):
    """Return the p-value of two tests of shift together, one fast and one broad.

    Parameters
    ----------
    Xs, Xt : array-likes of shape (n_samples, n_features)
        Rows of the source and of the target.

    random_state : int, RandomState instance or None, default=None
        Draws rows and permutations.

    Returns
    -------
    p_value : float
        Twice the lesser of those of `classifier_test` and `energy_test`, at most 1. It
        is 0 where there are too few rows to test: then a shift cannot be ruled out.
    """
    if min(len(Xs), len(Xt)) < 4:
        return 0.0
    rng = check_random_state(random_state)
    told = classifier_test(Xs, Xt, random_state=rng).p_value
    if told < 1e-3:
        return 2 * told
    apart = energy_test(Xs, Xt, n_permutations=199, max_rows=500, random_state=rng)
    return min(1.0, 2 * told, 2 * apart.p_value)
