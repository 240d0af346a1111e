"""One input means one thing: to a default estimator, to scores, and to searches."""

import warnings

import numpy as np
import pytest
from sklearn.base import is_regressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV

from adapt._domains import check_sample_domain, keep_labelled
from adapt._label_kinds import is_classification
from adapt.base import MetaAdapter
from adapt.discovery import all_adapters
from adapt.feature_based import CORAL, PRED
from adapt.model_selection import AutoAdapt, compare
from tests.common import shifted_classes

HALF = 20  # labelled target rows of 40


def takes_any_labels(cls):
    return issubclass(cls, MetaAdapter) and cls.__module__.startswith(
        ("adapt.feature_based", "adapt.instance_based", "adapt.base")
    )


ADAPTERS = [cls for _, cls in all_adapters(deep=False) if takes_any_labels(cls)]
each_adapter = pytest.mark.parametrize("cls", ADAPTERS, ids=lambda cls: cls.__name__)


@pytest.mark.parametrize("dtype", [int, float])
def test_many_whole_numbers_are_numbers_to_every_default(dtype):
    Xs, _, Xt, _ = shifted_classes(60)
    age = np.rint(40 + 10 * Xs[:, 0]).astype(dtype)
    assert not is_classification(age)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        assert isinstance(CORAL().fit(Xs, age, Xt=Xt).estimator_, LinearRegression)
    assert compare(Xs, age, Xt, methods=["CORAL"], cv=2).scoring == "r2"
    chosen = AutoAdapt(methods=["CORAL"], cv=2).fit(Xs, age, Xt=Xt)
    assert not hasattr(chosen.estimator_, "classes_")


def test_whole_numbers_that_could_be_classes_are_spoken_of():
    Xs, _, Xt, _ = shifted_classes(60)
    letters = np.arange(len(Xs)) % 26
    with pytest.warns(UserWarning, match="26 different whole numbers.*`estimator`"):
        CORAL().fit(Xs, letters, Xt=Xt)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("ignore", ConvergenceWarning)
        CORAL().fit(Xs, letters % 20, Xt=Xt)
        CORAL().fit(Xs, letters.astype(str), Xt=Xt)


@pytest.mark.parametrize("mark", [-1, np.nan, None])
@each_adapter
def test_score_judges_labelled_rows_alone(cls, mark):
    Xs, ys, Xt, yt = shifted_classes(40)
    y = yt.astype(object)
    y[HALF:] = mark
    try:
        model = cls().fit(Xs, ys, Xt=Xt, yt=yt)
    except (TypeError, ValueError) as error:
        pytest.skip(str(error))  # methods for numbers
    if mark == -1 and is_regressor(model):
        pytest.skip("-1 is a number")
    weight = np.arange(1.0, len(yt) + 1)
    expected = model.score(Xt[:HALF], yt[:HALF], weight[:HALF])
    assert model.score(Xt, y, weight) == pytest.approx(expected, rel=1e-12)
    with pytest.raises(ValueError, match=r"no row has a label.*scoring="):
        model.score(Xt, np.full(len(Xt), np.nan))


def test_minus_one_is_a_number_and_a_class_where_it_is_one():
    X, y = np.zeros((3, 1)), np.array([-1.0, 2.0, 3.0])
    assert keep_labelled(X, y)[1] is y
    y = np.array([-1, 1, 1])
    assert keep_labelled(X, y, classes=np.array([-1, 1]))[1] is y
    assert len(keep_labelled(X, y, classes=np.array([0, 1]))[1]) == 2


def test_a_search_does_not_count_unlabelled_rows_as_wrong():
    Xs, ys, Xt, _ = shifted_classes(40)
    X, y = np.concatenate([Xs, Xt]), np.concatenate([ys, np.full(len(Xt), -1)])
    domain = np.repeat([0, -1], [len(Xs), len(Xt)])
    search = GridSearchCV(CORAL(LogisticRegression()), {"lambda_": [0.1]}, cv=3)
    search.fit(X, y, sample_domain=domain)
    assert search.best_score_ > 0.8  # of the labelled, which are easy


def test_sample_domain_of_objects_that_are_integers():
    domain = np.array([0, np.int64(2), -1], dtype=object)
    found = check_sample_domain(domain, np.zeros((3, 1)))
    np.testing.assert_array_equal(found, [0, 2, -1])
    assert found.dtype.kind == "i"
    X = np.zeros((2, 1))
    with pytest.raises(ValueError, match=r"np.where\(is_target, -1, 0\)"):
        check_sample_domain([True, False], X)
    with pytest.raises(ValueError, match=r"np.where\(domain == 'new', -1, 0\)"):
        check_sample_domain(["old", "new"], X)


def test_one_class_is_said_in_plain_values_with_the_way_out_of_a_fold():
    Xs, _, Xt, _ = shifted_classes(40)
    with pytest.raises(ValueError, match=r"one class only: 1\. In a cross-validation"):
        CORAL().fit(Xs, np.ones(len(Xs), dtype=int), Xt=Xt)


def test_pred_says_which_classes_it_cannot_predict():
    Xs, ys, Xt, yt = shifted_classes(40)
    ys = np.where(Xs[:, 1] > 1, 2, ys)
    few = [0, 1, *(np.flatnonzero(yt == 1)[:5]), *(np.flatnonzero(yt == 0)[:5])]
    with pytest.warns(UserWarning, match=r"classes \[2\], which it will never"):
        PRED(LogisticRegression()).fit(Xs, ys, Xt[few], yt[few])
    with pytest.raises(ValueError, match=r"of the class 1\. .*`FA`"):
        PRED(LogisticRegression()).fit(Xs, ys, Xt[:3], [1, 1, 1])
