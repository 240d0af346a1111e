"""What the weighting methods gain at their defaults: `weighting.py [real|unshifted]`.

Prints the tables of the user guide. "real": accuracy or R2 on the target of the bundled
tasks, source-only beside. "unshifted": how far weights are from one where source and
target are drawn from one distribution.
"""

import sys
import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge

from adapt import instance_based
from adapt.base import SourceOnly
from adapt.datasets import list_tasks, load_dataset, make_label_shift
from adapt.model_selection._read_domains import preprocess, read_domains

COVARIATES = [
    "IWC",
    "GaussianWeighting",
    "KernelDensityWeighting",
    "NearestNeighborsWeighting",
    "KMM",
    "KLIEP",
    "ULSIF",
    "RULSIF",
    "LDM",
]
LABELS = ["BBSE", "RLLS", "SaerensEM", "MMDTarS"]
ROWS = 1000  # of each domain at most


def domains(task, seed=0):
    """Return both domains of a task in standardised columns, and their labels."""
    data = load_dataset(task.dataset, as_frame=True, **task.kwargs)
    Xs, ys, Xt, yt, _ = read_domains(data.X, data.y, None, None, data.sample_domain)
    _, Xs, Xt = preprocess(Xs, Xt)
    rng = np.random.default_rng(seed)
    rows_s, rows_t = (rng.permutation(len(X))[:ROWS] for X in (Xs, Xt))
    return Xs[rows_s], np.asarray(ys)[rows_s], Xt[rows_t], np.asarray(yt)[rows_t]


def make(name, inner):
    """Return a method by its name, with its own seed if it takes one."""
    if name == "SourceOnly":
        return SourceOnly(inner)
    return getattr(instance_based, name)(inner, random_state=0)


def of_tasks(kind, inner, names):
    """Print a line for each method: its mean score, gains, and rows in use."""
    tasks = list_tasks(kind)
    scores = np.empty((len(names), len(tasks)))
    used = np.full(scores.shape, np.nan)
    for column, task in enumerate(tasks):
        Xs, ys, Xt, yt = domains(task)
        for row, name in enumerate(names):
            model = make(name, inner).fit(Xs, ys, Xt=Xt)
            scores[row, column] = model.score(Xt, yt)
            if name != "SourceOnly":
                used[row, column] = model.effective_sample_size_ / len(Xs)
        print(task.name, *scores[:, column].round(3), file=sys.stderr, flush=True)
    print(
        f"\n{kind}, {len(tasks)} tasks: mean, its gain, worst, best gain, rows used\n"
    )
    for name, score, share in zip(names, scores, used, strict=True):
        gain = score - scores[0]
        rows = "" if name == "SourceOnly" else f"{np.median(share):.2f}"
        print(
            f"{name:26} {score.mean():.3f} {gain.mean():+.3f} {gain.min():+.3f} "
            f"{gain.max():+.3f} {rows} {tasks[gain.argmax()].name}"
        )


def unshifted(n=5000, repeats=6):
    """Print the mean distance of weights from one without a shift: mean and largest."""
    for name in [*COVARIATES, "IWN"]:
        found = []
        for seed in range(repeats):
            Xs, Xt = np.random.default_rng(seed).normal(size=(2, n, 2))
            found.append(np.abs(make(name, None).fit_weights(Xs, Xt) - 1).mean())
        print(f"{name:26} {np.mean(found):.3f} {max(found):.3f}", flush=True)
    for name in LABELS:
        found = []
        for seed in range(repeats):
            data = make_label_shift(
                n, priors_s=(0.6, 0.4), priors_t=(0.6, 0.4), random_state=seed
            )
            weights = make(name, None).fit_weights(data.Xs, data.Xt, data.ys)
            found.append(np.abs(weights - 1).mean())
        print(f"{name:26} {np.mean(found):.3f} {max(found):.3f}", flush=True)


def main(what="real"):
    warnings.simplefilter("ignore")
    if what == "unshifted":
        unshifted()
        return
    logistic = LogisticRegression(max_iter=1000)
    of_tasks("classification", logistic, ["SourceOnly", *COVARIATES, *LABELS])
    of_tasks("regression", Ridge(), ["SourceOnly", *COVARIATES, "MMDTarS"])


if __name__ == "__main__":
    main(*sys.argv[1:])
