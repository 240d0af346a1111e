"""Several sources beside one target: how far each of them lies from it."""

import numpy as np
import pandas as pd
from sklearn.base import clone, is_classifier
from sklearn.utils import check_random_state

from adapt._label_kinds import is_classification
from adapt.metrics import classifier_test
from adapt.model_selection._candidates import base_estimator
from adapt.model_selection._read_domains import preprocess, read_domains
from adapt.model_selection._shift_evidence import coverage

_FEWEST = 4  # rows of which the test makes something


def _distances(Zs, Zt, rng):
    """Return how far rows of a source lie from the target."""
    row = {"n_rows": len(Zs), "auc": np.nan, "near": coverage(Zs, Zt, rng)}
    if min(len(Zs), len(Zt)) >= _FEWEST:
        row["auc"] = classifier_test(Zs, Zt, random_state=rng).statistic
    return row


def _score(estimator, Zs, ys, Zt, yt):
    """Return the score on the target of an estimator of these source rows alone."""
    if is_classifier(estimator) and len(np.unique(ys)) < 2:
        return float(np.mean(yt == ys[0]))
    return clone(estimator).fit(Zs, ys).score(Zt, yt)


def source_distances(
    Xs, ys, Xt, yt=None, *, source_domain, estimator="linear", random_state=0
):
    """Return how far each source lies from the target, and all of them together.

    Parameters
    ----------
    Xs, Xt : DataFrames
        Rows of all sources, and of the target.

    ys : array-like of shape (n_samples,) or None
        Labels of the sources.

    yt : array-like of shape (n_target_samples,), default=None
        Labels of the target, missing where unknown.

    source_domain : ndarray of int of shape (n_samples,)
        Which source each row is of, from 0.

    estimator : {"linear", "forest", "boosting"}, default="linear"
        Fitted on each source, where both domains have labels.

    random_state : int, RandomState instance or None, default=0
        Draws rows and folds, and seeds the estimator.

    Returns
    -------
    table : DataFrame
        A row for each source, and the last for all: `n_rows`; `auc`, the area under the
        ROC curve of a classifier that tells the source from the target; `near`, the
        share of target rows near rows of the source; and with labels `accuracy` or
        `r2`, the score on the target of the estimator of this source alone.
    """
    rng = check_random_state(random_state)
    has_labels = ys is not None and yt is not None
    ys = ys if ys is not None else np.linspace(0, 1, len(Xs))  # not looked at
    Xs, ys, Xt, yt, labelled = read_domains(Xs, ys, Xt, yt, None)
    _, Zs, Zt = preprocess(Xs, Xt)
    of_classes = has_labels and is_classification(ys)
    metric = "accuracy" if of_classes else "r2"
    estimator = base_estimator(estimator, of_classes, 0)
    parts = [source_domain == k for k in np.unique(source_domain)]
    rows = []
    for part in [*parts, np.full(len(Zs), True)]:
        row = _distances(Zs[part], Zt, rng)
        if has_labels and labelled.any():
            row[metric] = _score(
                estimator, Zs[part], ys[part], Zt[labelled], yt[labelled]
            )
        rows.append(row)
    return pd.DataFrame(rows)
