"""WDGRL: Wasserstein distance guided representation learning."""

import keras
import numpy as np
import pytest
from keras import layers

from adapt.deep import UpdateLambda
from adapt.feature_based import WDGRL
from tests.deep import reference
from tests.deep.reference import SMALL


def test_losses_are_those_of_the_paper():
    """The gradient of a linear critic is the same everywhere."""
    model, p = reference.fitted(WDGRL)
    assert [update.repeat for update in model._updates()] == [5, 1]
    ds, dt = p.head(p.zs, p.zt)
    gap = ds.mean() - dt.mean()
    norm = np.linalg.norm(model.discriminator_.get_weights()[0])
    expected = {
        "task_loss": p.task,
        "disc_loss": -gap,
        "gp": 10 * (norm - 1) ** 2,
        "wasserstein_loss": 0.1 * gap,
    }
    reference.check(model, expected)


@pytest.fixture(scope="module")
def tables():
    return reference.small_tables()


@pytest.mark.one_backend
def test_wdgrl_repeats_the_critic(tables):
    Xs, ys, Xt = tables
    start = keras.initializers.GlorotUniform(seed=0)
    critic = keras.Sequential(
        [keras.Input((64,)), layers.Dense(1, kernel_initializer=start)]
    )
    gaps = {}
    for n in (1, 20):
        model = WDGRL(discriminator=critic, n_critic=n, lambda_=0.0, **SMALL)
        gaps[n] = -model.fit(Xs, ys, Xt=Xt + 2).history_["disc_loss"][-1]
    assert gaps[20] > gaps[1]
    assert model.predict_disc(Xs).mean() > model.predict_disc(Xt + 2).mean()


@pytest.mark.one_backend
def test_schedules_reach_other_methods(tables):
    Xs, ys, Xt = tables
    model = WDGRL(lambda_=UpdateLambda(max_steps=4), **SMALL)
    assert model.fit(Xs, ys, Xt=Xt).history_["wasserstein_loss"][0] != 0
