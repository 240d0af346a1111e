"""Print the lowest versions that ``setup.cfg`` promises, as constraints for pip.

The bounds stand in ``setup.cfg`` and nowhere else. ``make test-lowest`` writes what
this prints to a file and installs with it::

    python tools/lowest_versions.py test ot > lowest.txt
    pip install --constraint lowest.txt '.[test,ot]'

The arguments are the extras whose requirements are bound too.
"""

import re
import sys
from configparser import ConfigParser
from pathlib import Path

_SETUP = Path(__file__).parents[1] / "setup.cfg"
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)\s*(?:>=|==)\s*([0-9][0-9a-z.]*)$")


def lowest_versions(setup, extras):
    """Return the lowest promised version of each requirement.

    Parameters
    ----------
    setup : str
        Text of a ``setup.cfg``.

    extras : iterable of str
        The extras whose requirements are read beside ``install_requires``.

    Returns
    -------
    versions : dict of str to str
        Versions by the name of the distribution, in order of appearance.

    Raises
    ------
    ValueError
        If there is no such extra, or a requirement has no single lower bound, or two
        extras promise different ones.
    """
    parser = ConfigParser()
    parser.read_string(setup)
    known = parser["options.extras_require"]
    if unknown := set(extras) - set(known):
        raise ValueError(f"No such extras: {sorted(unknown)}; there are {list(known)}.")
    texts = [parser["options"]["install_requires"], *(known[extra] for extra in extras)]
    versions = {}
    for line in "\n".join(texts).split("\n"):
        if not (requirement := line.strip()):
            continue
        match = _REQUIREMENT.match(requirement)
        if match is None:
            raise ValueError(
                f"{requirement!r} has no lower bound: write it as 'name >= version'."
            )
        name, version = match.groups()
        if versions.setdefault(name, version) != version:
            raise ValueError(
                f"{name} has two lower bounds: {versions[name]} and {version}."
            )
    return versions


if __name__ == "__main__":
    found = lowest_versions(_SETUP.read_text(encoding="utf-8"), sys.argv[1:])
    print("\n".join(f"{name}=={version}" for name, version in found.items()))
