"""Deep adapters, whatever the kind of labels, rows and weights.

Those that `test_common_deep.py` walks are tried there, because examples share what its
other tests have compiled; here are the rest. Examples of a method share one shape of
networks.
"""

import random
from functools import partial
from inspect import signature

import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st

from adapt.deep import DeepAdapter
from adapt.discovery import all_adapters
from adapt.feature_based import DeepSource
from adapt.instance_based import IWN
from tests.deep.reference import settings, small_tables
from tests.test_properties import (
    CLASSES,
    FAULTS,
    HOLDERS,
    MARKS,
    ROWS,
    Case,
    Data,
    compare_forms,
    draw,
    give_fault,
    held_labels,
)

N_LABELLED = 12
LABELS = "integers", "texts", "booleans", "with a class -1"  # floats are numbers here
_ELSEWHERE = {cls for _, cls in all_adapters("feature_based")}
_SHALLOW = {cls for _, cls in all_adapters(deep=False)}
ADAPTERS = [
    cls
    for _, cls in all_adapters()
    if cls not in _SHALLOW and not (cls in _ELSEWHERE and issubclass(cls, DeepAdapter))
]
by_class = pytest.mark.parametrize("cls", ADAPTERS, ids=lambda cls: cls.__name__)
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")

KINDS = {
    "labels": LABELS,
    "mark": sorted(MARKS),
    "holder": HOLDERS,
    "rows": [kind for kind in ROWS if kind != "int"],
    "weighted": (False, True),
    "sources": (False, True),
    "seed": (0,),
}
CASES = st.builds(
    Case, **{name: st.sampled_from(kinds) for name, kinds in KINDS.items()}
)


def new(cls, **params):
    if cls is IWN:
        few = {"epochs": 1, "batch_size": 16, "shrinkage": 0, "pretrain": False}
        return IWN(random_state=0, **few, **params)
    few = {**settings(cls), "epochs": 1, "pretrain_epochs": 1}
    known = signature(cls).parameters
    few = {name: value for name, value in few.items() if name in known}
    return cls(**{**few, **params})


def data_for(cls, case):
    """Return domains of two classes as they are given to a method."""
    Xs, ys, Xt = small_tables()
    names, mark = CLASSES[case.labels], MARKS[case.mark]
    if -1 in names and case.mark == "-1":
        mark = None
    if isinstance(names[0], int) and (mark is None or mark is np.nan):
        # NaN beside integers would make floats of them, and None in a series.
        mark = pd.NA if case.holder == "series" else None
    ys = [names[k] for k in ys]
    yt = [names[int(x > 0)] if k < N_LABELLED else mark for k, x in enumerate(Xt[:, 0])]
    weight = np.resize([0.0, 1.0, 2.0, 1.0, 1.0], 60) if case.weighted else None
    source = np.repeat([0, 1], 30) if case.sources else None
    return Data(Xs, ys, Xt, yt, weight, source, cls._target_labels == "required")


def check_agreement(cls, case):
    compare_forms(partial(new, cls), case, data_for(cls, case))


def check_fault(cls, case, fault):
    case = case._replace(rows="pandas" if case.rows == "pandas" else "array")
    give_fault(partial(new, cls), case, data_for(cls, case), fault)


def check_one_case(cls):
    """Assert that one case means one thing, another one for each method.

    The first example of Hypothesis is the simplest, and a second one costs a minute for
    all methods.
    """
    rng = random.Random(cls.__name__)
    check_agreement(cls, Case(**{name: rng.choice(of) for name, of in KINDS.items()}))


def draw_faults(cls):
    """Draw what is wrong, and assert that it is refused by its name."""
    faults = sorted(FAULTS.keys() - {"weights of zero"})
    draw(cls, check_fault, CASES, st.sampled_from(faults), n=3)


@by_class
def test_any_input_means_one_thing(cls):
    draw(cls, check_agreement, CASES, n=2)


@by_class
def test_a_fault_is_refused_by_its_name(cls):
    draw_faults(cls)


@pytest.mark.parametrize("labels", ["floats", "integers"])
def test_floats_are_numbers_in_each_form(labels):
    Xs, ys, Xt = small_tables()
    y = held_labels([CLASSES[labels][k] for k in ys], "array")
    domain = np.repeat([0, -1], [60, 40])
    rest = np.full(40, np.nan if labels == "floats" else -1).astype(y.dtype)
    two = new(DeepSource).fit(Xs, y, Xt=Xt)
    one = new(DeepSource)
    one.fit(np.concatenate([Xs, Xt]), np.concatenate([y, rest]), sample_domain=domain)
    assert hasattr(two, "classes_") == hasattr(one, "classes_") == (labels != "floats")
    np.testing.assert_allclose(two.predict_task(Xt), one.predict_task(Xt), rtol=1e-4)
