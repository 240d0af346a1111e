import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.tree import DecisionTreeClassifier

from adapt.parameter_based import (
    TransferForestSelector,
    TransferTreeClassifier,
    TransferTreeSelector,
)
from adapt.parameter_based._transfer_selector import held_out_score
from tests.common import shifted_classes
from tests.parameter_based import trees
from tests.parameter_based.common import assert_ways_agree, run_checks


def test_scores():
    rng = np.random.default_rng(0)
    p = rng.dirichlet([1, 1], size=40)
    codes = rng.integers(2, size=40)
    assert held_out_score(p, codes, "auc") == roc_auc_score(codes, p[:, 1])
    assert held_out_score(p, codes, "accuracy") == np.mean((p[:, 1] > 0.5) == codes)
    brier = held_out_score(p, codes, "brier")
    assert brier == pytest.approx(-2 * brier_score_loss(codes, p[:, 1]))
    assert held_out_score(p[:1], codes[:1], "auc") == 0.5


def test_best_tree_is_that_of_its_algorithm():
    Xs, ys, Xt, yt = shifted_classes(n=200)
    source = DecisionTreeClassifier(random_state=0).fit(Xs, ys)
    model = TransferTreeSelector(source, random_state=0).fit(Xt, yt)
    assert model.algorithms_ == ["source", "target", "relabel", "ser", "strut"]
    assert model.best_score_ == model.scores_.max()
    assert model.best_method_ == model.algorithms_[model.scores_.argmax()]
    for name in model.algorithms_:
        one = TransferTreeSelector(source, algorithms=[name]).fit(Xt, yt)
        assert one.best_method_ == name
        if name != "target":
            alone = TransferTreeClassifier(source, algo=name).fit(Xt, yt)
            trees.assert_same(
                trees.read(one.estimator_.tree_), trees.read(alone.estimator_.tree_)
            )
    assert (
        TransferTreeSelector(source, algorithms=["tgt"]).fit(Xt, yt).score(Xt, yt) == 1
    )


def test_held_out_scores_are_those_of_the_folds():
    Xs, ys, Xt, yt = shifted_classes(n=100)
    source = DecisionTreeClassifier(random_state=0).fit(Xs, ys)
    model = TransferTreeSelector(
        source, algorithms=["strut"], score_type="accuracy", cv=4, random_state=0
    ).fit(Xt, yt)
    order = np.random.RandomState(0).permutation(100)
    order = order[np.argsort(yt[order], kind="stable")]
    right = 0
    for fold in range(4):
        held = order[fold::4]
        rest = np.setdiff1d(order, held)
        tree = TransferTreeClassifier(source, algo="strut").fit(Xt[rest], yt[rest])
        right += np.sum(tree.predict(Xt[held]) == yt[held])
    assert model.best_score_ == right / 100


def test_options_of_algorithms():
    Xs, ys, Xt, yt = shifted_classes(n=200)
    yt[::4] = 1 - yt[::4]
    source = DecisionTreeClassifier(max_depth=3, random_state=0).fit(Xs, ys)
    params = {"algorithms": ["ser", "ser"], "list_alg_args": [{"max_depth": 3}, {}]}
    model = TransferTreeSelector(source, random_state=0, **params).fit(Xt, yt)
    assert model.best_index_ == 0
    assert model.estimator_.get_depth() <= 3
    with pytest.raises(TypeError, match="cl_no_reduction"):
        TransferTreeSelector(
            source, algorithms=["ser"], list_alg_args=[{"cl_no_reduction": 1}]
        ).fit(Xt, yt)


@pytest.mark.parametrize("bootstrap", [True, False])
def test_forest_takes_the_best_for_each_tree(bootstrap):
    Xs, ys, Xt, yt = shifted_classes(n=150, n_classes=3)
    names = np.array(["a", "b", "c"])
    source = RandomForestClassifier(8, random_state=0).fit(Xs, names[ys])
    model = TransferForestSelector(source, bootstrap=bootstrap, random_state=0)
    model.fit(Xt, names[yt])
    assert model.scores_.shape == (8, 5)
    np.testing.assert_array_equal(model.selected_, model.scores_.argmax(axis=1))
    moved = model.estimator_.estimators_
    if not bootstrap:
        for tree, given, best in zip(
            moved, source.estimators_, model.selected_, strict=True
        ):
            if model.algorithms_[best] != "target":
                alone = TransferTreeClassifier(given, algo=model.algorithms_[best])
                alone.fit(Xt, yt)
                trees.assert_same(
                    trees.read(tree.tree_), trees.read(alone.estimator_.tree_)
                )
    mean = np.mean([tree.predict_proba(Xt) for tree in moved], axis=0)
    np.testing.assert_allclose(model.predict_proba(Xt), mean)
    assert model.score(Xt, names[yt]) > 0.9


def test_ways_and_errors():
    Xs, ys, Xt, yt = shifted_classes()
    tree = DecisionTreeClassifier(random_state=0)
    source = DecisionTreeClassifier(random_state=0).fit(Xs, ys)
    assert_ways_agree(
        TransferTreeSelector(tree, random_state=0), source, Xs, ys, Xt, yt
    )
    for params, match in [
        ({"algorithms": ["sir"]}, "algorithms"),
        ({"list_alg_args": [{}]}, "one dict for each"),
        ({"score_type": "loss"}, "score_type"),
    ]:
        with pytest.raises(ValueError, match=match):
            TransferTreeSelector(source, **params).fit(Xt, yt)
    with pytest.raises(ValueError, match="at least 2 labelled"):
        TransferTreeSelector(source).fit(Xt[:1], yt[:1])
    more = np.arange(len(yt)) % 3
    with pytest.raises(ValueError, match="two classes"):
        TransferTreeSelector(source, score_type="auc").fit(Xt, more)


def test_scikit_learn_checks_of_weights():
    # Which rows are held out is drawn, and repeated rows draw otherwise than weights.
    cannot = ["check_sample_weight_equivalence_on_dense_data"]
    run_checks(TransferTreeSelector, cannot, "weight", random_state=0)
    forest = {"estimator": RandomForestClassifier(5), "random_state": 0}
    run_checks(TransferForestSelector, cannot, "weight", **forest)
