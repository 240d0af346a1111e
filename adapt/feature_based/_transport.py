"""What methods share that move rows or labels along a transport plan."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from adapt._domains import require_labels, require_weight
from adapt._frames import take_rows
from adapt._sklearn import Interval, StrOptions
from adapt.base import MetaAdapter
from adapt.base._estimators import takes_sample_weight
from adapt.feature_based._transport_plan import METHODS, transport_cost, transport_plan


def batches(n_source, n_target, size, rng):
    """Yield index arrays of source rows and target rows that are transported together.

    Both domains are shuffled and cut into parts of at most ``size`` rows; the parts of
    the longer one are gone through once, those of the other again and again. All rows
    of both domains come up, and in one pair only if no domain has more than ``size``.
    """
    parts = [
        [np.arange(n)]
        if size is None or n <= size
        else np.array_split(rng.permutation(n), -(-n // size))
        for n in (n_source, n_target)
    ]
    for k in range(max(map(len, parts))):
        yield tuple(part[k % len(part)] for part in parts)


def masses(domains, batch_size, rng):
    """Yield the rows of both domains in every batch, and their masses of sum one.

    Rows whose weight is zero have no mass, and are in no batch.
    """
    require_weight(domains.source_weight, "source")
    require_weight(domains.target_weight, "target")
    weights = [
        np.ones(len(X)) if weight is None else weight
        for X, weight in (
            (domains.Xs, domains.source_weight),
            (domains.Xt, domains.target_weight),
        )
    ]
    rows = [np.flatnonzero(weight) for weight in weights]
    for pair in batches(*map(len, rows), batch_size, rng):
        source, target = (of[part] for of, part in zip(rows, pair, strict=True))
        a, b = weights[0][source], weights[1][target]
        yield source, target, a / a.sum(), b / b.sum()


def fit_shares(adapter, domains, shares, classes):
    """Fit the estimator of an adapter on target rows that are shared between classes.

    Parameters
    ----------
    adapter : MetaAdapter
        Whose estimator is fitted.

    domains : Domains
        For their target rows, and the weights of these.

    shares : ndarray of shape (n_target, n_classes)
        How much of each target row belongs to each class.

    classes : ndarray of shape (n_classes,)
        Labels of the classes.
    """
    Xt, weight = domains.target_rows, domains.target_weight
    inner = adapter._given()
    if not (inner is None or takes_sample_weight(inner)):
        best = shares.argmax(axis=1)
        # A class that is nowhere the likeliest stays known, where its share is largest.
        lost = np.setdiff1d(np.flatnonzero(shares.max(axis=0) > 0), best)
        row = np.concatenate([np.arange(len(shares)), shares[:, lost].argmax(axis=0)])
        label = np.concatenate([best, lost])
        Xt, weight = take_rows(Xt, row), None if weight is None else weight[row]
        adapter._fit_estimator(Xt, classes[label], domains, sample_weight=weight)
        return
    row, label = np.nonzero(shares > 1e-6)
    # So does one that no target row has a share of, by a row without weight.
    lost = np.setdiff1d(np.arange(len(classes)), label)
    row = np.concatenate([row, np.zeros(len(lost), dtype=row.dtype)])
    label = np.concatenate([label, lost])
    share = np.where(shares[row, label] > 1e-6, shares[row, label], 0.0)
    weight = share * (1 if weight is None else weight[row])
    weight = None if (weight == 1).all() else weight
    adapter._fit_estimator(
        take_rows(Xt, row), classes[label], domains, sample_weight=weight
    )


class TransportAdapter(MetaAdapter):
    """What methods share that move rows or labels along a transport plan."""

    _parameter_constraints: dict = {
        **MetaAdapter._parameter_constraints,
        "method": [StrOptions(set(METHODS))],
        "reg": [Interval(Real, 0, None, closed="neither")],
        "reg_classes": [Interval(Real, 0, None, closed="left")],
        "reg_marginals": [Interval(Real, 0, None, closed="neither")],
        "batch_size": [Interval(Integral, 1, None, closed="left"), None],
        "max_plan_iter": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        estimator=None,
        Xt=None,
        method="emd",
        *,
        reg=0.1,
        reg_classes=0.1,
        reg_marginals=0.5,
        batch_size=2000,
        max_plan_iter=1000,
        copy=True,
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            estimator, Xt, copy=copy, verbose=verbose, random_state=random_state
        )
        self.method = method
        self.reg = reg
        self.reg_classes = reg_classes
        self.reg_marginals = reg_marginals
        self.batch_size = batch_size
        self.max_plan_iter = max_plan_iter

    def _packages(self):
        return ("ot",)

    def _plans(self, domains):
        """Yield the source rows, the target rows and the plan of every batch."""
        ys = self._classes_to_group(domains.ys)
        rng = check_random_state(self.random_state)
        for source, target, a, b in masses(domains, self.batch_size, rng):
            plan = transport_plan(
                transport_cost(domains.Xs[source], domains.Xt[target]),
                a,
                b,
                method=self.method,
                ys=None if ys is None else ys[source],
                reg=self.reg,
                reg_classes=self.reg_classes,
                reg_marginals=self.reg_marginals,
                max_iter=self.max_plan_iter,
            )
            yield source, target, plan

    def _classes_to_group(self, ys):
        """Return the classes of source rows where the plan depends on them."""
        if self.method != "group":
            return None
        require_labels(self, ys, "keeps classes apart with `method='group'`")
        check_classification_targets(ys)
        return column_or_1d(ys)
