"""Defaults on a data set that no default or rule of ours was chosen on.

Tests on the bundled tasks, such as those of `test_kernel_defaults`, pin results to the
data that shaped the defaults: they find regressions, and promise nothing for other
data. Here the source of scikit-learn's breast cancer table is the half with the smaller
values of a column; class frequencies agree if that column is the error of the texture.
"""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from adapt.base import SourceOnly
from adapt.feature_based import (
    BDA,
    CORAL,
    GFK,
    JDA,
    SA,
    TCA,
    TJM,
    DomainStandardScaler,
    LinearOT,
    MMDLSConS,
    fMMD,
)
from adapt.model_selection import AutoAdapt

METHODS = [
    BDA,
    CORAL,
    GFK,
    JDA,
    SA,
    TCA,
    TJM,
    AutoAdapt,
    DomainStandardScaler,
    LinearOT,
    MMDLSConS,
    fMMD,
]


def halves(column):
    data = load_breast_cancer()
    values = data.data[:, data.feature_names.tolist().index(column)]
    target = values > np.median(values)
    scale = StandardScaler().fit(data.data[~target])
    Xs, Xt = (scale.transform(data.data[side]) for side in (~target, target))
    return Xs, data.target[~target], Xt, data.target[target]


@pytest.mark.parametrize("cls", METHODS)
def test_little_is_lost_where_class_frequencies_agree(cls):
    Xs, ys, Xt, yt = halves("texture error")
    assert abs(ys.mean() - yt.mean()) < 0.01
    plain = SourceOnly(LogisticRegression(max_iter=1000)).fit(Xs, ys, Xt=Xt)
    model = cls(LogisticRegression(max_iter=1000), random_state=0)
    assert model.fit(Xs, ys, Xt=Xt).score(Xt, yt) >= plain.score(Xt, yt) - 0.02


@pytest.mark.parametrize("above", [True, False])
@pytest.mark.parametrize("column", ["mean radius", "mean smoothness", "worst texture"])
def test_halves_of_a_table_have_not_moved(column, above):
    # Maps lose up to 73 points on such halves, and look right on the way back.
    Xs, ys, Xt, yt = halves(column)
    if not above:
        Xs, ys, Xt, yt = Xt, yt, Xs, ys
    model = AutoAdapt(LogisticRegression(max_iter=1000), cv=3, random_state=0)
    model.fit(Xs, ys, Xt=Xt)
    assert model.best_method_ == "SourceOnly"
    reasons = "covariate shift or label shift", "too few methods score clearly better"
    assert any(reason in model.decision_ for reason in reasons)
