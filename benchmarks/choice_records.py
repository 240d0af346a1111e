"""Fit candidates on many shifts, and keep what each of them predicts.

Rules of choice are then judged by `benchmarks/choice.py` without a further fit. Run as
``python benchmarks/choice_records.py [classes|numbers] [linear|forest|boosting]
[seeds]``; what is there is not done again.
"""

import re
import sys
import time
import warnings
from functools import partial

import numpy as np
import records
from shifts import KINDS, made_task, natural_tasks, tables_of_classes, tables_of_numbers
from sklearn.base import clone
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge

from adapt.base import SourceOnly
from adapt.feature_based import (
    GFK,
    DomainStandardScaler,
    QuantileMatching,
    SelfTraining,
)
from adapt.metrics import CircularValidation, ImportanceWeighted
from adapt.metrics._calls import call_as, fit_on
from adapt.model_selection._held_out_scores import Task
from adapt.model_selection._read_domains import preprocess
from adapt.model_selection._shift_evidence import shift_evidence

FOLDER = records.FOLDER / "choice"
N_FOLDS = 3


def estimators(of_classes):
    """Return the three models that candidates fit, small enough for many tasks."""
    if of_classes:
        return {
            "linear": LogisticRegression(max_iter=1000),
            "forest": RandomForestClassifier(40, random_state=0),
            "boosting": HistGradientBoostingClassifier(max_iter=40, random_state=0),
        }
    return {
        "linear": Ridge(),
        "forest": RandomForestRegressor(40, random_state=0),
        "boosting": HistGradientBoostingRegressor(max_iter=40, random_state=0),
    }


def candidates(estimator, of_classes):
    """Return what might be a member of the average."""
    found = {
        "SourceOnly": SourceOnly(estimator),
        "DomainStandardScaler": DomainStandardScaler(estimator),
        "QuantileMatching": QuantileMatching(estimator),
    }
    if not of_classes:
        return found
    return {
        **found,
        "GFK": GFK(estimator),
        "SelfTraining": SelfTraining(estimator),
        "DomainStandardScaler + SelfTraining": DomainStandardScaler(
            SelfTraining(estimator)
        ),
    }


def _predict(model, X, domain, classes):
    """Return probabilities in the order of classes, or numbers."""
    if classes is None:
        return call_as(model, "predict", X, domain)
    p = np.zeros((len(X), len(classes)), np.float32)
    known = np.searchsorted(classes, model.classes_)
    p[:, known] = call_as(model, "predict_proba", X, domain)
    return p


def _way_back(model, circular, X, classes):
    """Return what the way back makes of held-out source rows, or None."""
    labels = call_as(model, "predict", circular.Xt_, -1)
    if classes is not None and len(np.unique(labels)) == 1:
        return None
    back = fit_on(model, circular.Xt_, labels, circular.Xs_)
    return _predict(back, X, -1, classes)


def record(method, task, classes, circular):
    """Return all that a candidate predicts, and the seconds of one fit."""
    start = time.perf_counter()
    model = clone(method).fit(task.Xs, task.ys, Xt=task.Xt)
    seconds = time.perf_counter() - start
    shape = len(task.ys) if classes is None else (len(task.ys), len(classes))
    back, there = np.full(shape, np.nan), np.full(shape, np.nan)
    of_folds = []
    folds = task.source_folds()
    for k in range(folds.max() + 1):
        train, test = folds != k, folds == k
        fold = clone(method).fit(task.Xs[train], task.ys[train], Xt=task.Xt)
        there[test] = _predict(fold, task.Xs[test], 0, classes)
        of_folds.append(_predict(fold, task.Xt, -1, classes))
        returned = _way_back(fold, circular, task.Xs[test], classes)
        if returned is not None:
            back[test] = returned
    return {
        "target": _predict(model, task.Xt, -1, classes),
        "folds": np.array(of_folds, np.float32),
        "back": back.astype(np.float32),
        "there": there.astype(np.float32),
        "seconds": seconds,
    }


def of_pair(pair, estimator, of_classes, seed):
    """Return the arrays that are kept of a task."""
    _, Xs, Xt = preprocess(pair.Xs, pair.Xt)
    ys = pair.ys if of_classes else pair.ys.astype(float)
    scoring = "accuracy" if of_classes else "r2"
    none = np.zeros(len(Xt), bool)
    task = Task(Xs, ys, Xt, None, none, scoring, N_FOLDS, seed, None)
    classes = np.unique(ys) if of_classes else None
    out = {"ys": ys, "yt": pair.yt, "n_columns": Xs.shape[1]}
    seen = shift_evidence(Xs, Xt, ys if of_classes else None, random_state=seed)
    out["p_value"] = seen.p_value
    out["evidence"] = np.array(
        [seen.by_frequencies, seen.by_scores, seen.by_rows, seen.explained]
    )
    out["covered"] = seen.covered
    out["row_weights"] = ImportanceWeighted().fit(Xs, Xt).weights(Xs)
    circular = CircularValidation().fit(Xs, Xt)
    for name, method in candidates(estimator, of_classes).items():
        try:
            for key, value in record(method, task, classes, circular).items():
                out[f"{name}|{key}"] = value
        except Exception as error:
            out[f"{name}|error"] = f"{type(error).__name__}: {error}"
    return out


def tasks(of_classes, seed):
    """Return family, name, kind and a function that draws the domains, of each task.

    They are in random order, so that the first part of them is a sample of all.
    """
    found = []
    natural = natural_tasks("classification" if of_classes else "regression")
    for (family, name), draw in natural.items():
        found.append((family, name, "natural", partial(draw, seed)))
    tables = tables_of_classes() if of_classes else tables_of_numbers()
    for k, kind in enumerate(KINDS):
        for t, (name, (X, y)) in enumerate(tables.items()):
            s = 10_000 * seed + 100 * k + t
            found.append(("made", name, kind, partial(made_task, X, y, kind, s)))
    return [found[i] for i in np.random.default_rng(seed).permutation(len(found))]


def _plain(name):
    return re.sub("[^A-Za-z0-9]+", "_", name)


def main(labels="classes", estimator="linear", seeds="0", family=""):
    of_classes = labels == "classes"
    model = estimators(of_classes)[estimator]
    folder = FOLDER / f"{labels}-{estimator}"
    folder.mkdir(parents=True, exist_ok=True)
    for seed in map(int, seeds.split(",")):
        for fam, name, kind, draw in tasks(of_classes, seed):
            file = folder / f"{fam}__{_plain(name)}__{_plain(kind)}__{seed}.npz"
            if file.exists() or not fam.startswith(family):
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                pair = draw()
                if of_classes and len(np.unique(pair.ys)) < 2:
                    continue
                found = of_pair(pair, model, of_classes, seed)
            np.savez_compressed(file, **found)
            print(file.name, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
