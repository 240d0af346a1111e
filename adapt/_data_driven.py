"""Rules that choose a parameter from the rows, each with what it was chosen on.

No paper has them: a method that uses one says so under "Departures" in its Notes, and
names the parameter that switches it off. "The bundled tasks" are those of
`adapt.datasets.list_tasks`; a rule that was chosen on them has no score there that
would be a fair test of it.
"""

import numpy as np
from scipy import sparse
from scipy.linalg import svd
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.utils import check_random_state


def least_separation(X, member):
    r"""Return how far the two nearest classes lie apart, less one standard error.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Rows.

    member : ndarray of shape (n_samples, n_classes)
        One where a row is of a class, else zero.

    Returns
    -------
    separation : float
        Least of the Mahalanobis distances between means of classes, by the covariance
        that they share. The squares are corrected for the bias that columns and few
        rows bring, and from each distance its standard error is taken. Not below zero;
        zero also where there are too few rows to tell. Time O(n d min(n, d)).

    Notes
    -----
    Chosen on the bundled tasks: the standard error is taken off because that did best
    there, among ten measures of how far classes overlap.
    """
    counts = member.sum(axis=0)
    means = member.T @ X / counts[:, np.newaxis]
    within = X - member @ means
    freedom = len(X) - len(counts)
    _, values, axes = svd(within, full_matrices=False, check_finite=False)
    kept = values > max(X.shape) * np.finfo(float).eps * values[0]
    rank = kept.sum()
    means = means @ (axes[kept].T / values[kept]) * np.sqrt(max(freedom, 1))
    one, other = np.triu_indices(len(counts), 1)
    rows = 1 / counts[one] + 1 / counts[other]
    squares = ((means[one] - means[other]) ** 2).sum(axis=1)
    squares = squares * max(0, freedom - rank - 1) / max(freedom, 1) - rank * rows
    distances = np.sqrt(np.maximum(squares, 0))
    error = np.sqrt(rows + distances**2 / (2 * (counts[one] + counts[other])))
    return max(0.0, (distances - error).min(initial=np.inf))


def column_scale(Xs, Xt):
    """Return factors for columns that spread wider than any does in the source.

    The variance of a column over both domains is its share in the distances between
    their rows. A column that hardly varies in the source and was divided by its
    deviation there may lie so far out in the target that it rules them all, though the
    source can tell little of it. What counts is the unit, not that a column moved:
    columns of one deviation over both domains are all treated alike.

    Parameters
    ----------
    Xs, Xt : ndarrays of shape (n_samples, n_features)
        Rows of the two domains.

    Returns
    -------
    scale : ndarray of shape (n_features,)
        The largest standard deviation of any column in the source, by that of this
        column over both domains together, if that is larger still; else one.

    Notes
    -----
    Chosen on the bundled digits (optdigits to mnist), where a few pixels that hardly
    vary in the source made all distances.
    """
    widest = Xs.std(axis=0, dtype=np.float64).max()
    own = np.concatenate([Xs, Xt]).std(axis=0, dtype=np.float64)
    return np.divide(widest, own, out=np.ones_like(own), where=own > widest)


def penalty_per_row(n_rows, height):
    """Return the penalty `mu` of kernel components that suits a number of rows.

    The difference of the means counts for the more the more rows there are; a constant
    would let a large sample lose every direction in which the domains differ.

    Parameters
    ----------
    n_rows : int
        Rows of both domains.

    height : float
        Mean kernel of a row with itself.

    Returns
    -------
    mu : float
        Positive.

    Notes
    -----
    Proportional by theory; the factor was chosen on the bundled tasks, and gives the
    default of ADAPT, 0.1, for 500 rows and a kernel of height one.
    """
    return max(2e-4 * n_rows * height**2, np.finfo(float).tiny)


# Deviations between the means of two normal classes of one size, from where on their
# mixture has two peaks. From theory; that it decides about maps was chosen on the
# bundled tasks.
TWO_PEAKS = 2.0


def classes_apart(X, members):
    """Return the least separation of classes, over several outputs.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Rows.

    members : list of ndarrays of shape (n_samples, n_classes)
        For each output, one where a row is of a class, else zero.

    Returns
    -------
    separation : float
        The least of `least_separation`, to be compared with `TWO_PEAKS`.
    """
    return min(least_separation(X, member) for member in members)


def half_of_variance(X, axes):
    """Return how many of the principal axes of ``X`` hold half of its variance.

    Chosen on the bundled tasks, among five shares of the variance.
    """
    variance = np.cumsum(((X - X.mean(axis=0)) @ axes).var(axis=0))
    return int(np.searchsorted(variance, variance[-1] / 2)) + 1


def largest_gaps(X, member):
    """Return how far distributions of columns lie apart, in some rows and in the rest.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Rows.

    member : ndarray of bool of shape (n_samples, n_splits)
        Ways to split the rows, with rows on both sides.

    Returns
    -------
    gaps : ndarray of shape (n_splits, n_features)
        Largest differences between the two empirical distribution functions
        (Kolmogorov-Smirnov statistics), between 0 and 1.
    """
    order = X.argsort(axis=0)
    ranked = np.take_along_axis(X, order, axis=0)
    # The functions are compared after the last of equal values.
    last = np.vstack([ranked[1:] > ranked[:-1], np.ones((1, X.shape[1]), dtype=bool)])
    steps = member / member.sum(axis=0) - ~member / (~member).sum(axis=0)
    apart = (np.abs(np.cumsum(step[order], axis=0) * last) for step in steps.T)
    gaps = [each.max(axis=0) for each in apart]
    return np.reshape(gaps, (len(gaps), X.shape[1]))


def tells_of_labels(Xs, ys, numbers):
    """Return how far distributions of columns lie apart between labels.

    Parameters
    ----------
    Xs : ndarray of shape (n_samples, n_features)
        Rows.

    ys : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Labels.

    numbers : bool
        Whether they are numbers; else they are classes.

    Returns
    -------
    gaps : ndarray of shape (n_features,)
        `largest_gaps` of a class from the others, in the mean over rows; for numbers of
        those above the median from the rest, the largest of the outputs.
    """
    ys = ys.reshape(len(ys), -1)
    if numbers:
        middle = np.median(ys, axis=0)
        member = np.where(ys.max(axis=0) > middle, ys > middle, ys >= middle)
        member = member[:, ~member.all(axis=0)]
        return np.max(largest_gaps(Xs, member), axis=0, initial=0)
    gaps = []
    for y in ys.T:
        member = y[:, np.newaxis] == np.unique(y)
        if member.shape[1] > 1:
            gaps.append(member.mean(axis=0) @ largest_gaps(Xs, member))
    return np.max(np.reshape(gaps, (len(gaps), Xs.shape[1])), axis=0, initial=0)


def widest_gap(scores):
    """Return the score below the widest gap between sorted scores.

    Not chosen on data: it is the cut of ADAPT 0.4.5.
    """
    ordered = np.append(np.sort(scores), scores.max())
    return ordered[np.argmax(np.diff(ordered))]


_CHANCE = 0.05  # share of tables without shift in which some column seems to differ
_APART = 0.5  # distance of distributions above which they are more apart than alike


def worth_keeping(Xs, Xt, ys, numbers):
    """Return which columns differ little, or less than between labels.

    Parameters
    ----------
    Xs, Xt : ndarrays of shape (n_samples, n_features)
        Rows of the two domains.

    ys : ndarray of shape (n_samples,) or (n_samples, n_outputs), or None
        Labels of the source.

    numbers : bool
        Whether they are numbers; else they are classes.

    Returns
    -------
    kept : ndarray of bool of shape (n_features,)
        Columns whose distribution functions lie no further apart than 1/2, or than by
        chance in one table of twenty, or than between the labels.

    Notes
    -----
    Chosen on the bundled tasks, where without the 1/2 columns were lost that labels
    depend on.
    """
    n_s, n_t = len(Xs), len(Xt)
    is_source = np.arange(n_s + n_t)[:, np.newaxis] < n_s
    apart = largest_gaps(np.concatenate([Xs, Xt]), is_source)[0]
    # A gap above it has the chance 2 exp(-2 gap^2 / (1 / n_s + 1 / n_t)).
    chance = np.sqrt(np.log(2 * Xs.shape[1] / _CHANCE) * (1 / n_s + 1 / n_t) / 2)
    kept = apart <= max(_APART, chance)
    if ys is not None:
        kept |= apart <= tells_of_labels(Xs, ys, numbers)
    return kept


_SAMPLE = 1000  # rows on which the median heuristic looks


def median_gamma(*samples, random_state=None):
    """Return the `gamma` of the median heuristic.

    Parameters
    ----------
    *samples : ndarrays or sparse matrices of shape (n_samples, n_features)
        Rows, pooled. At most 1,000 of them are looked at, drawn in proportion to the
        sizes of the samples.

    random_state : int, RandomState instance or None, default=None
        Draws the rows.

    Returns
    -------
    gamma : float
        ``1 / (2 m**2)`` with the median m of the distances between different rows; 1 if
        no two rows differ.

    Notes
    -----
    The median heuristic of the literature; not chosen on data.
    """
    from scipy.spatial.distance import pdist

    rng = check_random_state(random_state)
    sizes = [X.shape[0] for X in samples]
    if sum(sizes) > _SAMPLE:
        samples = [
            X[rng.choice(n, max(1, _SAMPLE * n // sum(sizes)), replace=False)]
            for X, n in zip(samples, sizes, strict=True)
        ]
    if sparse.issparse(samples[0]):
        rows = sparse.vstack(samples, format="csr").astype(np.float64)
        squares = euclidean_distances(rows, squared=True)[
            np.triu_indices(rows.shape[0], 1)
        ]
    else:
        squares = pdist(np.concatenate(samples).astype(np.float64), "sqeuclidean")
    squares = squares[squares > 0]
    return float(0.5 / np.median(squares)) if len(squares) else 1.0
