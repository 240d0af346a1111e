"""What the tests of every adapter share."""

import numpy as np


def to_itself(cls):
    """Return ``cls`` with the source as its default target.

    Scikit-learn's checks know one table without domains; adapted to itself, an adapter
    has to behave as any other estimator on it.
    """

    def fit(self, X, y=None, *, sample_weight=None):
        yt = y if cls._target_labels == "required" else None
        return super(sub, self).fit(X, y, Xt=X, yt=yt, sample_weight=sample_weight)

    namespace = {"fit": fit, "__module__": __name__, "__doc__": cls.__doc__}
    sub = type(cls.__name__, (cls,), namespace)
    if hasattr(cls, "fit_transform"):

        def fit_transform(self, X, y=None, **params):
            self.fit(X, y, **params)
            return self.transform(X)

        sub.fit_transform = fit_transform
    globals()[cls.__name__] = sub  # so that instances can be pickled
    return sub


def other_shares(distance, n_samples, n_features):
    """Return domains that differ in nothing but how frequent their classes are."""
    rng = np.random.default_rng(0)
    rows = np.arange(n_samples)
    ys, yt = rows % 2, (rows % 5 > 0).astype(int)
    Xs, Xt = rng.normal(size=(2, n_samples, n_features))
    Xs[:, 0] += distance * ys
    Xt[:, 0] += distance * yt
    return Xs, ys, Xt, yt


def both_sides(n=800, seed=0):
    """Return domains of a class between the halves of another, of other frequencies.

    A linear score does not tell them apart.
    """
    rng = np.random.default_rng(seed)
    domains = []
    for share in 0.5, 0.85:
        y = (rng.random(n) < share).astype(int)
        X = rng.normal(size=(n, 3))
        X[:, 0] += 2 * y * rng.choice([-1, 1], n)
        domains += [X, y]
    return domains


def shifted_classes(n=120, d=4, seed=0, n_classes=2, shift=0.5):
    """Return ``Xs, ys, Xt, yt``: Gaussian classes, the target moved and stretched."""
    rng = np.random.default_rng(seed)
    centres = 3 * rng.normal(size=(n_classes, d))
    ys, yt = (np.arange(n) % n_classes for _ in range(2))
    Xs = centres[ys] + rng.normal(size=(n, d))
    Xt = (centres[yt] + rng.normal(size=(n, d))) * 1.3 + shift
    return Xs, ys, Xt, yt


def other_units(n=120, d=4, seed=0):
    """Return ``Xs, ys, Xt, yt``: correlated columns, in the target in other units."""
    rng = np.random.default_rng(seed)
    coef = rng.normal(size=d)
    X = rng.normal(size=(2 * n, 1)) + 0.7 * rng.normal(size=(2 * n, d))
    y = X @ coef + 0.1 * rng.normal(size=2 * n)
    gain, offset = rng.uniform(0.5, 2, d), 4 * np.resize([1, -1], d)
    return X[:n], y[:n], X[n:] * gain + offset, y[n:]


def shifted_numbers(n=120, d=4, seed=0, shift=0.5):
    """Return ``Xs, ys, Xt, yt``: a linear response, the target moved and stretched."""
    rng = np.random.default_rng(seed)
    coef = rng.normal(size=d)
    Xs = rng.normal(size=(n, d))
    Xt = rng.normal(size=(n, d)) * 1.3 + shift
    noise = 0.1 * rng.normal(size=(2, n))
    return Xs, Xs @ coef + noise[0], Xt, Xt @ coef + noise[1]
