"""DIRTT: decision-boundary iterative refinement training with a teacher."""

import numpy as np
import pytest
from scipy.special import softmax

from adapt.feature_based import DIRTT, DeepSource
from tests.deep import reference
from tests.deep.reference import SMALL


def test_losses_are_those_of_the_paper():
    model, p = reference.fitted(DIRTT, adapt_epochs=2)
    assert model.source_.lambda_ == 0.01
    assert "confusion_loss" in model.source_.history_
    reference.check(model, {"teacher_loss": 0.0})  # it is the model itself
    teacher = softmax(np.sin(np.arange(120.0).reshape(60, 2)), axis=1)
    start = np.array([1.0, -2.0, 0.5])
    found = reference.losses_of(model, Xt=p.Xt, teacher=teacher, start=start)
    expected = {
        "entropy_loss": reference.entropy(p.pt).mean(),
        "vat_loss": p.virtual_adversary(p.Xt, start, 3.5),
        "teacher_loss": reference.divergence(teacher, p.pt).mean(),
    }
    assert found == pytest.approx(expected, rel=2e-3)


@pytest.fixture(scope="module")
def tables():
    return reference.small_tables()


@pytest.mark.one_backend
def test_dirtt_stays_near_its_teacher(tables):
    Xs, ys, Xt = tables
    # Without dropout, whose noise moves the model too.
    source = DeepSource(reference.plain_encoder, **SMALL).fit(Xs, ys, Xt=Xt)
    before, p = reference.weights(source.encoder_), source.predict_proba(Xt)
    moves = []
    for beta in (0.0, 1e3):
        model = DIRTT(source, beta=beta, adapt_epochs=4, n_rounds=2, random_state=0)
        model.fit(Xt)
        moves.append(np.abs(model.predict_proba(Xt) - p).mean())
        assert model.n_epochs_ == len(model.history_["teacher_loss"]) == 4
        assert any(reference.moved(before, model.encoder_))
    assert not any(reference.moved(before, source.encoder_))
    assert moves[1] < moves[0] / 3, moves
