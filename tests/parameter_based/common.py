"""What the tests of parameter-based methods share."""

import copy
import pickle
from contextlib import suppress
from unittest import SkipTest

import numpy as np
from scipy import sparse
from sklearn.utils.estimator_checks import estimator_checks_generator

from tests.common import to_itself


def run_checks(estimator_class, cannot=(), only="", **params):
    """Run scikit-learn's checks on an adapter whose target is its source.

    Sample weights are for the rows of both domains, which takes the one-table form.
    Checks named in ``cannot`` are left out; the caller says why. With ``only`` those
    whose name holds it are run: the others are in ``tests/test_common.py``.
    """

    class Weighted(estimator_class):
        def fit(self, X=None, y=None, Xt=None, yt=None, *, sample_weight=None):
            if sample_weight is None:
                return super().fit(X, y, Xt, yt)
            y, weight = np.asarray(y), np.asarray(sample_weight)
            twice = (
                sparse.vstack([X, X])
                if sparse.issparse(X)
                else np.tile(np.asarray(X), (2, 1))
            )
            return super().fit(
                twice,
                np.concatenate([y, y]),
                sample_domain=np.repeat([0, -1], len(y)),
                sample_weight=np.concatenate([weight, weight]),
            )

    # Not the name of what test_common makes of the same adapter.
    Weighted.__name__ = f"Weighted{estimator_class.__name__}"
    sub = to_itself(Weighted)

    def fit(self, X, y=None, *, sample_weight=None):
        if sample_weight is None:
            return Weighted.fit(self, X, y, X, y)
        return Weighted.fit(self, X, y, sample_weight=sample_weight)

    sub.fit = fit
    for estimator, check in estimator_checks_generator(sub(**params)):
        name = check.func.__name__
        if only in name and name not in cannot:
            with suppress(SkipTest):
                check(estimator)


def assert_ways_agree(adapter, source_model, Xs, ys, Xt, yt):
    """Assert that all ways of giving the domains lead to the same predictions."""
    before = pickle.dumps(source_model)
    alone = copy.copy(adapter).set_params(estimator=source_model).fit(Xt, yt)
    two = copy.copy(adapter).fit(Xs, ys, Xt, yt)
    given = copy.copy(adapter).set_params(Xt=Xt, yt=yt).fit(Xs, ys)
    domain = np.repeat([0, -1], [len(Xs), len(Xt)])
    X, y = np.concatenate([Xs, Xt]), np.concatenate([ys, yt])
    one = copy.copy(adapter).fit(X, y, sample_domain=domain)
    expected = alone.predict(Xt)
    for way in (two, given, one):
        np.testing.assert_array_equal(way.predict(Xt), expected)
    assert pickle.dumps(source_model) == before
