"""Time series on the command line: long tables, a row for each step."""

import argparse
from typing import TYPE_CHECKING

import numpy as np

from adapt._cli.problems import Problem

if TYPE_CHECKING:
    from pandas import DataFrame


def add_series(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which rows of a long table are a series."""
    series = parser.add_argument_group(
        "time series",
        "A long table has a row for each step of each series. --id then names the "
        "series, and predictions have a line for each.",
    )
    series.add_argument("--time", metavar="NAME", help="column that orders the steps")
    series.add_argument(
        "--group",
        metavar="NAME",
        help="column such as the person or the recording; rows or series of one group "
        "are held out together. It is no feature",
    )
    series.add_argument(
        "--width", type=int, help="cut series into windows of so many steps"
    )
    series.add_argument(
        "--step", type=int, help="steps between windows (default: --width)"
    )


def has_series(args: argparse.Namespace) -> bool:
    """Return whether the options describe series, or refuse those that do by half."""
    wanted = args.time is not None or args.width is not None
    if wanted and args.id is None:
        raise ValueError("--time and --width need --id, the column that names a series")
    if args.step is not None and args.width is None:
        raise ValueError("--step needs --width, the number of steps of a window")
    return wanted


def without_groups(problem: Problem, group: str | None) -> Problem:
    """Return a problem of tables whose column of groups is no feature."""
    if group is None:
        return problem
    if group not in problem.X.columns:
        raise ValueError(f"--group: {problem.source!r} has no column {group!r}.")
    left = [
        X.drop(columns=group) if group in X.columns else X
        for X in (problem.X, problem.Xt)
    ]
    return problem._replace(
        X=left[0], Xt=left[1], groups=problem.X[group].astype(str).to_numpy()
    )


def _channels(problem: Problem, args: argparse.Namespace) -> list[str]:
    """Return the columns of values that both domains have."""
    special = {args.id, args.time, args.group, *(args.drop or ())}
    names = [
        name
        for name in problem.X.columns
        if name in problem.Xt.columns
        and name not in special
        and (not args.features or name in args.features)
    ]
    if not names:
        raise ValueError("No column is left for the values of the series.")
    return names


def _read(table: "DataFrame", y, args: argparse.Namespace, names: list[str]):
    """Return series, labels, groups and ids of a domain."""
    from adapt.series import as_series

    kept = [args.group] if args.group in table.columns else []
    table = table[[c for c in (args.id, args.time) if c] + kept + names]
    if y is not None and args.width is None:
        table = table.assign(**{y.name: y.to_numpy()})
        kept = [*kept, y.name]
    given = {"id": args.id, "time": args.time, "labels": kept}
    if y is not None and args.width is not None:
        return _windows(table, y, args, names, given)
    series = as_series(table, channels=names, **given)
    groups = series.labels.get(args.group)
    ids = series.ids
    if args.width is not None:
        return _cut(series, None, args, groups)
    labels = None if y is None else series.labels[y.name]
    return series, labels, groups, ids


def _windows(table, y, args: argparse.Namespace, names: list[str], given: dict):
    """Return windows, whose labels are those of most of their steps."""
    import pandas as pd

    from adapt.series import as_series

    codes, classes = pd.factorize(y)
    table = table.assign(**{y.name: np.where(codes < 0, np.nan, codes)})
    series = as_series(table, channels=[*names, y.name], **given)
    by_step = [
        row[:length, -1]
        for row, length in zip(series.values, series.lengths, strict=True)
    ]
    whole = as_series(series.values[:, :, :-1], channels=names)
    whole.ids = series.ids
    groups = series.labels.get(args.group)
    X, found, groups, ids = _cut(whole, by_step, args, groups)
    labels = np.full(len(found), None, dtype=object)
    known = ~np.isnan(found)
    labels[known] = np.asarray(classes)[found[known].astype(int)]
    return X, pd.Series(labels, name=y.name).infer_objects().to_numpy(), groups, ids


def _cut(series, by_step, args: argparse.Namespace, groups):
    from adapt.series import as_series, cut_windows

    groups = series.ids if groups is None else groups
    place = np.arange(len(series))
    windows = cut_windows(series, by_step, args.width, args.step, groups=place)
    ids = [
        f"{series.ids[k]} from {start}"
        for k, start in zip(windows.groups, windows.starts, strict=True)
    ]
    X = as_series(windows.X, channels=series.channels)
    return X, windows.y, np.asarray(groups)[windows.groups], np.array(ids)


def series_of(problem: Problem, args: argparse.Namespace) -> Problem:
    """Return a problem of series, read from long tables.

    Parameters
    ----------
    problem : Problem
        Two long tables.

    args : Namespace
        The options of `add_series`, and `--id`.
    """
    import pandas as pd

    for option, name in [("--id", args.id), ("--time", args.time)]:
        for table, where in (problem.X, problem.source), (problem.Xt, problem.target):
            if name is not None and name not in table.columns:
                raise ValueError(f"{option}: {where!r} has no column {name!r}.")
    names = _channels(problem, args)
    X, y, groups, _ = _read(problem.X, problem.y, args, names)
    Xt, yt, _, ids = _read(problem.Xt, problem.yt, args, names)
    return problem._replace(
        X=X,
        y=y,
        Xt=Xt,
        yt=yt,
        groups=groups if args.group or args.width else None,
        ids=pd.Series(ids, name=args.id),
        source_domain=None,
        sources=(),
        of_series=True,
    )
