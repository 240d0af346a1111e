"""Imputation with and without a source: errors, choices, similarity and speed.

Run as ``python benchmarks/imputation.py PART [seeds [task]]``, where PART is plain,
transfer, similarity, speed or memory, and the backend is in ``KERAS_BACKEND``. Tasks
are numbered from 0, and run from the one given. Columns are scaled to 0 to 1 by the
complete table of the target; cells go missing completely at random; errors are root
mean squares over the missing cells, means over the seeds. The tables are those of the
guide. Errors are kept in ``benchmarks/results/imputation.jsonl``, a line each, and not
measured again while they are there.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
from peers import Peer, PeerError, interpreter
from scipy.linalg import sqrtm
from scipy.stats import spearmanr
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, SimpleImputer
from uci import TableError, read_table

from adapt.datasets import load_dataset
from adapt.imputation import ClueGAINImputer, GAINImputer, GaussianTransferImputer

KEEP = {"keep_empty_features": True}
RESULTS = Path(__file__).parent / "results" / "imputation.jsonl"
HYPERIMPUTE = Peer(
    "hyperimpute 0.1.17",
    ("hyperimpute==0.1.17", "torch==2.13.0"),
    ".venv-hyperimpute",
    "BENCH_HYPERIMPUTE_ENV",
    "worker_hyperimpute.py",
)


def measured(key, work):
    """Return what is on record for a key, or what ``work()`` gives, recorded."""
    key = [*key, os.environ.get("KERAS_BACKEND", "tensorflow")]
    if RESULTS.exists():
        for line in RESULTS.read_text().splitlines():
            record = json.loads(line)
            if record["key"] == key:
                return record["value"]
    value = work()
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a") as file:
        file.write(json.dumps({"key": key, "value": value}) + "\n")
    return value


def scaled(X, by=None):
    """Return columns scaled to 0 to 1 as they are in a complete table."""
    by = X if by is None else by
    low, span = by.min(axis=0), np.ptp(by, axis=0)
    return (X - low) / np.where(span > 0, span, 1)


def with_holes(X, share, rng):
    return np.where(rng.random(X.shape) < share, np.nan, X)


def rmse(filled, X, Z):
    return float(np.sqrt(np.mean(np.square(filled - X)[np.isnan(Z)])))


def mean_of(Z):
    return SimpleImputer(**KEEP).fit_transform(Z)


def iterative(Z, estimator=None, seed=0):
    imputer = IterativeImputer(estimator, random_state=seed, **KEEP)
    return imputer.fit_transform(Z)


def row(name, values, width=34):
    cells = " ".join(f"{v:>9.4f}" for v in values)
    print(f"{name:<{width}} {cells}", flush=True)


def _plain_tables():
    yield "breast", lambda: load_breast_cancer().data
    yield "spam", lambda: read_table("spam")[0]
    yield "letter", lambda: _some(read_table("letter")[0], 6000)


def _some(X, n):
    return X[np.random.default_rng(0).permutation(len(X))[:n]]


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
    for data, load in list(_plain_tables())[first:]:
        try:
            X = scaled(load())
        except TableError as error:
            print(f"\n{data} is left out: {error}")
            continue
        print(f"\n{data}, {len(X)} x {X.shape[1]}, missing 20, 50, 80 %")
        for name, fill in methods.items():
            if name.startswith("Iter") and X.shape[1] > 40:
                continue  # minutes

            def error(share, seed, X=X, fill=fill):
                Z = with_holes(X, share, np.random.default_rng(seed))
                return rmse(fill(Z, seed), X, Z)

            found = [
                [
                    measured(["plain", data, name, *at], partial(error, *at))
                    for at in product([share], range(seeds))
                ]
                for share in (0.2, 0.5, 0.8)
            ]
            row(name, np.mean(found, axis=1))


def _split(name, is_source, is_target):
    X, y = read_table(name)
    return X[is_source(y)], X[is_target(y)]


def _bundled(name, domains):
    data = load_dataset(name, **domains)
    is_target = data.sample_domain < 0
    return data.X[~is_target], data.X[is_target]


def _breast():
    X, y = load_breast_cancer(return_X_y=True)
    return X[y == 1], X[y == 0]


def _digits():
    X, y = load_digits(return_X_y=True)
    return X[y < 5], X[y >= 5]


DOMAINS = {
    "letter": lambda: _split("letter", lambda y: y <= "M", lambda y: y > "M"),
    "satimage": lambda: _split("satimage", lambda y: y > "3", lambda y: y <= "3"),
    "wine": lambda: (read_table("red wine")[0], read_table("white wine")[0]),
    "breast": _breast,
    "digits": _digits,
    "housing": lambda: _bundled("housing", {"source": "coast", "target": "inland"}),
    "abalone": lambda: _bundled("abalone", {"source": "male", "target": "infant"}),
    "diabetes": lambda: _bundled("diabetes", {"source": "sex_1", "target": "sex_2"}),
}


def _fit_clue(Z, source, seed, **params):
    return ClueGAINImputer(random_state=seed, **KEEP, **params).fit(Z, X_source=source)


def _chosen(X, Z, source, seed):
    imputer = _fit_clue(Z, source, seed)
    return {"error": rmse(imputer.transform(Z), X, Z), "chosen": imputer.selected_}


def _gaussian(Z, source, seed):
    imputer = GaussianTransferImputer(random_state=seed, **KEEP)
    return imputer.fit_transform(Z, X_source=source)


def _reference(Z, source, seed):
    imputer = GAINImputer(preset="reference", random_state=seed, **KEEP)
    return imputer.fit_transform(Z)


def _only(candidate):
    # The same networks as those among which the choice was.
    return lambda Z, source, seed: _fit_clue(
        Z, source, seed, candidates=[candidate]
    ).transform(Z)


def _both(Z, source, seed):
    return iterative(np.concatenate([source[:500], Z]), seed=seed)[-len(Z) :]


TRANSFERS = {
    "mean": lambda Z, source, seed: mean_of(Z),
    "ridge": lambda Z, source, seed: iterative(Z, seed=seed),
    "ridge+src": _both,
    "EM": lambda Z, source, seed: _gaussian(Z, None, seed),
    "Gaussian": _gaussian,
    "GAIN ref": _reference,
    "pretrain": _only("pretrained"),
    "finetune": _only("finetuned"),
    "scratch": _only("scratch"),
}


def transfer(seeds, first=0, share=0.8, n=100):
    """A complete source, and 100 target rows with 80 % of the cells missing."""
    print(" " * 12 + " ".join(f"{name:>9}" for name in (*TRANSFERS, "ClueGAIN")))
    for task, load in list(DOMAINS.items())[first:]:
        try:
            Xs, Xt = (np.asarray(X, dtype=float) for X in load())
        except TableError as error:
            print(f"{task} is left out: {error}")
            continue
        Xs, Xt = scaled(Xs, Xt), scaled(Xt)
        errors, chosen = [], []
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            X = Xt[rng.permutation(len(Xt))[:n]]
            source = Xs[rng.permutation(len(Xs))[:2000]]
            Z = with_holes(X, share, rng)
            clue = measured(
                ["transfer", task, "ClueGAIN", seed],
                partial(_chosen, X, Z, source, seed),
            )
            found = []
            for name, fill in TRANSFERS.items():
                if name.startswith("ridge") and X.shape[1] > 40:
                    found.append(np.nan)  # minutes
                    continue

                def error(X=X, Z=Z, source=source, seed=seed, fill=fill):
                    return rmse(fill(Z, source, seed), X, Z)

                found.append(measured(["transfer", task, name, seed], error))
            errors.append([*found, clue["error"]])
            chosen.append(clue["chosen"])
        row(task, np.mean(errors, axis=0), 11)
        print(f"{'':<11} chosen: {', '.join(chosen)}", flush=True)


def frechet(A, B):
    """Return the Frechet distance of the Gaussians of two complete tables."""
    S, T = (np.cov(X.T) + 1e-6 * np.eye(X.shape[1]) for X in (A, B))
    gap = np.sum(np.square(A.mean(axis=0) - B.mean(axis=0)))
    return gap + np.trace(S + T - 2 * np.real(sqrtm(S @ T)))


def _correlations(X, y, seed, share=0.8, n=300, n_sources=10):
    """Rank some classes as sources of another, of which few cells are known."""
    rng = np.random.default_rng(seed)
    target, *sources = rng.permutation(np.unique(y))[: 1 + n_sources]
    rows = X[y == target]
    Z = with_holes(rows[rng.permutation(len(rows))[:n]], share, rng)
    imputer = ClueGAINImputer(n_steps=2000, random_state=seed, **KEEP)
    ranking = imputer.rank_sources(Z, {k: X[y == k] for k in sources})
    true = [frechet(X[y == k], rows) for k in ranking.index]
    raw = [np.nanmean(Z, axis=0) - X[y == k].mean(axis=0) for k in ranking.index]
    return {
        "similarity": -spearmanr(ranking["similarity"], true)[0],
        "mean_distance": spearmanr(ranking["mean_distance"], true)[0],
        "distance of means in the units of the truth": spearmanr(
            np.nansum(np.square(raw), axis=1), true
        )[0],
    }


def similarity(seeds, first=0):
    """Classes as sources of each other, ranked from incomplete rows."""
    print("Spearman correlation with the Frechet distance of the complete data")
    for data in ("letter", "digits", "satimage")[first:]:
        try:
            if data == "digits":
                X, y = load_digits(return_X_y=True)
            else:
                X, y = read_table(data)
        except TableError as error:
            print(f"{data} is left out: {error}")
            continue
        work = [partial(_correlations, scaled(X), y, seed) for seed in range(seeds)]
        found = [
            measured(["similarity", data, seed], work[seed]) for seed in range(seeds)
        ]
        for name in found[0]:
            values = [f[name] for f in found]
            row(f"{data}, {name}", [np.mean(values), *values], 52)


def _correlated(n, d):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 4)) @ rng.normal(size=(4, d))
    return with_holes(X + 0.3 * rng.normal(size=X.shape), 0.2, rng)


def _cost(work):
    start = time.process_time()
    work()
    return time.process_time() - start


def _hyperimpute(Z, n_steps):
    """Return the CPU seconds of a fit, one thread, in its own environment."""
    python = interpreter(HYPERIMPUTE)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.npy"
        np.save(path, Z)
        worker = Path(__file__).parent / HYPERIMPUTE.worker
        call = [python, worker, path, str(n_steps)]
        done = subprocess.run(call, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise PeerError(f"{HYPERIMPUTE.title} failed: {last}")
    return float(done.stdout.split()[-1])


def speed(repeats):
    """CPU seconds: 20,000 x 16 in 3,000 steps, and filling 100,000 x 50."""
    Z = _correlated(20_000, 16)

    def gain(seed, **params):
        imputer = GAINImputer(n_steps=3000, random_state=seed, **params)
        return _cost(lambda: imputer.fit(Z))

    def trees(seed):
        forest = ExtraTreesRegressor(10, random_state=seed)
        imputer = IterativeImputer(forest, max_iter=1, random_state=seed)
        return _cost(lambda: imputer.fit(Z))

    wide = _correlated(100_000, 50)

    def filling(imputer, **source):
        imputer.fit(wide[:1000], **source).transform(wide)  # compiles

        def fill(seed):
            return _cost(lambda: imputer.transform(wide))

        return fill

    quick = {"n_steps": 500, "random_state": 0}
    gaussian = GaussianTransferImputer(random_state=0)
    print("CPU seconds, median of the repeats, the first, and the others")
    for name, work in {
        "GAINImputer()": gain,
        "GAINImputer(preset='reference')": partial(gain, preset="reference"),
        "hyperimpute, GAIN": lambda seed: _hyperimpute(Z, 3000),
        "IterativeImputer(ExtraTrees), 1 round": trees,
        "100,000 x 50, five networks": filling(GAINImputer(**quick)),
        "100,000 x 50, a Gaussian": filling(gaussian),
        "100,000 x 50, blend": filling(
            ClueGAINImputer(**quick), X_source=wide[1000:3000]
        ),
    }.items():
        try:
            found = [work(seed) for seed in range(repeats)]
        except PeerError as error:
            print(f"{name} is left out: {error}")
            continue
        row(name, [np.median(found), *found], 40)


def memory(repeats):
    """MB that a fit on 20,000 x 16 adds at most, each in a fresh process."""
    call = [sys.executable, __file__, "memory_of_a_fit"]
    for size in (128, 1024, 4096, 16384):
        found = [
            float(subprocess.run([*call, str(size)], capture_output=True).stdout)
            for _ in range(repeats)
        ]
        row(f"batches of {size}", [np.median(found), *found])


def memory_of_a_fit(batch_size):
    def highest():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    Z = _correlated(20_000, 16)
    GAINImputer(n_steps=10, batch_size=64, random_state=0).fit(Z[:2000])
    before = highest()
    GAINImputer(n_steps=200, batch_size=batch_size, random_state=0).fit(Z)
    print(highest() - before)


def main(part="transfer", *numbers):
    warnings.simplefilter("ignore")
    parts = plain, transfer, similarity, speed, memory, memory_of_a_fit
    {f.__name__: f for f in parts}[part](*map(int, numbers or (5,)))


if __name__ == "__main__":
    main(*sys.argv[1:])
