"""What every method gains on source-only, over the bundled tasks.

Run as ``python benchmarks/accuracy.py run --estimator logistic`` and then
``python benchmarks/accuracy.py table``. Rows are added to ``results/accuracy.csv`` as
they come, and a second run adds what is missing. Methods have their defaults; labels of
the target are looked at only to score.

``--jobs 4`` fits four methods at a time, and ``--scheduler`` has the workers of a Dask
cluster do so.

With ``--peer adapt`` or ``--peer skada`` the methods are those of a peer: each is
fitted in the environment of its library (see `peers`), on the same numbers.
"""

import argparse
import json
import os
import signal
import subprocess
import tempfile
import time
import warnings
from pathlib import Path
from threading import current_thread, main_thread

import joblib
import measure
import numpy as np
import records
from peers import PEERS, interpreter
from scipy.special import expit
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from adapt.base import MetaAdapter, SourceOnly, WeightAdapter
from adapt.datasets import list_tasks, load_dataset
from adapt.discovery import all_adapters
from adapt.metrics import CircularValidation, make_uda_scorer
from adapt.model_selection import AutoAdapt
from adapt.model_selection._candidates import base_estimator
from adapt.model_selection._held_out_scores import Task, held_out_target, judge
from adapt.model_selection._many_fits import ManyFits
from adapt.model_selection._read_domains import preprocess

COLUMNS = (
    *("suite", "cap", "task", "kind", "estimator", "method", "score", "seconds"),
    *("chosen", "ess", "error", "version"),
)
KEY = ("suite", "cap", "task", "estimator", "method")
CEILING = "target-trained"
MEMORY = 8  # GB, of a fit by a peer

# What a search without target labels chooses from; the defaults are among them.
GRIDS = {
    "CORAL": {"lambda_": [1e-5, 0.01, 1.0], "match_mean": [False, True]},
    "LinearOT": {"lambda_": [1e-5, 0.01, 0.1, 1.0]},
    "SA": {"n_components": [2, 5, 10, None]},
    "TCA": {"n_components": [5, 20], "mu": [0.01, 0.1, 1.0]},
    "JDA": {"n_components": [5, 20], "mu": [0.1, 1.0]},
    "GFK": {"n_components": [2, 5, None]},
    "RULSIF": {"alpha": [0.1, 0.5, 0.9]},
    "KMM": {"B": [2.0, 10.0, 1000.0]},
    "IWC": {"weight_clip": [2.0, 10.0, None]},
}


def features_of_windows(X):
    """Return mean, spread and quartiles of each channel, as columns."""
    parts = [X.mean(axis=1), X.std(axis=1)]
    parts += [np.quantile(X, q, axis=1) for q in (0.05, 0.25, 0.75, 0.95)]
    return np.hstack(parts)


def both_domains(X, source, target):
    """Return rows of both domains as they are, and those of each as numbers."""
    take = [
        X.iloc[part] if hasattr(X, "iloc") else X[part] for part in (source, target)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, Xs, Xt = preprocess(*take)
    return take, Xs, Xt


def scores_of_last_class(X, y, source, target):
    """Return standardised scores of target rows by a classifier of the source."""
    _, Xs, Xt = both_domains(X, source, target)
    model = LogisticRegression(max_iter=1000).fit(Xs, y[source])
    scores = model.decision_function(Xt).reshape(len(Xt), -1)[:, -1]
    return (scores - scores.mean()) / scores.std()


def problems(cap, controls, skip=()):
    """Yield name, kind, the two domains as numbers, and their rows as they are.

    They have at most ``cap`` rows each. With ``controls``, each source is split in two
    at random: pairs without shift if "halves"; if "thinned", three quarters of the rows
    of every other class are left out of one half, so that only class shares differ; if
    "tilted", rows of one half are taken by their score of the last class, so that the
    labels of like rows stay as they are.
    """
    seen = set()
    for task in list_tasks():
        if task.dataset in skip:
            continue
        series = task.kind == "series"
        frame = {} if series else {"as_frame": True}
        data = load_dataset(task.dataset, **frame, **task.kwargs)
        X = features_of_windows(np.asarray(data.X)) if series else data.X
        y, target = np.asarray(data.y), data.sample_domain < 0
        rng = np.random.default_rng(0)
        source, target = (rng.permutation(np.flatnonzero(d)) for d in (~target, target))
        name = task.name
        if controls:
            name = f"{task.dataset}: {task.kwargs['source']}"
            if name in seen:
                continue
            seen.add(name)
            half = len(source) // 2
            source, target = source[:half], source[half:]
            if controls != "halves" and task.kind == "regression":
                continue
            if controls == "tilted":
                scores = scores_of_last_class(X, y, source, target)
                target = target[rng.random(len(target)) < expit(3 * scores)]
            if controls == "thinned":
                thin = np.isin(y[target], np.unique(y)[::2])
                target = target[~thin | (rng.random(len(target)) < 0.25)]
        rows = [np.sort(part[:cap]) for part in (source, target)]
        take, Xs, Xt = both_domains(X, *rows)
        kind = "regression" if task.kind == "regression" else "classification"
        yield name, kind, Xs, y[rows[0]], Xt, y[rows[1]], take


def searches(base, Xs, Xt, only):
    """Return searches over parameters of adapters, without target labels."""
    scorer = make_uda_scorer(CircularValidation(), Xs, Xt)
    adapters = dict(all_adapters(deep=False))
    found = {}
    for name, grid in GRIDS.items():
        if only is not None and name not in only:
            continue
        adapter = adapters[name](clone(base), Xt=Xt, random_state=0)
        found[f"{name}, searched"] = GridSearchCV(adapter, grid, scoring=scorer, cv=5)
    return found


def methods(base, only):
    """Return adapters that need no labels of the target, by name."""
    found = {"SourceOnly": SourceOnly(clone(base))}
    for name, cls in all_adapters(deep=False):
        if issubclass(cls, MetaAdapter) and cls._target_labels != "required":
            found[name] = cls(clone(base), random_state=0)
    found["AutoAdapt"] = AutoAdapt(clone(base), random_state=0)
    return {k: v for k, v in found.items() if only is None or k in only}


def _too_late(*args):
    raise TimeoutError("over the limit of time")


def measured(problem, name, method, args):
    """Return one of our fits as a row of results.

    The limit of time needs the main thread, which joblib's processes have and workers
    of Dask have not.
    """
    _, kind, Xs, ys, Xt, yt, raw = problem
    base = base_estimator(args.estimator, kind == "classification", 0)
    scoring = "accuracy" if kind == "classification" else "r2"
    row, limited = {"method": name}, current_thread() is main_thread()
    start = time.process_time()
    if limited:
        signal.signal(signal.SIGALRM, _too_late)
        signal.alarm(args.limit)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if name == CEILING:
                all_rows = np.ones(len(yt), dtype=bool)
                parts = Task(Xs, ys, Xt, yt, all_rows, scoring, 5, 0, None)
                row["score"] = held_out_target(base, parts).score()[0]
            else:
                # AutoAdapt makes numbers of rows by itself.
                zs, zt = raw if name == "AutoAdapt" else (Xs, Xt)
                params = {} if args.search else {"Xt": zt}
                model = method.fit(zs, ys, **params)
                row["score"] = judge(yt, model.predict(zt), scoring).score()[0]
                if name == "AutoAdapt":
                    row["chosen"] = model.best_method_
                if isinstance(model, WeightAdapter):
                    row["ess"] = model.effective_sample_size_
    except Exception as error:
        row["error"] = f"{type(error).__name__}: {error}".split("\n")[0]
    finally:
        if limited:
            signal.alarm(0)
    row["seconds"] = round(time.process_time() - start, 3)
    return row


def fits(problem, done, args):
    """Yield a row of results for each of ours that is not in ``done``."""
    _, kind, Xs, _, Xt, *_ = problem
    base = base_estimator(args.estimator, kind == "classification", 0)
    found = {CEILING: None, **methods(base, args.methods)}
    if args.search:
        found = searches(base, Xs, Xt, args.methods)
    with ManyFits(args.jobs, shared=[problem]) as many:
        calls = (
            (measured, problem, name, method, args)
            for name, method in found.items()
            if name not in done
        )
        for row, error in many.outcomes(calls):
            if error is not None:
                raise error
            yield row


def fits_of_peer(problem, done, args):
    """Yield a row of results for each method of a peer that is not in ``done``."""
    _, kind, Xs, ys, Xt, yt, _ = problem
    scoring = "r2"
    if kind == "classification":
        scoring = "accuracy"
        _, codes = np.unique(np.concatenate([ys, yt]), return_inverse=True)
        ys, yt = np.split(codes, [len(ys)])
    peer = PEERS[args.peer]
    suffix = f" ({peer.title.split()[0]})"
    with tempfile.TemporaryDirectory() as folder:
        arrays = Path(folder) / "arrays.npz"
        np.savez(arrays, Xs=Xs.astype(float), ys=ys, Xt=Xt.astype(float))
        job = {
            "peer": args.peer,
            "arrays": str(arrays),
            "kind": kind,
            "estimator": args.estimator,
            "methods": args.methods,
            "done": [x.removesuffix(suffix) for x in done if x.endswith(suffix)],
            "cpu_limit": args.limit,
            "memory_limit": MEMORY,
        }
        worker = Path(__file__).parent / "worker_accuracy.py"
        with subprocess.Popen(
            [interpreter(peer), worker, json.dumps(job)],
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # some methods print much
            text=True,
        ) as process:
            for line in process.stdout:
                row = json.loads(line.removeprefix(measure.PREFIX))
                row["method"] += suffix
                predicted = row.pop("predicted", None)
                if predicted is not None:
                    row["score"] = judge(yt, np.array(predicted), scoring).score()[0]
                yield row
        if process.returncode:
            raise RuntimeError(f"the worker of {peer.title} ended early")


def run(args):
    results = records.Results(args.results, COLUMNS, KEY)
    suite, done = args.controls or "bundled", {}
    for *place, method in results.done():
        done.setdefault(tuple(place), set()).add(method)
    for problem in problems(args.cap, args.controls, args.skip):
        task, kind, *_ = problem
        known = {"suite": suite, "cap": args.cap, "task": task, "kind": kind}
        known |= {"estimator": args.estimator, "version": records.version()}
        there = done.get((suite, str(args.cap), task, args.estimator), set())
        rows = (fits_of_peer if args.peer else fits)(problem, there, args)
        for row in rows:
            for name in {"score", "ess"} & {*row}:
                row[name] = f"{row[name]:.4f}"
            results.add(known | row)
        print(task, flush=True)


def table(path):
    """Print one line per method: gains on source-only, in points of accuracy or R2."""
    import pandas as pd

    rows = pd.read_csv(records.FOLDER / path)
    rows = rows.drop_duplicates(list(KEY), keep="last")
    groups = rows.groupby(["suite", "cap", "kind", "estimator"], sort=True)
    for (suite, cap, kind, estimator), part in groups:
        scores = part.pivot(index="task", columns="method", values="score")
        print(
            f"\n{suite}, {cap} rows, {kind}, {estimator}: {len(scores)} tasks, "
            f"mean of source-only {scores['SourceOnly'].mean():.3f}"
        )
        print(_summary(scores).round(1).to_string())
        if CEILING in scores and "AutoAdapt" in scores:
            _about_auto_adapt(part, scores)


def _gains(scores):
    return 100 * scores.sub(scores["SourceOnly"], axis=0)


def _summary(scores):
    """Return a line per method, the best on top."""
    import pandas as pd

    scores = scores.drop(columns=CEILING, errors="ignore").dropna(axis=1, how="all")
    # Where a method fails there is still the model of the source.
    gains = _gains(scores).fillna(0)
    lines = {
        "mean": gains.mean(),
        "median": gains.median(),
        "best": gains.max(),
        "worst": gains.min(),
        "win": (gains > 0.5).sum(),
        "loss": (gains < -0.5).sum(),
        "rank": gains.rank(axis=1, ascending=False).mean(),
        "failed": scores.isna().sum(),
    }
    return pd.DataFrame(lines).sort_values("mean", ascending=False)


def _about_auto_adapt(part, scores):
    """Print what AutoAdapt chose, and what it was worth."""
    import pandas as pd

    gains = _gains(scores)["AutoAdapt"]
    wide = 100 * (scores[CEILING] - scores["SourceOnly"]) > 10
    print(
        f"AutoAdapt: {gains[wide].mean():+.1f} where the gap is over 10 points (on "
        f"{wide.sum()} tasks); worst {gains.min():+.1f}; loses over half a point on "
        f"{np.mean(gains < -0.5):.0%}"
    )
    chosen = part[part["method"] == "AutoAdapt"].set_index("task")["chosen"]
    columns = {"source-only": "SourceOnly", "AutoAdapt": "AutoAdapt", CEILING: CEILING}
    lines = pd.DataFrame({name: scores[key] for name, key in columns.items()})
    print(lines.assign(chosen=chosen).round(3).to_string())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=("run", "table"))
    parser.add_argument("results", nargs="?", default="accuracy.csv")
    parser.add_argument("--estimator", default="logistic")
    parser.add_argument("--cap", type=int, default=1000, help="rows of each domain")
    parser.add_argument("--methods", nargs="+")
    parser.add_argument("--peer", choices=list(PEERS), help="whose methods to fit")
    parser.add_argument("--limit", type=int, default=120, help="seconds a fit")
    parser.add_argument("--skip", nargs="+", default=(), help="data sets to leave out")
    parser.add_argument("--search", action="store_true", help="over `GRIDS`")
    parser.add_argument("--jobs", type=int, help="fits at a time")
    parser.add_argument("--scheduler", help="address of a Dask scheduler for the fits")
    parser.add_argument(
        "--controls",
        choices=("halves", "thinned", "tilted"),
        help="pairs without shift, whose class shares alone differ, or whose rows do",
    )
    args = parser.parse_args()
    if args.verb == "table":
        table(args.results)
    elif args.scheduler is None:
        run(args)
    else:
        from dask.distributed import Client

        with Client(args.scheduler), joblib.parallel_config(backend="dask"):
            run(args)


if __name__ == "__main__":
    main()
