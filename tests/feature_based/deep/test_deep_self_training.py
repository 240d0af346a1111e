"""DeepSelfTraining: networks taught their own guesses."""

import numpy as np
import pytest

from adapt.feature_based import DeepSelfTraining, DeepSource
from tests.deep import reference
from tests.deep.reference import SMALL


def test_losses_are_those_of_the_paper():
    """A guess is the class whose probability is largest beside its threshold.

    In the first round that is the one of the fifth of its rows.
    """
    model, p = reference.fitted(DeepSelfTraining, epochs=14)
    thresholds = []
    for k in (0, 1):
        sure = np.sort(p.pt[p.lt.argmax(axis=1) == k, k])
        n = int(np.ceil(len(sure) / 5))
        thresholds.append(sure[-n] if n else np.inf)
    relative = p.pt / thresholds
    wrong = reference.cross_entropy(relative.argmax(axis=1), p.lt)
    loss = np.mean((relative.max(axis=1) >= 1) * wrong)
    reference.check(model, {"task_loss": p.task, "guess_loss": loss})
    assert 30 <= model.joined_.sum() <= 32  # half of them at the end


@pytest.fixture(scope="module")
def tables():
    return reference.small_tables()


@pytest.mark.one_backend
def test_self_training_chooses_more_rows_from_round_to_round(tables):
    Xs, ys, Xt = tables
    names = np.array(["no", "yes"])[ys]
    source = DeepSource(**SMALL).fit(Xs, names, Xt=Xt)
    params = {**SMALL, "n_rounds": 2, "start": 0.25, "stop": 0.5}
    model = DeepSelfTraining(**params).fit(Xs, names, Xt=Xt)
    assert model.n_epochs_ == 4
    assert len(model.pretrain_history_["loss"]) == len(model.history_["loss"]) == 2
    assert set(model.target_guess_[model.joined_]) == {"no", "yes"}
    # Of each class, so that it is that share of all, rounded up.
    assert 20 <= model.joined_.sum() <= 22
    # A model that is trained already starts with the guesses, its own.
    given = {"encoder": source.encoder_, "task": source.task_, "pretrain_epochs": 0}
    once = DeepSelfTraining(**given, **{**params, "n_rounds": 1}).fit(Xs, names, Xt=Xt)
    assert once.n_epochs_ == 2
    assert 10 <= once.joined_.sum() <= 12
    chosen = once.joined_
    np.testing.assert_array_equal(
        once.target_guess_[chosen], source.predict(Xt)[chosen]
    )
