"""A model that is known by its `predict_proba` alone, its inputs and its outputs."""

import numpy as np
from scipy.special import log_softmax
from sklearn.base import BaseEstimator, ClassifierMixin

from adapt._frames import is_frame, with_values
from adapt._label_shift import maximum_likelihood_priors

_SMALLEST = 1e-6  # probability of which a logarithm is taken


class FunctionModel(ClassifierMixin, BaseEstimator):
    """A function of rows that returns probabilities, as a fitted classifier."""

    def __init__(self, function, classes=None):
        self.function = function
        self.classes = classes

    def fit(self, X, y=None):
        """Do nothing: the function is what it is."""
        return self

    def __sklearn_is_fitted__(self):
        return True

    @property
    def classes_(self):
        """Return the classes in the order of the columns."""
        if self.classes is None:
            raise AttributeError("`classes` are not known.")
        return np.asarray(self.classes)

    def predict_proba(self, X):
        """Return what the function returns."""
        return self.function(X)

    def predict(self, X):
        """Return the classes of the largest probabilities."""
        return self.classes_[np.argmax(self.predict_proba(X), axis=1)]


class Queries:
    """Asks a model for probabilities, and counts how often and for how many rows."""

    def __init__(self, model, n_classes):
        self.model = model
        self.n_classes = n_classes
        self.n_queries = self.n_rows = 0

    def log_proba(self, X):
        """Return logarithms of probabilities of rows, or refuse what are none."""
        self.n_queries += 1
        self.n_rows += X.shape[0]
        p = np.asarray(self.model.predict_proba(X), dtype=float)
        expected = (X.shape[0], self.n_classes)
        if p.shape != expected:
            raise ValueError(
                f"`estimator` returned probabilities of shape {p.shape}, but there are "
                f"{expected[0]} rows and {expected[1]} classes. Give `classes` in the "
                "order of its columns."
            )
        if not np.all(np.isfinite(p)) or np.any(p < 0):
            raise ValueError("`estimator` returned negative or missing probabilities.")
        return np.log(np.maximum(p, _SMALLEST))


def moved(X, gain, offset):
    """Return rows with a gain and an offset for each column; as they are if neither.

    Parameters
    ----------
    X : ndarray or data frame of shape (n_samples, n_features)
        Rows.

    gain, offset : ndarray of shape (n_features,)
        A value becomes ``gain * value + offset``.
    """
    if np.all(gain == 1) and np.all(offset == 0):
        return X
    if is_frame(X):
        return with_values(X, np.asarray(X, dtype=float) * gain + offset)
    return (X * gain + offset).astype(X.dtype, copy=False)


class Units:
    """Parameters of gains and offsets that are alike for all columns.

    The first half are logarithms of gains, about the mean of a column; the second half
    are offsets in its standard deviations. All are 0 if nothing is moved.
    """

    def __init__(self, X):
        Z = np.asarray(X, dtype=float)
        known = ~np.isnan(Z)
        n = np.maximum(known.sum(axis=0), 1)
        self.centre = np.where(known, Z, 0.0).sum(axis=0) / n
        off = np.where(known, Z - self.centre, 0.0)
        spread = np.sqrt(np.square(off).sum(axis=0) / n)
        self.spread = np.where(spread > 1e-12 * (1 + np.abs(self.centre)), spread, 0.0)

    def gain_and_offset(self, theta):
        """Return gains and offsets; constant columns are not multiplied."""
        log_gain, shift = np.split(theta, 2)
        gain = np.where(self.spread > 0, np.exp(np.clip(log_gain, -4, 4)), 1.0)
        return gain, self.spread * shift + (1 - gain) * self.centre


def log_loss(log_p, codes, weight):
    """Return the weighted mean of minus the logarithms of the labels' probabilities."""
    return -np.average(log_p[np.arange(len(codes)), codes], weights=weight)


def squared_errors(log_p, codes):
    """Return the squared error of the probabilities of each row.

    It is bounded, so that no single row decides.
    """
    errors = np.exp(log_p)
    errors[np.arange(len(codes)), codes] -= 1
    return np.square(errors).sum(axis=1)


# ---------------------------------------------------------------- outputs


def recalibrated(log_p, scale, bias):
    """Return log-probabilities times a scale, with a bias for each class."""
    return log_softmax(scale * log_p + bias, axis=1)


def fit_scale(log_p, codes, weight, *, bias=False, given=0.0, strength=1.0):
    """Return the scale, and the biases if asked for, that best explain the labels.

    Parameters
    ----------
    log_p : ndarray of shape (n_samples, n_classes)
        Log-probabilities.

    codes : ndarray of int of shape (n_samples,)
        Their true classes.

    weight : ndarray of shape (n_samples,)
        Weights of the rows.

    bias : bool, default=False
        Whether there is a bias for each class.

    given : ndarray of shape (n_classes,) or float, default=0.0
        Biases that are known, beside those.

    strength : float, default=1.0
        Strength of the prior of the logarithm of the scale and of the biases, which is
        normal about 0 with this precision.

    Returns
    -------
    scale : float

    bias : ndarray of shape (n_classes,)
    """
    from scipy.optimize import minimize

    n_classes = log_p.shape[1]
    labels, total = np.eye(n_classes)[codes], weight.sum()

    def loss(theta):
        scale, biases = np.exp(theta[0]), theta[1:] if bias else np.zeros(n_classes)
        log_q = recalibrated(log_p, scale, given + biases)
        excess = weight[:, None] * (np.exp(log_q) - labels)
        slope = np.append(scale * np.sum(excess * log_p), excess.sum(axis=0))
        value = -np.sum(weight[:, None] * labels * log_q) + strength / 2 * theta @ theta
        return value / total, (slope[: len(theta)] + strength * theta) / total

    start = np.zeros(1 + n_classes * bias)
    best = minimize(loss, start, jac=True, method="L-BFGS-B").x
    return float(np.exp(best[0])), best[1:] if bias else np.zeros(n_classes)


def fit_outputs(kind, log_p, rows, codes, weight, source_priors):
    """Return the scale and the biases of one way to recalibrate.

    Parameters
    ----------
    kind : {"none", "temperature", "priors", "biases"}
        "temperature": a scale. "priors": a scale, and the ratio of priors, of which
        those of the target are most likely for all its rows (`SaerensEM`). "biases": a
        scale and biases, both by the labels.

    log_p : ndarray of shape (n_target_samples, n_classes)
        Log-probabilities of all target rows.

    rows, codes, weight : ndarrays of shape (n_labelled,)
        Which of them have a label, the codes of these, and weights.

    source_priors : ndarray of shape (n_classes,)
        Shares of the classes that the model was trained on.

    Returns
    -------
    scale : float

    bias : ndarray of shape (n_classes,)
    """
    n_classes = log_p.shape[1]
    if kind == "none":
        return 1.0, np.zeros(n_classes)
    if kind != "priors":
        return fit_scale(log_p[rows], codes, weight, bias=kind == "biases")
    scale, bias = 1.0, np.zeros(n_classes)
    even = np.full(len(log_p), 1 / len(log_p))
    for _ in range(2):  # the temperature of corrected probabilities, and again
        p = np.exp(recalibrated(log_p, scale, 0.0))
        priors = maximum_likelihood_priors(p, source_priors, even, 1e-6, 1000)[0]
        bias = np.log(np.maximum(priors, 1e-3)) - np.log(
            np.maximum(source_priors, 1e-3)
        )
        scale = fit_scale(log_p[rows], codes, weight, given=bias)[0]
    return scale, bias
