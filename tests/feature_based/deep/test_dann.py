"""DANN: domain-adversarial neural network."""

import numpy as np
import pytest

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
