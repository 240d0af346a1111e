"""Diagnosis: whether there is a shift, of what kind, and what to do about it."""

import warnings

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_random_state

from adapt._frames import as_pandas, is_frame
from adapt._label_kinds import is_classification
from adapt.base import SourceOnly
from adapt.inspection._column_tests import compare_columns
from adapt.inspection._expected_accuracy import expected_accuracy
from adapt.inspection._shift_kinds import concept_shift, label_shift
from adapt.inspection._shift_report import ShiftReport
from adapt.metrics import (
    ImportanceWeighted,
    classifier_test,
    energy_test,
    mmd_test,
)
from adapt.model_selection._candidates import base_estimator
from adapt.model_selection._preprocessing import usable_columns
from adapt.model_selection._read_domains import preprocess, read_domains
from adapt.model_selection._shift_evidence import coverage, shift_evidence
from adapt.series import SeriesSet
from adapt.series._feature_tables import channel_summary

_FEWEST = 4  # rows of a domain; those of which every fold has some


def _as_frames(Xs, Xt):
    """Return both domains as frames with the columns that can be compared."""
    import pandas as pd

    if isinstance(Xs, SeriesSet):
        return channel_summary(Xs), channel_summary(Xt)
    Xs, Xt = as_pandas(Xs), as_pandas(Xt)
    if is_frame(Xs):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # those of `preprocess` are shown
            columns = usable_columns(Xs, Xt)
        return Xs[columns], Xt[columns]
    names = [f"x{k}" for k in range(np.shape(Xs)[1])]
    return tuple(pd.DataFrame(np.asarray(X), columns=names) for X in (Xs, Xt))


def _kind(evidence, label):
    """Return the kind of shift that the evidence is for."""
    if not evidence.differ:
        return "none"
    if evidence.moved:
        return "features"
    level = evidence.rule.level
    # A residual that is all but impossible by chance, since weights are estimates.
    explained = label is not None and label.residual_p_value >= level / 5
    return "label" if explained and label.p_value < level else "covariate"


def _check_enough(Xs, Xt):
    """Refuse domains of so few rows that no test says anything."""
    for X, domain in (Xs, "source"), (Xt, "target"):
        n = np.shape(X)[0]
        if n < _FEWEST:
            raise ValueError(
                f"The {domain} has {n} {'row' if n == 1 else 'rows'}: a diagnosis "
                f"compares samples, and needs at least {_FEWEST} rows of each."
            )


def diagnose_shift(
    Xs,
    ys=None,
    Xt=None,
    yt=None,
    *,
    estimator="linear",
    n_permutations=499,
    random_state=0,
):
    """Diagnose how a target differs from a labelled source.

    Parameters
    ----------
    Xs : DataFrame or array-like of shape (n_samples, n_features)
        Source rows. A data frame may have columns of numbers, categories, text and
        booleans, and missing values.

    ys : array-like of shape (n_samples,), default=None
        Their labels. Numbers are classes if they are whole and at most 20 different
        ones. Without labels only the features are tested.

    Xt : DataFrame or array-like of shape (n_target_samples, n_features), default=None
        Target rows; needed.

    yt : array-like of shape (n_target_samples,), default=None
        Labels of target rows, missing where unknown: with 20 or more, it is tested
        whether they follow the rule of the source.

    estimator : estimator or {"linear", "forest", "boosting"}, default="linear"
        Classifier whose accuracy on the target is estimated.

    n_permutations : int, default=499
        Of the tests by permutation.

    random_state : int, RandomState instance or None, default=0
        Draws rows, folds and permutations.

    Returns
    -------
    report : ShiftReport
        Tests, the kind of shift, what to do, and the accuracy to expect. `print` it.

    Raises
    ------
    ValueError
        If a domain is empty, or if they have no columns in common.

    See Also
    --------
    expected_accuracy : The guess of the accuracy by itself.
    adapt.model_selection.compare : What the methods would gain.

    Notes
    -----
    Whether there is a shift, and whether rows have moved, is told by the evidence that
    `adapt.model_selection.compare` and `AutoAdapt` decide by. With the same
    `random_state` they find the same.

    Tests by permutation look at no more than 1,000 rows of each domain, those of
    concept and coverage at 2,000. Their time does not grow with more.

    A shift of all features by little and one of few by much look the same to a p-value.
    The single columns tell: PSI is large where a column moved far.

    Examples
    --------
    >>> from adapt.datasets import load_penguins
    >>> from adapt.inspection import diagnose_shift
    >>> data = load_penguins(source="Adelie", target="Gentoo", as_frame=True)
    >>> target = data.sample_domain < 0
    >>> report = diagnose_shift(
    ...     data.X[~target], data.y[~target], data.X[target], data.y[target]
    ... )
    >>> report.kind
    'features'
    >>> report.columns["column"].iloc[0]
    'flipper_length_mm'
    """
    rng = check_random_state(random_state)
    if ys is None and yt is not None:
        raise ValueError(
            "`yt` is compared with `ys`, the labels of the source: give it."
        )
    has_labels = ys is not None
    ys = ys if has_labels else np.linspace(0, 1, len(Xs))  # not looked at
    Xs, ys, Xt, yt, labelled = read_domains(Xs, ys, Xt, yt, None)
    _check_enough(Xs, Xt)
    preprocessor, Zs, Zt = preprocess(Xs, Xt)
    found = preprocessor.signs_ if isinstance(Xs, SeriesSet) else None
    of_classes = has_labels and is_classification(ys)
    tests = {
        "classifier": classifier_test(Zs, Zt, random_state=rng),
        "mmd": mmd_test(Zs, Zt, n_permutations=n_permutations, random_state=rng),
        "energy": energy_test(Zs, Zt, n_permutations=n_permutations, random_state=rng),
    }
    import pandas as pd

    tests = pd.DataFrame({name: test._asdict() for name, test in tests.items()}).T
    evidence = shift_evidence(
        Zs, Zt, ys if of_classes else None, random_state=random_state
    )
    label = label_shift(Zs, ys, Zt, rng) if of_classes else None
    concept = None
    if labelled.sum() >= 20:
        concept = concept_shift(Zs, ys, Zt[labelled], yt[labelled], of_classes, rng)
    expected = None
    if isinstance(estimator, str):
        estimator = base_estimator(estimator, of_classes, 0)
    if of_classes and is_classifier(estimator):
        method = SourceOnly(estimator)
        expected = expected_accuracy(method, Zs, ys, Zt, random_state=rng)
    return ShiftReport(
        kind=_kind(evidence, label),
        evidence=evidence,
        tests=tests,
        columns=compare_columns(*_as_frames(Xs, Xt)),
        label=label,
        concept=concept,
        effective_sample_size=ImportanceWeighted()
        .fit(Zs, Zt)
        .effective_sample_size(Zs),
        coverage=coverage(Zs, Zt, rng),
        expected=expected,
        n_source=len(ys),
        n_target=len(Zt),
        has_labels=has_labels,
        signs="" if found is None else found.finding_,
        turned=found is not None and bool(np.any(found.signs_ < 0)),
    )
