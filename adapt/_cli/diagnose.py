"""``adapt diagnose``: is there a shift, and of what kind."""

import argparse

from adapt import _files
from adapt._cli.options import add_data, add_estimator
from adapt._cli.reading import read
from adapt._cli.writing import write_json


def add_parser(verbs) -> None:
    diagnose = verbs.add_parser(
        "diagnose",
        help="tell whether there is a shift, of what kind, and what to do",
        description="Test whether source and target differ, in all and by column, tell "
        "the kind of shift, and guess the accuracy to expect on the target. If it has "
        "labels, they show whether they follow the rule of the source. Without "
        "--label only the features are compared.",
    )
    diagnose.set_defaults(run=run)
    add_data(diagnose)
    options = diagnose.add_argument_group("options")
    add_estimator(options, "whose accuracy on the target is guessed")
    options.add_argument("--seed", type=int, default=0, help="default: 0")
    options.add_argument("--json", metavar="FILE", help="the findings")


def run(args: argparse.Namespace) -> int:
    from adapt.inspection import diagnose_shift

    _files.check_outputs([args.json], [args.source, args.target, args.data])
    problem = read(args)
    print(f"Source: {problem.source}. Target: {problem.target}.")
    report = diagnose_shift(
        problem.X,
        problem.y,
        problem.Xt,
        problem.yt,
        estimator=args.estimator,
        random_state=args.seed,
    )
    print(report)
    if args.json:
        write_json(args.json, report.to_dict())
    return 0
