"""The forms that series have, and the one that is made of them."""

import warnings

import numpy as np
import pandas as pd
import pytest

from adapt.series import SeriesFeatures, SeriesSet, as_series, cut_windows
from adapt.series._series_set import observed_lengths, stretched

RNG = np.random.default_rng(0)
N, T, C = 7, 12, 3
VALUES = RNG.normal(size=(N, T, C))
LENGTHS = np.array([12, 5, 9, 12, 3, 12, 7])
NAMES = ["a", "b", "c"]


def ragged():
    return [x[:length] for x, length in zip(VALUES, LENGTHS, strict=True)]


def padded(extra=0):
    X = np.full((N, T + extra, C), np.nan)
    for row, x in zip(X, ragged(), strict=True):
        row[: len(x)] = x
    return X


def long_table(shuffled=True):
    rows = [
        {"id": f"s{k}", "t": 0.5 * t, **dict(zip(NAMES, x[t], strict=True))}
        for k, x in enumerate(ragged())
        for t in range(len(x))
    ]
    table = pd.DataFrame(rows)
    table["label"] = table["id"].map(lambda name: int(name[1]) % 2)
    return table.sample(frac=1, random_state=0) if shuffled else table


def from_long(table):
    return as_series(table, id="id", time="t", channels=NAMES)


def from_polars():
    polars = pytest.importorskip("polars")
    return from_long(polars.DataFrame(long_table().to_dict("list")))


FORMS = {
    "list": ragged,
    "list of frames": lambda: [pd.DataFrame(x, columns=NAMES) for x in ragged()],
    "array of objects": lambda: np.array([*ragged(), None], dtype=object)[:-1],
    "padded": padded,
    "padded further": lambda: padded(extra=4),
    "set": lambda: as_series(ragged()),
    "long": lambda: from_long(long_table(shuffled=False)),
    "shuffled long": lambda: from_long(long_table()),
    "polars": from_polars,
    "two index levels": lambda: long_table()[["id", "t", *NAMES]].set_index(
        ["id", "t"]
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_give_the_same_series_and_features(form):
    given = FORMS[form]()
    series = as_series(given)
    np.testing.assert_array_equal(series.values, padded())
    np.testing.assert_array_equal(series.lengths, LENGTHS)
    expected = SeriesFeatures().fit_transform(padded())
    np.testing.assert_allclose(
        SeriesFeatures().fit_transform(given), expected, atol=1e-12
    )


def test_channels_first_is_said_and_never_guessed():
    with pytest.warns(UserWarning, match="channels_last=False"):
        swapped = as_series(VALUES.swapaxes(1, 2))
    assert swapped.shape == (N, C, T)
    right = as_series(VALUES.swapaxes(1, 2), channels_last=False)
    np.testing.assert_array_equal(right.values, VALUES)
    listed = as_series([x.T for x in ragged()], channels_last=False)
    np.testing.assert_array_equal(listed.values, padded())


def test_a_table_of_numbers_holds_series_of_one_channel():
    series = as_series(VALUES[:, :, 0])
    np.testing.assert_array_equal(series.values, VALUES[:, :, :1])


def test_labels_of_a_long_table_are_kept_by_series():
    series = as_series(long_table(), id="id", time="t", labels="label")
    assert series.channels == NAMES
    assert series.labels["label"].tolist() == [0, 1, 0, 1, 0, 1, 0]
    some = series[series.labels["label"] == 1]
    assert isinstance(some, SeriesSet)
    assert some.ids.tolist() == ["s1", "s3", "s5"]
    np.testing.assert_array_equal(some.values, padded()[1::2])
    np.testing.assert_array_equal(np.asarray(series[2]), padded()[2])


def test_dates_are_put_in_order():
    table = long_table()
    table["t"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(table["t"], unit="h")
    np.testing.assert_array_equal(from_long(table).values, padded())


@pytest.mark.filterwarnings("ignore:.*longer than the others")
@pytest.mark.parametrize("apart", [0.0, 0.25, 1000.0])
def test_rows_in_any_order_with_shared_times_or_without(apart):
    """Times that series share, share in part, or that each series has for itself."""
    table = long_table()
    table["t"] += apart * table["id"].str[1:].astype(int)
    np.testing.assert_array_equal(from_long(table).values, padded())
    table.loc[table.index[0], "t"] = -5.0  # of its series the first, then
    table = table.sort_values(["id", "t"])
    expected = from_long(table).values
    np.testing.assert_array_equal(
        from_long(table.sample(frac=1, random_state=1)).values, expected
    )
    twice = pd.concat([table, table.iloc[[3]]])
    with pytest.raises(ValueError, match="two rows of the same 't'"):
        from_long(twice.sample(frac=1, random_state=2))


def test_without_time_rows_stay_in_their_order():
    table = long_table(shuffled=False)
    mixed = table.sort_values("t", kind="stable")  # series beside each other
    series = as_series(mixed, id="id", channels=NAMES)
    np.testing.assert_array_equal(series.values, padded())


def changed(**columns):
    return long_table(shuffled=False).assign(**columns)


@pytest.mark.parametrize(
    ("table", "given", "error", "words"),
    [
        (long_table(), {"id": "who"}, ValueError, "`id` names the column 'who'"),
        (long_table(), {"id": "id", "time": "when"}, ValueError, "`time` names"),
        (long_table(), {"id": "id", "time": "id"}, TypeError, "no times"),
        (changed(a="x"), {"id": "id"}, TypeError, "column 'a' does not hold numbers"),
        (changed(t=0), {"id": "id", "time": "t"}, ValueError, "two rows of the same"),
        (changed(id=None), {"id": "id"}, ValueError, "is missing in 60 rows"),
        (
            changed(label=np.arange(60)),
            {"id": "id", "time": "t", "labels": ["label"]},
            ValueError,
            "'label' changes within the series 's0'",
        ),
        (changed(b=np.inf), {"id": "id"}, ValueError, "'b' contains infinity"),
        (VALUES, {"id": "id"}, TypeError, "`X` is no data frame"),
        (VALUES, {"time": "t"}, ValueError, "also needs `id`"),
        (VALUES[0, 0], {}, ValueError, "has shape"),
        (VALUES.astype(str), {}, TypeError, "series are numbers"),
        ([VALUES[0], VALUES[1, :, :2]], {}, ValueError, "different numbers of chan"),
        (np.full((2, 3, 4), np.inf), {}, ValueError, "infinity"),
        (np.empty((0, 3, 4)), {}, ValueError, "no series"),
    ],
)
def test_bad_input_is_refused_in_words(table, given, error, words):
    if isinstance(table, pd.DataFrame) and "channels" not in given:
        kept = {given.get("id"), given.get("time"), *given.get("labels", ())}
        table = table[[c for c in table if c in kept or c in NAMES]]
    with pytest.raises(error, match=words):
        as_series(table, **given)


def test_uneven_steps_are_a_warning():
    table = long_table(shuffled=False)
    table.loc[table["t"] > 2, "t"] += 10
    with pytest.warns(UserWarning, match="resample them"):
        from_long(table)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        from_long(long_table())


def test_lengths_end_at_the_last_observed_value():
    X = padded()
    X[0, 3] = np.nan  # a gap, and no end
    X[1, 4, :2] = np.nan
    np.testing.assert_array_equal(observed_lengths(X), LENGTHS)


@pytest.mark.parametrize("n_steps", [1, 4, 12, 30])
def test_stretching_is_linear_interpolation(n_steps):
    X = padded()
    X[3, 4, 1] = np.nan
    done = stretched(X, n_steps)
    for x, row, length in zip(X, done, LENGTHS, strict=True):
        place = np.linspace(0, length - 1, n_steps)
        for c in range(C):
            seen = np.flatnonzero(~np.isnan(x[:, c]))
            expected = np.interp(place, seen, x[seen, c])
            np.testing.assert_allclose(row[:, c], expected, atol=1e-12)


# ------------------------------------------------------------------------- windows


@pytest.mark.parametrize(("width", "step"), [(4, None), (4, 2), (5, 7)])
def test_windows_are_slices_of_recordings(width, step):
    kept = [k for k in range(N) if LENGTHS[k] >= width]
    with pytest.warns(UserWarning, match="shorter than `width`"):
        windows = cut_windows(ragged(), list("abcdefg"), width, step)
    expected = [
        (k, start)
        for k in kept
        for start in range(0, LENGTHS[k] - width + 1, step or width)
    ]
    assert list(zip(windows.groups, windows.starts, strict=True)) == expected
    assert windows.y.tolist() == ["abcdefg"[k] for k, _ in expected]
    for x, (k, start) in zip(windows.X, expected, strict=True):
        np.testing.assert_array_equal(x, VALUES[k, start : start + width])


def test_windows_of_labels_by_step_get_the_most_frequent_one():
    windows = cut_windows(VALUES[:1], [list("aaaabbbbbbba")], 4, groups=["me"])
    assert windows.y.tolist() == ["a", "b", "b"]
    assert windows.groups.tolist() == ["me"] * 3


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"width": 0}, "`width` must be"),
        ({"width": 3, "step": 0.5}, "`step` must be"),
        ({"width": 100}, "No recording is as long"),
        ({"width": 3, "y": [1]}, "`y` has 1 entries for 7"),
        ({"width": 3, "groups": [1]}, "`groups` has 1"),
        ({"width": 3, "y": [[0]] * N}, "has 12 steps, and its entry of `y` 1"),
    ],
)
def test_windows_that_cannot_be_cut_are_refused(given, words):
    with pytest.raises(ValueError, match=words):
        cut_windows(ragged(), **given)
