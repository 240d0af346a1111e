"""Options that several verbs have."""

import argparse

from adapt._cli.series import add_series
from adapt._csv_layout import Layout


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add the ways of giving two domains."""
    data = parser.add_argument_group("data, one of three ways")
    data.add_argument(
        "--source",
        metavar="FILE",
        nargs="+",
        help="CSV or Parquet, with labels; several files are several sources",
    )
    data.add_argument("--target", metavar="FILE", help="CSV or Parquet")
    data.add_argument("--data", metavar="FILE", help="both domains in one file")
    data.add_argument("--domain-column", metavar="NAME", help="column of the domain")
    data.add_argument("--dataset", metavar="NAME", help="see `adapt datasets`")
    data.add_argument("--label", metavar="NAME", help="column of the labels")
    data.add_argument(
        "--target-domain",
        metavar="VALUE",
        nargs="+",
        help="which domains are the target, with --data or --dataset",
    )
    data.add_argument(
        "--source-domain",
        metavar="VALUE",
        nargs="+",
        help="which domains are the source; all others if not given",
    )
    columns = parser.add_argument_group("columns")
    columns.add_argument(
        "--features", metavar="NAME", nargs="+", help="use these columns alone"
    )
    columns.add_argument("--drop", metavar="NAME", nargs="+", help="leave these out")
    columns.add_argument(
        "--dates",
        metavar="NAME",
        nargs="+",
        help="take these apart: year, month, weekday, hour",
    )
    columns.add_argument(
        "--id",
        metavar="NAME",
        help="column that names the rows, and no feature; without it, predictions "
        "have the number of each row in its file. With --time, it names the series",
    )
    add_series(parser)
    add_layout(parser)


def add_labels(parser: argparse.ArgumentParser) -> None:
    """Add the file of labelled target rows."""
    parser.add_argument(
        "--labels",
        metavar="FILE",
        help="labels of some target rows: a table as `adapt suggest` writes it, with "
        "the column `row` or that of --id, and the column of the labels",
    )


def add_layout(parser: argparse.ArgumentParser) -> None:
    """Add how text files are written, where looking at them is not enough."""
    layout = parser.add_argument_group(
        "text files", "The format is detected and printed; these options override it."
    )
    layout.add_argument(
        "--sep", metavar="CHAR", type=_character, help="separator of cells, or tab"
    )
    layout.add_argument(
        "--decimal", metavar="SIGN", choices=(".", ","), help="point or comma"
    )
    layout.add_argument("--encoding", metavar="NAME", help="such as latin-1")
    layout.add_argument(
        "--missing",
        metavar="TEXT",
        nargs="+",
        default=(),
        help="texts that stand for a missing value, beside the usual ones",
    )


def _character(text: str) -> str:
    text = {"tab": "\t", "\\t": "\t"}.get(text, text)
    if len(text) != 1:
        raise argparse.ArgumentTypeError(f"one character or tab, got {text!r}")
    return text


def layout_of(args: argparse.Namespace) -> Layout:
    """Return what the options say of how text files are written."""
    return Layout(args.sep, args.decimal, args.encoding, tuple(args.missing))


def add_estimator(group: argparse._ArgumentGroup, what: str) -> None:
    group.add_argument(
        "--estimator",
        choices=("logistic", "forest", "boosting"),
        default="logistic",
        help=f"{what}, as a classifier or a regressor by the labels; logistic is ridge "
        "regression for numbers (default: %(default)s)",
    )


def add_union(group: argparse._ArgumentGroup) -> None:
    """Add the option for columns that one domain lacks."""
    group.add_argument(
        "--columns",
        choices=("shared", "union"),
        default="shared",
        help="those that both domains have, or all, with numbers that a domain lacks "
        "filled in (default: %(default)s)",
    )
