"""Held-out data: what is kept from a training, and what is recorded of it."""

import warnings
from typing import Any, NamedTuple

import numpy as np
from keras import ops
from scipy.special import entr

from adapt.deep._monitor import metrics_of

__all__ = [
    "HeldOut",
    "check_pair",
    "hold_out",
    "some_of",
    "validation_logs",
    "warn_of_collapse",
]

MOST = 1000  # target rows that are looked at
_EXPECTED = 10  # rows of a class that cannot be missing by chance


class HeldOut(NamedTuple):
    """Rows that are looked at after epochs, and not trained on but for the last."""

    source: tuple[Any, Any] | None = None  # rows and encoded labels
    target: Any = None  # rows
    watched: Any = None  # rows of the target that are trained on too


def some_of(X):
    """Return at most a thousand rows, evenly spread and never drawn at random."""
    if len(X) <= MOST:
        return X
    return X[np.linspace(0, len(X) - 1, MOST).astype(int)]


def warn_of_collapse(title, p, classes, shares):
    """Warn if classes of the source are predicted for no target row.

    Parameters
    ----------
    title : str
        Name of the estimator.

    p : ndarray of shape (n_rows, n_classes)
        Predictions of target rows.

    classes : ndarray of shape (n_classes,)
        Names of the classes.

    shares : ndarray of shape (n_classes,)
        Their shares in the source. A class of which so many rows would have fewer than
        ten is not missed.
    """
    n = np.bincount(p.argmax(axis=1), minlength=len(classes))
    missing = (n == 0) & (shares * len(p) >= _EXPECTED)
    if missing.any():
        names = ", ".join(str(each) for each in classes[missing][:5])
        warnings.warn(
            f"After the fit of {title}, none of {len(p)} target rows is predicted as "
            f"{names}{', ...' if missing.sum() > 5 else ''} "
            f"({shares[missing].sum():.0%} of the source). Either the target has no "
            "such rows, or classes have collapsed onto others: compare with "
            "`DeepSource`, and watch `target_information` with `verbose=1`.",
            UserWarning,
            stacklevel=7,
        )


def check_pair(validation_data):
    """Return rows and labels of the parameter `validation_data`."""
    if len(validation_data) != 2:
        raise ValueError(
            "`validation_data` must be a pair (X, y), got "
            f"{len(validation_data)} items."
        )
    return validation_data


def hold_out(share, Xs, ys, Xt, rng):
    """Draw rows of both domains to hold out.

    Parameters
    ----------
    share : float
        Share of the rows, in (0, 1): at least one row of the source.

    Xs, Xt : array-likes of shape (n_samples, ...)
        Rows of the source and of the target.

    ys : ndarray of shape (n_source_samples, ...)
        Encoded labels of the source.

    rng : RandomState
        Draws the rows.

    Returns
    -------
    rows : dict of ndarray of int
        Numbers of the rows that are left to train on: "source" and "target".

    held_out : HeldOut
        The others.
    """
    n = max(int(len(ys) * share), 1)
    if n == len(ys):
        raise ValueError(
            f"`validation_split`={share} of {n} source rows leaves none to train on."
        )
    order = rng.permutation(len(ys))
    source = Xs[order[:n]], ys[order[:n]]
    rows = {"source": np.sort(order[n:])}
    n = int(len(Xt) * share)
    order = rng.permutation(len(Xt))
    rows["target"] = np.sort(order[n:])
    return rows, HeldOut(source, Xt[order[:n]] if n else None)


def validation_logs(held_out, outputs_of, labels, metrics):
    """Return what is recorded of held-out rows, by name.

    Parameters
    ----------
    held_out : HeldOut
        The rows.

    outputs_of : callable
        From rows to the outputs of the task network, as an array.

    labels : ClassLabels or NumberLabels
        What the outputs mean.

    metrics : list or None
        As in `adapt.deep.DeepAdapter`.

    Returns
    -------
    logs : dict of float
        `val_loss` and the metrics on rows of the source; for classes,
        `val_target_entropy`, the mean entropy of predictions of target rows, and
        `val_target_information`, the entropy of the mean prediction less that; of rows
        that are trained on, the same two as `target_entropy` and `target_information`.
    """
    logs = {}
    if held_out.source is not None:
        X, y = held_out.source
        scores = labels.scores(ops.convert_to_tensor(outputs_of(X)))
        y = ops.convert_to_tensor(y)
        logs["val_loss"] = float(ops.mean(labels.losses(y, scores)))
        for name, metric in metrics_of(metrics).items():
            logs[f"val_{name}"] = float(labels.measure(metric, y, scores))
    if labels.classes is not None:
        for name, X in (
            ("val_target", held_out.target),
            ("target", held_out.watched),
        ):
            if X is not None:
                p = labels.probability(outputs_of(X))
                entropy = float(entr(p).sum(axis=1).mean())
                logs[f"{name}_entropy"] = entropy
                logs[f"{name}_information"] = float(
                    entr(p.mean(axis=0)).sum() - entropy
                )
    return logs
