"""Class shares that differ between the domains, estimated while networks train.

What aligns the features of two domains moves classes onto each other if their shares
differ. So source rows count, where domains are compared, by the ratio of the shares of
their class. The ratios solve the linear system of label shift: the mean prediction of
each class on the target is that on source rows of class ``j`` that were held out, times
the share of ``j``, summed over ``j``.
"""

from typing import Any, NamedTuple

import numpy as np
from keras import ops

from adapt._label_shift import regularised_weights, sampling_error
from adapt._sklearn import StrOptions
from adapt.deep._base import DeepAdapter
from adapt.deep._losses import membership

__all__ = ["ClassWeighting", "ratios_of_shares", "stratified_part"]

HELD_OUT = 0.2  # share of the source rows
MOST = 1000  # target rows that are predicted
PENALTY = 0.03  # that of `adapt.instance_based.RLLS`


def ratios_of_shares(p_source, y, p_target, penalty=PENALTY):
    """Return by class the ratio of its share in the target to that in the source.

    Parameters
    ----------
    p_source, p_target : ndarray of shape (n_rows, n_classes)
        Predicted probabilities of source rows that were not trained on, and of target
        rows.

    y : ndarray of int of shape (n_source_rows,)
        Classes of the source rows.

    penalty : float, default=0.03
        Factor on the distance of the ratios from one, which falls with the root of the
        number of source rows.

    Returns
    -------
    ratios : ndarray of shape (n_classes,)
        Not negative; their mean over the source rows is one.

    References
    ----------
    Azizzadenesheli et al. "Regularized learning for domain adaptation under label
    shifts." ICLR, 2019.
    """
    n, k = p_source.shape
    truth = (y[:, None] == np.arange(k)).astype(float)
    confusion = p_source.T.astype(float) @ truth / n
    mu = p_target.astype(float).mean(axis=0)
    ratios = regularised_weights(confusion, mu, penalty * sampling_error(n, k))
    mean = truth.mean(axis=0) @ ratios
    return ratios / mean if mean > 0 else np.ones(k)


def stratified_part(y, share, rng):
    """Return numbers of a share of the rows of each class, one less than all at most.

    Parameters
    ----------
    y : ndarray of int of shape (n_rows,)
        Classes.

    share : float
        In (0, 1).

    rng : RandomState
        Draws them.

    Returns
    -------
    rows : ndarray of int
        In their order.
    """
    rows = []
    for each in np.unique(y):
        of_class = rng.permutation(np.flatnonzero(y == each))
        n = min(int(np.ceil(share * len(of_class))), len(of_class) - 1)
        rows.append(of_class[:n])
    return np.sort(np.concatenate(rows))


class _Watched(NamedTuple):
    """Rows that the ratios are estimated from."""

    X: Any
    y: Any
    Xt: Any


class ClassWeighting(DeepAdapter):
    """A method that aligns domains, and may weigh the source rows by their classes.

    It has the parameter `class_weights`, and multiplies the source rows' part in what
    compares the domains by `_weights_of_classes`.
    """

    _parameter_constraints: dict = {
        **DeepAdapter._parameter_constraints,
        "class_weights": ["array-like", StrOptions({"auto"}), None],
    }

    _not_compiled = ("class_weights",)

    def _structure(self):
        return *super()._structure(), self.class_weights_ is not None

    def _data(self, domains, rng):
        groups, rows, held_out = super()._data(domains, rng)
        self._watched_classes, self.class_weights_ = None, None
        self._next_ratios = 1
        given = self.class_weights
        if self._labels.classes is None:
            if given is not None and not isinstance(given, str):
                raise ValueError("`class_weights` are for classes, got numbers as `y`.")
        elif isinstance(given, str):
            self.class_weights_ = np.ones(len(self._labels.classes))
            ys, own = groups["source"]["ys"], rows["source"]
            part = stratified_part(ys[own], HELD_OUT, rng)
            Xt = domains.Xt[np.sort(rng.permutation(rows["target"])[:MOST])]
            of_part = own[part]
            self._watched_classes = _Watched(domains.Xs[of_part], ys[of_part], Xt)
            rows["source"] = np.delete(own, part)
        elif given is not None:
            self.class_weights_ = self._check_class_weights(given)
        return groups, rows, held_out

    def _check_class_weights(self, given):
        weights = np.asarray(given, dtype=float)
        n = len(self._labels.classes)
        if weights.shape != (n,) or not (weights >= 0).all() or not weights.any():
            raise ValueError(
                "`class_weights` must be 'auto', None, or one number >= 0 for each of "
                f"the {n} classes, not all 0; got {given!r}."
            )
        return weights

    def _run(self, *args):
        try:
            super()._run(*args)
        finally:
            self._watched_classes = None  # no data in what is pickled

    def _draw(self, rng, size):
        drawn = super()._draw(rng, size)
        if self.class_weights_ is not None:
            n = len(self.class_weights_)
            drawn["class_weights"] = np.broadcast_to(self.class_weights_, (size[0], n))
        return drawn

    def _weights_of_classes(self, batch):
        """Return a weight for each source row, with a mean of one, or None."""
        if "class_weights" not in batch:
            return None
        of_class = membership(batch["ys"], batch["class_weights"].shape[-1])
        weights = ops.cast(of_class, "float32") @ batch["class_weights"][:, None]
        # A batch may hold nothing but rows of weight 0.
        weights = weights[:, 0] + 1e-6
        return weights / ops.mean(weights)

    def _after_epoch(self, logs, networks):
        done = super()._after_epoch(logs, networks)
        if self._watched_classes is not None and self.n_epochs_ >= self._next_ratios:
            # So that long fits do not estimate too often.
            self._next_ratios = max(self.n_epochs_ + 1, int(1.2 * self.n_epochs_))
            self.class_weights_ = (self.class_weights_ + self._ratios(networks)) / 2
        return done

    def _ratios(self, networks):
        X, y, Xt = self._watched_classes
        p_source, p_target = (
            self._labels.probability(self._outputs_while_training(networks, rows))
            for rows in (X, Xt)
        )
        return ratios_of_shares(p_source, y, p_target)
