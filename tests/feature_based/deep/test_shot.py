"""SHOT: source hypothesis transfer."""

import numpy as np
import pytest

from adapt.feature_based import SHOT, DeepSource
from adapt.feature_based._deep._shot import pseudo_labels
from tests.deep import reference
from tests.deep.reference import SMALL


def _nearest_centres(z, p):
    """Return the classes of the nearest centres, found twice, row by row."""
    z = np.column_stack([z, np.ones(len(z))])
    weights = p
    for _ in range(2):
        labels = []
        centres = [sum(w * row for w, row in zip(k, z, strict=True)) for k in weights.T]
        for row in z:
            angles = [
                row @ c / np.linalg.norm(row) / np.linalg.norm(c) for c in centres
            ]
            labels.append(int(np.argmax(angles)))
        weights = np.eye(p.shape[1])[labels]
    return np.array(labels)


def test_losses_are_those_of_the_paper():
    model, p = reference.fitted(SHOT, adapt_epochs=2, n_rounds=2)
    mean = p.pt.mean(axis=0)
    information = -np.sum(mean * np.log(mean)) - reference.entropy(p.pt).mean()
    wrong = reference.cross_entropy(_nearest_centres(p.zt, p.pt), p.lt).mean()
    expected = {"information_loss": -information, "pseudo_loss": 0.3 * wrong}
    reference.check(model, expected)
    smoothed = 0.9 * p.task + 0.1 * np.mean(-np.log(p.ps))
    assert model.source_.history_["task_loss"][1] == pytest.approx(smoothed, rel=1e-4)
    assert reference.published(SHOT).n_rounds == reference.published(SHOT).adapt_epochs


@pytest.fixture(scope="module")
def tables():
    return reference.small_tables()


@pytest.mark.one_backend
def test_shot_needs_no_source_rows(tables):
    Xs, ys, Xt = tables
    names = np.array(["no", "yes"])[ys]
    source = DeepSource(**SMALL).fit(Xs, names, Xt=Xt)
    before = reference.weights(source.encoder_), reference.weights(source.task_)
    model = SHOT(source, adapt_epochs=4, n_rounds=2, random_state=0).fit(Xt)
    assert model.n_epochs_ == 4
    assert set(model.predict(Xt)) <= {"no", "yes"}
    assert not any(reference.moved(before[0], source.encoder_))
    assert not any(reference.moved(before[1], model.task_))
    assert any(reference.moved(before[0], model.encoder_))
    with pytest.raises(ValueError, match="`model` and source rows were given"):
        SHOT(source).fit(Xs, names, Xt=Xt)
    with pytest.raises(ValueError, match="give a fitted deep adapter as `model`"):
        SHOT().fit(Xt)


def test_pseudo_labels_are_those_of_the_nearest_centre():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    z = 5 * np.eye(4)[y] + 0.1 * rng.normal(size=(60, 4))
    p = 0.8 * np.eye(4)[np.where(rng.random(60) < 0.3, (y + 1) % 3, y)] + 0.05
    np.testing.assert_array_equal(pseudo_labels(z, p), y)  # the fourth class is absent
