"""The plan of least cost between two samples, on few edges at a time."""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from adapt._pot import import_pot


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
