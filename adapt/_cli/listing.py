"""``adapt list`` and ``adapt datasets``: what there is."""

import argparse
import re
import textwrap

from adapt._extras import require


def add_parser(verbs) -> None:
    methods = verbs.add_parser("list", help="list the methods")
    methods.set_defaults(run=_list)
    methods.add_argument(
        "--deep", action="store_true", help="with those that need Keras, which loads"
    )
    datasets = verbs.add_parser("datasets", help="list the bundled data sets")
    datasets.set_defaults(run=_datasets)
    datasets.add_argument("name", nargs="?", help="one of them, to be described")


def _list(args: argparse.Namespace) -> int:
    from adapt.discovery import all_adapters

    if args.deep:
        require("`adapt list --deep`", "keras")
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
