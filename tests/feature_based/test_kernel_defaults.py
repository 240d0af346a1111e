"""Kernel methods as they come, on real data: they must not collapse."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from adapt.datasets import load_dataset
from adapt.feature_based import BDA, JDA, TCA, TJM
from adapt.model_selection._inputs import preprocess, read_domains

METHODS = [TCA, JDA, BDA, TJM]
each_method = pytest.mark.parametrize("cls", METHODS)
# Those on which twenty features lost most, of ten to seventy columns.
TASKS = {
    "heart, west": ("heart", {"source": "Cleveland", "target": "Hungary"}),
    "heart, east": ("heart", {"source": "Hungary", "target": "Cleveland"}),
    "employment": (
        "employment",
        {"split": "disability", "source": "disabled", "target": "abled"},
    ),
    "housing": ("housing", {"source": "coast", "target": "inland"}),
}


def columns(name, kwargs, n=1000):
    """Return rows of a bundled task as `compare` prepares them, n of each domain."""
    data = load_dataset(name, as_frame=True, **kwargs)
    Xs, ys, Xt, yt, _ = read_domains(data.X, data.y, None, None, data.sample_domain)
    _, Xs, Xt = preprocess(Xs, Xt)
    rng = np.random.default_rng(0)
    rows_s, rows_t = (rng.permutation(len(X))[:n] for X in (Xs, Xt))
    return Xs[rows_s], np.asarray(ys)[rows_s], Xt[rows_t], np.asarray(yt)[rows_t]


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_no_collapse_on_real_data(task):
    Xs, ys, Xt, yt = columns(*task)
    source_only = LogisticRegression(max_iter=1000).fit(Xs, ys).score(Xt, yt)
    for cls in METHODS:
        model = cls(LogisticRegression(max_iter=1000), random_state=0)
        score = model.fit(Xs, ys, Xt=Xt).score(Xt, yt)
        # Which rows the median distance is taken of moves the score by two points.
        assert score >= source_only - 0.05, cls.__name__


@each_method
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_as_many_features_as_columns(cls):
    rng = np.random.default_rng(0)
    ys = rng.integers(2, size=60)
    for d, n_components in (3, 20), (30, 30):
        Xs = rng.normal(size=(60, d)) + ys[:, None]
        model = cls(random_state=0).fit(Xs, ys, Xt=Xs + 0.1)
        assert model.n_components_ == model.transform(Xs).shape[1] == n_components
