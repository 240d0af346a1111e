"""ADDA: adversarial discriminative domain adaptation."""

import numpy as np
import pytest

from adapt.feature_based import ADDA, DeepSource
from tests.deep import reference
from tests.deep.reference import SMALL


def test_losses_are_those_of_the_paper():
    model, p = reference.fitted(ADDA)
    (dt,) = p.head(p.zt)
    expected = {"disc_loss": p.domains(), "enc_loss": np.logaddexp(0, -dt).mean()}
    reference.check(model, expected)
    assert len(model.pretrain_history_["task_loss"]) == 2  # `tol` ends nothing
    assert model.pretrain_history_["task_loss"][1] == pytest.approx(p.task, rel=1e-4)


@pytest.fixture(scope="module")
def tables():
    return reference.small_tables()


@pytest.mark.one_backend
def test_adda_has_an_encoder_for_each_domain(tables):
    Xs, ys, Xt = tables
    model = ADDA(**SMALL, pretrain_epochs=3).fit(Xs, ys, Xt=Xt)
    assert len(model.pretrain_history_["loss"]) == 3
    assert len(model.history_["disc_loss"]) == 2
    assert model.n_epochs_ == 5
    source = model.predict_proba(Xt, sample_domain=0)
    target = model.predict_proba(Xt)
    assert np.abs(source - target).max() > 1e-5
    domain = np.where(np.arange(40) % 2, 0, -1)
    mixed = model.predict_proba(Xt, sample_domain=domain)
    np.testing.assert_allclose(mixed[::2], target[::2], rtol=1e-5)
    np.testing.assert_allclose(mixed[1::2], source[1::2], rtol=1e-5)
    # The source's encoder is that of training on the source alone.
    plain = DeepSource(**{**SMALL, "epochs": 3}).fit(Xs, ys, Xt=Xt)
    assert model.encoder_src_.count_params() == plain.encoder_.count_params()
    far = ADDA(**SMALL, pretrain_epochs=20, tol=10.0).fit(Xs, ys, Xt=Xt)
    assert len(far.pretrain_history_["loss"]) == 2
    with pytest.raises(ValueError, match="`pretrain=False` needs `encoder` and `task`"):
        ADDA(pretrain=False, **SMALL).fit(Xs, ys, Xt=Xt)
