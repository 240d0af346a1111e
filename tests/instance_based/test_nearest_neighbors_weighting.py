import numpy as np
import pytest
from scipy import sparse
from scipy.spatial.distance import cdist

from adapt.instance_based import NearestNeighborsWeighting
from adapt.instance_based import _nearest_neighbors_weighting as module
from adapt.instance_based._nearest_rows import nearest_rows
from adapt.instance_based._shrinkage import best_shrinkage


def samples(ns=60, nt=90, d=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(ns, d)), rng.normal(size=(nt, d)) * 0.7 + 0.4


@pytest.mark.parametrize("k", [1, 4])
@pytest.mark.parametrize("algorithm", ["auto", "brute", "kd_tree"])
def test_votes_equal_the_loop_over_target_rows(k, algorithm):
    Xs, Xt = samples()
    votes = np.zeros(len(Xs))
    for distances in cdist(Xt, Xs):
        votes[np.argsort(distances)[:k]] += 1 / k
    model = NearestNeighborsWeighting(
        n_neighbors=k, algorithm=algorithm, smoothing=0.5, shrinkage=0
    )
    expected = (votes + 0.5) / (votes + 0.5).mean()
    np.testing.assert_allclose(model.fit_weights(Xs, Xt), expected)


@pytest.mark.parametrize("n", [5, 64, 70, 3000])
@pytest.mark.parametrize("scale", [1e-150, 1, 1e30])
def test_nearest_rows_are_those_of_all_distances(n, scale):
    rng = np.random.default_rng(0)
    # Far from the origin, and with rows far out, single precision alone would fail.
    X, queries = (10 + rng.standard_t(2, size=(m, 18)) for m in (n, 600))
    expected = np.argsort(cdist(queries, X), axis=1)[:, :5]
    found = nearest_rows(scale * queries, scale * X, 5, n_jobs=2)
    np.testing.assert_array_equal(found, expected)


def test_rows_that_are_equal_are_found_once_each():
    X = np.repeat(np.random.default_rng(0).normal(size=(40, 17)), 3, axis=0)
    nearest = nearest_rows(X, X, 3)
    np.testing.assert_array_equal(
        nearest // 3, np.arange(120)[:, None] // 3 + [0, 0, 0]
    )
    assert len(np.unique(nearest[0])) == 3


def test_votes_within_a_radius_equal_the_loop():
    Xs, Xt = samples()
    votes, silent = np.zeros(len(Xs)), 0
    for distances in cdist(Xt, Xs):
        near = distances <= 0.5
        silent += not near.any()
        votes += near / max(near.sum(), 1)
    assert silent > 0
    model = NearestNeighborsWeighting(n_neighbors=None, radius=0.5, smoothing=0)
    np.testing.assert_allclose(model.fit_weights(Xs, Xt), votes / votes.mean())


def test_no_target_row_in_reach_leaves_all_alike():
    Xs, Xt = samples()
    model = NearestNeighborsWeighting(n_neighbors=None, radius=0.5)
    np.testing.assert_allclose(model.fit_weights(Xs, Xt + 100), 1)


def test_more_neighbours_than_rows():
    Xs, Xt = samples(ns=3)
    np.testing.assert_allclose(NearestNeighborsWeighting().fit_weights(Xs, Xt), 1)


def test_metric_and_its_parameters_are_used():
    Xs, Xt = samples()
    by_name = NearestNeighborsWeighting(metric="manhattan").fit_weights(Xs, Xt)
    by_power = NearestNeighborsWeighting(p=1).fit_weights(Xs, Xt)
    np.testing.assert_allclose(by_name, by_power)
    assert np.any(by_name != NearestNeighborsWeighting().fit_weights(Xs, Xt))


def test_sparse_equals_dense():
    Xs, Xt = samples()
    found = NearestNeighborsWeighting().fit_weights(
        sparse.csr_array(Xs), sparse.csr_array(Xt)
    )
    np.testing.assert_allclose(found, NearestNeighborsWeighting().fit_weights(Xs, Xt))


@pytest.mark.parametrize(("k", "d"), [(1, 3), (4, 3), (4, 20)])
def test_shrinkage_equals_the_loop_over_rows_left_out(k, d, monkeypatch):
    monkeypatch.setattr(module, "_PAIRS", 40 * k**2)  # blocks of 40 target rows
    rng = np.random.default_rng(1)
    Xs, Xt = rng.normal(size=(60, d)), rng.normal(size=(90, d)) + 0.4
    plain = NearestNeighborsWeighting(n_neighbors=k, shrinkage=0).fit_weights(Xs, Xt)

    def mean_around(x, Xs, Xt):
        order = np.argsort(cdist(np.vstack([x, Xt]), Xs), axis=1)[:, :k]
        votes = np.bincount(order[1:].ravel(), minlength=len(Xs)) / k
        return (votes[order[0]] + 1).mean() / (1 + 90 / 60)

    at_source = [mean_around(x, np.delete(Xs, i, 0), Xt) for i, x in enumerate(Xs)]
    at_target = [mean_around(x, Xs, np.delete(Xt, i, 0)) for i, x in enumerate(Xt)]
    expected = best_shrinkage(plain, np.mean(at_source), np.mean(at_target))
    model = NearestNeighborsWeighting(n_neighbors=k)
    weights = model.fit_weights(Xs, Xt)
    assert 0 < expected < 1
    np.testing.assert_allclose(model.shrinkage_, expected)
    np.testing.assert_allclose(weights, expected + (1 - expected) * plain)


def test_shrinkage_is_judged_by_some_of_many_rows(monkeypatch):
    Xs, Xt = np.random.default_rng(0).normal(size=(2, 1000, 2))
    model = NearestNeighborsWeighting(random_state=0)
    Xt += 0.3
    of_all = model.fit(Xs, Xs[:, 0], Xt=Xt).shrinkage_
    monkeypatch.setattr(module, "_JUDGED", 500)
    of_some = model.fit(Xs, Xs[:, 0], Xt=Xt).shrinkage_
    assert of_some != of_all
    np.testing.assert_allclose(of_some, of_all, atol=0.2)


def test_no_shift_gives_weights_near_one():
    for seed in range(3):
        Xs, Xt = np.random.default_rng(seed).normal(size=(2, 5000, 2))
        model = NearestNeighborsWeighting()
        assert np.abs(model.fit_weights(Xs, Xt) - 1).mean() <= 0.05
        # Counts alone are noise.
        plain = model.set_params(shrinkage=0).fit_weights(Xs, Xt)
        assert 0.15 < np.abs(plain - 1).mean() < 0.25
