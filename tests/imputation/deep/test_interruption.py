"""A fit that is interrupted or fails leaves nothing by halves."""

import keras
import numpy as np
import pytest

from adapt.imputation import ClueGAINImputer, GAINImputer
from adapt.imputation._deep import _candidates
from tests.imputation import common
from tests.imputation.deep.data import QUICK

pytestmark = pytest.mark.filterwarnings("ignore:.*was interrupted")
SHORT = {**QUICK, "n_steps": 150}


class Stop(keras.callbacks.Callback):
    """Raises at the end of an epoch of one of several trainings."""

    def __init__(self, error, training, epoch=0):
        super().__init__()
        self.error, self.training, self.epoch = error, training, epoch
        self.number = -1

    def on_train_begin(self, logs=None):
        self.number += 1

    def on_epoch_end(self, epoch, logs=None):
        if (self.number, epoch) == (self.training, self.epoch):
            raise self.error


def holds(imputer):
    """Return what an imputer holds, but for its callbacks."""
    return {k: v for k, v in vars(imputer).items() if k != "callbacks"}


@pytest.mark.parametrize("preset", ["robust", "reference"])
def test_a_pretraining_that_fails_leaves_no_trace(preset):
    Xs, _, Z, _, _ = common.tables()
    imputer = ClueGAINImputer(preset=preset, **SHORT)
    before = holds(imputer)
    imputer.set_params(callbacks=Stop(RuntimeError("full"), 0, 1))
    with pytest.raises(RuntimeError, match="full"):
        imputer.pretrain(Xs, missing_rate=0.9)
    assert holds(imputer) == before
    fresh = ClueGAINImputer(preset=preset, **SHORT).fit(Z)
    np.testing.assert_array_equal(
        imputer.set_params(callbacks=None).fit(Z).transform(Z), fresh.transform(Z)
    )


@pytest.mark.one_backend
@pytest.mark.parametrize("training", range(5))
def test_a_fit_that_fails_leaves_the_fit_before(training):
    Xs, _, Z, _, _ = common.tables()
    imputer = ClueGAINImputer(**SHORT).fit(Z[:30], X_source=Xs)
    before, filled = holds(imputer), imputer.transform(Z)
    imputer.set_params(callbacks=Stop(RuntimeError("full"), training))
    with pytest.raises(RuntimeError, match="full"):
        imputer.fit(Z[30:], X_source=Xs[::-1])
    after = holds(imputer)
    assert after.keys() == before.keys()
    assert all(after[name] is value for name, value in before.items())
    np.testing.assert_array_equal(imputer.transform(Z), filled)


def test_interrupted_in_a_network_the_others_fill():
    _, _, Z, _, _ = common.tables()
    stop = Stop(KeyboardInterrupt(), 1)
    imputer = GAINImputer(**{**SHORT, "n_folds": 4}, callbacks=stop)
    with pytest.warns(UserWarning, match="GAINImputer was interrupted after 1 of"):
        imputer.fit(Z)
    assert len(imputer.generators_) == len(imputer.history_) == 2
    assert stop.number == 1
    assert np.isfinite(imputer.transform(Z)).all()
    assert imputer.sample(Z).shape == (1, *Z.shape)


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("training", "tried"),
    [
        (0, ["pretrained", "gaussian", "blend"]),
        (1, ["pretrained", "finetuned", "gaussian", "blend"]),
        (2, ["pretrained", "finetuned", "gaussian", "blend"]),
        (3, ["pretrained", "finetuned", "scratch", "gaussian", "blend"]),
    ],
)
def test_after_an_interruption_no_other_network_is_trained(training, tried):
    Xs, _, Z, _, _ = common.tables()
    stop = Stop(KeyboardInterrupt(), training)
    imputer = ClueGAINImputer(**SHORT, callbacks=stop).fit(Z, X_source=Xs)
    assert stop.number == training
    assert list(imputer.validation_scores_) == tried
    assert imputer.selected_ == "blend"
    assert np.isfinite(imputer.transform(Z)).all()
    assert np.isfinite(imputer.transform(Xs * np.nan, sample_domain=0)).all()


@pytest.mark.one_backend
@pytest.mark.parametrize(
    "params",
    [{"candidates": ["finetuned"]}, {"preset": "reference"}],
    ids=["one candidate", "reference"],
)
def test_interrupted_before_the_target_the_source_fills(params):
    Xs, _, Z, _, _ = common.tables()
    stop = Stop(KeyboardInterrupt(), 0)
    imputer = ClueGAINImputer(**SHORT, **params, callbacks=stop)
    imputer.fit(Z, X_source=Xs)
    assert imputer.selected_ == "pretrained"
    assert np.isfinite(imputer.transform(Z)).all()


@pytest.mark.one_backend
def test_interrupted_between_trainings_the_imputer_is_as_before(monkeypatch):
    Xs, _, Z, _, _ = common.tables()

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(_candidates, "choose_strength", interrupt)
    imputer = ClueGAINImputer(**SHORT)
    before = holds(imputer)
    with pytest.raises(KeyboardInterrupt):
        imputer.fit(Z, X_source=Xs)
    assert holds(imputer) == before
