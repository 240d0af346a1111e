"""What holds for any adapter, whatever the kind of rows, labels, marks and weights.

Hypothesis draws what users bring. Each adapter has examples of its own, which are the
same in each run.
"""

import re
import zlib
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from sklearn.utils import get_tags

from adapt.base import SourceOnly, WeightAdapter
from adapt.discovery import all_adapters
from adapt.model_selection import AutoAdapt
from tests.common import shifted_classes, shifted_numbers

N_SOURCE, N_TARGET, N_LABELLED = 30, 24, 12
ADAPTERS = [SourceOnly, AutoAdapt, *(cls for _, cls in all_adapters(deep=False))]
# What fits hundreds of models by default.
FEWER = {
    "AutoAdapt": {"cv": 2, "methods": ["CORAL"]},
    "BlackBoxInputs": {"max_queries": 40},
    "TrAdaBoost": {"n_estimators": 3},
    "TrAdaBoostR2": {"n_estimators": 3},
    "TransferBoosting": {"max_iter": 3, "learning_rates": (0.3,), "cv": 2},
    "TransferForestClassifier": {"estimator": "forest"},
    "TransferForestRegressor": {"estimator": "forest"},
    "TransferForestSelector": {"estimator": "forest"},
    "TwoStageTrAdaBoostR2": {"n_estimators": 2, "n_estimators_fs": 2, "cv": 2},
}

NUMBERS = {"numbers": None, "float32 numbers": None}
CLASSES = {
    "integers": [0, 1],
    "three integers": [3, 5, 7],
    "with a class -1": [-1, 1],
    "floats": [0.0, 1.0],
    "texts": ["no", "yes"],
    "booleans": [False, True],
}
MARKS = {"-1": -1, "NaN": np.nan, "None": None, "NA": pd.NA}
HOLDERS = ("array", "objects", "list", "series", "nullable", "category")
ROWS = ("array", "float32", "int", "read-only", "list", "pandas", "polars")
MAX_EXAMPLES = 4  # of each adapter


class Case(NamedTuple):
    """Domains as a user brings them: what they hold, and in what."""

    labels: str
    mark: str
    holder: str
    rows: str
    weighted: bool
    sources: bool
    seed: int


def cases(labels):
    return st.builds(
        Case,
        st.sampled_from(sorted(labels)),
        st.sampled_from(sorted(MARKS)),
        st.sampled_from(HOLDERS),
        st.sampled_from(ROWS),
        st.booleans(),
        st.booleans(),
        st.integers(0, 3),
    )


class Data(NamedTuple):
    Xs: Any
    ys: list
    Xt: Any
    yt: list
    weight: Any
    source: Any
    as_yt: bool = True


def domains_of(case):
    """Return rows as arrays, labels as lists, and what else `fit` is given."""
    if case.labels in NUMBERS:
        Xs, ys, Xt, yt = shifted_numbers(N_SOURCE, 3, seed=case.seed)
        dtype = np.float32 if "32" in case.labels else float
        ys, yt = ys.astype(dtype).tolist(), yt.astype(dtype).tolist()
    else:
        names = CLASSES[case.labels]
        Xs, ys, Xt, yt = shifted_classes(N_SOURCE, 3, case.seed, len(names))
        ys, yt = [names[k] for k in ys], [names[k] for k in yt]
    mark = MARKS[case.mark]
    if case.mark == "-1" and (case.labels in NUMBERS or -1 in ys):
        mark = None  # because -1 is a label
    yt = [y if k < N_LABELLED else mark for k, y in enumerate(yt[:N_TARGET])]
    weight = np.resize([0.0, 1.0, 2.0, 1.0, 1.0], N_SOURCE) if case.weighted else None
    source = np.repeat([0, 1], N_SOURCE // 2) if case.sources else None
    scale = 10 if case.rows == "int" else 1
    return Data(scale * Xs, ys, scale * Xt[:N_TARGET], yt, weight, source)


def held_labels(values, holder):
    """Return labels in what a user has them in."""
    if holder == "list":
        return list(values)
    series = pd.Series(values, dtype=object)
    if holder == "objects":
        return series.to_numpy()
    if holder == "series":
        return pd.Series(values)
    if holder == "nullable":
        return series.convert_dtypes()
    if holder == "category":
        return series.astype("category")
    given = np.array(values, dtype=object)
    plain = {type(v) for v in values} in ({int}, {float}, {int, float}, {bool}, {str})
    return np.array(values) if plain else given


def held_rows(X, kind):
    """Return rows in what a user has them in."""
    if kind == "list":
        return X.tolist()
    if kind == "pandas":
        return pd.DataFrame(X, columns=list("abcd")[: X.shape[1]])
    if kind == "polars":
        polars = pytest.importorskip("polars")
        return polars.DataFrame(X, schema=list("abcd")[: X.shape[1]])
    if kind == "int":
        return np.rint(X).astype(int)
    X = np.array(X, dtype=np.float32 if kind == "float32" else float)
    X.flags.writeable = kind != "read-only"
    return X


def new(cls, **params):
    params = {**FEWER.get(cls.__name__, {}), **params}
    if params.get("estimator") == "forest":
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        regressor = "Regressor" in cls.__name__
        forest = RandomForestRegressor if regressor else RandomForestClassifier
        params["estimator"] = forest(3, random_state=0)
    return cls(random_state=0, **params)


def call_forms(make, case, data):
    """Return functions that fit an adapter in each form, and what they were given.

    ``make`` returns the adapter, for parameters. Labels of the target are given as
    ``yt`` unless the data have none: to some methods these say more than one table.
    """
    Xs, Xt = held_rows(data.Xs, case.rows), held_rows(data.Xt, case.rows)
    ys, yt = (held_labels(y, case.holder) for y in (data.ys, data.yt))
    yt = yt if data.as_yt else None
    X = held_rows(np.concatenate([data.Xs, data.Xt]), case.rows)
    y = held_labels(data.ys + data.yt, case.holder)
    source = np.zeros(len(data.Xs), int) if data.source is None else data.source
    domain = np.concatenate([source, np.full(len(data.Xt), -1)])
    ones = np.ones(len(data.Xt))
    both = None if data.weight is None else np.concatenate([data.weight, ones])
    target = {"Xt": Xt}
    if "yt" in make().get_params():
        target["yt"] = yt
    extra = {"sample_weight": data.weight, "sample_domain": data.source}
    forms = {
        "fit(Xs, ys, Xt, yt)": lambda: make().fit(Xs, ys, Xt, yt, **extra),
        "cls(Xt=Xt).fit(Xs, ys)": lambda: make(**target).fit(Xs, ys, **extra),
        "fit(X, y, sample_domain=d)": lambda: make().fit(
            X, y, sample_domain=domain, sample_weight=both
        ),
    }
    return forms, Xt, [Xs, Xt, ys, yt, X, y, domain, both, data.weight, data.source]


def fingerprint(value):
    """Return the bytes of what `fit` was given."""
    if isinstance(value, list):
        return repr(value)
    if hasattr(value, "to_numpy"):
        value = value.to_numpy()
    value = np.asarray(value)
    return repr(value.tolist()) if value.dtype.kind == "O" else value.tobytes()


def outputs(model, Xt):
    found = {}
    for name in "predict", "predict_proba", "decision_function", "transform":
        if hasattr(model, name):
            found[name] = np.asarray(getattr(model, name)(Xt))
    if isinstance(model, WeightAdapter):
        found["weights_"] = model.weights_
        found["predict_weights"] = model.predict_weights(Xt)
    return found


def result_of(fit, Xt):
    """Return a fitted model and its outputs, or the error that `fit` raised."""
    try:
        model = fit()
    except (TypeError, ValueError) as error:
        return None, error
    return model, outputs(model, Xt)


# A parameter of `fit` or of the constructor, or a column.
NAMED = re.compile(r"`\w+|\b(X|y|Xt|yt|sample_weight|sample_domain)\b|Column ['\d]")


def labels_for(cls):
    kind = get_tags(cls()).estimator_type
    if kind == "regressor":
        return NUMBERS
    return CLASSES if kind == "classifier" else {**CLASSES, **NUMBERS}


def _spoil(fault, data):
    """Return data with a fault that a user may make, as `fit` is given it."""
    Xs, Xt, ys, weight = data.Xs.copy(), data.Xt.copy(), list(data.ys), None
    if fault == "NaN in X":
        Xs[3, 1] = np.nan
    if fault == "infinity in Xt":
        Xt[3, 1] = np.inf
    if fault == "another number of columns":
        Xt = Xt[:, :2]
    if fault == "no target row":
        Xt = Xt[:0]
    if fault == "a source row without label":
        ys[5] = None
    if fault == "texts beside numbers":
        ys[5] = 2.5 if isinstance(ys[5], str) else "two"
    if fault == "too few labels":
        ys = ys[:-1]
    if fault == "a negative weight":
        weight = np.append(-1.0, np.ones(len(Xs) - 1))
    if fault == "weights of zero":
        weight = np.zeros(len(Xs))
    if fault == "too few weights":
        weight = np.ones(3)
    return Xs, Xt, ys, weight


FAULTS = {
    "NaN in X": "NaN",
    "infinity in Xt": "infinity|finite",
    "a column of texts": "Column ('b'|1) .*'Oslo'",
    "another number of columns": "`Xt` has",
    "no target row": "target domain is empty",
    "a source row without label": r"1 of \d+ source rows",
    "texts beside numbers": "uniformly|dtype|strings",
    "too few labels": "`y` must have one value",
    "a negative weight": "[Nn]egative",
    "weights of zero": "`sample_weight` is zero|to weigh",
    "too few weights": "sample_weight",
}


def check_fault(cls, case, fault):
    data = domains_of(case._replace(rows="array"))
    give_fault(partial(new, cls), case, data, fault)


def give_fault(make, case, data, fault):
    """Assert that a fault is refused in words, or that the result is finite."""
    Xs, Xt, ys, weight = _spoil(fault, data)
    ys, yt = (held_labels(y, case.holder) for y in (ys, data.yt[: len(Xt)]))
    Xs, Xt = held_rows(Xs, case.rows), held_rows(Xt, case.rows)
    if fault == "a column of texts":
        Xs, Xt = (np.array(X, dtype=object) for X in (Xs, Xt))
        Xs[:, 1], Xt[:, 1] = "Oslo", "Oslo"
        if case.rows == "pandas":
            Xs, Xt = (
                pd.DataFrame(Xs, columns=[*"abc"]),
                pd.DataFrame(Xt, columns=[*"abc"]),
            )
    fit = partial(make().fit, Xs, ys, Xt, yt, sample_weight=weight)
    model, result = result_of(fit, held_rows(data.Xt, case.rows))
    if model is None:
        assert re.search(FAULTS[fault], str(result), re.S), repr(result)
        assert NAMED.search(str(result)), repr(result)
        return
    assert fault in ("NaN in X", "infinity in Xt", "weights of zero"), fault
    for key, value in result.items():
        assert value.dtype.kind != "f" or np.isfinite(value).all(), key


def check_agreement(cls, case):
    compare_forms(partial(new, cls), case, domains_of(case))


def compare_forms(make, case, data):
    """Assert that each way of giving two domains leads to the same model."""
    forms, Xt, given_ = call_forms(make, case, data)
    before = [fingerprint(value) for value in given_]
    found = {name: result_of(fit, Xt) for name, fit in forms.items()}
    assert [fingerprint(value) for value in given_] == before
    first = found["fit(Xs, ys, Xt, yt)"][1]
    for name, (model, result) in found.items():
        if model is None:
            assert NAMED.search(str(result)), f"{name}: {result!r}"
            assert isinstance(first, type(result)), f"{name}: {result!r}, {first!r}"
            continue
        assert not isinstance(first, Exception), f"{name} works, and not: {first!r}"
        assert result.keys() == first.keys()
        for key, value in result.items():
            message = f"{name}: {key}"
            if value.dtype.kind == "f":
                assert np.isfinite(value).all(), message
                # Means over both domains are summed in another order.
                np.testing.assert_allclose(value, first[key], 1e-3, 1e-4, err_msg=name)
            else:
                np.testing.assert_array_equal(value, first[key], err_msg=message)
        if case.labels in CLASSES:
            names = CLASSES[case.labels]
            assert model.classes_.tolist() == names, name
            assert set(result["predict"].tolist()) <= set(names), name
            kinds = {type(label) for label in model.classes_.tolist()}
            kinds |= {type(names[0])}
            assert len(kinds) == 1 or kinds == {int, float}, name


def draw(cls, check, *strategies, n=MAX_EXAMPLES):
    """Run ``check`` on examples of a class's own, the same in each run."""

    @seed(zlib.crc32(cls.__name__.encode()))
    @settings(
        max_examples=n,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # an example says enough, and shrinking takes time
        suppress_health_check=list(HealthCheck),
    )
    @given(st.tuples(*strategies))
    def each(drawn):
        check(cls, *drawn)

    each()


each_adapter = pytest.mark.parametrize("cls", ADAPTERS, ids=lambda cls: cls.__name__)
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")


@each_adapter
def test_any_input_means_one_thing(cls):
    draw(cls, check_agreement, cases(labels_for(cls)))


@each_adapter
def test_a_fault_is_refused_by_its_name(cls):
    draw(cls, check_fault, cases(labels_for(cls)), st.sampled_from(sorted(FAULTS)))


def degenerate(kind, Xs, ys, Xt, yt):
    """Return domains of which something is the same in all rows, or alone."""
    Xs, Xt = Xs.copy(), Xt.copy()
    if kind == "one target row":
        Xt, yt = Xt[:1], yt[:1]
    if kind == "a constant column of the source":
        Xs[:, 1] = 3.0
    if kind == "a constant column of the target":
        Xt[:, 1] = 3.0
    if kind == "a constant column of both":
        Xs[:, 1] = Xt[:, 1] = 3.0
    if kind == "a constant table":
        Xs[:], Xt[:] = 1.0, 1.0
    if kind == "a class of one row":
        ys = np.append(np.ones(1, dtype=ys.dtype), np.zeros(len(ys) - 1, ys.dtype))
    return Xs, ys, Xt, yt


DEGENERATE = (
    "one target row",
    "a constant column of the source",
    "a constant column of the target",
    "a constant column of both",
    "a constant table",
    "a class of one row",
)


@each_adapter
@pytest.mark.parametrize("kind", DEGENERATE)
# What comes from below speaks of arrays that the user never saw.
@pytest.mark.filterwarnings("error::RuntimeWarning", "error:Only one sample available")
def test_degenerate_domains_work_or_are_refused(cls, kind):
    regressor = get_tags(cls()).estimator_type == "regressor"
    domains = (shifted_numbers if regressor else shifted_classes)(N_SOURCE, 3)
    Xs, ys, Xt, yt = degenerate(kind, *domains)
    model, found = result_of(partial(new(cls).fit, Xs, ys, Xt, yt), Xt)
    if model is None:
        words = r"rows|class|axes|at least 2|variance|one value only"
        assert re.search(words, str(found)), repr(found)
        return
    for key, value in found.items():
        assert value.dtype.kind != "f" or np.isfinite(value).all(), key
