"""Joint distribution optimal transport.

Rows and labels are transported together: a source row goes where target rows are near
and where the model already predicts its label. Transport and fit take turns.
"""

import numpy as np
from sklearn.base import is_classifier
from sklearn.linear_model import LinearRegression
from sklearn.utils import RegressorTags, get_tags

from adapt.base._estimators import has_method
from adapt.feature_based._joint_transport import JointTransport
from adapt.feature_based._transport import fit_shares


def squared_losses(ys, predicted):
    """Return the squared error of every prediction for every label.

    Parameters
    ----------
    ys, predicted : ndarrays of shape (n_source, n_outputs) and (n_target, n_outputs)
        Labels and predictions.

    Returns
    -------
    losses : ndarray of shape (n_source, n_target)
        Summed over the outputs.
    """
    losses = np.zeros((len(ys), len(predicted)))
    for label, guess in zip(ys.T, predicted.T, strict=True):
        losses += np.square(label[:, np.newaxis] - guess)
    return losses


def log_losses(codes, proba):
    """Return the log loss of every prediction for every label.

    Parameters
    ----------
    codes : ndarray of int of shape (n_source,)
        Classes, as columns of `proba`.

    proba : ndarray of shape (n_target, n_classes)
        Predicted probabilities. Those below 1e-15 count as that.

    Returns
    -------
    losses : ndarray of shape (n_source, n_target)
    """
    return -np.log(np.maximum(proba, 1e-15)).T[codes]


class JDOTClassifier(JointTransport):
    r"""Joint distribution optimal transport [1]_, for classification.

    The model :math:`f` of the target and the plan :math:`G` from source rows to target
    rows minimise together

    .. math::

        \sum_{ij} G_{ij} \left[ \alpha \, d(x_i, x_j) - \ln p_f(y_i \mid x_j) \right],

    where :math:`d` is the squared Euclidean distance in units of its mean over all
    pairs. They take turns, from the model of the source: the plan is the exact one for
    the costs of the model, and the model is fitted on the target rows, each with the
    labels that the plan brings.

    Parameters
    ----------
    estimator : classifier, default=None
        Fitted on the target rows, each once for every class that it gets a share of,
        with that share as weight. If its `fit` has no `sample_weight`, on the likeliest
        class of each. It should minimise the log loss, so that turns end; needs
        `predict_proba`. If None, `LogisticRegression`.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    alpha : float, default=1.0
        How much a distance of the mean counts against a loss of one.

    batch_size : int, default=2000
        At most so many rows of each domain are transported at once. Larger domains are
        cut at random into parts that are transported pair by pair. If None, all rows
        are transported at once.

    max_iter : int, default=100
        Largest number of rounds.

    tol : float, default=2e-3
        Rounds end when the objective changes by no more than this share of it. Plans
        are exact up to a quarter of that.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Cuts large domains, and seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    target_shares_ : ndarray of shape (n_target_samples, n_classes)
        Shares of the classes in what the last plan brought to each target row.

    objective_ : ndarray of shape (n_rounds,)
        The objective after each transport.

    n_iter_ : int
        Number of rounds.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ImportError
        If POT is not installed.
    TypeError
        If `estimator` has no `predict_proba`.
    ValueError
        If the source has no labels or they are no classes, if `estimator` is a
        regressor, or if the data are not finite.

    Warns
    -----
    ConvergenceWarning
        If the objective still changes in the last round.

    See Also
    --------
    JDOTRegressor : The same for numbers.
    OTLabelPropagation : One transport, by the distance alone.

    Notes
    -----
    Departures from [1]_:

    - The distance is in units of its mean, and that is what `alpha` refers to; the
      paper takes it as it is, and proposes one over the largest of all as `alpha`.
    - The loss is the log loss, where the paper has the squared hinge loss.
    - Domains of more than 2,000 rows are transported in random parts (`batch_size`),
      and plans may cost somewhat more than the cheapest (`tol`).

    ``JDOTClassifier(alpha=a, batch_size=None, tol=0)`` is the published algorithm, for
    the log loss and ``a`` times the mean distance as its weight.

    A round takes a fit and an exact transport, of between O(n^2) and O(n^3) operations
    for batches of n rows; memory O(n^2). Rounds after the first start from the ways
    that the plans before went, and cost a small part of it.

    Weights of rows given to `fit` are their masses in the plan. The plan keeps masses,
    so classes are taken to be as frequent in the target as in the source.

    The model of the source is where it starts, and what it gets wrong in most of a
    region it keeps getting wrong.

    References
    ----------
    .. [1] Courty, Flamary, Habrard and Rakotomamonjy. "Joint distribution optimal
       transportation for domain adaptation." NeurIPS, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.feature_based import JDOTClassifier
    >>> rng = np.random.default_rng(0)
    >>> ys = np.repeat(["no", "yes"], 50)
    >>> Xs = rng.normal(size=(100, 2)) + np.where(ys == "yes", 4, 0)[:, np.newaxis]
    >>> Xt = Xs[::-1] + [2, -1]
    >>> model = JDOTClassifier().fit(Xs, ys, Xt=Xt)
    >>> model.predict([[2.0, -1.0], [6.0, 3.0]])
    array(['no', 'yes'], dtype='<U3')
    """

    _kind = "classifier"

    def _check_labels(self, ys):
        ys = self._class_labels(ys, "transports classes")
        inner = self._stand_in()
        if not has_method(inner, "predict_proba"):
            raise TypeError(
                "JDOTClassifier compares probabilities: it needs an `estimator` with "
                f"`predict_proba`, which {type(inner).__name__} has not."
            )
        return ys

    def _columns(self, ys):
        self._labels, codes = np.unique(ys, return_inverse=True)
        return np.eye(len(self._labels))[codes]

    def _losses(self, ys, Xt):
        proba = np.zeros((len(Xt), len(self._labels)))
        known = np.searchsorted(self._labels, self.estimator_.classes_)
        proba[:, known] = self.estimator_.predict_proba(Xt)
        return log_losses(np.searchsorted(self._labels, ys), proba)

    def _fit_target(self, domains, columns):
        self.target_shares_ = columns
        fit_shares(self, domains, columns, self._labels)


class JDOTRegressor(JointTransport):
    r"""Joint distribution optimal transport [1]_, for regression.

    The model :math:`f` of the target and the plan :math:`G` from source rows to target
    rows minimise together

    .. math::

        \sum_{ij} G_{ij} \left[ \alpha \, d(x_i, x_j) +
        (y_i - f(x_j))^2 / \sigma^2 \right],

    where :math:`d` is the squared Euclidean distance in units of its mean over all
    pairs, and :math:`\sigma^2` the variance of the source labels. They take turns, from
    the model of the source: the plan is the exact one for the costs of the model, and
    the model is fitted on the target rows, each with the mean of the labels that the
    plan brings.

    Parameters
    ----------
    estimator : regressor, default=None
        Fitted on the target rows. It should minimise the squared error, so that turns
        end. If None, `LinearRegression`.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    alpha : float, default=1.0
        How much a distance of the mean counts against an error of :math:`\sigma`.

    batch_size : int, default=2000
        At most so many rows of each domain are transported at once. Larger domains are
        cut at random into parts that are transported pair by pair. If None, all rows
        are transported at once.

    max_iter : int, default=100
        Largest number of rounds.

    tol : float, default=2e-3
        Rounds end when the objective changes by no more than this share of it. Plans
        are exact up to a quarter of that.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted, or `estimator` itself.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Cuts large domains, and seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    target_labels_ : ndarray of shape (n_target_samples, ...)
        What the last plan brought to each target row, on average.

    objective_ : ndarray of shape (n_rounds,)
        The objective after each transport.

    n_iter_ : int
        Number of rounds.

    estimator_ : estimator
        The fitted estimator.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ImportError
        If POT is not installed.
    ValueError
        If the source has no labels or they are no numbers, if `estimator` is a
        classifier, or if the data are not finite.

    Warns
    -----
    ConvergenceWarning
        If the objective still changes in the last round.

    See Also
    --------
    JDOTClassifier : The same for classes.

    Notes
    -----
    Departures from [1]_:

    - The distance is in units of its mean, and the loss in units of the variance of the
      labels. A weight ``w`` of the paper is ``alpha = w * mean / variance``.
    - Domains of more than 2,000 rows are transported in random parts (`batch_size`),
      and plans may cost somewhat more than the cheapest (`tol`).
    - The start is a model of the source. The authors' code for kernel ridge regression
      starts from the cheapest plan of the rows alone, and has ten rounds.

    ``JDOTRegressor(alpha=a, batch_size=None, tol=0)`` is the published algorithm.

    Costs what `JDOTClassifier` costs.

    The plan keeps masses, so the labels of the target are taken to be distributed as
    those of the source, with the same mean and variance. Where they follow columns
    that have moved they are not, and a model of the source alone does better.

    A target row gets the labels of source rows that are near, but never its own. What
    labels vary between neighbours is noise to the fit, and flattens the model where
    there are many columns and few rows.

    References
    ----------
    .. [1] Courty, Flamary, Habrard and Rakotomamonjy. "Joint distribution optimal
       transportation for domain adaptation." NeurIPS, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.feature_based import JDOTRegressor
    >>> Xs = np.linspace(0, 1, 50)[:, np.newaxis]
    >>> model = JDOTRegressor().fit(Xs, 2 * Xs[:, 0], Xt=Xs[::-1] + 3)
    >>> model.predict([[3.0], [4.0]]).round(2)
    array([0., 2.])
    """

    def _stand_in(self):
        return LinearRegression() if self.estimator is None else self.estimator

    def _new_estimator(self, y):
        return self._stand_in() if self.estimator is None else super()._new_estimator(y)

    def _check_labels(self, ys):
        if is_classifier(self._stand_in()):
            raise ValueError(
                "JDOTRegressor transports numbers: `estimator` must be a regressor, "
                f"got {self.estimator}."
            )
        if ys.dtype.kind not in "biuf":
            raise ValueError(
                "Unknown label type: JDOTRegressor takes numbers as labels, got dtype "
                f"{ys.dtype}."
            )
        return ys.astype(np.float64)

    def _columns(self, ys):
        return ys.reshape(len(ys), -1)

    def _losses(self, ys, Xt):
        predicted = self.estimator_.predict(Xt)
        return squared_losses(self._columns(ys), self._columns(predicted)) / self._unit

    def _take_turns(self, domains):
        variance = self._columns(domains.ys).var(axis=0).sum()
        self._unit = variance if variance > 0 else 1.0
        super()._take_turns(domains)

    def _fit_target(self, domains, columns):
        self.target_labels_ = columns.reshape(len(columns), *domains.ys.shape[1:])
        self._fit_estimator(
            domains.target_rows,
            self.target_labels_,
            domains,
            sample_weight=domains.target_weight,
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self._stand_in())
        tags.estimator_type = "regressor"
        tags.classifier_tags = None
        tags.regressor_tags = inner.regressor_tags or RegressorTags()
        tags.target_tags = inner.target_tags
        tags.target_tags.required = True
        return tags
