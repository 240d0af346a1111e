"""Results in files, written whole or not at all, each with a line that says so."""

import json
from collections.abc import Callable
from pathlib import Path

from adapt import _files


def write(path: str, fill: Callable[[str], object]) -> None:
    """Write a file whole and say so; ``fill`` writes one that takes its name."""
    _files.write_whole(path, fill)
    print(f"Wrote {path}.")


def write_text(path: str, text: str) -> None:
    """Write a text and say so."""
    write(path, lambda name: Path(name).write_text(text, encoding="utf-8"))


def write_json(path: str, values: dict) -> None:
    """Write plain values as JSON and say so."""
    write_text(path, json.dumps(values, indent=2) + "\n")
