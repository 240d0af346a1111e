"""Base of the adapters that move the parameters of a source model to the target."""

import copy
from abc import abstractmethod

import numpy as np
from sklearn.utils.validation import check_is_fitted

from adapt._domains import check_rows, require_labels
from adapt._frames import has_named_columns
from adapt.base._estimators import cloning
from adapt.base._meta import MetaAdapter


class ParameterAdapter(MetaAdapter):
    """Move the parameters of a source model to the target.

    The source model is ``estimator``: already fitted, with the target given to ``fit``
    as ``X, y``; or fitted on the source where ``fit`` is given both domains. It is
    never changed. A subclass returns the target's model from `_transfer`; that has
    ``feature_names_in_`` if it takes frames.
    """

    _target_labels = "required"
    _source_optional = True
    _keeps_frames = True
    _reads_rows = False

    def __init__(
        self,
        estimator=None,
        Xt=None,
        yt=None,
        *,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.yt = yt

    def fit(
        self,
        X=None,
        y=None,
        Xt=None,
        yt=None,
        *,
        sample_domain=None,
        sample_weight=None,
    ):
        """Move the source model to the target.

        Parameters
        ----------
        X, y : array-likes, default=None
            The labelled target, when `estimator` is fitted and no other target is
            given. Otherwise the source, on which a clone of `estimator` is fitted
            first; with `sample_domain`, both domains in one table.

        Xt, yt, sample_domain, sample_weight
            As in `adapt.base.BaseAdapter.fit`.

        Returns
        -------
        self : object
            The fitted adapter.
        """
        return super().fit(
            X, y, Xt, yt, sample_domain=sample_domain, sample_weight=sample_weight
        )

    @abstractmethod
    def _transfer(self, source_model, domains):
        """Return a model for the target that starts from a fitted ``source_model``."""

    def _adapt(self, domains):
        if domains.Xs is None:
            source_model = self._given_model()
        else:
            require_labels(self, domains.ys, "fits `estimator` on the source first")
            self._check_takes_weights(domains.source_weight)
            self._fit_estimator(
                domains.source_rows,
                domains.ys,
                domains,
                sample_weight=domains.source_weight,
            )
            source_model = self.estimator_
        with self._stage("moving to the target"):
            self.estimator_ = self._transfer(source_model, domains)
        named = getattr(self.estimator_, "feature_names_in_", None) is not None
        self._sees_frames = named and has_named_columns(domains.target_rows)

    def _features(self, steps, X):
        """Return rows as numbers, as the last step of a source model sees them."""
        return check_rows(self, X) if steps is None else steps.transform(X)

    def _given_model(self):
        """Return ``estimator``, fitted on as many columns as the target has."""
        name = type(self).__name__
        if self.estimator is None:
            raise ValueError(
                f"{name} was given a target alone, which takes a fitted source model: "
                "give it as `estimator`, or give `fit` the source too."
            )
        check_is_fitted(
            self.estimator,
            msg=f"{name} was given a target alone, but `estimator` (%(name)s) is not "
            "fitted. Fit it on the source first, or give `fit` the source too.",
        )
        n_columns = getattr(self.estimator, "n_features_in_", self.n_features_in_)
        if n_columns != self.n_features_in_:
            raise ValueError(
                f"`estimator` was fitted on {n_columns} columns, but the target has "
                f"{self.n_features_in_}."
            )
        return self.estimator

    def _known_classes(self):
        classes = getattr(self.estimator, "classes_", None)
        return classes if isinstance(classes, np.ndarray) else None  # of one output

    def __sklearn_clone__(self):
        # A fitted source model is an input: a clone without it could not be fitted.
        with cloning(self.estimator):
            model = copy.deepcopy(self.estimator)
        return super().__sklearn_clone__().set_params(estimator=model)
