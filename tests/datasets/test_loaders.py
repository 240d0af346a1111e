"""The real data sets: layout, content, errors and the numbers they document."""

import pickle
import re
import socket
import subprocess
import sys
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils import Bunch
from threadpoolctl import threadpool_limits

import adapt.datasets
from adapt.datasets import list_datasets, list_tasks, load_dataset

NAMES = list_datasets()
TABLES = [name for name in NAMES if name not in ("watch", "hapt")]
TASKS = {task.name: task for task in list_tasks()}

# name: rows of the default source and target, number of features, number of classes
SHAPES = {
    "penguins": (146, 119, 4, 2),
    "digits": (2000, 1797, 64, 10),
    "heart": (294, 303, 10, 2),
    "thyroid": (2000, 2000, 20, 2),
    "employment": (2000, 2000, 15, 2),
    "housing": (2000, 2000, 6, 2),
    "diabetes": (235, 207, 9, None),
    "flights": (2000, 2000, 6, None),
    "auto_mpg": (245, 79, 6, None),
    "abalone": (1528, 1342, 7, None),
}


@pytest.fixture(autouse=True)
def one_thread():
    """The models here are too small for threads, which only wait for each other."""
    with threadpool_limits(1):
        yield


@pytest.mark.parametrize("name", TABLES)
def test_shapes_and_dtypes(name):
    n_source, n_target, n_features, n_classes = SHAPES[name]
    data = load_dataset(name)
    assert isinstance(data, Bunch)
    assert data.X.shape == (n_source + n_target, n_features)
    assert data.X.dtype == np.float64
    assert data.y.shape == data.sample_domain.shape == (len(data.X),)
    assert data.sample_domain.dtype.kind == "i"
    np.testing.assert_array_equal(
        data.sample_domain, [0] * n_source + [-1] * n_target
    )  # source rows first
    assert sorted(data.domain_names) == [-1, 0]
    assert len(data.feature_names) == n_features
    if n_classes is None:
        assert data.y.dtype == np.float64
        assert "target_names" not in data
    else:
        assert data.y.dtype == np.int64
        assert len(data.target_names) == n_classes
        for domain in (0, -1):
            present = np.unique(data.y[data.sample_domain == domain])
            np.testing.assert_array_equal(present, np.arange(n_classes))


@pytest.mark.parametrize("name", NAMES)
def test_the_three_arrays_and_repeated_calls(name):
    first, second = load_dataset(name), load_dataset(name)
    X, y, sample_domain = load_dataset(name, return_X_y=True)
    for bunch in (first, second):
        np.testing.assert_array_equal(bunch.X, X)
        np.testing.assert_array_equal(bunch.y, y)
        np.testing.assert_array_equal(bunch.sample_domain, sample_domain)
    first.X[:] = -99  # the caller owns what it got
    np.testing.assert_array_equal(load_dataset(name).X, X)


@pytest.mark.parametrize("name", TABLES)
def test_frame_holds_the_same_as_the_array(name):
    array, frame = load_dataset(name), load_dataset(name, as_frame=True)
    assert isinstance(frame.X, pd.DataFrame)
    assert isinstance(frame.y, pd.Series)
    assert list(frame.X.columns) == array.feature_names == frame.feature_names
    np.testing.assert_array_equal(frame.y, array.y)
    np.testing.assert_array_equal(frame.sample_domain, array.sample_domain)
    assert list(frame.X.index) == list(frame.y.index) == list(range(len(array.X)))
    categorical = [c for c in frame.X.columns if frame.X[c].dtype == "category"]
    assert categorical == list(array.categories)
    for j, column in enumerate(frame.X.columns):
        if column in categorical:
            levels = array.categories[column]
            decoded = [None if np.isnan(v) else levels[int(v)] for v in array.X[:, j]]
            expected = frame.X[column].astype(object)
            expected = expected.where(expected.notna(), None)
            assert decoded == list(expected)
        else:
            np.testing.assert_array_equal(
                frame.X[column].to_numpy(float), array.X[:, j]
            )


def test_missing_values_and_mixed_types_are_kept():
    X = load_dataset("thyroid", as_frame=True).X
    assert X["log_T3"].isna().sum() > 500
    assert X["sex"].isna().any()
    assert {str(dtype) for dtype in X.dtypes} == {"category", "float64"}
    X, y, domain = load_dataset("thyroid", as_frame=True, return_X_y=True)
    model = HistGradientBoostingClassifier(max_iter=5, random_state=0)
    assert model.fit(X[domain >= 0], y[domain >= 0]).score(X, y) > 0.8
    # Only these two are incomplete, apart from heart's optional measurements.
    with_missing = [n for n in TABLES if np.isnan(load_dataset(n).X).any()]
    assert with_missing == ["heart", "thyroid"]


def test_several_sources_and_targets():
    data = load_dataset("penguins", source=("Gentoo", "Chinstrap"), target="Adelie")
    assert data.domain_names == {0: "Gentoo", 1: "Chinstrap", -1: "Adelie"}
    sizes = {k: int((data.sample_domain == k).sum()) for k in data.domain_names}
    assert sizes == {0: 119, 1: 68, -1: 146}
    swapped = load_dataset("penguins", source="Adelie", target=["Gentoo", "Chinstrap"])
    assert swapped.domain_names == {0: "Adelie", -1: "Gentoo", -2: "Chinstrap"}
    for one, other in [(0, -1), (1, -2), (-1, 0)]:
        np.testing.assert_array_equal(
            data.X[data.sample_domain == one], swapped.X[swapped.sample_domain == other]
        )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("parameter", ["source", "target"])
def test_unknown_domain(name, parameter):
    with pytest.raises(ValueError, match=f"The `{parameter}` parameter .* got 'nope'"):
        load_dataset(name, **{parameter: "nope"})


def test_messages_list_what_is_valid():
    with pytest.raises(ValueError, match=r"'Adelie', 'Chinstrap', 'Gentoo'; got 'Emp"):
        load_dataset("penguins", source="Emperor")
    with pytest.raises(ValueError, match=r"'left', 'right'; got 'both'"):
        load_dataset("watch", target="both")
    with pytest.raises(ValueError, match=r"`split` .* 'year', 'disability'; got 'x'"):
        load_dataset("employment", split="x")
    with pytest.raises(ValueError, match=r"`source` .* '2015', '2018'; got 'abled'"):
        load_dataset("employment", split="year", source="abled")
    with pytest.raises(ValueError, match=r"names the domain 'Gentoo', which is chosen"):
        load_dataset("penguins", source="Gentoo", target="Gentoo")
    with pytest.raises(ValueError, match=r"`source` parameter names no domain"):
        load_dataset("penguins", source=())
    with pytest.raises(ValueError, match=r"`name` .* 'penguins', .*; got 'iris'"):
        load_dataset("iris")
    with pytest.raises(ValueError, match=r"`task` .* 'regression', 'series'; got 'x'"):
        list_tasks("x")


def test_employment_splits():
    shapes = {"age": 15, "year": 16, "disability": 11}
    for split, n_features in shapes.items():
        data = load_dataset("employment", split=split)
        assert data.X.shape == (4000, n_features)
        assert list(data.categories) == [c for c in data.feature_names if c != "AGEP"]
    assert data.domain_names == {0: "abled", -1: "disabled"}
    assert "DIS" not in data.feature_names
    rate = [data.y[data.sample_domain == k].mean() for k in (0, -1)]
    assert rate[0] - rate[1] > 0.4  # label shift
    year = load_dataset("employment", split="year")
    rate = [year.y[year.sample_domain == k].mean() for k in (0, -1)]
    assert abs(rate[0] - rate[1]) < 0.05  # none


def test_digits_have_one_format():
    data = load_dataset("digits")
    np.testing.assert_array_equal(data.X, np.rint(data.X))
    means = [data.X[data.sample_domain == k].mean() for k in (0, -1)]
    assert abs(means[0] - means[1]) < 0.2  # as much ink
    for k in (0, -1):
        assert (data.X[data.sample_domain == k].min(), data.X.max()) == (0, 16)


def test_watch():
    data = load_dataset("watch")
    assert data.X.shape == (597 + 552, 200, 6)
    assert data.X.dtype == np.float32
    assert data.y.dtype == np.int64
    assert data.feature_names == ["ax", "ay", "az", "wx", "wy", "wz"]
    for k in (0, -1):
        rows = data.sample_domain == k
        np.testing.assert_array_equal(np.unique(data.y[rows]), np.arange(7))
        np.testing.assert_array_equal(np.unique(data.groups[rows]), np.arange(1, 11))
    # The summed steps are physical: gravity is 1 g, and no exercise drifts away.
    gravity = np.linalg.norm(data.X[:, :, :3].mean(axis=1), axis=1)
    assert np.median(gravity) == pytest.approx(1.0, abs=0.05)
    assert np.abs(data.X).max() < 30
    right = load_dataset("watch", source="right", target="left")
    np.testing.assert_array_equal(
        right.X[right.sample_domain == 0], data.X[data.sample_domain == -1]
    )
    assert (right.sample_domain == 0).sum() == 552


def test_hapt():
    data = load_dataset("hapt")
    assert data.X.shape == (182 + 177, 128, 6)
    assert data.X.dtype == np.float32
    for k in (0, -1):
        present = np.unique(data.y[data.sample_domain == k])
        np.testing.assert_array_equal(present, np.arange(6))
    # Standing is 1 g, the phone upright; lying turns it; only who walks moves.
    means, spread = data.X[:, :, :3].mean(axis=1), data.X.std(axis=1)
    still, lying = data.y >= 3, data.y == 5
    gravity = np.linalg.norm(means[still], axis=1)
    assert np.median(gravity) == pytest.approx(1.0, abs=0.05)
    assert means[data.y == 4, 0].min() > 0.8 > 0.6 > means[lying, 0].max()
    assert spread[still].mean() < 0.1 * spread[~still].mean()


@pytest.mark.parametrize("name", NAMES)
def test_description(name):
    text = load_dataset(name).DESCR
    for heading in ("Domains", "Source", "Licence", "Processing", "Baselines"):
        assert f"**{heading}.**" in text
    licence = text.split("**Licence.**")[1].split("\n\n")[0]
    assert re.search(r"CC0|CC BY|BSD|public\s+domain", licence)
    pairs = [
        task.name.split(": ")[1] for task in TASKS.values() if task.dataset == name
    ]
    assert pairs
    for pair in pairs:
        assert pair in text


def score_of_source(task):
    """Score of a linear model of the source, by the protocol of the descriptions."""
    X, y, domain = load_dataset(task.dataset, **task.kwargs, return_X_y=True)
    if X.ndim == 3:
        X = np.hstack([X.mean(axis=1), X.std(axis=1)])
    if task.kind == "regression":
        model = RidgeCV(alphas=np.logspace(-3, 3, 13))
    else:
        model = LogisticRegression(max_iter=2000)
    if task.dataset == "digits":
        scaler = FunctionTransformer(lambda X: X / 16)
    else:
        scaler = StandardScaler()
    model = make_pipeline(SimpleImputer(strategy="median"), scaler, model)
    return model.fit(X[domain >= 0], y[domain >= 0]).score(X[domain < 0], y[domain < 0])


@pytest.mark.parametrize("name", TASKS)
def test_documented_baseline(name):
    task = TASKS[name]
    pair = re.escape(name.split(": ")[1])
    text = load_dataset(task.dataset).DESCR
    low, high = map(float, re.search(rf"{pair} +(\S+) -> (\S+)", text).groups())
    assert score_of_source(task) == pytest.approx(low, abs=0.02)
    if "2015" not in name:  # the control has no gap
        assert high > low


def test_registry():
    assert len(set(NAMES)) == len(NAMES)
    assert {task.dataset for task in TASKS.values()} == set(NAMES)
    assert len(TASKS) == len(list_tasks())  # the names are unique
    kinds = ("classification", "regression", "series")
    by_kind = [task for kind in kinds for task in list_tasks(kind)]
    assert by_kind == list_tasks()
    for task in TASKS.values():
        data = load_dataset(task.dataset, **task.kwargs)
        pair = f"{data.domain_names[0]} -> {data.domain_names[-1]}"
        assert task.name == f"{task.dataset}: {pair}"
        assert (task.kind == "series") == (data.X.ndim == 3)
        assert (task.kind == "regression") == ("target_names" not in data)
    list_tasks()[0].kwargs["source"] = "changed"
    assert list_tasks()[0].kwargs["source"] == "Adelie"


def test_size_of_the_data():
    sizes = [path.stat().st_size for path in (files(adapt.datasets) / "data").iterdir()]
    assert 1e6 < sum(sizes) < 5e6


def test_no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a loader opened a connection")

    monkeypatch.setattr(socket, "socket", refuse)
    for name in NAMES:
        load_dataset(name)


def test_import_is_light():
    code = "import sys, adapt.datasets; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    modules = set(run.stdout.split())
    assert "adapt.datasets" in modules
    assert not modules & {"keras", "tensorflow", "jax", "torch", "matplotlib"}


def test_all_is_complete():
    public = {name for name in vars(adapt.datasets) if name[:5] in ("load_", "make_")}
    assert public <= set(adapt.datasets.__all__)
    assert all(f"load_{name}" in public for name in NAMES)


@pytest.mark.parametrize("name", ["load_penguins", "load_watch", "load_bikes"])
def test_a_bunch_is_printed_in_short(name):
    data = getattr(adapt.datasets, name)()
    text = repr(data)
    assert len(text) < 800
    assert len(text.splitlines()) == len(data) + 1
    for key, value in data.items():
        assert f"  {key}: " in text
        if isinstance(value, np.ndarray):
            assert f"{key}: ndarray of shape {value.shape}" in text
    again = pickle.loads(pickle.dumps(data))
    assert repr(again) == text
