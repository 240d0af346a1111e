"""Plans of optimal transport between the rows of two samples.

A plan says how much of the mass of each source row goes to each target row. The
solvers are those of POT.
"""

import warnings
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics.pairwise import euclidean_distances

from adapt._pot import import_pot
from adapt.feature_based._exact_transport import exact_transport

# Beyond this the exponentials of a plain Sinkhorn iteration leave the range of floats.
_LARGEST_EXPONENT = 200


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


def _shortened(C, reg):
    """Return costs with about the same plan, none of them far beyond ``reg``.

    What all pairs of a row or of a column cost alike changes no plan that keeps masses.
    Of the rest, pairs that are too dear to get any mass need no exact cost.
    """
    rest = C - C.min(axis=1, keepdims=True)
    rest -= rest.min(axis=0)
    return np.minimum(rest, _LARGEST_EXPONENT * reg)


class Settings(NamedTuple):
    """What plans depend on beside costs and masses; see `transport_plan`."""

    ys: np.ndarray | None
    reg: float
    reg_classes: float
    reg_marginals: float
    max_iter: int


def _is_far(C, reg):
    """Return whether some exponential of the plain iteration would vanish."""
    return C.max() > _LARGEST_EXPONENT * reg


def _emd(C, a, b, how):
    return exact_transport(C, a, b, max_iter=1000 * how.max_iter).plan.toarray()


def _sinkhorn(C, a, b, how):
    domain = "sinkhorn_log" if _is_far(C, how.reg) else "sinkhorn"
    return import_pot().sinkhorn(
        a, b, C, how.reg, method=domain, numItermax=how.max_iter
    )


def _group(C, a, b, how):
    codes = np.unique(how.ys, return_inverse=True)[1]
    C = _shortened(C, how.reg) if _is_far(C, how.reg) else C
    return import_pot().da.sinkhorn_l1l2_gl(
        a, codes, b, C, how.reg, how.reg_classes, numInnerItermax=how.max_iter
    )


def _unbalanced(C, a, b, how):
    domain, cap = "sinkhorn", _LARGEST_EXPONENT * how.reg
    if _is_far(C, how.reg) and cap >= 10 * how.reg_marginals:
        C = np.minimum(C, cap)  # no mass goes further: it is rather given up
    elif _is_far(C, how.reg):
        domain = "sinkhorn_stabilized"
    return import_pot().unbalanced.sinkhorn_unbalanced(
        a, b, C, how.reg, how.reg_marginals, method=domain, numItermax=how.max_iter
    )


METHODS = {
    "emd": _emd,
    "sinkhorn": _sinkhorn,
    "group": _group,
    "unbalanced": _unbalanced,
}


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
        What it costs to move each source row to each target row, such as squared
        distances in units of their mean.

    a, b : ndarrays of shape (n_source,) and (n_target,), default=None
        Masses of the rows, each of sum one. If None, the same for all rows.

    method : {"emd", "sinkhorn", "group", "unbalanced"}, default="emd"
        "emd": the plan of least cost :math:`\langle G, C \rangle`. "sinkhorn": of least
        :math:`\langle G, C \rangle + \epsilon \sum_{ij} G_{ij} \ln G_{ij}`. "group":
        with a penalty added for target rows that get mass from several classes,
        :math:`\eta \sum_j \sum_c \lVert G_{I_c j} \rVert_2`, where :math:`I_c` are the
        source rows of class c. "unbalanced": of least :math:`\langle G, C \rangle +
        \epsilon \, KL(G | a b^T) + \rho \, (KL(G 1 | a) + KL(G^T 1 | b))`, whose masses
        may differ from `a` and `b`, with the divergence :math:`KL(p | q) = \sum_i p_i
        \ln (p_i / q_i) - p_i + q_i`.

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
    import_pot()  # its own warnings are not about the plan
    a, b = (
        np.full(n, 1 / n) if mass is None else mass
        for n, mass in zip(C.shape, (a, b), strict=True)
    )
    how = Settings(ys, reg, reg_classes, reg_marginals, max_iter)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        plan = METHODS[method](C, a, b, how)
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
