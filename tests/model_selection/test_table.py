import warnings

import numpy as np
import pandas as pd
import pytest

from adapt._label_kinds import is_classification
from adapt.model_selection._preprocessing import table_preprocessor, usable_columns


def frame(**columns):
    return pd.DataFrame(columns)


def two_frames(**columns):
    """Return a frame twice, with a column that is of use."""
    n = len(next(iter(columns.values())))
    table = frame(use=np.arange(n) % 3 / 3, **columns)
    return table, table


def test_columns_that_both_have():
    with pytest.warns(
        UserWarning, match="target does not have them: 'b' of the source"
    ):
        assert usable_columns(frame(a=[1.0, 2], b=[1, 2]), frame(a=[3.0, 4])) == ["a"]
    with pytest.raises(ValueError, match="no columns in common"):
        usable_columns(frame(a=[1.0, 2]), frame(b=[1.0, 2]))


@pytest.mark.parametrize(
    "dates",
    [
        pd.to_datetime(["2020-01-31", "2020-02-01"]),
        ["2020-01-31", None],
        ["2020-01-31 10:00:00", "2020-02-01T09:30"],
        ["31/01/2020", "1/2/20"],
        ["31.01.2020", "01.02.2020"],
        pd.to_timedelta([1, 2], unit="h"),
    ],
)
def test_dates_are_refused_with_what_to_do(dates):
    with pytest.raises(ValueError, match=r"Dates .*'when'.*month"):
        usable_columns(*two_frames(when=dates))


@pytest.mark.parametrize("text", [["1.5.2", "2.0.1"], ["5-10", "10-20"], ["a", "b"]])
def test_text_that_is_no_date(text):
    assert usable_columns(*two_frames(text=text)) == ["use", "text"]


@pytest.mark.parametrize(
    "key", [[f"P{i:03}" for i in range(50)], list(range(7, 57)), list(range(50))[::-1]]
)
def test_columns_that_name_or_number_rows(key):
    with pytest.warns(UserWarning, match="number the rows: 'key'"):
        assert usable_columns(*two_frames(key=key)) == ["use"]


def test_numbers_in_one_domain_and_text_in_the_other():
    with pytest.raises(ValueError, match=r"'a' holds numbers .* target.*'x'"):
        usable_columns(frame(a=[1.0, 2]), frame(a=["x", "y"]))
    with pytest.raises(ValueError, match=r"'a' holds numbers .* source.*'x'"):
        usable_columns(frame(a=["x", None]), frame(a=[1.0, 2]))
    # The first cell that is no number is shown.
    with pytest.raises(ValueError, match=r"'n.v.' for example, at index 1"):
        usable_columns(frame(a=[1.0, 2]), frame(a=["3", "n.v."]))


@pytest.mark.parametrize("domain", ["source", "target"])
def test_columns_without_a_value_in_one_domain_are_left_out(domain):
    tables = [frame(a=[1.0, 1.0], b=[1, 2]), frame(a=[None, None], b=[3, 4])]
    if domain == "source":
        tables.reverse()
    with pytest.warns(UserWarning, match=f"no value in the {domain}: 'a'"):
        assert usable_columns(*tables) == ["b"]


@pytest.mark.parametrize("kind", [object, "boolean"])
def test_truth_values_beside_missing_ones_are_truth_values(kind):
    some = pd.Series([True, None, False], dtype=kind)
    tables = frame(a=[True, False, True]), pd.DataFrame({"a": some})
    assert usable_columns(*tables) == ["a"]
    with pytest.raises(ValueError, match="holds numbers in one domain"):
        usable_columns(tables[1], frame(a=["yes", "no", "no"]))


def test_single_values_say_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        one = two_frames(one=[1, 1], none=[None, None])
        assert usable_columns(*one) == ["use"]
        # What is constant in each domain can still tell them apart.
        assert usable_columns(frame(a=[1.0, 1]), frame(a=[2.0, 2])) == ["a"]
    with pytest.raises(ValueError, match="No column is left"):
        usable_columns(frame(a=[1, 1]), frame(a=[1, 1]))


def test_mixed_columns_become_finite_numbers():
    n = 200
    rng = np.random.default_rng(0)
    X = frame(
        number=rng.normal(5, 2, n),
        holes=np.where(np.arange(n) % 4, rng.normal(size=n), np.nan),
        text=np.where(np.arange(n) % 2, "a", "b"),
        few=pd.Series(["x", "y", None, "z"] * (n // 4)),
        level=pd.Categorical(np.arange(n) % 3),
        flag=np.arange(n) % 5 == 0,
        rare=["common"] * (n - 1) + ["once"],
    )
    Z = table_preprocessor(X, list(X.columns)).set_output(transform="pandas")
    Z = Z.fit_transform(X)
    assert np.isfinite(Z.to_numpy()).all()
    np.testing.assert_allclose(
        Z["number"], (X.number - X.number.mean()) / X.number.std(ddof=0)
    )
    assert Z["missingindicator_holes"].nunique() == 2
    assert {"text_b", "few_x", "few_y", "few_z", "level_2", "flag_True"} <= set(Z)
    assert np.all(Z["flag_True"] == X["flag"])
    assert (Z.nunique() > 1).all()


def test_new_levels_and_missing_values_at_prediction():
    X = frame(kind=["a", "b", "c"] * 20, number=np.arange(60.0) % 7)
    preprocessor = table_preprocessor(X, ["kind", "number"]).fit(X)
    Z = preprocessor.transform(
        frame(number=[np.nan, 3.0], kind=["new", None], more=[1, 2])
    )
    assert np.isfinite(Z).all()


def test_names_that_are_numbers_are_no_positions():
    rng = np.random.default_rng(0)
    named = pd.DataFrame(
        {"b": rng.choice(["red", "blue"], 50), "a": rng.normal(size=50), "one": 1.0}
    )
    numbered = named.rename(columns={"b": 1, "a": 0, "one": 2})
    expected = table_preprocessor(named, ["b", "a"]).fit(named[["b", "a"]])
    found = table_preprocessor(numbered, [1, 0]).fit(numbered[[1, 0]])
    # Other columns and another order do not matter, as with names.
    for columns in ([1, 0], [0, 1, 2]):
        np.testing.assert_array_equal(
            found.transform(numbered[columns]), expected.transform(named)
        )


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (["a", "b"], True),
        ([True, False], True),
        ([0, 1, 2], True),
        ([0.0, 1.0], True),
        ([0.5, 1.0], False),
        (np.arange(21), False),
    ],
)
def test_task_by_the_labels(y, expected):
    assert is_classification(np.asarray(y)) == expected
