"""Labels of every kind, missing in every way, mean one thing wherever they are."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from adapt._domains import read_tables, split_domains
from adapt.base import SourceOnly
from adapt.discovery import all_adapters
from adapt.feature_based import CORAL, FA
from adapt.inspection import LearningCurveDisplay
from adapt.metrics import SourceScore, TargetScore
from adapt.model_selection import compare
from adapt.parameter_based import RegularTransferLC, RegularTransferLR
from tests.common import shifted_classes

CODES = {
    "int": np.array([0, 1]),
    "float": np.array([0.0, 1.0]),
    "str": np.array(["no", "yes"]),
    "bool": np.array([False, True]),
}
MARKS = {"-1": -1, "NaN": np.nan, "None": None, "NA": pd.NA}
FEW = 20  # labelled target rows of 40

each_adapter = pytest.mark.parametrize(
    "cls", [cls for _, cls in all_adapters(deep=False)], ids=lambda cls: cls.__name__
)
each_code = pytest.mark.parametrize("code", CODES)
each_mark = pytest.mark.parametrize("mark", MARKS)


def labels(code, mark, y, labelled):
    """Return labels in a coding, as plain an array as numpy makes of them."""
    y = CODES[code][y]
    if labelled.all():
        return y
    if code == "int" and mark == "-1":
        return np.where(labelled, y, -1)
    if code == "float" and mark in ("-1", "NaN"):
        return np.where(labelled, y, MARKS[mark])
    given = y.astype(object)
    given[~labelled] = MARKS[mark]
    return given


def domains(code, mark):
    """Return two domains, of which half of the target is labelled, and which half."""
    Xs, ys, Xt, yt = shifted_classes(40)
    labelled = np.arange(len(yt)) < FEW
    ys = labels(code, mark, ys, np.ones(len(ys), dtype=bool))
    return Xs, ys, Xt, labels(code, mark, yt, labelled), labelled


def one_table(Xs, ys, Xt, yt):
    plain = ys.dtype.kind == yt.dtype.kind
    y = np.concatenate([ys if plain else ys.astype(object), yt])
    domain = np.repeat([0, -1], [len(Xs), len(Xt)])
    return np.concatenate([Xs, Xt]), y, domain


@each_code
@each_mark
@each_adapter
def test_call_forms_agree_and_keep_the_kind_of_labels(cls, code, mark):
    Xs, ys, Xt, yt, labelled = domains(code, mark)
    X, y, domain = one_table(Xs, ys, Xt, yt)
    forms = (
        split_domains(cls(), Xs, ys, Xt, yt),
        split_domains(cls(), X, y, sample_domain=domain),
    )
    for found in forms:
        assert found.ys.dtype.kind == ys.dtype.kind
        np.testing.assert_array_equal(found.ys, ys)
        if cls._target_labels in ("optional", "required"):
            np.testing.assert_array_equal(found.labelled, labelled)
            assert found.yt.dtype.kind == ys.dtype.kind
            np.testing.assert_array_equal(found.yt[labelled], yt[labelled])
        else:
            assert found.yt is None


@each_code
@each_mark
def test_compare_scores_and_displays_see_the_same_rows(code, mark):
    Xs, ys, Xt, yt, labelled = domains(code, mark)
    tables = read_tables(Xs, ys, Xt, yt)
    np.testing.assert_array_equal(tables.labelled, labelled)
    X, y, domain = one_table(Xs, ys, Xt, yt)
    table = read_tables(X, y, sample_domain=domain)
    np.testing.assert_array_equal(table.labelled, labelled)
    model = CORAL(LogisticRegression()).fit(Xs, ys, Xt=Xt)
    truth = model.score(Xt[:FEW], tables.yt[:FEW])
    assert TargetScore(Xt=Xt, yt=yt)(model, Xs, ys) == truth
    assert TargetScore()(model, X, y, sample_domain=domain) == truth
    of_source = SourceScore()(model, Xs, ys)
    assert SourceScore()(model, X, y, sample_domain=domain) == of_source
    pytest.importorskip("matplotlib").use("Agg")
    display = LearningCurveDisplay.from_estimator(
        [SourceOnly()], Xs, ys, Xt, yt, sizes=[10], n_repeats=1
    )
    rest = np.random.RandomState(0).permutation(FEW)[10:]
    plain = SourceOnly().fit(Xs, ys, Xt=Xt).score(Xt[rest], tables.yt[rest])
    assert display.scores["SourceOnly"][0, 0] == plain


def test_compare_counts_what_adapters_are_shown():
    Xs, ys, Xt, yt, labelled = domains("int", "-1")
    mixed = yt.astype(float)
    mixed[-1] = np.nan  # beside -1
    for given in yt, mixed:
        found = compare(Xs, ys, Xt, given, methods=["CORAL"], cv=2)
        assert found.n_labelled == FEW
        shown = split_domains(FA(), Xs, ys, Xt, given)
        np.testing.assert_array_equal(shown.labelled, labelled)


@pytest.mark.parametrize("dtype", [int, float, object])
def test_minus_one_is_a_class_where_the_source_has_it(dtype):
    Xs, ys, Xt, yt = shifted_classes(40)
    ys, yt = (np.where(y == 0, -1, 1).astype(dtype) for y in (ys, yt))
    assert split_domains(FA(), Xs, ys, Xt, yt).labelled.all()
    assert read_tables(Xs, ys, Xt, yt).labelled.all()
    model = SourceOnly().fit(Xs, ys.astype(int), Xt=Xt)
    truth = model.score(Xt, yt.astype(int))
    assert TargetScore(Xt=Xt, yt=yt)(model, Xs, ys) == truth
    assert TargetScore(Xt=Xt, yt=yt)(model, Xs[ys == 1], ys[ys == 1]) == truth


def test_fitted_classes_count_as_the_source_of_a_target_alone():
    Xs, ys, Xt, yt = shifted_classes(40)
    ys, yt = 2 * ys - 1, 2 * yt - 1
    source = LogisticRegression().fit(Xs, ys)
    assert split_domains(RegularTransferLC(source), Xt, yt).labelled.all()
    other = LogisticRegression().fit(Xs, ys > 0)
    assert not split_domains(RegularTransferLC(other), Xt, yt).labelled.all()


def test_texts_beside_numbers_are_refused():
    Xs, ys, Xt, _ = shifted_classes(40)
    mixed = np.array([1, "a"], dtype=object)[ys]
    with pytest.raises(TypeError, match="uniformly strings or numbers"):
        CORAL(LogisticRegression()).fit(Xs, mixed, Xt=Xt)


def test_minus_one_is_a_number_among_numbers():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(2, 30, 2))
    ys, yt = Xs @ [1.0, 2.0], np.append(-1.0, Xt[1:] @ [1.0, 2.0])
    model = RegularTransferLR(LinearRegression(), lambda_=0.0).fit(Xs, ys, Xt, yt)
    expected = LinearRegression().fit(Xt, yt).coef_
    np.testing.assert_allclose(model.estimator_.coef_.ravel(), expected, atol=1e-8)
    alone = RegularTransferLR(LinearRegression().fit(Xs, ys), lambda_=0.0).fit(Xt, yt)
    np.testing.assert_allclose(alone.estimator_.coef_.ravel(), expected, atol=1e-8)


@pytest.mark.parametrize("dtype", ["Int64", "boolean", "category", "polars"])
@pytest.mark.parametrize("read", [split_domains, read_tables])
def test_integers_stay_integers_beside_missing_labels(dtype, read):
    Xs, ys, Xt, yt, labelled = domains("int", "NaN")
    given = [int(y) if known else None for y, known in zip(yt, labelled, strict=True)]
    if dtype == "polars":
        given = pytest.importorskip("polars").Series(given)
    elif dtype == "category":
        given = pd.Series(pd.Categorical(given))
    else:
        given = pd.Series(given, dtype=dtype)
    arguments = (FA(),) if read is split_domains else ()
    found = read(*arguments, Xs, ys, Xt, given)
    np.testing.assert_array_equal(found.labelled, labelled)
    assert found.yt.dtype.kind in ("b" if dtype == "boolean" else "iu")
