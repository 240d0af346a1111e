"""From a table with a domain column to the `Bunch` that every loader returns.

The loaders differ in their data only; what `source`, `target`, `return_X_y` and
`as_frame` mean is decided here, once.
"""

from importlib.resources import files

import numpy as np
from sklearn.utils import Bunch

DATA = files("adapt.datasets") / "data"


class DomainBunch(Bunch):
    """A `Bunch` whose `repr` shows types and shapes instead of all values."""

    def __repr__(self):
        lines = [f"  {name}: {_in_short(value)}" for name, value in self.items()]
        return "\n".join([f"<{type(self).__name__}", *lines]) + ">"


def _in_short(value):
    """Return few names and numbers as they are, and of all else the type and shape."""
    kind = type(value).__name__
    if isinstance(value, str):
        return f"text of {len(value):,} characters"
    if isinstance(value, (list, tuple, dict)):
        return repr(value) if len(value) <= 6 else f"{kind} of {len(value):,}"
    if callable(value):
        return "function"
    if np.ndim(value) == 0:
        return repr(value)
    return f"{kind} of shape {np.shape(value)}"


def read_table(name, *, text=(), categories=None):
    """Read a shipped table.

    Parameters
    ----------
    name : str
        Name of the data set.
    text : sequence of str
        Columns to read as text, whatever they look like.
    categories : dict of str to tuple of str, default=None
        Columns to read as categories, with their levels in order.

    Returns
    -------
    table : DataFrame
    """
    import pandas as pd

    dtypes = dict.fromkeys(text, str)
    for column, levels in (categories or {}).items():
        dtypes[column] = pd.CategoricalDtype(levels)
    with (DATA / f"{name}.csv.gz").open("rb") as file:
        return pd.read_csv(file, compression="gzip", dtype=dtypes)


def read_description(name):
    """Return the text that describes a data set."""
    return (DATA / f"{name}.rst").read_text(encoding="utf-8")


def check_choice(parameter, value, valid):
    """Raise a ValueError that lists the valid names if `value` is not one of them."""
    if value not in valid:
        names = ", ".join(repr(name) for name in valid)
        raise ValueError(
            f"The `{parameter}` parameter must be one of {names}; got {value!r}."
        )


def check_domains(source, target, valid):
    """Return `source` and `target` as two tuples of known and different names."""
    chosen = []
    for parameter, value in [("source", source), ("target", target)]:
        names = tuple(value) if isinstance(value, (tuple, list)) else (value,)
        if not names:
            raise ValueError(f"The `{parameter}` parameter names no domain; got ().")
        for name in names:
            check_choice(parameter, name, valid)
            if name in chosen:
                raise ValueError(
                    f"The `{parameter}` parameter names the domain {name!r}, which is "
                    "chosen already; every domain may be chosen once."
                )
            chosen.append(name)
    n_sources = len(source) if isinstance(source, (tuple, list)) else 1
    return tuple(chosen[:n_sources]), tuple(chosen[n_sources:])


def select_rows(domain, sources, targets):
    """Find the rows of the chosen domains, sources first.

    Parameters
    ----------
    domain : array-like of shape (n_rows,)
        Name of the domain of every row.
    sources, targets : tuple of str
        The chosen domains.

    Returns
    -------
    rows : ndarray of shape (n_samples,)
        Positions of the chosen rows.
    sample_domain : ndarray of shape (n_samples,)
        0, 1, ... for the sources, -1, -2, ... for the targets.
    domain_names : dict of int to str
        What each value of `sample_domain` stands for.
    """
    domain_names = dict(enumerate(sources))
    domain_names |= {-1 - k: name for k, name in enumerate(targets)}
    domain = np.asarray(domain)
    rows = [np.flatnonzero(domain == name) for name in domain_names.values()]
    sample_domain = np.repeat(list(domain_names), [len(part) for part in rows])
    return np.concatenate(rows), sample_domain, domain_names


def encode(frame):
    """Return a table as floats: the position of a category, NaN where missing."""
    columns = []
    for _, column in frame.items():
        if column.dtype == "category":
            codes = column.cat.codes.to_numpy(dtype=np.float64)
            codes[codes < 0] = np.nan  # what pandas calls the code of a missing value
            columns.append(codes)
        else:
            columns.append(column.to_numpy(dtype=np.float64, na_value=np.nan))
    return np.column_stack(columns)


def make_bunch(
    table, name, *, domain, label, valid, source, target, return_X_y, as_frame
):
    """Choose the domains of a table and lay them out as a loader returns them.

    Parameters
    ----------
    table : DataFrame
        One column names the domain, one is the label, the others are features.
    name : str
        Name of the data set, for its description.
    domain, label : str
        The two special columns. A label of categories makes a classification.
    valid : tuple of str
        The domains that may be chosen.
    source, target : str or tuple of str
        The chosen domains.
    return_X_y, as_frame : bool
        As in the loaders.

    Returns
    -------
    data : DomainBunch or tuple
    """
    sources, targets = check_domains(source, target, valid)
    rows, sample_domain, domain_names = select_rows(table[domain], sources, targets)
    table = table.iloc[rows].reset_index(drop=True)
    X, y = table.drop(columns=[domain, label]), table[label]
    bunch = DomainBunch(
        sample_domain=sample_domain,
        feature_names=list(X.columns),
        domain_names=domain_names,
        categories={
            column: tuple(X[column].cat.categories)
            for column in X.columns[X.dtypes == "category"]
        },
        DESCR=read_description(name),
    )
    if y.dtype == "category":
        bunch.target_names = np.array(y.cat.categories, dtype=str)
        y = y.cat.codes.astype(np.int64)
    else:
        y = y.astype(np.float64)
    bunch.X = X if as_frame else encode(X)
    bunch.y = y if as_frame else y.to_numpy()
    if return_X_y:
        return bunch.X, bunch.y, bunch.sample_domain
    return bunch
