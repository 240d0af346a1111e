"""Which channels of series are turned: a search over patterns of signs.

A pattern gives each channel the sign 1 or -1. A turned channel has its mean and its
skewness turned, and its correlations with channels that are not. Patterns are compared
by the energy distance of these statistics between two domains. Within a domain they
change nothing, so that only distances across domains are to be computed.
"""

from itertools import product

import numpy as np

from adapt.series._summary import centred, correlations, shapes

EXHAUSTIVE = 10  # channels, up to which all patterns are compared


def signed_statistics(values):
    """Return means, skewness and correlations of the channels of each series.

    Parameters
    ----------
    values : ndarray of shape (n_series, n_steps, n_channels)
        Series; NaN where a value is missing.

    Returns
    -------
    S : ndarray of shape (n_series, 2 * n_channels + pairs of channels)
        0 where a channel has no value.
    """
    D, mean, std, seen = centred(np.ascontiguousarray(values.swapaxes(1, 2)))
    S = [mean, shapes(D, std, seen)[0], correlations(D)]
    return np.nan_to_num(np.concatenate(S, axis=1))


def signs_of_statistics(signs):
    """Return the signs that statistics get where channels get ``signs``."""
    signs = np.asarray(signs)
    first, second = np.triu_indices(len(signs), 1)
    return np.concatenate([signs, signs, signs[first] * signs[second]])


def turned(signs, channel):
    """Return a pattern with the sign of one channel changed."""
    return (*signs[:channel], -signs[channel], *signs[channel + 1 :])


def first_guess(S, T, n_channels):
    """Return a pattern that fits the mean statistics of two domains.

    Products of the mean correlations of both domains are negative where one of two
    channels is turned. Their leading eigenvector tells the turned channels from the
    others, and the products of means and skewness which of the two groups is turned.
    """
    agreement = S.mean(axis=0) * T.mean(axis=0)
    alone = agreement[:n_channels] + agreement[n_channels : 2 * n_channels]
    M = np.zeros((n_channels, n_channels))
    M[np.triu_indices(n_channels, 1)] = agreement[2 * n_channels :]
    leading = np.linalg.eigh(M + M.T)[1][:, -1]
    signs = np.where(leading * (leading @ alone) < 0, -1, 1)
    return tuple(int(sign) for sign in signs)


class SignSearch:
    """Compare patterns of signs of the source by the distance to the target.

    Parameters
    ----------
    Xs, Xt : ndarrays of shape (n_series, n_steps, n_channels)
        Series of source and target.
    """

    def __init__(self, Xs, Xt):
        S, T = signed_statistics(Xs), signed_statistics(Xt)
        scale = np.sqrt((S.var(axis=0) + T.var(axis=0)) / 2)
        scale = np.where(scale > 0, scale, 1)
        self.n_channels = Xs.shape[2]
        self.S, self.T = S / scale, T / scale
        self._squares = (self.S**2).sum(axis=1)[:, None] + (self.T**2).sum(axis=1)
        self._inside = self._mean_inside(self.S) + self._mean_inside(self.T)
        self._known = {}

    @property
    def as_they_are(self):
        """Return the pattern that turns nothing."""
        return (1,) * self.n_channels

    @staticmethod
    def _mean_inside(A):
        squares = (A**2).sum(axis=1)
        distances = np.maximum(squares[:, None] + squares - 2 * A @ A.T, 0)
        return np.sqrt(distances).mean()

    def pairs(self, signs):
        """Return the distances of all pairs of a turned source and a target series."""
        products = (self.S * signs_of_statistics(signs)) @ self.T.T
        return np.sqrt(np.maximum(self._squares - 2 * products, 0))

    def distance(self, signs):
        """Return the energy distance of the domains if the source is so turned."""
        if signs not in self._known:
            self._known[signs] = float(2 * self.pairs(signs).mean() - self._inside)
        return self._known[signs]

    def gain(self, signs, other):
        """Return how much nearer a pattern is than another, in standard errors.

        Series are taken as independent.
        """
        gain = self.pairs(other) - self.pairs(signs)
        by_source, by_target = gain.mean(axis=1), gain.mean(axis=0)
        error = by_source.var() / len(self.S) + by_target.var() / len(self.T)
        return float(gain.mean() / np.sqrt(error)) if error > 0 else 0.0

    def nearest(self, beam):
        """Return the pattern of the least distance.

        Up to ten channels all patterns are compared. Beyond, channels are turned one
        after the other, and the ``beam`` best patterns of each round are kept.
        """
        if self.n_channels <= EXHAUSTIVE:
            patterns = product((1, -1), repeat=self.n_channels)
            return min(patterns, key=self.distance)
        best = [self.as_they_are, first_guess(self.S, self.T, self.n_channels)]
        nearest = min(best, key=self.distance)
        for _ in range(self.n_channels):
            reached = {turned(s, k) for s in best for k in range(self.n_channels)}
            new = sorted(reached - self._known.keys())
            if not new:
                break
            best = sorted(new, key=self.distance)[:beam]
            nearest = min(nearest, best[0], key=self.distance)
        return nearest

    def without_doubtful(self, signs, least):
        """Return a pattern that turns only channels whose turn is clearly nearer.

        ``least`` is the number of standard errors from which on it is.
        """
        for channel in np.flatnonzero(np.array(signs) < 0):
            back = turned(signs, int(channel))
            if self.gain(signs, back) < least:
                signs = back
        return signs
