r"""Transfer joint matching.

As transfer components, but a source row that is unlike the target may fade out: its row
of W is pushed to zero as a whole.
"""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from adapt._sklearn import Interval
from adapt.feature_based._kernel_components import KernelComponents, difference_of_means

_SMALLEST = 1e-8  # share of the mean length, below which a row of W counts as that


def joint_objective(kernel, W, e, is_source, mu):
    r"""Return what is minimised under ``W' K H K W = I``.

    Parameters
    ----------
    kernel : ExactKernel or LandmarkKernel
        The kernel between the rows.

    W : ndarray of shape (n_rows, n_components)
        Components.

    e : ndarray of shape (n_rows,)
        Weights of the difference between the means of the domains.

    is_source : ndarray of bool of shape (n_rows,)
        The rows that may fade out.

    mu : float
        Strength of the penalty.

    Returns
    -------
    value : float
        :math:`\|e^T K W\|^2 + \mu \, (\sum_{i \in s} \|w_i\| + \sum_{i \in t}
        \|w_i\|^2)`.
    """
    squares = (W**2).sum(axis=1)
    penalty = np.sqrt(squares[is_source]).sum() + squares[~is_source].sum()
    return ((e @ kernel.embed(W)) ** 2).sum() + mu * penalty


class TJM(KernelComponents):
    r"""Transfer joint matching [1]_: match features and weigh source rows at once.

    With the kernel matrix K of all rows, the centring matrix H, and the vector e of
    `TCA` that takes the difference between the means of the domains,

    .. math:: \min_W \; \|e^T K W\|^2 + \mu \Big( \sum_{i \in s} \|w_i\| +
              \sum_{i \in t} \|w_i\|^2 \Big)
              \quad \text{subject to} \quad W^T K H K W = I,

    where :math:`w_i` is the row of W that belongs to row i. The norm that is not
    squared sets rows of W of the source to zero whose loss costs little. The features
    are :math:`K W`.

    It is solved in rounds, each an eigenproblem as in `TCA`, in which a source row is
    penalised by the inverse of the length that its :math:`w_i` had before. No round
    makes the objective larger.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the features of the source. If None, `LogisticRegression` for classes
        and `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    n_components : int, default=None
        Number of features. If None, as many as `X` has columns, and 20 at least. There
        are fewer where the kernel matrix has a lower rank.

    mu : float, default=None
        Strength of the penalty on W, positive. If None, 0.0002 times the number of
        rows, times the square of the mean of the kernel of rows with themselves, as in
        `TCA`.

    kernel : {"rbf", "laplacian", "linear", "poly", "sigmoid", "cosine"}, default="rbf"
        The kernel, as in `sklearn.metrics.pairwise.pairwise_kernels`.

    gamma : float, default=None
        Factor in the kernels that have one. If None, ``1 / (2 m**2)`` with the median
        distance m between rows, for columns times `column_scale_`.

    degree : float, default=3
        Degree of the polynomial kernel.

    coef0 : float, default=1
        Constant in the polynomial and the sigmoid kernel.

    scale_columns : bool or "auto", default="auto"
        Whether columns are multiplied with `column_scale_` before the kernel. "auto"
        does so for every kernel but "linear" and "cosine".

    whiten : bool, default=False
        Whether all features are given the variance one over both domains, as in the
        paper. Else features keep their shares of the variance, and are rotated such
        that each has the same variance in the source.

    n_landmarks : int, default=None
        Number of rows, half from each domain, by whose kernel all others are
        represented (Nystroem). If None, or not less than the number of rows, the
        solution is exact; but if None and there are more than 2,000 rows in both
        domains together, 500 landmarks.

    max_iter : int, default=20
        Largest number of rounds.

    tol : float, default=0.01
        Rounds end when the objective falls by no more than this share of itself.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Draws the landmarks and the rows on which the median distance is measured, and
        seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    source_lengths_ : ndarray of shape (n_samples,)
        Lengths of the rows of W of the source, divided by their mean: near zero for
        rows that faded out.

    objective_ : ndarray of shape (n_iterations,)
        The objective after each round.

    n_iter_ : int
        Number of rounds.

    n_components_ : int
        Number of features that were found.

    landmarks_ : ndarray of shape (n_landmarks, n_features)
        The landmarks, times `column_scale_`; all rows, source before target, where the
        solution is exact.

    coef_ : ndarray of shape (n_landmarks, n_components)
        The features are the kernel with the landmarks times this.

    gamma_ : float
        The value that was used.

    mu_ : float
        The value that was used.

    column_scale_ : ndarray of shape (n_features,)
        What columns are multiplied with before the kernel: ones without
        `scale_columns`. Else a column that spreads wider over both domains together
        than any does in the source is scaled down to the spread of the widest one. A
        column standardised by a tiny source deviation can take huge values in the
        target and dominate all distances.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If the data or their kernel are not finite, or a domain is missing or empty.

    Warns
    -----
    ConvergenceWarning
        If the objective still falls in the last round.

    See Also
    --------
    TCA : Without the weighing of rows.

    Notes
    -----
    Departures from [1]_:

    - `n_components`, `mu` and `gamma` are chosen from the rows unless they are given;
      columns and features are scaled, and landmarks drawn, as in `TCA`.
    - Rounds end when the objective falls by 1 % or less; the paper has a fixed number
      of them, which is `max_iter` with ``tol=0``.

    ``TJM(n_components=k, mu=l, gamma=g, scale_columns=False, whiten=True, tol=0,
    max_iter=T)`` is the published algorithm, up to one factor of all features.

    Every round costs one solution as `TCA` has it; with p landmarks O(n p^2 + p^3), for
    the penalty is another in each. Memory as for `TCA`.

    What fades out is the part that a row has in W. The row stays in the training set of
    `estimator`, with its features.

    References
    ----------
    .. [1] Long, Wang, Ding, Sun and Yu. "Transfer joint matching for unsupervised
       domain adaptation." CVPR, 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.feature_based import TJM
    >>> rng = np.random.default_rng(0)
    >>> Xs, Xt = rng.normal(size=(100, 2)), rng.normal(size=(100, 2)) + [3, 0]
    >>> model = TJM(n_components=2, random_state=0).fit(Xs, Xs[:, 1] > 0, Xt=Xt)
    >>> model.transform(Xt).shape
    (100, 2)
    >>> model.predict([[3.0, 2.0], [3.0, -2.0]])
    array([ True, False])
    """

    _parameter_constraints: dict = {
        **KernelComponents._parameter_constraints,
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        n_components=None,
        mu=None,
        kernel="rbf",
        *,
        gamma=None,
        degree=3,
        coef0=1,
        scale_columns="auto",
        whiten=False,
        n_landmarks=None,
        max_iter=20,
        tol=0.01,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator,
            Xt,
            n_components,
            mu,
            kernel,
            gamma=gamma,
            degree=degree,
            coef0=coef0,
            scale_columns=scale_columns,
            whiten=whiten,
            n_landmarks=n_landmarks,
            copy=copy,
            verbose=verbose,
            random_state=random_state,
        )
        self.max_iter = max_iter
        self.tol = tol

    def _solve(self, kernel, is_source, domains):
        e = difference_of_means(is_source, ~is_source)
        # The first round has the penalty of TCA.
        penalty, values = np.ones(len(e)), []
        for _ in range(self.max_iter):
            W = kernel.components(
                e[:, np.newaxis], self.mu_, self.n_components_, penalty
            )
            values.append(joint_objective(kernel, W, e, is_source, self.mu_))
            lengths = np.linalg.norm(W[is_source], axis=1)
            # sum |w| <= sum (|w|^2 / (2 |v|) + |v| / 2), with equality at w = v.
            least = _SMALLEST * lengths.mean() if lengths.any() else 1
            penalty[is_source] = 0.5 / np.maximum(lengths, least)
            if len(values) > 1 and values[-2] - values[-1] <= self.tol * values[-2]:
                break
        else:
            if self.max_iter > 1:
                warnings.warn(
                    f"TJM stopped while its objective still fell, after "
                    f"{self.max_iter} rounds. Raise `max_iter` or `tol`.",
                    ConvergenceWarning,
                    stacklevel=2,
                )
        self.objective_, self.n_iter_ = np.array(values), len(values)
        self.source_lengths_ = lengths / (lengths.mean() if lengths.any() else 1)
        return W
