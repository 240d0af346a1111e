"""What `AutoAdapt` makes of rows that moved along the classes, and kept their labels.

Run as ``python benchmarks/along_classes.py [cosine]``. Columns are normal; in the
target the first two are shifted, at that cosine to the score of the classes, and
narrower or wider. Labels follow one rule, so source-only is right, and maps that undo
the shift are wrong. Prints the gain in points of accuracy of each choice that is not
source-only, and in the end the mean, the worst, and how many lose over half a point.
"""

import itertools
import sys
import warnings

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from adapt.model_selection import AutoAdapt

SHIFTS = ((0.5, 1), (1, 1), (1.5, 1), (2, 1), (2.5, 1), (3, 1))
SHIFTS += ((0.5, 0.5), (1, 1.5), (1.5, 0.5))  # and the factor of the spread


def draw(n, d, slope, rng, shift=0.0, factor=1.0, cosine=1.0):
    """Return rows and labels."""
    X = rng.normal(size=(n, d))
    X[:, 0] = factor * X[:, 0] + shift * cosine
    X[:, 1] += shift * np.sqrt(1 - cosine**2)
    return X, (rng.random(n) < expit(slope * X[:, 0])).astype(int)


def main(cosine="1"):
    gains = []
    settings = itertools.product((2, 6), (200, 600), (3, 10, 30), SHIFTS, range(2))
    for d, n, slope, (shift, factor), seed in settings:
        rng = np.random.default_rng(seed)
        Xs, ys = draw(n, d, slope, rng)
        Xt, yt = draw(n, d, slope, rng, shift, factor, float(cosine))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = AutoAdapt(LogisticRegression(), random_state=0).fit(Xs, ys, Xt=Xt)
        alone = LogisticRegression().fit(Xs, ys)
        gains.append(100 * (model.score(Xt, yt) - alone.score(Xt, yt)))
        if model.best_method_ != "SourceOnly":
            print(
                f"{n} rows, {d} columns, slope {slope}, shift {shift}, spread "
                f"{factor}: {model.best_method_} {gains[-1]:+.1f}",
                flush=True,
            )
    gains = np.array(gains)
    print(
        f"{len(gains)} draws: mean {gains.mean():+.1f}, worst {gains.min():+.1f}, "
        f"{np.sum(gains < -0.5)} lose more than half a point"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
