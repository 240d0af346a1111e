"""What a fit compiled serves the next one: no fit may see numbers of another."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", exc_type=ImportError)

from keras import ops  # noqa: E402

from adapt.deep import DeepAdapter, PenalizedAdapter, _engine  # noqa: E402
from adapt.deep._hooks import TrainingHooks  # noqa: E402
from adapt.deep._kept import kept  # noqa: E402
from adapt.discovery import all_adapters  # noqa: E402

METHODS = {
    name: cls
    for name, cls in all_adapters()
    if isinstance(cls, type) and issubclass(cls, TrainingHooks)
}


def _tables(seed):
    """Return two domains whose numbers depend on the seed, and whose shapes do not."""
    rng = np.random.default_rng(seed)
    Xs = rng.normal(loc=seed, scale=1 + seed, size=(48, 3))
    Xt = rng.normal(loc=seed + 0.5, scale=1 + seed, size=(32, 3))
    return (
        Xs,
        (Xs[:, 0] > seed).astype(int) + 10 * seed,
        Xt,
        10 * seed + (Xt[:, 0] > seed),
    )


def _weights(cls, seed):
    """Return all weights after a short fit on the tables of a seed."""
    Xs, ys, Xt, yt = _tables(seed)
    model = cls(epochs=2, batch_size=16, random_state=0)
    model.fit(Xs, ys, Xt=Xt, yt=yt.astype(int))
    return [
        np.array(w)
        for name in sorted(model._recipes)
        for w in getattr(model, f"{name}_").get_weights()
    ]


def reuses_nothing_but_structure(cls):
    """Return whether a fit after another one gives what it gives alone."""
    kept.clear()
    _weights(cls, 0)
    after = _weights(cls, 1)
    kept.clear()
    alone = _weights(cls, 1)
    return all(np.array_equal(a, b) for a, b in zip(after, alone, strict=True))


# With TensorFlow a few that train in other ways: programs are told apart alike.
FEW = {"DANN", "DIRTT", "FineTuning", "MCD", "Tent"}


@pytest.mark.parametrize(
    "name", sorted(FEW if _engine.BACKEND == "tensorflow" else METHODS)
)
def test_a_fit_does_not_see_the_one_before(name):
    assert reuses_nothing_but_structure(METHODS[name])


class _Shifted(PenalizedAdapter):
    """A loss that reads a fitted attribute, which it keeps from `_structure`."""

    _read_by_losses = ("_labels", "_mean")

    def _adapt(self, domains):
        self._mean = float(domains.Xs.mean())
        super()._adapt(domains)

    def _losses(self, batch):
        zs, _ = self._encode(batch)
        off = ops.mean(ops.square(zs - self._mean))
        return {"task_loss": self._task_loss(batch, zs), "off": off}


class _Told(_Shifted):
    """The same, told apart."""

    def _structure(self):
        return (*super()._structure(), self._mean)


class _Undeclared(_Shifted):
    """The same, not declared at all."""

    _read_by_losses = ("_labels",)


def test_a_fitted_attribute_that_is_kept_from_the_key_is_found():
    assert reuses_nothing_but_structure(_Told)
    if keras.backend.backend() != "torch":  # which compiles nothing here
        assert not reuses_nothing_but_structure(_Shifted)


def test_a_loss_cannot_read_what_is_not_declared():
    with pytest.raises(AttributeError, match="_mean"):
        _weights(_Undeclared, 0)


def test_parameters_stay_as_they_are_during_a_fit():
    """Options of `fit` are seen by the training, not by `get_params`."""
    seen = []

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(model.get_params()["epochs"])

    Xs, ys, Xt, _ = _tables(0)
    model = DeepAdapter(epochs=7, batch_size=16, random_state=0)
    model.fit(Xs, ys, Xt=Xt, epochs=2, callbacks=[Look()])
    assert seen == [7, 7]
    assert (model.n_epochs_, model.callbacks) == (2, None)
    with pytest.raises(ValueError, match="'epochs' parameter"):
        model.fit(Xs, ys, Xt=Xt, epochs=0)
    assert model.epochs == 7
