"""What kind of shift it is: of features, of frequencies of labels, or of their rule."""

import warnings
from typing import NamedTuple

import numpy as np
from scipy.stats import chi2_contingency, norm
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

from adapt.instance_based._bbse import black_box_weights
from adapt.metrics._two_sample_tests import shift_p_value


class LabelShift(NamedTuple):
    """Whether label shift explains the difference between the domains.

    Attributes
    ----------
    p_value : float
        Of the test that predicted classes are as frequent in both domains.
    residual_p_value : float
        Of the test that source rows, their classes brought to the frequencies of the
        target, are like the target's; NaN if too few are left.
    frequencies : dict
        Estimated frequencies of the classes in the target.
    """

    p_value: float
    residual_p_value: float
    frequencies: dict


def label_shift(Xs, ys, Xt, random_state):
    """Test for label shift: only the class frequencies differ.

    Parameters
    ----------
    Xs : ndarray of shape (n_samples, n_features)
        Source rows, standardised.

    ys : ndarray of shape (n_samples,)
        Their classes.

    Xt : ndarray of shape (n_target_samples, n_features)
        Target rows.

    random_state : RandomState instance
        Halves the source.

    Returns
    -------
    found : LabelShift
    """
    classes, codes = np.unique(ys, return_inverse=True)
    k = len(classes)
    enough = np.bincount(codes).min() >= 2
    X, held, y, y_held = train_test_split(
        Xs,
        codes,
        test_size=0.5,
        random_state=random_state,
        stratify=codes if enough else None,
    )
    model = LogisticRegression(max_iter=500).fit(X, y)
    said = [np.bincount(model.predict(Z), minlength=k) for Z in (held, Xt)]
    used = np.sum(said, axis=0) > 0
    p_value = 1.0
    if used.sum() > 1:
        p_value = chi2_contingency(np.array(said)[:, used]).pvalue
    C = np.zeros((k, k))
    np.add.at(C, (model.predict(held), y_held), 1 / len(held))
    weights = black_box_weights(C, said[1] / len(Xt))
    frequencies = weights * np.bincount(y_held, minlength=k) / len(held)
    residual = np.nan
    if weights.max() > 0:
        # Rejection leaves rows that are independent, which drawing again would not.
        kept = random_state.uniform(size=len(held)) < weights[y_held] / weights.max()
        if kept.sum() >= 20:
            residual = shift_p_value(held[kept], Xt, random_state)
    total = frequencies.sum()
    shares = frequencies / total if total > 0 else frequencies
    return LabelShift(
        float(p_value),
        float(residual),
        dict(zip(classes.tolist(), shares.round(3).tolist(), strict=True)),
    )


class ConceptShift(NamedTuple):
    """Whether there is concept shift: other labels of the same features.

    Attributes
    ----------
    gain : float
        How much better labels of the target are predicted where the domain is known:
        in nats of log-likelihood for classes, as a share of the variance for numbers.
    p_value : float
        One-sided, of the test that it is none.
    """

    gain: float
    p_value: float


def _losses(model, X, y, of_classes, scale):
    if not of_classes:
        return (y - model.predict(X)) ** 2 / scale
    p = model.predict_proba(X)
    at = np.searchsorted(model.classes_, y)
    known = (at < len(model.classes_)) & (
        model.classes_[np.minimum(at, len(model.classes_) - 1)] == y
    )
    likelihood = np.where(known, p[np.arange(len(y)), at * known], 0)
    return -np.log(np.maximum(likelihood, 1e-3))


def _size_of_boosting(n_features, n_classes):
    """Return parameters of boosting that bound its time for many features and classes.

    An iteration fits a tree for each class. Up to 3 classes and 20 features nothing is
    saved.
    """
    max_iter = 50 if n_classes <= 3 else max(10, 150 // n_classes)
    return {
        "max_iter": max_iter,
        "learning_rate": 5 / max_iter,
        "max_features": min(1.0, 20 / n_features),
    }


def concept_shift(Xs, ys, Xt, yt, of_classes, random_state, *, max_rows=2000):
    """Test whether labels depend on the domain beyond the features.

    Models of both domains together predict held-out labels of the target: one is told
    the domain, the other is not. Without concept shift the domain does not help.

    Parameters
    ----------
    Xs, ys : ndarrays of shape (n_samples, n_features) and (n_samples,)
        Source rows and labels.

    Xt, yt : ndarrays
        Labelled target rows.

    of_classes : bool
        Whether labels are classes.

    random_state : RandomState instance
        Draws folds, and rows where there are many.

    max_rows : int, default=2000
        How many rows of each domain to look at.

    Returns
    -------
    found : ConceptShift
    """
    parts = []
    for X, y in (Xs, ys), (Xt, yt):
        rows = random_state.permutation(len(X))[:max_rows]
        parts.append((X[rows], y[rows]))
    X, y = (np.concatenate(part) for part in zip(*parts, strict=True))
    is_target = np.arange(len(X)) >= len(parts[0][0])
    told = np.column_stack([X, is_target])
    scale = np.var(y[is_target]) if not of_classes else 1.0
    seed = random_state.randint(2**31 - 1)
    if of_classes:
        splitter, boosting, strata = StratifiedKFold, HistGradientBoostingClassifier, y
    else:
        splitter, boosting, strata = KFold, HistGradientBoostingRegressor, is_target
    folds = splitter(5, shuffle=True, random_state=seed)
    size = _size_of_boosting(X.shape[1], len(np.unique(y)) if of_classes else 1)
    losses = np.zeros((2, len(X)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on classes with fewer rows than folds
        for train, test in folds.split(X, strata):
            test = test[is_target[test]]
            if len(test) == 0:
                continue
            for row, table in zip(losses, (X, told), strict=True):
                model = boosting(random_state=seed, **size)
                model.fit(table[train], y[train])
                row[test] = _losses(model, table[test], y[test], of_classes, scale)
    gains = (losses[0] - losses[1])[is_target]
    error = gains.std() / np.sqrt(len(gains))
    z = gains.mean() / error if error > 0 else 0.0
    return ConceptShift(float(gains.mean()), float(norm.sf(z)))
