"""Minimising what can only be evaluated: simultaneous perturbation.

Two evaluations estimate all derivatives at once, however many there are.
"""

from typing import NamedTuple

import numpy as np

__all__ = ["Descent", "minimise_spsa", "spsa_gradient"]

# Decay of steps and of perturbations, as Spall (1998) recommends.
_ALPHA, _GAMMA = 0.602, 0.101
_PROBES = 5  # gradients that set the size of the first step
_CHECKS = 20  # how often the mean of late iterates is evaluated
_LEAST = 2 * _PROBES + 4  # evaluations, below which nothing is tried


def spsa_gradient(loss, theta, step, signs):
    r"""Return an estimate of the gradient of a function, from two values of it.

    .. math::

        \hat g_i = \frac{L(\theta + c \Delta) - L(\theta - c \Delta)}{2 c \Delta_i}

    Its mean over independent random signs is the gradient, exactly if the function is
    quadratic.

    Parameters
    ----------
    loss : callable
        The function, of an array of shape (n_parameters,).

    theta : ndarray of shape (n_parameters,)
        Where.

    step : float
        The size :math:`c` of the perturbation.

    signs : ndarray of shape (n_parameters,)
        The perturbation :math:`\Delta`, symmetric about 0 and never 0.

    Returns
    -------
    gradient : ndarray of shape (n_parameters,)

    Examples
    --------
    >>> import numpy as np
    >>> from adapt.parameter_based._spsa import spsa_gradient
    >>> theta, signs = np.array([3.0]), np.array([1.0])
    >>> spsa_gradient(lambda x: x[0] ** 2, theta, 0.1, signs).round(9)
    array([6.])
    """
    up, down = loss(theta + step * signs), loss(theta - step * signs)
    return (up - down) / (2 * step * signs)


class Descent(NamedTuple):
    """Where a descent ended, how low that is, and whether it was interrupted."""

    theta: np.ndarray
    loss: float
    interrupted: bool


def minimise_spsa(
    loss,
    start,
    n_evaluations,
    rng,
    *,
    penalty=0.0,
    first_step=0.1,
    step=0.1,
    momentum=0.9,
):
    r"""Minimise a function by simultaneous perturbation with gradient correction.

    Gradients are those of `spsa_gradient`, at the point to which the last step would
    lead again (Nesterov's correction):

    .. math::

        m_{k+1} = \beta m_k - a_k \hat g(\theta_k + \beta m_k), \qquad
        \theta_{k+1} = \theta_k + m_{k+1}.

    Parameters
    ----------
    loss : callable
        The function, of an array of shape (n_parameters,).

    start : ndarray of shape (n_parameters,)
        Where to begin.

    n_evaluations : int
        How often the function may be called at most.

    rng : RandomState
        Draws the perturbations.

    penalty : float, default=0.0
        The sum of squares times half of this is added to the function. Its gradient is
        known and costs no evaluation.

    first_step : float, default=0.1
        How far the first steps may move a parameter, once momentum is gathered.

    step : float, default=0.1
        Size of the first perturbation.

    momentum : float, default=0.9
        The share :math:`\beta` of the last step that is kept.

    Returns
    -------
    descent : Descent
        The mean of late iterates, at the time when it was lowest; or `start`, if it
        was never lower. An interruption from the keyboard ends the search, and leaves
        what was best until then.
    """

    def whole(theta):
        return loss(theta) + penalty / 2 * theta @ theta

    best = Descent(start, np.inf, False)
    if n_evaluations < _LEAST:
        return best
    try:
        best = Descent(start, whole(start), False)
        for mean in _means(
            loss, start, n_evaluations - 1, rng, penalty, first_step, step, momentum
        ):
            found = whole(mean)
            if found < best.loss:
                best = Descent(mean, found, False)
    except KeyboardInterrupt:
        return best._replace(interrupted=True)
    return best


def _means(loss, start, n_evaluations, rng, penalty, first_step, step, momentum):
    """Yield the mean of the later half of the iterates, a number of times."""
    n = len(start)

    def gradient(theta, c):
        signs = rng.choice([-1.0, 1.0], n)
        return spsa_gradient(loss, theta, c, signs) + penalty * theta

    sizes = [np.abs(gradient(start, step)).mean() for _ in range(_PROBES)]
    checks = min(_CHECKS, max(1, n_evaluations // 20))
    n_steps = (n_evaluations - 2 * _PROBES - checks) // 2
    stability = 0.1 * n_steps + 1
    size = first_step * (1 - momentum) / max(np.mean(sizes), 1e-12)
    marks = set(np.linspace(0, n_steps, checks + 1).astype(int)[1:].tolist())
    theta, m, path = start.copy(), np.zeros(n), []
    for k in range(1, n_steps + 1):
        a = size * (stability / (k + stability)) ** _ALPHA
        m = momentum * m - a * gradient(theta + momentum * m, step / k**_GAMMA)
        theta = theta + m
        path.append(theta)
        if k in marks:
            yield np.mean(path[k // 2 :], axis=0)
