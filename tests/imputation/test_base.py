"""What `TransferImputer` does for its subclasses."""

import numpy as np
import pandas as pd
import pytest

from adapt.imputation import TransferImputer
from tests.imputation import common


class MeanImputer(TransferImputer):
    """Fills each domain by its own means."""

    def __init__(
        self,
        Xt=None,
        X_source=None,
        *,
        categorical_features=None,
        round_discrete=False,
        add_indicator=False,
        keep_empty_features=False,
        error=None,
        verbose=0,
        random_state=None,
    ):
        self.Xt = Xt
        self.X_source = X_source
        self.categorical_features = categorical_features
        self.round_discrete = round_discrete
        self.add_indicator = add_indicator
        self.keep_empty_features = keep_empty_features
        self.error = error
        self.verbose = verbose
        self.random_state = random_state

    _parameter_constraints = {
        **TransferImputer._parameter_constraints,
        "error": "no_validation",
    }

    def _fit_matrices(self, Zs, Zt, domains):
        self.means_ = {False: np.nanmean(Zt, axis=0)}
        self.means_[True] = self.means_[False] if Zs is None else Zs.mean(axis=0)
        if self.error is not None:
            raise self.error

    def _impute(self, Z, is_source):
        return np.broadcast_to(self.means_[is_source], Z.shape)

    def _sample(self, Z, is_source, rng):
        return self._impute(Z, is_source)


def test_x_is_the_domain_that_is_not_named():
    Xs, _, Z, _, _ = common.tables()
    target, source = np.nanmean(Z, axis=0), Xs.mean(axis=0)
    hole = np.full((1, 4), np.nan)
    for imputer in (
        MeanImputer().fit(Z, X_source=Xs),
        MeanImputer().fit(Xs, Xt=Z),
        MeanImputer().fit(np.r_[Z, Xs], sample_domain=np.repeat([-1, 0], 60)),
        MeanImputer(X_source=Xs).fit(Z),
        MeanImputer(Xt=Z).fit(Xs),
    ):
        np.testing.assert_allclose(imputer.transform(hole)[0], target)
        found = imputer.transform(hole, sample_domain=0)[0]
        np.testing.assert_allclose(found, source)
    alone = MeanImputer().fit(Z)
    np.testing.assert_allclose(alone.transform(hole)[0], target)
    np.testing.assert_allclose(alone.transform(hole, sample_domain=0)[0], target)


@pytest.mark.parametrize("as_frame", [False, True])
def test_columns_without_a_value_are_named_where_they_are_left_out(as_frame):
    Z = common.tables()[2].copy()
    Z[:, 2] = np.nan
    given = pd.DataFrame(Z, columns=list("abcd")) if as_frame else Z
    with pytest.warns(
        UserWarning, match=r"left out: \['c'\]" if as_frame else r"\[2\]"
    ):
        assert MeanImputer().fit_transform(given).shape == (len(Z), 3)
    kept = MeanImputer(keep_empty_features=True).fit_transform(given)
    np.testing.assert_array_equal(np.asarray(kept)[:, 2], 0)


@pytest.mark.parametrize("error", [RuntimeError("full"), KeyboardInterrupt()])
def test_a_fit_that_fails_leaves_the_imputer_as_it_was(error):
    Xs, _, Z, _, _ = common.tables()
    imputer = MeanImputer(error=error)
    before = dict(vars(imputer))
    with pytest.raises(type(error)):
        imputer.fit(Z, X_source=Xs)
    assert vars(imputer) == before
    imputer.set_params(error=None).fit(Z)
    fitted = dict(vars(imputer))
    with pytest.raises(type(error)):
        imputer.set_params(error=error).fit(Z[:, :2])
    assert vars(imputer.set_params(error=None)) == fitted
    assert imputer.transform(Z).shape == Z.shape
