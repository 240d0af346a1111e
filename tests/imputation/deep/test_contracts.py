"""What every imputer keeps, of those that train networks."""

import inspect
import re
from functools import partial

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from adapt.imputation import ClueGAINImputer, GAINImputer
from tests.imputation import common
from tests.imputation.deep.data import QUICK

IMPUTERS = [GAINImputer, ClueGAINImputer]
each_imputer = pytest.mark.parametrize("cls", IMPUTERS, ids=lambda cls: cls.__name__)
# Contracts that a hundred steps are too few for.
LONG = {"check_levels_and_integers": {"n_steps": 400}}
SEARCHES = ("check_pipeline_and_search",)


@pytest.mark.one_backend
@parametrize_with_checks([cls(**{**QUICK, "n_steps": 50}) for cls in IMPUTERS])
def test_scikit_learn(estimator, check):
    check(estimator)


@each_imputer
@pytest.mark.parametrize(
    "check",
    [check for check in common.CHECKS if check.__name__ not in SEARCHES],
    ids=lambda c: c.__name__[6:],
)
def test_contract(check, cls):
    check(partial(cls, **{**QUICK, **LONG.get(check.__name__, {})}))


@pytest.mark.one_backend
def test_pipeline_and_search():
    common.check_pipeline_and_search(partial(ClueGAINImputer, **QUICK))


@each_imputer
def test_frames(cls):
    common.check_frames(partial(cls, **QUICK), "pandas")


@each_imputer
def test_prints_only_when_asked(cls, capfd):
    common.check_prints_only_when_asked(partial(cls, **QUICK), capfd)


@pytest.mark.one_backend
@each_imputer
def test_every_parameter_is_constrained_and_documented(cls):
    names = inspect.signature(cls).parameters
    assert names.keys() == cls._parameter_constraints.keys()
    for name in names:
        assert re.search(rf"^    (\w+, )*{name}(, \w+)*( :|$)", cls.__doc__, re.M), name
        with pytest.raises(ValueError, match=f"'{name}' parameter of {cls.__name__}"):
            cls(**{name: object()}).fit(common.tables()[2])


@pytest.mark.parametrize(
    "check",
    [
        common.check_ways_of_giving_the_domains_agree,
        common.check_rows_of_both_domains_are_filled_each_by_its_own,
        common.check_observed_cells_come_back_bit_for_bit,
        common.check_empty_columns,
        common.check_state_is_left_alone,
    ],
    ids=lambda c: c.__name__[6:],
)
def test_contract_as_published(check):
    check(partial(ClueGAINImputer, preset="reference", **QUICK))


@pytest.mark.parametrize(
    "cls", [GAINImputer, pytest.param(ClueGAINImputer, marks=pytest.mark.one_backend)]
)
def test_series_with_missing_stretches(cls):
    rng = np.random.default_rng(0)
    time = np.linspace(0, 6, 24)
    phase = rng.uniform(0, 6, size=(120, 1))
    X = np.stack([np.sin(time + phase), np.cos(time + phase)], axis=2)
    Z = X[:60].copy()
    for row in Z:
        start, channel = rng.integers(14), rng.integers(2)
        row[start : start + 10, channel] = np.nan
    imputer = cls(n_steps=150, n_folds=2, random_state=0).fit(Z, X_source=X[60:])
    filled = imputer.transform(Z)
    missing = np.isnan(Z)
    np.testing.assert_array_equal(filled[~missing], Z[~missing])
    means = np.nanmean(Z, axis=(0, 1))
    guess = np.broadcast_to(means, Z.shape)[missing]
    error = np.sqrt(np.mean(np.square(filled[missing] - X[:60][missing])))
    assert error < 0.7 * np.sqrt(np.mean(np.square(guess - X[:60][missing])))
    assert imputer.sample(Z, 2).shape == (2, *Z.shape)
    with pytest.raises(ValueError, match=r"samples of shape|expecting 24"):
        imputer.transform(Z[:, :10])
