"""Features of the frequencies of series: power in bands, and autocorrelation.

Arrays have the shape (n_series, n_channels, n_steps). The bands have equal widths on a
logarithmic scale, and are laid out once, for series of a given number of steps. That of
a longer series is finer, and its bands are the same frequencies.
"""

from itertools import pairwise

import numpy as np

from adapt.series._summary import centred

N_BANDS = 12
LAGS = (1, 2, 3, 5, 8, 13, 21, 34)


def band_edges(n_steps):
    """Return where bands begin and end, as numbers of the bins of a spectrum.

    Parameters
    ----------
    n_steps : int
        Number of steps of a series, whose spectrum has ``n_steps // 2 + 1`` bins.

    Returns
    -------
    edges : ndarray of shape (n_bands + 1,)
        At most `N_BANDS` bands, none empty; without the bin of frequency 0. A series
        of one step has none.
    """
    n_bins = n_steps // 2 + 1
    if n_bins < 2:
        return np.ones(1, dtype=int)
    return np.unique(np.round(np.geomspace(1, n_bins, N_BANDS + 1)).astype(int))


def lags(n_steps):
    """Return the lags of autocorrelations that series of some length have."""
    return [lag for lag in LAGS if lag < n_steps]


def _window(lengths, n_steps):
    """Return Hann's window for the length of each series."""
    t = np.arange(n_steps)
    ends = np.maximum(lengths - 1, 1)[:, None]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * t / ends)
    window[(lengths < 3)] = 1
    return np.where(t < lengths[:, None], window, 0)


def _power(D, lengths, n_fft):
    """Return the power at each frequency, for each observed step."""
    windowed = D * _window(lengths, D.shape[2])[:, None]
    spectrum = np.fft.rfft(windowed, n=n_fft, axis=2)
    return (spectrum.real**2 + spectrum.imag**2) / np.maximum(lengths, 2)[:, None, None]


def band_power(D, lengths, n_steps):
    """Return the mean power in each band, and centroid and entropy of the spectrum.

    Parameters
    ----------
    D : ndarray of shape (n_series, n_channels, any number of steps)
        Deviations from the mean, 0 where nothing was observed.

    lengths : ndarray of shape (n_series,)
        Number of steps of each series.

    n_steps : int
        For which the bands are laid out.

    Returns
    -------
    B : ndarray of shape (n_series, n_bands, n_channels)
        Power.

    centroid, entropy : ndarrays of shape (n_series, n_channels)
        Mean frequency, as a share of the highest, and entropy of the shares of power.
    """
    edges = band_edges(n_steps)
    n, n_channels = D.shape[:2]
    B = np.zeros((n, len(edges) - 1, n_channels))
    centroid, entropy = np.zeros((2, n, n_channels))
    if len(edges) == 1:
        return B, centroid, entropy
    # How much finer a spectrum has to be than the one that bands are laid out for.
    excess = np.maximum(np.ceil(lengths / n_steps), 1).astype(int)
    finer = 2 ** np.ceil(np.log2(excess)).astype(int)
    for factor in np.unique(finer):
        rows, n_fft = finer == factor, int(factor) * n_steps
        P = _power(D[rows][:, :, :n_fft], lengths[rows], n_fft)
        starts = edges[:-1] * factor
        counts = np.diff(np.r_[starts, P.shape[2]])
        sums = np.add.reduceat(P, starts, axis=2) / counts
        B[rows] = sums.swapaxes(1, 2)
        P = P[:, :, 1:]
        total = P.sum(axis=2, keepdims=True)
        share = np.divide(P, total, out=np.zeros_like(P), where=total > 0)
        centroid[rows] = share @ (np.arange(1, P.shape[2] + 1) / P.shape[2])
        entropy[rows] = -np.einsum("nct,nct->nc", share, np.log(share + 1e-12))
        entropy[rows] -= np.log(factor)
    return B, centroid, entropy


def autocorrelations(D, n_steps):
    """Return the autocorrelations of each channel at `lags`; 0 if it is constant."""
    total = np.einsum("nct,nct->nc", D, D)
    found = np.zeros((len(D), len(lags(n_steps)), D.shape[1]))
    for k, lag in enumerate(lags(n_steps)):
        products = np.einsum("nct,nct->nc", D[:, :, lag:], D[:, :, :-lag])
        np.divide(products, total, out=found[:, k], where=total > 0)
    return found


def power_floor(power):
    """Return a small power for each channel, which silence counts as.

    Parameters
    ----------
    power : ndarray of shape (n_channels,)
        Mean power.
    """
    mean = power.mean()
    return 1e-6 * power + 1e-12 * mean if mean > 0 else np.ones_like(power)


def spectrum(Z, lengths, n_steps, floor=None):
    """Return the features of the frequencies of series.

    Parameters
    ----------
    Z : ndarray of shape (n_series, n_channels, any number of steps)
        Series; NaN where a value is missing.

    lengths : ndarray of shape (n_series,)
        Number of steps of each series.

    n_steps : int
        For which bands and lags are laid out.

    floor : ndarray of shape (n_channels,)
        Added to powers before their logarithm is taken.

    Returns
    -------
    F : ndarray of shape (n_series, (n_bands + 2 + n_lags) * n_channels)
        NaN for a channel without a value.
    """
    D, mean, _, _ = centred(Z)
    B, centroid, entropy = band_power(D, lengths, n_steps)
    parts = [np.log(B + floor), centroid[:, None], entropy[:, None]]
    F = np.concatenate([*parts, autocorrelations(D, n_steps)], axis=1)
    F[np.broadcast_to(np.isnan(mean)[:, None], F.shape)] = np.nan
    return F.reshape(len(Z), -1)


def spectrum_names(channels, n_steps):
    """Return the names of the columns of `spectrum`; bands are in cycles a step."""
    edges = band_edges(n_steps)
    ends = np.r_[edges[:-1], n_steps // 2] / n_steps
    names = [f"power_{a:.3g}_{b:.3g}" for a, b in pairwise(ends)]
    names += ["spectral_centroid", "spectral_entropy"]
    names += [f"autocorrelation_{lag}" for lag in lags(n_steps)]
    return [f"{channel}__{name}" for name in names for channel in channels]
