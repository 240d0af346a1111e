"""Defaults on real data: what is chosen from the rows must not collapse.

These are regression tests: the defaults were chosen on the very tasks that stand here.
`tests/test_unseen_data.py` has a data set that chose nothing.
"""

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from adapt.datasets import list_tasks, load_dataset
from adapt.feature_based import BDA, GFK, JDA, TCA, TJM, MMDLSConS, fMMD
from adapt.model_selection._read_domains import preprocess, read_domains

METHODS = [TCA, JDA, BDA, TJM]
each_method = pytest.mark.parametrize("cls", METHODS)
# Of the bundled tasks those on which methods had lost most.
TASKS = [
    "penguins: Adelie -> Gentoo",
    "heart: Hungary -> Cleveland",
    "thyroid: STMW -> SVI",
    "employment: disabled -> abled",
    "housing: coast -> inland",
    "digits: optdigits -> mnist",
]
# Points that are lost beyond the three. Heart: 10 of 303 rows, with TJM. Employment:
# for these rows; over four draws of them the mean loss is below 1.
KNOWN = {
    ("heart", "standardised_by_source"): 0.004,
    ("employment", "as_compare_prepares"): 0.012,
}


def as_compare_prepares(task):
    data = load_dataset(task.dataset, **task.kwargs, as_frame=True)
    Xs, ys, Xt, yt, _ = read_domains(data.X, data.y, None, None, data.sample_domain)
    return (*preprocess(Xs, Xt)[1:], np.asarray(ys), np.asarray(yt))


def standardised_by_source(task):
    data = load_dataset(task.dataset, **task.kwargs)
    of_source = data.sample_domain >= 0
    Xs, Xt = (data.X[side].astype(float) for side in (of_source, ~of_source))
    scale = make_pipeline(SimpleImputer(strategy="median"), StandardScaler()).fit(Xs)
    columns = scale.transform(Xs), scale.transform(Xt)
    return (*columns, data.y[of_source], data.y[~of_source])


def some_rows(Xs, Xt, ys, yt, n):
    rng = np.random.default_rng(0)
    rows_s, rows_t = (rng.permutation(len(X))[:n] for X in (Xs, Xt))
    return Xs[rows_s], ys[rows_s], Xt[rows_t], yt[rows_t]


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("prepare", [as_compare_prepares, standardised_by_source])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_no_collapse_on_real_data(name, prepare):
    task = next(t for t in list_tasks("classification") if t.name == name)
    n = 300 if task.dataset == "digits" else 1000
    Xs, ys, Xt, yt = some_rows(*prepare(task), n)
    source_only = LogisticRegression(max_iter=1000).fit(Xs, ys).score(Xt, yt)
    allowed = 0.03 + KNOWN.get((task.dataset, prepare.__name__), 0)
    for cls in [*METHODS, fMMD, GFK, MMDLSConS]:
        model = cls(LogisticRegression(max_iter=1000), random_state=0)
        gain = model.fit(Xs, ys, Xt=Xt).score(Xt, yt) - source_only
        assert gain >= -allowed, (cls.__name__, gain)


def test_columns_that_lie_far_out_in_the_target():
    rng = np.random.default_rng(0)
    ys = rng.integers(2, size=200)
    Xs, Xt = rng.normal(size=(2, 200, 5)) + 2 * ys[:, np.newaxis]
    Xt[:, 3] = 1e4 * rng.normal(size=200)
    Xs[:, 4], Xt[:, 4] = 0, 1e4  # constant in either domain
    widest, both = Xs.std(axis=0).max(), np.vstack([Xs, Xt]).std(axis=0)
    model = TCA(random_state=0).fit(Xs, ys, Xt=Xt)
    np.testing.assert_allclose(model.column_scale_, np.minimum(1, widest / both))
    assert model.score(Xt, ys) > 0.9
    # A switch of its own: whether `gamma` is given has nothing to do with it.
    given = TCA(gamma=0.1).fit(Xs, ys, Xt=Xt).column_scale_
    np.testing.assert_array_equal(given, model.column_scale_)
    for params, scaled in (
        ({"kernel": "linear"}, False),
        ({"kernel": "linear", "scale_columns": True}, True),
        ({"scale_columns": False}, False),
    ):
        scale = TCA(**params).fit(Xs, ys, Xt=Xt).column_scale_
        assert (scale < 1).any() == scaled


def test_columns_of_one_unit_keep_their_shares():
    rng = np.random.default_rng(0)
    Xs, Xt = rng.normal(size=(2, 100, 3))
    Xt += [0, 1, 5]
    both = np.vstack([Xs, Xt]).std(axis=0)
    scale = TCA(random_state=0).fit(Xs / both, Xt=Xt / both).column_scale_
    np.testing.assert_allclose(scale, scale[0])


@each_method
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_as_many_features_as_columns(cls):
    rng = np.random.default_rng(0)
    ys = rng.integers(2, size=60)
    for d, n_components in (3, 20), (30, 30):
        Xs = rng.normal(size=(60, d)) + ys[:, None]
        model = cls(random_state=0).fit(Xs, ys, Xt=Xs + 0.1)
        assert model.n_components_ == model.transform(Xs).shape[1] == n_components
