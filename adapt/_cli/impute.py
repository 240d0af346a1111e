"""``adapt impute``: missing cells filled."""

import argparse
import warnings

from adapt import _files
from adapt._cli.columns import check_cells, check_finite
from adapt._cli.options import add_layout, layout_of
from adapt._cli.problems import whole_files
from adapt._cli.writing import say, table_result, write_all
from adapt._progress import progress_bar


def add_parser(verbs) -> None:
    impute = verbs.add_parser(
        "impute",
        help="fill the missing cells of a table, with the help of another",
        description="Fill the missing cells of a target table. A source table with the "
        "same columns, or some of them, makes the result better. Observed cells are "
        "not changed. Text columns of up to 50 different values are filled too.",
    )
    impute.set_defaults(run=run)
    impute.add_argument(
        "--target", metavar="FILE", required=True, help="CSV or Parquet, with gaps"
    )
    impute.add_argument(
        "--source",
        metavar="FILE",
        nargs="+",
        help="CSV or Parquet, one file or several; may have gaps",
    )
    impute.add_argument("--output", metavar="FILE", required=True, help="the result")
    impute.add_argument(
        "--method",
        choices=("gaussian", "gain", "cluegain"),
        default="gaussian",
        help="gain and cluegain train networks with Keras (default: %(default)s)",
    )
    impute.add_argument("--seed", metavar="N", type=int, default=0, help="default: 0")
    add_layout(impute)


_IMPUTERS = {
    "gaussian": "GaussianTransferImputer",
    "gain": "GAINImputer",
    "cluegain": "ClueGAINImputer",
}


def run(args: argparse.Namespace) -> int:
    """Fill the missing cells, and write the table."""
    from adapt import imputation
    from adapt.imputation._fill_files import fill_file

    inputs = [args.target, *(args.source or ())]
    _files.check_outputs([args.output], inputs)
    _files.check_table_name(args.output)
    name = _IMPUTERS[args.method]
    imputer = getattr(imputation, name)(random_state=args.seed)
    for path in inputs:
        _files.check_input(path)
    target, source = _read(args)

    def progress(parts):
        bar = progress_bar(len(parts), "Filling", "part", shown=len(parts) > 1)
        for part in parts:
            yield part
            bar.update()
        bar.close()

    print(f"Fitting {name} on {args.target}.", flush=True)
    filled = fill_file(
        imputer, args.target, target, source, args.output, progress, layout_of(args)
    )
    say(f"Filled {filled.n_filled:,} cells.")
    if filled.unfilled:
        names = ", ".join(filled.unfilled)
        say(f"Left as they are, because no value is known: {names}.")
    return write_all(
        [table_result(args.output, lambda: filled.table, filled.separator)]
    )


def _read(args: argparse.Namespace):
    """Return the target and the source as tables, which may be None, both checked."""
    files = [args.target, *(args.source or ())]
    tables = [_files.read_table(path, layout_of(args)) for path in files]
    for path, table in zip(files, tables, strict=True):
        if not len(table):
            domain = "target" if path == args.target else "source"
            raise ValueError(f"The {domain} {path!r} has no rows.")
    sides = [(tables[0], whole_files(files[:1], tables[:1]))]
    if args.source:
        sides.append((_joined(tables[1:]), whole_files(files[1:], tables[1:])))
    odd = []
    for name in tables[0].columns:
        what = check_cells([(X[name], p) for X, p in sides if name in X.columns], None)
        if what:
            odd.append(name)
            warnings.warn(
                f"The source is not used for {name!r}: {what}.",
                UserWarning,
                stacklevel=3,
            )
    for table, places in sides:
        check_finite([(table, places)], table.columns)
    return tables[0], sides[1][0].drop(columns=odd) if args.source else None


def _joined(tables: list):
    """Return the rows of all tables; cells of columns that one has not are missing."""
    import pandas as pd

    return tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True)
