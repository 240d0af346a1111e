"""Compare candidates by a few labelled target rows: pure functions of predictions.

Candidates differ in score only on rows where their predictions differ. So labels are
drawn there: `label_strata` sorts target rows by how much predictions differ, and
`draw_rows` takes rows uniformly within each stratum. `labelled_gains` estimates what
each candidate gains on the first one, the label-free choice, as a stratified mean. Its
weights are sizes of strata, so that it is unbiased for labels that were drawn by
`draw_rows`, and for a random sample of the target as well: no record of how the labels
were drawn is needed.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.stats import beta
from scipy.stats import t as student
from sklearn.utils import check_random_state

_STRATA = 4  # of numbers: as many as five labels allow, with one to spare


@dataclass(frozen=True)
class LabelRule:
    """Constants of the rule by which labelled rows replace the choice without labels.

    Parameters
    ----------
    prior : float, default=2.0
        Number of labelled rows without a difference that are added to each stratum:
        fewer labels count for less. Chosen on the bundled tasks, where the mean gain
        changes by less than .3 points from 1 to 8.

    caution : float, default=0.5
        Number of standard errors by which a gain in squared error must exceed zero.
        Chosen on made shifts of five tables of numbers, where the gain is about the
        same from 0 to 1.

    learner_caution : float, default=0.5
        Part of half the interval by which the gain of a candidate that learns from
        labels must exceed zero, which is about a standard error: it is also judged
        where all others agree, by few rows that stand for many. Chosen on 27 made and
        bundled tasks, where .35 does about the same.

    width : float, default=1.25
        Factor of Student's interval for squared errors, whose tails are longer than the
        normal's. Chosen on the same tables, for 95 % coverage.
    """

    prior: float = 2.0
    caution: float = 0.5
    learner_caution: float = 0.5
    width: float = 1.25


SHIPPED = LabelRule()


class LabelledGains(NamedTuple):
    """Estimated gains of the candidates on labelled rows, the label-free choice first.

    Attributes
    ----------
    gain : ndarray of shape (n_candidates,)
        Unbiased estimate of the gain in score on the first candidate, over all target
        rows; NaN without a labelled row in a stratum where both differ.

    low, high : ndarray of shape (n_candidates,)
        Ends of the 95 % confidence interval of each gain.

    cautious : ndarray of shape (n_candidates,)
        The gain that choices are made by, shrunk towards zero; minus infinity where
        there is no estimate.

    n_used : ndarray of shape (n_candidates,)
        Number of labelled rows where the candidate and the first one differ.
    """

    gain: np.ndarray
    low: np.ndarray
    high: np.ndarray
    cautious: np.ndarray
    n_used: np.ndarray

    @property
    def best(self):
        """Position of the candidate to choose, 0 unless another one clearly gains."""
        return int(np.argmax(self.cautious))


def label_strata(predictions, of_classes, everywhere=False):
    """Return the stratum of each target row, by how much predictions differ.

    Parameters
    ----------
    predictions : ndarray of shape (n_candidates, n_samples)
        Of target rows, by candidates that were fitted without target labels.

    of_classes : bool
        Whether they are classes.

    everywhere : bool, default=False
        Whether rows on which all candidates agree are a stratum as well, and not left
        out. They matter to candidates that learn from target labels.

    Returns
    -------
    strata : ndarray of int of shape (n_samples,)
        -1 where rows are left out, 0 where all candidates agree. Classes have one more
        stratum. Numbers have up to four, such that sums of the standard deviations over
        candidates are about equal: rows with large differences are drawn more often.
    """
    predictions = np.asarray(predictions)
    if of_classes:
        differ = (predictions != predictions[0]).any(axis=0)
        strata = differ.astype(int)
    else:
        spread = predictions.std(axis=0)
        spread[spread <= 1e-9 * max(np.abs(predictions).max(), 1e-300)] = 0
        order = np.argsort(spread, kind="stable")
        before = np.cumsum(spread[order]) - spread[order]
        strata = np.zeros(len(spread), dtype=int)
        total = spread.sum()
        if total > 0:
            strata[order] = 1 + np.floor(_STRATA * before / total).astype(int)
        strata[spread == 0] = 0
    return strata if everywhere else np.where(strata == 0, -1, strata)


def _shares(n, n_cells, room):
    """Return how many of ``n`` rows each cell gets, as equal as its room allows."""
    shares = np.zeros(n_cells, dtype=int)
    for _ in range(min(n, room.sum())):
        open_cells = np.flatnonzero(shares < room)
        # The last cell, of the largest differences, is the first to be filled.
        shares[open_cells[::-1][np.argmin(shares[open_cells[::-1]])]] += 1
    return shares


def draw_rows(strata, n, labelled=None, random_state=None):
    """Draw rows to label: uniformly within strata, about as many from each.

    Parameters
    ----------
    strata : ndarray of int of shape (n_samples,)
        As `label_strata` returns them.

    n : int
        Number of rows.

    labelled : ndarray of bool of shape (n_samples,), default=None
        Rows that have a label already.

    random_state : int, RandomState instance or None, default=None
        Draws.

    Returns
    -------
    rows : ndarray of int
        Positions in random order, so that their first part is as good a draw. Fewer
        than ``n`` if no more rows matter.
    """
    rng = check_random_state(random_state)
    labelled = np.zeros(len(strata), dtype=bool) if labelled is None else labelled
    cells = np.unique(strata[strata >= 0])
    pools = [np.flatnonzero((strata == h) & ~labelled) for h in cells]
    room = np.array([len(pool) for pool in pools], dtype=int)
    shares = _shares(n, len(cells), room)
    drawn = [rng.permutation(pool)[:k] for pool, k in zip(pools, shares, strict=True)]
    return rng.permutation(np.concatenate([np.zeros(0, dtype=int), *drawn]))


def mean_interval(values, n_total, level=0.95):
    """Return an interval for the mean of values between -1 and 1 of ``n_total`` rows.

    Clopper and Pearson's for a share, with ``(1 + value) / 2`` as success. A value in
    between counts as a part of one: its variance is smaller than that of a share, so
    that coverage is at least as large. Rows are drawn without replacement, which makes
    the interval shorter, and a point when all are known.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Of rows that were drawn uniformly.

    n_total : int
        Number of rows that they were drawn from.

    level : float, default=0.95
        Coverage.

    Returns
    -------
    low, high : float
    """
    n, tail = len(values), (1 - level) / 2
    if n == 0:
        return -1.0, 1.0
    successes = float(np.sum((1 + values) / 2))
    failures = max(n - successes, 0.0)
    share = successes / n
    low = beta.ppf(tail, successes, failures + 1) if successes > 0 else 0.0
    high = beta.ppf(1 - tail, successes + 1, failures) if failures > 0 else 1.0
    left = np.sqrt(max(n_total - n, 0) / max(n_total - 1, 1))
    low, high = share - left * (share - low), share + left * (high - share)
    return float(2 * low - 1), float(2 * high - 1)


def _cells(strata, differ, labelled):
    """Return the rows of each stratum on which two candidates differ.

    Rows are taken as a random sample of all if that makes their numbers by stratum more
    likely than equal shares, or if a stratum has none.
    """
    cells = [(strata == h) & differ for h in np.unique(strata[strata > 0])]
    cells = [cell for cell in cells if cell.any()]
    known = np.array([(cell & labelled).sum() for cell in cells])
    sizes = np.array([cell.sum() for cell in cells])
    at_random = len(cells) * sizes / max(sizes.sum(), 1)
    if not known.all() or known @ np.log(at_random) > 0:
        cells = [np.logical_or.reduce(cells)] if cells else []
    agreed = (strata <= 0) & differ  # there only candidates that learn labels differ
    return cells + ([agreed] if agreed.any() else [])


def _gains_of_classes(values, differ, strata, labelled, rule):
    """Return gains and cautious gains of all candidates."""
    gain, cautious = np.zeros((2, len(values)))
    unknown = np.zeros(len(values), dtype=bool)
    for where in (strata > 0, strata <= 0):  # in the latter only learners differ
        share = (differ & where).mean(axis=1)
        rows = where & labelled
        known = differ[:, rows].sum(axis=1)
        total = np.where(differ[:, rows], values[:, rows], 0).sum(axis=1)
        gain += share * total / np.maximum(known, 1)
        cautious += share * total / (known + rule.prior)
        unknown |= (share > 0) & (known == 0)
    return np.where(unknown, np.nan, gain), np.where(unknown, -np.inf, cautious)


def _interval_of_classes(values, cells, labelled, rule, level=0.95):
    """Return the interval: distances to its ends add up over strata by squares."""
    largest = max(1.0, np.abs(values[labelled]).max(initial=0.0))
    gain = below = above = 0.0
    for cell in cells:
        known, weight = values[cell & labelled], cell.sum() / len(values)
        if len(known) == 0:
            return -np.inf, np.inf
        low, high = mean_interval(known / largest, cell.sum(), level)
        gain += weight * known.mean()
        below += (weight * (known.mean() - largest * low)) ** 2
        above += (weight * (largest * high - known.mean())) ** 2
    return gain - np.sqrt(below), gain + np.sqrt(above)


def _variance(values, cells, labelled):
    """Return the variance of a stratified mean, and its degrees of freedom.

    Strata with a single labelled row are taken together: their differences then count
    as variance, which is too large rather than too small.
    """
    parts, single = [], []
    for cell in cells:
        known, weight = values[cell & labelled], cell.sum() / len(values)
        if len(known) > 1:
            left = 1 - len(known) / cell.sum()
            spread = weight**2 * known.var(ddof=1) / len(known) * left
            parts.append((spread, len(known) - 1))
        elif cell.sum() > 1:
            single.append(weight * known[0])
    if len(single) > 1:
        parts.append((len(single) * np.var(single, ddof=1), len(single) - 1))
    elif single:
        return np.nan, 0
    total = sum(part for part, _ in parts)
    squares = sum(part**2 / free for part, free in parts)
    return total, (total**2 / squares if squares > 0 else 1)  # as Satterthwaite


def _gain_of_numbers(values, cells, labelled, rule):
    """Return gain and cautious gain of a candidate."""
    known = [values[cell & labelled] for cell in cells]
    if not cells or min(map(len, known)) == 0:
        return np.nan, -np.inf
    weights = [cell.sum() / len(values) for cell in cells]
    gain = sum(w * k.mean() for w, k in zip(weights, known, strict=True))
    variance, free = _variance(values, cells, labelled)
    return gain, gain - rule.caution * np.sqrt(variance) if free else -np.inf


def _gains_of_numbers(values, differ, strata, labelled, rule):
    """Return gains and cautious gains of all candidates."""
    gain, cautious = np.zeros((2, len(values)))
    for k in np.flatnonzero(differ.any(axis=1)):
        cells = _cells(strata, differ[k], labelled)
        gain[k], cautious[k] = _gain_of_numbers(values[k], cells, labelled, rule)
    return gain, cautious


def _interval_of_numbers(values, cells, labelled, rule, level=0.95):
    """Return the interval by Student's t and a factor."""
    gain, _ = _gain_of_numbers(values, cells, labelled, rule)
    variance, free = (
        (np.nan, 0) if np.isnan(gain) else _variance(values, cells, labelled)
    )
    if free == 0:
        return -np.inf, np.inf
    quantile = student.ppf((1 + level) / 2, free)
    reach = rule.width * quantile * np.sqrt(variance)
    return gain - reach, gain + reach


_ESTIMATES = {
    True: (_gains_of_classes, _interval_of_classes),
    False: (_gains_of_numbers, _interval_of_numbers),
}


def labelled_gains(
    values,
    differ,
    strata,
    labelled,
    of_classes,
    learns=None,
    rule=SHIPPED,
    *,
    intervals=True,
):
    """Estimate what candidates gain on the first one, from labelled rows.

    Parameters
    ----------
    values : ndarray of shape (n_candidates, n_samples)
        Score of each row less that of the first candidate; read where ``labelled``.

    differ : ndarray of bool of shape (n_candidates, n_samples)
        Where the predictions differ from those of the first candidate. Elsewhere the
        values are known to be zero.

    strata : ndarray of int of shape (n_samples,)
        As `label_strata` returns them.

    labelled : ndarray of bool of shape (n_samples,)
        Rows whose labels are known, a random sample of each stratum.

    of_classes : bool
        Whether values are differences of accuracy, or of squared errors.

    learns : ndarray of bool of shape (n_candidates,), default=None
        Which candidates learn from target labels. If None, none does.

    rule : LabelRule, default=SHIPPED
        Constants of the cautious gain.

    intervals : bool, default=True
        Whether intervals are computed of all candidates, which takes most of the time,
        and not only of those that learn.

    Returns
    -------
    gains : LabelledGains
    """
    learns = np.zeros(len(values), dtype=bool) if learns is None else learns
    estimate, interval = _ESTIMATES[of_classes]
    gain, cautious = estimate(values, differ, strata, labelled, rule)
    low, high = np.zeros((2, len(values)))
    for k in np.flatnonzero(differ.any(axis=1) & (learns | intervals)):
        cells = _cells(strata, differ[k], labelled)
        low[k], high[k] = interval(values[k], cells, labelled, rule)
        if learns[k] and np.isfinite(low[k]):
            cautious[k] = gain[k] - rule.learner_caution * (gain[k] - low[k])
        elif learns[k]:
            cautious[k] = -np.inf
    n_used = (differ & labelled).sum(axis=1)
    return LabelledGains(gain, low, high, cautious, n_used)


class GainOfChoice(NamedTuple):
    """What the choice by labels gains on the label-free choice.

    Attributes
    ----------
    gain : float
        Estimate by leaving out: each labelled row is scored with the candidate that the
        other labelled rows choose. So the row does not count for its own choice, and
        the estimate is unbiased for a choice by one label less. NaN if not known.

    low, high : float
        Ends of the 95 % confidence interval of what the chosen candidate gains. It is
        longer than that in `LabelledGains`, so as to hold whichever one is chosen.
    """

    gain: float
    low: float
    high: float


def gain_of_choice(
    values, differ, strata, labelled, of_classes, learns=None, rule=SHIPPED
):
    """Estimate what choosing by labels gains, by rows that did not choose.

    Parameters are those of `labelled_gains`.

    Returns
    -------
    gain : GainOfChoice
        Zero where no candidate was ever chosen instead of the first.
    """
    told = of_classes, learns, rule

    def choose(rows):
        given = values, differ, strata, rows, *told
        return labelled_gains(*given, intervals=False).best

    best = choose(labelled)
    chosen, left_out = {best}, np.zeros(values.shape[1])
    for row in np.flatnonzero(labelled & differ.any(axis=0)):
        others = labelled.copy()
        others[row] = False
        k = choose(others)
        left_out[row] = values[k, row] if differ[k, row] else 0.0
        chosen.add(k)
    if chosen == {0}:
        return GainOfChoice(0.0, 0.0, 0.0)
    estimate, interval = _ESTIMATES[of_classes]
    either = differ[sorted(chosen)].any(axis=0)
    given = left_out[None], either[None], strata, labelled, rule
    gain, low, high = estimate(*given)[0].item(), 0.0, 0.0
    if best:
        level = 1 - 0.05 / differ.any(axis=1).sum()  # Bonferroni
        cells = _cells(strata, differ[best], labelled)
        low, high = interval(values[best], cells, labelled, rule, level)
    return GainOfChoice(gain, *map(float, (np.fmin(low, gain), np.fmax(high, gain))))
