"""Features of series against their definitions, written out."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from adapt.series import SeriesFeatures
from adapt.series._random_convolutions import Convolution, convolve
from adapt.series._spectrum import LAGS, band_edges
from adapt.series._summary import OF_CHANNELS, QUANTILES


def gappy(n=5, T=40, C=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, T, C)).cumsum(axis=1) + 3
    X[1, 30:] = np.nan
    X[2, 3:6, 1] = np.nan
    X[3, 0, 0] = np.nan
    return X


def table(X, features, **params):
    made = SeriesFeatures(features, **params).set_output(transform="pandas")
    return made.fit_transform(X)


def naive_summary(x):
    """Return the features of the values of one channel of one series."""
    t = np.flatnonzero(~np.isnan(x))
    v = x[t]
    step = np.diff(x)
    step = step[~np.isnan(step)]
    above = np.where(np.isnan(x), np.nan, x > v.mean())
    crossed = np.abs(np.diff(above))
    return {
        "mean": v.mean(),
        "std": v.std(),
        **{name: np.quantile(v, q) for name, q in QUANTILES.items()},
        "slope": stats.linregress(t, v).slope * len(v),
        "mean_abs_change": np.abs(step).mean(),
        "std_change": step.std(),
        "skewness": stats.skew(v),
        "kurtosis": stats.kurtosis(v, fisher=False),
        "crossings": np.nanmean(crossed),
        "first": v[0],
        "last": v[-1],
    }


def test_summary_is_that_of_each_channel_by_itself():
    X = gappy()
    made = table(X, "summary")
    for i, x in enumerate(X):
        for c in range(X.shape[2]):
            expected = naive_summary(x[:, c])
            assert set(expected) == set(OF_CHANNELS)
            for name, value in expected.items():
                got = made[f"channel_{c}__{name}"][i]
                np.testing.assert_allclose(got, value, atol=1e-9, err_msg=name)


def test_correlations_are_those_of_channels():
    X = gappy()
    made = table(X, "summary")
    full = np.corrcoef(X[0].T)
    assert made["channel_0__channel_2__correlation"][0] == pytest.approx(full[0, 2])
    whole = np.corrcoef(X[1, :30].T)
    assert made["channel_1__channel_2__correlation"][1] == pytest.approx(whole[1, 2])


def naive_spectrum(x, n_steps):
    """Return log powers of bands, centroid, entropy and autocorrelations."""
    x = x[~np.isnan(x)]
    d = x - x.mean()
    power = np.abs(np.fft.rfft(d * np.hanning(len(x)), n=n_steps)) ** 2 / len(x)
    edges = band_edges(n_steps)
    bands = [power[a:b].mean() for a, b in pairwise(edges)]
    share = power[1:] / power[1:].sum()
    frequency = np.arange(1, len(power)) / (len(power) - 1)
    lagged = [d[lag:] @ d[:-lag] / (d @ d) for lag in LAGS if lag < n_steps]
    return np.log(bands), share @ frequency, -share @ np.log(share + 1e-12), lagged


def test_spectrum_is_that_of_each_channel_by_itself():
    X = gappy()[:2]
    made = table(X, "spectrum")
    for i, x in enumerate(X):
        for c in range(X.shape[2]):
            expected = np.hstack(naive_spectrum(x[:, c], 40))
            got = made.filter(like=f"channel_{c}__").to_numpy()[i]
            np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("period", [4, 10, 25])
def test_the_band_of_a_sine_has_the_power(period):
    t = np.arange(200)
    X = np.sin(2 * np.pi * t / period)[None, :, None]
    powers = table(X, "spectrum").filter(like="power").iloc[0]
    low, high = map(float, powers.idxmax().split("_")[-2:])
    assert low - 0.003 <= 1 / period <= high + 0.003


def test_a_delay_leaves_the_spectrum():
    t = np.arange(200)
    X = np.stack([np.sin(0.4 * (t - delay)) for delay in (0, 3, 11)])[:, :, None]
    made = table(X, "spectrum").filter(like="power").to_numpy()
    loud = made[0] > made[0].max() - 5
    np.testing.assert_allclose(made[1:, loud], made[:1, loud].repeat(2, 0), atol=0.05)
    summary = table(X, "summary")
    assert summary["channel_0__first"].std() > 0.1


def test_features_of_a_series_depend_on_no_other_and_on_no_padding():
    X = gappy(30)
    model = SeriesFeatures().fit(X)
    whole = model.transform(X)
    for i in (0, 1, 2):
        np.testing.assert_allclose(model.transform(X[i : i + 1])[0], whole[i])
    longer = np.pad(X, [(0, 0), (0, 50), (0, 0)], constant_values=np.nan)
    longer[4, 40:] = 0.0
    again = model.transform(longer)
    np.testing.assert_allclose(np.delete(again, 4, 0), np.delete(whole, 4, 0))
    assert np.isfinite(again).all()


def test_bands_of_a_longer_series_are_the_same_frequencies():
    t = np.arange(400)
    for frequency in (0.03, 0.1, 0.3):
        X = np.sin(2 * np.pi * frequency * t)[None, :, None]
        model = SeriesFeatures("spectrum").fit(X[:, :100])
        bands = [name.count("power") for name in model.get_feature_names_out()].count(1)
        short, long = (model.transform(X[:, :n])[0, :bands] for n in (100, 400))
        assert short.argmax() == long.argmax()


def test_constant_channels_and_short_series_are_finite():
    X = np.full((4, 6, 2), 7.3)
    X[1, :, 0] = np.arange(6)
    for n in (1, 2, 3, 6):
        made = table(X[:, :n], ("summary", "spectrum", "rocket"), random_state=0)
        assert np.isfinite(made).all(axis=None)
    assert (table(X, "summary").filter(like="correlation") == 0).all(axis=None)


def test_a_channel_without_a_value_is_missing_and_no_other():
    X = gappy()
    X[0, :, 1] = np.nan
    made = table(X, ("summary", "spectrum"))
    missing = made.columns[made.iloc[0].isna()]
    assert len(missing)
    assert missing.str.startswith("channel_1__").all()
    assert made.iloc[1:].notna().all(axis=None)


def test_a_scaled_channel_changes_scales_alone():
    X = gappy()
    plain, scaled = table(X, "spectrum"), table(X * [1, 1000, 1], "spectrum")
    power = plain.columns.str.contains("channel_1__power")
    np.testing.assert_allclose(
        scaled.loc[:, power],
        plain.loc[:, power] + 2 * np.log(1000),
        rtol=1e-3,
        atol=1e-3,
    )
    np.testing.assert_allclose(
        scaled.loc[:, ~power], plain.loc[:, ~power], rtol=1e-3, atol=1e-3
    )


def test_stretching_makes_lengths_unseen():
    X = np.full((2, 80, 1), np.nan)
    X[0, :, 0] = np.sin(np.arange(80) / 79 * 9)
    X[1, :40, 0] = np.sin(np.arange(40) / 39 * 9)
    model = SeriesFeatures(n_steps="median").fit(X)
    assert model.n_steps_ == 60
    made = model.transform(X)
    np.testing.assert_allclose(made[0], made[1], atol=0.3)
    plain = SeriesFeatures().fit_transform(X)
    assert np.abs(plain[0] - plain[1]).max() > 0.5


# ------------------------------------------------------------- random convolutions


@pytest.mark.parametrize("pads", [True, False])
@pytest.mark.parametrize("dilation", [1, 2])
def test_convolutions_are_sums_of_nine_products(dilation, pads):
    X = np.random.default_rng(0).normal(size=(3, 2, 30))
    kernel, channels = np.array([0, 4, 5]), np.array([0, 1])
    weights = np.full(9, -1.0)
    weights[kernel] = 2
    reach = 4 * dilation
    x = np.pad(X.sum(axis=1), [(0, 0), (reach, reach)])
    expected = np.array(
        [
            [sum(weights[j] * row[s + j * dilation] for j in range(9)) for s in steps]
            for row in x
            for steps in [range(30)]
        ]
    )
    if not pads:
        expected = expected[:, reach:-reach]
    out = convolve(X, Convolution(kernel, dilation, channels, pads, None))
    np.testing.assert_allclose(out, expected, atol=1e-12)


def test_random_convolutions_tell_where_a_pattern_is_rare():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 60, 2))
    y = np.arange(80) % 2
    for i in np.flatnonzero(y):
        at = rng.integers(50)
        X[i, at : at + 9, 0] += [0, 3, -3, 3, -3, 3, -3, 3, 0]
    made = SeriesFeatures("rocket", random_state=0).fit(X[:40])
    assert made.transform(X).shape == (80, 840)
    assert clone(made).fit(X[:40]).transform(X).tolist() == made.transform(X).tolist()
    gap = made.transform(X[y == 1]).mean(axis=0) - made.transform(X[y == 0]).mean(0)
    null = made.transform(X[:40:2]).mean(axis=0) - made.transform(X[40::2]).mean(0)
    assert np.abs(gap).max() > 3 * np.abs(null).mean()


# -------------------------------------------------------------------------- errors


def test_bad_parameters_and_other_channels_are_refused():
    X = gappy()
    with pytest.raises(ValueError, match="`features` must name some of"):
        SeriesFeatures(("summary", "wavelets")).fit(X)
    with pytest.raises(ValueError, match="2 channels, but SeriesFeatures was fitted"):
        SeriesFeatures().fit(X).transform(X[:, :, :2])


@parametrize_with_checks([SeriesFeatures()])
def test_scikit_learn(estimator, check):
    check(estimator)
