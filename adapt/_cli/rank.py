"""``adapt rank``: which of several models or tables suits a target with few labels."""

import argparse
from pathlib import Path

from adapt import _files
from adapt._cli.options import add_layout, layout_of
from adapt._cli.writing import json_result, say, write_all

_MODELS = ".joblib", ".pkl"
_NOTE = """\
{score}: the score that ranks the sources; larger is better. standard_error: of it.
tied: whether the difference to the best source is within two standard errors."""


def add_parser(verbs) -> None:
    rank = verbs.add_parser(
        "rank",
        help="rank source models or tables for a target with few labels",
        description="Rank fitted models (.joblib) and labelled tables (CSV, Parquet) "
        "by how well they suit the labelled rows of a target. Its rows without a label "
        "are left out. A .joblib file can run any code: load only those you trust.",
    )
    rank.set_defaults(run=run)
    rank.add_argument("sources", metavar="FILE", nargs="+", help="models and tables")
    rank.add_argument("--target", metavar="FILE", required=True, help="CSV or Parquet")
    rank.add_argument(
        "--label", metavar="NAME", required=True, help="column of the labels"
    )
    options = rank.add_argument_group("options")
    options.add_argument(
        "--used-as",
        choices=("model", "features"),
        default="model",
        help="whether sources predict as they are, or give features to a new head "
        "(default: %(default)s)",
    )
    options.add_argument(
        "--scores", metavar="NAME", nargs="+", help="the first of them ranks"
    )
    options.add_argument("--drop", metavar="NAME", nargs="+", help="leave columns out")
    options.add_argument("--seed", metavar="N", type=int, default=0, help="default: 0")
    options.add_argument("--json", metavar="FILE", help="the table")
    add_layout(rank)


def _without(table, columns):
    return table.drop(columns=list(columns or ()), errors="ignore")


def _read_source(path: str, args: argparse.Namespace):
    """Return a fitted model, or rows and labels."""
    if Path(path).suffix in _MODELS:
        import joblib

        return joblib.load(path)
    X, y = _files.pop_column(
        _files.read_table(path, layout_of(args)),
        args.label,
        f"The source file {path!r}",
    )
    labelled = y.notna()
    return _without(X[labelled], args.drop), y[labelled]


def _names(paths: list[str]) -> list[str]:
    """Return names of files without folders, if these are all different."""
    short = [Path(path).stem for path in paths]
    return short if len(set(short)) == len(paths) else paths


def run(args: argparse.Namespace) -> int:
    from adapt.model_selection import rank_sources

    _files.check_outputs([args.json], [args.target, *args.sources])
    for path in (args.target, *args.sources):
        if Path(path).suffix not in _MODELS:
            _files.check_input(path)
    X, y = _files.pop_column(
        _files.read_table(args.target, layout_of(args)),
        args.label,
        f"The target file {args.target!r}",
    )
    sources = {
        name: _read_source(path, args)
        for name, path in zip(_names(args.sources), args.sources, strict=True)
    }
    ranking = rank_sources(
        sources,
        _without(X, args.drop),
        y,
        used_as=args.used_as,
        scores=args.scores,
        random_state=args.seed,
    )
    say(f"Target: {args.target}, {y.notna().sum()} labelled rows of {len(y)}.")
    say(ranking.to_string(float_format=lambda value: f"{value:.4g}"))
    ties = ranking.index[ranking["tied"]].tolist()
    if len(ties) > 1:
        say(
            f"Within two standard errors of the best: {', '.join(ties[1:])}. The "
            "labels are too few to rank these."
        )
    say(_NOTE.format(score=ranking.columns[0]))
    if not args.json:
        return 0
    table = ranking.reset_index(names="source")
    return write_all(
        [json_result(args.json, lambda: {"ranking": table.to_dict("records")})]
    )
