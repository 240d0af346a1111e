"""Rank sources for a target with few labels."""

import warnings
from functools import partial

import numpy as np
from sklearn.utils import check_consistent_length, check_random_state

from adapt._domains import missing_labels
from adapt._frames import as_rows, take_rows
from adapt._label_kinds import is_classification
from adapt._units_of_columns import unit_findings
from adapt.model_selection._many_fits import ManyFits, results
from adapt.model_selection._source_outputs import is_table, outputs_of
from adapt.model_selection._source_scores import DISTANCES, SCORES

_N_GROUPS = 20  # of rows, each left out in turn
_TIED = 2.0  # standard errors of a difference


def jackknife_groups(y, of_classes, rng, n_groups=_N_GROUPS):
    """Return the group of each row, with the classes spread over the groups.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Labels.

    of_classes : bool
        Whether they are classes.

    rng : RandomState
        Draws the groups.

    n_groups : int, default=20
        Largest number of groups.

    Returns
    -------
    groups : ndarray of shape (n_samples,), dtype int
    """
    order = rng.permutation(len(y))
    if of_classes:
        codes = np.unique(y, return_inverse=True)[1]
        order = order[np.argsort(codes[order], kind="stable")]
    groups = np.empty(len(y), dtype=int)
    groups[order] = np.arange(len(y)) % min(n_groups, len(y))
    return groups


def jackknife_error(left_out):
    """Return the standard error of a statistic from its values without each group.

    Parameters
    ----------
    left_out : ndarray of shape (n_groups, ...)
        Values; NaN where there is none.

    Returns
    -------
    error : ndarray of shape (...)
    """
    n = np.sum(~np.isnan(left_out), axis=0)
    mean = np.nansum(left_out, axis=0) / np.maximum(n, 1)
    squares = np.nansum(np.square(left_out - mean), axis=0)
    return np.where(n > 1, np.sqrt((n - 1) / np.maximum(n, 1) * squares), np.nan)


def _default(used_as, of_classes, outputs):
    if used_as == "model":
        return "log_likelihood" if of_classes else "neg_mean_squared_error"
    if of_classes and all(found.probabilities is not None for found in outputs):
        return "leep"
    return "log_evidence"


def _check_scores(scores, used_as):
    if used_as not in ("model", "features"):
        raise ValueError(f"`used_as` must be 'model' or 'features', got {used_as!r}.")
    allowed = [name for name, score in SCORES.items() if used_as in score.used_as]
    for name in scores or ():
        if name in SCORES and name not in allowed:
            raise ValueError(
                f"`scores` has {name!r}, which does not rank sources that are used as "
                f"{used_as}: with used_as={used_as!r} there are "
                f"{[*allowed, *DISTANCES]}."
            )
        if name not in (*SCORES, *DISTANCES):
            raise ValueError(
                f"`scores` has {name!r}, which is none of {[*allowed, *DISTANCES]}."
            )
    return scores is None or any(
        SCORES[s].needs == "features" for s in scores if s in SCORES
    )


def _of_rows(outputs, rows):
    """Return the outputs at some of the target rows."""
    return outputs._replace(
        **{
            field: getattr(outputs, field)[rows]
            for field in ("probabilities", "predictions", "features")
            if getattr(outputs, field) is not None
        }
    )


def _value(name, key, outputs, X, y):
    """Return a score of one source."""
    if key in DISTANCES:
        if outputs.table is None:
            raise ValueError(
                f"`scores` has {key!r}, which compares rows, but source {name!r} is a "
                "model: give a pair (X, y), or leave this score out."
            )
        return DISTANCES[key](outputs.table, X, y)
    score = SCORES[key]
    if getattr(outputs, score.needs) is None:
        hint = (
            " Fit it within sklearn.calibration.CalibratedClassifierCV."
            if score.needs == "probabilities"
            else ""
        )
        raise ValueError(
            f"Source {name!r} has no {score.needs}, which {key!r} needs.{hint}"
        )
    return score.function(outputs, y)


def _left_out(key, outputs, y, groups, of_classes):
    """Return a score of one source without each group of rows; NaN where it fails."""
    values = np.full(groups.max() + 1, np.nan)
    for group in range(len(values)):
        rows = np.flatnonzero(groups != group)
        if len(rows) >= 3 and (not of_classes or len(np.unique(y[rows])) > 1):
            values[group] = SCORES[key].function(_of_rows(outputs, rows), y[rows])
    return values


def _labelled(Xt, yt):
    """Return the labelled rows, their labels, and whether these are classes."""
    Xt = as_rows(Xt)
    yt = np.asarray(yt)
    check_consistent_length(Xt, yt)
    known = ~missing_labels(yt)
    if known.sum() < 3:
        raise ValueError(
            f"`yt` has {known.sum()} labels: sources are ranked on 3 labelled target "
            "rows or more, and by chance on fewer than about 20."
        )
    Xt, yt = take_rows(Xt, known), yt[known]
    of_classes = is_classification(yt)
    if not of_classes:
        yt = yt.astype(float)
    if len(np.unique(yt)) < 2:
        raise ValueError("`yt` has one value only, of which nothing can be ranked.")
    return Xt, yt, of_classes


def rank_sources(
    sources,
    Xt,
    yt,
    *,
    used_as="model",
    scores=None,
    estimator=None,
    layer=None,
    random_state=0,
    n_jobs=None,
):
    """Rank sources on labelled training rows of the target.

    State how the sources will be used. A model that is used as it is
    (`used_as="model"`) is judged by the likelihood of the labels under its predictions.
    Features for a new head (`used_as="features"`) are judged by a score of
    transferability, which forgives wrong labels that a head can translate. The scores
    of one do not rank the other: in our measurements LEEP ranks features with a
    correlation of about .5, and models that are used as they are hardly better than
    chance.

    Parameters
    ----------
    sources : dict
        By name: fitted estimators; Keras models; or tables as pairs (X, y), on which
        `estimator` is fitted.

    Xt : array-like of shape (n_target_samples, n_features)
        Target rows.

    yt : array-like of shape (n_target_samples,)
        Their labels; rows without one are left out. Classes if they are texts or at
        most 20 different whole numbers, else numbers.

    used_as : {"model", "features"}, default="model"
        What the source is for.

    scores : list of str, default=None
        Scores by name, of which the first ranks. For models: "log_likelihood" (the
        default for classes), "accuracy", "neg_mean_squared_error" (the default for
        numbers), "r2". For features: "leep" (the default for classes if all sources
        give probabilities), "leep_leave_one_out", "nce", "log_evidence" (the default
        otherwise), "h_score", "neighbor_accuracy", "parc", "gbc", "neural_collapse",
        "transrate". For tables: "neg_dataset_distance" and "neg_energy_distance".

    estimator : estimator, default=None
        Fitted on sources that are tables, on the columns that the target has too. If
        None, a linear model of standardised numbers and one-hot encoded categories.

    layer : str or int, default=None
        Layer of Keras models whose outputs are the features; see `FrozenFeatures`. If
        None, the last but one.

    random_state : int, RandomState instance or None, default=0
        Draws the groups of rows of the jackknife.

    n_jobs : int, default=None
        How many sources to fit, or to predict by, at a time, where
        `joblib.parallel_config` says.

    Returns
    -------
    ranking : pandas.DataFrame
        A row for each source, the best first: the score that ranks, under its name;
        `standard_error`, by the jackknife over 20 groups of rows; `tied`, whether the
        source cannot be told from the first, because their difference is within two
        standard errors; then the other scores. Greater is better for all of them.

    Raises
    ------
    ValueError
        If fewer than 3 rows are labelled, if a score does not exist or does not fit
        `used_as`, or if a source lacks what a score needs.

    Warns
    -----
    UserWarning
        If a column of a table is in other units than the target's; nothing is
        converted.

    See Also
    --------
    adapt.parameter_based.SourceMixture : Mixes the sources, which is better than the
        best of them.
    adapt.metrics.leep : The scores by themselves.
    adapt.inspection.SourceRankingDisplay : Draws the ranking.

    Notes
    -----
    Rows by which sources are ranked are training rows: judge what you chose on others.
    Features of scikit-learn's perceptrons are their last hidden layer, of pipelines
    what the steps before the last make, of other models their probabilities.

    Time that of one prediction by each source, and 21 times that of a score.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from adapt.model_selection import rank_sources
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> sources = {
    ...     "same": LogisticRegression().fit(X, X[:, 0] > 0),
    ...     "other": LogisticRegression().fit(X, X[:, 1] > 0),
    ...     "flipped": LogisticRegression().fit(X, X[:, 0] < 0),
    ... }
    >>> rank_sources(sources, X[:40], X[:40, 0] > 0).index.tolist()
    ['same', 'other', 'flipped']
    >>> ranking = rank_sources(sources, X[:40], X[:40, 0] > 0, used_as="features")
    >>> sorted(ranking.index[ranking["tied"]])
    ['flipped', 'same']
    """
    import pandas as pd

    with_features = _check_scores(scores, used_as) and used_as == "features"
    if not isinstance(sources, dict) or not sources:
        raise TypeError(
            "`sources` must be a dict of names and sources that is not empty, got "
            f"{type(sources).__name__}."
        )
    X, y, of_classes = _labelled(Xt, yt)
    _warn_of_units(sources, X)
    options = {
        "of_classes": of_classes,
        "estimator": estimator,
        "layer": layer,
        "with_features": with_features,
    }
    calls = (
        (partial(outputs_of, **options), name, source, X, y)
        for name, source in sources.items()
    )
    with ManyFits(n_jobs, [X, y]) as fits:
        outputs = dict(zip(sources, results(fits.outcomes(calls)), strict=True))
    if scores is None:
        scores = [_default(used_as, of_classes, outputs.values())]
    values = pd.DataFrame(
        {
            key: [_value(name, key, outputs[name], X, y) for name in outputs]
            for key in scores
        },
        index=list(outputs),
    )
    first = scores[0]
    if first in DISTANCES:
        left_out = np.full((2, len(outputs)), np.nan)
    else:
        groups = jackknife_groups(y, of_classes, check_random_state(random_state))
        left_out = np.column_stack(
            [
                _left_out(first, found, y, groups, of_classes)
                for found in outputs.values()
            ]
        )
    best = int(np.nanargmax(values[first]))
    behind = values[first].iloc[best] - values[first]
    margin = _TIED * jackknife_error(left_out[:, [best]] - left_out)
    values.insert(1, "standard_error", jackknife_error(left_out))
    values.insert(2, "tied", (behind <= np.nan_to_num(margin)).to_numpy())
    return values.sort_values(first, ascending=False, kind="stable")


def _warn_of_units(sources, X):
    for name, source in sources.items():
        findings = unit_findings(source[0], X) if is_table(source) else {}
        if findings:
            listed = "; ".join(f"{column}: {text}" for column, text in findings.items())
            warnings.warn(
                f"Source {name!r} may be in other units than the target: {listed}. "
                "Nothing was converted.",
                UserWarning,
                stacklevel=3,
            )
