"""Deep methods do what they are for: they follow moons that turn by 30 degrees.

The same over five draws, for every method, is in ``benchmarks/deep_accuracy.py``.
"""

import numpy as np
import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from keras import layers  # noqa: E402

from adapt import feature_based  # noqa: E402
from adapt.datasets import make_moons_da  # noqa: E402

PARAMETERS = {
    "DANN": {"lambda_": 0.3},
    "CDAN": {"lambda_": 0.3},
    "MCD": {"n_steps": 2},
    "MDD": {},
    "WDGRL": {"lambda_": 1.0},
    "MCC": {"lambda_": 0.3},
    "DeepJDOT": {},
    "VADA": {"lambda_": 0.3},
}


def _encoder():
    hidden = [layers.Dense(32, activation="relu") for _ in range(2)]
    return keras.Sequential([keras.Input((2,)), *hidden])


def _task():
    return keras.Sequential([layers.Dense(2)])


def _mean_score(name, **params):
    scores = []
    for seed in range(3):
        Xs, ys, Xt, yt = make_moons_da(600, angle=30.0, noise=0.1, random_state=seed)
        model = getattr(feature_based, name)(_encoder, _task, **params)
        model.set_params(epochs=60, optimizer="adam", learning_rate=3e-3)
        model.set_params(random_state=seed)
        scores.append(model.fit(Xs, ys, Xt=Xt).score(Xt, yt))
    return np.mean(scores)


@pytest.fixture(scope="module")
def source_only():
    return _mean_score("DeepSource")


@pytest.mark.one_backend
@pytest.mark.slow
@pytest.mark.parametrize("name", PARAMETERS)
def test_methods_beat_the_source_on_turned_moons(name, source_only):
    score = _mean_score(name, **PARAMETERS[name])
    assert score > source_only + 0.02, (score, source_only)
