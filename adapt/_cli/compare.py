"""``adapt compare``: which method, if any."""

import argparse
import io
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

from adapt import _files
from adapt._cli.by_source import as_values, say_sources
from adapt._cli.diagnose import find_shift
from adapt._cli.options import add_data, add_estimator, add_labels, add_union
from adapt._cli.problems import Problem, predictions
from adapt._cli.reading import inputs_of, read
from adapt._cli.writing import (
    Result,
    json_result,
    say,
    table_result,
    text_result,
    write_all,
)
from adapt._extras import require

if TYPE_CHECKING:
    from adapt.model_selection import Comparison

_OWN_FILES = """
Your own files, with the label in the column y; the target needs none:

  adapt compare --source old.csv --target new.csv --label y --output pred.csv

One file with both domains, and a column that says which is which:

  adapt compare --data all.csv --domain-column d --target-domain new --label y

Time series in long tables, a row for each step:

  adapt compare --source a.csv --target b.csv --id window --time t --label y"""


def add_parser(verbs) -> None:
    compare = verbs.add_parser(
        "compare",
        help="compare methods and recommend one, without target labels",
        description="Compare adaptation methods on a labelled source and a target, "
        "score each without target labels, and recommend one or none. If some target "
        "rows are labelled, they may change the recommendation. If all are, their "
        "labels are only used to show the true scores.",
        epilog="Columns may hold numbers, text, categories and missing values. Only "
        "columns that both domains have are used, unless --columns union fills in what "
        "one lacks.",
    )
    compare.set_defaults(run=run)
    add_data(compare)
    add_labels(compare)
    options = compare.add_argument_group("options")
    add_estimator(options, "what every method fits")
    options.add_argument(
        "--methods",
        metavar="NAME",
        nargs="+",
        help="candidates (default: a few that are quick); see `adapt list`",
    )
    options.add_argument(
        "--scoring",
        choices=("accuracy", "balanced_accuracy", "r2"),
        help="default: accuracy for classes, r2 for numbers",
    )
    options.add_argument(
        "--target-labels",
        choices=("score", "choose", "train"),
        help="use of target labels. score: only show true scores; choose: also choose "
        "the method by them; train: also train supervised methods on them, scored on "
        "held-out target rows (default: choose if some rows are labelled, score if all "
        "are)",
    )
    add_union(options)
    options.add_argument(
        "--cv", metavar="N", type=int, default=5, help="folds (default: 5)"
    )
    options.add_argument("--seed", metavar="N", type=int, default=0, help="default: 0")
    options.add_argument(
        "--jobs", metavar="N", type=int, help="folds to run at a time (default: 1)"
    )
    _add_files(compare.add_argument_group("results"))


def _add_files(files: argparse._ArgumentGroup) -> None:
    files.add_argument(
        "--output", metavar="FILE", help="predictions of the target, as its ending says"
    )
    files.add_argument("--save", metavar="FILE", help="fitted model, for joblib.load")
    files.add_argument("--json", metavar="FILE", help="the table, and each source")
    files.add_argument(
        "--report",
        metavar="FILE",
        help="one page of HTML with diagnosis, table and pictures",
    )


def run(args: argparse.Namespace) -> int:
    """Compare, print the table once, and write what is asked for."""
    from adapt.model_selection import compare

    _check_files(args)
    problem = read(args)
    things = "series" if problem.of_series else "rows"
    print(f"Source: {problem.source}, {len(problem.X):,} {things} with labels.")
    print(f"Target: {problem.target}, {len(problem.Xt):,} {things}.\n", flush=True)
    # The bar on standard error shows how far it is; the table is printed once.
    with redirect_stdout(io.StringIO()):
        comparison = compare(
            **problem.domains(by_source=args.target_labels == "train"),
            estimator=args.estimator,
            methods="default" if args.methods is None else args.methods,
            cv=args.cv,
            scoring=args.scoring,
            target_labels=args.target_labels,
            columns=args.columns,
            random_state=args.seed,
            n_jobs=args.jobs,
            verbose=1,
        )
    say(str(comparison))
    table, stopped = None, comparison.interrupted
    if problem.sources and not stopped:
        table, stopped = say_sources(problem, args.estimator, args.seed)
    status = write_all(list(_results(args, problem, comparison, table)))
    if args.dataset:
        say(_OWN_FILES)
    return 130 if stopped else status


def _check_files(args: argparse.Namespace) -> None:
    """Refuse files and options that will fail, before any work."""
    outputs = [args.output, args.save, args.json, args.report]
    _files.check_outputs(outputs, inputs_of(args))
    _files.check_table_name(args.output)
    if args.report:
        require("--report", "matplotlib")
    if args.methods is not None:
        from adapt.model_selection._candidates import named_candidates

        named_candidates(args.methods)


def _results(
    args: argparse.Namespace, problem: Problem, comparison: "Comparison", table=None
) -> Iterator[Result]:
    """Yield the files that are asked for, the quickest first."""
    if args.output:
        yield table_result(args.output, lambda: predictions(comparison, problem))
    if args.save:
        import joblib

        yield Result(
            args.save, lambda path: joblib.dump(comparison.best_estimator, path)
        )
    if args.json:
        sources = {} if table is None else {"sources": as_values(table)}
        yield json_result(args.json, lambda: comparison.to_dict() | sources)
    if args.report:
        yield text_result(
            args.report, lambda: _report(args, problem, comparison, table)
        )


def _report(
    args: argparse.Namespace, problem: Problem, comparison: "Comparison", sources=None
) -> str:
    """Return a page about a comparison."""
    from adapt.inspection._html_report import html_report

    names = {"source": problem.source, "target": problem.target, "sources": sources}
    report = find_shift(args, problem)
    return html_report(comparison, report, problem.X, problem.Xt, **names)
