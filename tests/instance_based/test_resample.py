"""A bootstrap drawn by weights loses no class."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from adapt import instance_based
from adapt.base import WeightAdapter
from adapt.base._weighted_rows import with_every_class
from adapt.discovery import all_adapters
from adapt.instance_based import KMM
from tests.common import shifted_classes

METHODS = [
    name
    for name, cls in all_adapters("instance_based", deep=False)
    if issubclass(cls, WeightAdapter) and "resample" in cls().get_params()
]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", METHODS)
def test_a_rare_class_stays(name):
    rng = np.random.RandomState(0)
    Xs, Xt = rng.randn(100, 3), rng.randn(60, 3) + 0.3
    ys = np.repeat([0, 1, 2], [49, 2, 49])
    method = getattr(instance_based, name)
    params = {"soft": False} if name in ("BBSE", "RLLS") else {}
    for seed in range(4):
        model = method(
            KNeighborsClassifier(1), **params, resample=True, random_state=seed
        )
        yt = np.r_[ys[:3], np.full(57, -1)] if "yt" in model.get_params() else None
        model.fit(Xs, ys, Xt=Xt, yt=yt)
        weighted = np.unique(ys[model.weights_[:100] > 0])
        assert np.isin(weighted, model.classes_).all()


def test_the_heaviest_row_of_a_lost_class_is_added():
    y, weights = np.array([0, 0, 1, 1, 2]), np.array([1.0, 1, 0.1, 0.2, 0])
    rows = with_every_class(np.array([0, 1, 1]), y, weights)
    np.testing.assert_array_equal(rows, [0, 1, 1, 3, 4])


def test_an_estimator_without_weights_cannot_know_a_class_without_weight():
    Xs, ys, Xt, _ = shifted_classes(60, n_classes=3)
    weight = np.where(ys == 1, 0.0, 1.0)
    model = KMM(KNeighborsClassifier(), resample=True, random_state=0)
    with pytest.warns(UserWarning, match=r"KMM gave no weight to source rows of \[1\]"):
        model.fit(Xs, ys, Xt=Xt, sample_weight=weight)
    assert model.classes_.tolist() == [0, 2]
