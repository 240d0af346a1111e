"""Check that the text of an example agrees with what it prints.

Numbers with decimals in the text of an example, and numbers in bold, are claims about
its result. Each has to be among the numbers that the example prints, to its own
precision. Numbers in backticks are settings, and are not looked at.

As an extension of Sphinx, this warns of claims that the built gallery does not print.
"""

import re
from pathlib import Path

_TEXT = re.compile(r'\A"""\n((?:.*\n)*?)"""|^# %%\n((?:#.*\n)*)', re.MULTILINE)
_OUTPUT = re.compile(r"^ \.\. code-block:: none\n\n((?:    .*\n|\s*\n)+)", re.MULTILINE)
_CLAIM = re.compile(
    r"\*\*([+-]?\d+(?:\.\d+)?)\*\*|(?<![\w.])([+-]?\d*\.\d+)(?!\w|\.\d)"
)
_NUMBER = re.compile(r"(?<![\w.])[+-]?(?:\d[\d,]*\.?\d*|\.\d+)(?:e[+-]?\d+)?")


def texts(source):
    """Return the text of an example: its docstring and its blocks of comments.

    Parameters
    ----------
    source : str
        The script.

    Returns
    -------
    text : str
    """
    parts = []
    for match in _TEXT.finditer(source):
        lines = (match[1] or match[2]).splitlines()
        parts.append("\n".join(re.sub("^# ?", "", line) for line in lines))
    return "\n\n".join(parts)


def first_paragraph(source):
    """Return the first paragraph of an example, below its title."""
    below = re.split(r"\n=+\n", texts(source), maxsplit=1)[1]
    return re.split(r"\n\s*\n", below.strip())[0]


def claims(source):
    """Return the numbers that the text of an example claims, as they are written."""
    text = re.sub(r"``[^`]*``|`[^`]*`", "", texts(source))
    return [match[1] or match[2] for match in _CLAIM.finditer(text)]


def numbers(printed):
    """Return the numbers in a printed text."""
    found = (match[0].replace(",", "") for match in _NUMBER.finditer(printed))
    return [float(number) for number in found]


def unsupported(source, printed):
    """Return the claims of an example that its output does not support.

    Parameters
    ----------
    source : str
        The script.

    printed : str
        What it prints.

    Returns
    -------
    wrong : list of str
        Numbers of the text. A printed number supports one that it differs from by less
        than one and a half units of the last digit, since other processors and versions
        of libraries round in other ways.
    """
    known = numbers(printed)
    wrong = []
    for claim in claims(source):
        unit = 10.0 ** -len(claim.partition(".")[2])
        if not any(abs(number - float(claim)) < 1.5 * unit for number in known):
            wrong.append(claim)
    return wrong


def check_gallery(app, env, docnames):
    """Warn of claims that the built examples do not print."""
    if app.config.sphinx_gallery_conf["plot_gallery"] not in (True, "True", "1"):
        return
    from sphinx.util import logging

    logger = logging.getLogger(__name__)
    for page in sorted(Path(app.srcdir, "auto_examples").glob("plot_*.rst")):
        script = page.with_suffix(".py")
        printed = "\n".join(_OUTPUT.findall(page.read_text("utf-8")))
        if not script.exists():
            continue
        wrong = unsupported(script.read_text("utf-8"), printed)
        if wrong:
            logger.warning(
                "%s: the text has numbers that the example does not print: %s",
                script.name,
                ", ".join(wrong),
            )


def setup(app):
    """Register the check with Sphinx."""
    app.connect("env-before-read-docs", check_gallery)
    return {"parallel_read_safe": True}
