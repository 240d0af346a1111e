"""TILDA: anchors and votes, written out."""

import numpy as np
import pytest

from adapt.datasets import load_digits
from adapt.multi_domain import TILDA, NearestClassMean, PooledLDA
from tests.multi_domain.common import many_domains


def naive(X, y, T, blocks, k):
    anchors, counts, seen = {}, {}, {}
    for x, c in zip(X, y, strict=True):
        if c not in anchors:
            anchors[c], counts[c], seen[c] = np.zeros((k, len(x))), np.zeros(k), 0
        j = seen[c] % k
        seen[c] += 1
        counts[c][j] += 1
        anchors[c][j] += (x - anchors[c][j]) / counts[c][j]
    classes = sorted(anchors)
    found = []
    for t in T:
        ballots = []
        for b in blocks:
            nearest = [
                ((anchors[c][counts[c] > 0][:, b] - t[b]) ** 2).sum(axis=1).min()
                for c in classes
            ]
            ballots.append(int(np.argmin(nearest)))
        found.append(np.bincount(ballots, minlength=len(classes)))
    return np.array(found)


def test_written_out():
    X, y, _ = many_domains(per=20, p=6)
    model = TILDA(n_subspaces=3, n_anchors=4, random_state=0)
    for part in np.array_split(np.arange(len(y)), 5):
        model.partial_fit(X[part], y[part])
    ballots = naive(X, y, X, model.blocks_, 4)
    np.testing.assert_allclose(model.predict_proba(X), ballots / 3, atol=1e-5)
    clear = np.sort(ballots, axis=1)[:, -1] > np.sort(ballots, axis=1)[:, -2]
    np.testing.assert_array_equal(
        model.predict(X)[clear], ballots.argmax(axis=1)[clear]
    )


def test_order_of_classes_changes_nothing():
    X, y, _ = many_domains(per=20)
    models = [TILDA(random_state=0) for _ in range(2)]
    for model, order in zip(models, ([0, 1, 2], [2, 0, 1]), strict=True):
        for c in order:
            model.partial_fit(X[y == c], y[y == c])
    np.testing.assert_allclose(models[0].anchors_, models[1].anchors_)


def test_views_vote():
    X, y, _ = many_domains(per=20)
    plain = TILDA(random_state=0).fit(X, y)
    views = TILDA(views=lambda X: [X, X], random_state=0).fit(X, y)
    np.testing.assert_allclose(views.predict_proba(X), plain.predict_proba(X))


def test_between_class_means_and_discriminant_analysis():
    bunch = load_digits(target="optdigits")
    rows = bunch.sample_domain < 0
    X, y = bunch.X[rows] / 16, bunch.y[rows]
    train = np.arange(len(y)) % 3 > 0
    found = [
        model.fit(X[train], y[train]).score(X[~train], y[~train])
        for model in (
            NearestClassMean(),
            TILDA(n_subspaces=4, n_anchors=60, random_state=0),
            PooledLDA(features=300, random_state=0),
        )
    ]
    assert found[0] < found[1] < found[2]


def test_strings_then_numbers():
    with pytest.raises(ValueError, match="strings before"):
        TILDA().fit([[0.0], [1.0]], ["a", "b"]).partial_fit([[2.0]], [3])
