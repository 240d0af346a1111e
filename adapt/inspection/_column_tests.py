"""How single columns differ between two tables."""

import numpy as np
from scipy.stats import chi2_contingency, ks_2samp

from adapt._units_of_columns import unit_finding

_BINS = 10


def holm(p_values):
    """Return p-values corrected for their number by the method of Holm.

    Parameters
    ----------
    p_values : ndarray of shape (n_tests,)
        As they come from single tests.

    Returns
    -------
    adjusted : ndarray of shape (n_tests,)
        Those under a level are all true findings with that certainty.
    """
    p_values = np.asarray(p_values, dtype=float)
    order = np.argsort(p_values)
    factors = np.arange(len(p_values), 0, -1)
    steps = np.minimum(1, np.maximum.accumulate(p_values[order] * factors))
    adjusted = np.empty(len(p_values))
    adjusted[order] = steps
    return adjusted


def stability_index(source_counts, target_counts):
    """Return the population stability index of two histograms.

    Parameters
    ----------
    source_counts, target_counts : ndarrays of shape (n_bins,)
        How many rows fall into each bin. Half a row is added to each, so that empty
        bins count as rare.

    Returns
    -------
    index : float
        ``sum((q - p) log(q / p))``: conventionally small below 0.1 and large above
        0.25.
    """
    p, q = (
        (counts + 0.5) / (counts.sum() + 0.5 * len(counts))
        for counts in (np.asarray(source_counts), np.asarray(target_counts))
    )
    return float(np.sum((q - p) * np.log(q / p)))


def _compare_numbers(source, target):
    """Return a test and the stability index of a column of numbers."""
    inner = np.unique(np.quantile(source, np.linspace(0, 1, _BINS + 1)[1:-1]))
    counts = [
        np.bincount(np.searchsorted(inner, x, side="right"), minlength=len(inner) + 1)
        for x in (source, target)
    ]
    test = ks_2samp(source, target, method="asymp")
    return test.statistic, test.pvalue, counts


def _compare_levels(source, target):
    """Return a test and the counts of a column of categories."""
    names, codes = np.unique(np.concatenate([source, target]), return_inverse=True)
    counts = np.array(
        [
            np.bincount(part, minlength=len(names))
            for part in np.split(codes, [len(source)])
        ]
    )
    # The test is of expected counts that are not tiny: rare levels are taken together.
    rare = counts.sum(axis=0) < 0.01 * len(codes)
    if rare.sum() > 1:
        counts = np.column_stack([counts[:, ~rare], counts[:, rare].sum(axis=1)])
    if counts.shape[1] == 1:
        return 0.0, 1.0, counts
    test = chi2_contingency(counts)
    return test.statistic, test.pvalue, counts


def compare_columns(Xs, Xt):
    """Test each column of two tables for a shift by itself.

    Parameters
    ----------
    Xs, Xt : DataFrames
        Source and target, with the same columns.

    Returns
    -------
    columns : DataFrame
        One row per column, the most shifted first: `column`; `test`, of Kolmogorov and
        Smirnov (`KS`) for numbers and `chi2` for other columns; its `statistic` and
        `p_value`; `p_adjusted`, corrected for their number by the method of Holm;
        `psi`, the population stability index with deciles of the source as bins,
        missing values having one of their own; `missing_source` and `missing_target`,
        shares of missing values; `units`, words on a number that looks as if it were in
        other units, clipped or rounded in one of the tables, else empty. Nothing is
        converted, because a true shift may look the same.
    """
    import pandas as pd
    from pandas.api import types

    rows = []
    for name in Xs.columns:
        source, target = Xs[name], Xt[name]
        gone = [part.isna().to_numpy() for part in (source, target)]
        numbers = types.is_numeric_dtype(source) and not types.is_bool_dtype(source)
        present = [
            part[~missing].to_numpy(dtype=float)
            if numbers
            else part[~missing].astype(str).to_numpy()
            for part, missing in zip((source, target), gone, strict=True)
        ]
        row = {"column": name, "test": "KS" if numbers else "chi2"}
        units = unit_finding(*present) if numbers else ""
        row |= {"statistic": np.nan, "p_value": 1.0}
        missing = np.array([part.sum() for part in gone])
        counts = np.zeros((2, 0))
        if all(len(part) for part in present):
            compare = _compare_numbers if numbers else _compare_levels
            row["statistic"], row["p_value"], counts = compare(*present)
        if missing.any():
            counts = np.column_stack([np.asarray(counts), missing])
        row["psi"] = stability_index(*counts)
        row["missing_source"], row["missing_target"] = (part.mean() for part in gone)
        row["units"] = units
        rows.append(row)
    table = pd.DataFrame(rows)
    table.insert(4, "p_adjusted", holm(table["p_value"]))
    return table.sort_values("psi", ascending=False, ignore_index=True)
