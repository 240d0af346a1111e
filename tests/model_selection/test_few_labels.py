import numpy as np
import pytest

from adapt.model_selection._few_labels import (
    draw_rows,
    gain_of_choice,
    label_strata,
    labelled_gains,
    mean_interval,
)


def of_classes(n, rng, accuracies=(0.7, 0.75, 0.6), n_classes=3):
    """Return predictions of candidates that share most of their errors, and labels."""
    y = rng.integers(n_classes, size=n)
    shared = rng.random(n)
    wrong = (y + rng.integers(1, n_classes, size=n)) % n_classes
    found = []
    for accuracy in accuracies:
        chance = np.where(rng.random(n) < 0.6, shared, rng.random(n))
        found.append(np.where(chance < accuracy, y, wrong))
    return np.array(found), y


def of_numbers(n, rng, spread=(0.3, 0.3, 0.6)):
    """Return predictions of linear models with different coefficients, and labels."""
    X, coef = rng.normal(size=(n, 5)), rng.normal(size=5)
    models = [coef + s * rng.normal(size=5) for s in spread]
    return np.array([X @ model for model in models]), X @ coef + rng.normal(size=n)


def read(predictions, y, classes):
    """Return what `labelled_gains` takes: values and where candidates differ."""
    score = predictions == y if classes else -((predictions - y) ** 2)
    return score.astype(float) - score[0], predictions != predictions[0]


def known(n, rows):
    labelled = np.zeros(n, dtype=bool)
    labelled[rows] = True
    return labelled


MAKERS = {True: of_classes, False: of_numbers}


# --------------------------------------------------------------------- the draw


@pytest.mark.parametrize("n", [0, 1, 7, 20])
def test_rows_are_drawn_where_candidates_differ(n):
    rng = np.random.default_rng(0)
    predictions, _ = of_classes(200, rng)
    rows = draw_rows(label_strata(predictions, True), n, random_state=0)
    assert len(set(rows)) == n
    assert (predictions[:, rows] != predictions[0, rows]).any(axis=0).all()


def test_rows_with_a_label_are_not_drawn_again_and_none_where_all_agree():
    predictions = np.array([[0, 0, 0, 1], [0, 1, 1, 1]])
    strata = label_strata(predictions, True)
    assert strata.tolist() == [-1, 1, 1, -1]
    assert draw_rows(strata, 9, known(4, [1]), 0).tolist() == [2]
    everywhere = label_strata(predictions, True, everywhere=True)
    assert everywhere.tolist() == [0, 1, 1, 0]
    assert sorted(draw_rows(everywhere, 9, random_state=0)) == [0, 1, 2, 3]


def test_the_draw_is_uniform_within_strata():
    predictions, _ = of_numbers(60, np.random.default_rng(1))
    strata = label_strata(predictions, False)
    times = np.zeros(60)
    rng = np.random.RandomState(0)
    for _ in range(1500):
        times[draw_rows(strata, 8, random_state=rng)] += 1 / 1500
    for h in range(1, 5):
        cell = strata == h
        due = 2 / cell.sum()
        assert np.abs(times[cell] - due).max() < 4 * np.sqrt(due / 1500)


def test_strata_of_numbers_hold_equal_parts_of_the_spread():
    predictions, _ = of_numbers(2000, np.random.default_rng(2))
    strata, spread = label_strata(predictions, False), predictions.std(axis=0)
    parts = np.bincount(strata, spread)[1:] / spread.sum()
    np.testing.assert_allclose(parts, 0.25, atol=0.02)
    least = [spread[strata == h].min() for h in range(1, 5)]
    assert least == sorted(least)
    same = np.vstack([predictions[0], predictions[0]])
    assert (label_strata(same, False) == -1).all()


# ----------------------------------------------------------- what labels estimate


def naive_gain(value, differ, labelled, strata):
    """Return the stratified mean, row by row."""
    total = 0.0
    for h in set(strata[differ]):
        cell = [i for i in range(len(value)) if strata[i] == h and differ[i]]
        seen = [value[i] for i in cell if labelled[i]]
        total += len(cell) * sum(seen) / len(seen)
    return total / len(value)


@pytest.mark.parametrize("classes", [True, False])
def test_gain_is_a_stratified_mean(classes):
    rng = np.random.default_rng(3)
    predictions, y = MAKERS[classes](300, rng)
    values, differ = read(predictions, y, classes)
    strata = label_strata(predictions, classes)
    labelled = known(300, draw_rows(strata, 40, random_state=0))
    gains = labelled_gains(values, differ, strata, labelled, classes)
    for k in (1, 2):
        naive = naive_gain(values[k], differ[k], labelled, strata)
        assert gains.gain[k] == pytest.approx(naive)
    assert gains.n_used[0] == gains.gain[0] == gains.low[0] == gains.high[0] == 0


@pytest.mark.parametrize("n_labels", [5, 20])
@pytest.mark.parametrize("drawn", ["suggested", "at random"])
@pytest.mark.parametrize("classes", [True, False])
def test_comparison_is_unbiased_and_intervals_cover(classes, drawn, n_labels):
    rng = np.random.default_rng(4)
    errors, covered = [], []
    for _ in range(3):
        predictions, y = MAKERS[classes](150, rng)
        values, differ = read(predictions, y, classes)
        truth = values.mean(axis=1)
        strata = label_strata(predictions, classes)
        for _ in range(100):
            rows = draw_rows(strata, n_labels, random_state=rng.integers(2**31))
            if drawn == "at random":
                rows = rng.permutation(150)[: 2 * n_labels]
            labelled = known(150, rows)
            gains = labelled_gains(values, differ, strata, labelled, classes)
            errors.append((gains.gain - truth)[1:])
            covered.append(((gains.low <= truth) & (truth <= gains.high))[1:])
    errors, covered = np.array(errors).T, np.array(covered)
    for error in errors:
        there = ~np.isnan(error)
        assert there.mean() > 0.95  # else no labelled row where both differ
        standard = error[there].std() / np.sqrt(there.sum())
        assert abs(error[there].mean()) < 3.5 * standard
    assert covered.mean() >= 0.95 - 2 * np.sqrt(0.05 / covered.size)


def test_intervals_of_means_cover_and_close_when_all_is_known():
    rng = np.random.default_rng(5)
    for shares in [(0.05, 0.9, 0.05), (0.4, 0.2, 0.4), (0.9, 0.05, 0.05), (0, 0, 1)]:
        population = rng.choice([-1.0, 0.0, 1.0], 60, p=shares)
        for n in (3, 12):
            inside = 0
            for _ in range(150):
                low, high = mean_interval(rng.permutation(population)[:n], 60)
                inside += low - 1e-9 <= population.mean() <= high + 1e-9
            assert inside >= 0.92 * 150
        low, high = mean_interval(population, 60)
        assert low == pytest.approx(high) == pytest.approx(population.mean())
    assert mean_interval(population[:0], 60) == (-1, 1)


def test_interval_is_that_of_clopper_and_pearson():
    scipy_stats = pytest.importorskip("scipy.stats")
    exact = scipy_stats.binomtest(7, 10).proportion_ci(0.95, method="exact")
    low, high = mean_interval(np.repeat([1.0, -1.0], [7, 3]), 10**9)
    assert (1 + low) / 2 == pytest.approx(exact.low, abs=1e-6)
    assert (1 + high) / 2 == pytest.approx(exact.high, abs=1e-6)


# ------------------------------------------------------------------- the choice


def test_without_evidence_the_label_free_choice_stays():
    predictions = np.array([[0, 0, 0, 0, 1], [0, 0, 0, 1, 1], [1, 0, 0, 0, 1]])
    y = np.array([0, 0, 0, 1, 1])
    values, differ = read(predictions, y, True)
    strata = label_strata(predictions, True)
    nothing = labelled_gains(values, differ, strata, known(5, []), True)
    assert nothing.best == 0
    assert np.isnan(nothing.gain[1:]).all()
    one = labelled_gains(values, differ, strata, known(5, [3]), True)
    assert one.best == 1


def test_rows_on_which_all_agree_tell_nothing():
    rng = np.random.default_rng(6)
    predictions, y = of_classes(300, rng)
    values, differ = read(predictions, y, True)
    strata = label_strata(predictions, True)
    rows = draw_rows(strata, 15, random_state=0)
    agreed = np.flatnonzero(strata < 0)[:40]
    few = labelled_gains(values, differ, strata, known(300, rows), True)
    more = known(300, [*rows, *agreed])
    for one, other in zip(
        few, labelled_gains(values, differ, strata, more, True), strict=True
    ):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("classes", [True, False])
def test_a_label_does_not_count_for_the_choice_that_it_judges(classes):
    """Where labels are noise the chosen one looks good, but not by rows left out."""
    rng = np.random.default_rng(7)
    naive, honest, covered = [], [], []
    for _ in range(60):
        if classes:
            predictions, y = rng.integers(2, size=(4, 60)), rng.integers(2, size=60)
        else:
            predictions, y = rng.normal(size=(4, 60)), rng.normal(size=60)
        values, differ = read(predictions, y, classes)
        strata = label_strata(predictions, classes)
        labelled = known(60, draw_rows(strata, 10, random_state=rng.integers(2**31)))
        gains = labelled_gains(values, differ, strata, labelled, classes)
        truth = values.mean(axis=1)[gains.best]
        found = gain_of_choice(values, differ, strata, labelled, classes)
        naive.append(gains.gain[gains.best] - truth)
        honest.append(found.gain - truth)
        covered.append(found.low <= truth <= found.high)
    error = np.std(honest) / np.sqrt(len(honest))
    assert np.mean(naive) > 0.1
    assert abs(np.mean(honest)) < 3 * error < np.mean(naive)
    assert np.mean(covered) >= 0.92
