"""Power spectra of series, and filters that change them."""

import numpy as np

_FLOOR = 1e-12  # of the largest power, below which a frequency counts as silent


def reference_spectra(source, target, reference):
    """Return the power spectra that two domains are to get.

    Parameters
    ----------
    source, target : ndarrays of shape (n_channels, n_frequencies)
        Power spectra of the domains.

    reference : {"source", "target", "barycenter"}
        Which of them, or what lies half way between them.

    Returns
    -------
    P : ndarray of shape (n_channels, n_frequencies)
    """
    if reference == "barycenter":
        return ((np.sqrt(source) + np.sqrt(target)) / 2) ** 2
    return source if reference == "source" else target


def power_spectra(X, n_per_segment):
    """Return the mean power spectrum of each channel, by the method of Welch.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_times, n_channels)
        Series of mean zero.

    n_per_segment : int
        Length of the segments, which overlap by half.

    Returns
    -------
    P : ndarray of shape (n_channels, n_per_segment // 2 + 1)
    """
    from scipy.signal import welch  # imports much that others do without

    power = welch(X, nperseg=n_per_segment, axis=1, detrend=False)[1]
    return power.mean(axis=0).T


def frequency_response(gain, n_times):
    """Return the gain at the frequencies of whole series.

    Parameters
    ----------
    gain : ndarray of shape (n_channels, n_frequencies)
        Positive gain at the frequencies of segments, evenly spaced.

    n_times : int
        Length of the series.

    Returns
    -------
    H : ndarray of shape (n_channels, n_times // 2 + 1)
        Interpolated in decibels, so that it stays positive.
    """
    coarse = np.linspace(0, 0.5, gain.shape[1])
    fine = np.fft.rfftfreq(n_times)
    return np.exp([np.interp(fine, coarse, channel) for channel in np.log(gain)])


def taps_response(gain, n_times):
    """Return the response of a filter with as many taps as a segment has times.

    Parameters
    ----------
    gain, n_times
        As in `frequency_response`.

    Returns
    -------
    H : complex ndarray of shape (n_channels, n_times // 2 + 1)
        Response of the inverse Fourier transform of the gain, centred at time zero.
    """
    n_taps = max(1, 2 * (gain.shape[1] - 1))
    places = np.arange(n_taps)
    places[n_taps - n_taps // 2 :] -= n_taps
    whole = np.zeros((len(gain), n_times))
    whole[:, places] = np.fft.irfft(gain, n_taps, axis=1)
    return np.fft.rfft(whole, axis=1)


FILTERS = {"interpolated": frequency_response, "taps": taps_response}


def apply_response(X, H):
    """Filter series about their means.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_times, n_channels)
        Series, which are taken to be periodic.

    H : ndarray of shape (n_channels, n_times // 2 + 1)
        Frequency response of each channel.

    Returns
    -------
    Z : ndarray of shape (n_samples, n_times, n_channels)
    """
    mean = X.mean(axis=1, keepdims=True)
    return np.fft.irfft(np.fft.rfft(X - mean, axis=1) * H.T, X.shape[1], axis=1) + mean


def aligning_response(X, reference, n_per_segment, max_iter, tol, respond):
    """Find the filter that gives series the power spectra of a reference.

    The gain starts as the root of the ratio of the spectra. Segments smear spectra, so
    that the spectra of the filtered series are somewhat off; the gain is corrected by
    what is left of the ratio until they agree.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_times, n_channels)
        Series of mean zero.

    reference : ndarray of shape (n_channels, n_frequencies)
        The power spectra to be reached.

    n_per_segment, max_iter : int
        Length of segments; largest number of filters that are tried.

    tol : float
        Relative error of the spectra that is good enough.

    respond : callable
        Returns the frequency response of whole series, given the gain at the
        frequencies of segments and the length of the series.

    Returns
    -------
    H : ndarray of shape (n_channels, n_times // 2 + 1)
        Frequency response of the best filter found.

    error : float
        Its largest relative error at frequencies that are not silent.

    n_iter : int
        Number of filters tried.
    """
    spectra = power_spectra(X, n_per_segment)
    loudest = np.maximum(reference, spectra).max(axis=1, keepdims=True)
    floor = np.where(loudest > 0, _FLOOR * loudest, 1)
    # Nothing can be made of a silent channel, which is left as it is.
    heard = spectra.max(axis=1, keepdims=True) > 0
    counts = heard & (reference > floor)
    gain, error = np.ones_like(spectra), np.inf
    for trial in range(1, max_iter + 1):
        n_iter = trial
        gain = gain * np.sqrt(
            np.where(heard, (reference + floor) / (spectra + floor), 1)
        )
        response = respond(gain, X.shape[1])
        spectra = power_spectra(apply_response(X, response), n_per_segment)
        ratio = np.divide(spectra, reference, out=np.ones_like(gain), where=counts)
        off = np.abs(ratio - 1).max()
        if off < error:
            H, error = response, off
        if error <= tol:
            break
    return H, error, n_iter
