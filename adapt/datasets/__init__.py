"""Real data with a natural domain shift, and generators with a known answer.

Everything here comes with the package: nothing is downloaded.
"""

from adapt.datasets._classification import (
    load_digits,
    load_employment,
    load_heart,
    load_housing,
    load_penguins,
    load_thyroid,
)
from adapt.datasets._generators import (
    make_affine_shift,
    make_classification_da,
    make_concept_shift,
    make_covariate_shift,
    make_label_shift,
    make_moons_da,
    make_regression_da,
)
from adapt.datasets._loads import load_bikes, make_loads
from adapt.datasets._registry import Task, list_datasets, list_tasks, load_dataset
from adapt.datasets._regression import (
    load_abalone,
    load_auto_mpg,
    load_diabetes,
    load_flights,
)
from adapt.datasets._series import load_hapt, load_watch

__all__ = [
    "Task",
    "list_datasets",
    "list_tasks",
    "load_abalone",
    "load_auto_mpg",
    "load_bikes",
    "load_dataset",
    "load_diabetes",
    "load_digits",
    "load_employment",
    "load_flights",
    "load_hapt",
    "load_heart",
    "load_housing",
    "load_penguins",
    "load_thyroid",
    "load_watch",
    "make_affine_shift",
    "make_classification_da",
    "make_concept_shift",
    "make_covariate_shift",
    "make_label_shift",
    "make_loads",
    "make_moons_da",
    "make_regression_da",
]
