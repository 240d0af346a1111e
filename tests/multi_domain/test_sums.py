"""Sums add, subtract and travel exactly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from adapt.multi_domain import NearestClassMean, PooledLDA, PooledRidge
from adapt.multi_domain._sums import DomainSums
from tests.multi_domain.common import many_domains, many_lines

FAR = 1e6  # a mean of columns that spread by one


def sums_of(X, y, g, weight=None, *, by_domain=True):
    return DomainSums.of(
        lambda index: X[index].copy(),
        y,
        g,
        weight=weight,
        origin=X[0],
        by_domain=by_domain,
    )


def assert_equal_sums(found, expected, rtol):
    found = found.relative_to(expected.origin)
    assert found.domains.tolist() == expected.domains.tolist()
    assert found.classes.tolist() == expected.classes.tolist()
    for name in "counts", "sums", "moments":
        one, other = getattr(found, name), getattr(expected, name)
        np.testing.assert_allclose(one, other, rtol=0, atol=rtol * np.abs(other).max())


@pytest.mark.parametrize("by_domain", [True, False])
def test_written_out(by_domain):
    X, y, g = many_domains()
    w = np.random.default_rng(0).uniform(size=len(y))
    found = sums_of(X, y, g, w, by_domain=by_domain)
    Z = X - X[0]
    for d in range(6):
        for c in range(3):
            rows = (g == d) & (y == c)
            assert found.counts[d, c] == pytest.approx(w[rows].sum())
            np.testing.assert_allclose(found.sums[d, c], w[rows] @ Z[rows])
        if by_domain:
            own = g == d
            np.testing.assert_allclose(found.moments[d], (Z[own].T * w[own]) @ Z[own])
    np.testing.assert_allclose(found.total_moments, (Z.T * w) @ Z)


def test_blocks_are_the_whole(monkeypatch):
    X, y, g = many_domains(per=50)
    expected = sums_of(X, y, g)
    monkeypatch.setattr("adapt.multi_domain._sums._BLOCK_BYTES", 7 * 8 * 4)
    assert_equal_sums(sums_of(X, y, g), expected, 1e-13)


@settings(max_examples=1000, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
def test_parts_in_any_order_merge_and_subtract(seed, n_parts):
    rng = np.random.default_rng(seed)
    X, y, g = many_domains(seed=seed % 97, n_domains=4, per=6)
    X = X + FAR
    part = rng.integers(n_parts, size=len(y))
    part[:n_parts] = np.arange(n_parts)
    pieces = [sums_of(X[k], y[k], g[k]) for k in (part == i for i in range(n_parts))]
    total = pieces[0]
    for piece in pieces[1:]:
        total = total.add(piece)
    assert_equal_sums(total, sums_of(X, y, g), 1e-9)
    kept = part != 0
    left = total.subtract(pieces[0])
    never = sums_of(X[kept], y[kept], g[kept]).with_room_for(total.classes, g)
    assert_equal_sums(left, never, 1e-8)


@pytest.mark.parametrize(
    ("model", "make"),
    [
        (PooledLDA(), many_domains),
        (PooledLDA(features=8, random_state=0), many_domains),
        (NearestClassMean(), many_domains),
        (PooledRidge(), many_lines),
    ],
    ids=["lda", "features", "ncm", "ridge"],
)
@pytest.mark.parametrize("far", [0, FAR])
def test_models_of_parts_are_those_of_the_whole(model, make, far):
    X, y, g = make()
    if getattr(model, "features", None) is None:
        X = X + far
    whole = clone(model).fit(X, y, sample_domain=g)

    def outputs(fitted):
        method = "predict" if isinstance(fitted, PooledRidge) else "decision_function"
        return getattr(fitted, method)(X, sample_domain=g)

    expected = outputs(whole)
    scale = np.abs(expected).max()
    order = np.random.default_rng(1).permutation(len(y))
    parts = np.array_split(order, 5)
    stream, merged = clone(model), clone(model)
    for k in parts:
        stream.partial_fit(X[k], y[k], sample_domain=g[k])
    merged.fit(X[parts[0]], y[parts[0]], sample_domain=g[parts[0]])
    for k in parts[1:]:
        merged.merge(clone(model).fit(X[k], y[k], sample_domain=g[k]))
    # The variances of ridge regression are found to the tolerance of L-BFGS.
    tol = 1e-5 if isinstance(model, PooledRidge) else 1e-8 if far else 1e-9
    for found in stream, merged:
        np.testing.assert_allclose(outputs(found), expected, rtol=0, atol=tol * scale)
    k = parts[0]
    rest = np.concatenate(parts[1:])
    left = whole.forget(X[k], y[k], sample_domain=g[k])
    never = clone(model).fit(X[rest], y[rest], sample_domain=g[rest])
    np.testing.assert_allclose(
        outputs(left), outputs(never), rtol=0, atol=max(tol, 1e-8) * scale
    )


def test_forgetting_a_whole_class_and_domain():
    X, y, g = many_domains()
    model = PooledLDA().fit(X, y, sample_domain=g)
    gone = (y == 1) | (g == 2)
    model.forget(X[gone], y[gone], sample_domain=g[gone])
    assert model.classes_.tolist() == [0, 2]
    assert model.domains_.tolist() == [0, 1, 3, 4, 5]


def test_forgetting_what_was_never_seen():
    X, y, g = many_domains()
    model = PooledLDA().fit(X, y, sample_domain=g)
    before = model.coef_.copy()
    with pytest.raises(ValueError, match=r"class 0 in domain 9 .* 3 too many"):
        model.forget(X[:3], [0, 0, 0], sample_domain=9)
    with pytest.raises(ValueError, match="No row would be left"):
        model.forget(X, y, sample_domain=g)
    np.testing.assert_array_equal(model.coef_, before)


def test_decay_weighs_earlier_rows():
    X, y, g = many_domains()
    half = len(y) // 2
    first, second = slice(half), slice(half, None)
    model = PooledLDA(forgetting=0.5)
    for k in first, second:
        model.partial_fit(X[k], y[k], sample_domain=g[k])
    weight = np.r_[np.full(half, 0.5), np.ones(len(y) - half)]
    expected = PooledLDA().fit(X, y, sample_domain=g, sample_weight=weight)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-8, atol=1e-9)


def test_tiny_differences_of_large_numbers():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 50)
    Z = np.round(1024 * rng.normal(size=(100, 2))) / 1024 + 2 * y[:, None]
    tiny = Z * 2.0**-10 + 2.0**20  # exact in double precision
    near = PooledLDA().fit(Z, y).predict_proba(Z)
    np.testing.assert_allclose(PooledLDA().fit(tiny, y).predict_proba(tiny), near)


def test_state_travels():
    X, y, g = many_domains()
    model = PooledLDA(features=6, random_state=3).fit(X, y, sample_domain=g)
    state = model.state()
    again = PooledLDA.from_state(state, features=6)
    np.testing.assert_array_equal(
        again.predict_proba(X, sample_domain=g), model.predict_proba(X, sample_domain=g)
    )
    state["counts"][:] = -1  # a copy
    assert model.sums_.counts.min() >= 0
    with pytest.raises(ValueError, match="has 6 random features"):
        PooledLDA.from_state(model.state())
    with pytest.raises(ValueError, match="moments of shape"):
        PooledLDA.from_state({**model.state(), "moments": np.eye(2)}, features=6)


def test_states_of_one_layout_add_up():
    X, y, g = many_lines()
    start = PooledRidge().empty_state(
        domains=np.unique(g), origin=np.r_[np.zeros(3), 0.0]
    )
    total = start
    for k in range(12):
        own = PooledRidge.from_state(start)
        own.partial_fit(X[g == k], y[g == k], sample_domain=k)
        sent = own.state()
        total = {
            name: total[name] + sent[name]
            if name in ("counts", "sums", "moments")
            else total[name]
            for name in total
        }
    found = PooledRidge.from_state(total)
    expected = PooledRidge().fit(X, y, sample_domain=g)
    np.testing.assert_allclose(found.coef_, expected.coef_, rtol=1e-4)


def test_few_rows_are_not_given_away():
    X, y, g = many_domains()
    y = y.astype(str)
    y[-1] = "rare"
    model = PooledLDA().fit(X, y, sample_domain=g)
    with pytest.raises(ValueError, match=r"'rare' in 5 \(1\)"):
        model.state(min_count=2)
    few = model.counts_.min(where=model.counts_ > 0, initial=np.inf)
    assert model.state(min_count=few)["counts"].sum() == len(y)


def test_other_columns_do_not_merge():
    X, y, _ = many_domains()

    def fitted(seed=0, p=4):
        return PooledLDA(features=3, random_state=seed).fit(X[:, :p], y)

    with pytest.raises(ValueError, match="`feature_seed`"):
        fitted().merge(fitted(1))
    with pytest.raises(ValueError, match="`n_features_in`"):
        fitted().merge(fitted(p=3))
    with pytest.raises(ValueError, match="must be a PooledLDA"):
        fitted().merge(NearestClassMean().fit(X, y))
    with pytest.raises(ValueError, match="Classes must be all strings"):
        PooledLDA().fit(X, y).merge(PooledLDA().fit(X, y.astype(str)))
    with pytest.warns(UserWarning, match="units"):
        PooledLDA().fit(X, y).merge(PooledLDA().fit(X * [1, 1e4, 1, 1], y))


def test_bad_domains():
    X, y, g = many_domains()
    for wrong in g[:3], np.full(len(y), np.nan), np.full(len(y), 0.5), [None] * len(y):
        with pytest.raises(ValueError, match="`sample_domain`"):
            PooledLDA().fit(X, y, sample_domain=wrong)
    model = PooledLDA().fit(X, y, sample_domain=g)
    with pytest.raises(ValueError, match="whole numbers"):
        model.predict(X, sample_domain="a")
    with pytest.raises(ValueError, match="Domains must be all"):
        model.partial_fit(X, y, sample_domain="a")
