"""Domains of which little can be said: words, and no error from below."""

import warnings

import numpy as np
import pandas as pd
import pytest

from adapt.inspection import diagnose_shift
from adapt.model_selection import AutoAdapt, compare
from adapt.model_selection._read_domains import check_classes, preprocess


def domains(n=30, shift=0.5):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, n)
    X = np.column_stack([y + rng.normal(size=n) / 3, rng.normal(size=n)])
    return X, y, X + shift


CALLS = {
    "compare": lambda Xs, ys, Xt: compare(Xs, ys, Xt, methods=["CORAL"], cv=2),
    "diagnose_shift": diagnose_shift,
    "AutoAdapt": lambda Xs, ys, Xt: AutoAdapt(methods=["CORAL"]).fit(Xs, ys, Xt=Xt),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("as_frame", [False, True])
def test_constant_tables(call, as_frame):
    X, y, _ = domains()
    Xs = np.full_like(X, 3.0)
    Xs, Xt = (pd.DataFrame(Z) if as_frame else Z for Z in (Xs, Xs[:20]))
    with pytest.raises(ValueError, match="No column is left to learn from"):
        CALLS[call](Xs, y, Xt)


@pytest.mark.parametrize("call", ["compare", "diagnose_shift"])
def test_one_dimensional_rows(call):
    X, y, Xt = domains()
    with pytest.raises(ValueError, match=r"tables of shape .*reshape") as error:
        CALLS[call](X[:, 0], y, Xt[:, 0])
    assert "`compare`" not in str(error.value)


@pytest.mark.parametrize("as_frame", [False, True])
def test_a_column_that_is_empty_in_one_domain_does_not_tell_them_apart(as_frame):
    X, _, Xt = domains(shift=0)
    Xs = np.column_stack([X, np.ones(len(X))])
    Xt = np.column_stack([Xt, np.full(len(Xt), np.nan)])
    if as_frame:
        Xs, Xt = (pd.DataFrame(Z, columns=list("abc")) for Z in (Xs, Xt))
    with pytest.warns(UserWarning, match="no value in the target: (2|'c')"):
        _, Zs, Zt = preprocess(Xs, Xt)
    assert Zs.shape[1] == 2
    np.testing.assert_allclose(Zs, Zt)


def test_a_diagnosis_needs_some_rows_of_each_domain():
    X, y, Xt = domains()
    with pytest.raises(ValueError, match="The target has 1 row: a diagnosis"):
        diagnose_shift(X, y, Xt[:1])
    with pytest.raises(ValueError, match="The source has 3 rows: a diagnosis"):
        diagnose_shift(X[:3], None, Xt)


@pytest.mark.parametrize(("n", "words"), [(1, "1 row,"), (9, "9 rows,")])
def test_few_rows_are_said(n, words):
    X, _, Xt = domains()
    with pytest.warns(UserWarning, match=f"The target has {words}"):
        preprocess(X, Xt[:n])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        preprocess(X, Xt[:10])


def test_a_class_of_one_row_is_said():
    with pytest.warns(UserWarning, match="One source row only is of class 'c'"):
        check_classes(np.array(["a", "a", "b", "b", "c"]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_classes(np.array(["a", "a", "b", "b"]))


def test_labels_of_the_target_that_are_no_classes_of_the_source():
    X, y, Xt = domains()
    names = np.array(["no", "yes"])[y]
    with pytest.raises(ValueError, match="None of the labels of the target"):
        compare(X, names, Xt, y, cv=2)
