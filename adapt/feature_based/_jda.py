r"""Joint distribution adaptation, and its balanced form.

As transfer components, but the means of each class are brought together as well. The
target's classes are guessed by the estimator itself, in rounds.
"""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from adapt._sklearn import Interval
from adapt.feature_based._kernel_components import (
    KernelComponents,
    difference_of_means,
    scaled_features,
)


def class_differences(ys, guess, *, by_share=False):
    """Return the weights of the differences between the means of each class.

    Parameters
    ----------
    ys : ndarray of shape (n_source,)
        Labels of source rows.

    guess : ndarray of shape (n_target,)
        Labels of target rows, or guesses of them.

    by_share : bool, default=False
        Whether the mean of a class counts by the root of the share that the class has
        in its domain.

    Returns
    -------
    E : ndarray of shape (n_source + n_target, n_classes)
        A column for every class that both domains have.
    """
    y, is_source = (
        np.concatenate([ys, guess]),
        np.arange(len(ys) + len(guess)) < len(ys),
    )
    columns = []
    for label in np.intersect1d(ys, guess):
        rows = y == label
        e = difference_of_means(rows & is_source, rows & ~is_source)
        if by_share:
            e *= np.sqrt(np.where(is_source, np.mean(ys == label), 1))
            e *= np.sqrt(np.where(is_source, 1, np.mean(guess == label)))
        columns.append(e)
    return np.column_stack(columns) if columns else np.zeros((len(y), 0))


class JDA(KernelComponents):
    r"""Joint distribution adaptation [1]_: bring domains together, and class by class.

    With the kernel matrix K of all rows and the centring matrix H, the columns of W are
    the leading solutions of

    .. math:: K H K w = \lambda \, (K \sum_{c=0}^{C} e_c e_c^T K + \mu I) w,

    and the features are :math:`K W`. Here :math:`e_0^T K w` is the distance between the
    means of the domains along a feature, as in `TCA`, and :math:`e_c^T K w` that
    between the means of class c. Classes of target rows are guessed by `estimator`: at
    first with :math:`e_0` alone, then again with the features of the guesses before,
    until the guesses stay as they are.

    Parameters
    ----------
    estimator : classifier, default=None
        Fitted on the features of the source, in every round. If None,
        `LogisticRegression`.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    n_components : int, default=None
        Number of features. If None, as many as `X` has columns, and 20 at least. There
        are fewer where the kernel matrix has a lower rank.

    mu : float, default=None
        Strength of the penalty on W, positive. The larger, the less the distance
        between the domains counts. If None, 0.0002 times the number of rows, times the
        square of the mean of the kernel of rows with themselves, which is 1 for "rbf":
        the features then depend neither on the units of the kernel nor, but for chance,
        on how many rows there are. From the second round on it is twice that, as the
        classes count beside the domains as a whole.

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

    max_iter : int, default=10
        Largest number of rounds.

    tol : float, default=0.01
        Rounds end when no more than this share of the guesses changes.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Draws the landmarks and the rows on which the median distance is measured, and
        seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    target_guess_ : ndarray of shape (n_target_samples,)
        The guesses of the last round.

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
        The value that was used, in the first round.

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
        If the source has no labels or they are no classes, if `estimator` is a
        regressor, or if the data or their kernel are not finite.

    Warns
    -----
    ConvergenceWarning
        If guesses still change in the last round.

    See Also
    --------
    TCA : The first round.
    BDA : Weighs the domains as a whole against the classes.

    Notes
    -----
    Departures from [1]_:

    - `n_components`, `mu` and `gamma` are chosen from the rows unless they are given,
      and a `mu` so chosen is doubled after the first round.
    - Columns are scaled (`scale_columns`) and features keep their variance (`whiten`),
      as in `TCA`.
    - Rounds end when 1 % of the guesses or less change; the paper has ten of them. With
      ``tol=0`` they end when a further one would change nothing.
    - The paper guesses by the nearest neighbour.
    - A public implementation also brings rows and features to length one, counts the
      marginal term once for each class, and divides the matrix of both terms by its
      norm, so that its parameter is no value for `mu` here.
    - Beyond 2,000 rows the solution is approximate (`n_landmarks`).

    ``JDA(KNeighborsClassifier(1), n_components=k, mu=l, gamma=g, scale_columns=False,
    whiten=True, tol=0)`` is the published algorithm, up to one factor of all features.

    Every round costs one solution as `TCA` has it, and a fit of `estimator`. With
    landmarks the products over all rows are shared, so that a round takes
    O(n p m + p^3) for n rows, p landmarks and m components.

    Guesses that are mostly wrong are made worse by it: the method needs a source model
    that is right more often than not.

    References
    ----------
    .. [1] Long, Wang, Ding, Sun and Yu. "Transfer feature learning with joint
       distribution adaptation." ICCV, 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.feature_based import JDA
    >>> rng = np.random.default_rng(0)
    >>> ys = np.repeat(["no", "yes"], 50)
    >>> Xs = rng.normal(size=(100, 2)) + np.where(ys == "yes", 4, 0)[:, np.newaxis]
    >>> Xt = Xs[::-1] + [1, -1]
    >>> model = JDA(n_components=2, random_state=0).fit(Xs, ys, Xt=Xt)
    >>> model.predict([[1.0, -1.0], [5.0, 3.0]])
    array(['no', 'yes'], dtype='<U3')
    """

    _kind = "classifier"

    _parameter_constraints: dict = {
        **KernelComponents._parameter_constraints,
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, 1, closed="left")],
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
        max_iter=10,
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

    def _fit_maps(self, domains):
        ys = self._class_labels(domains.ys, "brings the domains together by classes")
        super()._fit_maps(domains._replace(ys=ys))

    def _solve(self, kernel, is_source, domains):
        whole = difference_of_means(is_source, ~is_source)[:, np.newaxis]
        E, mu, guess = whole, self.mu_, None
        for round_ in range(1, self.max_iter + 1):
            self.n_iter_ = round_
            W = kernel.components(E, mu, self.n_components_)
            _, Z = scaled_features(kernel, W, is_source, self.whiten)
            mapped = domains._replace(Xs=Z[is_source], Xt=Z[~is_source])
            self._fit_estimator(
                mapped.Xs, mapped.ys, mapped, sample_weight=domains.source_weight
            )
            before, guess = guess, self.estimator_.predict(mapped.Xt)
            if before is not None and np.mean(guess != before) <= self.tol:
                break
            E = self._differences(whole, domains.ys, guess)
            if self.mu is None:
                mu = self._total_weight * self.mu_
        else:
            warnings.warn(
                f"{type(self).__name__} stopped while guesses of the target's labels "
                f"still changed, after {self.max_iter} rounds. Raise `max_iter` or "
                "`tol`.",
                ConvergenceWarning,
                stacklevel=2,
            )
        self.target_guess_ = guess
        return W

    _total_weight = 2  # of the domains as a whole and of their classes

    def _differences(self, whole, ys, guess):
        """Return the differences of means, of the domains as a whole and by class."""
        return np.hstack([whole, class_differences(ys, guess)])


class BDA(JDA):
    r"""Balanced distribution adaptation [1]_: weigh the domains against their classes.

    `JDA` with the differences of means weighed by a factor :math:`b`,

    .. math:: K H K w = \lambda \, \left( K \left[ (1 - b) \, e_0 e_0^T +
              b \sum_{c=1}^{C} e_c e_c^T \right] K + \mu I \right) w.

    With ``balance=0`` it is `TCA`, and with 0.5 and half of `mu` it is `JDA`, as by
    default.

    Parameters
    ----------
    estimator : classifier, default=None
        Fitted on the features of the source, in every round. If None,
        `LogisticRegression`.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    n_components : int, default=None
        Number of features. If None, as many as `X` has columns, and 20 at least. There
        are fewer where the kernel matrix has a lower rank.

    mu : float, default=None
        Strength of the penalty on W, positive. The larger, the less the distance
        between the domains counts. If None, 0.0002 times the number of rows, times the
        square of the mean of the kernel of rows with themselves, which is 1 for "rbf":
        the features then depend neither on the units of the kernel nor, but for chance,
        on how many rows there are.

    kernel : {"rbf", "laplacian", "linear", "poly", "sigmoid", "cosine"}, default="rbf"
        The kernel, as in `sklearn.metrics.pairwise.pairwise_kernels`.

    balance : float, default=0.5
        The factor b, between 0 (the domains as a whole) and 1 (their classes).

    class_weighted : bool, default=False
        Whether the mean of a class counts by the root of the share of the class in its
        domain, for shares that differ between the domains.

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

    max_iter : int, default=10
        Largest number of rounds.

    tol : float, default=0.01
        Rounds end when no more than this share of the guesses changes.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Draws the landmarks and the rows on which the median distance is measured, and
        seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    target_guess_ : ndarray of shape (n_target_samples,)
        The guesses of the last round.

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
        If the source has no labels or they are no classes, if `estimator` is a
        regressor, or if the data or their kernel are not finite.

    Warns
    -----
    ConvergenceWarning
        If guesses still change in the last round.

    See Also
    --------
    JDA : The plain sum of the differences.

    Notes
    -----
    Departures from [1]_:

    - `n_components`, `mu` and `gamma` are chosen from the rows unless they are given;
      columns and features are scaled, rounds end, and landmarks are drawn as in `JDA`.
    - The first guesses are those of `estimator` on the features of `TCA`, as in `JDA`;
      the paper has them from a classifier of the rows, and the authors' code for the
      weighted form alone. There is no switch for this.
    - That code brings rows to length one, counts the marginal term once for each class,
      divides the matrix of both terms by its norm, and carries it from round to round.
      Its parameters are no values for `mu` and `balance` here.

    ``BDA(KNeighborsClassifier(1), n_components=k, mu=l, balance=b, gamma=g,
    scale_columns=False, whiten=True, tol=0)`` is the published algorithm, up to one
    factor of all features; with ``class_weighted=True`` it is its weighted form.

    Costs what `JDA` costs. Raise `balance` where the domains look alike as a whole and
    differ within classes.

    References
    ----------
    .. [1] Wang, Chen, Hao, Feng and Shen. "Balanced distribution adaptation for
       transfer learning." ICDM, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.feature_based import BDA
    >>> rng = np.random.default_rng(0)
    >>> ys = np.repeat([0, 1], 50)
    >>> Xs = rng.normal(size=(100, 2)) + 4 * ys[:, np.newaxis]
    >>> Xt = Xs[::-1] + [1, -1]
    >>> model = BDA(n_components=2, balance=0.8, random_state=0).fit(Xs, ys, Xt=Xt)
    >>> model.predict([[1.0, -1.0], [5.0, 3.0]])
    array([0, 1])
    """

    _parameter_constraints: dict = {
        **JDA._parameter_constraints,
        "balance": [Interval(Real, 0, 1, closed="both")],
        "class_weighted": ["boolean"],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        n_components=None,
        mu=None,
        kernel="rbf",
        *,
        balance=0.5,
        class_weighted=False,
        gamma=None,
        degree=3,
        coef0=1,
        scale_columns="auto",
        whiten=False,
        n_landmarks=None,
        max_iter=10,
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
            max_iter=max_iter,
            tol=tol,
            copy=copy,
            verbose=verbose,
            random_state=random_state,
        )
        self.balance = balance
        self.class_weighted = class_weighted

    _total_weight = 1

    def _differences(self, whole, ys, guess):
        by_class = class_differences(ys, guess, by_share=self.class_weighted)
        return np.hstack(
            [np.sqrt(1 - self.balance) * whole, np.sqrt(self.balance) * by_class]
        )
