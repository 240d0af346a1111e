"""The one place where the ways of giving two domains become one.

`split_domains` is for adapters, which take rows of numbers. `read_tables` is for what
looks at rows as people have them, such as `compare`. Both say by `find_target` where
the target is, and by `target_labels` which of its rows are labelled.
"""

from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.utils import check_array, get_tags
from sklearn.utils.validation import _num_samples, validate_data

from adapt._frames import (
    as_rows,
    first_text,
    has_named_columns,
    is_frame,
    labels_as_array,
    take_rows,
    text_columns,
)
from adapt._scales import warn_if_scaled_alone
from adapt._sklearn import (
    _check_feature_names,
    _check_sample_weight,
    _check_y,
    is_pandas_na,
    is_scalar_nan,
)

_WAYS = "give `sample_domain` with negative values for the target rows of `X`."


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
    frames: tuple | None = None  # both as they were given, if ``_keeps_frames``

    @property
    def source_rows(self):
        """Return source rows as the estimator is to see them."""
        return self.Xs if self.frames is None else self.frames[0]

    @property
    def target_rows(self):
        """Return target rows as the estimator is to see them."""
        return self.Xt if self.frames is None else self.frames[1]

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
        return take_rows(self.Xt, self.labelled), self.yt[self.labelled], weight

    def labelled_target_rows(self):
        """Return the labelled target rows as the estimator is to see them."""
        rows = self.target_rows
        return rows if self.labelled.all() else take_rows(rows, self.labelled)


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
    if domain.dtype.kind == "O" and all(
        isinstance(v, Integral) and not isinstance(v, bool) for v in domain.tolist()
    ):
        domain = domain.astype(np.intp)  # integers, as `df.values` has them
    if domain.dtype.kind not in "iuf":
        names = list(dict.fromkeys(domain.tolist()))[:3]
        test = "is_target" if domain.dtype.kind == "b" else f"domain == {names[-1]!r}"
        raise ValueError(
            "`sample_domain` must be integers, >= 0 for source rows and < 0 for target "
            f"rows; got values such as {names}. Map them first, for example: "
            f"`np.where({test}, -1, 0)`."
        )
    if domain.dtype.kind == "f":
        if not np.all(domain == np.floor(domain)):  # also catches NaN
            raise ValueError(
                "`sample_domain` must be integers, got NaN or fractional values."
            )
        domain = domain.astype(np.intp)
    check_length(X, domain, "sample_domain")
    return domain


def check_length(X, values, name):
    """Refuse what has not one value for each row of ``X``."""
    n_rows = _num_samples(X)
    if len(values) != n_rows:
        raise ValueError(
            f"`{name}` must have one value for each row, but there are {n_rows} rows "
            f"and {len(values)} values: Found input variables with inconsistent "
            f"numbers of samples: {[n_rows, len(values)]}."
        )


def _refuse_texts(estimator, X, name):
    """Refuse a frame with a column of texts, and name the column."""
    texts = text_columns(X)
    if not texts:
        return
    column, example = texts[0]
    more = f" and {len(texts) - 1} more columns" if len(texts) > 1 else ""
    raise ValueError(
        f"Column {column!r}{more} of `{name}` has texts such as {example!r}, and "
        f"{type(estimator).__name__} computes with numbers. Encode it first: by a "
        "`ColumnTransformer` before the adapter, in a pipeline with "
        '`transform_input=["Xt"]`, or let `AutoAdapt` do so.'
    )


def refuse_texts_of(estimator, X, error):
    """Say which column of a frame an ``estimator`` may have failed on.

    Parameters
    ----------
    estimator : estimator
        Whose `fit` failed.

    X : array, sparse matrix or data frame
        What it was given.

    error : Exception
        What it raised.

    Raises
    ------
    ValueError
        If the error is caused by a column with texts.
    """
    for column, example in text_columns(X):
        if repr(example) in str(error) or "could not convert" in str(error):
            raise ValueError(
                f"Column {column!r} has texts such as {example!r}, which `estimator` "
                f"({type(estimator).__name__}) does not take. Encode it there: "
                "`make_pipeline(ColumnTransformer(...), ...)` as `estimator`; or let "
                "`AutoAdapt` do so."
            ) from error


def _refuse_texts_in(estimator, X, name, error):
    """Say in which column of an array or of a list a text is no number."""
    rows = X.to_numpy() if is_frame(X) else np.asarray(X, dtype=object)
    if "convert string" not in str(error) or rows.ndim != 2:
        return
    for k, column in enumerate(rows.T.tolist()):
        text = first_text(column)
        if text is not None:
            raise ValueError(
                f"Column {k} of `{name}` has texts such as {text!r} (could not convert "
                f"string to float), and {type(estimator).__name__} computes with "
                "numbers. Make numbers of it first, for example by an "
                "`OrdinalEncoder`."
            ) from error


def _read_frame(estimator, X, name, reset):
    """Return a frame whose columns need not be numbers, checked for its columns."""
    if reset:
        _check_feature_names(estimator, X, reset=True)
        estimator.n_features_in_ = X.shape[1]
    elif name == "X":
        _check_feature_names(estimator, X, reset=False)
    else:
        _check_names(estimator, X, name)
    if X.shape[0] == 0:
        domain = "target" if name == "Xt" else "source"
        raise ValueError(f"The {domain} domain is empty: `{name}` has no rows.")
    return X


def _check_names(estimator, X, name):
    """Refuse columns that are not those of the source, in the words of scikit-learn."""
    try:
        _check_feature_names(estimator, X, reset=False)
    except ValueError as error:
        raise ValueError(
            f"`{name}` has other columns than the source. {error}"
        ) from None


def read_numbers(estimator, X, *, reset=False, name="X", tags=None):
    """Validate rows like `check_rows`, but leave frames that are never computed with.

    These are those of an adapter that hands its rows on: its ``_reads_rows`` is false.
    """
    if estimator._reads_rows or not has_named_columns(X):
        return check_rows(estimator, X, reset=reset, name=name, tags=tags)
    return _read_frame(estimator, X, name, reset)


def check_rows(estimator, X, *, reset=False, name="X", tags=None):
    """Validate rows as the tags of ``estimator`` allow, and return them as floats."""
    allows = (get_tags(estimator) if tags is None else tags).input_tags
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
    _refuse_texts(estimator, X, name)
    try:
        if name == "X":
            return validate_data(estimator, X, reset=reset, **params)
        # As `validate_data` does, but with errors that name `Xt`.
        _check_names(estimator, X, name)
        X = check_array(X, input_name=name, estimator=estimator, **params)
    except ValueError as error:
        _refuse_texts_in(estimator, X, name, error)
        raise
    if X.shape[1] != estimator.n_features_in_:
        other = "target" if name == "X_source" else "source"
        raise ValueError(
            f"`{name}` has {X.shape[1]} columns, but the {other} has "
            f"{estimator.n_features_in_}: X has {X.shape[1]} features, but "
            f"{type(estimator).__name__} is expecting {estimator.n_features_in_} "
            "features as input."
        )
    return X


# ------------------------------------------------------------------------- labels


class Labels(NamedTuple):
    """Labels of rows as they were given, and which of them are missing."""

    y: np.ndarray
    missing: np.ndarray

    def of(self, rows):
        """Return the labels of some rows."""
        return Labels(self.y[rows], self.missing[rows])

    def values(self):
        """Return the labels in the type of those that are there.

        None beside anything makes objects of labels. What is missing becomes filler.
        """
        y, missing = self
        if missing.all() or not (missing.any() or y.dtype.kind == "O"):
            return y
        present = y[~missing]
        if y.dtype.kind == "O":
            present = _of_one_type(present)
        filled = np.empty(y.shape, dtype=present.dtype)
        filled[~missing] = present
        filled[missing] = present[0]
        return filled


def _of_one_type(y):
    """Return objects as an array of what they are."""
    texts = {isinstance(label, str) for label in y.ravel().tolist()}
    if len(texts) > 1:
        raise TypeError(
            "Labels must be uniformly strings or numbers, got both. Bring them to one "
            "type first, for example by `y.astype(str)`."
        )
    return np.array(y.tolist())


def missing_labels(y):
    """Return which rows of ``y`` hold NaN, None or another missing value."""
    if len(y) == 0:
        return np.zeros(0, dtype=bool)
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


# What numpy makes of -1 and of missing values beside texts.
_MARKS_AS_TEXTS = ("-1", "-1.0", "nan", "None", "<NA>")


def _minus_one(y):
    """Return which labels are -1, of whatever type; rows of several never are."""
    if y.size == len(y) and y.dtype.kind == "U":
        return np.isin(y.ravel(), _MARKS_AS_TEXTS)
    if y.size != len(y) or y.dtype.kind not in "ifO":
        return np.zeros(len(y), dtype=bool)
    if y.dtype.kind == "O":
        found = [isinstance(v, Real) and v == -1 for v in y.ravel().tolist()]
        return np.array(found, dtype=bool)
    return y.ravel() == -1


def _as_array(y):
    """Return labels as an array; a list of texts or booleans beside NaN as objects.

    numpy would make texts or numbers of all of them.
    """
    array = labels_as_array(y)
    if not isinstance(y, list | tuple) or array.ndim != 1 or array.dtype.kind == "O":
        return array
    kinds = {type(label) for label in y}
    mixed = len(kinds) > 1 and kinds & {str, bool, np.str_, np.bool_}
    return np.array(y, dtype=object) if mixed else array


def read_labels(y, X, name="y"):
    """Return ``y`` as `Labels` of the rows of ``X``; None stays None."""
    if y is None:
        return None
    if sparse.issparse(y):
        raise TypeError(
            f"Sparse data was passed for `{name}`, but dense data is required: use "
            f"`{name}.toarray()`."
        )
    y = _as_array(y)
    if y.ndim not in (1, 2):
        raise ValueError(
            f"y should be a 1d or 2d array, got `{name}` of shape {y.shape}."
        )
    check_length(X, y, name)
    return Labels(y, missing_labels(y))


def source_labels(labels):
    """Return the labels of source rows, all of which must be there."""
    if labels is None:
        return None
    if labels.missing.any():
        raise ValueError(
            f"Input y contains NaN: {labels.missing.sum()} of {len(labels.y)} source "
            "rows have no label. Only target rows may be unlabelled: drop these rows, "
            "or make them part of the target."
        )
    return labels.values()


def _measures(y):
    """Return whether labels are numbers with fractions, and so no codes of classes."""
    return y.dtype.kind == "f" and bool((y != np.rint(y)).any())


def target_labels(labels, source=None):
    """Return labels of target rows, and which of the rows are labelled.

    A row is not labelled where its label is missing, or -1 if no source row carries -1.
    Among labels with fractions -1 is a number like any other. Texts that numpy makes of
    -1 and of missing values count as these.

    Parameters
    ----------
    labels : Labels or None
        Of the target rows.

    source : ndarray, default=None
        Labels of the source. Those of the target are given the same type where that
        changes no value: NaN beside whole numbers makes them floats.

    Returns
    -------
    yt : ndarray or None
        None if no row is labelled. There is filler where a row is not.

    labelled : ndarray of bool of shape (n_target_samples,) or None
    """
    if labels is None:
        return None, None
    known = labels.values()[~labels.missing] if source is None else source
    if not (_measures(known) or (source is not None and _minus_one(source).any())):
        labels = labels._replace(missing=labels.missing | _minus_one(labels.y))
    if labels.missing.all():
        return None, None
    yt = labels.values()
    if source is not None and source.dtype.kind in "iub" and yt.dtype.kind in "iuf":
        same = yt.astype(source.dtype)
        yt = same if np.array_equal(same, yt) else yt
    return yt, ~labels.missing


def keep_labelled(X, y, sample_weight=None, classes=None):
    """Return the labelled rows, which are what a score can judge.

    Parameters
    ----------
    X : array, sparse matrix or data frame of shape (n_samples, n_features)
        Rows.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Their labels, some of which may be missing.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows.

    classes : ndarray of shape (n_classes,), default=None
        Classes of the source. If None, labels are numbers, and -1 is one.

    Returns
    -------
    X, y, sample_weight

    Raises
    ------
    ValueError
        If there are rows, and none of them has a label.
    """
    labels = read_labels(y, X)
    if labels is None or len(labels.y) == 0:
        return X, y, sample_weight
    labelled = ~labels.missing
    if isinstance(classes, np.ndarray) and labelled.any():
        labelled = target_labels(labels, classes)[1]
    if labelled is None or not labelled.any():
        raise ValueError(
            "A score needs labels, and Input y contains NaN, None or -1 alone: no row "
            "has a label. Scorers of `adapt.metrics` need none of the target: give a "
            "search `scoring=`, for example `SourceScore()` or "
            "`ImportanceWeighted()`."
        )
    if labelled.all():
        return X, y, sample_weight
    if sample_weight is not None:
        sample_weight = np.asarray(sample_weight)[labelled]
    y = labels._replace(missing=~labelled).values()[labelled]
    return take_rows(as_rows(X), labelled), y, sample_weight


def require_labels(estimator, ys, role):
    """Refuse a source without labels; ``role`` says what the method does with them."""
    if ys is None:
        # The words that scikit-learn looks for.
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is "
            f"None: it {role}."
        )


# ------------------------------------------------------------------------ domains


def find_target(X, Xt, sample_domain):
    """Return the domain of each row of ``X``, None if all are of one source.

    Raises
    ------
    ValueError
        If the target was given twice, or if all rows are of the target.
    """
    if sample_domain is None:
        return None
    domain = check_sample_domain(sample_domain, X)
    if (domain < 0).any():
        if Xt is not None:
            raise ValueError(
                "The target was given twice: as `Xt` and as the rows of `X` whose "
                "`sample_domain` is negative. Give one or the other."
            )
        if (domain < 0).all():
            raise ValueError(
                "The source domain is empty: every row of `X` has a negative "
                "`sample_domain`. Source rows have values >= 0."
            )
    return domain


class Tables(NamedTuple):
    """Two domains in the containers that they came in.

    ``yt`` is None if no target row is labelled, and has filler where one is not.
    """

    Xs: Any
    ys: np.ndarray | None
    Xt: Any
    yt: np.ndarray | None
    labelled: np.ndarray


def split_table(X, y, sample_domain):
    """Return rows and `Labels` of the source, and those of the target.

    Parameters
    ----------
    X : array-like, sparse matrix or data frame of shape (n_samples, n_features)
        Rows of both domains.

    y : array-like of shape (n_samples,) or None
        Their labels.

    sample_domain : array-like of shape (n_samples,)
        Negative for target rows. There need be none, of either domain.

    Returns
    -------
    Xs, ys, Xt, yt
    """
    X, labels = as_rows(X), read_labels(y, X, "y")
    target = check_sample_domain(sample_domain, X) < 0
    parts = []
    for rows in ~target, target:
        parts += [take_rows(X, rows), None if labels is None else labels.of(rows)]
    return tuple(parts)


def read_tables(X, y, Xt=None, yt=None, sample_domain=None):
    """Bring both ways of giving two domains to one, whatever the rows are kept in.

    Parameters
    ----------
    X, y, Xt, yt, sample_domain
        As in `adapt.base.BaseAdapter.fit`, but `X` may have columns of any type.

    Returns
    -------
    tables : Tables

    Raises
    ------
    ValueError
        If the target is missing or given twice, if a domain is empty, or if a source
        row has no label.
    """
    X = as_rows(X)
    domain = find_target(X, Xt, sample_domain)
    if domain is not None and (domain < 0).any():
        Xs, source, Xt, target = split_table(X, y, domain)
    elif Xt is None:
        raise ValueError(
            f"There is no target domain to adapt to. Give `Xt`, or {_WAYS}"
        )
    else:
        Xs, Xt = X, as_rows(Xt)
        source, target = read_labels(y, Xs, "y"), read_labels(yt, Xt, "yt")
    for rows, name in [(Xs, "source"), (Xt, "target")]:
        if rows.shape[0] == 0:
            raise ValueError(f"The {name} domain is empty: it has no rows.")
    ys = source_labels(source)
    yt, labelled = target_labels(target, ys)
    if labelled is None:
        labelled = np.zeros(Xt.shape[0], dtype=bool)
    return Tables(Xs, ys, Xt, yt, labelled)


def require_weight(weight, rows=""):
    """Refuse weights that are all zero; ``rows`` says in the message whose they are."""
    if weight is not None and not np.any(weight > 0):
        raise ValueError(
            f"`sample_weight` is zero for every {rows}{' ' if rows else ''}row: Sample "
            "weights must contain at least one non-zero number. Give some rows a "
            "positive weight, or leave the weights out."
        )


def _weights(sample_weight, X):
    """Validate weights given by the user; None stays None."""
    if sample_weight is None:
        return None
    values = np.asarray(sample_weight)
    if values.ndim == 1 and values.dtype.kind in "iuf" and not np.any(values):
        require_weight(values)  # in our words
    return _check_sample_weight(sample_weight, X, ensure_non_negative=True)


def _rows(array, mask):
    return None if array is None else array[mask]


def _check_labels(estimator, labels, target, known=None):
    """Validate the labels of both domains."""
    ys = source_labels(labels)
    if ys is not None:
        ys = _check_y(ys, multi_output=True, estimator=estimator)
    yt, labelled = target_labels(target, known if ys is None else ys)
    if yt is not None:
        yt = _check_y(yt, multi_output=True, estimator=estimator)
    return {"ys": ys, "yt": yt, "labelled": labelled}


def split_domains(
    estimator,
    X,
    y=None,
    Xt=None,
    yt=None,
    sample_domain=None,
    sample_weight=None,
    *,
    tags=None,
):
    """Validate what ``fit`` was given and return it as `Domains`.

    The target is ``Xt`` as given to ``fit``, or the rows of ``X`` whose
    ``sample_domain`` is negative, or the constructor's ``Xt``.

    Parameters
    ----------
    estimator : BaseAdapter
        For whom: its ``_source_optional`` says whether ``X`` and ``y`` alone are the
        target, its ``_wants_target_labels()`` whether it may see labels of target rows,
        and its ``_target_labels`` whether at least those of ``yt``.

    X, y, Xt, yt, sample_domain, sample_weight
        As in `adapt.base.BaseAdapter.fit`.

    tags : Tags, default=None
        Those of ``estimator``, which say what ``X`` may be. If None, they are asked
        for.

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
    tags = get_tags(estimator) if tags is None else tags
    domain = find_target(X, estimator.Xt if Xt is None else Xt, sample_domain)
    if domain is not None and (domain < 0).any():
        return _split_one_table(estimator, X, y, domain, sample_weight, tags)

    if Xt is None:
        Xt, yt = estimator.Xt, getattr(estimator, "yt", None) if yt is None else yt
    if Xt is None and not estimator._source_optional:
        raise ValueError(
            f"{name} has no target domain to adapt to. Give `Xt` to `fit` or to the "
            f"constructor, or {_WAYS}{_second_is_y(X, y)}"
        )
    if Xt is None or X is None:
        if not estimator._source_optional:
            raise ValueError(f"{name} needs source rows `X`, got None.")
        if Xt is None:
            Xt, yt = X, y
        if Xt is None:
            raise ValueError(
                f"{name} was given no rows. Write `fit(X, y)` with the labelled target "
                "if the source model is fitted, and else `fit(X, y, Xt=Xt, yt=yt)`: "
                "rows of the source, their labels, and the labelled target."
            )
        return _target_alone(estimator, Xt, yt, sample_weight, tags)
    if _num_samples(Xt) == 0:
        raise ValueError(
            "The target domain is empty: Found array with 0 sample(s) in `Xt` while a "
            f"minimum of 1 is required by {name}."
        )
    return _pair_two_tables(estimator, X, y, Xt, yt, domain, sample_weight, tags)


def _second_is_y(X, y):
    """Return words for who gave target rows in the place of labels, as ADAPT has it."""
    shapes = [np.shape(rows)[1:] for rows in (X, y) if rows is not None]
    if len(shapes) < 2 or not shapes[0] or shapes[0] != shapes[1]:
        return ""
    return " The second argument is `y`: name target rows, as `Xt=Xt`."


def _kept(estimator, Xs, Xt):
    """Return both domains as they were given, if the estimator is to see frames."""
    if not (estimator._keeps_frames and has_named_columns(Xs)):
        return None
    return (Xs, Xt) if has_named_columns(Xt) else None


def _split_one_table(estimator, X, y, domain, sample_weight, tags):
    given = X
    X = read_numbers(estimator, X, reset=True, tags=tags)
    weight = _weights(sample_weight, X)
    Xs, labels, Xt, target = split_table(X, y, domain)
    frames = None
    if estimator._keeps_frames and has_named_columns(given):
        frames = take_rows(given, domain >= 0), take_rows(given, domain < 0)
    if not estimator._wants_target_labels():
        target = None
    return Domains(
        Xs=Xs,
        Xt=Xt,
        **_check_labels(estimator, labels, target),
        source_domain=domain[domain >= 0],
        target_domain=domain[domain < 0],
        source_weight=_rows(weight, domain >= 0),
        target_weight=_rows(weight, domain < 0),
        frames=frames,
    )


def _pair_two_tables(estimator, X, y, Xt, yt, source_domain, sample_weight, tags):
    given = X, Xt
    # Rows that are stacked must be in the same kind of container.
    whole = has_named_columns(X) and has_named_columns(Xt)
    read = read_numbers if whole else check_rows
    Xs = read(estimator, X, reset=True, tags=tags)
    Xt = Xs if Xt is X else read(estimator, Xt, name="Xt", tags=tags)
    if estimator._reads_rows:
        warn_if_scaled_alone(Xs, Xt)
    target = read_labels(yt, Xt, "yt")
    if estimator._target_labels == "never" and not estimator._wants_target_labels():
        target = None
    return Domains(
        Xs=Xs,
        Xt=Xt,
        **_check_labels(estimator, read_labels(y, Xs, "y"), target),
        source_domain=source_domain,
        target_domain=None,
        source_weight=_weights(sample_weight, Xs),
        target_weight=None,
        frames=_kept(estimator, *given),
    )


def pair_with_source(estimator, X, X_source, Xt=None, sample_domain=None):
    """Return `Domains` of a target ``X`` and a source that is named beside it.

    Parameters
    ----------
    estimator : BaseAdapter
        For whom.

    X : array-like of shape (n_samples, n_features)
        The target.

    X_source : array-like of shape (n_source_samples, n_features)
        The source.

    Xt, sample_domain : object
        Must be None: with either, `X` would be the source.

    Raises
    ------
    ValueError
        If the domains are given twice, or do not fit together.
    """
    other = {"Xt": Xt, "sample_domain": sample_domain}
    other["Xt"] = estimator.Xt if Xt is None else Xt
    for name, value in other.items():
        if value is not None:
            raise ValueError(
                "The domains were given twice: by `X_source`, with which `X` is the "
                f"target, and by `{name}`, with which `X` holds the source. Give one "
                "or the other."
            )
    Xt = check_rows(estimator, X, reset=True)
    if _num_samples(X_source) == 0:
        raise ValueError(
            "The source domain is empty: Found array with 0 sample(s) in `X_source` "
            f"while a minimum of 1 is required by {type(estimator).__name__}."
        )
    Xs = check_rows(estimator, X_source, name="X_source")
    return Domains(Xs, None, Xt, None, None, None, None, None, None)


def _target_alone(estimator, Xt, yt, sample_weight, tags):
    given, Xt = Xt, read_numbers(estimator, Xt, reset=True, tags=tags)
    target = read_labels(yt, Xt, "yt")
    if not estimator._wants_target_labels():
        target = None
    return Domains(
        Xs=None,
        Xt=Xt,
        **_check_labels(estimator, None, target, estimator._known_classes()),
        source_domain=None,
        target_domain=None,
        source_weight=None,
        target_weight=_weights(sample_weight, Xt),
        frames=_kept(estimator, given, given),
    )
