"""Maximum likelihood of the class frequencies, by expectation-maximisation.

Posterior probabilities of the source, multiplied by the ratio of priors, are those of
the target; their mean is a better guess of the target's priors, and so on. It needs
calibrated probabilities, so they are calibrated first.
"""

import warnings
from numbers import Integral, Real

import numpy as np
from scipy.special import log_softmax, softmax
from sklearn.exceptions import ConvergenceWarning

from adapt._label_shift import maximum_likelihood_priors
from adapt._sklearn import Interval
from adapt.instance_based._label_shift import LabelShiftAdapter


def calibration(log_p, y, weight):
    """Return the scale and the biases that calibrate probabilities best.

    Parameters
    ----------
    log_p : ndarray of shape (n_samples, n_classes)
        Logarithms of out-of-fold probabilities.

    y : ndarray of int of shape (n_samples,)
        Codes of the true classes.

    weight : ndarray of shape (n_samples,)
        Weights of the rows, of sum one.

    Returns
    -------
    scale : float
        Factor on `log_p`, the inverse of the temperature.

    bias : ndarray of shape (n_classes,)
        Added to ``scale * log_p``; of mean zero. ``softmax(scale * log_p + bias)`` has
        the largest likelihood. At that point its mean is the frequency of each class.
    """
    from scipy.optimize import minimize

    n_classes = log_p.shape[1]
    labels = np.eye(n_classes)[y]

    def loss(theta):
        log_q = log_softmax(theta[0] * log_p + theta[1:], axis=1)
        excess = weight[:, None] * (np.exp(log_q) - labels)
        gradient = np.append(np.sum(excess * log_p), excess.sum(axis=0))
        return -weight @ np.sum(labels * log_q, axis=1), gradient

    start = np.append(1.0, np.zeros(n_classes))
    bounds = [(1e-3, None)] + [
        (None, None)
    ] * n_classes  # it is never to turn the order
    best = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"gtol": 1e-8, "ftol": 1e-14, "maxiter": 500},
    ).x
    return best[0], best[1:] - best[1:].mean()


class SaerensEM(LabelShiftAdapter):
    r"""Maximum likelihood label shift [1]_, on calibrated probabilities [2]_.

    Under label shift the probabilities of the classes in the target are those of the
    source times the ratio of priors, brought to sum one. The priors :math:`q` of the
    target maximise the likelihood of the target rows,

    .. math::

        \sum_i \ln \sum_k \frac{q_k}{p_s(k)} \, p_s(k \mid x_i),

    a concave problem, by expectation-maximisation: :math:`q` becomes the mean of the
    corrected probabilities. First the probabilities are calibrated on out-of-fold
    predictions of the source, by one temperature and one bias for each class.

    Parameters
    ----------
    estimator : classifier, default=None
        Cloned for every fit. If None, `LogisticRegression`.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    calibrate : bool, default=True
        Whether probabilities are calibrated. They have to be unless `estimator` sees to
        it. Without it, probabilities of 0 and 1 rule classes out.

    tol : float, default=1e-8
        The iteration ends when the mean log-likelihood is within this of its maximum.

    max_iter : int, default=1000
        Largest number of iterations.

    correct : {"weights", "probabilities"}, default="probabilities"
        What the priors are used for. With "weights" a new `estimator` is fitted on the
        source weighted by the ratio of priors; its predictions are taken as they are.
        With "probabilities" the `estimator` fitted on the source as it is is kept, and
        its calibrated probabilities are multiplied by the ratio of priors and brought
        back to sum one; `predict` takes the largest.

    cv : int, splitter or iterable, default=5
        Folds of the out-of-fold predictions of the source. An int makes stratified
        folds in the order of the rows, no more than the largest class has rows.

    weight_clip : float, default=None
        Largest weight of a source row, in units of the mean weight, before the mean is
        brought back to one. It does not change `class_weights_`.

    resample : bool, default=False
        Whether the weighted `estimator` is fitted on a bootstrap drawn by the weights,
        which serves estimators without `sample_weight`.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` in `estimator` that is None, and the bootstrap.

    Attributes
    ----------
    priors_ : ndarray of shape (n_classes,)
        Estimated frequencies of the classes in the target, in the order of `classes_`.
        It is 0 for a class that the target seems to lack.

    source_priors_ : ndarray of shape (n_classes,)
        Frequencies of the classes in the source, weighted by `sample_weight`.

    class_weights_ : ndarray of shape (n_classes,)
        ``priors_ / source_priors_``.

    weights_ : ndarray of shape (n_samples,)
        Weights of the source rows, those of their classes, of mean one.

    effective_sample_size_ : float
        Number of equally weighted rows that the weights are worth.

    temperature_ : float
        What logarithms of probabilities are divided by to calibrate them.

    bias_ : ndarray of shape (n_classes,)
        What is added after that.

    log_likelihood_ : ndarray of shape (n_iterations + 1,)
        Mean log-likelihood of the target, relative to the source's priors, before the
        first and after each iteration. It never decreases.

    n_iter_ : int
        Number of iterations.

    source_estimator_ : classifier
        The classifier fitted on the source as it is, which gave the predictions on the
        target.

    estimator_ : classifier
        The classifier that predicts: fitted on the weighted source, or
        `source_estimator_`.

    classes_ : ndarray of shape (n_classes,)
        Labels of the source.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If labels are missing or are not classes, or if a class has a single row.
    TypeError
        If `estimator` is no classifier, or lacks `predict_proba` or `sample_weight`
        where they are needed.

    Warns
    -----
    UserWarning
        If the priors cannot be identified: the smallest singular value of the
        out-of-fold confusion matrix, given the true class, is not larger than 0.01 or
        than twice the Frobenius norm of its standard errors. Then another mixture of
        classes would have given the same predictions, up to sampling.
    ConvergenceWarning
        If `max_iter` iterations were not enough for `tol`.

    See Also
    --------
    BBSE : Needs no probabilities.
    RLLS : Corrects less where rows are few.

    Notes
    -----
    Departures from [1]_: by default the probabilities are calibrated first, as in [2]_.
    The published algorithm is ``SaerensEM(calibrate=False)``.

    Time is that of `cv` + 1 fits, one more with "weights", and of one prediction of
    both domains, and O(n_t k) for each iteration; memory O((n_s + n_t) k) for k
    classes, beside the fits. Sparse `X` and NaN are taken if `estimator` takes them.

    With "probabilities", `priors_` is the mean of `predict_proba` on the target rows of
    `fit`. Probabilities are taken as at least 1 / (n_s + k) before they are calibrated:
    n_s rows cannot show smaller ones, and trees predict zeros.

    References
    ----------
    .. [1] Saerens, Latinne and Decaestecker. "Adjusting the outputs of a classifier to
       new a priori probabilities: a simple procedure." Neural Computation, 2002.

    .. [2] Alexandari, Kundaje and Shrikumar. "Maximum likelihood with bias-corrected
       calibration is hard-to-beat at label shift adaptation." ICML, 2020.

    Examples
    --------
    >>> from adapt.datasets import make_label_shift
    >>> from adapt.instance_based import SaerensEM
    >>> data = make_label_shift(
    ...     2000, priors_s=(0.5, 0.5), priors_t=(0.1, 0.9), random_state=0
    ... )
    >>> model = SaerensEM().fit(data.Xs, data.ys, Xt=data.Xt)
    >>> model.priors_.round(1)
    array([0.1, 0.9])
    >>> model.predict_proba([[1.0, 0.0]]).round(1)  # half way between the classes
    array([[0.1, 0.9]])
    """

    _parameter_constraints: dict = {
        **LabelShiftAdapter._parameter_constraints,
        "calibrate": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        *,
        calibrate=True,
        tol=1e-8,
        max_iter=1000,
        correct="probabilities",
        cv=5,
        weight_clip=None,
        resample=False,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator,
            Xt,
            correct=correct,
            cv=cv,
            weight_clip=weight_clip,
            resample=resample,
            copy=copy,
            verbose=verbose,
            random_state=random_state,
        )
        self.calibrate = calibrate
        self.tol = tol
        self.max_iter = max_iter

    def _target_priors(self, predictions):
        n_source, n_classes = predictions.source.shape
        scale, self.bias_ = 1.0, np.zeros(n_classes)
        self._floor = np.finfo(np.float64).tiny
        if self.calibrate:
            self._floor = 1 / (n_source + n_classes)
            log_p = np.log(np.maximum(predictions.source, self._floor))
            scale, self.bias_ = calibration(
                log_p, predictions.y, predictions.source_weight
            )
        self.temperature_ = 1 / scale
        priors, self.log_likelihood_, gap = maximum_likelihood_priors(
            softmax(self._calibrated(predictions.target), axis=1),
            np.bincount(predictions.y, predictions.source_weight, n_classes),
            predictions.target_weight,
            self.tol,
            self.max_iter,
        )
        self.n_iter_ = len(self.log_likelihood_) - 1
        if gap > self.tol:
            warnings.warn(
                f"SaerensEM did not converge in `max_iter`={self.max_iter} iterations: "
                f"the mean log-likelihood may be {gap:.1e} below its maximum, more "
                f"than `tol`={self.tol:.1e}. Raise one or the other.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return priors

    def _calibrated(self, probabilities):
        log_p = np.log(np.maximum(probabilities, self._floor))
        return log_p / self.temperature_ + self.bias_
