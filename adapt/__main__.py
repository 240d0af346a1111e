"""The command line: ``adapt compare``, ``diagnose``, ``impute``, ``list`` and more."""

import argparse
import json
import os
import re
import sys
import textwrap
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from adapt import __version__, _files, _problems
from adapt._csv_layout import Layout

if TYPE_CHECKING:
    from adapt._problems import Problem
    from adapt.model_selection import Comparison

_OWN_FILES = """
Your own files, with the label in the column y; the target needs none:

  adapt compare --source old.csv --target new.csv --label y --output pred.csv

One file with both domains, and a column that says which is which:

  adapt compare --data all.csv --domain-column d --target-domain new --label y"""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"adapt: error: {message}; see `{self.prog} --help`.\n")


def _add_data(parser: argparse.ArgumentParser) -> None:
    """Add the ways of giving two domains."""
    data = parser.add_argument_group("data, one of three ways")
    data.add_argument("--source", metavar="FILE", help="CSV or Parquet, with labels")
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
        "--id", metavar="NAME", help="column that names the rows; in the predictions"
    )
    _add_layout(parser)


def _add_layout(parser: argparse.ArgumentParser) -> None:
    """Add how text files are written, where looking at them is not enough."""
    layout = parser.add_argument_group("text files, found by their first rows")
    layout.add_argument(
        "--sep", metavar="CHAR", type=_character, help="separator of cells, or tab"
    )
    layout.add_argument("--decimal", choices=(".", ","), help="decimal sign")
    layout.add_argument("--encoding", metavar="NAME", help="such as latin-1")


def _character(text: str) -> str:
    text = {"tab": "\t", "\\t": "\t"}.get(text, text)
    if len(text) != 1:
        raise argparse.ArgumentTypeError(f"one character or tab, got {text!r}")
    return text


def _layout(args: argparse.Namespace) -> Layout:
    return Layout(args.sep, args.decimal, args.encoding)


def _add_estimator(group: argparse._ArgumentGroup, what: str) -> None:
    group.add_argument(
        "--estimator",
        choices=("logistic", "forest", "boosting"),
        default="logistic",
        help=f"{what}, as a classifier or a regressor by the labels; logistic is ridge "
        "regression for numbers (default: %(default)s)",
    )


def _add_compare(verbs) -> None:
    compare = verbs.add_parser(
        "compare",
        help="compare methods and recommend one, without target labels",
        description="Compare adaptation methods on a labelled source and a target, "
        "score each without target labels, and recommend one or none. If the target "
        "has labels, they only show how good the methods are.",
        epilog="Columns may hold numbers, text, categories and missing values. Only "
        "columns that both domains have are used.",
    )
    compare.set_defaults(run=_compare)
    _add_data(compare)
    options = compare.add_argument_group("options")
    _add_estimator(options, "what every method fits")
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
        choices=("score", "train"),
        default="score",
        help="what labels of the target are for; train lets supervised methods take "
        "part and scores on held-out target rows (default: %(default)s)",
    )
    options.add_argument("--cv", type=int, default=5, help="folds (default: 5)")
    options.add_argument("--seed", type=int, default=0, help="default: 0")
    options.add_argument("--jobs", type=int, help="folds to run at a time (default: 1)")
    files = compare.add_argument_group("results")
    files.add_argument(
        "--output", metavar="FILE", help="predictions of the target, as its ending says"
    )
    files.add_argument("--save", metavar="FILE", help="fitted model, for joblib.load")
    files.add_argument("--json", metavar="FILE", help="the table")
    files.add_argument(
        "--report",
        metavar="FILE",
        help="one page of HTML with diagnosis, table and pictures",
    )


def _add_diagnose(verbs) -> None:
    diagnose = verbs.add_parser(
        "diagnose",
        help="tell whether there is a shift, of what kind, and what to do",
        description="Test whether source and target differ, in all and by column, tell "
        "the kind of shift, and guess the accuracy to expect on the target. If it has "
        "labels, they show whether they follow the rule of the source. Without "
        "--label only the features are compared.",
    )
    diagnose.set_defaults(run=_diagnose)
    _add_data(diagnose)
    options = diagnose.add_argument_group("options")
    _add_estimator(options, "whose accuracy on the target is guessed")
    options.add_argument("--seed", type=int, default=0, help="default: 0")
    options.add_argument("--json", metavar="FILE", help="the findings")


def _add_impute(verbs) -> None:
    impute = verbs.add_parser(
        "impute",
        help="fill the missing cells of a table, with another as a clue",
        description="Fill the missing cells of a target, with a source that has the "
        "same columns, or some of them, as a clue. Cells that are there stay as they "
        "are. Text columns of up to 50 different values are filled too.",
    )
    impute.set_defaults(run=_impute)
    impute.add_argument(
        "--target", metavar="FILE", required=True, help="CSV or Parquet, with gaps"
    )
    impute.add_argument(
        "--source", metavar="FILE", help="CSV or Parquet; may have gaps"
    )
    impute.add_argument("--output", metavar="FILE", required=True, help="the result")
    impute.add_argument(
        "--method",
        choices=("gaussian", "gain", "cluegain"),
        default="gaussian",
        help="gain and cluegain train networks with Keras (default: %(default)s)",
    )
    impute.add_argument("--seed", type=int, default=0, help="default: 0")
    _add_layout(impute)


def _add_list(verbs) -> None:
    methods = verbs.add_parser("list", help="list the methods")
    methods.set_defaults(run=_list)
    methods.add_argument(
        "--deep", action="store_true", help="with those that need Keras, which loads"
    )


def _add_datasets(verbs) -> None:
    datasets = verbs.add_parser("datasets", help="list the bundled data sets")
    datasets.set_defaults(run=_datasets)
    datasets.add_argument("name", nargs="?", help="one of them, to be described")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="adapt",
        description="Domain adaptation: a model for data that differ from the labelled "
        "ones.",
    )
    parser.add_argument("--version", action="version", version=f"adapt {__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="verb")
    adders = _add_compare, _add_diagnose, _add_impute, _add_list, _add_datasets
    for add in adders:
        add(verbs)
    return parser


def _read(args: argparse.Namespace) -> "Problem":
    """Return the problem that the arguments describe, with the columns they name."""
    return _problems.choose_columns(
        _read_domains(args), args.drop, args.features, args.dates, args.id
    )


def _read_domains(args: argparse.Namespace) -> "Problem":
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
        names = args.source_domain, args.target_domain
        if any(name is not None and len(name) > 1 for name in names):
            raise ValueError("with --dataset, name one domain as source and as target")
        return _problems.load_bundled(
            args.dataset, *(name and name[0] for name in names)
        )
    needed = ("data", "domain_column", "target_domain", "label")
    if not args.data:
        needed = ("source", "target", "label")
    if args.verb == "diagnose":  # features alone can be compared
        needed = needed[:-1]
    options = [f"--{name.replace('_', '-')}" for name in needed]
    if not all(getattr(args, name) for name in needed):
        raise ValueError(f"{', '.join(options[:-1])} and {options[-1]} go together")
    if args.data:
        return _problems.read_one_file(
            args.data,
            args.label,
            args.domain_column,
            args.target_domain,
            args.source_domain,
            _layout(args),
        )
    return _problems.read_two_files(args.source, args.target, args.label, _layout(args))


def _compare(args: argparse.Namespace) -> int:
    from adapt.model_selection import compare

    results = [args.output, args.save, args.json, args.report]
    _files.check_outputs(results, [args.source, args.target, args.data])
    _files.check_table_name(args.output)
    if args.report:
        _check_pictures()
    problem = _read(args)
    print(f"Source: {problem.source}, {len(problem.X):,} rows with labels.")
    print(f"Target: {problem.target}, {len(problem.Xt):,} rows.\n")
    comparison = compare(
        **problem.domains(by_source=args.target_labels == "train"),
        estimator=args.estimator,
        methods="default" if args.methods is None else args.methods,
        cv=args.cv,
        scoring=args.scoring,
        target_labels=args.target_labels,
        random_state=args.seed,
        n_jobs=args.jobs,
        verbose=1,
    )
    print(f"\nRanked:\n{comparison}")
    if args.output:
        table = _problems.predictions(
            comparison, problem.Xt, problem.label, problem.ids
        )
        _files.write_table(args.output, table)
        print(f"Wrote {args.output}.")
    if args.save:
        import joblib

        _write(args.save, lambda path: joblib.dump(comparison.best_estimator, path))
    if args.json:
        text = json.dumps(comparison.to_dict(), indent=2) + "\n"
        _write(args.json, lambda path: Path(path).write_text(text, encoding="utf-8"))
    if args.report:
        page = _report(args, problem, comparison)
        _write(args.report, lambda path: Path(path).write_text(page, encoding="utf-8"))
    if args.dataset:
        print(_OWN_FILES)
    return 130 if comparison.interrupted else 0


def _check_pictures() -> None:
    if find_spec("matplotlib") is None:
        raise ImportError(
            "--report draws with matplotlib: pip install 'adapt-learn[plot]'."
        )


def _report(
    args: argparse.Namespace, problem: "Problem", comparison: "Comparison"
) -> str:
    """Return a page about a comparison."""
    from adapt.inspection import diagnose_shift
    from adapt.inspection._html_report import html_report

    report = diagnose_shift(
        problem.X,
        problem.y,
        problem.Xt,
        problem.yt,
        estimator=args.estimator,
        random_state=args.seed,
    )
    names = {"source": problem.source, "target": problem.target}
    return html_report(comparison, report, problem.X, problem.Xt, **names)


def _diagnose(args: argparse.Namespace) -> int:
    from adapt.inspection import diagnose_shift

    _files.check_outputs([args.json], [args.source, args.target, args.data])
    problem = _read(args)
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
        text = json.dumps(report.to_dict(), indent=2) + "\n"
        _write(args.json, lambda path: Path(path).write_text(text, encoding="utf-8"))
    return 0


def _impute(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from adapt import imputation
    from adapt.imputation import _fill_files

    _files.check_outputs([args.output], [args.source, args.target])
    _files.check_table_name(args.output)
    name = {
        "gaussian": "GaussianTransferImputer",
        "gain": "GAINImputer",
        "cluegain": "ClueGAINImputer",
    }[args.method]
    imputer = getattr(imputation, name)(random_state=args.seed)

    def progress(parts):
        return tqdm(parts, desc="Filling", unit="part", disable=len(parts) < 2)

    print(f"Fitting {name} on {args.target}.")
    n_filled, unfilled = _fill_files.fill_file(
        imputer, args.target, args.source, args.output, progress, _layout(args)
    )
    print(f"Filled {n_filled:,} cells.")
    if unfilled:
        print(f"Left as they are, for nothing is known of them: {', '.join(unfilled)}.")
    print(f"Wrote {args.output}.")
    return 0


def _write(path: str, write: Callable[[str], object]) -> None:
    _files.write_whole(path, write)
    print(f"Wrote {path}.")


def _list(args: argparse.Namespace) -> int:
    from adapt.discovery import all_adapters

    families = "feature_based", "instance_based", "parameter_based", "imputation"
    for family in families:
        print(family.replace("_", "-"))
        for name, adapter in all_adapters(family, deep=args.deep):
            text = f"  {name:<24}  {_first_line(adapter.__doc__)}"
            print(textwrap.fill(text, 80, subsequent_indent=28 * " "))
    if not args.deep:
        print("\n`adapt list --deep` also lists the methods that need Keras.")
    return 0


def _datasets(args: argparse.Namespace) -> int:
    from adapt.datasets import list_datasets, load_dataset

    if args.name is not None:
        print(load_dataset(args.name).DESCR.strip())
        return 0
    for name in list_datasets():
        print(f"{name:<12}  {_first_line(load_dataset(name).DESCR)}")
    print("\n`adapt datasets NAME` describes one.")
    return 0


def _first_line(text: str) -> str:
    """Return the first line of a text, without marks of citations."""
    line = text.strip().split("\n")[0]
    return re.sub(r" \[\d+\]_", "", line).replace("\\", "")


def _show_warning(message, *args, **kwargs) -> None:
    print(f"adapt: note: {message}", file=sys.stderr)


def main(argv: list[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments after the name of the program. If None, those of the process.

    Returns
    -------
    status : int
        0; 2 after an error, which is one line on standard error; 130 after Ctrl-C.
    """
    try:
        args = _parser().parse_args(argv)
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            return args.run(args)
    except SystemExit as exit:  # of argparse
        return exit.code
    except KeyboardInterrupt:
        print("\nadapt: interrupted before anything was finished.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # such as `adapt list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, TypeError, OSError, ImportError) as error:
        print(f"adapt: error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
