"""An adapter of series among adapters of features."""

from sklearn.base import clone
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from adapt.base import BaseAdapter
from adapt.base._estimators import has_method
from adapt.series._feature_rows import series_of


def _adapter_has(name):
    return available_if(lambda self: has_method(self.adapter, name))


class OnSeries(BaseAdapter):
    """Hand an adapter the series of `FeatureRows`, not their features.

    Parameters
    ----------
    adapter : adapter
        It takes arrays of three dimensions.

    Attributes
    ----------
    adapter_ : adapter
        Fitted.
    """

    def __init__(self, adapter):
        self.adapter = adapter

    def fit(self, X, y=None, Xt=None, yt=None, *, sample_weight=None):
        """Fit a clone of the adapter on series; parameters as in `BaseAdapter.fit`.

        Returns
        -------
        self : object
            The fitted adapter.
        """
        given = {} if sample_weight is None else {"sample_weight": sample_weight}
        given |= {} if yt is None else {"yt": yt}
        self.n_features_in_ = X.shape[1]
        self.adapter_ = clone(self.adapter)
        self.adapter_.fit(series_of(X), y, Xt=series_of(Xt), **given)
        return self

    def _adapt(self, domains):
        raise NotImplementedError("`fit` hands the domains on as they are.")

    @property
    def _target_labels(self):
        return self.adapter._target_labels

    def _wants_target_labels(self):
        return self.adapter._wants_target_labels()

    def _call(self, name, X, sample_domain):
        check_is_fitted(self, "adapter_")
        given = {} if sample_domain is None else {"sample_domain": sample_domain}
        return getattr(self.adapter_, name)(series_of(X), **given)

    @_adapter_has("predict")
    def predict(self, X, *, sample_domain=None):
        """Predict labels of the target, or of the domains in ``sample_domain``."""
        return self._call("predict", X, sample_domain)

    @_adapter_has("predict_proba")
    def predict_proba(self, X, *, sample_domain=None):
        """Predict class probabilities, in the order of `classes_`."""
        return self._call("predict_proba", X, sample_domain)

    @_adapter_has("decision_function")
    def decision_function(self, X, *, sample_domain=None):
        """Evaluate the decision function of the adapter."""
        return self._call("decision_function", X, sample_domain)

    @_adapter_has("score")
    def score(self, X, y, sample_weight=None, *, sample_domain=None):
        """Return the score of the adapter on labelled series."""
        given = {} if sample_domain is None else {"sample_domain": sample_domain}
        given |= {} if sample_weight is None else {"sample_weight": sample_weight}
        return self.adapter_.score(series_of(X), y, **given)

    @property
    def classes_(self):
        """Class labels, as the fitted adapter knows them."""
        return self.adapter_.classes_

    def __sklearn_tags__(self):
        return get_tags(self.adapter)


def takes_series(adapter):
    """Return whether an adapter takes arrays of three dimensions."""
    return get_tags(adapter).input_tags.three_d_array
