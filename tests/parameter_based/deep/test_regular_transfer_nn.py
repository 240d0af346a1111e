"""RegularTransferNN: a network drawn towards the weights of a source network."""

import keras
import numpy as np
import pytest

from adapt.deep import _engine
from adapt.parameter_based import FineTuning, RegularTransferNN
from tests.common import shifted_classes
from tests.deep import reference
from tests.parameter_based.deep.common import LAYERS, SMALL, encoder, moved, task


@pytest.fixture(scope="module")
def domains():
    return shifted_classes(n=60, n_classes=3)


def test_loss_is_that_of_the_paper():
    """At the weights of the source it is the task loss alone."""
    Xs, ys, *_ = reference.whole_tables()
    network = reference.linear_network(3, 2)
    model = reference.still(reference.published(RegularTransferNN), task=network)
    model.fit(Xs, ys)
    loss = reference.cross_entropy(ys, reference.apply(network, Xs)).mean()
    reference.check(model, {"loss": loss})


@pytest.mark.one_backend
def test_lambdas_of_regular_transfer_go_from_the_last_layer_to_the_first(domains):
    _, _, Xt, yt = domains
    given = keras.Sequential([*encoder().layers, *task().layers])
    names = [*LAYERS, "head"]
    model = RegularTransferNN(given, lambdas=[0.0, np.inf], **SMALL).fit(Xt, yt)
    assert moved(model.task_, given, names) == ["head"]
    model = RegularTransferNN(given, lambdas=[np.inf, 0.1], **SMALL).fit(Xt, yt)
    assert moved(model.task_, given, names) == LAYERS
    one_batch = {**SMALL, "batch_size": 60}
    free = RegularTransferNN(given, lambdas=0.0, **one_batch).fit(Xt, yt)
    whole = FineTuning(model=given, **one_batch).fit(Xt, yt)
    np.testing.assert_allclose(free.predict_task(Xt), whole.predict_task(Xt), atol=1e-5)
    np.testing.assert_allclose(free.transform(Xt), Xt, rtol=1e-6)


def test_l1_is_the_sum_of_absolute_differences(domains):
    _, _, Xt, yt = domains
    given = keras.Sequential([*encoder().layers, *task().layers])
    model = RegularTransferNN(given, lambdas=[0.5, 2.0, 0.0], regularizer="l1")
    model.set_params(batch_size=60, random_state=0, epochs=1).fit(Xt, yt)
    gaps = {
        name: sum(
            np.abs(a - b).sum()
            for a, b in zip(
                _engine.weights_of(model.task_.get_layer(name)),
                _engine.weights_of(given.get_layer(name)),
                strict=True,
            )
        )
        for name in ("high", "head")
    }
    # The second epoch begins with the weights after the first.
    again = model.set_params(epochs=2).fit(Xt, yt)
    expected = 2.0 * gaps["high"] + 0.5 * gaps["head"]
    assert again.history_["penalty"] == pytest.approx([0.0, expected], rel=1e-4)
