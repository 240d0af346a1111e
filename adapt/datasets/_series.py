"""Time series: windows of several channels, from one domain to another."""

import numpy as np

from adapt.datasets._bunch import (
    DATA,
    DomainBunch,
    check_domains,
    read_description,
    select_rows,
)

_EXERCISES = ("PEN", "ABD", "FEL", "IR", "ER", "TRAP", "ROW")
_CHANNELS = ("ax", "ay", "az", "wx", "wy", "wz")
_ACTIVITIES = ("walking", "upstairs", "downstairs", "sitting", "standing", "lying")
_SUBJECTS = tuple(f"subject_{k}" for k in (1, 3, 4, 7, 8, 9, 10, 12))


def load_watch(*, source="left", target="right", return_X_y=False):
    """Load shoulder exercises recorded by a smartwatch, from one arm to the other.

    Ten subjects did seven exercises with the left arm and with the right. The
    mirrored movement turns the sign of some channels, so a model of one arm fails on
    the other. A window of 200 steps lasts four seconds.

    Parameters
    ----------
    source : {"left", "right"} or tuple of them, default="left"
        The arm of the source domain.
    target : {"left", "right"} or tuple of them, default="right"
        The arm of the target domain.
    return_X_y : bool, default=False
        If True, return ``(X, y, sample_domain)`` instead of a `Bunch`.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        X : ndarray of shape (n_samples, 200, 6), float32
            The windows, source first: 200 steps of 0.02 s, three channels of the
            accelerometer in g, three of the gyroscope in rad/s.
        y : ndarray of shape (n_samples,)
            The exercise, 0 to 6. The target windows carry their true labels too:
            they are there to score with; hide them from a method that may not see
            them.
        sample_domain : ndarray of shape (n_samples,)
            0 for the source, -1 for the target.
        groups : ndarray of shape (n_samples,)
            The subject, 1 to 10.
        feature_names : list of str
            The names of the channels.
        domain_names : dict of int to str
            What each value of `sample_domain` stands for.
        target_names : ndarray of str
            The names of the exercises.
        DESCR : str
            Source, licence, processing and measured baselines.

    data : tuple (X, y, sample_domain) if ``return_X_y=True``
        The arrays of the same names.

    Raises
    ------
    ValueError
        If a domain is unknown or chosen twice.

    Notes
    -----
    The windows of one recording follow each other and are alike: a fair split keeps
    a subject on one side, for example ``GroupKFold`` with `groups`. Windows have
    three dimensions, so there is no `as_frame`; ``X.reshape(len(X), -1)`` or a mean
    and a standard deviation by channel make a table of them.

    Examples
    --------
    >>> from adapt.datasets import load_watch
    >>> data = load_watch(source="left", target="right")
    >>> data.X.shape
    (1149, 200, 6)
    >>> data.domain_names
    {0: 'left', -1: 'right'}
    """
    sources, targets = check_domains(source, target, ("left", "right"))
    with (DATA / "watch.npz").open("rb") as file, np.load(file) as archive:
        steps, side = archive["steps"], archive["side"]
        exercise, subject = archive["exercise"], archive["subject"]
    arms = np.array(["left", "right"])[side]
    rows, sample_domain, domain_names = select_rows(arms, sources, targets)
    # The file holds steps along time in units of 1/256; their sums fit 16 bits.
    X = np.cumsum(steps[rows], axis=1, dtype=np.int16).astype(np.float32) / 256
    y = exercise[rows].astype(np.int64)
    if return_X_y:
        return X, y, sample_domain
    return DomainBunch(
        X=X,
        y=y,
        sample_domain=sample_domain,
        groups=subject[rows].astype(np.int64),
        feature_names=list(_CHANNELS),
        domain_names=domain_names,
        target_names=np.array(_EXERCISES),
        DESCR=read_description("watch"),
    )


def load_hapt(*, source="subject_1", target="subject_3", return_X_y=False):
    r"""Load activities recorded by a smartphone at the waist, from person to person.

    Eight people walked, went up and down stairs, sat, stood and lay. People differ in
    how they move and how the phone lies. A window of 128 steps lasts 2.56 seconds.

    Parameters
    ----------
    source : str or tuple of str, default="subject_1"
        The people of the source domain, "subject\_" and one of 1, 3, 4, 7, 8, 9, 10
        and 12.
    target : str or tuple of str, default="subject_3"
        The people of the target domain.
    return_X_y : bool, default=False
        If True, return ``(X, y, sample_domain)`` instead of a `Bunch`.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        X : ndarray of shape (n_samples, 128, 6), float32
            The windows, source first: 128 steps of 0.02 s, three channels of the
            accelerometer in g, three of the gyroscope in rad/s.
        y : ndarray of shape (n_samples,)
            The activity, 0 to 5. The target windows carry their true labels too: they
            are there to score with; hide them from a method that may not see them.
        sample_domain : ndarray of shape (n_samples,)
            0, 1, ... for the sources, -1, -2, ... for the targets, one for a person.
        feature_names : list of str
            The names of the channels.
        domain_names : dict of int to str
            What each value of `sample_domain` stands for.
        target_names : ndarray of str
            The names of the activities.
        DESCR : str
            Source, licence, processing and measured baselines.

    data : tuple (X, y, sample_domain) if ``return_X_y=True``
        The arrays of the same names.

    Raises
    ------
    ValueError
        If a domain is unknown or chosen twice.

    Examples
    --------
    >>> from adapt.datasets import load_hapt
    >>> data = load_hapt(source=("subject_1", "subject_3"), target="subject_4")
    >>> data.X.shape
    (522, 128, 6)
    >>> data.domain_names
    {0: 'subject_1', 1: 'subject_3', -1: 'subject_4'}
    """
    sources, targets = check_domains(source, target, _SUBJECTS)
    with (DATA / "hapt.npz").open("rb") as file, np.load(file) as archive:
        steps = archive["small"].astype(np.int16)
        steps.ravel()[archive["where"]] += archive["rest"]
        activity, subject = archive["activity"], archive["subject"]
    people = np.array([f"subject_{k}" for k in subject])
    rows, sample_domain, domain_names = select_rows(people, sources, targets)
    # The file holds steps along time, channel by channel, in units of 1/128.
    values = np.cumsum(steps[:, rows], axis=2, dtype=np.int16).astype(np.float32) / 128
    X = np.ascontiguousarray(values.transpose(1, 2, 0))
    y = activity[rows].astype(np.int64)
    if return_X_y:
        return X, y, sample_domain
    return DomainBunch(
        X=X,
        y=y,
        sample_domain=sample_domain,
        feature_names=list(_CHANNELS),
        domain_names=domain_names,
        target_names=np.array(_ACTIVITIES),
        DESCR=read_description("hapt"),
    )
