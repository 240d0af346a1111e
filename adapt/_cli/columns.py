"""Which columns are used, as the options of a verb say, and what they may hold.

Each error says where the cell stands and what to type.
"""

import warnings

import numpy as np

from adapt._cli.problems import Places, Problem

_INDEX = "Unnamed: 0"  # pandas' name of a first column without a name


# ------------------------------------------------------------------------ choosing


def _as_dates(column, places: Places):
    """Return a column as dates, or refuse it with the first cell that is none."""
    import pandas as pd
    from pandas.api.types import is_datetime64_any_dtype, is_numeric_dtype

    if is_datetime64_any_dtype(column):
        return column
    text, form = column, None
    if is_numeric_dtype(column):  # 20240131; any number is a time to pandas
        text, form = column.astype("Float64").round().astype("Int64"), "%Y%m%d"
        text = text.astype("string")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of formats that pandas cannot infer
        dates = pd.to_datetime(text, format=form, errors="coerce")
    bad = (dates.isna() & column.notna()).to_numpy(bool)
    if bad.any():
        k = int(bad.argmax())
        raise ValueError(
            f"--dates: {str(column.iloc[k])!r} in {places.of(k)}, column "
            f"{column.name!r}, is no date such as 2024-01-31."
        )
    return dates


def _apart(X, dates: list[str], places: Places):
    """Return a table with year, month, weekday and hour instead of dates."""
    for name in dates:
        if name in X.columns:
            t = _as_dates(X[name], places).dt
            parts = {
                "year": t.year,
                "month": t.month,
                "weekday": t.day_of_week,
                "hour": t.hour,
            }
            parts = {f"{name}_{part}": values for part, values in parts.items()}
            X = X.drop(columns=name).assign(**parts)
    return X


def _check_names(problem: Problem, asked: dict) -> None:
    """Refuse options that name a column that no domain has."""
    both = [*problem.X.columns, *problem.Xt.columns]
    for option, names in asked.items():
        for name in names or ():
            if name == problem.label:
                raise ValueError(f"{option}: {name!r} is the column of the labels.")
            if name not in both:
                found = ", ".join(repr(column) for column in problem.X.columns[:8])
                raise ValueError(
                    f"{option}: neither {problem.source!r} nor {problem.target!r} has "
                    f"a column {name!r}. There are {found}."
                )


def _find_ids(problem: Problem, row_id: str | None):
    """Return the names of the target rows: a column, or else their numbers."""
    import pandas as pd

    if row_id is None:
        if _is_index(problem):
            warnings.warn(
                "Left out: the first column, which has no name and names the rows. It "
                "is called 'index' in predictions.",
                UserWarning,
                stacklevel=4,
            )
            return problem.Xt[_INDEX].rename("index")
        name = "row" if problem.label != "row" else "number"
        return pd.Series(problem.target_places.number, name=name)
    if row_id not in problem.Xt.columns:
        if row_id == problem.label:
            raise ValueError(f"--id: {row_id!r} is the column of the labels.")
        raise ValueError(f"--id: {problem.target!r} has no column {row_id!r}.")
    ids = problem.Xt[row_id]
    if ids.duplicated().any():
        k = int(ids.duplicated().to_numpy().argmax())
        warnings.warn(
            f"--id: {row_id!r} does not tell the rows apart: {ids.iloc[k]!r} in "
            f"{problem.target_places.of(k)} is not the first.",
            UserWarning,
            stacklevel=4,
        )
    return ids


def _is_index(problem: Problem) -> bool:
    """Return whether the first column has no name, and no value twice."""
    sides = problem.X, problem.Xt
    return all(_INDEX in X and X[_INDEX].is_unique for X in sides) and (
        len(problem.Xt) > 1
    )


def choose_columns(problem: Problem, drop, features, dates, row_id) -> Problem:
    """Return a problem with the columns that the options leave.

    Parameters
    ----------
    problem : Problem

    drop, features, dates : list of str or None
        Columns to leave out, to use alone, and to take apart.

    row_id : str or None
        Column that names the rows: no feature, but kept for the predictions. If None,
        the number of each row in its file.
    """
    _check_names(problem, {"--drop": drop, "--features": features, "--dates": dates})
    ids = _find_ids(problem, row_id)
    left_out = {*(drop or ()), row_id}
    if ids.name == "index":
        left_out.add(_INDEX)

    def keep(X, places):
        names = [
            name
            for name in X.columns
            if name not in left_out and (not features or name in features)
        ]
        return _apart(X[names], dates or [], places)

    return problem._replace(
        X=keep(problem.X, problem.source_places),
        Xt=keep(problem.Xt, problem.target_places),
        ids=ids,
    )


# ------------------------------------------------------------------------ checking


def check_columns(problem: Problem) -> None:
    """Refuse columns that cannot be used as they are.

    Raises
    ------
    ValueError
        If the domains have no column in common, a column holds dates, or a number in
        one domain and a text in the other, or a number that is not finite.
    """
    shared = [name for name in problem.X.columns if name in problem.Xt.columns]
    if not shared:
        raise ValueError(_nothing_shared(problem))
    sides = (problem.X, problem.source_places), (problem.Xt, problem.target_places)
    for name in shared:
        _refuse_dates(name, sides)
        check_cells([(X[name], places) for X, places in sides], "--drop")
    check_finite(sides, shared)


def _nothing_shared(problem: Problem) -> str:
    """Return what to do where the domains have no column in common."""
    sides = (problem.X, problem.source), (problem.Xt, problem.target)
    for X, name in sides:
        if not len(X.columns):
            return f"{name!r} has no column of features: there is nothing to compare."
        if len(X.columns) == 1 and any(s in str(X.columns[0]) for s in ",;\t|"):
            return (
                f"{name!r} is read as one column, {X.columns[0]!r}: leave out --sep, "
                "or give another."
            )
    for X, name in sides:
        numbers = sum(_is_number(str(column)) for column in X.columns)
        if numbers > len(X.columns) / 3:
            return (
                f"The first row of {name!r} reads like data: put the names of the "
                "columns above it."
            )
    ours, theirs = (
        ", ".join(repr(column) for column in X.columns[:6]) for X, _ in sides
    )
    return (
        f"Source and target have no columns in common. The source has {ours}; the "
        f"target has {theirs}. Give the columns the same names in both."
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _refuse_dates(name, sides) -> None:
    from adapt.model_selection._preprocessing import holds_dates

    for X, places in sides:
        if holds_dates(X[name]) and X[name].notna().any():
            k = int(X[name].notna().to_numpy().argmax())
            raise ValueError(
                f"The column {name!r} holds dates, such as {str(X[name].iloc[k])!r} "
                f"in {places.of(k)}: take it apart with --dates {name}, or leave it "
                f"out with --drop {name}."
            )


def _number_cells(column):
    """Return which cells of a column are there, and which of these are numbers."""
    import pandas as pd

    from adapt.model_selection._preprocessing import are_truth_values

    there = column.notna().to_numpy(bool)
    if are_truth_values(column):
        return there, np.zeros(len(column), dtype=bool)
    if pd.api.types.is_numeric_dtype(column):
        return there, there
    numbers = pd.to_numeric(column.astype("string"), errors="coerce")
    return there, there & numbers.notna().to_numpy(bool)


def check_cells(sides: list, option: str | None) -> str:
    """Refuse a column that holds numbers in one table and texts in the other.

    If no table holds numbers alone, but one holds mostly numbers, a warning says so.

    Parameters
    ----------
    sides : list of (Series, Places)
        The column in each table.

    option : str or None
        What leaves the column out. If None, columns of two kinds are no error.

    Returns
    -------
    what : str
        What is wrong where the tables hold different kinds of values; empty where they
        do not.
    """
    from adapt.model_selection._preprocessing import are_truth_values

    sides = [(column, places) for column, places in sides if column.notna().any()]
    found = [_number_cells(column) for column, _ in sides]
    shares = [numbers.sum() / there.sum() for there, numbers in found]
    truth = [are_truth_values(column) for column, _ in sides]
    for (column, places), (there, numbers), share, is_truth in zip(
        sides, found, shares, truth, strict=True
    ):
        of_texts = share < 0.5 and not is_truth
        others = 1 in shares or any(truth)
        if share == 1 or is_truth or (of_texts and not others):
            continue
        k = int((there & ~numbers).argmax())
        cell = f"{str(column.iloc[k])!r} in {places.of(k)}, column {column.name!r},"
        out = "" if option is None else f", or leave it out with {option} {column.name}"
        if of_texts:
            kind = "is not a number" if 1 in shares else "is neither true nor false"
            what = f"{cell} {kind}, as the cells of the other table are"
            if option is None:
                return what
            raise ValueError(f"{what}: write the column alike in both{out}.")
        more = (there & ~numbers).sum() - 1
        nor = f", nor are {more} more cells" if more else ""
        what = (
            f"{cell} is not a number{nor}: correct it, give --missing "
            f"{str(column.iloc[k])!r} if it stands for a missing value{out}."
        )
        if 1 in shares:
            raise ValueError(what)
        warnings.warn(f"Taken as text: {what}", UserWarning, stacklevel=4)
        break
    return ""


def check_finite(sides, names) -> None:
    """Refuse a number that is infinite."""
    from pandas.api.types import is_float_dtype

    for X, places in sides:
        for name in names:
            if not is_float_dtype(X[name]):
                continue
            bad = np.isinf(X[name].to_numpy(float, na_value=np.nan))
            if bad.any():
                k = int(bad.argmax())
                raise ValueError(
                    f"{X[name].iloc[k]} in {places.of(k)}, column {name!r}, is not "
                    "finite: correct it, or give --missing inf -inf if it stands for "
                    "a missing value."
                )


# -------------------------------------------------------------------------- labels


def check_labels(problem: Problem) -> Problem:
    """Return a problem whose source rows all have a label, and check the labels.

    Raises
    ------
    ValueError
        If no source row has a label, or no label of the target is one of the source.
    """
    if problem.y is None:
        return problem
    labelled = problem.y.notna().to_numpy(bool)
    if not labelled.any():
        raise ValueError(
            f"No row of {problem.source!r} has a label in {problem.label!r}."
        )
    if not labelled.all():
        k = int((~labelled).argmax())
        warnings.warn(
            f"Left out: {(~labelled).sum():,} of {len(labelled):,} source rows without "
            f"a label in {problem.label!r}, the first {problem.source_places.of(k)}.",
            UserWarning,
            stacklevel=3,
        )
        problem = problem.take_source(labelled)
    _check_target_labels(problem)
    return problem


def _check_target_labels(problem: Problem) -> None:
    """Refuse labels of the target that are of another kind than the source's."""
    from adapt._label_kinds import is_classification

    y, yt = problem.y, problem.yt
    if yt is None or not yt.notna().any():
        return
    known, given = y.unique(), yt.dropna().unique()
    new = sorted(map(str, set(given.tolist()) - set(known.tolist())))
    texts = [
        not all(isinstance(v, (int, float)) for v in v.tolist()) for v in (known, given)
    ]
    if texts[0] == texts[1] and not is_classification(y.to_numpy()):
        return
    if len(new) == len(given):
        raise ValueError(
            f"The labels in {problem.label!r} are {_some(new)} in the target and "
            f"{_some(sorted(map(str, known)))} in the source: write them alike, or "
            "leave those of the target out."
        )
    if new and len(known) > 1:
        warnings.warn(
            f"The target has labels that the source does not have, and no method can "
            f"predict: {_some(new)}.",
            UserWarning,
            stacklevel=4,
        )


def _some(values: list[str], n: int = 4) -> str:
    more = ", ..." if len(values) > n else ""
    return ", ".join(repr(value) for value in values[:n]) + more
