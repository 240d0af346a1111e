"""From single measurements to ratios, and from ratios to aligned text."""

import statistics
from typing import NamedTuple

COLUMNS = (
    "method",
    "rows",
    "ours on",
    "CPU s",
    "peer's",
    "ratio",
    "min-max",
    "wall s",
    "peer's",
    "MB",
    "peer's",
    "score",
    "peer's",
    "bar",
    "met",
)


WORDS = ("method", "module", "ours on")


class Ratio(NamedTuple):
    """How many times the peer's cost is ours: the median, least and most of pairs."""

    median: float
    least: float
    most: float


def ratio(ours, peers, key="cpu"):
    """Return the `Ratio` of measurements that were taken in turn, pair by pair.

    A pair of which one failed is left out; without any pair the result is None.
    """
    pairs = [
        peer[key] / max(own[key], 1e-9)
        for own, peer in zip(ours, peers, strict=True)
        if "error" not in own and "error" not in peer
    ]
    return Ratio(statistics.median(pairs), min(pairs), max(pairs)) if pairs else None


def typical(runs, key):
    """Return the median of ``key`` over the runs that succeeded, or None."""
    values = [run[key] for run in runs if "error" not in run]
    return statistics.median(values) if values else None


def number(value):
    """Return three digits of ``value``, without an exponent where none is needed."""
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def verdict(found, bar):
    """Return whether the median ratio reaches the bar: "yes" or "no".

    Without a bar it is "-", and "?" where a failure leaves nothing to compare.
    """
    if bar is None:
        return "-"
    if found is None:
        return "?"
    return "yes" if found.median >= bar else "no"


def row(method, n, variant, bar, ours, peers):
    """Return the cells of one line, in the order of `COLUMNS`."""
    found = ratio(ours, peers)
    costs = [
        number(typical(runs, key))
        for key in ("cpu", "wall", "memory", "score")
        for runs in (ours, peers)
    ]
    ratios = [
        number(found and found.median),
        "-" if found is None else f"{number(found.least)}-{number(found.most)}",
    ]
    start = [method, str(n), variant, *costs[:2], *ratios, *costs[2:]]
    return [*start, number(bar), verdict(found, bar)]


def failures(label, runs):
    """Return a line for each different error among the runs."""
    errors = dict.fromkeys(run["error"] for run in runs if "error" in run)
    return [f"  {label}: {error}" for error in errors]


def aligned(header, rows):
    """Return a table in which words stand left and numbers right."""
    lines = [list(header), *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    words = {i for i, name in enumerate(header) if name in WORDS}
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i in words else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
