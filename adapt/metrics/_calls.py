"""Fit and call an estimator on rows of known domains, adapter or not."""

import numpy as np
from sklearn import config_context
from sklearn.base import clone
from sklearn.utils.metadata_routing import get_routing_for_object

from adapt._frames import stack_rows
from adapt.base import BaseAdapter
from adapt.base._estimators import has_method


def takes_domain(estimator, method):
    """Return whether ``method`` of ``estimator`` is told the domain of each row."""
    request = get_routing_for_object(estimator)
    return "sample_domain" in request.consumes(method, ["sample_domain"])


def probabilities(estimator, X, domain, asker):
    """Return class probabilities of rows that are all of one domain."""
    if not has_method(estimator, "predict_proba"):
        raise TypeError(
            f"{asker} reads class probabilities, and {type(estimator).__name__} has no "
            "`predict_proba`. Use a classifier that has, such as "
            "`CalibratedClassifierCV` of scikit-learn around it, or score by "
            "`CircularValidation`, which needs predictions only."
        )
    return call_as(estimator, "predict_proba", X, domain)


def call_as(estimator, method, X, domain):
    """Call ``method`` on rows that are all of one domain, given as an integer."""
    params = {}
    if takes_domain(estimator, method):
        params["sample_domain"] = np.full(X.shape[0], domain)
    with config_context(enable_metadata_routing=True):
        return getattr(estimator, method)(X, **params)


def fit_on(estimator, X, y, Xt):
    """Fit a clone of ``estimator`` on labelled ``X, y``, adapted to unlabelled ``Xt``.

    It forgets the target that was given to its constructor.
    """
    targets = [
        name for name in estimator.get_params() if name.split("__")[-1] in ("Xt", "yt")
    ]
    model = clone(estimator).set_params(**dict.fromkeys(targets))
    with config_context(enable_metadata_routing=True):
        if isinstance(model, BaseAdapter):
            return model.fit(X, y, Xt=Xt)
        if not takes_domain(model, "fit"):
            return model.fit(X, y)
        n, nt = X.shape[0], Xt.shape[0]
        labels = np.concatenate([np.asarray(y, dtype=object), np.full(nt, None)])
        domain = np.repeat([0, -1], [n, nt])
        return model.fit(stack_rows(X, Xt), labels, sample_domain=domain)
