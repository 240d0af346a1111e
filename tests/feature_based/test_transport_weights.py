"""Weights of the user in methods that transport mass."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from adapt.feature_based import (
    JDOTClassifier,
    JDOTRegressor,
    OTLabelPropagation,
    OTMapping,
)
from tests.common import shifted_classes

pytest.importorskip("ot")


@pytest.mark.parametrize(
    ("model", "side"),
    [
        (OTMapping(LogisticRegression()), "source"),
        (OTMapping(LogisticRegression()), "target"),
        (OTLabelPropagation(LogisticRegression()), "source"),
        (OTLabelPropagation(LogisticRegression()), "target"),
        (JDOTClassifier(), "target"),
        (JDOTRegressor(Ridge()), "target"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_weights_that_are_all_zero_are_named(model, side):
    Xs, ys, Xt, yt = shifted_classes(n=20)
    domain = np.repeat([0, -1], 20)
    weight = (domain < 0 if side == "source" else domain >= 0).astype(float)
    with pytest.raises(ValueError, match=f"`sample_weight` is zero for every {side}"):
        model.fit(
            np.vstack([Xs, Xt]),
            np.concatenate([ys, yt]),
            sample_domain=domain,
            sample_weight=weight,
        )
