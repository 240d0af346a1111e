"""From the options of a verb to the two domains that they name."""

import argparse

from adapt._cli import problems
from adapt._cli.columns import check_columns, check_labels, choose_columns
from adapt._cli.labelled_rows import with_labels
from adapt._cli.options import layout_of
from adapt._cli.problems import Problem
from adapt._cli.series import has_series, series_of, without_groups
from adapt._files import check_input


def inputs_of(args: argparse.Namespace) -> list[str]:
    """Return the files that are to be read."""
    given = *(args.source or ()), args.target, args.data, getattr(args, "labels", None)
    return [path for path in given if path]


def read(args: argparse.Namespace) -> Problem:
    """Return the problem that the arguments describe, with the columns they name."""
    series = has_series(args)
    problem = _read_domains(args)
    if problem.of_series:
        return problem
    if series:
        return series_of(problem, args)
    problem = without_groups(problem, args.group)
    problem = choose_columns(problem, args.drop, args.features, args.dates, args.id)
    if not args.dataset:
        check_columns(problem)
    if getattr(args, "labels", None):
        problem = with_labels(problem, args.labels, layout_of(args))
    return check_labels(problem)


def _check_way(args: argparse.Namespace) -> None:
    """Refuse data given in more than one way or by half."""
    ways = {
        "--source and --target": bool(args.source or args.target),
        "--data": bool(args.data),
        "--dataset": bool(args.dataset),
    }
    given = [way for way, is_given in ways.items() if is_given]
    if len(given) != 1:
        raise ValueError(
            "give the data in one way: --source a.csv --target b.csv, or --data x.csv, "
            f"or --dataset name; got {' with '.join(given) if given else 'none'}"
        )
    if args.dataset:
        return
    needed = ("data", "domain_column", "target_domain", "label")
    if not args.data:
        needed = ("source", "target", "label")
    if args.verb == "diagnose":  # features alone can be compared
        needed = needed[:-1]
    options = [f"--{name.replace('_', '-')}" for name in needed]
    if not all(getattr(args, name) for name in needed):
        missing = [
            option
            for name, option in zip(needed, options, strict=True)
            if not getattr(args, name)
        ]
        raise ValueError(
            f"{', '.join(options[:-1])} and {options[-1]} go together; there is no "
            f"{' and no '.join(missing)}"
        )


def _read_domains(args: argparse.Namespace) -> Problem:
    _check_way(args)
    if args.dataset:
        names = args.source_domain, args.target_domain
        if any(name is not None and len(name) > 1 for name in names):
            raise ValueError("with --dataset, name one domain as source and as target")
        return problems.load_bundled(
            args.dataset, *(name and name[0] for name in names)
        )
    for path in inputs_of(args):
        check_input(path)
    if args.data:
        return problems.read_one_file(
            args.data,
            args.label,
            args.domain_column,
            args.target_domain,
            args.source_domain,
            layout_of(args),
        )
    return problems.read_files(args.source, args.target, args.label, layout_of(args))
