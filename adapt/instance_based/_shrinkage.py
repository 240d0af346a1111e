r"""Weights shrunk towards one, by as much of them as is noise.

Of weights :math:`w = 1 + u` a share stays, :math:`w_a = 1 + a u`. Up to a constant,
their mean squared distance to the ratio of densities is twice

.. math:: J(a) = \frac12 E_s[(1 + a u)^2] - E_t[1 + a u],

which is least at :math:`a = (E_t[u] - E_s[u]) / E_s[u^2]`. Where the averages are over
rows that had no part in the weights, noise does not count for a shift.
"""

from numbers import Real

import numpy as np

from adapt._sklearn import Interval, StrOptions
from adapt.base import RatioAdapter

SHRINKAGE = [Interval(Real, 0, 1, closed="both"), StrOptions({"auto"})]


def best_shrinkage(weights, at_source, at_target):
    """Return the share of one by which weights are nearest to the ratio of densities.

    Parameters
    ----------
    weights : ndarray of shape (n_samples,)
        Weights of source rows, in units of their mean.

    at_source, at_target : float
        Mean weights at rows of the source and of the target that had no part in them.

    Returns
    -------
    shrinkage : float
        ``1 - a``, with a between 0 and 1; 0 if all weights are one.
    """
    square = np.mean(np.square(weights - 1))
    if square == 0:
        return 0.0
    return float(1 - np.clip((at_target - at_source) / square, 0, 1))


def shrunk(weights, shrinkage):
    """Return weights brought nearer to one."""
    return shrinkage + (1 - shrinkage) * weights


class ShrunkRatioAdapter(RatioAdapter):
    """Weigh source rows by a ratio that is shrunk towards one.

    A subclass has a parameter `shrinkage`, and stores `shrinkage_` in `_fit_ratio`.
    """

    _parameter_constraints: dict = {
        **RatioAdapter._parameter_constraints,
        "shrinkage": SHRINKAGE,
    }

    def _from_log(self, log_ratio):
        return shrunk(super()._from_log(log_ratio), self.shrinkage_)
