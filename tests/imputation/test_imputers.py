"""What every imputer keeps, of those that need no Keras."""

import inspect
import re

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from adapt.discovery import all_adapters
from tests.imputation import common

IMPUTERS = [cls for _, cls in all_adapters("imputation", deep=False)]
each_imputer = pytest.mark.parametrize("cls", IMPUTERS, ids=lambda cls: cls.__name__)


@parametrize_with_checks([cls(random_state=0) for cls in IMPUTERS])
def test_scikit_learn(estimator, check):
    check(estimator)


@each_imputer
@pytest.mark.parametrize("check", common.CHECKS, ids=lambda c: c.__name__[6:])
def test_contract(check, cls):
    check(lambda: cls(random_state=0))


@each_imputer
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames(library, cls):
    common.check_frames(lambda: cls(random_state=0), library)


@each_imputer
def test_prints_only_when_asked(cls, capfd):
    common.check_prints_only_when_asked(lambda: cls(random_state=0), capfd)


@each_imputer
def test_series_are_refused_by_methods_for_tables(cls):
    Xs = common.tables()[0]
    with pytest.raises(ValueError, match=r"takes tables.*X\.reshape"):
        cls().fit(Xs[..., None])


@each_imputer
def test_every_parameter_is_constrained_and_documented(cls):
    names = inspect.signature(cls).parameters
    assert names.keys() == cls._parameter_constraints.keys()
    for name in names:
        assert re.search(rf"^    (\w+, )*{name}(, \w+)*( :|$)", cls.__doc__, re.M), name
        with pytest.raises(ValueError, match=f"'{name}' parameter of {cls.__name__}"):
            cls(**{name: object()}).fit(common.tables()[2])
