"""Whether a column is in other units in one table than in another.

A shift moves a column a little and changes its shape. Another unit leaves its shape and
multiplies or moves it by a known number; clipping and rounding leave marks of their
own. What is found is reported. Nothing is ever converted, because a true shift may look
the same.
"""

import numpy as np
from scipy.stats import ks_2samp

from adapt._frames import as_pandas, is_frame

_FEW = 20  # rows, below which nothing is reported
_APART = 0.5  # distance of distributions above which a conversion is looked for
_ALIKE = 0.25  # and below which one is believed
_GAIN = 0.4  # by how much the distance has to fall
_MOST = 3  # conversions that are named
_AT_LIMIT = 0.02  # share of rows on one value that is a limit

# How target values follow from those of the source: factor, offset and words.
_FACTORS = {
    1e3: "x 1000",
    1e6: "x 1,000,000",
    1e2: "x 100",
    1e1: "x 10",
    2.54: "inches to centimetres",
    25.4: "inches to millimetres",
    0.45359: "pounds to kilograms",
    0.3048: "feet to metres",
    1.60934: "miles to kilometres",
    60.0: "minutes to seconds",
    3600.0: "hours to seconds",
    24.0: "days to hours",
    365.25: "years to days",
    57.29578: "radians to degrees",
    3.6: "metres a second to kilometres an hour",
}


def _conversions():
    for factor, words in _FACTORS.items():
        backwards = words
        if " to " in words:
            backwards = " to ".join(reversed(words.split(" to ")))
        else:
            backwards = words.replace("x ", "/ ")
        yield factor, 0.0, words
        yield 1 / factor, 0.0, backwards
    yield 1.8, 32.0, "degrees Celsius to Fahrenheit"
    yield 1 / 1.8, -32 / 1.8, "degrees Fahrenheit to Celsius"
    yield 1.0, 273.15, "degrees Celsius to kelvin"
    yield 1.0, -273.15, "kelvin to degrees Celsius"


CONVERSIONS = tuple(_conversions())


def conversion(source, target):
    """Return the known conversion that makes two samples alike, if they are far apart.

    Parameters
    ----------
    source, target : ndarrays of shape (n_samples,)
        Finite values of a column.

    Returns
    -------
    words : str or None
        Up to 3 that do; None if they are not far apart, or if none does.
    """
    before = ks_2samp(source, target, method="asymp").statistic
    if before < _APART:
        return None
    found = sorted(
        (_distance(source * factor + offset, target), text)
        for factor, offset, text in CONVERSIONS
    )
    limit = min(_ALIKE, before - _GAIN)
    # A shift on top may make several of them plausible.
    words = [text for distance, text in found[:_MOST] if distance <= limit]
    if words:
        return f"target = source converted, {' or '.join(words)}"
    return _constant(source, target, before)


def _constant(source, target, before):
    """Return a constant offset or factor that makes samples of equal shape alike."""
    spread = np.subtract(*np.quantile(source, [0.75, 0.25]))
    other = np.subtract(*np.quantile(target, [0.75, 0.25]))
    if spread <= 0 or other <= 0:
        return None
    limit = min(_ALIKE, before - _GAIN) / 2  # two numbers are fitted
    centre, to = np.median(source), np.median(target)
    offset = to - centre
    # Of a constant factor, the centre is multiplied as the spread is.
    if 0.8 < other / spread < 1.25 and _distance(source + offset, target) <= limit:
        return f"target = source {'+' if offset > 0 else '-'} {abs(offset):.4g}"
    factor = to / centre if centre else 0.0
    if factor <= 0 or 0.5 < factor < 2 or not 0.8 < other / spread / factor < 1.25:
        return None
    if _distance(source * factor, target) > limit:
        return None
    return f"target = source x {factor:.4g}"


def _distance(source, target):
    return ks_2samp(source, target, method="asymp").statistic


def _limit(values, other):
    """Return a value on which many rows lie, beyond which the other sample goes on."""
    ends = (values.max(), other > values.max()), (values.min(), other < values.min())
    for end, beyond in ends:
        at_end = values == end
        share = at_end.mean()
        enough = share >= _AT_LIMIT and at_end.sum() >= 5
        # The rows that were clipped there lie beyond in the other sample.
        if enough and np.mean(other == end) < share / 4 <= beyond.mean():
            return end
    return None


def _step(values):
    """Return the largest power of ten of which all values are multiples, or 0."""
    for power in range(3, -7, -1):
        scaled = values / 10.0**power
        if np.all(
            np.abs(scaled - np.rint(scaled)) < 1e-6 * np.maximum(1, np.abs(scaled))
        ):
            return 10.0**power
    return 0.0


def _rounded(values, other):
    """Return the step of rounded values, if the other sample is much finer."""
    different = len(np.unique(values))
    if different < 4 or len(np.unique(other)) < 2 * different:
        return None
    step, finer = _step(values), _step(other)
    return step if step > 0 and finer <= step / 10 else None


def unit_finding(source, target):
    """Return what in a column looks like other units, in words.

    Parameters
    ----------
    source, target : ndarrays of shape (n_samples,)
        Finite values of a column.

    Returns
    -------
    words : str
        Empty if nothing was found, or if there are fewer than 20 rows or 4 values.
    """
    if min(len(source), len(target)) < _FEW:
        return ""
    if min(len(np.unique(source)), len(np.unique(target))) < 4:
        return ""  # categories
    words = conversion(source, target)
    if words is not None:
        return words
    found = []
    pairs = {"target": (target, source), "source": (source, target)}
    for name, (values, other) in pairs.items():
        limit = _limit(values, other)
        if limit is not None:
            found.append(f"{name} clipped at {limit:.6g}")
        step = _rounded(values, other)
        if step is not None:
            found.append(f"{name} rounded to {step:.6g}")
    return ", ".join(found)


def unit_findings(Xs, Xt):
    """Return the columns of two tables that look like other units, with words.

    Parameters
    ----------
    Xs, Xt : data frames or arrays of shape (n_samples, n_features)
        Columns of frames are matched by name.

    Returns
    -------
    findings : dict
        Words by column.
    """
    Xs, Xt = as_pandas(Xs), as_pandas(Xt)
    if is_frame(Xs) and is_frame(Xt):
        names = [name for name in Xs.columns if name in set(Xt.columns)]
        pairs = {name: (Xs[name], Xt[name]) for name in names}
    else:
        Xs, Xt = np.asarray(Xs), np.asarray(Xt)
        if Xs.ndim != 2 or Xs.shape[1:] != Xt.shape[1:]:
            return {}
        pairs = {f"x{k}": (Xs[:, k], Xt[:, k]) for k in range(Xs.shape[1])}
    found = {}
    for name, columns in pairs.items():
        values = [np.asarray(column) for column in columns]
        if all(part.dtype.kind in "iuf" for part in values):
            finite = [part[np.isfinite(part)].astype(float) for part in values]
            found[name] = unit_finding(*finite)
    return {name: words for name, words in found.items() if words}
