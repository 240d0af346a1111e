"""``adapt impute``: missing cells filled."""

import argparse

from adapt import _files
from adapt._cli.options import add_layout, layout_of


def add_parser(verbs) -> None:
    impute = verbs.add_parser(
        "impute",
        help="fill the missing cells of a table, with another as a clue",
        description="Fill the missing cells of a target, with a source that has the "
        "same columns, or some of them, as a clue. Cells that are there stay as they "
        "are. Text columns of up to 50 different values are filled too.",
    )
    impute.set_defaults(run=run)
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
    add_layout(impute)


def run(args: argparse.Namespace) -> int:
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
        imputer, args.target, args.source, args.output, progress, layout_of(args)
    )
    print(f"Filled {n_filled:,} cells.")
    if unfilled:
        print(f"Left as they are, for nothing is known of them: {', '.join(unfilled)}.")
    print(f"Wrote {args.output}.")
    return 0
