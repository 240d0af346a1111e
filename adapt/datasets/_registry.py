"""The data sets by name, and the pairs of domains worth a benchmark."""

from typing import NamedTuple

from adapt.datasets._bunch import check_choice
from adapt.datasets._classification import (
    load_digits,
    load_employment,
    load_heart,
    load_housing,
    load_penguins,
    load_thyroid,
)
from adapt.datasets._regression import (
    load_abalone,
    load_auto_mpg,
    load_diabetes,
    load_flights,
)
from adapt.datasets._series import load_hapt, load_watch

_LOADERS = {
    "penguins": load_penguins,
    "digits": load_digits,
    "heart": load_heart,
    "thyroid": load_thyroid,
    "employment": load_employment,
    "housing": load_housing,
    "diabetes": load_diabetes,
    "flights": load_flights,
    "auto_mpg": load_auto_mpg,
    "abalone": load_abalone,
    "watch": load_watch,
    "hapt": load_hapt,
}

_KINDS = ("classification", "regression", "series")

# Kind, data set, source, target and further arguments of every task.
_TASKS = [
    ("classification", "penguins", "Adelie", "Gentoo", {}),
    ("classification", "penguins", "Gentoo", "Adelie", {}),
    ("classification", "penguins", "Adelie", "Chinstrap", {}),
    ("classification", "penguins", "Chinstrap", "Adelie", {}),
    ("classification", "digits", "mnist", "optdigits", {}),
    ("classification", "digits", "optdigits", "mnist", {}),
    ("classification", "heart", "Hungary", "Cleveland", {}),
    ("classification", "heart", "Cleveland", "Hungary", {}),
    ("classification", "thyroid", "other", "SVI", {}),
    ("classification", "thyroid", "SVI", "other", {}),
    ("classification", "thyroid", "STMW", "SVI", {}),
    ("classification", "employment", "under_40", "over_55", {"split": "age"}),
    ("classification", "employment", "over_55", "under_40", {"split": "age"}),
    ("classification", "employment", "2015", "2018", {"split": "year"}),
    ("classification", "employment", "abled", "disabled", {"split": "disability"}),
    ("classification", "employment", "disabled", "abled", {"split": "disability"}),
    ("classification", "housing", "coast", "inland", {}),
    ("classification", "housing", "inland", "coast", {}),
    ("regression", "diabetes", "sex_1", "sex_2", {}),
    ("regression", "diabetes", "sex_2", "sex_1", {}),
    ("regression", "flights", "winter", "summer", {}),
    ("regression", "flights", "summer", "winter", {}),
    ("regression", "auto_mpg", "USA", "Japan", {}),
    ("regression", "auto_mpg", "Japan", "USA", {}),
    ("regression", "abalone", "male", "infant", {}),
    ("regression", "abalone", "infant", "male", {}),
    ("series", "watch", "left", "right", {}),
    ("series", "watch", "right", "left", {}),
    ("series", "hapt", "subject_1", "subject_3", {}),
    ("series", "hapt", "subject_3", "subject_1", {}),
]


class Task(NamedTuple):
    """An ordered pair of domains of one data set.

    Parameters
    ----------
    name : str
        For people, unique, as "penguins: Adelie -> Gentoo".
    dataset : str
        The name that :func:`load_dataset` takes.
    kwargs : dict
        The arguments that go with it.
    kind : {"classification", "regression", "series"}
        What is predicted from what; a series is a classification of windows.
    """

    name: str
    dataset: str
    kwargs: dict
    kind: str


def list_datasets():
    """List the names of the data sets.

    Returns
    -------
    names : tuple of str
        The names that :func:`load_dataset` takes.

    Examples
    --------
    >>> from adapt.datasets import list_datasets
    >>> list_datasets()[:4]
    ('penguins', 'digits', 'heart', 'thyroid')
    """
    return tuple(_LOADERS)


def load_dataset(name, **kwargs):
    """Load a data set by its name.

    Parameters
    ----------
    name : str
        One of :func:`list_datasets`.
    **kwargs : dict
        Arguments of the loader ``load_<name>``, such as `source` and `target`.

    Returns
    -------
    data : Bunch or tuple
        What the loader returns.

    Raises
    ------
    ValueError
        If there is no data set of that name.

    Examples
    --------
    >>> from adapt.datasets import load_dataset
    >>> load_dataset("penguins", source="Gentoo", target="Adelie").domain_names
    {0: 'Gentoo', -1: 'Adelie'}
    """
    check_choice("name", name, list_datasets())
    return _LOADERS[name](**kwargs)


def list_tasks(task=None):
    """List the pairs of domains that are worth a benchmark.

    Parameters
    ----------
    task : {"classification", "regression", "series"}, default=None
        The kind to list; None lists all.

    Returns
    -------
    tasks : list of Task
        Named tuples ``(name, dataset, kwargs, kind)``.

    Raises
    ------
    ValueError
        If there is no such kind.

    Examples
    --------
    >>> from adapt.datasets import list_tasks, load_dataset
    >>> first = list_tasks("regression")[0]
    >>> first.name
    'diabetes: sex_1 -> sex_2'
    >>> load_dataset(first.dataset, **first.kwargs).X.shape
    (442, 9)
    """
    if task is not None:
        check_choice("task", task, _KINDS)
    return [
        Task(
            f"{dataset}: {source} -> {target}",
            dataset,
            {**kwargs, "source": source, "target": target},
            kind,
        )
        for kind, dataset, source, target, kwargs in _TASKS
        if task in (None, kind)
    ]
