import numpy as np
import pytest

from adapt.model_selection import SourceTaskSelector
from adapt.model_selection._source_tasks import coverage_gain


def performances(seed, n=50):
    """Return how well a model of each context does on each, on a line of contexts."""
    rng = np.random.default_rng(seed)
    x = np.linspace(0, 1, n)
    own = 0.7 + 0.25 * np.sin(2 * np.pi * (x * rng.uniform(0.5, 2) + rng.random()))
    slope = rng.uniform(0.5, 2.0)
    noise = 0.02 * rng.normal(size=(n, n))
    return x, own[:, None] - slope * np.abs(x[:, None] - x) + noise


def covered(table, picks):
    return table[picks].max(axis=0).mean()


def test_gain_is_the_double_loop():
    rng = np.random.default_rng(0)
    contexts, mean, spread = rng.random((7, 2)), rng.random(7), rng.random(7)
    best = rng.random(7) - 0.5
    expected = []
    for k in range(7):
        total = 0.0
        for j in range(7):
            distance = np.sqrt(np.sum((contexts[k] - contexts[j]) ** 2))
            reached = mean[k] + 0.5 * spread[k] - 1.3 * distance
            total += max(reached - best[j], 0)
        expected.append(total / 7)
    found = coverage_gain(mean, spread, contexts, best, 1.3, exploration=0.5)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_slope_is_least_squares_and_never_negative():
    x = np.linspace(0, 1, 11)
    selector = SourceTaskSelector(x).tell(2, 3 - 0.7 * np.abs(x - x[2]))
    assert selector.slope_ == pytest.approx(0.7)
    assert SourceTaskSelector(x).tell(2, np.abs(x - x[2])).slope_ == 0


def test_what_was_not_measured_is_expected_to_fall_with_distance():
    x = np.linspace(0, 1, 11)
    row = np.full(11, np.nan)
    row[[2, 4]] = 1.0, 0.9
    selector = SourceTaskSelector(x).tell(2, row)
    np.testing.assert_allclose(selector.best_, 1 - 0.5 * np.abs(x - x[2]), atol=1e-12)


def test_first_task_is_in_the_middle_and_none_comes_twice():
    x = np.linspace(0, 1, 9)
    selector = SourceTaskSelector(x)
    assert selector.ask() == 4
    asked = []
    for _ in range(9):
        asked.append(selector.ask())
        selector.tell(asked[-1], -np.abs(x - x[asked[-1]]))
    assert sorted(asked) == list(range(9))
    assert selector.choose().tolist() == list(range(9))
    with pytest.raises(ValueError, match="All contexts were told"):
        selector.ask()


def test_five_tasks_cover_more_than_five_at_random():
    chosen, random, best = [], [], []
    for seed in range(8):
        x, table = performances(seed)
        selector = SourceTaskSelector(x)
        for _ in range(5):
            k = selector.ask()
            selector.tell(k, table[k])
        chosen.append(covered(table, list(selector.rows_)))
        rng = np.random.default_rng(seed)
        draws = [covered(table, rng.choice(50, 5, replace=False)) for _ in range(20)]
        random.append(np.mean(draws))
        picks = []
        for _ in range(5):
            picks.append(max(range(50), key=lambda k: covered(table, [*picks, k])))
        best.append(covered(table, picks))
    gap = np.mean(best) - np.mean(random)
    assert np.mean(chosen) - np.mean(random) > 0.3 * gap


def test_bad_rows_are_refused():
    selector = SourceTaskSelector([0.0, 1.0])
    with pytest.raises(ValueError, match="call `tell` first"):
        selector.gain()
    with pytest.raises(ValueError, match="each of the 2 contexts"):
        selector.tell(0, [1.0])
    with pytest.raises(ValueError, match="a place from 0 to 1"):
        selector.tell(2, [1.0, 1.0])
    with pytest.raises(ValueError, match="a place from 0 to 1"):
        selector.tell(0, [np.nan, 1.0])
