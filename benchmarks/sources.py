"""Which source? Scores of transferability, mixtures, distillation and pruning.

Writes ``results/sources.csv`` beside this file, a part at a time. Run it from the root
of the repository::

    python -m benchmarks.sources [--seeds 5] [--only features models ...]

On each seed two targets of each suite are looked at, in turn. Parts: `features` (which
network gives features for a new head), `models` (which models to use as they are),
`mixtures` (how to mix them, beside methods that see source rows), `classes` (sources of
other classes, and students), `pruning` (half of the source rows), `tasks` (which tasks
to train on). ``results/sources.csv`` keeps parts that are not run again. `--tables`
measures nothing: it prints what the file has.
"""

import argparse
import time
import warnings
from collections import defaultdict
from functools import cache

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import kendalltau
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from adapt import metrics
from adapt._pot import import_pot
from adapt.datasets import load_digits
from adapt.feature_based import FA
from adapt.instance_based import SourcePruning
from adapt.model_selection import SourceTaskSelector
from adapt.model_selection._source_outputs import SourceOutputs
from adapt.model_selection._source_scores import log_likelihood
from adapt.parameter_based import SourceMixture
from benchmarks.multi_domain import SUITES, standardised
from benchmarks.sources_tables import RESULTS, show

TARGETS = 2


# ------------------------------------------------------------------ digits and networks


def in_turn(names, seed):
    """Return the targets of a seed: the next two."""
    names = list(names)
    return [names[(TARGETS * seed + k) % len(names)] for k in range(TARGETS)]


def image(X):
    return X.reshape(-1, 8, 8)


def rotated(X, quarters):
    return np.rot90(image(X), quarters, (1, 2)).reshape(len(X), -1)


def blurred(X):
    padded = np.pad(image(X), ((0, 0), (1, 1), (1, 1)))
    shifted = [padded[:, i : i + 8, j : j + 8] for i in range(3) for j in range(3)]
    return sum(shifted).reshape(len(X), -1) / 9


def digits():
    """Return two collections of digits, each in two halves: ``(X, y)`` by name."""
    bunch = load_digits()
    found = {}
    for k, name in ((0, "mnist"), (-1, "opt")):
        rows = np.flatnonzero(bunch.sample_domain == k)
        rows = rows[np.random.default_rng(99).permutation(len(rows))]
        for half, part in enumerate(np.array_split(rows, 2)):
            found[name, half] = bunch.X[part] / 16, bunch.y[part]
    return found


def of_classes(Xy, classes):
    kept = np.isin(Xy[1], classes)
    return Xy[0][kept], Xy[1][kept]


@cache
def networks(seed):
    """Return 18 networks ``(model, X, y)`` by name, and seven target tasks."""
    rng, halves = np.random.default_rng(seed), digits()
    M, O = halves["mnist", 0], halves["opt", 0]  # noqa: E741
    low, high = range(5), range(5, 10)
    shuffled = O[0][:, np.random.default_rng(1).permutation(64)]
    tables = {
        "mnist": M,
        "mnist 0-4": of_classes(M, low),
        "mnist 5-9": of_classes(M, high),
        "mnist 60 rows": (M[0][:60], M[1][:60]),
        "opt": O,
        "opt 0-4": of_classes(O, low),
        "opt 5-9": of_classes(O, high),
        "opt 60 rows": (O[0][:60], O[1][:60]),
        "opt rotated": (rotated(O[0], 1), O[1]),
        "opt shuffled": (shuffled, O[1]),
        "opt noise": (O[0] + 0.4 * rng.normal(size=O[0].shape), O[1]),
        "opt random labels": (O[0], rng.permutation(O[1])),
        "mnist upside down": (rotated(M[0], 2), M[1]),
        "mnist parity": (M[0], M[1] % 2),
        "mnist blurred": (blurred(M[0]), M[1]),
    }
    models = {}
    for name, (X, y) in tables.items():
        sizes = [(32,), (96, 48)] if name in ("mnist", "opt") else [(64,)]
        for size in sizes:
            model = MLPClassifier(
                size, max_iter=60, random_state=seed, learning_rate_init=3e-3
            )
            models[f"{name} {size}"] = model.fit(X, y), X, y
    model = MLPClassifier((64,), max_iter=1, random_state=seed)
    models["untrained"] = model.fit(O[0][:200], O[1][:200]), *O
    Mt, Ot = halves["mnist", 1], halves["opt", 1]
    targets = {
        "opt": Ot,
        "mnist": Mt,
        "opt 0369": of_classes(Ot, [0, 3, 6, 9]),
        "mnist 1478": of_classes(Mt, [1, 4, 7, 8]),
        "opt rotated": (rotated(Ot[0], 1), Ot[1]),
        "opt >= 5": (Ot[0], (Ot[1] >= 5).astype(int)),
        "mnist noise": (Mt[0] + 0.3 * rng.normal(size=Mt[0].shape), Mt[1]),
    }
    return models, targets


def hidden(model, X):
    for W, b in zip(model.coefs_[:-1], model.intercepts_[:-1], strict=True):
        X = np.maximum(X @ W + b, 0)
    return X


# --------------------------------------------------------------------------- features


def head():
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=300))


def folds_of(y):
    few = np.unique(y, return_counts=True)[1].min() < 5
    return KFold(5) if few else StratifiedKFold(5)


FEATURE_SCORES = {
    "LEEP": lambda P, Z, y: metrics.leep(P, y),
    "LEEP, leave-one-out": lambda P, Z, y: metrics.leep(P, y, leave_one_out=True),
    "NCE": lambda P, Z, y: metrics.nce(P, y),
    "LogME": lambda P, Z, y: metrics.log_evidence(Z, y),
    "LogME, published": lambda P, Z, y: metrics.log_evidence(Z, y, published=True),
    "5 nearest neighbours": lambda P, Z, y: metrics.neighbor_accuracy(Z, y),
    "PARC": lambda P, Z, y: metrics.parc(Z, y),
    "GBC": lambda P, Z, y: metrics.gbc(Z, y),
    "NC1": lambda P, Z, y: metrics.neural_collapse(Z, y),
    "H-score": lambda P, Z, y: metrics.h_score(Z, y),
    "H-score, published": lambda P, Z, y: metrics.h_score(Z, y, shrinkage=False),
    "TransRate": lambda P, Z, y: metrics.transrate(Z, y),
    "TransRate, published": lambda P, Z, y: metrics.transrate(Z, y, published=True),
    "5-fold head": lambda P, Z, y: cross_val_score(head(), Z, y, cv=folds_of(y)).mean(),
}


def features(seed):
    """Yield tau, regret and milliseconds of the scores of features for a new head."""
    models, targets = networks(seed)
    for name in in_turn(targets, seed):
        X, y = targets[name]
        order = np.random.default_rng(seed + 17).permutation(len(X))
        distances = [
            -metrics.dataset_distance(Xs, ys, X[order[:100]], y[order[:100]])
            for _, Xs, ys in models.values()
        ]
        for n in (100, 30):
            train, test = order[:n], order[n:]
            yield from _features_of_task(X, y, train, test, models, distances, n)


def _features_of_task(X, y, train, test, models, distances, n):
    scores, spent, truth = defaultdict(list), defaultdict(float), []
    for model, _, _ in models.values():
        Z, P = hidden(model, X[train]), model.predict_proba(X[train])
        fitted = head().fit(Z, y[train])
        truth.append(fitted.score(hidden(model, X[test]), y[test]))
        for name, score in FEATURE_SCORES.items():
            start = time.process_time()
            scores[name].append(score(P, Z, y[train]))
            spent[name] += time.process_time() - start
    scores["OTDD of the rows"] = distances
    truth, case = np.array(truth), f"n={n}"
    yield "features", case, "random choice", "regret", truth.max() - truth.mean()
    for name, values in scores.items():
        values = np.array(values)
        tau = kendalltau(values, truth).statistic
        yield "features", case, name, "tau", 0.0 if np.isnan(tau) else tau
        regret = truth.max() - truth[np.argmax(values)]
        yield "features", case, name, "regret", regret
        if name in spent:
            yield "features", case, name, "ms", 1e3 * spent[name] / len(truth)


# ------------------------------------------------------------------- models, mixtures


@cache
def domains(suite):
    X, y, g = SUITES[suite]()
    X, least = standardised(X), 200 if suite == "employment" else 30
    names, sizes = np.unique(g, return_counts=True)
    return {k: (X[g == k], y[g == k]) for k in names[sizes >= least]}


def inner(kind, seed=0):
    if kind == "rf":
        return RandomForestClassifier(30, min_samples_leaf=2, random_state=seed)
    return LogisticRegression(C=0.3, max_iter=120)


@cache
def source_models(suite, kind, seed, flipped=0):
    """Return ``(model, X, y)`` of 400 rows by domain, the first with wrong labels."""
    found, classes = {}, None
    table = domains(suite)
    classes = np.unique(np.concatenate([y for _, y in table.values()]))
    for j, (name, (X, y)) in enumerate(table.items()):
        rows = np.random.default_rng(seed).permutation(len(X))[:400]
        X, y = X[rows], y[rows]
        if j < flipped:
            y = classes[(np.searchsorted(classes, y) + 1) % len(classes)]
        found[name] = clone(inner(kind, seed)).fit(X, y), X, y
    return found, table


def aligned(model, X, classes):
    P = np.full((len(X), len(classes)), 1e-6)
    P[:, np.searchsorted(classes, model.classes_)] = model.predict_proba(X)
    return P / P.sum(axis=1, keepdims=True)


def tasks_of(suite, kind, n_labels, seed, flipped=0):
    """Yield sources and a split target for each target of a seed."""
    fitted, table = source_models(suite, kind, seed, flipped)
    for target in in_turn(table, seed):
        X, y = table[target]
        rows = np.random.default_rng(seed + 5).permutation(len(X))
        n = min(n_labels, len(X) // 2)
        train, test = rows[:n], rows[n:]
        if len(np.unique(y[train])) < 2:
            continue
        sources = {k: value for k, value in fitted.items() if k != target}
        yield sources, (X[train], y[train]), (X[test], y[test])


def mixtures_of(kind, models, seed):
    """Return the mixtures that are compared, by name."""
    own = inner(kind, seed)

    def mixture(**params):
        return SourceMixture(own, estimators=models, random_state=0, **params)

    found = {
        "uniform": mixture(pool="uniform", own=False),
        "EM": mixture(pool="linear", own=False),
        "EM + own": mixture(pool="linear"),
        "log pool": mixture(own=False),
        "log pool + own": mixture(),
    }
    for name, select in (
        ("3 by likelihood", 3),
        ("3 by E-LEEP", "e-leep"),
        ("3 by MS-LEEP", "ms-leep"),
        ("3 by OSBORN, published", "osborn-published"),
    ):
        found[name] = mixture(pool="uniform", own=False, select=select)
    return found


def wasserstein(A, B):
    ot = import_pot()
    A, B = A[:150], B[:150]
    masses = (np.full(len(X), 1 / len(X)) for X in (A, B))
    return float(ot.emd2(*masses, cdist(A, B, "sqeuclidean")))


def models(seed):
    """Yield accuracies of models as they are, and tau of scores with the truth."""
    for suite, kind, n in (
        ("watch", "lr", 20),
        ("watch", "lr", 80),
        ("employment", "lr", 20),
        ("employment", "lr", 80),
        ("watch", "rf", 20),
        ("employment", "rf", 20),
    ):
        case = f"{suite} {kind} {n}"
        for sources, labelled, rest in tasks_of(suite, kind, n, seed):
            yield from _models_of_task(case, kind, sources, labelled, rest, seed)


def _scores_of_models(fitted, sources, X, y):
    scores = defaultdict(list)
    for name, model in fitted.items():
        P = model.predict_proba(X)
        outputs = SourceOutputs(P, model.classes_)
        scores["log-likelihood"].append(log_likelihood(outputs, y))
        scores["accuracy on the labels"].append(np.mean(model.predict(X) == y))
        scores["LEEP"].append(metrics.leep(P, y))
        scores["NCE"].append(metrics.nce(P, y))
        Xs, ys = sources[name][1:]
        scores["energy distance"].append(-metrics.energy_distance(Xs, X))
        scores["OTDD"].append(-metrics.dataset_distance(Xs, ys, X, y, max_rows=150))
    return scores


def _models_of_task(case, kind, sources, labelled, rest, seed):
    (X, y), (Xe, ye) = labelled, rest
    fitted = {name: model for name, (model, _, _) in sources.items()}
    truth = np.array([np.mean(model.predict(Xe) == ye) for model in fitted.values()])
    yield "models", case, "mean single", "accuracy", truth.mean()
    yield "models", case, "best single (oracle)", "accuracy", truth.max()
    for name, values in _scores_of_models(fitted, sources, X, y).items():
        tau = kendalltau(values, truth).statistic
        yield "models", case, name, "tau", 0.0 if np.isnan(tau) else tau
        chosen = truth[np.argmax(values)]
        yield "models", case, f"single by {name}", "accuracy", chosen
    for name, mixture in mixtures_of(kind, fitted, seed).items():
        value = np.mean(mixture.fit(X, y).predict(Xe) == ye)
        yield "models", case, name, "accuracy", value
    rows = np.concatenate([Xs for _, Xs, _ in sources.values()])
    labels = np.concatenate([ys for _, _, ys in sources.values()])
    stacked = np.concatenate([rows, X]), np.concatenate([labels, y])
    domain = np.concatenate(
        [np.full(len(Xs), k) for k, (_, Xs, _) in enumerate(sources.values())]
        + [np.full(len(X), -1)]
    )
    osborn = SourceMixture(
        inner(kind, seed), pool="uniform", own=False, select="osborn", random_state=0
    ).fit(*stacked, sample_domain=domain)
    value = np.mean(osborn.predict(Xe) == ye)
    yield "models", case, "3 by OSBORN", "accuracy", value
    value = inner(kind, seed).fit(X, y).score(Xe, ye)
    yield "models", case, "target only", "accuracy", value
    value = inner(kind, seed).fit(rows, labels).score(Xe, ye)
    yield "models", case, "pooled source rows", "accuracy", value
    both = _weighted(inner(kind, seed), rows, labels, X, y)
    yield "models", case, "pooled + target rows", "accuracy", both.score(Xe, ye)


def _weighted(model, rows, labels, X, y):
    weight = np.full(len(X), max(1.0, 0.5 * len(rows) / len(X)))
    weight = np.concatenate([np.ones(len(rows)), weight])
    return model.fit(np.concatenate([rows, X]), np.concatenate([labels, y]), weight)


CELLS = [
    ("watch", 20, 0),
    ("watch", 80, 0),
    ("watch", 20, 4),
    *((name, n, 0) for name in ("employment", "housing", "thyroid") for n in (20, 80)),
]


def mixtures(seed):
    """Yield accuracies of mixtures beside methods that see source rows."""
    for suite, n, flipped in CELLS:
        case = f"{suite} {n}" + (f", {flipped} of 9 flipped" if flipped else "")
        for task in tasks_of(suite, "lr", n, seed, flipped):
            yield from _mixtures_of_task(case, *task, seed)


def _mixtures_of_task(case, sources, labelled, rest, seed):
    (X, y), (Xe, ye) = labelled, rest
    fitted = {name: model for name, (model, _, _) in sources.items()}
    rows = np.concatenate([Xs for _, Xs, _ in sources.values()])
    labels = np.concatenate([ys for _, _, ys in sources.values()])
    found = {
        name: mixture
        for name, mixture in mixtures_of("lr", fitted, seed).items()
        if "OSBORN" not in name and "LEEP" not in name
    }
    for name, mixture in found.items():
        value = np.mean(mixture.fit(X, y).predict(Xe) == ye)
        yield "mixtures", case, name, "accuracy", value
    likelihoods = [
        log_likelihood(SourceOutputs(model.predict_proba(X), model.classes_), y)
        for model in fitted.values()
    ]
    best = list(fitted.values())[int(np.argmax(likelihoods))]
    others = {
        "single by log-likelihood": best,
        "target only": inner("lr").fit(X, y),
        "pooled source rows": inner("lr").fit(rows, labels),
        "pooled + target rows": _weighted(inner("lr"), rows, labels, X, y),
        "FA(LR)": FA(inner("lr")).fit(rows, labels, Xt=X, yt=y),
    }
    for name, model in others.items():
        yield "mixtures", case, name, "accuracy", np.mean(model.predict(Xe) == ye)


# --------------------------------------------------------------- other classes,


class Student:
    """A small network with a head for each label space, trained on soft labels."""

    def __init__(self, n_hidden=24, n_steps=600, rate=5e-3, seed=0):
        self.n_hidden, self.n_steps, self.rate, self.seed = (
            n_hidden,
            n_steps,
            rate,
            seed,
        )

    def fit(self, X, heads, rows, weights):
        """Fit; each head has soft labels, rows and a weight in the loss."""
        heads = [
            (Q, r, w) for Q, r, w in zip(heads, rows, weights, strict=True) if w > 1e-3
        ]
        rng, d, h = np.random.default_rng(self.seed), X.shape[1], self.n_hidden
        params = [rng.normal(size=(d, h)) * np.sqrt(2 / d), np.zeros(h)]
        for Q, _, _ in heads:
            k = Q.shape[1]
            params += [rng.normal(size=(h, k)) * np.sqrt(1 / h), np.zeros(k)]
        first, second = ([np.zeros_like(p) for p in params] for _ in range(2))
        for step in range(1, self.n_steps + 1):
            gradients = self._gradients(params, X, heads)
            rate = self.rate * (1 - 0.9 * step / self.n_steps)
            for k, g in enumerate(gradients):
                first[k] = 0.9 * first[k] + 0.1 * g
                second[k] = 0.999 * second[k] + 0.001 * np.square(g)
                size = np.sqrt(second[k] / (1 - 0.999**step)) + 1e-8
                params[k] = params[k] - rate * first[k] / (1 - 0.9**step) / size
        self.params = params
        return self

    def _gradients(self, params, X, heads):
        A = np.maximum(X @ params[0] + params[1], 0)
        back, found = np.zeros_like(A), [None, None]
        for k, (Q, rows, weight) in enumerate(heads):
            W, b = params[2 + 2 * k], params[3 + 2 * k]
            scores = A[rows] @ W + b
            P = np.exp(scores - scores.max(axis=1, keepdims=True))
            P /= P.sum(axis=1, keepdims=True)
            error = weight * (P - Q[rows]) / len(rows)
            found += [A[rows].T @ error, error.sum(axis=0)]
            back[rows] += error @ W.T
        back *= A > 0
        found[0], found[1] = X.T @ back + 1e-4 * params[0], back.sum(axis=0)
        return found

    def predict(self, X):
        A = np.maximum(X @ self.params[0] + self.params[1], 0)
        return (A @ self.params[2] + self.params[3]).argmax(axis=1)


def classes(seed):
    """Yield accuracies with sources of other classes and 40 labels."""
    pool, targets = networks(seed)
    for case in in_turn(("opt", "mnist 1478", "opt >= 5"), seed):
        yield from _classes_of_task(case, *targets[case], pool, seed)


def _classes_of_task(case, X, y, pool, seed):
    codes = np.unique(y, return_inverse=True)[1]
    order = np.random.default_rng(seed).permutation(len(X))
    n, n_free = 40, min(700, len(X) // 2)
    few, free, test = order[:n], order[n : n + n_free], order[n + n_free :]
    fitted = {name: model for name, (model, _, _) in pool.items()}
    yield from _students(case, X, codes, few, free, test, fitted, seed)
    mixtures = {
        "mixture": SourceMixture(estimators=fitted, random_state=0),
        "mixture, sources alone": SourceMixture(estimators=fitted, own=False),
        "EM, sources alone": SourceMixture(estimators=fitted, pool="linear", own=False),
        "EM, all relabelled": SourceMixture(
            estimators=fitted, pool="linear", own=False, relabel=True
        ),
    }
    for name, mixture in mixtures.items():
        value = np.mean(mixture.fit(X[few], y[few]).predict(X[test]) == y[test])
        yield "classes", case, name, "accuracy", value
    whole = mixtures["mixture"]
    student = whole.distill(LogisticRegression(max_iter=300), X[free])
    value = np.mean(student.predict(X[test]) == y[test])
    yield "classes", case, "logistic student of the mixture", "accuracy", value


def _students(case, X, codes, few, free, test, fitted, seed):
    both = np.concatenate([few, free])
    A, labelled = X[both], np.arange(len(few))
    eye = np.eye(codes.max() + 1)
    soft = [model.predict_proba(A) for model in fitted.values()]
    every = [np.arange(len(both))] * len(soft)
    own = np.zeros((len(both), len(eye)))
    own[labelled] = eye[codes[few]]

    def accuracy(weights):
        share = 1.0 if weights is None else 0.5
        weights = np.zeros(len(soft)) if weights is None else 0.5 * weights
        student = Student(seed=seed)
        student.fit(A, [own, *soft], [labelled, *every], [share, *weights])
        return np.mean(student.predict(X[test]) == codes[test])

    single = np.eye(len(soft))
    Z = [hidden(model, X[few]) for model in fitted.values()]
    y = codes[few]
    parc = np.array([metrics.parc(part, y) for part in Z])
    leep = [metrics.leep(P[labelled], y, leave_one_out=True) for P in soft]
    powers = np.maximum(parc, 0) ** 6
    rng = np.random.default_rng(seed)
    found = {
        "student, labels only": accuracy(None),
        "student of all sources": accuracy(np.full(len(soft), 1 / len(soft))),
        "student of a random source": np.mean(
            [accuracy(single[k]) for k in rng.permutation(len(soft))[:1]]
        ),
        "DistillNearest (PARC)": accuracy(single[parc.argmax()]),
        "DistillNearest (LEEP)": accuracy(single[np.argmax(leep)]),
        "DistillWeighted (PARC^6)": accuracy(powers / powers.sum()),
    }
    plain = LogisticRegression(max_iter=300).fit(X[few], y)
    found["logistic regression, labels only"] = plain.score(X[test], codes[test])
    for name, value in found.items():
        yield "classes", case, name, "accuracy", value


# --------------------------------------------------------------------------- pruning


def pruning_tasks(seed):
    halves = digits()
    mnist, opt = (
        [np.concatenate([halves[name, half][k] for half in (0, 1)]) for k in (0, 1)]
        for name in ("mnist", "opt")
    )
    for kept in ([0, 3, 6, 9], [1, 4, 7, 8]):
        yield f"digits to {''.join(map(str, kept))}", *mnist, *of_classes(opt, kept)
    for suite in SUITES:
        table = domains(suite)
        for target in in_turn(table, seed)[:1]:
            others = [Xy for name, Xy in table.items() if name != target]
            source = (np.concatenate([Xy[k] for Xy in others]) for k in (0, 1))
            yield suite, *source, *table[target]


def pruning(seed):
    """Yield accuracies and times of training on half of the source rows."""
    inners = {
        "lr": LogisticRegression(C=0.3, max_iter=200),
        "rf": RandomForestClassifier(25, min_samples_leaf=2, random_state=0),
    }
    for task, Xs, ys, Xt, yt in pruning_tasks(seed):
        rows = np.random.default_rng(seed).permutation(len(Xs))[:4000]
        X, y = Xs[rows], ys[rows]
        for kind, model in inners.items():
            for name, chosen, spent in _pruned(model, X, y, Xt, seed):
                value = np.mean(chosen.predict(Xt) == yt)
                yield "pruning", f"{task} {kind}", name, "accuracy", value
                yield "pruning", f"{task} {kind}", name, "ms", 1e3 * spent


def _pruned(model, X, y, Xt, seed):
    kept = {"all": np.ones(len(X), dtype=bool)}
    kept["random"] = np.random.default_rng(seed).permutation(len(X)) < len(X) // 2
    for by in ("domain", "cluster", "label"):
        pruned = SourcePruning(by=by, random_state=seed)
        pruned.fit_weights(X, Xt, y)
        kept[f"by {by}"] = pruned.support_
    for name, rows in kept.items():
        start = time.process_time()
        one = len(np.unique(y[rows])) == 1  # label mapping may leave no other
        fitted = (DummyClassifier() if one else clone(model)).fit(X[rows], y[rows])
        yield name, fitted, time.process_time() - start


# ----------------------------------------------------------------------------- tasks


def tasks(seed):
    """Yield performance over a range of contexts, with five training tasks."""
    for draw in range(5):
        rng, x = np.random.default_rng([seed, draw]), np.linspace(0, 1, 50)
        own = 0.7 + 0.25 * np.sin(2 * np.pi * (x * rng.uniform(0.5, 2) + rng.random()))
        table = own[:, None] - rng.uniform(0.5, 2) * np.abs(x[:, None] - x)
        table += 0.02 * rng.normal(size=table.shape)

        def covered(picks, table=table):
            return table[picks].max(axis=0).mean()

        selector, best = SourceTaskSelector(x), []
        for _ in range(5):
            k = selector.ask()
            selector.tell(k, table[k])
            best.append(max(range(50), key=lambda k, best=best: covered([*best, k])))
        draws = [covered(rng.choice(50, 5, replace=False)) for _ in range(50)]
        even = covered(np.linspace(5, 45, 5).astype(int))
        for name, value in (
            ("SourceTaskSelector", covered(list(selector.rows_))),
            ("random", np.mean(draws)),
            ("evenly spaced", even),
            ("greedy oracle", covered(best)),
            ("the middle alone", covered([24])),
        ):
            yield "tasks", "50 contexts", name, "performance", value


PARTS = {f.__name__: f for f in (features, models, mixtures, classes, pruning, tasks)}


# -------------------------------------------------------------------------- the file


def summarised(rows, seeds):
    """Return means over tasks and seeds, and the worst regret."""
    groups = defaultdict(list)
    for *key, value in rows:
        groups[tuple(key)].append(value)
    found = []
    for (part, case, name, measure), values in groups.items():
        mean = float(np.mean(values))
        found.append((part, case, name, measure, f"{mean:.5g}", seeds))
        if measure == "regret":
            worst = float(np.max(values))
            found.append((part, case, name, "worst regret", f"{worst:.5g}", seeds))
    return found


def kept_rows(parts):
    """Return rows of the file of other parts than these."""
    return [tuple(row.values()) for row in RESULTS.read() if row["part"] not in parts]


def write(rows):
    order = list(PARTS)
    rows = sorted(rows, key=lambda row: order.index(row[0]))
    RESULTS.write(dict(zip(RESULTS.columns, row, strict=True)) for row in rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--tables", action="store_true")
    args = parser.parse_args()
    if not args.tables:
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", UserWarning)
        for part in args.only:
            rows = []
            for seed in range(args.seeds):
                rows += PARTS[part](seed)
                write(kept_rows([part]) + summarised(rows, seed + 1))
                print(f"Wrote {part}, seed {seed}.", flush=True)
    show()


if __name__ == "__main__":
    main()
