"""VADA: virtual adversarial domain adaptation."""

import numpy as np
import pytest

from adapt.feature_based import VADA
from tests.deep import reference

START = np.array([1.0, -2.0, 0.5])


def _losses(model, p):
    batch = {"Xs": p.Xs, "ys": p.ys, "ws": np.ones(60), "Xt": p.Xt, "start": START}
    return reference.losses_of(model, **batch)


def test_losses_are_those_of_the_paper():
    model, p = reference.fitted(VADA)
    first, second = model._updates()
    assert first.on == ("discriminator",)
    assert second.on == ("encoder", "task")
    reference.check(model, {"disc_loss": p.domains()})
    ds, dt = p.head(p.zs, p.zt)
    confusion = np.logaddexp(0, ds).mean() + np.logaddexp(0, -dt).mean()
    expected = {
        "task_loss": p.task,
        "confusion_loss": 0.01 * confusion,
        "entropy_loss": 0.01 * reference.entropy(p.pt).mean(),
        "source_vat_loss": p.virtual_adversary(p.Xs, START, 3.5),
        "target_vat_loss": 0.01 * p.virtual_adversary(p.Xt, START, 3.5),
    }
    assert _losses(model, p) == pytest.approx(expected, rel=2e-3)


def test_offsets_in_units_of_the_spread():
    """It is the loss of the paper where columns are brought to a spread of one."""
    defaults = {"epsilon": 0.2, "epsilon_unit": "spread", "adversary": "reversal"}
    model, p = reference.fitted(VADA, lambda_target=0.1, **defaults)
    found = _losses(model, p)
    assert found["disc_loss"] == pytest.approx(p.domains(), rel=1e-4)
    scale = np.concatenate([p.Xs, p.Xt]).std(axis=0)
    kernel, bias = p.model.encoder_.get_weights()
    model.encoder_.set_weights([kernel * scale[:, None], bias])
    for name, X, weight in (("source", p.Xs, 1.0), ("target", p.Xt, 0.1)):
        loss = p.virtual_adversary(X / scale, START, 0.2 * np.sqrt(3))
        assert found[f"{name}_vat_loss"] == pytest.approx(weight * loss, rel=2e-3)
