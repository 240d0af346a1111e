"""Write the shared texts of `tests/docstrings.py` into the classes.

    python tools/sync_docstrings.py

Entries are brought into the order of the signature; an entry for several names becomes
one for each. What is in no table is left as it is.
"""

import inspect
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests import docstrings

_PARAMETERS = re.compile(
    r"    Parameters\n    -{10}\n(.*?)(?=\n\n    \w[\w ]*\n    -{3}|\n    r?\"{3})",
    re.S,
)
_ENTRY = re.compile(r"^    (\*{0,2}\w[\w, *]*) :(.*)$")


def read_entries(section):
    """Return ``{name: text}`` of a Parameters section; groups are taken apart."""
    entries, names = {}, []
    for line in section.split("\n"):
        start = _ENTRY.match(line)
        if start:
            names = start[1].split(", ")
            for name in names:
                entries[name] = f"    {name} :{start[2]}"
        else:
            for name in names:
                entries[name] += f"\n{line}"
    return {name: text.rstrip() for name, text in entries.items()}


def synced(cls, section, table):
    """Return the section with shared entries as they have to be, in order."""
    entries, blocks = read_entries(section), []
    if set(entries) != {each.name for each in docstrings.parameters_of(cls)}:
        print(f"{cls.__name__}: left alone, its entries are not its parameters")
        return section
    for parameter in docstrings.parameters_of(cls):
        shared = docstrings.shared_entry(cls, parameter, table)
        if shared is not None:
            blocks.append(docstrings.entry(parameter.name, *shared))
        else:
            blocks.append(entries[parameter.name])
    return "\n\n".join(blocks)


def sync(cls, table):
    """Rewrite the docstring of a class in its file, if it has to change."""
    path = Path(inspect.getsourcefile(cls))
    text = path.read_text(encoding="utf-8")
    start = text.index(f"\nclass {cls.__name__}(")
    found = _PARAMETERS.search(text, start)
    if found is None:
        raise ValueError(f"{cls.__name__} has no section of parameters.")
    section = synced(cls, found[1], table)
    if section != found[1]:
        path.write_text(
            text[: found.start(1)] + section + text[found.end(1) :], encoding="utf-8"
        )
        print(f"{cls.__name__}: written")


def main():
    """Sync the deep classes, then the shallow ones."""
    from adapt.discovery import all_adapters
    from tests.deep.classes import DEEP_CLASSES

    for cls in DEEP_CLASSES:
        sync(cls, docstrings.DEEP)
    for _, cls in all_adapters(deep=False):
        sync(cls, docstrings.SHALLOW)


if __name__ == "__main__":
    main()
