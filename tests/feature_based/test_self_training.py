import numpy as np
import pytest
from scipy import sparse
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from adapt.datasets import make_moons_da
from adapt.feature_based import SelfTraining
from adapt.feature_based._self_training import class_scores, confident_labels
from tests.common import shifted_classes


def scores(n=200, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    return softmax(rng.normal(size=(n, n_classes)) + np.array([1.5, 0, 0.5]), axis=1)


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_balanced_choice_equals_the_rule_of_the_paper(share):
    P = scores()
    thresholds = []
    for k in range(3):
        sure = sorted((p[k] for p in P if p.argmax() == k), reverse=True)
        thresholds.append(sure[int(np.ceil(share * len(sure))) - 1])
    labels, chosen = confident_labels(P, share)
    for p, label, is_chosen in zip(P, labels, chosen, strict=True):
        ratios = [p[k] / thresholds[k] for k in range(3)]
        assert label == np.argmax(ratios)
        assert is_chosen == (max(ratios) >= 1)


def test_choice_of_all_together_takes_the_surest():
    P = scores()
    labels, chosen = confident_labels(P, 0.25, balanced=False)
    np.testing.assert_array_equal(labels, P.argmax(axis=1))
    assert chosen.sum() == 50
    assert P[chosen].max(axis=1).min() > P[~chosen].max(axis=1).max()
    # The classes that are told less surely are hardly among them.
    assert np.mean(labels[chosen] == 0) > 0.7
    balanced, among = confident_labels(P, 0.25)
    assert np.sum(balanced[among] == 1) > np.sum(labels[chosen] == 1)


def test_a_class_that_is_never_predicted_is_not_chosen():
    P = np.array([[0.8, 0.1, 0.1], [0.3, 0.1, 0.6], [0.4, 0.35, 0.25]])
    labels, chosen = confident_labels(P, 1.0)
    np.testing.assert_array_equal(labels, [0, 2, 0])
    assert chosen.all()


def test_decision_functions_keep_the_order():
    Xs, ys, Xt, _ = shifted_classes()
    model = SVC().fit(Xs, ys)
    found = class_scores(model, Xt, "decision_function")
    np.testing.assert_allclose(found.sum(axis=1), 1)
    order = np.argsort(model.decision_function(Xt))
    assert np.all(np.diff(found[order, 1]) >= 0)
    np.testing.assert_array_equal(found.argmax(axis=1), model.predict(Xt))


def test_rounds_equal_a_written_out_loop():
    Xs, ys, Xt, _ = shifted_classes(n_classes=3, shift=2.0)
    names = np.array(["a", "b", "c"])
    model = LogisticRegression().fit(Xs, ys)
    for share in (0.3, 0.5, 0.7):
        labels, chosen = confident_labels(model.predict_proba(Xt), share)
        model = LogisticRegression().fit(
            np.concatenate([Xs, Xt[chosen]]), np.concatenate([ys, labels[chosen]])
        )
    found = SelfTraining(n_rounds=3, start=0.3, stop=0.7).fit(Xs, names[ys], Xt=Xt)
    np.testing.assert_array_equal(found.target_guess_, names[labels])
    np.testing.assert_array_equal(found.joined_, chosen)
    np.testing.assert_allclose(found.predict_proba(Xt), model.predict_proba(Xt))
    assert found.joined_.mean() < 0.8


def test_dasvm_ends_on_the_target_alone():
    Xs, ys, Xt, yt = make_moons_da(angle=30, random_state=1)
    machine = SVC().fit(Xs, ys)
    dasvm = SelfTraining(SVC(), scores="decision_function", release_source=True)
    dasvm.fit(Xs, ys, Xt=Xt)
    vectors = dasvm.estimator_.support_vectors_
    assert all((Xt == vector).all(axis=1).any() for vector in vectors)
    assert machine.score(Xt, yt) < 0.97 < 0.98 < dasvm.score(Xt, yt)


def test_source_rows_of_classes_without_target_rows_stay():
    rng = np.random.default_rng(0)
    ys, yt = np.arange(120) % 3, np.arange(80) % 2 * 2
    Xs, Xt = (10 * y[:, None] + rng.normal(size=(len(y), 2)) for y in (ys, yt))
    model = SelfTraining(KNeighborsClassifier(1), release_source=True)
    model.fit(Xs, ys, Xt=Xt)
    assert model.classes_.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(model.predict(Xs), ys)
    assert model.estimator_.n_samples_fit_ == 40 + model.joined_.sum()


def test_weights():
    Xs, ys, Xt, _ = shifted_classes(shift=2.0)
    weight = np.where(np.arange(120) < 60, 2.0, 0.0)
    weighted = SelfTraining().fit(Xs, ys, Xt=Xt, sample_weight=weight)
    # Target rows have the mean weight of the source rows, which is 1.
    labels, chosen = weighted.target_guess_, weighted.joined_
    expected = LogisticRegression().fit(
        np.concatenate([Xs, Xt[chosen]]),
        np.concatenate([ys, labels[chosen]]),
        sample_weight=np.concatenate([weight, np.ones(chosen.sum())]),
    )
    np.testing.assert_allclose(weighted.predict_proba(Xt), expected.predict_proba(Xt))


def test_sparse_rows():
    Xs, ys, Xt, _ = shifted_classes()
    dense = SelfTraining().fit(Xs, ys, Xt=Xt)
    thin = SelfTraining().fit(sparse.csr_array(Xs), ys, Xt=sparse.csr_array(Xt))
    np.testing.assert_array_equal(thin.target_guess_, dense.target_guess_)


def test_errors():
    Xs, ys, Xt, _ = shifted_classes()
    with pytest.raises(TypeError, match="`predict_proba`, which SVC has not"):
        SelfTraining(SVC()).fit(Xs, ys, Xt=Xt)
    with pytest.raises(TypeError, match="`decision_function`, which KNeighbors"):
        SelfTraining(KNeighborsClassifier(), scores="decision_function").fit(
            Xs, ys, Xt=Xt
        )
    with pytest.raises(ValueError, match="must be a classifier, got Ridge"):
        SelfTraining(Ridge()).fit(Xs, ys, Xt=Xt)
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        SelfTraining().fit(Xs, Xs[:, 0], Xt=Xt)
    with pytest.raises(
        ValueError, match=r"SelfTraining requires y to be passed.*guesses classes"
    ):
        SelfTraining().fit(Xs, Xt=Xt)
