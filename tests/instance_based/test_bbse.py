import numpy as np
import pytest
from sklearn.svm import LinearSVC

from adapt.datasets import make_label_shift
from adapt.instance_based import BBSE
from adapt.instance_based._bbse import black_box_weights


def test_weights_solve_the_system():
    rng = np.random.default_rng(0)
    for k in (2, 3, 10):
        C = (np.eye(k) + 0.3 * rng.random((k, k))) / k
        C /= C.sum()
        w = rng.random(k)
        np.testing.assert_allclose(black_box_weights(C, C @ w), w)


def test_negative_weights_become_zero():
    C = np.array([[0.4, 0.1], [0.1, 0.4]])
    mu = np.array([0.05, 0.95])  # beyond what any frequencies of the classes give
    solution = np.linalg.solve(C, mu)
    assert solution[0] < 0
    np.testing.assert_allclose(black_box_weights(C, mu), [0, solution[1]])


def test_singular_matrices_give_finite_weights():
    C = np.array([[0.25, 0.25], [0.25, 0.25]])
    np.testing.assert_allclose(black_box_weights(C, np.array([0.5, 0.5])), [1, 1])


def test_exact_on_exact_frequencies():
    # A classifier with a known confusion matrix, and domains with exact counts: what it
    # sees is a letter, right in 80 % of the rows of class 0 and in 70 % of class 1.
    def domain(n0, n1):
        letters = [0] * (n0 * 8) + [1] * (n0 * 2) + [0] * (n1 * 3) + [1] * (n1 * 7)
        return np.array(letters, float)[:, None], np.repeat([0, 1], [10 * n0, 10 * n1])

    Xs, ys = domain(30, 30)
    Xt, _ = domain(6, 24)
    order = np.random.default_rng(0).permutation(len(ys))
    for soft in (False, True):
        model = BBSE(soft=soft).fit(Xs[order], ys[order], Xt=Xt)
        np.testing.assert_allclose(model.priors_, [0.2, 0.8], atol=0.005)


def test_labels_alone_serve_classifiers_without_probabilities():
    data = make_label_shift(
        3000, priors_s=(0.5, 0.5), priors_t=(0.1, 0.9), random_state=0
    )
    model = BBSE(LinearSVC(), soft=False).fit(data.Xs, data.ys, Xt=data.Xt)
    truth = np.bincount(data.yt) / 3000
    np.testing.assert_allclose(model.priors_, truth, atol=0.02)
    plain = LinearSVC().fit(data.Xs, data.ys).score(data.Xt, data.yt)
    assert model.score(data.Xt, data.yt) > plain + 0.05
    assert not hasattr(model, "predict_proba")
    with pytest.raises(TypeError, match="`predict_proba`, which LinearSVC has not"):
        BBSE(LinearSVC()).fit(data.Xs, data.ys, Xt=data.Xt)
