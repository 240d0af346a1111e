import pickle

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, export_text

from adapt.parameter_based import TransferTreeClassifier, TransferTreeRegressor
from tests.common import shifted_classes
from tests.parameter_based import trees
from tests.parameter_based.common import assert_ways_agree, run_checks


def task(seed, n_classes, n_source=150, n_target=60):
    """Return domains with noise, ties, and a shift that leaves some leaves empty."""
    rng = np.random.default_rng(seed)
    Xs, Xt = rng.normal(size=(n_source, 4)), rng.normal(size=(n_target, 4)) * 0.7 + 0.4
    Xs[:, 3], Xt[:, 3] = rng.integers(4, size=n_source), rng.integers(3, size=n_target)
    w = rng.normal(size=4)
    cuts = np.quantile(Xs @ w, np.arange(1, n_classes) / n_classes)
    ys, yt = np.searchsorted(cuts, Xs @ w), np.searchsorted(cuts, Xt @ w + 0.3)
    flip = rng.random(n_target) < 0.15
    yt[flip] = rng.integers(n_classes, size=flip.sum())
    return Xs, ys, Xt, yt


def moved(tree, Xt, yt, **params):
    return trees.read(
        TransferTreeClassifier(tree, **params).fit(Xt, yt).estimator_.tree_
    )


@pytest.mark.parametrize("seed", range(50))
def test_trees_equal_the_recursions(seed):
    n_classes = 2 + seed % 3
    Xs, ys, Xt, yt = task(seed, n_classes)
    source = DecisionTreeClassifier(
        max_depth=[None, 4][seed % 2], random_state=seed
    ).fit(Xs, ys)
    nested, by = trees.read(source.tree_), trees.ByClass(n_classes)
    trees.assert_same(moved(source, Xt, yt), trees.relabel(nested, Xt, yt, by))
    trees.assert_same(
        moved(source, Xt, yt, algo="strut"), trees.strut(nested, Xt, yt, by)
    )
    trees.assert_same(
        moved(source, Xt, yt, algo="ser"), trees.ser(nested, Xt, yt, by)[0]
    )


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(
    ("use_divergence", "measure_default_IG"), [(False, True), (True, False)]
)
def test_variants_of_strut_equal_the_recursion(
    seed, use_divergence, measure_default_IG
):
    Xs, ys, Xt, yt = task(seed, 3)
    source = DecisionTreeClassifier(random_state=seed).fit(Xs, ys)
    params = {
        "use_divergence": use_divergence,
        "measure_default_IG": measure_default_IG,
    }
    expected = trees.strut(
        trees.read(source.tree_), Xt, yt, trees.ByClass(3), *params.values()
    )
    trees.assert_same(moved(source, Xt, yt, algo="strut", **params), expected)


def test_leaves_that_no_target_row_reaches_say_what_the_source_says():
    Xs, ys, Xt, yt = task(0, 3)
    source = DecisionTreeClassifier(max_depth=5, random_state=0).fit(Xs, ys)
    model = TransferTreeClassifier(source, algo="relabel").fit(Xt, yt)
    unseen = ~np.isin(source.apply(Xs), source.apply(Xt))
    assert 0 < unseen.sum() < len(Xs)
    np.testing.assert_array_equal(model.predict(Xs[unseen]), source.predict(Xs[unseen]))
    assert (model.predict(Xs[~unseen]) != source.predict(Xs[~unseen])).any()


@pytest.mark.parametrize("max_depth", [3, 6])
def test_expansion_stops_at_the_depth(max_depth):
    Xs, ys, Xt, yt = task(0, 2)
    source = DecisionTreeClassifier(max_depth=3, random_state=0).fit(Xs, ys)
    model = TransferTreeClassifier(source, algo="ser", max_depth=max_depth).fit(Xt, yt)
    expected, _ = trees.ser(
        trees.read(source.tree_), Xt, yt, trees.ByClass(2), max_depth=max_depth
    )
    trees.assert_same(trees.read(model.estimator_.tree_), expected)
    assert model.estimator_.get_depth() <= max_depth
    wide = TransferTreeClassifier(source, algo="ser", min_samples_leaf=5).fit(Xt, yt)
    grown = wide.estimator_.tree_
    assert grown.n_node_samples[grown.children_left < 0].min() >= 1


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_regression_trees_equal_the_recursions(seed, n_outputs):
    Xs, ys, Xt, yt = task(seed, 4)
    rng = np.random.default_rng(seed)
    w = rng.normal(size=(4, n_outputs))
    ys, yt = np.sin(Xs @ w), 5e3 * np.sin(Xt @ w + 0.5)
    yt[:10] = yt[0]
    source = DecisionTreeRegressor(max_depth=5, random_state=seed).fit(Xs, ys)
    nested = trees.read(source.tree_)
    # The scale of numbers does not matter, so that compares in units of the target.
    unit = np.sqrt(np.mean((yt - yt.mean(axis=0)) ** 2))

    def scaled(node, by):
        if node is not None:
            node.value = node.value * by
            scaled(node.left, by)
            scaled(node.right, by)
        return node

    for algo, recursion in (
        ("relabel", trees.relabel),
        ("strut", trees.strut),
        ("ser", lambda *args: trees.ser(*args)[0]),
    ):
        model = TransferTreeRegressor(source, algo=algo).fit(
            Xt, yt if n_outputs > 1 else yt[:, 0]
        )
        expected = recursion(scaled(nested, 1 / unit), Xt, yt / unit, trees.ByNumber())
        scaled(nested, unit)
        ours = scaled(trees.read(model.estimator_.tree_), 1 / unit)
        trees.assert_same(ours, expected)


def test_result_is_a_tree_of_scikit_learn():
    Xs, ys, Xt, yt = task(0, 3)
    names = np.array(["a", "b", "c"])
    source = DecisionTreeClassifier(random_state=0).fit(Xs, names[ys])
    before = pickle.dumps(source)
    for algo in ("relab", "ser", "strut"):
        model = TransferTreeClassifier(source, algo=algo).fit(Xt, names[yt])
        tree = pickle.loads(pickle.dumps(model)).estimator_
        assert isinstance(tree, DecisionTreeClassifier)
        p = tree.predict_proba(Xt)
        np.testing.assert_allclose(p.sum(axis=1), 1)
        np.testing.assert_array_equal(model.predict(Xt), names[p.argmax(axis=1)])
        depths = tree.decision_path(Xt).sum(axis=1)
        assert depths.max() <= tree.get_depth() + 1
        assert export_text(tree).count("class") == tree.get_n_leaves()
        assert tree.feature_importances_.sum() == pytest.approx(1)
        assert tree.tree_.n_node_samples[0] == len(Xt)
    assert pickle.dumps(source) == before


def test_names_of_algorithms():
    Xs, ys, Xt, yt = task(0, 2)
    source = DecisionTreeClassifier(random_state=0).fit(Xs, ys)

    def predicted(algo):
        model = TransferTreeClassifier(source, algo=algo, random_state=0)
        return model.fit(Xt, yt).predict(Xs)

    for one, other in [("", "relab"), ("", "relabel"), ("src", "source")]:
        np.testing.assert_array_equal(predicted(one), predicted(other))
    np.testing.assert_array_equal(predicted("src"), source.predict(Xs))
    alone = DecisionTreeClassifier(random_state=0).fit(Xt, yt)
    for algo in ("tgt", "trgt", "target", lambda model, X, y: model.fit(X, y)):
        np.testing.assert_array_equal(predicted(algo), alone.predict(Xs))
    assert source.tree_.n_node_samples[0] == len(Xs)
    with pytest.raises(ValueError, match="algo"):
        predicted("unknown")


@pytest.mark.parametrize("algo", ["relab", "ser", "strut"])
def test_classes_fewer_more_and_other(algo):
    Xs, ys, Xt, yt = shifted_classes(n=300, n_classes=4)

    def fitted(source_classes, target_classes):
        s, t = np.isin(ys, source_classes), np.isin(yt, target_classes)
        source = DecisionTreeClassifier(random_state=0).fit(Xs[s], ys[s])
        model = TransferTreeClassifier(source, algo=algo).fit(Xt[t], yt[t])
        assert model.estimator_.n_classes_ == len(model.classes_)
        assert model.predict_proba(Xt).shape == (len(Xt), len(model.classes_))
        if algo == "ser":
            assert model.score(Xt[t], yt[t]) == 1
        return model.classes_.tolist()

    assert fitted([0, 1, 2, 3], [0, 2]) == [0, 1, 2, 3]
    assert fitted([0, 1], [0, 1, 2, 3]) == [0, 1, 2, 3]
    assert fitted([0, 1], [2, 3]) == [0, 1, 2, 3]
    assert fitted([0, 1], [1]) == [0, 1]


@pytest.mark.parametrize("algo", ["relab", "ser", "strut"])
def test_weights_count_rows_and_ways_agree(algo):
    Xs, ys, Xt, yt = task(1, 3)
    source = DecisionTreeClassifier(random_state=0).fit(Xs, ys)
    repeats = np.random.default_rng(0).integers(3, size=len(yt))
    weighted = TransferTreeClassifier(source, algo=algo)
    weighted.fit(Xt, yt, sample_weight=repeats)
    repeated = TransferTreeClassifier(source, algo=algo)
    repeated.fit(np.repeat(Xt, repeats, axis=0), np.repeat(yt, repeats))
    trees.assert_same(
        trees.read(weighted.estimator_.tree_), trees.read(repeated.estimator_.tree_)
    )
    adapter = TransferTreeClassifier(DecisionTreeClassifier(random_state=0), algo=algo)
    assert_ways_agree(adapter, source, Xs, ys, Xt, yt)

    pipe = make_pipeline(StandardScaler(), DecisionTreeClassifier(random_state=0))
    model = TransferTreeClassifier(pipe.fit(Xs, ys), algo=algo).fit(Xt, yt)
    scaled = TransferTreeClassifier(pipe[-1], algo=algo)
    scaled.fit(pipe[0].transform(Xt), yt)
    np.testing.assert_array_equal(
        model.predict(Xt), scaled.predict(pipe[0].transform(Xt))
    )


def imbalanced():
    """Return a source tree with a class that the target hardly shows."""
    rng = np.random.default_rng(0)
    Xs = rng.uniform(size=(400, 2))
    ys = ((Xs[:, 0] > 0.5).astype(int) + (Xs > 0.8).all(axis=1)).astype(int)
    Xt = rng.uniform(size=(40, 2)) * 0.78
    yt = (Xt[:, 0] > 0.4).astype(int)
    return DecisionTreeClassifier(random_state=0).fit(Xs, ys), Xt, yt


@pytest.mark.parametrize(
    ("algo", "params"),
    [("ser", {"cl_no_red": 2}), ("strut", {"cl_no_prune": [2]})],
)
def test_rare_class_is_kept_when_asked_for(algo, params):
    source, Xt, yt = imbalanced()
    rare = [[0.95, 0.95]]
    assert source.predict(rare) == 2
    assert TransferTreeClassifier(source, algo=algo).fit(Xt, yt).predict(rare) != 2
    model = TransferTreeClassifier(source, algo=algo, **params).fit(Xt, yt)
    assert model.predict(rare) == 2
    assert model.score(Xt, yt) > 0.95
    # The target has no row of the class: none is what a sample of none would show.
    model.set_params(leaf_loss_threshold=0.99, coeffs=[1, 1, 1])
    assert model.fit(Xt, yt).predict(rare) == 2
    # A hundred rows of it elsewhere make it unlikely that all would miss that corner.
    X = np.vstack([Xt, np.random.default_rng(1).uniform(size=(100, 2)) * [0.1, 1]])
    y = np.append(yt, np.full(100, 2))
    model.fit(X, y)
    assert model.predict(rare) != 2


def test_leaves_are_not_expanded_when_asked_for():
    source, Xt, yt = imbalanced()
    Xt = np.vstack([Xt, [[0.9, 0.9], [0.92, 0.85]]])
    yt = np.append(yt, [0, 0])
    plain = TransferTreeClassifier(source, algo="ser").fit(Xt, yt)
    assert plain.predict([[0.9, 0.9]]) == 0
    params = {"cl_no_ext": 2, "cl_no_red": 2}
    frozen = TransferTreeClassifier(source, algo="ser", **params).fit(Xt, yt)
    assert frozen.predict([[0.9, 0.9]]) in (0, 2)
    yt[-1] = 2
    frozen.set_params(ext_cond=True).fit(Xt, yt)
    assert frozen.predict(Xt[-2:]).tolist() == [0, 2]


def test_proportions_of_classes():
    Xs, ys, Xt, yt = task(3, 2)
    source = DecisionTreeClassifier(max_depth=4, random_state=0).fit(Xs, ys)
    share = np.bincount(yt) / len(yt) / source.tree_.value[0, 0]
    by_data = TransferTreeClassifier(source, algo="strut", adapt_prop=True).fit(Xt, yt)
    given = TransferTreeClassifier(
        source, algo="strut", adapt_prop=True, coeffs=share
    ).fit(Xt, yt)
    node = trees.read(source.tree_)

    def reweigh(node):
        if node is not None:
            node.value = node.value * share / (node.value * share).sum()
            reweigh(node.left)
            reweigh(node.right)

    reweigh(node)
    expected = trees.strut(node, Xt, yt, trees.ByClass(2))
    for model in (by_data, given):
        trees.assert_same(trees.read(model.estimator_.tree_), expected)


def test_errors():
    Xs, ys, Xt, yt = task(0, 2)
    source = DecisionTreeClassifier().fit(Xs, ys)
    with pytest.raises(ValueError, match="must be a DecisionTreeClassifier"):
        TransferTreeClassifier(DecisionTreeRegressor().fit(Xs, ys)).fit(Xt, yt)
    with pytest.raises(ValueError, match=r"cl_no_red.*classes of the source"):
        TransferTreeClassifier(source, algo="ser", cl_no_red=7).fit(Xt, yt)
    with pytest.raises(ValueError, match="coeffs"):
        TransferTreeClassifier(source, algo="strut", adapt_prop=True, coeffs=[1.0]).fit(
            Xt, yt
        )
    with pytest.raises(ValueError, match="as strings or both as numbers"):
        TransferTreeClassifier(source).fit(Xt, np.array(["a", "b"])[yt])
    regressor = DecisionTreeRegressor().fit(Xs, ys)
    with pytest.raises(ValueError, match="1 outputs"):
        TransferTreeRegressor(regressor).fit(Xt, np.column_stack([yt, yt]))


@pytest.mark.parametrize("cls", [TransferTreeClassifier, TransferTreeRegressor])
@pytest.mark.parametrize("algo", ["", "ser", "strut"])
def test_scikit_learn_checks(cls, algo):
    run_checks(cls, algo=algo, random_state=0)
