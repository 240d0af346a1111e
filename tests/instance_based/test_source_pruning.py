import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier

from adapt.instance_based import SourcePruning
from adapt.instance_based._source_pruning import best_groups, domain_scores
from tests.common import shifted_classes


def two_places(n=200, seed=0):
    """Return rows of two places, of which the target is the second."""
    rng = np.random.default_rng(seed)
    place = np.arange(n) % 2
    Xs = rng.normal(size=(n, 2)) + 10 * place[:, None]
    return Xs, place, rng.normal(size=(n // 2, 2)) + 10


def test_best_groups_come_first_and_the_last_is_cut():
    groups = np.array([0, 0, 0, 1, 1, 2, 2, 2])
    rng = np.random.RandomState(0)
    kept = best_groups(groups, np.array([0.1, 0.5, 0.3]), 4, rng)
    assert kept.sum() == 4
    assert kept[3:5].all()
    assert kept[5:].sum() == 2
    assert not kept[:3].any()


@pytest.mark.parametrize("by", ["domain", "cluster"])
def test_rows_of_the_target_are_kept(by):
    Xs, place, Xt = two_places()
    y = (Xs.sum(axis=1) > np.where(place, 20, 0)).astype(int)
    model = SourcePruning(by=by, n_clusters=4, random_state=0).fit(Xs, y, Xt=Xt)
    assert model.support_.sum() == 100
    assert np.mean(place[model.support_]) > 0.95
    np.testing.assert_allclose(model.weights_, 2.0 * model.support_)
    expected = LogisticRegression().fit(Xs[model.support_], y[model.support_])
    np.testing.assert_allclose(model.estimator_.coef_, expected.coef_)


def test_clusters_are_relative_to_their_size():
    # Twice as many target rows fall into the large cluster, but it is ten times larger.
    rng = np.random.default_rng(0)
    Xs = np.concatenate([rng.normal(size=(100, 1)), rng.normal(size=(10, 1)) + 50])
    Xt = np.concatenate([rng.normal(size=(20, 1)), rng.normal(size=(10, 1)) + 50])
    model = SourcePruning(Ridge(), keep=0.1, by="cluster", n_clusters=2)
    model.fit(Xs, np.arange(110.0), Xt=Xt)
    assert model.support_[100:].sum() >= 9


def test_domain_scores_are_those_of_equal_priors():
    X = np.random.default_rng(0).normal(size=(100, 2))
    scores = domain_scores(np.concatenate([X] * 5), X)
    np.testing.assert_allclose(scores, 0, atol=1e-6)


def test_classes_that_the_target_lacks_are_dropped():
    rng = np.random.default_rng(0)
    ys = np.arange(400) % 4
    Xs = 5 * np.eye(4)[ys] + rng.normal(size=(400, 4))
    Xt = 5 * np.eye(4)[ys[:100] // 2 * 2] + rng.normal(size=(100, 4))
    model = SourcePruning(by="label", random_state=0).fit(Xs, ys, Xt=Xt)
    assert set(ys[model.support_]) == {0, 2}
    with pytest.warns(UserWarning, match=r"drops the classes.*of the target rows"):
        SourcePruning(by="label").fit(Xs, ys, Xt=Xs)


def test_a_row_of_each_class_is_kept():
    Xs, place, Xt = two_places()
    model = SourcePruning(keep=0.3).fit(Xs, place, Xt=Xt)
    assert set(place[model.support_]) == {0, 1}
    assert model.support_.sum() == 61


def test_estimators_without_weights_are_fitted_on_fewer_rows():
    Xs, ys, Xt, _ = shifted_classes(200)
    model = SourcePruning(KNeighborsClassifier(), keep=0.25).fit(Xs, ys, Xt=Xt)
    assert model.estimator_.n_samples_fit_ == 50
    whole = SourcePruning(KNeighborsClassifier(), keep=1).fit(Xs, ys, Xt=Xt)
    assert whole.support_.all()


def test_label_mapping_needs_classes():
    Xs, _, Xt = two_places()
    with pytest.raises(ValueError, match=r"must be a classifier|Unknown label type"):
        SourcePruning(Ridge(), by="label").fit(Xs, Xs[:, 0], Xt=Xt)
    with pytest.raises(ValueError, match="'keep' parameter"):
        SourcePruning(keep=0).fit(Xs, Xs[:, 0], Xt=Xt)
