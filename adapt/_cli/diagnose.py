"""``adapt diagnose``: is there a shift, and of what kind."""

import argparse
from typing import TYPE_CHECKING

from adapt import _files
from adapt._cli.by_source import as_values, say_sources
from adapt._cli.options import add_data, add_estimator
from adapt._cli.problems import Problem
from adapt._cli.reading import inputs_of, read
from adapt._cli.writing import json_result, say, text_result, write_all
from adapt._extras import require

if TYPE_CHECKING:
    from adapt.inspection import ShiftReport


def add_parser(verbs) -> None:
    diagnose = verbs.add_parser(
        "diagnose",
        help="tell whether there is a shift, of what kind, and what to do",
        description="Test whether source and target differ, overall and by column, "
        "name the kind of shift, and estimate the accuracy on the target. If target "
        "rows are labelled, concept shift is tested too. Without --label only the "
        "features are compared.",
    )
    diagnose.set_defaults(run=run)
    add_data(diagnose)
    options = diagnose.add_argument_group("options")
    add_estimator(options, "whose accuracy on the target is estimated")
    options.add_argument("--seed", metavar="N", type=int, default=0, help="default: 0")
    files = diagnose.add_argument_group("results")
    files.add_argument("--json", metavar="FILE", help="the findings")
    files.add_argument(
        "--report", metavar="FILE", help="one page of HTML with findings and pictures"
    )


def run(args: argparse.Namespace) -> int:
    """Diagnose, print what is found, and write what is asked for."""
    _files.check_outputs([args.json, args.report], inputs_of(args))
    if args.report:
        require("--report", "matplotlib")
    problem = read(args)
    print(f"Source: {problem.source}. Target: {problem.target}.", flush=True)
    report = find_shift(args, problem)
    say(str(report))
    table, stopped = None, False
    if problem.sources:
        table, stopped = say_sources(problem, args.estimator, args.seed)
    sources = {} if table is None else {"sources": as_values(table)}
    results = []
    if args.json:
        results.append(json_result(args.json, lambda: report.to_dict() | sources))
    if args.report:
        results.append(text_result(args.report, lambda: _page(problem, report, table)))
    status = write_all(results)
    return 130 if stopped else status


def find_shift(args: argparse.Namespace, problem: Problem) -> "ShiftReport":
    """Return what `diagnose_shift` finds."""
    from adapt.inspection import diagnose_shift

    return diagnose_shift(
        problem.X,
        problem.y,
        problem.Xt,
        problem.yt,
        estimator=args.estimator,
        random_state=args.seed,
    )


def _page(problem: Problem, report: "ShiftReport", sources=None) -> str:
    """Return a page about a diagnosis."""
    from adapt.inspection._html_report import diagnosis_page

    names = {"source": problem.source, "target": problem.target, "sources": sources}
    return diagnosis_page(report, problem.X, problem.Xt, **names)
