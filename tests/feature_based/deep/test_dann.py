"""DANN: domain-adversarial neural network."""

import numpy as np
import pytest
from sklearn.datasets import make_moons

from adapt.feature_based import DANN
from tests.deep import reference


def test_losses_are_those_of_the_paper():
    model, p = reference.fitted(DANN)
    reference.check(model, {"task_loss": p.task, "disc_loss": p.domains()})
    assert reference.weight(model) == pytest.approx(2 / (1 + np.exp(-0.1)) - 1)


@pytest.mark.one_backend
def test_the_published_learning_rate_falls():
    """The schedule of a callback: with ``p`` done, 0.01 / (1 + 10 p)^0.75."""
    Xs, ys, Xt = reference.small_tables()
    (schedule,) = reference.published(DANN).callbacks
    rates = [schedule.schedule(epoch) for epoch in range(10)]
    p = np.arange(10) / 10
    np.testing.assert_allclose(rates, 0.01 / (1 + 10 * p) ** 0.75)
    model = reference.published(DANN).set_params(epochs=2, random_state=0)
    assert np.isfinite(model.fit(Xs, ys, Xt=Xt).history_["loss"]).all()


@pytest.mark.one_backend
def test_dann_follows_rotated_moons():
    """At 35 degrees, source-only (``lambda_=0``) loses what DANN keeps."""
    Xs, ys = make_moons(300, noise=0.08, random_state=0)
    Xt, yt = make_moons(300, noise=0.08, random_state=1)
    angle = np.deg2rad(35)
    turn = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    centre = Xs.mean(axis=0)
    Xs, Xt = Xs - centre, (Xt - centre) @ np.array(turn).T
    scores = {}
    for lambda_ in (0.0, 1.0):
        model = DANN(lambda_=lambda_, epochs=50, batch_size=32, learning_rate=3e-3)
        scores[lambda_] = [
            model.set_params(random_state=seed).fit(Xs, ys, Xt=Xt).score(Xt, yt)
            for seed in range(2)
        ]
    assert np.mean(scores[1.0]) > np.mean(scores[0.0]) + 0.03, scores
