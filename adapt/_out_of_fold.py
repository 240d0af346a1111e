"""Predictions of labelled rows by models that were not fitted on them."""

from numbers import Integral

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold, check_cv

from adapt._frames import take_rows


def folds(y, of_classes, n_folds, rng):
    """Return rows to fit on and rows to predict, stratified if all classes allow it.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Labels.

    of_classes : bool
        Whether they are classes.

    n_folds : int, splitter or iterable
        Largest number of folds; or the folds.

    rng : RandomState
        Draws the folds.

    Returns
    -------
    folds : list of (train, test)
        Row numbers.
    """
    if not isinstance(n_folds, Integral):
        return list(check_cv(n_folds).split(np.zeros(len(y)), y))
    n_folds = min(n_folds, len(y))
    stratified = of_classes and np.unique(y, return_counts=True)[1].min() >= n_folds
    split = (StratifiedKFold if stratified else KFold)(
        n_folds, shuffle=True, random_state=rng.randint(np.iinfo(np.int32).max)
    )
    return list(split.split(np.zeros(len(y)), y if stratified else None))


def out_of_fold(fitted, X, y, start, of_classes, n_folds, rng):
    """Return predictions of each row by a model that was fitted on other folds.

    Parameters
    ----------
    fitted : callable
        Takes row numbers, and returns the function that predicts after a fit on them.

    X, y : array-likes of shape (n_samples, ...)
        Rows and labels.

    start : ndarray of shape (n_samples, n_outputs)
        Predictions of rows whose training folds have one class only.

    of_classes, n_folds, rng
        As in `folds`.

    Returns
    -------
    predictions : ndarray of shape (n_samples, n_outputs)
    """
    found = start.copy()
    for train, test in folds(y, of_classes, n_folds, rng):
        if not of_classes or len(np.unique(y[train])) > 1:
            found[test] = fitted(train)(take_rows(X, test))
    return found
