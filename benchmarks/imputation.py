"""Imputation with and without a source: errors, choices, similarity and speed.

Run as ``python benchmarks/imputation.py PART [seeds [task]]``, where PART is plain,
transfer, similarity or speed, and the backend is in ``KERAS_BACKEND``. Tasks are
numbered from 0, and run from the one given. Columns are scaled to 0 to 1 by the
complete table of the target; cells go missing completely at random; errors are root
mean squares over the missing cells, means over the seeds. The tables are those of the
guide.
"""

import sys
import time
import warnings

import numpy as np
from scipy.linalg import sqrtm
from scipy.stats import spearmanr
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, SimpleImputer

from adapt.datasets import load_dataset
from adapt.imputation import ClueGAINImputer, GAINImputer, GaussianTransferImputer

KEEP = {"keep_empty_features": True}


def scaled(X, by=None):
    """Return columns scaled to 0 to 1 as they are in a complete table."""
    by = X if by is None else by
    low, span = by.min(axis=0), np.ptp(by, axis=0)
    return (X - low) / np.where(span > 0, span, 1)


def with_holes(X, share, rng):
    return np.where(rng.random(X.shape) < share, np.nan, X)


def rmse(filled, X, Z):
    return np.sqrt(np.mean(np.square(filled - X)[np.isnan(Z)]))


def mean_of(Z):
    return SimpleImputer(**KEEP).fit_transform(Z)


def iterative(Z, estimator=None, seed=0):
    imputer = IterativeImputer(estimator, random_state=seed, **KEEP)
    return imputer.fit_transform(Z)


def trees(seed):
    return ExtraTreesRegressor(10, random_state=seed)


def row(name, values, width=34):
    cells = " ".join(f"{v:>9.4f}" for v in values)
    print(f"{name:<{width}} {cells}", flush=True)


def _plain_tables():
    yield "digits", load_digits().data[:600]
    yield "wine", load_wine().data
    yield "breast", load_breast_cancer().data


def plain(seeds, first=0):
    """One table without a source, at 20, 50 and 80 % missing."""
    methods = {
        "column mean": lambda Z, seed: mean_of(Z),
        "IterativeImputer(BayesianRidge)": lambda Z, seed: iterative(Z, None, seed),
        "GaussianTransferImputer": lambda Z, seed: GaussianTransferImputer(
            random_state=seed, **KEEP
        ).fit_transform(Z),
        "GAINImputer(preset='reference')": lambda Z, seed: GAINImputer(
            preset="reference", random_state=seed, **KEEP
        ).fit_transform(Z),
        "GAINImputer()": lambda Z, seed: GAINImputer(
            random_state=seed, **KEEP
        ).fit_transform(Z),
    }
    for data, X in list(_plain_tables())[first:]:
        X = scaled(X)
        print(f"\n{data}, {len(X)} x {X.shape[1]}, missing 20, 50, 80 %")
        for name, fill in methods.items():
            if name.startswith("Iter") and X.shape[1] > 40:
                continue  # minutes
            errors = [
                [
                    rmse(fill(Z, seed), X, Z)
                    for seed in range(seeds)
                    for Z in [with_holes(X, share, np.random.default_rng(seed))]
                ]
                for share in (0.2, 0.5, 0.8)
            ]
            row(name, np.mean(errors, axis=1))


def _domains():
    """Yield tasks: name, source, target; both scaled by the complete target."""
    X, y = load_breast_cancer(return_X_y=True)
    yield "breast", X[y == 1], X[y == 0]
    X, y = load_digits(return_X_y=True)
    yield "digits", X[y < 5], X[y >= 5]
    tasks = [
        ("housing", {"source": "coast", "target": "inland"}),
        ("abalone", {"source": "male", "target": "infant"}),
        ("diabetes", {"source": "sex_1", "target": "sex_2"}),
    ]
    for name, domains in tasks:
        data = load_dataset(name, **domains)
        is_target = data.sample_domain < 0
        yield name, data.X[~is_target], data.X[is_target]


def transfer(seeds, first=0, share=0.8, n=100):
    """A complete source, and 100 target rows with 80 % of the cells missing."""
    columns = (
        *("mean", "ridge", "ridge+src", "EM", "Gaussian", "GAIN ref", "ClueGAIN"),
        *("pretrain", "finetune", "scratch"),
    )
    print(f"{'':<12}" + " ".join(f"{name:>9}" for name in columns))
    for name, Xs, Xt in list(_domains())[first:]:
        Xs, Xt = np.asarray(Xs, dtype=float), np.asarray(Xt, dtype=float)
        Xs, Xt = scaled(Xs, Xt), scaled(Xt)
        errors, chosen = [], []
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            X = Xt[rng.permutation(len(Xt))[:n]]
            source = Xs[rng.permutation(len(Xs))[:2000]]
            Z = with_holes(X, share, rng)
            seeded = {"random_state": seed, **KEEP}
            clue = ClueGAINImputer(**seeded).fit(Z, X_source=source)
            chosen.append(clue.selected_)
            ways = {}
            for way in ("pretrained", "finetuned", "scratch"):
                # The same networks as those among which the choice was.
                ways[way] = ClueGAINImputer(candidates=[way], **seeded)
                ways[way].fit(Z, X_source=source)
            wide = X.shape[1] > 40
            both = np.concatenate([source[:500], Z])
            filled = [
                mean_of(Z),
                mean_of(Z) if wide else iterative(Z, seed=seed),
                mean_of(Z) if wide else iterative(both, seed=seed)[-len(Z) :],
                GaussianTransferImputer(**seeded).fit_transform(Z),
                GaussianTransferImputer(**seeded).fit_transform(Z, X_source=source),
                GAINImputer(preset="reference", **seeded).fit_transform(Z),
                clue.transform(Z),
                *(imputer.transform(Z) for imputer in ways.values()),
            ]
            found = [rmse(F, X, Z) for F in filled]
            if wide:
                found[1] = found[2] = np.nan  # minutes
            errors.append(found)
        row(name, np.mean(errors, axis=0), 11)
        print(f"{'':<11} chosen: {', '.join(chosen)}", flush=True)


def frechet(A, B):
    """Return the Frechet distance of the Gaussians of two complete tables."""
    S, T = (np.cov(X.T) + 1e-6 * np.eye(X.shape[1]) for X in (A, B))
    gap = np.sum(np.square(A.mean(axis=0) - B.mean(axis=0)))
    return gap + np.trace(S + T - 2 * np.real(sqrtm(S @ T)))


def similarity(seeds, share=0.8, n=300):
    """Classes of digits as sources of each other, ranked from incomplete rows."""
    X, y = load_digits(return_X_y=True)
    X = X / 16
    found = {"similarity": [], "mean distance": []}
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        target = rng.integers(10)
        Z = with_holes(X[y == target][:n], share, rng)
        others = [k for k in range(10) if k != target]
        sources = {str(k): X[y == k] for k in others}
        imputer = ClueGAINImputer(n_steps=2000, random_state=seed, **KEEP)
        ranking = imputer.rank_sources(Z, sources)
        true = [frechet(X[y == int(k)], X[y == target]) for k in ranking.index]
        found["similarity"].append(-spearmanr(ranking["similarity"], true)[0])
        found["mean distance"].append(spearmanr(ranking["mean_distance"], true)[0])
    print("Spearman correlation with the Frechet distance of the complete data")
    for name, values in found.items():
        row(name, [np.mean(values), *values])


def speed(seeds):
    """CPU seconds: 20,000 x 16 in 3,000 steps, and filling 100,000 x 50."""
    rng = np.random.default_rng(0)

    def table(n, d):
        X = rng.normal(size=(n, 4)) @ rng.normal(size=(4, d))
        return with_holes(X + 0.3 * rng.normal(size=X.shape), 0.2, rng)

    def cost(work):
        start = time.process_time()
        result = work()
        return result, time.process_time() - start

    Z = table(20_000, 16)
    fits = {
        "default": lambda: GAINImputer(n_steps=3000, random_state=0).fit(Z),
        "default, again": lambda: GAINImputer(n_steps=3000, random_state=1).fit(Z),
        "reference": lambda: GAINImputer(
            preset="reference", n_steps=3000, random_state=0
        ).fit(Z),
        "IterativeImputer(ExtraTrees), 1 round": lambda: IterativeImputer(
            trees(0), max_iter=1, random_state=0
        ).fit(Z),
    }
    for name, fit in fits.items():
        row(name, [cost(fit)[1]], 40)
    wide = table(100_000, 50)
    imputer = GAINImputer(n_steps=500, random_state=0).fit(wide[:5000])
    imputer.transform(wide)  # compiles
    row("transform of 100,000 x 50", [cost(lambda: imputer.transform(wide))[1]], 40)


def main(part="transfer", *numbers):
    warnings.simplefilter("ignore")
    parts = {f.__name__: f for f in (plain, transfer, similarity, speed)}
    parts[part](*map(int, numbers or (5,)))


if __name__ == "__main__":
    main(*sys.argv[1:])
