"""Held-out data: what is kept from a training, and what is recorded of it."""

from typing import Any, NamedTuple

import numpy as np
from keras import ops
from scipy.special import entr

from adapt.deep._monitor import metrics_of

__all__ = ["HeldOut", "check_pair", "hold_out", "validation_logs"]


class HeldOut(NamedTuple):
    """Rows that are not trained on."""

    source: tuple[Any, Any] | None = None  # rows and encoded labels
    target: Any = None  # rows


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
        `val_target_information`, the entropy of the mean prediction less that.
    """
    logs = {}
    if held_out.source is not None:
        X, y = held_out.source
        scores = labels.scores(ops.convert_to_tensor(outputs_of(X)))
        y = ops.convert_to_tensor(y)
        logs["val_loss"] = float(ops.mean(labels.losses(y, scores)))
        for name, metric in metrics_of(metrics).items():
            logs[f"val_{name}"] = float(labels.measure(metric, y, scores))
    if held_out.target is not None and labels.classes is not None:
        p = labels.probability(outputs_of(held_out.target))
        entropy = entr(p).sum(axis=1).mean()
        logs["val_target_entropy"] = float(entropy)
        logs["val_target_information"] = float(entr(p.mean(axis=0)).sum() - entropy)
    return logs
