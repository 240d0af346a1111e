"""The one place where the ways of giving two domains become one."""

from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn.utils import check_array, check_consistent_length, get_tags
from sklearn.utils.validation import _num_samples, validate_data

from adapt._sklearn import (
    _check_feature_names,
    _check_sample_weight,
    _check_y,
    is_pandas_na,
    is_scalar_nan,
)

_WAYS = (
    "Give `Xt` to `fit` or to the constructor, or give `sample_domain` with negative "
    "values for the target rows of `X`."
)


class Domains(NamedTuple):
    """A source and a target domain, validated and held apart.

    What was not given is None. ``source_domain`` and ``target_domain`` name the domain
    of each row where there are several. ``yt`` has one entry per target row;
    ``labelled`` says which of them are labels.
    """

    Xs: np.ndarray | sparse.csr_array | None
    ys: np.ndarray | None
    Xt: np.ndarray | sparse.csr_array
    yt: np.ndarray | None
    source_domain: np.ndarray | None
    target_domain: np.ndarray | None
    source_weight: np.ndarray | None
    target_weight: np.ndarray | None
    labelled: np.ndarray | None

    def without_target_labels(self):
        """Return these domains as an unsupervised method may see them."""
        return self._replace(yt=None, labelled=None)

    def labelled_target(self):
        """Return the labelled target rows ``(X, y, sample_weight)``."""
        if self.labelled.all():
            return self.Xt, self.yt, self.target_weight
        weight = (
            None if self.target_weight is None else self.target_weight[self.labelled]
        )
        return self.Xt[self.labelled], self.yt[self.labelled], weight


def check_sample_domain(sample_domain, X):
    """Return the domain of each row of ``X`` as integers; a scalar serves all rows."""
    domain = np.asarray(sample_domain)
    if domain.ndim == 0:
        domain = np.full(_num_samples(X), domain)
    if domain.ndim != 1:
        raise ValueError(
            "`sample_domain` must be a scalar or of shape (n_samples,), got shape "
            f"{domain.shape}."
        )
    if domain.dtype.kind not in "iuf":
        names = [str(name) for name in dict.fromkeys(domain.tolist())][:3]
        raise ValueError(
            "`sample_domain` must be integers, >= 0 for source rows and < 0 for target "
            f"rows; got values such as {names}. Map them first, for example: "
            f"`np.where(domain == {names[-1]!r}, -1, 0)`."
        )
    if domain.dtype.kind == "f":
        if not np.all(domain == np.floor(domain)):  # also catches NaN
            raise ValueError(
                "`sample_domain` must be integers, got NaN or fractional values."
            )
        domain = domain.astype(np.intp)
    check_consistent_length(X, domain)
    return domain


def check_rows(estimator, X, *, reset=False, name="X"):
    """Validate rows as the tags of ``estimator`` allow, and return them as floats."""
    allows = get_tags(estimator).input_tags
    if getattr(X, "ndim", 2) > 2 and not allows.three_d_array:
        raise ValueError(
            f"Found `{name}` with dim {X.ndim} and shape {tuple(X.shape)}, but "
            f"{type(estimator).__name__} takes tables of shape (n_samples, n_features)."
            f" Flatten each sample first: `{name}.reshape(len({name}), -1)`."
        )
    params = {
        "accept_sparse": "csr" if allows.sparse else False,
        "ensure_all_finite": "allow-nan" if allows.allow_nan else True,
        "allow_nd": allows.three_d_array,
        "dtype": [np.float64, np.float32],
    }
    if name == "X":
        return validate_data(estimator, X, reset=reset, **params)
    # As `validate_data` does, but with errors that name `Xt`.
    _check_feature_names(estimator, X, reset=False)
    X = check_array(X, input_name=name, estimator=estimator, **params)
    if X.shape[1] != estimator.n_features_in_:
        raise ValueError(
            f"`{name}` has {X.shape[1]} columns, but the source has "
            f"{estimator.n_features_in_}: X has {X.shape[1]} features, but "
            f"{type(estimator).__name__} is expecting {estimator.n_features_in_} "
            "features as input."
        )
    return X


class _Labels(NamedTuple):
    """Labels of rows, and which are missing; the entries of those are filler."""

    y: np.ndarray
    missing: np.ndarray

    def of(self, rows):
        """Return the labels of some rows."""
        return _Labels(self.y[rows], self.missing[rows])


def missing_labels(y):
    """Return which rows of ``y`` hold NaN, None or another missing value."""
    if y.dtype.kind == "f":
        return np.isnan(y.reshape(len(y), -1)).any(axis=1)
    if y.dtype.kind == "O":
        rows = y.reshape(len(y), -1).tolist()
        return np.array(
            [
                any(v is None or is_scalar_nan(v) or is_pandas_na(v) for v in row)
                for row in rows
            ],
            dtype=bool,
        )
    return np.zeros(len(y), dtype=bool)


def read_labels(y, X, name):
    """Return ``y`` as `_Labels` in the dtype that the present ones have on their own.

    NaN beside integers makes them floats, and None beside anything makes it objects.
    """
    if y is None:
        return None
    if sparse.issparse(y):
        raise TypeError(
            f"Sparse data was passed for `{name}`, but dense data is required: use "
            f"`{name}.toarray()`."
        )
    y = np.asarray(y)
    if y.ndim not in (1, 2):
        raise ValueError(
            f"y should be a 1d or 2d array, got `{name}` of shape {y.shape}."
        )
    check_consistent_length(X, y)
    missing = missing_labels(y)
    if missing.all() or not (missing.any() or y.dtype.kind == "O"):
        return _Labels(y, missing)
    present = y[~missing]
    if y.dtype.kind == "O":
        present = np.array(present.tolist())
    elif np.all(present == np.rint(present)):
        present = present.astype(np.intp)
    filled = np.empty(y.shape, dtype=present.dtype)
    filled[~missing] = present
    filled[missing] = present[0]
    return _Labels(filled, missing)


def _source_labels(estimator, labels):
    """Validate source labels, all of which must be there."""
    if labels is None:
        return None
    if labels.missing.any():
        raise ValueError(
            f"Input y contains NaN: {labels.missing.sum()} of {len(labels.y)} source "
            "rows have no label. Only target rows may be unlabelled."
        )
    return _check_y(labels.y, multi_output=True, estimator=estimator)


def _target_labels(estimator, labels, ys, wanted):
    """Return target labels, and which target rows are labelled, if any."""
    if labels is None or not wanted:
        return None, None
    yt, missing = labels
    whole = yt.dtype.kind == "i" and yt.ndim == 1 and not missing.any()
    if whole and (ys is None or -1 not in ys):  # elsewhere -1 is a class like any other
        missing = yt == -1
    if missing.all():
        return None, None
    return _check_y(yt, multi_output=True, estimator=estimator), ~missing


def _weights(sample_weight, X):
    """Validate weights given by the user; None stays None."""
    if sample_weight is None:
        return None
    return _check_sample_weight(sample_weight, X, ensure_non_negative=True)


def _rows(array, mask):
    return None if array is None else array[mask]


def split_domains(
    estimator, X, y=None, Xt=None, yt=None, sample_domain=None, sample_weight=None
):
    """Validate what ``fit`` was given and return it as `Domains`.

    The target is ``Xt`` as given to ``fit``, or the rows of ``X`` whose
    ``sample_domain`` is negative, or the constructor's ``Xt``.

    Parameters
    ----------
    estimator : BaseAdapter
        For whom: its tags say what ``X`` may be, its ``_source_optional`` whether
        ``X`` and ``y`` alone are the target, its ``_wants_target_labels()`` whether it
        may see labels of target rows, its ``_takes_yt`` whether it may see ``yt``.

    X, y, Xt, yt, sample_domain, sample_weight
        As in `adapt.base.BaseAdapter.fit`.

    Returns
    -------
    domains : Domains

    Raises
    ------
    ValueError
        If the target is missing, empty or given twice, if the source is empty or not
        fully labelled, or if arrays do not fit together.
    """
    name = type(estimator).__name__
    domain = None if sample_domain is None else check_sample_domain(sample_domain, X)
    if domain is not None and (domain < 0).any():
        if Xt is not None or estimator.Xt is not None:
            raise ValueError(
                "The target was given twice: as `Xt` and as the rows of `X` whose "
                "`sample_domain` is negative. Give one or the other."
            )
        if (domain < 0).all():
            raise ValueError(
                "The source domain is empty: every row of `X` has a negative "
                "`sample_domain`. Source rows have values >= 0."
            )
        return _split_one_table(estimator, X, y, domain, sample_weight)

    if Xt is None:
        Xt, yt = estimator.Xt, getattr(estimator, "yt", None) if yt is None else yt
    if Xt is None and not estimator._source_optional:
        raise ValueError(f"{name} has no target domain to adapt to. {_WAYS}")
    if Xt is None or X is None:
        if not estimator._source_optional:
            raise ValueError(f"{name} needs source rows `X`, got None.")
        if Xt is None:
            Xt, yt = X, y
        return _target_alone(estimator, Xt, yt, sample_weight)
    if _num_samples(Xt) == 0:
        raise ValueError(
            "The target domain is empty: Found array with 0 sample(s) in `Xt` while a "
            f"minimum of 1 is required by {name}."
        )
    return _pair_two_tables(estimator, X, y, Xt, yt, domain, sample_weight)


def _split_one_table(estimator, X, y, domain, sample_weight):
    X = check_rows(estimator, X, reset=True)
    weight = _weights(sample_weight, X)
    labels = read_labels(y, X, "y")
    source, target = domain >= 0, domain < 0
    ys = _source_labels(estimator, labels and labels.of(source))
    wanted = estimator._wants_target_labels()
    yt, labelled = _target_labels(estimator, labels and labels.of(target), ys, wanted)
    return Domains(
        Xs=X[source],
        ys=ys,
        Xt=X[target],
        yt=yt,
        source_domain=domain[source],
        target_domain=domain[target],
        source_weight=_rows(weight, source),
        target_weight=_rows(weight, target),
        labelled=labelled,
    )


def _pair_two_tables(estimator, X, y, Xt, yt, source_domain, sample_weight):
    same = Xt is X
    Xs = check_rows(estimator, X, reset=True)
    Xt = Xs if same else check_rows(estimator, Xt, name="Xt")
    ys = _source_labels(estimator, read_labels(y, Xs, "y"))
    wanted = estimator._takes_yt or estimator._wants_target_labels()
    yt, labelled = _target_labels(estimator, read_labels(yt, Xt, "yt"), ys, wanted)
    return Domains(
        Xs=Xs,
        ys=ys,
        Xt=Xt,
        yt=yt,
        source_domain=source_domain,
        target_domain=None,
        source_weight=_weights(sample_weight, Xs),
        target_weight=None,
        labelled=labelled,
    )


def _target_alone(estimator, Xt, yt, sample_weight):
    Xt = check_rows(estimator, Xt, reset=True)
    wanted = estimator._wants_target_labels()
    yt, labelled = _target_labels(estimator, read_labels(yt, Xt, "yt"), None, wanted)
    return Domains(
        Xs=None,
        ys=None,
        Xt=Xt,
        yt=yt,
        source_domain=None,
        target_domain=None,
        source_weight=None,
        target_weight=_weights(sample_weight, Xt),
        labelled=labelled,
    )
