"""Plans of optimal transport between the rows of two samples.

A plan says how much of the mass of each source row goes to each target row. The
solvers are those of POT, which is imported when a plan is asked for.
"""

import os
import sys
import warnings
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from adapt._sklearn import Interval, StrOptions
from adapt.base import MetaAdapter
from adapt.base._estimators import takes_sample_weight

METHODS = ("emd", "sinkhorn", "group", "unbalanced")

_FRAMEWORKS = {
    "torch": "POT_BACKEND_DISABLE_PYTORCH",
    "jax": "POT_BACKEND_DISABLE_JAX",
    "cupy": "POT_BACKEND_DISABLE_CUPY",
    "tensorflow": "POT_BACKEND_DISABLE_TENSORFLOW",
}
# Beyond this the exponentials of a plain Sinkhorn iteration leave the range of floats.
_LARGEST_EXPONENT = 200


def import_pot():
    """Return the module `ot`, loaded without frameworks that nobody has loaded yet.

    On import POT loads every deep learning framework that it finds, which takes seconds
    and memory, and prints. Plans of arrays need none of them.
    """
    unused = [name for key, name in _FRAMEWORKS.items() if key not in sys.modules]
    switches = [name for name in unused if name not in os.environ]
    os.environ.update(dict.fromkeys(switches, "1"))
    try:
        import ot
    except ImportError as error:
        raise ImportError(
            "Optimal transport needs POT: pip install 'adapt-learn[ot]'."
        ) from error
    finally:
        for name in switches:
            del os.environ[name]
    return ot


def transport_cost(Xs, Xt):
    """Return what it costs to move each source row to each target row.

    Parameters
    ----------
    Xs, Xt : ndarrays of shape (n_source, n_features) and (n_target, n_features)
        Rows.

    Returns
    -------
    C : ndarray of shape (n_source, n_target)
        Squared Euclidean distances in units of their mean, so that they do not depend
        on the units of the rows.
    """
    origin = Xt.mean(axis=0, dtype=np.float64)  # near it, distances lose no digits
    C = euclidean_distances(Xs - origin, Xt - origin, squared=True)
    mean = C.mean()
    if mean > 0:
        C /= mean
    return C


def _staircase(a, b):
    """Return edges on which the masses ``a`` can go to ``b``: along both orders."""
    ends = np.sort(np.concatenate([a.cumsum() / a.sum(), b.cumsum() / b.sum()]))
    middles = (np.append(0, ends[:-1]) + ends) / 2
    return tuple(
        np.minimum(np.searchsorted(mass.cumsum() / mass.sum(), middles), len(mass) - 1)
        for mass in (a, b)
    )


def cheapest_edges(C, a, b, n_neighbors=10):
    """Return where an optimal plan is likely to be positive.

    Parameters
    ----------
    C : ndarray of shape (n_source, n_target)
        Costs.

    a, b : ndarrays of shape (n_source,) and (n_target,)
        Masses, of the same sum.

    n_neighbors : int, default=10
        How many of the cheapest ways are looked at for each row, in both directions.

    Returns
    -------
    edges : ndarray of bool of shape (n_source, n_target)
        True on these, and on the ways of one plan, so that there is one.
    """
    edges = np.zeros(C.shape, dtype=bool)
    # Costs less what every plan has to pay for a row show which rows suit each other.
    rest = C - C.min(axis=1, keepdims=True)
    rest -= rest.min(axis=0)
    for kept, costs in (edges, rest), (edges.T, rest.T):
        k = min(n_neighbors, costs.shape[1] - 1)
        near = np.argpartition(costs, k, axis=1)[:, : k + 1]
        np.put_along_axis(kept, near, True, axis=1)
    edges[_staircase(a, b)] = True
    return edges


class ExactTransport(NamedTuple):
    """A plan of least cost, with the potentials that prove it: C >= u + v."""

    plan: sparse.csr_array
    u: np.ndarray
    v: np.ndarray

    def edges(self, C, n_neighbors=6):
        """Return where the plan is likely to be positive if the costs change to C."""
        rest = C - self.u[:, np.newaxis] - self.v
        rest -= rest.min(axis=0)
        sample = rest.ravel()[:: 1 + rest.size // 100_000]
        share = min(1.0, n_neighbors / min(C.shape))
        edges = rest <= np.quantile(sample, share)
        edges[self.plan.nonzero()] = True
        return edges


def exact_transport(C, a, b, before=None, *, gap=0.0, max_iter=1_000_000):
    """Return the plan of least cost.

    The problem is solved on few edges first. Its dual solution tells on which others
    the plan could become cheaper; they are added until there are none, so that the
    plan is optimal among all.

    Parameters
    ----------
    C : ndarray of shape (n_source, n_target)
        Costs.

    a, b : ndarrays of shape (n_source,) and (n_target,)
        Masses, positive and of the same sum.

    before : ExactTransport, default=None
        The solution for the same masses and costs that are alike, to start from.

    gap : float, default=0.0
        The plan may cost more than the cheapest by this share.

    max_iter : int, default=1_000_000
        Largest number of pivots of the network simplex.

    Returns
    -------
    transport : ExactTransport
        Its plan has no more than ``n_source + n_target - 1`` positive entries.
    """
    ot = import_pot()
    edges = cheapest_edges(C, a, b) if before is None else before.edges(C)
    tolerance = 1e-12 * np.abs(C).max()
    while True:
        i, j = np.divmod(np.flatnonzero(edges), C.shape[1])
        costs = sparse.coo_array((C[i, j], (i, j)), shape=C.shape)
        plan, log = ot.emd(
            a, b, costs, numItermax=max_iter, log=True, center_dual=False
        )
        u, v = log["u"], log["v"]
        rest = C - u[:, np.newaxis]
        better = rest < v - tolerance
        better &= ~edges  # the solver has a tolerance of its own
        # Lowered to the least of its column, v is feasible, and its value is a bound.
        excess = np.maximum(v - rest.min(axis=0), 0)
        done = not better.any() or b @ excess <= gap * abs(log["cost"])
        if log["warning"] is not None or done:
            return ExactTransport(sparse.csr_array(plan), u, v)
        edges |= better


def _shortened(C, reg):
    """Return costs with about the same plan, none of them far beyond ``reg``.

    What all pairs of a row or of a column cost alike changes no plan that keeps masses.
    Of the rest, pairs that are too dear to get any mass need no exact cost.
    """
    rest = C - C.min(axis=1, keepdims=True)
    rest -= rest.min(axis=0)
    return np.minimum(rest, _LARGEST_EXPONENT * reg)


def transport_plan(
    C,
    a=None,
    b=None,
    *,
    method="emd",
    ys=None,
    reg=0.1,
    reg_classes=0.1,
    reg_marginals=0.5,
    max_iter=1000,
):
    r"""Return how much mass goes from each source row to each target row.

    Parameters
    ----------
    C : ndarray of shape (n_source, n_target)
        Costs, as from `transport_cost`.

    a, b : ndarrays of shape (n_source,) and (n_target,), default=None
        Masses of the rows, each of sum one. If None, the same for all rows.

    method : {"emd", "sinkhorn", "group", "unbalanced"}, default="emd"
        "emd": the plan of least cost :math:`\langle G, C \rangle`. "sinkhorn": of least
        :math:`\langle G, C \rangle + \epsilon \sum_{ij} G_{ij} \ln G_{ij}`. "group":
        with a penalty added for target rows that get mass from several classes,
        :math:`\eta \sum_j \sum_c \lVert G_{I_c j} \rVert_2`, where :math:`I_c` are the
        source rows of class c. "unbalanced": "sinkhorn", but masses may differ from
        `a` and `b`, at the price of the Kullback-Leibler divergences times
        :math:`\rho`.

    ys : ndarray of shape (n_source,), default=None
        Classes of the source rows, for "group".

    reg : float, default=0.1
        :math:`\epsilon`, in units of C. For "group" and "unbalanced" costs beyond 200
        times this (above the least of their row and column for "group") count as that.

    reg_classes : float, default=0.1
        :math:`\eta`, in units of C.

    reg_marginals : float, default=0.5
        :math:`\rho`, in units of C.

    max_iter : int, default=1000
        Largest number of Sinkhorn iterations; for "emd" there are a thousand times as
        many pivots.

    Returns
    -------
    plan : ndarray of shape (n_source, n_target)
        Its sum is one, except for "unbalanced".

    Raises
    ------
    ValueError
        If the iteration leaves the range of floats.

    Warns
    -----
    ConvergenceWarning
        If `max_iter` iterations were not enough.

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.feature_based import transport_plan
    >>> transport_plan(np.array([[0.0, 1.0], [0.2, 0.0]]))
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    ot = import_pot()
    a, b = (
        np.full(n, 1 / n) if mass is None else mass
        for n, mass in zip(C.shape, (a, b), strict=True)
    )
    far = C.max() > _LARGEST_EXPONENT * reg
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if method == "emd":
            plan = exact_transport(C, a, b, max_iter=1000 * max_iter).plan.toarray()
        elif method == "sinkhorn":
            domain = "sinkhorn_log" if far else "sinkhorn"
            plan = ot.sinkhorn(a, b, C, reg, method=domain, numItermax=max_iter)
        elif method == "group":
            codes = np.unique(ys, return_inverse=True)[1]
            C = _shortened(C, reg) if far else C
            plan = ot.da.sinkhorn_l1l2_gl(
                a, codes, b, C, reg, reg_classes, numInnerItermax=max_iter
            )
        else:
            domain, cap = "sinkhorn", _LARGEST_EXPONENT * reg
            if far and cap >= 10 * reg_marginals:
                C = np.minimum(C, cap)  # no mass goes further: it is rather given up
            elif far:
                domain = "sinkhorn_stabilized"
            plan = ot.unbalanced.sinkhorn_unbalanced(
                a, b, C, reg, reg_marginals, method=domain, numItermax=max_iter
            )
    broken = any("numerical error" in str(each.message).lower() for each in caught)
    total = plan.sum()  # of what is not negative: finite if all is
    if broken or not np.isfinite(total) or total == 0:
        raise ValueError(
            f"The transport plan left the range of floats: the largest cost is "
            f"{C.max() / reg:.3g} times `reg`. Raise `reg`, or scale the columns and "
            "remove outliers first."
        )
    for each in caught:
        if each.category is UserWarning:
            warnings.warn(
                f"No exact transport plan after {max_iter} iterations. Raise the "
                f"largest number of them, or `reg`. POT says: {each.message}",
                ConvergenceWarning,
                stacklevel=2,
            )
            break
    return plan


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
    Xt, weight = domains.Xt, domains.target_weight
    inner = adapter.estimator
    if (shares.max(axis=1) == 1).all() or not (
        inner is None or takes_sample_weight(inner)
    ):
        adapter._fit_estimator(
            Xt, classes[shares.argmax(axis=1)], domains, sample_weight=weight
        )
        return
    row, label = np.nonzero(shares > 1e-6)
    weight = shares[row, label] * (1 if weight is None else weight[row])
    adapter._fit_estimator(Xt[row], classes[label], domains, sample_weight=weight)


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
        if ys is None:
            raise ValueError(
                "requires y to be passed, but the target y is None: "
                f"{type(self).__name__} with method='group' keeps classes apart."
            )
        check_classification_targets(ys)
        return column_or_1d(ys)
