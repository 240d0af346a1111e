"""``adapt suggest``: which target rows to label."""

import argparse
import io
from contextlib import redirect_stdout

from adapt import _files
from adapt._cli.labelled_rows import rows_to_label
from adapt._cli.options import add_data, add_estimator, add_labels
from adapt._cli.reading import inputs_of, read
from adapt._cli.writing import say, table_result, write_all


def add_parser(verbs) -> None:
    suggest = verbs.add_parser(
        "suggest",
        help="choose the target rows whose labels best compare the methods",
        description="Write target rows to a file with an empty column for the label. "
        "They are drawn at random from the rows on which methods differ. Fill in the "
        "labels, and give the file to `adapt compare --labels`, which then chooses by "
        "them.",
    )
    suggest.set_defaults(run=run)
    add_data(suggest)
    add_labels(suggest)
    options = suggest.add_argument_group("options")
    options.add_argument(
        "--n", type=int, default=20, help="number of rows (default: %(default)s)"
    )
    add_estimator(options, "what every method fits")
    options.add_argument(
        "--methods",
        metavar="NAME",
        nargs="+",
        help="candidates (default: a few that are quick); see `adapt list`",
    )
    options.add_argument("--cv", type=int, default=5, help="folds (default: 5)")
    options.add_argument("--seed", type=int, default=0, help="default: 0")
    options.add_argument("--jobs", type=int, help="folds to run at a time (default: 1)")
    suggest.add_argument(
        "--output", metavar="FILE", required=True, help="the rows, as its ending says"
    )


def run(args: argparse.Namespace) -> int:
    """Compare methods, and write the rows on which they differ."""
    from adapt.model_selection import compare

    if args.n < 1:
        raise ValueError(f"--n must be at least 1, got {args.n}.")
    _files.check_outputs([args.output], inputs_of(args))
    _files.check_table_name(args.output)
    problem = read(args)
    if args.dataset:
        problem = problem._replace(yt=None)  # else there is nothing to be labelled
    with redirect_stdout(io.StringIO()):  # the bar on standard error is enough
        comparison = compare(
            **problem.domains(by_source=False),
            estimator=args.estimator,
            methods="default" if args.methods is None else args.methods,
            cv=args.cv,
            random_state=args.seed,
            n_jobs=args.jobs,
            verbose=1,
        )
    rows = comparison.suggest_labels(args.n, random_state=args.seed)
    table = rows_to_label(problem, rows)
    status = write_all([table_result(args.output, lambda: table)])
    if status == 0:
        say(
            f"Fill in the column {problem.label!r} of these {len(rows)} rows, and give "
            "the file to `adapt compare --labels`, with the same options."
        )
    return status
