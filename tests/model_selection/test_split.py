import numpy as np
import pytest
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate

from adapt.feature_based import CORAL
from adapt.metrics import CircularValidation, SourceScore
from adapt.model_selection import (
    DomainKFold,
    LeaveOneDomainOut,
    SourceTargetShuffleSplit,
    StratifiedDomainShuffleSplit,
)
from tests.common import shifted_classes

DOMAIN = np.random.default_rng(0).permutation(
    np.repeat([0, 3, -1, -2], [40, 10, 30, 8])
)
Y = np.where(DOMAIN < 0, np.nan, np.arange(len(DOMAIN)) % 3)
SPLITTERS = [
    SourceTargetShuffleSplit(4, test_size=0.25, random_state=0),
    StratifiedDomainShuffleSplit(4, test_size=0.25, random_state=0),
    DomainKFold(4, shuffle=True, random_state=0),
    LeaveOneDomainOut(),
]
each = pytest.mark.parametrize("splitter", SPLITTERS, ids=lambda s: type(s).__name__)


def splits(splitter, domain=DOMAIN, y=Y):
    return list(splitter.split(np.zeros((len(domain), 1)), y, sample_domain=domain))


@each
def test_rows_are_on_one_side_only_and_none_is_lost(splitter):
    found = splits(splitter)
    assert len(found) == splitter.get_n_splits(sample_domain=DOMAIN)
    for train, test in found:
        both = np.concatenate([train, test])
        np.testing.assert_array_equal(np.sort(both), np.arange(len(DOMAIN)))
        assert (np.diff(train) > 0).all()
        assert (DOMAIN[train] < 0).any()


@each
def test_the_seed_fixes_the_splits(splitter):
    for a, b in zip(splits(splitter), splits(splitter), strict=True):
        np.testing.assert_array_equal(a[1], b[1])


def test_shares_of_source_and_target():
    for _, test in splits(SPLITTERS[0]):
        assert (DOMAIN[test] >= 0).sum() == round(0.25 * 50)
        assert (DOMAIN[test] < 0).sum() == round(0.25 * 38)


def test_shares_of_domains_and_classes():
    for _, test in splits(SPLITTERS[1]):
        for name in np.unique(DOMAIN):
            here = name == DOMAIN
            assert np.sum(here[test]) == pytest.approx(0.25 * here.sum(), abs=1.5)
            for label in range(3):
                stratum = here & (label == Y)
                share = 0.25 * stratum.sum()
                assert np.sum(stratum[test]) == pytest.approx(share, abs=0.75)


def test_strata_of_text_and_of_single_rows():
    domain = np.array([0, 0, 0, 0, 0, -1, -1])
    y = np.array(["a", "a", "b", "b", "c", None, None], dtype=object)
    splitter = StratifiedDomainShuffleSplit(20, test_size=0.5, random_state=0)
    for train, test in splits(splitter, domain, y):
        assert 4 in train
        assert sorted(y[test][:2]) == ["a", "b"]
        assert len(test) == 3


def test_folds_cover_each_row_once():
    tests = np.concatenate([test for _, test in splits(SPLITTERS[2])])
    np.testing.assert_array_equal(np.sort(tests), np.arange(len(DOMAIN)))
    for _, test in splits(SPLITTERS[2]):
        for name, n in [(0, 40), (3, 10), (-1, 30), (-2, 8)]:
            assert abs(np.sum(DOMAIN[test] == name) - n / 4) < 1


def test_sources_are_left_out_in_turn():
    held = [set(DOMAIN[test]) for _, test in splits(SPLITTERS[3])]
    assert held == [{0}, {3}]


@each
def test_in_a_search(splitter):
    Xs, ys, Xt, _ = shifted_classes()
    X, y = np.concatenate([Xs, Xt]), np.concatenate([ys, np.full(len(Xt), -1)])
    domain = np.repeat([0, 1, -1], [60, 60, 120])
    whole = isinstance(splitter, LeaveOneDomainOut)  # no target rows to test on
    scorer = SourceScore() if whole else CircularValidation()
    with sklearn.config_context(enable_metadata_routing=True):
        search = GridSearchCV(
            CORAL(LogisticRegression()),
            {"lambda_": [0.1, 1.0]},
            cv=splitter,
            scoring=scorer,
            error_score="raise",
        ).fit(X, y, sample_domain=domain)
        scores = cross_validate(
            CORAL(LogisticRegression()),
            X,
            y,
            cv=splitter,
            scoring=scorer,
            params={"sample_domain": domain},
            error_score="raise",
        )
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    n = splitter.get_n_splits(sample_domain=domain)
    assert scores["test_score"].shape == (n,)


@each
def test_without_domains(splitter):
    with pytest.raises(ValueError, match="needs `sample_domain`"):
        next(splitter.split(np.zeros((4, 1))))


@pytest.mark.parametrize(
    ("splitter", "domain", "message"),
    [
        (SourceTargetShuffleSplit(), [0, 0, -1], "needs 2 target rows, got 1"),
        (SourceTargetShuffleSplit(test_size=1.0), [0, 0, -1, -1], "`test_size`"),
        (StratifiedDomainShuffleSplit(0), [0, 0, -1, -1], "`n_splits`"),
        (StratifiedDomainShuffleSplit(), [0, 1, -1], "every row is alone"),
        (DomainKFold(1), [0, 0, -1, -1], "`n_splits`"),
        (DomainKFold(3), [0, 0, 0, -1, -1], "Domain -1 has 2 rows"),
        (LeaveOneDomainOut(), [0, 0, -1], "at least 2 source domains"),
    ],
)
def test_errors(splitter, domain, message):
    with pytest.raises(ValueError, match=message):
        splits(splitter, np.array(domain), None)
