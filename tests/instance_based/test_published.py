"""Published label-shift methods, written out, beside the calls that run them."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from adapt.instance_based import BBSE, SaerensEM


def two_classes():
    rng = np.random.default_rng(0)
    ys, yt = np.repeat([0, 1], [100, 100]), np.repeat([0, 1], [30, 120])
    Xs, Xt = (y[:, None] + rng.normal(size=(len(y), 2)) for y in (ys, yt))
    return Xs, ys, Xt


def test_bbse():
    """Lipton et al. (2018): solve C w = mu for frequencies of predicted labels."""
    Xs, ys, Xt = two_classes()
    assert "``BBSE(soft=False)``" in BBSE.__doc__
    predicted = cross_val_predict(LogisticRegression(), Xs, ys, cv=5)
    C = [[np.mean((predicted == i) & (ys == j)) for j in (0, 1)] for i in (0, 1)]
    on_target = LogisticRegression().fit(Xs, ys).predict(Xt)
    w = np.linalg.solve(C, [np.mean(on_target == i) for i in (0, 1)])
    model = BBSE(soft=False).fit(Xs, ys, Xt=Xt)
    np.testing.assert_allclose(model.weights_, w[ys] / w[ys].mean())


def test_saerens_em():
    """Saerens et al. (2002): expectation and maximization in turn."""
    Xs, ys, Xt = two_classes()
    assert "``SaerensEM(calibrate=False)``" in SaerensEM.__doc__
    p = LogisticRegression().fit(Xs, ys).predict_proba(Xt)
    source = priors = np.array([0.5, 0.5])
    for _ in range(2000):
        posterior = p * priors / source
        posterior /= posterior.sum(axis=1, keepdims=True)
        priors = posterior.mean(axis=0)
    model = SaerensEM(calibrate=False).fit(Xs, ys, Xt=Xt)
    np.testing.assert_allclose(model.priors_, priors, atol=1e-6)
