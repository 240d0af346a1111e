import pickle

import numpy as np
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)

from adapt.parameter_based import (
    TransferForestClassifier,
    TransferForestRegressor,
    TransferTreeClassifier,
    TransferTreeRegressor,
)
from adapt.parameter_based._transfer_forest import draw_repeats
from tests.common import shifted_classes, shifted_numbers
from tests.parameter_based import trees
from tests.parameter_based.common import assert_ways_agree, run_checks


@pytest.mark.parametrize("algo", ["relab", "relabel", "ser", "strut"])
@pytest.mark.parametrize("model", [RandomForestClassifier, ExtraTreesClassifier])
def test_forest_is_the_mean_of_its_moved_trees(algo, model):
    Xs, ys, Xt, yt = shifted_classes(n_classes=3)
    names = np.array(["a", "b", "c"])
    source = model(7, random_state=0, oob_score=False, n_jobs=2).fit(Xs, names[ys])
    before = pickle.dumps(source)
    forest = TransferForestClassifier(source, algo=algo, n_jobs=1).fit(Xt, names[yt])
    assert isinstance(forest.estimator_, model)
    assert pickle.dumps(source) == before
    moved = [
        TransferTreeClassifier(tree, algo=algo).fit(Xt, yt).estimator_
        for tree in source.estimators_
    ]
    for ours, alone in zip(forest.estimator_.estimators_, moved, strict=True):
        trees.assert_same(trees.read(ours.tree_), trees.read(alone.tree_))
    mean = np.mean([tree.predict_proba(Xt) for tree in moved], axis=0)
    np.testing.assert_allclose(forest.predict_proba(Xt), mean)
    np.testing.assert_array_equal(forest.predict(Xt), names[mean.argmax(axis=1)])


@pytest.mark.parametrize("algo", ["relab", "ser", "strut"])
@pytest.mark.parametrize("model", [RandomForestRegressor, ExtraTreesRegressor])
def test_forest_of_numbers_is_the_mean_of_its_moved_trees(algo, model):
    Xs, ys, Xt, yt = shifted_numbers()
    source = model(7, max_depth=5, random_state=0).fit(Xs, ys)
    forest = TransferForestRegressor(source, algo=algo, n_jobs=2).fit(Xt, yt)
    moved = [
        TransferTreeRegressor(tree, algo=algo).fit(Xt, yt)
        for tree in source.estimators_
    ]
    mean = np.mean([tree.predict(Xt) for tree in moved], axis=0)
    np.testing.assert_allclose(forest.predict(Xt), mean)


def test_bootstrap_draws_as_many_rows_of_each_class():
    codes = np.array([0, 1, 1, 2, 2, 2, 2])
    repeats = draw_repeats(np.random.RandomState(0), 50, codes)
    for code in range(3):
        assert (repeats[:, codes == code].sum(axis=1) == np.sum(codes == code)).all()
    assert len(np.unique(repeats, axis=0)) > 20

    Xs, ys, Xt, yt = shifted_classes()
    source = RandomForestClassifier(5, random_state=0).fit(Xs, ys)
    first, again = (
        TransferForestClassifier(source, algo="strut", bootstrap=True, random_state=3)
        .fit(Xt, yt)
        .predict_proba(Xs)
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, again)
    plain = TransferForestClassifier(source, algo="strut").fit(Xt, yt)
    assert not np.array_equal(first, plain.predict_proba(Xs))


@pytest.mark.parametrize("algo", ["relab", "ser", "strut"])
def test_other_classes_and_all_ways_in(algo):
    Xs, ys, Xt, yt = shifted_classes(n_classes=3)
    known = ys < 2
    source = RandomForestClassifier(5, random_state=0).fit(Xs[known], ys[known])
    model = TransferForestClassifier(source, algo=algo).fit(Xt, yt)
    assert model.classes_.tolist() == [0, 1, 2]
    assert model.predict_proba(Xt).shape == (len(Xt), 3)
    assert set(np.unique(model.predict(Xt))) <= {0, 1, 2}
    source = RandomForestClassifier(5, random_state=0)
    assert_ways_agree(
        TransferForestClassifier(source, algo=algo),
        RandomForestClassifier(5, random_state=0).fit(Xs, ys),
        *(Xs, ys, Xt, yt),
    )


def test_functions_and_errors():
    Xs, ys, Xt, yt = shifted_classes()
    source = RandomForestClassifier(5, random_state=0).fit(Xs, ys)
    model = TransferForestClassifier(source, algo=lambda f, X, y: f.fit(X, y))
    np.testing.assert_array_equal(
        model.fit(Xt, yt).predict(Xs),
        TransferForestClassifier(source, algo="target").fit(Xt, yt).predict(Xs),
    )
    with pytest.raises(ValueError, match="algo"):
        TransferForestClassifier(source, algo="sir").fit(Xt, yt)
    with pytest.raises(ValueError, match="RandomForestClassifier or"):
        TransferForestClassifier(GradientBoostingClassifier()).fit(Xs, ys, Xt, yt)


@pytest.mark.parametrize(
    ("cls", "model"),
    [
        (TransferForestClassifier, RandomForestClassifier),
        (TransferForestRegressor, RandomForestRegressor),
    ],
)
def test_scikit_learn_checks(cls, model):
    # The source forest draws bootstraps, and repeated rows draw otherwise than weights.
    cannot = ["check_sample_weight_equivalence_on_dense_data"]
    run_checks(cls, cannot, estimator=model(5), algo="strut", random_state=0)
