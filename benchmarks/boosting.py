"""What boosting on both domains costs beside its inner fits: `boosting.py [ROWS ...]`.

Of each fit the CPU seconds within `fit` and `predict` of the inner estimators are taken
off; what is left is divided by the number of inner fits. The median of three fits.
"""

import sys
import warnings

import measure
import numpy as np
import ratios
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from adapt.instance_based import TrAdaBoost, TrAdaBoostR2, TwoStageTrAdaBoostR2

ROUNDS = 10
REPEATS = 3


class Clock:
    """CPU seconds within methods of inner estimators, and the number of fits."""

    def __init__(self):
        self.seconds = {"fit": 0.0, "predict": 0.0}
        self.fits = 0

    def subclass(self, cls):
        """Return a subclass of ``cls`` whose methods are timed."""
        clock = self

        class Timed(cls):
            def fit(self, X, y, sample_weight=None):
                start = measure.cpu_seconds()
                super().fit(X, y, sample_weight)
                clock.seconds["fit"] += measure.cpu_seconds() - start
                clock.fits += 1
                return self

            def predict(self, X):
                start = measure.cpu_seconds()
                predicted = super().predict(X)
                clock.seconds["predict"] += measure.cpu_seconds() - start
                return predicted

        return Timed


def domains(n):
    """Return n source rows and a tenth as many of the target, with numbers."""
    rng = np.random.default_rng(0)
    slope = rng.normal(size=20)
    Xs, Xt = rng.normal(size=(n, 20)), rng.normal(size=(n // 10, 20)) + 0.3
    ys, yt = (X @ slope + rng.normal(size=len(X)) for X in (Xs, Xt))
    return Xs, ys, Xt, yt


def one_fit(method, inner, params, n):
    """Return CPU seconds of inner fits and beside the inner estimators, and fits."""
    Xs, ys, Xt, yt = domains(n)
    if method is TrAdaBoost:
        ys, yt = ys > 0, yt > 0
    clock = Clock()
    estimator = clock.subclass(inner)(**params)
    model = method(estimator, n_estimators=ROUNDS, random_state=0)
    start = measure.cpu_seconds()
    model.fit(Xs, ys, Xt=Xt, yt=yt)
    whole = measure.cpu_seconds() - start
    return clock.seconds["fit"], whole - sum(clock.seconds.values()), clock.fits


CASES = [
    (TrAdaBoost, LogisticRegression, {}),
    (TrAdaBoost, DecisionTreeClassifier, {"max_depth": 3}),
    (TrAdaBoostR2, Ridge, {}),
    (TrAdaBoostR2, DecisionTreeRegressor, {"max_depth": 3}),
    (TwoStageTrAdaBoostR2, Ridge, {}),
    (TwoStageTrAdaBoostR2, DecisionTreeRegressor, {"max_depth": 3}),
]


def main(sizes):
    warnings.simplefilter("ignore")
    rows = []
    for n in sizes:
        for method, inner, params in CASES:
            runs = [one_fit(method, inner, params, n) for _ in range(REPEATS)]
            inside, beside, fits = sorted(runs, key=lambda run: run[1])[REPEATS // 2]
            numbers = inside, beside, 100 * beside / inside, 1000 * beside / fits
            cells = [ratios.number(number) for number in numbers]
            label = f"{method.__name__}, {inner.__name__}"
            rows.append([label, str(n), str(fits), *cells])
            print(*rows[-1], file=sys.stderr, flush=True)
    header = ["method", "rows", "fits", "in fits s", "beside s", "%", "ms a fit"]
    print(ratios.aligned(header, rows))


if __name__ == "__main__":
    main([int(n) for n in sys.argv[1:]] or [1000, 10000])
