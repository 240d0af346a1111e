"""Alignment of channels of two domains: planted maps are found, and nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import config_context
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from adapt.datasets import load_watch
from adapt.discovery import all_adapters
from adapt.feature_based import CORAL
from adapt.series import (
    ChannelScaler,
    ChannelSigns,
    EuclideanAlignment,
    SeriesFeatures,
    as_series,
)
from adapt.series._sign_search import SignSearch, signed_statistics, turned

SERIES = [cls for _, cls in all_adapters("series")]


def series(rng, n=60, T=30, C=4, mixing=None):
    """Return series of correlated channels, each with a level of its own."""
    mixing = np.random.default_rng(C).normal(size=(C, C)) if mixing is None else mixing
    levels = np.random.default_rng(C + 1).normal(size=C)
    return rng.normal(size=(n, T, C)) @ mixing + levels * (1 + rng.random((n, 1, 1)))


def labelled(rng, n=60):
    y = np.arange(n) % 2
    X = series(rng, n)
    X[y == 1] *= [1, 2, 1, 1]
    return X, y


# --------------------------------------------------------------------------- signs


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from([-1, 1]), min_size=2, max_size=6), st.integers(0, 99))
def test_planted_signs_are_found(signs, seed):
    rng = np.random.default_rng(seed)
    Xs, Xt = series(rng, C=len(signs)), series(rng, C=len(signs))
    model = ChannelSigns().fit(Xs * signs, Xt=Xt)
    assert model.signs_.tolist() == signs
    np.testing.assert_array_equal(model.transform(Xs * signs, sample_domain=0), Xs)
    np.testing.assert_array_equal(model.transform(Xt), Xt)
    assert bool(model.finding_) == (-1 in signs)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 7), st.integers(0, 99), st.booleans())
def test_without_a_turn_nothing_is_turned(C, seed, noise):
    rng = np.random.default_rng(seed)
    Xs, Xt = (
        rng.normal(size=(50, 20, C)) if noise else series(rng, C=C) for _ in range(2)
    )
    model = ChannelSigns().fit(Xs, Xt=Xt)
    assert (model.signs_ == 1).all()
    assert model.finding_ == ""


@pytest.mark.parametrize("seed", range(4))
def test_many_channels_are_searched_by_a_beam(seed):
    rng = np.random.default_rng(seed)
    signs = rng.choice([-1, 1], 20)
    Xs, Xt = series(rng, n=80, C=20), series(rng, n=80, C=20)
    model = ChannelSigns(beam=4).fit(Xs * signs, Xt=Xt)
    assert model.signs_.tolist() == signs.tolist()


def test_the_distance_is_the_energy_distance_of_statistics():
    from scipy.spatial.distance import cdist

    rng = np.random.default_rng(0)
    Xs, Xt = series(rng, 9), series(rng, 11)
    search, signs = SignSearch(Xs, Xt), (1, -1, -1, 1)
    S, T = signed_statistics(Xs), signed_statistics(Xt)
    scale = np.sqrt((S.var(axis=0) + T.var(axis=0)) / 2)
    S, T = signed_statistics(Xs * signs) / scale, T / scale
    expected = 2 * cdist(S, T).mean() - cdist(S, S).mean() - cdist(T, T).mean()
    assert search.distance(signs) == pytest.approx(expected)
    best = min(search._known | {signs: 0}, key=search.distance)
    assert search.distance(search.nearest(8)) <= search.distance(best)


def test_what_is_unsure_is_a_finding_and_no_turn():
    rng = np.random.default_rng(0)
    Xs, Xt = series(rng), series(rng) * [1, 1, 1, -1]
    Xt += [40 * np.sign(Xs[:, :, 0].mean()), 0, 0, 0]
    model = ChannelSigns().fit(Xs, Xt=Xt)
    assert (model.signs_ == 1).all()
    assert model.nearest_signs_.tolist() == [1, 1, 1, -1]
    assert "Channels 3 look turned" in model.finding_
    sure = ChannelSigns(threshold=1).fit(Xs, Xt=Xt)
    assert sure.signs_.tolist() == [1, 1, 1, -1]


def test_a_symmetric_channel_stays():
    rng = np.random.default_rng(0)
    Xs, Xt = (
        np.concatenate([series(rng), rng.normal(size=(60, 30, 1))], axis=2)
        for _ in range(2)
    )
    model = ChannelSigns().fit(Xs * [-1, -1, 1, 1, -1], Xt=Xt)
    assert model.signs_.tolist() == [-1, -1, 1, 1, 1]


def test_turned_changes_one_sign():
    assert turned((1, 1, -1), 1) == (1, -1, -1)


# ---------------------------------------------------------- scales and covariances


def test_scaled_channels_have_mean_zero_and_variance_one_in_each_domain():
    rng = np.random.default_rng(0)
    Xs, Xt = series(rng), series(rng) * 5 - 3
    Xt[3, 20:] = np.nan
    model = ChannelScaler().fit(Xs, Xt=Xt)
    for X, domain in [(Xs, 0), (Xt, -1)]:
        Z = model.transform(X, sample_domain=domain)
        np.testing.assert_allclose(np.nanmean(Z, axis=(0, 1)), 0, atol=1e-12)
        np.testing.assert_allclose(np.nanstd(Z, axis=(0, 1)), 1)
        np.testing.assert_array_equal(np.isnan(Z), np.isnan(X))


def test_gain_and_offset_of_channels_are_undone():
    rng = np.random.default_rng(0)
    Xs, Xt = series(rng), series(rng)
    plain = ChannelScaler().fit(Xs, Xt=Xt)
    moved = ChannelScaler().fit(Xs, Xt=Xt * [1, 10, 0.1, 3] + [0, 5, 5, 0])
    np.testing.assert_allclose(
        moved.transform(Xt * [1, 10, 0.1, 3] + [0, 5, 5, 0]), plain.transform(Xt)
    )


def test_whitened_channels_have_covariance_one_in_each_domain():
    rng = np.random.default_rng(0)
    Xs, Xt = series(rng), series(rng) @ rng.normal(size=(4, 4))
    model = EuclideanAlignment().fit(Xs, Xt=Xt)
    for X, domain in [(Xs, 0), (Xt, -1)]:
        Z = model.transform(X, sample_domain=domain).reshape(-1, 4)
        np.testing.assert_allclose(np.cov(Z.T, bias=True), np.eye(4), atol=1e-9)
        W = [model.whitening_source_, model.whitening_target_][-domain]
        np.testing.assert_allclose(W, W.T, atol=1e-12)


def test_the_published_alignment():
    rng = np.random.default_rng(0)
    Xs, Xt = series(rng), series(rng)
    model = EuclideanAlignment(center=False).fit(Xs, Xt=Xt)
    R = np.mean([x.T @ x / len(x) for x in Xs], axis=0)
    root = np.linalg.inv(np.linalg.cholesky(R))
    Z = model.transform(Xs, sample_domain=0)
    covariance = np.mean([z.T @ z / len(z) for z in Z], axis=0)
    np.testing.assert_allclose(covariance, root @ R @ root.T, atol=1e-9)


def test_silent_channels_stay_as_they_are():
    rng = np.random.default_rng(0)
    X = series(rng)
    X[:, :, 2] = 0
    for cls in SERIES:
        model = cls().fit(X, Xt=X)
        assert (model.transform(X)[:, :, 2] == 0).all()
        assert np.isfinite(model.transform(X)).all()


# ------------------------------------------------------------------------ what all do


@pytest.mark.parametrize("cls", SERIES)
def test_features_are_made_of_mapped_series_of_both_domains(cls):
    rng = np.random.default_rng(0)
    (Xs, ys), Xt = labelled(rng), series(rng) * 2
    inner = CORAL(make_pipeline(StandardScaler(), LogisticRegression()))
    model = cls(inner, features=SeriesFeatures()).fit(Xs, ys, Xt=Xt)
    maps = cls().fit(Xs, Xt=Xt)
    Zs, Zt = maps.transform(Xs, sample_domain=0), maps.transform(Xt)
    features = SeriesFeatures().fit(np.concatenate([Zs, Zt]))
    expected = inner.fit(features.transform(Zs), ys, Xt=features.transform(Zt))
    np.testing.assert_array_equal(
        model.predict_proba(Xt), expected.predict_proba(features.transform(Zt))
    )
    table = np.concatenate([Xs, Xt])
    domain = np.repeat([0, -1], [len(Xs), len(Xt)])
    y = np.r_[ys, np.full(len(Xt), -9)]
    one = cls(inner, features=SeriesFeatures()).fit(table, y, sample_domain=domain)
    np.testing.assert_array_equal(one.predict_proba(Xt), model.predict_proba(Xt))


@pytest.mark.parametrize("cls", SERIES)
def test_a_step_of_a_pipeline_maps_the_target_too(cls):
    rng = np.random.default_rng(0)
    (Xs, ys), Xt = labelled(rng), series(rng) * [2, -1, 1, -1]
    last = CORAL(LogisticRegression(max_iter=1000))
    with config_context(enable_metadata_routing=True):
        steps = [("align", cls()), ("features", SeriesFeatures()), ("coral", last)]
        pipe = Pipeline(steps, transform_input=["Xt"]).fit(Xs, ys, Xt=Xt)
        predicted = pipe.predict_proba(Xt)
    maps = cls().fit(Xs, Xt=Xt)
    Zs, Zt = maps.transform(Xs, sample_domain=0), maps.transform(Xt)
    features = SeriesFeatures().fit(Zs)
    expected = last.fit(features.transform(Zs), ys, Xt=features.transform(Zt))
    np.testing.assert_array_equal(
        predicted, expected.predict_proba(features.transform(Zt))
    )


@pytest.mark.parametrize("cls", SERIES)
def test_lists_padding_and_other_lengths_give_the_same_model(cls):
    rng = np.random.default_rng(0)
    (Xs, ys), Xt = labelled(rng), series(rng, T=24)
    inner = make_pipeline(StandardScaler(), LogisticRegression())
    new = series(rng, n=5, T=41)
    results = []
    for form in (np.asarray, list, as_series):
        model = cls(inner, features=SeriesFeatures())
        model.fit(form(Xs), ys, Xt=form(Xt))
        results.append(model.predict_proba(form(new)))
    np.testing.assert_allclose(results[1], results[0], atol=1e-12)
    np.testing.assert_allclose(results[2], results[0], atol=1e-12)


@pytest.mark.parametrize("cls", SERIES)
def test_other_channels_are_refused(cls):
    rng = np.random.default_rng(0)
    X = series(rng)
    with pytest.raises(ValueError, match="channels must be the same"):
        cls().fit(X, Xt=X[:, :, :3])
    model = cls().fit(X, Xt=X)
    with pytest.raises(ValueError, match="Series of 4 channels were fitted"):
        model.transform(X[:, :, :3])
    with pytest.raises(ValueError, match="Series of 4 channels were fitted"):
        model.transform(X[:, :, 0])


def test_signs_bring_a_model_of_one_arm_to_the_other():
    data = load_watch(source="right", target="left")
    source = data.sample_domain >= 0
    Xs, ys, Xt, yt = (
        part for rows in (source, ~source) for part in (data.X[rows], data.y[rows])
    )
    inner = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=300))
    steps = SeriesFeatures("summary")
    signs = ChannelSigns(inner, features=steps).fit(Xs, ys, Xt=Xt)
    assert signs.signs_.tolist() == [-1, 1, 1, 1, -1, -1]
    plain = make_pipeline(steps, inner).fit(Xs, ys)
    assert signs.score(Xt, yt) > plain.score(Xt, yt) + 0.1
