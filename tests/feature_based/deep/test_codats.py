"""CoDATS: convolutional deep domain adaptation for time series."""

import numpy as np
import pytest

from adapt.feature_based import CoDATS
from tests.deep import reference
from tests.deep.reference import SMALL


def test_losses_are_those_of_the_paper():
    known = np.array([0.7, 0.3])
    model, p = reference.fitted(CoDATS, target_proportions=known)
    mean = p.pt.mean(axis=0)
    expected = {
        "task_loss": p.task,
        "disc_loss": p.domains(),
        "proportion_loss": np.sum(known * np.log(known / mean)),
    }
    reference.check(model, expected)
    assert reference.weight(model) == pytest.approx(2 / (1 + np.exp(-0.1)) - 1)


@pytest.fixture(scope="module")
def tables():
    return reference.small_tables()


@pytest.mark.one_backend
def test_codats_is_drawn_to_known_proportions(tables):
    Xs, ys, Xt = tables
    shares = [
        CoDATS(target_proportions=proportions, **{**SMALL, "epochs": 20})
        .fit(Xs, ys, Xt=Xt)
        .predict_proba(Xt)
        .mean(axis=0)
        for proportions in (None, [0.9, 0.1])
    ]
    assert shares[1][0] > shares[0][0] + 0.05
    with pytest.raises(ValueError, match="one share for each of the 2 classes"):
        CoDATS(target_proportions=[0.5, 0.4, 0.1], **SMALL).fit(Xs, ys, Xt=Xt)
