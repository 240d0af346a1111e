"""The messages that the guide quotes are those of the code."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/guide/troubleshooting.rst").read_text("utf-8")
QUOTED = re.findall(r'^"(.+)"( from .+)?$', PAGE, flags=re.MULTILINE)
# Of other libraries, in whose words they come.
FOREIGN = {
    "Input y contains NaN.",
    "Input X contains NaN.",
    "The estimator CORAL should be a classifier.",
    "Cannot write 'p.csv': No space left on device",
}


def parts_of(node):
    """Return a text of the code, with a mark for each value that is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(parts_of(value) for value in node.values)
    return "\0"


def texts():
    found = []
    for path in sorted((ROOT / "adapt").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr) or (
                isinstance(node, ast.Constant) and isinstance(node.value, str)
            ):
                found.append(parts_of(node))
    return found


TEXTS = texts()


# What the code fills in: values in quotes, numbers, names of classes and of arrays.
FILLED = (
    r"'[^']*'|\d+|\.\.\.|\b[A-Z]\w*[A-Z]\w*\b|`(?:X|Xt|y|encoder)`|"
    r"\b(?:source|target)\b"
)


def occurs(quoted):
    """Return whether all that the code does not fill in stands in its texts."""
    pieces = [piece.strip(" ,.;:()") for piece in re.split(FILLED, quoted)]
    return all(any(piece in text for text in TEXTS) for piece in pieces if piece)


@pytest.mark.parametrize(("quoted", "_source"), QUOTED)
def test_quoted_messages_are_those_of_the_code(quoted, _source):
    if quoted not in FOREIGN:
        assert occurs(quoted), quoted


def test_a_message_that_nobody_writes_is_noticed():
    assert len(QUOTED) > 20
    assert not occurs("The moon has 3 columns, but the cheese has 4")
    assert not occurs("`sample_domain` may be anything")
