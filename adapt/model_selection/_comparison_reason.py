"""Why a `Comparison` recommends what it does, in a sentence."""

from adapt.model_selection._candidates import BASELINE


def about_classes(evidence):
    """Return what the rows tell of classes, if it matters to methods.

    Parameters
    ----------
    evidence : ClassEvidence or None
        None if numbers are predicted.

    Returns
    -------
    text : str
        The start of a sentence; empty if there is nothing to tell.
    """
    if evidence is None:
        return ""
    if evidence.frequencies_differ:
        share = evidence.by_frequencies
        return f"other frequencies of classes explain {share:.0%} of the shift"
    if evidence.along_classes:
        share = max(evidence.by_frequencies, evidence.by_scores)
        return f"{share:.0%} of the shift is along what tells classes apart"
    return "classes stand apart" if evidence.stand_apart else ""


def _why_chosen(comparison, row):
    """Return why a method is recommended."""
    about = about_classes(comparison.classes)
    about = (
        ""
        if comparison.due(row) or not about
        else f"{about}, so that any gain is enough: "
    )
    return (
        f"{about}{row['method']} gains {row['gain']:.3f} on {BASELINE}, which is "
        f"{row['margin']:.1f} standard errors."
    )


def _why_not(comparison, row):
    """Return why the best of the methods is not recommended."""
    due = comparison.due(row)
    return (
        f"no method is clearly better than {BASELINE}: the best, {row['method']}, "
        f"gains {row['gain']:+.3f}, which is {row['margin']:+.1f} standard errors"
        + (f" where {due:g} are due." if due else ".")
    )


def _why_none(comparison):
    """Return why there is no method to recommend."""
    evidence = comparison.classes
    if not comparison.left_out or not evidence.along_classes:
        return "no other method was finished, or could help."
    why = "no method here weighs classes, as `MMDTarS` does."
    if not evidence.frequencies_differ:
        why = "maps do harm there, and whether weights help cannot be told."
    return f"{about_classes(evidence)}: {why}"


def reason(comparison, able, chosen):
    """Return why a method is recommended, or none, in a sentence.

    Parameters
    ----------
    comparison : Comparison
        With all methods.

    able : list of dict
        Rows of the methods that could be recommended, the best first.

    chosen : dict or None
        The row of the one that is.

    Returns
    -------
    text : str
    """
    if comparison.forgone:
        text = comparison.forgone
    elif chosen is not None:
        text = _why_chosen(comparison, chosen)
    elif able:
        text = _why_not(comparison, able[0])
    else:
        text = _why_none(comparison)
    return text[0].upper() + text[1:]
