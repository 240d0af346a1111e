"""What a method can ask of the engine: updates of some networks, repeats and phases."""

import keras
import numpy as np
import pytest

from adapt.deep import DeepAdapter, Phase, Update
from adapt.feature_based import DeepCORAL
from tests.common import shifted_classes


class _OneByOne(DeepCORAL):
    """Three updates of the task network, one after the other."""

    def _updates(self):
        return [Update(self._losses, ("task",))] * 3


class _Repeated(DeepCORAL):
    """The same, as one repeated update."""

    def _updates(self):
        return [Update(self._losses, ("task",), repeat=3)]


class _Phases(DeepCORAL):
    """First the encoder, then the task network."""

    def _phases(self):
        yield Phase(1, "_first")
        self.between_ = self.encoder_.get_weights(), self.task_.get_weights()
        yield Phase(2, "_second")

    def _first(self):
        return [Update(self._losses, ("encoder",))]

    def _second(self):
        return [Update(self._losses, ("task",))]


def _fit(cls):
    Xs, ys, Xt, _ = shifted_classes(n=60)
    model = cls(epochs=2, batch_size=20, random_state=0)
    assert isinstance(model, DeepAdapter)
    return model.fit(Xs, ys, Xt=Xt)


def _moved(before, after):
    return [float(np.abs(a - b).max()) for a, b in zip(before, after, strict=True)]


def test_repeat_is_the_same_update_again():
    listed, repeated = _fit(_OneByOne), _fit(_Repeated)
    for a, b in zip(
        listed.task_.get_weights(), repeated.task_.get_weights(), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    once = _fit(DeepCORAL)
    assert max(_moved(once.task_.get_weights(), repeated.task_.get_weights())) > 1e-3


def test_an_update_moves_its_networks_alone():
    model, plain = _fit(_Repeated), _fit(_OneByOne)
    # Both start from the same encoder, which no update moves.
    assert max(_moved(model.encoder_.get_weights(), plain.encoder_.get_weights())) == 0
    assert (
        max(
            _moved(model.encoder_.get_weights(), _fit(DeepCORAL).encoder_.get_weights())
        )
        > 0
    )


def test_an_interrupt_ends_all_phases():
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyboardInterrupt

    Xs, ys, Xt, _ = shifted_classes(n=60)
    model = _Phases(batch_size=20, random_state=0, callbacks=[Stop()])
    with pytest.warns(UserWarning, match="interrupted after 1 of 1 epochs"):
        model.fit(Xs, ys, Xt=Xt)
    assert model.n_epochs_ == 1
    assert model.predict(Xt).shape == (60,)


def test_phases_follow_each_other():
    model = _fit(_Phases)
    encoder, task = model.between_
    assert max(_moved(encoder, model.encoder_.get_weights())) == 0
    assert max(_moved(task, model.task_.get_weights())) > 1e-4
    assert len(model.history_["loss"]) == model.n_epochs_ == 3
