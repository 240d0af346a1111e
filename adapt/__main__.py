"""The command line: ``adapt compare``, ``diagnose``, ``impute``, ``list`` and more."""

import argparse
import sys
import warnings
from typing import NoReturn

from adapt import __version__
from adapt._cli import compare, diagnose, impute, listing, rank, suggest
from adapt._cli.writing import close_output

_VERBS = compare, suggest, diagnose, rank, impute, listing


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"adapt: error: {message}; see `{self.prog} --help`.\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="adapt",
        description="Domain adaptation: a model for data that differ from the labelled "
        "ones.",
    )
    parser.add_argument("--version", action="version", version=f"adapt {__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="verb")
    for verb in _VERBS:
        verb.add_parser(verbs)
    return parser


def _show_warning(message, *args, **kwargs) -> None:
    print(f"adapt: note: {' '.join(str(message).split())}", file=sys.stderr)


def _as_line(error: Exception) -> str:
    """Return the message of an error on one line."""
    return " ".join(str(error).split()) or type(error).__name__


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
        print("\nadapt: interrupted; nothing is finished.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # such as `adapt list | head`
        close_output()
        return 1
    except (ValueError, TypeError, OSError, ImportError) as error:
        print(f"adapt: error: {_as_line(error)}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
