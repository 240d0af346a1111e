"""What a few labels of the target choose among.

With labels a wrong candidate is found out, so there may be more of them than for a
choice without: methods for shifts that leave no trace without labels, and methods that
learn from the labelled rows.
"""

from adapt.base._estimators import takes_sample_weight
from adapt.model_selection._candidates import (
    BASELINE,
    TARGET_ONLY,
    candidates,
    default_candidates,
)


def label_free_candidates(estimator, of_classes):
    """Return adapters that learn nothing from target labels.

    Parameters
    ----------
    estimator : estimator
        The one that each adapter fits.

    of_classes : bool
        Whether it is a classifier.

    Returns
    -------
    candidates : dict of str to adapter
        Not fitted.
    """
    from adapt.feature_based import CORAL, SA, LinearOT
    from adapt.instance_based import ULSIF, MMDTarS

    found = {
        **default_candidates(estimator),
        "CORAL": CORAL(estimator, lambda_=1.0, match_mean=True),
        "LinearOT": LinearOT(estimator, lambda_=1.0),
    }
    if not of_classes:
        return {**found, "ULSIF": ULSIF(estimator, random_state=0)}
    if "ScaledSelfTraining" in found:
        found["SelfTraining"] = found["ScaledSelfTraining"].estimator
    resample = not takes_sample_weight(estimator)
    return {
        **found,
        "SA": SA(estimator),
        "MMDTarS": MMDTarS(estimator, resample=resample, random_state=0),
    }


def label_learners(estimator):
    """Return adapters that learn from labelled target rows, the quick ones.

    Parameters
    ----------
    estimator : estimator
        The one that each adapter fits.

    Returns
    -------
    learners : dict of str to adapter
        The target alone, both domains with equal shares of the loss, and both with
        coefficients of their own.
    """
    from adapt.feature_based import FA
    from adapt.instance_based import BalancedWeighting

    resample = not takes_sample_weight(estimator)
    params = {"resample": resample, "random_state": 0}
    return {
        TARGET_ONLY: BalancedWeighting(estimator, gamma=1.0, **params),
        "BalancedWeighting": BalancedWeighting(estimator, gamma=0.5, **params),
        "FA": FA(estimator),
    }


def split_candidates(methods, estimator, of_classes):
    """Return the candidates of a choice by labels.

    Parameters
    ----------
    methods : "default", list of str or dict of str to adapter
        As in `compare`.

    estimator : estimator
        The one that each adapter fits.

    of_classes : bool
        Whether it is a classifier.

    Returns
    -------
    fixed : dict of str to adapter
        Those that learn nothing from target labels, source-only first.

    learners : dict of str to adapter
        The others.
    """
    if isinstance(methods, str) and methods == "default":
        fixed = candidates(
            label_free_candidates(estimator, of_classes), estimator, True
        )
        return fixed, label_learners(estimator)
    given = candidates(methods, estimator, True)
    learners = {k: m for k, m in given.items() if m._wants_target_labels()}
    fixed = {k: m for k, m in given.items() if k not in learners}
    return {BASELINE: given[BASELINE], **fixed}, learners


def judged_without_labels(methods, estimator, with_labels):
    """Return the candidates of the choice that is made without target labels.

    Parameters
    ----------
    methods, estimator
        As in `split_candidates`.

    with_labels : bool
        Whether there are labels for others to learn from; else these are refused.

    Returns
    -------
    candidates : dict of str to adapter
        Source-only first.
    """
    found = candidates(methods, estimator, trains_on_target=with_labels)
    return {k: m for k, m in found.items() if not m._wants_target_labels()}
