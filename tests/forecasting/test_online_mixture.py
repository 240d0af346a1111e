"""Mixtures of experts: naive loops, regret bounds, and what is known when."""

import numpy as np
import pytest

from adapt.forecasting import OnlineMixture

RULES = ["ml-poly", "boa", "ewa"]
each_rule = pytest.mark.parametrize("rule", RULES)


def draws(n_steps=60, n_experts=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((n_steps, n_experts)), rng.random(n_steps)


def naive(rule, experts, y):
    """Return the weights of each step, written out after the papers."""
    n_steps, k = experts.shape
    R, V, L, E = np.zeros(k), np.zeros(k), np.zeros(k), np.zeros(k)
    largest, found = 0.0, []
    for t in range(n_steps):
        if rule == "ml-poly":
            w = np.maximum(R, 0) / (1 + V)
        elif rule == "ewa":
            eta = np.sqrt(8 * np.log(k) / max(t, 1)) / max(largest, 1e-300)
            w = np.exp(-eta * (L - L.min()))
        elif t == 0:
            w = np.ones(k)
        else:
            eta = np.minimum(0.5 / E, np.sqrt(np.log(k) / V))
            w = eta * np.exp(-eta * L)
        w = w / w.sum() if w.sum() > 0 else np.full(k, 1 / k)
        found.append(w)
        p = w @ experts[t]
        r = 2 * (p - y[t]) * (p - experts[t])
        if rule == "ewa":
            losses = (experts[t] - y[t]) ** 2
            L, largest = L + losses, max(largest, losses.max())
        elif rule == "ml-poly":
            R, V = R + r, V + r**2
        else:
            eta = np.minimum(0.5 / E, np.sqrt(np.log(k) / V)) if t else np.zeros(k)
            E = np.maximum(E, 2 * 2.0 ** np.ceil(np.log2(np.abs(r))))
            L = L + (-r * (1 - eta * r) + 2 * E * (-eta * r > 0.5)) / 2
            V = V + r**2
    return np.array(found)


@each_rule
def test_weights_are_those_of_a_loop(rule):
    experts, y = draws()
    found = OnlineMixture(rule).fit(experts, y)
    np.testing.assert_allclose(found.weights_, naive(rule, experts, y), atol=1e-12)
    np.testing.assert_allclose(
        found.predictions_, (found.weights_ * experts).sum(axis=1)
    )


def test_ewa_keeps_its_bound_on_a_thousand_sequences():
    n_steps, k = 80, 5
    rate = np.sqrt(8 * np.log(k) / n_steps)
    rng = np.random.default_rng(0)
    experts, y = rng.random((1000, n_steps, k)), rng.random((1000, n_steps))
    experts[500:] = rng.integers(2, size=(500, n_steps, k))  # far apart
    y[500:] = rng.integers(2, size=(500, n_steps))
    mixture = OnlineMixture("ewa", learning_rate=rate).fit(experts, y)
    assert mixture.regret_[:, -1].max() <= np.sqrt(n_steps * np.log(k) / 2)


def test_ewa_keeps_its_bound_against_an_adversary():
    # One expert is right for a while, just until the mixture trusts it; then the other.
    n_steps = 200
    rate = np.sqrt(8 * np.log(2) / n_steps)
    experts = np.tile([0.0, 1.0], (n_steps, 1))
    mixture = OnlineMixture("ewa", learning_rate=rate).fit(experts[:1], [0.0])
    for t in range(1, n_steps):
        now = experts[t : t + 1]
        trusts_first = mixture.predict(now)[0] < 0.5
        mixture.partial_fit(now, [float(trusts_first)])
    assert mixture.regret_.max() <= np.sqrt(n_steps * np.log(2) / 2)


@pytest.mark.parametrize("rule", ["ml-poly", "boa"])
def test_second_order_bounds(rule):
    # The linearised regret to each expert is at most of the order of the root of the
    # sum of its squares: Gaillard et al., Theorem 5, and Wintenberger, Theorem 3.1.
    rng = np.random.default_rng(0)
    n_series, n_steps, k = 1000, 80, 5
    experts, y = rng.random((n_series, n_steps, k)), rng.random((n_series, n_steps))
    experts[::2] = np.rint(experts[::2])
    y[::2] = np.rint(y[::2])
    mixture = OnlineMixture(rule).fit(experts, y)
    p = mixture.predictions_[..., np.newaxis]
    r = 2 * (p - y[..., np.newaxis]) * (p - experts)
    regret, squares = r.sum(axis=1), (r**2).sum(axis=1)
    if rule == "ml-poly":  # for |r| <= 1, here twice as large at most
        bound = 2 * np.sqrt(k * (1 + np.log(1 + 4 * n_steps)) * (1 + squares))
    else:
        bound = 2 * np.sqrt(squares * np.log(k)) * 2 + 2 * 4 * (np.log(k) + 1)
    assert (regret <= bound).all()


@each_rule
@pytest.mark.parametrize("delay", [1, 3, 7])
def test_no_weight_sees_what_is_not_known(rule, delay):
    experts, y = draws()
    expected = OnlineMixture(rule, delay).fit(experts, y).weights_
    for cut in 20, 41:
        other = y.copy()
        other[cut - delay + 1 :] += 5
        found = OnlineMixture(rule, delay).fit(experts, other).weights_
        np.testing.assert_array_equal(found[: cut + 1], expected[: cut + 1])
        assert not np.allclose(found[cut + 1], expected[cut + 1], rtol=0, atol=1e-12)


@each_rule
@pytest.mark.parametrize("delay", [1, 4])
def test_parts_are_the_whole(rule, delay):
    experts, y = draws()
    whole = OnlineMixture(rule, delay).fit(experts, y)
    parts = OnlineMixture(rule, delay)
    for steps in slice(0, 25), slice(25, 26), slice(26, 60), slice(60, 60):
        parts.partial_fit(experts[steps], y[steps])
    for name in "weights_", "predictions_", "regret_":
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name))
    begun = OnlineMixture(rule, delay).fit(experts[:25], y[:25])
    ahead = begun.predict(experts[25 : 25 + delay])
    np.testing.assert_allclose(ahead, whole.predictions_[25 : 25 + delay])


@each_rule
def test_series_are_mixed_apart_and_experts_in_any_order(rule):
    experts, y = draws(90)
    experts, y = experts.reshape(3, 30, 4), y.reshape(3, 30)
    together = OnlineMixture(rule).fit(experts, y)
    for i in range(3):
        alone = OnlineMixture(rule).fit(experts[i], y[i])
        np.testing.assert_allclose(together.weights_[i], alone.weights_)
        np.testing.assert_allclose(together.regret_[i], alone.regret_)
    order = [2, 0, 3, 1]
    turned = OnlineMixture(rule).fit(experts[..., order], y)
    np.testing.assert_allclose(turned.weights_, together.weights_[..., order])


@each_rule
def test_equal_experts_give_themselves(rule):
    y = np.sin(np.arange(30))
    experts = np.repeat(np.cos(np.arange(30))[:, np.newaxis], 3, axis=1)
    mixture = OnlineMixture(rule).fit(experts, y)
    np.testing.assert_allclose(mixture.predictions_, experts[:, 0])
    np.testing.assert_allclose(mixture.regret_, 0, atol=1e-12)


@each_rule
def test_experts_sleep_and_values_are_missing(rule):
    experts, y = draws()
    experts[10:20, 1] = np.nan
    experts[30] = np.nan
    y[40:45] = np.nan
    mixture = OnlineMixture(rule).fit(experts, y)
    assert (mixture.weights_[10:20, 1] == 0).all()
    assert np.isnan(mixture.predictions_[30])
    assert np.isfinite(np.delete(mixture.predictions_, 30)).all()
    # Nothing is learned from steps without a value, nor from those without a forecast.
    np.testing.assert_allclose(mixture.weights_[41:46], mixture.weights_[[41] * 5])
    kept = np.delete(np.arange(60), [30])
    left_out = OnlineMixture(rule).fit(experts[kept], y[kept])
    if rule != "ewa":  # whose rate falls with time
        np.testing.assert_allclose(left_out.weights_[-1], mixture.weights_[-1])


def test_bad_input():
    experts, y = draws()
    with pytest.raises(ValueError, match="`y` must be of shape"):
        OnlineMixture().fit(experts, y[:-1])
    with pytest.raises(ValueError, match="`experts` contains infinity"):
        OnlineMixture().fit(np.where(experts > 0.9, np.inf, experts), y)
    with pytest.raises(ValueError, match="`experts` is empty"):
        OnlineMixture().fit(experts[:, :0], y)
    with pytest.raises(ValueError, match="`experts` must be of shape"):
        OnlineMixture().fit(y, y)
    with pytest.raises(ValueError, match="'delay' parameter"):
        OnlineMixture(delay=0).fit(experts, y)
    with pytest.raises(ValueError, match="fitted on 1 and 4"):
        OnlineMixture().fit(experts, y).predict(experts[:, :2])
