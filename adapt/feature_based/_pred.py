"""Prediction of the source as a feature.

A model of the source is fitted first, and its prediction for a target row is one more
column for the model of the target.
"""

import copy
import warnings

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from adapt._domains import require_labels
from adapt._sklearn import _check_feature_names_in
from adapt.base import FeatureAdapter
from adapt.base._estimators import has_method, predicts_numbers


def prediction_columns(estimator, X):
    """Return the predictions of an estimator for rows, as columns.

    Parameters
    ----------
    estimator : estimator
        A fitted classifier or regressor.

    X : ndarray of shape (n_samples, n_features)
        Rows.

    Returns
    -------
    P : ndarray of shape (n_samples, n_columns)
        For a regressor its predictions; for a classifier the probabilities of the
        classes but the first, or ones where such a class is predicted if it has none.
    """
    if not is_classifier(estimator):
        predicted = np.asarray(estimator.predict(X))
        return predicted.reshape(len(predicted), -1)
    if has_method(estimator, "predict_proba"):
        return np.asarray(estimator.predict_proba(X))[:, 1:]
    return estimator.predict(X)[:, np.newaxis] == estimator.classes_[1:]


class PRED(FeatureAdapter):
    """Prediction of a source model as a feature for the target [1]_.

    A clone of `estimator` is fitted on the source, and its predictions for a row are
    put beside the columns of the row. Then `estimator` is fitted on the labelled target
    rows with these columns, and no row of the source.

    Parameters
    ----------
    estimator : estimator, default=None
        Fitted on the source, and once more on the target. If None, `LogisticRegression`
        for classes and `LinearRegression` for numbers.

    Xt : array-like of shape (n_target_samples, n_features), default=None
        Target rows, used when `fit` is given none.

    yt : array-like of shape (n_target_samples,), default=None
        Labels of `Xt`, missing (NaN, None, or -1 where no source row has that label)
        for rows that have none. Rows without a label are not trained on.

    copy : bool, default=True
        Whether a clone of `estimator` is fitted on the target, or `estimator` itself.

    pretrain : bool, default=True
        Whether to fit the source model. If False, `estimator` is one that is fitted
        already, and the labels of the source are not used.

    verbose : int, default=0
        Whether to print how long each stage took.

    random_state : int, RandomState instance or None, default=None
        Seeds each `random_state` in `estimator` that is None.

    Attributes
    ----------
    estimator_src_ : estimator
        The model of the source.

    estimator_ : estimator
        The model of the target, on the columns with the predictions beside them.

    n_features_in_ : int
        Number of features seen in `fit`.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of features seen in `fit`, where `X` has string column names.

    Raises
    ------
    ValueError
        If no target row has a label, or if the source has none and `pretrain` is true.

    sklearn.exceptions.NotFittedError
        If `pretrain` is false and `estimator` is not fitted.

    See Also
    --------
    FA : Trains on both domains at once.

    Notes
    -----
    Two fits of `estimator`, and one prediction for each row that is mapped.

    Classifiers give their probabilities, of all classes but the first. Rows of the
    source are mapped in the same way as those of the target, and `estimator_` predicts
    for them too; for what the source model says ask `estimator_src_`. As a middle step
    of a pipeline it hands on the rows of `X`, of which the next step should see those
    of the target: give one table with `sample_domain`.

    References
    ----------
    .. [1] Daume III. "Frustratingly easy domain adaptation." ACL, 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.feature_based import PRED
    >>> Xs = np.arange(10.0)[:, np.newaxis]
    >>> Xt, yt = [[0.0], [1.0], [2.0]], [1.5, 3.5, 5.5]
    >>> model = PRED().fit(Xs, 2 * Xs[:, 0] + 0.5, Xt=Xt, yt=yt)
    >>> model.transform([[4.0]])
    array([[4. , 8.5]])
    >>> model.predict([[4.0]])
    array([9.5])
    """

    _target_labels = "required"
    _allows_nan = True

    _parameter_constraints: dict = {
        **FeatureAdapter._parameter_constraints,
        "pretrain": ["boolean"],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        yt=None,
        *,
        copy=True,
        pretrain=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.yt = yt
        self.pretrain = pretrain

    def _fit_maps(self, domains):
        if self.pretrain:
            require_labels(self, domains.ys, "fits `estimator` on the source first")
            self._fit_estimator(
                domains.Xs, domains.ys, domains, sample_weight=domains.source_weight
            )
            source_model = self.estimator_
        else:
            check_is_fitted(
                self.estimator,
                msg="`pretrain` is false, but `estimator` (%(name)s) is not fitted.",
            )
            source_model = self.estimator
        # Without copies the same object is fitted on the target next.
        self.estimator_src_ = source_model if self.copy else copy.deepcopy(source_model)
        self._n_predictions = prediction_columns(source_model, domains.Xt[:1]).shape[1]

    def _map_domains(self, domains):
        """Return the labelled target rows as the training set."""
        Xt, yt, weight = domains.labelled_target()
        self._check_target_classes(domains.ys, yt)
        return domains._replace(
            Xs=self._map_target(Xt),
            ys=yt,
            Xt=self._map_target(domains.Xt),
            source_domain=None,
            source_weight=weight,
        )

    def _check_target_classes(self, ys, yt):
        """Warn of classes of the source that no labelled target row has."""
        if ys is None or predicts_numbers(self._given(), yt) or yt.ndim > 1:
            return
        found, lost = np.unique(yt).tolist(), np.setdiff1d(ys, yt).tolist()
        if lost and len(found) < 2:
            raise ValueError(
                "PRED trains on labelled target rows alone, and all of these are of "
                f"the class {found[0]!r}. Give some of another class, or take `FA`, "
                "which trains on both domains."
            )
        if lost:
            warnings.warn(
                "PRED trains on labelled target rows alone, and none of these is of "
                f"the classes {lost}, which it will never predict. Give labelled rows "
                "of them, or take `FA`, which trains on both domains.",
                UserWarning,
                stacklevel=4,
            )

    def _map_source(self, X):
        columns = prediction_columns(self.estimator_src_, X)
        return np.hstack([X, columns]).astype(X.dtype, copy=False)

    def _map_target(self, X):
        return self._map_source(X)

    def get_feature_names_out(self, input_features=None):
        """Return the names of the columns with the predictions.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns of `X`, where it had none in `fit`.

        Returns
        -------
        names : ndarray of str objects of shape (n_features_out,)
            The names of `X`, then ``pred0``, ``pred1`` and so on.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        own = [f"pred{k}" for k in range(self._n_predictions)]
        return np.array([*names, *own], dtype=object)

    def __sklearn_clone__(self):
        if self.pretrain:
            return super().__sklearn_clone__()
        # A fitted source model is an input: a clone without it could not be fitted.
        model = copy.deepcopy(self.estimator)
        return super().__sklearn_clone__().set_params(estimator=model)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
