"""What every adapter keeps, whatever its method (docs/development/contracts.rst)."""

import inspect
import pickle
import random
import re
import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from adapt.base import FeatureAdapter, MetaAdapter, SourceOnly, WeightAdapter
from adapt.discovery import all_adapters
from adapt.model_selection import AutoAdapt
from adapt.multi_domain import PooledRidge
from tests.common import shifted_classes, shifted_numbers, to_itself

ADAPTERS = [SourceOnly, AutoAdapt]
ADAPTERS += [cls for _, cls in all_adapters(deep=False) + all_adapters("series")]
INNER = {
    "classifier": LogisticRegression(),
    "regressor": LinearRegression(),
    "default": None,
}
# Methods whose mathematics is that of one kind of model: not the hundred trees that
# they grow by default.
OWN_INNER = {
    "TransferForestClassifier": RandomForestClassifier(5, random_state=0),
    "TransferForestRegressor": RandomForestRegressor(5, random_state=0),
    "TransferForestSelector": RandomForestClassifier(5, random_state=0),
    "TransferTreeClassifier": DecisionTreeClassifier(random_state=0),
    "TransferTreeRegressor": DecisionTreeRegressor(random_state=0),
    "TransferTreeSelector": DecisionTreeClassifier(random_state=0),
}
# What fits hundreds of models by default.
FEWER = {
    "AutoAdapt": {"cv": 2, "methods": ["CORAL"]},
    "BlackBoxInputs": {"max_queries": 60},
    "TransferBoosting": {"max_iter": 10, "learning_rates": (0.1, 0.3), "cv": 2},
    "TwoStageTrAdaBoostR2": {"n_estimators": 4, "n_estimators_fs": 4, "cv": 2},
}
# Methods that fit the labels with models of their own, and refuse others.
DEFAULT_ONLY = {"RegularTransferGP"}
# Methods whose default estimator is no linear model, or one on scaled columns.
OWN_DEFAULT = {"AutoAdapt", "TransferBoosting"}
# Methods that match the columns of two tables by their names.
MATCHES_COLUMNS = {"PartialColumns"}
# Methods that leave out a share of the source, whatever the shift.
DROPS_ROWS = {"SourcePruning"}
NAMES = ["a", "b", "c", "d"]

_WEIGHT_CHECKS = (
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
)
# The two checks above compare weights with rows that are removed or repeated. Here X is
# the target as well, and `sample_weight` weighs the source in the loss alone. They fail
# where the adapter learns from the number of target rows, by name and for some by inner
# estimator; the others have to pass, although they see the target too.
_COUNTS_TARGET_ROWS = {
    "AutoAdapt",
    "BBSE",
    "BDA",
    "BalancedWeighting",
    "BlackBoxInputs",
    "DomainStandardScaler",
    "FA",
    "GFK",
    "GradualAdapter",
    "IWC",
    "JDA",
    "JDOTClassifier",
    "JDOTRegressor",
    "KLIEP",
    "LinInt-LinearRegression",
    "MMDTarS",
    "OTLabelPropagation",
    "OTMapping",
    "PRED",
    "RLLS",
    "RULSIF-LogisticRegression",
    "RULSIF-NoneType",
    "RegularTransferLC",
    "RegularTransferLR",
    "SA",
    "SaerensEM",
    "SelfTraining",
    "SourceMixture",
    "SourcePruning",
    "TCA",
    "TJM",
    "TrAdaBoost",
    "TrAdaBoostR2",
    "TransferBoosting",
    "TransferForestClassifier",
    "TransferForestRegressor",
    "TransferForestSelector",
    "TransferTreeClassifier",
    "TransferTreeRegressor",
    "TransferTreeSelector",
    "ULSIF-LogisticRegression",
    "ULSIF-NoneType",
}
_NO_WEIGHTS = dict.fromkeys(
    [
        *_WEIGHT_CHECKS,
        "check_sample_weights_pandas_series",
        "check_sample_weights_not_an_array",
        "check_sample_weights_list",
        "check_sample_weights_shape",
        "check_sample_weights_not_overwritten",
    ],
    "Gaussian processes take no weights; `fit` refuses them.",
)


def expected_failures(model):
    """Return the checks of scikit-learn that an adapter has to fail, with reasons."""
    name, inner = type(model).__name__, type(model.estimator).__name__
    if name == "RegularTransferGP":
        return _NO_WEIGHTS
    if {name, f"{name}-{inner}"} & _COUNTS_TARGET_ROWS:
        reason = "The target, which the check shortens or repeats, is not weighted."
        return dict.fromkeys(_WEIGHT_CHECKS, reason)
    return {}


def inner_of(cls):
    """Return the names of the inner estimators that an adapter is tried with."""
    kind = get_tags(cls()).estimator_type
    if cls.__name__ in DEFAULT_ONLY:
        return ["default"]
    if cls.__name__ in OWN_INNER:
        return [kind]
    return [name for name in INNER if name in (kind, "default") or kind is None]


def different_inner_of(cls):
    """Return those of `inner_of` with which an adapter is not the same.

    By default nearly all take a linear model, as `test_default_is_a_linear_model` says.
    """
    names = inner_of(cls)
    if cls.__name__ in OWN_DEFAULT or len(names) == 1:
        return names
    return [name for name in names if name != "default"]


CASES = [(cls, name) for cls in ADAPTERS for name in different_inner_of(cls)]
each_case = pytest.mark.parametrize(
    ("cls", "inner"), CASES, ids=[f"{cls.__name__}-{name}" for cls, name in CASES]
)
each_adapter = pytest.mark.parametrize("cls", ADAPTERS, ids=lambda cls: cls.__name__)


# Maps of series that read and check their input by one base.
_LIKE_CHANNEL_SIGNS = {"ChannelScaler", "EuclideanAlignment"}


def _to_themselves():
    """Return adapters for scikit-learn's checks.

    Those of one kind are tried with the inner estimator that they take by default.
    """
    adapters = [cls for cls in ADAPTERS if cls.__name__ not in _LIKE_CHANNEL_SIGNS]
    subclasses = {cls: to_itself(cls) for cls in adapters}
    return [
        subclasses[cls](inner_estimator(cls, name), **FEWER.get(cls.__name__, {}))
        for cls in adapters
        for name in inner_of(cls)[-1 if get_tags(cls()).estimator_type else 0 :]
    ]


def inner_estimator(cls, inner):
    """Return a fresh inner estimator, of a kind that the adapter takes, or None."""
    estimator = OWN_INNER.get(cls.__name__, INNER[inner])
    return None if estimator is None else clone(estimator)


def new(cls, inner="default", **params):
    """Return an unfitted adapter with a fixed seed."""
    params = {**FEWER.get(cls.__name__, {}), **params}
    return cls(inner_estimator(cls, inner), random_state=0, **params)


def is_regression(cls, inner):
    return "regressor" in (inner, get_tags(cls()).estimator_type)


def data(cls, inner="default", **params):
    """Return two domains whose labels suit the adapter."""
    return (shifted_numbers if is_regression(cls, inner) else shifted_classes)(**params)


def outputs(model, X):
    """Return all that a fitted adapter has to say."""
    found = {"predict": model.predict(X)}
    for method in "predict_proba", "decision_function", "transform":
        if hasattr(model, method):
            found[method] = getattr(model, method)(X)
    if isinstance(model, WeightAdapter):
        found["weights_"] = model.weights_
    return found


@cache
def fitted(cls, inner="default"):
    """Return a model of the two domains of `data`, to look at but not to change."""
    return new(cls, inner).fit(*data(cls, inner))


@cache
def expected_outputs(cls, inner="default"):
    return outputs(fitted(cls, inner), data(cls, inner)[2])


def assert_same(found, expected, rtol=1e-7, atol=1e-9):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(
            found[name], value, rtol=rtol, atol=atol, err_msg=name
        )


@parametrize_with_checks(
    _to_themselves(),
    expected_failed_checks=expected_failures,
)
def test_scikit_learn(estimator, check):
    check(estimator)


MANY_DOMAINS = [cls for _, cls in all_adapters("multi_domain")]
each_of_many = pytest.mark.parametrize(
    "cls", MANY_DOMAINS, ids=lambda cls: cls.__name__
)


@parametrize_with_checks([cls() for cls in MANY_DOMAINS])
def test_scikit_learn_many_domains(estimator, check):
    check(estimator)


@each_of_many
def test_many_domains_keep_what_adapters_keep(cls, capfd):
    """Inputs, parameters and global generators are left alone; frames and pickles."""
    X, y, Xt, _ = (shifted_numbers if cls is PooledRidge else shifted_classes)()
    seed = {"random_state": 0} if "random_state" in cls().get_params() else {}
    model = cls(**seed)
    params, before = model.get_params(), [X.copy(), y.copy()]
    np.random.seed(7)  # noqa: NPY002
    state = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    X.flags.writeable = y.flags.writeable = False
    expected = outputs(model.fit(X, y), Xt)
    for array, copy in zip((X, y), before, strict=True):
        np.testing.assert_array_equal(array, copy)
    assert model.get_params() == params
    np.testing.assert_array_equal(state[0], np.random.get_state()[1])  # noqa: NPY002
    assert state[1] == random.getstate()
    assert_same(outputs(pickle.loads(pickle.dumps(model)), Xt), expected, 0, 0)
    assert_same(outputs(clone(model).fit(X, y), Xt), expected, 0, 0)
    for library in "pandas", "polars":
        frame = pytest.importorskip(library).DataFrame
        framed = [frame(dict(zip(NAMES, A.T, strict=True))) for A in (X, Xt)]
        named = cls(**seed).fit(framed[0], y)
        assert named.feature_names_in_.tolist() == NAMES
        assert_same(outputs(named, framed[1]), expected)
    assert capfd.readouterr() == ("", "")


# Ways of giving the domains


@each_case
def test_ways_of_giving_the_target_agree(cls, inner):
    Xs, ys, Xt, yt = data(cls, inner)
    expected = expected_outputs(cls, inner)
    X, y = np.concatenate([Xs, Xt]), np.concatenate([ys, yt])
    domain = np.repeat([0, -1], [len(Xs), len(Xt)])
    table = new(cls, inner).fit(X, y, sample_domain=domain)
    assert_same(outputs(table, Xt), expected)
    stored = {"Xt": Xt}
    if "yt" in inspect.signature(cls).parameters:
        stored["yt"] = yt
    early = new(cls, inner, **stored).fit(Xs, ys)
    assert_same(outputs(early, Xt), expected)


@each_case
def test_target_labels_of_unsupervised_methods_change_nothing(cls, inner):
    if cls._target_labels in ("optional", "required"):
        pytest.skip("a supervised method")
    Xs, ys, Xt, _ = data(cls, inner)
    unlabelled = new(cls, inner).fit(Xs, ys, Xt)
    assert_same(outputs(unlabelled, Xt), expected_outputs(cls, inner))


@each_adapter
def test_rows_are_of_the_target_unless_told(cls):
    Xs, _, Xt, _ = data(cls)
    model = fitted(cls)
    for name in -1, np.full(len(Xt), -1):
        np.testing.assert_array_equal(
            model.predict(Xt, sample_domain=name), model.predict(Xt)
        )
    X = np.concatenate([Xs, Xt])
    domain = np.repeat([0, -1], [len(Xs), len(Xt)])
    mixed = np.random.default_rng(0).permutation(len(X))
    both = model.predict(X[mixed], sample_domain=domain[mixed])
    expected = np.concatenate([model.predict(Xs, sample_domain=0), model.predict(Xt)])
    np.testing.assert_allclose(both, expected[mixed], rtol=1e-7, atol=1e-9)


@each_adapter
def test_target_missing_twice_or_empty(cls):
    Xs, ys, Xt, yt = data(cls)
    model = new(cls)
    with pytest.raises(ValueError, match="target"):
        model.fit(Xs, ys)
    with pytest.raises(ValueError, match="target was given twice"):
        model.fit(Xs, ys, Xt, yt, sample_domain=np.arange(len(Xs)) % 2 - 1)
    with pytest.raises(ValueError, match="target domain is empty"):
        model.fit(Xs, ys, Xt[:0], yt[:0])
    with pytest.raises(ValueError, match="source domain is empty"):
        model.fit(Xs, ys, sample_domain=np.full(len(Xs), -1))


@each_adapter
def test_domains_named_by_strings_are_refused(cls):
    Xs, ys, Xt, _ = data(cls)
    names = np.where(np.arange(len(Xs)) % 2, "here", "there")
    with pytest.raises(ValueError, match=r"must be integers.*np\.where"):
        new(cls).fit(Xs, ys, sample_domain=names)
    model = fitted(cls)
    if isinstance(model, FeatureAdapter):
        with pytest.raises(ValueError, match="must be integers"):
            model.predict(Xt, sample_domain=names)


@each_case
def test_default_is_a_linear_model(cls, inner):
    if cls.__name__ in OWN_DEFAULT | OWN_INNER.keys() | DEFAULT_ONLY:
        pytest.skip("has a default of its own, which is among the cases")
    Xs, ys, Xt, yt = data(cls, inner)
    default = new(cls).fit(Xs, ys, Xt, yt)
    assert_same(outputs(default, Xt), expected_outputs(cls, inner))


# What a fit leaves alone


@each_case
def test_inputs_are_never_written_to(cls, inner):
    arrays = data(cls, inner)
    before = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    model = new(cls, inner).fit(*arrays)
    outputs(model, arrays[2])
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


@each_case
def test_parameters_are_unchanged(cls, inner):
    Xs, ys, Xt, yt = data(cls, inner)
    model = new(cls, inner, Xt=Xt)
    before = model.get_params()
    state = None if model.estimator is None else dict(vars(model.estimator))
    model.fit(Xs, ys, yt=yt)
    after = model.get_params()
    assert before.keys() == after.keys()
    assert all(after[name] is value for name, value in before.items())
    assert state is None or vars(model.estimator) == state


@each_case
def test_seed_fixes_the_result_and_global_generators_are_left_alone(cls, inner):
    arrays = data(cls, inner)
    np.random.seed(7)  # noqa: NPY002
    before = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    expected = expected_outputs(cls, inner)
    model = new(cls, inner)
    for _ in range(2):  # the second fit starts afresh
        assert_same(outputs(model.fit(*arrays), arrays[2]), expected, rtol=0, atol=0)
    after = np.random.get_state()[1], random.getstate()  # noqa: NPY002
    np.testing.assert_array_equal(before[0], after[0])
    assert before[1] == after[1]


@each_adapter
def test_prints_only_when_asked(cls, capfd):
    arrays = data(cls)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outputs(new(cls).fit(*arrays), arrays[2])
    assert capfd.readouterr() == ("", "")
    new(cls, verbose=1).fit(*arrays)
    assert cls.__name__ in capfd.readouterr().out


@each_case
def test_pickle_and_clone(cls, inner):
    Xs, ys, Xt, yt = data(cls, inner)
    model = new(cls, inner, Xt=Xt).fit(Xs, ys, yt=yt)
    expected = outputs(model, Xt)
    assert_same(outputs(pickle.loads(pickle.dumps(model)), Xt), expected, 0, 0)
    twin = clone(model)
    assert twin.Xt is Xt
    assert not any(name.endswith("_") and name != "lambda_" for name in vars(twin))
    assert_same(outputs(twin.fit(Xs, ys, yt=yt), Xt), expected)


# Frames


@each_case
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames(cls, inner, library):
    frame = pytest.importorskip(library).DataFrame
    Xs, ys, Xt, yt = data(cls, inner)
    expected = expected_outputs(cls, inner)

    def framed(X):
        return frame(dict(zip(NAMES, X.T, strict=True)))

    model = new(cls, inner).fit(framed(Xs), ys, framed(Xt), yt)
    assert model.feature_names_in_.tolist() == NAMES
    assert_same(outputs(model, framed(Xt)), expected)


@each_adapter
def test_columns_in_other_order_or_missing_are_refused(cls):
    Xs, ys, Xt, yt = data(cls)
    Xs, Xt = (pd.DataFrame(X, columns=NAMES) for X in (Xs, Xt))
    model = new(cls).fit(Xs, ys, Xt, yt)
    for wrong in Xt[NAMES[::-1]], Xt[NAMES[:3]], Xt.rename(columns={"a": "z"}):
        with pytest.raises(ValueError, match="feature names should match"):
            model.predict(wrong)
        if cls.__name__ in MATCHES_COLUMNS:
            continue
        with pytest.raises(ValueError, match="feature names should match"):
            new(cls).fit(Xs, ys, wrong, yt)
    with pytest.raises(ValueError, match="has 3 columns, but the source has 4"):
        new(cls).fit(Xs.to_numpy(), ys, Xt.to_numpy()[:, :3], yt)
    with pytest.raises(ValueError, match="3 features"):
        model.predict(Xt.to_numpy()[:, :3])


@each_adapter
def test_output_frames(cls):
    if not issubclass(cls, FeatureAdapter):
        pytest.skip("no transformer")
    Xs, ys, Xt, yt = data(cls)
    Xs, Xt = (pd.DataFrame(X, columns=NAMES) for X in (Xs, Xt))
    model = new(cls).set_output(transform="pandas")
    mapped = model.fit_transform(Xs, ys, Xt=Xt, yt=yt)
    assert isinstance(mapped, pd.DataFrame)
    assert list(mapped.columns) == list(model.get_feature_names_out())
    assert len(mapped) == len(Xs)
    assert mapped.index.equals(Xs.index)


# Good data of all kinds


@each_case
def test_no_shift_changes_little(cls, inner):
    Xs, ys, _, _ = data(cls, inner, n=300)
    model = new(cls, inner).fit(Xs, ys, Xs.copy(), ys.copy())
    kind = "regressor" if is_regression(cls, inner) else "classifier"
    plain = SourceOnly(inner_estimator(cls, kind), random_state=0)
    expected = plain.fit(Xs, ys, Xs).predict(Xs)
    if is_regression(cls, inner):
        assert r2_score(expected, model.predict(Xs)) > 0.98
    else:
        assert np.mean(model.predict(Xs) == expected) > 0.95
    if isinstance(model, WeightAdapter) and cls.__name__ not in DROPS_ROWS:
        assert np.abs(model.weights_ - 1).mean() < 0.25


@each_adapter
@pytest.mark.parametrize("kind", ["float32", "int", "fortran", "memmap", "list"])
def test_kinds_of_arrays(cls, kind, tmp_path):
    def cast(X):
        if kind == "float32":
            return X.astype(np.float32)
        if kind == "int":
            return np.rint(10 * X).astype(int)
        if kind == "fortran":
            return np.asfortranarray(X)
        if kind == "list":
            return X.tolist()
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.npy"
        np.save(path, X)
        return np.load(path, mmap_mode="r")

    Xs, ys, Xt, yt = data(cls)
    if kind == "int":
        expected = outputs(
            new(cls).fit(np.rint(10 * Xs), ys, np.rint(10 * Xt), yt), np.rint(10 * Xt)
        )
    else:
        expected = expected_outputs(cls)
    model = new(cls).fit(cast(Xs), ys, cast(Xt), yt)
    found = outputs(model, cast(Xt))
    if kind != "float32":
        assert_same(found, expected, rtol=1e-6, atol=1e-6)
    elif is_regression(cls, "default"):
        np.testing.assert_allclose(found["predict"], expected["predict"], atol=0.01)
    else:
        assert np.mean(found["predict"] == expected["predict"]) > 0.98
    if kind == "float32" and isinstance(model, FeatureAdapter):
        assert found["transform"].dtype == np.float32


@each_case
def test_constant_columns_and_scales_from_tiny_to_huge(cls, inner):
    Xs, ys, Xt, yt = data(cls, inner)
    for scale in np.array([1e-6, 1, 1e3, 1e6]), np.array([0, 1, 1, 1]):
        model = new(cls, inner).fit(Xs * scale, ys, Xt * scale, yt)
        for value in outputs(model, Xt * scale).values():
            assert np.all(np.isfinite(value))


# How many rows are needed, and of what.
TOO_FEW = (
    r"needs at least 2 (source |labelled target )?rows"
    r"|needs labels of at least 2 classes in the source, got one class only"
    r"|labelled target rows of positive weight, which takes 2 of them; got n_samples"
    r"|takes 2 rows of each class at least; class .* has one"
    r"|At least 2 classes need 2 rows each"
    r"|trains on labelled target rows alone, and all of these are of the class"
)


@each_case
def test_few_rows_work_or_are_refused(cls, inner):
    Xs, ys, Xt, yt = data(cls, inner)
    for rows in (slice(1), slice(None)), (slice(None), slice(1)), (slice(2), slice(1)):
        try:
            model = new(cls, inner).fit(
                Xs[rows[0]], ys[rows[0]], Xt[rows[1]], yt[rows[1]]
            )
        except ValueError as error:
            assert re.search(TOO_FEW, str(error))  # noqa: PT017
            continue
        for value in outputs(model, Xt).values():
            assert np.all(np.isfinite(value))


@each_case
def test_many_source_rows_and_few_of_the_target(cls, inner):
    Xs, ys, Xt, yt = data(cls, inner, n=300)
    few = slice(None, 6)
    for model in (
        new(cls, inner).fit(Xs, ys, Xt[few], yt[few]),
        new(cls, inner).fit(Xs[few], ys[few], Xt, yt),
        new(cls, inner).fit(
            np.repeat(Xs[:20], 5, axis=0), np.repeat(ys[:20], 5), Xt, yt
        ),
    ):
        for value in outputs(model, Xt).values():
            assert np.all(np.isfinite(value))


# Bad data


def _with(X, value):
    X = X.astype(np.array(value).dtype if isinstance(value, str) else X.dtype)
    X[3, 1] = value
    return X


BAD = {
    "nan in X": (lambda Xs, ys, Xt: (_with(Xs, np.nan), ys, Xt), "NaN"),
    "nan in Xt": (lambda Xs, ys, Xt: (Xs, ys, _with(Xt, np.nan)), "Xt contains NaN"),
    "inf in X": (lambda Xs, ys, Xt: (_with(Xs, np.inf), ys, Xt), "infinity"),
    "inf in Xt": (lambda Xs, ys, Xt: (Xs, ys, _with(Xt, np.inf)), "infinity"),
    "no rows": (lambda Xs, ys, Xt: (Xs[:0], ys[:0], Xt), "0 sample"),
    "no columns": (lambda Xs, ys, Xt: (Xs[:, :0], ys, Xt[:, :0]), "0 feature"),
    "1-D X": (lambda Xs, ys, Xt: (Xs[:, 0], ys, Xt), "Reshape your data"),
    "1-D Xt": (lambda Xs, ys, Xt: (Xs, ys, Xt[:, 0]), "Reshape your data"),
    "3-D X": (lambda Xs, ys, Xt: (Xs[..., None], ys, Xt[..., None]), r"X\.reshape"),
    "3-D Xt": (lambda Xs, ys, Xt: (Xs, ys, Xt[..., None]), r"Xt\.reshape"),
    "strings": (lambda Xs, ys, Xt: (_with(Xs, "text"), ys, Xt), "convert|string"),
    "y too short": (lambda Xs, ys, Xt: (Xs, ys[:-1], Xt), "inconsistent numbers"),
    "nan in y": (
        lambda Xs, ys, Xt: (Xs, np.append(np.nan, ys[1:]), Xt),
        "contains NaN",
    ),
}


@each_adapter
@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused(cls, name):
    make, message = BAD[name]
    if name == "3-D X" and get_tags(cls()).input_tags.three_d_array:
        pytest.skip("takes series")
    if name.startswith("nan in X") and get_tags(cls()).input_tags.allow_nan:
        pytest.skip("fills gaps")
    Xs, ys, Xt, yt = data(cls)
    Xs, ys, Xt = make(Xs, ys, Xt)
    if name.startswith("3-D") and get_tags(cls()).input_tags.three_d_array:
        pytest.skip("takes series")
    with pytest.raises(ValueError, match=message):
        new(cls).fit(Xs, ys, Xt, yt)


@each_adapter
def test_one_class_is_refused(cls):
    if is_regression(cls, "default"):
        pytest.skip("a regressor")
    if cls.__name__ in OWN_INNER:
        pytest.skip("trees grow on one class too")
    Xs, ys, Xt, yt = data(cls)
    with pytest.raises(ValueError, match="class"):
        new(cls, "classifier").fit(Xs, np.zeros_like(ys), Xt, np.zeros_like(yt))


@each_adapter
def test_unknown_values_of_parameters_are_refused(cls):
    Xs, ys, Xt, yt = data(cls)
    for name in "copy", "verbose", "random_state":
        with pytest.raises(ValueError, match=f"'{name}' parameter of {cls.__name__}"):
            cls(**{name: "wrong"}).fit(Xs, ys, Xt, yt)
    with pytest.raises(ValueError, match="'estimator' parameter"):
        cls("wrong").fit(Xs, ys, Xt, yt)


@each_adapter
def test_every_parameter_is_constrained_and_documented(cls):
    names = inspect.signature(cls).parameters
    assert names.keys() <= cls._parameter_constraints.keys()
    for name in names:
        assert re.search(rf"^    (\w+, )*{name}(, \w+)*( :|$)", cls.__doc__, re.M), name
    assert list(names)[:2] == ["estimator", "Xt"]
    for name in "copy", "verbose", "random_state":
        assert names[name].kind is inspect.Parameter.KEYWORD_ONLY


# Searches


@each_adapter
def test_grid_search_in_two_processes(cls):
    inner = inner_of(cls)[0]
    Xs, ys, Xt, yt = data(cls, inner, n=60)
    mixed = np.random.default_rng(0).permutation(120)
    X, y = np.concatenate([Xs, Xt])[mixed], np.concatenate([ys, yt])[mixed]
    domain = np.repeat([0, -1], [len(Xs), len(Xt)])[mixed]
    grid = {"random_state": [0, 1], "estimator__fit_intercept": [True, False]}
    if cls.__name__ in DEFAULT_ONLY:
        grid = {"random_state": [0, 1], "lambda_": [0.1, 1.0]}
    if cls.__name__ in OWN_INNER:
        grid = {"random_state": [0, 1], "estimator__max_depth": [2, None]}
    with config_context(enable_metadata_routing=True):
        search = GridSearchCV(
            new(cls, inner), grid, cv=2, n_jobs=2, error_score="raise"
        )
        search.fit(X, y, sample_domain=domain)
    assert np.all(np.isfinite(search.cv_results_["mean_test_score"]))
    assert isinstance(search.best_estimator_, MetaAdapter)
    assert search.predict(Xt).shape == yt.shape
